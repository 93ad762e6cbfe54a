// From settings to trials.
#include "sweep/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/random.h"
#include "base/sha256.h"

static const long trials_most = 50000;

void trials_init(struct trial_list *list, struct context *context, const struct sweep_spec *spec,
                 const struct sweep_host *host)
{
    *list =
        (struct trial_list){.arena = arena_new(), .context = context, .spec = spec, .host = host};
}

void trials_clear(struct trial_list *list)
{
    for (long i = 0; i < list->count; i++)
        json_free(list->at[i].parameters);
    arena_free(list->arena);
    *list = (struct trial_list){0};
}

// The axis of a step's option (NULL: of its method), -1: it has one value.
static int find_axis(const struct sweep_spec *spec, int step, const char *option)
{
    for (int i = 0; i < spec->axis_count; i++) {
        const struct sweep_axis *axis = &spec->axis[i];

        if (axis->step == step &&
            (option && axis->option ? strcmp(axis->option, option) == 0 : option == axis->option))
            return i;
    }
    return -1;
}

// What the step is in this trial; its verb is NULL where it is left out.
static const struct chain_step *choose_command(const struct sweep_spec *spec, int step,
                                               const struct json *const *value)
{
    const struct sweep_step *from = &spec->step[step];
    int axis = find_axis(spec, step, NULL);

    if (axis < 0)
        return &from->choice[0];
    for (int i = 0; i < from->choice_count; i++)
        if (spec->axis[axis].value[i] == value[axis])
            return &from->choice[i];
    return &from->choice[0];
}

static const struct json *add_parameter(struct sweep_trial *trial, const char *name,
                                        const struct json *value)
{
    return json_add(trial->parameters, name, json_copy(value));
}

static void add_option(struct chain_option *option, int *count, const char *name,
                       const struct json *value)
{
    if (!json_is_null(value))
        option[(*count)++] = (struct chain_option){name, value};
}

// The options that this command has, varied ones at their values.
static void set_options(const struct trial_list *list, struct sweep_trial *trial, int index,
                        struct chain_step *step)
{
    const struct sweep_spec *spec = list->spec;
    const struct chain_step *from = &spec->chain.step[index];
    const struct sweep_halving *halving = &spec->halving;
    struct chain_option *option =
        arena_array(list->arena, struct chain_option, (size_t)from->option_count + 1);
    int count = 0;

    for (int i = 0; i < from->option_count; i++) {
        const struct json *value = from->option[i].value;
        int axis = find_axis(spec, index, from->option[i].name);

        if (spec->step[index].choice_count > 1 &&
            !chain_has_option(list->host->rules, step, from->option[i].name))
            continue;
        if (axis >= 0)
            value = add_parameter(trial, spec->axis[axis].name, trial->value[axis]);
        add_option(option, &count, from->option[i].name, value);
    }
    if (halving->is_on && halving->step == index &&
        chain_has_option(list->host->rules, step, halving->option)) {
        json_add_number(trial->parameters, halving->name, halving->budget[trial->rung]);
        add_option(option, &count, halving->option, json_member(trial->parameters, halving->name));
    }
    step->option = option;
    step->option_count = count;
}

static void set_chain(const struct trial_list *list, struct sweep_trial *trial)
{
    const struct sweep_spec *spec = list->spec;
    struct chain_step *step = arena_array(list->arena, struct chain_step, (size_t)spec->step_count);
    int *order = arena_array(list->arena, int, (size_t)spec->step_count);
    // Of each step as written: which of the trial's own has its output.
    int *output = arena_array(list->arena, int, (size_t)spec->step_count);
    int count = 0;

    for (int i = 0; i < spec->step_count; i++) {
        int index = spec->chain.order[i], input = spec->chain.step[index].input;
        const struct chain_step *command = choose_command(spec, index, trial->value);
        int axis = find_axis(spec, index, NULL);

        if (axis >= 0)
            add_parameter(trial, spec->axis[axis].name, trial->value[axis]);
        output[index] = input < 0 ? -1 : output[input];
        if (!command->verb)
            continue;
        step[count] = *command;
        step[count].name = spec->step[index].name;
        step[count].input = output[index];
        set_options(list, trial, index, &step[count]);
        output[index] = order[count] = count;
        count++;
    }
    trial->chain = (struct chain){count, step, order};
    trial->last = output[spec->step_count - 1];
}

