// An ONNX model into a graph: walks model and graph in place and leaves values and nodes to files
// of their own.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

static void add_span(struct arena *arena, struct span **list, size_t *count, struct span span)
{
    if ((*count & (*count - 1)) == 0) { // a power of two: full
        struct span *grown = arena_array(arena, struct span, *count ? 2 * *count : 1);
        if (*count)
            memcpy(grown, *list, *count * sizeof *grown);
        *list = grown;
    }
    (*list)[(*count)++] = span;
}

const char *wire_kept_text(struct reader *reader, struct wire *wire, const struct wire_field *field)
{
    return wire_text(wire, field, reader->graph->arena);
}

static enum status walk_model(struct reader *reader, struct parts *parts)
{
    struct wire wire = wire_over(reader->source->bytes, 0);
    struct graph *graph = reader->graph;
    struct wire_field field;

    while (wire_next(&wire, &field))
        switch (field.number) {
        case MODEL_IR_VERSION:
            parts->ir_version = wire_int(&wire, &field);
            parts->has_ir_version = true;
            break;
        case MODEL_PRODUCER:
            graph->producer = wire_kept_text(reader, &wire, &field);
            break;
        case MODEL_PRODUCER_VERSION:
            graph->producer_version = wire_kept_text(reader, &wire, &field);
            break;
        case MODEL_DOMAIN:
            graph->model_domain = wire_kept_text(reader, &wire, &field);
            break;
        case MODEL_VERSION:
            graph->model_version = wire_int(&wire, &field);
            break;
        case MODEL_DOC:
            graph->model_doc = wire_kept_text(reader, &wire, &field);
            break;
        case MODEL_GRAPH:
            if (parts->has_graph)
                return context_fail(reader->context, ERR_FORMAT, "has two graphs");
            parts->graph = wire_bytes(&wire, &field);
            parts->has_graph = true;
            break;
        case MODEL_OPSET:
            add_span(reader->arena, &parts->opset, &parts->opset_count, wire_bytes(&wire, &field));
            break;
        case MODEL_METADATA:
            add_span(reader->arena, &parts->metadata, &parts->metadata_count,
                     wire_bytes(&wire, &field));
            break;
        case MODEL_FUNCTION:
            add_span(reader->arena, &parts->function, &parts->function_count,
                     wire_bytes(&wire, &field));
            break;
        default:
            break;
        }
    return wire_status(reader->context, &wire);
}

enum status graph_walk(struct reader *reader, int depth, struct parts *parts)
{
    struct wire wire = wire_over(parts->graph, depth);
    struct graph *graph = reader->graph;
    struct arena *arena = reader->arena;
    struct wire_field field;

    while (wire_next(&wire, &field))
        switch (field.number) {
        case GRAPH_NAME:
            graph->name = wire_kept_text(reader, &wire, &field);
            break;
        case GRAPH_DOC:
            graph->doc = wire_kept_text(reader, &wire, &field);
            break;
        case GRAPH_NODE:
            add_span(arena, &parts->node, &parts->node_count, wire_bytes(&wire, &field));
            break;
        case GRAPH_INITIALIZER:
            add_span(arena, &parts->initializer, &parts->initializer_count,
                     wire_bytes(&wire, &field));
            break;
        case GRAPH_INPUT:
            add_span(arena, &parts->input, &parts->input_count, wire_bytes(&wire, &field));
            break;
        case GRAPH_OUTPUT:
            add_span(arena, &parts->output, &parts->output_count, wire_bytes(&wire, &field));
            break;
        case GRAPH_VALUE_INFO:
            add_span(arena, &parts->value_info, &parts->value_info_count,
                     wire_bytes(&wire, &field));
            break;
        case GRAPH_SPARSE:
            add_span(arena, &parts->sparse, &parts->sparse_count, wire_bytes(&wire, &field));
            break;
        default:
            break;
        }
    return wire_status(reader->context, &wire);
}

static enum status check_parts(struct reader *reader, const struct parts *parts)
{
    struct context *context = reader->context;

    if (!parts->has_ir_version || (!parts->has_graph && !parts->opset_count))
        return context_fail(context, ERR_FORMAT, "is not an ONNX model");
    if (parts->ir_version < 3)
        return context_fail(context, ERR_UNSUPPORTED,
                            "ONNX IR version %lld is not supported, 3 and later are",
                            (long long)parts->ir_version);
    if (!parts->has_graph)
        return context_fail(context, ERR_FORMAT, "has no graph (cut short?)");
    if (!parts->opset_count)
        return context_fail(context, ERR_FORMAT, "does not say its opset (cut short?)");
    return OK;
}

