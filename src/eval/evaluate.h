// Runs a model over a data set and collects what it answers: lowered, 16 samples a group on all
// threads; or by the reference executor where the samples of a batch cannot be told apart.
#ifndef EVAL_EVALUATE_H
#define EVAL_EVALUATE_H

#include "data/dataset.h"
#include "data/preprocess.h"
#include "eval/outputs.h"
#include "exec/infer.h"
#include "kernels/kernels.h"

struct evaluate_options {
    enum isa isa;
    struct infer_options infer;
    const char *output; // name of the graph output that is collected; NULL: the first
    bool no_integers;   // Q/DQ are simulated in float even where integers could be exact
    const char *stage;  // of the progress; NULL: "evaluating"
    // "IN=OUT": samples are steps in order, and that output is the next step's input
    // (exec/state.h). Every state_reset samples a new sequence begins with zeros; 0: all are one
    // sequence.
    struct strings state;
    int64_t state_reset;
};

struct evaluation {
    struct outputs outputs;
    const char *executor; // "float", "int8"
    bool is_one_by_one;   // by the reference executor, a batch of the graph's own at a time
    char reason[256];     // why, "" if it is not
    double seconds;       // of running, without setting up
};

// preprocess NULL: numbers as they are. Targets are collected if the data have them. The caller
// clears the outputs. Errors do not name the model's file.
MUST_CHECK enum status evaluate(struct context *context, const struct graph *graph,
                                const struct dataset *data, const struct preprocess *preprocess,
                                const struct evaluate_options *options, struct evaluation *out);

#endif
