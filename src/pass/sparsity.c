// Pruned weights: marking them and recording it.
#include "pass/sparsity.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "io/base64.h"
#include "io/gzip.h"

int prunable_slot(const struct graph *graph, const struct node *node, int from)
{
    for (int i = from; i < node->input_count && i < 32; i++) {
        const struct value *value;
        if (!(node->op->weight_inputs >> i & 1) || (node->op->per_channel_inputs >> i & 1))
            continue;
        value = graph_weight(graph, node, i);
        if (value && value->tensor.shape.rank >= 2 && value->tensor.dtype == DT_F32)
            return i;
    }
    return -1;
}

struct value_id prunable_weight(const struct graph *graph, const struct node *node)
{
    int slot = prunable_slot(graph, node, 0);

    return slot < 0 ? NO_VALUE : node->input[slot];
}

bool sparsity_prunes(const struct value *value, int64_t i)
{
    if (!value->sparsity)
        return false;
    return value->sparsity->mask.buffer ? tensor_get_int(&value->sparsity->mask, i) == 0
                                        : tensor_get(&value->tensor, i) == 0;
}

static bool zeros_are_mask(const struct tensor *mask, const struct tensor *numbers)
{
    const uint8_t *kept = tensor_data(mask);
    const float *number = numbers->dtype == DT_F32 ? tensor_f32(numbers) : NULL;

    for (int64_t i = 0; i < tensor_count(mask); i++)
        if (kept[i] != (number ? number[i] != 0 : tensor_get(numbers, i) != 0))
            return false;
    return true;
}

// A mask is kept only where it says more than the zeros do.
static void keep_mask(struct tensor mask, const struct tensor *numbers, struct tensor *out)
{
    if (zeros_are_mask(&mask, numbers)) {
        tensor_release(&mask);
        mask = (struct tensor){DT_U8, SHAPE_UNKNOWN, NULL, 0};
    }
    *out = mask;
    tensor_cool(out);
    tensor_cool(numbers);
}

enum status sparsity_fix(struct context *context, const struct value *value,
                         const struct tensor *rounded, struct sparsity *out)
{
    struct tensor mask;
    uint8_t *kept;

    out->pattern = value->sparsity->pattern;
    TRY(tensor_alloc(context, &mask, DT_U8, &value->tensor.shape));
    kept = tensor_write(&mask);
    for (int64_t i = 0; i < tensor_count(&mask); i++)
        kept[i] = !sparsity_prunes(value, i);
    tensor_cool(&value->tensor);
    keep_mask(mask, rounded, &out->mask);
    return OK;
}

// What was pruned before stays pruned. Answers how many are.
static int64_t join_masks(const struct value *value, uint8_t *kept, int64_t count)
{
    int64_t pruned = 0;

    for (int64_t i = 0; i < count; i++) {
        kept[i] = kept[i] && !sparsity_prunes(value, i);
        pruned += !kept[i];
    }
    return pruned;
}

enum status sparsity_apply(struct context *context, struct graph *graph, struct value_id weight,
                           struct tensor mask)
{
    struct value *value = graph_value(graph, weight);
    int64_t count = tensor_count(&value->tensor);
    const uint8_t *kept = tensor_data(&mask);

    bool is_dense = join_masks(value, tensor_write(&mask), count) == 0;
    enum status status = is_dense ? OK : tensor_make_private(context, &value->tensor);
    if (status != OK || is_dense)
        tensor_release(&mask);
    TRY(status);
    if (value->sparsity)
        tensor_release(&value->sparsity->mask);
    value->sparsity = NULL;
    tensor_cool(&value->tensor);
    if (is_dense)
        return OK;
    float *data = tensor_write(&value->tensor);
    for (int64_t i = 0; i < count; i++)
        if (!kept[i])
            data[i] = 0; // +0 whatever the sign was: equal bytes for equal masks
    value->sparsity = arena_alloc(graph->arena, sizeof *value->sparsity);
    value->sparsity->pattern = SPARSITY_UNSTRUCTURED;
    keep_mask(mask, &value->tensor, &value->sparsity->mask);
    return OK;
}

// One bit an element, 1 = kept, lowest bit first; zlib, base64.
static enum status print_mask(struct context *context, const struct tensor *mask, struct text *out)
{
    size_t count = (size_t)tensor_count(mask);
    unsigned char *bits = must_alloc(count / 8 + 1);
    struct text packed;
    enum status status;

