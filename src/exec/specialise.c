// Specialisation: infer, turn what became known into weights, inline taken branches of If, and
// again, until nothing changes.
#include "exec/specialise.h"

#include <stdlib.h>
#include <string.h>

#include "exec/inline.h"

// Two sizes that an open batch may have: what is the same for both does not depend on it.
enum { PROBE_FIRST = 2, PROBE_SECOND = 3, ROUNDS_MAX = 1000 };

struct round {
    struct graph *graph;
    struct inference inference; // data only where they hold for any batch
    bool *is_kept;              // values made from weights that are to stay quantised
    bool *dead;                 // nodes
    bool has_changed;
};

// ---- what is known -----------------------------------------------------------------------------

static bool same_data(const struct tensor *a, const struct tensor *b)
{
    return a->buffer && b->buffer && a->dtype == b->dtype && shape_equal(&a->shape, &b->shape) &&
           memcmp(tensor_data(a), tensor_data(b), tensor_bytes(a)) == 0;
}

// What two probes say of a value. By chance a comparison gives the same for both and another answer
// for a third batch (a length against a constant): only what was merely moved from a known place,
// or what polynomials cannot have made equal, is believed.
enum belief { BELIEVED, DIFFERS, DOUBTED };

static bool is_among(const struct node *node, const char *const *names)
{
    while (*names && !node_is(node, *names))
        names++;
    return *names != NULL;
}

static enum belief believe(const struct node *node, const enum belief *of_value, bool is_same,
                           bool is_bool)
{
    static const char *const movers[] = {"Cast",    "Expand", "Flatten",   "Gather",    "Identity",
                                         "Reshape", "Shape",  "Size",      "Slice",     "Split",
                                         "Squeeze", "Tile",   "Transpose", "Unsqueeze", NULL};
    static const char *const of_all[] = {"Add", "Concat", "Mul", "Neg", "Sub", NULL};

    for (int i = 0; i < node->input_count; i++) {
        enum belief belief = value_exists(node->input[i]) ? of_value[node->input[i].at] : BELIEVED;
        bool is_followed = is_among(node, of_all) || (i == 0 && is_among(node, movers));
        if (belief != BELIEVED && (belief == DOUBTED || !is_followed || is_bool))
            return DOUBTED;
    }
    return is_same ? BELIEVED : DIFFERS;
}

// Forgets what is not the same in both, or is so by chance.
static void keep_common(const struct graph *graph, struct inference *out,
                        const struct inference *other)
{
    enum belief *of_value = must_alloc((out->value_count + 1) * sizeof *of_value);

    memset(of_value, 0, out->value_count * sizeof *of_value); // weights, inputs: BELIEVED
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].output_count; i++) {
            struct value_id id = graph->node[n].output[i];
            const struct tensor *tensor = value_exists(id) ? &out->of_value[id.at] : NULL;
            if (tensor && tensor->buffer)
                of_value[id.at] =
                    believe(&graph->node[n], of_value, same_data(tensor, &other->of_value[id.at]),
                            tensor->dtype == DT_BOOL);
        }
    for (uint32_t i = 0; i < out->value_count; i++)
        if (of_value[i] != BELIEVED)
            tensor_release(&out->of_value[i]);
    free(of_value);
}

static enum status infer_known(struct context *context, const struct graph *graph,
                               const struct infer_options *options, struct inference *out)
{
    struct infer_options probe = *options;
    struct inference second;
    struct context silent;

    context_init(&silent);
    probe.is_lenient = true;
    probe.batch = PROBE_FIRST;
    if (!graph_has_open_batch(graph))
        return graph_infer(context, graph, &probe, out);
    if (graph_infer(&silent, graph, &probe, out) == OK) {
        probe.batch = PROBE_SECOND;
        if (graph_infer(&silent, graph, &probe, &second) == OK) {
            keep_common(graph, out, &second);
            inference_clear(&second);
            return OK;
        }
        inference_clear(out);
    }
    // The graph is not for any batch: what can be told without one.
    probe.batch = -1;
    return graph_infer(context, graph, &probe, out);
}

