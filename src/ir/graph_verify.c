// Structure checks after reading and after every pass.
#include <string.h>

#include "ir/graph_internal.h"

static enum status check_count(struct context *context, const char *what, int count, int min,
                               int max)
{
    if (count < min || (max >= 0 && count > max))
        return context_fail(context, ERR_INTERNAL, "has %d %s, wants %d to %d", count, what, min,
                            max);
    return OK;
}

static enum status check_input(struct context *context, const struct graph *graph, uint32_t n,
                               struct value_id id)
{
    const struct value *value;

    if (!value_exists(id))
        return OK;
    if (id.at >= graph->value_count)
        return context_fail(context, ERR_INTERNAL, "input id %u does not exist", id.at);
    value = graph_value(graph, id);
    if (value->role == VALUE_ACTIVATION && !node_exists(value->producer))
        return context_fail(context, ERR_INTERNAL, "input '%s' is not defined", value->name);
    if (node_exists(value->producer) && value->producer.at >= n)
        return context_fail(context, ERR_INTERNAL, "reads '%s' before it is made", value->name);
    return OK;
}

static enum status check_output(struct context *context, const struct graph *graph, uint32_t n,
                                struct value_id id)
{
    if (!value_exists(id))
        return OK;
    if (id.at >= graph->value_count)
        return context_fail(context, ERR_INTERNAL, "output id %u does not exist", id.at);
    if (graph_value(graph, id)->producer.at != n)
        return context_fail(context, ERR_INTERNAL, "is not the producer of '%s'",
                            graph_value(graph, id)->name);
    return OK;
}

static enum status check_bodies(struct context *context, const struct node *node)
{
    int captures = node_capture_count(node);
    const struct graph *body;

    if (captures > node->input_count)
        return context_fail(context, ERR_INTERNAL, "has %d inputs, its body wants %d",
                            node->input_count, captures);
    for (int i = 0; (body = node_body(node, i)); i++) {
        if ((int)body->capture_count != captures || body->capture_count > body->input_count)
            return context_fail(context, ERR_INTERNAL, "body %d does not fit the others", i);
        TRY(graph_verify(context, body));
    }
    return OK;
}

static enum status check_node(struct context *context, const struct graph *graph, uint32_t n)
{
    const struct node *node = &graph->node[n];

    if (!node->op->is_unknown) {
        TRY(check_count(context, "inputs", node->input_count, node->op->min_inputs,
                        node->op->max_inputs));
        TRY(check_count(context, "outputs", node->output_count, node->op->min_outputs,
                        node->op->max_outputs));
    }
    for (int i = 0; i < node->op->min_inputs && !node->op->is_unknown; i++)
        if (!value_exists(node->input[i]))
            return context_fail(context, ERR_INTERNAL, "input %d is left out", i);
    TRY(check_bodies(context, node));
    for (int i = 0; i < node->input_count; i++)
        TRY(check_input(context, graph, n, node->input[i]));
    for (int i = 0; i < node->output_count; i++)
        TRY(check_output(context, graph, n, node->output[i]));
    return OK;
}

static enum status check_value(struct context *context, const struct value *value)
{
    const struct tensor *tensor = &value->tensor;

    if (value->role == VALUE_WEIGHT && !tensor->buffer)
        return context_fail(context, ERR_INTERNAL, "weight '%s' has no data", value->name);
    if (tensor->buffer && !shape_is_static(&tensor->shape))
        return context_fail(context, ERR_INTERNAL, "'%s' has data and no shape", value->name);
    if (value->quant && value->quant->axis >= 0 &&
        (value->quant->axis >= tensor->shape.rank ||
         tensor->shape.dim[value->quant->axis] != value->quant->count))
        return context_fail(context, ERR_INTERNAL, "'%s': scales do not fit its axis %d",
                            value->name, value->quant->axis);
    return OK;
}

enum status graph_verify(struct context *context, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->value_count; i++)
        TRY(check_value(context, &graph->value[i]));
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (check_node(context, graph, n) != OK)
            return graph_fail_at(context, &graph->node[n], ERR_INTERNAL);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct value *value = graph_value(graph, graph->output[i]);
        if (value->role == VALUE_ACTIVATION && !node_exists(value->producer))
            return context_fail(context, ERR_INTERNAL, "output '%s' is not defined", value->name);
    }
    return OK;
}
