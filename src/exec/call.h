// Running one operator on tensors: output memory and scratch.
#ifndef EXEC_CALL_H
#define EXEC_CALL_H

#include "ir/op.h"

// Allocates the wanted outputs that have no data yet as call->output's dtype and shape say
// (op->infer came before), gives scratch and runs op->forward. On failure outputs that it allocated
// are released. ERR_UNSUPPORTED for an operator that cannot run.
MUST_CHECK enum status call_forward(struct context *context, const struct op *op,
                                    struct op_call *call);
// infer and then call_forward, on inputs that all have data.
MUST_CHECK enum status call_run(struct context *context, const struct op *op, struct op_call *call);

#endif
