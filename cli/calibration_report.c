// What `ecai devices calibrate` says of a fit, as text and as JSON (docs/json.md).
#include "cli/calibration_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_common.h"
#include "cli/table.h"

enum { WORST_ROWS = 5 };

const char *calibration_row_name(const struct calibration *calibration, int row)
{
    static const char *const columns[] = {"network", "model", "layer"};
    const struct csv_table *table = calibration->table;
    struct text text;
    const char *name;

    text_init(&text);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        int column = csv_table_column(table, columns[i]);
        if (column >= 0)
            text_format(&text, "%s%s", text.length ? " " : "",
                        csv_table_word(table, calibration->row[row], column));
    }
    if (text.length == 0)
        text_format(&text, "line %lld", (long long)table->line[calibration->row[row]]);
    if (calibration->inferences[row] > 1)
        text_format(&text, " (%d of them)", calibration->inferences[row]);
    name = arena_copy_text(calibration->arena, text.at);
    text_clear(&text);
    return name;
}

// ---- text --------------------------------------------------------------------------------------

static void print_coefficients(const struct calibration *calibration, struct text *out)
{
    struct table table;

    table_init(&table, "lrlr");
    table_add(&table, "term");
    table_add(&table, "coefficient");
    table_add(&table, "");
    table_add(&table, "standard error");
    for (int t = 0; t < calibration->terms; t++) {
        double error = calibration_standard_error(calibration, t);
        table_add(&table, calibration->term[t]->name);
        table_format(&table, "%.4g", calibration_value(calibration, t));
        table_add(&table, calibration->term[t]->unit);
        if (isnan(error))
            table_add(&table, "?");
        else
            table_format(&table, "%.2g", error);
    }
    table_print(&table, out);
    table_clear(&table);
}

static const double *judged_by(const struct calibration *calibration)
{
    return calibration->left_out ? calibration->left_out : calibration->fitted;
}

static double error_of(const struct calibration *calibration, int row)
{
    return judged_by(calibration)[row] / calibration->y[row] - 1;
}

// Indices of the rows that are furthest off, the worst first; returns how many.
static int find_worst(const struct calibration *calibration, int worst[WORST_ROWS])
{
    int count = 0;

    for (int i = 0; i < calibration->rows; i++) {
        int at = count < WORST_ROWS ? count++ : WORST_ROWS;
        for (;
             at > 0 && fabs(error_of(calibration, worst[at - 1])) < fabs(error_of(calibration, i));
             at--)
            if (at < WORST_ROWS)
                worst[at] = worst[at - 1];
        if (at < WORST_ROWS)
            worst[at] = i;
    }
    return count;
}

static void print_worst(const struct calibration *calibration, struct text *out)
{
    int worst[WORST_ROWS], count = find_worst(calibration, worst);
    struct table table;

    table_init(&table, "lrrr");
    table_add(&table, "furthest off");
    table_add(&table, "measured");
    table_add(&table, calibration->left_out ? "by the others" : "fitted");
    table_add(&table, "error");
    for (int i = 0; i < count; i++) {
        table_add(&table, calibration_row_name(calibration, worst[i]));
        table_add_number(&table, calibration->y[worst[i]], "J");
        table_add_number(&table, judged_by(calibration)[worst[i]], "J");
        table_format(&table, "%+.1f %%", 100 * error_of(calibration, worst[i]));
    }
    table_print(&table, out);
    table_clear(&table);
}

void calibration_text(const struct calibration *calibration, int count, struct text *out)
{
    for (int i = 0; i < count; i++) {
        const struct calibration *one = &calibration[i];
        const char *precision = one->request.precision;
        text_format(out, "%s%s%s%d network%s, joules = ", i ? "\n" : "", precision ? precision : "",
                    precision ? ": " : "", one->points, one->points == 1 ? "" : "s");
        for (int t = 0; t < one->terms; t++)
            text_format(out, "%s%s", t ? " + " : "", one->term[t]->name);
        text_add(out, "\n\n");
        print_coefficients(one, out);
        text_format(out, "\nof the fit itself: mean %.1f %%, largest %.1f %%\n", one->of_fit.mean,
                    one->of_fit.largest);
        if (one->left_out)
            text_format(out, "each by the others: mean %.1f %%, largest %.1f %%\n\n",
                        one->of_others.mean, one->of_others.largest);
        else
            text_format(out, "each by the others: unknown, for %s\n\n", one->reason);
        print_worst(one, out);
    }
}

