// Pruning by magnitude (Han et al. 2015): the smallest weights go, layer by layer or ranked over
// all layers together.
#include <math.h>

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

// What is being pruned, `count` of each.
struct work {
    struct layer *layer;
    struct mask_target *target;
    struct cut *cut;
    int count;
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

static bool is_listed(const struct work *work, struct value_id id)
{
    for (int i = 0; i < work->count; i++)
        if (value_is(work->layer[i].weight, id))
            return true;
    return false;
}

static enum status check_finite(struct pass_run *run, const struct layer *layer,
                                const struct mask_target *target)
{
    for (size_t i = 0; i < target->count; i++)
        if (!isfinite(target->weight[i])) {
            context_fail(run->context, ERR_NUMERIC, "weight '%s' is not finite",
                         graph_value(run->graph, layer->weight)->name);
            return graph_fail_at(run->context, layer->node, ERR_NUMERIC);
        }
    tensor_cool(target->tensor);
    return OK;
}

// The weight at an input of a node joins the work, once.
static enum status list_weight(struct pass_run *run, struct work *work, const struct node *node,
                               int slot)
{
    const struct magnitude_options *options = run->option;
    struct mask_target *at = &work->target[work->count];

    if (is_listed(work, node->input[slot]))
        return OK;
    work->layer[work->count] = (struct layer){node->input[slot], node};
    at->tensor = &graph_value(run->graph, node->input[slot])->tensor;
    at->weight = tensor_f32(at->tensor);
    at->count = (size_t)tensor_count(at->tensor);
    at->least_density = options->global ? options->keep : 0;
    TRY(own_sparsity(run, node, &at->sparsity));
    if (!isnan(at->sparsity))
        at->least_density = 0;
    TRY(check_finite(run, &work->layer[work->count], at));
    work->count++;
    return OK;
}

static enum status list_layers(struct pass_run *run, struct work *work)
{
    for (uint32_t n = 0; n < run->graph->node_count; n++) {
        const struct node *node = &run->graph->node[n];
        if (!selection_has(run->selection, node))
            continue;
        for (int i = -1; (i = prunable_slot(run->graph, node, i + 1)) >= 0;)
            TRY(list_weight(run, work, node, i));
    }
    return OK;
}

// Zeros what the cut takes of layer i.
static enum status prune_layer(struct pass_run *run, const struct work *work, int i)
{
    const struct layer *layer = &work->layer[i];
    const struct mask_target *target = &work->target[i];
    struct value *value = graph_value(run->graph, layer->weight);
    struct cut cut = work->cut[i];
    struct tensor kept;
    size_t zeros = 0;
    uint8_t *keep;

    TRY(tensor_alloc(run->context, &kept, DT_U8, &value->tensor.shape));
    keep = tensor_write(&kept);
    for (size_t k = target->count; k-- > 0;) {
        keep[k] = !cut_takes(&cut, target->weight[k]);
        zeros += !keep[k] || target->weight[k] == 0;
    }
    TRY(sparsity_apply(run->context, run->graph, layer->weight, kept));
    report_add(run->report, layer->node->name, layer->node->op->name, "sparsity",
               (double)zeros / (double)(target->count ? target->count : 1), "");
    return OK;
}

// Requires: float weights (absorbed quantisation). Keeps: shapes, scales. Sets: sparsity on every
// pruned weight. Weights that a node makes of constants are folded first.
static enum status run(struct pass_run *run)
{
    const struct magnitude_options *options = run->option;
    struct graph *graph = run->graph;
    const size_t room = graph->value_count + 1;
    struct work work = {.layer = arena_array(graph->arena, struct layer, room),
                        .target = arena_array(graph->arena, struct mask_target, room),
                        .cut = arena_array(graph->arena, struct cut, room)};

    TRY(pass_fold_constants.run(run));
    TRY(list_layers(run, &work));
    if (work.count == 0)
        return context_fail(run->context, ERR_UNSUPPORTED, "model has no weights to prune");
    cuts_by_magnitude(work.target, work.count, options->sparsity, options->global, work.cut);
    for (int i = 0; i < work.count; i++) {
        TRY(context_tick(run->context, "pruning", (uint64_t)i, (uint64_t)work.count));
        TRY(prune_layer(run, &work, i));
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
