// What Resize does to each axis: sizes, scales, and which items an item is made of. The passes over
// the data are in resize.c.
#ifndef OPS_RESIZE_H
#define OPS_RESIZE_H

#include "ops/interpolate.h"
#include "ops/shared.h"

struct resize_attr {
    int64_t antialias;
    struct ints axes;
    const char *coordinate_transformation_mode;
    double cubic_coeff_a;
    int64_t exclude_outside;
    double extrapolation_value;
    const char *keep_aspect_ratio_policy, *mode, *nearest_mode;
};

struct resized_axis {
    int64_t in, out;
    float scale, start, end; // start, end: of the region of interest
};

struct resize {
    const struct resize_attr *attr;
    enum filter filter;
    bool is_crop; // coordinates come from a region and may lie outside
    int rank;
    struct resized_axis axis[SHAPE_MAX_RANK];
};

// Everything about a call; scales or sizes must have data. ERR_SHAPE, ERR_NUMERIC.
MUST_CHECK enum status resize_from(struct context *context, const struct op_call *call,
                                   struct resize *r);
// Whether optional input `slot` is there and not empty.
bool resize_is_given(const struct op_call *call, int slot);
bool resize_is_moving(const struct resize *r, int i); // false: axis i stays as it is
// By how much antialiasing widens the filter of an axis: 1 or less.
double resize_shrink(const struct resize *r, const struct resized_axis *axis);

// Items first .. first+count-1 with their weights. count 0: the position is outside of the region,
// and the value for that stands there.
struct taps {
    int64_t first, count;
    double *weight;
};
// Those of every item of an axis, in `room`; no axis needs more than resize_taps_bytes().
struct taps *resize_taps(const struct resize *r, const struct resized_axis *axis, void *room);
size_t resize_taps_bytes(const struct resize *r);

#endif
