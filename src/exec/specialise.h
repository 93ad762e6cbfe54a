// A graph for what is known about its inputs: shape arithmetic and whatever else follows becomes
// weights, branches that are taken always are inlined, what is left over goes.
#ifndef EXEC_SPECIALISE_H
#define EXEC_SPECIALISE_H

#include "exec/infer.h"

// *out computes what graph computes on inputs as options say, the caller frees it; graph stays as
// it is. options->shape (--shape) fixes the shapes of inputs. options->set (--set) fixes an input's
// value: it becomes a weight and leaves the inputs. options NULL: nothing is known beyond the graph
// itself. An open first dimension is the batch and stays open, whatever options->batch; nothing
// that depends on it becomes a constant. Names of inputs and outputs stay; unknown operators and
// shapes that stay open are no errors. ERR_USAGE for a name that is no input, ERR_SHAPE and others
// from inference.
MUST_CHECK enum status graph_specialise(struct context *context, const struct graph *graph,
                                        const struct infer_options *options, struct graph **out);

#endif
