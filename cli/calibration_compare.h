// What profiles hold beside what their tables give again: coefficients, the errors that a profile
// claims, and the figures that nothing gives again.
#ifndef CLI_CALIBRATION_COMPARE_H
#define CLI_CALIBRATION_COMPARE_H

#include "base/field.h"
#include "cli/table.h"
#include "energy/device.h"
#include "validate/calibration_profile.h"
#include "validate/validate.h"

struct comparison {
    struct arena *arena;        // borrowed
    struct table figures, fits; // fits: how well each does
    struct text rest;           // what is not made again
    struct json *document;      // ecai/calibrations/1, the caller's
    int count, fit_count;       // fits and tests that were compared; fits alone
    int wrong;                  // figures that differ
    // Of the profile that is compared at present:
    const struct device *device;
    struct strings made; // keys
    bool has_fit;
    struct calibration_errors of_fit, of_others; // the worst of its fits
};

void comparison_begin(struct comparison *comparison, struct arena *arena);
void comparison_clear(struct comparison *comparison);
void comparison_print(const struct comparison *comparison, struct text *out);

void comparison_add_string(struct arena *arena, struct strings *list, const char *text);

void comparison_begin_profile(struct comparison *comparison, const struct device *device);
// takes: those of the terms that stand in the profile; none: all.
void comparison_add_fit(struct comparison *comparison, const struct calibration *calibration,
                        const struct strings *takes);
// figures: {"KEY": "figure of the test"}. ERR_FORMAT where the test has no such figure.
MUST_CHECK enum status comparison_add_test(struct context *context, struct comparison *comparison,
                                           const struct validation *validation,
                                           const struct json *figures);
// Its claims, and what is left of it.
void comparison_end_profile(struct comparison *comparison);

#endif
