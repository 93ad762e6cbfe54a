// Names of bodies as ONNX wants them: no value inside is called like one outside.
#include <string.h>

#include "io/onnx_internal.h"

struct scope {
    const struct graph *graph;
    const struct scope *outer;
};

static bool is_taken(const struct scope *scope, const char *name)
{
    for (; scope; scope = scope->outer)
        if (value_exists(graph_find_value(scope->graph, name)))
            return true;
    return false;
}

static const char *fresh_name(const struct scope *scope, const struct graph *body,
                              const struct name_map *used, const char *name)
{
    const char *fresh = name;

    for (int i = 1; is_taken(scope, fresh) || name_map_get(used, fresh) ||
                    (i > 1 && value_exists(graph_find_value(body, fresh)));
         i++)
        fresh = arena_format(body->arena, "%s_inner%d", name, i);
    return fresh;
}

static void respell(struct graph *body, const struct node *node, const struct scope *scope)
{
    const char **name = arena_array(body->arena, const char *, body->value_count + 1);
    uint32_t captures = body->capture_count, formal = body->input_count - captures;
    struct name_map used;

    name_map_init(&used, body->arena);
    for (uint32_t i = 0; i < captures; i++) {
        struct value_id outside = node->input[(uint32_t)node->input_count - captures + i];
        name[body->input[formal + i].at] = graph_value(scope->graph, outside)->name;
    }
    for (uint32_t i = 0; i < body->value_count; i++) {
        if (!name[i])
            name[i] = fresh_name(scope, body, &used, body->value[i].name);
        name_map_put(&used, name[i], name[i]);
    }
    graph_rename_values(body, name);
}

static bool is_captured(const struct graph *body, struct value_id id)
{
    for (uint32_t i = body->input_count - body->capture_count; i < body->input_count; i++)
        if (value_is(body->input[i], id))
            return true;
    return false;
}

// What comes from outside, or goes out twice, takes a node to carry it.
static void carry_outputs(struct graph *body)
{
    struct value_id *output =
        arena_copy(body->arena, body->output, body->output_count * sizeof *output);

    for (uint32_t i = 0; i < body->output_count; i++) {
        struct value_id from = output[i];
        bool is_direct = !is_captured(body, from);
        for (uint32_t k = 0; k < i && is_direct; k++)
            is_direct = !value_is(output[k], from);
        if (is_direct)
            continue;
        output[i] = graph_add_activation(
            body, arena_format(body->arena, "%s_out", graph_value(body, from)->name),
            graph_value(body, from)->tensor.dtype);
        graph_add_node(body, op_find("Identity"), NULL, NULL, &from, 1, &output[i], 1);
    }
    graph_set_outputs(body, output, body->output_count);
}

static void respell_all(struct graph *graph, const struct scope *outer)
{
    struct scope scope = {graph, outer};
    struct graph *body;

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; (body = node_body(&graph->node[n], i)); i++) {
            carry_outputs(body);
            respell(body, &graph->node[n], &scope);
            respell_all(body, &scope);
        }
}

void bodies_respell(struct graph *graph)
{
    respell_all(graph, NULL);
}
