// Runs the kernels' peak loops.
#include "cli/peak.h"

#include "base/clock.h"

enum { TRIES = 12, ROUNDS = 20000 }; // 30 to 150 us a try

static void keep_better(double operations, double start, double *best)
{
    double taken = clock_seconds() - start;

    if (taken > 0 && operations / taken > *best)
        *best = operations / taken;
}

void peak_measure(const struct kernels *kernels, struct peak *best)
{
    for (int i = 0; i < TRIES; i++) {
        float half = 0.5F;
        int32_t integer = i;
        double start = clock_seconds();

        keep_better(kernels->peak_f32(ROUNDS, &half), start, &best->f32);
        start = clock_seconds();
        keep_better(kernels->peak_i8(ROUNDS, &integer), start, &best->i8);
        if (kernels->isa != ISA_AMX)
            continue;
        start = clock_seconds();
        keep_better(kernels->peak_i8_tiles(ROUNDS / 20), start, &best->i8_tiles);
    }
}
