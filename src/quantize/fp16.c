// Half precision throughout: weights and activations become float16, the graph's inputs and outputs
// stay float32 behind Cast nodes.
#include <math.h>
#include <string.h>

#include "exec/infer.h"
#include "ops/attr.h"
#include "quantize/methods.h"

static enum status to_half(struct context *context, struct value *value)
{
    struct tensor half;

    TRY(tensor_convert(context, &half, &value->tensor, DT_F16));
    for (int64_t i = 0; i < tensor_count(&half); i++)
        if (isnan(tensor_get(&half, i)) ||
            (isfinite(tensor_get(&value->tensor, i)) && !isfinite(tensor_get(&half, i)))) {
            tensor_release(&half);
            if (isnan(tensor_get(&value->tensor, i)))
                return context_fail(context, ERR_NUMERIC, "weight '%s' is not a number",
                                    value->name);
            return context_fail(context, ERR_NUMERIC, "weight '%s' leaves the range of float16",
                                value->name);
        }
    tensor_cool(&value->tensor);
    tensor_cool(&half);
    tensor_release(&value->tensor);
    value->tensor = half;
    value->quant = NULL;
    return OK;
}

// A Cast to float32 makes what the nodes behind it compute with.
static void narrow_cast(struct graph *graph, struct node *node)
{
    struct cast_attr *attr = arena_copy(graph->arena, node->attr, sizeof *attr);

    if (attr->to == dtype_info[DT_F32].onnx)
        attr->to = dtype_info[DT_F16].onnx;
    node->attr = attr;
}

// Operators whose types do not follow their data input.
static enum status check_node(struct context *context, struct graph *graph, struct node *node)
{
    if (node_is(node, "Cast"))
        narrow_cast(graph, node);
    if (node->op->is_unknown || node_is(node, "QuantizeLinear") ||
        node_is(node, "DequantizeLinear") || node_is(node, "ConstantOfShape"))
        return graph_fail_at(
            context, node,
            context_fail(context, ERR_UNSUPPORTED, "does not let its types be changed to float16"));
    return OK;
}

static struct value_id add_cast(struct graph *graph, struct value_id from, const char *stem,
                                enum dtype dtype)
{
    const struct op *op = op_find("Cast");
    struct cast_attr *attr = arena_alloc(graph->arena, op->attr_bytes);
    struct value_id to = graph_add_activation(graph, stem, dtype);

    fields_preset(op->attr, attr, graph->arena);
    attr->to = dtype_info[dtype].onnx;
    graph_value(graph, to)->tensor.shape = graph_value(graph, from)->tensor.shape;
    graph_add_node(graph, op, graph_value(graph, to)->name, attr, &from, 1, &to, 1);
    return to;
}

static void cast_input(struct graph *graph, struct value_id input)
{
    uint32_t at = graph->node_count;
    struct value_id half =
        add_cast(graph, input,
                 arena_format(graph->arena, "%s_f16", graph_value(graph, input)->name), DT_F16);

    graph_replace_uses(graph, input, half);
    graph_set_input(graph, (struct node_id){at}, 0, input);
    for (uint32_t i = 0; i < graph->output_count; i++) // handed through as it came
        if (value_is(graph->output[i], half))
            graph->output[i] = input;
}

// The output keeps its name and type; its producer writes a half-precision value instead.
static void cast_output(struct graph *graph, struct value_id output)
{
    struct node_id producer = graph_value(graph, output)->producer;
    const struct node *node;
    struct value_id half, from;
    int slot = 0;

    if (!node_exists(producer))
        return;
    node = graph_node(graph, producer);
    while (slot < node->output_count && !value_is(node->output[slot], output))
        slot++;
    half = graph_add_activation(
        graph, arena_format(graph->arena, "%s_f16", graph_value(graph, output)->name), DT_F16);
    graph_value(graph, half)->tensor.shape = graph_value(graph, output)->tensor.shape;
    from = half;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (value_is(graph->node[n].input[i], output))
                graph_set_input(graph, (struct node_id){n}, i, half);
    graph_set_output(graph, producer, slot, half);
    const struct op *op = op_find("Cast");
    struct cast_attr *attr = arena_alloc(graph->arena, op->attr_bytes);
    fields_preset(op->attr, attr, graph->arena);
    attr->to = dtype_info[DT_F32].onnx;
    graph_add_node(graph, op, NULL, attr, &from, 1, &output, 1);
}

