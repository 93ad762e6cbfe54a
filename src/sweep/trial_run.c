// One trial: its steps and the judging of what they made, each through the cache.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/json_check.h"
#include "io/file.h"
#include "sweep/run.h"

// A command whose result the cache keeps: model.onnx where it makes one, report.json where it
// tells, and result.json.
struct command {
    const struct chain_step *step;
    const char *name;  // for errors
    const char *input; // file, NULL: none
    const char *data;  // of eval; NULL: the step makes a model
    const char *input_key;
    char key[SHA256_HEX_BYTES];
};

// What is known of a command that has run.
struct entry {
    const char *folder;
    bool is_cached;
    double seconds;
    char sha256[SHA256_HEX_BYTES]; // of the model
    struct json *report;           // NULL: none
};

// One trial being run.
struct work {
    struct sweep *sweep;
    struct context *context;
    struct arena *arena;
    const struct sweep_trial *trial;
    struct entry *entry; // one a step
    struct json *search; // eval's report; NULL: none
    const char *error;   // why the trial failed; NULL: it did not
    bool is_busy;        // another process or thread is at one of the steps
};

static bool has_option(const struct work *work, const struct chain_step *step, const char *option)
{
    const struct chain_rules *rules = work->sweep->host->rules;
    const struct field *field;
    struct context silent;

    context_init(&silent);
    return rules->find_option(rules->self, &silent, step->verb, step->method, option, &field) == OK;
}

static void add_option(struct work *work, const struct chain_step *step, struct chain_line *line,
                       const char *name, const char *value)
{
    if (chain_find_option(step, name) || !has_option(work, step, name))
        return;
    chain_line_add(work->arena, line, arena_format(work->arena, "--%s", name));
    chain_line_add(work->arena, line, value);
}

static void make_line(struct work *work, const struct command *command, const char *folder,
                      struct chain_line *line)
{
    const struct sweep *sweep = work->sweep;
    const struct chain_step *step = command->step;
    struct arena *arena = work->arena;

    if (command->data) {
        *line = (struct chain_line){0};
        chain_line_add(arena, line, "ecai");
        chain_line_add(arena, line, "eval");
        chain_line_add(arena, line, command->input);
        chain_line_add(arena, line, "--data");
        chain_line_add(arena, line, command->data);
        for (int i = 0; i < step->option_count; i++)
            chain_line_add_option(arena, line, step->option[i].name, step->option[i].value);
    } else {
        chain_arguments(arena, step, command->input, arena_format(arena, "%s/model.onnx", folder),
                        line);
    }
    add_option(work, step, line, "json", arena_format(arena, "%s/report.json", folder));
    add_option(work, step, line, "seed",
               arena_format(arena, "%llu", (unsigned long long)sweep->spec->seed));
    add_option(work, step, line, "threads", arena_format(arena, "%d", sweep->options.threads));
    for (const char *const *word = sweep->host->global_words; *word; word++)
        chain_line_add(arena, line, *word);
    chain_line_add(arena, line, "-q");
}

static enum status read_text(struct context *context, const char *path, struct text *out)
{
    struct mapped *file;
    enum status status = mapped_open(context, path, &file);

    text_init(out);
    if (status != OK)
        return context_fail_in(context, status, "%s", path);
    text_add_bytes(out, mapped_bytes(file).at, mapped_bytes(file).length);
    mapped_release(file);
    return OK;
}

static enum status write_text(struct context *context, const char *path, const struct text *text)
{
    static const struct output_options replace = {false};
    enum status status = output_file(context, path, &replace, text->at, text->length);

    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

static enum status read_json(struct work *work, const char *path, struct json **out)
{
    struct text text;
    enum status status = read_text(work->context, path, &text);

