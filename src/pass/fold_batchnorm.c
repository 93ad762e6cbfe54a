// Conv or Gemm followed by BatchNormalization becomes Conv or Gemm with a bias:
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
    return -1;
}

static bool is_foldable(const struct graph *graph, const struct node *norm)
{
    const struct batch_normalization_attr *attr = norm->attr;

    if (!node_is(norm, "BatchNormalization") || attr->training_mode || norm->output_count > 1)
        return false;
    for (int i = 1; i < 5; i++) {
        const struct value *value = graph_weight(graph, norm, i);
        if (!value || value->tensor.dtype != DT_F32)
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
                               const struct node *norm, const struct tensor *weight, int axis,
                               struct tensor *out)
{
    int64_t inner = 1, channels = weight->shape.dim[axis], count = tensor_count(weight);

    for (int i = axis + 1; i < weight->shape.rank; i++)
        inner *= weight->shape.dim[i];
    TRY(tensor_alloc(context, out, DT_F32, &weight->shape));
    for (int64_t i = 0; i < count; i++)
        tensor_set(out, i, tensor_get(weight, i) *
                               affine_of(graph, norm, i / inner % channels).factor);
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

static enum status fold(struct context *context, struct graph *graph, struct node_id at,
                        struct node_id norm_id, int axis)
{
    const struct node *node = graph_node(graph, at), *norm = graph_node(graph, norm_id);
    struct value *weight = graph_weight(graph, node, 1), *bias = graph_weight(graph, node, 2);
    const char *weight_name = weight->name; // names stay where they are, values move
    const char *bias_name = bias ? bias->name : arena_format(graph->arena, "%s_bias", node->name);
    int64_t channels = weight->tensor.shape.dim[axis];
    struct sparsity *sparsity = weight->sparsity;
    struct value_id output = norm->output[0], input[3] = {node->input[0], NO_VALUE, NO_VALUE};
    struct tensor folded, shift;

    if (tensor_count(&graph_weight(graph, norm, 1)->tensor) != channels)
        return OK;
    TRY(fold_weight(context, graph, norm, &weight->tensor, axis, &folded));
    if (fold_bias(context, graph, norm, bias, channels, &shift) != OK) {
        tensor_release(&folded);
        return ERR_MEMORY;
    }
    input[1] = graph_add_weight(graph, weight_name, folded);
    input[2] = graph_add_weight(graph, bias_name, shift);
    if (sparsity) { // zeros stay zeros under a factor
        struct sparsity *copy = arena_copy(graph->arena, sparsity, sizeof *sparsity);
        tensor_share(&copy->mask, &sparsity->mask);
        graph_value(graph, input[1])->sparsity = copy;
    }
    graph_set_node_inputs(graph, at, input, 3);
    graph_set_output(graph, at, 0, output);
    return OK;
}

static bool bias_is_constant(const struct graph *graph, const struct node *node)
{
    return node->input_count < 3 || !value_exists(node->input[2]) || graph_weight(graph, node, 2);
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
        const struct value *weight;
        if (axis < 0 || !node_exists(norm) || !is_foldable(graph, graph_node(graph, norm)) ||
            !value_is(graph_node(graph, norm)->input[0], node->output[0]))
            continue;
        weight = graph_weight(graph, node, 1);
        if (!weight || weight->tensor.dtype != DT_F32 || !bias_is_constant(graph, node))
            continue;
        TRY(fold(run->context, graph, (struct node_id){n}, norm, axis));
        dead[norm.at] = graph_node(graph, (struct node_id){n})->input_count == 3 &&
                        value_is(graph->node[n].output[0], graph_node(graph, norm)->output[0]);
    }
    graph_compact(graph, dead);
    return graph_sort(run->context, graph);
}

const struct pass pass_fold_batchnorm = {
    .name = "fold_batchnorm",
    .summary = "merge batch normalisation into the convolution or matrix before it",
    .run = run,
};
