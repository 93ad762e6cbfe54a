// Coefficients of a sum of terms, fitted to measurements by relative least squares:
//     minimise  sum over rows of ((prediction - y) / y)^2,  every coefficient at least 0.
// Relative, because the joules of small and large networks differ a thousandfold and each shall
// count the same; not negative, because no part of a device gives energy back.
#ifndef VALIDATE_REGRESS_H
#define VALIDATE_REGRESS_H

#include "base/context.h"

enum { REGRESSION_TERMS_MAX = 6 };

struct regression_problem {
    int rows, terms;
    const double *x;             // [rows][terms], finite, not negative
    const double *y;             // [rows], finite, positive
    const char *const *term;     // [terms], for messages
    const char *const *row_name; // [rows], for messages: "line 3 (net)"; NULL: by number, from 1
    // [rows], from 0: rows of one group measure one thing again and are left out together. NULL:
    // each row is its own.
    const int *group;
};

struct regression {
    int terms;
    double coefficient[REGRESSION_TERMS_MAX];
    // From the residuals' scatter, as if the rows' relative errors were independent and alike. NaN:
    // the coefficient stands at 0, or there are no more rows than coefficients.
    double standard_error[REGRESSION_TERMS_MAX];
};

// The exact minimum: of all subsets of the terms whose own least squares (LAPACK's dgelsd) has no
// negative coefficient, the one with the smallest sum. ERR_FORMAT where the rows cannot tell terms
// apart: the text names the smallest set of terms of which one is a sum of multiples of the others,
// or a term that is 0 in every row.
MUST_CHECK enum status regress(struct context *context, const struct regression_problem *problem,
                               struct regression *out);

// The sum for one row's terms, x[terms].
double regression_predict(const struct regression *regression, const double *x);

// What each row would be by the coefficients of all others (of its group none), prediction[rows].
// ERR_FORMAT where the others cannot tell terms apart; the text names the row.
MUST_CHECK enum status regress_leaving_one_out(struct context *context,
                                               const struct regression_problem *problem,
                                               double *prediction);

#endif
