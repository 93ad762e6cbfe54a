// Trials: one setting each of what a spec varies, and the chain that it makes.
#ifndef SWEEP_TRIAL_H
#define SWEEP_TRIAL_H

#include "sweep/spec.h"

enum { TRIAL_ID_BYTES = 17 };

struct sweep_trial {
    long number; // from 1, in the order of the results
    char id[TRIAL_ID_BYTES];
    int rung;                // of halving; -1: none
    long start;              // index of the trial of rung 0 that it goes on from; itself there
    struct json *parameters; // {"prune.sparsity": 0.8, ...}, those that matter to its chain
    struct chain chain;      // what runs, in the order written; values borrowed from parameters
    int last;                // the step whose output is judged; -1: the model itself
    const struct json *const *value; // of each axis, borrowed
};

struct trial_list {
    struct arena *arena;
    struct context *context; // of the whole sweep
    const struct sweep_spec *spec;
    const struct sweep_host *host;
    long count, capacity;
    struct sweep_trial *at;
};

void trials_init(struct trial_list *list, struct context *context, const struct sweep_spec *spec,
                 const struct sweep_host *host);
void trials_clear(struct trial_list *list);

// All settings of the grid, or so many drawn by the spec's seed, each once: of halving the first
// rung. ERR_USAGE for a step that reads a model where none is named; ERR_UNSUPPORTED for more than
// 50,000 trials.
MUST_CHECK enum status trials_expand(struct trial_list *list);

// Of halving: adds a trial of this rung for each of the trials (indices of the list) that go
// on, and puts its index in place of theirs. One whose chain the budget changes nothing in (its
// step is left out) is carried on as it is.
MUST_CHECK enum status trials_promote(struct trial_list *list, long *promoted, long count,
                                      int rung);
// How many of so many trials of a rung go on: the best 1/eta, at least one.
long halving_survivors(const struct sweep_halving *halving, long count);

// "ecai eval MODEL --data DATA --baseline FILE OPTIONS". baseline NULL: none.
void trial_eval_line(struct arena *arena, const struct chain_step *eval, const char *model,
                     const char *data, const char *baseline, struct chain_line *out);

// The command lines of the trial as they would be typed: outputs are 1.onnx, 2.onnx ...; the last
// line is eval's on that data.
struct json *trial_commands(const struct trial_list *list, const struct sweep_trial *trial,
                            const char *data);

#endif