    memset(bits, 0, count / 8 + 1);
    for (size_t i = 0; i < count; i++)
        if (tensor_get_int(mask, (int64_t)i))
            bits[i / 8] = (unsigned char)(bits[i / 8] | 1u << i % 8);
    text_init(&packed);
    status = zlib_deflate(context, (struct span){bits, (count + 7) / 8}, &packed);
    if (status == OK)
        base64_add(out, (struct span){(const unsigned char *)packed.at, packed.length});
    text_clear(&packed);
    free(bits);
    return status;
}

static enum status store_value(struct context *context, const struct value *value,
                               struct json *entry)
{
    struct text text;
    enum status status = OK;

    json_add_text(entry, "pattern", sparsity_pattern_name[value->sparsity->pattern]);
    if (!value->sparsity->mask.buffer)
        return OK;
    text_init(&text);
    status = print_mask(context, &value->sparsity->mask, &text);
    json_add_text(entry, "mask", text.at);
    text_clear(&text);
    return status;
}

enum status sparsity_store(struct context *context, struct graph *graph)
{
    struct json *record = json_object();
    enum status status = OK;
    struct text text;
    bool any = false;

    for (uint32_t i = 0; i < graph->value_count && status == OK; i++) {
        const struct value *value = &graph->value[i];
        if (!value->sparsity)
            continue;
        any = true;
        status = store_value(context, value, json_add_object(record, value->name));
    }
    text_init(&text);
    json_print(record, false, &text);
    if (status == OK)
        graph_set_metadata(graph, SPARSITY_KEY, any ? text.at : NULL);
    text_clear(&text);
    json_free(record);
    return status;
}

static enum status read_mask(struct context *context, const char *text, const struct shape *shape,
                             struct tensor *out)
{
    int64_t count = shape_count(shape);
    struct text packed;
    struct span bits = {NULL, 0};
    enum status status;

    text_init(&packed);
    status = base64_read(context, text, &packed);
    if (status == OK)
        status =
            zlib_inflate(context, (struct span){(const unsigned char *)packed.at, packed.length},
                         (size_t)(count + 7) / 8, &bits);
    text_clear(&packed);
    TRY(status);
    if (bits.length == (size_t)(count + 7) / 8)
        status = tensor_alloc(context, out, DT_U8, shape);
    else
        status = context_fail(context, ERR_FORMAT, "mask has %zu bytes", bits.length);
    for (int64_t i = 0; i < count && status == OK; i++)
        tensor_set(out, i, bits.at[i / 8] >> i % 8 & 1);
    free((void *)(uintptr_t)bits.at);
    return status;
}

static enum status restore_value(struct context *context, struct graph *graph,
                                 const struct json *entry)
{
    struct value_id id = graph_find_value(graph, json_key(entry));
    struct value *value = value_exists(id) ? graph_value(graph, id) : NULL;
    const char *mask = json_text(json_at(entry, "mask"));
    struct tensor kept = {DT_U8, SHAPE_UNKNOWN, NULL, 0};

    if (!value || value->role != VALUE_WEIGHT || !value->tensor.buffer)
        return OK;
    if (mask)
        TRY(read_mask(context, mask, &value->tensor.shape, &kept));
    if (value->sparsity)
        tensor_release(&value->sparsity->mask);
    value->sparsity = arena_alloc(graph->arena, sizeof *value->sparsity);
    *value->sparsity = (struct sparsity){SPARSITY_UNSTRUCTURED, kept};
    return OK;
}

enum status sparsity_restore(struct context *context, struct graph *graph)
{
    const char *text = graph_metadata(graph, SPARSITY_KEY);
    struct json *record = NULL;
    enum status status = OK;

    if (!text)
        return OK;
    if (json_parse(context, text, strlen(text), &record) != OK || !json_is_object(record))
        status = ERR_FORMAT;
    for (size_t i = 0; status == OK && i < json_count(record); i++)
        status = restore_value(context, graph, json_child(record, i));
    json_free(record);
    return status == OK || status == ERR_MEMORY
               ? status
               : context_fail(context, ERR_FORMAT, "metadata '%s' is damaged", SPARSITY_KEY);
}
