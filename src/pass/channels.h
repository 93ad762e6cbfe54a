// Which channels of a network go together, and cutting them out. The operators' axis maps say how
// an index of one axis runs through each node; what they tie together over the whole graph is one
// channel: it can go if it runs into nothing that needs all of it (the model's input or output, a
// normalisation over it, a shape that is fixed). Structured pruning of this kind: G. Fang et al.,
// "DepGraph: Towards Any Structural Pruning", 2023; here the dependencies come from op->map_axes.
#ifndef PASS_CHANNELS_H
#define PASS_CHANNELS_H

#include "exec/infer.h"
#include "ir/graph.h"

// Channels that are made by the same nodes and read by the same nodes.
struct channel_group {
    const char *node;   // the first node with weights that makes them
    const char *op;     // its operator
    int64_t count;      // channels
    bool is_offered;    // each of them can be cut (but one has to stay)
    const char *reason; // why not, naming what is in the way; NULL if it is offered
};

struct channels {
    struct arena *arena;
    struct channel_group *group;
    int count, offered; // groups, and those that are offered
    // private
    struct channel_links *links;
};

// Exporters store equal vectors once (the zero biases of a fresh network, say): gives every node
// its own, so that layers which have nothing else in common are not tied. Data stay shared.
void channels_untie(struct graph *graph);

// Shapes are inferred with `options` (NULL: one sample). The graph must outlive the result. Nodes
// whose shapes are not known stand in the way of what they touch. Errors are graph_infer's.
MUST_CHECK enum status channels_find(struct context *context, const struct graph *graph,
                                     const struct infer_options *options, struct channels *out);
void channels_clear(struct channels *channels);

// Channel `index` of group `group` is to be cut: marks it. Cuts nothing yet.
void channels_mark(struct channels *channels, int group, int64_t index);
void channels_unmark_all(struct channels *channels);
// Zeroes the slices of every weight that belong to the marked channels (of int8 too: their zero
// point is taken as 0): what may be cut without a change of any output.
MUST_CHECK enum status channels_zero(struct context *context, const struct channels *channels,
                                     struct graph *graph);
// Cuts the marked channels out of the graph (the one that was looked at, or a clone of it with the
// same ids): weights get smaller, constant shapes and group counts follow. ERR_SHAPE naming the
// node where shapes no longer fit; the graph is then half-cut and useless.
MUST_CHECK enum status channels_cut(struct context *context, const struct channels *channels,
                                    struct graph *graph);

#endif
