// Quantised files become float graphs with annotations, so that they can be compressed further: an
// integer weight behind DequantizeLinear turns into float numbers that know their grid, and a
// QuantizeLinear/DequantizeLinear pair that every reader goes through turns into its input's
// annotation. Other Q/DQ nodes stay.
#include <math.h>
#include <string.h>

#include "exec/call.h"
#include "ops/attr.h"
#include "pass/pass.h"

static bool is_narrow(enum dtype dtype)
{
    return dtype == DT_I8 || dtype == DT_U8 || dtype == DT_I4 || dtype == DT_U4;
}

static void set_range(struct quant *quant)
{
    const struct dtype_info *info = &dtype_info[quant->dtype];

    quant->bits = info->bits;
    quant->high = (int32_t)((INT64_C(1) << (info->bits - (info->is_signed ? 1 : 0))) - 1);
    quant->low = info->is_signed ? -quant->high - 1 : 0;
}

// One scale and zero point for the tensor, or one of each per index of the node's axis.
static bool parameters_fit(const struct node *node, const struct value *scale,
                           const struct value *zero, const struct shape *shape)
{
    const struct quantize_attr *attr = node->attr;
    int64_t axis = attr->axis < 0 ? attr->axis + shape->rank : attr->axis;
    int64_t count = tensor_count(&scale->tensor);

    if (scale->tensor.dtype != DT_F32 || attr->block_size || scale->tensor.shape.rank > 1)
        return false;
    if (zero && (tensor_count(&zero->tensor) != count || dtype_info[zero->tensor.dtype].is_float))
        return false;
    for (int64_t i = 0; i < count; i++)
        if (!(tensor_get(&scale->tensor, i) > 0) || !isfinite(tensor_get(&scale->tensor, i)))
            return false;
    return count == 1 || (axis >= 0 && axis < shape->rank && shape->dim[axis] == count);
}

// The grid that a Q or DQ node describes for a tensor of that shape; NULL if it is not constant.
static struct quant *quant_of(struct graph *graph, const struct node *node, enum dtype dtype,
                              const struct shape *shape)
{
    const struct value *scale = graph_weight(graph, node, 1), *zero = graph_weight(graph, node, 2);
    const struct quantize_attr *attr = node->attr;
    struct quant *quant = arena_alloc(graph->arena, sizeof *quant);
    float *scales;
    int32_t *zeros;

    if (!scale || (node->input_count > 2 && value_exists(node->input[2]) && !zero) ||
        !parameters_fit(node, scale, zero, shape))
        return NULL;
    quant->dtype = dtype;
    quant->count = tensor_count(&scale->tensor);
    quant->axis = scale->tensor.shape.rank == 0 || quant->count == 1
                      ? QUANT_WHOLE_TENSOR
                      : (int32_t)(attr->axis < 0 ? attr->axis + shape->rank : attr->axis);
    scales = arena_array(graph->arena, float, (size_t)quant->count);
    zeros = arena_array(graph->arena, int32_t, (size_t)quant->count);
    for (int64_t i = 0; i < quant->count; i++) {
        scales[i] = (float)tensor_get(&scale->tensor, i);
        zeros[i] = zero ? (int32_t)tensor_get_int(&zero->tensor, i) : 0;
    }
    quant->scale = scales;
    quant->zero_point = zeros;
    set_range(quant);
    return quant;
}

