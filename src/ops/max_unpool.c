// MaxUnpool: puts what MaxPool kept back to where it came from, zeros elsewhere. Indices count over
// the whole of the tensor that these windows were taken from; a larger output_shape adds zeros
// behind it.
// x, indices: (N, C, ...), y: (N, C, ...)
#include <string.h>

#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct unpool_attr {
    struct ints kernel_shape, pads, strides;
};

static enum status check_list(struct context *context, const struct ints *list, const char *name,
                              int64_t wanted, int64_t least)
{
    if (list->count != wanted && (list->count != 0 || least == 1))
        return context_fail(context, ERR_SHAPE, "'%s' has %lld items, wants %lld", name,
                            (long long)list->count, (long long)wanted);
    for (int64_t i = 0; i < list->count; i++)
        if (list->at[i] < least || list->at[i] > INT32_MAX)
            return context_fail(context, ERR_SHAPE, "'%s' holds %lld, wants at least %lld", name,
                                (long long)list->at[i], (long long)least);
    return OK;
}

// The shape of what was pooled, as far as it is known: without what the last windows left over.
static enum status pooled_from(struct context *context, const struct op_call *call,
                               struct shape *out)
{
    const struct unpool_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    int spatial = x->rank - 2;

    TRY(check_list(context, &attr->kernel_shape, "kernel_shape", spatial, 1));
    if (attr->strides.count)
        TRY(check_list(context, &attr->strides, "strides", spatial, 1));
    TRY(check_list(context, &attr->pads, "pads", 2 * spatial, 0));
    struct shape shape = *x;
    for (int i = 0; i < spatial; i++) {
        int64_t stride = attr->strides.count ? attr->strides.at[i] : 1;
        int64_t pads = attr->pads.count ? attr->pads.at[i] + attr->pads.at[spatial + i] : 0;
        int64_t dim = x->dim[2 + i];
        if (dim > INT32_MAX)
            return context_fail(context, ERR_SHAPE, "axis %d is too large", 2 + i);
        dim = dim ? (dim - 1) * stride + attr->kernel_shape.at[i] - pads : 0;
        if (dim < 0)
            return context_fail(context, ERR_SHAPE, "padding of %lld leaves nothing of axis %d",
                                (long long)pads, 2 + i);
        shape.dim[2 + i] = dim;
    }
    return shape_set(context, out, x->rank, shape.dim);
}

static enum status max_unpool_infer(struct context *context, const struct op_call *call)
{
    struct shape shape, pooled;
    struct int_list dims;

    TRY(check_float(context, call, 0));
    TRY(check_dtype(context, call, 1, DT_I64));
    TRY(check_rank(context, call, 0, 3, SHAPE_MAX_RANK));
    TRY(check_rank(context, call, 1, call->input[0]->shape.rank, call->input[0]->shape.rank));
    if (!shape_equal(&call->input[0]->shape, &call->input[1]->shape))
        return context_fail(context, ERR_SHAPE, "indices are not of the input's shape");
    TRY(pooled_from(context, call, &pooled));
    if (!input_at(call, 2))
        return set_output(context, call, 0, call->input[0]->dtype, &pooled);
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, 2))
        return OK;
    TRY(ints_from_tensor(context, call->input[2], &dims));
    TRY(shape_set(context, &shape, dims.count, dims.at));
    for (int i = 0; i < pooled.rank; i++)
        if (shape.rank != pooled.rank || shape.dim[i] < pooled.dim[i] ||
            (i < 2 && shape.dim[i] != pooled.dim[i]))
            return context_fail(context, ERR_SHAPE, "output_shape is smaller than the windows");
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// Where item i goes.
static enum status unpooled_at(struct context *context, const struct op_call *call,
                               const struct shape *pooled, int64_t i, int64_t *at)
{
    const struct shape *y = &call->output[0]->shape;
    int64_t index = tensor_i64(call->input[1])[i], stride = 1;

    if (index < 0 || index >= shape_count(pooled))
        return context_fail(context, ERR_NUMERIC, "index %lld is outside %lld items",
                            (long long)index, (long long)shape_count(pooled));
    *at = 0;
    for (int k = y->rank - 1; k >= 0; k--) {
        *at += index % pooled->dim[k] * stride;
        index /= pooled->dim[k];
        stride *= y->dim[k];
    }
    return OK;
}

static enum status max_unpool_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    size_t bytes = (size_t)dtype_info[x->dtype].bits / 8;
    char *y = tensor_write(call->output[0]);
    struct shape pooled;
    int64_t at;

    TRY(pooled_from(context, call, &pooled));
    memset(y, 0, tensor_bytes(call->output[0]));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        TRY(unpooled_at(context, call, &pooled, i, &at));
        memcpy(y + (size_t)at * bytes, (const char *)tensor_data(x) + (size_t)i * bytes, bytes);
    }
    return OK;
}

static enum status max_unpool_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct shape pooled;
    struct walk one = {0};

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(pooled_from(context, call, &pooled));
    walk_add_axis(&one, 1, 1, 1);
    for (; one.to_at < tensor_count(into); one.to_at++) {
        TRY(unpooled_at(context, call, &pooled, one.to_at, &one.from_at));
        walk_add(&one, grad->dtype, tensor_data(grad), tensor_write(into));
    }
    return OK;
}

static const struct field max_unpool_fields[] = {
    FIELD(struct unpool_attr, kernel_shape, NULL, 0, 0, "taps along each axis"),
    FIELD(struct unpool_attr, pads, NULL, 0, 0, "padding before each axis, then after each"),
    FIELD(struct unpool_attr, strides, NULL, 0, 0, "distance of neighbouring windows"),
    FIELDS_END,
};

const struct op op_max_unpool = {
    .name = "MaxUnpool",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = max_unpool_fields,
    .attr_bytes = sizeof(struct unpool_attr),
    .since_opset = 9,
    .infer = max_unpool_infer,
    .forward = max_unpool_forward,
    .backward = max_unpool_backward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
