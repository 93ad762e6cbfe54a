// Conv, ConvTranspose or Gemm followed by BatchNormalization becomes one with a bias:
// w' = w gamma / sqrt(variance + epsilon), b' = beta + (b - mean) gamma / sqrt(variance + epsilon).
#include <math.h>
#include <stdio.h>

#include "ops/attr.h"
#include "pass/pass.h"

// Output channels of the node's weight lie on this axis; -1: not a foldable node.
static int channel_axis(const struct node *node)
{
    if (node_is(node, "Conv"))
        return 0;
    if (node_is(node, "Gemm")) {
        const struct gemm_attr *attr = node->attr;
        return attr->alpha == 1 && attr->beta == 1 && !attr->transA ? (attr->transB ? 0 : 1) : -1;
    }
    return node_is(node, "ConvTranspose") ? 1 : -1;
}

// ConvTranspose has the channels of each group on its axis, and the groups on axis 0. 0: they do
// not divide it.
static int64_t groups_of(const struct node *node, const struct tensor *weight)
{
    const struct conv_transpose_attr *attr = node->attr;

    if (!node_is(node, "ConvTranspose"))
        return 1;
    return attr->group < 1 || attr->group > weight->shape.dim[0] ||
                   weight->shape.dim[0] % attr->group != 0
               ? 0
               : attr->group;
}

static bool is_foldable(const struct graph *graph, const struct node *norm, int64_t channels)
{
    const struct batch_normalization_attr *attr = norm->attr;

    if (!node_is(norm, "BatchNormalization") || attr->training_mode || norm->output_count > 1)
        return false;
    for (int i = 1; i < 5; i++) {
        const struct value *value = graph_weight(graph, norm, i);
        if (!value || value->tensor.dtype != DT_F32 || tensor_count(&value->tensor) != channels)
            return false;
    }
    return true;
}

// The factor and the shift that the batch norm means for channel c.
struct affine {
    double factor, shift;
};

static struct affine affine_of(const struct graph *graph, const struct node *norm, int64_t c)
{
    const struct batch_normalization_attr *attr = norm->attr;
    double gamma = tensor_get(&graph_weight(graph, norm, 1)->tensor, c);
    double beta = tensor_get(&graph_weight(graph, norm, 2)->tensor, c);
    double mean = tensor_get(&graph_weight(graph, norm, 3)->tensor, c);
    double variance = tensor_get(&graph_weight(graph, norm, 4)->tensor, c);
    double factor = gamma / sqrt(variance + attr->epsilon);

    return (struct affine){factor, beta - mean * factor};
}

static enum status fold_weight(struct context *context, struct graph *graph,
                               const struct node *node, const struct node *norm, int axis,
                               struct tensor *out)
{
    const struct tensor *weight = &graph_weight(graph, node, 1)->tensor;
    int64_t inner = 1, channels = weight->shape.dim[axis], count = tensor_count(weight);
    int64_t group =
        count / groups_of(node, weight); // elements of a group, where groups are on axis 0

    for (int i = axis + 1; i < weight->shape.rank; i++)
        inner *= weight->shape.dim[i];
    TRY(tensor_alloc(context, out, DT_F32, &weight->shape));
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / group * channels + i / inner % channels;
        tensor_set(out, i, tensor_get(weight, i) * affine_of(graph, norm, c).factor);
    }
    return OK;
}

static enum status fold_bias(struct context *context, struct graph *graph, const struct node *norm,
                             const struct value *bias, int64_t channels, struct tensor *out)
{
    TRY(tensor_alloc(context, out, DT_F32, &SHAPE(channels)));
    for (int64_t c = 0; c < channels; c++) {
        struct affine affine = affine_of(graph, norm, c);
        double old = bias ? tensor_get(&bias->tensor, tensor_count(&bias->tensor) == 1 ? 0 : c) : 0;
        tensor_set(out, c, old * affine.factor + affine.shift);
    }
    return OK;
}

