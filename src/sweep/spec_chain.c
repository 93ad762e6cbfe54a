// The chain of a spec: steps that may be one of several commands, options that may be one of
// several values.
#include <math.h>
#include <string.h>

#include "sweep/spec_internal.h"

static const char *const range_keys[] = {"uniform", "log_uniform", "choice", NULL};

// A value by itself: error with its path.
static enum status check_value(struct spec_reader *reader, const struct field *field,
                               const struct json *value, const char *path)
{
    enum status status = chain_check_value(reader->context, field, value);

    return status == OK ? OK : context_fail_in(reader->context, status, "%s", path);
}

static enum status read_values(struct spec_reader *reader, const struct field *field,
                               const struct json *list, const char *path, struct sweep_axis *axis)
{
    const struct json **value;

    TRY(json_check_kind(reader->context, list, JSON_LIST, path));
    if (json_count(list) == 0)
        return context_fail(reader->context, ERR_USAGE, "%s: is an empty list", path);
    value = arena_array(reader->arena, const struct json *, json_count(list));
    for (size_t i = 0; i < json_count(list); i++) {
        const char *where = json_path_index(reader->arena, path, i);
        const char *text;

        value[i] = json_child(list, i);
        TRY(check_value(reader, field, value[i], where));
        text = chain_value_text(reader->arena, value[i]);
        for (size_t k = 0; k < i; k++)
            if (strcmp(chain_value_text(reader->arena, value[k]), text) == 0)
                return context_fail(reader->context, ERR_USAGE, "%s: %s is given twice", where,
                                    text);
    }
    axis->kind = AXIS_VALUES;
    axis->count = (int)json_count(list);
    axis->value = value;
    return OK;
}

static enum status read_range(struct spec_reader *reader, const struct field *field,
                              const struct json *range, const char *path, struct sweep_axis *axis)
{
    struct context *context = reader->context;

    TRY(json_check_kind(context, range, JSON_LIST, path));
    if (field->type != FIELD_DOUBLE && field->type != FIELD_INT)
        return context_fail(context, ERR_USAGE,
                            "%s: the option is no number: {\"choice\": [...]} is for it", path);
    if (json_count(range) != 2 || !json_is_number(json_child(range, 0)) ||
        !json_is_number(json_child(range, 1)))
        return context_fail(context, ERR_USAGE, "%s: wants two numbers [low, high]", path);
    for (size_t i = 0; i < 2; i++)
        TRY(check_value(reader, field, json_child(range, i),
                        json_path_index(reader->arena, path, i)));
    axis->low = json_number(json_child(range, 0));
    axis->high = json_number(json_child(range, 1));
    axis->is_whole = field->type == FIELD_INT;
    if (!(axis->low < axis->high) || (axis->kind == AXIS_LOG_UNIFORM && axis->low <= 0))
        return context_fail(context, ERR_USAGE, "%s: wants %slow < high, got %g and %g", path,
                            axis->kind == AXIS_LOG_UNIFORM ? "0 < " : "", axis->low, axis->high);
    return OK;
}

// {"uniform": [low, high]} and its like.
static enum status read_distribution(struct spec_reader *reader, const struct field *field,
                                     const struct json *value, const char *path,
                                     struct sweep_axis *axis)
{
    const struct json *first;

    TRY(json_check_keys(reader->context, value, path, range_keys));
    if (json_count(value) != 1)
        return context_fail(reader->context, ERR_USAGE,
                            "%s: wants one of 'uniform', 'log_uniform' and 'choice'", path);
    first = json_child(value, 0);
    path = json_path(reader->arena, path, json_key(first));
    if (strcmp(json_key(first), "choice") == 0)
        return read_values(reader, field, first, path, axis);
    axis->kind = strcmp(json_key(first), "uniform") == 0 ? AXIS_UNIFORM : AXIS_LOG_UNIFORM;
    return read_range(reader, field, first, path, axis);
}

// The option's row in the first command of the step that has it.
static enum status find_field(struct spec_reader *reader, const struct sweep_step *step,
                              const char *name, const char *path, const struct field **out)
{
    enum status status = OK;

    for (int i = 0; i < step->choice_count; i++) {
        if (!step->choice[i].verb)
            continue;
        status = chain_check_option(reader->context, &step->choice[i], reader->host->rules, path,
                                    name, out);
        if (status == OK)
            return OK;
    }
    return status;
}

