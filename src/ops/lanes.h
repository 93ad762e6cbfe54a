// A tensor seen as lanes along one of its axes, for operators that work on each lane alone:
// Softmax, ArgMax, CumSum, LpNormalization.
#ifndef OPS_LANES_H
#define OPS_LANES_H

#include "ops/shared.h"

// x as (outer, count, inner); item k of lane (o, i) lies at (o * count + k) * inner + i.
struct lanes {
    int64_t outer, count, inner;
};

// `axis` may count from the end. ERR_SHAPE for one that x does not have.
MUST_CHECK enum status lanes_along(struct context *context, const struct shape *x, int64_t axis,
                                   struct lanes *lanes);
// Where lane number `lane` of outer * inner begins.
static inline int64_t lane_start(const struct lanes *lanes, int64_t lane)
{
    return lane / lanes->inner * lanes->count * lanes->inner + lane % lanes->inner;
}
static inline int64_t lane_count(const struct lanes *lanes)
{
    return lanes->outer * lanes->inner;
}

// Every axis of input 0 but `axis` (>= 0) is that axis of output 0, or, in an output of less rank,
// the axis before it. Cutting along `axis` would change what remains there.
void axes_beside(const struct op_call *call, int axis, struct axis_map *map);

#endif
