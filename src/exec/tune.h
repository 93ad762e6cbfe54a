// Tuning: which of the kernels' algorithms is fastest for a convolution, found by running them, and
// remembered. A program made while context->tuning is set chooses so. The choice depends on the
// machine's mood, so results are the same to the bit only while the remembered choices are.
#ifndef EXEC_TUNE_H
#define EXEC_TUNE_H

#include <stdbool.h>

#include "base/context.h"
#include "kernels/kernels.h"

struct tuning;

struct tuning *tuning_new(void);
void tuning_free(struct tuning *tuning);
// A remembered choice, from a file; the last one for a key counts. Keys are one line of printable
// characters without a tab, and name the processor, the build, the shape and the share of zeros.
void tuning_add(struct tuning *tuning, const char *key, const char *algorithm);
// The choices in the order of their making; false past the end.
bool tuning_at(const struct tuning *tuning, int index, const char **key, const char **algorithm);
bool tuning_has_grown(const struct tuning *tuning); // by choices that were measured

// The fastest of those that may run. A choice that is remembered is not measured again.
const struct conv2d_algorithm *tuning_conv2d(struct tuning *tuning, const struct kernels *kernels,
                                             const struct conv2d *v, const float *weight,
                                             const struct conv2d_bounds *bounds);
const struct conv2d_u8_algorithm *tuning_conv2d_u8(struct tuning *tuning,
                                                   const struct kernels *kernels,
                                                   const struct conv2d *v,
                                                   const struct conv2d_u8_weights *w);

#endif
