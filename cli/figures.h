// Shapes and counts of one model, as every report needs them.
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include "energy/count.h"
#include "exec/infer.h"

struct figures {
    struct inference inference;
    struct counts counts;
};

// At batch 1. What cannot be inferred stays unknown (NaN) unless is_strict, where it is an error.
// shape and set: the options of those names; NULL: none given. Counts borrow from the graph.
MUST_CHECK enum status figures_init(struct context *context, const struct graph *graph,
                                    const struct infer_options *options, bool is_strict,
                                    struct figures *out);
void figures_clear(struct figures *figures); // zeroed is fine
// The names that were borrowed become the arena's: the graph may go.
void figures_keep_names(struct figures *figures, struct arena *arena);

// One node that runs, with the weights that it is the first to read summed up.
struct layer_figures {
    const struct node_count *node;
    double parameters, nonzero, bytes; // bytes: as stored, scales included
};
// One for each of counts.node, from the arena.
struct layer_figures *figures_layers(const struct counts *counts, struct arena *arena);

#endif
