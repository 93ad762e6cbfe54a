// Constants that hold the batch of a graph which fixes it: shapes of Reshape, zeros that a
// recurrent node starts from, what is joined to every sample.
#include <stdlib.h>
#include <string.h>

#include "exec/batch_axis_internal.h"
#include "ops/attr.h"

// The input that may hold sizes of every axis as a constant; -1: none does.
static int target_slot(const struct graph *graph, const struct node *node)
{
    int slot = node_is(node, "Reshape") ? 1 : node_is(node, "Resize") ? 3 : -1;
    const struct value *target = slot >= 0 ? graph_weight(graph, node, slot) : NULL;

    return target && target->tensor.dtype == DT_I64 && target->tensor.shape.rank == 1 &&
                   target->tensor.shape.dim[0] <= SHAPE_MAX_RANK
               ? slot
               : -1;
}

// Sizes of its own for every such node, so that changing one changes no other.
static void separate_targets(struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        int slot = target_slot(graph, &graph->node[n]);
        const struct value *target;
        struct tensor tensor;
        if (slot < 0)
            continue;
        target = graph_weight(graph, &graph->node[n], slot);
        tensor_share(&tensor, &target->tensor);
        graph_set_input(graph, (struct node_id){n}, slot,
                        graph_add_weight(graph, target->name, tensor));
    }
}

static enum status set_target(struct context *context, struct graph *graph,
                              const struct proof *proof, struct value_id id, const int64_t *size,
                              int count)
{
    struct tensor *tensor = &graph_value(graph, id)->tensor, made;

    TRY(tensor_alloc(context, &made, DT_I64, &SHAPE(count)));
    for (int i = 0; i < count; i++)
        tensor_set(&made, i, (double)size[i]);
    tensor_release(tensor);
    *tensor = made;
    for (int k = 0; k < 3; k++) {
        tensor_release(&proof->at[k].of_value[id.at]);
        tensor_share(&proof->at[k].of_value[id.at], tensor);
    }
    return OK;
}

// What the target makes of the input at the graph's own batch; false if the two do not fit.
static bool own_target(const struct shape *in, const struct tensor *target, bool keeps_zero,
                       struct shape *out)
{
    int64_t known = 1, count = shape_count(in);
    int open = -1;

    out->rank = (int32_t)target->shape.dim[0];
    for (int i = 0; i < out->rank; i++) {
        int64_t dim = tensor_get_int(target, i);
        if (dim == 0 && !keeps_zero && i < in->rank)
            dim = in->dim[i];
        if (dim < -1 || dim == 0 || (dim == -1 && open >= 0))
            return false;
        if (dim == -1)
            open = i;
        else
            known *= dim; // no overflow that matters: it is compared with count
        if (known > count)
            return false;
        out->dim[i] = dim;
    }
    if (open >= 0)
        out->dim[open] = count / known;
    return open >= 0 ? count % known == 0 : count == known;
}

// The axis of the target where the batch goes: behind as many elements as in the input.
static int target_axis(const struct shape *out, int64_t prefix, int64_t own)
{
    int64_t at = 1;

    for (int j = 0; j < out->rank; at *= out->dim[j++])
        if (at == prefix && out->dim[j] % own == 0)
            return j;
    return -1;
}

static enum status open_reshape(struct context *context, struct graph *graph,
                                const struct proof *proof, const struct node *node)
{
    struct batch_axis from = proof->axis[node->input[0].at];
    const struct shape *in = &proof->at[2].of_value[node->input[0].at].shape;
    const struct reshape_attr *attr = node->attr;
    struct value *target = graph_weight(graph, node, 1);
    struct shape out;
    int64_t prefix = 1;
    int axis;

    if (from.axis < 0 || !own_target(in, &target->tensor, attr->allowzero != 0, &out))
        return OK;
    for (int i = 0; i < from.axis; i++)
        prefix *= in->dim[i];
    axis = target_axis(&out, prefix, proof->own);
    if (axis < 0)
        return OK;
    out.dim[axis] = -1;
    return set_target(context, graph, proof, node->input[1], out.dim, out.rank);
}

// Sizes of all axes: those of the others alone, which the node then names.
static enum status open_resize(struct context *context, struct graph *graph,
                               const struct proof *proof, uint32_t n)
{
    struct node *node = &graph->node[n];
    struct batch_axis from = proof->axis[node->input[0].at];
    const struct value *target = graph_weight(graph, node, 3);
    const struct field *field = field_find(node->op->attr, "axes");
    int64_t size[SHAPE_MAX_RANK], *axes = arena_array(graph->arena, int64_t, SHAPE_MAX_RANK);
    int rank = (int)target->tensor.shape.dim[0], count = 0;
    char *attr = arena_copy(graph->arena, node->attr, node->op->attr_bytes);
    struct ints *named = (struct ints *)(void *)(attr + field->offset);

    if (from.axis < 0 || rank != proof->at[2].of_value[node->input[0].at].shape.rank ||
        named->count || value_exists(node->input[1]) ||
        tensor_get_int(&target->tensor, from.axis) != proof->own * from.repeat)
        return OK;
    for (int i = 0; i < rank; i++)
        if (i != from.axis) {
            axes[count] = i;
            size[count++] = tensor_get_int(&target->tensor, i);
        }
    *named = (struct ints){count, axes};
    node->attr = attr;
    return set_target(context, graph, proof, node->input[3], size, count);
}

static bool is_zeros(const struct tensor *tensor)
{
    for (int64_t i = 0; i < tensor_count(tensor); i++)
        if (tensor_get(tensor, i) != 0)
            return false;
    return true;
}

