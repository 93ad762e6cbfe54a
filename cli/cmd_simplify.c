// ecai simplify: fold what can be folded, remove what is dead.
#include <math.h>

#include "cli/cost.h"
#include "cli/factors.h"
#include "cli/figures.h"
#include "cli/fits.h"
#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/model_args.h"
#include "energy/energy_json.h"
#include "exec/batch_axis.h"
#include "pass/pass.h"

struct simplify_own_options {
    struct strings shape, set;
    bool open_batch;
    const char *device;
};

struct simplify_options {
    struct simplify_own_options own;
    struct target_options target;
    struct input_options input;
    struct json_options json;
};

static const struct field own_fields[] = {
    FIELD(struct simplify_own_options, shape, NULL, 0, 0,
          "NAME=1,3,224,224: shape of an open input, fixed from then on"),
    FIELD(struct simplify_own_options, set, NULL, 0, 0,
          "NAME=VALUE: value of a scalar input, which is no input any more"),
    FIELD(struct simplify_own_options, open_batch, "no", 0, 0,
          "the batch that the file fixes becomes open"),
    FIELD(struct simplify_own_options, device, NULL, 0, 0,
          "NAME: energy profile of the report (default asic-45nm)"),
    FIELDS_END,
};

// The batch that the file fixes becomes open, where its samples are independent.
static enum status open_batch(struct context *context, struct named_model *model)
{
    static const struct infer_options none;
    struct graph *opened = graph_clone(model->graph);
    struct arena *arena = arena_new();
    struct open_batch open;
    enum status status = graph_open_batch(context, opened, &none, 16, arena, &open);

    if (status == OK && !open.is_proven)
        status = context_fail(context, ERR_UNSUPPORTED,
                              "'--open-batch': samples are not independent: %s", open.reason);
    if (status == OK) {
        inference_clear(&open.inference);
        graph_free(model->graph);
        model->graph = opened;
    } else {
        graph_free(opened);
    }
    arena_free(arena);
    return status;
}

// What --json tells: the network before and after.
struct change {
    struct device device;
    bool has_device;
    struct cost_basis cost;
    struct figures before, after;
    uint32_t nodes_before, nodes_after;
};

static double joules_of(const struct change *change, const struct figures *figures)
{
    struct energy energy;
    double joules;

    if (!change->has_device)
        return NAN;
    energy_init(&energy, &figures->counts, &change->device);
    joules = energy.joules;
    energy_clear(&energy);
    return joules;
}

static double ratio_of(double before, double after)
{
    return after > 0 ? before / after : (double)NAN;
}

static void add_ratio(struct json *document, const struct change *change)
{
    const struct counts *before = &change->before.counts, *after = &change->after.counts;
    struct json *energy = json_add_object(document, "energy");
    struct json *ratio = json_add_object(document, "ratio");
    struct energy_ratio compared = energy_ratio_unknown;

    json_add_text(energy, "device", change->has_device ? change->device.name : NULL);
    json_add_number(energy, "before", joules_of(change, &change->before));
    json_add_number(energy, "after", joules_of(change, &change->after));
    fits_of_to_json(energy, after, change->has_device ? &change->device : NULL);
    if (change->has_device)
        energy_compare(before, &change->device, after, &change->device, &compared);
    energy_ratio_to_json(ratio, &compared);
    json_add_number(ratio, "bytes", ratio_of(before->weight_bytes, after->weight_bytes));
    json_add_number(ratio, "parameters", ratio_of(before->parameters, after->parameters));
    json_add_number(ratio, "macs", ratio_of(before->macs, after->macs));
    factors_to_json(ratio, &compared, &measured_ratio_nothing);
}

static void warn_of_fits(struct invocation *invocation, const struct named_model *written,
                         const struct change *change)
{
    struct energy energy;

    if (!change->has_device)
        return;
    energy_init(&energy, &change->after.counts, &change->device);
    fits_warn(invocation->context, written->name, &energy, &change->device);
    energy_clear(&energy);
}

static enum status report(struct invocation *invocation, const struct named_model *model,
                          const struct named_model *written, const struct change *change)
{
    const struct simplify_options *options = invocation->options;
    struct json *document = json_object(), *nodes;
    struct cost cost = cost_of(&change->cost, 0); // runs no network
    enum status status;

    json_add_text(document, "schema", "ecai/simplify/1");
    json_add_model(document, "model", written, &change->after.counts, NULL);
    json_add_model(document, "input", model, &change->before.counts, NULL);
    nodes = json_add_object(document, "nodes");
    json_add_int(nodes, "before", change->nodes_before);
    json_add_int(nodes, "after", change->nodes_after);
    add_ratio(document, change);
    warn_of_fits(invocation, written, change);
    cost_pay_back(&cost, joules_of(change, &change->before), joules_of(change, &change->after),
                  change->has_device ? change->device.name : NULL);
    cost_to_json(json_add_object(document, "cost"), &cost);
    json_add_warnings(document, invocation);
    json_add_provenance(document, invocation);
    status = json_write(invocation, document, options->json.json);
    json_free(document);
    return status;
}

