// The reference executor: node by node, values are released after their last use.
#include "exec/reference.h"

#include <stdlib.h>
#include <string.h>

#include "exec/call.h"
#include "exec/infer.h"

struct run {
    const struct graph *graph;
    struct tensor *value; // one per value of the graph
    uint32_t *uses;       // readers still to come
    enum status (*check)(struct context *, const struct value *, const struct tensor *given);
};

static enum status check_dtype(struct context *context, const struct value *value,
                               const struct tensor *given)
{
    if (value->tensor.dtype >= 0 && given->dtype != value->tensor.dtype)
        return context_fail(context, ERR_SHAPE, "input '%s' wants %s, got %s", value->name,
                            dtype_info[value->tensor.dtype].name, dtype_info[given->dtype].name);
    return OK;
}

static enum status check_input(struct context *context, const struct value *value,
                               const struct tensor *given)
{
    const struct shape *declared = &value->tensor.shape;

    TRY(check_dtype(context, value, given));
    if (declared->rank >= 0 && declared->rank != given->shape.rank)
        return context_fail(context, ERR_SHAPE, "input '%s' wants %d dimensions, got %d",
                            value->name, declared->rank, given->shape.rank);
    for (int i = 0; i < declared->rank; i++)
        if (declared->dim[i] >= 0 && declared->dim[i] != given->shape.dim[i])
            return context_fail(context, ERR_SHAPE, "input '%s': dimension %d is %lld, got %lld",
                                value->name, i, (long long)declared->dim[i],
                                (long long)given->shape.dim[i]);
    return OK;
}

static enum status check_type(struct context *context, const struct value *value,
                              const struct tensor *got)
{
    if (value->tensor.dtype >= 0 && got->dtype != value->tensor.dtype)
        return context_fail(context, ERR_SHAPE, "output '%s' is declared %s, but is %s",
                            value->name, dtype_info[value->tensor.dtype].name,
                            dtype_info[got->dtype].name);
    return OK;
}

// What the file promises of an output holds, or is an error: readers of the result rely on it. But
// exporters write the batch that they traced into an output and leave the input's open.
static enum status check_output(struct context *context, const struct graph *graph,
                                struct value_id id, const struct tensor *got)
{
    const struct value *value = graph_value(graph, id);
    const struct shape *declared = &value->tensor.shape;
    bool agrees = declared->rank < 0 || declared->rank == got->shape.rank;
    struct text text;

    if (value->role != VALUE_ACTIVATION)
        return OK;
    TRY(check_type(context, value, got));
    for (int i = 0; agrees && i < declared->rank; i++)
        agrees = declared->dim[i] < 0 || declared->dim[i] == got->shape.dim[i] ||
                 (i == 0 && graph_has_open_batch(graph));
    if (agrees)
        return OK;
    text_init(&text);
    shape_print(declared, &text);
    text_add(&text, ", but is ");
    shape_print(&got->shape, &text);
    context_fail(context, ERR_SHAPE, "output '%s' is declared %s", value->name, text.at);
    text_clear(&text);
    return ERR_SHAPE;
}

static enum status run_node(struct context *context, struct run *run, const struct node *node)
{
    const struct tensor **input = must_alloc(((size_t)node->input_count + 1) * sizeof *input);
    struct tensor **output = must_alloc(((size_t)node->output_count + 1) * sizeof *output);
    struct op_call call = {.attr = node->attr,
                           .input_count = node->input_count,
                           .output_count = node->output_count,
                           .input = input,
                           .output = output};
    enum status status;

    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]))
            input[i] = &run->value[node->input[i].at];
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]))
            output[i] = &run->value[node->output[i].at];
    status = call_run(context, node->op, &call);
    free(input);
    free(output);
    return status;
}

static void release_used(struct run *run, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]) && --run->uses[node->input[i].at] == 0)
            tensor_release(&run->value[node->input[i].at]);
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]) && run->uses[node->output[i].at] == 0)
            tensor_release(&run->value[node->output[i].at]);
}

static enum status observe(struct context *context, struct run *run, const struct node *node,
                           const struct observer *observer)
{
    for (int i = 0; observer && i < node->output_count; i++)
        if (value_exists(node->output[i]))
            TRY(observer->see(observer->self, context, node->output[i],
                              &run->value[node->output[i].at]));
    return OK;
}

static void count_uses(struct run *run)
{
    const struct graph *graph = run->graph;

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (value_exists(graph->node[n].input[i]))
                run->uses[graph->node[n].input[i].at]++;
    for (uint32_t i = 0; i < graph->output_count; i++)
        run->uses[graph->output[i].at]++;
}

static enum status run_all(struct context *context, struct run *run, const struct tensor *input,
                           const struct observer *observer)
{
    const struct graph *graph = run->graph;
    enum status status = OK;

    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->value[i].role == VALUE_WEIGHT)
            tensor_share(&run->value[i], &graph->value[i].tensor);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        if (i + graph->capture_count < graph->input_count)
            TRY(run->check(context, graph_value(graph, graph->input[i]), &input[i]));
        tensor_share(&run->value[graph->input[i].at], &input[i]);
    }
    for (uint32_t n = 0; n < graph->node_count; n++) {
        status = run_node(context, run, &graph->node[n]);
        if (status == OK)
            status = observe(context, run, &graph->node[n], observer);
        if (status != OK)
            return graph_fail_at(context, &graph->node[n], status);
        release_used(run, &graph->node[n]);
    }
    return OK;
}

static enum status run_graph(struct context *context, struct run *run, const struct tensor *input,
                             struct tensor *output, const struct observer *observer)
{
    const struct graph *graph = run->graph;
    enum status status;

    run->value = must_alloc((graph->value_count + 1) * sizeof *run->value);
    run->uses = must_alloc((graph->value_count + 1) * sizeof *run->uses);
    memset(output, 0, graph->output_count * sizeof *output);
    count_uses(run);
    status = run_all(context, run, input, observer);
    for (uint32_t i = 0; i < graph->output_count && status == OK; i++)
        tensor_share(&output[i], &run->value[graph->output[i].at]);
    for (uint32_t i = 0; i < graph->value_count; i++)
        tensor_release(&run->value[i]);
    free(run->value);
    free(run->uses);
    return status;
}

static void release_unless(enum status status, struct tensor *output, uint32_t count)
{
    for (uint32_t i = 0; i < count && status != OK; i++)
        tensor_release(&output[i]);
}

enum status reference_run(struct context *context, const struct graph *graph,
                          const struct tensor *input, struct tensor *output,
                          const struct observer *observer)
{
    struct run run = {.graph = graph, .check = check_input};
    enum status status = OK;

    TRY(graph_check_finite(context, graph));
    TRY(run_graph(context, &run, input, output, observer));
    for (uint32_t i = 0; i < graph->output_count && status == OK; i++)
        status = check_output(context, graph, graph->output[i], &output[i]);
    release_unless(status, output, graph->output_count);
    return status;
}

enum status reference_run_body(struct context *context, const struct op_call *caller,
                               const struct graph *body, const struct tensor *input,
                               struct tensor *output)
{
    struct run run = {.graph = body, .check = check_dtype};
    enum status status = OK;

    (void)caller;
    TRY(run_graph(context, &run, input, output, NULL));
    for (uint32_t i = 0; i < body->output_count && status == OK; i++)
        status = check_type(context, graph_value(body, body->output[i]), &output[i]);
    release_unless(status, output, body->output_count);
    return status;
}
