// The command prune or quantize: a method between reading and writing.
#include "cli/compression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_common.h"
#include "cli/shell.h"
#include "pass/sparsity.h"

const struct option_group compressor_groups[] = {COMPRESSOR_GROUPS, {NULL, NULL, 0}};

void compression_init(struct compression *compression, struct invocation *invocation,
                      const char *verb)
{
    const struct compressor_options *options = invocation->options;

    memset(compression, 0, sizeof *compression);
    compression->invocation = invocation;
    compression->verb = verb;
    compression->options = &options->compress;
    compression->infer = run_infer(&options->run);
    compression->selection = (struct selection){options->compress.only, options->compress.exclude};
    compression->written.bytes = -1;
    compression->measured = NAN;
    compression->meter = meter_new(NULL);
    meter_start(compression->meter);
    text_init(&compression->warnings);
    invocation->console->warnings = &compression->warnings;
}

void compression_clear(struct compression *compression)
{
    dataset_free(compression->data);
    figures_clear(&compression->before);
    figures_clear(&compression->after);
    if (compression->report.arena)
        report_clear(&compression->report);
    if (compression->device.arena)
        device_clear(&compression->device);
    cost_close(&compression->cost);
    meter_free(compression->meter);
    graph_free(compression->graph);
    graph_free(compression->base);
    model_close(&compression->model);
    compression->invocation->console->warnings = NULL;
    text_clear(&compression->warnings);
}

enum status compression_check_outputs(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    struct context *context = invocation->context;
    struct streams *streams = &invocation->streams;
    bool writes = !options->compress.dry_run;

    if (!options->target.out && writes)
        return context_fail(context, ERR_USAGE, "'-o OUT' is needed (or '--dry-run')");
    if (writes)
        TRY(streams_add_output(context, streams, "-o", options->target.out, true));
    TRY(json_check_output(invocation, options->json.json));
    invocation->console->carries_model = streams_carry_model(streams);
    return writes ? model_check_output(invocation, options->target.out, options->target.no_clobber)
                  : OK;
}

static enum status check_line(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;

    TRY(streams_add_input(invocation->context, &invocation->streams, "MODEL",
                          invocation->operand[0]));
    if (invocation->method->needs & NEEDS_CALIBRATION && !options->source.data)
        return context_fail(invocation->context, ERR_USAGE,
                            "'%s %s' needs '--data': samples to calibrate with, such as "
                            "'--data fashion-mnist:train@0:256'",
                            compression->verb, invocation->method->name);
    return compression_check_outputs(compression);
}

static bool has_integers(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (node_is(&graph->node[i], "DequantizeLinear"))
            return true;
    return false;
}

// Energy is told where a profile is found; only who asks for it depends on one.
enum status compression_open_device(struct compression *compression)
{
    const struct compressor_options *line = compression->invocation->options;
    const struct compress_options *options = compression->options;
    bool is_asked = options->device.count || !isnan(options->energy_ratio) || options->max_energy;
    enum status status = device_read(compression->invocation->context,
                                     options->device.count ? options->device.at[0] : "asic-45nm",
                                     &compression->device);

    compression->has_device = status == OK;
    if (is_asked)
        TRY(status);
    return cost_open(compression->invocation->context, &line->cost, &compression->cost);
}

static enum status open_model(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    struct context *context = invocation->context;
    struct named_model *model = &compression->model;
    enum status status;

    TRY(compression_open_device(compression));
    TRY(model_open_streamed(invocation, invocation->operand[0], options->input.external_data,
                            model));
    TRY(model_specialise(invocation, &compression->infer, SPECIALISE_TO_WRITE, false, model));
    status =
        selection_check(context, &compression->selection, &options->compress.layer, model->graph);
    if (status == OK)
        status =
            figures_init(context, model->graph, &compression->infer, false, &compression->before);
    if (status == OK)
        status = sparsity_restore(context, model->graph);
    compression->base = graph_clone(model->graph);
    if (status == OK && has_integers(model->graph)) {
        context_note(context, "%s: stored integers are taken as the values that they stand for",
                     model->name);
        status = pipeline_run(context, &pass_absorb_quant, (struct pass_run){.context = context},
                              &compression->base);
    }
    return status == OK ? OK : model_fail(context, model, status);
}

void compression_compare(struct compression *compression)
{
    compression->ratio = energy_ratio_unknown;
    if (compression->has_device)
        energy_compare(&compression->before.counts, &compression->device,
                       &compression->after.counts, &compression->device, &compression->ratio);
}

// What is said of a teacher starts so.
enum status compression_fail(const struct compression *compression, enum status status)
{
    static const char about_teacher[] = "teacher: ";
    struct context *context = compression->invocation->context;

    if (!compression->student_name ||
        strncmp(context->error, about_teacher, sizeof about_teacher - 1) == 0)
        return model_fail(context, &compression->model, status);
    return context_fail_in(context, status, "%s", compression->student_name);
}

