// Running one operator on tensors.
#include "exec/call.h"

#include <stdlib.h>

#include "base/checked.h"
#include "exec/reference.h"

static void release_outputs(struct op_call *call)
{
    for (int i = 0; i < call->output_count; i++)
        if (call->output[i])
            tensor_release(call->output[i]);
}

static enum status run_with_scratch(struct context *context, const struct op *op,
                                    struct op_call *call)
{
    size_t bytes = op->scratch_bytes ? op->scratch_bytes(call) : 0;
    enum status status;

    if (!call->run_graph)
        call->run_graph = reference_run_body;
    call->scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (bytes && !call->scratch)
        return context_fail(context, ERR_MEMORY, "no memory for %zu bytes of scratch", bytes);
    status = op->forward(context, call);
    free(call->scratch);
    call->scratch = NULL;
    return status;
}

enum status call_forward(struct context *context, const struct op *op, struct op_call *call)
{
    enum status status = OK;
    bool all_given = true, allocates = op->traits & OP_ALLOCATES;

    if (!op->forward)
        return context_fail(context, ERR_UNSUPPORTED, "operator cannot run");
    for (int i = 0; i < call->output_count && status == OK; i++) {
        struct tensor *output = call->output[i];
        if (!output || output->buffer)
            continue;
        all_given = false;
        if (shape_is_static(&output->shape))
            status = tensor_alloc(context, output, output->dtype, &output->shape);
        else if (!allocates)
            status = context_fail(context, ERR_UNSUPPORTED, "its shape is not known");
    }
    if (status == OK && !all_given)
        status = run_with_scratch(context, op, call);
    for (int i = 0; i < call->output_count && status == OK; i++)
        if (call->output[i] && !call->output[i]->buffer)
            status = context_fail(context, ERR_INTERNAL, "output %d was not made", i);
    if (status != OK)
        release_outputs(call);
    return status;
}

enum status call_run(struct context *context, const struct op *op, struct op_call *call)
{
    if (op->is_unknown || !op->infer)
        return op_fail_unknown(context, op);
    for (int i = 0; i < call->output_count; i++)
        if (call->output[i])
            *call->output[i] = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    TRY(op->infer(context, call));
    return call_forward(context, op, call);
}
