// The loops behind each layer's multiply-accumulates, and which activations a ReLU has left zeros
// in: what mapping a network onto an accelerator needs; see count.h.
#include <math.h>

#include "energy/count_internal.h"

// ---- loops -------------------------------------------------------------------------------------

static double stride_of(const struct node *node, int axis)
{
    const struct field *field = node->op->attr ? field_find(node->op->attr, "strides") : NULL;
    const struct ints *strides;

    if (!field || field->type != FIELD_INTS || !node->attr)
        return 1;
    strides = (const void *)((const char *)node->attr + field->offset);
    return axis < strides->count ? (double)strides->at[axis] : 1;
}

// A shape with batch and channels in front and one to three spatial axes. A third one that leads is
// a loop over images with more channels each; one alone is the width.
static double spatial(const struct shape *shape, int axes_behind)
{
    return shape->rank - axes_behind >= 2 ? (double)shape->dim[shape->rank - axes_behind] : 1;
}

static double deep(const struct shape *shape)
{
    return shape->rank >= 5 ? (double)shape->dim[2] : 1;
}

// w: filters, channels of one group, kernel.
static struct layer_shape shape_of_conv(const struct node *node, const struct shape *x,
                                        const struct shape *w, const struct shape *y)
{
    int axes = y->rank - 2;
    struct layer_shape shape = {
        .batch = (double)y->dim[0] * deep(y),
        .groups = floor((double)x->dim[1] / (double)w->dim[1]),
        .in_channels = (double)w->dim[1] * deep(w),
        .out_height = spatial(y, 2),
        .out_width = spatial(y, 1),
        .kernel_height = spatial(w, 2),
        .kernel_width = spatial(w, 1),
        .stride_height = axes >= 2 ? stride_of(node, axes - 2) : 1,
        .stride_width = stride_of(node, axes - 1),
    };

    shape.out_channels = (double)y->dim[1] / shape.groups;
    shape.in_height = (shape.out_height - 1) * shape.stride_height + shape.kernel_height;
    shape.in_width = (shape.out_width - 1) * shape.stride_width + shape.kernel_width;
    return shape;
}

static struct layer_shape product(double batch, double groups, double rows, double inner,
                                  double columns)
{
    return (struct layer_shape){.batch = batch,
                                .groups = groups,
                                .in_channels = inner,
                                .out_channels = columns,
                                .in_height = 1,
                                .in_width = rows,
                                .out_height = 1,
                                .out_width = rows,
                                .kernel_height = 1,
                                .kernel_width = 1,
                                .stride_height = 1,
                                .stride_width = 1};
}

// Each element of the input times all taps of its filters.
static struct layer_shape shape_of_transposed(const struct shape *x, const struct shape *w)
{
    double rows = 1, taps = 1, groups;

    for (int i = 2; i < x->rank; i++)
        rows *= (double)x->dim[i];
    for (int i = 2; i < w->rank; i++)
        taps *= (double)w->dim[i];
    groups = (double)x->dim[1] / (double)w->dim[0];
    groups = groups >= 1 ? groups : 1;
    return product((double)x->dim[0], groups, rows, (double)w->dim[0] / groups,
                   (double)w->dim[1] * taps);
}

// A right operand of two axes serves all matrices of the left one; one of more has its own for
// each.
static struct layer_shape shape_of_product(const struct shape *w, const struct shape *y,
                                           double macs)
{
    double columns = w->rank >= 2 && y->rank >= 1 ? (double)y->dim[y->rank - 1] : 1;
    double all = 1, rows, lead;
    int before = y->rank - (w->rank >= 2 ? 2 : 1);

    for (int i = 0; i < y->rank; i++)
        all *= (double)y->dim[i];
    rows = before >= 0 ? (double)y->dim[before] : 1;
    lead = all / (rows * columns);
    if (w->rank <= 2)
        return product(lead, 1, rows, macs / all, columns);
    return product(1, lead, rows, macs / all, columns);
}

static struct layer_shape shape_of_gemm(const struct shape *y, double macs)
{
    double rows = (double)y->dim[0], columns = (double)y->dim[1];

    return product(rows, 1, 1, macs / (rows * columns), columns);
}

struct layer_shape shape_of_node(const struct walk *walk, const struct node *node, int weight,
                                 double macs)
{
    const struct layer_shape none = {.groups = 0};
    const struct shape *x, *w, *y;

    if (weight >= node->input_count || !value_exists(node->input[weight]))
        return none;
    x = &walk->tensor[node->input[0].at].shape;
    w = &walk->tensor[node->input[weight].at].shape;
    y = &walk->tensor[node->output[0].at].shape;
    if (node_is(node, "Conv") || node_is(node, "ConvInteger") || node_is(node, "QLinearConv"))
        return shape_of_conv(node, x, w, y);
    if (node_is(node, "ConvTranspose"))
        return shape_of_transposed(x, w);
    if (node_is(node, "Gemm"))
        return shape_of_gemm(y, macs);
    if (node_is(node, "MatMul") || node_is(node, "MatMulInteger") || node_is(node, "QLinearMatMul"))
        return shape_of_product(w, y, macs);
    return none;
}

// ---- zeros -------------------------------------------------------------------------------------

// Whether zeros of input 0 stay zeros, and no others come up but by rounding.
static bool keeps_zeros(const struct node *node)
{
    return (node->op->traits & OP_VIEW) || node_is(node, "MaxPool") ||
           node_is(node, "QuantizeLinear") || node_is(node, "DequantizeLinear") ||
           node_is(node, "Transpose") || node_is(node, "Dropout");
}

// Relu, and Clip from 0 (ReLU6).
static bool rectifies(const struct walk *walk, const struct node *node)
{
    const struct value *low = node_is(node, "Clip") ? graph_weight(walk->graph, node, 1) : NULL;

    return node_is(node, "Relu") || (low && low->tensor.buffer && tensor_count(&low->tensor) == 1 &&
                                     tensor_get(&low->tensor, 0) == 0);
}

static bool has_ends(const struct node *node)
{
    return node->input_count > 0 && value_exists(node->input[0]) && node->output_count > 0 &&
           value_exists(node->output[0]);
}

void find_rectified(struct walk *walk)
{
    const struct graph *graph = walk->graph;

    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->node[i];
        if (has_ends(node))
            walk->is_rectified[node->output[0].at] =
                rectifies(walk, node) ||
                (keeps_zeros(node) && walk->is_rectified[node->input[0].at]);
    }
    for (uint32_t i = graph->node_count; i-- > 0;) {
        const struct node *node = &graph->node[i];
        if (has_ends(node) &&
            (rectifies(walk, node) ||
             (node_keeps_memory(walk, i) && walk->becomes_rectified[node->output[0].at])))
            walk->becomes_rectified[node->input[0].at] = true;
    }
}
