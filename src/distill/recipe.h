// The common course of all distillation methods: train (pruning on the way), fold batch norms,
// train on with fake quantisation, hand over a graph with annotations.
#ifndef DISTILL_RECIPE_H
#define DISTILL_RECIPE_H

#include "distill/methods.h"
#include "train/train.h"

struct distill_options {
    int64_t epochs, batch;
    double learning_rate, warmup, final_rate;
    const char *optimizer;
    double momentum, weight_decay, ema, label_smoothing;
    bool flip;
    int64_t shift;
    double erase;
    double sparsity, prune_begin, prune_end, keep, keep_ends;
    const char *pattern, *schedule, *bits;
    double quantize_from, quantize_rate;
    double width, depth;
    double temperature, alpha;
};

// All fields but those that only a teacher gives a meaning to; methods add theirs behind them.
#define RECIPE_FIELDS                                                                              \
    FIELD(struct distill_options, epochs, "10", 1, 100000, "passes over the training data"),       \
        FIELD(struct distill_options, batch, "128", 16, 65536,                                     \
              "samples a step, a multiple of 16"),                                                 \
        FIELD(struct distill_options, learning_rate, "0.1", 0, 100, "peak of the learning rate"),  \
        FIELD(struct distill_options, warmup, "0.1", 0, 0.9,                                       \
              "fraction of the course in which the learning rate rises"),                          \
        FIELD(struct distill_options, final_rate, "0.001", 0, 1,                                   \
              "learning rate at the end, as a fraction of the peak (half a cosine down to it)"),   \
        FIELD_CHOICE(struct distill_options, optimizer, "sgd", "sgd|adamw",                        \
                     "SGD with Nesterov momentum, or AdamW"),                                      \
        FIELD(struct distill_options, momentum, "0.9", 0, 1, "of SGD"),                            \
        FIELD(struct distill_options, weight_decay, "5e-4", 0, 10, "of weight matrices"),          \
        FIELD(struct distill_options, ema, "0", 0, 0.99999,                                        \
              "decay of a moving average of the weights, which is what is kept; 0: none"),         \
        FIELD(struct distill_options, label_smoothing, "0", 0, 0.9, "of the labels' part"),        \
        FIELD(struct distill_options, flip, "no", 0, 0, "augment: mirror every other image"),      \
        FIELD(struct distill_options, shift, "0", 0, 64,                                           \
              "augment: shift by up to so many pixels"),                                           \
        FIELD(struct distill_options, erase, "0", 0, 1,                                            \
              "augment: probability of erasing a rectangle"),                                      \
        FIELD(struct distill_options, sparsity, "0", 0, 0.999,                                     \
              "fraction of all weights that is zero in the end"),                                  \
        FIELD_CHOICE(struct distill_options, pattern, "unstructured", "unstructured",              \
                     "which weights may go together"),                                             \
        FIELD_CHOICE(struct distill_options, schedule, "cubic", "cubic|one-shot",                  \
                     "how sparsity grows"),                                                        \
        FIELD(struct distill_options, prune_begin, "0.1", 0, 1,                                    \
              "part of the course at which pruning begins"),                                       \
        FIELD(struct distill_options, prune_end, "0.6", 0, 1,                                      \
              "part of the course at which the sparsity is reached"),                              \
        FIELD(struct distill_options, keep, "0.05", 0, 1, "least density of a layer"),             \
        FIELD(struct distill_options, keep_ends, "0.5", 0, 1,                                      \
              "least density of the first and the last layer"),                                    \
        FIELD(struct distill_options, bits, NULL, 0, 0,                                            \
              "weight/activation bits of fake quantisation in the loop, such as 8/8"),             \
        FIELD(struct distill_options, quantize_from, "0.8", 0, 1,                                  \
              "part of the course at which fake quantisation begins"),                             \
        FIELD(struct distill_options, quantize_rate, "0.02", 0, 1,                                 \
              "peak of the learning rate from there on, as a fraction of the first peak"),         \
        FIELD(struct distill_options, width, "0.25", 0.01, 1,                                      \
              "without --student: channels of the derived one, of the teacher's"),                 \
        FIELD(struct distill_options, depth, "1", 0, 1,                                            \
              "without --student: residual blocks of the derived one, of the teacher's")

// Trains run->graph in place. logits: the teacher's of every sample, or NULL.
MUST_CHECK enum status recipe_run(struct pass_run *run, const struct distill_options *options,
                                  const float *logits, int64_t classes);

// Requires: graph's output 0. If a Softmax or LogSoftmax makes it, the output becomes what that
// reads, and the value that was the output is returned for recipe's end; NO_VALUE otherwise.
struct value_id output_before_softmax(struct graph *graph);

// student.c: a smaller network of the teacher's kind, with fresh weights (He et al. 2015) drawn by
// the context's seed. Channels are scaled by width and rounded to multiples of 8, residual blocks
// whose input and output agree are dropped down to depth of them.
MUST_CHECK enum status student_derive(struct context *context, const struct graph *teacher,
                                      double width, double depth, struct graph **out);

#endif
