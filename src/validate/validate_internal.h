// What the tests themselves need (eyeriss.c and its neighbours): rows, figures, and scores.
#ifndef VALIDATE_VALIDATE_INTERNAL_H
#define VALIDATE_VALIDATE_INTERNAL_H

#include "validate/regress.h"
#include "validate/statistics.h"
#include "validate/table.h"
#include "validate/validate.h"

// Names are copied.
struct validation_row *validation_add(struct validation *validation, const char *series,
                                      const char *name, double predicted, double published);
// The figure of a bar of validations.def, or one of its own, that is told without a bar.
void validation_tell(struct validation *validation, const char *name, const char *unit,
                     double value);
// Mean and largest error, over the rows of that series (NULL: all) that are not aside.
double validation_mean_error(const struct validation *validation, const char *series);
double validation_largest_error(const struct validation *validation, const char *series);
// Both of all rows, told as "mean error" and "largest error".
void validation_tell_errors(struct validation *validation);
// What a profile tells of such predictions: "mean error", "largest error", "error as a factor"
// (error_percent) and "error of ratios as a factor" (ratio_error_percent), `of` behind each name.
void validation_tell_claims(struct validation *validation, const char *of, const double *predicted,
                            const double *published, int count);

// Reads a table, has it scored and lets it go.
enum status
validation_over(struct context *context, struct validation *validation, const char *file,
                enum status (*score)(struct context *context, struct validation *validation,
                                     const struct csv_table *table));

#define VALIDATION(id, title, tables, unit, function, basis)                                       \
    enum status function(struct context *context, struct validation *validation);
#define BAR(id, name, unit, way, limit, reason)
#include "validate/validations.def"
#undef VALIDATION
#undef BAR

#endif
