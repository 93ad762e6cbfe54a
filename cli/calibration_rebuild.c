// Shipped profiles made again: the coefficients that the tables named in their "calibration" give,
// beside those that stand in them.
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/calibration_report.h"
#include "cli/devices.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "energy/device.h"

// What a profile holds is rounded to three or four digits. Beyond it, '!' stands behind.
static const double TOLERANCE = 0.005;

struct rebuild {
    struct invocation *invocation;
    struct table table, errors; // coefficients; how well each fit does
    struct json *profiles;      // of the document
    int fits, wrong;
};

// ---- what a profile asks for -------------------------------------------------------------------

static void add_string(struct arena *arena, struct strings *list, const char *text)
{
    const char **grown = arena_array(arena, const char *, (size_t)list->count + 1);

    for (int64_t i = 0; i < list->count; i++)
        grown[i] = list->at[i];
    grown[list->count++] = text;
    list->at = grown;
}

// A list of texts, or none.
static enum status read_texts(struct rebuild *rebuild, const struct json *entry, const char *key,
                              struct strings *out)
{
    const struct json *list = json_member(entry, key);

    for (size_t i = 0; i < json_count(list); i++) {
        const char *text = json_text(json_child(list, i));
        if (!text)
            return context_fail(rebuild->invocation->context, ERR_FORMAT,
                                "'calibration': '%s' wants texts", key);
        add_string(rebuild->invocation->arena, out, text);
    }
    return OK;
}

static enum status read_where(struct rebuild *rebuild, const struct json *entry,
                              struct calibration_request *request)
{
    const struct json *where = json_member(entry, "where");
    struct arena *arena = rebuild->invocation->arena;

    for (size_t i = 0; i < json_count(where); i++) {
        const struct json *child = json_child(where, i);
        size_t values = json_is_array(child) ? json_count(child) : 1;
        for (size_t k = 0; k < values; k++) {
            const char *value = json_text(json_is_array(child) ? json_child(child, k) : child);
            if (!value)
                return context_fail(rebuild->invocation->context, ERR_FORMAT,
                                    "'calibration': '%s' wants texts", json_key(child));
            if (strcmp(json_key(child), "precision") == 0)
                request->precision = value;
            add_string(arena, &request->where,
                       arena_format(arena, "%s=%s", json_key(child), value));
        }
    }
    return OK;
}

static enum status read_request(struct rebuild *rebuild, const struct device *device,
                                const struct json *entry, struct calibration_request *request,
                                const char **csv)
{
    struct context *context = rebuild->invocation->context;

    *request = (struct calibration_request){.kind = json_text(json_at(device->json, "kind")),
                                            .in_sample = true};
    *csv = json_text(json_member(entry, "csv"));
    if (!*csv)
        return context_fail(context, ERR_FORMAT, "'calibration' wants a 'csv'");
    TRY(read_texts(rebuild, entry, "terms", &request->terms));
    TRY(read_texts(rebuild, entry, "target", &request->target));
    TRY(read_where(rebuild, entry, request));
    if (strcmp(request->kind, "calibrated") == 0 && !request->precision)
        return context_fail(context, ERR_FORMAT, "'calibration': 'where' wants a 'precision'");
    return OK;
}

// ---- beside each other -------------------------------------------------------------------------

static bool agrees(double shipped, double again)
{
    return fabs(shipped - again) <= TOLERANCE * fabs(again);
}

