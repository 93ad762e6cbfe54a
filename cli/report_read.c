// Reading what `ecai report` shows: sweeps' folders and reports of `ecai eval`.
#include <string.h>
#include <sys/stat.h>

#include "chain/label.h"
#include "cli/report_view.h"
#include "io/file.h"

static void release_json(void *json)
{
    json_free(json);
}

static void release_mapped(void *mapped)
{
    mapped_release(mapped);
}

static struct report_point *add_point(struct report_view *view)
{
    if (view->count == view->capacity) {
        int capacity = view->capacity ? 2 * view->capacity : 64;
        struct report_point *more =
            arena_array(view->invocation->arena, struct report_point, (size_t)capacity);
        if (view->count)
            memcpy(more, view->point, (size_t)view->count * sizeof *more);
        view->point = more;
        view->capacity = capacity;
    }
    return &view->point[view->count++];
}

static enum status parse(struct report_view *view, const char *text, size_t length,
                         struct json **out)
{
    TRY(json_parse(view->invocation->context, text, length, out));
    arena_defer(view->invocation->arena, release_json, *out);
    return json_is_object(*out) ? OK
                                : context_fail(view->invocation->context, ERR_FORMAT,
                                               "no object, but another kind of JSON");
}

static enum status check_schema(struct context *context, const struct json *json,
                                const char *wanted)
{
    const char *schema = json_text(json_at(json, "schema"));

    if (schema && strcmp(schema, wanted) == 0)
        return OK;
    return context_fail(context, ERR_FORMAT, "schema '%s' is not '%s'", schema ? schema : "(none)",
                        wanted);
}

// Everything that is compared later must be there.
static enum status check_eval(struct context *context, const struct json *eval)
{
    static const char *const texts[] = {"data.sha256", "energy.device", "energy.profile.sha256"};

    TRY(check_schema(context, eval, "ecai/eval/1"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!json_is_text(json_at(eval, texts[i])))
            return context_fail(context, ERR_FORMAT, "no whole ecai/eval/1: '%s' is missing",
                                texts[i]);
    return json_is_object(json_at(eval, "model"))
               ? OK
               : context_fail(context, ERR_FORMAT, "no whole ecai/eval/1: 'model' is missing");
}

// "a/b/student.onnx" -> "student".
static const char *stem(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash && slash[1] ? slash + 1 : path;
    size_t length = strlen(name);

    if (length > 5 && strcmp(name + length - 5, ".onnx") == 0)
        length -= 5;
    return arena_copy_bytes(arena, name, length);
}

static enum status add_eval(struct report_view *view, const char *path, const struct json *eval)
{
    struct arena *arena = view->invocation->arena;
    const char *file = json_text(json_at(eval, "model.file"));
    const char *sha256 = json_text(json_at(eval, "model.sha256"));
    struct report_point *point;

    TRY(check_eval(view->invocation->context, eval));
    point = add_point(view);
    point->file = path;
    point->label = file && strcmp(file, "-") != 0 ? stem(arena, file) : "stdin";
    point->id = sha256 && strlen(sha256) >= 16 ? arena_copy_bytes(arena, sha256, 16)
                                               : arena_format(arena, "%d", view->count);
    point->state = "done";
    point->eval = point->search = eval;
    return OK;
}

static enum status read_evals(struct report_view *view, const char *path, const struct json *list)
{
    struct context *context = view->invocation->context;

    if (!json_is_array(list) || json_count(list) == 0)
        return context_fail(context, ERR_FORMAT, "'evals' is no list with something in it");
    for (size_t i = 0; i < json_count(list); i++) {
        enum status status = add_eval(view, path, json_child(list, i));
        if (status != OK)
            return context_fail_in(context, status, "evals.%zu", i);
    }
    return OK;
}

static enum status read_document(struct report_view *view, const char *path, const char *name,
                                 struct span bytes)
{
    struct context *context = view->invocation->context;
    struct json *document;
    const char *schema;

    if (bytes.length == 0)
        return context_fail(context, ERR_FORMAT, "empty%s",
                            is_dash(path) ? " (did the command before fail?)" : "");
    TRY(parse(view, (const char *)bytes.at, bytes.length, &document));
    schema = json_text(json_at(document, "schema"));
    if (!schema)
        return context_fail(context, ERR_FORMAT, "no report of ecai: 'schema' is missing");
    if (strcmp(schema, "ecai/evals/1") == 0)
        return read_evals(view, name, json_at(document, "evals"));
    if (strcmp(schema, "ecai/eval/1") == 0)
        return add_eval(view, name, document);
    return context_fail(context, ERR_FORMAT,
                        "schema '%s': only reports of 'ecai eval' (ecai/eval/1) and folders of "
                        "'ecai sweep' can be shown",
                        schema);
}

static enum status trial_eval(struct report_view *view, const struct json *trial, const char *key,
                              const struct json **out)
{
    const struct json *eval = json_member(trial, key);
    enum status status;

    *out = json_is_null(eval) ? NULL : eval;
    if (!*out)
        return OK;
    status = check_eval(view->invocation->context, eval);
    return status == OK ? OK : context_fail_in(view->invocation->context, status, "%s", key);
}

static bool is_state(const char *state)
{
    static const char *const states[] = {"done", "failed", "dropped"};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i], state) == 0)
            return true;
    return false;
}