    if (status == OK) {
        status = json_parse(work->context, text.at, text.length, out);
        if (status != OK)
            context_fail_in(work->context, status, "%s", path);
    }
    text_clear(&text);
    return status;
}

// Every `from` becomes `to`.
static void replace_text(struct text *text, const char *from, const char *to)
{
    struct text result;
    const char *at = text->at, *next;

    text_init(&result);
    for (; (next = strstr(at, from)); at = next + strlen(from)) {
        text_add_bytes(&result, at, (size_t)(next - at));
        text_add(&result, to);
    }
    text_add(&result, at);
    text_clear(text);
    *text = result;
}

// Files are named as they will lie in the sweep's folder, and not where that happens to be.
static void settle_names(struct work *work, const struct command *command, const char *folder,
                         struct text *text)
{
    replace_text(text, folder, arena_format(work->arena, "cache/%s", command->key));
    if (command->input_key)
        replace_text(text, command->input,
                     arena_format(work->arena, "cache/%s/model.onnx", command->input_key));
}

static enum status settle_report(struct work *work, const struct command *command,
                                 const char *folder)
{
    const char *path = arena_format(work->arena, "%s/report.json", folder);
    struct text text;
    enum status status;

    if (!has_option(work, command->step, "json"))
        return OK;
    status = read_text(work->context, path, &text);
    if (status == OK) {
        settle_names(work, command, folder, &text);
        status = write_text(work->context, path, &text);
    }
    text_clear(&text);
    return status;
}

static enum status hash_model(struct work *work, const char *folder, char hex[SHA256_HEX_BYTES])
{
    const char *path = arena_format(work->arena, "%s/model.onnx", folder);
    struct mapped *file;
    enum status status = mapped_open(work->context, path, &file);

    if (status != OK)
        return context_fail_in(work->context, status, "%s", path);
    mapped_sha256(file, hex);
    mapped_release(file);
    return OK;
}

static enum status write_entry(struct work *work, const struct command *command, const char *folder,
                               double seconds)
{
    char sha256[SHA256_HEX_BYTES] = "";
    struct json *document;
    struct text text;
    enum status status;

    if (!command->data)
        TRY(hash_model(work, folder, sha256));
    TRY(settle_report(work, command, folder));
    document = json_object();
    json_add_text(document, "sha256", *sha256 ? sha256 : NULL);
    json_add_number(document, "seconds", seconds);
    text_init(&text);
    json_print(document, true, &text);
    json_free(document);
    status = write_text(work->context, arena_format(work->arena, "%s/result.json", folder), &text);
    text_clear(&text);
    return status;
}

// *is_there false: the cache does not have it.
static enum status load_entry(struct work *work, const struct command *command, struct entry *entry,
                              bool *is_there)
{
    struct json *document = NULL;
    const char *sha256;

    *is_there = store_cache_find(work->sweep->store, work->arena, command->key, &entry->folder);
    if (!*is_there)
        return OK;
    TRY(read_json(work, arena_format(work->arena, "%s/result.json", entry->folder), &document));
    entry->seconds = json_number(json_at(document, "seconds"));
    sha256 = json_text(json_at(document, "sha256"));
    if (sha256 && strlen(sha256) < SHA256_HEX_BYTES)
        memcpy(entry->sha256, sha256, strlen(sha256) + 1);
    json_free(document);
    return has_option(work, command->step, "json")
               ? read_json(work, arena_format(work->arena, "%s/report.json", entry->folder),
                           &entry->report)
               : OK;
}

// Why the command failed, with no folder's name in it: the same words whoever ran it.
static const char *explain(struct work *work, const struct command *command, const char *folder,
                           const struct child_request *request, const struct child_result *result)
{
    const char *error = NULL;
    struct text text;

    text_init(&text);
    child_result_explain(request, result, &text);
    if (text.length) {
        settle_names(work, command, folder, &text);
        error = arena_format(work->arena, "%s: %s", command->name, text.at);
    }
    text_clear(&text);
    return error;
}

// Runs the command into the folder. A command that fails is the trial's error, and no failure here.
static enum status run_command(struct work *work, const struct command *command, const char *folder)
{
    struct child_request request = {.program = work->sweep->host->program,
                                    .timeout = work->sweep->spec->time_limit};
    struct child_result result = {0};
    struct chain_line line;
    enum status status;

    make_line(work, command, folder, &line);
    request.argv = (const char *const *)line.word;
    status = child_run(work->context, &request, &result);
    if (status == OK)
        work->error = explain(work, command, folder, &request, &result);
    if (status == OK && !work->error)
        status = write_entry(work, command, folder, result.seconds);
    child_result_clear(&result);
    return status;
}

// With the claim on the key: computes it, unless that happened meanwhile.
static enum status compute(struct work *work, const struct command *command, struct entry *entry)
{
    struct store *store = work->sweep->store;
    const char *folder;
    bool is_there;
    enum status status;

