// ecai/eval/1: every key always there, in the order that docs/json.md gives; unknown is null.
#include <math.h>
#include <string.h>

#include "cli/eval_report.h"
#include "cli/fits.h"
#include "cli/json_common.h"
#include "energy/energy_json.h"

const char *eval_metric_name(const struct eval_report *report)
{
    return report->command ? arena_format(report->invocation->arena, "exec:%s", report->command)
                           : metric_name(report->metric);
}

bool eval_metric_is(const struct eval_report *report, enum metric metric)
{
    return report->has_metric && !report->command && report->metric == metric;
}

double eval_figure(const struct eval_subject *subject, const char *name)
{
    const struct counts *counts = &subject->figures.counts;

    if (!subject->file.graph)
        return subject->saved ? json_number(json_at(subject->saved, name)) : NAN;
    if (strcmp(name, "bytes") == 0)
        return (double)subject->file.bytes;
    if (strcmp(name, "nonzero") == 0)
        return counts->nonzero;
    return strcmp(name, "parameters") == 0 ? counts->parameters : counts->macs;
}

static double saved_joules(const struct eval_report *report, const struct eval_subject *subject,
                           const struct device *on)
{
    return subject->saved && !eval_saved_reason(report, on)
               ? json_number(json_member(json_at(subject->saved, "joules"), on->name))
               : NAN;
}

double eval_joules(const struct eval_report *report, const struct eval_subject *subject, int device)
{
    return subject->energy ? subject->energy[device].joules
                           : saved_joules(report, subject, &report->device[device]);
}

struct energy eval_baseline_energy(const struct eval_report *report, int device)
{
    const struct eval_subject *baseline = report->baseline;
    const struct device *own = report->baseline_device;

    if (baseline->energy)
        return baseline->energy[own ? report->device_count : device];
    return (struct energy){.joules =
                               saved_joules(report, baseline, own ? own : &report->device[device]),
                           .low = NAN,
                           .high = NAN};
}

static void add_data(struct json *document, const struct eval_report *report)
{
    struct json *data = json_add_object(document, "data");

    json_add_name(data, "name", report->data->name);
    json_add_int(data, "samples", report->data->count);
    json_add_text(data, "sha256", report->data_sha256);
    json_add_bool(data, "labelled", report->data->is_labelled);
    if (report->data->is_labelled)
        json_add_int(data, "classes", report->model->data->classes);
    else
        json_add_null(data, "classes");
    json_add(data, "preprocess", preprocess_json(&report->model->preprocess, true));
}

static void add_per_class(struct json *accuracy, const struct eval_report *report)
{
    const struct eval_subject *model = report->model;
    struct json *list = json_add_array(accuracy, "per_class");

    for (int64_t i = 0;
         model->per_class && i < report->model->data->classes && i < model->outputs.width; i++) {
        const struct class_accuracy *row = &model->per_class[i];
        struct json *item = json_add_object(list, NULL);
        if (report->model->data->class_name)
            json_add_name(item, "class", report->model->data->class_name[i]);
        else
            json_add_int(item, "class", i);
        json_add_int(item, "samples", row->samples);
        json_add_number(item, "value",
                        row->samples ? (double)row->correct / (double)row->samples : (double)NAN);
    }
}

static void add_accuracy(struct json *document, const struct eval_report *report)
{
    const struct eval_subject *model = report->model;
    bool labelled = model->per_class != NULL;
    struct json *accuracy;

    if (!model->has_accuracy) {
        json_add_null(document, "accuracy");
        return;
    }
    accuracy = json_add_object(document, "accuracy");
    json_add_name(accuracy, "metric", eval_metric_name(report));
    json_add_number(accuracy, "value", model->value);
    json_add_interval(accuracy, "ci95", model->ci95.low, model->ci95.high);
    json_add_text(accuracy, "better",
                  report->command || metric_is_higher_better(report->metric) ? "higher" : "lower");
    json_add_number(accuracy, "top5", labelled ? model->accuracy.top5 : (double)NAN);
    json_add_number(accuracy, "balanced", labelled ? model->accuracy.balanced : (double)NAN);
    add_per_class(accuracy, report);
}

void difference_to_json(struct json *block, const struct difference *difference)
{
    const struct comparison *c = difference->answers;
    bool is_labelled = c && c->is_labelled && difference->is_paired;
    struct json *non_inferior;

    json_add_number(block, "difference", difference->value);
    json_add_interval(block, "difference_ci95", difference->ci95.low, difference->ci95.high);
    json_add_number(block, "lost", is_labelled ? (double)c->lost : (double)NAN);
    json_add_number(block, "gained", is_labelled ? (double)c->gained : (double)NAN);
    json_add_number(block, "agreement", c ? c->agreement : (double)NAN);
    json_add_number(block, "kl", c ? c->kl : (double)NAN);
    json_add_number(block, "mcnemar_p", is_labelled ? c->mcnemar_p : (double)NAN);
    non_inferior = json_add_object(block, "non_inferior");
    json_add_number(non_inferior, "margin", difference->margin);
    if (difference->non_inferior == VERDICT_UNKNOWN)
        json_add_null(non_inferior, "holds");
    else
        json_add_bool(non_inferior, "holds", difference->non_inferior == VERDICT_HOLDS);
}

