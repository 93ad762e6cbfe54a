// Bodies: the graphs among the attributes of If, Loop and Scan.
#include <string.h>

#include "ir/graph.h"

bool op_has_bodies(const struct op *op)
{
    for (const struct field *field = op->attr; field && field->name; field++)
        if (field->type == FIELD_GRAPH)
            return true;
    return false;
}

struct graph *node_body(const struct node *node, int i)
{
    for (const struct field *field = node->op->attr; field && field->name && node->attr; field++) {
        struct graph *body;
        if (field->type != FIELD_GRAPH)
            continue;
        memcpy(&body, (const char *)node->attr + field->offset, sizeof(struct graph *));
        if (body && i-- == 0)
            return body;
    }
    return NULL;
}

int node_capture_count(const struct node *node)
{
    const struct graph *body = node_body(node, 0);

    return body ? (int)body->capture_count : 0;
}

static void release_graph(void *graph)
{
    graph_free(graph);
}

void arena_own_graph(struct arena *arena, struct graph *body)
{
    arena_defer(arena, release_graph, body);
}
