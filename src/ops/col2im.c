// Col2Im: adds blocks, a column each, up to an image: the transpose of im2col.
// x: (N, C * block, L), y: (N, C, image)
#include <string.h>

#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/window.h"

struct col2im_attr {
    struct ints dilations, pads, strides;
};

// The windows that a convolution with this block would see in the image.
static enum status blocks_from(struct context *context, const struct op_call *call,
                               struct shape *image, struct window *window)
{
    const struct col2im_attr *attr = call->attr;
    const int64_t *x = call->input[0]->shape.dim;
    struct int_list sizes, block;
    int64_t dim[2 + INT_LIST_MAX] = {x[0]};

    TRY(ints_from_tensor(context, call->input[1], &sizes));
    TRY(ints_from_tensor(context, call->input[2], &block));
    if (sizes.count != block.count || sizes.count < 1 || sizes.count > WINDOW_AXES)
        return context_fail(context, ERR_UNSUPPORTED, "an image of %d axes, blocks of %d",
                            sizes.count, block.count);
    for (int i = 0; i < sizes.count; i++) {
        if (sizes.at[i] < 0)
            return context_fail(context, ERR_SHAPE, "axis %d of the image has %lld items", i,
                                (long long)sizes.at[i]);
        dim[2 + i] = sizes.at[i];
    }
    dim[1] = 1;
    TRY(shape_set(context, image, 2 + sizes.count, dim));
    struct window_attr from = {
        NULL, {block.count, block.at}, attr->strides, attr->dilations, attr->pads, false};
    TRY(window_from(context, image, &from, window));
    struct shape places; // checks that the products fit
    TRY(window_output(context, window, x[0], 1, image->rank, &places));
    return OK;
}

static enum status check_columns(struct context *context, const struct op_call *call,
                                 const struct window *window, struct shape *image)
{
    const int64_t *x = call->input[0]->shape.dim;
    int64_t taps = window->kernel[0];

    for (int i = 1; i < WINDOW_AXES && taps <= x[1]; i++) // stops before it overflows
        taps *= window->kernel[i];
    if (taps > x[1] || x[1] % taps != 0)
        return context_fail(context, ERR_SHAPE, "%lld rows do not divide into blocks",
                            (long long)x[1]);
    if (x[2] != window_out_count(window))
        return context_fail(context, ERR_SHAPE, "%lld blocks, the image has %lld", (long long)x[2],
                            (long long)window_out_count(window));
    image->dim[1] = x[1] / taps;
    return OK;
}

static enum status col2im_infer(struct context *context, const struct op_call *call)
{
    struct window window;
    struct shape image;

    TRY(check_float(context, call, 0));
    TRY(check_rank(context, call, 0, 3, 3));
    for (int i = 1; i < 3; i++)
        TRY(check_dtype(context, call, i, DT_I64));
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, 1) || !input_has_data(call, 2))
        return OK;
    TRY(blocks_from(context, call, &image, &window));
    TRY(check_columns(context, call, &window, &image));
    return set_output(context, call, 0, call->input[0]->dtype, &image);
}

// All pairs of a column's element and where it lies in its plane: adds one to the other.
#define ADD_BLOCKS(type)                                                                           \
    do {                                                                                           \
        const type *x = from;                                                                      \
        type *y = to;                                                                              \
        for (int64_t plane = 0; plane < planes; plane++)                                           \
            for (int64_t kd = 0; kd < w->kernel[0]; kd++)                                          \
                for (int64_t kh = 0; kh < w->kernel[1]; kh++)                                      \
                    for (int64_t kw = 0; kw < w->kernel[2]; kw++, at += window_out_count(w)) {     \
                        struct range d = window_positions(w, 0, kd);                               \
                        struct range h = window_positions(w, 1, kh);                               \
                        struct range v = window_positions(w, 2, kw);                               \
                        for (int64_t od = d.from; od < d.to; od++)                                 \
                            for (int64_t oh = h.from; oh < h.to; oh++)                             \
                                for (int64_t ow = v.from; ow < v.to; ow++) {                       \
                                    const int64_t o[WINDOW_AXES] = {od, oh, ow};                   \
                                    int64_t block = at + (od * w->out[1] + oh) * w->out[2] + ow;   \
                                    int64_t tap =                                                  \
                                        plane * window_in_count(w) + window_tap(w, o, kd, kh, kw); \
                                    y[is_back ? block : tap] += x[is_back ? tap : block];          \
                                }                                                                  \
                    }                                                                              \
    } while (0)

static void add_blocks(const struct window *w, int64_t planes, enum dtype dtype, bool is_back,
                       const void *from, void *to)
{
    int64_t at = 0;

    FOR_FLOAT_TYPES(dtype, ADD_BLOCKS)
}

static enum status col2im_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    struct window window;
    struct shape image;

    if (dtype_is_half(y->dtype))
        return forward_in_f32(context, call, col2im_forward);
    TRY(blocks_from(context, call, &image, &window));
    memset(tensor_write(y), 0, tensor_bytes(y));
    add_blocks(&window, y->shape.dim[0] * y->shape.dim[1], y->dtype, false,
               tensor_data(call->input[0]), tensor_write(y));
    return OK;
}

static enum status col2im_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct window window;
    struct shape image;

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(blocks_from(context, call, &image, &window));
    add_blocks(&window, grad->shape.dim[0] * grad->shape.dim[1], grad->dtype, true,
               tensor_data(grad), tensor_write(into));
    return OK;
}

static enum status col2im_axes(struct context *context, const struct op_call *call,
                               struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape, *y = &call->output[0]->shape;
    struct axis_end from = {AXIS_INPUT, 0, 0}, to = {AXIS_OUTPUT, 0, 0};

    (void)context;
    axis_link(map, from, to, x->dim[0], 0, 1);
    from.axis = to.axis = 1;
    if (y->rank > 1 && y->dim[1] > 0)
        axis_link(map, to, from, y->dim[1], 0, x->dim[1] / y->dim[1]);
    return OK;
}

static const struct field col2im_fields[] = {
    FIELD(struct col2im_attr, dilations, NULL, 0, 0, "distance of neighbouring taps"),
    FIELD(struct col2im_attr, pads, NULL, 0, 0, "padding before each axis, then after each"),
    FIELD(struct col2im_attr, strides, NULL, 0, 0, "distance of neighbouring blocks"),
    FIELDS_END,
};

const struct op op_col2im = {
    .name = "Col2Im",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = col2im_fields,
    .attr_bytes = sizeof(struct col2im_attr),
    .since_opset = 18,
    .infer = col2im_infer,
    .forward = col2im_forward,
    .backward = col2im_backward,
    .cost = cost_moves,
    .map_axes = col2im_axes,
};
