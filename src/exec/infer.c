// Shape inference with folding of small values.
#include "exec/infer.h"

#include <stdlib.h>
#include <string.h>

#include "exec/call.h"

// Folding is for shape arithmetic; weights that pass through a Transpose stay nodes.
enum { FOLD_COUNT_MAX = 4096 };

// Bodies in bodies, in loops: no more nodes than this are looked at before shapes stay unknown.
enum { BODY_NODES_MAX = 200000 };

void inference_clear(struct inference *inference)
{
    for (uint32_t i = 0; i < inference->value_count && inference->of_value; i++)
        tensor_release(&inference->of_value[i]);
    free(inference->of_value);
    memset(inference, 0, sizeof *inference);
}

// The text behind "NAME=" in a list of such texts, NULL if the name is not there.
static const char *setting(const struct strings *list, const char *name)
{
    size_t length = strlen(name);

    for (int64_t i = 0; i < list->count; i++)
        if (strncmp(list->at[i], name, length) == 0 && list->at[i][length] == '=')
            return list->at[i] + length + 1;
    return NULL;
}

static enum status shape_from_text(struct context *context, const char *name, const char *text,
                                   struct shape *shape)
{
    struct shape given = {0, {0}};

    while (*text) {
        bool is_open = *text == '?'; // as the model has it
        char *end = (char *)(uintptr_t)text + is_open;
        long long dim = is_open ? -1 : strtoll(text, &end, 10);
        if (end == text || (*end && *end != ',' && *end != 'x') || (dim < 0 && !is_open) ||
            given.rank == SHAPE_MAX_RANK)
            return context_fail(context, ERR_USAGE, "'--shape %s=...' wants numbers like 1,3,8,8",
                                name);
        given.dim[given.rank++] = dim;
        text = *end ? end + 1 : end;
    }
    if (shape->rank >= 0 && given.rank != shape->rank)
        return context_fail(context, ERR_USAGE,
                            "'--shape %s=...' gives %d dimensions, the model has %d", name,
                            given.rank, shape->rank);
    for (int i = 0; i < shape->rank; i++)
        if (given.dim[i] < 0)
            given.dim[i] = shape->dim[i];
        else if (shape->dim[i] >= 0 && shape->dim[i] != given.dim[i])
            return context_fail(context, ERR_USAGE, "input '%s': dimension %d is fixed at %lld",
                                name, i, (long long)shape->dim[i]);
    return shape_set(context, shape, given.rank, given.dim);
}

enum status infer_given_shape(struct context *context, const struct value *value,
                              const struct infer_options *options, struct shape *shape)
{
    const char *given = setting(&options->shape, value->name);

    *shape = value->tensor.shape;
    return given ? shape_from_text(context, value->name, given, shape) : OK;
}

static enum status input_shape(struct context *context, const struct value *value,
                               const struct infer_options *options, struct tensor *tensor)
{
    struct shape *shape = &tensor->shape;

    tensor->dtype = value->tensor.dtype;
    TRY(infer_given_shape(context, value, options, shape));
    if (shape->rank > 0 && shape->dim[0] < 0)
        shape->dim[0] = options->batch ? options->batch : 1;
    if (shape_is_static(shape))
        return OK;
    if (options->is_lenient) {
        *shape = SHAPE_UNKNOWN;
        return OK;
    }
    if (shape->rank < 0)
        return context_fail(context, ERR_USAGE, "input '%s' has no shape; give --shape %s=...",
                            value->name, value->name);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0)
            return context_fail(
                context, ERR_USAGE, "input '%s': dimension %d%s%s is open; give --shape %s=...",
                value->name, i, value->dim_name && value->dim_name[i] ? " " : "",
                value->dim_name && value->dim_name[i] ? value->dim_name[i] : "", value->name);
    return OK;
}

