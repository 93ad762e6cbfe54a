// Ranges of activations from data, streamed: a first sweep finds least and largest values, a second
// fills a histogram of fixed bins between them. Counts are whole numbers, so the result does not
// depend on batch size, order or threads.
#ifndef CALIBRATE_RANGES_H
#define CALIBRATE_RANGES_H

#include "data/dataset.h"
#include "data/preprocess.h"
#include "ir/graph.h"
#include "kernels/kernels.h"

struct work;

enum range_method { RANGE_MINMAX, RANGE_PERCENTILE, RANGE_MSE };

struct range_options {
    enum range_method method;
    double percentile; // of the values kept inside, e.g. 99.99
    int bits;          // of the grid that MSE tries
    struct work *work; // where the runs are counted; NULL: nowhere
};

struct range {
    float low, high; // low <= 0 <= high
};

// The ranges of `count` values of the graph over all samples. ERR_NUMERIC naming a value that is
// not finite. Models that do not run 16 samples side by side run on the reference executor, one
// batch of their own size at a time.
MUST_CHECK enum status ranges_find(struct context *context, const struct graph *graph,
                                   const struct value_id *value, int count,
                                   const struct dataset *data, const struct preprocess *preprocess,
                                   const struct range_options *options, enum isa isa,
                                   struct range *out);

#endif
