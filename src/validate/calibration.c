// Coefficients of a profile from a table of measurements; see calibration.h.
#include "validate/calibration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy/device.h"
#include "validate/quantity.h"
#include "validate/statistics.h"

static const struct calibration_term terms[] = {
#define TERM(name, kind, key, scale, unit, low, high, quantity, apart, rest)                       \
    {name, kind, key, scale, unit, low, high, quantity, apart, rest},
#include "validate/terms.def"
#undef TERM
};
enum { TERM_ROWS = sizeof terms / sizeof terms[0] };

const struct calibration_term *calibration_term_at(int index)
{
    return index < TERM_ROWS ? &terms[index] : NULL;
}

// ---- terms -------------------------------------------------------------------------------------

static bool has_term(const struct strings *names, const char *name)
{
    for (int64_t i = 0; i < names->count; i++)
        if (strcmp(names->at[i], name) == 0)
            return true;
    return false;
}

static enum status fail_term(struct context *context, const char *kind, const char *name)
{
    struct text text;
    int count = 0;

    text_init(&text);
    for (int i = 0; i < TERM_ROWS; i++)
        if (strcmp(terms[i].kind, kind) == 0)
            text_format(&text, "%s%s", count++ ? ", " : "", terms[i].name);
    if (count)
        context_fail(context, ERR_USAGE, "no term '%s' for a profile of kind '%s'; there are %s",
                     name, kind, text.at);
    else
        context_fail(context, ERR_USAGE, "a profile of kind '%s' is not calibrated", kind);
    text_clear(&text);
    return ERR_USAGE;
}

static enum status add_term(struct context *context, struct calibration *out, const char *name)
{
    const char *precision = out->request.precision ? out->request.precision : "";

    for (int i = 0; i < TERM_ROWS; i++) {
        const char *percent = strstr(terms[i].key, "%s");
        if (strcmp(terms[i].name, name) != 0 || strcmp(terms[i].kind, out->request.kind) != 0)
            continue;
        for (int k = 0; k < out->terms; k++)
            if (out->term[k] == &terms[i])
                return context_fail(context, ERR_USAGE, "term '%s' stands twice", name);
        if (out->terms == REGRESSION_TERMS_MAX)
            return context_fail(context, ERR_USAGE, "more than %d terms", REGRESSION_TERMS_MAX);
        out->term[out->terms] = &terms[i];
        out->key[out->terms++] =
            percent ? arena_format(out->arena, "%.*s%s%s", (int)(percent - terms[i].key),
                                   terms[i].key, precision, percent + 2)
                    : terms[i].key;
        return OK;
    }
    return fail_term(context, out->request.kind, name);
}

// Three for floats: a term more for depthwise convolutions does worse on networks of another
// family. Integers of eight bits want it.
static struct strings default_terms(const char *kind, const char *precision)
{
    static const char *const of_floats[] = {"fixed", "macs", "bytes"};
    static const char *const of_integers[] = {"fixed", "macs", "depthwise_macs", "bytes"};
    static const char *const of_arrays[] = {"seconds", "nonzero_macs"};
    static const char *const of_spiking[] = {"fixed", "connections"};
    static const char *const of_engines[] = {"seconds"};

    if (strcmp(kind, "array") == 0)
        return (struct strings){2, of_arrays};
    if (strcmp(kind, "spiking") == 0)
        return (struct strings){2, of_spiking};
    if (strcmp(kind, "sparse-engine") == 0)
        return (struct strings){1, of_engines};
    if (precision && strcmp(precision, "int8") == 0)
        return (struct strings){4, of_integers};
    return (struct strings){3, of_floats};
}

static enum status choose_terms(struct context *context, struct calibration *out)
{
    struct strings *names = &out->request.terms;

    if (names->count == 0)
        *names = default_terms(out->request.kind, out->request.precision);
    for (int64_t i = 0; i < names->count; i++)
        TRY(add_term(context, out, names->at[i]));
    return OK;
}

