// Proving that the samples of a batch are independent, node by node, at two batches at once.
#include "exec/batch_axis.h"

#include <stdio.h>
#include <string.h>

#include "exec/batch_axis_internal.h"
#include "ir/axis_map.h"

static enum status blocked(struct context *context, const char *why)
{
    return context_fail(context, ERR_UNSUPPORTED, "%s", why);
}

// dim is batch * something in the first inference, and grows with the batch in the second.
static bool grows(const struct proof *proof, uint32_t value, int axis, int64_t *repeat)
{
    const struct shape *a = &proof->at[0].of_value[value].shape,
                       *b = &proof->at[1].of_value[value].shape;

    if (a->rank != b->rank || !shape_is_static(a) || !shape_is_static(b) || axis >= a->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (b->dim[i] != (i == axis ? 2 : 1) * a->dim[i])
            return false;
    *repeat = a->dim[axis] / proof->batch;
    return a->dim[axis] % proof->batch == 0 && *repeat > 0;
}

// The only axis that differs between the two batches, -1 if there is none such.
static int grown_axis(const struct proof *proof, uint32_t value, int64_t *repeat)
{
    const struct shape *a = &proof->at[0].of_value[value].shape;

    for (int i = 0; i < a->rank; i++)
        if (grows(proof, value, i, repeat))
            return i;
    return -1;
}

static bool is_same_data(const struct tensor *a, const struct tensor *b)
{
    return shape_equal(&a->shape, &b->shape) && a->dtype == b->dtype &&
           memcmp(tensor_data(a), tensor_data(b), tensor_bytes(a)) == 0;
}

// Every index along the axis holds what index 0 holds, in both tensors.
static bool repeats(const struct tensor *a, const struct tensor *b, int axis)
{
    int64_t inner = 1, outer = 1;

    for (int i = 0; i < a->shape.rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : a->shape.dim[i];
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < b->shape.dim[axis]; k++)
            for (int64_t i = 0; i < inner; i++) {
                double first = tensor_get(a, o * a->shape.dim[axis] * inner + i);
                if (tensor_get(b, (o * b->shape.dim[axis] + k) * inner + i) != first ||
                    (k < a->shape.dim[axis] &&
                     tensor_get(a, (o * a->shape.dim[axis] + k) * inner + i) != first))
                    return false;
            }
    return true;
}

// A value that both inferences know: the same, one of the batch's size, or the same row a sample.
static struct batch_axis known_axis(const struct proof *proof, uint32_t value)
{
    const struct tensor *a = &proof->at[0].of_value[value], *b = &proof->at[1].of_value[value];
    struct batch_axis axis = {BATCH_SHARED, 1};
    int64_t repeat;

    if (is_same_data(a, b))
        return axis;
    axis.axis = grown_axis(proof, value, &repeat);
    if (axis.axis >= 0 && repeat == 1 && repeats(a, b, axis.axis))
        return axis;
    return (struct batch_axis){BATCH_SIZE, 1};
}

// Inputs that say how large, where from, how often: what they hold shows in the output's shape.
static bool is_size_input(const struct node *node, int slot)
{
    static const struct {
        const char *op;
        int first, last;
    } rows[] = {{"CenterCropPad", 1, 1}, {"ConstantOfShape", 0, 0}, {"Expand", 1, 1},
                {"Pad", 1, 1},           {"Reshape", 1, 1},         {"Resize", 1, 3},
                {"Slice", 1, 4},         {"Split", 1, 1},           {"Tile", 1, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (node_is(node, rows[i].op))
            return slot >= rows[i].first && slot <= rows[i].last;
    return false;
}

// The output's axis where elements that lie behind `prefix` others begin: a view keeps the order.
static bool view_axis(const struct proof *proof, const struct node *node, struct batch_axis from,
                      struct batch_axis *to)
{
    const struct shape *in = &proof->at[0].of_value[node->input[0].at].shape,
                       *out = &proof->at[0].of_value[node->output[0].at].shape;
    int64_t prefix = 1, at = 1;

    for (int i = 0; i < from.axis; i++)
        prefix *= in->dim[i];
    for (int j = 0; j < out->rank && at <= prefix; at *= out->dim[j++])
        if (at == prefix && grows(proof, node->output[0].at, j, &to->repeat)) {
            to->axis = j;
            return true;
        }
    return false;
}

static bool is_end(struct axis_end a, struct axis_end b)
{
    return a.side == b.side && a.slot == b.slot && a.axis == b.axis;
}

static int64_t end_dim(const struct proof *proof, const struct node *node, struct axis_end end)
{
    struct value_id id = end.side == AXIS_INPUT ? node->input[end.slot] : node->output[end.slot];

    return proof->at[0].of_value[id.at].shape.dim[end.axis];
}

// The axis of output `o` that links lead to, index by index, from `from`; -1: none. Each link is
// taken once: `taken` has a flag for each.
static int follow(const struct proof *proof, const struct axis_map *map, const struct node *node,
                  struct axis_end from, int o, bool *taken)
{
    if (from.side == AXIS_OUTPUT && from.slot == o)
        return from.axis;
    for (int i = 0; i < map->count; i++) {
        const struct axis_link *link = &map->link[i];
        bool is_forth = is_end(link->a, from), is_back = is_end(link->b, from);
        if (taken[i] || (!is_forth && !is_back) || link->offset != 0 || link->repeat != 1 ||
            link->count != end_dim(proof, node, from))
            continue;
        taken[i] = true;
        int axis = follow(proof, map, node, is_forth ? link->b : link->a, o, taken);
        if (axis >= 0)
            return axis;
    }
    return -1;
}

// Where axis `from` of input `slot` goes in output `o`; false: it does not arrive whole.
static bool linked_axis(const struct proof *proof, const struct axis_map *map,
                        const struct node *node, int slot, int o, struct batch_axis from,
                        struct batch_axis *to)
{
    bool *taken = arena_array(map->arena, bool, (size_t)map->count + 1);

    to->axis = follow(proof, map, node, (struct axis_end){AXIS_INPUT, slot, from.axis}, o, taken);
    return to->axis >= 0 && grows(proof, node->output[o].at, to->axis, &to->repeat) &&
           to->repeat == from.repeat;
}

static enum status map_of(struct context *context, const struct proof *proof,
                          const struct node *node, struct arena *arena, struct axis_map *map)
{
    struct op_call call;

    axis_map_init(map, arena);
    inference_call(&proof->at[0], node, arena, &call);
    return node->op->map_axes ? node->op->map_axes(context, &call, map) : OK;
}

// Every input that has the batch brings it to the same axis of output o.
static enum status join_inputs(struct context *context, const struct proof *proof,
                               const struct node *node, const struct axis_map *map, int o)
{
    struct batch_axis joined = {BATCH_SHARED, 1}, to = {BATCH_SHARED, 1};

    for (int i = 0; i < node->input_count; i++) {
        struct batch_axis from;
        if (!value_exists(node->input[i]) || proof->axis[node->input[i].at].axis < 0)
            continue;
        from = proof->axis[node->input[i].at];
        if (!(node->op->traits & OP_VIEW && i == 0 && view_axis(proof, node, from, &to)) &&
            !linked_axis(proof, map, node, i, o, from, &to))
            return blocked(context, "its operator joins what belongs to different samples, or does "
                                    "not say that it keeps them apart");
        if (joined.axis >= 0 && (joined.axis != to.axis || joined.repeat != to.repeat))
            return blocked(context, "samples meet across two axes");
        joined = to;
    }
    proof->axis[node->output[o].at] = joined;
    return OK;
}

// One thing, repeated as often as the batch says.
static enum status stretch(struct context *context, const struct proof *proof,
                           const struct node *node)
{
    uint32_t out = node->output[0].at;
    const struct shape *in = &proof->at[0].of_value[node->input[0].at].shape;
    struct batch_axis axis = {BATCH_SHARED, 1};
    bool is_filled = node_is(node, "ConstantOfShape");
    int at;

    axis.axis = grown_axis(proof, out, &axis.repeat);
    if (shape_equal(&proof->at[0].of_value[out].shape, &proof->at[1].of_value[out].shape))
        axis.axis = BATCH_SHARED;
    else if (axis.axis < 0 || (!is_filled && !node_is(node, "Expand") && !node_is(node, "Tile")))
        return blocked(context, "it computes with the size of the batch");
    at = axis.axis - (proof->at[0].of_value[out].shape.rank - in->rank);
    if (axis.axis >= 0 && !is_filled && at >= 0 && in->dim[at] != 1)
        return blocked(context, "it computes with the size of the batch");
    proof->axis[out] = axis;
    return OK;
}

static bool is_known(const struct proof *proof, const struct node *node)
{
    for (int o = 0; o < node->output_count; o++)
        if (value_exists(node->output[o]) && (!proof->at[0].of_value[node->output[o].at].buffer ||
                                              !proof->at[1].of_value[node->output[o].at].buffer))
            return false;
    return true;
}

enum status proof_step(struct context *context, const struct proof *proof, const struct node *node)
{
    bool has_batch = false, has_size = false;
    struct arena *arena;
    struct axis_map map;
    enum status status;

    for (int o = 0; o < node->output_count && is_known(proof, node); o++)
        if (value_exists(node->output[o]))
            proof->axis[node->output[o].at] = known_axis(proof, node->output[o].at);
    if (is_known(proof, node))
        return OK;
    for (int i = 0; i < node->input_count; i++) {
        int axis = value_exists(node->input[i]) ? proof->axis[node->input[i].at].axis : -1;
        has_batch |= axis >= 0;
        has_size |= axis == BATCH_SIZE;
        if (axis == BATCH_SIZE && !is_size_input(node, i))
            return blocked(context, "it computes with the size of the batch");
    }
    if (!has_batch)
        return has_size ? stretch(context, proof, node) : OK;
    if (node->op->traits & OP_RANDOM && !node_is(node, "Dropout"))
        return blocked(context, "it draws random numbers");
    arena = arena_new();
    status = map_of(context, proof, node, arena, &map);
    for (int o = 0; o < node->output_count && status == OK; o++)
        if (value_exists(node->output[o]))
            status = join_inputs(context, proof, node, &map, o);
    arena_free(arena);
    return status;
}
