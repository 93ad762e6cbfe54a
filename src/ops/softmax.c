// Softmax and LogSoftmax along one axis (opset 13 and later; readers rewrite older ones).
#include "ops/softmax.h"

#include <math.h>

#include "ops/attr.h"
#include "ops/lanes.h"
#include "ops/op_table.h"

static enum status lanes_from(struct context *context, const struct op_call *call,
                              struct lanes *lanes)
{
    const struct softmax_attr *attr = call->attr;

    TRY(lanes_along(context, &call->input[0]->shape, attr->axis, lanes));
    if (lanes->count == 0)
        lanes->outer = 0;
    return OK;
}

static enum status softmax_infer(struct context *context, const struct op_call *call)
{
    struct lanes lanes;

    TRY(lanes_from(context, call, &lanes));
    return infer_same_float(context, call);
}

#define BODY "ops/softmax.inc"
#include "ops/both_floats.inc"

void softmax_lanes(const struct lanes *lanes, enum dtype dtype, bool is_log, const void *x, void *y)
{
    if (lanes->count == 0)
        return;
    if (dtype == DT_F32)
        softmax_forward_f32(lanes, is_log, x, y);
    else
        softmax_forward_f64(lanes, is_log, x, y);
}

static enum status run_forward(struct context *context, const struct op_call *call, bool is_log)
{
    struct lanes lanes;

    TRY(lanes_from(context, call, &lanes));
    softmax_lanes(&lanes, call->input[0]->dtype, is_log, tensor_data(call->input[0]),
                  tensor_write(call->output[0]));
    return OK;
}

static enum status run_backward(struct context *context, const struct op_call *call, bool is_log)
{
    struct lanes lanes;

    TRY(check_trainable(context, call));
    TRY(lanes_from(context, call, &lanes));
    if (!input_grad_at(call, 0) || !output_grad_at(call, 0))
        return OK;
    const void *x = tensor_data(call->input[0]), *dy = tensor_data(call->output_grad[0]);
    void *dx = tensor_write(call->input_grad[0]);
    if (call->input[0]->dtype == DT_F32)
        softmax_backward_f32(&lanes, is_log, x, dy, dx, call->scratch);
    else
        softmax_backward_f64(&lanes, is_log, x, dy, dx, call->scratch);
    return OK;
}

static enum status softmax_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, softmax_forward);
    return run_forward(context, call, false);
}

static enum status softmax_backward(struct context *context, const struct op_call *call)
{
    return run_backward(context, call, false);
}

static enum status log_softmax_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, log_softmax_forward);
    return run_forward(context, call, true);
}

static enum status log_softmax_backward(struct context *context, const struct op_call *call)
{
    return run_backward(context, call, true);
}

// One lane.
static size_t softmax_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct lanes lanes;

    context_init(&silent);
    if (lanes_from(&silent, call, &lanes) != OK)
        return 0;
    return scratch_product(compute_bytes(call->input[0]->dtype), (size_t)lanes.count);
}

static enum status softmax_map_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    const struct softmax_attr *attr = call->attr;
    int axis = 0;

    TRY(axis_from(context, attr->axis, call->input[0]->shape.rank, &axis));
    axes_beside(call, axis, map);
    return OK;
}

static const struct field softmax_fields[] = {
    FIELD(struct softmax_attr, axis, "-1", 0, 0, "the axis that sums to one"),
    FIELDS_END,
};

#define SOFTMAX(variable, onnx_name, function)                                                     \
    const struct op variable = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = softmax_fields,                                                                    \
        .attr_bytes = sizeof(struct softmax_attr),                                                 \
        .infer = softmax_infer,                                                                    \
        .forward = function##_forward,                                                             \
        .backward = function##_backward,                                                           \
        .scratch_bytes = softmax_scratch_bytes,                                                    \
        .cost = cost_moves,                                                                        \
        .map_axes = softmax_map_axes,                                                              \
    }

SOFTMAX(op_softmax, "Softmax", softmax);
SOFTMAX(op_log_softmax, "LogSoftmax", log_softmax);
