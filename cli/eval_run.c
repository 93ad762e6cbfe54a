// Gathers what `ecai eval` reports.
#include "cli/eval_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_common.h"
#include "cli/metric_command.h"
#include "data/batch.h"
#include "data/pictures.h"
#include "eval/evaluate.h"
#include "exec/state.h"
#include "io/file.h"
#include "io/npy.h"

enum status eval_open_devices(struct invocation *invocation, const struct strings *names,
                              struct eval_report *report)
{
    static const char *const usual[] = {"asic-45nm"};
    struct strings wanted = names->count ? *names : (struct strings){1, usual};

    report->device = arena_array(invocation->arena, struct device, (size_t)wanted.count);
    for (int64_t i = 0; i < wanted.count; i++) {
        report->device_count++; // to be cleared, whatever comes of it
        TRY(device_read(invocation->context, wanted.at[i], &report->device[i]));
        for (int64_t k = 0; k < i; k++)
            if (strcmp(report->device[k].name, report->device[i].name) == 0)
                return context_fail(invocation->context, ERR_USAGE, "'--device %s' is given twice",
                                    wanted.at[i]);
    }
    return OK;
}

enum status eval_open_baseline_device(struct invocation *invocation, const char *name,
                                      struct eval_report *report)
{
    if (!name)
        return OK;
    report->baseline_device = arena_array(invocation->arena, struct device, 1);
    return device_read(invocation->context, name, report->baseline_device);
}

void eval_close_devices(struct eval_report *report)
{
    if (report->baseline_device)
        device_clear(report->baseline_device);
    report->baseline_device = NULL;
    for (int i = 0; i < report->device_count; i++)
        device_clear(&report->device[i]);
    report->device_count = 0;
}

// Whether the file holds saved outputs: known by content.
static enum status is_saved(struct context *context, const char *path, bool *answer)
{
    struct mapped *file;
    struct span bytes;
    enum status status;

    *answer = false;
    if (is_dash(path))
        return OK;
    status = mapped_open(context, path, &file);
    if (status != OK)
        return context_fail_in(context, status, "%s", path);
    bytes = mapped_bytes(file);
    *answer = npz_probe(bytes) > 0;
    mapped_release(file);
    return OK;
}

static enum status open_saved(struct invocation *invocation, const char *path,
                              struct eval_subject *out)
{
    const char *figures;
    struct json *saved = NULL;

    TRY(outputs_load(invocation->context, path, &out->outputs));
    out->file.path = out->file.name = path;
    figures = out->outputs.figures;
    if (figures && json_parse(invocation->context, figures, strlen(figures), &saved) == OK) {
        const struct json *sha256 = json_at(saved, "sha256"), *file = json_at(saved, "file");
        out->saved = saved;
        if (sha256 && json_text(sha256) && strlen(json_text(sha256)) < SHA256_HEX_BYTES)
            memcpy(out->file.sha256, json_text(sha256), strlen(json_text(sha256)) + 1);
        if (file && json_text(file))
            out->file.path = json_text(file); // the model's, as it was named then
    }
    invocation_add_input(invocation, path, out->file.sha256);
    return OK;
}

enum status eval_open_subject(struct invocation *invocation, const char *path,
                              const char *external_data, bool may_be_saved,
                              struct eval_subject *out)
{
    bool saved = false;

    memset(out, 0, sizeof *out);
    out->measured = measured_nothing;
    if (may_be_saved)
        TRY(is_saved(invocation->context, path, &saved));
    if (saved)
        return open_saved(invocation, path, out);
    return model_open(invocation, path, external_data, &out->file);
}

void eval_close_subject(struct eval_subject *subject)
{
    if (subject->energy)
        for (int i = 0; subject->energy[i].arena; i++) // ends with a cleared one
            energy_clear(&subject->energy[i]);
    outputs_clear(&subject->outputs);
    figures_clear(&subject->figures);
    dataset_free(subject->decoded);
    json_free(subject->saved);
    model_close(&subject->file);
    memset(subject, 0, sizeof *subject);
}

