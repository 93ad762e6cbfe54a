// Subgraphs of operators that are carried verbatim (If, Loop, Scan): which names they take from
// outside, and how such names are replaced in the bytes when the outer graph changed them.
#include <string.h>

#include "io/onnx_internal.h"

// A graph body's own names, inside those of the bodies around it. Each is mapped to the name that
// it gets, as a rule itself.
struct scope {
    struct name_map own;
    const struct scope *outer;
};

struct walk {
    struct context *context;
    struct arena *arena;
    // Looking: called for each free name and each node.
    struct name_list *captures;
    struct name_map seen;
    enum status (*visit)(struct context *, void *self, const char *domain, const char *op_type);
    void *self;
    // Renaming: free names, and the set of names that they get.
    const struct name_map *names;
    struct name_map taken;
    subgraph_resolve *resolve;
};

// The subgraph of a top-level node lies at this depth: model, graph, node, attribute, graph.
enum { SUBGRAPH_DEPTH = 4 };

static const char *scope_find(const struct scope *scope, const char *name)
{
    const char *found = NULL;

    for (; scope && !found; scope = scope->outer)
        found = name_map_get(&scope->own, name);
    return found;
}

// A name inside that equals one which comes from outside gets another.
static void scope_define(struct walk *walk, struct scope *scope, const char *name)
{
    const char *fresh = name;

    if (!*name || name_map_get(&scope->own, name))
        return;
    for (int i = 1; name_map_get(&walk->taken, fresh) || scope_find(scope, fresh); i++)
        fresh = arena_format(walk->arena, "%s_inner%d", name, i);
    name_map_put(&scope->own, name, fresh);
}

// The text field `number` of a message: its last occurrence, or each through scope_define.
static enum status read_names(struct walk *walk, struct span message, uint32_t number, int depth,
                              struct scope *define_in, const char **last)
{
    struct wire wire = wire_over(message, depth);
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        if (field.number != number)
            continue;
        const char *name = wire_text(&wire, &field, walk->arena);
        if (define_in)
            scope_define(walk, define_in, name);
        if (last)
            *last = name;
    }
    return wire_status(walk->context, &wire);
}

static enum status scope_open(struct walk *walk, struct span graph, int depth,
                              const struct scope *outer, struct scope *out)
{
    struct wire wire = wire_over(graph, depth);
    struct wire_field field;

    name_map_init(&out->own, walk->arena);
    out->outer = outer;
    while (wire_next(&wire, &field)) {
        uint32_t number = field.number == GRAPH_NODE          ? NODE_OUTPUT
                          : field.number == GRAPH_INPUT       ? INFO_NAME
                          : field.number == GRAPH_INITIALIZER ? TENSOR_NAME
                                                              : 0;
        if (number)
            TRY(read_names(walk, wire_bytes(&wire, &field), number, depth + 1, out, NULL));
    }
    return wire_status(walk->context, &wire);
}

void name_list_add(struct arena *arena, struct name_list *list, const char *name)
{
    if (list->count == list->capacity) {
        const char **grown = arena_array(arena, const char *, 2 * list->capacity + 8);
        if (list->count)
            memcpy(grown, list->at, list->count * sizeof *grown);
        list->at = grown;
        list->capacity = 2 * list->capacity + 8;
    }
    list->at[list->count++] = name;
}

static void capture(struct walk *walk, const struct scope *scope, const char *name)
{
    struct name_list *list = walk->captures;

    if (!list || !*name || scope_find(scope, name) || name_map_get(&walk->seen, name))
        return;
    name_map_put(&walk->seen, name, name);
    name_list_add(walk->arena, list, name);
}

static enum status look_graph(struct walk *walk, struct span graph, int depth,
                              const struct scope *outer);

static enum status look_attribute(struct walk *walk, struct span attribute, int depth,
                                  const struct scope *scope)
{
    struct wire wire = wire_over(attribute, depth);
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == ATTR_G || field.number == ATTR_GRAPHS)
            TRY(look_graph(walk, wire_bytes(&wire, &field), depth + 1, scope));
        else if (field.number == ATTR_REF && field.bytes.length)
            return context_fail(walk->context, ERR_UNSUPPORTED,
                                "a subgraph refers to an attribute of its function");
    return wire_status(walk->context, &wire);
}

