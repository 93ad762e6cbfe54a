// Layers of a model as JSON and as a table: show and the compressors tell them alike.
#ifndef CLI_LAYERS_H
#define CLI_LAYERS_H

#include <stdbool.h>

#include "base/json.h"
#include "cli/figures.h"

// Adds node, op, parameters ... bytes to an object.
void layer_figures_json(struct json *item, const struct layer_figures *layer);
enum listed_layers {
    LAYERS_ALL,
    LAYERS_WITH_WEIGHTS,
    LAYERS_LARGEST, // where there are many: the ten of most MACs, then of most weights
};
void layer_figures_table(const struct layer_figures *layer, uint32_t count,
                         enum listed_layers which, struct text *out);

#endif