static enum status input_value(struct context *context, const struct value *value,
                               const struct infer_options *options, struct tensor *tensor)
{
    const char *given = setting(&options->set, value->name);
    struct tensor filled;
    double number;

    if (!given || !shape_is_static(&tensor->shape))
        return OK;
    if (!parse_number(given, &number))
        return context_fail(context, ERR_USAGE, "'--set %s=%s' wants a number", value->name, given);
    TRY(tensor_alloc(context, &filled, tensor->dtype, &tensor->shape));
    for (int64_t i = 0; i < tensor_count(&filled); i++)
        tensor_set(&filled, i, number);
    *tensor = filled;
    return OK;
}

bool graph_has_open_batch(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct shape *shape = &graph_value(graph, graph->input[i])->tensor.shape;
        if (shape->rank < 0 || (shape->rank > 0 && shape->dim[0] < 0))
            return true;
    }
    return false;
}

void inference_call(const struct inference *inference, const struct node *node, struct arena *arena,
                    struct op_call *call)
{
    const struct tensor **input =
        arena_array(arena, const struct tensor *, (size_t)node->input_count + 1);
    struct tensor **output = arena_array(arena, struct tensor *, (size_t)node->output_count + 1);

    *call = (struct op_call){.attr = node->attr,
                             .input_count = node->input_count,
                             .output_count = node->output_count,
                             .input = input,
                             .output = output};
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]))
            input[i] = &inference->of_value[node->input[i].at];
    for (int i = 0; i < node->output_count; i++) {
        if (!value_exists(node->output[i]))
            continue;
        output[i] = arena_alloc(arena, sizeof **output);
        *output[i] = inference->of_value[node->output[i].at];
        output[i]->buffer = NULL;
    }
}

bool inference_knows(const struct inference *inference, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]) &&
            !shape_is_static(&inference->of_value[node->input[i].at].shape))
            return false;
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]) &&
            !shape_is_static(&inference->of_value[node->output[i].at].shape))
            return false;
    return true;
}

// What bodies take from outside may be open: not every body reads all of it.
static bool inputs_known(const struct op_call *call, int captures, bool *all_have_data)
{
    *all_have_data = true;
    for (int i = 0; i < call->input_count; i++) {
        if (call->input[i] && !shape_is_static(&call->input[i]->shape) &&
            i < call->input_count - captures)
            return false;
        if (call->input[i] && !call->input[i]->buffer)
            *all_have_data = false;
    }
    return true;
}

// Outputs of unknown size (OP_ALLOCATES) are no larger than what goes in, as a rule.
static bool is_small(const struct op *op, const struct op_call *call)
{
    bool is_open = false;

    for (int i = 0; i < call->output_count; i++) {
        if (!call->output[i])
            continue;
        is_open |= !shape_is_static(&call->output[i]->shape);
        if (tensor_count(call->output[i]) > FOLD_COUNT_MAX)
            return false;
    }
    for (int i = 0; is_open && i < call->input_count; i++)
        if (call->input[i] && tensor_count(call->input[i]) > FOLD_COUNT_MAX)
            return false;
    return !is_open || op->traits & OP_ALLOCATES;
}

static enum status infer_body(struct context *context, const struct op_call *caller,
                              const struct graph *body, const struct tensor *input,
                              struct tensor *output);

// Bodies are looked into, not run: what is folded there is as small as it is outside.
static enum status infer_call(struct context *context, const struct node *node,
                              struct op_call *call, int64_t *budget)
{
    bool all_have_data;

    if (node->op->is_unknown || !inputs_known(call, node_capture_count(node), &all_have_data))
        return OK;
    call->infer_graph = infer_body;
    call->infer_budget = budget;
    TRY(node->op->infer(context, call));
    if (!all_have_data || (node->op->traits & OP_RANDOM) || op_has_bodies(node->op) ||
        !is_small(node->op, call))
        return OK;
    return call_forward(context, node->op, call);
}

