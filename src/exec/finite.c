// Weights that are not numbers are found before anything runs on them.
#include <math.h>

#include "exec/infer.h"

static bool is_finite(const struct tensor *tensor)
{
    int64_t count = tensor_count(tensor);

    if (tensor->dtype == DT_F32) {
        const float *data = tensor_f32(tensor);
        for (int64_t i = 0; i < count; i++)
            if (!isfinite(data[i]))
                return false;
        return true;
    }
    for (int64_t i = 0; i < count && dtype_info[tensor->dtype].is_float; i++)
        if (!isfinite(tensor_get(tensor, i)))
            return false;
    return true;
}

static enum status check_bodies(struct context *context, const struct node *node)
{
    const struct graph *body;

    for (int i = 0; (body = node_body(node, i)); i++)
        if (graph_check_finite(context, body) != OK)
            return graph_fail_at(context, node, ERR_NUMERIC);
    return OK;
}

enum status graph_check_finite(struct context *context, const struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        TRY(check_bodies(context, node));
        for (int i = 0; i < node->input_count && i < 32; i++) {
            const struct value *weight =
                node->op->weight_inputs >> i & 1 ? graph_weight(graph, node, i) : NULL;
            if (weight && !is_finite(&weight->tensor)) {
                context_fail(context, ERR_NUMERIC, "weight '%s' is not finite", weight->name);
                return graph_fail_at(context, node, ERR_NUMERIC);
            }
            if (weight)
                tensor_cool(&weight->tensor);
        }
    }
    return OK;
}
