// Concat: inputs one behind the other along an axis.
#include "base/checked.h"
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

// ONNX has no default for the axis: this one is refused, and a writer never takes 0 for it.
static const struct field concat_fields[] = {
    FIELD(struct axis_attr, axis, "-9223372036854775808", 0, 0, "the axis that grows"),
    FIELDS_END,
};

static enum status concat_axis(struct context *context, const struct op_call *call, int *axis)
{
    return axis_from(context, ((const struct axis_attr *)call->attr)->axis,
                     call->input[0]->shape.rank, axis);
}

static enum status concat_infer(struct context *context, const struct op_call *call)
{
    int axis = 0;

    for (int i = 0; i < call->input_count; i++)
        TRY(check_given(context, call, i));
    TRY(check_same_dtype(context, call, 1));
    TRY(concat_axis(context, call, &axis));
    struct shape shape = call->input[0]->shape;
    for (int i = 1; i < call->input_count; i++) {
        const struct shape *next = &call->input[i]->shape;
        TRY(check_rank(context, call, i, shape.rank, shape.rank));
        for (int k = 0; k < shape.rank; k++)
            if (k != axis && next->dim[k] != shape.dim[k])
                return context_fail(context, ERR_SHAPE,
                                    "input %d has %lld along axis %d, input 0 "
                                    "has %lld",
                                    i, (long long)next->dim[k], k, (long long)shape.dim[k]);
        if (!checked_add(shape.dim[axis], next->dim[axis], &shape.dim[axis]))
            return context_fail(context, ERR_SHAPE, "the sum along axis %d is too large", axis);
    }
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status concat_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    int64_t offset = 0;
    int axis = 0;

    TRY(concat_axis(context, call, &axis));
    for (int i = 0; i < call->input_count; i++) {
        const struct tensor *x = call->input[i];
        struct walk walk = walk_into(&x->shape, &y->shape, axis, offset);
        walk_copy(&walk, y->dtype, tensor_data(x), tensor_write(y));
        offset += x->shape.dim[axis];
    }
    return OK;
}

static enum status concat_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    int64_t offset = 0;
    int axis = 0;

    if (grad)
        TRY(check_trainable(context, call));
    TRY(concat_axis(context, call, &axis));
    for (int i = 0; grad && i < call->input_count; i++) {
        const struct shape *shape = &call->input[i]->shape;
        struct tensor *into = input_grad_at(call, i);
        if (into) {
            struct walk walk = walk_into(shape, &grad->shape, axis, offset);
            walk = walk_reversed(&walk);
            walk_add(&walk, grad->dtype, tensor_data(grad), tensor_write(into));
        }
        offset += shape->dim[axis];
    }
    return OK;
}

static enum status concat_axes(struct context *context, const struct op_call *call,
                               struct axis_map *map)
{
    int64_t offset = 0;
    int axis = 0;

    TRY(concat_axis(context, call, &axis));
    for (int i = 0; i < call->input_count; i++) {
        const struct shape *shape = &call->input[i]->shape;
        for (int k = 0; k < shape->rank; k++)
            axis_link(map, (struct axis_end){AXIS_INPUT, i, k},
                      (struct axis_end){AXIS_OUTPUT, 0, k}, shape->dim[k], k == axis ? offset : 0,
                      1);
        offset += shape->dim[axis];
    }
    return OK;
}

const struct op op_concat = {
    .name = "Concat",
    .min_inputs = 1,
    .max_inputs = -1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = concat_fields,
    .attr_bytes = sizeof(struct axis_attr),
    .infer = concat_infer,
    .forward = concat_forward,
    .backward = concat_backward,
    .cost = cost_moves,
    .map_axes = concat_axes,
};
