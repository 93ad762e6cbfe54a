// Inlining of bodies.
#include "exec/inline.h"

#include "ops/op_table.h"

struct inlining {
    struct graph *graph;
    const struct graph *body;
    struct node node;     // that goes
    struct value_id *map; // the body's values in the graph
};

// Values from outside are there; an output that a node of the body makes is the node's own output.
static void map_ends(struct inlining *inlining)
{
    const struct graph *body = inlining->body;
    const struct node *node = &inlining->node;
    uint32_t captures = body->capture_count;

    for (uint32_t i = 0; i < body->value_count; i++)
        inlining->map[i] = NO_VALUE;
    for (uint32_t i = 0; i < captures; i++)
        inlining->map[body->input[body->input_count - captures + i].at] =
            node->input[(uint32_t)node->input_count - captures + i];
    for (int i = 0; i < node->output_count; i++) {
        struct value_id from = body->output[i];
        if (value_exists(node->output[i]) && !value_exists(inlining->map[from.at]) &&
            graph_value(body, from)->role == VALUE_ACTIVATION)
            inlining->map[from.at] = node->output[i];
    }
}

static void add_values(struct inlining *inlining)
{
    struct graph *graph = inlining->graph;

    for (uint32_t i = 0; i < inlining->body->value_count; i++) {
        const struct value *value = &inlining->body->value[i];
        struct tensor tensor;
        if (value_exists(inlining->map[i]) || value->role == VALUE_INPUT)
            continue;
        tensor_share(&tensor, &value->tensor);
        if (value->role == VALUE_WEIGHT) {
            inlining->map[i] = graph_add_weight(graph, value->name, tensor);
        } else {
            inlining->map[i] = graph_add_activation(graph, value->name, tensor.dtype);
            graph_value(graph, inlining->map[i])->tensor.shape = tensor.shape;
        }
        value_copy_annotations(graph, graph_value(graph, inlining->map[i]), value);
    }
}

static struct value_id *mapped(const struct inlining *inlining, const struct value_id *list,
                               int count)
{
    struct value_id *out = arena_array(inlining->graph->arena, struct value_id, (size_t)count + 1);

    for (int i = 0; i < count; i++)
        out[i] = value_exists(list[i]) ? inlining->map[list[i].at] : NO_VALUE;
    return out;
}

static void add_nodes(struct inlining *inlining)
{
    struct graph *graph = inlining->graph;

    for (uint32_t n = 0; n < inlining->body->node_count; n++) {
        const struct node *from = &inlining->body->node[n];
        struct node_id id =
            graph_add_node(graph, from->op, from->name, graph_copy_attr(graph, from),
                           mapped(inlining, from->input, from->input_count), from->input_count,
                           mapped(inlining, from->output, from->output_count), from->output_count);
        graph_node(graph, id)->raw_attr = from->raw_attr;
        graph_node(graph, id)->raw_attr_bytes = from->raw_attr_bytes;
        graph_node(graph, id)->doc = from->doc;
    }
}

// Outputs that are something else already: a value from outside, a weight, another output.
static void carry_outputs(struct inlining *inlining)
{
    const struct node *node = &inlining->node;

    for (int i = 0; i < node->output_count; i++) {
        struct value_id from = inlining->map[inlining->body->output[i].at];
        if (value_exists(node->output[i]) && !value_is(from, node->output[i]))
            graph_add_node(inlining->graph, &op_identity, NULL, NULL, &from, 1, &node->output[i],
                           1);
    }
}

void graph_inline_body(struct graph *graph, struct node_id id, const struct graph *body)
{
    struct inlining inlining = {
        graph, body, *graph_node(graph, id),
        arena_array(graph->arena, struct value_id, (size_t)body->value_count + 1)};

    map_ends(&inlining);
    add_values(&inlining);
    add_nodes(&inlining);
    carry_outputs(&inlining);
}