    TRY(load_entry(work, command, entry, &is_there));
    entry->is_cached = is_there;
    if (is_there)
        return OK;
    TRY(store_cache_begin(work->context, store, work->arena, command->key, &folder));
    status = run_command(work, command, folder);
    if (status != OK || work->error) {
        store_cache_discard(store, folder);
        return status;
    }
    TRY(store_cache_commit(work->context, store, command->key, folder));
    TRY(load_entry(work, command, entry, &is_there));
    return is_there
               ? OK
               : context_fail(work->context, ERR_IO, "%s: is gone from the cache", command->key);
}

static enum status take(struct work *work, const struct command *command, struct entry *entry)
{
    const char *claim = arena_format(work->arena, "cache/%s", command->key);
    struct store *store = work->sweep->store;
    bool is_there, is_ours;
    enum status status;

    TRY(load_entry(work, command, entry, &is_there));
    entry->is_cached = is_there;
    if (is_there)
        return OK;
    TRY(store_claim(work->context, store, claim, &is_ours));
    work->is_busy = !is_ours;
    if (!is_ours)
        return OK;
    status = compute(work, command, entry);
    store_release(store, claim);
    return status;
}

// The sha256 of what a step reads; NULL: nothing.
static enum status input_content(struct work *work, int input, const char **path, const char **key,
                                 char sha256[SHA256_HEX_BYTES])
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

static enum status run_step(struct work *work, int index)
{
    const struct chain_step *step = &work->trial->chain.step[index];
    struct command command = {.step = step, .name = step->name};
    char sha256[SHA256_HEX_BYTES];

    TRY(input_content(work, step->input, &command.input, &command.input_key, sha256));
    TRY(contents_key(work->sweep->contents, work->context, work->sweep->host, step,
                     *sha256 ? sha256 : NULL, command.key));
    return take(work, &command, &work->entry[index]);
}

// eval is a step whose data are the sweep's.
static enum status judge(struct work *work, const char *data, char key[SHA256_HEX_BYTES],
                         struct entry *entry)
{
    const struct sweep_spec *spec = work->sweep->spec;
    struct command command = {.step = &spec->eval, .name = "eval", .data = data};
    int count = spec->eval.option_count;
    struct chain_option *option = arena_array(work->arena, struct chain_option, (size_t)count + 1);
    struct chain_step keyed = spec->eval;
    struct json *name = json_array();
    char sha256[SHA256_HEX_BYTES];
    enum status status;

    json_add_text(name, NULL, data);
    if (count)
        memcpy(option, spec->eval.option, (size_t)count * sizeof *option);
    option[count] = (struct chain_option){"data", json_child(name, 0)};
    keyed.option = option;
    keyed.option_count = count + 1;
    status = input_content(work, work->trial->last, &command.input, &command.input_key, sha256);
    if (status == OK)
        status = contents_key(work->sweep->contents, work->context, work->sweep->host, &keyed,
                              sha256, command.key);
    json_free(name);
    memcpy(key, command.key, SHA256_HEX_BYTES);
    return status == OK ? take(work, &command, entry) : status;
}

static void work_init(struct work *work, struct sweep *sweep, struct context *context, long index)
{
    *work = (struct work){.sweep = sweep,
                          .context = context,
                          .arena = arena_new(),
                          .trial = &sweep->trials.at[index]};
    work->entry = arena_array(work->arena, struct entry, (size_t)work->trial->chain.count + 1);
}

static void work_clear(struct work *work)
{
    for (int i = 0; i <= work->trial->chain.count; i++)
        json_free(work->entry[i].report);
    arena_free(work->arena);
}

// Until all have run, one fails, or one is somebody else's at the moment.
static enum status run_steps(struct work *work)
{
    for (int i = 0; i < work->trial->chain.count && !work->error && !work->is_busy; i++)
        TRY(run_step(work, i));
    return OK;
}

static void add_steps(struct work *work, struct json *record, const struct json *commands)
{
    struct json *list = json_add_array(record, "steps");

    for (int i = 0; i < work->trial->chain.count && work->entry[i].folder; i++) {
        struct entry *entry = &work->entry[i];
        struct json *step = json_add_object(list, NULL);
        const char *key = strrchr(entry->folder, '/');

        json_add_text(step, "command", json_text(json_child(commands, (size_t)i)));
        json_add_text(step, "key", key ? key + 1 : entry->folder);
        json_add_bool(step, "cached", entry->is_cached);
        json_add_number(step, "seconds", entry->seconds);
        if (entry->report)
            json_add(step, "report", json_copy(entry->report));
        else
            json_add_null(step, "report");
    }
}

static void add_model(const struct work *work, struct json *record)
{
    int last = work->trial->last;
    const char *key = last < 0 || work->error ? NULL : strrchr(work->entry[last].folder, '/');

    if (work->error || (last >= 0 && !key))
        json_add_null(record, "model");
    else
        json_add_text(record, "model",
                      key ? arena_format(work->arena, "cache%s/model.onnx", key)
                          : work->sweep->spec->model);
}

static struct json *make_record(struct work *work)
{
    const struct sweep_trial *trial = work->trial;
    struct json *record = json_object(), *commands;
    struct entry *judged = &work->entry[trial->chain.count];