static void set_id(struct sweep_trial *trial)
{
    char hex[SHA256_HEX_BYTES];
    struct sha256 hash;
    struct text text;

    text_init(&text);
    json_print(trial->parameters, false, &text);
    sha256_init(&hash);
    sha256_add(&hash, text.at, text.length);
    sha256_hex(&hash, hex);
    memcpy(trial->id, hex, TRIAL_ID_BYTES - 1);
    trial->id[TRIAL_ID_BYTES - 1] = '\0';
    text_clear(&text);
}

// A chain without a model starts with a step that makes one.
static enum status check_model(const struct trial_list *list, const struct sweep_trial *trial)
{
    if (list->spec->model)
        return OK;
    if (trial->last < 0)
        return context_fail(list->context, ERR_USAGE,
                            "model: is missing: a trial without any step judges it");
    for (int i = 0; i < trial->chain.count; i++) {
        const struct chain_step *step = &trial->chain.step[i];

        if (step->input < 0 && strcmp(step->verb, "distill") != 0)
            return context_fail(list->context, ERR_USAGE, "model: is missing: step '%s' reads it",
                                step->name);
    }
    return OK;
}

// Appends a trial unless there is one with the same chain already. value: of each axis, kept.
// *index: where it is; NULL: nobody asks.
static enum status add_trial(struct trial_list *list, const struct json *const *value, int rung,
                             long start, long *index)
{
    struct sweep_trial trial = {.rung = rung, .start = start, .value = value};

    trial.parameters = json_object();
    set_chain(list, &trial);
    set_id(&trial);
    for (long i = 0; i < list->count; i++)
        if (strcmp(list->at[i].id, trial.id) == 0) {
            json_free(trial.parameters);
            if (index)
                *index = i;
            return OK;
        }
    if (list->count == list->capacity) {
        struct sweep_trial *more =
            arena_array(list->arena, struct sweep_trial, (size_t)list->capacity * 2 + 64);

        if (list->count)
            memcpy(more, list->at, (size_t)list->count * sizeof *more);
        list->at = more;
        list->capacity = list->capacity * 2 + 64;
    }
    if (start < 0)
        trial.start = list->count;
    if (index)
        *index = list->count;
    trial.number = list->count + 1;
    list->at[list->count++] = trial;
    return check_model(list, &list->at[list->count - 1]);
}

// The index-th setting of the grid; the last axis turns fastest, so that neighbours share the first
// steps.
static const struct json *const *grid_values(const struct trial_list *list, long index)
{
    const struct sweep_spec *spec = list->spec;
    const struct json **value =
        arena_array(list->arena, const struct json *, (size_t)spec->axis_count);

    for (int i = spec->axis_count - 1; i >= 0; i--) {
        value[i] = spec->axis[i].value[index % spec->axis[i].count];
        index /= spec->axis[i].count;
    }
    return value;
}

// Settings of the grid; 0: not finite, or more than anybody could run.
static long grid_size(const struct sweep_spec *spec)
{
    long size = 1;

    for (int i = 0; i < spec->axis_count; i++) {
        if (spec->axis[i].kind != AXIS_VALUES || size > trials_most / spec->axis[i].count)
            return 0;
        size *= spec->axis[i].count;
    }
    return size;
}

static enum status expand_grid(struct trial_list *list)
{
    long size = grid_size(list->spec);

    if (size == 0)
        return context_fail(list->context, ERR_UNSUPPORTED,
                            "the grid has more than %ld settings: search at random "
                            "({\"random\": N})",
                            trials_most);
    for (long i = 0; i < size; i++)
        TRY(add_trial(list, grid_values(list, i), list->spec->halving.is_on ? 0 : -1, -1, NULL));
    return OK;
}

static double draw_number(const struct sweep_axis *axis, struct random *random)
{
    double u = random_unit(random);

    if (axis->is_whole && axis->kind == AXIS_UNIFORM)
        return axis->low + floor(u * (axis->high - axis->low + 1));
    if (axis->kind == AXIS_LOG_UNIFORM)
        u = axis->low * pow(axis->high / axis->low, u);
    else
        u = axis->low + u * (axis->high - axis->low);
    return axis->is_whole ? nearbyint(u) : spec_rounded(u, axis->low, axis->high);
}

