// A sweep's summary, front and plan as text.
#include "cli/sweep_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "cli/table.h"

void sweep_summary_text(const struct sweep *sweep, struct text *out)
{
    long front = 0;

    for (long i = 0; i < sweep->trials.count; i++)
        front += sweep->result[i].is_on_front;
    text_format(out, "%ld trials: %ld done", sweep->trials.count,
                sweep->trials.count - sweep->failed - sweep->dropped);
    if (sweep->dropped)
        text_format(out, ", %ld dropped", sweep->dropped);
    if (sweep->failed)
        text_format(out, ", %ld failed", sweep->failed);
    text_format(out, "; %ld on the front; ", front);
    if (sweep->chosen >= 0)
        text_format(out, "chosen: trial %ld, least %s where the requirements hold%s",
                    sweep->chosen + 1, sweep->spec->minimise,
                    strcmp(sweep->selected_on, "test") == 0 ? " (selected on test)" : "");
    else if (sweep->spec->require.count == 0)
        text_add(out, "none chosen: the spec has no 'require'");
    else if (sweep->feasible)
        text_format(out, "none chosen: %s is null where the requirements hold",
                    sweep->spec->minimise);
    else
        text_add(out, "none chosen: no trial meets the requirements");
}

static void add_parameter(struct table *table, const struct json *parameters, const char *name)
{
    struct arena *arena = arena_new();
    const struct json *value = json_member(parameters, name);

    table_add(table, value && !json_is_null(value) ? chain_value_text(arena, value) : "-");
    arena_free(arena);
}

// "92.41 % [91.9, 92.9]", or plain numbers for what is no share.
static void add_accuracy(struct table *table, const struct json *report)
{
    const struct json *accuracy = json_at(report, "accuracy");
    const char *better = json_text(json_at(accuracy, "better"));
    double value = json_number(json_at(accuracy, "value"));
    double low = json_number(json_at(accuracy, "ci95.0"));
    double high = json_number(json_at(accuracy, "ci95.1"));

    if (!accuracy || value != value)
        table_add(table, "?");
    else if (!better || strcmp(better, "higher") != 0)
        table_format(table, "%.4g", value);
    else if (low != low)
        table_format(table, "%.2f %%", 100 * value);
    else
        table_format(table, "%.2f %% [%.1f, %.1f]", 100 * value, 100 * low, 100 * high);
}

static void add_front_row(const struct sweep *sweep, long index, const struct json *line,
                          struct table *table)
{
    table_format(table, "%ld%s", index + 1, index == sweep->chosen ? " *" : "");
    for (int i = 0; i < sweep->spec->axis_count; i++)
        add_parameter(table, json_member(line, "parameters"), sweep->spec->axis[i].name);
    if (sweep->spec->halving.is_on)
        add_parameter(table, json_member(line, "parameters"), sweep->spec->halving.name);
    add_accuracy(table, json_member(line, "search"));
    if (sweep->spec->test_data)
        add_accuracy(table, json_member(line, "test"));
    table_add_number(table, json_number(json_at(line, "search.energy.joules")), "J");
    table_add_number(table, json_number(json_at(line, "search.model.bytes")), "B");
}

static void add_heading(const struct sweep_spec *spec, struct table *table)
{
    table_add(table, "trial");
    for (int i = 0; i < spec->axis_count; i++)
        table_add(table, spec->axis[i].name);
    if (spec->halving.is_on)
        table_add(table, spec->halving.name);
    table_add(table, spec->test_data ? "search accuracy" : "accuracy");
    if (spec->test_data)
        table_add(table, "test accuracy");
    table_add(table, "energy");
    table_add(table, "bytes");
}

enum status sweep_front_text(struct sweep *sweep, struct text *out)
{
    const struct sweep_spec *spec = sweep->spec;
    struct table table;
    struct text align;
    enum status status = OK;

    text_init(&align);
    for (int i = 0; i < 1 + spec->axis_count + spec->halving.is_on; i++)
        text_add(&align, "l");
    text_add(&align, spec->test_data ? "rrrr" : "rrr");
    table_init(&table, align.at);
    add_heading(spec, &table);
    for (long i = 0; i < sweep->trials.count && status == OK; i++) {
        struct json *line = NULL;

        if (!sweep->result[i].is_on_front && i != sweep->chosen)
            continue;
        status = sweep_result_json(sweep, i, &line);
        if (status == OK)
            add_front_row(sweep, i, line, &table);
        json_free(line);
    }
    table_print(&table, out);
    if (strcmp(sweep->selected_on, "test") == 0)
        text_add(out, "selected on test\n");
    table_clear(&table);
    text_clear(&align);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static long count_different(const char **line, size_t count)
{
    long different = 0;

    qsort(line, count, sizeof *line, by_text);
    for (size_t i = 0; i < count; i++)
        different += i == 0 || strcmp(line[i], line[i - 1]) != 0;
    return different;
}

// A step is told by all that led to it.
static const char *whole_course(struct arena *arena, const struct sweep_trial *trial,
                                const struct json *commands, int step)
{
    int input = trial->chain.step[step].input;

    return arena_format(arena, "%s\n%s",
                        input < 0 ? "" : whole_course(arena, trial, commands, input),
                        json_text(json_child(commands, (size_t)step)));
}

void sweep_plan_text(const struct sweep *sweep, struct text *out)
{
    const struct sweep_spec *spec = sweep->spec;
    struct arena *arena = arena_new();
    size_t steps = 0;
    const char **course =
        arena_array(arena, const char *, (size_t)sweep->trials.count *(size_t)spec->step_count + 1);

    for (long i = 0; i < sweep->trials.count; i++) {
        const struct sweep_trial *trial = &sweep->trials.at[i];
        struct json *commands = trial_commands(&sweep->trials, trial, spec->search_data);

        text_format(out, "trial %ld %s\n", trial->number, trial->id);
        for (size_t c = 0; c < json_count(commands); c++)
            text_format(out, "    %s\n", json_text(json_child(commands, c)));
        for (int s = 0; s < trial->chain.count; s++)
            course[steps++] = whole_course(arena, trial, commands, s);
        json_free(commands);
    }
    text_format(out, "%ld trials of %zu steps together, %ld of them different", sweep->trials.count,
                steps, count_different(course, steps));
    if (spec->halving.is_on)
        text_format(out, "; then %d more rungs of the best 1/%g each", spec->halving.rungs - 1,
                    spec->halving.eta);
    text_add(out, "\n");
    arena_free(arena);
}

enum status sweep_first_failure(struct sweep *sweep)
{
    for (long i = 0; i < sweep->trials.count; i++) {
        const char *error;
        struct json *record;

        if (sweep->result[i].state != TRIAL_FAILED)
            continue;
        TRY(trial_read(sweep, sweep->context, i, &record));
        error = record ? json_text(json_member(record, "error")) : NULL;
        context_fail(sweep->context, ERR_IO, "%ld of %ld trials failed; trial %ld: %s",
                     sweep->failed, sweep->trials.count, i + 1, error ? error : "?");
        json_free(record);
        return ERR_IO;
    }
    return OK;
}
