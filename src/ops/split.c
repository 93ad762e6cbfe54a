// Split: slices along an axis. Sizes come from input 1; without it they are equal, and with
// num_outputs the last one may be smaller.
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static const struct field split_fields[] = {
    FIELD(struct split_attr, axis, "0", 0, 0, "the axis that is cut"),
    FIELD(struct split_attr, num_outputs, "0", 0, 0, "number of equal parts"),
    FIELDS_END,
};

static enum status split_axis(struct context *context, const struct op_call *call, int *axis)
{
    return axis_from(context, ((const struct split_attr *)call->attr)->axis,
                     call->input[0]->shape.rank, axis);
}

// Sizes as input 1 says; the sum must be that of the axis.
static enum status check_sizes(struct context *context, const struct op_call *call, int64_t dim)
{
    const struct tensor *sizes = call->input[1];
    int64_t left = dim;

    TRY(check_dtype(context, call, 1, DT_I64));
    if (tensor_count(sizes) != call->output_count)
        return context_fail(context, ERR_SHAPE, "split has %lld sizes for %d outputs",
                            (long long)tensor_count(sizes), call->output_count);
    for (int i = 0; i < call->output_count; i++) {
        int64_t size = tensor_get_int(sizes, i);
        if (size < 0 || size > left)
            return context_fail(context, ERR_SHAPE, "split size %lld does not fit the axis of %lld",
                                (long long)size, (long long)dim);
        left -= size;
    }
    if (left != 0)
        return context_fail(context, ERR_SHAPE, "split sizes leave %lld of %lld over",
                            (long long)left, (long long)dim);
    return OK;
}

// How many indices of the axis output i takes; below 0 if there are too few.
static int64_t part_size(const struct op_call *call, int axis, int i)
{
    int64_t dim = call->input[0]->shape.dim[axis], count = call->output_count;
    int64_t equal = (dim + count - 1) / count, left = dim - equal * i;

    if (input_at(call, 1))
        return tensor_get_int(call->input[1], i);
    return left < equal ? left : equal;
}

static enum status split_infer(struct context *context, const struct op_call *call)
{
    int64_t parts = ((const struct split_attr *)call->attr)->num_outputs;
    int axis = 0;

    TRY(check_given(context, call, 0));
    TRY(split_axis(context, call, &axis));
    const struct tensor *x = call->input[0];
    int64_t dim = x->shape.dim[axis], count = call->output_count;
    if (input_at(call, 1) && !input_has_data(call, 1)) {
        for (int i = 0; i < count; i++)
            set_output_unknown(call, i, x->dtype);
        return OK;
    }
    if (input_at(call, 1))
        TRY(check_sizes(context, call, dim));
    else if (parts != 0 && parts != count)
        return context_fail(context, ERR_SHAPE, "num_outputs is %lld, the node has %lld outputs",
                            (long long)parts, (long long)count);
    else if (parts == 0 && dim % count != 0)
        return context_fail(context, ERR_SHAPE,
                            "%lld along axis %d do not split into %lld equal "
                            "parts",
                            (long long)dim, axis, (long long)count);
    for (int i = 0; i < count; i++) {
        struct shape shape = x->shape;
        shape.dim[axis] = part_size(call, axis, i);
        if (shape.dim[axis] < 0)
            return context_fail(context, ERR_SHAPE, "%lld along axis %d are too few for %lld parts",
                                (long long)dim, axis, (long long)count);
        TRY(set_output(context, call, i, x->dtype, &shape));
    }
    return OK;
}

static enum status split_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    int64_t offset = 0;
    int axis = 0;

    TRY(split_axis(context, call, &axis));
    for (int i = 0; i < call->output_count; i++) {
        struct tensor *y = call->output[i];
        if (y) {
            struct walk walk = walk_into(&y->shape, &x->shape, axis, offset);
            walk = walk_reversed(&walk);
            walk_copy(&walk, x->dtype, tensor_data(x), tensor_write(y));
        }
        offset += part_size(call, axis, i);
    }
    return OK;
}

static enum status split_backward(struct context *context, const struct op_call *call)
{
    struct tensor *into = input_grad_at(call, 0);
    int64_t offset = 0;
    int axis = 0;

    if (into)
        TRY(check_trainable(context, call));
    TRY(split_axis(context, call, &axis));
    for (int i = 0; into && i < call->output_count; i++) {
        const struct tensor *grad = output_grad_at(call, i);
        if (grad) {
            struct walk walk = walk_into(&grad->shape, &into->shape, axis, offset);
            walk_add(&walk, grad->dtype, tensor_data(grad), tensor_write(into));
        }
        offset += part_size(call, axis, i);
    }
    return OK;
}

static enum status split_axes(struct context *context, const struct op_call *call,
                              struct axis_map *map)
{
    const struct shape *shape = &call->input[0]->shape;
    int64_t offset = 0;
    int axis = 0;

    TRY(split_axis(context, call, &axis));
    if (input_at(call, 1) && !input_has_data(call, 1))
        return OK;
    for (int i = 0; i < call->output_count; i++) {
        int64_t size = part_size(call, axis, i);
        for (int k = 0; call->output[i] && k < shape->rank; k++)
            axis_link(map, (struct axis_end){AXIS_OUTPUT, i, k},
                      (struct axis_end){AXIS_INPUT, 0, k}, k == axis ? size : shape->dim[k],
                      k == axis ? offset : 0, 1);
        offset += size;
    }
    return OK;
}

const struct op op_split = {
    .name = "Split",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = -1,
    .attr = split_fields,
    .attr_bytes = sizeof(struct split_attr),
    .infer = split_infer,
    .forward = split_forward,
    .backward = split_backward,
    .cost = cost_moves,
    .map_axes = split_axes,
};
