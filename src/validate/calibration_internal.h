// What the files of a calibration share.
#ifndef VALIDATE_CALIBRATION_INTERNAL_H
#define VALIDATE_CALIBRATION_INTERNAL_H

#include "validate/calibration.h"

// What a term is of a row: csv_quantity's name.
const char *calibration_quantity(const struct calibration *calibration, int term);

// Fills row, inferences, group, x and y, points and apart_percent by the terms that are chosen.
MUST_CHECK enum status calibration_read_rows(struct context *context, struct calibration *out);

#endif
