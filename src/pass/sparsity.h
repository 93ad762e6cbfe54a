// Which weights of a graph may be pruned, and the record of what was pruned (metadata_props key
// ecai.sparsity): names and pattern. The zeros are the mask: every method here prunes to zero.
#ifndef PASS_SPARSITY_H
#define PASS_SPARSITY_H

#include "pass/pass.h"

#define SPARSITY_KEY "ecai.sparsity"

// The weight matrix of a node that pruning is for (Conv, Gemm, MatMul ...: rank 2 or more, float,
// named by the operator); NO_VALUE: none.
struct value_id prunable_weight(const struct graph *graph, const struct node *node);

// Zeros the weights whose mask is 0 and notes it on the value. mask: one float an element.
MUST_CHECK enum status sparsity_apply(struct context *context, struct graph *graph,
                                      struct value_id weight, const float *mask);

// Writes the record of all values' sparsity into the metadata (removes it where there is none).
void sparsity_store(struct graph *graph);
// Puts the record of a graph that was read back on its values; names that no longer exist are
// passed over. ERR_FORMAT if the record is damaged.
MUST_CHECK enum status sparsity_restore(struct context *context, struct graph *graph);

#endif
