// Rows of a table as a problem of regression: which rows, which sum of terms is to give joules.
#ifndef VALIDATE_CASES_H
#define VALIDATE_CASES_H

#include "base/arena.h"
#include "validate/regress.h"
#include "validate/table.h"

// A cell by the name of its column: errors as csv_table_need; an empty one is NaN. What may not be
// empty: csv_quantity (quantity.h).
MUST_CHECK enum status row_number_or_nan(struct context *context, const struct csv_table *table,
                                         int row, const char *column, double *out);
MUST_CHECK enum status row_word(struct context *context, const struct csv_table *table, int row,
                                const char *column, const char **out);

// The same of several columns, out[count].
MUST_CHECK enum status row_numbers_or_nan(struct context *context, const struct csv_table *table,
                                          int row, const char *const *column, int count,
                                          double *out);

// A row is taken where every column named holds that word. Lists end with column NULL.
struct where {
    const char *column, *word;
};

enum { WHERE_MAX = 4 };

// Everything lies in the arena.
struct cases {
    struct arena *arena;
    const struct csv_table *table;
    int count, terms;
    int *row;                // [count], of the table
    const char *const *term; // [terms]
    const char **name;       // [count], "line 12"
    double *x;               // [count][terms]
    double *y;               // [count], what is to be predicted
};

// term, target (what is predicted): columns, or what follows from others (quantity.h). ERR_FORMAT
// if a column is missing or a number is none, if a target is not above 0, or if no row is taken.
MUST_CHECK enum status cases_select(struct context *context, struct arena *arena,
                                    const struct csv_table *table, const struct where *where,
                                    const char *const *term, int terms, const char *target,
                                    struct cases *out);
// The problem of other numbers than columns: x[count][terms], y[count], borrowed.
void cases_of(struct cases *out, struct arena *arena, int count, const char *const *term, int terms,
              double *x, double *y);

MUST_CHECK enum status cases_fit(struct context *context, const struct cases *cases,
                                 struct regression *out);
double cases_predict(const struct cases *cases, int at, const struct regression *regression);
// What all others say of each, prediction[count], in the arena.
MUST_CHECK enum status cases_leave_one_out(struct context *context, const struct cases *cases,
                                           double **prediction);
const char *cases_word(const struct cases *cases, int at, const char *column); // "": none

#endif
