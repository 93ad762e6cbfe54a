// The graph: adding, finding and rewriting. Sorting, compacting and cloning have files of their
// own.
#include "ir/graph.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph_internal.h"

// Open addressing over value names: id + 1, 0 is empty. Node names are only ever added: one that
// a removed node had stays taken.
struct name_table {
    uint32_t *slot;
    uint32_t capacity, used;
    const char **node_name;
    uint32_t node_capacity, node_used;
};

struct graph *graph_new(void)
{
    struct arena *arena = arena_new();
    struct graph *graph = arena_alloc(arena, sizeof *graph);

    graph->arena = arena;
    graph->name = "";
    graph->names = arena_alloc(arena, sizeof *graph->names);
    return graph;
}

void graph_free(struct graph *graph)
{
    if (!graph)
        return;
    for (uint32_t i = 0; i < graph->value_count; i++) {
        tensor_release(&graph->value[i].tensor);
        if (graph->value[i].sparsity)
            tensor_release(&graph->value[i].sparsity->mask);
    }
    free(graph->value);
    free(graph->node);
    free(graph->names->slot);
    free(graph->names->node_name);
    arena_free(graph->arena);
}

static uint32_t hash_name(const char *name)
{
    uint32_t hash = 2166136261u; // FNV-1a

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static uint32_t *find_slot(const struct graph *graph, const char *name)
{
    struct name_table *names = graph->names;
    uint32_t i = hash_name(name) & (names->capacity - 1);

    while (names->slot[i] && strcmp(graph->value[names->slot[i] - 1].name, name) != 0)
        i = (i + 1) & (names->capacity - 1);
    return &names->slot[i];
}

static void index_names(struct graph *graph, uint32_t capacity)
{
    free(graph->names->slot);
    graph->names->slot = must_alloc(capacity * sizeof *graph->names->slot);
    graph->names->capacity = capacity;
    for (uint32_t i = 0; i < graph->value_count; i++)
        *find_slot(graph, graph->value[i].name) = i + 1;
}

void graph_index_names(struct graph *graph)
{
    uint32_t capacity = 64;

    while (capacity < 2 * (graph->value_count + 1))
        capacity *= 2;
    index_names(graph, capacity);
}

struct value_id graph_find_value(const struct graph *graph, const char *name)
{
    uint32_t slot = graph->names->capacity ? *find_slot(graph, name) : 0;

    if (!slot)
        return NO_VALUE;
    return (struct value_id){slot - 1};
}

static enum status fail_twice(struct context *context, const char *name)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail(context, ERR_FORMAT, "value '%s' is defined twice", safe.at);
    text_clear(&safe);
    return ERR_FORMAT;
}

enum status graph_add_value(struct context *context, struct graph *graph, const char *name,
                            enum value_role role, struct tensor tensor, struct value_id *out)
{
    struct value *value;

    if (value_exists(graph_find_value(graph, name)))
        return fail_twice(context, name);
    if (graph->value_count == graph->value_capacity) {
        graph->value_capacity = graph->value_capacity ? 2 * graph->value_capacity : 64;
        graph->value = must_realloc(graph->value, graph->value_capacity * sizeof *graph->value);
    }
    value = &graph->value[graph->value_count];
    *value = (struct value){.name = arena_copy_text(graph->arena, name),
                            .role = role,
                            .tensor = tensor,
                            .producer = NO_NODE};
    *out = (struct value_id){graph->value_count++};
    if (2 * graph->value_count >= graph->names->capacity)
        graph_index_names(graph);
    else
        *find_slot(graph, value->name) = out->at + 1;
    return OK;
}

const char *graph_unique_name(struct graph *graph, const char *stem)
{
    const char *name = stem;

    for (int i = 1; value_exists(graph_find_value(graph, name)); i++)
        name = arena_format(graph->arena, "%s_%d", stem, i);
    return name == stem ? arena_copy_text(graph->arena, stem) : name;
}

void graph_rename_values(struct graph *graph, const char *const *name)
{
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (strcmp(graph->value[i].name, name[i]) != 0)
            graph->value[i].name = arena_copy_text(graph->arena, name[i]);
    graph_index_names(graph);
}

static struct value_id add_fresh(struct graph *graph, const char *stem, enum value_role role,
                                 struct tensor tensor)
{
    struct context silent;
    struct value_id id = NO_VALUE;
    enum status status;

