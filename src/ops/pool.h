// What MaxPool, AveragePool and LpPool share: attributes, geometry, inference.
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
// The taps of the window at output position o that lie inside the input.
struct pool_taps {
    struct range axis[WINDOW_AXES];
};

static inline struct pool_taps pool_taps(const struct window *w, const int64_t *o)
{
    return (struct pool_taps){
        {window_taps(w, 0, o[0]), window_taps(w, 1, o[1]), window_taps(w, 2, o[2])}};
}

double pool_taps_count(struct pool_taps taps);

// Runs the statement behind it with `at` the place of each tap in an input plane.
#define FOR_TAPS(w, t, o, at)                                                                      \
    for (int64_t kd = (t).axis[0].from; kd < (t).axis[0].to; kd++)                                 \
        for (int64_t kh = (t).axis[1].from; kh < (t).axis[1].to; kh++)                             \
            for (int64_t kw = (t).axis[2].from, at = window_tap(&(w), o, kd, kh, kw);              \
                 kw < (t).axis[2].to; kw++, at += (w).dilation[2])

// Batch and channels pass through a pool; spatial axes do not.
enum status axes_batch_and_channels(struct context *context, const struct op_call *call,
                                    struct axis_map *map);

// The rows of the attribute table that all pools have.
#define POOL_FIELDS                                                                                \
    FIELD_CHOICE(struct pool_attr, auto_pad, "NOTSET", "NOTSET|SAME_UPPER|SAME_LOWER|VALID",       \
                 "how the input is padded"),                                                       \
        FIELD(struct pool_attr, ceil_mode, "0", 0, 1, "a last window that is cut off counts"),     \
        FIELD(struct pool_attr, dilations, NULL, 0, 0, "distance of neighbouring taps"),           \
        FIELD(struct pool_attr, kernel_shape, NULL, 0, 0, "taps along each axis"),                 \
        FIELD(struct pool_attr, pads, NULL, 0, 0, "padding before each axis, then after each"),    \
        FIELD(struct pool_attr, strides, NULL, 0, 0, "distance of neighbouring windows")

#endif
