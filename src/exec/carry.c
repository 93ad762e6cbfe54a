// Which integers and booleans travel in lanes, as floats: token ids and what is made of them by
// moving, never by computing. A float holds integers up to 2^24; what is larger is an error where
// it would enter the lanes.
#include <string.h>

#include "exec/program_internal.h"

static bool is_whole(enum dtype dtype)
{
    return dtype != DT_NONE && !dtype_info[dtype].is_float && dtype_info[dtype].bits >= 8;
}

static bool is_mover(const struct node *node)
{
    static const char *const ops[] = {"Cast",     "Concat",    "Expand",    "Flatten", "Gather",
                                      "Identity", "Reshape",   "Slice",     "Split",   "Squeeze",
                                      "Tile",     "Transpose", "Unsqueeze", "Where"};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (node_is(node, ops[i]))
            return true;
    return false;
}

// Shared numbers that may be moved beside the carried ones.
static bool is_exact(const struct tensor *tensor)
{
    for (int64_t i = 0; i < tensor_count(tensor); i++)
        if (!(tensor_get(tensor, i) >= -CARRY_MAX && tensor_get(tensor, i) <= CARRY_MAX))
            return false;
    return true;
}

static bool moves_carried(const struct program *program, const struct node *node)
{
    if (!is_mover(node))
        return false;
    for (int i = 0; i < node->input_count; i++) {
        uint32_t id = node->input[i].at;
        if (!value_exists(node->input[i]))
            continue;
        if (program->slot[id].kind == SLOT_TENSOR ||
            (program->slot[id].kind == SLOT_SHARED &&
             (node_is(node, "Concat") || node_is(node, "Where") || node_is(node, "Gather")) &&
             !is_exact(&program->inference.of_value[id])))
            return false;
        if (node_is(node, "Cast") &&
            (!is_whole(program->inference.of_value[id].dtype) ||
             dtype_info[program->inference.of_value[node->output[0].at].dtype].bits < 32))
            return false; // rounds or wraps
    }
    return true;
}

static void carry(struct program *program, uint32_t id)
{
    struct slot *slot = &program->slot[id];

    slot->kind = SLOT_LANES;
    slot->size = (size_t)(tensor_count(&program->inference.of_value[id]) / N16_LANES);
}

static bool may_carry(const struct program *program, uint32_t id)
{
    return program->slot[id].kind == SLOT_TENSOR && program->slot[id].is_per_sample &&
           is_whole(program->inference.of_value[id].dtype);
}

void carry_integers(struct program *program)
{
    const struct graph *graph = program->graph;

    for (uint32_t i = 0; i < graph->input_count; i++)
        if (may_carry(program, graph->input[i].at))
            carry(program, graph->input[i].at);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        for (int o = 0; o < node->output_count; o++) {
            uint32_t id = node->output[o].at;
            if (value_exists(node->output[o]) && may_carry(program, id) &&
                (program->inference.of_value[id].dtype == DT_BOOL || moves_carried(program, node)))
                carry(program, id);
        }
    }
}
