// Layers of a model as JSON and as a table: show and the compressors tell them alike.
#ifndef CLI_LAYERS_H
#define CLI_LAYERS_H

#include <stdbool.h>

#include "base/json.h"
#include "cli/figures.h"

// Adds node, op, parameters ... bytes to an object.
void layer_figures_json(struct json *item, const struct layer_figures *layer);
// only_weights: leaves out layers that have none.
void layer_figures_table(const struct layer_figures *layer, uint32_t count, bool only_weights,
                         struct text *out);

#endif
