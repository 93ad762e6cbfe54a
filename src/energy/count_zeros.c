// What the zeros of a layer's weights leave of it: the part of its multiply-accumulates that is not
// with a zero, and whether zeros lie as sparse tensor cores want them; see count.h.
#include "energy/count_internal.h"
#include "ops/attr.h"

struct value_id weight_behind(const struct walk *walk, struct value_id id)
{
    while (value_exists(id) && walk->graph->value[id.at].role == VALUE_ACTIVATION) {
        struct node_id producer = walk->graph->value[id.at].producer;
        const struct node *node;
        if (!walk->is_constant[id.at] || !node_exists(producer))
            return NO_VALUE;
        node = graph_node(walk->graph, producer);
        id = node->input_count > 0 ? node->input[0] : NO_VALUE;
    }
    return value_exists(id) && walk->graph->value[id.at].role == VALUE_WEIGHT ? id : NO_VALUE;
}

double nonzero_part(const struct walk *walk, const struct node *node, const struct op_cost *cost)
{
    unsigned weights = node->op->weight_inputs & ~node->op->per_channel_inputs;
    double count = 0, nonzero = 0;

    for (int i = 0; i < node->input_count && i < 32; i++) {
        if (i != cost->weight_input && !(weights >> i & 1))
            continue;
        struct value_id root = weight_behind(walk, node->input[i]);
        double elements = value_exists(root) ? value_elements(walk, root) : 0;
        count += elements;
        nonzero += elements > 0 ? (double)walk->info[root.at].zeros.nonzero : 0;
    }
    return count > 0 ? nonzero / count : 1;
}

// The axis of a weight that a product sums over: of a convolution its channels, of a matrix the one
// that meets the activations'. -1: not known.
static int64_t summed_axis(const struct node *node, int slot, int32_t rank)
{
    const struct gemm_attr *gemm = node_is(node, "Gemm") ? node->attr : NULL;

    if (gemm)
        return (slot == 1) == (gemm->transB != 0) ? 1 : 0;
    if (node_is(node, "Conv"))
        return 1;
    if (node_is(node, "MatMul") && rank > 1)
        return slot == 1 ? rank - 2 : rank - 1;
    return -1;
}

bool finds_2_4(const struct walk *walk, const struct node *node, int slot, struct value_id weight,
               struct value_id root)
{
    const struct tensor *tensor = &graph_value(walk->graph, root)->tensor;
    struct node_id producer = graph_value(walk->graph, weight)->producer;
    int64_t axis = summed_axis(node, slot, tensor->shape.rank);
    bool as_it_lies =
        weight.at == root.at ||
        (node_exists(producer) && node_is(graph_node(walk->graph, producer), "DequantizeLinear") &&
         graph_node(walk->graph, producer)->input[0].at == root.at);

    return as_it_lies && axis >= 0 && tensor->buffer &&
           2 * walk->info[root.at].zeros.nonzero <= tensor_count(tensor) &&
           zeros_are_2_4(tensor, axis);
}
