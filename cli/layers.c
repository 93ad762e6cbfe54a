// Layers of a model as JSON and as a table.
#include "cli/layers.h"

#include <math.h>

#include "cli/json_common.h"
#include "cli/table.h"

enum { LAYERS_FEW = 16, LAYERS_SHOWN = 10 };

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

// More MACs, else more weights, else earlier.
static bool is_larger(const struct layer_figures *a, const struct layer_figures *b)
{
    double x = isnan(a->node->macs) ? INFINITY : a->node->macs;
    double y = isnan(b->node->macs) ? INFINITY : b->node->macs;

    return x != y ? x > y : a->parameters != b->parameters ? a->parameters > b->parameters : a < b;
}

static bool is_listed(const struct layer_figures *layer, uint32_t count, uint32_t at,
                      enum listed_layers which)
{
    uint32_t larger = 0;

    if (which != LAYERS_LARGEST || count <= LAYERS_FEW)
        return which != LAYERS_WITH_WEIGHTS || layer[at].parameters > 0;
    if (layer[at].node->macs == 0 && layer[at].parameters == 0)
        return false;
    for (uint32_t i = 0; i < count && larger < LAYERS_SHOWN; i++)
        larger += is_larger(&layer[i], &layer[at]);
    return larger < LAYERS_SHOWN;
}

void layer_figures_table(const struct layer_figures *layer, uint32_t count,
                         enum listed_layers which, struct text *out)
{
    static const char *const heads[] = {"node", "op", "weights", "zeros", "MACs", "bits", "stored"};
    struct table table;
    uint32_t listed = 0;

    table_init(&table, "llrrrrr");
    for (int i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    for (uint32_t i = 0; i < count; i++)
        if (is_listed(layer, count, i, which)) {
            add_row(&table, &layer[i]);
            listed++;
        }
    table_print(&table, out);
    table_clear(&table);
    if (which == LAYERS_LARGEST && count > LAYERS_FEW)
        text_format(out, "and %u more that are smaller: --all\n", (unsigned)(count - listed));
}
