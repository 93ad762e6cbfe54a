// The ratio of two networks' energies as a product of factors: each is undone in steps, and what a
// step is worth is compared. See estimate.h and docs/energy.md.
#include <math.h>
#include <string.h>

#include "energy/kinds.h"

const struct energy_ratio energy_ratio_unknown = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NULL};

static double joules_of(const struct counts *counts, const struct device *device,
                        const struct energy_scenario *scenario, bool *on_chip)
{
    struct energy energy;
    double joules;

    energy_of_scenario(&energy, counts, scenario, device);
    joules = energy.joules;
    if (on_chip)
        *on_chip = energy.weights_are_on_chip;
    energy_clear(&energy);
    return joules;
}

// The memory stays where the whole network has it until the step that moves it.
static struct energy_steps steps_at(const struct counts *counts, const struct device *device,
                                    int bits)
{
    struct energy_scenario at = {0, false, LEVEL_OWN, 1};
    struct energy_steps steps = {.reference_bits = bits, .nonzero = counts->nonzero};

    steps.own = joules_of(counts, device, &at, &steps.is_on_chip);
    at.reference_bits = bits;
    at.level = steps.is_on_chip ? LEVEL_ON_CHIP : LEVEL_OFF_CHIP;
    steps.reference = joules_of(counts, device, &at, NULL);
    at.is_dense = true;
    steps.dense = joules_of(counts, device, &at, NULL);
    at.level = LEVEL_ON_CHIP;
    steps.on_chip = joules_of(counts, device, &at, NULL);
    at.level = LEVEL_OFF_CHIP;
    steps.off_chip = joules_of(counts, device, &at, NULL);
    return steps;
}

void energy_steps_of(const struct counts *counts, const struct device *device,
                     struct energy_steps *steps)
{
    *steps = steps_at(counts, device, 32);
    if (isnan(steps->dense))
        *steps = steps_at(counts, device, 8);
}

// Two networks that differ in nothing that is counted take the same on any device. More zeros may
// save something even where the profile says that they do not.
static bool is_alike(const struct energy_steps *a, const struct energy_steps *b,
                     const struct energy_ratio *ratio)
{
    return a->nonzero == b->nonzero && ratio->energy == 1 && ratio->bits == 1 &&
           ratio->sparsity == 1 && ratio->memory == 1 && ratio->architecture == 1 &&
           ratio->hardware == 1;
}

void energy_compare_steps(const struct energy_steps *baseline, const struct energy_steps *model,
                          double ratio_error_percent, struct energy_ratio *ratio)
{
    const struct energy_steps *a = baseline, *b = model;
    double a_moved = a->is_on_chip ? a->on_chip : a->off_chip;
    double b_moved = a->is_on_chip ? b->on_chip : b->off_chip;
    double factor = 1 + ratio_error_percent / 100;

    *ratio = energy_ratio_unknown;
    if (b->own > 0)
        ratio->energy = a->own / b->own;
    if (a->reference_bits == b->reference_bits && !isnan(a_moved) && !isnan(b_moved)) {
        ratio->bits = (a->own / a->reference) / (b->own / b->reference);
        ratio->sparsity = (a->reference / a->dense) / (b->reference / b->dense);
        ratio->memory = (a->dense / a_moved) / (b->dense / b_moved);
        ratio->architecture = a_moved / b_moved;
        ratio->hardware = 1;
    }
    factor = is_alike(a, b, ratio) ? 1 : factor;
    ratio->low = ratio->energy / factor;
    ratio->high = ratio->energy * factor;
}

bool energy_boundaries_differ(const struct device *a, const struct device *b)
{
    return !a->boundary || !b->boundary || strcmp(a->boundary, b->boundary) != 0;
}

static bool is_datapath(const struct device *device)
{
    return device->boundary && strcmp(device->boundary, "datapath") == 0;
}

void energy_ratio_across(struct energy_ratio *ratio, const struct device *baseline_device,
                         const struct energy *baseline, const struct device *device,
                         const struct energy *model)
{
    double on_one = ratio->energy * model->joules;

    if (strcmp(baseline_device->sha256, device->sha256) == 0)
        return;
    if (is_datapath(baseline_device) != is_datapath(device)) {
        *ratio = energy_ratio_unknown;
        ratio->reason = "joules of a datapath alone are no measure of a whole chip, board or "
                        "machine: the devices' boundaries differ";
        return;
    }
    ratio->hardware *= baseline->joules / on_one;
    ratio->energy = model->joules > 0 ? baseline->joules / model->joules : NAN;
    ratio->low = baseline->low / model->high;
    ratio->high = baseline->high / model->low;
}

void energy_compare(const struct counts *baseline, const struct device *baseline_device,
                    const struct counts *model, const struct device *device,
                    struct energy_ratio *ratio)
{
    struct energy before, after;
    struct energy_steps a, b;

    energy_steps_of(baseline, device, &a);
    energy_steps_of(model, device, &b);
    if (a.reference_bits != b.reference_bits) {
        a = steps_at(baseline, device, 8);
        b = steps_at(model, device, 8);
    }
    energy_compare_steps(&a, &b, device->ratio_error_percent, ratio);
    energy_init(&before, baseline, baseline_device);
    energy_init(&after, model, device);
    energy_ratio_across(ratio, baseline_device, &before, device, &after);
    energy_clear(&before);
    energy_clear(&after);
}
