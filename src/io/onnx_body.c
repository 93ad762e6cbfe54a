// Bodies of If, Loop and Scan: read with the same machinery as the graph around them. A name from
// outside becomes one more input of the body and of its node.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

// Deeper than any export; what looks into bodies takes time for each level.
enum { BODY_DEPTH_MAX = 12 };

// Tables that go on from the graph around: names stay unique in the whole model.
static void share_tables(struct reader *to, const struct reader *from)
{
    to->names = from->names;
    to->counters = from->counters;
    to->types = from->types;
    to->call_count = from->call_count;
    to->call_bytes = from->call_bytes;
}

static void open_inner(struct reader *outer, int64_t opset, struct reader *inner)
{
    *inner = (struct reader){.context = outer->context,
                             .source = outer->source,
                             .graph = graph_new(),
                             .arena = outer->arena,
                             .functions = outer->functions,
                             .float_dtype = outer->float_dtype,
                             .outer = outer,
                             .body_depth = outer->body_depth + 1};
    arena_own_graph(outer->graph->arena, inner->graph);
    inner->graph->source_opset = opset;
    share_tables(inner, outer);
    name_map_init(&inner->node_names, inner->arena);
    name_map_init(&inner->node_counters, inner->arena);
    name_map_init(&inner->inputs_used, inner->arena);
}

static enum status read_inner(struct reader *inner, struct span bytes)
{
    struct parts parts = {.graph = bytes, .has_graph = true};

    if (inner->body_depth > BODY_DEPTH_MAX)
        return context_fail(inner->context, ERR_UNSUPPORTED, "bodies are nested deeper than %d",
                            BODY_DEPTH_MAX);
    TRY(graph_walk(inner, 4, &parts));
    TRY(values_add(inner, &parts));
    TRY(nodes_add(inner, &parts));
    TRY(outputs_add(inner, &parts));
    return nodes_finish(inner);
}

enum status body_read(struct reader *reader, const struct source_node *node,
                      const struct attribute *attribute, struct graph **out)
{
    struct reader inner;
    enum status status;

    open_inner(reader, node->opset, &inner);
    status = read_inner(&inner, attribute->g);
    free(inner.node);
    share_tables(reader, &inner);
    *out = inner.graph;
    // Until bodies_join, the count of names stands for them.
    inner.graph->capture_count = (uint32_t)inner.captures.count;
    return status == OK ? OK : context_fail_in(reader->context, status, "in '%s'", attribute->name);
}

static void take_value(struct reader *reader, struct value_id id, const struct value *from)
{
    const struct value *info = from->tensor.dtype == DT_NONE && from->tensor.shape.rank < 0
                                   ? name_map_get(&reader->types, from->name)
                                   : NULL;
    struct value *value = graph_value(reader->graph, id);

    from = info ? info : from;
    value->tensor.dtype = from->tensor.dtype;
    value->tensor.shape = from->tensor.shape;
}

struct value_id reader_find_value(struct reader *reader, const char *name)
{
    struct value_id id = graph_find_value(reader->graph, name), outside;
    struct tensor unknown = {DT_NONE, SHAPE_UNKNOWN, NULL, 0};

    if (value_exists(id) || !reader->outer)
        return id;
    outside = reader_find_value(reader->outer, name);
    if (!value_exists(outside) ||
        graph_add_value(reader->context, reader->graph, name, VALUE_INPUT, unknown, &id) != OK)
        return NO_VALUE;
    take_value(reader, id, graph_value(reader->outer->graph, outside));
    name_list_add(reader->arena, &reader->captures, graph_value(reader->graph, id)->name);
    return id;
}

// The captured names of a body: inputs that are not among its own.
static void list_captures(struct reader *reader, const struct graph *body, struct name_map *seen,
                          struct name_list *out)
{
    for (uint32_t i = 0, found = 0; i < body->value_count && found < body->capture_count; i++) {
        const struct value *value = &body->value[i];
        bool is_own = value->role != VALUE_INPUT;
        for (uint32_t k = 0; k < body->input_count && !is_own; k++)
            is_own = body->input[k].at == i;
        if (is_own)
            continue;
        found++;
        if (!name_map_get(seen, value->name)) {
            name_map_put(seen, value->name, value->name);
            name_list_add(reader->arena, out, value->name);
        }
    }
}

static void add_captures(struct reader *reader, struct graph *body, const struct name_list *names)
{
    struct value_id *input =
        arena_array(reader->arena, struct value_id, body->input_count + names->count + 1);
    uint32_t count = body->input_count;

    if (count)
        memcpy(input, body->input, count * sizeof *input);
    for (size_t i = 0; i < names->count; i++) {
        struct value_id id = graph_find_value(body, names->at[i]);
        if (!value_exists(id) || graph_value(body, id)->role != VALUE_INPUT) {
            id = graph_add_activation(body, names->at[i], DT_NONE); // another body reads it
            graph_value(body, id)->role = VALUE_INPUT;
        }
        input[count++] = id;
    }
    body->capture_count = (uint32_t)names->count;
    graph_set_inputs(body, input, count);
}

void bodies_join(struct reader *reader, const struct op *op, const void *attr,
                 struct name_list *out)
{
    struct node node = {.op = op, .attr = attr};
    struct name_map seen;
    struct graph *body;

    *out = (struct name_list){NULL, 0, 0};
    name_map_init(&seen, reader->arena);
    for (int i = 0; (body = node_body(&node, i)); i++)
        list_captures(reader, body, &seen, out);
    for (int i = 0; (body = node_body(&node, i)); i++)
        add_captures(reader, body, out);
}
