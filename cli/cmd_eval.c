// ecai eval: accuracy, size and energy of one model, against a baseline if there is one, and the
// verdict on requirements; or one table of several models.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/ci.h"
#include "cli/eval_run.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "io/file.h"
#include "kernels/kernels.h"

// One run of the command.
struct eval {
    struct invocation *invocation;
    const struct eval_options *options;
    struct eval_report report;
    struct dataset *data;
    struct eval_subject *subject; // one an operand
    int subject_count;
    struct eval_subject baseline;
    struct text warnings;
    struct ci ci;
};

static enum status check_streams(struct eval *eval)
{
    struct context *context = eval->invocation->context;
    struct streams *streams = &eval->invocation->streams;
    const struct eval_options *options = eval->options;

    for (int i = 0; i < eval->invocation->operand_count; i++)
        TRY(streams_add_input(context, streams, "MODEL", eval->invocation->operand[i]));
    TRY(streams_add_input(context, streams, "--baseline", options->own.baseline));
    TRY(json_check_output(eval->invocation, options->json.json));
    TRY(streams_add_output(context, streams, "--save-outputs", options->own.save_outputs, true));
    if (options->own.save_outputs)
        TRY(model_check_output(eval->invocation, options->own.save_outputs, false));
    TRY(ci_check(eval->invocation, &eval->ci));
    eval->invocation->console->carries_model = streams_carry_model(streams);
    if (!options->source.data)
        return context_fail(context, ERR_USAGE,
                            "'--data' is needed, such as "
                            "'--data fashion-mnist:test'");
    if (options->own.baseline_device && !options->own.baseline)
        return context_fail(context, ERR_USAGE, "'--baseline-device' is of a '--baseline'");
    if (eval->invocation->operand_count > 1 &&
        (options->own.baseline || options->own.save_outputs || options->require.require.count ||
         options->require.min.count || options->require.max.count))
        return context_fail(context, ERR_USAGE,
                            "several models give one table: '--baseline', "
                            "'--save-outputs' and requirements take one");
    return OK;
}

static enum status parse_requirements(struct eval *eval)
{
    struct eval_report *report = &eval->report;
    struct arena *arena = eval->invocation->arena;
    const char **devices = arena_array(arena, const char *, (size_t)report->device_count + 1);

    for (int i = 0; i < report->device_count; i++)
        devices[i] = report->device[i].name;
    return gate_parse(eval->invocation->context, arena, &eval->options->require, devices,
                      &report->gate);
}

static enum status parse_metric(struct eval *eval)
{
    const char *name = eval->options->run.metric;
    struct eval_report *report = &eval->report;

    if (name && strncmp(name, "exec:", 5) == 0 && name[5])
        report->command = name + 5;
    else if (name && !metric_from_name(name, &report->metric))
        return context_fail(eval->invocation->context, ERR_USAGE,
                            "'--metric' wants top1, top5, balanced, auc, mse, mae, cosine, "
                            "perplexity or exec:CMD, got '%s'",
                            name);
    report->has_metric = name != NULL;
    return OK;
}

// What accuracy means where nobody said: by what the data have.
static void choose_metric(struct eval_report *report)
{
    if (report->has_metric)
        return;
    report->has_metric = report->data->is_labelled || report->data->target.dtype != DT_NONE;
    report->metric = report->data->is_labelled          ? METRIC_TOP1
                     : dataset_has_tokens(report->data) ? METRIC_PERPLEXITY
                                                        : METRIC_MSE;
}

static enum status specialise(struct eval *eval, struct eval_subject *subject)
{
    const struct infer_options infer = run_infer(&eval->options->run);

    return subject->file.graph
               ? model_specialise(eval->invocation, &infer, SPECIALISE_TO_RUN,
                                  eval->subject_count > 1 || eval->options->own.baseline,
                                  &subject->file)
               : OK; // outputs that were saved
}

// Data that are not there are no fault of the model: a CI must not read it as a missed requirement.
static enum status open_data(struct eval *eval)
{
    struct context *context = eval->invocation->context;
    enum status status =
        dataset_open(context, eval->options->source.data, &eval->options->dataset, &eval->data);

    eval->report.data = eval->data;
    return status == ERR_IO ? context_fail_in(context, status, "missing data") : status;
}

static enum status open_all(struct eval *eval)
{
    struct invocation *invocation = eval->invocation;
    const struct eval_options *options = eval->options;
    const char *folder = options->input.external_data;

