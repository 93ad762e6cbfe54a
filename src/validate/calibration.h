// Calibrating a profile: the coefficients of one kind of profile and one precision, fitted to rows
// of a table of measurements, with what each row would have been had it not been among them.
#ifndef VALIDATE_CALIBRATION_H
#define VALIDATE_CALIBRATION_H

#include "base/field.h"
#include "base/json.h"
#include "validate/regress.h"
#include "validate/table.h"

// Fewer different networks tell nothing about another one.
enum { CALIBRATION_POINTS_MIN = 12 };
// Each is left out once: time grows with the square.
enum { CALIBRATION_ROWS_MAX = 4096 };

struct calibration_term {
    const char *name, *kind, *key; // "macs", "calibrated", "fit.%s.mac_pj"
    double scale;                  // of the key's unit, in SI
    const char *unit;              // "pJ/MAC"
    double low, high;              // plausible, in the key's unit
    const char *quantity, *apart, *rest;
};
const struct calibration_term *calibration_term_at(int index); // NULL behind the last

struct calibration_request {
    const char *kind;      // of profile
    const char *precision; // "int8"; NULL: the kind has no precisions
    // Quantities that are predicted, "8:COLUMN" of eight inferences in one call; none: "joules".
    struct strings target;
    // "column=value": rows that hold one of the values given for each column. A precision takes
    // only rows of it, where the table has such a column.
    struct strings where;
    struct strings terms; // none: those that the kind has by default
    bool in_sample;       // fit what there is, were it fewer than CALIBRATION_POINTS_MIN points
};

// Per cent. factor, ratio: by which one row is off, and the ratio of two, whichever way, less 1:
// what a profile tells as error_percent and ratio_error_percent (statistics.h).
struct calibration_errors {
    double mean, largest, factor, ratio;
};

struct calibration {
    struct arena *arena;
    const struct csv_table *table;
    struct calibration_request request; // borrowed; terms and target as they were used
    int rows, terms;
    int points; // different rows: those whose terms (calls and time aside) are alike within 1 % are
                // one thing again
    int repeats;          // rows that measure, in calls as large, what an earlier one measures
    int near_repeats;     // rows that are like an earlier one, and the same as none
    double apart_percent; // most that such a row is apart from the first
    int *row;             // [rows], of the table
    int *inferences;      // [rows], in one call
    int *group;           // [rows], its point
    double *x, *y;        // [rows][terms], [rows], SI units
    const struct calibration_term *term[REGRESSION_TERMS_MAX];
    const char *key[REGRESSION_TERMS_MAX]; // "fit.int8.mac_pj"
    struct regression regression;          // SI units
    double *fitted;                        // [rows], by the coefficients
    double *left_out; // [rows], by those of the other points; NULL: `reason` says why
    const char *reason;
    // Of the fitted ones, and of those left out (NaN: not known).
    struct calibration_errors of_fit, of_others;
};

// Fits. table and request live longer than out; clear that in any case. ERR_USAGE: no such kind,
// term or column in where. ERR_FORMAT: a column is missing, a cell is wrong, no row is taken, too
// few points, terms that cannot be told apart; the text names file, line and column.
MUST_CHECK enum status calibration_fit(struct context *context, const struct csv_table *table,
                                       const struct calibration_request *request,
                                       struct calibration *out);
void calibration_clear(struct calibration *calibration); // zeroed is fine

// What a profile may claim: the errors of the networks left out; in_sample: those of the fit, which
// are NaN where there are no more rows than coefficients.
struct calibration_errors calibration_claim(const struct calibration *calibration, bool in_sample);

// The coefficient of a term in its key's unit, to six digits, as profiles hold it.
double calibration_value(const struct calibration *calibration, int term);
double calibration_standard_error(const struct calibration *calibration, int term); // NaN: unknown
// To six digits, so that what is told does not hang on a processor's last bits.
double calibration_rounded(double number);

// The precisions of the rows that `where` takes, in the order of a profile's; "" for a table
// without that column. ERR_FORMAT for a word that is none.
MUST_CHECK enum status calibration_precisions(struct context *context, struct arena *arena,
                                              const struct csv_table *table,
                                              const struct strings *where, struct strings *out);

// Warns about coefficients beyond what devices have, those at 0, and points measured twice.
void calibration_warn(struct context *context, const struct calibration *calibration);

#endif
