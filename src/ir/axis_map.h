// How (value, axis, index) runs through an operator, for cutting channels: "index k of this axis
// is the same thing as indices offset + k*stride_block .. of that one".
#ifndef IR_AXIS_MAP_H
#define IR_AXIS_MAP_H

#include "ir/op.h"

enum axis_side { AXIS_INPUT, AXIS_OUTPUT };

struct axis_end {
    enum axis_side side;
    int slot; // which input or output of the call
    int axis; // >= 0
};

// Cutting index first + k at a cuts indices offset + k*repeat .. offset + k*repeat + repeat-1 at b,
// for 0 <= k < count, and the other way round. Flatten has repeat = H*W, Concat has offsets,
// everything else repeat 1. first is 0 but in grouped convolutions.
struct axis_link {
    struct axis_end a, b;
    int64_t count, offset, repeat, first;
};

// Axes that no link names cannot be cut through this operator, except inputs' axes listed as free
// ends: an axis whose indices vanish inside the operator (the input channels of Conv: x axis 1 is
// linked to w axis 1, and y does not see them).
struct axis_map {
    struct arena *arena;
    struct axis_link *link;
    int count, capacity;
};

void axis_map_init(struct axis_map *map, struct arena *arena);
void axis_link(struct axis_map *map, struct axis_end a, struct axis_end b, int64_t count,
               int64_t offset, int64_t repeat);
// Indices a_from .. a_from+a_count-1 at a and b_from .. b_from+b_count-1 at b go all together.
void axis_link_blocks(struct axis_map *map, struct axis_end a, int64_t a_from, int64_t a_count,
                      struct axis_end b, int64_t b_from, int64_t b_count);

// Stock maps. keep: every axis of input 0 is the same axis of output 0 (unary elementwise).
enum status axes_keep(struct context *, const struct op_call *, struct axis_map *);
// tie: elementwise with broadcasting; an axis of size 1 that is stretched is not linked.
enum status axes_tie(struct context *, const struct op_call *, struct axis_map *);
// none: nothing can be cut through.
enum status axes_none(struct context *, const struct op_call *, struct axis_map *);

#endif
