// Kinds of device profiles: how each is read and how joules follow from counts. One file
// src/energy/kind_NAME.c and one row of src/energy/kinds.def each.
#ifndef ENERGY_KINDS_H
#define ENERGY_KINDS_H

#include "energy/estimate.h"
#include "energy/profile.h"

// What is asked about counts: as they are, or with something undone.
struct energy_scenario {
    int reference_bits; // 32, 8: every number in float32 or int8, without scales; 0: as they are
    bool is_dense;      // no zero is left out
    enum { LEVEL_OWN, LEVEL_ON_CHIP, LEVEL_OFF_CHIP } level; // of the weights
    double batch; // inferences that share the weights that are read; at least 1
};

struct energy_question {
    const struct counts *counts;
    const struct device *device;
    const struct energy_scenario *scenario;
    double weight_bytes; // of all layers together, as stored
};

struct device_kind {
    const char *name;   // in profiles
    bool has_zero_laws; // knows ZEROS_AFFINE and ZEROS_2_4, not only ZEROS_COST and ZEROS_SKIP
    // Reads the kind's own keys. Members of struct device, or `own`, from the device's arena.
    enum status (*read)(struct profile *profile, struct device *device);
    // Fills joules (of one inference out of scenario.batch) into layers: mac, weights, activations;
    // energy->fixed; energy->seconds and utilisation where the kind knows them (they come as
    // NaN). Layers come with
    // everything else filled in. What has no figure gets NaN, and energy_no_figure() names it.
    void (*estimate)(struct energy *energy, const struct energy_question *question);
    // The same from plain counts of a network; NULL: this kind needs the layers themselves.
    void (*work)(const struct device *device, const struct energy_work *work, double batch,
                 struct energy_sum *sum);
};

#define KIND(id) extern const struct device_kind kind_##id;
#include "energy/kinds.def"
#undef KIND
extern const struct device_kind *const device_kinds[DEVICE_KIND_COUNT]; // by enum device_kind

// The estimate without its interval; energy_clear it.
void energy_of_scenario(struct energy *energy, const struct counts *counts,
                        const struct energy_scenario *scenario, const struct device *device);

// The type that a number has in that scenario.
struct number_type scenario_type(const struct energy_scenario *scenario, struct number_type type);
// Whether zeros are left out where weights are stored and multiplied.
bool scenario_skips_zeros(const struct energy_scenario *scenario, const struct device *device);
// MACs of a node that are done in that scenario.
double scenario_macs(const struct energy_question *question, const struct node_count *node);
// Whether all weights together are kept on chip.
bool scenario_is_on_chip(const struct energy_question *question);
// Which column of a profile a MAC of these types belongs to; -1: none. Processors without narrower
// multipliers compute in the container: int4 costs what int8 does.
int precision_of(const struct number_type *weight, const struct number_type *activation);
// Says why there is no estimate for this node, unless an earlier one is named already.
void energy_no_estimate(struct energy *energy, const struct node_count *node, const char *what);
// The same where the profile has no figure for it.
void energy_no_figure(struct energy *energy, const struct node_count *node,
                      const struct number_type *weight, const struct number_type *activation);

#endif