static void compare_term(struct rebuild *rebuild, const struct device *device,
                         const struct calibration *calibration, int t, struct json *list)
{
    const struct json *item = json_at(device->json, calibration->key[t]);
    double shipped = json_is_number(item) ? json_number(item) : (double)NAN;
    double again = calibration_value(calibration, t);
    struct json *row = json_add_object(list, NULL);

    table_add(&rebuild->table, device->name);
    table_add(&rebuild->table, calibration->key[t]);
    table_add(&rebuild->table, calibration->term[t]->unit);
    if (isnan(shipped))
        table_add(&rebuild->table, "none");
    else
        table_format(&rebuild->table, "%.4g", shipped);
    table_format(&rebuild->table, "%.4g", again);
    table_format(&rebuild->table, "%+.2f %%%s", again > 0 ? 100 * (shipped / again - 1) : 0,
                 agrees(shipped, again) ? "" : " !");
    rebuild->wrong += !agrees(shipped, again);
    json_add_text(row, "key", calibration->key[t]);
    json_add_text(row, "unit", calibration->term[t]->unit);
    json_add_number(row, "shipped", shipped);
    json_add_number(row, "rebuilt", again);
    json_add_bool(row, "agrees", agrees(shipped, again));
}

static void add_errors(struct table *table, const struct device *device,
                       const struct calibration *calibration)
{
    const char *precision = calibration->request.precision;

    table_add(table, device->name);
    table_add(table, precision ? precision : "-");
    table_format(table, "%d", calibration->points);
    table_format(table, "%.1f %%", calibration->fit_mean);
    table_format(table, "%.1f %%", calibration->fit_largest);
    if (!calibration->left_out) {
        table_add(table, "?");
        table_add(table, "?");
        return;
    }
    table_format(table, "%.1f %%", calibration->left_out_mean);
    table_format(table, "%.1f %%", calibration->left_out_largest);
}

static void compare(struct rebuild *rebuild, const struct device *device,
                    const struct calibration *calibration)
{
    struct json *entry = json_add_object(rebuild->profiles, NULL), *csv;

    json_add_text(entry, "name", device->name);
    csv = json_add_object(entry, "csv");
    json_add_name(csv, "file", csv_table_file(calibration->table));
    json_add_text(csv, "sha256", calibration->table->sha256);
    json_add_text(entry, "precision", calibration->request.precision);
    json_add_int(entry, "networks", calibration->points);
    calibration_add_error(entry, "fit", calibration->fit_mean, calibration->fit_largest);
    calibration_add_error(entry, "left_out", calibration->left_out_mean,
                          calibration->left_out_largest);
    struct json *list = json_add_array(entry, "terms");
    for (int t = 0; t < calibration->terms; t++)
        compare_term(rebuild, device, calibration, t, list);
    add_errors(&rebuild->errors, device, calibration);
    rebuild->fits++;
}

// A profile of one's own tells which table it was made from.
static void check_table(struct rebuild *rebuild, const struct device *device,
                        const struct json *entry, const struct csv_table *table)
{
    const struct json *hash = json_member(entry, "sha256");

    if (hash && json_text(hash) && strcmp(json_text(hash), table->sha256) != 0)
        context_warn(rebuild->invocation->context, "'%s' was made from another '%s'", device->name,
                     csv_table_file(table));
}

// The table of a profile of one's own may lie beside it.
static const char *beside(struct rebuild *rebuild, const char *profile, const char *csv)
{
    const char *slash = strrchr(profile, '/');
    const char *path = slash && !strchr(csv, '/')
                           ? arena_format(rebuild->invocation->arena, "%.*s/%s",
                                          (int)(slash - profile), profile, csv)
                           : csv;

    return access(path, F_OK) == 0 ? path : csv;
}

// profile: as it was named.
static enum status rebuild_entry(struct rebuild *rebuild, const struct device *device,
                                 const char *profile, const struct json *entry)
{
    struct context *context = rebuild->invocation->context;
    struct calibration calibration = {.arena = NULL};
    struct calibration_request request;
    struct csv_table table = {.arena = NULL};
    enum status status;
    const char *csv;

    TRY(read_request(rebuild, device, entry, &request, &csv));
    status = csv_table_read(context, beside(rebuild, profile, csv), &table);
    if (status == OK)
        status = calibration_models(rebuild->invocation, &table);
    if (status == OK)
        check_table(rebuild, device, entry, &table);
    if (status == OK)
        status = calibration_fit(context, &table, &request, &calibration);
    if (status == OK)
        compare(rebuild, device, &calibration);
    calibration_clear(&calibration);
    csv_table_clear(&table);
    return status;
}

