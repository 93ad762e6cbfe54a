// Parts of `ecai devices calibrate`: what it prints, models in the place of counts, and shipped
// profiles made again.
#ifndef CLI_CALIBRATION_REPORT_H
#define CLI_CALIBRATION_REPORT_H

#include "cli/command.h"
#include "validate/calibration.h"

// As people read it.
void calibration_text(const struct calibration *calibration, int count, struct text *out);
// The document ecai/calibration/1; the profile is copied.
struct json *calibration_report(const struct invocation *invocation,
                                const struct calibration *calibration, int count,
                                const struct json *profile);
// Adds `key` with mean_percent and largest_percent.
void calibration_add_error(struct json *fit, const char *key, double mean, double largest);
// What a row is called: its network, model or layer, else its line; into the calibration's arena.
const char *calibration_row_name(const struct calibration *calibration, int row);

// calibration_models.c: in a table with a column `model` and no counts, reads each file (relative
// to the table, else to the working folder) and adds the columns of its counts and its precision.
MUST_CHECK enum status calibration_models(struct invocation *invocation, struct csv_table *table);

// calibration_rebuild.c: `calibrate NAME...|--all`.
MUST_CHECK enum status calibration_rebuild(struct invocation *invocation, int count,
                                           const char *const *name);

#endif
