// Pruning by magnitude (Han et al. 2015): the smallest weights go, layer by layer or ranked over
// all layers together.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pass/sparsity.h"
#include "prune/methods.h"
#include "train/masks.h"

struct magnitude_options {
    double sparsity;
    bool global;
    double keep;
};

static const struct field fields[] = {
    FIELD(struct magnitude_options, sparsity, "0.5", 0, 1, "fraction of the weights to zero"),
    FIELD(struct magnitude_options, global, "no", 0, 0,
          "rank all layers together instead of one by one"),
    FIELD(struct magnitude_options, keep, "0.02", 0, 1,
          "with --global: least fraction of each layer that stays"),
    FIELDS_END,
};

struct layer {
    struct value_id weight;
    const struct node *node;
};

static enum status own_sparsity(struct pass_run *run, const struct node *node, double *out)
{
    const char *setting = layer_setting(run->layer, node, run->graph->arena);

    *out = NAN;
    if (setting && (!parse_number(setting, out) || *out < 0 || *out > 1))
        return context_fail(run->context, ERR_USAGE, "'--layer ...=%s' is no sparsity from 0 to 1",
                            setting);
    return OK;
}

static bool is_listed(const struct layer *layer, int count, struct value_id id)
{
    for (int i = 0; i < count; i++)
        if (value_is(layer[i].weight, id))
            return true;
    return false;
}

static enum status list_layers(struct pass_run *run, struct layer *layer,
                               struct mask_target *target, int *count)
{
    const struct magnitude_options *options = run->option;
    struct graph *graph = run->graph;

    *count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        struct value_id id = prunable_weight(graph, node);
        struct mask_target *at = &target[*count];
        if (!value_exists(id) || !selection_has(run->selection, node) ||
            is_listed(layer, *count, id))
            continue;
        TRY(tensor_make_private(run->context, &graph_value(graph, id)->tensor));
        layer[*count] = (struct layer){id, node};
        *at = (struct mask_target){.weight = tensor_f32(&graph_value(graph, id)->tensor),
                                   .count = (size_t)tensor_count(&graph_value(graph, id)->tensor),
                                   .least_density = options->global ? options->keep : 0};
        TRY(own_sparsity(run, node, &at->sparsity));
        if (!isnan(at->sparsity))
            at->least_density = 0;
        for (size_t i = 0; i < at->count; i++)
            if (!isfinite(at->weight[i])) {
                context_fail(run->context, ERR_NUMERIC, "weight '%s' is not finite",
                             graph_value(graph, id)->name);
                return graph_fail_at(run->context, node, ERR_NUMERIC);
            }
        at->mask = arena_array(graph->arena, float, at->count);
        (*count)++;
    }
    return OK;
}

// Requires: float weights (absorbed quantisation). Keeps: shapes, scales. Sets: sparsity on every
// pruned weight.
static enum status run(struct pass_run *run)
{
    const struct magnitude_options *options = run->option;
    struct graph *graph = run->graph;
    struct layer *layer = arena_array(graph->arena, struct layer, graph->node_count + 1);
    struct mask_target *target =
        arena_array(graph->arena, struct mask_target, graph->node_count + 1);
    int count;

    TRY(list_layers(run, layer, target, &count));
    if (count == 0)
        return context_fail(run->context, ERR_UNSUPPORTED, "model has no weights to prune");
    masks_by_magnitude(target, count, options->sparsity, options->global);
    for (int i = 0; i < count; i++) {
        size_t zeros = 0;
        TRY(context_tick(run->context, "pruning", (uint64_t)i, (uint64_t)count));
        TRY(sparsity_apply(run->context, graph, layer[i].weight, target[i].mask));
        for (size_t k = 0; k < target[i].count; k++)
            zeros += tensor_f32(&graph_value(graph, layer[i].weight)->tensor)[k] == 0;
        report_add(run->report, layer[i].node->name, layer[i].node->op->name, "sparsity",
                   (double)zeros / (double)(target[i].count ? target[i].count : 1), "");
    }
    return OK;
}

const struct pass prune_magnitude = {
    .name = "magnitude",
    .summary = "zero the weights of least magnitude, per layer or globally",
    .option = fields,
    .option_bytes = sizeof(struct magnitude_options),
    .run = run,
};
