// The batch axis of a graph: where the samples of a batch are in every value, and whether they stay
// apart from input to output. Proved on the shapes of two batches through the operators' axis maps
// (op->map_axes): an axis that can be cut through an operator leaves the other samples alone.
#ifndef EXEC_BATCH_AXIS_H
#define EXEC_BATCH_AXIS_H

#include "exec/infer.h"

enum { BATCH_SHARED = -1, BATCH_SIZE = -2 };

// A value's dimension `axis` is batch * repeat, sample by sample. axis BATCH_SHARED: the same for
// every sample and batch. BATCH_SIZE: known numbers that change with the batch (shape arithmetic).
struct batch_axis {
    int axis;
    int64_t repeat;
};

struct open_batch {
    bool is_proven;
    bool is_rewritten;          // the graph fixed its batch
    int64_t own;                // the batch that the graph fixed, 1 where it was open
    char reason[256];           // why not; "" where it is proven
    struct batch_axis *axis;    // per value, in the arena given
    struct inference inference; // of the graph at `batch`, if proven; the caller clears it
};

// Opens the first dimension of every input (those of options->set excepted) and rewrites what the
// graph computes with its own batch: constant shapes of Reshape, zeros that an LSTM starts from.
// `graph` is changed, ids stay (new weights come behind): pass a clone. --shape counts but for the
// batch. ERR_USAGE for an open dimension that is needed, ERR_SHAPE and others where the graph is
// wrong at its own batch too; what merely cannot be proven is OK with is_proven false, and then the
// graph is spoilt.
MUST_CHECK enum status graph_open_batch(struct context *context, struct graph *graph,
                                        const struct infer_options *options, int64_t batch,
                                        struct arena *arena, struct open_batch *out);

// Samples of one run: more than one where the graph fixes a batch of samples that are independent.
// inference: of the graph as it is. The graph stays as it is.
int64_t graph_own_batch(struct context *context, const struct graph *graph,
                        const struct infer_options *options, const struct inference *inference);

#endif
