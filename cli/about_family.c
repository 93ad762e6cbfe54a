// Guesses what kind of network a graph is from the operators that it consists of.
#include <string.h>

#include "cli/about.h"

// What a family is told by.
struct traits {
    int convolutions, depthwise, products, recurrent, attention, residual, quantize, dequantize;
    int upsampled, branches;
    const char *recurrent_name;
    bool is_causal;
};

static int rank_of(const struct figures *figures, struct value_id id)
{
    return figures->inference.of_value[id.at].shape.rank;
}

static bool is_weight(const struct graph *graph, struct value_id id)
{
    return !value_exists(id) || graph_value(graph, id)->role == VALUE_WEIGHT;
}

static const struct node *maker(const struct graph *graph, struct value_id id)
{
    return value_exists(id) && node_exists(graph_value(graph, id)->producer)
               ? graph_node(graph, graph_value(graph, id)->producer)
               : NULL;
}

// A mask that hides the later half of a square: numbers far below zero, above the diagonal alone.
static bool is_causal_mask(const struct tensor *mask)
{
    int64_t side = mask->shape.rank >= 2 ? mask->shape.dim[mask->shape.rank - 1] : 0;

    if (side < 2 || mask->shape.dim[mask->shape.rank - 2] != side ||
        !dtype_info[mask->dtype].is_float)
        return false;
    return tensor_get(mask, 1) < -100 && tensor_get(mask, side - 1) < -100 &&
           tensor_get(mask, side) == 0;
}

// A Softmax between two products of activations.
static void look_at_softmax(const struct graph *graph, const struct node *node,
                            struct traits *traits)
{
    struct node_id reader = graph_only_consumer(graph, node->output[0]);
    const struct node *next = node_exists(reader) ? graph_node(graph, reader) : NULL;
    const struct node *before = maker(graph, node->input[0]);

    if (!next || !node_is(next, "MatMul") || is_weight(graph, next->input[0]) ||
        is_weight(graph, next->input[1]))
        return;
    traits->attention++;
    for (int i = 0; before && node_is(before, "Add") && i < 2; i++)
        traits->is_causal |= is_weight(graph, before->input[i]) &&
                             is_causal_mask(&graph_value(graph, before->input[i])->tensor);
}

static void look_at_node(const struct graph *graph, const struct figures *figures,
                         const struct node *node, struct traits *traits)
{
    if (node_is(node, "Conv") || node_is(node, "ConvInteger") || node_is(node, "QLinearConv"))
        traits->convolutions++;
    else if (node_is(node, "ConvTranspose") || node_is(node, "Resize") || node_is(node, "Upsample"))
        traits->upsampled++;
    else if (node_is(node, "Gemm") || node_is(node, "MatMul") || node_is(node, "MatMulInteger") ||
             node_is(node, "QLinearMatMul"))
        traits->products++;
    else if (node_is(node, "LSTM") || node_is(node, "GRU") || node_is(node, "RNN"))
        traits->recurrent++, traits->recurrent_name = node->op->name;
    else if (node_is(node, "Attention") || node_is(node, "MultiHeadAttention"))
        traits->attention++;
    else if (node_is(node, "Softmax"))
        look_at_softmax(graph, node, traits);
    else if (node_is(node, "Add") && !is_weight(graph, node->input[0]) &&
             !is_weight(graph, node->input[1]) && rank_of(figures, node->output[0]) == 4)
        traits->residual++;
    traits->branches += op_has_bodies(node->op);
    traits->quantize += node_is(node, "QuantizeLinear");
    traits->dequantize += node_is(node, "DequantizeLinear");
}

static void look(const struct graph *graph, const struct figures *figures, struct traits *traits)
{
    *traits = (struct traits){0};
    for (uint32_t n = 0; n < graph->node_count; n++)
        look_at_node(graph, figures, &graph->node[n], traits);
    for (uint32_t i = 0; i < figures->counts.node_count; i++)
        traits->depthwise += figures->counts.node[i].is_depthwise;
}

static bool takes_tokens(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        enum dtype dtype = graph_value(graph, graph->input[i])->tensor.dtype;
        if (dtype == DT_I64 || dtype == DT_I32)
            return true;
    }
    return false;
}

// What the first output is like: "classifier of 10 classes".
static void add_purpose(const struct graph *graph, const struct figures *figures,
                        const struct traits *traits, struct text *out)
{
    const struct shape *shape = &figures->inference.of_value[graph->output[0].at].shape;
    const struct shape *in = &figures->inference.of_value[graph->input[0].at].shape;

    if (traits->products && shape->rank == 2 && in->rank == 2 && shape->dim[1] == in->dim[1])
        text_add(out, traits->convolutions ? "network" : "autoencoder");
    else if (shape->rank == 2 && shape->dim[1] > 1)
        text_format(out, "network of %lld outputs (a classifier, or a regression)",
                    (long long)shape->dim[1]);
    else if (shape->rank == 2)
        text_add(out, "network of one output");
    else if (shape->rank == 3 && graph->output_count > 1 && traits->convolutions)
        text_add(out, "detector (boxes and scores)");
    else if (shape->rank == 4 && traits->upsampled)
        text_add(out, "image to image network");
    else if (shape->rank == 4)
        text_add(out, "feature extractor");
    else
        text_add(out, "network");
}

static bool ends_in_softmax(const struct graph *graph)
{
    const struct node *last = maker(graph, graph->output[0]);

    while (last && !last->op->is_unknown && last->op->traits & OP_VIEW)
        last = maker(graph, last->input[0]);
    return last && (node_is(last, "Softmax") || node_is(last, "LogSoftmax"));
}

static void add_kind(const struct graph *graph, const struct figures *figures,
                     const struct traits *traits, struct text *out)
{
    const struct shape *shape = &figures->inference.of_value[graph->output[0].at].shape;

    if (traits->attention) {
        text_format(out, "%s transformer%s, %d attention layers",
                    takes_tokens(graph)    ? "token"
                    : traits->convolutions ? "vision"
                                           : "",
                    traits->is_causal ? " decoder (causal)" : "", traits->attention);
        return;
    }
    if (traits->recurrent) {
        text_format(out, "recurrent network, %d %s%s", traits->recurrent, traits->recurrent_name,
                    traits->convolutions ? " behind convolutions" : "");
        return;
    }
    if (traits->branches) {
        text_format(out, "network that branches or loops in %d node%s", traits->branches,
                    traits->branches == 1 ? "" : "s");
        return;
    }
    text_add(out, traits->convolutions ? "convolutional "
                  : traits->products   ? "fully connected "
                                       : "");
    if (ends_in_softmax(graph) && shape->rank == 2)
        text_format(out, "classifier of %lld classes", (long long)shape->dim[1]);
    else
        add_purpose(graph, figures, traits, out);
    if (traits->depthwise)
        text_add(out, ", depthwise");
    if (traits->residual)
        text_add(out, ", residual");
}

void about_family(const struct graph *graph, const struct figures *figures, struct text *out)
{
    struct traits traits;

    if (!graph->input_count || !graph->output_count)
        return;
    look(graph, figures, &traits);
    add_kind(graph, figures, &traits, out);
    if (traits.quantize && traits.dequantize)
        text_add(out, ", int8 weights and activations (QDQ)");
    else if (traits.dequantize)
        text_add(out, ", integer weights");
}
