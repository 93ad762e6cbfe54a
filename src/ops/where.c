// Where: elements of X where the condition holds, else of Y; all three broadcast.
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status where_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    TRY(check_dtype(context, call, 0, DT_BOOL));
    for (int i = 1; i <= 2; i++)
        TRY(check_whole_bytes(context, call, i));
    TRY(check_dtype(context, call, 2, call->input[1]->dtype));
    TRY(broadcast_shape(context, call, 0, &shape));
    return set_output(context, call, 0, call->input[1]->dtype, &shape);
}

#define CHOOSE(type)                                                                               \
    do {                                                                                           \
        const type *a = (const type *)tensor_data(call->input[1]) + walk.offset[1];                \
        const type *b = (const type *)tensor_data(call->input[2]) + walk.offset[2];                \
        type *out = (type *)tensor_write(y) + at;                                                  \
        for (int64_t i = 0; i < walk.length; i++)                                                  \
            out[i] = is[i * walk.step[0]] ? a[i * walk.step[1]] : b[i * walk.step[2]];             \
    } while (0)

static enum status where_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    struct broadcast walk;

    (void)context;
    broadcast_start(&walk, &y->shape, call->input, 3);
    for (int64_t at = 0; broadcast_next(&walk); at += walk.length) {
        const uint8_t *is = (const uint8_t *)tensor_data(call->input[0]) + walk.offset[0];
        switch (dtype_info[y->dtype].bits) {
        case 8:
            CHOOSE(uint8_t);
            break;
        case 16:
            CHOOSE(uint16_t);
            break;
        case 32:
            CHOOSE(uint32_t);
            break;
        default:
            CHOOSE(uint64_t);
            break;
        }
    }
    return OK;
}

#define PASS_BACK(type)                                                                            \
    do {                                                                                           \
        const type *from = (const type *)tensor_data(grad) + at;                                   \
        type *out = (type *)tensor_write(into) + walk.offset[slot];                                \
        for (int64_t i = 0; i < walk.length; i++)                                                  \
            if ((is[i * walk.step[0]] != 0) == (slot == 1))                                        \
                out[i * walk.step[slot]] += from[i];                                               \
    } while (0)

static enum status where_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct op_call chosen = *call;
    struct broadcast walk;

    chosen.input++; // those behind the condition
    chosen.input_count--;
    if (grad)
        TRY(check_trainable(context, &chosen));
    for (int slot = 1; grad && slot <= 2; slot++) {
        struct tensor *into = input_grad_at(call, slot);
        if (!into)
            continue;
        broadcast_start(&walk, &grad->shape, call->input, 3);
        for (int64_t at = 0; broadcast_next(&walk); at += walk.length) {
            const uint8_t *is = (const uint8_t *)tensor_data(call->input[0]) + walk.offset[0];
            FOR_FLOAT_TYPES(grad->dtype, PASS_BACK)
        }
    }
    return OK;
}

const struct op op_where = {
    .name = "Where",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .since_opset = 9,
    .traits = OP_ELEMENTWISE,
    .infer = where_infer,
    .forward = where_forward,
    .backward = where_backward,
    .cost = cost_in_place,
    .map_axes = axes_tie,
};
