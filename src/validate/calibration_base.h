// What the profile of a calibration has from the profile that was named as its base.
#ifndef VALIDATE_CALIBRATION_BASE_H
#define VALIDATE_CALIBRATION_BASE_H

#include "validate/calibration_profile.h"

// Whether all that the profile estimates with is fitted, to dense networks, as a sum: the
// calibrated kind. Other kinds reckon by more of the base than its coefficients.
bool calibration_is_sum(const struct calibration *calibration);

// Whether a base's key stays behind, as it would make something else than what was fitted of the
// coefficients.
bool calibration_leaves_out(const struct calibration *calibration, const char *key);

// Sets the numbers that came from the base, and whose joules the fitted terms hold, to what adds
// nothing.
void calibration_set_neutral(const struct calibration *calibration, struct json *profile);

// Adds to the finished profile's "unverified" what was taken from the base, and those of the base's
// own entries that speak of it.
void calibration_tell_taken(const struct json *base, const struct calibration *calibration,
                            int count, const struct calibration_words *words, struct json *profile);

#endif
