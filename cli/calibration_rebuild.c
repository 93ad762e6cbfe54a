// Shipped profiles made again: the coefficients that the tables named in their "calibration" give,
// beside those that stand in them.
#include <string.h>
#include <unistd.h>

#include "cli/calibration_compare.h"
#include "cli/calibration_report.h"
#include "cli/devices.h"
#include "cli/json_common.h"
#include "cli/shell.h"

struct rebuild {
    struct invocation *invocation;
    struct comparison comparison;
};

// ---- what a profile asks for -------------------------------------------------------------------

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
        comparison_add_string(rebuild->invocation->arena, out, text);
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
            comparison_add_string(arena, &request->where,
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

// ---- one profile -------------------------------------------------------------------------------

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
static enum status rebuild_fit(struct rebuild *rebuild, const struct device *device,
                               const char *profile, const struct json *entry)
{
    struct context *context = rebuild->invocation->context;
    struct calibration calibration = {.arena = NULL};
    struct calibration_request request;
    struct csv_table table = {.arena = NULL};
    struct strings takes = {0, NULL};
    enum status status;
    const char *csv;

    TRY(read_request(rebuild, device, entry, &request, &csv));
    TRY(read_texts(rebuild, entry, "takes", &takes));
    status = csv_table_read(context, beside(rebuild, profile, csv), &table);
    if (status == OK)
        status = calibration_models(rebuild->invocation, &table);
    if (status == OK)
        check_table(rebuild, device, entry, &table);
    if (status == OK)
        status = calibration_fit(context, &table, &request, &calibration);
    if (status == OK)
        comparison_add_fit(&rebuild->comparison, &calibration, &takes);
    calibration_clear(&calibration);
    csv_table_clear(&table);
    return status;
}

// Figures that one of the tests of `ecai devices validate` comes to.
static enum status rebuild_test(struct rebuild *rebuild, const struct json *entry, const char *id)
{
    struct context *context = rebuild->invocation->context;
    int index = validation_find(id);
    struct validation validation;
    enum status status;

    if (index < 0)
        return context_fail(context, ERR_FORMAT, "'calibration': there is no test '%s'", id);
    status = validation_run(context, index, &validation);
    if (status == OK)
        status = comparison_add_test(context, &rebuild->comparison, &validation,
                                     json_member(entry, "figures"));
    validation_clear(&validation);
    return status;
}

static enum status rebuild_entry(struct rebuild *rebuild, const struct device *device,
                                 const char *profile, const struct json *entry)
{
    const char *test = json_text(json_member(entry, "test"));

    return test ? rebuild_test(rebuild, entry, test) : rebuild_fit(rebuild, device, profile, entry);
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
    if (status == OK)
        comparison_begin_profile(&rebuild->comparison, &device);
    if (json_is_object(list))
        status = rebuild_entry(rebuild, &device, name, list);
    for (size_t i = 0; i < (json_is_array(list) ? json_count(list) : 0) && status == OK; i++)
        status = rebuild_entry(rebuild, &device, name, json_child(list, i));
    if (status == OK)
        comparison_end_profile(&rebuild->comparison);
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
    if (rebuild->comparison.count == 0)
        return context_fail(rebuild->invocation->context, ERR_IO,
                            "no profile names a table that it comes from");
    return OK;
}

static enum status write_all(struct rebuild *rebuild)
{
    const struct devices_options *options = rebuild->invocation->options;
    struct comparison *comparison = &rebuild->comparison;
    struct text text;
    enum status status = OK;

    if (options->json.json) {
        json_add_warnings(comparison->document, rebuild->invocation);
        json_add_provenance(comparison->document, rebuild->invocation);
        status = json_write(rebuild->invocation, comparison->document, options->json.json);
    }
    if (status == OK && !streams_use_stdout(&rebuild->invocation->streams)) {
        text_init(&text);
        comparison_print(comparison, &text);
        status = print_result(rebuild->invocation->context, &text);
        text_clear(&text);
    }
    if (status == OK && comparison->wrong)
        status = context_fail(rebuild->invocation->context, ERR_NUMERIC,
                              "%d figure%s no longer what the tables give", comparison->wrong,
                              comparison->wrong == 1 ? " is" : "s are");
    return status;
}

enum status calibration_rebuild(struct invocation *invocation, int count, const char *const *name)
{
    const struct devices_options *options = invocation->options;
    struct rebuild rebuild = {.invocation = invocation};
    enum status status;

    TRY(json_check_output(invocation, options->json.json));
    comparison_begin(&rebuild.comparison, invocation->arena);
    status = rebuild_names(&rebuild, count, name);
    if (status == OK)
        status = write_all(&rebuild);
    comparison_clear(&rebuild.comparison);
    return status;
}
