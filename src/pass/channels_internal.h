// Inside of pass/channels.h: elements and what holds them.
#ifndef PASS_CHANNELS_INTERNAL_H
#define PASS_CHANNELS_INTERNAL_H

#include "pass/channels.h"

enum obstacle_kind { NO_OBSTACLE, OBSTACLE_NODE, OBSTACLE_INPUT, OBSTACLE_OUTPUT };

struct obstacle {
    enum obstacle_kind kind;
    uint32_t id; // of the node, or of the value
};

// Element: one index of one axis of one value, numbered value by value, axis by axis. Elements with
// the same root go together.
struct channel_links {
    struct arena *arena;
    const struct graph *graph;
    struct infer_options options;
    struct inference inference;
    uint32_t count;
    uint32_t *base;          // [values + 1]: first element of a value
    uint32_t *parent;        // [count]
    struct obstacle *reason; // [count], of roots: what does not let it go
    bool *is_marked;         // [count], of roots: to be cut
    uint32_t *group_first;   // [groups + 1]: where the roots of a group begin in `root`
    uint32_t *root;
};

uint32_t channel_root(const struct channel_links *links, uint32_t element);
// The element of index 0 of that axis.
uint32_t channel_element(const struct channel_links *links, struct value_id value, int axis);

// Cuts the marked channels as channels_cut does, but floats get a shape and no data: a cheap way to
// see whether all shapes still fit.
MUST_CHECK enum status channels_try(struct context *context, const struct channels *channels,
                                    struct graph *graph);

#endif
