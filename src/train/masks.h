// Which weights stay: masks by magnitude (Han et al. 2015), over all tensors together or one by
// one.
#ifndef TRAIN_MASKS_H
#define TRAIN_MASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tensor;

// One weight tensor that may be pruned. mask[i]: 1 kept, 0 pruned.
struct mask_target {
    const float *weight;
    float *mask; // of masks_by_magnitude
    size_t count;
    double least_density;        // at least this fraction stays
    double sparsity;             // its own target; NaN: the common one
    const struct tensor *tensor; // cooled after each look at its weights; NULL: none
};

// What goes of one tensor: every magnitude below a threshold, and the last `ties` of those at it.
struct cut {
    uint32_t threshold; // bits of the magnitude
    size_t ties;
};

// Cuts so that `sparsity` of all weights (is_global) or of each tensor is pruned, the smallest
// magnitudes first; among equals the later one goes first, so the result is unique. With is_global
// a tensor that reaches its least density keeps the rest and the others give more; those with a
// target of their own are not ranked with the others. Exact, from histograms: reads each weight
// three times, needs a few KB a tensor.
void cuts_by_magnitude(const struct mask_target *target, int count, double sparsity, bool is_global,
                       struct cut *out);
// Whether the cut takes a weight. Ask for each weight once, from the last to the first.
bool cut_takes(struct cut *cut, float weight);
// The cuts as masks.
void masks_by_magnitude(struct mask_target *target, int count, double sparsity, bool is_global);

#endif
