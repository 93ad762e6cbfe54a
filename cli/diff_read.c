// Reading two reports of `ecai eval`, and whether they can be compared at all.
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_check.h"
#include "cli/diff.h"
#include "io/file.h"

static const char *text_at(const struct diff_side *side, const char *path)
{
    return json_text(json_at(side->report, path));
}

static enum status check_schema(struct context *context, const struct json *report)
{
    const char *schema = json_text(json_at(report, "schema"));

    if (!schema)
        return context_fail(context, ERR_FORMAT,
                            "no 'schema': not what 'ecai eval MODEL --data D --json FILE' writes");
    if (strcmp(schema, "ecai/evals/1") == 0)
        return context_fail(context, ERR_FORMAT,
                            "holds several models: 'ecai eval' writes one's report if it is given "
                            "one");
    if (strcmp(schema, "ecai/eval/1") != 0)
        return context_fail(context, ERR_FORMAT,
                            "is '%s', not 'ecai/eval/1' as 'ecai eval MODEL --data D --json FILE' "
                            "writes",
                            schema);
    if (!json_text(json_at(report, "data.sha256")))
        return context_fail(context, ERR_FORMAT, "no 'data.sha256': the report is not whole");
    return OK;
}

enum status diff_open(struct diff *diff, const char *path, struct diff_side *side)
{
    struct context *context = diff->invocation->context;
    char sha256[SHA256_HEX_BYTES];
    struct mapped *file;
    struct span bytes;
    enum status status;

    side->path = path;
    side->name = is_dash(path) ? "stdin" : path;
    status = mapped_open(context, path, &file);
    if (status != OK)
        return context_fail_in(context, status, "%s", side->name);
    bytes = mapped_bytes(file);
    if (bytes.length == 0)
        status = context_fail(context, ERR_FORMAT, "empty (did the command before fail?)");
    else
        status = json_parse(context, (const char *)bytes.at, bytes.length, &side->report);
    mapped_sha256(file, sha256);
    mapped_release(file);
    invocation_add_input(diff->invocation, path, sha256);
    if (status == OK)
        status = check_schema(context, side->report);
    return status == OK ? OK : context_fail_in(context, status, "%s", side->name);
}

void diff_close(struct diff_side *side)
{
    json_free(side->report);
    outputs_clear(&side->outputs);
}

static const char *or_none(const char *text)
{
    return text ? text : "none";
}

static enum status refuse(const struct diff *diff, const char *why)
{
    return context_fail(diff->invocation->context, ERR_FORMAT, "%s and %s cannot be compared: %s",
                        diff->baseline.name, diff->model.name, why);
}

static enum status check_data(const struct diff *diff)
{
    const struct diff_side *a = &diff->baseline, *b = &diff->model;
    const char *of_a = text_at(a, "data.sha256"), *of_b = text_at(b, "data.sha256");

    if (strcmp(of_a, of_b) == 0)
        return OK;
    return refuse(diff, arena_format(diff->invocation->arena,
                                     "the data are '%s' (%.0f samples, sha256 %.12s) in one, '%s' "
                                     "(%.0f, %.12s) in the other",
                                     or_none(text_at(a, "data.name")),
                                     json_number(json_at(a->report, "data.samples")), of_a,
                                     or_none(text_at(b, "data.name")),
                                     json_number(json_at(b->report, "data.samples")), of_b));
}

static enum status check_metric(const struct diff *diff)
{
    const char *of_a = or_none(text_at(&diff->baseline, "accuracy.metric"));
    const char *of_b = or_none(text_at(&diff->model, "accuracy.metric"));

    if (strcmp(of_a, of_b) == 0)
        return OK;
    return refuse(diff, arena_format(diff->invocation->arena,
                                     "the metric is '%s' in one, '%s' in the other", of_a, of_b));
}

static enum status check_profiles(struct diff *diff)
{
    const struct json *of_model = json_at(diff->model.report, "energy_by_device");
    const struct json *of_baseline = json_at(diff->baseline.report, "energy_by_device");

