// Plans which nodes of a graph with Q/DQ nodes run on exact integers.
#include "exec/integer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/attr.h"

struct planner {
    const struct graph *graph;
    const struct inference *inference;
    struct integer_plan *plan;
    struct value_id *held_by; // per value: the value whose integers it stands for, NO_VALUE: none
    bool *wants_float;        // per value: some float reader
};

// ---- constants ----------------------------------------------------------------------------------

static const struct tensor *constant(const struct planner *p, const struct node *node, int i)
{
    const struct tensor *tensor;

    if (i >= node->input_count || !value_exists(node->input[i]))
        return NULL;
    tensor = &p->inference->of_value[node->input[i].at];
    return tensor->buffer ? tensor : NULL;
}

static const struct node *producer(const struct planner *p, const struct node *node, int i)
{
    struct node_id id;

    if (i >= node->input_count || !value_exists(node->input[i]))
        return NULL;
    id = graph_value(p->graph, node->input[i])->producer;
    return node_exists(id) ? graph_node(p->graph, id) : NULL;
}

// The grid of a Q or DQ node with one scale; false for anything else.
static bool grid_of(const struct planner *p, const struct node *node, struct integer_grid *out)
{
    const struct tensor *scale = constant(p, node, 1), *zero = constant(p, node, 2);
    bool has_zero = node->input_count > 2 && value_exists(node->input[2]);
    enum dtype dtype = node_is(node, "QuantizeLinear")
                           ? p->inference->of_value[node->output[0].at].dtype
                           : p->inference->of_value[node->input[0].at].dtype;

    if (!scale || tensor_count(scale) != 1 || scale->dtype != DT_F32 || (has_zero && !zero) ||
        (dtype != DT_I8 && dtype != DT_U8))
        return false;
    *out = (struct integer_grid){true, (float)tensor_get(scale, 0),
                                 zero ? (int32_t)tensor_get_int(zero, 0) : 0,
                                 dtype == DT_I8 ? -128 : 0, dtype == DT_I8 ? 127 : 255};
    return out->scale > 0 && isfinite(out->scale);
}

static bool same_grid(const struct integer_grid *a, const struct integer_grid *b)
{
    return a->is_set && b->is_set && a->scale == b->scale && a->zero_point == b->zero_point &&
           a->low == b->low && a->high == b->high;
}

// ---- what follows a node ------------------------------------------------------------------------

struct chain {
    struct value_id y; // output of the QuantizeLinear at its end
    struct integer_grid grid;
    uint32_t node[8]; // those on the way, the QuantizeLinear last
    int count;
};

static bool is_view(const struct node *node)
{
    return node_is(node, "Flatten") || node_is(node, "Reshape") || node_is(node, "Squeeze") ||
           node_is(node, "Unsqueeze") || node_is(node, "Identity");
}

static float clamped(float bound, const struct integer_grid *grid)
{
    return rintf(bound / grid->scale) + (float)grid->zero_point;
}

// Clamps in front of QuantizeLinear become bounds of the grid: rounding keeps the order.
static bool narrow(const struct planner *p, const struct node *node, struct integer_grid *grid)
{
    float low = node_is(node, "Relu") ? 0 : -INFINITY, high = INFINITY;

    if (node_is(node, "Clip")) {
        const struct tensor *min = constant(p, node, 1), *max = constant(p, node, 2);
        if ((node->input_count > 1 && value_exists(node->input[1]) && !min) ||
            (node->input_count > 2 && value_exists(node->input[2]) && !max))
            return false;
        low = min ? (float)tensor_get(min, 0) : low;
        high = max ? (float)tensor_get(max, 0) : high;
    }
    if (clamped(low, grid) > (float)grid->low)
        grid->low = (int32_t)fminf(clamped(low, grid), (float)grid->high);
    if (clamped(high, grid) < (float)grid->high)
        grid->high = (int32_t)fmaxf(clamped(high, grid), (float)grid->low);
    return true;
}