static bool is_end(const struct graph *graph, uint32_t id)
{
    return graph->value[id].role == VALUE_INPUT || graph_is_output(graph, (struct value_id){id});
}

// Everything becomes half precision; in a body also what goes in and comes out.
static enum status narrow(struct context *context, struct graph *graph, bool is_body)
{
    struct graph *body;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        TRY(check_node(context, graph, &graph->node[n]));
        for (int i = 0; (body = node_body(&graph->node[n], i)); i++)
            TRY(narrow(context, body, true));
    }
    for (uint32_t i = 0; i < graph->value_count; i++) {
        struct value *value = &graph->value[i];
        value->quant = NULL;
        if (value->tensor.dtype != DT_F32 || (!is_body && is_end(graph, i)))
            continue;
        if (value->role == VALUE_WEIGHT)
            TRY(to_half(context, value));
        else
            value->tensor.dtype = DT_F16;
    }
    return OK;
}

// A weight that is an output stays as it is; nodes read another one, to be narrowed.
static void split_output(struct graph *graph, struct value_id output)
{
    struct tensor shared;
    struct value_id other;

    tensor_share(&shared, &graph_value(graph, output)->tensor);
    other = graph_add_weight(
        graph, arena_format(graph->arena, "%s_f16", graph_value(graph, output)->name), shared);
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (value_is(graph->node[n].input[i], output))
                graph_set_input(graph, (struct node_id){n}, i, other);
}

// Outputs that the file does not declare: only floats are to be cast.
static enum status declare_outputs(struct context *context, struct graph *graph)
{
    struct infer_options options = {.is_lenient = true};
    struct inference inference;
    enum status status = OK;

    TRY(graph_infer(context, graph, &options, &inference));
    for (uint32_t i = 0; i < graph->output_count && status == OK; i++) {
        struct value *value = graph_value(graph, graph->output[i]);
        if (value->tensor.dtype == DT_NONE)
            value->tensor.dtype = inference.of_value[graph->output[i].at].dtype;
        if (value->tensor.dtype == DT_NONE)
            status = context_fail(context, ERR_UNSUPPORTED,
                                  "output '%s' declares no type, and none follows from the shapes "
                                  "that are known",
                                  value->name);
    }
    inference_clear(&inference);
    return status;
}

// Requires: no quantisation. Keeps: inputs and outputs. ERR_NUMERIC where a weight is too large.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;

    TRY(pass_explicit_clamps.run(run));
    TRY(pass_fold_constants.run(run));
    TRY(declare_outputs(run->context, graph));
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph_value(graph, graph->output[i])->role == VALUE_WEIGHT &&
            graph_value(graph, graph->output[i])->tensor.dtype == DT_F32)
            split_output(graph, graph->output[i]);
    TRY(narrow(run->context, graph, false));
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct value *value = graph_value(graph, graph->output[i]);
        if (value->role == VALUE_ACTIVATION && value->tensor.dtype == DT_F32)
            cast_output(graph, graph->output[i]);
    }
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (graph_value(graph, graph->input[i])->tensor.dtype == DT_F32)
            cast_input(graph, graph->input[i]);
    TRY(graph_sort(run->context, graph));
    graph_remove_unused(graph);
    return OK;
}

const struct pass quantize_fp16 = {
    .name = "fp16",
    .summary = "half-precision weights and activations",
    .run = run,
};
