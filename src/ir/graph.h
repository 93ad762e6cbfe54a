// The graph IR. Vocabulary is ONNX's: operator and attribute names as ONNX spells them. Ids are
// positions; hold ids, not pointers, across calls that may add.
#ifndef IR_GRAPH_H
#define IR_GRAPH_H

#include "base/arena.h"
#include "base/context.h"
#include "ir/annotation.h"
#include "ir/op.h"
#include "ir/tensor.h"

struct value_id {
    uint32_t at;
};
struct node_id {
    uint32_t at;
};
#define NO_VALUE ((struct value_id){UINT32_MAX}) // optional input left out
#define NO_NODE ((struct node_id){UINT32_MAX})

static inline bool value_is(struct value_id a, struct value_id b)
{
    return a.at == b.at;
}
static inline bool value_exists(struct value_id id)
{
    return id.at != UINT32_MAX;
}
static inline bool node_exists(struct node_id id)
{
    return id.at != UINT32_MAX;
}

enum value_role { VALUE_INPUT, VALUE_WEIGHT, VALUE_ACTIVATION };

struct value {
    const char *name; // unique in the graph; appears in every message
    enum value_role role;
    struct tensor tensor; // data only for weights; declared type and shape for inputs, outputs
    const char *const *dim_name; // names of open dims, NULL entries for others; NULL: none
    struct node_id producer;     // NO_NODE for inputs and weights
    const char *doc;             // NULL: none
    struct quant *quant;         // NULL: full precision
    struct sparsity *sparsity;   // NULL: dense
};

struct node {
    const char *name; // may be "" in a file; graph_add_node makes it unique and not empty
    const struct op *op;
    const void *attr;     // op->attr describes it; unknown operators: raw_attr alone
    const char *raw_attr; // AttributeProto fields as in the file (unknown operators)
    size_t raw_attr_bytes;
    int input_count, output_count;
    const struct value_id *input, *output; // NO_VALUE: optional one left out
    const char *doc;
};

// Ordered key-value pairs that a file carries along (metadata_props).
struct metadata {
    const char *key, *text;
    struct metadata *next;
};

struct opset {
    const char *domain;
    int64_t version;
    struct opset *next;
};

struct graph {
    struct arena *arena;
    const char *name, *doc;
    struct value *value; // all on the heap or in the arena: never freed singly
    struct node *node;   // in topological order (graph_sort)
    uint32_t value_count, node_count, input_count, output_count;
    uint32_t value_capacity, node_capacity;
    struct value_id *input, *output;
    // A body's last so many inputs are values of the graph around it. Its node has them as its last
    // inputs, in the same order; all bodies of a node take the same ones.
    uint32_t capture_count;
    struct metadata *metadata; // includes ecai.history, ecai.preprocess, ecai.sparsity
    struct opset *opset;       // foreign domains only; ONNX's own is raised to the IR's spelling
    int64_t source_opset;      // of ONNX's own domain in the file that was read, 0: none
    const char *producer, *producer_version, *model_domain, *model_doc;
    int64_t ir_version, model_version;
    struct name_table *names; // value name -> id
};

struct graph *graph_new(void);
void graph_free(struct graph *graph); // NULL is fine
// A deep copy of the structure; weights are shared.
struct graph *graph_clone(const struct graph *graph);

// Adds a value; takes one holder of tensor's data (tensor.buffer moves in). The name must be new
// (graph_unique_name). ERR_FORMAT if it is not.
MUST_CHECK enum status graph_add_value(struct context *context, struct graph *graph,
                                       const char *name, enum value_role role, struct tensor tensor,
                                       struct value_id *out);
// Convenience for passes: a weight or activation under a fresh name made from `stem`.
struct value_id graph_add_weight(struct graph *graph, const char *stem, struct tensor tensor);
struct value_id graph_add_activation(struct graph *graph, const char *stem, enum dtype dtype);
void graph_set_inputs(struct graph *graph, const struct value_id *input, uint32_t count);
void graph_set_outputs(struct graph *graph, const struct value_id *output, uint32_t count);

// attr is copied (fields_copy). Sets the producer of its outputs. The name is made unique.
struct node_id graph_add_node(struct graph *graph, const struct op *op, const char *name,
                              const void *attr, const struct value_id *input, int input_count,
                              const struct value_id *output, int output_count);

// A copy of a node's attributes for a node of `to`: tensors are shared, bodies cloned, and all of
// it goes with the arena of `to`. NULL if there are none.
void *graph_copy_attr(struct graph *to, const struct node *from);
// Quantisation and sparsity of a value of another graph; graph is that of `to`.
void value_copy_annotations(struct graph *graph, struct value *to, const struct value *from);
// Body i among a node's attributes, in the order of its operator's table; NULL behind the last.
struct graph *node_body(const struct node *node, int i);
// How many of the node's last inputs are there because its bodies read them.
int node_capture_count(const struct node *node);
// Gives the body to the arena: it is freed with it.
void arena_own_graph(struct arena *arena, struct graph *body);

static inline struct value *graph_value(const struct graph *graph, struct value_id id)
{
    return &graph->value[id.at];
}
static inline struct node *graph_node(const struct graph *graph, struct node_id id)
{
    return &graph->node[id.at];
}
struct value_id graph_find_value(const struct graph *graph, const char *name); // NO_VALUE: none
struct node_id graph_find_node(const struct graph *graph, const char *name);   // slow, for tests
const char *graph_unique_name(struct graph *graph, const char *stem);          // in the arena
// Gives every value the name at its id, copied.
void graph_rename_values(struct graph *graph, const char *const *name);

// The weight that feeds input i of a node, seen through nothing; NULL if it is no weight with data.
struct value *graph_weight(const struct graph *graph, const struct node *node, int i);
bool node_is(const struct node *node, const char *op_name);
// Uses of a value as an input of nodes, plus one if it is a graph output.
uint32_t graph_use_count(const struct graph *graph, struct value_id id);
struct node_id graph_only_consumer(const struct graph *graph, struct value_id id); // or NO_NODE
bool graph_is_output(const struct graph *graph, struct value_id id);

// Rewriting. Every use of `from` (graph outputs too) becomes `to`.
void graph_replace_uses(struct graph *graph, struct value_id from, struct value_id to);
void graph_set_input(struct graph *graph, struct node_id node, int slot, struct value_id value);
// Gives the node at `id` another list of inputs.
void graph_set_node_inputs(struct graph *graph, struct node_id node, const struct value_id *input,
                           int count);
// Gives output `slot` of the node the value `value` (whose producer becomes the node).
void graph_set_output(struct graph *graph, struct node_id node, int slot, struct value_id value);
// Removes the nodes for which dead[id] is true, then values that nobody uses (inputs and outputs
// of the graph stay). Ids change!
void graph_compact(struct graph *graph, const bool *dead);
void graph_remove_unused(struct graph *graph); // nodes whose outputs nobody reads, then compacts
// Topological order, stable. ERR_FORMAT naming a node of a cycle.
MUST_CHECK enum status graph_sort(struct context *context, struct graph *graph);

// Structure checks: ids in range, producers right, order topological, argument counts as the ops
// say, annotations fit. ERR_INTERNAL naming node or value. Run after every pass.
MUST_CHECK enum status graph_verify(struct context *context, const struct graph *graph);

const char *graph_metadata(const struct graph *graph, const char *key);          // NULL: none
void graph_set_metadata(struct graph *graph, const char *key, const char *text); // NULL removes

// "node 'conv1' (Conv)": puts the place before the context's present error; returns status.
enum status graph_fail_at(struct context *context, const struct node *node, enum status status);

#endif
