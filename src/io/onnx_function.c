// Nodes as they stand in the file, and model-local functions, whose calls are replaced by what
// they stand for.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

// Calls within calls could blow a small file up without end: bounded by what real exports need.
enum { CALL_DEPTH_MAX = 64, NODES_MAX = 1 << 22, CALLS_MAX = 1 << 20, CALL_BYTES_MAX = 1 << 26 };

struct function {
    struct span bytes;
    const char *name;
    struct span *node, *preset; // NodeProtos; AttributeProtos of attributes with a default
    const char **input, **output;
    int node_count, preset_count, input_count, output_count;
    int64_t opset; // of ONNX's own domain; 0: not said
};

static bool is_onnx_domain(const char *domain)
{
    return !*domain || strcmp(domain, "ai.onnx") == 0;
}

static const char *key_of(struct arena *arena, const char *domain, const char *name,
                          const char *overload)
{
    return arena_format(arena, "%s\n%s\n%s", is_onnx_domain(domain) ? "" : domain, name, overload);
}

static const struct function *function_find(const struct reader *reader, const char *domain,
                                            const char *name, const char *overload)
{
    return name_map_get(&reader->functions, key_of(reader->arena, domain, name, overload));
}

bool functions_have(const struct reader *reader, const char *domain, const char *name,
                    const char *overload)
{
    return function_find(reader, domain, name, overload) != NULL;
}

// Room for every repeated field of a FunctionProto or NodeProto, at most one a field.
static size_t count_fields(struct span message)
{
    struct wire wire = wire_over(message, 0);
    struct wire_field field;
    size_t count = 0;

    while (wire_next(&wire, &field))
        count++;
    return count + 1;
}

static enum status add_opset(struct context *context, struct arena *arena, struct span bytes,
                             struct function *out)
{
    struct wire wire = wire_over(bytes, 2);
    struct wire_field field;
    const char *domain = "";
    int64_t version = 0;

    while (wire_next(&wire, &field))
        if (field.number == OPSET_DOMAIN)
            domain = wire_text(&wire, &field, arena);
        else if (field.number == OPSET_VERSION)
            version = wire_int(&wire, &field);
    if (is_onnx_domain(domain))
        out->opset = version;
    return wire_status(context, &wire);
}

static enum status open_function(struct reader *reader, struct span bytes, struct function *out,
                                 const char **domain, const char **overload)
{
    struct arena *arena = reader->arena;
    struct wire wire = wire_over(bytes, 1);
    size_t room = count_fields(bytes);
    struct wire_field field;

    out->name = "";
    out->bytes = bytes;
    out->node = arena_array(arena, struct span, room);
    out->preset = arena_array(arena, struct span, room);
    out->input = arena_array(arena, const char *, room);
    out->output = arena_array(arena, const char *, room);
    while (wire_next(&wire, &field))
        switch (field.number) {
        case FUNCTION_NAME:
            out->name = wire_text(&wire, &field, arena);
            break;
        case FUNCTION_DOMAIN:
            *domain = wire_text(&wire, &field, arena);
            break;
        case FUNCTION_OVERLOAD:
            *overload = wire_text(&wire, &field, arena);
            break;
        case FUNCTION_INPUT:
            out->input[out->input_count++] = wire_text(&wire, &field, arena);
            break;
        case FUNCTION_OUTPUT:
            out->output[out->output_count++] = wire_text(&wire, &field, arena);
            break;
        case FUNCTION_NODE:
            out->node[out->node_count++] = wire_bytes(&wire, &field);
            break;
        case FUNCTION_DEFAULT:
            out->preset[out->preset_count++] = wire_bytes(&wire, &field);
            break;
        case FUNCTION_OPSET:
            TRY(add_opset(reader->context, arena, wire_bytes(&wire, &field), out));
            break;
        default:
            break;
        }
    return wire_status(reader->context, &wire);
}

enum status functions_add(struct reader *reader, struct span bytes)
{
    struct function *function = arena_alloc(reader->arena, sizeof *function);
    const char *domain = "", *overload = "";

    TRY(open_function(reader, bytes, function, &domain, &overload));
    name_map_put(&reader->functions, key_of(reader->arena, domain, function->name, overload),
                 function);
    return OK;
}

enum status source_node_open(struct context *context, struct arena *arena, struct span bytes,
                             struct source_node *out)
{
    struct wire wire = wire_over(bytes, 2);
    size_t room = count_fields(bytes);
    struct wire_field field;

