// Shape (from dimension start to before end) and Size: known as soon as the input's shape is.
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static const struct field shape_fields[] = {
    FIELD(struct shape_attr, start, "0", 0, 0, "first dimension that is given"),
    FIELD(struct shape_attr, end, "9223372036854775807", 0, 0, "first one that is not"),
    FIELDS_END,
};

static int clamp_axis(int64_t axis, int rank)
{
    axis += axis < 0 ? rank : 0;
    return axis < 0 ? 0 : axis > rank ? rank : (int)axis;
}

// Which dimensions Shape gives: *first and how many.
static int range_of(const struct op_call *call, int *first)
{
    const struct shape_attr *attr = call->attr;
    int rank = call->input[0]->shape.rank, end = clamp_axis(attr->end, rank);

    *first = clamp_axis(attr->start, rank);
    return end > *first ? end - *first : 0;
}

// Static shapes let infer give the data at once.
static enum status give_data(struct context *context, const struct op_call *call,
                             enum status (*forward)(struct context *, const struct op_call *))
{
    struct tensor *y = call->output[0];

    if (!y || !shape_is_static(&call->input[0]->shape))
        return OK;
    if (!y->buffer)
        TRY(tensor_alloc(context, y, y->dtype, &y->shape));
    return forward(context, call);
}

static enum status shape_forward(struct context *context, const struct op_call *call)
{
    int64_t *y = tensor_write(call->output[0]);
    int first, count = range_of(call, &first);

    (void)context;
    for (int i = 0; i < count; i++)
        y[i] = call->input[0]->shape.dim[first + i];
    return OK;
}

static enum status shape_infer(struct context *context, const struct op_call *call)
{
    int first;

    TRY(check_given(context, call, 0));
    struct shape shape = SHAPE(range_of(call, &first));
    TRY(set_output(context, call, 0, DT_I64, &shape));
    return give_data(context, call, shape_forward);
}

static enum status size_forward(struct context *context, const struct op_call *call)
{
    (void)context;
    *(int64_t *)tensor_write(call->output[0]) = tensor_count(call->input[0]);
    return OK;
}

static enum status size_infer(struct context *context, const struct op_call *call)
{
    TRY(check_given(context, call, 0));
    TRY(set_output(context, call, 0, DT_I64, &SHAPE_SCALAR));
    return give_data(context, call, size_forward);
}

const struct op op_shape = {
    .name = "Shape",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = shape_fields,
    .attr_bytes = sizeof(struct shape_attr),
    .infer = shape_infer,
    .forward = shape_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};

const struct op op_size = {
    .name = "Size",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .infer = size_infer,
    .forward = size_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
