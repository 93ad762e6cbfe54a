// ecai scan prune|quantize: how much each layer suffers when it alone is compressed.
#include <math.h>
#include <string.h>

#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "data/pictures.h"
#include "eval/evaluate.h"
#include "eval/metrics.h"
#include "pass/sparsity.h"
#include "prune/methods.h"
#include "quantize/methods.h"

struct scan_options {
    struct source_options source;
    struct dataset_options dataset;
    struct preprocess_options preprocess;
    struct json_options json;
    struct input_options input;
    struct run_options run;
    struct scan_own_options {
        double sparsity;
        const char *bits;
    } own;
};

struct scan_layer {
    const struct node *node;
    double parameters, value;
    struct comparison comparison;
};

// One run. Layers are those that prune magnitude would touch.
struct scan {
    struct invocation *invocation;
    const struct scan_options *options;
    const struct pass *method;
    void *method_options;
    struct named_model model;
    struct figures figures;
    struct dataset *data;
    struct preprocess preprocess;
    struct evaluate_options how;
    struct outputs base; // of the model as it is
    double value;        // its top1; NaN without labels
    struct scan_layer *layer;
    int layer_count;
};

static enum status choose_method(struct scan *scan)
{
    struct invocation *invocation = scan->invocation;
    const char *what = invocation->operand[0];
    bool is_prune = strcmp(what, "prune") == 0;
    const struct field *field;

    if (!is_prune && strcmp(what, "quantize") != 0)
        return context_fail(invocation->context, ERR_USAGE,
                            "'scan' takes 'prune' or 'quantize', not '%s'", what);
    scan->method = is_prune ? &prune_magnitude : &quantize_int8;
    scan->method_options = arena_alloc(invocation->arena, scan->method->option_bytes);
    fields_preset(scan->method->option, scan->method_options, invocation->arena);
    field = field_find(scan->method->option, is_prune ? "sparsity" : "bits");
    if (is_prune)
        *(double *)((char *)scan->method_options + field->offset) = scan->options->own.sparsity;
    else
        *(const char **)((char *)scan->method_options + field->offset) = scan->options->own.bits;
    return OK;
}

static enum status check_line(struct scan *scan)
{
    struct invocation *invocation = scan->invocation;
    struct context *context = invocation->context;

    TRY(choose_method(scan));
    TRY(streams_add_input(context, &invocation->streams, "MODEL", invocation->operand[1]));
    TRY(json_check_output(scan->invocation, scan->options->json.json));
    invocation->console->carries_model = streams_carry_model(&invocation->streams);
    if (!scan->options->source.data)
        return context_fail(context, ERR_USAGE,
                            "'--data' is needed, such as "
                            "'--data fashion-mnist:train@0:1000'");
    return OK;
}

static enum status open_all(struct scan *scan)
{
    struct invocation *invocation = scan->invocation;
    struct context *context = invocation->context;
    struct infer_options infer = run_infer(&scan->options->run);
    enum status status;

    TRY(invocation_isa(invocation, &scan->how.isa));
    scan->how.infer = infer;
    scan->how.output = scan->options->run.output;
    scan->how.stage = "scanning";
    TRY(model_open(invocation, invocation->operand[1], scan->options->input.external_data,
                   &scan->model));
    TRY(model_specialise(scan->invocation, &infer, SPECIALISE_TO_RUN, false, &scan->model));
    TRY(dataset_open(context, scan->options->source.data, &scan->options->dataset, &scan->data));
    TRY(preprocess_resolve(context,
                           &(struct preprocess_request){.line = &scan->options->preprocess,
                                                        .model = scan->model.graph,
                                                        .model_name = scan->model.name,
                                                        .data = scan->data},
                           invocation->arena, &scan->preprocess));
    TRY(pictures_settle(context, &scan->preprocess, scan->model.graph, invocation->arena,
                        &scan->data));
    status = pipeline_run(context, &pass_absorb_quant, (struct pass_run){.context = context},
                          &scan->model.graph);
    if (status == OK)
        status = figures_init(context, scan->model.graph, &infer, true, &scan->figures);
    return status == OK ? OK : model_fail(context, &scan->model, status);
}

static double top1_of(const struct outputs *outputs)
{
    struct accuracy accuracy;

    if (!outputs->label)
        return NAN;
    accuracy_of(outputs, NULL, &accuracy);
    return accuracy.top1;
}

static enum status run_base(struct scan *scan)
{
    struct evaluation evaluation;

    TRY(evaluate(scan->invocation->context, scan->model.graph, scan->data, &scan->preprocess,
                 &scan->how, &evaluation));
    scan->base = evaluation.outputs;
    scan->value = top1_of(&scan->base);
    return OK;
}

// The name as a glob that matches nothing else.
static const char *exact_glob(struct arena *arena, const char *name)
{
    struct text text;
    const char *copy;

    text_init(&text);
    for (; *name; name++) {
        if (strchr("*?[]\\", *name))
            text_add(&text, "\\");
        text_add_bytes(&text, name, 1);
    }
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    return copy;
}

static enum status run_layer(struct scan *scan, struct scan_layer *layer)
{
    struct context *context = scan->invocation->context;
    const char *glob = exact_glob(scan->invocation->arena, layer->node->name);
    struct selection selection = {.only = {1, &glob}};
    struct graph *graph = graph_clone(scan->model.graph);
    struct evaluation evaluation = {.executor = NULL};
    enum status status = pipeline_run(context, scan->method,
                                      (struct pass_run){.context = context,
                                                        .option = scan->method_options,
                                                        .selection = &selection,
                                                        .data = scan->data,
                                                        .preprocess = &scan->preprocess,
                                                        .isa = scan->how.isa},
                                      &graph);

