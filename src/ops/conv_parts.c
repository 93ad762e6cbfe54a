// Sizes, columns and products of convolutions; see conv_parts.h.
#include "ops/conv_parts.h"

#include <string.h>

#include "base/checked.h"
#include "ops/plain_gemm.h"
#include "ops/shared.h"

static enum status check_channels(struct context *context, const struct shape *x,
                                  const struct shape *w, int64_t groups)
{
    int64_t channels;

    if (groups < 1 || w->dim[0] % groups != 0 || (groups > 1 && groups > w->dim[0]))
        return context_fail(context, ERR_SHAPE, "%lld filters do not divide into %lld groups",
                            (long long)w->dim[0], (long long)groups);
    if (!checked_mul(w->dim[1], groups, &channels) || channels != x->dim[1])
        return context_fail(context, ERR_SHAPE,
                            "input has %lld channels, weight expects %lld in %lld groups",
                            (long long)x->dim[1], (long long)w->dim[1], (long long)groups);
    return OK;
}

enum status conv_check_kernel_shape(struct context *context, const struct ints *kernel_shape,
                                    const struct shape *w)
{
    if (kernel_shape->count == 0)
        return OK;
    bool same = kernel_shape->count == w->rank - 2;
    for (int i = 0; same && i < w->rank - 2; i++)
        same = kernel_shape->at[i] == w->dim[2 + i];
    if (same)
        return OK;
    return context_fail(context, ERR_SHAPE, "'kernel_shape' is not that of the weight");
}

enum status conv_check_bias(struct context *context, const struct op_call *call, int bias,
                            int64_t filters)
{
    const struct tensor *at = input_at(call, bias);

    if (at == NULL || (at->shape.rank == 1 && at->shape.dim[0] == filters))
        return OK;
    return context_fail(context, ERR_SHAPE, "bias wants one item for each of %lld filters",
                        (long long)filters);
}

void conv_set_sizes(struct conv *conv, int64_t batch, const struct shape *w, int64_t groups)
{
    conv->batch = batch;
    conv->groups = groups;
    conv->channels = w->dim[1];
    conv->filters = w->dim[0] / groups;
    conv->image = conv->channels * window_in_count(&conv->window);
    conv->taps = conv->channels * window_kernel_count(&conv->window);
    conv->positions = window_out_count(&conv->window);
}

enum status conv_from(struct context *context, const struct op_call *call, int weight,
                      const struct conv_attr *attr, struct conv *conv)
{
    TRY(check_rank(context, call, 0, 3, 2 + WINDOW_AXES));
    const struct shape *x = &call->input[0]->shape;
    TRY(check_rank(context, call, weight, x->rank, x->rank));
    const struct shape *w = &call->input[weight]->shape;
    TRY(check_channels(context, x, w, attr->group));
    TRY(conv_check_kernel_shape(context, &attr->kernel_shape, w));
    struct window_attr window = {attr->auto_pad, {w->rank - 2, w->dim + 2},
                                 attr->strides,  attr->dilations,
                                 attr->pads,     false};
    TRY(window_from(context, x, &window, &conv->window));
    struct shape y; // checks that positions fits
    TRY(window_output(context, &conv->window, x->dim[0], w->dim[0], x->rank, &y));
    conv_set_sizes(conv, x->dim[0], w, attr->group);
    return OK;
}

size_t conv_column_bytes(const struct conv *conv, size_t copies, size_t item_bytes)
{
    size_t column = scratch_product((size_t)conv->taps, (size_t)conv->positions);

    return scratch_product(copies * item_bytes, column);
}

void conv_cost(const struct op_call *call, struct op_cost *cost)
{
    const struct tensor *w = call->input[1];
    double filter = (double)tensor_count(w) / (double)(w->shape.dim[0] ? w->shape.dim[0] : 1);

    *cost = (struct op_cost){(double)tensor_count(call->output[0]) * filter, 1, false};
}

#define FOR_TAPS(w, channels, c, kd, kh, kw)                                                       \
    for (int64_t c = 0; c < (channels); c++)                                                       \
        for (int64_t kd = 0; kd < (w)->kernel[0]; kd++)                                            \
            for (int64_t kh = 0; kh < (w)->kernel[1]; kh++)                                        \
                for (int64_t kw = 0; kw < (w)->kernel[2]; kw++)

#define BODY "ops/conv_columns.inc"
#include "ops/both_floats.inc"
#define BODY "ops/conv_parts.inc"
#include "ops/both_floats.inc"

#define NAMED(name) name##_i16
#define ITEM int16_t
#include "ops/conv_columns.inc"
#undef NAMED
#undef ITEM
