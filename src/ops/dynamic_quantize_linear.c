// DynamicQuantizeLinear: to uint8, with a scale and a zero point for what the tensor holds.
// x: (...), y: as x, y_scale and y_zero_point: scalars
#include <math.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status dynamic_infer(struct context *context, const struct op_call *call)
{
    TRY(check_float(context, call, 0));
    TRY(set_output(context, call, 0, DT_U8, &call->input[0]->shape));
    TRY(set_output(context, call, 1, DT_F32, &SHAPE_SCALAR));
    return set_output(context, call, 2, DT_U8, &SHAPE_SCALAR);
}

// As ONNX Runtime: the range includes zero, arithmetic in float, halves to even.
static void find_grid(const struct tensor *x, float *scale, float *zero)
{
    float low = 0, high = 0;

    for (int64_t i = 0; i < tensor_count(x); i++) {
        float item = (float)tensor_get(x, i);
        low = item < low ? item : low;
        high = item > high ? item : high;
    }
    *scale = high == low ? 1 : (high - low) / 255;
    *zero = -low / *scale;
    *zero = *zero > 0 ? rintf(*zero < 255 ? *zero : 255) : 0;
}

static enum status dynamic_forward(struct context *context, const struct op_call *call)
{
    static const struct quantize_attr plain = {.axis = 1, .saturate = 1};
    struct tensor scale, zero;
    const struct tensor *input[3] = {call->input[0], &scale, &zero};
    struct op_call linear = {.attr = &plain,
                             .input_count = 3,
                             .output_count = 1,
                             .input = input,
                             .output = call->output};
    float step, middle;

    TRY(tensor_alloc(context, &scale, DT_F32, &SHAPE_SCALAR));
    if (tensor_alloc(context, &zero, DT_U8, &SHAPE_SCALAR) != OK) {
        tensor_release(&scale);
        return ERR_MEMORY;
    }
    find_grid(call->input[0], &step, &middle);
    tensor_set(&scale, 0, step);
    tensor_set(&zero, 0, middle);
    enum status status = OK;
    if (output_at(call, 0))
        status = op_quantize_linear.forward(context, &linear);
    if (output_at(call, 1))
        tensor_set(call->output[1], 0, step);
    if (output_at(call, 2))
        tensor_set(call->output[2], 0, middle);
    tensor_release(&scale);
    tensor_release(&zero);
    return status;
}

const struct op op_dynamic_quantize_linear = {
    .name = "DynamicQuantizeLinear",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 3,
    .max_outputs = 3,
    .since_opset = 11,
    .until_opset = 23,
    .infer = dynamic_infer,
    .forward = dynamic_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