static enum status infer_node(struct context *context, const struct node *node,
                              struct inference *inference, struct arena *arena, bool is_lenient,
                              int64_t *budget)
{
    struct op_call call;
    enum status status;

    inference_call(inference, node, arena, &call);
    for (int i = 0; i < node->output_count; i++)
        if (call.output[i])
            *call.output[i] = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    if (node->op->is_unknown && !is_lenient)
        return op_fail_unknown(context, node->op);
    status = infer_call(context, node, &call, budget);
    for (int i = 0; i < node->output_count; i++)
        if (call.output[i])
            inference->of_value[node->output[i].at] = *call.output[i];
    return status;
}

static void infer_weights(const struct graph *graph, struct inference *out)
{
    for (uint32_t i = 0; i < graph->value_count; i++) {
        out->of_value[i] = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
        if (graph->value[i].role == VALUE_WEIGHT)
            tensor_share(&out->of_value[i], &graph->value[i].tensor);
    }
}

static enum status infer_at(struct context *context, const struct node *node, bool is_lenient,
                            int64_t *budget, struct inference *out)
{
    struct arena *arena = arena_new();
    enum status status = infer_node(context, node, out, arena, is_lenient, budget);

    arena_free(arena);
    return status == OK ? OK : graph_fail_at(context, node, status);
}

static enum status infer_nodes(struct context *context, const struct graph *graph, bool is_lenient,
                               int64_t *budget, struct inference *out)
{
    enum status status = OK;

    for (uint32_t n = 0; n < graph->node_count && status == OK; n++)
        status = infer_at(context, &graph->node[n], is_lenient, budget, out);
    return status;
}

static enum status infer_body(struct context *context, const struct op_call *caller,
                              const struct graph *body, const struct tensor *input,
                              struct tensor *output)
{
    struct inference inner = {must_alloc((body->value_count + 1) * sizeof *inner.of_value),
                              body->value_count};
    enum status status = OK;

    infer_weights(body, &inner);
    for (uint32_t i = 0; i < body->input_count; i++)
        tensor_share(&inner.of_value[body->input[i].at], &input[i]);
    *caller->infer_budget -= body->node_count + 1;
    if (*caller->infer_budget > 0) // else everything stays unknown
        status = infer_nodes(context, body, true, caller->infer_budget, &inner);
    for (uint32_t i = 0; i < body->output_count && status == OK; i++)
        tensor_share(&output[i], &inner.of_value[body->output[i].at]);
    inference_clear(&inner);
    return status;
}

static enum status infer_inputs(struct context *context, const struct graph *graph,
                                const struct infer_options *options, struct inference *out)
{
    infer_weights(graph, out);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        struct tensor *tensor = &out->of_value[graph->input[i].at];
        TRY(input_shape(context, value, options, tensor));
        TRY(input_value(context, value, options, tensor));
    }
    return OK;
}

enum status graph_infer_begin(struct context *context, const struct graph *graph,
                              const struct infer_options *options, struct inference *out)
{
    static const struct infer_options none;
    enum status status;

    out->of_value = calloc(graph->value_count + 1, sizeof *out->of_value);
    out->value_count = graph->value_count;
    if (!out->of_value)
        return context_fail(context, ERR_MEMORY, "no memory for %u values", graph->value_count);
    status = infer_inputs(context, graph, options ? options : &none, out);
    if (status != OK)
        inference_clear(out);
    return status;
}

enum status graph_infer_node(struct context *context, const struct graph *graph, uint32_t n,
                             bool is_lenient, struct inference *inference)
{
    int64_t budget = BODY_NODES_MAX;

    return infer_at(context, &graph->node[n], is_lenient, &budget, inference);
}

enum status graph_infer(struct context *context, const struct graph *graph,
                        const struct infer_options *options, struct inference *out)
{
    int64_t budget = BODY_NODES_MAX;
    enum status status = graph_infer_begin(context, graph, options, out);

    if (status != OK)
        return status;
    status = infer_nodes(context, graph, options && options->is_lenient, &budget, out);
    if (status != OK)
        inference_clear(out);
    return status;
}
