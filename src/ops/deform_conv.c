// DeformConv (Dai et al. 2017; Zhu et al. 2019): a convolution of two spatial axes whose taps are
// moved by offsets of their own for each output, and weighed by a mask.
// x: (N, C, H, W), w: (M, C / group, KH, KW), offset: (N, OG * KH * KW * 2, OH, OW), bias: (M),
// mask: (N, OG * KH * KW, OH, OW), y: (N, M, OH, OW)
#include <math.h>

#include "base/checked.h"
#include "ops/conv_parts.h"
#include "ops/op_table.h"
#include "ops/shared.h"

enum { IN_X, IN_W, IN_OFFSET, IN_BIAS, IN_MASK };

struct deform {
    struct conv conv;
    int64_t offset_groups, sharing; // sharing: channels that share an offset group
};

// (N, offset_groups * taps * items, OH, OW)
static enum status check_field(struct context *context, const struct op_call *call, int i,
                               const struct deform *d, int64_t items)
{
    const struct window *w = &d->conv.window;
    int64_t channels = window_kernel_count(w);

    if (!input_at(call, i))
        return OK;
    if (!checked_mul(channels, items, &channels) ||
        !checked_mul(channels, d->offset_groups, &channels))
        return context_fail(context, ERR_SHAPE, "too many offset groups");
    const struct shape wanted = SHAPE(d->conv.batch, channels, w->out[1], w->out[2]);
    if (shape_equal(&call->input[i]->shape, &wanted))
        return OK;
    return context_fail(context, ERR_SHAPE, "input %d does not have %lld numbers for each output",
                        i, (long long)channels);
}

static enum status deform_from(struct context *context, const struct op_call *call,
                               struct deform *d)
{
    const struct deform_conv_attr *attr = call->attr;

    if (input_at(call, IN_X) && call->input[IN_X]->shape.rank != 4)
        return context_fail(context, ERR_UNSUPPORTED, "%d spatial axes, only 2 are supported",
                            (int)call->input[IN_X]->shape.rank - 2);
    struct conv_attr conv = {"NOTSET",           attr->dilations, attr->group,
                             attr->kernel_shape, attr->pads,      attr->strides};
    TRY(conv_from(context, call, IN_W, &conv, &d->conv));
    TRY(conv_check_bias(context, call, IN_BIAS, call->input[IN_W]->shape.dim[0]));
    int64_t channels = call->input[IN_X]->shape.dim[1];
    if (attr->offset_group < 1 || channels % attr->offset_group != 0)
        return context_fail(context, ERR_SHAPE,
                            "%lld channels do not divide into %lld offset groups",
                            (long long)channels, (long long)attr->offset_group);
    d->offset_groups = attr->offset_group;
    d->sharing = channels / attr->offset_group;
    TRY(check_field(context, call, IN_OFFSET, d, 2));
    return check_field(context, call, IN_MASK, d, 1);
}

static enum status deform_conv_infer(struct context *context, const struct op_call *call)
{
    struct deform d;
    struct shape y;

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(deform_from(context, call, &d));
    TRY(window_output(context, &d.conv.window, d.conv.batch, d.conv.filters * d.conv.groups, 4,
                      &y));
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

#define BODY "ops/deform_conv.inc"
#include "ops/both_floats.inc"

static enum status deform_conv_forward(struct context *context, const struct op_call *call)
{
    struct deform d;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, deform_conv_forward);
    TRY(deform_from(context, call, &d));
    if (call->input[0]->dtype == DT_F32)
        deform_conv_forward_f32(call, &d);
    else
        deform_conv_forward_f64(call, &d);
    return OK;
}

static size_t deform_conv_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct deform d;

    context_init(&silent);
    if (deform_from(&silent, call, &d) != OK)
        return 0;
    return conv_column_bytes(&d.conv, 1, compute_bytes(call->input[0]->dtype));
}

static enum status deform_conv_map_axes(struct context *context, const struct op_call *call,
                                        struct axis_map *map)
{
    const struct deform_conv_attr *attr = call->attr;
    const struct axis_end x0 = {AXIS_INPUT, IN_X, 0}, w0 = {AXIS_INPUT, IN_W, 0};
    const struct axis_end y0 = {AXIS_OUTPUT, 0, 0}, y1 = {AXIS_OUTPUT, 0, 1};
    const int64_t *x = call->input[IN_X]->shape.dim, *w = call->input[IN_W]->shape.dim;
    (void)context;

    axis_link(map, x0, y0, x[0], 0, 1);
    axis_link(map, x0, (struct axis_end){AXIS_INPUT, IN_OFFSET, 0}, x[0], 0, 1);
    if (input_at(call, IN_MASK))
        axis_link(map, x0, (struct axis_end){AXIS_INPUT, IN_MASK, 0}, x[0], 0, 1);
    if (attr->group != 1)
        return OK;
    axis_link(map, w0, y1, w[0], 0, 1);
    if (input_at(call, IN_BIAS))
        axis_link(map, (struct axis_end){AXIS_INPUT, IN_BIAS, 0}, y1, w[0], 0, 1);
    if (attr->offset_group == 1)
        axis_link(map, (struct axis_end){AXIS_INPUT, IN_X, 1},
                  (struct axis_end){AXIS_INPUT, IN_W, 1}, w[1], 0, 1);
    return OK;
}

static const struct field deform_conv_fields[] = {
    FIELD(struct deform_conv_attr, dilations, NULL, 0, 0, "distance of neighbouring taps"),
    FIELD(struct deform_conv_attr, group, "1", 0, 0, "groups of channels"),
    FIELD(struct deform_conv_attr, kernel_shape, NULL, 0, 0, "taps along each axis"),
    FIELD(struct deform_conv_attr, offset_group, "1", 0, 0,
          "groups of channels that move together"),
    FIELD(struct deform_conv_attr, pads, NULL, 0, 0, "padding before each axis, then after each"),
    FIELD(struct deform_conv_attr, strides, NULL, 0, 0, "distance of neighbouring windows"),
    FIELDS_END,
};

const struct op op_deform_conv = {
    .name = "DeformConv",
    .min_inputs = 3,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = deform_conv_fields,
    .attr_bytes = sizeof(struct deform_conv_attr),
    .since_opset = 19,
    .weight_inputs = 1u << IN_W | 1u << IN_BIAS,
    .per_channel_inputs = 1u << IN_BIAS,
    .infer = deform_conv_infer,
    .forward = deform_conv_forward,
    .scratch_bytes = deform_conv_scratch_bytes,
    .cost = conv_cost,
    .map_axes = deform_conv_map_axes,
};