// Runs the model over all samples.
static enum status collect(struct eval_report *report, const struct eval_options *options,
                           const struct infer_options *infer, struct eval_subject *subject)
{
    struct invocation *invocation = report->invocation;
    struct context *context = invocation->context;
    struct evaluation evaluation;
    struct evaluate_options how = {.isa = report->isa,
                                   .infer = *infer,
                                   .output = options->run.output,
                                   .state = options->state.state,
                                   .state_reset = options->state.state_reset};
    enum status status;

    status = evaluate(context, subject->file.graph, subject->data, &subject->preprocess, &how,
                      &evaluation);
    if (status != OK)
        return model_fail(context, &subject->file, status);
    subject->outputs = evaluation.outputs;
    subject->seconds = evaluation.seconds;
    subject->executor = evaluation.executor;
    if (evaluation.is_one_by_one)
        context_note(context, "%s: samples run one batch of the model's own size at a time: %s",
                     subject->file.name, evaluation.reason);
    status = outputs_check(context, &subject->outputs);
    return status == OK ? OK : model_fail(context, &subject->file, status);
}

// Models and, so that there is something to compare with, the baseline.
static enum status measure(struct eval_report *report, const struct eval_options *options,
                           const struct infer_options *infer, struct eval_subject *subject)
{
    struct bench bench = {.isa = report->isa, .batch = options->run.batch};
    enum status status;

    if (!options->own.measure)
        return OK;
    status =
        measured_run(report->invocation, subject->file.graph, infer, &bench, &subject->measured);
    return status == OK ? OK : model_fail(report->invocation->context, &subject->file, status);
}

static enum status judge(struct eval_report *report, struct eval_subject *subject)
{
    struct context *context = report->invocation->context;
    const struct outputs *outputs = &subject->outputs;
    enum status status;

    if (outputs->samples != dataset_row_count(report->data))
        return context_fail(context, ERR_SHAPE, "%s: %lld outputs, but the data have %lld samples",
                            subject->file.name, (long long)outputs->samples,
                            (long long)dataset_row_count(report->data));
    subject->value = NAN;
    subject->ci95 = (struct interval){NAN, NAN};
    if (outputs->label) {
        subject->per_class =
            arena_array(report->invocation->arena, struct class_accuracy, (size_t)outputs->width);
        accuracy_of(outputs, subject->per_class, &subject->accuracy);
    }
    if (!report->has_metric)
        return OK;
    status = report->command
                 ? metric_by_command(context, report->command, outputs, &subject->value)
                 : metric_of(context, report->metric, outputs, &subject->value, &subject->ci95);
    if (status != OK)
        return model_fail(context, &subject->file, status);
    subject->has_accuracy = true;
    if (eval_metric_is(report, METRIC_TOP1) && interval_holds_chance(subject->ci95, outputs->width))
        context_warn(context,
                     "%s: top1 %.2f %% is no better than guessing among %lld classes: do "
                     "data, labels and preprocessing belong to this model?",
                     subject->file.name, 100 * subject->value, (long long)outputs->width);
    return OK;
}

static void estimate(const struct eval_report *report, struct eval_subject *subject)
{
    const struct device *own = subject == report->baseline ? report->baseline_device : NULL;

    subject->energy =
        arena_array(report->invocation->arena, struct energy, (size_t)report->device_count + 2);
    for (int i = 0; i < report->device_count; i++)
        energy_init(&subject->energy[i], &subject->figures.counts, &report->device[i]);
    if (own) // behind those on the model's
        energy_init(&subject->energy[report->device_count], &subject->figures.counts, own);
}

// Saved outputs are of the samples that they were made of, and of no others.
static enum status check_saved(const struct eval_report *report, const struct eval_subject *subject)
{
    const struct json *sha256 = subject->saved ? json_at(subject->saved, "data_sha256") : NULL;