// ---- inputs that the user fixes ----------------------------------------------------------------

static enum status check_names(struct context *context, const struct graph *graph,
                               const struct strings *list, const char *option)
{
    for (int64_t i = 0; i < list->count; i++) {
        bool is_input = false;
        for (uint32_t k = 0; k < graph->input_count && !is_input; k++) {
            const char *name = graph_value(graph, graph->input[k])->name;
            is_input =
                strncmp(list->at[i], name, strlen(name)) == 0 && list->at[i][strlen(name)] == '=';
        }
        if (!is_input)
            return context_fail(context, ERR_USAGE, "'%s %s': the model has no such input", option,
                                list->at[i]);
    }
    return OK;
}

static bool is_named(const struct strings *list, const char *name)
{
    size_t length = strlen(name);

    for (int64_t i = 0; i < list->count; i++)
        if (strncmp(list->at[i], name, length) == 0 && list->at[i][length] == '=')
            return true;
    return false;
}

// What an output declares of its first dimension next to an open batch is what was traced
// (exec/reference.c): once the batch is fixed it has to be true.
static void fix_outputs(struct graph *graph, const struct inference *inference)
{
    for (uint32_t i = 0; i < graph->output_count; i++) {
        struct shape *declared = &graph_value(graph, graph->output[i])->tensor.shape;
        const struct shape *known = &inference->of_value[graph->output[i].at].shape;
        if (graph_value(graph, graph->output[i])->role == VALUE_ACTIVATION && declared->rank > 0 &&
            declared->dim[0] >= 0)
            declared->dim[0] = known->rank == declared->rank ? known->dim[0] : -1;
    }
}

static enum status fix_inputs(struct context *context, struct graph *graph,
                              const struct infer_options *options)
{
    struct value_id *left = arena_array(graph->arena, struct value_id, graph->input_count + 1);
    struct infer_options lenient = *options;
    struct inference inference;
    bool was_open = graph_has_open_batch(graph);
    uint32_t count = 0;

    lenient.is_lenient = true;
    lenient.batch = -1;
    TRY(check_names(context, graph, &options->shape, "--shape"));
    TRY(check_names(context, graph, &options->set, "--set"));
    for (uint32_t i = 0; i < graph->input_count; i++) {
        struct value *value = graph_value(graph, graph->input[i]);
        if (!is_named(&options->shape, value->name))
            continue;
        TRY(infer_given_shape(context, value, options, &value->tensor.shape));
        value->dim_name = NULL;
    }
    TRY(graph_infer(context, graph, &lenient, &inference));
    if (was_open && !graph_has_open_batch(graph))
        fix_outputs(graph, &inference);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        struct value *value = graph_value(graph, graph->input[i]);
        const struct tensor *known = &inference.of_value[graph->input[i].at];
        if (known->buffer) {
            tensor_share(&value->tensor, known);
            value->role = VALUE_WEIGHT;
        } else if (is_named(&options->set, value->name)) {
            inference_clear(&inference);
            return context_fail(context, ERR_USAGE,
                                "'--set %s=...' needs to know its shape; give --shape",
                                value->name);
        } else {
            left[count++] = graph->input[i];
        }
    }
    graph_set_inputs(graph, left, count);
    inference_clear(&inference);
    return OK;
}

// ---- one round ---------------------------------------------------------------------------------

// Quantised weights stay integers behind their DequantizeLinear, and so does all that is computed
// from them; their shapes are just numbers.
static void find_kept(struct round *round)
{
    const struct graph *graph = round->graph;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        bool is_kept = node_is(node, "DequantizeLinear");
        for (int i = 0; i < node->input_count && !is_kept; i++)
            is_kept = value_exists(node->input[i]) && round->is_kept[node->input[i].at];
        if (node_is(node, "Shape") || node_is(node, "Size"))
            is_kept = false;
        for (int i = 0; i < node->output_count && is_kept; i++)
            if (value_exists(node->output[i]))
                round->is_kept[node->output[i].at] = true;
    }
}