// The weight keeps its name where no other node reads it: records of pruning go by names.
static struct value_id put_weight(struct graph *graph, struct value_id old, struct tensor tensor)
{
    struct value *value = graph_value(graph, old);
    struct value_id fresh;

    if (graph_use_count(graph, old) == 1) {
        tensor_release(&value->tensor);
        value->tensor = tensor;
        value->quant = NULL;
        return old;
    }
    fresh = graph_add_weight(graph, value->name, tensor);
    value = graph_value(graph, old);
    if (value->sparsity) { // zeros stay zeros under a factor
        struct sparsity *copy = arena_copy(graph->arena, value->sparsity, sizeof *copy);
        tensor_share(&copy->mask, &value->sparsity->mask);
        graph_value(graph, fresh)->sparsity = copy;
    }
    return fresh;
}

static enum status fold(struct context *context, struct graph *graph, struct node_id at,
                        struct node_id norm_id, int axis)
{
    const struct node *node = graph_node(graph, at), *norm = graph_node(graph, norm_id);
    struct value *weight = graph_weight(graph, node, 1), *bias = graph_weight(graph, node, 2);
    const char *bias_name = arena_format(graph->arena, "%s_bias", node->name);
    int64_t channels = weight->tensor.shape.dim[axis] * groups_of(node, &weight->tensor);
    struct value_id output = norm->output[0], input[3] = {node->input[0], NO_VALUE, NO_VALUE};
    struct tensor folded, shift;

    TRY(fold_weight(context, graph, node, norm, axis, &folded));
    if (fold_bias(context, graph, norm, bias, channels, &shift) != OK) {
        tensor_release(&folded);
        return ERR_MEMORY;
    }
    input[1] = put_weight(graph, node->input[1], folded);
    input[2] =
        bias ? put_weight(graph, node->input[2], shift) : graph_add_weight(graph, bias_name, shift);
    graph_set_node_inputs(graph, at, input, 3);
    graph_set_output(graph, at, 0, output);
    return OK;
}

// No bias, or one float for all channels or for each.
static bool bias_is_plain(const struct graph *graph, const struct node *node, int64_t channels)
{
    const struct value *bias = graph_weight(graph, node, 2);
    const struct shape *shape = bias ? &bias->tensor.shape : NULL;
    int64_t count = bias ? tensor_count(&bias->tensor) : 1;

    if (!bias)
        return node->input_count < 3 || !value_exists(node->input[2]);
    return bias->tensor.dtype == DT_F32 &&
           (count == 1 || (count == channels && shape->dim[shape->rank - 1] == channels));
}

// Requires: nothing. Keeps: what the graph computes, to rounding. Leaves batch norms alone whose
// input has other readers or is no Conv or Gemm with a constant float weight.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;
    bool *dead = arena_array(graph->arena, bool, graph->node_count + 1);

    for (uint32_t n = 0; n < graph->node_count; n++) {
        struct node_id norm = graph_only_consumer(graph, graph->node[n].output[0]);
        const struct node *node = &graph->node[n];
        int axis = channel_axis(node);
        const struct value *weight = axis < 0 ? NULL : graph_weight(graph, node, 1);
        int64_t channels;
        if (!weight || weight->tensor.dtype != DT_F32 || weight->tensor.shape.rank < 2 ||
            !node_exists(norm))
            continue;
        channels = weight->tensor.shape.dim[axis] * groups_of(node, &weight->tensor);
        if (channels == 0 || !is_foldable(graph, graph_node(graph, norm), channels) ||
            !bias_is_plain(graph, node, channels) ||
            !value_is(graph_node(graph, norm)->input[0], node->output[0]))
            continue;
        TRY(fold(run->context, graph, (struct node_id){n}, norm, axis));
        dead[norm.at] = true;
    }
    graph_compact(graph, dead);
    return graph_sort(run->context, graph);
}

const struct pass pass_fold_batchnorm = {
    .name = "fold_batchnorm",
    .summary = "merge batch normalisation into the convolution or matrix before it",
    .run = run,
};