static const char *quantity_of(const struct calibration *calibration, int t)
{
    const struct calibration_term *term = calibration->term[t];

    return term->apart && has_term(&calibration->request.terms, term->apart) ? term->rest
                                                                             : term->quantity;
}

// ---- rows --------------------------------------------------------------------------------------

static enum status where_column(struct context *context, const struct csv_table *table,
                                const char *where, int *column, const char **value)
{
    const char *equals = strchr(where, '=');
    char name[128];

    if (!equals || equals == where || (size_t)(equals - where) >= sizeof name)
        return context_fail(context, ERR_USAGE, "'--where' wants COLUMN=VALUE, got '%s'", where);
    snprintf(name, sizeof name, "%.*s", (int)(equals - where), where);
    *value = equals + 1;
    return csv_table_need(context, table, name, column);
}

// One of the values of each column that is named.
static enum status is_taken(struct context *context, const struct csv_table *table,
                            const struct strings *where, int row, bool *out)
{
    *out = true;
    for (int64_t i = 0; i < where->count && *out; i++) {
        const char *value;
        int column, other;
        *out = false;
        TRY(where_column(context, table, where->at[i], &column, &value));
        for (int64_t k = 0; k < where->count && !*out; k++) {
            TRY(where_column(context, table, where->at[k], &other, &value));
            *out = other == column && strcmp(csv_table_word(table, row, column), value) == 0;
        }
    }
    return OK;
}

static bool is_of_precision(const struct calibration *calibration, int row)
{
    int column = csv_table_column(calibration->table, "precision");

    return column < 0 || !calibration->request.precision ||
           strcmp(csv_table_word(calibration->table, row, column),
                  calibration->request.precision) == 0;
}

static enum status add_row(struct context *context, struct calibration *out, int row)
{
    double *x = out->x + out->rows * out->terms, *y = out->y + out->rows;
    const struct csv_table *table = out->table;

    for (int t = 0; t < out->terms; t++)
        TRY(csv_quantity(context, table, row, quantity_of(out, t), &x[t]));
    TRY(csv_quantity(context, table, row, out->request.target, y));
    if (!(*y > 0)) {
        context_fail(context, ERR_FORMAT, "%g %s: no inference is for nothing", *y,
                     out->request.target);
        return csv_table_fail(context, ERR_FORMAT, table, row,
                              csv_table_column(table, out->request.target));
    }
    out->row[out->rows++] = row;
    return OK;
}

static enum status fail_no_row(struct context *context, const struct calibration *out)
{
    struct text text;

    text_init(&text);
    for (int64_t i = 0; i < out->request.where.count; i++)
        text_format(&text, "%s%s", i ? ", " : " with ", out->request.where.at[i]);
    if (out->request.precision)
        text_format(&text, "%sprecision %s", text.length ? ", " : " with ", out->request.precision);
    context_fail(context, ERR_FORMAT, "'%s': there is no row%s", out->table->path,
                 text.at ? text.at : "");
    text_clear(&text);
    return ERR_FORMAT;
}

static enum status read_rows(struct context *context, struct calibration *out)
{
    size_t rows = (size_t)out->table->rows;

    out->x = arena_array(out->arena, double, rows *(size_t)out->terms);
    out->y = arena_array(out->arena, double, rows);
    out->row = arena_array(out->arena, int, rows);
    out->group = arena_array(out->arena, int, rows);
    for (int row = 0; row < out->table->rows; row++) {
        bool taken;
        TRY(is_taken(context, out->table, &out->request.where, row, &taken));
        if (taken && is_of_precision(out, row))
            TRY(add_row(context, out, row));
    }
    return out->rows ? OK : fail_no_row(context, out);
}

// ---- points ------------------------------------------------------------------------------------

