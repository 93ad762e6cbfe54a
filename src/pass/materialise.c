// Annotations become what a file can say: quantised weights turn into integers behind
// DequantizeLinear, quantised activations get a QuantizeLinear/DequantizeLinear pair, biases of
// layers with both become int32 of scale x_scale * w_scale (anything else makes ONNX Runtime
// un-fuse the layer).
#include <math.h>
#include <string.h>

#include "ops/attr.h"
#include "pass/sparsity.h"

// A value that was quantised before is called x_dequantized: names must not grow with every round.
static const char *stem_of(struct graph *graph, const char *name)
{
    static const char suffix[] = "_dequantized";
    size_t length = strlen(name), tail = sizeof suffix - 1;

    if (length <= tail || strcmp(name + length - tail, suffix) != 0)
        return name;
    return arena_copy_bytes(graph->arena, name, length - tail);
}

static enum status add_scales(struct context *context, struct graph *graph, const char *stem,
                              const struct quant *quant, enum dtype dtype, struct value_id out[2])
{
    struct tensor scale, zero;
    struct shape shape = quant->axis == QUANT_WHOLE_TENSOR ? SHAPE_SCALAR : SHAPE(quant->count);

    TRY(tensor_alloc(context, &scale, DT_F32, &shape));
    if (tensor_alloc(context, &zero, dtype, &shape) != OK) {
        tensor_release(&scale);
        return ERR_MEMORY;
    }
    for (int64_t i = 0; i < quant->count; i++) {
        tensor_set(&scale, i, quant->scale[i]);
        tensor_set(&zero, i, quant->zero_point ? quant->zero_point[i] : 0);
    }
    out[0] = graph_add_weight(graph, arena_format(graph->arena, "%s_scale", stem), scale);
    out[1] = graph_add_weight(graph, arena_format(graph->arena, "%s_zero_point", stem), zero);
    return OK;
}

static const void *linear_attr(struct graph *graph, const struct op *op, int32_t axis)
{
    struct quantize_attr *attr = arena_alloc(graph->arena, op->attr_bytes);

    fields_preset(op->attr, attr, graph->arena);
    if (axis >= 0)
        attr->axis = axis;
    return attr;
}

static struct value_id add_linear(struct graph *graph, const char *op_name, const char *stem,
                                  int32_t axis, struct value_id x, const struct value_id scale[2],
                                  enum dtype dtype)
{
    const struct op *op = op_find(op_name);
    struct value_id output = graph_add_activation(graph, stem, dtype);
    struct value_id input[3] = {x, scale[0], scale[1]};

    graph_value(graph, output)->tensor.shape = graph_value(graph, x)->tensor.shape;
    graph_add_node(graph, op, graph_value(graph, output)->name, linear_attr(graph, op, axis), input,
                   3, &output, 1);
    return output;
}

// round((w / scale) + zero_point) on the grid; |q| <= 127 for symmetric int8, so that products of
// two bytes summed 2^16 times stay in int32.
static double code_of(float number, const struct quant *quant, int64_t c)
{
    double q =
        rint((double)(number / quant->scale[c])) + (quant->zero_point ? quant->zero_point[c] : 0);

    return q < quant->low ? quant->low : q > quant->high ? quant->high : q;
}

static enum status quantised(struct context *context, const struct tensor *weight,
                             const struct quant *quant, enum dtype dtype, struct tensor *out)
{
    int64_t count = tensor_count(weight), steps = quant->axis >= 0 ? quant->count : 1;
    int64_t inner = quant->axis >= 0 ? 1 : count;
    const float *number;
    int8_t *byte;

    for (int i = quant->axis + 1; quant->axis >= 0 && i < weight->shape.rank; i++)
        inner *= weight->shape.dim[i];
    TRY(tensor_alloc(context, out, dtype, &weight->shape));
    number = weight->dtype == DT_F32 ? tensor_f32(weight) : NULL;
    byte = dtype == DT_I8 ? tensor_write(out) : NULL;
    for (int64_t i = 0; i < count;)
        for (int64_t c = 0; c < steps; c++)
            for (int64_t k = 0; k < inner; k++, i++) {
                double q = code_of(number ? number[i] : (float)tensor_get(weight, i), quant, c);
                if (byte)
                    byte[i] = (int8_t)q;
                else
                    tensor_set(out, i, q);
            }
    tensor_cool(weight);
    tensor_cool(out);
    return OK;
}

