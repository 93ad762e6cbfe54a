// CenterCropPad: cuts or pads with zeros around the middle until the axes have the wanted sizes.
#include <string.h>

#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct center_attr {
    struct ints axes; // empty: all
};

static enum status wanted_shape(struct context *context, const struct op_call *call,
                                struct shape *shape)
{
    const struct center_attr *attr = call->attr;
    struct int_list sizes, axes;
    unsigned seen;

    *shape = call->input[0]->shape;
    TRY(ints_from_tensor(context, call->input[1], &sizes));
    TRY(ints_from_attr(context, &attr->axes, &axes));
    if (attr->axes.count == 0)
        for (axes.count = 0; axes.count < shape->rank; axes.count++)
            axes.at[axes.count] = axes.count;
    TRY(axes_from_ints(context, &axes, shape->rank, &seen));
    if (sizes.count != axes.count)
        return context_fail(context, ERR_SHAPE, "%d sizes for %d axes", sizes.count, axes.count);
    for (int i = 0; i < axes.count; i++) {
        int axis = 0;
        TRY(axis_from(context, axes.at[i], shape->rank, &axis));
        if (sizes.at[i] < 0)
            return context_fail(context, ERR_SHAPE, "axis %d shall have %lld items", axis,
                                (long long)sizes.at[i]);
        shape->dim[axis] = sizes.at[i];
    }
    return OK;
}

static enum status center_crop_pad_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, 1))
        return OK;
    TRY(wanted_shape(context, call, &shape));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// What input and output share lies in the middle of both.
static enum status center_walk(struct context *context, const struct op_call *call,
                               struct walk *walk)
{
    const struct shape *x = &call->input[0]->shape, *y = &call->output[0]->shape;
    int64_t from[SHAPE_MAX_RANK], to[SHAPE_MAX_RANK];

    (void)context;
    *walk = (struct walk){0};
    shape_strides(x, from);
    shape_strides(y, to);
    for (int i = 0; i < x->rank; i++) {
        int64_t more = x->dim[i] - y->dim[i];
        walk_add_axis(walk, more > 0 ? y->dim[i] : x->dim[i], from[i], to[i]);
        walk->from_at += more > 0 ? more / 2 * from[i] : 0;
        walk->to_at += more < 0 ? -more / 2 * to[i] : 0;
    }
    return OK;
}

static enum status center_crop_pad_forward(struct context *context, const struct op_call *call)
{
    memset(tensor_write(call->output[0]), 0, tensor_bytes(call->output[0]));
    return walk_forward(context, call, center_walk);
}

static enum status center_crop_pad_backward(struct context *context, const struct op_call *call)
{
    return walk_backward(context, call, center_walk);
}

static enum status center_crop_pad_axes(struct context *context, const struct op_call *call,
                                        struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape, *y = &call->output[0]->shape;

    (void)context;
    for (int i = 0; i < x->rank && y->rank == x->rank; i++)
        if (x->dim[i] == y->dim[i])
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, x->dim[i], 0, 1);
    return OK;
}

static const struct field center_crop_pad_fields[] = {
    FIELD(struct center_attr, axes, NULL, 0, 0, "the axes that change"),
    FIELDS_END,
};

const struct op op_center_crop_pad = {
    .name = "CenterCropPad",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = center_crop_pad_fields,
    .attr_bytes = sizeof(struct center_attr),
    .since_opset = 18,
    .infer = center_crop_pad_infer,
    .forward = center_crop_pad_forward,
    .backward = center_crop_pad_backward,
    .cost = cost_moves,
    .map_axes = center_crop_pad_axes,
};