static bool is_known(const struct round *round, const struct node *node)
{
    int known = 0;

    for (int i = 0; i < node->output_count; i++) {
        struct value_id id = node->output[i];
        if (!value_exists(id))
            continue;
        if (!round->inference.of_value[id.at].buffer || round->is_kept[id.at] ||
            graph_is_output(round->graph, id))
            return false;
        known++;
    }
    return known > 0;
}

static void fold_node(struct round *round, uint32_t n)
{
    const struct node *node = &round->graph->node[n];

    for (int i = 0; i < node->output_count; i++) {
        struct value *value;
        if (!value_exists(node->output[i]))
            continue;
        value = graph_value(round->graph, node->output[i]);
        tensor_share(&value->tensor, &round->inference.of_value[node->output[i].at]);
        value->role = VALUE_WEIGHT;
        value->producer = NO_NODE;
        value->dim_name = NULL;
    }
    round->dead[n] = round->has_changed = true;
}

static void inline_taken(struct round *round, uint32_t n)
{
    const struct node *node = &round->graph->node[n];
    const struct tensor *condition = &round->inference.of_value[node->input[0].at];

    if (!condition->buffer || tensor_count(condition) != 1)
        return;
    graph_inline_body(round->graph, (struct node_id){n},
                      node_body(node, tensor_get_int(condition, 0) ? 0 : 1));
    round->dead[n] = round->has_changed = true;
}

// An Identity between values that nobody knows by name says nothing.
static void skip_identity(struct round *round, uint32_t n)
{
    const struct node *node = &round->graph->node[n];

    if (!value_exists(node->input[0]) || !value_exists(node->output[0]) ||
        graph_is_output(round->graph, node->output[0]) ||
        graph_value(round->graph, node->output[0])->quant)
        return;
    graph_replace_uses(round->graph, node->output[0], node->input[0]);
    round->dead[n] = round->has_changed = true;
}

static enum status run_round(struct context *context, struct graph *graph,
                             const struct infer_options *options, bool *has_changed)
{
    uint32_t nodes = graph->node_count;
    struct round round = {.graph = graph};
    bool *dead;

    TRY(infer_known(context, graph, options, &round.inference));
    round.is_kept = must_alloc((graph->value_count + 1) * sizeof *round.is_kept);
    round.dead = must_alloc((nodes + 1) * sizeof *round.dead);
    find_kept(&round);
    for (uint32_t n = 0; n < nodes; n++)
        if (is_known(&round, &graph->node[n]))
            fold_node(&round, n);
        else if (node_is(&graph->node[n], "If"))
            inline_taken(&round, n);
        else if (node_is(&graph->node[n], "Identity"))
            skip_identity(&round, n);
    *has_changed = round.has_changed;
    dead = must_alloc((graph->node_count + 1) * sizeof *dead);
    memcpy(dead, round.dead, nodes * sizeof *dead);
    inference_clear(&round.inference);
    graph_compact(graph, dead);
    free(dead);
    free(round.dead);
    free(round.is_kept);
    TRY(graph_sort(context, graph));
    graph_remove_unused(graph);
    return OK;
}

enum status graph_specialise(struct context *context, const struct graph *graph,
                             const struct infer_options *options, struct graph **out)
{
    static const struct infer_options none;
    struct graph *work = graph_clone(graph);
    bool has_changed = true;
    enum status status;

    *out = NULL;
    status = fix_inputs(context, work, options ? options : &none);
    for (int i = 0; i < ROUNDS_MAX && has_changed && status == OK; i++)
        status = run_round(context, work, &none, &has_changed);
    if (status == OK)
        *out = graph_clone(work); // without the bodies that went
    graph_free(work);
    return status;
}
