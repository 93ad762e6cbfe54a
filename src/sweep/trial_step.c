// One command of a trial, through the cache.
#include <string.h>

#include "base/child.h"
#include "io/file.h"
#include "sweep/trial_internal.h"

static void add_option(struct trial_work *work, const struct chain_step *step,
                       struct chain_line *line, const char *name, const char *value)
{
    if (!chain_takes_option(work->sweep->host->rules, step, name))
        return;
    chain_line_add(work->arena, line, arena_format(work->arena, "--%s", name));
    chain_line_add(work->arena, line, value);
}

static void make_line(struct trial_work *work, const struct command *command, const char *folder,
                      struct chain_line *line)
{
    const struct sweep *sweep = work->sweep;
    const struct chain_step *step = command->step;
    struct arena *arena = work->arena;

    if (command->data)
        trial_eval_line(arena, step, command->input, command->data, command->baseline, line);
    else
        chain_arguments(arena, step, command->input, arena_format(arena, "%s/model.onnx", folder),
                        line);
    if (command->saves_outputs)
        add_option(work, step, line, "save-outputs", arena_format(arena, "%s/outputs.npz", folder));
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

static enum status read_json(struct trial_work *work, const char *path, struct json **out)
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

// As it stands in a JSON text, without the quotes around it.
static const char *json_escaped(struct arena *arena, const char *words)
{
    struct json *list = json_array();
    const char *escaped;
    struct text text;

    text_init(&text);
    json_add_text(list, NULL, words);
    json_print(json_child(list, 0), false, &text);
    escaped = arena_copy_bytes(arena, text.at + 1, text.length - 2);
    text_clear(&text);
    json_free(list);
    return escaped;
}

// A path, or the beginning of one, in every form that a report has it: as it is, as JSON writes it,
// and within a command to paste, where it has opened a quote.
static void replace_path(struct arena *arena, struct text *text, const char *from, const char *to)
{
    struct text quoted;

    text_init(&quoted);
    text_add_shell_word(&quoted, from);
    if (strcmp(quoted.at, from) != 0) {
        const char *open = arena_copy_bytes(arena, quoted.at, quoted.length - 1);

        replace_text(text, json_escaped(arena, open), arena_format(arena, "'%s", to));
    }
    replace_text(text, json_escaped(arena, from), to);
    replace_text(text, from, to);
    text_clear(&quoted);
}

// Files are named as they will lie in the sweep's folder, and not where that happens to be.
static void settle_names(struct trial_work *work, const struct command *command, const char *folder,
                         struct text *text)
{
    replace_path(work->arena, text, folder, arena_format(work->arena, "cache/%s", command->key));
    if (command->input_key)
        replace_path(work->arena, text, command->input,
                     arena_format(work->arena, "cache/%s/model.onnx", command->input_key));
    if (command->baseline)
        replace_path(work->arena, text, command->baseline,
                     arena_format(work->arena, "cache/%s/outputs.npz", command->baseline_key));
}

static enum status settle_report(struct trial_work *work, const struct command *command,
                                 const char *folder)
{
    const char *path = arena_format(work->arena, "%s/report.json", folder);
    struct text text;
    enum status status;

    if (!chain_has_option(work->sweep->host->rules, command->step, "json"))
        return OK;
    status = read_text(work->context, path, &text);
    if (status == OK) {
        settle_names(work, command, folder, &text);
        status = write_text(work->context, path, &text);
    }
    text_clear(&text);
    return status;
}

static enum status write_entry(struct trial_work *work, const struct command *command,
                               const char *folder, double seconds)
{
    char sha256[SHA256_HEX_BYTES] = "";
    struct json *document;
    struct text text;
    enum status status;

    if (!command->data)
        TRY(content_hash(work->context, arena_format(work->arena, "%s/model.onnx", folder),
                         sha256));
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
static enum status load_entry(struct trial_work *work, const struct command *command,
                              struct entry *entry, bool *is_there)
{
    struct json *document = NULL;
    const char *sha256;

    *is_there = store_cache_find(work->sweep->store, work->arena, command->key, &entry->folder);
    if (!*is_there) {
        entry->folder = NULL;
        return OK;
    }
    TRY(read_json(work, arena_format(work->arena, "%s/result.json", entry->folder), &document));
    entry->seconds = json_number(json_at(document, "seconds"));
    sha256 = json_text(json_at(document, "sha256"));
    if (sha256 && strlen(sha256) < SHA256_HEX_BYTES)
        memcpy(entry->sha256, sha256, strlen(sha256) + 1);
    json_free(document);
    return chain_has_option(work->sweep->host->rules, command->step, "json")
               ? read_json(work, arena_format(work->arena, "%s/report.json", entry->folder),
                           &entry->report)
               : OK;
}

// Why the command failed, with no folder's name in it: the same words whoever ran it.
static const char *explain(struct trial_work *work, const struct command *command,
                           const char *folder, const struct child_request *request,
                           const struct child_result *result)
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
static enum status run_command(struct trial_work *work, const struct command *command,
                               const char *folder)
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

// Why the command failed before, in this process; NULL: it did not.
static const char *find_failure(struct sweep *sweep, const char *key)
{
    const struct failed_command *failure;

    pthread_mutex_lock(&sweep->lock);
    failure = sweep->failures;
    while (failure && strcmp(failure->key, key) != 0)
        failure = failure->next;
    pthread_mutex_unlock(&sweep->lock);
    return failure ? failure->error : NULL;
}

static void keep_failure(struct sweep *sweep, const char *key, const char *error)
{
    struct failed_command *failure;

    pthread_mutex_lock(&sweep->lock);
    failure = arena_array(sweep->arena, struct failed_command, 1);
    *failure = (struct failed_command){.error = arena_copy_text(sweep->arena, error),
                                       .next = sweep->failures};
    memcpy(failure->key, key, SHA256_HEX_BYTES);
    sweep->failures = failure;
    pthread_mutex_unlock(&sweep->lock);
}

// With the claim on the key: computes it, unless that happened meanwhile.
static enum status compute(struct trial_work *work, const struct command *command,
                           struct entry *entry)
{
    struct store *store = work->sweep->store;
    const char *folder;
    bool is_there;
    enum status status;

    TRY(load_entry(work, command, entry, &is_there));
    entry->is_cached = is_there;
    if (is_there)
        return OK;
    work->error = find_failure(work->sweep, command->key);
    if (work->error)
        return OK;
    TRY(store_cache_begin(work->context, store, work->arena, command->key, &folder));
    status = run_command(work, command, folder);
    if (status == OK)
        status = contents_check(work->sweep->contents, work->context);
    if (status == OK && work->error)
        keep_failure(work->sweep, command->key, work->error);
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

enum status step_take(struct trial_work *work, const struct command *command, struct entry *entry)
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
