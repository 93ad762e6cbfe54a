// The inside of the batch axis' proof: what the step over one node and the walk over all share.
#ifndef EXEC_BATCH_AXIS_INTERNAL_H
#define EXEC_BATCH_AXIS_INTERNAL_H

#include "exec/batch_axis.h"

struct proof {
    int64_t batch, own;
    struct inference at[3];  // at the batch, at twice the batch, at the graph's own
    struct batch_axis *axis; // per value
};

// Sets the axis of the node's outputs from its inputs', both inferences having passed the node.
// ERR_UNSUPPORTED with the reason where samples meet.
MUST_CHECK enum status proof_step(struct context *context, const struct proof *proof,
                                  const struct node *node);

// open_batch_rewrite.c. Before the walk: a target of its own for every Reshape, and Expand before
// what is joined to every sample (ids of nodes change). Then before each node is inferred: its
// constants follow from where the batch is in its inputs.
MUST_CHECK enum status open_constants(struct context *context, struct graph *graph,
                                      const struct infer_options *options);
MUST_CHECK enum status open_node(struct context *context, struct graph *graph,
                                 const struct proof *proof, uint32_t n);

#endif
