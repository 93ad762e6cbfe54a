// GlobalAveragePool and GlobalMaxPool: one number for each channel.
// x: (N, C, ...), y: (N, C, 1, ...)
#include "ops/op_table.h"
#include "ops/pool.h"

static enum status global_pool_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];

    TRY(check_float(context, call, 0));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    if (shape_product(&x->shape, 2, x->shape.rank) == 0)
        return context_fail(context, ERR_SHAPE, "input has channels without items");
    struct shape y = x->shape;
    for (int k = 2; k < y.rank; k++)
        y.dim[k] = 1;
    return set_output(context, call, 0, x->dtype, &y);
}

struct channels {
    int64_t count, plane;
};

static struct channels channels_of(const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;

    return (struct channels){shape_product(x, 0, 2), shape_product(x, 2, x->rank)};
}

#define AVERAGE(type)                                                                              \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]);                                               \
        type *y = tensor_write(call->output[0]);                                                   \
        for (int64_t i = 0; i < c.count; i++, x += c.plane) {                                      \
            type sum = 0;                                                                          \
            for (int64_t k = 0; k < c.plane; k++)                                                  \
                sum += x[k];                                                                       \
            y[i] = sum / (type)c.plane;                                                            \
        }                                                                                          \
    } while (0)

#define AVERAGE_GRADIENT(type)                                                                     \
    do {                                                                                           \
        const type *dy = tensor_data(call->output_grad[0]);                                        \
        type *dx = tensor_write(call->input_grad[0]);                                              \
        for (int64_t i = 0; i < c.count * c.plane; i++)                                            \
            dx[i] += dy[i / c.plane] / (type)c.plane;                                              \
    } while (0)

// Index of the largest of c.plane items from x on, the first of equals.
#define FIND_LARGEST(x)                                                                            \
    int64_t best = 0;                                                                              \
    for (int64_t k = 1; k < c.plane; k++)                                                          \
    best = (x)[k] > (x)[best] ? k : best

#define LARGEST(type)                                                                              \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]);                                               \
        type *y = tensor_write(call->output[0]);                                                   \
        for (int64_t i = 0; i < c.count; i++, x += c.plane) {                                      \
            FIND_LARGEST(x);                                                                       \
            y[i] = x[best];                                                                        \
        }                                                                                          \
    } while (0)

#define LARGEST_GRADIENT(type)                                                                     \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]), *dy = tensor_data(call->output_grad[0]);      \
        type *dx = tensor_write(call->input_grad[0]);                                              \
        for (int64_t i = 0; i < c.count; i++, x += c.plane, dx += c.plane) {                       \
            FIND_LARGEST(x);                                                                       \
            dx[best] += dy[i];                                                                     \
        }                                                                                          \
    } while (0)

static enum status global_average_pool_forward(struct context *context, const struct op_call *call)
{
    struct channels c = channels_of(call);

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, global_average_pool_forward);
    FOR_FLOAT_TYPES(call->input[0]->dtype, AVERAGE)
    return OK;
}

static enum status global_max_pool_forward(struct context *context, const struct op_call *call)
{
    struct channels c = channels_of(call);

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, global_max_pool_forward);
    FOR_FLOAT_TYPES(call->input[0]->dtype, LARGEST)
    return OK;
}

static enum status global_average_pool_backward(struct context *context, const struct op_call *call)
{
    struct channels c = channels_of(call);

    TRY(check_trainable(context, call));
    if (input_grad_at(call, 0) && output_grad_at(call, 0))
        FOR_FLOAT_TYPES(call->input[0]->dtype, AVERAGE_GRADIENT)
    return OK;
}

static enum status global_max_pool_backward(struct context *context, const struct op_call *call)
{
    struct channels c = channels_of(call);

    TRY(check_trainable(context, call));
    if (input_grad_at(call, 0) && output_grad_at(call, 0))
        FOR_FLOAT_TYPES(call->input[0]->dtype, LARGEST_GRADIENT)
    return OK;
}

#define GLOBAL_POOL(variable, onnx_name, function)                                                 \
    const struct op variable = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .infer = global_pool_infer,                                                                \
        .forward = function##_forward,                                                             \
        .backward = function##_backward,                                                           \
        .cost = cost_moves,                                                                        \
        .map_axes = axes_batch_and_channels,                                                       \
    }

GLOBAL_POOL(op_global_average_pool, "GlobalAveragePool", global_average_pool);
GLOBAL_POOL(op_global_max_pool, "GlobalMaxPool", global_max_pool);