// Follows the only reader from `from` over views and (with clamps) Relu and Clip to a
// QuantizeLinear.
static bool follow(const struct planner *p, struct value_id from, bool with_clamps,
                   struct chain *out)
{
    struct value_id at = from;

    out->count = 0;
    while (out->count < 8) {
        struct node_id id = graph_only_consumer(p->graph, at);
        const struct node *node = node_exists(id) ? graph_node(p->graph, id) : NULL;
        if (!node || !value_is(node->input[0], at))
            return false;
        out->node[out->count++] = id.at;
        at = node->output[0];
        if (node_is(node, "QuantizeLinear")) {
            out->y = at;
            if (!grid_of(p, node, &out->grid))
                return false;
            for (int i = 0; i + 1 < out->count; i++)
                if (!is_view(&p->graph->node[out->node[i]]) &&
                    !narrow(p, &p->graph->node[out->node[i]], &out->grid))
                    return false;
            return true;
        }
        if (!is_view(node) && !(with_clamps && (node_is(node, "Relu") || node_is(node, "Clip"))))
            return false;
    }
    return false;
}

static void take_chain(struct planner *p, struct integer_node *out, const struct chain *chain)
{
    struct integer_grid held = chain->grid;

    for (int i = 0; i < chain->count; i++)
        p->plan->node[chain->node[i]].kind = INTEGER_SKIP;
    out->y = chain->y;
    out->y_grid = chain->grid;
    // Readers compare grids by the file's numbers, not by the narrowed bounds.
    if (!grid_of(p, &p->graph->node[chain->node[chain->count - 1]], &held))
        held = chain->grid;
    p->plan->value[chain->y.at] = held;
    p->held_by[chain->y.at] = chain->y;
}

static bool holds(const struct planner *p, const struct node *node, int i, struct value_id *id,
                  struct integer_grid *grid)
{
    if (i >= node->input_count || !value_exists(node->input[i]))
        return false;
    *id = p->held_by[node->input[i].at];
    if (!value_exists(*id))
        return false;
    *grid = p->plan->value[id->at];
    return true;
}

// ---- weights and biases -------------------------------------------------------------------------

// Weight behind a DequantizeLinear: integers, one scale or one per output channel (axis).
struct weights {
    const struct tensor *q, *scale, *zero;
    int axis;
};

static bool find_weights(const struct planner *p, const struct node *node, int axis,
                         struct weights *out)
{
    const struct node *dequantize = producer(p, node, 1);
    const struct quantize_attr *attr;
    int64_t channels;

    if (!dequantize || !node_is(dequantize, "DequantizeLinear"))
        return false;
    out->q = constant(p, dequantize, 0);
    out->scale = constant(p, dequantize, 1);
    out->zero = constant(p, dequantize, 2);
    attr = dequantize->attr;
    if (!out->q || !out->scale || (out->q->dtype != DT_I8 && out->q->dtype != DT_U8) ||
        out->scale->dtype != DT_F32 || out->q->shape.rank <= axis)
        return false;
    if (dequantize->input_count > 2 && value_exists(dequantize->input[2]) && !out->zero)
        return false;
    channels = out->q->shape.dim[axis];
    out->axis = (int)(attr->axis < 0 ? attr->axis + out->q->shape.rank : attr->axis);
    return tensor_count(out->scale) == 1 ||
           (tensor_count(out->scale) == channels && out->axis == axis);
}

static float weight_scale(const struct weights *w, int64_t channel)
{
    return (float)tensor_get(w->scale, tensor_count(w->scale) == 1 ? 0 : channel);
}

static int64_t weight_zero(const struct weights *w, int64_t channel)
{
    if (!w->zero)
        return 0;
    return tensor_get_int(w->zero, tensor_count(w->zero) == 1 ? 0 : channel);
}

// Copies q - zero_point; [in][out] matrices (axis 1) are turned to [out][in].
static void copy_weights(struct planner *p, const struct weights *w, int axis,
                         struct integer_node *out)
{
    int64_t channels = w->q->shape.dim[axis], count = tensor_count(w->q);
    int64_t each = channels ? count / channels : 0;

