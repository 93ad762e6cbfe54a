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
        float item = tensor_f32(x)[i];
        low = item < low ? item : low;
        high = item > high ? item : high;
    }
    *scale = high == low ? 1 : (high - low) / 255;
    *zero = -low / *scale;
    *zero = *zero > 0 ? rintf(*zero < 255 ? *zero : 255) : 0;
}

// The three tensors that QuantizeLinear reads: x in float, y_scale, y_zero_point.
static enum status quantize(struct context *context, const struct op_call *call,
                            struct tensor operand[3])
{
    static const struct quantize_attr plain = {.axis = 1, .saturate = 1};
    const struct tensor *input[3] = {&operand[0], &operand[1], &operand[2]};
    struct op_call linear = {.attr = &plain,
                             .input_count = 3,
                             .output_count = 1,
                             .input = input,
                             .output = call->output};
    float scale, zero;

    TRY(tensor_convert(context, &operand[0], call->input[0], DT_F32));
    TRY(tensor_alloc(context, &operand[1], DT_F32, &SHAPE_SCALAR));
    TRY(tensor_alloc(context, &operand[2], DT_U8, &SHAPE_SCALAR));
    find_grid(&operand[0], &scale, &zero);
    tensor_set(&operand[1], 0, scale);
    tensor_set(&operand[2], 0, zero);
    for (int i = 1; i < 3; i++)
        if (output_at(call, i))
            tensor_set(call->output[i], 0, tensor_get(&operand[i], 0));
    return output_at(call, 0) ? op_quantize_linear.forward(context, &linear) : OK;
}

static enum status dynamic_forward(struct context *context, const struct op_call *call)
{
    struct tensor operand[3] = {0};
    enum status status = quantize(context, call, operand);

    for (int i = 0; i < 3; i++)
        if (operand[i].buffer)
            tensor_release(&operand[i]);
    return status;
}

const struct op op_dynamic_quantize_linear = {
    .name = "DynamicQuantizeLinear",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 3,
    .max_outputs = 3,
    .since_opset = 11,
    .infer = dynamic_infer,
    .forward = dynamic_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