    if (status == OK)
        status =
            pipeline_run(context, &pass_materialise, (struct pass_run){.context = context}, &graph);
    if (status == OK)
        status = evaluate(context, graph, scan->data, &scan->preprocess, &scan->how, &evaluation);
    if (status == OK)
        status =
            comparison_of(context, &scan->base, &evaluation.outputs, 0.005, &layer->comparison);
    if (status == OK)
        layer->value = top1_of(&evaluation.outputs);
    outputs_clear(&evaluation.outputs);
    graph_free(graph);
    return status;
}

static enum status run_layers(struct scan *scan)
{
    const struct graph *graph = scan->model.graph;

    scan->layer = arena_array(scan->invocation->arena, struct scan_layer, graph->node_count);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct value_id weight = prunable_weight(graph, &graph->node[i]);
        struct scan_layer *layer = &scan->layer[scan->layer_count];
        if (!value_exists(weight))
            continue;
        layer->node = &graph->node[i];
        layer->parameters = (double)tensor_count(&graph_value(graph, weight)->tensor);
        TRY(run_layer(scan, layer));
        scan->layer_count++;
    }
    return OK;
}

static struct json *scan_json(const struct scan *scan)
{
    struct json *document = json_object(), *list;

    json_add_text(document, "schema", "ecai/scan/1");
    json_add_model(document, "model", &scan->model, &scan->figures.counts, NULL);
    json_add_text(document, "method", scan->method->name);
    json_add_name(document, "data", scan->data->name);
    json_add_number(document, "accuracy", scan->value);
    list = json_add_array(document, "layers");
    for (int i = 0; i < scan->layer_count; i++) {
        const struct scan_layer *layer = &scan->layer[i];
        struct json *item = json_add_object(list, NULL);
        json_add_name(item, "node", layer->node->name);
        json_add_text(item, "op", layer->node->op->name);
        json_add_count(item, "parameters", layer->parameters);
        json_add_number(item, "accuracy", layer->value);
        json_add_number(item, "difference", layer->value - scan->value);
        json_add_number(item, "agreement", layer->comparison.agreement);
        json_add_number(item, "kl", layer->comparison.kl);
    }
    json_add_warnings(document, scan->invocation);
    json_add_provenance(document, scan->invocation);
    return document;
}

static void scan_text(const struct scan *scan, struct text *out)
{
    static const char *const heads[] = {"node",   "op",        "weights", "top1",
                                        "points", "agreement", "KL"};
    struct table table;

    table_init(&table, "llrrrrr");
    for (int i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    for (int i = 0; i < scan->layer_count; i++) {
        const struct scan_layer *layer = &scan->layer[i];
        table_add(&table, layer->node->name);
        table_add(&table, layer->node->op->name);
        table_add_number(&table, layer->parameters, "");
        table_format(&table, isnan(layer->value) ? "?" : "%.2f %%", 100 * layer->value);
        table_format(&table, isnan(layer->value) ? "?" : "%+.2f",
                     100 * (layer->value - scan->value));
        table_format(&table, "%.2f %%", 100 * layer->comparison.agreement);
        table_format(&table, "%.3g", layer->comparison.kl);
    }
    table_print(&table, out);
    table_clear(&table);
}

static enum status tell(struct scan *scan)
{
    struct text text;
    enum status status = OK;

    if (scan->options->json.json) {
        struct json *document = scan_json(scan);
        status = json_write(scan->invocation, document, scan->options->json.json);
        json_free(document);
    }
    if (status != OK || streams_use_stdout(&scan->invocation->streams))
        return status;
    text_init(&text);
    scan_text(scan, &text);
    status = print_result(scan->invocation->context, &text);
    text_clear(&text);
    return status;
}

static enum status work(struct scan *scan)
{
    enum status status;

    TRY(check_line(scan));
    TRY(open_all(scan));
    status = run_base(scan);
    if (status == OK)
        status = run_layers(scan);
    return status == OK ? tell(scan) : model_fail(scan->invocation->context, &scan->model, status);
}

static enum status run(struct invocation *invocation)
{
    struct scan scan = {.invocation = invocation, .options = invocation->options};
    enum status status = work(&scan);

    outputs_clear(&scan.base);
    dataset_free(scan.data);
    figures_clear(&scan.figures);
    model_close(&scan.model);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct scan_own_options, sparsity, "0.5", 0, 1, "prune: fraction of the layer to zero"),
    FIELD(struct scan_own_options, bits, "8/8", 0, 0, "W/A: quantize: bits of the layer"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"scanning", own_fields, offsetof(struct scan_options, own)},
    {"data", source_fields, offsetof(struct scan_options, source)},
    {"data", dataset_fields, offsetof(struct scan_options, dataset)},
    {"preprocessing", preprocess_fields, offsetof(struct scan_options, preprocess)},
    {"report", json_fields, offsetof(struct scan_options, json)},
    {"running", run_fields, offsetof(struct scan_options, run)},
    {"model", input_fields, offsetof(struct scan_options, input)},
    {NULL, NULL, 0},
};

const struct command command_scan = {
    .operands = "prune|quantize MODEL --data SOURCE",
    .details = "Each layer is compressed alone (by magnitude, or to int8), the others stay as they "
               "are; use training data.",
    .min_operands = 2,
    .max_operands = 2,
    .groups = groups,
    .option_bytes = sizeof(struct scan_options),
    .run = run,
};
