// The tensors that a network keeps in memory: weights with their scales, stored activations, and
// the most that is alive at one time.
#include <math.h>

#include "energy/count_internal.h"

// Shapes, axes and indices are part of the program, not weights.
static bool is_program(enum dtype dtype)
{
    return dtype == DT_I64 || dtype == DT_U64 || dtype == DT_BOOL || dtype == DT_NONE;
}

static void add_weight(struct counts *counts, const struct weight_count *weight)
{
    counts->weight[counts->weight_count++] = *weight;
    counts->weight_bytes += stored_bytes(weight->elements, weight->nonzero, weight->type.bits);
    counts->dense_weight_bytes += ceil(weight->elements * weight->type.bits / 8);
    if (weight->is_parameter) {
        counts->parameters += weight->elements;
        counts->nonzero += weight->nonzero;
    }
}

// Scales and zero points that an annotation will bring once it is materialised.
static void add_annotation(struct counts *counts, const struct value *value, uint32_t layer)
{
    const struct quant *quant = value->quant;
    bool has_zero_points = false;

    if (!quant || !quant->scale)
        return;
    for (int64_t i = 0; quant->zero_point && i < quant->count; i++)
        has_zero_points |= quant->zero_point[i] != 0;
    struct weight_count scales = {layer,
                                  value->name,
                                  (double)quant->count,
                                  (double)quant->count,
                                  number_type_of(DT_F32),
                                  true,
                                  false,
                                  false,
                                  0};
    add_weight(counts, &scales);
    scales.type = number_type_of(quant->dtype);
    if (has_zero_points)
        add_weight(counts, &scales);
}

static uint32_t layer_of(const struct walk *walk, uint32_t id)
{
    struct node_id producer = walk->graph->value[id].producer;

    return node_exists(producer) ? walk->layer[producer.at] : walk->owner[id];
}

static size_t count_values(const struct graph *graph)
{
    size_t count = graph->value_count;
    const struct graph *body;

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; (body = node_body(&graph->node[n], i)); i++)
            count += count_values(body);
    return count;
}

// What stands in a node's bodies is the node's.
static void add_bodies(struct walk *walk, const struct node *node, uint32_t layer)
{
    const struct graph *body;

    for (int b = 0; (body = node_body(node, b)); b++) {
        for (uint32_t i = 0; i < body->value_count; i++) {
            const struct value *value = &body->value[i];
            if (value->role != VALUE_WEIGHT || is_program(value->tensor.dtype))
                continue;
            add_weight(
                walk->counts,
                &(struct weight_count){layer, value->name, (double)tensor_count(&value->tensor),
                                       (double)zeros_count(&value->tensor, NULL, -1).nonzero,
                                       number_type_of(value->tensor.dtype), false, true, false, 0});
        }
        for (uint32_t n = 0; n < body->node_count; n++)
            add_bodies(walk, &body->node[n], layer);
    }
}

// The first dimension, as a matrix multiplied from the right or a convolution has it.
static double matrix_rows(const struct shape *shape)
{
    return shape->rank > 1 ? (double)shape->dim[0] : 0;
}

void count_weights(struct walk *walk)
{
    const struct graph *graph = walk->graph;
    struct counts *counts = walk->counts;

    counts->weight = arena_array(counts->arena, struct weight_count, 3 * count_values(graph));
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (walk->layer[n] != NO_LAYER)
            add_bodies(walk, &graph->node[n], walk->layer[n]);
    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct value *value = &graph->value[i];
        const struct weight_info *info = &walk->info[i];
        uint32_t layer = value->role == VALUE_WEIGHT ? walk->owner[i] : layer_of(walk, i);

        if (layer == NO_LAYER ||
            is_program(value->role == VALUE_WEIGHT ? value->tensor.dtype : DT_F32))
            continue;
        if (value->role == VALUE_WEIGHT)
            add_weight(counts, &(struct weight_count){
                                   layer, value->name, value_elements(walk, (struct value_id){i}),
                                   (double)info->zeros.nonzero, info->type, info->is_scale,
                                   !info->is_scale && !info->is_statistic, info->is_2_4,
                                   matrix_rows(&value->tensor.shape)});
        add_annotation(counts, value, layer);
    }
}