static enum status simplify(struct invocation *invocation, struct named_model *model,
                            struct change *change)
{
    const struct simplify_options *options = invocation->options;
    struct context *context = invocation->context;
    struct named_model written;
    struct figures figures;
    const struct infer_options infer = {.shape = options->own.shape, .set = options->own.set};
    const struct option_set sets[] = {{"", own_fields, (void *)(uintptr_t)&options->own},
                                      {NULL, NULL, NULL}};
    enum status status;

    TRY(model_open_streamed(invocation, invocation->operand[0], options->input.external_data,
                            model));
    change->nodes_before = model->graph->node_count;
    if (options->json.json) {
        TRY(figures_init(context, model->graph, &infer, false, &change->before));
        figures_keep_names(&change->before, invocation->arena);
    }
    TRY(model_specialise(invocation, &infer, SPECIALISE_TO_FOLD, false, model));
    // What does not fit together must not be passed on as if it did.
    status = figures_init(context, model->graph, NULL, false, &figures);
    figures_clear(&figures);
    if (status == OK && options->own.open_batch)
        status = open_batch(context, model);
    if (status == OK)
        status = pipeline_run(context, &pass_simplify, (struct pass_run){.context = context},
                              &model->graph);
    if (status != OK)
        return model_fail(context, model, status);
    history_append(invocation, model->graph, "simplify",
                   infer.shape.count || infer.set.count || options->own.open_batch ? sets : NULL,
                   0);
    TRY(model_save(invocation, model->graph, "onnx", options->target.out,
                   options->target.no_clobber, &written));
    change->nodes_after = model->graph->node_count;
    context_note(context, "%u nodes -> %u", change->nodes_before, change->nodes_after);
    if (!options->json.json)
        return OK;
    TRY(figures_init(context, model->graph, NULL, false, &change->after));
    return report(invocation, model, &written, change);
}

// Energy is told where a profile is found; only who asks for it depends on one.
static enum status open_report(struct invocation *invocation, struct change *change)
{
    const struct simplify_options *options = invocation->options;
    const char *device = options->own.device;
    struct cost_options usual;
    enum status status;

    if (!options->json.json)
        return OK;
    TRY(json_check_output(invocation, options->json.json));
    fields_preset(cost_fields, &usual, invocation->arena);
    status = device_read(invocation->context, device ? device : "asic-45nm", &change->device);
    change->has_device = status == OK;
    if (device)
        TRY(status);
    return cost_open(invocation->context, &usual, &change->cost);
}

static enum status run(struct invocation *invocation)
{
    const struct simplify_options *options = invocation->options;
    struct context *context = invocation->context;
    struct streams *streams = &invocation->streams;
    struct change change = {.nodes_before = 0};
    struct named_model model = {0};
    struct text warnings;
    enum status status;

    TRY(streams_add_input(context, streams, "MODEL", invocation->operand[0]));
    if (!options->target.out)
        return context_fail(context, ERR_USAGE, "'-o OUT' is needed");
    TRY(streams_add_output(context, streams, "-o", options->target.out, true));
    invocation->console->carries_model = streams_carry_model(streams);
    TRY(model_check_output(invocation, options->target.out, options->target.no_clobber));
    text_init(&warnings);
    invocation->console->warnings = &warnings;
    status = open_report(invocation, &change);
    if (status == OK)
        status = simplify(invocation, &model, &change);
    figures_clear(&change.before);
    figures_clear(&change.after);
    device_clear(&change.device);
    cost_close(&change.cost);
    model_close(&model);
    invocation->console->warnings = NULL;
    text_clear(&warnings);
    return status;
}

static const struct option_group groups[] = {
    {"simplifying", own_fields, offsetof(struct simplify_options, own)},
    {"output", target_fields, offsetof(struct simplify_options, target)},
    {"report", json_fields, offsetof(struct simplify_options, json)},
    {"model", input_fields, offsetof(struct simplify_options, input)},
    {NULL, NULL, 0},
};

const struct command command_simplify = {
    .operands = "MODEL -o OUT",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct simplify_options),
    .makes_model = true,
    .run = run,
};
