// Coefficients of a profile from a table of measurements; see calibration.h.
#include "validate/calibration_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

const char *calibration_quantity(const struct calibration *calibration, int t)
{
    const struct calibration_term *term = calibration->term[t];

    return term->apart && has_term(&calibration->request.terms, term->apart) ? term->rest
                                                                             : term->quantity;
}

// ---- fitting -----------------------------------------------------------------------------------

static enum status check_points(struct context *context, const struct calibration *out)
{
    char like[80];

    if (out->points >= CALIBRATION_POINTS_MIN || out->request.in_sample)
        return OK;
    if (out->points == 1 && out->rows > 1)
        return context_fail(context, ERR_FORMAT, "'%s': all %d rows are one network%s",
                            out->table->path, out->rows,
                            out->near_repeats ? ": their counts are within 1 %" : "");
    like[0] = '\0';
    if (out->points < out->rows)
        snprintf(like, sizeof like, ", of %d rows (counts within 1 %% are one network),",
                 out->rows);
    return context_fail(
        context, ERR_FORMAT,
        "'%s': %d different network%s%s%s%s%s too few to calibrate by; %d are wanted "
        "(--in-sample fits them, with no error of networks not seen)",
        out->table->path, out->points, out->points == 1 ? "" : "s",
        out->request.precision ? " in " : "", out->request.precision ? out->request.precision : "",
        like, out->points == 1 ? " is" : " are", CALIBRATION_POINTS_MIN);
}

static const char **row_names(const struct calibration *out)
{
    const char **name = arena_array(out->arena, const char *, (size_t)out->rows);

    for (int i = 0; i < out->rows; i++)
        name[i] = arena_format(out->arena, "line %lld", (long long)out->table->line[out->row[i]]);
    return name;
}

static struct calibration_errors errors_of(const double *predicted, const struct calibration *of)
{
    return (struct calibration_errors){mean_percent_error(predicted, of->y, of->rows),
                                       largest_percent_error(predicted, of->y, of->rows),
                                       factor_percent_error(predicted, of->y, of->rows),
                                       ratio_percent_error(predicted, of->y, of->rows)};
}

static void score(struct calibration *out)
{
    out->of_fit = errors_of(out->fitted, out);
    out->of_others = (struct calibration_errors){NAN, NAN, NAN, NAN};
    if (out->left_out)
        out->of_others = errors_of(out->left_out, out);
}

struct calibration_errors calibration_claim(const struct calibration *calibration, bool in_sample)
{
    if (!in_sample)
        return calibration->of_others;
    // As many coefficients as rows fit anything: how good they are is not known then.
    if (calibration->rows <= calibration->terms)
        return (struct calibration_errors){NAN, NAN, NAN, NAN};
    return calibration->of_fit;
}

static enum status score_without_others(struct calibration *out, const char *reason)
{
    out->left_out = NULL;
    out->reason = reason;
    score(out);
    return OK;
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
    if (out->points == 1)
        return score_without_others(out, "there is no other network");
    status = regress_leaving_one_out(context, &problem, out->left_out);
    if (status != OK && (status != ERR_FORMAT || !out->request.in_sample))
        return status;
    if (status != OK) {
        status = score_without_others(out, arena_copy_text(out->arena, context->error));
        context->error[0] = '\0';
        return status;
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
    TRY(calibration_read_rows(context, out));
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

double calibration_rounded(double number)
{
    char digits[32];

    if (!isfinite(number))
        return NAN;
    snprintf(digits, sizeof digits, "%.5e", number);
    return strtod(digits, NULL);
}

double calibration_value(const struct calibration *calibration, int term)
{
    return calibration_rounded(calibration->regression.coefficient[term] /
                               calibration->term[term]->scale);
}

double calibration_standard_error(const struct calibration *calibration, int term)
{
    return calibration_rounded(calibration->regression.standard_error[term] /
                               calibration->term[term]->scale);
}

void calibration_warn(struct context *context, const struct calibration *calibration)
{
    const char *path = calibration->table->path;

    if (calibration->repeats)
        context_warn(context,
                     "'%s': %d of %d rows measure a network once more, up to %.3g %% apart; they "
                     "are left out together",
                     path, calibration->repeats, calibration->rows, calibration->apart_percent);
    if (calibration->near_repeats)
        context_warn(context,
                     "'%s': %d of %d rows have the counts of another network within 1 %%; they "
                     "count as that one and are left out together",
                     path, calibration->near_repeats, calibration->rows);
    for (int t = 0; t < calibration->terms; t++) {
        const struct calibration_term *term = calibration->term[t];
        double value = calibration_value(calibration, t);
        if (value == 0)
            context_warn(context, "'%s': '%s' comes out at 0: it would be negative", path,
                         term->name);
        else if (value < term->low || value > term->high)
            context_warn(
                context,
                "'%s': '%s' comes out at %.3g %s, beyond %g to %g: are these joules, of one "
                "inference?",
                path, term->name, value, term->unit, term->low, term->high);
    }
}
