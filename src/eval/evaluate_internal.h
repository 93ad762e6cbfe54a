// One evaluation under way, as its ways of running share it.
#ifndef EVAL_EVALUATE_INTERNAL_H
#define EVAL_EVALUATE_INTERNAL_H

#include <stdatomic.h>

#include "data/batch.h"
#include "eval/evaluate.h"
#include "exec/program.h"
#include "exec/state.h"

// What the threads share. Groups are handed out in chunks, so that progress and interrupts come
// between them.
struct work {
    struct arena *arena;
    const struct graph *graph;
    const struct evaluate_options *options;
    const struct dataset *data;
    struct batch_input *input;
    bool *is_given;          // by --set, or a state
    struct program *program; // NULL: the reference executor
    const struct kernels *kernels;
    uint32_t output;
    int64_t first; // sample of the chunk's first group
    int64_t per_item;
    void **scratch;           // per worker
    struct context *contexts; // per worker, for errors
    atomic_int failed;        // worker + 1
    struct outputs *outputs;
    // Of the reference executor: shapes and the inputs that are known.
    struct inference inference;
    // Of models with a state: sequence s keeps state[s * link_count ..] from step to step.
    struct state_link *link;
    int64_t link_count, sequences, per_sequence, step;
    struct tensor *state;
};

const char *work_stage(const struct work *work); // of the progress
void work_fail(struct work *work, int worker);   // the worker's context says why
// ERR_UNSUPPORTED with what a worker said, if one failed.
MUST_CHECK enum status work_check(struct context *context, struct work *work);

// The reference executor: settles per_item and the known inputs, measures the output (elements a
// sample). Where shapes depend on data, sample 0 is run for that.
MUST_CHECK enum status by_reference_init(struct context *context, struct work *work,
                                         int64_t *width);
void by_reference_clear(struct work *work);
// Item: a batch of per_item samples from work->first on.
void by_reference(void *work, long item, int worker);
// The given samples (per_item at most, a short batch repeats its last). state: one tensor a link,
// NULL without. output: one tensor an output of the graph, released by the caller, also on failure.
MUST_CHECK enum status by_reference_run(struct context *context, const struct work *work,
                                        const int64_t *sample, int count,
                                        const struct tensor *state, struct tensor *output);
MUST_CHECK enum status by_reference_collect(struct context *context, struct work *work,
                                            const int64_t *sample, int count,
                                            const struct tensor *output);

// Models with a state: all sequences side by side, step after step.
MUST_CHECK enum status streaming_init(struct context *context, struct work *work);
MUST_CHECK enum status streaming_run(struct context *context, struct work *work);
void streaming_clear(struct work *work);

#endif
