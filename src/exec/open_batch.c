// Opening a batch that the graph fixes: walks the nodes with inferences at three batches, lets
// constants that hold the batch be rewritten (open_batch_rewrite.c), and proves every step.
#include <stdio.h>
#include <string.h>

#include "exec/batch_axis.h"
#include "exec/batch_axis_internal.h"

struct walk_state {
    struct graph *graph;
    struct proof proof;
    bool is_wrong; // at its own batch too
};

// ---- inputs -------------------------------------------------------------------------------------

static bool is_set(const struct infer_options *options, const char *name)
{
    size_t length = strlen(name);

    for (int64_t i = 0; i < options->set.count; i++)
        if (strncmp(options->set.at[i], name, length) == 0 && options->set.at[i][length] == '=')
            return true;
    return false;
}

// The batch that all inputs agree on; shapes as --shape gives them, the first dimension open.
static enum status open_inputs(struct context *context, struct graph *graph,
                               const struct infer_options *options, struct open_batch *out)
{
    const struct infer_options one = {.batch = 1, .shape = options->shape, .set = options->set};
    struct inference inference;
    const char *first = NULL;

    out->own = 0;
    TRY(graph_infer_begin(context, graph, &one, &inference));
    for (uint32_t i = 0; i < graph->input_count && !*out->reason; i++) {
        struct value *value = graph_value(graph, graph->input[i]);
        struct shape shape = inference.of_value[graph->input[i].at].shape;
        if (is_set(options, value->name))
            continue;
        if (shape.rank < 1) {
            snprintf(out->reason, sizeof out->reason,
                     "input '%s' is one number for all samples: give --set %s=VALUE", value->name,
                     value->name);
        } else if (first && shape.dim[0] != out->own) {
            snprintf(out->reason, sizeof out->reason,
                     "inputs '%s' and '%s' differ in their first dimension, %lld and %lld", first,
                     value->name, (long long)out->own, (long long)shape.dim[0]);
        } else {
            out->is_rewritten |= value->tensor.shape.rank < 1 || value->tensor.shape.dim[0] >= 0;
            out->own = shape.dim[0];
            first = value->name;
            shape.dim[0] = -1;
            value->tensor.shape = shape;
        }
    }
    inference_clear(&inference);
    if (!first && !*out->reason)
        snprintf(out->reason, sizeof out->reason, "the model has no input");
    if (out->own < 1 && !*out->reason)
        snprintf(out->reason, sizeof out->reason, "input '%s' has no samples", first);
    return OK;
}

static void mark_inputs(const struct walk_state *walk, const struct infer_options *options)
{
    const struct graph *graph = walk->graph;

    for (uint32_t i = 0; i < graph->value_count; i++)
        walk->proof.axis[i] = (struct batch_axis){BATCH_SHARED, 1};
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (!is_set(options, graph_value(graph, graph->input[i])->name))
            walk->proof.axis[graph->input[i].at].axis = 0;
}

// ---- the walk -----------------------------------------------------------------------------------

// At the graph's own batch every shape is what the proof says.
static bool fits_own(const struct proof *proof, uint32_t value)
{
    struct shape want = proof->at[0].of_value[value].shape;
    const struct shape *own = &proof->at[2].of_value[value].shape;
    struct batch_axis axis = proof->axis[value];

    if (axis.axis >= 0)
        want.dim[axis.axis] = proof->own * axis.repeat;
    return axis.axis == BATCH_SIZE || shape_equal(&want, own);
}

static enum status walk_node(struct context *context, struct walk_state *walk, uint32_t n)
{
    const struct node *node = &walk->graph->node[n];
    enum status status = open_node(context, walk->graph, &walk->proof, n);

    for (int k = 2; k >= 0 && status == OK; k--) {
        status = graph_infer_node(context, walk->graph, n, false, &walk->proof.at[k]);
        walk->is_wrong = status != OK && k == 2;
        TRY(status);
    }
    if (status == OK)
        status = proof_step(context, &walk->proof, node);
    for (int o = 0; o < node->output_count && status == OK; o++)
        if (value_exists(node->output[o]) && !fits_own(&walk->proof, node->output[o].at))
            status = context_fail(context, ERR_UNSUPPORTED, "its shape depends on the batch");
    return status == OK ? OK : graph_fail_at(context, node, status);
}

static enum status check_outputs(struct context *context, const struct walk_state *walk)
{
    for (uint32_t i = 0; i < walk->graph->output_count; i++) {
        uint32_t id = walk->graph->output[i].at;
        if (walk->proof.axis[id].axis != 0 || walk->proof.axis[id].repeat != 1)
            return context_fail(context, ERR_UNSUPPORTED,
                                "output '%s' is not one result a sample, sample by sample",
                                walk->graph->value[id].name);
    }
    return OK;
}

static void open_outputs(const struct walk_state *walk)
{
    for (uint32_t i = 0; i < walk->graph->output_count; i++) {
        struct shape *shape = &graph_value(walk->graph, walk->graph->output[i])->tensor.shape;
        if (shape->rank > 0)
            shape->dim[0] = -1;
    }
}

static enum status walk_all(struct context *context, struct walk_state *walk,
                            const struct infer_options *options)
{
    const int64_t batch[3] = {walk->proof.batch, 2 * walk->proof.batch, walk->proof.own};
    struct infer_options at = {.set = options->set};

    for (int k = 0; k < 3; k++) {
        at.batch = batch[k];
        TRY(graph_infer_begin(context, walk->graph, &at, &walk->proof.at[k]));
    }
    mark_inputs(walk, options);
    for (uint32_t n = 0; n < walk->graph->node_count; n++)
        TRY(walk_node(context, walk, n));
    TRY(check_outputs(context, walk));
    open_outputs(walk);
    return OK;
}

enum status graph_open_batch(struct context *context, struct graph *graph,
                             const struct infer_options *options, int64_t batch,
                             struct arena *arena, struct open_batch *out)
{
    struct walk_state walk = {.graph = graph, .proof.batch = batch};
    struct context quiet; // what cannot be proven is no error yet
    enum status status;

    memset(out, 0, sizeof *out);
    TRY(open_inputs(context, graph, options, out));
    if (*out->reason)
        return OK;
    walk.proof.own = out->own;
    TRY(open_constants(context, graph, options));
    walk.proof.axis = out->axis = arena_array(arena, struct batch_axis, graph->value_count + 1);
    context_init(&quiet);
    quiet.cancelled = context->cancelled;
    status = walk_all(&quiet, &walk, options);
    out->is_proven = status == OK;
    if (status == OK) {
        out->inference = walk.proof.at[0];
        memset(&walk.proof.at[0], 0, sizeof walk.proof.at[0]);
    }
    snprintf(out->reason, sizeof out->reason, "%s", status == OK ? "" : quiet.error);
    for (int k = 0; k < 3; k++)
        inference_clear(&walk.proof.at[k]);
    return walk.is_wrong || status == ERR_MEMORY || status == ERR_CANCELLED
               ? context_fail(context, status, "%s", out->reason)
               : OK;
}

int64_t graph_own_batch(struct context *context, const struct graph *graph,
                        const struct infer_options *options, const struct inference *inference)
{
    struct context quiet;
    struct graph *clone;
    struct arena *arena;
    struct open_batch open;
    int64_t samples = 1;

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
        samples = open.own;
        inference_clear(&open.inference);
    }
    arena_free(arena);
    graph_free(clone);
    return samples;
}
