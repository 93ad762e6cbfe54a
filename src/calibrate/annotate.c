// Grids for weights and activations (Jacob et al. 2018; Krishnamoorthi 2018).
#include "calibrate/annotate.h"

#include <math.h>
#include <stdio.h>

#include "exec/infer.h"
#include "ops/attr.h"
#include "pass/sparsity.h"

enum status parse_bits(struct context *context, const char *text, int *weight, int *activation)
{
    int used = 0;

    if (sscanf(text, "%1d/%1d%n", weight, activation, &used) != 2 || text[used] || *weight < 2 ||
        *weight > 8 || *activation < 2 || *activation > 8)
        return context_fail(context, ERR_USAGE,
                            "'--bits %s' wants WEIGHT/ACTIVATION bits from 2 to 8, such as 8/8",
                            text);
    return OK;
}

static bool is_one_of(const struct node *node, const char *const *names)
{
    while (*names && !node_is(node, *names))
        names++;
    return *names != NULL;
}

int quantizable_axis(const struct graph *graph, const struct node *node, int slot)
{
    // Stored as integers, computed in float. Both weights of a recurrent layer have a row for each
    // gate of each unit.
    static const char *const second[] = {"ConvTranspose", "LSTM", "GRU", "RNN", NULL};

    if (node_is(node, "Conv"))
        return 0;
    if (node_is(node, "Gemm"))
        return ((const struct gemm_attr *)node->attr)->transB ? 0 : 1;
    if (node_is(node, "MatMul"))
        return graph_weight(graph, node, slot)->tensor.shape.rank - 1;
    return is_one_of(node, second) ? 1 : -1;
}

// Operators that run on integers once their inputs have grids.
static bool reads_grids(const struct graph *graph, const struct node *node)
{
    static const char *const weighted[] = {"Conv", "Gemm", "MatMul", NULL};
    static const char *const names[] = {"Add", "GlobalAveragePool", "MaxPool", "ReduceMean", NULL};

    return is_one_of(node, names) ||
           (is_one_of(node, weighted) && prunable_slot(graph, node, 0) == 1);
}

void annotate_weight(struct graph *graph, struct value_id id, int axis, int bits)
{
    struct value *value = graph_value(graph, id);
    const struct tensor *tensor = &value->tensor;
    int64_t channels = tensor->shape.dim[axis], inner = 1, count = tensor_count(tensor);
    struct quant *quant = arena_alloc(graph->arena, sizeof *quant);
    float *scale = arena_array(graph->arena, float, (size_t)channels);

    for (int i = axis + 1; i < tensor->shape.rank; i++)
        inner *= tensor->shape.dim[i];
    const float *number = tensor->dtype == DT_F32 ? tensor_f32(tensor) : NULL;
    for (int64_t i = 0; i < count;)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t k = 0; k < inner; k++, i++) {
                float w = fabsf(number ? number[i] : (float)tensor_get(tensor, i));
                scale[c] = w > scale[c] ? w : scale[c];
            }
    tensor_cool(tensor);
    // Symmetric per channel: the lowest code stays unused, so that |q| <= 127 and sums stay small.
    *quant = (struct quant){.dtype = DT_I8,
                            .bits = bits,
                            .axis = axis,
                            .count = channels,
                            .low = -((1 << (bits - 1)) - 1),
                            .high = (1 << (bits - 1)) - 1};
    for (int64_t c = 0; c < channels; c++)
        scale[c] = scale[c] > 0 ? scale[c] / (float)quant->high : 1;
    quant->scale = scale;
    value->quant = quant;
}

// The value that holds the numbers: views hand on those of their input.
static struct value_id origin(const struct graph *graph, struct value_id id)
{
    for (;;) {
        const struct value *value = graph_value(graph, id);
        if (!node_exists(value->producer))
            return id;
        const struct node *node = graph_node(graph, value->producer);
        if (node->op->is_unknown || !(node->op->traits & OP_VIEW))
            return id;
        id = node->input[0];
    }
}

static bool takes_grid(const struct graph *graph, const struct inference *types, struct value_id id)
{
    const struct value *value = graph_value(graph, id);
    enum dtype dtype = types->of_value[id.at].dtype;

    return value->role != VALUE_WEIGHT && !graph_is_output(graph, id) &&
           (dtype == DT_F32 || dtype == DT_NONE) &&
           !(node_exists(value->producer) &&
             (node_is(graph_node(graph, value->producer), "DequantizeLinear") ||
              graph_node(graph, value->producer)->op->is_unknown));
}

static void list_value(const struct graph *graph, const struct inference *types, struct value_id id,
                       bool *listed, struct value_id *out, int *count)
{
    if (!value_exists(id))
        return;
    id = origin(graph, id);
    if (!takes_grid(graph, types, id) || listed[id.at])
        return;
    listed[id.at] = true;
    out[(*count)++] = id;
}

static enum status layer_bits(struct pass_run *run, const struct annotate_options *options,
                              const struct node *node, int *bits)
{
    const char *setting = layer_setting(run->layer, node, run->graph->arena);
    double wanted;

    if (!setting)
        return OK;
    if (options->layers_may_be_sparsities && parse_number(setting, &wanted) && wanted <= 1)
        return OK;
    if (!parse_number(setting, &wanted) || !(wanted >= 2 && wanted <= 8) || wanted != rint(wanted))
        return context_fail(run->context, ERR_USAGE,
                            "'--layer ...=%s' wants bits of the weights from 2 to 8", setting);
    *bits = (int)wanted;
    return OK;
}

