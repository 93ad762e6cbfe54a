// Shapes and counts of one model.
#include "cli/figures.h"

#include <string.h>

#include "exec/batch_axis.h"

// Samples of one run: more than one where the graph fixes a batch of samples that are independent.
static double samples_of(struct context *context, const struct graph *graph,
                         const struct infer_options *options, const struct inference *inference)
{
    struct context quiet;
    struct graph *clone;
    struct arena *arena;
    struct open_batch open;
    double samples = 1;

    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct shape *shape = &inference->of_value[graph->input[i].at].shape;
        if (shape->rank < 1 || shape->dim[0] < 2)
            return 1;
    }
    context_init(&quiet);
    quiet.cancelled = context->cancelled;
    clone = graph_clone(graph);
    arena = arena_new();
    if (graph_open_batch(&quiet, clone, options, 2, arena, &open) == OK && open.is_proven) {
        samples = (double)open.own;
        inference_clear(&open.inference);
    }
    arena_free(arena);
    graph_free(clone);
    return samples;
}

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
        counts_per_sample(&out->counts, samples_of(context, graph, &one, &out->inference));
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
