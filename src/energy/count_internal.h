// What the parts of the counting share: the walk over one graph.
#ifndef ENERGY_COUNT_INTERNAL_H
#define ENERGY_COUNT_INTERNAL_H

#include "energy/count.h"

#define NO_LAYER UINT32_MAX

// A weight with data, as it is stored.
struct weight_info {
    struct number_type type;
    struct zeros zeros;
    bool is_scale;     // or zero point
    bool is_statistic; // running mean or variance
    bool is_2_4;       // see struct node_count
};

// What the counting keeps beside the graph, by value or by node.
struct walk {
    struct counts *counts;
    const struct graph *graph;
    const struct tensor *tensor;
    bool *is_constant;        // value: known before running
    bool *is_stored;          // value: a tensor that is written to memory
    int *bits;                // value: as its readers see it
    uint32_t *owner;          // value: first layer that reads it, directly or through constants
    uint32_t *storage;        // value: the stored value whose memory it lives in
    uint32_t *layer;          // node: index in counts->node; NO_LAYER: constant
    struct op_cost *cost;     // node
    bool *is_rectified;       // value: comes out of a ReLU, through what keeps zeros
    bool *becomes_rectified;  // value: goes into one, through what works in place
    struct weight_info *info; // value
};

// Whether the output of node `node` lives where its input does.
bool node_keeps_memory(const struct walk *walk, uint32_t node);
// Elements of a value; NaN if its shape is not known, 0 for NO_VALUE.
double value_elements(const struct walk *walk, struct value_id id);
// Names the first node that makes the totals unknown.
void set_unknown(struct walk *walk, const struct node *node, const char *what);

// The tensors that are kept: weights (once info is filled in) and activations, with their totals.
void count_weights(struct walk *walk);
void count_activations(struct walk *walk);

// The weight that a constant is made from: through DequantizeLinear, Cast, Transpose, views.
// NO_VALUE: it is none.
struct value_id weight_behind(const struct walk *walk, struct value_id id);
// The part of a node's multiply-accumulates whose weight is not zero.
double nonzero_part(const struct walk *walk, const struct node *node, const struct op_cost *cost);
// Whether of every four weights that input `slot` of a node sums up at most two are not zero; the
// operand `weight` is made from `root`. Looked at where so many are zero that it can be: half.
bool finds_2_4(const struct walk *walk, const struct node *node, int slot, struct value_id weight,
               struct value_id root);

// Fills in is_rectified and becomes_rectified.
void find_rectified(struct walk *walk);
// The loops of a node that multiplies; weight: the input that holds its weights.
struct layer_shape shape_of_node(const struct walk *walk, const struct node *node, int weight,
                                 double macs);

#endif
