// Min, Max, Sum and Mean over any number of inputs with broadcasting.
#include <string.h>

#include "ops/binary.h"
#include "ops/walk.h"

// y starts as the first input, stretched, and takes in the others one by one.
static enum status fold(const struct op_call *call, const struct binary_kernels *kernels)
{
    struct tensor *y = call->output[0];
    struct walk walk = walk_broadcast(&call->input[0]->shape, &y->shape);

    walk_copy(&walk, y->dtype, tensor_data(call->input[0]), tensor_write(y));
    for (int i = 1; i < call->input_count; i++)
        binary_run(kernels, y, call->input[i], y);
    return OK;
}

#define VARIADIC_FORWARD(row, kernels)                                                             \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        return fold(call, kernels);                                                                \
    }
VARIADIC_FORWARD(max, &max_kernels)
VARIADIC_FORWARD(min, &min_kernels)
VARIADIC_FORWARD(sum, &add_kernels)

#define DIVIDE(type)                                                                               \
    do {                                                                                           \
        type *to = at;                                                                             \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i] /= (type)count;                                                                  \
    } while (0)

static void divide(enum dtype dtype, void *at, int64_t n, int count)
{
    FOR_FLOAT_TYPES(dtype, DIVIDE)
}

static enum status mean_infer(struct context *context, const struct op_call *call)
{
    TRY(check_float(context, call, 0));
    return infer_numbers(context, call);
}

static enum status mean_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];

    if (dtype_is_half(y->dtype))
        return forward_in_f32(context, call, mean_forward);
    TRY(fold(call, &add_kernels));
    divide(y->dtype, tensor_write(y), tensor_count(y), call->input_count);
    return OK;
}

static size_t chosen_bytes(const struct op_call *call)
{
    return (size_t)tensor_count(call->output[0]);
}

#define GIVE_TO_CHOSEN(type)                                                                       \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[k]) + walk.offset[0];                \
        const type *result = (const type *)tensor_data(y) + at;                                    \
        const type *from = (const type *)tensor_data(grad) + at;                                   \
        type *out = into ? (type *)tensor_write(into) + walk.offset[0] : NULL;                     \
        for (int64_t i = 0; i < walk.length; i++) {                                                \
            if (is_taken[at + i] || x[i * walk.step[0]] != result[i])                              \
                continue;                                                                          \
            is_taken[at + i] = 1;                                                                  \
            if (out)                                                                               \
                out[i * walk.step[0]] += from[i];                                                  \
        }                                                                                          \
    } while (0)

// Each gradient goes to the first input that holds the extreme value.
static enum status chosen_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0), *y = call->output[0];
    uint8_t *is_taken = call->scratch;
    struct broadcast walk;

    if (!grad)
        return OK;
    TRY(check_trainable(context, call));
    memset(is_taken, 0, chosen_bytes(call));
    for (int k = 0; k < call->input_count; k++) {
        struct tensor *into = input_grad_at(call, k);
        broadcast_start(&walk, &y->shape, &call->input[k], 1);
        for (int64_t at = 0; broadcast_next(&walk); at += walk.length)
            FOR_FLOAT_TYPES(y->dtype, GIVE_TO_CHOSEN)
    }
    return OK;
}

// Adds `grad`, of the shape and type of output 0, into every input.
static void share(const struct op_call *call, const void *grad)
{
    const struct tensor *y = call->output[0];

    for (int k = 0; k < call->input_count; k++) {
        struct tensor *into = input_grad_at(call, k);
        if (!into)
            continue;
        struct walk walk = walk_broadcast(&into->shape, &y->shape);
        walk = walk_reversed(&walk);
        walk_add(&walk, y->dtype, grad, tensor_write(into));
    }
}

static enum status sum_backward(struct context *context, const struct op_call *call)
{
    if (!output_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    share(call, tensor_data(call->output_grad[0]));
    return OK;
}

static size_t mean_bytes(const struct op_call *call)
{
    return scratch_product(compute_bytes(call->output[0]->dtype),
                           (size_t)tensor_count(call->output[0]));
}

static enum status mean_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);

    if (!grad)
        return OK;
    TRY(check_trainable(context, call));
    if (tensor_count(grad) > 0)
        memcpy(call->scratch, tensor_data(grad), tensor_bytes(grad));
    divide(grad->dtype, call->scratch, tensor_count(grad), call->input_count);
    share(call, call->scratch);
    return OK;
}

#define DESCRIPTOR(row, onnx_name, infer_call, backward_call, scratch)                             \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = -1,                                                                          \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .backward = backward_call,                                                                 \
        .scratch_bytes = scratch,                                                                  \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_tie,                                                                      \
    };
DESCRIPTOR(max, "Max", infer_numbers, chosen_backward, chosen_bytes)
DESCRIPTOR(mean, "Mean", mean_infer, mean_backward, mean_bytes)
DESCRIPTOR(min, "Min", infer_numbers, chosen_backward, chosen_bytes)
DESCRIPTOR(sum, "Sum", infer_numbers, sum_backward, NULL)