static enum status weigh(struct pass_run *run, const struct annotate_options *options,
                         const struct node *node, int slot)
{
    const struct value *weight = graph_value(run->graph, node->input[slot]);
    int bits = options->weight_bits, axis = quantizable_axis(run->graph, node, slot);

    if (axis < 0)
        return OK;
    TRY(layer_bits(run, options, node, &bits));
    for (int64_t i = 0; i < tensor_count(&weight->tensor); i++)
        if (!isfinite(tensor_f32(&weight->tensor)[i])) {
            context_fail(run->context, ERR_NUMERIC, "weight '%s' is not finite", weight->name);
            return graph_fail_at(run->context, node, ERR_NUMERIC);
        }
    annotate_weight(run->graph, node->input[slot], axis, bits);
    return OK;
}

// An Add of a constant stays float: it is a bias, and cheap.
static bool adds_constant(const struct graph *graph, const struct node *node)
{
    return node_is(node, "Add") && (graph_value(graph, node->input[0])->role == VALUE_WEIGHT ||
                                    graph_value(graph, node->input[1])->role == VALUE_WEIGHT);
}

// Annotates weights; lists the activations that want a grid.
static enum status list_activations(struct pass_run *run, const struct annotate_options *options,
                                    const struct inference *types, struct value_id *out, int *count)
{
    struct graph *graph = run->graph;
    bool *listed = arena_array(graph->arena, bool, graph->value_count + 1);

    *count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        if (!selection_has(run->selection, node))
            continue;
        for (int i = -1; (i = prunable_slot(graph, node, i + 1)) >= 0;)
            TRY(weigh(run, options, node, i));
        if (!reads_grids(graph, node) || adds_constant(graph, node))
            continue;
        list_value(graph, types, node->input[0], listed, out, count);
        if (node_is(node, "Add"))
            list_value(graph, types, node->input[1], listed, out, count);
    }
    return OK;
}

static void set_grid(struct graph *graph, struct value_id id, const struct range *range, int bits)
{
    struct quant *quant = arena_alloc(graph->arena, sizeof *quant);
    float *scale = arena_alloc(graph->arena, sizeof *scale);
    int32_t *zero = arena_alloc(graph->arena, sizeof *zero);
    int32_t most = (1 << bits) - 1;

    *scale = (range->high - range->low) / (float)most;
    if (!(*scale >= 1e-30f)) // a value that is always zero
        *scale = 1;
    *zero = (int32_t)rintf(-range->low / *scale);
    *zero = *zero < 0 ? 0 : *zero > most ? most : *zero;
    *quant = (struct quant){.dtype = DT_U8,
                            .bits = bits,
                            .axis = QUANT_WHOLE_TENSOR,
                            .count = 1,
                            .scale = scale,
                            .zero_point = zero,
                            .low = 0,
                            .high = most};
    graph_value(graph, id)->quant = quant;
}

// A pool that picks among its inputs has their grid.
static void share_through_maxpools(struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        struct quant *from;
        if (!node_is(node, "MaxPool"))
            continue;
        from = graph_value(graph, origin(graph, node->input[0]))->quant;
        if (from && graph_value(graph, node->output[0])->quant)
            graph_value(graph, node->output[0])->quant = from;
    }
}

static enum status keep_or_refuse(struct pass_run *run, const struct value_id *value, int count)
{
    for (int v = 0; v < count; v++)
        if (!graph_value(run->graph, value[v])->quant)
            return context_fail(run->context, ERR_USAGE,
                                "activation ranges need samples: give --data");
    context_warn(run->context, "activation ranges are kept as they were: no --data to refit them");
    return OK;
}

enum status annotate_integers(struct pass_run *run, const struct annotate_options *options)
{
    struct graph *graph = run->graph;
    struct value_id *value = arena_array(graph->arena, struct value_id, 2 * graph->node_count + 1);
    const struct infer_options lenient = {.is_lenient = true};
    struct range_options how;
    struct inference types = {0};
    struct range *range;
    enum status status;
    int count;

    TRY(graph_infer(run->context, graph, &lenient, &types));
    status = list_activations(run, options, &types, value, &count);
    inference_clear(&types);
    TRY(status);
    range = arena_array(graph->arena, struct range, (size_t)count + 1);
    if (options->activation_bits == 0)
        return OK;
    if (!run->data)
        return count ? keep_or_refuse(run, value, count) : OK;
    how = options->range;
    how.work = run->work;
    TRY(ranges_find(run->context, graph, value, count, run->data, run->preprocess, &how, run->isa,
                    range));
    for (int v = 0; v < count; v++) {
        set_grid(graph, value[v], &range[v], options->activation_bits);
        report_add(run->report, graph_value(graph, value[v])->name, NULL, "scale",
                   graph_value(graph, value[v])->quant->scale[0], "");
    }
    share_through_maxpools(graph);
    return OK;
}
