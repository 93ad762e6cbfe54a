// ConvTranspose: the gradient of Conv by its input, over one to three spatial axes, with groups.
// x: (N, C, ...), w: (C, M / group, ...), bias: (M), y: (N, M, ...)
#include "ops/conv_parts.h"

#include "base/checked.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status output_of(struct context *context, const struct op_call *call,
                             const struct window *window, struct shape *y)
{
    const struct conv_transpose_attr *attr = call->attr;
    int64_t dim[SHAPE_MAX_RANK] = {call->input[0]->shape.dim[0]};
    int32_t rank = call->input[0]->shape.rank;

    if (!checked_mul(call->input[1]->shape.dim[1], attr->group, &dim[1]))
        return context_fail(context, ERR_SHAPE, "'group' of %lld is too large",
                            (long long)attr->group);
    for (int32_t i = 2; i < rank; i++)
        dim[i] = window->in[WINDOW_AXES - rank + i];
    TRY(conv_check_bias(context, call, 2, dim[1]));
    return shape_set(context, y, rank, dim);
}

// y: the output's shape; checking it first keeps the products of sizes from overflowing.
static enum status sizes_of(struct context *context, const struct op_call *call, struct conv *conv,
                            struct shape *y)
{
    const struct conv_transpose_attr *attr = call->attr;

    TRY(check_rank(context, call, 0, 3, 2 + WINDOW_AXES));
    const struct shape *x = &call->input[0]->shape;
    TRY(check_rank(context, call, 1, x->rank, x->rank));
    const struct shape *w = &call->input[1]->shape;
    if (attr->group < 1 || x->dim[1] % attr->group != 0 || w->dim[0] != x->dim[1] ||
        (attr->group > 1 && attr->group > x->dim[1]))
        return context_fail(context, ERR_SHAPE,
                            "input has %lld channels, weight expects %lld in %lld groups",
                            (long long)x->dim[1], (long long)w->dim[0], (long long)attr->group);
    TRY(conv_check_kernel_shape(context, &attr->kernel_shape, w));
    struct window_attr window = {attr->auto_pad, {w->rank - 2, w->dim + 2},
                                 attr->strides,  attr->dilations,
                                 attr->pads,     false};
    TRY(window_transposed(context, x, &window, &attr->output_padding, &attr->output_shape,
                          &conv->window));
    TRY(output_of(context, call, &conv->window, y));
    conv_set_sizes(conv, x->dim[0], w, attr->group);
    return OK;
}

static enum status conv_transpose_of(struct context *context, const struct op_call *call,
                                     struct conv *conv)
{
    struct shape y;

    return sizes_of(context, call, conv, &y);
}

static enum status conv_transpose_infer(struct context *context, const struct op_call *call)
{
    struct conv conv;
    struct shape y;

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(sizes_of(context, call, &conv, &y));
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

#define BODY "ops/conv_transpose.inc"
#include "ops/both_floats.inc"

FLOAT_FORWARD_AND_BACKWARD(conv_transpose, conv_transpose, conv, conv_transpose_of)

static size_t conv_transpose_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct conv conv;

    context_init(&silent);
    if (conv_transpose_of(&silent, call, &conv) != OK)
        return 0;
    return conv_column_bytes(&conv, 2, compute_bytes(call->input[0]->dtype));
}

static void conv_transpose_cost(const struct op_call *call, struct op_cost *cost)
{
    const struct tensor *w = call->input[1];
    double taps = (double)tensor_count(w) / (double)(w->shape.dim[0] ? w->shape.dim[0] : 1);

    *cost = (struct op_cost){(double)tensor_count(call->input[0]) * taps, 1, false};
}

// Output channels at `to` (of y or the bias) go with those of the weight, or with whole groups.
static void link_filters(const struct op_call *call, struct axis_map *map, struct axis_end to)
{
    const struct axis_end x1 = {AXIS_INPUT, 0, 1}, w1 = {AXIS_INPUT, 1, 1};
    const int64_t *w = call->input[1]->shape.dim;
    int64_t groups = ((const struct conv_transpose_attr *)call->attr)->group;

    if (groups == 1)
        axis_link(map, w1, to, w[1], 0, 1);
    else if (w[0] == groups)
        axis_link(map, x1, to, groups, 0, w[1]);
    else
        for (int64_t g = 0; g < groups; g++)
            axis_link_blocks(map, x1, g * (w[0] / groups), w[0] / groups, to, g * w[1], w[1]);
}

static enum status conv_transpose_map_axes(struct context *context, const struct op_call *call,
                                           struct axis_map *map)
{
    (void)context;
    const int64_t *x = call->input[0]->shape.dim;

    axis_link(map, (struct axis_end){AXIS_INPUT, 0, 0}, (struct axis_end){AXIS_OUTPUT, 0, 0}, x[0],
              0, 1);
    axis_link(map, (struct axis_end){AXIS_INPUT, 0, 1}, (struct axis_end){AXIS_INPUT, 1, 0}, x[1],
              0, 1);
    link_filters(call, map, (struct axis_end){AXIS_OUTPUT, 0, 1});
    if (input_at(call, 2))
        link_filters(call, map, (struct axis_end){AXIS_INPUT, 2, 0});
    return OK;
}

static const struct field conv_transpose_fields[] = {
    FIELD_CHOICE(struct conv_transpose_attr, auto_pad, "NOTSET",
                 "NOTSET|SAME_UPPER|SAME_LOWER|VALID", "how the output is padded"),
    FIELD(struct conv_transpose_attr, dilations, NULL, 0, 0, "distance of neighbouring taps"),
    FIELD(struct conv_transpose_attr, group, "1", 0, 0, "groups of channels"),
    FIELD(struct conv_transpose_attr, kernel_shape, NULL, 0, 0, "taps along each axis"),
    FIELD(struct conv_transpose_attr, output_padding, NULL, 0, 0,
          "what the end of each axis gets besides"),
    FIELD(struct conv_transpose_attr, output_shape, NULL, 0, 0, "sizes that decide the padding"),
    FIELD(struct conv_transpose_attr, pads, NULL, 0, 0,
          "what is cut off before each axis, then after each"),
    FIELD(struct conv_transpose_attr, strides, NULL, 0, 0, "distance of neighbouring windows"),
    FIELDS_END,
};

const struct op op_conv_transpose = {
    .name = "ConvTranspose",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = conv_transpose_fields,
    .attr_bytes = sizeof(struct conv_transpose_attr),
    .weight_inputs = 1u << 1 | 1u << 2,
    .per_channel_inputs = 1u << 2,
    .infer = conv_transpose_infer,
    .forward = conv_transpose_forward,
    .backward = conv_transpose_backward,
    .scratch_bytes = conv_transpose_scratch_bytes,
    .cost = conv_transpose_cost,
    .map_axes = conv_transpose_map_axes,
};
