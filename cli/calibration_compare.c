// Profiles beside what their tables give again; see calibration_compare.h.
#include "cli/calibration_compare.h"

#include <math.h>
#include <string.h>

#include "cli/calibration_report.h"
#include "cli/json_common.h"

// What a profile holds is rounded to three or four digits, and claims to a tenth of a per cent.
// Beyond it, '!' stands behind.
static const double TOLERANCE = 0.005, CLAIM_TOLERANCE = 0.1 + 1e-9;

// ---- tables ------------------------------------------------------------------------------------

static void begin_table(struct table *table, const char *align, const char *const *head)
{
    table_init(table, align);
    for (; *head; head++)
        table_add(table, *head);
}

void comparison_begin(struct comparison *comparison, struct arena *arena)
{
    static const char *const figures[] = {"profile", "key",     "unit", "shipped",
                                          "rebuilt", "differs", NULL};
    static const char *const fits[] = {"profile", "precision",       "networks", "fit, mean",
                                       "largest", "by others, mean", "largest",  NULL};

    *comparison = (struct comparison){.arena = arena, .document = json_object()};
    begin_table(&comparison->figures, "lllrrr", figures);
    begin_table(&comparison->fits, "llrrrrr", fits);
    text_init(&comparison->rest);
    json_add_text(comparison->document, "schema", "ecai/calibrations/1");
    json_add_array(comparison->document, "profiles");
    json_add_array(comparison->document, "claims");
    json_add_array(comparison->document, "not_rebuilt");
}

void comparison_clear(struct comparison *comparison)
{
    table_clear(&comparison->figures);
    table_clear(&comparison->fits);
    text_clear(&comparison->rest);
    json_free(comparison->document);
}

void comparison_print(const struct comparison *comparison, struct text *out)
{
    table_print(&comparison->figures, out);
    if (comparison->fit_count) {
        text_add(out, "\n");
        table_print(&comparison->fits, out);
    }
    if (comparison->rest.length)
        text_format(out,
                    "\nNot made again, but from where `sources` and `unverified` of the profile "
                    "say:\n%s",
                    comparison->rest.at);
}

static struct json *add_entry(struct comparison *comparison, const char *list)
{
    struct json *entry = json_add_object(json_find(comparison->document, list), NULL);

    json_add_text(entry, "name", comparison->device->name);
    return entry;
}

// ---- one figure --------------------------------------------------------------------------------

void comparison_add_string(struct arena *arena, struct strings *list, const char *text)
{
    const char **grown = arena_array(arena, const char *, (size_t)list->count + 1);

    for (int64_t i = 0; i < list->count; i++)
        grown[i] = list->at[i];
    grown[list->count++] = text;
    list->at = grown;
}