    for (size_t i = 0; i < json_count(of_model); i++) {
        const char *name = json_key(json_child(of_model, i)), *a, *b;
        const struct json *other = name ? json_member(of_baseline, name) : NULL;
        if (!other)
            continue;
        a = or_none(json_text(json_at(other, "profile.sha256")));
        b = or_none(json_text(json_at(json_child(of_model, i), "profile.sha256")));
        if (strcmp(a, b) != 0)
            return refuse(diff, arena_format(diff->invocation->arena,
                                             "the energy profile '%s' is another one by now "
                                             "(sha256 %.12s, %.12s)",
                                             name, a, b));
        if (!diff->device)
            diff->device = name;
    }
    if (diff->device)
        return OK;
    return refuse(diff, arena_format(diff->invocation->arena,
                                     "one tells the energy on '%s', the other on '%s'",
                                     or_none(text_at(&diff->baseline, "energy.device")),
                                     or_none(text_at(&diff->model, "energy.device"))));
}

static double batch_of(const struct diff_side *side, const char *device)
{
    double batch = json_number(
        json_at(json_member(json_at(side->report, "energy_by_device"), device), "batch"));

    return isnan(batch) ? 1 : batch; // written before there were batches
}

// A report has one batch on all of its devices. Other batches are other energies, but all else can
// be told.
static void compare_batches(struct diff *diff)
{
    double was = batch_of(&diff->baseline, diff->device);
    double is = batch_of(&diff->model, diff->device);

    if (!(was < is) && !(was > is))
        return;
    diff->batches = batches_words(diff->invocation->arena, was, is);
    context_warn(diff->invocation->context, "energies are not compared: %s", diff->batches);
}

enum status diff_check(struct diff *diff)
{
    TRY(check_data(diff));
    TRY(check_metric(diff));
    TRY(check_profiles(diff));
    compare_batches(diff);
    return OK;
}

// The folder of the report with the name put after it.
static const char *beside(struct arena *arena, const char *report, const char *name)
{
    const char *slash = strrchr(report, '/');

    return slash ? arena_format(arena, "%.*s/%s", (int)(slash - report), report, name) : name;
}

// Whether the file is there, and whether it holds those bytes.
static enum status look(struct context *context, const char *path, const char *sha256,
                        bool *is_there, bool *is_same)
{
    char found[SHA256_HEX_BYTES];
    struct mapped *file;
    struct stat kind;
    enum status status;

    *is_there = stat(path, &kind) == 0 && S_ISREG(kind.st_mode);
    *is_same = false;
    if (!*is_there)
        return OK;
    status = mapped_open(context, path, &file);
    if (status != OK)
        return context_fail_in(context, status, "%s", path);
    mapped_sha256(file, found);
    mapped_release(file);
    *is_same = strcmp(found, sha256) == 0;
    return OK;
}

enum status diff_open_outputs(struct diff *diff, struct diff_side *side)
{
    struct context *context = diff->invocation->context;
    struct arena *arena = diff->invocation->arena;
    const char *name = text_at(side, "provenance.outputs.file");
    const char *sha256 = text_at(side, "provenance.outputs.sha256"), *last;
    bool was_there = false;

    side->no_outputs = arena_format(arena, "%s was made without '--save-outputs'", side->name);
    if (!name || !sha256)
        return OK;
    last = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    const char *const place[] = {beside(arena, side->path, name), name,
                                 beside(arena, side->path, last)};
    for (size_t i = *name == '/'; i < sizeof place / sizeof *place; i++) {
        bool is_there, is_same;
        TRY(look(context, place[i], sha256, &is_there, &is_same));
        was_there |= is_there;
        if (!is_same)
            continue;
        side->has_outputs = true;
        return outputs_load(context, place[i], &side->outputs);
    }
    side->no_outputs = arena_format(arena, "'%s' of %s %s", name, side->name,
                                    was_there ? "is another file by now" : "is not there");
    if (was_there)
        context_warn(context, "%s: '%s' is not the file that was written with it", side->name,
                     name);
    return OK;
}
