// The arithmetic that a run does, counted and not timed: the same at any number of threads and on
// any machine. What compressing cost follows from it (energy/cost.h).
#ifndef PASS_WORK_H
#define PASS_WORK_H

#include "data/dataset.h"
#include "data/preprocess.h"
#include "exec/infer.h"

struct work {
    double macs; // dense multiply-accumulates so far; NaN: of a network that cannot be counted
};

// One sample through a network. Zeros are not left out: what compresses runs dense kernels.
// training: forward, the gradient of the weights (as many again), and the gradient of what is read
// (as many again) where something before it is trained.
struct work_rates {
    double forward, training; // multiply-accumulates; NaN: not known
};

// options: as the network is run; NULL: none.
struct work_rates work_of_sample(const struct graph *graph, const struct infer_options *options);

void work_add(struct work *work, double macs); // work NULL: nobody counts
// Adds one run of the graph over all samples; sizes that it leaves open are those of the data.
void work_add_run(struct work *work, const struct graph *graph, const struct dataset *data,
                  const struct preprocess *preprocess, const struct infer_options *options);

#endif
