// ReduceMean and ReduceSum over any axes, named by input 1 or, in older files, by an attribute.
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

// Bit k of *mask: axis k is reduced.
static enum status reduced_axes(struct context *context, const struct op_call *call, unsigned *mask)
{
    const struct reduce_attr *attr = call->attr;
    int32_t rank = call->input[0]->shape.rank;
    struct int_list axes;

    if (input_at(call, 1))
        TRY(ints_from_tensor(context, call->input[1], &axes));
    else
        TRY(ints_from_attr(context, &attr->axes, &axes));
    TRY(axes_from_ints(context, &axes, rank, mask));
    if (axes.count == 0 && !attr->noop_with_empty_axes)
        *mask = (1u << rank) - 1;
    return OK;
}

static struct shape reduced_shape(const struct shape *x, unsigned mask, bool keep)
{
    struct shape y = {0};

    for (int k = 0; k < x->rank; k++)
        if (!(mask & 1u << k))
            y.dim[y.rank++] = x->dim[k];
        else if (keep)
            y.dim[y.rank++] = 1;
    return y;
}

static enum status reduce_infer(struct context *context, const struct op_call *call)
{
    const struct reduce_attr *attr = call->attr;
    const struct tensor *x = call->input[0];
    unsigned mask = 0;

    if (input_at(call, 1) && !input_has_data(call, 1)) {
        set_output_unknown(call, 0, x->dtype);
        return OK;
    }
    TRY(reduced_axes(context, call, &mask));
    struct shape y = reduced_shape(&x->shape, mask, attr->keepdims != 0);
    return set_output(context, call, 0, x->dtype, &y);
}

static enum status reduce_sum_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    if (!dtype_info[call->input[0]->dtype].is_float)
        TRY(check_integer(context, call, 0));
    return reduce_infer(context, call);
}

static enum status reduce_mean_infer(struct context *context, const struct op_call *call)
{
    TRY(check_float(context, call, 0));
    return reduce_infer(context, call);
}

// y seen in the rank of x, stretched along the reduced axes.
static enum status start_walk(struct context *context, const struct op_call *call,
                              struct broadcast *walk, double *count)
{
    const struct shape *x = &call->input[0]->shape;
    unsigned mask = 0;

    TRY(reduced_axes(context, call, &mask));
    struct tensor y = {call->input[0]->dtype, reduced_shape(x, mask, true), NULL, 0};
    const struct tensor *stretched[1] = {&y};
    broadcast_start(walk, x, stretched, 1);
    *count = 1;
    for (int k = 0; k < x->rank; k++)
        *count *= mask & 1u << k ? (double)x->dim[k] : 1;
    return OK;
}

#define SUM(type)                                                                                  \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]);                                               \
        type *y = tensor_write(call->output[0]);                                                   \
        memset(y, 0, tensor_bytes(call->output[0]));                                               \
        for (; broadcast_next(&walk); x += walk.length) {                                          \
            type *to = y + walk.offset[0];                                                         \
            if (walk.step[0])                                                                      \
                for (int64_t i = 0; i < walk.length; i++)                                          \
                    to[i] = (type)(to[i] + x[i]);                                                  \
            else                                                                                   \
                for (int64_t i = 0; i < walk.length; i++)                                          \
                    to[0] = (type)(to[0] + x[i]);                                                  \
        }                                                                                          \
    } while (0)

#define DIVIDE(type)                                                                               \
    do {                                                                                           \
        type *y = tensor_write(call->output[0]);                                                   \
        for (int64_t i = 0; i < tensor_count(call->output[0]); i++)                                \
            y[i] /= (type)count;                                                                   \
    } while (0)

#define SPREAD(type)                                                                               \
    do {                                                                                           \
        const type *dy = tensor_data(call->output_grad[0]);                                        \
        type *dx = tensor_write(call->input_grad[0]);                                              \
        for (; broadcast_next(&walk); dx += walk.length)                                           \
            for (int64_t i = 0; i < walk.length; i++)                                              \
                dx[i] += dy[walk.offset[0] + i * walk.step[0]] / (type)count;                      \
    } while (0)

static enum status reduce_sum_forward(struct context *context, const struct op_call *call)
{
    struct broadcast walk;
    double count;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, reduce_sum_forward);
    TRY(start_walk(context, call, &walk, &count));
    FOR_TYPES(call->input[0]->dtype, SUM)
    return OK;
}

static enum status reduce_mean_forward(struct context *context, const struct op_call *call)
{
    struct broadcast walk;
    double count;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, reduce_mean_forward);
    TRY(start_walk(context, call, &walk, &count));
    FOR_FLOAT_TYPES(call->input[0]->dtype, SUM)
    FOR_FLOAT_TYPES(call->input[0]->dtype, DIVIDE)
    return OK;
}

static enum status spread_gradient(struct context *context, const struct op_call *call,
                                   bool is_mean)
{
    struct broadcast walk;
    double count;

    TRY(check_trainable(context, call));
    TRY(start_walk(context, call, &walk, &count));
    if (!input_grad_at(call, 0) || !output_grad_at(call, 0))
        return OK;
    count = is_mean ? count : 1;
    FOR_FLOAT_TYPES(call->input[0]->dtype, SPREAD)
    return OK;
}

static enum status reduce_sum_backward(struct context *context, const struct op_call *call)
{
    return spread_gradient(context, call, false);
}

static enum status reduce_mean_backward(struct context *context, const struct op_call *call)
{
    return spread_gradient(context, call, true);
}

static enum status reduce_map_axes(struct context *context, const struct op_call *call,
                                   struct axis_map *map)
{
    const struct reduce_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    unsigned mask = 0;
    int at = 0;

    if (input_at(call, 1) && !input_has_data(call, 1))
        return OK;
    TRY(reduced_axes(context, call, &mask));
    for (int k = 0; k < x->rank; k++) {
        bool is_kept = !(mask & 1u << k);
        if (is_kept)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, 0, at}, x->dim[k], 0, 1);
        at += is_kept || attr->keepdims;
    }
    return OK;
}

static const struct field reduce_fields[] = {
    FIELD(struct reduce_attr, axes, NULL, 0, 0, "axes to reduce; none: all"),
    FIELD(struct reduce_attr, keepdims, "1", 0, 1, "reduced axes stay with size 1"),
    FIELD(struct reduce_attr, noop_with_empty_axes, "0", 0, 1, "no axes: nothing is reduced"),
    FIELDS_END,
};

#define REDUCE(variable, onnx_name, function)                                                      \
    const struct op variable = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 2,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = reduce_fields,                                                                     \
        .attr_bytes = sizeof(struct reduce_attr),                                                  \
        .since_opset = 7,                                                                          \
        .until_opset = 20,                                                                         \
        .infer = function##_infer,                                                                 \
        .forward = function##_forward,                                                             \
        .backward = function##_backward,                                                           \
        .cost = cost_moves,                                                                        \
        .map_axes = reduce_map_axes,                                                               \
    }

REDUCE(op_reduce_mean, "ReduceMean", reduce_mean);
REDUCE(op_reduce_sum, "ReduceSum", reduce_sum);
