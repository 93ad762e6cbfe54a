// Grids that end at zero are also how other tools write a Relu: what lies below is cut off where a
// value is rounded. Before such a grid is replaced or dropped, the Relu becomes a node.
#include "pass/pass.h"

static bool ends_at_zero(const struct quant *quant)
{
    return quant && quant->axis == QUANT_WHOLE_TENSOR && quant->scale &&
           (quant->zero_point ? quant->zero_point[0] : 0) == quant->low;
}

// Never below zero as it is made, seen through what only picks or averages.
static bool is_never_negative(const struct graph *graph, struct value_id id)
{
    static const char *const makers[] = {"Relu", "Sigmoid", "Softmax", "HardSigmoid", "Abs", "Exp"};
    static const char *const keepers[] = {"MaxPool",           "AveragePool", "GlobalMaxPool",
                                          "GlobalAveragePool", "Transpose",   "Dropout"};

    while (node_exists(graph_value(graph, id)->producer)) {
        const struct node *node = graph_node(graph, graph_value(graph, id)->producer);
        bool is_kept = !node->op->is_unknown && node->op->traits & OP_VIEW;
        for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
            if (node_is(node, makers[i]))
                return true;
        for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++)
            is_kept |= node_is(node, keepers[i]);
        if (node_is(node, "Clip") && graph_weight(graph, node, 1) &&
            tensor_get(&graph_weight(graph, node, 1)->tensor, 0) >= 0)
            return true;
        if (!is_kept)
            return false;
        id = node->input[0];
    }
    return false;
}

static void insert_relu(struct graph *graph, struct value_id id)
{
    struct node_id producer = graph_value(graph, id)->producer;
    const char *name = graph_value(graph, id)->name;
    struct value_id raw = graph_add_activation(graph, arena_format(graph->arena, "%s_raw", name),
                                               graph_value(graph, id)->tensor.dtype);
    int slot = 0;

    graph_value(graph, raw)->tensor.shape = graph_value(graph, id)->tensor.shape;
    while (!value_is(graph_node(graph, producer)->output[slot], id))
        slot++;
    graph_set_output(graph, producer, slot, raw);
    graph_add_node(graph, op_find("Relu"), arena_format(graph->arena, "%s_relu", name), NULL, &raw,
                   1, &id, 1);
}

// Requires: quantisation as annotations. Keeps: what the rounded graph computes.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;
    const uint32_t nodes = graph->node_count;

    for (uint32_t n = 0; n < nodes; n++)
        for (int o = 0; o < graph->node[n].output_count; o++) {
            struct value_id id = graph->node[n].output[o];
            if (value_exists(id) && ends_at_zero(graph_value(graph, id)->quant) &&
                !is_never_negative(graph, id))
                insert_relu(graph, id);
        }
    return graph->node_count > nodes ? graph_sort(run->context, graph) : OK;
}

const struct pass pass_explicit_clamps = {
    .name = "explicit_clamps",
    .summary = "a Relu node where a grid alone cuts off below zero",
    .run = run,
};
