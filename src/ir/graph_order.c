// Topological order, and removal of what nobody needs.
#include <stdlib.h>
#include <string.h>

#include "ir/graph_internal.h"

// Values that some node of the graph produces.
static struct node_id producer_of(const struct graph *graph, struct value_id id)
{
    return value_exists(id) ? graph_value(graph, id)->producer : NO_NODE;
}

static uint32_t waiting_for(const struct graph *graph, const struct node *node)
{
    uint32_t count = 0;

    for (int i = 0; i < node->input_count; i++)
        count += node_exists(producer_of(graph, node->input[i]));
    return count;
}

// For each node the list of nodes that read its outputs, once per use.
struct readers {
    uint32_t *start, *reader;
};

static void list_readers(const struct graph *graph, struct arena *arena, struct readers *out)
{
    uint32_t total = 0;

    out->start = arena_array(arena, uint32_t, graph->node_count + 2);
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            struct node_id from = producer_of(graph, graph->node[n].input[i]);
            if (node_exists(from)) {
                out->start[from.at + 2]++;
                total++;
            }
        }
    for (uint32_t n = 0; n < graph->node_count; n++)
        out->start[n + 2] += out->start[n + 1];
    out->reader = arena_array(arena, uint32_t, total + 1);
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            struct node_id from = producer_of(graph, graph->node[n].input[i]);
            if (node_exists(from))
                out->reader[out->start[from.at + 1]++] = n;
        }
}

// Smallest ready node first (a binary heap), so that a sorted graph stays as it is.
struct heap {
    uint32_t *at, count;
};

static void heap_push(struct heap *heap, uint32_t node)
{
    uint32_t i = heap->count++;

    for (; i > 0 && heap->at[(i - 1) / 2] > node; i = (i - 1) / 2)
        heap->at[i] = heap->at[(i - 1) / 2];
    heap->at[i] = node;
}

static uint32_t heap_pop(struct heap *heap)
{
    uint32_t top = heap->at[0], last = heap->at[--heap->count], i = 0;

    for (uint32_t child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && heap->at[child + 1] < heap->at[child])
            child++;
        if (heap->at[child] >= last)
            break;
        heap->at[i] = heap->at[child];
    }
    heap->at[i] = last;
    return top;
}

static void renumber_producers(struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].output_count; i++)
            if (value_exists(graph->node[n].output[i]))
                graph_value(graph, graph->node[n].output[i])->producer = (struct node_id){n};
}

static enum status name_cycle(struct context *context, const struct graph *graph,
                              const uint32_t *waiting)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (waiting[n])
            return graph_fail_at(context, &graph->node[n],
                                 context_fail(context, ERR_FORMAT, "is part of a cycle"));
    return OK;
}

enum status graph_sort(struct context *context, struct graph *graph)
{
    struct arena *arena = arena_new();
    uint32_t *waiting = arena_array(arena, uint32_t, graph->node_count + 1);
    struct heap ready = {arena_array(arena, uint32_t, graph->node_count + 1), 0};
    struct node *sorted = must_alloc((graph->node_count + 1) * sizeof *sorted);
    struct readers readers;
    uint32_t done = 0;
    enum status status = OK;

    list_readers(graph, arena, &readers);
    for (uint32_t n = 0; n < graph->node_count; n++)
        if ((waiting[n] = waiting_for(graph, &graph->node[n])) == 0)
            heap_push(&ready, n);
    while (ready.count) {
        uint32_t n = heap_pop(&ready);
        sorted[done++] = graph->node[n];
        for (uint32_t i = readers.start[n]; i < readers.start[n + 1]; i++)
            if (--waiting[readers.reader[i]] == 0)
                heap_push(&ready, readers.reader[i]);
    }
    if (done < graph->node_count) {
        status = name_cycle(context, graph, waiting);
    } else if (done) {
        memcpy(graph->node, sorted, done * sizeof *sorted);
        renumber_producers(graph);
    }
    free(sorted);
    arena_free(arena);
    return status;
}

static void map_ids(struct graph *graph, const struct value_id *list, int count,
                    const uint32_t *new_id, const struct value_id **out)
{
    struct value_id *mapped = arena_array(graph->arena, struct value_id, (size_t)count);

    for (int i = 0; i < count; i++)
        mapped[i].at = value_exists(list[i]) ? new_id[list[i].at] : NO_VALUE.at;
    *out = mapped;
}

static void mark_used(const struct graph *graph, bool *used)
{
    for (uint32_t i = 0; i < graph->input_count; i++)
        used[graph->input[i].at] = true;
    for (uint32_t i = 0; i < graph->output_count; i++)
        used[graph->output[i].at] = true;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        for (int i = 0; i < node->input_count + node->output_count; i++) {
            struct value_id id =
                i < node->input_count ? node->input[i] : node->output[i - node->input_count];
            if (value_exists(id))
                used[id.at] = true;
        }
    }
}

static void drop_values(struct graph *graph, const bool *used, uint32_t *new_id)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        struct value *value = &graph->value[i];
        if (used[i]) {
            new_id[i] = kept;
            graph->value[kept++] = *value;
            continue;
        }
        tensor_release(&value->tensor);
        if (value->sparsity)
            tensor_release(&value->sparsity->mask);
    }
    graph->value_count = kept;
}

void graph_compact(struct graph *graph, const bool *dead)
{
    bool *used = must_alloc(graph->value_count + 1);
    uint32_t *new_id = must_alloc((graph->value_count + 1) * sizeof *new_id);
    const struct value_id *list;
    uint32_t kept = 0;

    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!dead[n])
            graph->node[kept++] = graph->node[n];
    graph->node_count = kept;
    mark_used(graph, used);
    drop_values(graph, used, new_id);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        struct node *node = &graph->node[n];
        map_ids(graph, node->input, node->input_count, new_id, &node->input);
        map_ids(graph, node->output, node->output_count, new_id, &node->output);
    }
    map_ids(graph, graph->input, (int)graph->input_count, new_id, &list);
    graph_set_inputs(graph, list, graph->input_count);
    map_ids(graph, graph->output, (int)graph->output_count, new_id, &list);
    graph_set_outputs(graph, list, graph->output_count);
    for (uint32_t i = 0; i < graph->value_count; i++)
        graph->value[i].producer = NO_NODE;
    renumber_producers(graph);
    graph_index_names(graph);
    free(used);
    free(new_id);
}

void graph_remove_unused(struct graph *graph)
{
    uint32_t *uses = must_alloc((graph->value_count + 1) * sizeof *uses);
    bool *dead = must_alloc(graph->node_count + 1);

    for (uint32_t i = 0; i < graph->output_count; i++)
        uses[graph->output[i].at]++;
    for (uint32_t n = graph->node_count; n-- > 0;) { // consumers come after producers
        const struct node *node = &graph->node[n];
        dead[n] = true;
        for (int i = 0; i < node->output_count; i++)
            if (value_exists(node->output[i]) && uses[node->output[i].at])
                dead[n] = false;
        for (int i = 0; i < node->input_count && !dead[n]; i++)
            if (value_exists(node->input[i]))
                uses[node->input[i].at]++;
    }
    graph_compact(graph, dead);
    free(uses);
    free(dead);
}
