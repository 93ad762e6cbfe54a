// One trial: its steps and the judging of what they made, each through the cache.
#include <string.h>

#include "sweep/trial_internal.h"

// The sha256 of what a step reads; NULL: nothing.
static enum status input_content(struct trial_work *work, int input, const char **path,
                                 const char **key, char sha256[SHA256_HEX_BYTES])
{
    *sha256 = '\0';
    *key = NULL;
    if (input >= 0) {
        *path = arena_format(work->arena, "%s/model.onnx", work->entry[input].folder);
        *key = strrchr(work->entry[input].folder, '/');
        *key = *key ? *key + 1 : work->entry[input].folder;
        memcpy(sha256, work->entry[input].sha256, SHA256_HEX_BYTES);
        return OK;
    }
    *path = work->sweep->spec->model;
    return *path ? contents_file(work->sweep->contents, work->context, *path, sha256) : OK;
}

// A trial that had to wait for somebody else in between still is the one that ran its first steps.
static void note_computed(struct trial_work *work, int index)
{
    uint64_t *computed = &work->sweep->result[work->trial->number - 1].computed;
    uint64_t bit = index < 64 ? (uint64_t)1 << index : 0;
    struct entry *entry = &work->entry[index];

    if (*computed & bit)
        entry->is_cached = false;
    else if (entry->folder && !entry->is_cached)
        *computed |= bit;
}

// What the step reads must be among the entries. Its key is what the record is told by, should it
// fail.
static enum status step_key(struct trial_work *work, int index, struct command *command)
{
    const struct chain_step *step = &work->trial->chain.step[index];
    char sha256[SHA256_HEX_BYTES];

    *command = (struct command){.step = step, .name = step->name};
    TRY(input_content(work, step->input, &command->input, &command->input_key, sha256));
    TRY(contents_key(work->sweep->contents, work->context, work->sweep->host, step,
                     *sha256 ? sha256 : NULL, work->sweep->spec->seed, command->key));
    work->key = arena_copy_text(work->arena, command->key);
    return OK;
}

static enum status run_step(struct trial_work *work, int index)
{
    struct command command;

    TRY(step_key(work, index, &command));
    TRY(step_take(work, &command, &work->entry[index]));
    note_computed(work, index);
    return OK;
}

// eval is a step whose data and baseline are the sweep's. sha256: of the model that it judges.
static enum status eval_key(struct trial_work *work, const char *sha256, struct command *command)
{
    const struct sweep_spec *spec = work->sweep->spec;
    int count = spec->eval.option_count;
    struct chain_option *option = arena_array(work->arena, struct chain_option, (size_t)count + 3);
    struct chain_step keyed = spec->eval;
    struct json *values = json_object();
    enum status status;

    json_add_text(values, "data", command->data);
    if (spec->baseline && !command->saves_outputs)
        json_add_text(values, "baseline", spec->baseline);
    if (command->saves_outputs)
        json_add_bool(values, "save-outputs", true);
    if (count)
        memcpy(option, spec->eval.option, (size_t)count * sizeof *option);
    for (size_t i = 0; i < json_count(values); i++)
        option[count++] =
            (struct chain_option){json_key(json_child(values, i)), json_child(values, i)};
    keyed.option = option;
    keyed.option_count = count;
    status = contents_key(work->sweep->contents, work->context, work->sweep->host, &keyed, sha256,
                          spec->seed, command->key);
    json_free(values);
    return status;
}

// What the baseline answers, once for all trials.
static enum status judge_baseline(struct trial_work *work, struct command *judging)
{
    const struct sweep_spec *spec = work->sweep->spec;
    struct command command = {.step = &spec->eval,
                              .name = "baseline",
                              .input = spec->baseline,
                              .data = judging->data,
                              .saves_outputs = true};
    char sha256[SHA256_HEX_BYTES];
    struct entry entry = {0};
    enum status status;

    if (!spec->baseline)
        return OK;
    TRY(contents_file(work->sweep->contents, work->context, spec->baseline, sha256));
    TRY(eval_key(work, sha256, &command));
    status = step_take(work, &command, &entry);
    json_free(entry.report);
    judging->baseline_key = arena_copy_text(work->arena, command.key);
    if (status == OK && entry.folder)
        judging->baseline = arena_format(work->arena, "%s/outputs.npz", entry.folder);
    return status;
}

// Of the trial's model on those data.
static enum status judge_key(struct trial_work *work, const char *data, struct command *command)
{
    char sha256[SHA256_HEX_BYTES];

    *command = (struct command){.step = &work->sweep->spec->eval, .name = "eval", .data = data};
    TRY(input_content(work, work->trial->last, &command->input, &command->input_key, sha256));
    TRY(eval_key(work, sha256, command));
    work->key = arena_copy_text(work->arena, command->key);
    return OK;
}

static enum status judge(struct trial_work *work, const char *data, struct entry *entry)
{
    struct command command;

    TRY(judge_key(work, data, &command));
    TRY(judge_baseline(work, &command));
    return work->error || work->is_busy ? OK : step_take(work, &command, entry);
}

static void work_init(struct trial_work *work, struct sweep *sweep, struct context *context,
                      long index)
{
    *work = (struct trial_work){.sweep = sweep,
                                .context = context,
                                .arena = arena_new(),
                                .trial = &sweep->trials.at[index]};
    work->entry = arena_array(work->arena, struct entry, (size_t)work->trial->chain.count + 1);
}

static void work_clear(struct trial_work *work)
{
    for (int i = 0; i <= work->trial->chain.count; i++)
        json_free(work->entry[i].report);
    arena_free(work->arena);
}