// ---- JSON --------------------------------------------------------------------------------------

static void add_terms(struct json *fit, const struct calibration *calibration)
{
    struct json *terms = json_add_array(fit, "terms");

    for (int t = 0; t < calibration->terms; t++) {
        struct json *term = json_add_object(terms, NULL);
        json_add_text(term, "term", calibration->term[t]->name);
        json_add_text(term, "key", calibration->key[t]);
        json_add_text(term, "unit", calibration->term[t]->unit);
        json_add_number(term, "value", calibration_value(calibration, t));
        json_add_number(term, "standard_error", calibration_standard_error(calibration, t));
    }
}

void calibration_add_error(struct json *fit, const char *key, double mean, double largest)
{
    struct json *error = json_add_object(fit, key);

    json_add_number(error, "mean_percent", calibration_rounded(mean));
    json_add_number(error, "largest_percent", calibration_rounded(largest));
}

static void add_rows(struct json *fit, const struct calibration *calibration)
{
    struct json *rows = json_add_array(fit, "rows");

    for (int i = 0; i < calibration->rows; i++) {
        struct json *row = json_add_object(rows, NULL);
        json_add_name(row, "name", calibration_row_name(calibration, i));
        json_add_int(row, "line", calibration->table->line[calibration->row[i]]);
        json_add_number(row, "measured", calibration->y[i]);
        json_add_number(row, "fitted", calibration_rounded(calibration->fitted[i]));
        json_add_number(row, "left_out",
                        calibration->left_out ? calibration_rounded(calibration->left_out[i])
                                              : (double)NAN);
    }
}

static void add_fit(struct json *fits, const struct calibration *calibration)
{
    struct json *fit = json_add_object(fits, NULL);

    json_add_text(fit, "precision", calibration->request.precision);
    json_add_int(fit, "measurements", calibration->rows);
    json_add_int(fit, "networks", calibration->points);
    add_terms(fit, calibration);
    calibration_add_error(fit, "fit", calibration->of_fit.mean, calibration->of_fit.largest);
    calibration_add_error(fit, "left_out", calibration->of_others.mean,
                          calibration->of_others.largest);
    json_add_text(fit, "reason", calibration->reason);
    add_rows(fit, calibration);
}

static void add_names(struct json *document, const char *key, const struct strings *names)
{
    struct json *list = json_add_array(document, key);

    for (int64_t i = 0; i < names->count; i++)
        json_add_name(list, NULL, names->at[i]);
}

struct json *calibration_report(const struct invocation *invocation,
                                const struct calibration *calibration, int count,
                                const struct json *profile)
{
    const struct calibration_request *request = &calibration->request;
    struct json *document = json_object(), *csv, *fits;

    json_add_text(document, "schema", "ecai/calibration/1");
    csv = json_add_object(document, "csv");
    json_add_name(csv, "file", calibration->table->path);
    json_add_text(csv, "sha256", calibration->table->sha256);
    json_add_int(csv, "rows", calibration->table->rows);
    add_names(document, "where", &request->where);
    json_add_text(document, "kind", request->kind);
    add_names(document, "target", &request->target);
    json_add_text(document, "error_basis", request->in_sample ? "fit" : "held-out");
    fits = json_add_array(document, "fits");
    for (int i = 0; i < count; i++)
        add_fit(fits, &calibration[i]);
    json_add(document, "profile", json_copy(profile));
    json_add_warnings(document, invocation);
    json_add_provenance(document, invocation);
    return document;
}
