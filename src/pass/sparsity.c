// Pruned weights: marking them and recording it.
#include "pass/sparsity.h"

#include <string.h>

#include "base/json.h"

struct value_id prunable_weight(const struct graph *graph, const struct node *node)
{
    for (int i = 0; i < node->input_count && i < 32; i++) {
        const struct value *value;
        if (!(node->op->weight_inputs >> i & 1) || (node->op->per_channel_inputs >> i & 1))
            continue;
        value = graph_weight(graph, node, i);
        if (value && value->tensor.shape.rank >= 2 && value->tensor.dtype == DT_F32)
            return node->input[i];
    }
    return NO_VALUE;
}

enum status sparsity_apply(struct context *context, struct graph *graph, struct value_id weight,
                           const float *mask)
{
    struct value *value = graph_value(graph, weight);
    float *data;

    TRY(tensor_make_private(context, &value->tensor));
    data = tensor_write(&value->tensor);
    for (int64_t i = 0; i < tensor_count(&value->tensor); i++)
        if (mask[i] == 0)
            data[i] = 0; // +0 whatever the sign was: equal bytes for equal masks
    if (!value->sparsity)
        value->sparsity = arena_alloc(graph->arena, sizeof *value->sparsity);
    tensor_release(&value->sparsity->mask);
    *value->sparsity = (struct sparsity){.pattern = SPARSITY_UNSTRUCTURED};
    return OK;
}

void sparsity_store(struct graph *graph)
{
    struct json *record = json_object();
    struct text text;
    bool any = false;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct value *value = &graph->value[i];
        struct json *entry;
        if (!value->sparsity)
            continue;
        any = true;
        entry = json_add_object(record, value->name);
        json_add_text(entry, "pattern", sparsity_pattern_name[value->sparsity->pattern]);
    }
    text_init(&text);
    json_print(record, false, &text);
    graph_set_metadata(graph, SPARSITY_KEY, any ? text.at : NULL);
    text_clear(&text);
    json_free(record);
}

enum status sparsity_restore(struct context *context, struct graph *graph)
{
    const char *text = graph_metadata(graph, SPARSITY_KEY);
    struct json *record;

    if (!text)
        return OK;
    if (json_parse(context, text, strlen(text), &record) != OK || !json_is_object(record))
        return context_fail(context, ERR_FORMAT, "metadata '%s' is damaged", SPARSITY_KEY);
    for (size_t i = 0; i < json_count(record); i++) {
        struct value_id id = graph_find_value(graph, json_key(json_child(record, i)));
        if (!value_exists(id) || graph_value(graph, id)->role != VALUE_WEIGHT)
            continue;
        graph_value(graph, id)->sparsity =
            arena_alloc(graph->arena, sizeof *graph_value(graph, id)->sparsity);
    }
    json_free(record);
    return OK;
}
