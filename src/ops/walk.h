// Moving elements between two dense tensors along strides: what Transpose, Slice, Concat, Expand,
// Tile and their gradients have in common.
#ifndef OPS_WALK_H
#define OPS_WALK_H

#include "ir/op.h"

enum { WALK_MAX_RANK = 2 * SHAPE_MAX_RANK }; // Tile needs two axes for one

// Visits dim[0] x dim[1] x ... pairs of elements, the last axis fastest. Strides count elements and
// may be 0 or negative; from_at and to_at are the first pair. No dim is negative.
struct walk {
    int rank;
    int64_t dim[WALK_MAX_RANK], from[WALK_MAX_RANK], to[WALK_MAX_RANK];
    int64_t from_at, to_at;
};

// Row-major strides of a shape, in elements.
void shape_strides(const struct shape *shape, int64_t *stride);

// Over all of `shape`, both sides dense in that shape; callers bend the strides as they need.
struct walk walk_of(const struct shape *shape);
void walk_add_axis(struct walk *walk, int64_t dim, int64_t from, int64_t to);
// From `small`, stretched by broadcasting, to a dense `large`.
struct walk walk_broadcast(const struct shape *small, const struct shape *large);
// From a dense `part` to where it lies in a dense `whole`: from index `offset` of the axis on.
struct walk walk_into(const struct shape *part, const struct shape *whole, int axis,
                      int64_t offset);
struct walk walk_reversed(const struct walk *walk); // from and to exchanged

// to[..] = from[..], any dtype (both sides the same).
void walk_copy(const struct walk *walk, enum dtype dtype, const void *from, void *to);
// to[..] += from[..], DT_F32 and DT_F64 only; in the order of the walk.
void walk_add(const struct walk *walk, enum dtype dtype, const void *from, void *to);

// An operator that is one walk from input 0 to output 0, and the gradient of it.
MUST_CHECK enum status walk_forward(struct context *context, const struct op_call *call,
                                    enum status (*make)(struct context *, const struct op_call *,
                                                        struct walk *));
MUST_CHECK enum status walk_backward(struct context *context, const struct op_call *call,
                                     enum status (*make)(struct context *, const struct op_call *,
                                                         struct walk *));

// Sets `count` elements from element `at` on to element `index` of `value` (same dtype).
void fill_elements(enum dtype dtype, void *to, int64_t at, int64_t count, const void *value,
                   int64_t index);

#endif
