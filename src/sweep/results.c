// What a sweep leaves: results.jsonl, one record a trial, and results.csv, the same for
// spreadsheets.
#include <math.h>
#include <string.h>

#include "base/json_check.h"
#include "io/file.h"
#include "sweep/run.h"

// NULL and OK where the cache has none.
static enum status read_report(struct sweep *sweep, const char *key, struct json **out)
{
    struct arena *arena = arena_new();
    struct mapped *file = NULL;
    const char *folder;
    enum status status = OK;

    *out = NULL;
    if (!store_cache_find(sweep->store, arena, key, &folder)) {
        arena_free(arena);
        return OK;
    }
    folder = arena_format(arena, "%s/report.json", folder);
    status = mapped_open(sweep->context, folder, &file);
    if (status == OK)
        status = json_parse(sweep->context, (const char *)mapped_bytes(file).at,
                            mapped_bytes(file).length, out);
    mapped_release(file);
    if (status != OK)
        context_fail_in(sweep->context, status, "%s", folder);
    arena_free(arena);
    return status;
}

enum status sweep_result_json(struct sweep *sweep, long index, struct json **out)
{
    const struct trial_result *result = &sweep->result[index];
    struct json *record, *test = NULL, *whole;
    enum status status = OK;

    *out = NULL;
    TRY(trial_read(sweep, sweep->context, index, &record));
    if (!record)
        return context_fail(sweep->context, ERR_IO, "trials/%s.json: is gone",
                            sweep->trials.at[index].id);
    if (result->has_test)
        status = read_report(sweep, result->test_key, &test);
    if (status != OK) {
        json_free(record);
        return status;
    }
    whole = json_object();
    for (size_t i = 0; i < json_count(record); i++) {
        const struct json *child = json_child(record, i);
        const char *key = json_key(child);

        if (strcmp(key, "state") == 0 && result->was_dropped && result->state == TRIAL_DONE)
            json_add_text(whole, key, "dropped");
        else if (strcmp(key, "test") == 0 && test)
            json_add(whole, key, test);
        else
            json_add(whole, key, json_copy(child));
    }
    json_add_bool(whole, "front", result->is_on_front);
    json_add_bool(whole, "chosen", index == sweep->chosen);
    json_add_text(whole, "selected_on", sweep->selected_on);
    json_free(record);
    *out = whole;
    return OK;
}

// Columns by their place in a line of results.jsonl.
static const struct column {
    const char *title, *path;
} columns_before[] = {{"number", "number"},
                      {"id", "id"},
                      {"state", "state"},
                      {"rung", "rung"},
                      {"front", "front"},
                      {"chosen", "chosen"},
                      {"selected_on", "selected_on"},
                      {NULL, NULL}},
  columns_behind[] = {{"metric", "search.accuracy.metric"},
                      {"accuracy", "search.accuracy.value"},
                      {"accuracy_low", "search.accuracy.ci95.0"},
                      {"accuracy_high", "search.accuracy.ci95.1"},
                      {"joules", "search.energy.joules"},
                      {"joules_low", "search.energy.interval.0"},
                      {"joules_high", "search.energy.interval.1"},
                      {"device", "search.energy.device"},
                      {"bytes", "search.model.bytes"},
                      {"parameters", "search.model.parameters"},
                      {"nonzero", "search.model.nonzero"},
                      {"macs", "search.model.macs"},
                      {"test_accuracy", "test.accuracy.value"},
                      {"test_accuracy_low", "test.accuracy.ci95.0"},
                      {"test_accuracy_high", "test.accuracy.ci95.1"},
                      {"model", "model"},
                      {"sha256", "search.model.sha256"},
                      {"energy_ratio", "search.ratio.energy"},
                      {"factor_bits", "search.ratio.factors.bits"},
                      {"factor_sparsity", "search.ratio.factors.sparsity"},
                      {"factor_architecture", "search.ratio.factors.architecture"},
                      {"factor_memory", "search.ratio.factors.memory"},
                      {"factor_hardware", "search.ratio.factors.hardware"},
                      {"error", "error"},
                      {NULL, NULL}};

// Null is empty.
static void add_cell(struct text *text, const struct json *value, bool is_first)
{
    struct arena *arena = arena_new();

    text_add(text, is_first ? "" : ",");
    text_add_csv(text, !value || json_is_null(value) ? "" : chain_value_text(arena, value));
    arena_free(arena);
}

static void add_title(struct text *text, const char *title, bool is_first)
{
    struct json *list = json_array();

    json_add_text(list, NULL, title);
    add_cell(text, json_child(list, 0), is_first);
    json_free(list);
}

static void add_heading(const struct sweep_spec *spec, struct text *csv)
{
    for (const struct column *column = columns_before; column->title; column++)
        add_title(csv, column->title, column == columns_before);
    for (int i = 0; i < spec->axis_count; i++)
        add_title(csv, spec->axis[i].name, false);
    if (spec->halving.is_on)
        add_title(csv, spec->halving.name, false);
    for (const struct column *column = columns_behind; column->title; column++)
        add_title(csv, column->title, false);
    text_add(csv, "\n");
}