static enum status materialise_weight(struct context *context, struct graph *graph, uint32_t at)
{
    const struct quant *quant = graph->value[at].quant;
    const char *name = stem_of(graph, graph->value[at].name);
    struct sparsity *sparsity = NULL;
    struct value_id scale[2], q, d;
    struct tensor integers;

    TRY(quantised(context, &graph->value[at].tensor, quant, quant->dtype, &integers));
    if (graph->value[at].sparsity) {
        sparsity = arena_alloc(graph->arena, sizeof *sparsity);
        if (sparsity_fix(context, &graph->value[at], &integers, sparsity) != OK) {
            tensor_release(&integers);
            return ERR_MEMORY;
        }
        tensor_release(&graph->value[at].sparsity->mask);
    }
    q = graph_add_weight(graph, arena_format(graph->arena, "%s_quantized", name), integers);
    TRY(add_scales(context, graph, name, quant, quant->dtype, scale));
    d = add_linear(graph, "DequantizeLinear", arena_format(graph->arena, "%s_dequantized", name),
                   quant->axis, q, scale, DT_F32);
    // The node just made must not read itself: uses are replaced, its input is q.
    graph_replace_uses(graph, (struct value_id){at}, d);
    graph->value[at].quant = NULL;
    graph->value[at].sparsity = NULL;
    graph_value(graph, q)->sparsity = sparsity;
    return OK;
}

// QuantizeLinear saturates at the ends of its type: a grid of fewer bits needs a clamp before it.
static enum status add_clip(struct context *context, struct graph *graph, struct value_id x,
                            const struct quant *quant, struct value_id *out)
{
    struct value_id input[3] = {x, NO_VALUE, NO_VALUE};
    int32_t zero = quant->zero_point ? quant->zero_point[0] : 0;
    const char *name = graph_value(graph, x)->name;

    for (int i = 0; i < 2; i++) {
        struct tensor bound;
        TRY(tensor_alloc(context, &bound, DT_F32, &SHAPE_SCALAR));
        tensor_set(&bound, 0, (double)((i ? quant->high : quant->low) - zero) * quant->scale[0]);
        input[i + 1] = graph_add_weight(
            graph, arena_format(graph->arena, "%s_%s", name, i ? "max" : "min"), bound);
    }
    *out = graph_add_activation(graph, arena_format(graph->arena, "%s_clamped", name), DT_F32);
    graph_value(graph, *out)->tensor.shape = graph_value(graph, x)->tensor.shape;
    graph_add_node(graph, op_find("Clip"), graph_value(graph, *out)->name, NULL, input, 3, out, 1);
    return OK;
}

static enum status materialise_activation(struct context *context, struct graph *graph, uint32_t at)
{
    const struct quant *quant = graph->value[at].quant;
    const char *name = stem_of(graph, graph->value[at].name);
    struct value_id scale[2], q, d, x = {at}, clamped = x;
    uint32_t first_new;

    TRY(add_scales(context, graph, name, quant, quant->dtype, scale));
    first_new = graph->node_count;
    if (quant->bits < dtype_info[quant->dtype].bits)
        TRY(add_clip(context, graph, x, quant, &clamped));
    q = add_linear(graph, "QuantizeLinear", arena_format(graph->arena, "%s_quantized", name), -1,
                   clamped, scale, quant->dtype);
    d = add_linear(graph, "DequantizeLinear", arena_format(graph->arena, "%s_dequantized", name),
                   -1, q, scale, DT_F32);
    graph_replace_uses(graph, x, d);
    graph_set_input(graph, (struct node_id){first_new}, 0, x);
    graph->value[at].quant = NULL;
    return OK;
}

