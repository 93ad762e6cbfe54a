// Which files of external data an ONNX file names: its messages are walked, no weight is read.
#include <string.h>

#include "base/arena.h"
#include "io/onnx_internal.h"

enum message { MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, SPARSE, FUNCTION, ENTRY };

// Messages in messages, as far as tensors are in them.
static const struct inner {
    enum message in;
    uint32_t number;
    enum message message;
} inner[] = {
    {MODEL, MODEL_GRAPH, GRAPH},
    {MODEL, MODEL_FUNCTION, FUNCTION},
    {GRAPH, GRAPH_NODE, NODE},
    {GRAPH, GRAPH_INITIALIZER, TENSOR},
    {GRAPH, GRAPH_SPARSE, SPARSE},
    {NODE, NODE_ATTRIBUTE, ATTRIBUTE},
    {ATTRIBUTE, ATTR_T, TENSOR},
    {ATTRIBUTE, ATTR_G, GRAPH},
    {ATTRIBUTE, ATTR_GRAPHS, GRAPH},
    {ATTRIBUTE, ATTR_SPARSE, SPARSE},
    {ATTRIBUTE, ATTR_SPARSES, SPARSE},
    {SPARSE, SPARSE_VALUES, TENSOR},
    {SPARSE, SPARSE_INDICES, TENSOR},
    {FUNCTION, FUNCTION_NODE, NODE},
    {FUNCTION, FUNCTION_DEFAULT, ATTRIBUTE},
    {TENSOR, TENSOR_EXTERNAL, ENTRY},
};

struct walk {
    struct arena *arena;
    void (*visit)(void *self, const char *location);
    void *self;
};

static void visit_entry(const struct walk *walk, struct span bytes, int depth)
{
    struct wire wire = wire_over(bytes, depth);
    const char *key = "", *value = "";
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == ENTRY_KEY)
            key = wire_text(&wire, &field, walk->arena);
        else if (field.number == ENTRY_VALUE)
            value = wire_text(&wire, &field, walk->arena);
    if (strcmp(key, "location") == 0 && *value)
        walk->visit(walk->self, value);
}

// Recursion: as deep as wires go. What is damaged ends there: whoever reads the model says so.
static void visit_message(const struct walk *walk, enum message message, struct span bytes,
                          int depth)
{
    struct wire wire = wire_over(bytes, depth);
    struct wire_field field;

    if (message == ENTRY) {
        visit_entry(walk, bytes, depth);
        return;
    }
    while (wire_next(&wire, &field))
        for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
            if (inner[i].in == message && inner[i].number == field.number)
                visit_message(walk, inner[i].message, wire_bytes(&wire, &field), depth + 1);
}

void onnx_each_outside(struct span bytes, void (*visit)(void *self, const char *location),
                       void *self)
{
    struct walk walk = {arena_new(), visit, self};
    struct span head = {bytes.at, bytes.length < 64 ? bytes.length : 64};

    if (onnx_probe(head) > 0)
        visit_message(&walk, MODEL, bytes, 0);
    arena_free(walk.arena);
}
