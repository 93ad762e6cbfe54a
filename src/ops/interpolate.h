// One-dimensional interpolation: which items of a row a position between them is made of. Resize
// and GridSample.
#ifndef OPS_INTERPOLATE_H
#define OPS_INTERPOLATE_H

#include <math.h>
#include <stdint.h>

enum filter { FILTER_NEAREST, FILTER_LINEAR, FILTER_CUBIC };

// Half the width of a filter, in items.
static inline double filter_support(enum filter filter)
{
    return filter == FILTER_CUBIC ? 2 : 1;
}

// The weight at distance t. Cubic convolution: R. G. Keys, 1981; a is its free parameter.
static inline double filter_weight(enum filter filter, double t, double a)
{
    t = fabs(t);
    if (filter == FILTER_LINEAR)
        return t < 1 ? 1 - t : 0;
    if (t < 1)
        return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

static inline double clamped(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
