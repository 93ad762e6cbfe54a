// DepthToSpace moves blocks of channels into the plane, SpaceToDepth is its inverse.
// depth: (N, C, H, W), space: (N, C / (b * b), H * b, W * b)
#include <string.h>

#include "base/checked.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct depth_attr {
    int64_t blocksize;
    const char *mode;
};

static bool is_dcr(const struct op_call *call)
{
    const char *mode = ((const struct depth_attr *)call->attr)->mode;

    return !mode || strcmp(mode, "DCR") == 0; // depth, column, row: blocks before channels
}

static enum status checked_block(struct context *context, const struct op_call *call)
{
    int64_t block = ((const struct depth_attr *)call->attr)->blocksize;

    TRY(check_given(context, call, 0));
    TRY(check_rank(context, call, 0, 4, 4));
    if (block < 1 || block > INT32_MAX)
        return context_fail(context, ERR_SHAPE, "'blocksize' is %lld", (long long)block);
    return OK;
}

static enum status depth_to_space_infer(struct context *context, const struct op_call *call)
{
    TRY(checked_block(context, call));
    int64_t block = ((const struct depth_attr *)call->attr)->blocksize;
    struct shape shape = call->input[0]->shape;
    if (shape.dim[1] % (block * block) != 0)
        return context_fail(context, ERR_SHAPE, "%lld channels do not divide into %lld x %lld",
                            (long long)shape.dim[1], (long long)block, (long long)block);
    shape.dim[1] /= block * block;
    for (int i = 2; i < 4; i++)
        if (!checked_mul(shape.dim[i], block, &shape.dim[i]))
            return context_fail(context, ERR_SHAPE, "axis %d becomes too large", i);
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status space_to_depth_infer(struct context *context, const struct op_call *call)
{
    TRY(checked_block(context, call));
    int64_t block = ((const struct depth_attr *)call->attr)->blocksize;
    struct shape shape = call->input[0]->shape;
    for (int i = 2; i < 4; i++) {
        if (shape.dim[i] % block != 0)
            return context_fail(context, ERR_SHAPE, "axis %d of %lld does not divide into %lld", i,
                                (long long)shape.dim[i], (long long)block);
        shape.dim[i] /= block;
    }
    if (!checked_mul(shape.dim[1], block * block, &shape.dim[1]))
        return context_fail(context, ERR_SHAPE, "axis 1 becomes too large");
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// Over (n, block row, block column, c, h, w), from depth to space.
static struct walk walk_down(const struct op_call *call, const struct shape *depth,
                             const struct shape *space)
{
    int64_t block = ((const struct depth_attr *)call->attr)->blocksize;
    int64_t in[SHAPE_MAX_RANK], out[SHAPE_MAX_RANK], channels = space->dim[1];
    struct walk walk = {0};

    shape_strides(depth, in);
    shape_strides(space, out);
    int64_t of_block = is_dcr(call) ? channels * in[1] : in[1];
    int64_t of_channel = is_dcr(call) ? in[1] : block * block * in[1];
    walk_add_axis(&walk, depth->dim[0], in[0], out[0]);
    walk_add_axis(&walk, block, block * of_block, out[2]);
    walk_add_axis(&walk, block, of_block, out[3]);
    walk_add_axis(&walk, channels, of_channel, out[1]);
    walk_add_axis(&walk, depth->dim[2], in[2], block * out[2]);
    walk_add_axis(&walk, depth->dim[3], in[3], block * out[3]);
    return walk;
}

static enum status depth_to_space_walk(struct context *context, const struct op_call *call,
                                       struct walk *walk)
{
    (void)context;
    *walk = walk_down(call, &call->input[0]->shape, &call->output[0]->shape);
    return OK;
}

static enum status space_to_depth_walk(struct context *context, const struct op_call *call,
                                       struct walk *walk)
{
    (void)context;
    *walk = walk_down(call, &call->output[0]->shape, &call->input[0]->shape);
    *walk = walk_reversed(walk);
    return OK;
}

// A channel of the space is one of each block of the depth.
static enum status axes_of(const struct op_call *call, struct axis_end depth, struct axis_end space,
                           struct axis_map *map)
{
    int64_t block = ((const struct depth_attr *)call->attr)->blocksize;
    const int64_t *dim = call->input[0]->shape.dim;
    int64_t channels = depth.side == AXIS_INPUT ? dim[1] / (block * block) : dim[1];

    axis_link(map, depth, space, dim[0], 0, 1);
    depth.axis = space.axis = 1;
    if (!is_dcr(call))
        axis_link(map, space, depth, channels, 0, block * block);
    // More links than this nobody follows; without any, nothing is cut.
    for (int64_t i = 0; is_dcr(call) && block <= 64 && i < block * block; i++)
        axis_link(map, space, depth, channels, i * channels, 1);
    return OK;
}

static enum status depth_to_space_axes(struct context *context, const struct op_call *call,
                                       struct axis_map *map)
{
    (void)context;
    return axes_of(call, (struct axis_end){AXIS_INPUT, 0, 0}, (struct axis_end){AXIS_OUTPUT, 0, 0},
                   map);
}

static enum status space_to_depth_axes(struct context *context, const struct op_call *call,
                                       struct axis_map *map)
{
    (void)context;
    return axes_of(call, (struct axis_end){AXIS_OUTPUT, 0, 0}, (struct axis_end){AXIS_INPUT, 0, 0},
                   map);
}

#define BLOCK_FIELD FIELD(struct depth_attr, blocksize, NULL, 0, 0, "side of a block")

static const struct field depth_to_space_fields[] = {
    BLOCK_FIELD,
    FIELD_CHOICE(struct depth_attr, mode, "DCR", "DCR|CRD", "whether blocks or channels run first"),
    FIELDS_END,
};
static const struct field space_to_depth_fields[] = {BLOCK_FIELD, FIELDS_END};

#define DEPTH_OPERATOR(row, onnx_name)                                                             \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        return walk_forward(context, call, row##_walk);                                            \
    }                                                                                              \
    static enum status row##_backward(struct context *context, const struct op_call *call)         \
    {                                                                                              \
        return walk_backward(context, call, row##_walk);                                           \
    }                                                                                              \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = row##_fields,                                                                      \
        .attr_bytes = sizeof(struct depth_attr),                                                   \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .cost = cost_moves,                                                                        \
        .map_axes = row##_axes,                                                                    \
    };
DEPTH_OPERATOR(depth_to_space, "DepthToSpace")
DEPTH_OPERATOR(space_to_depth, "SpaceToDepth")
