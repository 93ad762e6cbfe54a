// The reference executor: runs a graph with nothing but op->forward. Slow, plain, and the golden
// answer in every test.
#ifndef EXEC_REFERENCE_H
#define EXEC_REFERENCE_H

#include "ir/graph.h"

// Sees every value that a node makes, right after it was made (calibration, tests). NULL: none.
struct observer {
    enum status (*see)(void *self, struct context *, struct value_id, const struct tensor *);
    void *self;
};

// input[i] belongs to graph->input[i]: dtype as declared, static shape, data. output[i] becomes the
// value of graph->output[i]; the caller releases it. Nothing is written to the graph.
MUST_CHECK enum status reference_run(struct context *context, const struct graph *graph,
                                     const struct tensor *input, struct tensor *output,
                                     const struct observer *observer);

// What op_call.run_graph is: a body, whose inputs may have other shapes than it declares.
MUST_CHECK enum status reference_run_body(struct context *context, const struct op_call *caller,
                                          const struct graph *body, const struct tensor *input,
                                          struct tensor *output);

#endif