static bool holds(const struct strings *list, const char *text)
{
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

static double shipped_number(const struct comparison *comparison, const char *key)
{
    const struct json *item = json_at(comparison->device->json, key);

    return json_is_number(item) ? json_number(item) : (double)NAN;
}

static void add_number(struct table *table, double number)
{
    if (isnan(number))
        table_add(table, "none");
    else
        table_format(table, "%.4g", number);
}

static void add_row(struct comparison *comparison, struct json *list, const char *key,
                    const char *unit, double again, bool agrees, const char *note)
{
    double shipped = shipped_number(comparison, key);
    struct table *table = &comparison->figures;
    struct json *row = json_add_object(list, NULL);

    table_add(table, comparison->device->name);
    table_add(table, key);
    table_add(table, *unit ? unit : "-");
    add_number(table, shipped);
    add_number(table, again);
    if (note)
        table_format(table, "%s%s", note, agrees ? "" : " !");
    else if (isnan(shipped / again))
        table_add(table, agrees ? "" : "!");
    else
        table_format(table, "%+.2f %%%s", again > 0 ? 100 * (shipped / again - 1) : 0,
                     agrees ? "" : " !");
    comparison->wrong += !agrees;
    json_add_text(row, "key", key);
    json_add_text(row, "unit", *unit ? unit : NULL);
    json_add_number(row, "shipped", shipped);
    json_add_number(row, "rebuilt", again);
    json_add_bool(row, "agrees", agrees);
}

static void compare(struct comparison *comparison, struct json *list, const char *key,
                    const char *unit, double again)
{
    double shipped = shipped_number(comparison, key);
    bool agrees = fabs(shipped - again) <= TOLERANCE * fabs(again);

    add_row(comparison, list, key, unit, again, agrees, NULL);
    comparison_add_string(comparison->arena, &comparison->made,
                          arena_copy_text(comparison->arena, key));
}

// ---- fits and tests ----------------------------------------------------------------------------

void comparison_begin_profile(struct comparison *comparison, const struct device *device)
{
    comparison->device = device;
    comparison->made = (struct strings){0, NULL};
    comparison->has_fit = false;
    comparison->of_fit = comparison->of_others = (struct calibration_errors){0, 0, 0, 0};
}

static void add_errors(struct table *table, const struct device *device,
                       const struct calibration *calibration)
{
    const char *precision = calibration->request.precision;

    table_add(table, device->name);
    table_add(table, precision ? precision : "-");
    table_format(table, "%d", calibration->points);
    table_format(table, "%.1f %%", calibration->of_fit.mean);
    table_format(table, "%.1f %%", calibration->of_fit.largest);
    if (!calibration->left_out) {
        table_add(table, "?");
        table_add(table, "?");
        return;
    }
    table_format(table, "%.1f %%", calibration->of_others.mean);
    table_format(table, "%.1f %%", calibration->of_others.largest);
}

static void keep_worst(struct comparison *comparison, const struct calibration *calibration)
{
    struct calibration_errors fit = calibration_claim(calibration, true);
    struct calibration_errors others = calibration_claim(calibration, false);

    comparison->of_fit = calibration_worst(&comparison->of_fit, &fit);
    comparison->of_others = calibration_worst(&comparison->of_others, &others);
    comparison->has_fit = true;
    comparison->fit_count++;
}

void comparison_add_fit(struct comparison *comparison, const struct calibration *calibration,
                        const struct strings *takes)
{
    struct json *entry = add_entry(comparison, "profiles"), *csv, *list;

    json_add_null(entry, "test");
    csv = json_add_object(entry, "csv");
    json_add_name(csv, "file", csv_table_file(calibration->table));
    json_add_text(csv, "sha256", calibration->table->sha256);
    json_add_text(entry, "precision", calibration->request.precision);
    json_add_int(entry, "networks", calibration->points);
    calibration_add_error(entry, "fit", calibration->of_fit.mean, calibration->of_fit.largest);
    calibration_add_error(entry, "left_out", calibration->of_others.mean,
                          calibration->of_others.largest);
    list = json_add_array(entry, "terms");
    for (int t = 0; t < calibration->terms; t++)
        if (takes->count == 0 || holds(takes, calibration->term[t]->name))
            compare(comparison, list, calibration->key[t], calibration->term[t]->unit,
                    calibration_value(calibration, t));
    add_errors(&comparison->fits, comparison->device, calibration);
    keep_worst(comparison, calibration);
    comparison->count++;
}

// Tests tell joules, keys of profiles picojoules.
static double in_unit_of(const char *key, const struct validation_figure *figure, const char **unit)
{
    size_t length = strlen(key);

    *unit = figure->unit;
    if (strcmp(figure->unit, "J") != 0 || length < 3 || strcmp(key + length - 3, "_pj") != 0)
        return figure->value;
    *unit = "pJ";
    return figure->value * 1e12;
}

enum status comparison_add_test(struct context *context, struct comparison *comparison,
                                const struct validation *validation, const struct json *figures)
{
    struct json *entry = add_entry(comparison, "profiles"), *list;

    json_add_text(entry, "test", validation->id);
    json_add_null(entry, "csv");
    list = json_add_array(entry, "terms");
    for (size_t i = 0; i < json_count(figures); i++) {
        const struct json *child = json_child(figures, i);
        const struct validation_figure *figure = NULL;
        const char *name = json_text(child), *unit;
        double again;
        for (int k = 0; name && k < validation->figure_count; k++)
            if (strcmp(validation->figure[k].name, name) == 0)
                figure = &validation->figure[k];
        if (!figure)
            return context_fail(context, ERR_FORMAT, "'calibration': %s has no figure '%s'",
                                validation->id, name ? name : "");
        again = in_unit_of(json_key(child), figure, &unit);
        compare(comparison, list, json_key(child), unit, calibration_rounded(again));
    }
    comparison->count++;
    return OK;
}

// ---- what it claims ----------------------------------------------------------------------------

// What was judged is no figure of the tables, but may not be below it.
static void compare_claim(struct comparison *comparison, struct json **list, const char *key,
                          double again, bool is_judged)
{
    double shipped = shipped_number(comparison, key);
    bool agrees = fabs(shipped - again) <= CLAIM_TOLERANCE;

    if (holds(&comparison->made, key) || (isnan(again) && (is_judged || isnan(shipped))))
        return;
    if (is_judged)
        agrees = shipped >= again;
    if (!*list) {
        struct json *entry = add_entry(comparison, "claims");
        json_add_text(entry, "error_basis", comparison->device->error_basis);
        *list = json_add_array(entry, "terms");
    }
    add_row(comparison, *list, key, "%", again, agrees, is_judged ? "judged" : NULL);
}

static void compare_claims(struct comparison *comparison)
{
    const char *basis = comparison->device->error_basis;
    bool is_judged = !basis || strcmp(basis, "judged") == 0;
    struct calibration_errors errors = calibration_rounded_errors(
        basis && strcmp(basis, "fit") == 0 ? &comparison->of_fit : &comparison->of_others);
    struct json *list = NULL;

    if (!comparison->has_fit)
        return;
    compare_claim(comparison, &list, "error_percent", errors.factor, is_judged);
    compare_claim(comparison, &list, "ratio_error_percent", errors.ratio, is_judged);
    if (!is_judged)
        compare_claim(comparison, &list, "mean_error_percent", errors.mean, false);
}

// ---- what nothing gives again ------------------------------------------------------------------

struct leaves {
    const struct comparison *comparison;
    struct json *list;
    struct text text;
};

// 0 says that there is no such part.
static void add_leaves(struct leaves *leaves, const struct json *json, const char *path)
{
    struct arena *arena = leaves->comparison->arena;

    for (size_t i = 0; json_is_object(json) && i < json_count(json); i++) {
        const struct json *child = json_child(json, i);
        add_leaves(leaves, child, arena_format(arena, "%s.%s", path, json_key(child)));
    }
    if (!json_is_number(json) || json_number(json) == 0 || holds(&leaves->comparison->made, path))
        return;
    text_format(&leaves->text, "%s%s", leaves->text.length ? ", " : "", path);
    json_add_text(leaves->list, NULL, path);
}

static void add_rest(struct comparison *comparison)
{
    static const char *const figures[] = {"fit",
                                          "mac_pj",
                                          "memory",
                                          "power",
                                          "spiking",
                                          "engine.watts",
                                          "engine.utilisation",
                                          "engine.arithmetic_part",
                                          "engine.weight_part",
                                          "array.zero_activations",
                                          "zero_weights_floor",
                                          "run_watts"};
    struct leaves leaves = {.comparison = comparison};
    struct json *entry = add_entry(comparison, "not_rebuilt");

    leaves.list = json_add_array(entry, "keys");
    text_init(&leaves.text);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        add_leaves(&leaves, json_at(comparison->device->json, figures[i]), figures[i]);
    if (leaves.text.length)
        text_format(&comparison->rest, "  %s: %s\n", comparison->device->name, leaves.text.at);
    text_clear(&leaves.text);
}

void comparison_end_profile(struct comparison *comparison)
{
    compare_claims(comparison);
    add_rest(comparison);
}
