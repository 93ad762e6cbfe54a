// Running candidates of `ecai compress`: each step is a process of its own, so that one that
// crashes costs itself alone; what is finished lies in OUT.work under a name made of all that it
// depends on, so that the same line goes on where it was stopped.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/json_check.h"
#include "cli/json_common.h"
#include "cli/spawn.h"
#include "cli/student_search.h"
#include "io/file.h"

// Says whose the folder is, and is locked while somebody works in it.
#define MARKER "ecai-compress"

static const char *path_in(const struct student_search *search, const char *name)
{
    return arena_format(search->invocation->arena, "%s/%s", search->folder, name);
}

// ---- the folder ---------------------------------------------------------------------------------

static enum status folder_fail(const struct student_search *search, const char *what)
{
    return context_fail(search->invocation->context, ERR_IO, "%s: %s: %s", search->folder, what,
                        strerror(errno));
}

// Calls visit for every file; whether there was none.
static bool each_file(const char *folder, void (*visit)(const char *path), struct arena *arena)
{
    DIR *entries = opendir(folder);
    bool is_empty = true;

    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        is_empty = false;
        if (visit)
            visit(arena_format(arena, "%s/%s", folder, entry->d_name));
    }
    if (entries)
        closedir(entries);
    return is_empty;
}

static enum status lock_folder(struct student_search *search)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    search->lock = open(path_in(search, MARKER), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (search->lock < 0)
        return folder_fail(search, "cannot be written");
    if (fcntl(search->lock, F_SETLK, &whole) == 0 || (errno != EACCES && errno != EAGAIN))
        return OK; // a file system without locks has none to respect
    return context_fail(search->invocation->context, ERR_IO,
                        "%s: another 'ecai compress' is at work there", search->folder);
}

enum status work_open(struct student_search *search)
{
    struct context *context = search->invocation->context;
    struct stat about;

    TRY(spawn_program(context, &search->program));
    if (mkdir(search->folder, 0777) == 0)
        return lock_folder(search);
    if (errno != EEXIST || stat(search->folder, &about) != 0)
        return folder_fail(search, "cannot be made");
    if (!S_ISDIR(about.st_mode) || (access(path_in(search, MARKER), F_OK) != 0 &&
                                    !each_file(search->folder, NULL, search->invocation->arena)))
        return context_fail(context, ERR_IO,
                            "%s: is there already, and is no work folder of 'ecai compress'",
                            search->folder);
    return lock_folder(search);
}

static void remove_file(const char *path)
{
    unlink(path); // what stays makes rmdir fail, and is then seen
}

void work_close(struct student_search *search, bool is_finished)
{
    if (search->lock < 0)
        return;
    if (is_finished) {
        each_file(search->folder, remove_file, search->invocation->arena);
        if (rmdir(search->folder) != 0)
            context_warn(search->invocation->context, "%s: cannot be removed: %s", search->folder,
                         strerror(errno));
    }
    close(search->lock);
    search->lock = -1;
}

// ---- one process --------------------------------------------------------------------------------

// Who looks at what a process prints, to tell its progress as our own.
struct watcher {
    struct context *context;
    const char *stage;
    char shown[64];
};

// "training 45 %", with or without ", 12 s left" behind it: the length of its stage, 0 for any
// other line.
static int progress_stage(const char *line, int *percent)
{
    int stage = (int)strspn(line, "abcdefghijklmnopqrstuvwxyz "), end = 0;
    const char *rest = line + stage;

    if (stage < 2 || line[stage - 1] != ' ' || sscanf(rest, "%3d %%%n", percent, &end) != 1 || !end)
        return 0;
    return rest[end] == '\n' || strncmp(rest + end, ", ", 2) == 0 ? stage - 1 : 0;
}

// Tells the last progress that it printed.
static void watch(void *self, const struct child_result *so_far)
{
    static const char name[] = "ecai: ";
    struct watcher *watcher = self;
    int percent = 0, shown = -1;

    if (!so_far->err.at)
        return;
    for (const char *at = so_far->err.at; (at = strstr(at, name)) != NULL;) {
        int stage = progress_stage(at += sizeof name - 1, &percent);
        if (!stage)
            continue;
        shown = percent;
        snprintf(watcher->shown, sizeof watcher->shown, "%s: %.*s", watcher->stage, stage, at);
    }
    if (shown >= 0 && context_tick(watcher->context, watcher->shown, (uint64_t)shown, 100) != OK)
        return; // child_run sees to it
}