    out->weight_count = count;
    out->weight = arena_array(p->plan->arena, int16_t, (size_t)count);
    out->is_weight_i8 = true;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < each; i++) {
            int64_t from = axis == 0 ? c * each + i : i * channels + c;
            int64_t q = tensor_get_int(w->q, from) - weight_zero(w, c);
            out->weight[c * each + i] = (int16_t)q;
            out->is_weight_i8 = out->is_weight_i8 && q >= -128 && q <= 127;
        }
}

// Bias as int32 with scale x_scale * w_scale, as DequantizeLinear of a constant. Without a bias:
// zeros. False for any other bias.
static bool copy_bias(struct planner *p, const struct node *node, const struct weights *w,
                      struct integer_node *out)
{
    const struct node *dequantize = producer(p, node, 2);
    const struct tensor *q, *scale;

    out->bias = arena_array(p->plan->arena, int32_t, (size_t)out->channels);
    if (node->input_count < 3 || !value_exists(node->input[2]))
        return true;
    if (!dequantize || !node_is(dequantize, "DequantizeLinear"))
        return false;
    q = constant(p, dequantize, 0);
    scale = constant(p, dequantize, 1);
    if (!q || !scale || q->dtype != DT_I32 || tensor_count(q) != out->channels ||
        scale->dtype != DT_F32)
        return false;
    for (int c = 0; c < out->channels; c++) {
        double want = (double)out->x_grid.scale * weight_scale(w, c);
        double got = tensor_get(scale, tensor_count(scale) == 1 ? 0 : c);
        int64_t bias = tensor_get_int(q, c);
        if (fabs(got - want) > 1e-5 * want || bias > (1 << 30) || bias < -(1 << 30))
            return false;
        out->bias[c] = (int32_t)bias;
    }
    return true;
}

static void set_scales(struct planner *p, const struct weights *w, struct integer_node *out)
{
    out->scale = arena_array(p->plan->arena, float, (size_t)out->channels);
    for (int c = 0; c < out->channels; c++) {
        out->scale[c] = out->x_grid.scale * weight_scale(w, c);
        if (out->y_grid.is_set)
            out->scale[c] = out->scale[c] / out->y_grid.scale;
    }
}

// ---- one planner a kind -------------------------------------------------------------------------

static bool gemm_is_plain(const struct node *node, int *axis)
{
    const struct gemm_attr *attr = node->attr;

    *axis = 1;
    if (node_is(node, "MatMul"))
        return true;
    *axis = attr->transB ? 0 : 1;
    return !attr->transA && attr->alpha == 1 && attr->beta == 1;
}

static void plan_weighted(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_node *out = &p->plan->node[n], found = {.kind = INTEGER_CONV};
    struct weights weights;
    struct chain chain;
    int axis = 0;

    if (!node_is(node, "Conv")) {
        found.kind = INTEGER_GEMM;
        if (!gemm_is_plain(node, &axis) ||
            p->inference->of_value[node->input[0].at].shape.rank != 2)
            return;
    } else if (p->inference->of_value[node->input[0].at].shape.rank != 4) {
        return;
    }
    if (!holds(p, node, 0, &found.x, &found.x_grid) || !find_weights(p, node, axis, &weights))
        return;
    if (found.kind == INTEGER_GEMM && weights.q->shape.rank != 2)
        return;
    found.channels = (int)weights.q->shape.dim[axis];
    if (!copy_bias(p, node, &weights, &found))
        return;
    copy_weights(p, &weights, axis, &found);
    found.y = node->output[0];
    if (follow(p, node->output[0], true, &chain))
        take_chain(p, &found, &chain);
    set_scales(p, &weights, &found);
    *out = found;
}

static void plan_add(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_node found = {.kind = INTEGER_ADD};
    struct chain chain;

    if (!holds(p, node, 0, &found.x, &found.x_grid) ||
        !holds(p, node, 1, &found.x2, &found.x2_grid) ||
        !shape_equal(&p->inference->of_value[node->input[0].at].shape,
                     &p->inference->of_value[node->input[1].at].shape) ||
        !follow(p, node->output[0], true, &chain))
        return;
    take_chain(p, &found, &chain);
    found.scale_a = found.x_grid.scale / found.y_grid.scale;
    found.scale_b = found.x2_grid.scale / found.y_grid.scale;
    p->plan->node[n] = found;
}

