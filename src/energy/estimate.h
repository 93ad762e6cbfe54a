// Joules of one inference from counts and a device profile, with a breakdown, and the ratio of two
// networks split into factors. The rules are in docs/energy.md; sources of the costs stand in the
// profiles.
#ifndef ENERGY_ESTIMATE_H
#define ENERGY_ESTIMATE_H

#include "energy/array_map.h"
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
    // How it lies on an array of processing elements (kind array); NULL: the profile is of no array
    const struct array_mapping *mapping;
};

enum fits { FITS_UNKNOWN = -1, FITS_NOT, FITS };

struct energy {
    struct arena *arena;
    struct energy_layer *layer; // nodes that run, in the graph's order
    uint32_t layer_count;
    double batch;                            // inferences together; figures are of one of them
    double joules, low, high;                // NaN: unknown, `reason` says why
    double mac, weights, activations, fixed; // joules; these four sum to `joules`
    // Of one inference at batch 1; utilisation is of the peak MACs. NaN: unknown, or a batch.
    double seconds, watts, utilisation;
    double seconds_low, seconds_high; // NaN too where cycles are counted: their error is not known
    bool weights_are_on_chip;         // where the profile tells two memories apart
    enum fits fits;                   // weights in flash, activations in RAM
    double flash_needed, ram_needed;  // bytes of these
    const char *reason;               // NULL: known
};

void energy_init(struct energy *energy, const struct counts *counts, const struct device *device);
// In batches of so many inferences (at least 1): what is fixed and reading weights is shared.
// energy_init takes device->batch.
void energy_init_batch(struct energy *energy, const struct counts *counts,
                       const struct device *device, double batch);
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
    const char *reason; // why joules that are known have no ratio, borrowed; NULL: they have
};
extern const struct energy_ratio energy_ratio_unknown;

void energy_compare(const struct counts *baseline, const struct device *baseline_device,
                    const struct counts *model, const struct device *device,
                    struct energy_ratio *ratio);

// Whether the joules of two profiles end at different boundaries, or where they do is not told.
bool energy_boundaries_differ(const struct device *a, const struct device *b);
// A ratio on the model's device becomes one with the baseline on its own: `hardware` and the
// interval, from both energies' own, are set anew. Unknown, with the reason, where one of the two
// alone is a datapath: arithmetic and memory accesses are a part of a machine. Does nothing for one
// profile.
void energy_ratio_across(struct energy_ratio *ratio, const struct device *baseline_device,
                         const struct energy *baseline, const struct device *device,
                         const struct energy *model);

// One network's part of that, which two reports need to be compared: joules after each step, in
// either memory at the end, on one device. NaN: unknown.
struct energy_steps {
    int reference_bits; // 32, or 8
    double own, reference, dense;
    double on_chip, off_chip; // as `dense`, with the weights in that memory
    bool is_on_chip;          // where its own weights are
    double nonzero;           // weights that are not zero
};
void energy_steps_of(const struct counts *counts, const struct device *device,
                     struct energy_steps *steps);
// The ratio and factors of two networks on one device. Unknown where their references differ.
void energy_compare_steps(const struct energy_steps *baseline, const struct energy_steps *model,
                          double ratio_error_percent, struct energy_ratio *ratio);

// Plain counts of one inference of a network (or of a layer): what a table of published
// measurements tells. Fields that a kind of profile has no use for are ignored.
struct energy_work {
    double macs, depthwise_macs; // all of them, and those of depthwise convolutions among them
    double weight_bytes;         // as stored
    double activation_bytes;     // that layers read and write
    enum device_precision precision;
    double nonzero;             // part of the weights that is not zero; 1: dense
    double nonzero_activations; // part of the activations that is not zero; 1: dense
    bool is_2_4;                // of every four weights at most two are not zero
    double neurons;             // spiking
};

struct energy_sum {
    double joules, mac, weights, activations, fixed; // of one inference; NaN: no figure for it
    double seconds, watts;                           // NaN: not known
};

// What the profile says of that work in batches of so many; the calibrated kind estimates the
// layers of a graph by the same function. NaN for a kind that needs the layers' shapes.
struct energy_sum energy_of_work(const struct device *device, const struct energy_work *work,
                                 double batch);

#endif
