// Plans which nodes of a graph with Q/DQ nodes run on exact integers.
#include "exec/integer_plan_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/attr.h"

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
    if (!plan_holds(p, node, 0, &found.x, &found.x_grid) ||
        !plan_find_weights(p, node, axis, &weights))
        return;
    if (found.kind == INTEGER_GEMM && weights.q->shape.rank != 2)
        return;
    found.channels = (int)weights.q->shape.dim[axis];
    if (!plan_copy_bias(p, node, &weights, &found))
        return;
    plan_copy_weights(p, &weights, axis, &found);
    found.y = node->output[0];
    if (plan_follow(p, node->output[0], true, &chain))
        plan_take_chain(p, &found, &chain);
    plan_set_scales(p, &weights, &found);
    *out = found;
}

static void plan_add(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_node found = {.kind = INTEGER_ADD};
    struct chain chain;

    if (!plan_holds(p, node, 0, &found.x, &found.x_grid) ||
        !plan_holds(p, node, 1, &found.x2, &found.x2_grid) ||
        !shape_equal(&p->inference->of_value[node->input[0].at].shape,
                     &p->inference->of_value[node->input[1].at].shape) ||
        !plan_follow(p, node->output[0], true, &chain))
        return;
    plan_take_chain(p, &found, &chain);
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
    if (pixels < 1 || pixels > 65536 || !plan_holds(p, node, 0, &found.x, &found.x_grid) ||
        !plan_follow(p, node->output[0], true, &chain))
        return;
    plan_take_chain(p, &found, &chain);
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
        !plan_holds(p, node, 0, &found.x, &found.x_grid) ||
        !plan_follow(p, node->output[0], false, &chain) ||
        !plan_same_grid(&found.x_grid, &chain.grid))
        return;
    plan_take_chain(p, &found, &chain);
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
        if (!plan_holds(p, node, i, &found.part[i].x, &found.part[i].grid))
            return;
        found.part[i].channels = (int)p->inference->of_value[node->input[i].at].shape.dim[1];
    }
    if (!plan_follow(p, node->output[0], true, &chain))
        return;
    plan_take_chain(p, &found, &chain);
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

    if (plan_constant(p, node, 0) || !plan_grid_of(p, node, &found.y_grid))
        return;
    if (value_exists(x) && plan_same_grid(&p->plan->value[x.at], &found.y_grid)) {
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
    const struct node *pool = plan_producer(p, node, 0);
    uint32_t n = pool ? (uint32_t)(pool - p->graph->node) : UINT32_MAX;

    *out = (struct integer_node){.kind = INTEGER_MAXPOOL, .y = node->input[0]};
    if (!pool || !node_is(pool, "MaxPool") || p->plan->node[n].kind != INTEGER_NONE ||
        pool->output_count > 1 || !node_exists(graph_only_consumer(p->graph, out->y)) ||
        p->inference->of_value[pool->input[0].at].shape.rank != 4 ||
        !plan_holds(p, pool, 0, &out->x, &out->x_grid))
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
        norm[i] = plan_constant(p, node, i + 1);
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
    if (node->output_count > 1 || x->rank != 4 || !plan_follow(p, node->output[0], true, &chain) ||
        ((const struct batch_normalization_attr *)node->attr)->training_mode ||
        (pool_at == UINT32_MAX && !plan_holds(p, node, 0, &found.x, &found.x_grid)))
        return;
    found.channels = (int)x->dim[1];
    found.y_grid = chain.grid;
    if (!set_affine(p, node, &found))
        return;
    if (pool_at != UINT32_MAX)
        take_maxpool(p, pool_at, &pool);
    plan_take_chain(p, &found, &chain);
    p->plan->node[n] = found;
}

static void plan_dequantize(struct planner *p, uint32_t n)
{
    const struct node *node = &p->graph->node[n];
    struct integer_grid grid;
    struct value_id q = p->held_by[node->input[0].at];

    if (value_exists(q) && plan_grid_of(p, node, &grid) &&
        plan_same_grid(&grid, &p->plan->value[q.at])) {
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
