// What MaxPool and AveragePool share: attributes, geometry, inference.
#ifndef OPS_POOL_H
#define OPS_POOL_H

#include "ops/attr.h"
#include "ops/shared.h"
#include "ops/window.h"

MUST_CHECK enum status pool_window(struct context *context, const struct op_call *call,
                                   struct window *window);
// Shape of output 0 (and of MaxPool's indices).
MUST_CHECK enum status pool_output(struct context *context, const struct op_call *call,
                                   struct shape *out);
// Batch and channels pass through a pool; spatial axes do not.
enum status axes_batch_and_channels(struct context *context, const struct op_call *call,
                                    struct axis_map *map);

// The rows of the attribute table that both pools have.
#define POOL_FIELDS                                                                                \
    FIELD_CHOICE(struct pool_attr, auto_pad, "NOTSET", "NOTSET|SAME_UPPER|SAME_LOWER|VALID",       \
                 "how the input is padded"),                                                       \
        FIELD(struct pool_attr, ceil_mode, "0", 0, 1, "a last window that is cut off counts"),     \
        FIELD(struct pool_attr, dilations, NULL, 0, 0, "distance of neighbouring taps"),           \
        FIELD(struct pool_attr, kernel_shape, NULL, 0, 0, "taps along each axis"),                 \
        FIELD(struct pool_attr, pads, NULL, 0, 0, "padding before each axis, then after each"),    \
        FIELD(struct pool_attr, strides, NULL, 0, 0, "distance of neighbouring windows")

#endif
