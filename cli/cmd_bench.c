// ecai bench: throughput and latency of a model, and where the time goes.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/measured.h"
#include "cli/shell.h"
#include "cli/table.h"

struct bench_options {
    struct json_options json;
    struct input_options input;
    struct run_options run;
    struct bench_own_options {
        double seconds;
        bool measure;
    } own;
};

static struct json *bench_json(struct invocation *invocation, const struct named_model *model,
                               const struct figures *figures, const struct bench *bench,
                               const struct measured *measured)
{
    struct json *document = json_object(), *part;
    char processor[PROCESSOR_NAME_BYTES];

    json_add_text(document, "schema", "ecai/bench/1");
    json_add_model(document, "model", model, &figures->counts,
                   bench->is_integer ? "int8" : "float");
    part = json_add_object(document, "throughput");
    json_add_number(part, "best", bench->throughput.best);
    json_add_number(part, "median", bench->throughput.median);
    json_add_text(part, "unit", "inferences/s");
    part = json_add_object(document, "latency_ms");
    json_add_number(part, "best", bench->latency_ms.best);
    json_add_number(part, "median", bench->latency_ms.median);
    json_add_int(document, "batch", bench->batch);
    json_add_running(document, invocation, bench->isa);
    processor_name(processor);
    json_add_text(document, "processor", processor);
    part = json_add_object(document, "peak");
    json_add_number(part, "f32", bench->peak.f32);
    json_add_number(part, "i8", bench->peak.i8);
    json_add_number(part, "i8_tiles",
                    bench->peak.i8_tiles > 0 ? bench->peak.i8_tiles : (double)NAN);
    part = json_add_array(document, "layers");
    for (int i = 0; i < bench->layer_count; i++) {
        struct json *layer = json_add_object(part, NULL);
        json_add_name(layer, "node", bench->layer[i].node);
        json_add_name(layer, "op", bench->layer[i].op);
        json_add_text(layer, "algorithm", bench->layer[i].algorithm);
        json_add_number(layer, "share", bench->layer[i].share);
        json_add_number(layer, "of_peak", bench->layer[i].of_peak);
        json_add_number(layer, "seconds", bench->layer[i].seconds);
        json_add_count(layer, "macs", bench->layer[i].macs);
        json_add_count(layer, "macs_done", bench->layer[i].macs_done);
        json_add_text(layer, "peak", bench->layer[i].peak_name);
    }
    measured_to_json(json_add_object(document, "measured"), measured);
    json_add_provenance(document, invocation);
    return document;
}

// Empty where the number is unknown.
static void add_number_cell(struct table *table, int decimals, double number, const char *unit)
{
    if (isnan(number))
        table_add(table, "");
    else if (number < 100)
        table_format(table, "%.*f%s", decimals, number, unit);
    else
        table_format(table, "%.0f%s", number, unit);
}

