// What `ecai compress` looks at before any work: the line, where results go, the teacher, the data
// and what of them is held back.
#include <math.h>

#include "cli/json_common.h"
#include "cli/requirement.h"
#include "cli/student_search.h"
#include "sweep/contents.h"
#include "sweep/run.h"

enum { HELD_OUT_MAX = 5000, HELD_OUT_PART = 10, FEW_SAMPLES = 1024 };

static enum status check_line(struct student_search *search)
{
    const struct compress_line *line = search->line;
    const struct compress_own_options *own = &line->own;
    struct context *context = search->invocation->context;
    struct streams *streams = &search->invocation->streams;
    bool has_goal = !isnan(own->energy_ratio) || own->max_drop;

    if (!own->teacher)
        return context_fail(context, ERR_USAGE, "'--teacher MODEL' is needed");
    if (!line->source.data)
        return context_fail(context, ERR_USAGE,
                            "'--data' is needed: samples to train on and to judge by, such as "
                            "'--data fashion-mnist:train'");
    if (is_dash(own->teacher))
        return context_fail(context, ERR_USAGE,
                            "'--teacher -': is read again and again, so it has to be a file");
    if (own->recipe && (has_goal || own->dry_run))
        return context_fail(context, ERR_USAGE,
                            "'--recipe' says what is done: it takes neither a goal nor "
                            "'--dry-run'");
    if (!own->recipe && !has_goal)
        return context_fail(context, ERR_USAGE,
                            "a goal is needed: '--energy-ratio R', '--max-drop P' or both");
    TRY(streams_add_input(context, streams, "--teacher", own->teacher));
    TRY(streams_add_input(context, streams, "--recipe", own->recipe));
    if (own->max_drop) {
        TRY(parse_loss(context, "--max-drop", own->max_drop, &search->max_drop));
        TRY(check_loss_metric(context, "--max-drop", line->run.metric));
    }
    return search_check_options(search);
}

static enum status check_outputs(struct student_search *search, const char **recipe)
{
    const struct compress_line *line = search->line;
    struct invocation *invocation = search->invocation;
    struct context *context = invocation->context;
    const char *out = line->target.out;

    *recipe = NULL;
    if (!out && !line->own.dry_run)
        return context_fail(context, ERR_USAGE, "'-o OUT' is needed (or '--dry-run')");
    if (!line->own.dry_run) {
        if (is_dash(out))
            return context_fail(context, ERR_USAGE,
                                "'-o -': the recipe is written beside it, so it has to be a file");
        *recipe = arena_format(invocation->arena, "%s.recipe.json", out);
        search->folder = arena_format(invocation->arena, "%s.work", out);
        TRY(streams_add_output(context, &invocation->streams, "-o", out, true));
        TRY(model_check_output(invocation, out, line->target.no_clobber));
        TRY(model_check_output(invocation, *recipe, line->target.no_clobber));
    }
    return json_check_output(invocation, line->json.json);
}

const char *search_device(const struct student_search *search)
{
    const char *device = search->line->own.device;

    return device ? device : "asic-45nm";
}

static enum status open_teacher(struct student_search *search)
{
    struct invocation *invocation = search->invocation;
    struct infer_options infer = run_infer(&search->line->run);
    enum status status;

    TRY(device_read(invocation->context, search_device(search), &search->device));
    TRY(cost_open(invocation->context, &search->line->cost, &search->cost));
    TRY(model_open(invocation, search->line->own.teacher, search->line->input.external_data,
                   &search->teacher));
    TRY(contents_file(search->contents, invocation->context, search->line->own.teacher,
                      search->teacher.sha256)); // with the external data beside it
    TRY(model_specialise(invocation, &infer, SPECIALISE_TO_RUN, false, &search->teacher));
    status = figures_init(invocation->context, search->teacher.graph, &infer, false,
                          &search->teacher_figures);
    return status == OK ? OK : model_fail(invocation->context, &search->teacher, status);
}

