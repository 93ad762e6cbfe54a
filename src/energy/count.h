// Counts of a network for one inference: multiply-accumulates, weights and activations that are
// kept in memory, each with the type it is stored in. No joules here; energy/estimate.h turns
// counts into them. The rules are in docs/energy.md.
#ifndef ENERGY_COUNT_H
#define ENERGY_COUNT_H

#include <stdbool.h>

#include "base/arena.h"
#include "energy/layer_shape.h"
#include "energy/stored.h"
#include "ir/graph.h"

// One node that runs at every inference (what depends on constants alone does not).
struct node_count {
    uint32_t node;         // position in the graph
    const char *name, *op; // borrowed from the graph
    double macs;           // dense; NaN: unknown, 0: the node does no multiply-accumulates
    double macs_nonzero;   // without those of zero weights
    bool is_depthwise;     // grouped, one input channel per group
    bool is_2_4;           // of every four weights that are summed up at most two are not zero
    struct number_type weight, activation;  // of the operands, if macs > 0
    double input_elements, output_elements; // of what it reads and writes, if macs > 0
    int output_bits;                        // as the output is stored, if macs > 0
    struct layer_shape shape;               // groups 0: loops that are not known
    // What it reads, or what its output is before anybody else reads it, comes out of a ReLU.
    bool reads_rectified, writes_rectified;
};

// One constant that is kept in memory and read once.
struct weight_count {
    uint32_t layer; // index in counts.node of the node that reads it first
    const char *name;
    double elements, nonzero;
    struct number_type type;
    bool is_scale;     // or zero point: comes and goes with quantisation
    bool is_parameter; // false: scales, running statistics; they count as bytes only
    bool is_2_4;       // as its layer says
    double rows;       // of the matrix; 0: it is none
};

// One tensor that is written to memory and read back: a graph input, or the output of a node that
// does not work in place.
struct activation_count {
    uint32_t layer; // that writes it; of a graph input: that reads it first
    const char *name;
    double elements;
    int bits; // as stored: 8 if all that read it see it quantised to 8
};

struct counts {
    struct arena *arena;
    struct node_count *node;
    struct weight_count *weight;
    struct activation_count *activation;
    uint32_t node_count, weight_count, activation_count;
    // Totals. NaN when a node's cost or shape is unknown: `reason` then names it (else NULL).
    double macs, macs_nonzero;
    double parameters, nonzero;       // elements of parameters, and those that are no zero
    double weight_bytes;              // stored: dense or bitmask, whichever is smaller, with scales
    double dense_weight_bytes;        // stored without leaving zeros out
    double activation_bytes;          // of all activations together
    double peak_activation_bytes;     // most that is alive at one time, in the graph's order
    int weight_bits, activation_bits; // of the layer with most MACs; 0: there is none
    const char *reason;
};

// tensor: one per value, with dtype and static shape as inferred at batch 1 (exec/infer.h); a
// tensor that also has data is known before running and costs nothing. Strings are borrowed from
// the graph, so counts live no longer than it.
void counts_init(struct counts *counts, const struct graph *graph, const struct tensor *tensor);
void counts_clear(struct counts *counts);
// Of a graph that fixes a batch of that many independent samples: what one of them takes.
void counts_per_sample(struct counts *counts, double samples);

#endif