static void add_comparison(struct json *block, const struct eval_report *report)
{
    const struct comparison *c = report->has_comparison ? &report->comparison : NULL;
    struct difference difference = {report->difference,  report->difference_ci95, c,
                                    report->gate.margin, VERDICT_UNKNOWN,         true};

    if (c && c->is_labelled && eval_metric_is(report, METRIC_TOP1))
        difference.non_inferior = c->is_non_inferior ? VERDICT_HOLDS : VERDICT_MISSED;
    difference_to_json(block, &difference);
}

static void add_baseline_preprocess(struct json *block, const struct eval_subject *baseline)
{
    const struct json *saved =
        baseline && baseline->saved ? json_at(baseline->saved, "preprocess") : NULL;

    if (baseline && baseline->file.graph)
        json_add(block, "preprocess", preprocess_json(&baseline->preprocess, true));
    else if (saved)
        json_add(block, "preprocess", json_copy(saved));
    else
        json_add_null(block, "preprocess");
}

static void add_baseline(struct json *document, const struct eval_report *report)
{
    const struct eval_subject *baseline = report->baseline;
    struct json *block = json_add_object(document, "baseline");

    json_add_name(block, "file", baseline ? baseline->file.path : NULL);
    json_add_text(block, "sha256",
                  baseline && *baseline->file.sha256 ? baseline->file.sha256 : NULL);
    json_add_count(block, "bytes", baseline ? eval_figure(baseline, "bytes") : NAN);
    json_add_count(block, "parameters", baseline ? eval_figure(baseline, "parameters") : NAN);
    json_add_count(block, "macs", baseline ? eval_figure(baseline, "macs") : NAN);
    json_add_number(block, "accuracy",
                    baseline && baseline->has_accuracy ? baseline->value : (double)NAN);
    json_add_number(block, "joules", baseline ? eval_baseline_energy(report, 0).joules : NAN);
    add_baseline_preprocess(block, baseline);
    add_comparison(block, report);
    measured_to_json(json_add_object(block, "measured"),
                     baseline ? &baseline->measured : &measured_nothing);
    json_add_text(block, "device", report->baseline_device ? report->baseline_device->name : NULL);
    if (report->baseline_device)
        energy_profile_to_json(json_add_object(block, "profile"), report->baseline_device);
    else
        json_add_null(block, "profile");
}

// A counter's reading is of this machine, whatever the device.
static void add_energy_on(struct json *block, const struct eval_report *report, int device)
{
    struct energy_steps steps;

    energy_to_json(block, &report->model->energy[device], &report->device[device]);
    fits_to_json(block, &report->model->energy[device], &report->device[device]);
    energy_steps_of(&report->model->figures.counts, &report->device[device], &steps);
    energy_steps_to_json(json_add_object(block, "steps"), &steps);
    measured_to_json(json_add_object(block, "measured"), &report->model->measured);
}

static void add_energy(struct json *document, const struct eval_report *report)
{
    struct json *by_device;

    add_energy_on(json_add_object(document, "energy"), report, 0);
    by_device = json_add_object(document, "energy_by_device");
    for (int i = 0; i < report->device_count; i++)
        add_energy_on(json_add_object(by_device, report->device[i].name), report, i);
}

static void add_ratio(struct json *document, const struct eval_report *report)
{
    const struct measured_ratio measured = eval_measured_ratio(report);
    struct json *ratio = json_add_object(document, "ratio");

    energy_ratio_to_json(ratio, &report->ratio);
    json_add_number(ratio, "bytes", report->ratio_bytes);
    json_add_number(ratio, "parameters", report->ratio_parameters);
    json_add_number(ratio, "macs", report->ratio_macs);
    factors_to_json(ratio, &report->ratio, &measured);
}

static void add_ratio_by_device(struct json *document, const struct eval_report *report)
{
    const struct measured_ratio measured = eval_measured_ratio(report);
    struct json *by_device = json_add_object(document, "ratio_by_device");

    for (int i = 0; i < report->device_count; i++) {
        struct json *block = json_add_object(by_device, report->device[i].name);
        struct energy_ratio ratio = eval_ratio(report, i);
        energy_ratio_to_json(block, &ratio);
        factors_to_json(block, &ratio, &measured);
    }
}

static const char *history_of(const struct eval_subject *subject)
{
    const struct json *saved;

    if (!subject || subject->file.graph)
        return subject ? graph_metadata(subject->file.graph, "ecai.history") : NULL;
    saved = subject->saved ? json_at(subject->saved, "history") : NULL;
    return saved ? json_text(saved) : NULL;
}

