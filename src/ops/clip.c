// Clip: min(max(x, low), high); a bound that is left out does not bind. NaN stays NaN.
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status clip_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    for (int i = 1; i <= 2; i++)
        if (input_at(call, i) && shape_count(&call->input[i]->shape) != 1)
            return context_fail(context, ERR_SHAPE, "input %d (a bound) has %lld elements, wants 1",
                                i, (long long)shape_count(&call->input[i]->shape));
    return infer_same_shape(context, call);
}

#define CLIP(type)                                                                                 \
    do {                                                                                           \
        const type *in = tensor_data(x);                                                           \
        type *out = tensor_write(y);                                                               \
        type least = low ? *(const type *)tensor_data(low) : 0;                                    \
        type most = high ? *(const type *)tensor_data(high) : 0;                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type value = in[i];                                                                    \
            value = low && value < least ? least : value;                                          \
            out[i] = high && value > most ? most : value;                                          \
        }                                                                                          \
    } while (0)

static enum status clip_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0], *low = input_at(call, 1), *high = input_at(call, 2);
    struct tensor *y = call->output[0];
    int64_t n = tensor_count(x);

    if (dtype_is_half(x->dtype))
        return forward_in_f32(context, call, clip_forward);
    FOR_TYPES(x->dtype, CLIP)
    return OK;
}

// The gradient passes where x is within the bounds, at the bounds too (as PyTorch does); what they
// stop goes to the bound that stopped it.
#define CLIP_BACK(type)                                                                            \
    do {                                                                                           \
        const type *in = tensor_data(call->input[0]), *grad = tensor_data(from);                   \
        type *to[3] = {NULL, NULL, NULL};                                                          \
        type least = low ? *(const type *)tensor_data(low) : 0;                                    \
        type most = high ? *(const type *)tensor_data(high) : 0;                                   \
        for (int slot = 0; slot < 3; slot++)                                                       \
            if (input_grad_at(call, slot))                                                         \
                to[slot] = tensor_write(input_grad_at(call, slot));                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            bool is_low = low && in[i] < least;                                                    \
            bool is_high = high && (is_low ? least : in[i]) > most;                                \
            int slot = is_high ? 2 : is_low ? 1 : 0;                                               \
            if (to[slot])                                                                          \
                to[slot][slot == 0 ? i : 0] += grad[i];                                            \
        }                                                                                          \
    } while (0)

static enum status clip_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *low = input_at(call, 1), *high = input_at(call, 2);
    const struct tensor *from = output_grad_at(call, 0);
    int64_t n = tensor_count(call->input[0]);

    if (!from)
        return OK;
    TRY(check_trainable(context, call));
    FOR_FLOAT_TYPES(from->dtype, CLIP_BACK)
    return OK;
}

const struct op op_clip = {
    .name = "Clip",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .traits = OP_ELEMENTWISE,
    .infer = clip_infer,
    .forward = clip_forward,
    .backward = clip_backward,
    .cost = cost_in_place,
    .map_axes = axes_keep,
};
