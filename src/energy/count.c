// Walks a graph with known shapes and counts what one inference computes, keeps and moves; see
// count.h and docs/energy.md.
#include "energy/count.h"

#include <math.h>
#include <string.h>

#include "energy/count_internal.h"
#include "ops/attr.h"

static bool is_quantize(const struct node *node)
{
    return node_is(node, "QuantizeLinear");
}

static bool is_dequantize(const struct node *node)
{
    return node_is(node, "DequantizeLinear");
}

bool node_keeps_memory(const struct walk *walk, uint32_t node)
{
    const struct node *at = &walk->graph->node[node];

    return is_quantize(at) || is_dequantize(at) || walk->cost[node].in_place;
}

double value_elements(const struct walk *walk, struct value_id id)
{
    int64_t count = value_exists(id) ? tensor_count(&walk->tensor[id.at]) : 0;

    return count < 0 ? NAN : (double)count;
}

void set_unknown(struct walk *walk, const struct node *node, const char *what)
{
    struct text text;

    if (walk->counts->reason)
        return;
    text_init(&text);
    text_add(&text, "node '");
    text_add_escaped(&text, node->name, strlen(node->name));
    text_format(&text, "' (%s): %s", node->op->name, what);
    walk->counts->reason = arena_copy_text(walk->counts->arena, text.at);
    text_clear(&text);
}

// ---- what is constant, and what each node costs ------------------------------------------------

static bool node_is_constant(const struct walk *walk, const struct node *node)
{
    bool outputs_known = true, inputs_known = true;

    for (int i = 0; i < node->output_count; i++)
        outputs_known &= !value_exists(node->output[i]) || walk->is_constant[node->output[i].at];
    for (int i = 0; i < node->input_count; i++)
        inputs_known &= !value_exists(node->input[i]) || walk->is_constant[node->input[i].at];
    return outputs_known ||
           (inputs_known && !node->op->is_unknown && !(node->op->traits & OP_RANDOM));
}

static void find_constants(struct walk *walk)
{
    const struct graph *graph = walk->graph;
    uint32_t layers = 0;

    for (uint32_t i = 0; i < graph->value_count; i++)
        walk->is_constant[i] = graph->value[i].role == VALUE_WEIGHT || walk->tensor[i].buffer;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->node[i];
        bool constant = node_is_constant(walk, node);

        walk->layer[i] = constant ? NO_LAYER : layers++;
        for (int k = 0; constant && k < node->output_count; k++)
            if (value_exists(node->output[k]))
                walk->is_constant[node->output[k].at] = true;
    }
    walk->counts->node_count = layers;
}

static bool shapes_known(const struct walk *walk, const struct value_id *id, int count)
{
    for (int i = 0; i < count; i++)
        if (value_exists(id[i]) && !shape_is_static(&walk->tensor[id[i].at].shape))
            return false;
    return true;
}

static void find_cost(struct walk *walk, uint32_t at)
{
    const struct node *node = &walk->graph->node[at];
    struct arena *arena = walk->counts->arena;
    struct op_cost *cost = &walk->cost[at];

    *cost = (struct op_cost){NAN, -1, false};
    if (node->op->is_unknown || !node->op->cost) {
        set_unknown(walk, node, "an operator whose cost is not known");
        return;
    }
    if (!shapes_known(walk, node->input, node->input_count) ||
        !shapes_known(walk, node->output, node->output_count)) {
        set_unknown(walk, node, "a shape that is not known before running");
        return;
    }
    const struct tensor **input =
        arena_array(arena, const struct tensor *, (size_t)node->input_count + 1);
    struct tensor *copy = arena_array(arena, struct tensor, (size_t)node->output_count + 1);
    struct tensor **output = arena_array(arena, struct tensor *, (size_t)node->output_count + 1);
    for (int i = 0; i < node->input_count; i++)
        input[i] = value_exists(node->input[i]) ? &walk->tensor[node->input[i].at] : NULL;
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i])) {
            copy[i] = walk->tensor[node->output[i].at];
            output[i] = &copy[i];
        }
    struct op_call call = {.attr = node->attr,
                           .input_count = node->input_count,
                           .output_count = node->output_count,
                           .input = input,
                           .output = output};
    *cost = (struct op_cost){0, -1, false};
    node->op->cost(&call, cost);
}

// ---- readers: bits as stored, and the first layer that reads -----------------------------------

static int dtype_bits(const struct walk *walk, struct value_id id)
{
    return number_type_of(walk->tensor[id.at].dtype).bits;
}