bool eval_cost(const struct eval_report *report, struct cost *out)
{
    const struct eval_subject *baseline = report->baseline;
    const char *unknown;
    double macs;

    if (!cost_of_history(report->invocation->arena, history_of(report->model), history_of(baseline),
                         &macs, &unknown))
        return false;
    *out = cost_of(&report->cost, macs);
    if (unknown)
        cost_because(out, "the history does not tell the work of '%s'", unknown);
    if (baseline)
        cost_pay_back(out, eval_joules(report, baseline, 0), report->model->energy[0].joules,
                      report->device[0].name);
    else
        cost_because(out, "no baseline to compare with");
    return true;
}

struct carbon eval_carbon(const struct eval_report *report)
{
    return carbon_of(&report->cost, &report->model->energy[0], &report->device[0]);
}

static void add_carbon(struct json *document, const struct eval_report *report)
{
    const struct carbon carbon = eval_carbon(report);

    carbon_to_json(json_add_object(document, "carbon"), &carbon);
}

static void add_cost(struct json *document, const struct eval_report *report)
{
    struct cost cost;

    if (eval_cost(report, &cost))
        cost_to_json(json_add_object(document, "cost"), &cost);
    else
        json_add_null(document, "cost");
}

// What this evaluation ran.
static double work_of(const struct eval_report *report)
{
    const struct eval_subject *baseline = report->baseline;
    double macs = report->model->figures.counts.macs;

    if (baseline && baseline->file.graph)
        macs += baseline->figures.counts.macs;
    return macs * (double)report->data->count;
}

static void add_timing(struct json *document, const struct eval_report *report)
{
    struct json *timing = json_add_object(document, "timing");
    double seconds = report->model->seconds;

    json_add_number(timing, "seconds", seconds);
    json_add_number(timing, "inferences_per_second",
                    seconds > 0 ? (double)report->data->count / seconds : (double)NAN);
    json_add_running(timing, report->invocation, report->isa);
    json_add_count(timing, "macs", work_of(report));
}

static void add_provenance(struct json *document, const struct eval_report *report)
{
    struct json *provenance = json_add_provenance(document, report->invocation), *outputs;

    if (!report->outputs) {
        json_add_null(provenance, "outputs");
        return;
    }
    outputs = json_add_object(provenance, "outputs");
    json_add_name(outputs, "file", report->outputs);
    json_add_text(outputs, "sha256", *report->outputs_sha256 ? report->outputs_sha256 : NULL);
}

struct json *eval_json(const struct eval_report *report)
{
    struct json *document = json_object();

    json_add_text(document, "schema", "ecai/eval/1");
    json_add_model(document, "model", &report->model->file, &report->model->figures.counts,
                   report->model->executor);
    add_data(document, report);
    add_accuracy(document, report);
    add_baseline(document, report);
    add_energy(document, report);
    add_ratio(document, report);
    add_ratio_by_device(document, report);
    add_cost(document, report);
    add_carbon(document, report);
    add_timing(document, report);
    gate_to_json(document, &report->gate);
    json_add_warnings(document, report->invocation);
    add_provenance(document, report);
    return document;
}

// What a ratio to the model and its factors are made of later, by device.
static void add_saved_steps(struct json *figures, const struct eval_report *report)
{
    struct json *by_device = json_add_object(figures, "steps"), *block;
    struct energy_steps steps;

    for (int i = 0; i < report->device_count; i++) {
        block = json_add_object(by_device, report->device[i].name);
        energy_steps_of(&report->model->figures.counts, &report->device[i], &steps);
        energy_steps_to_json(block, &steps);
        json_add_text(block, "profile", report->device[i].sha256);
    }
}

char *eval_saved_figures(const struct eval_report *report)
{
    const struct eval_subject *model = report->model;
    struct json *figures = json_object(), *joules;
    struct text text;

    json_add_name(figures, "file", model->file.path);
    json_add_text(figures, "sha256", model->file.sha256);
    json_add_int(figures, "bytes", model->file.bytes);
    json_add_count(figures, "parameters", model->figures.counts.parameters);
    json_add_count(figures, "nonzero", model->figures.counts.nonzero);
    json_add_count(figures, "macs", model->figures.counts.macs);
    json_add_number(figures, "batch", model->energy[0].batch);
    joules = json_add_object(figures, "joules");
    for (int i = 0; i < report->device_count; i++)
        json_add_number(joules, report->device[i].name, model->energy[i].joules);
    add_saved_steps(figures, report);
    json_add(figures, "preprocess", preprocess_json(&model->preprocess, true));
    json_add_text(figures, "data_sha256", report->data_sha256);
    json_add_text(figures, "history", history_of(model));
    text_init(&text);
    json_print(figures, false, &text);
    json_free(figures);
    return text.at; // the caller frees
}
