// ecai run --state: a model over many steps, of which each one's state is the next one's input.
#ifndef CLI_RUN_STEPS_H
#define CLI_RUN_STEPS_H

#include "cli/groups.h"
#include "exec/state.h"

// One run over steps. is_stepped[i]: input[i] has one more axis in front, the steps; the others are
// the same in each.
struct steps {
    const struct graph *graph;
    const struct state_link *link;
    int64_t link_count;
    int64_t reset; // steps of a sequence, 0: all
    struct infer_options infer;
    const bool *is_stepped;
};

// input: all but the states; a state that is there begins the first sequence (and each one after a
// reset). output[i] gets the steps in front; the caller releases. ERR_SHAPE if inputs differ in
// their steps or an output changes its shape on the way.
MUST_CHECK enum status steps_run(struct context *context, const struct steps *steps,
                                 const struct tensor *input, struct tensor *output);

#endif