// The mean over all pixels: GlobalAveragePool, or ReduceMean that leaves (N, C).
static void plan_mean(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    const struct shape *x = &p->inference->of_value[node->input[0].at].shape;
    const struct shape *y = &p->inference->of_value[node->output[0].at].shape;
    struct integer_node found = {.kind = INTEGER_MEAN};
    int64_t pixels = 1;
    struct chain chain;

    if (x->rank != 4 || y->rank < 2 || y->dim[1] != x->dim[1] ||
        shape_count(y) != x->dim[0] * x->dim[1])
        return;
    pixels = x->dim[2] * x->dim[3];
    if (pixels < 1 || pixels > 65536 || !holds(p, node, 0, &found.x, &found.x_grid) ||
        !follow(p, node->output[0], true, &chain))
        return;
    take_chain(p, &found, &chain);
    found.channels = (int)x->dim[1];
    found.scale_a = (found.x_grid.scale / (float)pixels) / found.y_grid.scale;
    p->plan->node[n] = found;
}

static void plan_maxpool(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_node found = {.kind = INTEGER_MAXPOOL};
    struct chain chain;

    if (node->output_count > 1 || p->inference->of_value[node->input[0].at].shape.rank != 4 ||
        !holds(p, node, 0, &found.x, &found.x_grid) || !follow(p, node->output[0], false, &chain) ||
        !same_grid(&found.x_grid, &chain.grid))
        return;
    take_chain(p, &found, &chain);
    p->plan->node[n] = found;
}

// Channels of the samples side by side.
static void plan_concat(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    const struct shape *y = &p->inference->of_value[node->output[0].at].shape;
    int64_t axis = ((const struct axis_attr *)node->attr)->axis;
    struct integer_node found = {.kind = INTEGER_CONCAT, .part_count = node->input_count};
    struct chain chain;

    if (y->rank < 2 || (axis != 1 && axis + y->rank != 1))
        return;
    found.part = arena_array(p->plan->arena, struct integer_part, (size_t)node->input_count);
    for (int i = 0; i < node->input_count; i++) {
        if (!holds(p, node, i, &found.part[i].x, &found.part[i].grid))
            return;
        found.part[i].channels = (int)p->inference->of_value[node->input[i].at].shape.dim[1];
    }
    if (!follow(p, node->output[0], true, &chain))
        return;
    take_chain(p, &found, &chain);
    for (int i = 0; i < node->input_count; i++)
        found.part[i].scale = found.part[i].grid.scale / found.y_grid.scale;
    found.x = found.part[0].x;
    found.x_grid = found.part[0].grid;
    p->plan->node[n] = found;
}

static void plan_quantize(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_node found = {.kind = INTEGER_QUANTIZE};
    struct value_id x = p->held_by[node->input[0].at];

    if (constant(p, node, 0) || !grid_of(p, node, &found.y_grid))
        return;
    if (value_exists(x) && same_grid(&p->plan->value[x.at], &found.y_grid)) {
        p->held_by[node->output[0].at] = x; // quantised again on its own grid
        p->plan->node[n].kind = INTEGER_SKIP;
        return;
    }
    found.x = node->input[0];
    found.y = node->output[0];
    p->plan->value[found.y.at] = found.y_grid;
    p->held_by[found.y.at] = found.y;
    p->plan->node[n] = found;
}

