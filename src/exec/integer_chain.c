// What surrounds a node that may run on integers: constants, grids, and the way to the next
// QuantizeLinear.
#include "exec/integer_plan_internal.h"

#include <math.h>
#include <string.h>

#include "ops/attr.h"

const struct tensor *plan_constant(const struct planner *p, const struct node *node, int i)
{
    const struct tensor *tensor;

    if (i >= node->input_count || !value_exists(node->input[i]))
        return NULL;
    tensor = &p->inference->of_value[node->input[i].at];
    return tensor->buffer ? tensor : NULL;
}

const struct node *plan_producer(const struct planner *p, const struct node *node, int i)
{
    struct node_id id;

    if (i >= node->input_count || !value_exists(node->input[i]))
        return NULL;
    id = graph_value(p->graph, node->input[i])->producer;
    return node_exists(id) ? graph_node(p->graph, id) : NULL;
}

// The grid of a Q or DQ node with one scale; false for anything else.
bool plan_grid_of(const struct planner *p, const struct node *node, struct integer_grid *out)
{
    const struct tensor *scale = plan_constant(p, node, 1), *zero = plan_constant(p, node, 2);
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

bool plan_same_grid(const struct integer_grid *a, const struct integer_grid *b)
{
    return a->is_set && b->is_set && a->scale == b->scale && a->zero_point == b->zero_point &&
           a->low == b->low && a->high == b->high;
}

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
        const struct tensor *min = plan_constant(p, node, 1), *max = plan_constant(p, node, 2);
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
bool plan_follow(const struct planner *p, struct value_id from, bool with_clamps, struct chain *out)
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
            if (!plan_grid_of(p, node, &out->grid))
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

void plan_take_chain(struct planner *p, struct integer_node *out, const struct chain *chain)
{
    struct integer_grid held = chain->grid;

    for (int i = 0; i < chain->count; i++)
        p->plan->node[chain->node[i]].kind = INTEGER_SKIP;
    out->y = chain->y;
    out->y_grid = chain->grid;
    // Readers compare grids by the file's numbers, not by the narrowed bounds.
    if (!plan_grid_of(p, &p->graph->node[chain->node[chain->count - 1]], &held))
        held = chain->grid;
    p->plan->value[chain->y.at] = held;
    p->held_by[chain->y.at] = chain->y;
}

bool plan_holds(const struct planner *p, const struct node *node, int i, struct value_id *id,
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