static enum status add_trial(struct report_view *view, const char *file, const struct json *trial)
{
    struct context *context = view->invocation->context;
    struct report_point *point = add_point(view);

    point->file = file;
    TRY(check_schema(context, trial, "ecai/trial/1"));
    point->trial = trial;
    point->id = json_text(json_at(trial, "id"));
    point->state = json_text(json_at(trial, "state"));
    point->error = json_text(json_at(trial, "error"));
    if (!point->id || !point->state)
        return context_fail(context, ERR_FORMAT, "no whole ecai/trial/1: 'id' or 'state'");
    if (!is_state(point->state))
        return context_fail(context, ERR_FORMAT,
                            "state '%s': only 'done', 'failed' and 'dropped' are known",
                            point->state);
    TRY(trial_eval(view, trial, "search", &point->search));
    TRY(trial_eval(view, trial, "test", &point->test));
    point->eval = report_on_test(view) || !point->search ? point->test : point->search;
    point->label = chain_label(view->invocation->arena, json_at(trial, "parameters"));
    if (!*point->label)
        point->label = point->id;
    point->is_front = json_number(json_at(trial, "front")) == 1;
    point->is_chosen = json_number(json_at(trial, "chosen")) == 1;
    return OK;
}

static enum status read_trials(struct report_view *view, const char *file, struct span bytes)
{
    const char *at = (const char *)bytes.at, *end = at + bytes.length;
    int line = 1, before = view->count;

    for (; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        struct json *trial;
        if (length) {
            enum status status = parse(view, at, length, &trial);
            if (status == OK)
                status = add_trial(view, file, trial);
            if (status != OK)
                return context_fail_in(view->invocation->context, status, "line %d", line);
        }
        at += length + 1;
    }
    return view->count > before ? OK
                                : context_fail(view->invocation->context, ERR_FORMAT, "no trials");
}

// Both files of a folder, under their names in errors; the mapping lives as long as the arena.
static enum status map(struct report_view *view, const char *path, struct span *out)
{
    struct context *context = view->invocation->context;
    struct mapped *mapped;
    char sha256[SHA256_HEX_BYTES];
    enum status status = mapped_open(context, path, &mapped);

    if (status != OK)
        return context_fail_in(context, status, "%s", is_dash(path) ? "stdin" : path);
    arena_defer(view->invocation->arena, release_mapped, mapped);
    mapped_sha256(mapped, sha256);
    invocation_add_input(view->invocation, path, arena_copy_text(view->invocation->arena, sha256));
    *out = mapped_bytes(mapped);
    return OK;
}

static enum status name_input(struct report_view *view, const char *folder, const char *name,
                              const char **out)
{
    struct invocation *invocation = view->invocation;
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    *out = arena_format(invocation->arena, "%.*s/%s", (int)length, folder, name);
    return streams_add_input(invocation->context, &invocation->streams, "FOLDER", *out);
}

static enum status read_folder(struct report_view *view, const char *folder)
{
    struct context *context = view->invocation->context;
    const char *sweep_file, *trials_file;
    struct json *sweep;
    const char *selected_on;
    struct span bytes;
    struct stat there;
    enum status status;

    TRY(name_input(view, folder, "sweep.json", &sweep_file));
    TRY(name_input(view, folder, "results.jsonl", &trials_file));
    if (stat(sweep_file, &there) != 0 || stat(trials_file, &there) != 0)
        return context_fail(context, ERR_FORMAT,
                            "%s: no folder of a sweep that has come to its end: '%s' is missing",
                            folder, stat(sweep_file, &there) != 0 ? "sweep.json" : "results.jsonl");
    TRY(map(view, sweep_file, &bytes));
    status = parse(view, (const char *)bytes.at, bytes.length, &sweep);
    if (status == OK)
        status = check_schema(context, sweep, "ecai/sweep/1");
    if (status != OK)
        return context_fail_in(context, status, "%s", sweep_file);
    view->sweep = view->invocation->operand_count == 1 ? sweep : NULL;
    view->has_sweep = true;
    selected_on = json_text(json_at(sweep, "selected_on"));
    if (!view->selected_on || (selected_on && strcmp(selected_on, "test") == 0))
        view->selected_on = selected_on;
    TRY(map(view, trials_file, &bytes));
    status = read_trials(view, trials_file, bytes);
    return status == OK ? OK : context_fail_in(context, status, "%s", trials_file);
}

enum status report_read(struct report_view *view, const char *path)
{
    struct context *context = view->invocation->context;
    const char *name = is_dash(path) ? "stdin" : path;
    struct span bytes;
    struct stat file;
    enum status status;

    if (!is_dash(path) && stat(path, &file) == 0 && S_ISDIR(file.st_mode))
        return read_folder(view, path);
    TRY(streams_add_input(context, &view->invocation->streams, "FILE", path));
    TRY(map(view, path, &bytes));
    status = read_document(view, path, name, bytes);
    return status == OK ? OK : context_fail_in(context, status, "%s", name);
}