static void add_row(const struct sweep_spec *spec, const struct json *line, struct text *csv)
{
    const struct json *parameters = json_member(line, "parameters");

    for (const struct column *column = columns_before; column->title; column++)
        add_cell(csv, json_at(line, column->path), column == columns_before);
    for (int i = 0; i < spec->axis_count; i++)
        add_cell(csv, json_member(parameters, spec->axis[i].name), false);
    if (spec->halving.is_on)
        add_cell(csv, json_member(parameters, spec->halving.name), false);
    for (const struct column *column = columns_behind; column->title; column++)
        add_cell(csv, json_at(line, column->path), false);
    text_add(csv, "\n");
}

static double joules_at(const struct json *line, const char *path)
{
    const struct json *joules = json_at(line, path);

    return joules ? json_number(joules) : NAN;
}

// A record lists the steps that ended; of a failed trial one more began, or its evaluation.
static void add_work(struct sweep *sweep, const struct json *line, bool is_chosen)
{
    const char *state = json_text(json_member(line, "state"));

    if (state && strcmp(state, "failed") == 0)
        cost_tally_failure(&sweep->work);
    cost_tally_steps(&sweep->work, json_member(line, "steps"));
    cost_tally_eval(&sweep->work, json_member(line, "search"));
    cost_tally_eval(&sweep->work, json_member(line, "test"));
    if (is_chosen) {
        sweep->before = joules_at(line, "search.baseline.joules");
        sweep->after = joules_at(line, "search.energy.joules");
    }
}

// What the baseline answered, once for each of the data.
static enum status add_baseline(struct sweep *sweep)
{
    const char *const keys[] = {sweep->search_baseline, sweep->test_baseline};
    bool are_one = strcmp(keys[0], keys[1]) == 0;

    for (int i = 0; i < 2 - are_one; i++) {
        struct json *report = NULL;

        if (*keys[i])
            TRY(read_report(sweep, keys[i], &report));
        cost_tally_eval(&sweep->work, report);
        json_free(report);
    }
    return OK;
}

static void add_seconds(struct sweep *sweep, const struct json *line)
{
    const struct json *steps = json_member(line, "steps");

    for (size_t i = 0; i < json_count(steps); i++) {
        const struct json *step = json_child(steps, i);
        double seconds = json_number(json_member(step, "seconds"));

        if (json_number(json_member(step, "cached")) == 0 && isfinite(seconds))
            sweep->seconds += seconds;
    }
}

enum status sweep_write_results(struct sweep *sweep)
{
    struct text lines, csv;
    enum status status = OK;

    text_init(&lines);
    text_init(&csv);
    add_heading(sweep->spec, &csv);
    sweep->seconds = 0;
    sweep->work = (struct cost_tally){0, 0};
    sweep->before = sweep->after = NAN;
    status = add_baseline(sweep);
    for (long i = 0; i < sweep->trials.count && status == OK; i++) {
        struct json *line;

        status = sweep_result_json(sweep, i, &line);
        if (status != OK)
            break;
        json_print(line, false, &lines);
        text_add(&lines, "\n");
        add_row(sweep->spec, line, &csv);
        add_seconds(sweep, line);
        add_work(sweep, line, i == sweep->chosen);
        json_free(line);
    }
    if (status == OK)
        status = store_write(sweep->context, sweep->store, "results.jsonl", lines.at, lines.length);
    if (status == OK)
        status = store_write(sweep->context, sweep->store, "results.csv", csv.at, csv.length);
    text_clear(&csv);
    text_clear(&lines);
    return status;
}

struct json *sweep_json(struct sweep *sweep)
{
    struct json *document = json_object(), *counts, *list;
    const struct sweep_trial *chosen = sweep->chosen < 0 ? NULL : &sweep->trials.at[sweep->chosen];

    json_add_text(document, "schema", "ecai/sweep/1");
    json_add(document, "spec", spec_canonical(sweep->spec));
    counts = json_add_object(document, "trials");
    json_add_int(counts, "total", sweep->trials.count);
    json_add_int(counts, "done", sweep->trials.count - sweep->failed - sweep->dropped);
    json_add_int(counts, "failed", sweep->failed);
    json_add_int(counts, "dropped", sweep->dropped);
    list = json_add_array(document, "front");
    for (long i = 0; i < sweep->trials.count; i++)
        if (sweep->result[i].is_on_front)
            json_add_text(list, NULL, sweep->trials.at[i].id);
    json_add_text(document, "chosen", chosen ? chosen->id : NULL);
    json_add_text(document, "selected_on", sweep->selected_on);
    list = json_add_array(document, "warnings");
    if (sweep->warning)
        json_add_text(list, NULL, sweep->warning);
    json_add_number(document, "seconds", sweep->seconds);
    return document;
}
