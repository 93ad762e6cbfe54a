// ReverseSequence: the first sequence_lens[b] steps of sequence b in reverse order, the rest as it
// is. Batch and time are the first two axes, in either order.
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct reverse_sequence_attr {
    int64_t batch_axis, time_axis;
};

static enum status reverse_sequence_infer(struct context *context, const struct op_call *call)
{
    const struct reverse_sequence_attr *attr = call->attr;

    TRY(check_given(context, call, 0));
    TRY(check_dtype(context, call, 1, DT_I64));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    TRY(check_rank(context, call, 1, 1, 1));
    if (attr->batch_axis == attr->time_axis)
        return context_fail(context, ERR_SHAPE, "'batch_axis' and 'time_axis' are both %lld",
                            (long long)attr->time_axis);
    if (call->input[1]->shape.dim[0] != call->input[0]->shape.dim[attr->batch_axis])
        return context_fail(context, ERR_SHAPE, "%lld lengths for %lld sequences",
                            (long long)call->input[1]->shape.dim[0],
                            (long long)call->input[0]->shape.dim[attr->batch_axis]);
    return infer_same_shape(context, call);
}

// The two walks of one sequence: what is reversed, and what stays.
static enum status sequence_walks(struct context *context, const struct op_call *call, int64_t b,
                                  struct walk *walk)
{
    const struct reverse_sequence_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    int64_t stride[SHAPE_MAX_RANK], steps = x->dim[attr->time_axis];
    int64_t length = tensor_get_int(call->input[1], b);

    if (length < 0 || length > steps)
        return context_fail(context, ERR_NUMERIC, "sequence %lld has length %lld of %lld",
                            (long long)b, (long long)length, (long long)steps);
    shape_strides(x, stride);
    int64_t step = stride[attr->time_axis], start = b * stride[attr->batch_axis];
    for (int part = 0; part < 2; part++) {
        int64_t count = part ? steps - length : length;
        int64_t first = part ? length : length - 1; // of no steps: not visited
        walk[part] = (struct walk){.from_at = start + first * step,
                                   .to_at = start + (part ? length : 0) * step};
        walk_add_axis(&walk[part], count, part ? step : -step, step);
        walk_add_axis(&walk[part], shape_product(x, 2, x->rank), 1, 1);
    }
    return OK;
}

static enum status reverse_sequence_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct walk walk[2];

    for (int64_t b = 0; b < tensor_count(call->input[1]); b++) {
        TRY(sequence_walks(context, call, b, walk));
        for (int part = 0; part < 2; part++)
            walk_copy(&walk[part], x->dtype, tensor_data(x), tensor_write(call->output[0]));
    }
    return OK;
}

static enum status reverse_sequence_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct walk walk[2];

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    for (int64_t b = 0; b < tensor_count(call->input[1]); b++) {
        TRY(sequence_walks(context, call, b, walk));
        for (int part = 0; part < 2; part++) {
            walk[part] = walk_reversed(&walk[part]);
            walk_add(&walk[part], grad->dtype, tensor_data(grad), tensor_write(into));
        }
    }
    return OK;
}

static enum status reverse_sequence_axes(struct context *context, const struct op_call *call,
                                         struct axis_map *map)
{
    const struct reverse_sequence_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;

    (void)context;
    for (int i = 0; i < x->rank; i++)
        if (i != attr->time_axis)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, x->dim[i], 0, 1);
    axis_link(map, (struct axis_end){AXIS_INPUT, 1, 0},
              (struct axis_end){AXIS_INPUT, 0, (int)attr->batch_axis}, x->dim[attr->batch_axis], 0,
              1);
    return OK;
}

static const struct field reverse_sequence_fields[] = {
    FIELD(struct reverse_sequence_attr, batch_axis, "1", 0, 1, "the axis of the sequences"),
    FIELD(struct reverse_sequence_attr, time_axis, "0", 0, 1, "the axis of their steps"),
    FIELDS_END,
};

const struct op op_reverse_sequence = {
    .name = "ReverseSequence",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = reverse_sequence_fields,
    .attr_bytes = sizeof(struct reverse_sequence_attr),
    .since_opset = 10,
    .infer = reverse_sequence_infer,
    .forward = reverse_sequence_forward,
    .backward = reverse_sequence_backward,
    .cost = cost_moves,
    .map_axes = reverse_sequence_axes,
};