// From the last node to the first: whoever reads a value is settled before it.
static void find_readers(struct walk *walk)
{
    const struct graph *graph = walk->graph;

    for (uint32_t i = 0; i < graph->value_count; i++)
        walk->owner[i] = NO_LAYER;
    for (uint32_t i = 0; i < graph->output_count; i++)
        walk->bits[graph->output[i].at] = dtype_bits(walk, graph->output[i]);
    for (uint32_t i = graph->node_count; i-- > 0;) {
        const struct node *node = &graph->node[i];
        uint32_t layer = walk->layer[i];
        int seen = 0;

        for (int k = 0; k < node->output_count; k++) {
            if (!value_exists(node->output[k]))
                continue;
            const struct value *value = graph_value(graph, node->output[k]);
            if (value->quant)
                walk->bits[node->output[k].at] = number_type_annotated(value->quant, DT_F32).bits;
            if (walk->layer[i] == NO_LAYER && walk->owner[node->output[k].at] < layer)
                layer = walk->owner[node->output[k].at];
        }
        if (node->output_count > 0 && value_exists(node->output[0]))
            seen = is_quantize(node) ? dtype_bits(walk, node->output[0])
                   : !is_dequantize(node) && node_keeps_memory(walk, i)
                       ? walk->bits[node->output[0].at]
                       : 0;
        for (int k = 0; k < node->input_count; k++) {
            if (!value_exists(node->input[k]))
                continue;
            uint32_t id = node->input[k].at;
            int bits = seen ? seen : dtype_bits(walk, node->input[k]);
            walk->bits[id] = bits > walk->bits[id] ? bits : walk->bits[id];
            walk->owner[id] = layer < walk->owner[id] ? layer : walk->owner[id];
        }
    }
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->value[i].quant)
            walk->bits[i] = number_type_annotated(graph->value[i].quant, DT_F32).bits;
        else if (walk->bits[i] == 0)
            walk->bits[i] = number_type_of(walk->tensor[i].dtype).bits;
}

// ---- weights -----------------------------------------------------------------------------------

static void find_weight(struct walk *walk, uint32_t id, const struct node *reader)
{
    const struct value *value = &walk->graph->value[id];
    const struct tensor *zero_point = NULL;
    int64_t axis = value->tensor.shape.rank;

    walk->info[id].type = number_type_annotated(value->quant, value->tensor.dtype);
    if (reader && is_quantize(reader) && value_exists(reader->output[0]))
        walk->info[id].type = number_type_of(walk->tensor[reader->output[0].at].dtype);
    if (reader && is_dequantize(reader)) {
        const struct quantize_attr *attr = reader->attr;
        const struct value *zero = graph_weight(walk->graph, reader, 2);
        axis = attr ? attr->axis : axis;
        zero_point = zero ? &zero->tensor : NULL;
    }
    if (!value->tensor.buffer)
        walk->info[id].zeros = (struct zeros){tensor_count(&value->tensor), false};
    else if (value->quant)
        walk->info[id].zeros = zeros_count_annotated(&value->tensor, value->quant);
    else
        walk->info[id].zeros = zeros_count(&value->tensor, zero_point, axis);
    tensor_cool(&value->tensor);
}

static void find_weights(struct walk *walk)
{
    const struct graph *graph = walk->graph;
    struct arena *arena = walk->counts->arena;
    const struct node **reader = arena_array(arena, const struct node *, graph->value_count);

    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->node[i];
        for (int k = 3; node_is(node, "BatchNormalization") && k < node->input_count; k++)
            if (value_exists(node->input[k]))
                walk->info[node->input[k].at].is_statistic = true;
        if (!is_quantize(node) && !is_dequantize(node))
            continue;
        for (int k = 0; k < node->input_count; k++)
            if (value_exists(node->input[k])) {
                walk->info[node->input[k].at].is_scale |= k > 0;
                if (k == 0)
                    reader[node->input[k].at] = node;
            }
    }
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->value[i].role == VALUE_WEIGHT && walk->owner[i] != NO_LAYER)
            find_weight(walk, i, reader[i]);
}

// ---- layers ------------------------------------------------------------------------------------

// The type that a layer's operand has: through DequantizeLinear, an annotation, views.
static struct number_type operand_type(const struct walk *walk, struct value_id id)
{
    const struct value_id start = id;

    while (value_exists(id)) {
        const struct value *value = graph_value(walk->graph, id);
        const struct node *node;

        if (value->quant)
            return number_type_annotated(value->quant, DT_F32);
        if (!node_exists(value->producer))
            break;
        node = graph_node(walk->graph, value->producer);
        if (is_dequantize(node))
            return number_type_of(walk->tensor[node->input[0].at].dtype);
        if (!(node->op->traits & OP_VIEW))
            break;
        id = node->input[0];
    }
    return number_type_of(value_exists(start) ? walk->tensor[start.at].dtype : DT_NONE);
}

static bool has_groups_of_one(const struct node *node, const struct shape *weight)
{
    const struct field *field = node->op->attr ? field_find(node->op->attr, "group") : NULL;

    return field && field->type == FIELD_INT && node->attr && weight->rank > 1 &&
           *(const int64_t *)((const char *)node->attr + field->offset) > 1 && weight->dim[1] == 1;
}