// A MaxPool that only this node reads keeps the grid of what it reads. Returns its index, or
// UINT32_MAX.
static uint32_t find_maxpool(struct planner *p, const struct node *node, struct integer_node *out)
{
    const struct node *pool = producer(p, node, 0);
    uint32_t n = pool ? (uint32_t)(pool - p->graph->node) : UINT32_MAX;

    *out = (struct integer_node){.kind = INTEGER_MAXPOOL, .y = node->input[0]};
    if (!pool || !node_is(pool, "MaxPool") || p->plan->node[n].kind != INTEGER_NONE ||
        pool->output_count > 1 || !node_exists(graph_only_consumer(p->graph, out->y)) ||
        p->inference->of_value[pool->input[0].at].shape.rank != 4 ||
        !holds(p, pool, 0, &out->x, &out->x_grid))
        return UINT32_MAX;
    out->y_grid = out->x_grid;
    return n;
}

static void take_maxpool(struct planner *p, uint32_t n, const struct integer_node *pool)
{
    p->plan->value[pool->y.at] = pool->y_grid;
    p->held_by[pool->y.at] = pool->y;
    p->plan->node[n] = *pool;
}

static bool set_affine(struct planner *p, const struct node *node, struct integer_node *out)
{
    double epsilon = ((const struct batch_normalization_attr *)node->attr)->epsilon;
    const struct tensor *norm[4];

    for (int i = 0; i < 4; i++) {
        norm[i] = constant(p, node, i + 1);
        if (!norm[i] || tensor_count(norm[i]) != out->channels)
            return false;
    }
    out->weight_count = out->channels;
    out->is_weight_i8 = true;
    out->weight = arena_array(p->plan->arena, int16_t, (size_t)out->channels);
    out->bias = arena_array(p->plan->arena, int32_t, (size_t)out->channels);
    out->scale = arena_array(p->plan->arena, float, (size_t)out->channels);
    for (int c = 0; c < out->channels; c++) {
        double factor = tensor_get(norm[0], c) / sqrt(tensor_get(norm[3], c) + epsilon);
        double offset = tensor_get(norm[1], c) - tensor_get(norm[2], c) * factor;
        // Of one unit of the sum; a large offset leaves fewer steps to the factor.
        double unit = fmax(fabs(factor) * (double)out->x_grid.scale / 127, fabs(offset) / 0x1p30);
        if (!isfinite(unit))
            return false;
        unit = unit > 0 ? unit : 1;
        out->weight[c] = (int16_t)rint(factor * (double)out->x_grid.scale / unit);
        out->bias[c] = (int32_t)rint(offset / unit);
        out->scale[c] = (float)(unit / (double)out->y_grid.scale);
    }
    return true;
}

static void plan_batchnorm(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    const struct shape *x = &p->inference->of_value[node->input[0].at].shape;
    struct integer_node found = {.kind = INTEGER_AFFINE}, pool;
    uint32_t pool_at = find_maxpool(p, node, &pool);
    struct chain chain;

    found.x = pool.y;
    found.x_grid = pool.y_grid;
    if (node->output_count > 1 || x->rank != 4 || !follow(p, node->output[0], true, &chain) ||
        ((const struct batch_normalization_attr *)node->attr)->training_mode ||
        (pool_at == UINT32_MAX && !holds(p, node, 0, &found.x, &found.x_grid)))
        return;
    found.channels = (int)x->dim[1];
    found.y_grid = chain.grid;
    if (!set_affine(p, node, &found))
        return;
    if (pool_at != UINT32_MAX)
        take_maxpool(p, pool_at, &pool);
    take_chain(p, &found, &chain);
    p->plan->node[n] = found;
}

static void plan_dequantize(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_grid grid;
    struct value_id q = p->held_by[node->input[0].at];

    if (value_exists(q) && grid_of(p, node, &grid) && same_grid(&grid, &p->plan->value[q.at])) {
        p->held_by[node->output[0].at] = q;
        p->plan->node[n] = (struct integer_node){
            .kind = INTEGER_DEQUANTIZE, .x = q, .x_grid = grid, .y = node->output[0]};
    }
}

static void plan_view(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];

    p->held_by[node->output[0].at] = p->held_by[node->input[0].at];
}

