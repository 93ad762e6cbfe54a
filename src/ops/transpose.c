// Transpose: output axis i is input axis perm[i]; without perm the axes are reversed.
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static const struct field transpose_fields[] = {
    FIELD(struct transpose_attr, perm, NULL, 0, 0, "input axis of every output axis"),
    FIELDS_END,
};

static enum status order_of(struct context *context, const struct op_call *call, int *order)
{
    const struct ints *perm = &((const struct transpose_attr *)call->attr)->perm;
    int rank = call->input[0]->shape.rank;
    struct int_list axes;
    unsigned seen;

    for (int i = 0; i < rank; i++)
        order[i] = rank - 1 - i;
    if (perm->count == 0)
        return OK;
    if (perm->count != rank)
        return context_fail(context, ERR_SHAPE, "perm has %lld axes, input has rank %d",
                            (long long)perm->count, rank);
    TRY(ints_from_attr(context, perm, &axes));
    TRY(axes_from_ints(context, &axes, rank, &seen));
    for (int i = 0; i < rank; i++)
        TRY(axis_from(context, axes.at[i], rank, &order[i]));
    return OK;
}

static enum status transpose_infer(struct context *context, const struct op_call *call)
{
    int order[SHAPE_MAX_RANK];

    TRY(check_given(context, call, 0));
    TRY(order_of(context, call, order));
    struct shape shape = call->input[0]->shape;
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = call->input[0]->shape.dim[order[i]];
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status transpose_walk(struct context *context, const struct op_call *call,
                                  struct walk *walk)
{
    int64_t stride[SHAPE_MAX_RANK];
    int order[SHAPE_MAX_RANK];

    TRY(order_of(context, call, order));
    shape_strides(&call->input[0]->shape, stride);
    *walk = walk_of(&call->output[0]->shape);
    for (int i = 0; i < walk->rank; i++)
        walk->from[i] = stride[order[i]];
    return OK;
}

static enum status transpose_forward(struct context *context, const struct op_call *call)
{
    return walk_forward(context, call, transpose_walk);
}

static enum status transpose_backward(struct context *context, const struct op_call *call)
{
    return walk_backward(context, call, transpose_walk);
}

static enum status transpose_axes(struct context *context, const struct op_call *call,
                                  struct axis_map *map)
{
    int order[SHAPE_MAX_RANK];

    TRY(order_of(context, call, order));
    for (int i = 0; i < call->output[0]->shape.rank; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, order[i]},
                  (struct axis_end){AXIS_OUTPUT, 0, i}, call->output[0]->shape.dim[i], 0, 1);
    return OK;
}

const struct op op_transpose = {
    .name = "Transpose",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = transpose_fields,
    .attr_bytes = sizeof(struct transpose_attr),
    .infer = transpose_infer,
    .forward = transpose_forward,
    .backward = transpose_backward,
    .cost = cost_moves,
    .map_axes = transpose_axes,
};