static void find_storage(struct walk *walk)
{
    const struct graph *graph = walk->graph;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        walk->storage[i] = i;
        walk->is_stored[i] = graph->value[i].role == VALUE_INPUT && !walk->is_constant[i];
    }
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->node[i];
        uint32_t source = NO_LAYER;

        if (walk->layer[i] == NO_LAYER)
            continue;
        int inputs = node_keeps_memory(walk, i) ? node->input_count : 0;
        for (int k = 0; k < inputs && source == NO_LAYER; k++)
            if (value_exists(node->input[k]) && !walk->is_constant[node->input[k].at])
                source = walk->storage[node->input[k].at];
        for (int k = 0; k < node->output_count; k++) {
            if (!value_exists(node->output[k]) || walk->is_constant[node->output[k].at])
                continue;
            walk->is_stored[node->output[k].at] = source == NO_LAYER;
            if (source != NO_LAYER)
                walk->storage[node->output[k].at] = source;
        }
    }
}

static void add_activations(struct walk *walk)
{
    const struct graph *graph = walk->graph;
    struct counts *counts = walk->counts;

    counts->activation = arena_array(counts->arena, struct activation_count, graph->value_count);
    for (uint32_t i = 0; i < graph->value_count; i++) {
        uint32_t layer = layer_of(walk, i);

        if (!walk->is_stored[i] || layer == NO_LAYER)
            continue;
        struct activation_count *out = &counts->activation[counts->activation_count++];
        *out = (struct activation_count){layer, graph->value[i].name,
                                         value_elements(walk, (struct value_id){i}), walk->bits[i]};
        counts->activation_bytes += ceil(out->elements * out->bits / 8);
        if (isnan(out->elements))
            set_unknown(walk, &graph->node[counts->node[layer].node],
                        "a shape that is not known before running");
    }
}

static double memory_of(const struct walk *walk, uint32_t id)
{
    return ceil(value_elements(walk, (struct value_id){id}) * walk->bits[id] / 8);
}

// Runs through the nodes in order and keeps what later nodes still read.
static void find_peak(struct walk *walk)
{
    const struct graph *graph = walk->graph;
    uint32_t *last = arena_array(walk->counts->arena, uint32_t, graph->value_count);
    double alive = 0, peak;

    for (uint32_t i = 0; i < graph->node_count; i++)
        for (int k = 0; walk->layer[i] != NO_LAYER && k < graph->node[i].input_count; k++)
            if (value_exists(graph->node[i].input[k]))
                last[walk->storage[graph->node[i].input[k].at]] = i;
    for (uint32_t i = 0; i < graph->output_count; i++)
        last[walk->storage[graph->output[i].at]] = graph->node_count;
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (walk->is_stored[graph->input[i].at])
            alive += memory_of(walk, graph->input[i].at);
    peak = alive;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->node[i];

        for (int k = 0; k < node->output_count; k++)
            if (value_exists(node->output[k]) && walk->is_stored[node->output[k].at])
                alive += memory_of(walk, node->output[k].at);
        peak = alive > peak || isnan(alive) ? alive : peak;
        for (int k = 0; walk->layer[i] != NO_LAYER && k < node->input_count; k++) {
            uint32_t id = value_exists(node->input[k]) ? walk->storage[node->input[k].at] : 0;
            if (!value_exists(node->input[k]) || !walk->is_stored[id] || last[id] != i)
                continue;
            alive -= memory_of(walk, id);
            last[id] = UINT32_MAX; // gone: a node that reads it twice frees it once
        }
    }
    walk->counts->peak_activation_bytes = peak;
}

void count_activations(struct walk *walk)
{
    find_storage(walk);
    add_activations(walk);
    find_peak(walk);
}