    *out = (struct source_node){.name = "", .op_type = "", .domain = "", .overload = "", .doc = ""};
    out->input = arena_array(arena, const char *, room);
    out->output = arena_array(arena, const char *, room);
    out->attribute = arena_array(arena, struct attribute, room);
    while (wire_next(&wire, &field))
        switch (field.number) {
        case NODE_INPUT:
            out->input[out->input_count++] = wire_text(&wire, &field, arena);
            break;
        case NODE_OUTPUT:
            out->output[out->output_count++] = wire_text(&wire, &field, arena);
            break;
        case NODE_NAME:
            out->name = wire_text(&wire, &field, arena);
            break;
        case NODE_OP:
            out->op_type = wire_text(&wire, &field, arena);
            break;
        case NODE_DOMAIN:
            out->domain = wire_text(&wire, &field, arena);
            break;
        case NODE_OVERLOAD:
            out->overload = wire_text(&wire, &field, arena);
            break;
        case NODE_DOC:
            out->doc = wire_text(&wire, &field, arena);
            break;
        case NODE_ATTRIBUTE:
            TRY(attribute_open(context, arena, wire_bytes(&wire, &field), 3,
                               &out->attribute[out->attribute_count++]));
            break;
        default:
            break;
        }
    if (is_onnx_domain(out->domain))
        out->domain = "";
    return wire_status(context, &wire);
}

static const char *call_name(const struct source_node *call)
{
    if (*call->name)
        return call->name;
    return call->output_count && *call->output[0] ? call->output[0] : call->op_type;
}

// The bytes of an attribute under another name.
static struct span bytes_named(struct arena *arena, struct span bytes, const char *name)
{
    struct wire wire = wire_over(bytes, 3);
    const unsigned char *start = wire.at;
    struct wire_field field;
    struct text out;
    struct span copy;

    text_init(&out);
    wire_put_text(&out, ATTR_NAME, name);
    for (; wire_next(&wire, &field); start = wire.at)
        if (field.number != ATTR_NAME)
            text_add_bytes(&out, start, (size_t)(wire.at - start));
    copy = (struct span){(unsigned char *)arena_copy_bytes(arena, out.at, out.length), out.length};
    text_clear(&out);
    return copy;
}

// An attribute that stands for one of the function's takes its value from the call, or from the
// function's default; with neither it is left out.
static enum status resolve_reference(struct reader *reader, const struct function *function,
                                     const struct source_node *call, struct attribute *attribute,
                                     bool *is_there)
{
    const struct attribute *given = attribute_find(call, attribute->ref);
    struct attribute preset = {.name = ""};

    for (int i = 0; i < function->preset_count && !given; i++) {
        TRY(attribute_open(reader->context, reader->arena, function->preset[i], 3, &preset));
        if (strcmp(preset.name, attribute->ref) == 0)
            given = &preset;
    }
    *is_there = given != NULL;
    if (given) {
        const char *name = attribute->name;
        *attribute = *given;
        attribute->name = name;
        attribute->bytes = bytes_named(reader->arena, given->bytes, name);
    }
    return OK;
}

// Where a function is called: what its attributes mean there.
struct call {
    struct reader *reader;
    const struct function *function;
    const struct source_node *node;
};

static enum status resolve_inside(struct context *context, void *self, struct span *bytes,
                                  bool *is_there)
{
    const struct call *call = self;
    struct attribute attribute;

    TRY(attribute_open(context, call->reader->arena, *bytes, 3, &attribute));
    if (!attribute.ref)
        return OK;
    TRY(resolve_reference(call->reader, call->function, call->node, &attribute, is_there));
    *bytes = attribute.bytes;
    return OK;
}

static enum status rename_subgraph(struct call *call, const struct name_map *names,
                                   struct attribute *attribute)
{
    struct reader *reader = call->reader;
    struct text raw, out;
    enum status status;

    text_init(&raw);
    text_init(&out);
    wire_put_bytes(&raw, NODE_ATTRIBUTE, attribute->bytes.at, attribute->bytes.length);
    status = subgraph_rename(reader->context, reader->arena,
                             (struct span){(unsigned char *)raw.at, raw.length}, names,
                             resolve_inside, call, &out);
    if (status == OK) {
        unsigned char *copy = (unsigned char *)arena_copy_bytes(reader->arena, out.at, out.length);
        struct wire wire = wire_over((struct span){copy, out.length}, 2);
        struct wire_field field;
        if (wire_next(&wire, &field))
            status = attribute_open(reader->context, reader->arena, field.bytes, 3, attribute);
    }
    text_clear(&raw);
    text_clear(&out);
    return status;
}

static enum status bind_attributes(struct reader *reader, const struct function *function,
                                   const struct source_node *call, const struct name_map *names,
                                   struct source_node *node)
{
    int kept = 0;

    for (int i = 0; i < node->attribute_count; i++) {
        struct attribute *attribute = &node->attribute[i];
        bool is_there = true;
        if (attribute->ref)
            TRY(resolve_reference(reader, function, call, attribute, &is_there));
        else if (attribute->has_graph)
            TRY(rename_subgraph(&(struct call){reader, function, call}, names, attribute));
        if (is_there)
            node->attribute[kept++] = *attribute;
    }
    node->attribute_count = kept;
    return OK;
}

