// Expand (broadcasting to a shape that is input 1) and Tile (repeats as input 1).
#include "base/checked.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static enum status expand_infer(struct context *context, const struct op_call *call)
{
    struct int_list dims;
    struct tensor wanted = {0};
    struct shape shape;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    if (!input_has_data(call, 1)) {
        set_output_unknown(call, 0, call->input[0]->dtype);
        return OK;
    }
    TRY(ints_from_tensor(context, call->input[1], &dims));
    for (int i = 0; i < dims.count; i++)
        if (dims.at[i] < 0)
            return context_fail(context, ERR_SHAPE, "shape has a dimension of %lld",
                                (long long)dims.at[i]);
    TRY(shape_set(context, &wanted.shape, dims.count, dims.at));
    struct op_call pair = *call;
    pair.input = (const struct tensor *const[]){call->input[0], &wanted};
    TRY(broadcast_shape(context, &pair, 0, &shape));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status expand_walk(struct context *context, const struct op_call *call,
                               struct walk *walk)
{
    (void)context;
    *walk = walk_broadcast(&call->input[0]->shape, &call->output[0]->shape);
    return OK;
}

static enum status tile_infer(struct context *context, const struct op_call *call)
{
    struct int_list repeats;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    struct shape shape = call->input[0]->shape;
    if (!input_has_data(call, 1)) {
        set_output_unknown(call, 0, call->input[0]->dtype);
        return OK;
    }
    TRY(ints_from_tensor(context, call->input[1], &repeats));
    if (repeats.count != shape.rank)
        return context_fail(context, ERR_SHAPE, "repeats has %d entries, input 0 has rank %d",
                            repeats.count, (int)shape.rank);
    for (int i = 0; i < shape.rank; i++)
        if (repeats.at[i] < 0 || !checked_mul(shape.dim[i], repeats.at[i], &shape.dim[i]))
            return context_fail(context, ERR_SHAPE, "axis %d cannot be repeated %lld times", i,
                                (long long)repeats.at[i]);
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// Two axes for each: the repeats, which stand still in the input, and the axis itself.
static enum status tile_walk(struct context *context, const struct op_call *call, struct walk *walk)
{
    const struct shape *in = &call->input[0]->shape;
    int64_t from[SHAPE_MAX_RANK], to[SHAPE_MAX_RANK];
    struct int_list repeats;

    TRY(ints_from_tensor(context, call->input[1], &repeats));
    shape_strides(in, from);
    shape_strides(&call->output[0]->shape, to);
    *walk = (struct walk){0};
    for (int i = 0; i < in->rank; i++) {
        walk_add_axis(walk, repeats.at[i], 0, to[i] * in->dim[i]);
        walk_add_axis(walk, in->dim[i], from[i], to[i]);
    }
    return OK;
}

static enum status expand_forward(struct context *context, const struct op_call *call)
{
    return walk_forward(context, call, expand_walk);
}

static enum status expand_backward(struct context *context, const struct op_call *call)
{
    return walk_backward(context, call, expand_walk);
}

static enum status tile_forward(struct context *context, const struct op_call *call)
{
    return walk_forward(context, call, tile_walk);
}

static enum status tile_backward(struct context *context, const struct op_call *call)
{
    return walk_backward(context, call, tile_walk);
}

// Axes that keep their size.
static enum status kept_axes(struct context *context, const struct op_call *call,
                             struct axis_map *map)
{
    struct op_call data = *call;

    data.input_count = 1;
    return axes_tie(context, &data, map);
}

#define DESCRIPTOR(row, onnx_name, since)                                                          \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 2,                                                                           \
        .max_inputs = 2,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .since_opset = since,                                                                      \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .cost = cost_moves,                                                                        \
        .map_axes = kept_axes,                                                                     \
    };
DESCRIPTOR(expand, "Expand", 8)
DESCRIPTOR(tile, "Tile", 1)
