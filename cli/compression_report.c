// What a compressor did, told per layer.
#include <math.h>
#include <string.h>

#include "cli/compression.h"
#include "cli/factors.h"
#include "cli/fits.h"
#include "cli/json_common.h"
#include "cli/layers.h"
#include "cli/table.h"
#include "energy/energy_json.h"

double compression_joules(const struct compression *compression, const struct figures *figures)
{
    struct energy energy;
    double joules;

    if (!compression->has_device)
        return NAN;
    energy_init(&energy, &figures->counts, &compression->device);
    joules = energy.joules;
    energy_clear(&energy);
    return joules;
}

struct cost compression_cost(const struct compression *compression)
{
    struct cost cost = cost_of(&compression->cost, compression->work.macs);

    cost.measured = compression->measured;
    cost.counter = meter_counter(compression->meter);
    cost.scope = meter_scope(compression->meter);
    if (isnan(cost.macs))
        cost_because(&cost, "the network's multiply-accumulates cannot be counted");
    if (compression->options->dry_run)
        cost_because(&cost, "nothing was written");
    else
        cost_pay_back(&cost, compression_joules(compression, &compression->before),
                      compression_joules(compression, &compression->after),
                      compression->has_device ? compression->device.name : NULL);
    return cost;
}

// What the pass itself reported of a layer, or of the whole model for node NULL.
static void add_figures(struct json *parent, const struct report *report, const char *node)
{
    struct json *figures = json_add_array(parent, "figures");

    for (size_t i = 0; i < report->count; i++) {
        const struct figure *figure = &report->figure[i];
        struct json *item;
        if (node ? !figure->node || strcmp(figure->node, node) != 0 : figure->node != NULL)
            continue;
        item = json_add_object(figures, NULL);
        json_add_name(item, "name", figure->name);
        json_add_number(item, "value", figure->value);
        json_add_text(item, "unit", *figure->unit ? figure->unit : NULL);
    }
}

static void add_layers(struct json *document, const struct compression *compression)
{
    const struct counts *counts = &compression->after.counts;
    const struct layer_figures *layer = figures_layers(counts, compression->invocation->arena);
    struct json *list = json_add_array(document, "layers");

    for (uint32_t i = 0; i < counts->node_count; i++) {
        struct json *item;
        if (layer[i].parameters == 0)
            continue;
        item = json_add_object(list, NULL);
        layer_figures_json(item, &layer[i]);
        add_figures(item, &compression->report, layer[i].node->name);
    }
}

static void add_options(struct json *document, const struct compression *compression)
{
    const struct invocation *invocation = compression->invocation;
    const struct pass *method = invocation->method;
    struct json *options;

    json_add_text(document, "method", method->name);
    options = json_add_object(document, "options");
    for (const struct field *field = method->option; field && field->name; field++)
        json_add_field(options, field, invocation->method_options);
}

struct json *compression_json(const struct compression *compression)
{
    const struct counts *before = &compression->before.counts;
    const struct counts *after = &compression->after.counts;
    struct json *document = json_object(), *energy, *ratio;
    const struct cost cost = compression_cost(compression);

    json_add_name(document, "schema",
                  arena_format(compression->invocation->arena, "ecai/%s/1", compression->verb));
    json_add_model(document, "model", &compression->written, after, NULL);
    json_add_model(document, "input", &compression->model, before, NULL);
    add_options(document, compression);
    json_add_bool(document, "dry_run", compression->options->dry_run);
    add_figures(document, &compression->report, NULL);
    add_layers(document, compression);
    energy = json_add_object(document, "energy");
    json_add_text(energy, "device", compression->has_device ? compression->device.name : NULL);
    json_add_number(energy, "before", compression_joules(compression, &compression->before));
    json_add_number(energy, "after", compression_joules(compression, &compression->after));
    fits_of_to_json(energy, after, compression->has_device ? &compression->device : NULL);
    ratio = json_add_object(document, "ratio");
    energy_ratio_to_json(ratio, &compression->ratio);
    json_add_number(ratio, "bytes", before->weight_bytes / after->weight_bytes);
    json_add_number(ratio, "parameters", before->parameters / after->parameters);
    json_add_number(ratio, "macs", before->macs / after->macs_nonzero);
    factors_to_json(ratio, &compression->ratio, &measured_ratio_nothing);
    cost_to_json(json_add_object(document, "cost"), &cost);
    json_add_warnings(document, compression->invocation);
    json_add_provenance(document, compression->invocation);
    return document;
}

void compression_table(const struct compression *compression, struct text *out)
{
    const struct counts *counts = &compression->after.counts;
    struct layer_figures *layer = figures_layers(counts, compression->invocation->arena);

    layer_figures_table(layer, counts->node_count, LAYERS_WITH_WEIGHTS, out);
    compression_summary(compression, out);
}

void compression_summary(const struct compression *compression, struct text *out)
{
    const struct counts *before = &compression->before.counts;
    const struct counts *after = &compression->after.counts;
    const struct cost cost = compression_cost(compression);
    struct energy energy;

    text_add_number(out, before->parameters, " weights -> ");
    text_add_number(out, after->parameters, ", ");
    text_add_percent(out, 1 - after->nonzero / after->parameters);
    text_add(out, " of them zero; stored ");
    text_add_number(out, before->weight_bytes, "B -> ");
    text_add_number(out, after->weight_bytes, "B");
    if (compression->has_device) {
        text_add(out, "; energy ");
        text_add_number(out, compression_joules(compression, &compression->before), "J -> ");
        text_add_number(out, compression_joules(compression, &compression->after), "J");
        text_format(out, " (%s, estimated; ratio %.4g)", compression->device.name,
                    compression->ratio.energy);
        energy_init(&energy, after, &compression->device);
        fits_summary(&energy, &compression->device, out);
        energy_clear(&energy);
    }
    cost_summary(&cost, out);
    text_add(out, "\n");
}
