// Softmax over lanes, for the operators that contain one.
#ifndef OPS_SOFTMAX_H
#define OPS_SOFTMAX_H

#include "ops/lanes.h"

// Every lane of x, f32 or f64, to y, which may be x; is_log: its logarithm.
void softmax_lanes(const struct lanes *lanes, enum dtype dtype, bool is_log, const void *x,
                   void *y);

#endif
