// Joules of one inference from counts and a device profile, with a breakdown, and the ratio of two
// networks split into factors. The rules are in docs/energy.md; sources of the costs stand in the
// profiles.
#ifndef ENERGY_ESTIMATE_H
#define ENERGY_ESTIMATE_H

#include "energy/count.h"
#include "energy/device.h"

struct energy_layer {
    const char *name, *op;            // borrowed from the graph
    double macs;                      // dense; NaN: unknown
    int weight_bits, activation_bits; // 0: no multiply-accumulates
    double bytes;                     // of the weights that it reads, as stored
    double parameters, nonzero;       // elements of those that are parameters, and not zero
    double mac, weights, activations; // joules
    double joules;                    // their sum
};

enum fits { FITS_UNKNOWN = -1, FITS_NOT, FITS };

struct energy {
    struct arena *arena;
    struct energy_layer *layer; // nodes that run, in the graph's order
    uint32_t layer_count;
    double joules, low, high;                // NaN: unknown, `reason` says why
    double mac, weights, activations, fixed; // joules; these four sum to `joules`
    bool weights_are_on_chip;                // primitive profiles
    enum fits fits;                          // weights in flash, activations in RAM
    const char *reason;                      // NULL: known
};

void energy_init(struct energy *energy, const struct counts *counts, const struct device *device);
void energy_clear(struct energy *energy);

// Energy of the baseline over that of the model, and its factors, whose product it is. Each network
// is taken from full energy to dense weights at the reference precision (float32, or int8 where the
// profile has no float32) in the baseline's memory, in steps: own energy -> reference precision
// (bits) -> no zeros (sparsity) -> baseline's memory (memory); what differs then is the
// architecture. A factor is the baseline's step over the model's. hardware: baseline's counts on
// its own device over the same on the model's, 1 for one device. NaN: unknown.
struct energy_ratio {
    double energy, low, high;
    double bits, sparsity, architecture, memory, hardware;
};

void energy_compare(const struct counts *baseline, const struct device *baseline_device,
                    const struct counts *model, const struct device *device,
                    struct energy_ratio *ratio);

#endif
