// The device profile that calibrations make (docs/energy.md).
#ifndef VALIDATE_CALIBRATION_PROFILE_H
#define VALIDATE_CALIBRATION_PROFILE_H

#include "validate/calibration.h"

// What a profile says in words; NULL: as the base has it (summary never), or that it is not known.
struct calibration_words {
    const char *name, *summary, *scope, *boundary, *runtime;
};

// The worst of both, NaN where one is.
struct calibration_errors calibration_worst(const struct calibration_errors *a,
                                            const struct calibration_errors *b);
// As it stands in a profile: to a tenth of a per cent, bounds rounded up.
struct calibration_errors calibration_rounded_errors(const struct calibration_errors *errors);

// A profile with the coefficients of `count` calibrations (at least one; of one table, one kind,
// and different precisions) and their errors: error_percent is the largest factor by which a
// network that was left out (fitted, where in_sample) is off, less 1. base: a profile that gives
// what measurements do not tell, NULL: none; `unverified` names what was taken from it, and keeps
// what the base could not verify of that. Left out of it are coefficients of precisions that are
// not calibrated, as the errors do not speak for them, and what would make the estimate of a
// dense network something else than what was fitted. The caller's.
struct json *calibration_profile(const struct json *base, const struct calibration *calibration,
                                 int count, const struct calibration_words *words);

// Warns where the base would reckon otherwise than by a sum over dense networks.
void calibration_warn_base(struct context *context, const struct calibration *calibration,
                           const struct json *base);

#endif
