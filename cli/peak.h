// The most that one core of this machine can do, measured now, to judge kernels by.
#ifndef CLI_PEAK_H
#define CLI_PEAK_H

#include "kernels/kernels.h"

// Operations a second; a multiply-accumulate is two.
struct peak {
    double f32;      // fused multiply-adds of floats
    double i8;       // dot products of integers
    double i8_tiles; // the same on AMX tiles; 0: there are none
};

// Some milliseconds of both loops; keeps what is better than *best has. Call it now and then during
// a run: a machine is not always at its best.
void peak_measure(const struct kernels *kernels, struct peak *best);

#endif
