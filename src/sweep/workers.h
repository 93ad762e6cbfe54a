// Several trials at a time.
#ifndef SWEEP_WORKERS_H
#define SWEEP_WORKERS_H

#include "base/context.h"

// Calls work(self, context, index) on `jobs` threads, each with a context of its own (silent; seed
// and interruption as in context), and watch(self), about five times a second, on the calling one.
// Returns when all have; the first failure, whose text goes to context. ERR_CANCELLED once
// interrupted.
MUST_CHECK enum status workers_run(struct context *context, int jobs,
                                   enum status (*work)(void *self, struct context *context,
                                                       int index),
                                   void (*watch)(void *self), void *self);

#endif
