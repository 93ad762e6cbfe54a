// Conv: cross-correlation over one to three spatial axes, with groups. Defined through columns
// (im2col) and a plain product; exec/ has the fast ways.
// x: (N, C, ...), w: (M, C / group, ...), bias: (M), y: (N, M, ...)
#include "ops/conv_parts.h"

#include "ops/op_table.h"
#include "ops/plain_gemm.h"
#include "ops/shared.h"

static enum status conv_of(struct context *context, const struct op_call *call, struct conv *conv)
{
    TRY(conv_from(context, call, 1, call->attr, conv));
    return conv_check_bias(context, call, 2, call->input[1]->shape.dim[0]);
}

static enum status conv_infer(struct context *context, const struct op_call *call)
{
    struct conv conv;
    struct shape y;

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(conv_of(context, call, &conv));
    TRY(window_output(context, &conv.window, conv.batch, conv.filters * conv.groups,
                      call->input[0]->shape.rank, &y));
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

#define BODY "ops/conv_float.inc"
#include "ops/both_floats.inc"

FLOAT_FORWARD_AND_BACKWARD(conv, conv, conv, conv_of)

static void fill_bias(const struct op_call *call, const struct conv *conv, int64_t first,
                      int32_t *y)
{
    const struct tensor *bias = input_at(call, 2);
    const int32_t *at = bias && bias->dtype == DT_I32 ? tensor_data(bias) : NULL;

    for (int64_t m = 0; m < conv->filters; m++)
        for (int64_t i = 0; i < conv->positions; i++)
            y[m * conv->positions + i] = at ? at[first + m] : 0;
}

// Scratch: the image and the weights of one group without their zero points, then the columns.
static enum status conv_forward_i8(struct context *context, const struct op_call *call,
                                   int32_t x_zero, const int32_t *w_zero)
{
    const struct tensor *x = call->input[0], *w = call->input[1];
    struct conv conv;

    TRY(conv_of(context, call, &conv));
    TRY(check_i8_sums(context, conv.taps, w->dtype == DT_I8, w_zero, conv.filters * conv.groups));
    int16_t *image = call->scratch, *filter = image + conv.image;
    int16_t *column = filter + conv.filters * conv.taps;
    int32_t *y = tensor_write(call->output[0]);
    struct gemm_layout at = {
        conv.filters, conv.positions, conv.taps, conv.taps, 1, conv.positions, 1, conv.positions};

    for (int64_t n = 0; n < conv.batch * conv.groups; n++) {
        int64_t first = n % conv.groups * conv.filters;
        widen_i8((const char *)tensor_data(x) + n * conv.image, x->dtype == DT_I8, conv.image,
                 x_zero, image);
        for (int64_t m = 0; m < conv.filters; m++)
            widen_i8((const char *)tensor_data(w) + (first + m) * conv.taps, w->dtype == DT_I8,
                     conv.taps, w_zero ? w_zero[first + m] : 0, filter + m * conv.taps);
        conv_columns_i16(&conv, image, column);
        fill_bias(call, &conv, first, y);
        gemm_add_i16(&at, 1, filter, column, y, NULL);
        y += conv.filters * conv.positions;
    }
    return OK;
}

// Forward holds the columns, backward their transpose too; int8 fits the widened operands beside
// its columns into the same room or asks for more.
static size_t conv_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct conv conv;

    context_init(&silent);
    if (conv_of(&silent, call, &conv) != OK)
        return 0;
    enum dtype dtype = call->input[0]->dtype;
    if (dtype != DT_I8 && dtype != DT_U8)
        return conv_column_bytes(&conv, 2, compute_bytes(dtype));
    size_t column = conv_column_bytes(&conv, 1, 1);
    size_t rest = (size_t)conv.image + (size_t)conv.filters * (size_t)conv.taps;
    return column > SIZE_MAX / 4 - rest ? SIZE_MAX : 2 * (column + rest);
}

// Grouped channels can be cut only where each group is one channel: cutting it cuts its filters.
static enum status conv_map_axes(struct context *context, const struct op_call *call,
                                 struct axis_map *map)
{
    (void)context;
    const struct conv_attr *attr = call->attr;
    const struct axis_end x0 = {AXIS_INPUT, 0, 0}, x1 = {AXIS_INPUT, 0, 1};
    const struct axis_end w0 = {AXIS_INPUT, 1, 0}, w1 = {AXIS_INPUT, 1, 1};
    const struct axis_end y0 = {AXIS_OUTPUT, 0, 0}, y1 = {AXIS_OUTPUT, 0, 1};
    const int64_t *w = call->input[1]->shape.dim;

    axis_link(map, x0, y0, call->input[0]->shape.dim[0], 0, 1);
    if (attr->group == 1)
        axis_link(map, x1, w1, w[1], 0, 1);
    else if (w[1] == 1)
        axis_link(map, x1, w0, attr->group, 0, w[0] / attr->group);
    else
        for (int64_t g = 0; g < attr->group; g++)
            axis_link_blocks(map, x1, g * w[1], w[1], w0, g * (w[0] / attr->group),
                             w[0] / attr->group);
    axis_link(map, w0, y1, w[0], 0, 1);
    if (input_at(call, 2))
        axis_link(map, (struct axis_end){AXIS_INPUT, 2, 0}, y1, w[0], 0, 1);
    return OK;
}

const struct field conv_fields[] = {
    FIELD_CHOICE(struct conv_attr, auto_pad, "NOTSET", "NOTSET|SAME_UPPER|SAME_LOWER|VALID",
                 "how the input is padded"),
    FIELD(struct conv_attr, dilations, NULL, 0, 0, "distance of neighbouring taps"),
    FIELD(struct conv_attr, group, "1", 0, 0, "groups of channels"),
    FIELD(struct conv_attr, kernel_shape, NULL, 0, 0, "taps along each axis"),
    FIELD(struct conv_attr, pads, NULL, 0, 0, "padding before each axis, then after each"),
    FIELD(struct conv_attr, strides, NULL, 0, 0, "distance of neighbouring windows"),
    FIELDS_END,
};

const struct op op_conv = {
    .name = "Conv",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = conv_fields,
    .attr_bytes = sizeof(struct conv_attr),
    .weight_inputs = 1u << 1 | 1u << 2,
    .per_channel_inputs = 1u << 2,
    .infer = conv_infer,
    .forward = conv_forward,
    .forward_i8 = conv_forward_i8,
    .backward = conv_backward,
    .scratch_bytes = conv_scratch_bytes,
    .cost = conv_cost,
    .map_axes = conv_map_axes,
};
