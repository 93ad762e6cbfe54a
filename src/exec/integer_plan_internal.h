// Inside of the planner of integer nodes.
#ifndef EXEC_INTEGER_PLAN_INTERNAL_H
#define EXEC_INTEGER_PLAN_INTERNAL_H

#include "exec/integer.h"

struct planner {
    const struct graph *graph;
    const struct inference *inference;
    struct integer_plan *plan;
    struct value_id *held_by; // per value: the value whose integers it stands for, NO_VALUE: none
    bool *wants_float;        // per value: some float reader
};

// From a node over views and clamps to the QuantizeLinear that reads it.
struct chain {
    struct value_id y; // output of the QuantizeLinear at its end
    struct integer_grid grid;
    uint32_t node[8]; // those on the way, the QuantizeLinear last
    int count;
};

// Weight behind a DequantizeLinear: integers, one scale or one per output channel (axis).
struct weights {
    const struct tensor *q, *scale, *zero;
    int axis;
};

// integer_chain.c. Input i where it is a constant, and the node that makes it; NULL: none.
const struct tensor *plan_constant(const struct planner *p, const struct node *node, int i);
const struct node *plan_producer(const struct planner *p, const struct node *node, int i);
// The grid of a Q or DQ node with one scale; false for anything else.
bool plan_grid_of(const struct planner *p, const struct node *node, struct integer_grid *out);
bool plan_same_grid(const struct integer_grid *a, const struct integer_grid *b);
// Follows the only reader from `from` over views and (with clamps) Relu and Clip to a
// QuantizeLinear; false: there is none.
bool plan_follow(const struct planner *p, struct value_id from, bool with_clamps,
                 struct chain *out);
// The chain's nodes are done with `out`, whose result they are.
void plan_take_chain(struct planner *p, struct integer_node *out, const struct chain *chain);
// Whether input i is the real number behind integers: of which value, on which grid.
bool plan_holds(const struct planner *p, const struct node *node, int i, struct value_id *id,
                struct integer_grid *grid);
// integer_weights.c. False where the weights are not constants on one grid, or one a channel.
bool plan_find_weights(const struct planner *p, const struct node *node, int axis,
                       struct weights *out);
// q - zero_point; [in][out] matrices (axis 1) are turned to [out][in].
void plan_copy_weights(struct planner *p, const struct weights *w, int axis,
                       struct integer_node *out);
// int32 of scale x_scale * w_scale; zeros where the node has none; false for any other bias.
bool plan_copy_bias(struct planner *p, const struct node *node, const struct weights *w,
                    struct integer_node *out);
// Factors of requantisation, or x_scale * w_scale where the result is float.
void plan_set_scales(struct planner *p, const struct weights *w, struct integer_node *out);

#endif
