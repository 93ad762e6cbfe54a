// PRelu: x below 0 is multiplied by a slope that is learned (He 2015); the slope broadcasts to x.
#include "ops/binary.h"

BINARY_KERNELS(static, p_relu, a < 0 ? a * b : a, a < 0 ? b : 1, a < 0 ? a : 0,
               (double)a < 0 ? (uint64_t)a * (uint64_t)b : (uint64_t)a)

static enum status p_relu_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    TRY(infer_numbers(context, call));
    TRY(broadcast_shape(context, call, 0, &shape));
    if (!shape_equal(&shape, &call->input[0]->shape))
        return context_fail(context, ERR_SHAPE, "input 1 (slope) is larger than input 0");
    return OK;
}

static enum status p_relu_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, p_relu_forward);
    binary_run(&p_relu_kernels, call->input[0], call->input[1], call->output[0]);
    return OK;
}

static enum status p_relu_backward(struct context *context, const struct op_call *call)
{
    return binary_backward(context, call, &p_relu_kernels);
}

const struct op op_p_relu = {
    .name = "PRelu",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .traits = OP_ELEMENTWISE,
    .infer = p_relu_infer,
    .forward = p_relu_forward,
    .backward = p_relu_backward,
    .cost = cost_in_place,
    .map_axes = axes_tie,
};