    for (int i = 0; i < invocation->operand_count; i++) {
        eval->subject_count++;
        TRY(eval_open_subject(invocation, invocation->operand[i], folder, false,
                              &eval->subject[i]));
    }
    if (options->own.baseline) {
        eval->report.baseline = &eval->baseline;
        TRY(eval_open_subject(invocation, options->own.baseline, folder, true, &eval->baseline));
    }
    for (int i = 0; i < eval->subject_count; i++)
        TRY(specialise(eval, &eval->subject[i]));
    TRY(specialise(eval, &eval->baseline));
    TRY(open_data(eval));
    TRY(dataset_sha256(invocation->context, eval->data, eval->report.data_sha256));
    choose_metric(&eval->report);
    return OK;
}

static enum status run_all(struct eval *eval)
{
    struct eval_report *report = &eval->report;
    const struct eval_subject *other = report->baseline;

    if (!eval->options->own.device.count)
        context_note(eval->invocation->context,
                     "energy is estimated for %s; '--device' takes "
                     "another ('ecai devices list')",
                     report->device[0].name);
    for (int i = 0; i < eval->subject_count; i++) {
        report->model = &eval->subject[i];
        TRY(eval_subject_run(report, eval->options, other ? other : &eval->subject[0],
                             report->model));
    }
    report->model = &eval->subject[0];
    if (report->baseline)
        TRY(eval_subject_run(report, eval->options, report->model, &eval->baseline));
    return eval_compare(report);
}

// All documents: one, or a list of them for several models.
static struct json *documents(struct eval *eval)
{
    struct json *whole, *list;

    if (eval->subject_count == 1)
        return eval_json(&eval->report);
    whole = json_object();
    json_add_text(whole, "schema", "ecai/evals/1");
    list = json_add_array(whole, "evals");
    for (int i = 0; i < eval->subject_count; i++) {
        eval->report.model = &eval->subject[i];
        json_add(list, NULL, eval_json(&eval->report));
    }
    return whole;
}

static enum status judge(struct eval *eval)
{
    struct json *document = eval_json(&eval->report);
    enum status status = gate_judge(eval->invocation, &eval->report.gate, document);

    json_free(document);
    return status;
}

// Where stdout carries JSON or nothing, verdicts are told on stderr.
static enum status print_text(struct eval *eval)
{
    struct text text;
    enum status status = OK;

    text_init(&text);
    if (streams_use_stdout(&eval->invocation->streams)) {
        gate_text(&eval->report.gate, &text);
        if (text.length) {
            text.at[--text.length] = '\0';
            console_note(eval->invocation->console, text.at);
        }
    } else {
        if (eval->subject_count == 1)
            eval_text(&eval->report, &text);
        else
            eval_table(&eval->report, eval->subject, eval->subject_count, &text);
        status = print_result(eval->invocation->context, &text);
    }
    text_clear(&text);
    return status;
}

// What the file holds, for whoever reads the report later; a stream or a device is not read back.
static enum status record_outputs(struct eval *eval, const char *path)
{
    struct context *context = eval->invocation->context;
    struct mapped *file;
    struct stat kind;
    enum status status;

    eval->report.outputs = path;
    if (is_dash(path) || stat(path, &kind) != 0 || !S_ISREG(kind.st_mode))
        return OK;
    status = mapped_open(context, path, &file);
    if (status != OK)
        return context_fail_in(context, status, "%s", path);
    mapped_sha256(file, eval->report.outputs_sha256);
    mapped_release(file);
    return OK;
}

static enum status save(struct eval *eval)
{
    struct eval_report *report = &eval->report;
    const char *path = eval->options->own.save_outputs;

    if (!path)
        return OK;
    free(report->model->outputs.figures);
    report->model->outputs.figures = eval_saved_figures(report);
    TRY(outputs_save(eval->invocation->context, &report->model->outputs, path));
    return record_outputs(eval, path);
}

// The report is written in full before anything is said about requirements.
static enum status tell(struct eval *eval)
{
    enum status verdict = judge(eval), status = save(eval);

    if (status == OK && eval->options->json.json) {
        struct json *document = documents(eval);
        status = json_write(eval->invocation, document, eval->options->json.json);
        json_free(document);
    }
    if (status == OK)
        status = print_text(eval);
    return status != OK ? status : verdict;
}

static enum status open_baseline_device(struct eval *eval)
{
    const struct eval_own_options *own = &eval->options->own;