static enum status look_node(struct walk *walk, struct span node, int depth,
                             const struct scope *scope)
{
    struct wire wire = wire_over(node, depth);
    const char *domain = "", *op_type = "";
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == NODE_INPUT)
            capture(walk, scope, wire_text(&wire, &field, walk->arena));
        else if (field.number == NODE_OP)
            op_type = wire_text(&wire, &field, walk->arena);
        else if (field.number == NODE_DOMAIN)
            domain = wire_text(&wire, &field, walk->arena);
        else if (field.number == NODE_ATTRIBUTE)
            TRY(look_attribute(walk, wire_bytes(&wire, &field), depth + 1, scope));
    TRY(wire_status(walk->context, &wire));
    return walk->visit ? walk->visit(walk->context, walk->self, domain, op_type) : OK;
}

static enum status look_graph(struct walk *walk, struct span graph, int depth,
                              const struct scope *outer)
{
    struct wire wire = wire_over(graph, depth);
    struct wire_field field;
    struct scope scope;
    const char *name;

    TRY(scope_open(walk, graph, depth, outer, &scope));
    while (wire_next(&wire, &field))
        if (field.number == GRAPH_NODE) {
            TRY(look_node(walk, wire_bytes(&wire, &field), depth + 1, &scope));
        } else if (field.number == GRAPH_OUTPUT) {
            name = "";
            TRY(read_names(walk, wire_bytes(&wire, &field), INFO_NAME, depth + 1, NULL, &name));
            capture(walk, &scope, name);
        }
    return wire_status(walk->context, &wire);
}

static enum status look(struct walk *walk, struct span raw)
{
    struct wire wire = wire_over(raw, SUBGRAPH_DEPTH - 2);
    struct wire_field field;

    name_map_init(&walk->seen, walk->arena);
    name_map_init(&walk->taken, walk->arena);
    while (wire_next(&wire, &field))
        if (field.number == NODE_ATTRIBUTE)
            TRY(look_attribute(walk, wire_bytes(&wire, &field), SUBGRAPH_DEPTH - 1, NULL));
    return wire_status(walk->context, &wire);
}

enum status subgraph_captures(struct context *context, struct arena *arena, struct span raw,
                              struct name_list *out)
{
    struct walk walk = {.context = context, .arena = arena, .captures = out};

    *out = (struct name_list){NULL, 0, 0};
    return look(&walk, raw);
}

enum status subgraph_visit(struct context *context, struct arena *arena, struct span raw,
                           enum status (*visit)(struct context *, void *, const char *,
                                                const char *),
                           void *self)
{
    struct walk walk = {.context = context, .arena = arena, .visit = visit, .self = self};

    return look(&walk, raw);
}

static const char *renamed(const struct walk *walk, const struct scope *scope, const char *name)
{
    const char *found = scope_find(scope, name);

    if (!found)
        found = name_map_get(walk->names, name);
    return found ? found : name;
}

// A field that is either copied as it stands, or replaced by the caller.
static bool copy_field(struct wire *wire, struct wire_field *field, struct text *out,
                       bool (*is_replaced)(uint32_t number))
{
    const unsigned char *start = wire->at;

    while (wire_next(wire, field)) {
        if (is_replaced(field->number))
            return true;
        text_add_bytes(out, start, (size_t)(wire->at - start));
        start = wire->at;
    }
    return false;
}

static bool is_info_name(uint32_t number)
{
    return number == INFO_NAME;
}

static bool is_tensor_name(uint32_t number)
{
    return number == TENSOR_NAME;
}

static bool is_node_name(uint32_t number)
{
    return number == NODE_INPUT || number == NODE_OUTPUT || number == NODE_ATTRIBUTE;
}

static bool is_graph_field(uint32_t number)
{
    return number == GRAPH_NODE || number == GRAPH_INITIALIZER || number == GRAPH_INPUT ||
           number == GRAPH_OUTPUT || number == GRAPH_VALUE_INFO;
}

