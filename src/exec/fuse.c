// What a convolution swallows when the program only runs forward: the batch norm behind it, then
// the sum with a value that is there already, then a clamp. In training a batch norm swallows the
// clamp behind it: one sweep over memory less in each direction.
#include <math.h>

#include "exec/program_internal.h"

static const struct node *only_reader(const struct program *program, uint32_t slot, uint32_t *n)
{
    struct node_id id = graph_only_consumer(program->graph, (struct value_id){slot});

    *n = id.at;
    return node_exists(id) ? graph_node(program->graph, id) : NULL;
}

static bool is_shared_value(const struct program *program, struct value_id id)
{
    return value_exists(id) && program->slot[id.at].kind == SLOT_SHARED;
}

static void swallow(struct step *step, const struct node *node, uint32_t n, bool *swallowed)
{
    swallowed[n] = true;
    step->output[0] = node->output[0].at;
}

static void fuse_batchnorm(struct program *program, struct step *step, bool *swallowed)
{
    uint32_t n;
    const struct node *node = only_reader(program, step->output[0], &n);

    if (!node || !node_is(node, "BatchNormalization") || node->output_count > 1)
        return;
    for (int i = 1; i < 5; i++)
        if (!is_shared_value(program, node->input[i]))
            return;
    step->batchnorm = node;
    swallow(step, node, n, swallowed);
}

// A value made before node `before` runs, so that it can be added while storing.
static bool is_there(const struct program *program, struct value_id id, uint32_t before)
{
    struct node_id producer = graph_value(program->graph, id)->producer;

    return !node_exists(producer) || producer.at < before;
}

static void fuse_sum(struct program *program, struct step *step, uint32_t at, bool *swallowed)
{
    uint32_t n;
    const struct node *node = only_reader(program, step->output[0], &n);
    struct value_id other;

    if (!node || !node_is(node, "Add"))
        return;
    other = node->input[node->input[0].at == step->output[0]];
    if (other.at == step->output[0] || program->slot[other.at].kind != SLOT_LANES ||
        program->slot[other.at].size != program->slot[step->output[0]].size ||
        program->slot[node->output[0].at].size != program->slot[other.at].size ||
        !is_there(program, other, at))
        return;
    step->addend = other.at;
    step->addition = node;
    swallow(step, node, n, swallowed);
}

static void fuse_clamp(struct program *program, struct step *step, bool *swallowed)
{
    uint32_t n;
    const struct node *node = only_reader(program, step->output[0], &n);
    float bound[2] = {-INFINITY, INFINITY};

    if (!node)
        return;
    if (node_is(node, "Relu")) {
        bound[0] = 0;
    } else if (node_is(node, "Clip")) {
        for (int i = 1; i < node->input_count; i++) {
            if (!value_exists(node->input[i]))
                continue;
            if (!is_shared_value(program, node->input[i]))
                return;
            bound[i - 1] = (float)tensor_get(&program->inference.of_value[node->input[i].at], 0);
        }
    } else {
        return;
    }
    step->low = bound[0];
    step->high = bound[1];
    swallow(step, node, n, swallowed);
}

void fuse_into(struct program *program, struct step *step, uint32_t n, bool *swallowed)
{
    if (program->options.is_training) { // batch norm needs its sums first; a clamp costs it nothing
        if (step->row == &lowering_batchnorm)
            fuse_clamp(program, step, swallowed);
        return;
    }
    fuse_matmul(program, step, n, swallowed);
    if (step->row != &lowering_conv)
        return;
    fuse_batchnorm(program, step, swallowed);
    fuse_sum(program, step, n, swallowed);
    fuse_clamp(program, step, swallowed);
}
