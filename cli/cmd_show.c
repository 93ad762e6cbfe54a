// ecai show: what is in a model, as text and as ecai/show/1.
#include <math.h>
#include <string.h>

#include "cli/about.h"
#include "cli/cost.h"
#include "cli/figures.h"
#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/layers.h"
#include "cli/shell.h"
#include "cli/show_channels.h"
#include "cli/show_memory.h"
#include "cli/table.h"

struct show_own_options {
    bool all, channels;
};

struct show_options {
    struct show_own_options own;
    struct input_options input;
    struct json_options json;
    struct run_options run;
};

struct show {
    struct invocation *invocation;
    const struct named_model *model;
    const struct figures *figures;
    const struct layer_figures *layer;
    const struct about *about;
    const struct shown_memory *memory;
    const struct shown_channels *channels; // graph NULL: nobody asked
    bool is_whole;                         // every layer
};

static void add_values(struct json *parent, const char *key, const struct graph *graph,
                       const struct value_id *id, uint32_t count)
{
    struct json *list = json_add_array(parent, key);

    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = graph_value(graph, id[i]);
        struct json *item = json_add_object(list, NULL);
        json_add_name(item, "name", value->name);
        json_add_text(item, "dtype",
                      value->tensor.dtype == DT_NONE ? NULL : dtype_info[value->tensor.dtype].name);
        json_add_shape(item, "shape", &value->tensor.shape, value->dim_name);
    }
}

static void add_graph(struct json *document, const struct graph *graph)
{
    struct json *block = json_add_object(document, "graph");

    json_add_name(block, "name", graph->name);
    json_add_name(block, "producer", graph->producer);
    json_add_number(block, "opset", graph->source_opset ? (double)graph->source_opset : NAN);
    json_add_int(block, "nodes", graph->node_count);
    add_values(block, "inputs", graph, graph->input, graph->input_count);
    add_values(block, "outputs", graph, graph->output, graph->output_count);
}

static void add_layers(struct json *document, const struct show *show)
{
    struct json *list = json_add_array(document, "layers");

    for (uint32_t i = 0; i < show->figures->counts.node_count; i++)
        layer_figures_json(json_add_object(list, NULL), &show->layer[i]);
}

// A metadata text that is JSON itself; null if it is not there or damaged.
static void add_record(struct json *document, const char *key, const char *text)
{
    struct context quiet;
    struct json *record = NULL;

    context_init(&quiet);
    if (text && json_parse(&quiet, text, strlen(text), &record) == OK)
        json_add(document, key, record);
    else
        json_add_null(document, key);
}

static struct json *show_json(const struct show *show)
{
    const struct counts *counts = &show->figures->counts;
    const struct graph *graph = show->model->graph;
    struct json *document = json_object(), *memory;

    json_add_text(document, "schema", "ecai/show/1");
    json_add_model(document, "model", show->model, counts, NULL);
    add_graph(document, graph);
    add_layers(document, show);
    memory = json_add_object(document, "memory");
    json_add_number(memory, "weights", counts->weight_bytes);
    json_add_number(memory, "weights_dense", counts->dense_weight_bytes);
    json_add_number(memory, "activations", counts->activation_bytes);
    json_add_number(memory, "activations_peak", counts->peak_activation_bytes);
    shown_memory_json(show->memory, memory);
    json_add_name(document, "unknown", counts->reason);
    about_json(show->about, document);
    add_record(document, "preprocess", graph_metadata(graph, "ecai.preprocess"));
    add_record(document, "history", graph_metadata(graph, "ecai.history"));
    shown_channels_json(show->channels, document);
    json_add_warnings(document, show->invocation);
    json_add_provenance(document, show->invocation);
    return document;
}

// Shapes as declared; where nothing is, as inferred for one sample.
static void print_values(const char *title, const struct show *show, const struct value_id *id,
                         uint32_t count, struct text *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = graph_value(show->model->graph, id[i]);
        const struct shape *inferred = &show->figures->inference.of_value[id[i].at].shape;
        text_format(out, "%-9s ", title);
        text_add_escaped(out, value->name, strlen(value->name));
        text_format(out, " %s ",
                    value->tensor.dtype == DT_NONE ? "?" : dtype_info[value->tensor.dtype].name);
        shape_print(value->tensor.shape.rank < 0 ? inferred : &value->tensor.shape, out);
        text_add(out, "\n");
    }
}

static void print_metadata(const struct graph *graph, struct text *out)
{
    for (const struct metadata *entry = graph->metadata; entry; entry = entry->next) {
        text_add_escaped(out, entry->key, strlen(entry->key));
        text_add(out, ": ");
        text_add_escaped(out, entry->text, strnlen(entry->text, 400));
        text_add(out, strlen(entry->text) > 400 ? " ...\n" : "\n");
    }
}

