// Layers of a model as JSON and as a table.
#include "cli/layers.h"

#include "cli/json_common.h"
#include "cli/table.h"

void layer_figures_json(struct json *item, const struct layer_figures *layer)
{
    const struct node_count *node = layer->node;

    json_add_name(item, "node", node->name);
    json_add_name(item, "op", node->op);
    json_add_count(item, "parameters", layer->parameters);
    json_add_count(item, "nonzero", layer->nonzero);
    json_add_count(item, "macs", node->macs);
    json_add_count(item, "macs_nonzero", node->macs_nonzero);
    json_add_bits(item, "weight_bits", node->macs > 0 ? node->weight.bits : 0);
    json_add_bits(item, "activation_bits", node->macs > 0 ? node->activation.bits : 0);
    json_add_number(item, "bytes", layer->bytes);
}

static void add_row(struct table *table, const struct layer_figures *layer)
{
    const struct node_count *node = layer->node;

    table_add(table, node->name);
    table_add(table, node->op);
    table_add_number(table, layer->parameters, "");
    if (layer->parameters > 0)
        table_format(table, "%.1f %%", 100 * (1 - layer->nonzero / layer->parameters));
    else
        table_add(table, "");
    table_add_number(table, node->macs, "");
    if (node->macs > 0)
        table_format(table, "%d/%d", node->weight.bits, node->activation.bits);
    else
        table_add(table, "");
    table_add_number(table, layer->bytes, "B");
}

void layer_figures_table(const struct layer_figures *layer, uint32_t count, bool only_weights,
                         struct text *out)
{
    static const char *const heads[] = {"node", "op", "weights", "zeros", "MACs", "bits", "stored"};
    struct table table;

    table_init(&table, "llrrrrr");
    for (int i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    for (uint32_t i = 0; i < count; i++)
        if (!only_weights || layer[i].parameters > 0)
            add_row(&table, &layer[i]);
    table_print(&table, out);
    table_clear(&table);
}
