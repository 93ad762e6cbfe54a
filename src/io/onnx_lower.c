// Lowering: a graph in the spelling of the opset that is written.
#include <string.h>

#include "io/onnx_internal.h"

static void add_raw(struct graph *graph, struct node *node, const struct text *more)
{
    struct text raw;

    text_init(&raw);
    text_add_bytes(&raw, node->raw_attr, node->raw_attr_bytes);
    text_add_bytes(&raw, more->at, more->length);
    node->raw_attr = arena_copy_bytes(graph->arena, raw.at, raw.length);
    node->raw_attr_bytes = raw.length;
    text_clear(&raw);
}

static void input_to_attribute(struct graph *graph, struct node *node, const struct moved *row)
{
    const struct value *weight = graph_weight(graph, node, row->slot);
    int64_t count = weight ? tensor_count(&weight->tensor) : 0;
    int64_t *ints = arena_array(graph->arena, int64_t, (size_t)count + 1);
    struct text raw;

    if (!weight || !count)
        return;
    text_init(&raw);
    if (row->type == TYPE_FLOAT) {
        attribute_put_float(&raw, row->attr, (float)tensor_get(&weight->tensor, 0));
    } else {
        for (int64_t i = 0; i < count; i++)
            ints[i] = tensor_get_int(&weight->tensor, i);
        if (row->type == TYPE_INT)
            attribute_put_int(&raw, row->attr, ints[0]);
        else
            attribute_put_ints(&raw, row->attr, ints, count);
    }
    add_raw(graph, node, &raw);
    text_clear(&raw);
}

// axes written as an attribute of the IR (text IR) go to an input where the opset wants that.
static enum status attribute_to_input(struct context *context, struct graph *graph,
                                      struct node_id id, const struct moved *row)
{
    struct node *node = graph_node(graph, id);
    const struct field *field = node->op->attr ? field_find(node->op->attr, row->attr) : NULL;
    struct value_id input[8];
    struct tensor tensor;
    struct ints list;
    char *attr;

    if (!field || field->type != FIELD_INTS || node_has_input(node, row->slot) || row->slot > 7)
        return OK;
    memcpy(&list, (const char *)node->attr + field->offset, sizeof list);
    if (!list.count)
        return OK;
    TRY(tensor_alloc(context, &tensor, DT_I64, &SHAPE(list.count)));
    memcpy(tensor_write(&tensor), list.at, (size_t)list.count * sizeof *list.at);
    for (int i = 0; i <= row->slot; i++)
        input[i] = i < node->input_count ? node->input[i] : NO_VALUE;
    attr = fields_copy(node->op->attr, node->attr, node->op->attr_bytes, graph->arena);
    memset(attr + field->offset, 0, sizeof list);
    node->attr = attr;
    input[row->slot] =
        graph_add_weight(graph, arena_format(graph->arena, "%s/%s", node->name, row->attr), tensor);
    graph_set_node_inputs(graph, id, input, row->slot + 1);
    return OK;
}

static enum status lower_node(struct context *context, struct graph *graph, struct node_id id,
                              int64_t opset)
{
    struct node *node = graph_node(graph, id);
    int kept = node->input_count;
    struct text raw;

    for (size_t i = 0; i < opset_moved_count; i++) {
        if (!node_is(node, opset_moved[i].op))
            continue;
        if (opset >= opset_moved[i].since) {
            TRY(attribute_to_input(context, graph, id, &opset_moved[i]));
            node = graph_node(graph, id);
            kept = node->input_count;
        } else {
            input_to_attribute(graph, node, &opset_moved[i]);
            kept = kept > opset_moved[i].slot ? opset_moved[i].slot : kept;
        }
    }
    if (kept < node->input_count)
        graph_set_node_inputs(graph, id, node->input, kept);
    if (opset >= 18 && node_is(node, "Split") && !node_has_input(node, 1))
        node->attr =
            node_attr_with_int(graph, node->op, node->attr, "num_outputs", node->output_count);
    if (opset < 13 && !node->op->is_unknown && opset_is_softmax(node->op->name)) {
        text_init(&raw);
        attribute_put_int(&raw, "axis", -1);
        add_raw(graph, node, &raw);
        text_clear(&raw);
    }
    return OK;
}

static enum status lower_graph(struct context *context, struct graph *graph, int64_t opset)
{
    uint32_t nodes = graph->node_count;
    struct graph *body;

    for (uint32_t n = 0; n < nodes; n++) {
        TRY(lower_node(context, graph, (struct node_id){n}, opset));
        for (int i = 0; (body = node_body(&graph->node[n], i)); i++)
            TRY(lower_graph(context, body, opset));
    }
    return OK;
}

enum status opset_lower(struct context *context, struct graph *graph, int64_t *opset)
{
    TRY(opset_choose(context, graph, opset));
    TRY(lower_graph(context, graph, *opset));
    bodies_respell(graph);
    return OK;
}
