// OneHot: each index becomes a row of `depth` items along a new axis, one of them on.
// indices: any shape, depth: one number, values: (off, on)
#include <math.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static enum status one_hot_axis(struct context *context, const struct op_call *call, int *axis)
{
    return axis_from(context, ((const struct axis_attr *)call->attr)->axis,
                     call->input[0]->shape.rank + 1, axis);
}

static enum status one_hot_infer(struct context *context, const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;
    struct shape y = {.rank = x->rank + 1};
    int axis = 0;

    for (int i = 0; i < 2; i++)
        TRY(check_whole_bytes(context, call, i));
    TRY(check_given(context, call, 2));
    TRY(one_hot_axis(context, call, &axis));
    if (x->rank == SHAPE_MAX_RANK)
        return context_fail(context, ERR_SHAPE, "indices have rank %d", (int)x->rank);
    if (shape_count(&call->input[1]->shape) != 1 || shape_count(&call->input[2]->shape) != 2)
        return context_fail(context, ERR_SHAPE, "wants one depth and two values");
    if (!input_has_data(call, 1)) {
        set_output_unknown(call, 0, call->input[2]->dtype);
        return OK;
    }
    double depth = tensor_get(call->input[1], 0);
    if (!(depth >= 1 && depth < 9e15))
        return context_fail(context, ERR_SHAPE, "depth is %g", depth);
    for (int k = 0; k < y.rank; k++)
        y.dim[k] = k == axis ? (int64_t)depth : x->dim[k < axis ? k : k - 1];
    return set_output(context, call, 0, call->input[2]->dtype, &y);
}

static enum status one_hot_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0], *values = call->input[2];
    struct tensor *y = call->output[0];
    int axis = 0;

    TRY(one_hot_axis(context, call, &axis));
    int64_t depth = y->shape.dim[axis], inner = shape_product(&x->shape, axis, x->shape.rank);
    fill_elements(y->dtype, tensor_write(y), 0, tensor_count(y), tensor_data(values), 0);
    for (int64_t i = 0, n = tensor_count(x); i < n; i++) {
        double index = trunc(tensor_get(x, i));
        index += index < 0 ? (double)depth : 0;
        if (!(index >= 0 && index < (double)depth))
            continue; // ONNX: all off
        int64_t at = (i / inner * depth + (int64_t)index) * inner + i % inner;
        fill_elements(y->dtype, tensor_write(y), at, 1, tensor_data(values), 1);
    }
    return OK;
}

static enum status one_hot_map_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;
    int axis = 0;

    TRY(one_hot_axis(context, call, &axis));
    for (int k = 0; k < x->rank; k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                  (struct axis_end){AXIS_OUTPUT, 0, k < axis ? k : k + 1}, x->dim[k], 0, 1);
    return OK;
}

static const struct field one_hot_fields[] = {
    FIELD(struct axis_attr, axis, "-1", 0, 0, "where the new axis stands in the output"),
    FIELDS_END,
};

const struct op op_one_hot = {
    .name = "OneHot",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = one_hot_fields,
    .attr_bytes = sizeof(struct axis_attr),
    .since_opset = 9,
    .infer = one_hot_infer,
    .forward = one_hot_forward,
    .cost = cost_moves,
    .map_axes = one_hot_map_axes,
};