static enum status read_option(struct spec_reader *reader, int index,
                               const struct chain_option *option, struct sweep_axis *axes,
                               int *count)
{
    const struct sweep_step *step = &reader->spec->step[index];
    const char *path = arena_format(reader->arena, "chain.%d.options.%s", index, option->name);
    const struct json *value = option->value;
    struct sweep_axis *axis = &axes[*count];
    const struct field *field;
    bool is_list;

    TRY(find_field(reader, step, option->name, path, &field));
    // A list is the value itself for an option that repeats, unless it holds lists.
    is_list = json_is_array(value) && (!chain_option_repeats(field) || json_count(value) == 0 ||
                                       json_is(json_child(value, 0), JSON_LIST | JSON_NULL));
    if (!is_list && !json_is_object(value))
        return check_value(reader, field, value, path);
    *axis =
        (struct sweep_axis){.name = arena_format(reader->arena, "%s.%s", step->name, option->name),
                            .step = index,
                            .option = option->name};
    (*count)++;
    return is_list ? read_values(reader, field, value, path, axis)
                   : read_distribution(reader, field, value, path, axis);
}

static const struct json *first_run(const struct json *runs)
{
    if (!json_is_array(runs))
        return runs;
    for (size_t i = 0; i < json_count(runs); i++)
        if (!json_is_null(json_child(runs, i)))
            return json_child(runs, i);
    return NULL;
}

// One command the step may be; null leaves the step out.
static enum status read_run(struct spec_reader *reader, const struct json *item,
                            const struct json *run, const char *path, struct chain_step *out)
{
    *out = (struct chain_step){.input = -1};
    if (json_is_null(run))
        return OK;
    TRY(json_check_kind(reader->context, run, JSON_TEXT | JSON_NULL,
                        json_path(reader->arena, path, "run")));
    TRY(chain_parse_step(reader->context, reader->arena, item, json_text(run), path, out));
    return chain_check_command(reader->context, out, reader->host->rules, path);
}

static enum status read_step(struct spec_reader *reader, int index, const struct json *item,
                             struct sweep_step *step, struct chain_step *connected)
{
    const char *path = arena_format(reader->arena, "chain.%d", index);
    const struct json *run, *first;
    struct chain_step *choice;

    TRY(json_check_kind(reader->context, item, JSON_OBJECT, path));
    run = json_member(item, "run");
    first = first_run(run);
    TRY(json_check_kind(reader->context, first, JSON_TEXT, json_path(reader->arena, path, "run")));
    step->choice_count = json_is_array(run) ? (int)json_count(run) : 1;
    choice = arena_array(reader->arena, struct chain_step, (size_t)step->choice_count);
    step->choice = choice;
    for (int i = 0; i < step->choice_count; i++)
        TRY(read_run(reader, item, json_is_array(run) ? json_child(run, (size_t)i) : run, path,
                     &choice[i]));
    TRY(read_run(reader, item, first, path, connected));
    step->name = connected->name;
    step->options = json_member(item, "options");
    return OK;
}

static void add_run_axis(struct spec_reader *reader, int index, const struct json *runs,
                         struct sweep_axis *axis)
{
    size_t count = json_count(runs);
    const struct json **value = arena_array(reader->arena, const struct json *, count);

    for (size_t i = 0; i < count; i++)
        value[i] = json_child(runs, i);
    *axis = (struct sweep_axis){
        .name = arena_format(reader->arena, "%s.run", reader->spec->step[index].name),
        .step = index,
        .kind = AXIS_VALUES,
        .count = (int)count,
        .value = value};
}

static enum status read_axes(struct spec_reader *reader, const struct json *list)
{
    struct sweep_spec *spec = reader->spec;
    struct sweep_axis *axes;
    size_t most = json_count(list);

    for (int i = 0; i < spec->step_count; i++)
        most += (size_t)spec->chain.step[i].option_count;
    axes = arena_array(reader->arena, struct sweep_axis, most);
    spec->axis = axes;
    for (int i = 0; i < spec->step_count; i++) {
        const struct chain_step *step = &spec->chain.step[i];
        const struct json *runs = json_member(json_child(list, (size_t)i), "run");

        if (json_is_array(runs))
            add_run_axis(reader, i, runs, &axes[spec->axis_count++]);
        for (int o = 0; o < step->option_count; o++)
            TRY(read_option(reader, i, &step->option[o], axes, &spec->axis_count));
    }
    return OK;
}

enum status spec_read_chain(struct spec_reader *reader)
{
    const struct json *list = json_member(reader->document, "chain");
    struct sweep_spec *spec = reader->spec;
    struct chain_step *connected;
    struct sweep_step *step;
    size_t count;

    TRY(json_check_kind(reader->context, list, JSON_LIST, "chain"));
    count = json_count(list);
    if (count == 0)
        return context_fail(reader->context, ERR_USAGE, "chain: is empty");
    step = arena_array(reader->arena, struct sweep_step, count);
    connected = arena_array(reader->arena, struct chain_step, count);
    for (size_t i = 0; i < count; i++)
        TRY(read_step(reader, (int)i, json_child(list, i), &step[i], &connected[i]));
    for (size_t i = 0; i < count; i++)
        TRY(chain_connect(reader->context, reader->arena, list, "chain", (int)i, connected));
    spec->step = step;
    spec->step_count = (int)count;
    TRY(chain_order(reader->context, reader->arena, connected, (int)count, "chain", &spec->chain));
    return read_axes(reader, list);
}
