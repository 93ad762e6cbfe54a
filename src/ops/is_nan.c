// IsInf and IsNaN: what is no number, as bool.
#include <math.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status is_nan_infer(struct context *context, const struct op_call *call)
{
    TRY(check_float(context, call, 0));
    return set_output(context, call, 0, DT_BOOL, &call->input[0]->shape);
}

#define FIND_NAN(type)                                                                             \
    for (int64_t i = 0; i < n; i++) {                                                              \
        type v = ((const type *)x)[i];                                                             \
        y[i] = v != v;                                                                             \
    }

static enum status is_nan_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, is_nan_forward);
    const void *x = tensor_data(call->input[0]);
    uint8_t *y = tensor_write(call->output[0]);
    int64_t n = tensor_count(call->input[0]);
    FOR_FLOAT_TYPES(call->input[0]->dtype, FIND_NAN)
    return OK;
}

#define FIND_INFINITE(type)                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                              \
        type v = ((const type *)x)[i];                                                             \
        y[i] = isinf(v) && (v > 0 ? attr->detect_positive : attr->detect_negative);                \
    }

static enum status is_inf_forward(struct context *context, const struct op_call *call)
{
    const struct is_inf_attr *attr = call->attr;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, is_inf_forward);
    const void *x = tensor_data(call->input[0]);
    uint8_t *y = tensor_write(call->output[0]);
    int64_t n = tensor_count(call->input[0]);
    FOR_FLOAT_TYPES(call->input[0]->dtype, FIND_INFINITE)
    return OK;
}

static const struct field is_inf_fields[] = {
    FIELD(struct is_inf_attr, detect_negative, "1", 0, 1, "-inf counts"),
    FIELD(struct is_inf_attr, detect_positive, "1", 0, 1, "inf counts"),
    FIELDS_END,
};

#define DESCRIPTOR(row, onnx_name, since, fields, bytes)                                           \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = bytes,                                                                       \
        .since_opset = since,                                                                      \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = is_nan_infer,                                                                     \
        .forward = row##_forward,                                                                  \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_keep,                                                                     \
    }

DESCRIPTOR(is_inf, "IsInf", 10, is_inf_fields, sizeof(struct is_inf_attr));
DESCRIPTOR(is_nan, "IsNaN", 9, NULL, 0);