    context_init(&silent);
    status = graph_add_value(&silent, graph, graph_unique_name(graph, stem), role, tensor, &id);
    assert(status == OK); // the name is unique
    (void)status;
    return id;
}

struct value_id graph_add_weight(struct graph *graph, const char *stem, struct tensor tensor)
{
    return add_fresh(graph, stem, VALUE_WEIGHT, tensor);
}

struct value_id graph_add_activation(struct graph *graph, const char *stem, enum dtype dtype)
{
    return add_fresh(graph, stem, VALUE_ACTIVATION, (struct tensor){dtype, SHAPE_UNKNOWN, NULL, 0});
}

void graph_set_inputs(struct graph *graph, const struct value_id *input, uint32_t count)
{
    graph->input = arena_copy(graph->arena, input, count * sizeof *input);
    graph->input_count = count;
}

void graph_set_outputs(struct graph *graph, const struct value_id *output, uint32_t count)
{
    graph->output = arena_copy(graph->arena, output, count * sizeof *output);
    graph->output_count = count;
}

struct node_id graph_find_node(const struct graph *graph, const char *name)
{
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->node[i].name, name) == 0)
            return (struct node_id){i};
    return NO_NODE;
}

static const char **node_slot(const struct name_table *names, const char *name)
{
    uint32_t i = hash_name(name) & (names->node_capacity - 1);

    while (names->node_name[i] && strcmp(names->node_name[i], name) != 0)
        i = (i + 1) & (names->node_capacity - 1);
    return &names->node_name[i];
}

// Makes room for one more name; a clone's names are entered at its first new node.
static void index_node_names(struct graph *graph)
{
    struct name_table *names = graph->names;
    const char **old = names->node_name;
    uint32_t old_capacity = names->node_capacity;

    if (2 * (names->node_used + 1) < names->node_capacity)
        return;
    for (names->node_capacity = 64; names->node_capacity < 4 * (graph->node_count + 1) ||
                                    names->node_capacity < 2 * old_capacity;)
        names->node_capacity *= 2;
    names->node_name = must_alloc(names->node_capacity * sizeof *names->node_name);
    names->node_used = 0;
    for (uint32_t i = 0; i < old_capacity + (old ? 0 : graph->node_count); i++) {
        const char *name = old ? old[i] : graph->node[i].name;
        if (name && !*node_slot(names, name)) {
            *node_slot(names, name) = name;
            names->node_used++;
        }
    }
    free(old);
}

// Node names are made unique against each other by a suffix.
static const char *node_name(struct graph *graph, const struct op *op, const char *name)
{
    const char *stem = name && *name ? name : op->name;
    const char *unique = stem;

    index_node_names(graph);
    if (!name || !*name)
        unique = arena_format(graph->arena, "%s_%u", stem, graph->node_count);
    for (int i = 1; *node_slot(graph->names, unique); i++)
        unique = arena_format(graph->arena, "%s_%d", stem, i);
    unique = arena_copy_text(graph->arena, unique);
    *node_slot(graph->names, unique) = unique;
    graph->names->node_used++;
    return unique;
}

struct node_id graph_add_node(struct graph *graph, const struct op *op, const char *name,
                              const void *attr, const struct value_id *input, int input_count,
                              const struct value_id *output, int output_count)
{
    struct node_id id = {graph->node_count};
    const char *unique = node_name(graph, op, name);
    struct node *node;

    if (graph->node_count == graph->node_capacity) {
        graph->node_capacity = graph->node_capacity ? 2 * graph->node_capacity : 64;
        graph->node = must_realloc(graph->node, graph->node_capacity * sizeof *graph->node);
    }
    node = &graph->node[graph->node_count++];
    *node = (struct node){.name = unique, .op = op};
    node->attr = attr ? fields_copy(op->attr, attr, op->attr_bytes, graph->arena) : NULL;
    if (!node->attr && op->attr_bytes) {
        void *preset = arena_alloc(graph->arena, op->attr_bytes);
        fields_preset(op->attr, preset, graph->arena);
        node->attr = preset;
    }
    node->input_count = input_count;
    node->output_count = output_count;
    node->input = arena_copy(graph->arena, input, (size_t)input_count * sizeof *input);
    node->output = arena_copy(graph->arena, output, (size_t)output_count * sizeof *output);
    for (int i = 0; i < output_count; i++)
        if (value_exists(output[i]))
            graph_value(graph, output[i])->producer = id;
    return id;
}