enum status compression_try(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    struct context *context = invocation->context;
    struct pass_run run = {.context = context,
                           .option = invocation->method_options,
                           .selection = &compression->selection,
                           .layer = &compression->options->layer,
                           .data = compression->data,
                           .preprocess = &compression->preprocess,
                           .teacher = compression->teacher,
                           .teacher_logits = compression->teacher_logits,
                           .teacher_classes = compression->teacher_classes,
                           .teacher_preprocess =
                               compression->teacher ? &compression->teacher_preprocess : NULL,
                           .isa = compression->isa,
                           .checkpoint = compression->checkpoint,
                           .report = &compression->report,
                           .work = &compression->work};
    enum status status;

    graph_free(compression->graph);
    compression->graph = graph_clone(compression->base);
    figures_clear(&compression->after);
    if (compression->report.arena)
        report_clear(&compression->report);
    report_init(&compression->report);
    status = pipeline_run(context, invocation->method, run, &compression->graph);
    if (status == OK)
        status = figures_init(context, compression->graph, &compression->infer, false,
                              &compression->after);
    if (status != OK)
        return compression_fail(compression, status);
    compression_compare(compression);
    return OK;
}

// Calibration data, and how this model reads them. The data's hash goes to the inputs: the numbers
// depend on them.
enum status compression_open_data(struct compression *compression, const char *name,
                                  const struct graph *other)
{
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    struct preprocess_request request = {.line = &options->preprocess,
                                         .model = compression->base,
                                         .model_name = name,
                                         .other = other};
    char sha256[SHA256_HEX_BYTES];

    if (options->source.data) {
        TRY(dataset_open(invocation->context, options->source.data, &options->dataset,
                         &compression->data));
        request.data = compression->data;
        TRY(dataset_sha256(invocation->context, compression->data, sha256));
        invocation_add_input(invocation, compression->data->name, sha256);
    }
    TRY(preprocess_resolve(invocation->context, &request, invocation->arena,
                           &compression->preprocess));
    return pictures_settle(invocation->context, &compression->preprocess, compression->base,
                           invocation->arena, &compression->data);
}

enum status compression_write(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    struct context *context = invocation->context;
    // A method without options still has a table: the one that is empty.
    static const struct field none[] = {FIELDS_END};
    const struct option_set sets[] = {
        {"", invocation->method->option ? invocation->method->option : none,
         invocation->method_options},
        {"", selection_fields, (void *)(uintptr_t)&options->compress},
        {NULL, NULL, NULL}};
    const char *name =
        arena_format(invocation->arena, "%s.%s", compression->verb, invocation->method->name);
    enum status status;

    // What is counted is the graph as it was annotated; this one takes its place.
    figures_keep_names(&compression->after, invocation->arena);
    status = pipeline_run(context, &pass_materialise, (struct pass_run){.context = context},
                          &compression->graph);
    if (status != OK)
        return compression_fail(compression, status);
    TRY(sparsity_store(context, compression->graph));
    preprocess_store(&compression->preprocess, compression->graph);
    history_append(invocation, compression->graph, name, sets, compression->work.macs);
    return model_save(invocation, compression->graph, "onnx", options->target.out,
                      options->target.no_clobber, &compression->written);
}

static void stop_meter(struct compression *compression)
{
    const struct invocation *invocation = compression->invocation;

    compression->measured = meter_stop(compression->meter, NULL);
    if (invocation->global->verbose && isnan(compression->measured))
        context_note(invocation->context, "not measured: %s", meter_reason(compression->meter));
}

enum status compression_tell(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    struct text text;
    enum status status = OK;

    stop_meter(compression);
    if (options->json.json) {
        struct json *document = compression_json(compression);
        status = json_write(invocation, document, options->json.json);
        json_free(document);
    }
    if (status != OK)
        return status;
    text_init(&text);
    if (options->compress.dry_run && !streams_use_stdout(&invocation->streams)) {
        compression_table(compression, &text);
        status = print_result(invocation->context, &text);
    } else {
        compression_summary(compression, &text);
        text.at[--text.length] = '\0';
        console_note(invocation->console, text.at);
    }
    text_clear(&text);
    return status;
}

static enum status work(struct compression *compression)
{
    const struct compressor_options *options = compression->invocation->options;

    TRY(check_line(compression));
    TRY(invocation_isa(compression->invocation, &compression->isa));
    TRY(open_model(compression));
    TRY(compression_open_data(compression, compression->model.name, NULL));
    TRY(compression_meet_budget(compression));
    if (!options->compress.dry_run)
        TRY(compression_write(compression));
    return compression_tell(compression);
}

enum status compress_run(struct invocation *invocation, const char *verb)
{
    struct compression compression;
    enum status status;

    compression_init(&compression, invocation, verb);
    status = work(&compression);
    compression_clear(&compression);
    return status;
}