// Whether two rows are one thing measured twice: alike in every term but time, which is measured.
static bool are_one(const struct calibration *calibration, int a, int b)
{
    const double *x = calibration->x + a * calibration->terms;
    const double *y = calibration->x + b * calibration->terms;
    bool has_more = false;

    for (int t = 0; t < calibration->terms; t++) {
        if (strcmp(calibration->term[t]->quantity, "seconds") == 0)
            continue;
        has_more = true;
        if (x[t] != y[t])
            return false;
    }
    return has_more;
}

static void find_points(struct calibration *out)
{
    for (int i = 0; i < out->rows; i++) {
        int k = 0;
        while (k < i && !are_one(out, k, i))
            k++;
        if (k < i) {
            double apart = 100 * fabs(out->y[i] / out->y[k] - 1);
            out->apart_percent = apart > out->apart_percent ? apart : out->apart_percent;
        }
        out->group[i] = k < i ? out->group[k] : out->points++;
    }
}

static enum status check_points(struct context *context, const struct calibration *out)
{
    if (out->points >= CALIBRATION_POINTS_MIN || out->request.in_sample)
        return OK;
    if (out->points == 1 && out->rows > 1)
        return context_fail(context, ERR_FORMAT, "'%s': all %d rows are one network",
                            out->table->path, out->rows);
    return context_fail(context, ERR_FORMAT,
                        "'%s': %d different network%s%s%s%s too few to calibrate by; %d are wanted "
                        "(--in-sample fits them, with no error of networks not seen)",
                        out->table->path, out->points, out->points == 1 ? "" : "s",
                        out->request.precision ? " in " : "",
                        out->request.precision ? out->request.precision : "",
                        out->points == 1 ? " is" : " are", CALIBRATION_POINTS_MIN);
}

// ---- fitting -----------------------------------------------------------------------------------

static const char **row_names(const struct calibration *out)
{
    const char **name = arena_array(out->arena, const char *, (size_t)out->rows);

    for (int i = 0; i < out->rows; i++)
        name[i] = arena_format(out->arena, "line %lld", (long long)out->table->line[out->row[i]]);
    return name;
}

// The most that one row's joules over another's are off, by their predictions.
static double ratio_error(const double *predicted, const double *y, int count)
{
    double low = INFINITY, high = 0;

    for (int i = 0; i < count; i++) {
        low = fmin(low, predicted[i] / y[i]);
        high = fmax(high, predicted[i] / y[i]);
    }
    return 100 * (high / low - 1);
}

// The factor by which the worst is off, whichever way: the truth is within it of the prediction.
static double factor_error(const double *predicted, const double *y, int count)
{
    double worst = 1;

    for (int i = 0; i < count; i++)
        worst = fmax(worst, fmax(predicted[i] / y[i], y[i] / predicted[i]));
    return 100 * (worst - 1);
}

static void score(struct calibration *out)
{
    const double *basis = out->left_out && !out->request.in_sample ? out->left_out : out->fitted;

    out->fit_mean = mean_percent_error(out->fitted, out->y, out->rows);
    out->fit_largest = largest_percent_error(out->fitted, out->y, out->rows);
    out->left_out_mean = out->left_out_largest = NAN;
    if (out->left_out) {
        out->left_out_mean = mean_percent_error(out->left_out, out->y, out->rows);
        out->left_out_largest = largest_percent_error(out->left_out, out->y, out->rows);
    }
    out->error_percent = factor_error(basis, out->y, out->rows);
    out->ratio_error_percent = ratio_error(basis, out->y, out->rows);
}

static enum status solve(struct context *context, struct calibration *out)
{
    const char *term[REGRESSION_TERMS_MAX];
    struct regression_problem problem = {.rows = out->rows,
                                         .terms = out->terms,
                                         .x = out->x,
                                         .y = out->y,
                                         .term = term,
                                         .row_name = row_names(out),
                                         .group = out->group};
    enum status status;