// What the function's own names are in the graph: its inputs what the call gives, its outputs what
// the call wants, everything else a fresh name.
static void bind_names(struct reader *reader, const struct function *function,
                       const struct source_node *call, const struct source_node *body,
                       struct name_map *names)
{
    const char *prefix = call_name(call);

    for (int i = 0; i < function->input_count; i++)
        name_map_put(names, function->input[i], i < call->input_count ? call->input[i] : "");
    for (int i = 0; i < function->output_count; i++) {
        const char *name = i < call->output_count ? call->output[i] : "";
        if (!name_map_get(names, function->output[i]) && *name)
            name_map_put(names, function->output[i], name);
    }
    for (int n = 0; n < function->node_count; n++)
        for (int i = 0; i < body[n].output_count; i++) {
            const char *name = body[n].output[i];
            if (*name && !name_map_get(names, name))
                name_map_put(names, name,
                             name_map_unique(&reader->names, &reader->counters,
                                             arena_format(reader->arena, "%s/%s", prefix, name)));
        }
}

static void rename_list(struct reader *reader, const struct source_node *call,
                        const struct name_map *names, const char **list, int count)
{
    for (int i = 0; i < count; i++) {
        const char *name = *list[i] ? name_map_get(names, list[i]) : "";
        // A name that the body does not define: reported when the graph is put together.
        list[i] = name ? name : arena_format(reader->arena, "%s/%s", call_name(call), list[i]);
    }
}

// An output that is an input, or the same as another output, needs a node to carry it over.
static enum status copy_outputs(struct reader *reader, const struct function *function,
                                const struct source_node *call, const struct name_map *names)
{
    for (int i = 0; i < function->output_count && i < call->output_count; i++) {
        const char *inside = name_map_get(names, function->output[i]);
        struct source_node copy = {.name = "",
                                   .op_type = "Identity",
                                   .domain = "",
                                   .overload = "",
                                   .doc = "",
                                   .input_count = 1,
                                   .output_count = 1,
                                   .opset = OPSET_WRITTEN};
        if (!*call->output[i] || !inside || strcmp(inside, call->output[i]) == 0)
            continue;
        copy.input = arena_array(reader->arena, const char *, 1);
        copy.output = arena_array(reader->arena, const char *, 1);
        copy.input[0] = inside;
        copy.output[0] = call->output[i];
        TRY(source_node_add(reader, &copy));
    }
    return OK;
}

static enum status check_call(struct reader *reader, const struct function *function,
                              const struct source_node *call)
{
    reader->call_count++;
    reader->call_bytes += function->bytes.length;
    if (call->depth >= CALL_DEPTH_MAX)
        return context_fail(reader->context, ERR_FORMAT, "functions call each other deeper than %d",
                            CALL_DEPTH_MAX);
    if (reader->call_count > CALLS_MAX || reader->call_bytes > CALL_BYTES_MAX)
        return context_fail(reader->context, ERR_UNSUPPORTED, "calls too many functions");
    if (call->input_count > function->input_count || call->output_count > function->output_count)
        return context_fail(reader->context, ERR_FORMAT,
                            "calls its function with %d inputs and %d outputs, it has %d and %d",
                            call->input_count, call->output_count, function->input_count,
                            function->output_count);
    return OK;
}

static enum status call_function(struct reader *reader, const struct function *function,
                                 const struct source_node *call)
{
    struct source_node *body;
    struct name_map names;

    TRY(check_call(reader, function, call));
    body = arena_array(reader->arena, struct source_node, (size_t)function->node_count);
    for (int n = 0; n < function->node_count; n++)
        TRY(source_node_open(reader->context, reader->arena, function->node[n], &body[n]));
    name_map_init(&names, reader->arena);
    bind_names(reader, function, call, body, &names);
    for (int n = 0; n < function->node_count; n++) {
        struct source_node *node = &body[n];
        rename_list(reader, call, &names, node->input, node->input_count);
        rename_list(reader, call, &names, node->output, node->output_count);
        node->name = arena_format(reader->arena, "%s/%s", call_name(call), call_name(node));
        node->opset = function->opset ? function->opset : call->opset;
        node->depth = call->depth + 1;
        TRY(bind_attributes(reader, function, call, &names, node));
        TRY(source_node_add(reader, node));
    }
    return copy_outputs(reader, function, call, &names);
}

enum status source_node_add(struct reader *reader, const struct source_node *node)
{
    const struct function *function =
        function_find(reader, node->domain, node->op_type, node->overload);

    if (function)
        return call_function(reader, function, node);
    if (reader->node_count == NODES_MAX)
        return context_fail(reader->context, ERR_UNSUPPORTED, "has more than %d nodes", NODES_MAX);
    if (reader->node_count == reader->node_capacity) {
        reader->node_capacity = reader->node_capacity ? 2 * reader->node_capacity : 64;
        reader->node = must_realloc(reader->node, reader->node_capacity * sizeof *reader->node);
    }
    reader->node[reader->node_count++] = *node;
    return OK;
}
