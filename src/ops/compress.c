// Compress keeps the slices along an axis (or elements, without one) where the condition holds;
// NonZero tells where elements are not zero, a column an element.
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct compress_attr {
    int64_t axis; // INT64_MIN: elements
};

static enum status compress_axis(struct context *context, const struct op_call *call, int *axis)
{
    int64_t given = ((const struct compress_attr *)call->attr)->axis;

    *axis = -1;
    return given == INT64_MIN ? OK : axis_from(context, given, call->input[0]->shape.rank, axis);
}

static int64_t count_true(const struct tensor *condition)
{
    int64_t count = 0;

    for (int64_t i = 0; i < tensor_count(condition); i++)
        count += tensor_get_int(condition, i) != 0;
    return count;
}

static enum status compress_infer(struct context *context, const struct op_call *call)
{
    int axis;

    TRY(check_given(context, call, 0));
    TRY(check_dtype(context, call, 1, DT_BOOL));
    TRY(check_rank(context, call, 1, 1, 1));
    TRY(compress_axis(context, call, &axis));
    const struct shape *x = &call->input[0]->shape;
    int64_t dim = axis < 0 ? shape_count(x) : x->dim[axis], given = call->input[1]->shape.dim[0];
    if (given > dim)
        return context_fail(context, ERR_SHAPE, "%lld conditions for %lld slices", (long long)given,
                            (long long)dim);
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, 1))
        return OK;
    struct shape shape = *x;
    if (axis < 0)
        shape = SHAPE(count_true(call->input[1]));
    else
        shape.dim[axis] = count_true(call->input[1]);
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status compress_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    int axis;

    TRY(compress_axis(context, call, &axis));
    int64_t inner = axis < 0 ? 1 : shape_product(&x->shape, axis + 1, x->shape.rank);
    int64_t outer = axis < 0 ? 1 : shape_product(&x->shape, 0, axis);
    int64_t dim = axis < 0 ? tensor_count(x) : x->shape.dim[axis];
    int64_t kept = y->shape.dim[axis < 0 ? 0 : axis], to = 0;
    for (int64_t i = 0; i < tensor_count(call->input[1]); i++) {
        if (!tensor_get_int(call->input[1], i))
            continue;
        struct walk walk = {.from_at = i * inner, .to_at = to++ * inner};
        walk_add_axis(&walk, outer, dim * inner, kept * inner);
        walk_add_axis(&walk, inner, 1, 1);
        walk_copy(&walk, x->dtype, tensor_data(x), tensor_write(y));
    }
    return OK;
}

static enum status compress_axes(struct context *context, const struct op_call *call,
                                 struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;
    int axis;

    TRY(compress_axis(context, call, &axis));
    for (int i = 0; axis >= 0 && i < x->rank; i++)
        if (i != axis)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, x->dim[i], 0, 1);
    return OK;
}

static const struct field compress_fields[] = {
    FIELD(struct compress_attr, axis, "-9223372036854775808", 0, 0, "the axis of the slices"),
    FIELDS_END,
};

const struct op op_compress = {
    .name = "Compress",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = compress_fields,
    .attr_bytes = sizeof(struct compress_attr),
    .since_opset = 9,
    .infer = compress_infer,
    .forward = compress_forward,
    .cost = cost_moves,
    .map_axes = compress_axes,
};

// ---- NonZero -----------------------------------------------------------------------------------

static enum status non_zero_infer(struct context *context, const struct op_call *call)
{
    TRY(check_given(context, call, 0));
    set_output_unknown(call, 0, DT_I64);
    return OK;
}

static enum status non_zero_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    int64_t count = 0, column = 0;

    for (int64_t i = 0; i < tensor_count(x); i++)
        count += tensor_get(x, i) != 0;
    if (!y->buffer)
        TRY(tensor_alloc(context, y, DT_I64, &SHAPE(x->shape.rank, count)));
    int64_t *to = tensor_write(y);
    for (int64_t i = 0; i < tensor_count(x); i++) {
        int64_t rest = i;
        if (tensor_get(x, i) == 0)
            continue;
        for (int k = x->shape.rank - 1; k >= 0; rest /= x->shape.dim[k--])
            to[k * count + column] = rest % x->shape.dim[k];
        column++;
    }
    return OK;
}

const struct op op_non_zero = {
    .name = "NonZero",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .since_opset = 9,
    .traits = OP_ALLOCATES,
    .infer = non_zero_infer,
    .forward = non_zero_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