// What the global options say that changes results, and threads.
static void add_global(const struct student_search *search, struct chain_line *line)
{
    struct arena *arena = search->invocation->arena;
    const struct global_options *global = search->invocation->global;

    chain_line_add(arena, line, "--seed");
    chain_line_add(arena, line, arena_format(arena, "%lld", (long long)search->seed));
    if (global->threads) {
        chain_line_add(arena, line, "--threads");
        chain_line_add(arena, line, arena_format(arena, "%lld", (long long)global->threads));
    }
    if (search->isa_given) {
        chain_line_add(arena, line, "--isa");
        chain_line_add(arena, line, search->isa_given);
    }
    if (search->invocation->context->is_plain)
        chain_line_add(arena, line, "--deterministic");
    if (global->max_memory) {
        chain_line_add(arena, line, "--max-memory");
        chain_line_add(arena, line, global->max_memory);
    }
}

static const char *quoted(const struct student_search *search, const struct chain_line *line)
{
    return invocation_quote_line(search->invocation->arena, line->count, line->word);
}

// Runs the line, which writes its report to `report`. *error NULL: it went well.
static enum status run_line(struct student_search *search, struct chain_line *line,
                            const char *report, const char *stage, double *seconds,
                            const char **error)
{
    struct invocation *invocation = search->invocation;
    struct arena *arena = invocation->arena;
    struct watcher watcher = {.context = invocation->context, .stage = stage};
    struct child_request request = {.program = search->program, .watch = watch, .self = &watcher};
    struct child_result result;
    struct text text;
    enum status status;

    *error = NULL;
    chain_line_add(arena, line, "--json");
    chain_line_add(arena, line, report);
    chain_line_add(arena, line, "--progress");
    chain_line_add(arena, line, "always");
    request.argv = (const char *const *)line->word;
    if (invocation->console->verbose)
        context_note(invocation->context, "%s", quoted(search, line));
    status = child_run(invocation->context, &request, &result);
    if (status == OK) {
        text_init(&text);
        child_result_explain(&request, &result, &text);
        if (text.length)
            *error = arena_copy_text(arena, text.at);
        text_clear(&text);
        *seconds = result.seconds;
    }
    child_result_clear(&result);
    return status;
}

enum status read_document(struct context *context, const char *path, struct json **out)
{
    struct mapped *mapped = NULL;
    enum status status = mapped_open(context, path, &mapped);

    if (status == OK) {
        struct span bytes = mapped_bytes(mapped);
        status = json_parse(context, (const char *)bytes.at, bytes.length, out);
        mapped_release(mapped);
    }
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

void json_release(void *json)
{
    json_free(json);
}

// ---- judging ------------------------------------------------------------------------------------

// What all steps and judgements are given from the line.
static void add_line(const struct student_search *search, struct chain_line *line)
{
    struct json *options = json_object();

    search_line_options(search, NULL, options);
    for (size_t i = 0; i < json_count(options); i++)
        chain_line_add_option(
            search->invocation->arena, line,
            option_name(search->invocation->arena, json_key(json_child(options, i))),
            json_child(options, i));
    json_free(options);
}

static void eval_line(struct student_search *search, const char *model, const char *baseline,
                      const char *data, struct chain_line *line)
{
    struct arena *arena = search->invocation->arena;
    const struct compress_own_options *own = &search->line->own;

    *line = (struct chain_line){0};
    chain_line_add(arena, line, "ecai");
    chain_line_add(arena, line, "eval");
    chain_line_add(arena, line, model);
    if (baseline) {
        chain_line_add(arena, line, "--baseline");
        chain_line_add(arena, line, baseline);
    }
    chain_line_add(arena, line, "--data");
    chain_line_add(arena, line, data);
    chain_line_add(arena, line, "--device");
    chain_line_add(arena, line, search_device(search));
    if (own->max_drop) {
        chain_line_add(arena, line, "--margin");
        chain_line_add(arena, line, own->max_drop);
    }
    add_line(search, line);
    add_global(search, line);
}

enum status work_eval(struct student_search *search, const char *model, const char *baseline,
                      const char *data, const char *stage, struct json **out)
{
    const char *report = path_in(search, "eval.json"), *error;
    struct chain_line line;
    double seconds;

    eval_line(search, model, baseline, data, &line);
    TRY(run_line(search, &line, report, stage, &seconds, &error));
    if (error)
        return context_fail(search->invocation->context, ERR_IO, "%s", error);
    TRY(read_document(search->invocation->context, report, out));
    unlink(report);
    return OK;
}

// The teacher's answers to the held-out samples, once.
static enum status ask_teacher(struct student_search *search, const char *base)
{
    struct context *context = search->invocation->context;
    struct arena *arena = search->invocation->arena;
    const char *path = path_in(search, arena_format(arena, "%.16s-teacher.npz", base));
    const char *report = path_in(search, arena_format(arena, "%.16s-teacher.json", base));
    struct chain_line line;
    const char *error;
    double seconds;