static void layers_text(const struct bench *bench, struct text *out)
{
    static const char *const heads[] = {"node",  "op",    "algorithm", "us",
                                        "share", "GOP/s", "of peak"};
    struct table table;

    table_init(&table, "lllrrrr");
    for (int i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    for (int i = 0; i < bench->layer_count; i++) {
        const struct bench_layer *layer = &bench->layer[i];
        table_add(&table, layer->node);
        table_add(&table, layer->op);
        table_add(&table, layer->algorithm);
        add_number_cell(&table, 2, 1e6 * layer->seconds, "");
        add_number_cell(&table, 1, 100 * layer->share, " %");
        add_number_cell(&table, 1, 1e-9 * layer->rate, "");
        add_number_cell(&table, 0, 100 * layer->of_peak, " %");
    }
    table_print(&table, out);
    table_clear(&table);
}

static void bench_text(struct invocation *invocation, const struct bench *bench,
                       const struct measured *measured, struct text *out)
{
    text_format(out,
                "throughput  best %.5g, median %.5g inferences/s (batch %lld, %d threads, %s)\n"
                "latency     best %.4g, median %.4g ms (one thread)\n"
                "peak        %.4g GOP/s float32, %.4g GOP/s int8 (one core, measured)\n",
                bench->throughput.best, bench->throughput.median, (long long)bench->batch,
                invocation->context->threads, isa_name(bench->isa), bench->latency_ms.best,
                bench->latency_ms.median, 1e-9 * bench->peak.f32, 1e-9 * bench->peak.i8);
    if (measured->counter) {
        text_add(out, "energy      ");
        measured_text(measured, out);
        text_add(out, "\n");
    }
    text_add(out, "\n");
    layers_text(bench, out);
}

static enum status tell(struct invocation *invocation, const struct named_model *model,
                        const struct figures *figures, const struct bench *bench,
                        const struct measured *measured)
{
    const struct bench_options *options = invocation->options;
    struct text text;
    enum status status = OK;

    if (options->json.json) {
        struct json *document = bench_json(invocation, model, figures, bench, measured);
        status = json_write(invocation, document, options->json.json);
        json_free(document);
    }
    if (status != OK || streams_use_stdout(&invocation->streams))
        return status;
    text_init(&text);
    bench_text(invocation, bench, measured, &text);
    status = print_result(invocation->context, &text);
    text_clear(&text);
    return status;
}

static enum status work(struct invocation *invocation, struct named_model *model,
                        struct figures *figures)
{
    const struct bench_options *options = invocation->options;
    struct infer_options infer = run_infer(&options->run);
    struct measured measured = measured_nothing;
    struct bench bench = {.seconds = options->own.seconds, .batch = options->run.batch};
    enum status status;

    TRY(invocation_isa(invocation, &bench.isa));
    // One sample at a time: as on a small machine, where weights should not lie there twice.
    TRY((options->run.batch == 1 ? model_open_streamed : model_open)(
        invocation, invocation->operand[0], options->input.external_data, model));
    TRY(model_specialise(invocation, &infer, SPECIALISE_TO_RUN, false, model));
    status = figures_init(invocation->context, model->graph, &infer, true, figures);
    if (status == OK)
        status = bench_run(invocation->context, invocation->arena, model->graph, &infer,
                           &figures->counts, &bench);
    if (status == OK && options->own.measure)
        status = measured_run(invocation, model->graph, &infer, &bench, &measured);
    return status == OK ? tell(invocation, model, figures, &bench, &measured)
                        : model_fail(invocation->context, model, status);
}

static enum status run(struct invocation *invocation)
{
    const struct bench_options *options = invocation->options;
    struct named_model model = {0};
    struct figures figures = {0};
    enum status status;

    TRY(streams_add_input(invocation->context, &invocation->streams, "MODEL",
                          invocation->operand[0]));
    TRY(json_check_output(invocation, options->json.json));
    invocation->console->carries_model = streams_carry_model(&invocation->streams);
    status = work(invocation, &model, &figures);
    figures_clear(&figures);
    model_close(&model);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct bench_own_options, seconds, "2", 0.05, 3600, "how long to measure"),
    FIELD(struct bench_own_options, measure, "no", 0, 0,
          "measure the energy of an inference, too, by this machine's counter (ten seconds)"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"measuring", own_fields, offsetof(struct bench_options, own)},
    {"report", json_fields, offsetof(struct bench_options, json)},
    {"running", run_fields, offsetof(struct bench_options, run)},
    {"model", input_fields, offsetof(struct bench_options, input)},
    {NULL, NULL, 0},
};

const struct command command_bench = {
    .operands = "MODEL",
    .details = "Inputs are seeded noise. Compare speeds only within one run on one machine. The "
               "table is of one thread, batches of 16: us is the time an inference, GOP/s counts "
               "what the layer asks for (a multiplication and an addition are two), of peak what "
               "its algorithm really does, against loops of multiply-adds that run in between.",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct bench_options),
    .run = run,
};