static void count_operands(struct walk *walk, const struct node *node, const struct op_cost *cost,
                           struct node_count *out)
{
    int slot = cost->weight_input >= 0 ? cost->weight_input : 1;
    struct value_id x = node->input[slot == 0 && node->input_count > 1 ? 1 : 0];
    struct value_id w = slot < node->input_count ? node->input[slot] : x;
    struct value_id root = weight_behind(walk, w);

    out->activation = operand_type(walk, x);
    out->weight = operand_type(walk, w);
    out->input_elements = value_elements(walk, x);
    out->output_elements = value_elements(walk, node->output[0]);
    out->output_bits = walk->bits[node->output[0].at];
    out->shape = shape_of_node(walk, node, slot, cost->macs);
    out->reads_rectified = walk->is_rectified[x.at];
    out->writes_rectified = walk->becomes_rectified[node->output[0].at];
    if (value_exists(w))
        out->is_depthwise = has_groups_of_one(node, &walk->tensor[w.at].shape);
    if (cost->weight_input >= 0 && value_exists(root)) {
        struct weight_info *info = &walk->info[root.at];
        double count = value_elements(walk, root);

        if (number_is_integer(&out->weight) && info->zeros.small_numbers && count > 0) {
            info->type.is_ternary = true;
            info->type.bits = 2;
        }
        if (number_is_integer(&out->weight))
            out->weight = info->type;
        out->macs_nonzero *= nonzero_part(walk, node, cost);
        out->is_2_4 = info->is_2_4 = finds_2_4(walk, node, slot, w, root);
    }
}

static void count_nodes(struct walk *walk)
{
    struct counts *counts = walk->counts;
    double most = 0;

    counts->node = arena_array(counts->arena, struct node_count, counts->node_count);
    for (uint32_t i = 0; i < walk->graph->node_count; i++) {
        const struct node *node = &walk->graph->node[i];
        const struct op_cost *cost = &walk->cost[i];
        struct node_count *out;

        if (walk->layer[i] == NO_LAYER)
            continue;
        out = &counts->node[walk->layer[i]];
        *out = (struct node_count){.node = i,
                                   .name = node->name,
                                   .op = node->op->name,
                                   .macs = cost->macs,
                                   .macs_nonzero = cost->macs};
        if (cost->macs > 0 && node->input_count > 0 && value_exists(node->input[0]) &&
            node->output_count > 0 && value_exists(node->output[0]))
            count_operands(walk, node, cost, out);
        counts->macs += out->macs;
        counts->macs_nonzero += out->macs_nonzero;
        if (out->macs > most) {
            most = out->macs;
            counts->weight_bits = out->weight.bits;
            counts->activation_bits = out->activation.bits;
        }
    }
}

void counts_init(struct counts *counts, const struct graph *graph, const struct tensor *tensor)
{
    const size_t values = graph->value_count, nodes = graph->node_count;
    struct walk walk = {.counts = counts, .graph = graph, .tensor = tensor};

    *counts = (struct counts){.arena = arena_new()};
    walk.is_constant = arena_array(counts->arena, bool, values);
    walk.is_stored = arena_array(counts->arena, bool, values);
    walk.bits = arena_array(counts->arena, int, values);
    walk.owner = arena_array(counts->arena, uint32_t, values);
    walk.storage = arena_array(counts->arena, uint32_t, values);
    walk.info = arena_array(counts->arena, struct weight_info, values);
    walk.is_rectified = arena_array(counts->arena, bool, values);
    walk.becomes_rectified = arena_array(counts->arena, bool, values);
    walk.layer = arena_array(counts->arena, uint32_t, nodes);
    walk.cost = arena_array(counts->arena, struct op_cost, nodes);
    find_constants(&walk);
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (walk.layer[i] != NO_LAYER)
            find_cost(&walk, i);
    find_readers(&walk);
    find_rectified(&walk);
    find_weights(&walk);
    count_nodes(&walk);
    count_weights(&walk);
    count_activations(&walk);
}

void counts_clear(struct counts *counts)
{
    if (counts->arena)
        arena_free(counts->arena);
    *counts = (struct counts){.arena = NULL};
}

void counts_per_sample(struct counts *counts, double samples)
{
    for (uint32_t i = 0; i < counts->node_count; i++) {
        struct node_count *node = &counts->node[i];
        node->macs /= samples;
        node->macs_nonzero /= samples;
        node->input_elements /= samples;
        node->output_elements /= samples;
        if (fmod(node->shape.batch, samples) == 0)
            node->shape.batch /= samples;
        else
            node->shape.out_width /= samples;
    }
    for (uint32_t i = 0; i < counts->activation_count; i++)
        counts->activation[i].elements /= samples;
    counts->macs /= samples;
    counts->macs_nonzero /= samples;
    counts->activation_bytes /= samples;
    counts->peak_activation_bytes /= samples;
}
