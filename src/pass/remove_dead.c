// Nodes that do nothing (Identity, Dropout when running) and nodes that nobody reads.
#include "ops/attr.h"
#include "pass/pass.h"

static bool does_nothing(const struct graph *graph, const struct node *node)
{
    if (node_is(node, "Identity"))
        return true;
    // Dropout without its mask and without training_mode is the identity.
    return node_is(node, "Dropout") && (node->output_count < 2 || !value_exists(node->output[1])) &&
           !dropout_may_drop(graph, node);
}

// Requires: nothing. Keeps: what the graph computes, and the names of its inputs and outputs.
static enum status run(struct pass_run *run)
{
    struct graph *graph = run->graph;
    bool *dead = arena_array(graph->arena, bool, graph->node_count + 1);

    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        if (!does_nothing(graph, node) || graph_is_output(graph, node->output[0]))
            continue;
        graph_replace_uses(graph, node->output[0], graph->node[n].input[0]);
        dead[n] = true;
    }
    graph_compact(graph, dead);
    graph_remove_unused(graph);
    return OK;
}

const struct pass pass_remove_dead = {
    .name = "remove_dead",
    .summary = "drop nodes that do nothing or that nobody reads",
    .run = run,
};

static enum status run_simplify(struct pass_run *run)
{
    TRY(pass_fold_constants.run(run));
    TRY(pass_remove_dead.run(run));
    TRY(pass_fold_batchnorm.run(run));
    return pass_remove_dead.run(run);
}

const struct pass pass_simplify = {
    .name = "simplify",
    .summary = "fold constants and batch norms, remove what is dead",
    .run = run_simplify,
};