// Zeros of the own batch are what a recurrent node starts from anyway.
static void drop_zero_states(struct graph *graph, uint32_t n)
{
    for (int i = 5; i <= 6 && i < graph->node[n].input_count; i++) {
        const struct value *state = graph_weight(graph, &graph->node[n], i);
        if (state && is_zeros(&state->tensor))
            graph_set_input(graph, (struct node_id){n}, i, NO_VALUE);
    }
}

enum status open_node(struct context *context, struct graph *graph, const struct proof *proof,
                      uint32_t n)
{
    const struct node *node = &graph->node[n];

    if (node_is(node, "LSTM") || node_is(node, "GRU") || node_is(node, "RNN"))
        drop_zero_states(graph, n);
    switch (target_slot(graph, node)) {
    case 1:
        return open_reshape(context, graph, proof, node);
    case 3:
        return open_resize(context, graph, proof, n);
    default:
        return OK;
    }
}

// ---- what is joined to every sample -------------------------------------------------------------

// Values that inputs' data reach; a shape tells nothing of the data.
static void find_reached(const struct graph *graph, bool *reached)
{
    for (uint32_t i = 0; i < graph->input_count; i++)
        reached[graph->input[i].at] = true;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        bool is_reached = false;
        for (int i = 0; i < node->input_count && !node_is(node, "Shape"); i++)
            is_reached |= value_exists(node->input[i]) && reached[node->input[i].at];
        for (int o = 0; o < node->output_count; o++)
            if (value_exists(node->output[o]))
                reached[node->output[o].at] = is_reached;
    }
}

static bool is_mixed_concat(const struct node *node, const bool *reached)
{
    bool some = false, all = true;

    for (int i = 0; i < node->input_count; i++) {
        bool is_reached = value_exists(node->input[i]) && reached[node->input[i].at];
        some |= is_reached;
        all &= is_reached;
    }
    return node_is(node, "Concat") && some && !all;
}

static struct value_id weight_of_ints(struct context *context, struct graph *graph, int count,
                                      int64_t value)
{
    struct tensor tensor;

    if (tensor_alloc(context, &tensor, DT_I64, &SHAPE(count)) != OK)
        return NO_VALUE;
    for (int i = 0; i < count; i++)
        tensor_set(&tensor, i, (double)value);
    return graph_add_weight(graph, "batch", tensor);
}

static struct value_id add_node(struct graph *graph, const char *op, const void *attr,
                                const struct value_id *input, int count, enum dtype dtype)
{
    struct value_id output = graph_add_activation(graph, "batch", dtype);

    graph_add_node(graph, op_find(op), "batch", attr, input, count, &output, 1);
    return output;
}

// [batch, 1, 1 ...] as the graph computes it from its first input.
static enum status batch_and_ones(struct context *context, struct graph *graph, int rank,
                                  struct value_id *out)
{
    const struct axis_attr along = {0};
    struct value_id cut[3] = {NO_VALUE, weight_of_ints(context, graph, 1, 0),
                              weight_of_ints(context, graph, 1, 1)};
    struct value_id parts[2] = {NO_VALUE, weight_of_ints(context, graph, rank - 1, 1)};

    if (!value_exists(cut[1]) || !value_exists(cut[2]) || !value_exists(parts[1]))
        return ERR_MEMORY;
    cut[0] = add_node(graph, "Shape", NULL, graph->input, 1, DT_I64);
    parts[0] = add_node(graph, "Slice", NULL, cut, 3, DT_I64);
    *out = add_node(graph, "Concat", &along, parts, 2, DT_I64);
    return OK;
}

// What stands once beside a batch of one has to stand beside every sample.
static enum status stretch_inputs(struct context *context, struct graph *graph, uint32_t n,
                                  const bool *reached, const struct inference *own)
{
    const int64_t axis = ((const struct axis_attr *)graph->node[n].attr)->axis;

    for (int i = 0; i < graph->node[n].input_count; i++) {
        struct value_id id = graph->node[n].input[i], inputs[2] = {id, NO_VALUE};
        const struct tensor *at = value_exists(id) ? &own->of_value[id.at] : NULL;
        if (!at || reached[id.at] || at->shape.rank < 2 || at->shape.dim[0] != 1 || axis == 0 ||
            axis == -at->shape.rank)
            continue;
        TRY(batch_and_ones(context, graph, at->shape.rank, &inputs[1]));
        graph_set_input(graph, (struct node_id){n}, i,
                        add_node(graph, "Expand", NULL, inputs, 2, at->dtype));
    }
    return OK;
}

static enum status stretch_all(struct context *context, struct graph *graph,
                               const struct infer_options *options)
{
    const struct infer_options own = {
        .batch = 1, .shape = options->shape, .set = options->set, .is_lenient = true};
    const uint32_t values = graph->value_count, nodes = graph->node_count;
    bool *reached = must_alloc(values * sizeof *reached + 1);
    enum status status = OK;
    struct inference inference = {0};

    find_reached(graph, reached);
    for (uint32_t n = 0; n < nodes && status == OK; n++) {
        if (!is_mixed_concat(&graph->node[n], reached))
            continue;
        if (!inference.of_value)
            status = graph_infer(context, graph, &own, &inference);
        if (status == OK)
            status = stretch_inputs(context, graph, n, reached, &inference);
    }
    inference_clear(&inference);
    free(reached);
    return status == OK && graph->node_count > nodes ? graph_sort(context, graph) : status;
}

enum status open_constants(struct context *context, struct graph *graph,
                           const struct infer_options *options)
{
    separate_targets(graph);
    return stretch_all(context, graph, options);
}
