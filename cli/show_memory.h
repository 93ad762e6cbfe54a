// What running a model takes, for `ecai show`: from the plan of the lowered program.
#ifndef CLI_SHOW_MEMORY_H
#define CLI_SHOW_MEMORY_H

#include "base/json.h"
#include "cli/about.h"
#include "cli/command.h"
#include "exec/infer.h"
#include "exec/program.h"
#include "ir/graph.h"

struct shown_memory {
    bool is_known;                       // false: the model does not run in groups of 16
    struct program_memory many, single;  // batches, and one sample at a time
    const char *many_peak, *single_peak; // the nodes at the peaks; in the invocation's arena
};

// graph: as it will run. Unknown stays a model that cannot run, and one with many weights that are
// not stored as float32.
void shown_memory_init(struct invocation *invocation, const struct graph *graph,
                       const struct counts *counts, const struct infer_options *infer, enum isa isa,
                       struct shown_memory *out);
void shown_memory_text(const struct shown_memory *memory, struct text *out);
// Adds "plan" and "plan_single" to the block; null where unknown.
void shown_memory_json(const struct shown_memory *memory, struct json *block);

#endif