static enum status rebuild_profile(struct rebuild *rebuild, const char *name, bool is_asked_for)
{
    struct context *context = rebuild->invocation->context;
    const struct json *list;
    struct device device;
    enum status status = device_read(context, name, &device);

    list = status == OK ? json_member(device.json, "calibration") : NULL;
    if (status == OK && is_asked_for && json_is_null(list))
        status =
            context_fail(context, ERR_USAGE, "the coefficients of '%s' come from no table", name);
    if (json_is_object(list))
        status = rebuild_entry(rebuild, &device, name, list);
    for (size_t i = 0; i < (json_is_array(list) ? json_count(list) : 0) && status == OK; i++)
        status = rebuild_entry(rebuild, &device, name, json_child(list, i));
    if (status != OK && status != ERR_USAGE)
        context_fail_in(context, status, "profile '%s'", name);
    device_clear(&device);
    return status;
}

// ---- all of them -------------------------------------------------------------------------------

static enum status rebuild_names(struct rebuild *rebuild, int count, const char *const *name)
{
    const struct devices_options *options = rebuild->invocation->options;
    struct strings all = {count, name};

    if (options->calibrate.all && count)
        return context_fail(rebuild->invocation->context, ERR_USAGE, "'--all' or '%s', not both",
                            name[0]);
    if (options->calibrate.all)
        device_names(rebuild->invocation->arena, &all);
    for (int64_t i = 0; i < all.count; i++)
        TRY(rebuild_profile(rebuild, all.at[i], !options->calibrate.all));
    if (rebuild->fits == 0)
        return context_fail(rebuild->invocation->context, ERR_IO,
                            "no profile names a table that it comes from");
    return OK;
}

static void begin_table(struct table *table, const char *align, const char *const *head)
{
    table_init(table, align);
    for (; *head; head++)
        table_add(table, *head);
}

static void begin_tables(struct rebuild *rebuild)
{
    static const char *const coefficients[] = {"profile", "key",     "unit", "shipped",
                                               "rebuilt", "differs", NULL};
    static const char *const errors[] = {"profile", "precision",       "networks", "fit, mean",
                                         "largest", "by others, mean", "largest",  NULL};

    begin_table(&rebuild->table, "lllrrr", coefficients);
    begin_table(&rebuild->errors, "llrrrrr", errors);
}

static enum status write_all(struct rebuild *rebuild, struct json *document)
{
    const struct devices_options *options = rebuild->invocation->options;
    struct text text;
    enum status status = OK;

    if (options->json.json) {
        json_add_warnings(document, rebuild->invocation);
        json_add_provenance(document, rebuild->invocation);
        status = json_write(rebuild->invocation, document, options->json.json);
    }
    if (status == OK && !streams_use_stdout(&rebuild->invocation->streams)) {
        text_init(&text);
        table_print(&rebuild->table, &text);
        text_add(&text, "\n");
        table_print(&rebuild->errors, &text);
        status = print_result(rebuild->invocation->context, &text);
        text_clear(&text);
    }
    if (status == OK && rebuild->wrong)
        status = context_fail(rebuild->invocation->context, ERR_NUMERIC,
                              "%d coefficient%s no longer what the tables give", rebuild->wrong,
                              rebuild->wrong == 1 ? " is" : "s are");
    return status;
}

enum status calibration_rebuild(struct invocation *invocation, int count, const char *const *name)
{
    const struct devices_options *options = invocation->options;
    struct rebuild rebuild = {.invocation = invocation};
    struct json *document;
    enum status status;

    TRY(json_check_output(invocation, options->json.json));
    document = json_object();
    json_add_text(document, "schema", "ecai/calibrations/1");
    rebuild.profiles = json_add_array(document, "profiles");
    begin_tables(&rebuild);
    status = rebuild_names(&rebuild, count, name);
    if (status == OK)
        status = write_all(&rebuild, document);
    table_clear(&rebuild.table);
    table_clear(&rebuild.errors);
    json_free(document);
    return status;
}
