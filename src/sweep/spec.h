// What a sweep tries and how it chooses, as its spec says (docs/sweep.md), checked against the
// subcommands' tables before anything runs.
#ifndef SWEEP_SPEC_H
#define SWEEP_SPEC_H

#include "sweep/sweep.h"

enum axis_kind { AXIS_VALUES, AXIS_UNIFORM, AXIS_LOG_UNIFORM };

// One thing that is varied.
struct sweep_axis {
    const char *name; // "prune.sparsity"; "prune.run" for methods
    int step;
    const char *option; // NULL: the step's method
    enum axis_kind kind;
    int count; // of values
    const struct json *const *value;
    double low, high; // of a range
    bool is_whole;    // only integers
};

// A step with everything it may be: one command of several, or none at all (verb NULL).
struct sweep_step {
    const char *name;
    const struct json *options; // as written; NULL: none
    int choice_count;
    const struct chain_step *choice; // only their verb and method count
};

enum { HALVING_RUNGS_MAX = 20 };

struct sweep_halving {
    bool is_on;
    int step;
    const char *option, *name; // "epochs", "distill.epochs"
    const struct field *field;
    double from, to, eta;
    int rungs;
    double budget[HALVING_RUNGS_MAX]; // of each rung, growing
};

struct sweep_spec {
    const char *title, *model; // NULL: none given
    const char *baseline;      // file that all models are compared with; NULL: none
    int step_count;
    const struct sweep_step *step;
    struct chain chain; // who reads whom; of steps with a choice, the first that is not NULL
    int axis_count;
    const struct sweep_axis *axis;
    int64_t random_trials; // 0: the whole grid
    struct sweep_halving halving;
    const char *search_data, *test_data; // test_data NULL: none
    struct chain_step eval;              // options alone
    const char *const *devices;          // by name; ends with NULL
    struct strings require, front;
    const char *minimise;
    uint64_t seed;
    double time_limit; // seconds a step may take; 0: any
};

// document: kept by the caller as long as the spec. All else is in the arena. ERR_USAGE with the
// path of what is wrong; the caller puts the file before it.
MUST_CHECK enum status spec_read(struct context *context, struct arena *arena,
                                 const struct json *document, const struct sweep_host *host,
                                 struct sweep_spec *out);

// The spec in one form, defaults written out: equal for specs that mean the same. The caller frees.
struct json *spec_canonical(const struct sweep_spec *spec);

// To four digits, as exact as anybody types, and within the range.
double spec_rounded(double number, double low, double high);

#endif