// The annotation of a value, seen through operators that only pass data on.
static const struct quant *grid_of(const struct graph *graph, struct value_id id)
{
    for (int depth = 0; depth < 16; depth++) {
        const struct value *value = graph_value(graph, id);
        if (value->quant || !node_exists(value->producer))
            return value->quant;
        const struct node *node = graph_node(graph, value->producer);
        if (node->op->is_unknown || !(node->op->traits & OP_VIEW))
            return NULL;
        id = node->input[0];
    }
    return NULL;
}

// A bias must fit in 30 bits at scale x_scale * w_scale: channels of tiny weights (as dead batch
// norm channels leave them) get a coarser grid.
static void widen_for_bias(struct graph *graph, struct value *weight, const struct tensor *bias,
                           float x_scale)
{
    struct quant *quant = arena_copy(graph->arena, weight->quant, sizeof *quant);
    float *scale = arena_copy(graph->arena, quant->scale, (size_t)quant->count * sizeof *scale);

    for (int64_t c = 0; c < tensor_count(bias); c++) {
        int64_t at = quant->count == 1 ? 0 : c;
        float least = (float)(fabs(tensor_get(bias, c)) / ((double)x_scale * (1 << 29)));
        if (scale[at] < least)
            scale[at] = least;
    }
    quant->scale = scale;
    weight->quant = quant;
}

// Bias of a Conv or Gemm whose input and weight are both quantised.
static enum status materialise_bias(struct context *context, struct graph *graph, uint32_t n)
{
    const struct node *node = &graph->node[n];
    struct value *weight = graph_weight(graph, node, 1), *bias = graph_weight(graph, node, 2);
    const struct quant *x = grid_of(graph, node->input[0]);
    struct value_id scale[2], q, d;
    const char *stem;
    struct quant quant = {
        .dtype = DT_I32, .bits = 32, .axis = 0, .low = INT32_MIN / 2, .high = INT32_MAX / 2};
    struct tensor integers;
    float *scales;

    if (!bias || !weight || !weight->quant || !x || x->count != 1 || bias->quant ||
        bias->tensor.dtype != DT_F32 || bias->tensor.shape.rank != 1)
        return OK;
    quant.count = tensor_count(&bias->tensor);
    if (weight->quant->count != 1 && weight->quant->count != quant.count)
        return OK;
    widen_for_bias(graph, weight, &bias->tensor, x->scale[0]);
    scales = arena_array(graph->arena, float, (size_t)quant.count);
    for (int64_t c = 0; c < quant.count; c++)
        scales[c] = x->scale[0] * weight->quant->scale[weight->quant->count == 1 ? 0 : c];
    quant.scale = scales;
    TRY(quantised(context, &bias->tensor, &quant, DT_I32, &integers));
    stem = stem_of(graph, bias->name);
    q = graph_add_weight(graph, arena_format(graph->arena, "%s_quantized", stem), integers);
    TRY(add_scales(context, graph, stem, &quant, DT_I32, scale));
    d = add_linear(graph, "DequantizeLinear", arena_format(graph->arena, "%s_dequantized", stem), 0,
                   q, scale, DT_F32);
    graph_set_input(graph, (struct node_id){n}, 2, d);
    return OK;
}

// Requires: scales on every annotation. Keeps: what the annotated graph means. Leaves no quant.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;
    uint32_t values = graph->value_count, nodes = graph->node_count;

    for (uint32_t n = 0; n < nodes; n++)
        if (node_is(&graph->node[n], "Conv") || node_is(&graph->node[n], "Gemm"))
            TRY(materialise_bias(run->context, graph, n));
    for (uint32_t i = 0; i < values; i++) {
        if (!graph->value[i].quant || graph_is_output(graph, (struct value_id){i}))
            continue;
        TRY(graph->value[i].role == VALUE_WEIGHT ? materialise_weight(run->context, graph, i)
                                                 : materialise_activation(run->context, graph, i));
    }
    TRY(graph_sort(run->context, graph));
    graph_remove_unused(graph);
    return OK;
}

const struct pass pass_materialise = {
    .name = "materialise",
    .summary = "write annotations as integer weights and Q/DQ nodes",
    .run = run,
};
