// Slices of a tensor and tensors put together from slices: what Loop and Scan take in and give out
// round by round.
#ifndef OPS_PILE_H
#define OPS_PILE_H

#include "ir/tensor.h"

// Tensors of one type and shape, one behind the other.
struct pile {
    struct tensor type; // of each, without data; set by the first
    char *bytes;
    size_t length, capacity;
    int64_t count;
};

// Copies the tensor's data to the end. ERR_SHAPE if it is not like the first, ERR_MEMORY.
MUST_CHECK enum status pile_add(struct context *context, struct pile *pile,
                                const struct tensor *tensor);
// All of them along a new axis (negative: from the end), the last first if is_backward. An empty
// pile takes type and shape from `declared`, open dims as 0. ERR_SHAPE for an axis outside.
MUST_CHECK enum status pile_stack(struct context *context, const struct pile *pile,
                                  const struct tensor *declared, int64_t axis, bool is_backward,
                                  struct tensor *out);
void pile_clear(struct pile *pile);

// The shape of `count` tensors of shape `element` along a new axis.
MUST_CHECK enum status stacked_shape(struct context *context, const struct shape *element,
                                     int64_t count, int64_t axis, struct shape *out);
// Slice `index` (inside) along `axis`, which goes; shares the data where they lie in one piece.
MUST_CHECK enum status slice_at(struct context *context, const struct tensor *x, int axis,
                                int64_t index, struct tensor *out);
void shape_drop(struct shape *shape, int axis);

#endif
