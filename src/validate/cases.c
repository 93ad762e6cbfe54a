// Rows of a table as a problem of regression; see cases.h.
#include "validate/cases.h"

#include <string.h>

#include "validate/quantity.h"

enum status row_number_or_nan(struct context *context, const struct csv_table *table, int row,
                              const char *column, double *out)
{
    int at;

    TRY(csv_table_need(context, table, column, &at));
    return csv_table_number_or_nan(context, table, row, at, out);
}

enum status row_numbers_or_nan(struct context *context, const struct csv_table *table, int row,
                               const char *const *column, int count, double *out)
{
    for (int i = 0; i < count; i++)
        TRY(row_number_or_nan(context, table, row, column[i], &out[i]));
    return OK;
}

enum status row_word(struct context *context, const struct csv_table *table, int row,
                     const char *column, const char **out)
{
    int at;

    TRY(csv_table_need(context, table, column, &at));
    *out = csv_table_word(table, row, at);
    return OK;
}

static bool row_is_taken(const struct csv_table *table, int row, const struct where *where)
{
    for (; where && where->column; where++)
        if (strcmp(csv_table_word(table, row, csv_table_column(table, where->column)),
                   where->word) != 0)
            return false;
    return true;
}

static enum status add_row(struct context *context, struct cases *cases, int row,
                           const char *target)
{
    const struct csv_table *table = cases->table;
    double *x = &cases->x[cases->count * cases->terms], *y = &cases->y[cases->count];

    for (int t = 0; t < cases->terms; t++)
        TRY(csv_quantity(context, table, row, cases->term[t], &x[t]));
    TRY(csv_quantity_above_0(context, table, row, target, y));
    cases->name[cases->count] =
        arena_format(cases->arena, "line %lld", (long long)table->line[row]);
    cases->row[cases->count++] = row;
    return OK;
}

enum status cases_select(struct context *context, struct arena *arena,
                         const struct csv_table *table, const struct where *where,
                         const char *const *term, int terms, const char *target, struct cases *out)
{
    size_t rows = (size_t)table->rows;
    int column;

    *out = (struct cases){.arena = arena, .table = table, .terms = terms, .term = term};
    out->row = arena_array(arena, int, rows);
    out->name = arena_array(arena, const char *, rows);
    out->x = arena_array(arena, double, rows *(size_t)terms);
    out->y = arena_array(arena, double, rows);
    for (const struct where *w = where; w && w->column; w++)
        TRY(csv_table_need(context, table, w->column, &column));
    for (int row = 0; row < table->rows; row++)
        if (row_is_taken(table, row, where))
            TRY(add_row(context, out, row, target));
    if (out->count == 0)
        return context_fail(context, ERR_FORMAT, "'%s': no row where %s is '%s'", table->path,
                            where && where->column ? where->column : "anything",
                            where && where->column ? where->word : "");
    return OK;
}

void cases_of(struct cases *out, struct arena *arena, int count, const char *const *term, int terms,
              double *x, double *y)
{
    *out = (struct cases){
        .arena = arena, .count = count, .terms = terms, .term = term, .x = x, .y = y};
}

static struct regression_problem problem_of(const struct cases *cases)
{
    return (struct regression_problem){.rows = cases->count,
                                       .terms = cases->terms,
                                       .x = cases->x,
                                       .y = cases->y,
                                       .term = cases->term,
                                       .row_name = cases->name};
}

static enum status named(struct context *context, const struct cases *cases, enum status status)
{
    if (status == OK || !cases->table)
        return status;
    return context_fail_in(context, status, "'%s'", cases->table->path);
}

enum status cases_fit(struct context *context, const struct cases *cases, struct regression *out)
{
    const struct regression_problem problem = problem_of(cases);

    return named(context, cases, regress(context, &problem, out));
}

double cases_predict(const struct cases *cases, int at, const struct regression *regression)
{
    return regression_predict(regression, &cases->x[at * cases->terms]);
}

enum status cases_leave_one_out(struct context *context, const struct cases *cases,
                                double **prediction)
{
    const struct regression_problem problem = problem_of(cases);

    *prediction = arena_array(cases->arena, double, (size_t)cases->count);
    return named(context, cases, regress_leaving_one_out(context, &problem, *prediction));
}

const char *cases_word(const struct cases *cases, int at, const char *column)
{
    int index = cases->table ? csv_table_column(cases->table, column) : -1;

    return index < 0 ? "" : csv_table_word(cases->table, cases->row[at], index);
}