struct value *graph_weight(const struct graph *graph, const struct node *node, int i)
{
    struct value *value;

    if (i >= node->input_count || !value_exists(node->input[i]))
        return NULL;
    value = graph_value(graph, node->input[i]);
    return value->role == VALUE_WEIGHT && value->tensor.buffer ? value : NULL;
}

bool node_is(const struct node *node, const char *op_name)
{
    return !node->op->is_unknown && strcmp(node->op->name, op_name) == 0;
}

bool graph_is_output(const struct graph *graph, struct value_id id)
{
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (value_is(graph->output[i], id))
            return true;
    return false;
}

uint32_t graph_use_count(const struct graph *graph, struct value_id id)
{
    uint32_t uses = graph_is_output(graph, id);

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            uses += value_is(graph->node[n].input[i], id);
    return uses;
}

struct node_id graph_only_consumer(const struct graph *graph, struct value_id id)
{
    if (graph_use_count(graph, id) != 1 || graph_is_output(graph, id))
        return NO_NODE;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (value_is(graph->node[n].input[i], id))
                return (struct node_id){n};
    return NO_NODE;
}

static void replace_in(struct graph *graph, const struct value_id **list, int count,
                       struct value_id from, struct value_id to)
{
    struct value_id *copy = NULL;

    for (int i = 0; i < count; i++) {
        if (!value_is((*list)[i], from))
            continue;
        if (!copy)
            copy = arena_copy(graph->arena, *list, (size_t)count * sizeof *copy);
        copy[i] = to;
    }
    if (copy)
        *list = copy;
}

void graph_replace_uses(struct graph *graph, struct value_id from, struct value_id to)
{
    const struct value_id *output = graph->output;

    for (uint32_t n = 0; n < graph->node_count; n++)
        replace_in(graph, &graph->node[n].input, graph->node[n].input_count, from, to);
    replace_in(graph, &output, (int)graph->output_count, from, to);
    if (output != graph->output)
        graph_set_outputs(graph, output, graph->output_count);
}

void graph_set_input(struct graph *graph, struct node_id node, int slot, struct value_id value)
{
    struct node *at = graph_node(graph, node);
    struct value_id *copy =
        arena_copy(graph->arena, at->input, (size_t)at->input_count * sizeof *copy);

    copy[slot] = value;
    at->input = copy;
}

void graph_set_node_inputs(struct graph *graph, struct node_id node, const struct value_id *input,
                           int count)
{
    graph_node(graph, node)->input = arena_copy(graph->arena, input, (size_t)count * sizeof *input);
    graph_node(graph, node)->input_count = count;
}

void graph_set_output(struct graph *graph, struct node_id node, int slot, struct value_id value)
{
    struct node *at = graph_node(graph, node);
    struct value_id *copy =
        arena_copy(graph->arena, at->output, (size_t)at->output_count * sizeof *copy);

    copy[slot] = value;
    at->output = copy;
    graph_value(graph, value)->producer = node;
}

const char *graph_metadata(const struct graph *graph, const char *key)
{
    for (const struct metadata *at = graph->metadata; at; at = at->next)
        if (strcmp(at->key, key) == 0)
            return at->text;
    return NULL;
}

void graph_set_metadata(struct graph *graph, const char *key, const char *text)
{
    struct metadata **at = &graph->metadata;

    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    if (!text) {
        if (*at)
            *at = (*at)->next;
        return;
    }
    if (!*at) {
        *at = arena_alloc(graph->arena, sizeof **at);
        (*at)->key = arena_copy_text(graph->arena, key);
    }
    (*at)->text = arena_copy_text(graph->arena, text);
}

enum status graph_fail_at(struct context *context, const struct node *node, enum status status)
{
    struct text name, op;

    text_init(&name);
    text_init(&op);
    text_add_escaped(&name, node->name, strlen(node->name));
    text_add_escaped(&op, node->op->name, strlen(node->op->name));
    context_fail_in(context, status, "node '%s' (%s)", name.at, op.at);
    text_clear(&name);
    text_clear(&op);
    return status;
}
