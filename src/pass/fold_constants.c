// Nodes whose inputs are all known are computed once and become weights.
#include "exec/call.h"
#include "exec/infer.h"
#include "pass/pass.h"

// Outputs larger than their inputs by far (ConstantOfShape, Expand, Tile) stay nodes.
enum { GROWTH_MAX = 4, SMALL_COUNT = 65536 };

static bool all_known(const struct graph *graph, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]) && !graph_weight(graph, node, i))
            return false;
    return true;
}

// Quantised weights stay integers behind their DequantizeLinear.
static bool may_fold(const struct graph *graph, const struct node *node)
{
    if (node->op->is_unknown || !node->op->forward || !node->op->infer ||
        (node->op->traits & OP_RANDOM) || node_is(node, "DequantizeLinear"))
        return false;
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]) && graph_is_output(graph, node->output[i]))
            return false;
    return all_known(graph, node);
}

static bool is_too_big(const struct op_call *call)
{
    int64_t in = 0, out = 0;

    for (int i = 0; i < call->input_count; i++)
        in += call->input[i] ? tensor_count(call->input[i]) : 0;
    for (int i = 0; i < call->output_count; i++)
        out += call->output[i] ? tensor_count(call->output[i]) : 0;
    return out > SMALL_COUNT && out > GROWTH_MAX * in;
}

static enum status compute(struct context *context, struct graph *graph, const struct node *node,
                           struct arena *arena, bool *is_done)
{
    struct tensor *result = arena_array(arena, struct tensor, (size_t)node->output_count + 1);
    struct tensor **output = arena_array(arena, struct tensor *, (size_t)node->output_count + 1);
    const struct tensor **input =
        arena_array(arena, const struct tensor *, (size_t)node->input_count + 1);
    struct op_call call = {.attr = node->attr,
                           .input_count = node->input_count,
                           .output_count = node->output_count,
                           .input = input,
                           .output = output};

    *is_done = false;
    for (int i = 0; i < node->input_count; i++)
        input[i] = value_exists(node->input[i]) ? &graph_weight(graph, node, i)->tensor : NULL;
    for (int i = 0; i < node->output_count; i++) {
        result[i] = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
        output[i] = value_exists(node->output[i]) ? &result[i] : NULL;
    }
    TRY(node->op->infer(context, &call));
    for (int i = 0; i < node->output_count; i++)
        if (output[i] && !shape_is_static(&result[i].shape))
            return OK;
    if (is_too_big(&call))
        return OK;
    TRY(call_forward(context, node->op, &call));
    for (int i = 0; i < node->output_count; i++)
        if (output[i]) {
            struct value *value = graph_value(graph, node->output[i]);
            value->role = VALUE_WEIGHT;
            value->tensor = result[i];
            value->producer = NO_NODE;
        }
    *is_done = true;
    return OK;
}

// Requires: nothing. Keeps: what the graph computes, exactly.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;
    bool *dead = arena_array(graph->arena, bool, graph->node_count + 1);
    enum status status = OK;

    for (uint32_t n = 0; n < graph->node_count && status == OK; n++) {
        struct arena *arena;
        if (!may_fold(graph, &graph->node[n]))
            continue;
        arena = arena_new();
        status = compute(run->context, graph, &graph->node[n], arena, &dead[n]);
        arena_free(arena);
        if (status != OK)
            graph_fail_at(run->context, &graph->node[n], status);
    }
    if (status == OK)
        graph_compact(graph, dead);
    return status;
}

const struct pass pass_fold_constants = {
    .name = "fold_constants",
    .summary = "compute once what does not depend on the input",
    .run = run,
};
