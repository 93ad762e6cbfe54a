// ecai/report/1: everything that the page shows, as one document that stays small: layers stand
// as columns, equal columns of many points once, numbers with six digits.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_common.h"
#include "cli/report_view.h"
#include "cli/version.h"
#include "energy/device.h"

// Columns of layers, found again by their text.
struct columns {
    struct json *list; // "columns"
    int count, slots;  // slots: a power of two, at least twice the count
    int *slot;         // index of a column + 1; 0: free
    struct text *text; // of each column
};

static size_t hash(const char *text)
{
    uint64_t state = 14695981039346656037u; // FNV-1a

    for (; *text; text++)
        state = (state ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(state ^ state >> 32);
}

static int *find_slot(const struct columns *columns, const char *text)
{
    size_t at = hash(text);

    for (;; at++) {
        int *slot = &columns->slot[at & (size_t)(columns->slots - 1)];
        if (!*slot || strcmp(columns->text[*slot - 1].at, text) == 0)
            return slot;
    }
}

static void grow(struct columns *columns)
{
    columns->slots = columns->slots ? 2 * columns->slots : 256;
    columns->text = must_realloc(columns->text, (size_t)columns->slots / 2 * sizeof *columns->text);
    free(columns->slot);
    columns->slot = must_alloc((size_t)columns->slots * sizeof *columns->slot);
    memset(columns->slot, 0, (size_t)columns->slots * sizeof *columns->slot);
    for (int i = 0; i < columns->count; i++)
        *find_slot(columns, columns->text[i].at) = i + 1;
}

// Takes the column; its index.
static int add_column(struct columns *columns, struct json *column)
{
    struct text text;
    int *slot;

    if (2 * (columns->count + 1) > columns->slots)
        grow(columns);
    text_init(&text);
    json_print(column, false, &text);
    slot = find_slot(columns, text.at);
    if (*slot) {
        text_clear(&text);
        json_free(column);
        return *slot - 1;
    }
    columns->text[columns->count] = text;
    *slot = ++columns->count;
    json_add(columns->list, NULL, column);
    return columns->count - 1;
}

static void columns_clear(struct columns *columns)
{
    for (int i = 0; i < columns->count; i++)
        text_clear(&columns->text[i]);
    free(columns->text);
    free(columns->slot);
}

static double six_digits(double number)
{
    double power;

    if (number == 0 || number == floor(number) || !isfinite(number))
        return number;
    power = floor(log10(fabs(number))) - 5;
    // By a whole power of ten, so that the result is the double nearest to six digits.
    return power < 0 ? round(number * pow(10, -power)) / pow(10, -power)
                     : round(number / pow(10, power)) * pow(10, power);
}

static void copy_value(struct json *parent, const char *key, const struct json *value);

// Members but those named; each as copy_value does it.
static void copy_members(struct json *out, const struct json *object, const char *const *without)
{
    size_t count = json_count(object);

    for (size_t i = 0; i < count; i++) {
        const struct json *child = json_child(object, i);
        const char *const *name = without;
        while (name && *name && strcmp(*name, json_key(child)) != 0)
            name++;
        if (!name || !*name)
            copy_value(out, json_key(child), child);
    }
}

static void copy_value(struct json *parent, const char *key, const struct json *value)
{
    if (json_is_object(value)) {
        copy_members(json_add_object(parent, key), value, NULL);
    } else if (json_is_array(value)) {
        struct json *list = json_add_array(parent, key);
        for (size_t i = 0; i < json_count(value); i++)
            copy_value(list, NULL, json_child(value, i));
    } else if (json_is_number(value)) {
        json_add_count(parent, key, six_digits(json_number(value)));
    } else {
        json_add(parent, key, json_copy(value));
    }
}

static void copy_or_null(struct json *parent, const char *key, const struct json *value)
{
    if (value)
        copy_value(parent, key, value);
    else
        json_add_null(parent, key);
}

static struct json *column_of(const struct json *layers, const char *key)
{
    struct json *column = json_array();

    for (size_t i = 0; i < json_count(layers); i++)
        copy_or_null(column, NULL, json_member(json_child(layers, i), key));
    return column;
}

// {"node": 0, "joules": 3, ...}: the layers' figures as indices of columns.
static void add_layers(struct json *item, const struct json *eval, struct columns *columns)
{
    const struct json *layers = json_at(eval, "energy.layers");
    const struct json *first = json_is_array(layers) ? json_child(layers, 0) : NULL;
    struct json *indices;

    if (!json_is_object(first)) {
        json_add_null(item, "layers");
        return;
    }
    indices = json_add_object(item, "layers");
    for (size_t i = 0; i < json_count(first); i++) {
        const char *key = json_key(json_child(first, i));
        json_add_int(indices, key, add_column(columns, column_of(layers, key)));
    }
}

// Parts of an evaluation that are shown elsewhere, or not at all.
static const struct {
    const char *key;
    const char *without[4];
} shortened[] = {
    {"data", {"sha256", "labelled", "classes", "preprocess"}},
    {"accuracy", {"per_class"}},
    {"baseline", {"preprocess"}},
    {"energy", {"layers", "profile", "steps"}},
    {"carbon", {"assumptions"}},
};

static void add_eval(struct json *item, const char *key, const struct json *eval)
{
    static const char *const without[] = {"energy_by_device", "ratio_by_device", "cost", NULL};
    struct json *out, *whole;

    if (!eval) {
        json_add_null(item, key);
        return;
    }
    whole = json_copy(eval);
    for (size_t i = 0; i < sizeof shortened / sizeof *shortened; i++)
        for (int j = 0; j < 4 && shortened[i].without[j]; j++)
            json_remove(whole, shortened[i].key, shortened[i].without[j]);
    out = json_add_object(item, key);
    copy_members(out, whole, without);
    json_free(whole);
}

// What a step was and what it said; layers, sizes and energies of the result are there already.
static void add_steps(struct json *item, const struct json *trial)
{
    static const char *const with[] = {"schema", "method", "options", "warnings"};
    const struct json *steps = json_at(trial, "steps");
    struct json *list = json_add_array(item, "steps");

    for (size_t i = 0; i < json_count(steps); i++) {
        const struct json *step = json_child(steps, i), *report = json_member(step, "report");
        struct json *out = json_add_object(list, NULL), *shown;
        copy_or_null(out, "command", json_member(step, "command"));
        if (!json_is_object(report)) {
            json_add_null(out, "report");
            continue;
        }
        shown = json_add_object(out, "report");
        for (size_t j = 0; j < sizeof with / sizeof *with; j++)
            copy_or_null(shown, with[j], json_member(report, with[j]));
    }
}

static void add_curves(struct json *item, const struct report_view *view,
                       const struct report_point *point)
{
    struct json *list = json_add_array(item, "curves");
    struct report_curves curves = report_curves(view, point);

    for (int i = 0; i < curves.count; i++) {
        struct json *curve = json_add_object(list, NULL), *values;
        json_add_text(curve, "name", curves.at[i].name);
        values = json_add_array(curve, "values");
        for (int j = 0; j < curves.at[i].count; j++)
            json_add_number(values, NULL, six_digits(curves.at[i].value[j]));
    }
}

// Without its profile, which is that of all points.
static void add_cost(struct json *item, const struct json *cost)
{
    static const char *const without[] = {"profile", NULL};

    if (json_is_object(cost))
        copy_members(json_add_object(item, "cost"), cost, without);
    else
        json_add_null(item, "cost");
}

static void add_point(struct json *list, const struct report_view *view,
                      const struct report_point *point, struct columns *columns)
{
    struct json *item = json_add_object(list, NULL);
    const struct json *commands = json_at(point->trial, "commands");

    json_add_name(item, "id", point->id);
    json_add_name(item, "label", point->label);
    json_add_text(item, "state", point->state);
    json_add_name(item, "error", point->error);
    if (json_is_object(json_at(point->trial, "parameters")))
        copy_value(item, "parameters", json_at(point->trial, "parameters"));
    else
        json_add_object(item, "parameters");
    json_add_bool(item, "front", point->is_front);
    json_add_bool(item, "chosen", point->is_chosen);
    if (json_is_array(commands))
        copy_value(item, "commands", commands);
    else
        copy_or_null(json_add_array(item, "commands"), NULL,
                     json_at(point->eval, "provenance.command"));
    add_eval(item, "eval", point->search);
    add_eval(item, "test", point->test);
    add_steps(item, point->trial);
    add_layers(item, point->eval, columns);
    add_curves(item, view, point);
    add_cost(item, json_at(point->eval, "cost"));
}

// The profile as the reports know it; its summary from the profile itself, if it is still the same.
static void add_profile(struct json *document, const struct report_view *view)
{
    const struct json *energy = json_at(view->sample, "energy");
    const char *name = json_text(json_at(energy, "device"));
    struct json *profile = json_add_object(document, "profile");
    struct context quiet;
    struct device device;
    bool is_same;

    context_init(&quiet);
    is_same = device_read(&quiet, name, &device) == OK &&
              strcmp(device.sha256, json_text(json_at(energy, "profile.sha256"))) == 0;
    json_add_name(profile, "name", name);
    json_add_text(profile, "summary", is_same ? device.summary : NULL);
    device_clear(&device);
    copy_members(profile, json_at(energy, "profile"), NULL);
}

static void add_data(struct json *document, const struct report_view *view)
{
    static const char *const keys[] = {"name", "samples", "sha256"};
    struct json *data = json_add_object(document, "data");

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        copy_or_null(data, keys[i], json_member(json_at(view->sample, "data"), keys[i]));
}

// What the axis says, for keys that the page does not know.
static void add_axis(struct json *axes, const char *name, const struct report_axis *axis)
{
    struct json *out = json_add_object(axes, name);
    // Bars of what was measured are 95 % intervals, those of an estimate the profile's error.
    bool is_profile = axis->interval && !strstr(axis->interval, "ci95") &&
                      strcmp(axis->interval, "energy.measured.interval") != 0;

    json_add_name(out, "key", axis->key);
    json_add_name(out, "title", axis->title);
    json_add_text(out, "unit", axis->unit);
    json_add_text(out, "better",
                  axis->better == BETTER_HIGHER  ? "higher"
                  : axis->better == BETTER_LOWER ? "lower"
                                                 : NULL);
    json_add_text(out, "interval", is_profile ? "profile" : axis->interval ? "95" : NULL);
}

static void add_axes(struct json *document, const struct report_view *view)
{
    struct json *axes = json_add_object(document, "axes");

    json_add_text(axes, "x", view->x.key);
    json_add_text(axes, "y", view->y.key);
    json_add_bool(axes, "log_x", view->options->log_x || report_spreads(view, view->x.key));
    json_add_bool(axes, "log_y", view->options->log_y);
    add_axis(axes, "x_axis", &view->x);
    add_axis(axes, "y_axis", &view->y);
}

// A sweep without search data shows its test data whatever was asked for.
static const char *shown_data(const struct report_view *view)
{
    for (int i = 0; i < view->count; i++)
        if (view->point[i].eval)
            return view->point[i].eval == view->point[i].test ? "test" : "search";
    return "search";
}

struct json *report_data(const struct report_view *view)
{
    struct json *document = json_object(), *points;
    struct columns columns = {.list = json_array()};

    json_add_text(document, "schema", "ecai/report/1");
    json_add_name(document, "title", report_title(view));
    json_add_text(document, "ecai", ECAI_VERSION);
    add_profile(document, view);
    add_data(document, view);
    copy_or_null(document, "metric", json_at(view->sample, "accuracy.metric"));
    copy_or_null(document, "better", json_at(view->sample, "accuracy.better"));
    json_add_text(document, "selected_on", view->selected_on);
    json_add_text(document, "on", shown_data(view));
    json_add(document, "warnings", view->warnings ? json_copy(view->warnings) : json_array());
    copy_or_null(document, "sweep", view->sweep);
    add_axes(document, view);
    points = json_add_array(document, "points");
    for (int i = 0; i < view->count; i++)
        add_point(points, view, &view->point[i], &columns);
    json_add(document, "columns", columns.list);
    columns_clear(&columns);
    return document;
}
