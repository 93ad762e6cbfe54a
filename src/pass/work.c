// Counts the arithmetic of a run.
#include "pass/work.h"

#include <math.h>

#include "data/batch.h"
#include "energy/count.h"
#include "exec/batch_axis.h"

void work_add(struct work *work, double macs)
{
    if (work)
        work->macs += macs;
}

// Marks what depends on float weights; how many gradients a node of multiply-accumulates needs: of
// its weights, and of each activation that it reads and that depends on weights.
static int gradients_of(const struct graph *graph, const struct node *node, bool *is_trained)
{
    bool has_weight = false, is_downstream = false;
    int activations = 0;

    for (int i = 0; i < node->input_count; i++) {
        const struct value *value;
        if (!value_exists(node->input[i]))
            continue;
        value = graph_value(graph, node->input[i]);
        has_weight |= value->role == VALUE_WEIGHT && dtype_info[value->tensor.dtype].is_float;
        activations += is_trained[node->input[i].at];
    }
    is_downstream = has_weight || activations > 0;
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]))
            is_trained[node->output[i].at] = is_downstream;
    return has_weight + activations > 2 ? 2 : has_weight + activations;
}

static double training_macs(const struct graph *graph, const struct counts *counts)
{
    bool *is_trained = arena_array(counts->arena, bool, graph->value_count + 1);
    double sum = counts->macs; // NaN where a node's count is
    uint32_t layer = 0;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        int gradients = gradients_of(graph, &graph->node[n], is_trained);
        if (layer < counts->node_count && counts->node[layer].node == n)
            sum += gradients * counts->node[layer++].macs;
    }
    return sum;
}

struct work_rates work_of_sample(const struct graph *graph, const struct infer_options *options)
{
    struct infer_options one = options ? *options : (struct infer_options){0};
    struct work_rates rates = {NAN, NAN};
    struct inference inference;
    struct context quiet;
    struct counts counts;
    double samples;

    context_init(&quiet);
    one.batch = 1;
    one.is_lenient = true;
    if (graph_infer(&quiet, graph, &one, &inference) != OK)
        return rates;
    counts_init(&counts, graph, inference.of_value);
    samples = (double)graph_own_batch(&quiet, graph, &one, &inference);
    rates.forward = counts.macs / samples;
    rates.training = training_macs(graph, &counts) / samples;
    counts_clear(&counts);
    inference_clear(&inference);
    return rates;
}

void work_add_run(struct work *work, const struct graph *graph, const struct dataset *data,
                  const struct preprocess *preprocess, const struct infer_options *options)
{
    struct infer_options infer = options ? *options : (struct infer_options){0};
    const struct strings none = {0, NULL};
    struct context quiet;
    struct arena *arena;

    if (!work)
        return;
    context_init(&quiet);
    arena = arena_new();
    // What fails here stays unknown.
    if (batch_open_shapes(&quiet, data, graph, preprocess, &none, arena, &infer) == OK)
        work_add(work, (double)data->count * work_of_sample(graph, &infer).forward);
    else
        work_add(work, NAN);
    arena_free(arena);
}
