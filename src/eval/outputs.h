// What a model answered on a set of samples, with what it should have answered. A saved one may
// stand for the model later.
#ifndef EVAL_OUTPUTS_H
#define EVAL_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"

struct outputs {
    int64_t samples, width; // width: elements of the output a sample
    float *value;           // [samples][width]
    int64_t *label;         // [samples], NULL: none
    float *target;          // [samples][width], NULL: none
    // The model's figures as a JSON text (file, sha256, bytes, parameters, macs, joules ...); NULL.
    char *figures;
};

// Zeroed room; with labels or targets where asked for. ERR_MEMORY.
MUST_CHECK enum status outputs_init(struct context *context, struct outputs *outputs,
                                    int64_t samples, int64_t width, bool has_labels,
                                    bool has_targets);
void outputs_clear(struct outputs *outputs);

// ERR_NUMERIC naming the first sample with a value that is not finite.
MUST_CHECK enum status outputs_check(struct context *context, const struct outputs *outputs);

// Whether the rows are probabilities already: none is negative, all sum to 1 within 0.05 (int8
// models round theirs).
bool outputs_are_probabilities(const struct outputs *outputs);
// Row i as probabilities: softmax, or the row itself divided by its sum.
void outputs_probabilities(const struct outputs *outputs, int64_t i, bool are_probabilities,
                           double *p);

// Language models: rows of [positions][width] of samples become rows of their own, labelled by the
// data's target tokens (an integer target of `positions` elements). ERR_SHAPE if they do not fit.
struct dataset;
MUST_CHECK enum status outputs_split_tokens(struct context *context, struct outputs *outputs,
                                            const struct dataset *data);

// .npz with the keys outputs (f32), labels (i64), targets (f32) and figures (u8, JSON text); the
// same outputs give the same bytes. Errors name the file.
MUST_CHECK enum status outputs_save(struct context *context, const struct outputs *outputs,
                                    const char *path);
MUST_CHECK enum status outputs_load(struct context *context, const char *path,
                                    struct outputs *outputs);

#endif
