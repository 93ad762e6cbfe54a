// How the energy of two networks compares: the estimated ratio as a product of factors, and what
// the readings of a counter make of it.
#ifndef CLI_FACTORS_H
#define CLI_FACTORS_H

#include "base/json.h"
#include "base/text.h"
#include "cli/measured.h"
#include "energy/estimate.h"

// Energy of the baseline over the model's as one counter read both. NaN: not measured.
struct measured_ratio {
    double energy, low, high; // 95 % (Fieller 1954); low, high NaN: it could be anything
    const char *counter;      // borrowed; NULL: not measured
};
extern const struct measured_ratio measured_ratio_nothing;

// Of two readings of the same counter with as many samples and threads; nothing where one is
// missing or none is above zero, no interval where zero lies in one of theirs.
struct measured_ratio measured_ratio_of(const struct measured *baseline,
                                        const struct measured *model);

// "the baseline's joules are of batches of 64, the model's of 1": why there is no ratio.
const char *batches_words(struct arena *arena, double baseline, double model);

// What one network's report holds, so that another's can be compared with it.
void energy_steps_to_json(struct json *object, const struct energy_steps *steps);
// From there; NaN where a key is not there. joules: `own`, which stands beside it.
struct energy_steps energy_steps_from_json(const struct json *object, double joules);

// Adds "factors", "factors_measured", "measured" and "reason" to a "ratio" object: the second and
// third are those factors that are not 1 and differ between the networks, whose product was
// measured.
void factors_to_json(struct json *ratio, const struct energy_ratio *estimated,
                     const struct measured_ratio *measured);
// "12 = bits 4 x sparsity 1 x architecture 3 x memory 1 x hardware 1", with a * behind what the
// readings cover; the ratio alone where the factors are not known.
void factors_text(const struct energy_ratio *estimated, const struct measured_ratio *measured,
                  struct text *out);
// "* measured, together: 2.3 (95 %: 2.1 .. 2.5), powercap package-0"; nothing where nothing was.
void measured_ratio_text(const struct energy_ratio *estimated,
                         const struct measured_ratio *measured, struct text *out);

#endif
