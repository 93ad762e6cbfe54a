// Records of trials: FOLDER/trials/ID.json.
#include <string.h>

#include "sweep/trial_internal.h"

static void add_report(struct json *parent, const char *key, const struct json *report)
{
    if (report)
        json_add(parent, key, json_copy(report));
    else
        json_add_null(parent, key);
}

static void add_steps(struct trial_work *work, struct json *record, const struct json *commands)
{
    struct json *list = json_add_array(record, "steps");

    for (int i = 0; i < work->trial->chain.count && work->entry[i].folder; i++) {
        struct entry *entry = &work->entry[i];
        struct json *step = json_add_object(list, NULL);
        const char *key = strrchr(entry->folder, '/');

        json_add_text(step, "command", json_text(json_child(commands, (size_t)i)));
        json_add_text(step, "key", key ? key + 1 : entry->folder);
        json_add_text(step, "sha256", entry->sha256);
        json_add_bool(step, "cached", entry->is_cached);
        json_add_number(step, "seconds", entry->seconds);
        add_report(step, "report", entry->report);
    }
}

static void add_model(const struct trial_work *work, struct json *record)
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

static struct json *make_record(struct trial_work *work)
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
    json_add_text(record, "key", work->key);
    add_report(record, "search", judged->report);
    json_add_null(record, "test");
    return record;
}

static const char *record_name(struct arena *arena, const struct sweep_trial *trial)
{
    return arena_format(arena, "trials/%s.json", trial->id);
}

enum status record_write(struct trial_work *work)
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
