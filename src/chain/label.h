// What a trial is called: its parameters in words.
#ifndef CHAIN_LABEL_H
#define CHAIN_LABEL_H

#include "base/arena.h"
#include "base/json.h"

// "prune magnitude, sparsity 0.8, bits 4/8": of {"prune.run": "prune magnitude", "prune.sparsity":
// 0.8, "quantize.bits": "4/8"}, option names without their step where they are the only ones of
// that name; a step that was left out is not told, and where nothing is left: "unchanged". ""
// without parameters. In the arena, or borrowed; as they stand
// in the document, not escaped.
const char *chain_label(struct arena *arena, const struct json *parameters);
// One parameter's part of it, "" for a step that was left out. with_name: "sparsity 0.8", else
// "0.8".
const char *chain_label_part(struct arena *arena, const struct json *parameters, size_t index,
                             bool with_name);

#endif
