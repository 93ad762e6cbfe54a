// Models that carry a state from one step to the next: an output is fed to an input, `--state
// IN=OUT`. The first step of a sequence sees zeros.
#ifndef EXEC_STATE_H
#define EXEC_STATE_H

#include "exec/infer.h"
#include "ir/graph.h"

// graph->output[output] becomes graph->input[input] of the next step.
struct state_link {
    uint32_t input, output;
};

// "IN=OUT" each; one link a text in the arena. ERR_USAGE naming an input or output that is not
// there or is linked twice; ERR_SHAPE if their types differ.
MUST_CHECK enum status state_links(struct context *context, const struct graph *graph,
                                   const struct strings *text, struct arena *arena,
                                   struct state_link **out);

// The zeros before the first step: open dimensions that no option settles are 1.
MUST_CHECK enum status state_zeros(struct context *context, const struct graph *graph,
                                   const struct inference *inference, const struct state_link *link,
                                   struct tensor *out);

// After a step: *state takes the output's tensor (which loses it). ERR_SHAPE if its shape is
// another.
MUST_CHECK enum status state_advance(struct context *context, const struct graph *graph,
                                     const struct state_link *link, struct tensor *output,
                                     struct tensor *state);

#endif
