// Shapes and counts of one model.
#include "cli/figures.h"

#include <string.h>

#include "exec/batch_axis.h"

enum status figures_init(struct context *context, const struct graph *graph,
                         const struct infer_options *options, bool is_strict, struct figures *out)
{
    struct infer_options one = options ? *options : (struct infer_options){0};

    memset(out, 0, sizeof *out);
    one.batch = 1;
    one.is_lenient = !is_strict;
    TRY(graph_infer(context, graph, &one, &out->inference));
    counts_init(&out->counts, graph, out->inference.of_value);
    if (graph->input_count)
        counts_per_sample(&out->counts,
                          (double)graph_own_batch(context, graph, &one, &out->inference));
    return OK;
}

void figures_clear(struct figures *figures)
{
    if (figures->counts.arena)
        counts_clear(&figures->counts);
    inference_clear(&figures->inference);
    memset(figures, 0, sizeof *figures);
}

void figures_keep_names(struct figures *figures, struct arena *arena)
{
    struct counts *counts = &figures->counts;

    for (uint32_t i = 0; i < counts->node_count; i++) {
        counts->node[i].name = arena_copy_text(arena, counts->node[i].name);
        counts->node[i].op = arena_copy_text(arena, counts->node[i].op);
    }
    for (uint32_t i = 0; i < counts->weight_count; i++)
        counts->weight[i].name = arena_copy_text(arena, counts->weight[i].name);
}

struct layer_figures *figures_layers(const struct counts *counts, struct arena *arena)
{
    struct layer_figures *layer = arena_array(arena, struct layer_figures, counts->node_count);

    for (uint32_t i = 0; i < counts->node_count; i++)
        layer[i].node = &counts->node[i];
    for (uint32_t i = 0; i < counts->weight_count; i++) {
        const struct weight_count *weight = &counts->weight[i];
        if (weight->layer >= counts->node_count)
            continue;
        if (weight->is_parameter) {
            layer[weight->layer].parameters += weight->elements;
            layer[weight->layer].nonzero += weight->nonzero;
        }
        layer[weight->layer].bytes +=
            stored_bytes(weight->elements, weight->nonzero, weight->type.bits);
    }
    return layer;
}