    if (!sha256 || !json_text(sha256) || strcmp(json_text(sha256), report->data_sha256) == 0)
        return OK;
    return context_fail(report->invocation->context, ERR_USAGE,
                        "%s: holds outputs for other data than '%s'", subject->file.name,
                        report->data->name);
}

// Pictures become what this subject takes; a second one that takes the same shares them.
static enum status settle_data(struct eval_report *report, struct eval_subject *subject)
{
    struct invocation *invocation = report->invocation;
    struct picture_plan plan;

    subject->data = report->data;
    if (!report->data->files || !subject->file.graph)
        return OK;
    TRY(picture_plan_init(invocation->context, &subject->preprocess, subject->file.graph,
                          invocation->arena, &plan));
    if (!report->decoded || !picture_plan_equal(&plan, &report->plan)) {
        TRY(pictures_decode(invocation->context, report->data, &plan, &subject->decoded));
        report->decoded = subject->decoded;
        report->plan = plan;
    }
    subject->data = report->decoded;
    return OK;
}

enum status eval_subject_run(struct eval_report *report, const struct eval_options *options,
                             const struct eval_subject *other, struct eval_subject *subject)
{
    struct context *context = report->invocation->context;
    struct infer_options infer = run_infer(&options->run);
    struct state_link *link; // only to hear what is wrong with it before anything else
    enum status status;

    if (!subject->file.graph) {
        subject->data = report->data;
        TRY(check_saved(report, subject));
        return judge(report, subject);
    }
    TRY(preprocess_resolve(context,
                           &(struct preprocess_request){.line = &options->preprocess,
                                                        .model = subject->file.graph,
                                                        .model_name = subject->file.name,
                                                        .other = other ? other->file.graph : NULL,
                                                        .data = report->data},
                           report->invocation->arena, &subject->preprocess));
    if (subject->preprocess.from == FROM_OTHER)
        context_note(context, "%s: preprocessing is taken from %s", subject->file.name,
                     other->file.name);
    TRY(settle_data(report, subject));
    status = state_links(context, subject->file.graph, &options->state.state,
                         report->invocation->arena, &link);
    if (status == OK)
        status =
            batch_open_shapes(context, subject->data, subject->file.graph, &subject->preprocess,
                              &options->state.state, report->invocation->arena, &infer);
    if (status == OK)
        status = figures_init(context, subject->file.graph, &infer, true, &subject->figures);
    if (status != OK)
        return model_fail(context, &subject->file, status);
    estimate(report, subject);
    TRY(collect(report, options, &infer, subject));
    TRY(measure(report, options, &infer, subject));
    return judge(report, subject);
}

// Ratio of two counts; NaN where one is unknown or nothing is left to divide by.
static double ratio_of(const struct eval_report *report, const char *name)
{
    double before = eval_figure(report->baseline, name), after = eval_figure(report->model, name);

    return after > 0 ? before / after : NAN;
}

static const struct json *saved_on(const struct eval_report *report, const struct device *on)
{
    return json_member(json_at(report->baseline->saved, "steps"), on->name);
}

const char *eval_saved_reason(const struct eval_report *report, const struct device *on)
{
    const char *profile = json_text(json_at(saved_on(report, on), "profile"));
    double batch = json_number(json_at(report->baseline->saved, "batch"));

    batch = isnan(batch) ? 1 : batch; // saved before there were batches
    if (batch < on->batch || batch > on->batch)
        return batches_words(report->invocation->arena, batch, on->batch);
    if (profile && strcmp(profile, on->sha256) != 0)
        return arena_format(report->invocation->arena,
                            "the baseline's joules were saved when the profile '%s' was another "
                            "one",
                            on->name);
    return NULL;
}

