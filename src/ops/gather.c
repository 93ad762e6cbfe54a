// Gather: slices of the data along an axis, in the order of the indices; negative ones count from
// the end, one outside is an error.
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static const struct field gather_fields[] = {
    FIELD(struct axis_attr, axis, "0", 0, 0, "the axis that is indexed"),
    FIELDS_END,
};

static enum status gather_axis(struct context *context, const struct op_call *call, int *axis)
{
    return axis_from(context, ((const struct axis_attr *)call->attr)->axis,
                     call->input[0]->shape.rank, axis);
}

static enum status gather_infer(struct context *context, const struct op_call *call)
{
    int axis = 0, rank = 0;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    if (call->input[1]->dtype != DT_I32)
        TRY(check_dtype(context, call, 1, DT_I64));
    TRY(gather_axis(context, call, &axis));
    const struct shape *data = &call->input[0]->shape, *indices = &call->input[1]->shape;
    int64_t dim[2 * SHAPE_MAX_RANK];
    for (int i = 0; i < axis; i++)
        dim[rank++] = data->dim[i];
    for (int i = 0; i < indices->rank; i++)
        dim[rank++] = indices->dim[i];
    for (int i = axis + 1; i < data->rank; i++)
        dim[rank++] = data->dim[i];
    struct shape shape;
    TRY(shape_set(context, &shape, rank, dim));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// The walk of one index: (outer, inner) from its slice of the data to its place in the output.
static enum status walk_index(struct context *context, const struct op_call *call, int axis,
                              int64_t i, struct walk *walk)
{
    const struct shape *data = &call->input[0]->shape;
    int64_t count = tensor_count(call->input[1]), dim = data->dim[axis];
    int64_t inner = shape_product(data, axis + 1, data->rank);
    int64_t index = tensor_get_int(call->input[1], i);

    if (index < -dim || index >= dim)
        return context_fail(context, ERR_NUMERIC, "index %lld is outside axis %d of %lld",
                            (long long)index, axis, (long long)dim);
    index += index < 0 ? dim : 0;
    *walk = (struct walk){.from_at = index * inner, .to_at = i * inner};
    walk_add_axis(walk, shape_product(data, 0, axis), dim * inner, count * inner);
    walk_add_axis(walk, inner, 1, 1);
    return OK;
}

static enum status gather_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *data = call->input[0];
    struct walk walk;
    int axis = 0;

    TRY(gather_axis(context, call, &axis));
    for (int64_t i = 0, n = tensor_count(call->input[1]); i < n; i++) {
        TRY(walk_index(context, call, axis, i, &walk));
        walk_copy(&walk, data->dtype, tensor_data(data), tensor_write(call->output[0]));
    }
    return OK;
}

static enum status gather_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct walk walk;
    int axis = 0;

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(gather_axis(context, call, &axis));
    for (int64_t i = 0, n = tensor_count(call->input[1]); i < n; i++) {
        TRY(walk_index(context, call, axis, i, &walk));
        walk = walk_reversed(&walk);
        walk_add(&walk, grad->dtype, tensor_data(grad), tensor_write(into));
    }
    return OK;
}

static enum status gather_axes(struct context *context, const struct op_call *call,
                               struct axis_map *map)
{
    const struct shape *data = &call->input[0]->shape, *indices = &call->input[1]->shape;
    int axis = 0;

    TRY(gather_axis(context, call, &axis));
    for (int i = 0; i < data->rank; i++)
        if (i != axis)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i < axis ? i : i + indices->rank - 1},
                      data->dim[i], 0, 1);
    for (int i = 0; i < indices->rank; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 1, i},
                  (struct axis_end){AXIS_OUTPUT, 0, axis + i}, indices->dim[i], 0, 1);
    return OK;
}

const struct op op_gather = {
    .name = "Gather",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = gather_fields,
    .attr_bytes = sizeof(struct axis_attr),
    .infer = gather_infer,
    .forward = gather_forward,
    .backward = gather_backward,
    .cost = cost_moves,
    .map_axes = gather_axes,
};
