// ArgMax, ArgMin and Hardmax: where along an axis the extreme is, as an index or as a one among
// zeros.
#include <string.h>

#include "ops/attr.h"
#include "ops/lanes.h"
#include "ops/op_table.h"

static enum status arg_lanes(struct context *context, const struct op_call *call,
                             struct lanes *lanes, int *axis)
{
    const struct arg_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;

    TRY(axis_from(context, attr->axis, x->rank, axis));
    TRY(lanes_along(context, x, *axis, lanes));
    if (lanes->count == 0 && lane_count(lanes) > 0)
        return context_fail(context, ERR_SHAPE, "axis %d has no items", *axis);
    return OK;
}

static enum status arg_infer(struct context *context, const struct op_call *call)
{
    const struct arg_attr *attr = call->attr;
    struct shape y = SHAPE_SCALAR;
    struct lanes lanes;
    int axis = 0;

    TRY(check_whole_bytes(context, call, 0));
    TRY(arg_lanes(context, call, &lanes, &axis));
    const struct shape *x = &call->input[0]->shape;
    for (int k = 0; k < x->rank; k++)
        if (k != axis || attr->keepdims)
            y.dim[y.rank++] = k == axis ? 1 : x->dim[k];
    return set_output(context, call, 0, DT_I64, &y);
}

// Index of the first item of a lane that no other beats.
#define FIND(x, beats)                                                                             \
    int64_t best = 0;                                                                              \
    for (int64_t k = 1; k < lanes.count; k++)                                                      \
        if ((x)[k * lanes.inner] beats(x)[best * lanes.inner])                                     \
            best = k;

#define FIND_ALL(type, beats)                                                                      \
    for (int64_t lane = 0; lane < lane_count(&lanes); lane++) {                                    \
        FIND((const type *)tensor_data(call->input[0]) + lane_start(&lanes, lane), beats)          \
        y[lane] = best;                                                                            \
    }

#define FIND_LARGEST(type) FIND_ALL(type, >)
#define FIND_LAST_LARGEST(type) FIND_ALL(type, >=)
#define FIND_SMALLEST(type) FIND_ALL(type, <)
#define FIND_LAST_SMALLEST(type) FIND_ALL(type, <=)

#define ARG_FORWARD(row, first, last)                                                              \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        struct lanes lanes;                                                                        \
        int axis = 0;                                                                              \
                                                                                                   \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        TRY(arg_lanes(context, call, &lanes, &axis));                                              \
        int64_t *y = tensor_write(call->output[0]);                                                \
        if (((const struct arg_attr *)call->attr)->select_last_index)                              \
            FOR_TYPES(call->input[0]->dtype, last)                                                 \
        else                                                                                       \
            FOR_TYPES(call->input[0]->dtype, first)                                                \
        return OK;                                                                                 \
    }
ARG_FORWARD(arg_max, FIND_LARGEST, FIND_LAST_LARGEST)
ARG_FORWARD(arg_min, FIND_SMALLEST, FIND_LAST_SMALLEST)

static enum status hardmax_infer(struct context *context, const struct op_call *call)
{
    struct lanes lanes;
    int axis = 0;

    TRY(check_float(context, call, 0));
    TRY(arg_lanes(context, call, &lanes, &axis));
    return infer_same_shape(context, call);
}

#define MARK_LARGEST(type)                                                                         \
    for (int64_t lane = 0; lane < lane_count(&lanes); lane++) {                                    \
        int64_t start = lane_start(&lanes, lane);                                                  \
        FIND((const type *)tensor_data(call->input[0]) + start, >)                                 \
        ((type *)tensor_write(call->output[0]))[start + best * lanes.inner] = 1;                   \
    }

static enum status hardmax_forward(struct context *context, const struct op_call *call)
{
    struct lanes lanes;
    int axis = 0;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, hardmax_forward);
    TRY(arg_lanes(context, call, &lanes, &axis));
    memset(tensor_write(call->output[0]), 0, tensor_bytes(call->output[0]));
    FOR_FLOAT_TYPES(call->input[0]->dtype, MARK_LARGEST)
    return OK;
}

static enum status arg_map_axes(struct context *context, const struct op_call *call,
                                struct axis_map *map)
{
    struct lanes lanes;
    int axis = 0;

    TRY(arg_lanes(context, call, &lanes, &axis));
    axes_beside(call, axis, map);
    return OK;
}

static const struct field arg_fields[] = {
    FIELD(struct arg_attr, axis, "0", 0, 0, "the axis that is searched"),
    FIELD(struct arg_attr, keepdims, "1", 0, 1, "the axis stays with size 1"),
    FIELD(struct arg_attr, select_last_index, "0", 0, 1, "of equals the last one counts"),
    FIELDS_END,
};
static const struct field hardmax_fields[] = {
    FIELD(struct arg_attr, axis, "-1", 0, 0, "the axis that sums to one"),
    FIELDS_END,
};

#define DESCRIPTOR(row, onnx_name, infer_call, fields)                                             \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = sizeof(struct arg_attr),                                                     \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .cost = cost_moves,                                                                        \
        .map_axes = arg_map_axes,                                                                  \
    }
DESCRIPTOR(arg_max, "ArgMax", arg_infer, arg_fields);
DESCRIPTOR(arg_min, "ArgMin", arg_infer, arg_fields);
DESCRIPTOR(hardmax, "Hardmax", hardmax_infer, hardmax_fields);