// DequantizeLinear of a constant: computed; int8 and narrower keep their grid, int32 biases do not
// need one (it follows from the others).
static enum status absorb_weight(struct context *context, struct graph *graph, uint32_t n,
                                 bool *dead)
{
    const struct node *node = &graph->node[n];
    const struct value *q = graph_weight(graph, node, 0);
    const struct tensor *input[3] = {&q->tensor, NULL, NULL};
    struct tensor result = {DT_NONE, SHAPE_UNKNOWN, NULL, 0}, *output[1] = {&result};
    struct op_call call = {.attr = node->attr,
                           .input_count = node->input_count,
                           .output_count = 1,
                           .input = input,
                           .output = output};
    enum dtype dtype = q->tensor.dtype;
    struct quant *quant = quant_of(graph, node, dtype, &q->tensor.shape);
    struct value *value = graph_value(graph, node->output[0]);

    if (!quant || graph_is_output(graph, node->output[0]))
        return OK;
    for (int i = 1; i < node->input_count; i++)
        input[i] = value_exists(node->input[i]) ? &graph_weight(graph, node, i)->tensor : NULL;
    TRY(call_run(context, node->op, &call));
    tensor_cool(&q->tensor);
    tensor_cool(&result);
    value->role = VALUE_WEIGHT;
    value->tensor = result;
    value->producer = NO_NODE;
    value->quant = is_narrow(dtype) ? quant : NULL;
    if (q->sparsity) {
        value->sparsity = arena_copy(graph->arena, q->sparsity, sizeof *q->sparsity);
        tensor_share(&value->sparsity->mask, &q->sparsity->mask);
    }
    *dead = true;
    return OK;
}

static bool same_parameters(const struct graph *graph, const struct node *a, const struct node *b)
{
    for (int i = 1; i < 3; i++) {
        const struct value *x = graph_weight(graph, a, i), *y = graph_weight(graph, b, i);
        if (!x != !y || (x && (tensor_bytes(&x->tensor) != tensor_bytes(&y->tensor) ||
                               memcmp(tensor_data(&x->tensor), tensor_data(&y->tensor),
                                      tensor_bytes(&x->tensor)) != 0)))
            return false;
    }
    return true;
}

// Every reader of x is this QuantizeLinear, and all its readers are DequantizeLinear of one grid.
static bool is_pair(const struct graph *graph, const struct node *quantize)
{
    struct value_id q = quantize->output[0];
    uint32_t readers = 0;

    if (graph_use_count(graph, quantize->input[0]) != 1 || graph_is_output(graph, q))
        return false;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        for (int i = 0; i < node->input_count; i++)
            if (value_is(node->input[i], q)) {
                if (i != 0 || !node_is(node, "DequantizeLinear") ||
                    !same_parameters(graph, quantize, node))
                    return false;
                readers++;
            }
    }
    return readers > 0;
}

static void absorb_pair(struct graph *graph, uint32_t n, bool *dead)
{
    const struct node *quantize = &graph->node[n];
    struct value_id x = quantize->input[0], q = quantize->output[0];
    const struct value *zero = graph_weight(graph, quantize, 2);
    bool is_weight = graph_value(graph, x)->role == VALUE_WEIGHT;
    struct shape none = {0, {0}};
    struct quant *quant = quant_of(graph, quantize, zero ? zero->tensor.dtype : DT_U8,
                                   is_weight ? &graph_value(graph, x)->tensor.shape : &none);

    if (!quant || !is_narrow(quant->dtype) || graph_is_output(graph, x))
        return;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct value_id d = graph->node[i].output_count ? graph->node[i].output[0] : NO_VALUE;
        if (!dead[i] && node_is(&graph->node[i], "DequantizeLinear") &&
            value_is(graph->node[i].input[0], q) && !graph_is_output(graph, d)) {
            graph_replace_uses(graph, d, x);
            dead[i] = true;
        }
    }
    graph_value(graph, x)->quant = quant;
    dead[n] = true;
}

// Requires: nothing. Keeps: what the annotated graph means. Sets: quant of weights and activations.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;
    bool *dead = arena_array(graph->arena, bool, graph->node_count + 1);

    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        if (node_is(node, "DequantizeLinear") && graph_weight(graph, node, 0) &&
            absorb_weight(run->context, graph, n, &dead[n]) != OK)
            return graph_fail_at(run->context, &graph->node[n], ERR_FORMAT);
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!dead[n] && node_is(&graph->node[n], "QuantizeLinear") &&
            is_pair(graph, &graph->node[n]))
            absorb_pair(graph, n, dead);
    graph_compact(graph, dead);
    graph_remove_unused(graph);
    return OK;
}

const struct pass pass_absorb_quant = {
    .name = "absorb_quant",
    .summary = "turn Q/DQ nodes and integer weights into annotations",
    .run = run,
};