static bool is_subgraph(uint32_t number)
{
    return number == ATTR_G || number == ATTR_GRAPHS;
}

static void put_name(struct walk *walk, struct wire *wire, const struct wire_field *field,
                     const struct scope *scope, struct text *out)
{
    const char *name = renamed(walk, scope, wire_text(wire, field, walk->arena));

    wire_put_bytes(out, field->number, name, strlen(name)); // "" counts its place among inputs
}

static enum status rename_named(struct walk *walk, struct span message, int depth,
                                bool (*is_name)(uint32_t number), const struct scope *scope,
                                struct text *out)
{
    struct wire wire = wire_over(message, depth);
    struct wire_field field;

    while (copy_field(&wire, &field, out, is_name))
        put_name(walk, &wire, &field, scope, out);
    return wire_status(walk->context, &wire);
}

static enum status rename_graph(struct walk *walk, struct span graph, int depth,
                                const struct scope *outer, struct text *out);

static enum status rename_attribute(struct walk *walk, struct span attribute, int depth,
                                    const struct scope *scope, struct text *out)
{
    struct wire wire = wire_over(attribute, depth);
    struct wire_field field;

    while (copy_field(&wire, &field, out, is_subgraph)) {
        struct text body;
        enum status status;
        text_init(&body);
        status = rename_graph(walk, wire_bytes(&wire, &field), depth + 1, scope, &body);
        wire_put_message(out, field.number, &body);
        TRY(status);
    }
    return wire_status(walk->context, &wire);
}

static enum status rename_node(struct walk *walk, struct span node, int depth,
                               const struct scope *scope, struct text *out)
{
    struct wire wire = wire_over(node, depth);
    struct wire_field field;

    while (copy_field(&wire, &field, out, is_node_name)) {
        struct span attribute;
        bool is_there = true;
        struct text body;
        enum status status;
        if (field.number != NODE_ATTRIBUTE) {
            put_name(walk, &wire, &field, scope, out);
            continue;
        }
        attribute = wire_bytes(&wire, &field);
        TRY(walk->resolve(walk->context, walk->self, &attribute, &is_there));
        if (!is_there)
            continue;
        text_init(&body);
        status = rename_attribute(walk, attribute, depth + 1, scope, &body);
        wire_put_message(out, field.number, &body);
        TRY(status);
    }
    return wire_status(walk->context, &wire);
}

static enum status rename_graph(struct walk *walk, struct span graph, int depth,
                                const struct scope *outer, struct text *out)
{
    struct wire wire = wire_over(graph, depth);
    struct wire_field field;
    struct scope scope;

    TRY(scope_open(walk, graph, depth, outer, &scope));
    while (copy_field(&wire, &field, out, is_graph_field)) {
        struct span message = wire_bytes(&wire, &field);
        struct text body;
        enum status status;
        text_init(&body);
        if (field.number == GRAPH_NODE)
            status = rename_node(walk, message, depth + 1, &scope, &body);
        else
            status = rename_named(walk, message, depth + 1,
                                  field.number == GRAPH_INITIALIZER ? is_tensor_name : is_info_name,
                                  &scope, &body);
        wire_put_message(out, field.number, &body);
        TRY(status);
    }
    return wire_status(walk->context, &wire);
}

static enum status resolve_nothing(struct context *context, void *self, struct span *attribute,
                                   bool *is_there)
{
    (void)context, (void)self, (void)attribute, (void)is_there;
    return OK;
}

enum status subgraph_rename(struct context *context, struct arena *arena, struct span raw,
                            const struct name_map *names, subgraph_resolve *resolve, void *self,
                            struct text *out)
{
    struct walk walk = {.context = context,
                        .arena = arena,
                        .names = names,
                        .resolve = resolve ? resolve : resolve_nothing,
                        .self = self};

    name_map_init(&walk.taken, arena);
    for (size_t i = 0; i < names->capacity; i++)
        if (names->entry[i].name)
            name_map_put(&walk.taken, names->entry[i].thing, names->entry[i].name);
    // raw is the attribute fields of a node, so it walks like a node without names.
    return rename_node(&walk, raw, SUBGRAPH_DEPTH - 2, NULL, out);
}