static void print_head(const struct show *show, struct text *out)
{
    const struct graph *graph = show->model->graph;

    text_add(out, "model     ");
    text_add_escaped(out, show->model->name, strlen(show->model->name));
    text_format(out, ", %lld bytes, opset %lld, sha256 %.16s\n", (long long)show->model->bytes,
                (long long)graph->source_opset, show->model->sha256);
    if (graph->producer && *graph->producer) {
        text_add(out, "made by   ");
        text_add_escaped(out, graph->producer, strnlen(graph->producer, 60));
        text_add(out, "\n");
    }
    if (show->about->family.length)
        text_format(out, "looks like %s\n", show->about->family.at);
    print_values("input", show, graph->input, graph->input_count, out);
    print_values("output", show, graph->output, graph->output_count, out);
}

static void print_amounts(const struct counts *counts, struct text *out)
{
    text_add(out, "weights   ");
    text_add_number(out, counts->parameters, ", ");
    text_add_percent(out, counts->nonzero / counts->parameters);
    text_add(out, " of them not zero, ");
    text_add_number(out, counts->weight_bytes, "B");
    text_add(out, "\nMACs      ");
    text_add_number(out, counts->macs, " an inference, ");
    text_add_number(out, counts->macs_nonzero, " of weights that are not zero");
    text_add(out, "\nmemory    ");
    text_add_number(out, counts->peak_activation_bytes, "B of activations at the peak\n");
    if (counts->reason)
        text_format(out, "unknown: %s\n", counts->reason);
}

// The work that the history tells; nothing where there is none.
static void print_work(const struct show *show, struct text *out)
{
    const char *unknown;
    double macs;

    if (!cost_of_history(show->invocation->arena,
                         graph_metadata(show->model->graph, "ecai.history"), NULL, &macs,
                         &unknown) ||
        macs == 0)
        return;
    text_add(out, "made with ");
    text_add_number(out, macs, "MAC of work");
    if (unknown)
        text_format(out, " (the history does not tell that of '%s')", unknown);
    text_add(out, "\n");
}

static void show_text(const struct show *show, struct text *out)
{
    const struct counts *counts = &show->figures->counts;

    print_head(show, out);
    text_add(out, "\n");
    layer_figures_table(show->layer, counts->node_count,
                        show->is_whole ? LAYERS_ALL : LAYERS_LARGEST, out);
    text_add(out, "\n");
    print_amounts(counts, out);
    shown_memory_text(show->memory, out);
    about_text(show->about, show->model, out);
    if (show->channels->graph)
        shown_channels_text(show->channels, out);
    print_work(show, out);
    print_metadata(show->model->graph, out);
}

static enum status report(const struct show *show, const char *json)
{
    struct text text;
    enum status status = OK;

    if (json) {
        struct json *document = show_json(show);
        status = json_write(show->invocation, document, json);
        json_free(document);
    }
    if (status != OK || (json && is_dash(json)))
        return status;
    text_init(&text);
    show_text(show, &text);
    status = print_result(show->invocation->context, &text);
    text_clear(&text);
    return status;
}

static enum status run(struct invocation *invocation)
{
    const struct show_options *options = invocation->options;
    struct context *context = invocation->context;
    struct named_model model = {0};
    struct figures figures = {0};
    struct infer_options infer = run_infer(&options->run);
    struct shown_channels channels = {.graph = NULL};
    struct shown_memory memory;
    struct about about;
    enum isa isa;
    enum status status;

    TRY(streams_add_input(context, &invocation->streams, "MODEL", invocation->operand[0]));
    TRY(json_check_output(invocation, options->json.json));
    TRY(invocation_isa(invocation, &isa));
    status = model_open_streamed(invocation, invocation->operand[0], options->input.external_data,
                                 &model);
    if (status == OK)
        status = model_specialise(invocation, &infer, SPECIALISE_TO_RUN, false, &model);
    if (status == OK) {
        status = figures_init(context, model.graph, &infer, false, &figures);
        if (status != OK)
            model_fail(context, &model, status);
    }
    if (status == OK && options->own.channels) {
        status = shown_channels_init(context, model.graph, &infer, &channels);
        if (status != OK)
            model_fail(context, &model, status);
    }
    if (status == OK) {
        about_init(context, model.graph, &figures, &infer, isa, &about);
        shown_memory_init(invocation, model.graph, &figures.counts, &infer, isa, &memory);
        status = report(&(struct show){invocation, &model, &figures,
                                       figures_layers(&figures.counts, invocation->arena), &about,
                                       &memory, &channels, options->own.all},
                        options->json.json);
        about_clear(&about);
    }
    shown_channels_clear(&channels);
    figures_clear(&figures);
    model_close(&model);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct show_own_options, all, "no", 0, 0, "every layer, not only the largest"),
    FIELD(struct show_own_options, channels, "no", 0, 0,
          "which channels go together, and which of them could be cut out"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"showing", own_fields, offsetof(struct show_options, own)},
    {"report", json_fields, offsetof(struct show_options, json)},
    {"model", input_fields, offsetof(struct show_options, input)},
    {"running", run_fields, offsetof(struct show_options, run)},
    {NULL, NULL, 0},
};

const struct command command_show = {
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct show_options),
    .run = run,
};
