// Deep copies of a graph; weights are shared, so a clone is cheap.
#include <string.h>

#include "ir/graph_internal.h"

static const char *const *copy_dim_names(struct arena *arena, const struct value *from)
{
    const char **copy;

    if (!from->dim_name || from->tensor.shape.rank < 1)
        return NULL;
    copy = arena_array(arena, const char *, (size_t)from->tensor.shape.rank);
    for (int i = 0; i < from->tensor.shape.rank; i++)
        copy[i] = arena_copy_text(arena, from->dim_name[i]);
    return copy;
}

static struct quant *copy_quant(struct arena *arena, const struct quant *from)
{
    struct quant *copy;

    if (!from)
        return NULL;
    copy = arena_copy(arena, from, sizeof *from);
    copy->scale = arena_copy(arena, from->scale, from->scale ? (size_t)from->count * 4 : 0);
    copy->zero_point =
        arena_copy(arena, from->zero_point, from->zero_point ? (size_t)from->count * 4 : 0);
    return copy;
}

void value_copy_annotations(struct graph *graph, struct value *to, const struct value *from)
{
    to->quant = copy_quant(graph->arena, from->quant);
    to->sparsity = NULL;
    if (!from->sparsity)
        return;
    to->sparsity = arena_copy(graph->arena, from->sparsity, sizeof *from->sparsity);
    tensor_share(&to->sparsity->mask, &from->sparsity->mask);
}

static void clone_values(struct graph *to, const struct graph *from)
{
    to->value_count = to->value_capacity = from->value_count;
    to->value = must_alloc(from->value_count * sizeof *to->value);
    for (uint32_t i = 0; i < from->value_count; i++) {
        struct value *value = &to->value[i];
        *value = from->value[i];
        tensor_share(&value->tensor, &from->value[i].tensor);
        value->name = arena_copy_text(to->arena, value->name);
        value->doc = arena_copy_text(to->arena, value->doc);
        value->dim_name = copy_dim_names(to->arena, &from->value[i]);
        value_copy_annotations(to, value, &from->value[i]);
    }
}

// An unknown operator lives in its graph's arena and has to move with it.
static const struct op *clone_op(struct graph *to, const struct op *op)
{
    struct op *copy;

    if (!op->is_unknown)
        return op;
    copy = arena_copy(to->arena, op, sizeof *op);
    copy->name = arena_copy_text(to->arena, op->name);
    copy->domain = arena_copy_text(to->arena, op->domain);
    return copy;
}

static void release_tensor(void *tensor)
{
    tensor_release(tensor);
}

// Tensors among the attributes get a holder of their own, which goes with the clone's arena.
static void share_tensor(struct arena *arena, struct tensor **at)
{
    struct tensor *copy = arena_alloc(arena, sizeof *copy);

    tensor_share(copy, *at);
    arena_defer(arena, release_tensor, copy);
    *at = copy;
}

static void clone_body(struct arena *arena, struct graph **at)
{
    *at = graph_clone(*at);
    arena_own_graph(arena, *at);
}

void *graph_copy_attr(struct graph *to, const struct node *from)
{
    const struct op *op = from->op;
    char *attr = from->attr ? fields_copy(op->attr, from->attr, op->attr_bytes, to->arena) : NULL;

    for (const struct field *field = op->attr; field && field->name && attr; field++) {
        void **at = (void **)(void *)(attr + field->offset);
        if (field->type == FIELD_TENSOR && *at)
            share_tensor(to->arena, (struct tensor **)at);
        else if (field->type == FIELD_GRAPH && *at)
            clone_body(to->arena, (struct graph **)at);
    }
    return attr;
}

static void clone_nodes(struct graph *to, const struct graph *from)
{
    to->node_count = to->node_capacity = from->node_count;
    to->node = must_alloc(from->node_count * sizeof *to->node);
    for (uint32_t i = 0; i < from->node_count; i++) {
        const struct node *old = &from->node[i];
        struct node *node = &to->node[i];
        *node = *old;
        node->op = clone_op(to, old->op);
        node->name = arena_copy_text(to->arena, old->name);
        node->doc = arena_copy_text(to->arena, old->doc);
        node->raw_attr =
            old->raw_attr ? arena_copy_bytes(to->arena, old->raw_attr, old->raw_attr_bytes) : NULL;
        node->attr = graph_copy_attr(to, old);
        node->input =
            arena_copy(to->arena, old->input, (size_t)old->input_count * sizeof *old->input);
        node->output =
            arena_copy(to->arena, old->output, (size_t)old->output_count * sizeof *old->output);
    }
}

static void clone_head(struct graph *to, const struct graph *from)
{
    struct opset **opset = &to->opset;

    to->name = arena_copy_text(to->arena, from->name);
    to->doc = arena_copy_text(to->arena, from->doc);
    to->producer = arena_copy_text(to->arena, from->producer);
    to->producer_version = arena_copy_text(to->arena, from->producer_version);
    to->model_domain = arena_copy_text(to->arena, from->model_domain);
    to->model_doc = arena_copy_text(to->arena, from->model_doc);
    to->ir_version = from->ir_version;
    to->model_version = from->model_version;
    to->source_opset = from->source_opset;
    to->capture_count = from->capture_count;
    for (const struct metadata *at = from->metadata; at; at = at->next)
        graph_set_metadata(to, at->key, at->text);
    for (const struct opset *at = from->opset; at; at = at->next) {
        *opset = arena_copy(to->arena, at, sizeof *at);
        (*opset)->domain = arena_copy_text(to->arena, at->domain);
        (*opset)->next = NULL;
        opset = &(*opset)->next;
    }
}

struct graph *graph_clone(const struct graph *graph)
{
    struct graph *clone = graph_new();

    clone_head(clone, graph);
    clone_values(clone, graph);
    clone_nodes(clone, graph);
    graph_set_inputs(clone, graph->input, graph->input_count);
    graph_set_outputs(clone, graph->output, graph->output_count);
    graph_index_names(clone);
    return clone;
}
