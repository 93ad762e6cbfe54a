// Which weights of a graph may be pruned, and the record of what was pruned (metadata_props key
// ecai.sparsity): names and pattern, and the mask (zlib, base64) where it is not just the zeros:
// rounding to integers makes zeros that nobody pruned.
#ifndef PASS_SPARSITY_H
#define PASS_SPARSITY_H

#include "pass/pass.h"

#define SPARSITY_KEY "ecai.sparsity"

// The first input of a node, from slot `from` on, that holds a weight matrix that pruning is for
// (of Conv, Gemm, MatMul, both of LSTM ...: rank 2 or more, float, named by the operator); -1:
// none.
//     for (int i = -1; (i = prunable_slot(graph, node, i + 1)) >= 0;)
int prunable_slot(const struct graph *graph, const struct node *node, int from);
// The first of these weights; NO_VALUE: none.
struct value_id prunable_weight(const struct graph *graph, const struct node *node);

// Zeros the weights whose mask is 0 and notes it on the value, unless nothing is pruned. mask:
// DT_U8 of the weight's shape, private, taken in any case; what was pruned before stays pruned.
MUST_CHECK enum status sparsity_apply(struct context *context, struct graph *graph,
                                      struct value_id weight, struct tensor mask);

// Whether element i of the value is pruned; false without sparsity.
bool sparsity_prunes(const struct value *value, int64_t i);
// Fixes the mask of a value before its numbers are rounded: *out has data where the rounded numbers
// have zeros that are not pruned, none where their zeros are the mask.
MUST_CHECK enum status sparsity_fix(struct context *context, const struct value *value,
                                    const struct tensor *rounded, struct sparsity *out);

// Writes the record of all values' sparsity into the metadata (removes it where there is none).
MUST_CHECK enum status sparsity_store(struct context *context, struct graph *graph);
// Puts the record of a graph that was read back on its values; names that no longer exist are
// passed over, so are masks of another size. ERR_FORMAT if the record is damaged.
MUST_CHECK enum status sparsity_restore(struct context *context, struct graph *graph);

#endif