static const struct {
    const char *op;
    void (*plan)(struct planner *, uint32_t);
} planners[] = {
    {"Conv", plan_weighted},
    {"Gemm", plan_weighted},
    {"MatMul", plan_weighted},
    {"Add", plan_add},
    {"GlobalAveragePool", plan_mean},
    {"ReduceMean", plan_mean},
    {"MaxPool", plan_maxpool},
    {"BatchNormalization", plan_batchnorm},
    {"Concat", plan_concat},
    {"QuantizeLinear", plan_quantize},
    {"DequantizeLinear", plan_dequantize},
    {"Flatten", plan_view},
    {"Reshape", plan_view},
    {"Squeeze", plan_view},
    {"Unsqueeze", plan_view},
    {"Identity", plan_view},
};

// ---- who needs floats ---------------------------------------------------------------------------

static bool reads_integers(const struct integer_node *node)
{
    return node->kind == INTEGER_CONV || node->kind == INTEGER_GEMM ||
           node->kind == INTEGER_AFFINE || node->kind == INTEGER_ADD ||
           node->kind == INTEGER_MEAN || node->kind == INTEGER_MAXPOOL ||
           node->kind == INTEGER_CONCAT;
}

static bool output_wanted(const struct planner *p, const struct node *node)
{
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]) && p->wants_float[node->output[i].at])
            return true;
    return false;
}

// From the outputs up: a float node that nobody reads as floats is skipped, a reader of integers
// asks nothing of its inputs.
static void find_float_readers(struct planner *p)
{
    for (uint32_t i = 0; i < p->graph->output_count; i++)
        p->wants_float[p->graph->output[i].at] = true;
    for (uint32_t n = p->graph->node_count; n-- > 0;) {
        const struct node *node = &p->graph->node[n];
        struct integer_node *at = &p->plan->node[n];
        if (reads_integers(at) || at->kind == INTEGER_SKIP)
            continue;
        if (at->kind == INTEGER_QUANTIZE) {
            p->wants_float[at->x.at] = true;
            continue;
        }
        if (!output_wanted(p, node)) {
            at->kind = INTEGER_SKIP;
            continue;
        }
        for (int i = 0; i < node->input_count && at->kind == INTEGER_NONE; i++)
            if (value_exists(node->input[i]))
                p->wants_float[node->input[i].at] = true;
    }
}

// A float reader of the raw integers (say, a Cast) is beyond this plan: all floats then.
static bool raw_integers_are_read(const struct planner *p)
{
    for (uint32_t i = 0; i < p->graph->value_count; i++) {
        struct node_id from = p->graph->value[i].producer;
        bool is_raw =
            p->plan->value[i].is_set || (node_exists(from) && value_exists(p->held_by[i]) &&
                                         node_is(graph_node(p->graph, from), "QuantizeLinear"));
        if (is_raw && p->wants_float[i])
            return true;
    }
    return false;
}

enum status integer_plan_new(struct context *context, const struct graph *graph,
                             const struct inference *inference, struct integer_plan **out)
{
    struct arena *arena = arena_new();
    struct integer_plan *plan = arena_alloc(arena, sizeof *plan);
    struct planner p = {graph, inference, plan,
                        arena_array(arena, struct value_id, graph->value_count + 1),
                        arena_array(arena, bool, graph->value_count + 1)};

    (void)context;
    plan->arena = arena;
    plan->node = arena_array(arena, struct integer_node, graph->node_count + 1);
    plan->value = arena_array(arena, struct integer_grid, graph->value_count + 1);
    for (uint32_t i = 0; i < graph->value_count; i++)
        p.held_by[i] = NO_VALUE;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (size_t i = 0; i < sizeof planners / sizeof *planners; i++)
            if (plan->node[n].kind == INTEGER_NONE && node_is(&graph->node[n], planners[i].op))
                planners[i].plan(&p, n);
    find_float_readers(&p);
    if (raw_integers_are_read(&p)) {
        memset(plan->node, 0, graph->node_count * sizeof *plan->node);
        memset(plan->value, 0, graph->value_count * sizeof *plan->value);
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        plan->count += reads_integers(&plan->node[n]);
    *out = plan;
    return OK;
}

void integer_plan_free(struct integer_plan *plan)
{
    if (plan)
        arena_free(plan->arena);
}