    for (int t = 0; t < out->terms; t++)
        term[t] = out->term[t]->name;
    TRY(regress(context, &problem, &out->regression));
    out->fitted = arena_array(out->arena, double, (size_t)out->rows);
    for (int i = 0; i < out->rows; i++)
        out->fitted[i] = regression_predict(&out->regression, out->x + i * out->terms);
    out->left_out = arena_array(out->arena, double, (size_t)out->rows);
    status = regress_leaving_one_out(context, &problem, out->left_out);
    if (status != OK && !out->request.in_sample)
        return status;
    if (status != OK) {
        out->left_out = NULL;
        out->reason = arena_copy_text(out->arena, context->error);
        context->error[0] = '\0';
    }
    score(out);
    return OK;
}

enum status calibration_fit(struct context *context, const struct csv_table *table,
                            const struct calibration_request *request, struct calibration *out)
{
    enum status status;

    *out = (struct calibration){.arena = arena_new(), .table = table, .request = *request};
    TRY(choose_terms(context, out));
    TRY(read_rows(context, out));
    find_points(out);
    TRY(check_points(context, out));
    status = solve(context, out);
    return status == OK ? OK : context_fail_in(context, status, "'%s'", table->path);
}

void calibration_clear(struct calibration *calibration)
{
    if (calibration->arena)
        arena_free(calibration->arena);
    *calibration = (struct calibration){.arena = NULL};
}

// ---- results -----------------------------------------------------------------------------------

// To so many digits that other processors' last bits do not show.
static double rounded(double number)
{
    char digits[32];

    if (!isfinite(number))
        return NAN;
    snprintf(digits, sizeof digits, "%.5e", number);
    return strtod(digits, NULL);
}

double calibration_value(const struct calibration *calibration, int term)
{
    return rounded(calibration->regression.coefficient[term] / calibration->term[term]->scale);
}

double calibration_standard_error(const struct calibration *calibration, int term)
{
    return rounded(calibration->regression.standard_error[term] / calibration->term[term]->scale);
}

static int precision_index(const char *word)
{
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (strcmp(precision_name[i], word) == 0)
            return i;
    return -1;
}

enum status calibration_precisions(struct context *context, struct arena *arena,
                                   const struct csv_table *table, const struct strings *where,
                                   struct strings *out)
{
    const char **name = arena_array(arena, const char *, PRECISION_COUNT);
    int column = csv_table_column(table, "precision");
    bool has[PRECISION_COUNT] = {false};

    *out = (struct strings){column < 0, name};
    name[0] = "";
    for (int row = 0; row < table->rows && column >= 0; row++) {
        bool taken;
        TRY(is_taken(context, table, where, row, &taken));
        int index = precision_index(csv_table_word(table, row, column));
        if (taken && index < 0) {
            context_fail(context, ERR_FORMAT, "'%s' is none of float32, float16 and int8",
                         csv_table_word(table, row, column));
            return csv_table_fail(context, ERR_FORMAT, table, row, column);
        }
        if (taken)
            has[index] = true;
    }
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (has[i])
            name[out->count++] = precision_name[i];
    return OK;
}

void calibration_warn(struct context *context, const struct calibration *calibration)
{
    const char *path = calibration->table->path;

    if (calibration->points < calibration->rows)
        context_warn(context,
                     "'%s': %d of %d rows measure a network once more, up to %.3g %% apart; they "
                     "are left out together",
                     path, calibration->rows - calibration->points, calibration->rows,
                     calibration->apart_percent);
    for (int t = 0; t < calibration->terms; t++) {
        const struct calibration_term *term = calibration->term[t];
        double value = calibration_value(calibration, t);
        if (value == 0)
            context_warn(context, "'%s': '%s' comes out at 0: it would be negative", path,
                         term->name);
        else if (value < term->low || value > term->high)
            context_warn(context,
                         "'%s': '%s' comes out at %.3g %s, beyond %g to %g: is %s of one "
                         "inference, in its SI unit?",
                         path, term->name, value, term->unit, term->low, term->high,
                         calibration->request.target);
    }
}