enum status search_check_energy(const struct student_search *search)
{
    struct context *context = search->invocation->context;
    struct energy energy;
    enum status status = OK;

    energy_init(&energy, &search->teacher_figures.counts, &search->device);
    if (isnan(energy.joules)) {
        status = context_fail(context, ERR_UNSUPPORTED, "its energy on '%s' is not known: %s",
                              search->device.name, energy.reason ? energy.reason : "no figure");
        model_fail(context, &search->teacher, status);
    }
    energy_clear(&energy);
    return status;
}

// A class that only the samples held back lack: the data are sorted.
static void warn_of_order(const struct student_search *search, const struct dataset *data,
                          int64_t train)
{
    bool *seen = arena_array(search->invocation->arena, bool, (size_t)data->classes + 1);
    int64_t lacking = 0;

    if (!data->is_labelled || data->count - train < 10 * data->classes)
        return;
    for (int64_t i = train; i < data->count; i++)
        seen[dataset_label(data, i)] = true;
    for (int64_t i = 0; i < data->classes; i++)
        lacking += !seen[i];
    if (lacking)
        context_warn(
            search->invocation->context,
            "the last %lld samples of '%s', which are held back, lack %lld of %lld classes: "
            "are the samples sorted?",
            (long long)(data->count - train), data->name, (long long)lacking,
            (long long)data->classes);
}

static enum status check_judged(const struct student_search *search, const struct dataset *data)
{
    if (isnan(search->max_drop) || data->is_labelled || data->target.dtype == DT_NONE)
        return OK;
    return context_fail(search->invocation->context, ERR_USAGE,
                        "'--max-drop' wants data with labels, or with none at all: '%s' has "
                        "targets of another kind",
                        data->name);
}

static enum status split_data(struct student_search *search, const struct dataset *data)
{
    const struct compress_own_options *own = &search->line->own;
    struct invocation *invocation = search->invocation;
    int64_t held_out = own->holdout;
    char *sha256 = arena_alloc(invocation->arena, SHA256_HEX_BYTES);

    TRY(check_judged(search, data));
    TRY(dataset_sha256(invocation->context, data, sha256));
    invocation_add_input(invocation, data->name, sha256);
    search->data = (struct recipe_data){
        .name = search->line->source.data, .sha256 = sha256, .samples = data->count};
    if (own->recipe)
        return OK;
    if (held_out == 0)
        held_out =
            data->count / HELD_OUT_PART < HELD_OUT_MAX ? data->count / HELD_OUT_PART : HELD_OUT_MAX;
    TRY(recipe_split(invocation->context, invocation->arena, held_out, FEW_SAMPLES, &search->data));
    warn_of_order(search, data, search->data.train_samples);
    search->material = (struct material){.teacher = own->teacher,
                                         .train_data = search->data.train,
                                         .few_data = search->data.few,
                                         .epochs = own->epochs};
    return OK;
}

// Samples that candidates are trained on or chosen by flatter the one that is chosen.
static void warn_of_overlap(const struct student_search *search)
{
    const char *test = search->line->own.eval_data, *data = search->line->source.data;

    if (test && data_may_overlap(data, test))
        context_warn(search->invocation->context,
                     "--eval-data '%s' overlaps --data '%s', which candidates are trained on and "
                     "chosen by",
                     test, data);
}

static enum status open_data(struct student_search *search)
{
    struct dataset *data;
    enum status status;

    warn_of_overlap(search);
    TRY(dataset_open(search->invocation->context, search->line->source.data, NULL, &data));
    status = split_data(search, data);
    dataset_free(data);
    return status;
}

enum status search_open(struct student_search *search, const char **recipe)
{
    TRY(check_line(search));
    TRY(check_outputs(search, recipe));
    TRY(recipe_open(search));
    TRY(invocation_isa(search->invocation, &search->isa));
    TRY(open_teacher(search));
    return open_data(search);
}
