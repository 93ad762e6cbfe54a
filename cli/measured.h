// --measure: the energy of an inference by the machine's own counter, beside the estimate.
#ifndef CLI_MEASURED_H
#define CLI_MEASURED_H

#include "base/json.h"
#include "cli/bench.h"
#include "cli/command.h"

struct measured {
    struct measured_inference inference; // NaN: not measured
    const char *counter, *scope;         // NULL: not measured
};

extern const struct measured measured_nothing;

// Runs the graph as bench does and measures; in: isa and batch of bench. Without a counter that may
// be read it warns why, and the figures stay unknown.
MUST_CHECK enum status measured_run(struct invocation *invocation, const struct graph *graph,
                                    const struct infer_options *infer, struct bench *bench,
                                    struct measured *out);
// "joules", "interval", "counter", "scope" into an empty object.
void measured_to_json(struct json *object, const struct measured *measured);
// "12.3 mJ (95 %: 12.0 mJ .. 12.6 mJ) an inference beyond 45 W of the idle machine: COUNTER
// (SCOPE)"; nothing that was not measured.
void measured_text(const struct measured *measured, struct text *out);

#endif