    json_add_text(record, "schema", "ecai/trial/1");
    json_add_text(record, "id", trial->id);
    json_add_int(record, "number", trial->number);
    json_add_text(record, "state", work->error ? "failed" : "done");
    json_add_text(record, "error", work->error);
    json_add(record, "parameters", json_copy(trial->parameters));
    if (trial->rung < 0)
        json_add_null(record, "rung");
    else
        json_add_int(record, "rung", trial->rung);
    commands =
        json_add(record, "commands",
                 trial_commands(&work->sweep->trials, trial, work->sweep->spec->search_data));
    add_steps(work, record, commands);
    add_model(work, record);
    if (judged->report)
        json_add(record, "search", json_copy(judged->report));
    else
        json_add_null(record, "search");
    json_add_null(record, "test");
    return record;
}

static const char *record_name(struct arena *arena, const struct sweep_trial *trial)
{
    return arena_format(arena, "trials/%s.json", trial->id);
}

static enum status write_record(struct work *work)
{
    struct json *record = make_record(work);
    struct text text;
    enum status status;

    text_init(&text);
    json_print(record, true, &text);
    json_free(record);
    status = store_write(work->context, work->sweep->store, record_name(work->arena, work->trial),
                         text.at, text.length);
    text_clear(&text);
    return status;
}

enum status trial_read(struct sweep *sweep, struct context *context, long index, struct json **out)
{
    struct arena *arena = arena_new();
    const char *name = record_name(arena, &sweep->trials.at[index]);
    struct text text;
    bool exists;
    enum status status;

    *out = NULL;
    text_init(&text);
    status = store_read(context, sweep->store, name, &text, &exists);
    if (status == OK && exists) {
        status = json_parse(context, text.at, text.length, out);
        if (status != OK)
            context_fail_in(context, status, "%s", name);
    }
    text_clear(&text);
    arena_free(arena);
    return status;
}

// Whether the trial's record is there and stays.
static enum status has_ended(struct work *work, bool *ended)
{
    struct sweep *sweep = work->sweep;
    const char *state;
    struct json *record;

    TRY(trial_read(sweep, work->context, work->trial->number - 1, &record));
    state = record ? json_text(json_at(record, "state")) : NULL;
    *ended = record && !(sweep->options.retry_failed && state && strcmp(state, "failed") == 0);
    json_free(record);
    return OK;
}

// With the claim on the trial.
static enum status run_claimed(struct work *work, bool *ended)
{
    struct entry *judged = &work->entry[work->trial->chain.count];
    char key[SHA256_HEX_BYTES];

    TRY(has_ended(work, ended));
    if (*ended)
        return OK;
    TRY(run_steps(work));
    if (!work->error && !work->is_busy)
        TRY(judge(work, work->sweep->spec->search_data, key, judged));
    if (work->is_busy)
        return OK;
    TRY(write_record(work));
    work->sweep->result[work->trial->number - 1].is_fresh = true;
    *ended = true;
    return OK;
}

enum status trial_run(struct sweep *sweep, struct context *context, long index, bool *ended)
{
    struct work work;
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

enum status trial_test(struct sweep *sweep, struct context *context, long index, bool *ended)
{
    struct trial_result *result = &sweep->result[index];
    struct work work;
    enum status status;

    *ended = false;
    work_init(&work, sweep, context, index);
    status = run_steps(&work); // all in the cache
    if (status == OK && !work.error && !work.is_busy)
        status = judge(&work, sweep->spec->test_data, result->test_key,
                       &work.entry[work.trial->chain.count]);
    if (status == OK && work.error)
        status = context_fail(context, ERR_IO, "%s", work.error);
    if (status != OK && status != ERR_CANCELLED)
        context_fail_in(context, status, "test_data");
    if (status == OK && !work.is_busy)
        result->has_test = *ended = true;
    work_clear(&work);
    return status;
}