    if (access(path, R_OK) == 0 && access(report, R_OK) == 0) {
        search->is_resumed = true;
    } else {
        eval_line(search, search->line->own.teacher, NULL, search->data.held_out, &line);
        chain_line_add(arena, &line, "--save-outputs");
        chain_line_add(arena, &line, path);
        TRY(run_line(search, &line, report, "asking the teacher", &seconds, &error));
        if (error)
            return context_fail(context, ERR_IO, "teacher: %s", error);
    }
    search->teacher_outputs = path;
    TRY(read_document(context, report, &search->teacher_eval));
    arena_defer(arena, json_release, search->teacher_eval);
    return OK;
}

// ---- chains -------------------------------------------------------------------------------------

static const char *file_of(const struct student_search *search, const char *key, int step,
                           const char *end)
{
    return path_in(search,
                   arena_format(search->invocation->arena, "%.16s-%d.%s", key, step + 1, end));
}

// Runs the steps; *error NULL: all went well.
static enum status run_steps(struct student_search *search, const struct chain *chain,
                             const struct candidate *candidate, const char *stage,
                             const char **error)
{
    struct arena *arena = search->invocation->arena;
    struct json *steps = json_add_array(candidate->record, "steps");
    const char *input = search->line->own.teacher;

    for (int i = 0; i < chain->count; i++) {
        const char *output = file_of(search, candidate->key, i, "onnx");
        const char *report = file_of(search, candidate->key, i, "json");
        struct json *item = json_add_object(steps, NULL), *document;
        struct chain_line line;
        double seconds;

        chain_arguments(arena, &chain->step[i], input, output, &line);
        add_global(search, &line);
        json_add_name(item, "command", quoted(search, &line));
        if (access(arena_format(arena, "%s.checkpoint", output), F_OK) == 0)
            search->is_resumed = true; // and its report tells the work of the whole training
        TRY(run_line(search, &line, report, stage, &seconds, error));
        if (*error) {
            json_add_null(item, "seconds");
            json_add_null(item, "report");
            *error = arena_format(arena, "%s: %s", chain->step[i].name, *error);
            return OK;
        }
        TRY(read_document(search->invocation->context, report, &document));
        json_add_number(item, "seconds", seconds);
        json_add(item, "report", document);
        unlink(report);
        if (i > 0)
            unlink(input);
        input = output;
    }
    return OK;
}

static enum status run_chain(struct student_search *search, const struct chain *chain,
                             const char *stage, struct candidate *out)
{
    struct context *context = search->invocation->context;
    const char *error = NULL,
               *path =
                   path_in(search, arena_format(search->invocation->arena, "%s.json", out->key));
    enum status status;
    struct json *eval = NULL;
    struct text text;

    out->record = json_object();
    TRY(run_steps(search, chain, out, stage, &error));
    if (!error) {
        status = work_eval(search, out->model, search->teacher_outputs, search->data.held_out,
                           stage, &eval);
        if (status == ERR_CANCELLED)
            return status;
        if (status != OK)
            error = arena_format(search->invocation->arena, "eval: %s", context->error);
    }
    json_add_text(out->record, "error", error);
    if (eval)
        json_add(out->record, "held_out", eval);
    else
        json_add_null(out->record, "held_out");
    if (error)
        return OK; // not kept: the next start tries again
    text_init(&text);
    json_print(out->record, true, &text);
    status = output_file(context, path, NULL, text.at, text.length);
    text_clear(&text);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

enum status work_run(struct student_search *search, const struct json *chain, const char *stage,
                     struct candidate *out)
{
    struct arena *arena = search->invocation->arena;
    struct context *context = search->invocation->context;
    char base[SHA256_HEX_BYTES], key[SHA256_HEX_BYTES];
    struct chain steps;
    const char *path;

    TRY(work_key(search, NULL, base));
    TRY(work_key(search, chain, key));
    TRY(chain_parse(context, arena, chain, "chain", &steps));
    *out = (struct candidate){.chain = chain, .key = arena_format(arena, "%.16s", key)};
    out->model = file_of(search, out->key, steps.count - 1, "onnx");
    path = path_in(search, arena_format(arena, "%s.json", out->key));
    if (!search->teacher_outputs)
        TRY(ask_teacher(search, base));
    if (access(path, R_OK) == 0 && access(out->model, R_OK) == 0 &&
        read_document(context, path, &out->record) == OK) {
        out->is_old = true;
        if (!search_was_run(search, (int)(out - search->candidate)))
            search->is_resumed = true;
        return OK;
    }
    return run_chain(search, &steps, stage, out);
}
