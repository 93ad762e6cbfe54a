// What the operators themselves tell about dtype and rank, without running anything: enough to
// respell old operators and to declare outputs that the graph does not declare.
#include <string.h>

#include "io/onnx_internal.h"

// Open dims count as 1.
static struct tensor guess_of(const struct value *value, bool *is_static)
{
    struct tensor guess = value->tensor;

    for (int i = 0; i < guess.shape.rank; i++)
        if (guess.shape.dim[i] < 0) {
            guess.shape.dim[i] = 1;
            *is_static = false;
        }
    if (value->role == VALUE_WEIGHT)
        tensor_share(&guess, &value->tensor);
    else
        guess.buffer = NULL;
    return guess;
}

void types_of_node(const struct graph *graph, const struct node *node, struct tensor *types,
                   struct arena *arena)
{
    size_t in = (size_t)node->input_count, out = (size_t)node->output_count;
    const struct tensor **input = arena_array(arena, const struct tensor *, in + 1);
    struct tensor **output = arena_array(arena, struct tensor *, out + 1);
    struct op_call call = {.attr = node->attr,
                           .input_count = node->input_count,
                           .output_count = node->output_count,
                           .input = input,
                           .output = output};
    bool is_known = !node->op->is_unknown && node->op->infer;
    struct context silent;

    context_init(&silent);
    for (size_t i = 0; i < in; i++) {
        input[i] = value_exists(node->input[i]) ? &types[node->input[i].at] : NULL;
        if (input[i] && (input[i]->dtype == DT_NONE || input[i]->shape.rank < 0))
            is_known = false;
    }
    for (size_t i = 0; i < out; i++)
        output[i] = value_exists(node->output[i]) ? &types[node->output[i].at] : NULL;
    if (is_known && node->op->infer(&silent, &call) == OK)
        return;
    for (size_t i = 0; i < out; i++)
        if (output[i]) {
            bool ignored = true;
            tensor_release(output[i]);
            *output[i] = guess_of(graph_value(graph, node->output[i]), &ignored);
        }
}

bool types_start(const struct graph *graph, struct tensor *types, uint32_t first)
{
    bool is_static = true;

    for (uint32_t i = first; i < graph->value_count; i++)
        if (graph->value[i].role == VALUE_ACTIVATION)
            types[i] = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
        else
            types[i] = guess_of(&graph->value[i], &is_static);
    return is_static;
}

bool types_guess(const struct graph *graph, struct tensor *out)
{
    struct arena *arena = arena_new();
    bool is_static = types_start(graph, out, 0);

    for (uint32_t n = 0; n < graph->node_count; n++)
        types_of_node(graph, &graph->node[n], out, arena);
    arena_free(arena);
    return is_static;
}

void types_clear(const struct graph *graph, struct tensor *types)
{
    for (uint32_t i = 0; i < graph->value_count; i++)
        tensor_release(&types[i]);
}
