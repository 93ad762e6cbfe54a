// Shapes and types of every value of a graph for given input shapes, with what can be computed on
// the way (shape arithmetic) folded.
#ifndef EXEC_INFER_H
#define EXEC_INFER_H

#include "ir/graph.h"

struct infer_options {
    int64_t batch;        // for an open first dimension of an input; 0: 1; -1: it stays open
    struct strings shape; // "NAME=1,3,224,224": --shape; '?' leaves a dimension as it is
    struct strings set;   // "NAME=VALUE": --set, the input is known to hold that scalar everywhere
    bool is_lenient;      // open dimensions that nobody gave, and unknown operators, leave values
                          // without a shape (rank -1) instead of being errors
};

// of_value[id]: dtype and shape of that value (rank -1: not known); with data where these are
// known: weights, folded values. A weight's tensor shares the graph's data.
struct inference {
    struct tensor *of_value;
    uint32_t value_count;
};

// ERR_SHAPE and others name the node. ERR_USAGE names an open dimension that was needed. On failure
// *out is cleared.
MUST_CHECK enum status graph_infer(struct context *context, const struct graph *graph,
                                   const struct infer_options *options, struct inference *out);
void inference_clear(struct inference *inference);
// The same step by step, for who rewrites nodes on the way: inputs and weights, then node after
// node in order. On failure of a node the caller clears.
MUST_CHECK enum status graph_infer_begin(struct context *context, const struct graph *graph,
                                         const struct infer_options *options,
                                         struct inference *out);
MUST_CHECK enum status graph_infer_node(struct context *context, const struct graph *graph,
                                        uint32_t n, bool is_lenient, struct inference *inference);

// The input's shape as declared and as options->shape has it; open dimensions stay -1.
MUST_CHECK enum status infer_given_shape(struct context *context, const struct value *value,
                                         const struct infer_options *options, struct shape *shape);

// ERR_NUMERIC naming the node and its weight (a weight input of its operator) that is not finite.
MUST_CHECK enum status graph_check_finite(struct context *context, const struct graph *graph);

// Whether the first dimension of some input is open, or all of its shape.
bool graph_has_open_batch(const struct graph *graph);

// Fills a call's inputs and outputs for a node from the inference; arrays belong to the arena.
// Outputs are copies (dtype, shape) without data. For op->cost, op->map_axes and the like.
void inference_call(const struct inference *inference, const struct node *node, struct arena *arena,
                    struct op_call *call);
// Whether every input and output of the node that is there has a static shape.
bool inference_knows(const struct inference *inference, const struct node *node);

#endif