// Of the baseline, where its outputs were saved with the same profile.
static bool saved_steps(const struct eval_report *report, int device, struct energy_steps *out)
{
    const struct json *steps = saved_on(report, &report->device[device]);

    if (!json_text(json_at(steps, "profile")))
        return false;
    *out = energy_steps_from_json(steps, eval_joules(report, report->baseline, device));
    return true;
}

static struct energy_ratio ratio_on(const struct eval_report *report, int device)
{
    struct energy_ratio ratio = energy_ratio_unknown;
    struct energy_steps before, own;
    double after;

    if (!report->baseline)
        return ratio;
    if (report->baseline->file.graph) {
        energy_compare(&report->baseline->figures.counts, &report->device[device],
                       &report->model->figures.counts, &report->device[device], &ratio);
        return ratio;
    }
    ratio.reason = eval_saved_reason(report, &report->device[device]);
    if (ratio.reason)
        return ratio;
    if (saved_steps(report, device, &before)) {
        energy_steps_of(&report->model->figures.counts, &report->device[device], &own);
        energy_compare_steps(&before, &own, report->device[device].ratio_error_percent, &ratio);
        return ratio;
    }
    after = eval_joules(report, report->model, device);
    if (after > 0)
        ratio.energy = eval_joules(report, report->baseline, device) / after;
    return ratio;
}

struct energy_ratio eval_ratio(const struct eval_report *report, int device)
{
    struct energy_ratio ratio = ratio_on(report, device);
    struct energy before;

    if (!report->baseline || !report->baseline_device)
        return ratio;
    before = eval_baseline_energy(report, device);
    if (!report->baseline->file.graph)
        ratio.reason = eval_saved_reason(report, report->baseline_device);
    energy_ratio_across(&ratio, report->baseline_device, &before, &report->device[device],
                        &report->model->energy[device]);
    return ratio;
}

static void tell_of_boundaries(const struct eval_report *report)
{
    const struct device *a = report->baseline_device;

    for (int i = 0; i < report->device_count && a; i++) {
        const struct device *b = &report->device[i];
        if (strcmp(a->sha256, b->sha256) != 0 && energy_boundaries_differ(a, b))
            context_warn(report->invocation->context,
                         "the ratio's joules end at different boundaries: the baseline's on %s at "
                         "%s (%s), the model's on %s at %s (%s)",
                         a->name, a->boundary ? a->boundary : "one that is not told", a->scope,
                         b->name, b->boundary ? b->boundary : "one that is not told", b->scope);
    }
}

struct measured_ratio eval_measured_ratio(const struct eval_report *report)
{
    return report->baseline
               ? measured_ratio_of(&report->baseline->measured, &report->model->measured)
               : measured_ratio_nothing;
}

enum status eval_compare(struct eval_report *report)
{
    struct context *context = report->invocation->context;
    const struct eval_subject *model = report->model, *baseline = report->baseline;

    report->ratio = eval_ratio(report, 0);
    if (report->ratio.reason)
        context_warn(context, "no ratio of energies: %s", report->ratio.reason);
    else
        tell_of_boundaries(report);
    report->difference = report->ratio_bytes = report->ratio_parameters = report->ratio_macs = NAN;
    report->difference_ci95 = (struct interval){NAN, NAN};
    if (!baseline)
        return OK;
    TRY(comparison_of(context, &baseline->outputs, &model->outputs, report->gate.margin,
                      &report->comparison));
    report->has_comparison = true;
    if (eval_metric_is(report, METRIC_TOP1) && report->comparison.is_labelled) {
        report->difference = report->comparison.difference;
        report->difference_ci95 = report->comparison.difference_ci95;
    } else if (model->has_accuracy && baseline->has_accuracy) {
        report->difference = model->value - baseline->value;
    }
    report->ratio_bytes = ratio_of(report, "bytes");
    report->ratio_parameters = ratio_of(report, "parameters");
    report->ratio_macs = ratio_of(report, "macs");
    return OK;
}