static enum status read_opset(struct reader *reader, struct span bytes)
{
    struct wire wire = wire_over(bytes, 1);
    struct graph *graph = reader->graph;
    struct opset **last = &graph->opset;
    struct wire_field field;
    const char *domain = "";
    int64_t version = 0;

    while (wire_next(&wire, &field))
        if (field.number == OPSET_DOMAIN)
            domain = wire_kept_text(reader, &wire, &field);
        else if (field.number == OPSET_VERSION)
            version = wire_int(&wire, &field);
    TRY(wire_status(reader->context, &wire));
    if (!*domain || strcmp(domain, "ai.onnx") == 0) {
        graph->source_opset = version;
        if (version < OPSET_MIN || version > OPSET_MAX)
            return context_fail(reader->context, ERR_UNSUPPORTED,
                                "opset %lld is not supported, %d to %d are", (long long)version,
                                OPSET_MIN, OPSET_MAX);
        return OK;
    }
    while (*last)
        last = &(*last)->next;
    *last = arena_alloc(graph->arena, sizeof **last);
    **last = (struct opset){domain, version, NULL};
    return OK;
}

// Keys may occur twice in a foreign file; the order and every pair stay as they are.
static enum status read_metadata(struct reader *reader, const struct parts *parts)
{
    struct metadata **last = &reader->graph->metadata;

    for (size_t i = 0; i < parts->metadata_count; i++) {
        struct wire wire = wire_over(parts->metadata[i], 1);
        struct metadata *entry = arena_alloc(reader->graph->arena, sizeof *entry);
        struct wire_field field;
        entry->key = entry->text = "";
        while (wire_next(&wire, &field))
            if (field.number == ENTRY_KEY)
                entry->key = wire_kept_text(reader, &wire, &field);
            else if (field.number == ENTRY_VALUE)
                entry->text = wire_kept_text(reader, &wire, &field);
        TRY(wire_status(reader->context, &wire));
        *last = entry;
        last = &entry->next;
    }
    return OK;
}

enum status fail_named(struct context *context, enum status status, const char *what,
                       const char *name)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail_in(context, status, "%s '%s'", what, safe.at);
    text_clear(&safe);
    return status;
}

static enum status read_all(struct reader *reader, struct parts *parts)
{
    TRY(walk_model(reader, parts));
    TRY(check_parts(reader, parts));
    reader->graph->ir_version = parts->ir_version;
    for (size_t i = 0; i < parts->opset_count; i++)
        TRY(read_opset(reader, parts->opset[i]));
    TRY(read_metadata(reader, parts));
    for (size_t i = 0; i < parts->function_count; i++)
        TRY(functions_add(reader, parts->function[i]));
    TRY(graph_walk(reader, 1, parts));
    TRY(values_add(reader, parts));
    if (reader->float_dtype == DT_NONE)
        reader->float_dtype = DT_F32;
    TRY(nodes_add(reader, parts));
    TRY(outputs_add(reader, parts));
    return nodes_finish(reader);
}

enum status onnx_read(struct context *context, const struct onnx_source *source, struct graph **out)
{
    struct reader reader = {.context = context,
                            .source = source,
                            .graph = graph_new(),
                            .arena = arena_new(),
                            .float_dtype = DT_NONE};
    struct parts parts = {.has_graph = false};
    enum status status;

    name_map_init(&reader.names, reader.arena);
    name_map_init(&reader.counters, reader.arena);
    name_map_init(&reader.node_names, reader.arena);
    name_map_init(&reader.node_counters, reader.arena);
    name_map_init(&reader.functions, reader.arena);
    name_map_init(&reader.types, reader.arena);
    name_map_init(&reader.inputs_used, reader.arena);
    status = read_all(&reader, &parts);
    free(reader.node);
    arena_free(reader.arena);
    if (status != OK)
        graph_free(reader.graph);
    *out = status == OK ? reader.graph : NULL;
    return status;
}

int onnx_probe(struct span head)
{
    struct wire wire = wire_over(head, 0);
    struct wire_field field;

    // Every exporter writes ir_version first, a small number.
    if (!wire_next(&wire, &field))
        return 0;
    if (field.number == MODEL_IR_VERSION && field.type == WIRE_VARINT)
        return field.bits < 1000 ? 80 : 0;
    return 0;
}
