// Which weights stay: masks by magnitude (Han et al. 2015), over all tensors together or one by
// one.
#ifndef TRAIN_MASKS_H
#define TRAIN_MASKS_H

#include <stdbool.h>
#include <stddef.h>

// One weight tensor that may be pruned. mask[i]: 1 kept, 0 pruned.
struct mask_target {
    const float *weight;
    float *mask;
    size_t count;
    double least_density; // at least this fraction stays
    double sparsity;      // its own target; NaN: the common one
};

// Sets the masks so that `sparsity` of all weights (is_global) or of each tensor is pruned, the
// smallest magnitudes first; among equals the later one goes first, so the result is unique. With
// is_global a tensor that reaches its least density keeps the rest and the others give more; those
// with a target of their own are not ranked with the others.
void masks_by_magnitude(struct mask_target *target, int count, double sparsity, bool is_global);

#endif
