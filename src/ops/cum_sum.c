// CumSum: sums of the first items of each lane along an axis, which input 1 names.
#include "ops/attr.h"
#include "ops/lanes.h"
#include "ops/op_table.h"

static enum status cum_sum_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    TRY(check_integer(context, call, 1));
    if (call->input[0]->dtype == DT_BOOL)
        return context_fail(context, ERR_SHAPE, "input 0 wants numbers, got bool");
    if (shape_count(&call->input[1]->shape) != 1)
        return context_fail(context, ERR_SHAPE, "input 1 wants one axis");
    return infer_same_shape(context, call);
}

static enum status cum_sum_lanes(struct context *context, const struct op_call *call,
                                 struct lanes *lanes)
{
    return lanes_along(context, &call->input[0]->shape, tensor_get_int(call->input[1], 0), lanes);
}

// Integers are added without a sign, where sums wrap. The gradient adds to what is there.
#define ACCUMULATE(type, wide)                                                                     \
    for (int64_t lane = 0; lane < lane_count(&lanes); lane++) {                                    \
        const type *x = (const type *)from + lane_start(&lanes, lane);                             \
        type *y = (type *)to + lane_start(&lanes, lane);                                           \
        wide sum = 0;                                                                              \
        for (int64_t k = 0; k < lanes.count; k++) {                                                \
            int64_t at = (is_reversed ? lanes.count - 1 - k : k) * lanes.inner;                    \
            wide before = sum;                                                                     \
            sum += (wide)x[at];                                                                    \
            y[at] = (type)((adds ? (wide)y[at] : 0) + (attr->exclusive ? before : sum));           \
        }                                                                                          \
    }
#define ACCUMULATE_FLOATS(type) ACCUMULATE(type, type)
#define ACCUMULATE_INTEGERS(type) ACCUMULATE(type, uint64_t)

static void accumulate(const struct op_call *call, struct lanes lanes, bool adds, const void *from,
                       void *to)
{
    const struct cum_sum_attr *attr = call->attr;
    enum dtype dtype = call->input[0]->dtype;
    bool is_reversed = (attr->reverse != 0) != adds; // the gradient runs the other way

    if (dtype_info[dtype].is_float)
        FOR_FLOAT_TYPES(dtype, ACCUMULATE_FLOATS)
    else
        FOR_TYPES(dtype, ACCUMULATE_INTEGERS)
}

static enum status cum_sum_forward(struct context *context, const struct op_call *call)
{
    struct lanes lanes;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, cum_sum_forward);
    TRY(cum_sum_lanes(context, call, &lanes));
    accumulate(call, lanes, false, tensor_data(call->input[0]), tensor_write(call->output[0]));
    return OK;
}

static enum status cum_sum_backward(struct context *context, const struct op_call *call)
{
    struct lanes lanes;

    if (!output_grad_at(call, 0) || !input_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    TRY(cum_sum_lanes(context, call, &lanes));
    accumulate(call, lanes, true, tensor_data(call->output_grad[0]),
               tensor_write(call->input_grad[0]));
    return OK;
}

static enum status cum_sum_map_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    int axis = 0;

    if (!input_has_data(call, 1))
        return OK;
    TRY(axis_from(context, tensor_get_int(call->input[1], 0), call->input[0]->shape.rank, &axis));
    axes_beside(call, axis, map);
    return OK;
}

static const struct field cum_sum_fields[] = {
    FIELD(struct cum_sum_attr, exclusive, "0", 0, 1, "without the item itself"),
    FIELD(struct cum_sum_attr, reverse, "0", 0, 1, "from the end"),
    FIELDS_END,
};

const struct op op_cum_sum = {
    .name = "CumSum",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = cum_sum_fields,
    .attr_bytes = sizeof(struct cum_sum_attr),
    .since_opset = 11,
    .infer = cum_sum_infer,
    .forward = cum_sum_forward,
    .backward = cum_sum_backward,
    .cost = cost_moves,
    .map_axes = cum_sum_map_axes,
};