    TRY(eval_open_baseline_device(eval->invocation, own->baseline_device, &eval->report));
    if (own->baseline_device)
        eval->report.baseline_device->batch = (double)own->energy_batch;
    return OK;
}

static enum status work(struct eval *eval)
{
    TRY(check_streams(eval));
    TRY(eval_open_devices(eval->invocation, &eval->options->own.device, &eval->report));
    for (int i = 0; i < eval->report.device_count; i++)
        eval->report.device[i].batch = (double)eval->options->own.energy_batch;
    TRY(open_baseline_device(eval));
    TRY(cost_open(eval->invocation->context, &eval->options->cost, &eval->report.cost));
    TRY(parse_requirements(eval));
    TRY(parse_metric(eval));
    TRY(open_all(eval));
    TRY(run_all(eval));
    return tell(eval);
}

static enum status run(struct invocation *invocation)
{
    struct eval eval = {.invocation = invocation, .options = invocation->options};
    enum status status;

    eval.ci = (struct ci){.options = &eval.options->ci, .subject = invocation->operand[0]};
    eval.report.invocation = invocation;
    TRY(invocation_isa(invocation, &eval.report.isa));
    eval.subject =
        arena_array(invocation->arena, struct eval_subject, (size_t)invocation->operand_count);
    text_init(&eval.warnings);
    invocation->console->warnings = &eval.warnings;
    status = ci_report(invocation, &eval.ci, &eval.report.gate, work(&eval));
    for (int i = 0; i < eval.subject_count; i++)
        eval_close_subject(&eval.subject[i]);
    eval_close_subject(&eval.baseline);
    eval_close_devices(&eval.report);
    cost_close(&eval.report.cost);
    dataset_free(eval.data);
    invocation->console->warnings = NULL;
    text_clear(&eval.warnings);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct eval_own_options, baseline, NULL, 0, 0,
          "MODEL: compare with this model, or with outputs saved of one"),
    FIELD(
        struct eval_own_options, baseline_device, NULL, 0, 0,
        "NAME: energy profile that the baseline runs on, for ratios across hardware (default: the "
        "model's)"),
    FIELD(struct eval_own_options, device, NULL, 0, 0,
          "NAME[:KEY=NUMBER,...] or FILE: energy profile, with numbers of it changed for a "
          "what-if; the "
          "first one counts for ratios (default asic-45nm)"),
    FIELD(
        struct eval_own_options, energy_batch, "1", 1, 1 << 20,
        "joules of an inference in batches of so many, which share what is fixed and the weights"),
    FIELD(struct eval_own_options, measure, "no", 0, 0,
          "measure the energy of an inference by this machine's counter, beside the estimate"),
    FIELD(struct eval_own_options, save_outputs, NULL, 0, 0,
          "FILE.npz: keep outputs, labels and figures"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"evaluation", own_fields, offsetof(struct eval_options, own)},
    {"data", source_fields, offsetof(struct eval_options, source)},
    {"data", dataset_fields, offsetof(struct eval_options, dataset)},
    {"preprocessing", preprocess_fields, offsetof(struct eval_options, preprocess)},
    {"requirements", require_fields, offsetof(struct eval_options, require)},
    {"requirements", ci_fields, offsetof(struct eval_options, ci)},
    {"report", json_fields, offsetof(struct eval_options, json)},
    {"cost", cost_fields, offsetof(struct eval_options, cost)},
    {"running", run_fields, offsetof(struct eval_options, run)},
    {"running", state_fields, offsetof(struct eval_options, state)},
    {"model", input_fields, offsetof(struct eval_options, input)},
    {NULL, NULL, 0},
};

const struct command command_eval = {
    .operands = "MODEL... --data SOURCE",
    .details = "A requirement is one KEY of the JSON report, one of >= <= > < == !=, and one "
               "VALUE: a number, true, false, or with a unit (% kB MB KiB MiB nJ uJ mJ J us ms s). "
               "Several models give one table.",
    .examples =
        "  ecai eval small.onnx --data fashion-mnist:test --baseline big.onnx --json r.json\n"
        "  ecai eval small.onnx --data fashion-mnist:test --min accuracy.value=0.9 \\\n"
        "      --max model.bytes=64KiB --require 'energy.joules < 40uJ'\n"
        "  ecai eval big.onnx small.onnx --data fashion-mnist:test\n",
    .min_operands = 1,
    .max_operands = -1,
    .groups = groups,
    .option_bytes = sizeof(struct eval_options),
    .run = run,
};
