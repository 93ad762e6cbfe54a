// Optimizers over the parameters of a program: SGD with momentum (Nesterov 1983; Sutskever et al.
// 2013) and AdamW (Loshchilov and Hutter 2019), masks, moving average of the weights.
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "exec/program.h"

enum optimizer_kind { OPTIMIZER_SGD, OPTIMIZER_ADAMW };

struct optimizer_options {
    enum optimizer_kind kind;
    double momentum;     // SGD
    double weight_decay; // of matrices; biases and batch norm have none
    double ema;          // decay of the moving average; 0: none
};

// Plain arrays per parameter, on the heap.
struct optimizer {
    struct optimizer_options options;
    int count;
    size_t *size;
    float **moment[2]; // [1]: AdamW only
    float **average;   // NULL without ema
    float **mask;      // NULL entries: not masked
    int64_t step;      // updates so far
};

MUST_CHECK enum status optimizer_init(struct context *context, struct optimizer *optimizer,
                                      const struct optimizer_options *options,
                                      struct program *program);
void optimizer_clear(struct optimizer *optimizer);
// One update of all parameters with their gradients.
void optimizer_step(struct context *context, struct optimizer *optimizer, struct program *program,
                    const struct kernels *kernels, double learning_rate);
// A mask of ones for parameter i, made on first use. NULL without memory.
float *optimizer_mask(struct optimizer *optimizer, int i);

#endif