// Until all have run, one fails, or one is somebody else's at the moment.
static enum status run_steps(struct trial_work *work)
{
    for (int i = 0; i < work->trial->chain.count && !work->error && !work->is_busy; i++)
        TRY(run_step(work, i));
    return OK;
}

static bool is_text(const struct json *json, const char *text)
{
    return json_is_text(json) && strcmp(json_text(json), text) == 0;
}

// Whether what the record tells is what would be run now: from step to step, each read what the
// record says that the one before it made; `key` is of the last thing that ran.
static enum status is_current(struct trial_work *work, const struct json *record, bool *current)
{
    const struct json *steps = json_member(record, "steps");
    int told = (int)json_count(steps), count = work->trial->chain.count;
    struct command command;

    *current = told <= count;
    for (int i = 0; i < told && *current; i++) {
        const struct json *step = json_child(steps, (size_t)i), *sha256;

        TRY(step_key(work, i, &command));
        sha256 = json_member(step, "sha256");
        *current = is_text(json_member(step, "key"), command.key) && json_is_text(sha256) &&
                   strlen(json_text(sha256)) == SHA256_HEX_BYTES - 1;
        if (*current)
            memcpy(work->entry[i].sha256, json_text(sha256), SHA256_HEX_BYTES);
        work->entry[i].folder = arena_format(work->arena, "cache/%s", command.key);
    }
    if (!*current)
        return OK;
    TRY(told < count ? step_key(work, told, &command)
                     : judge_key(work, work->sweep->spec->search_data, &command));
    *current = is_text(json_member(record, "key"), command.key);
    return OK;
}

static void forget_entries(struct trial_work *work)
{
    for (int i = 0; i <= work->trial->chain.count; i++)
        work->entry[i] = (struct entry){0};
}

// Whether the trial's record is there and stays: not where the program, an option or something that
// is read has changed since.
static enum status has_ended(struct trial_work *work, bool *ended)
{
    struct sweep *sweep = work->sweep;
    struct json *record;
    enum status status = OK;

    *ended = false;
    TRY(trial_read(sweep, work->context, work->trial->number - 1, &record));
    if (record &&
        !(sweep->options.retry_failed && is_text(json_member(record, "state"), "failed"))) {
        status = is_current(work, record, ended);
        forget_entries(work);
    }
    json_free(record);
    return status;
}

// With the claim on the trial.
static enum status run_claimed(struct trial_work *work, bool *ended)
{
    struct entry *judged = &work->entry[work->trial->chain.count];

    TRY(has_ended(work, ended));
    if (*ended)
        return OK;
    TRY(run_steps(work));
    if (!work->error && !work->is_busy)
        TRY(judge(work, work->sweep->spec->search_data, judged));
    if (work->is_busy)
        return OK;
    TRY(record_write(work));
    work->sweep->result[work->trial->number - 1].is_fresh = true;
    *ended = true;
    return OK;
}

enum status trial_run(struct sweep *sweep, struct context *context, long index, bool *ended)
{
    struct trial_work work;
    const char *claim;
    bool is_ours = false;
    enum status status;

    work_init(&work, sweep, context, index);
    claim = arena_format(work.arena, "trials/%s", work.trial->id);
    status = has_ended(&work, ended);
    if (status == OK && !*ended)
        status = store_claim(context, sweep->store, claim, &is_ours);
    if (is_ours) {
        if (status == OK)
            status = run_claimed(&work, ended);
        store_release(sweep->store, claim);
    }
    work_clear(&work);
    return status;
}

enum status trial_baseline(struct sweep *sweep, struct context *context, const char *data,
                           char key[SHA256_HEX_BYTES])
{
    struct command judging = {.data = data};
    struct trial_work work;
    enum status status;

    work_init(&work, sweep, context, 0);
    *key = '\0';
    status = judge_baseline(&work, &judging);
    if (judging.baseline_key)
        memcpy(key, judging.baseline_key, SHA256_HEX_BYTES);
    if (status == OK && work.error)
        status = context_fail(context, ERR_IO, "%s", work.error);
    work_clear(&work);
    return status;
}

// The front is of what was judged on search data: another model, made anew where the cache was lost
// by steps that are not the same each time, must not lend it its figures.
static enum status check_model(struct trial_work *work)
{
    const struct json *report = work->entry[work->trial->chain.count].report, *was;
    struct json *record;
    enum status status = OK;

    TRY(trial_read(work->sweep, work->context, work->trial->number - 1, &record));
    was = json_at(record, "search.model.sha256");
    if (json_is_text(was) && !is_text(json_at(report, "model.sha256"), json_text(was)))
        status = context_fail(work->context, ERR_IO,
                              "trial %ld: its steps now make another model than the one that was "
                              "judged on search_data",
                              work->trial->number);
    json_free(record);
    return status;
}

enum status trial_test(struct sweep *sweep, struct context *context, long index, bool *ended)
{
    struct trial_result *result = &sweep->result[index];
    struct trial_work work;
    enum status status;

    *ended = false;
    work_init(&work, sweep, context, index);
    status = run_steps(&work); // all in the cache
    if (status == OK && !work.error && !work.is_busy)
        status = judge(&work, sweep->spec->test_data, &work.entry[work.trial->chain.count]);
    if (status == OK && work.error)
        status = context_fail(context, ERR_IO, "%s", work.error);
    if (status == OK && !work.is_busy)
        status = check_model(&work);
    if (status != OK && status != ERR_CANCELLED)
        context_fail_in(context, status, "test_data");
    if (status == OK && !work.is_busy) {
        memcpy(result->test_key, work.key, SHA256_HEX_BYTES);
        result->has_test = *ended = true;
    }
    work_clear(&work);
    return status;
}