static const struct json *const *draw_values(const struct trial_list *list, uint64_t attempt)
{
    const struct sweep_spec *spec = list->spec;
    const struct json **value =
        arena_array(list->arena, const struct json *, (size_t)spec->axis_count);
    struct json *numbers = json_array();

    arena_defer(list->arena, (void (*)(void *))json_free, numbers);
    for (int i = 0; i < spec->axis_count; i++) {
        const struct sweep_axis *axis = &spec->axis[i];
        struct random random = random_stream(spec->seed, attempt, (uint64_t)i);

        if (axis->kind == AXIS_VALUES) {
            value[i] = axis->value[random_below(&random, (uint64_t)axis->count)];
            continue;
        }
        json_add_number(numbers, NULL, draw_number(axis, &random));
        value[i] = json_child(numbers, json_count(numbers) - 1);
    }
    return value;
}

// A draw that was there already is drawn again; where the settings run out, there are fewer trials.
static enum status expand_random(struct trial_list *list)
{
    const struct sweep_spec *spec = list->spec;
    uint64_t attempts = (uint64_t)spec->random_trials * 50 + 1000;
    long size = grid_size(spec);

    if (spec->random_trials > trials_most)
        return context_fail(list->context, ERR_UNSUPPORTED, "search: more than %ld trials",
                            trials_most);
    if (size > 0 && size <= spec->random_trials)
        return expand_grid(list);
    for (uint64_t i = 0; i < attempts && list->count < spec->random_trials; i++)
        TRY(add_trial(list, draw_values(list, i), spec->halving.is_on ? 0 : -1, -1, NULL));
    return OK;
}

enum status trials_expand(struct trial_list *list)
{
    return list->spec->random_trials ? expand_random(list) : expand_grid(list);
}

long halving_survivors(const struct sweep_halving *halving, long count)
{
    long survivors = (long)floor((double)count / halving->eta + 1e-9);

    return survivors < 1 ? (count > 0 ? 1 : 0) : survivors;
}

enum status trials_promote(struct trial_list *list, long *promoted, long count, int rung)
{
    for (long i = 0; i < count; i++) {
        const struct sweep_trial *from = &list->at[promoted[i]];

        TRY(add_trial(list, from->value, rung, from->start, &promoted[i]));
    }
    return OK;
}

// With what the sweep adds when it runs the step and what counts for its result.
static void add_line(const struct trial_list *list, struct json *commands,
                     const struct chain_step *step, const struct chain_line *line)
{
    struct text text;

    text_init(&text);
    for (int i = 0; i < line->count; i++) {
        text_add(&text, i ? " " : "");
        text_add_shell_word(&text, line->word[i]);
    }
    if (list->spec->seed && chain_takes_option(list->host->rules, step, "seed"))
        text_format(&text, " --seed %llu", (unsigned long long)list->spec->seed);
    for (const char *const *word = list->host->global_words; *word; word++) {
        text_add(&text, " ");
        text_add_shell_word(&text, *word);
    }
    json_add_text(commands, NULL, text.at);
    text_clear(&text);
}

void trial_eval_line(struct arena *arena, const struct chain_step *eval, const char *model,
                     const char *data, const char *baseline, struct chain_line *out)
{
    *out = (struct chain_line){0};
    chain_line_add(arena, out, "ecai");
    chain_line_add(arena, out, "eval");
    chain_line_add(arena, out, chain_operand(arena, model));
    chain_line_add(arena, out, "--data");
    chain_line_add(arena, out, data);
    if (baseline) {
        chain_line_add(arena, out, "--baseline");
        chain_line_add(arena, out, chain_operand(arena, baseline));
    }
    for (int i = 0; i < eval->option_count; i++)
        chain_line_add_option(arena, out, eval->option[i].name, eval->option[i].value);
}

struct json *trial_commands(const struct trial_list *list, const struct sweep_trial *trial,
                            const char *data)
{
    const struct sweep_spec *spec = list->spec;
    struct json *commands = json_array();
    struct arena *arena = arena_new();
    struct chain_line line;
    const char **output = arena_array(arena, const char *, (size_t)trial->chain.count);

    for (int i = 0; i < trial->chain.count; i++) {
        const struct chain_step *step = &trial->chain.step[i];

        output[i] = arena_format(arena, "%d.onnx", i + 1);
        chain_arguments(arena, step, step->input < 0 ? spec->model : output[step->input], output[i],
                        &line);
        add_line(list, commands, step, &line);
    }
    trial_eval_line(arena, &spec->eval, trial->last < 0 ? spec->model : output[trial->last], data,
                    spec->baseline, &line);
    add_line(list, commands, &spec->eval, &line);
    arena_free(arena);
    return commands;
}
