// From ONNX attributes and shapes to the kernels' own structs.
#include "exec/program_internal.h"
#include "ops/attr.h"
#include "ops/window.h"

// The kernels count in int, and go through every tap of a window, inside the input or not.
static bool fits_kernels(const struct window *window)
{
    const int64_t most = 1 << 28, most_taps = 1 << 16;
    int64_t taps = 1;

    for (int k = 0; k < WINDOW_AXES; k++) {
        if (window->in[k] > most || window->out[k] > most || window->kernel[k] > most_taps ||
            window->stride[k] > most || window->dilation[k] > most || window->pad_begin[k] > most ||
            window->pad_end[k] > most)
            return false;
        taps *= window->kernel[k];
        if (taps > most_taps || window->kernel[k] * window->dilation[k] > most)
            return false;
    }
    return true;
}

static enum status window_for_kernels(struct context *context, const struct shape *x,
                                      const struct window_attr *attr, struct window *out)
{
    TRY(window_from(context, x, attr, out));
    if (!fits_kernels(out))
        return context_fail(context, ERR_UNSUPPORTED, "its window is too large");
    return OK;
}

bool conv2d_fits(const struct conv_attr *attr, const struct shape *x, const struct shape *w)
{
    struct conv2d ignored;
    struct context silent;

    context_init(&silent);
    return conv2d_from(&silent, attr, x, w, &ignored) == OK;
}

bool pool2d_fits(const struct pool_attr *attr, const struct shape *x)
{
    struct pool2d ignored;
    struct context silent;

    context_init(&silent);
    return pool2d_from(&silent, attr, x, &ignored) == OK;
}

// What struct conv2d and struct pool2d both have.
#define WINDOW_FIELDS(x, window)                                                                   \
    .c = (int)(x)->dim[1], .h = (int)(window).in[1], .w = (int)(window).in[2],                     \
    .kh = (int)(window).kernel[1], .kw = (int)(window).kernel[2],                                  \
    .stride_h = (int)(window).stride[1], .stride_w = (int)(window).stride[2],                      \
    .pad_top = (int)(window).pad_begin[1], .pad_left = (int)(window).pad_begin[2],                 \
    .dilation_h = (int)(window).dilation[1], .dilation_w = (int)(window).dilation[2],              \
    .oh = (int)(window).out[1], .ow = (int)(window).out[2]

enum status conv2d_from(struct context *context, const struct conv_attr *attr,
                        const struct shape *x, const struct shape *w, struct conv2d *out)
{
    int64_t kernel[2] = {w->dim[2], w->dim[3]};
    struct window_attr window_attr = {attr->auto_pad,  {2, kernel}, attr->strides,
                                      attr->dilations, attr->pads,  false};
    struct window window;

    TRY(window_for_kernels(context, x, &window_attr, &window));
    *out =
        (struct conv2d){.oc = (int)w->dim[0], .groups = (int)attr->group, WINDOW_FIELDS(x, window)};
    return OK;
}

enum status pool2d_from(struct context *context, const struct pool_attr *attr,
                        const struct shape *x, struct pool2d *out)
{
    struct window_attr window_attr = {attr->auto_pad,  attr->kernel_shape, attr->strides,
                                      attr->dilations, attr->pads,         attr->ceil_mode != 0};
    struct window window;

    TRY(window_for_kernels(context, x, &window_attr, &window));
    *out = (struct pool2d){.pad_bottom = (int)window.pad_end[1],
                           .pad_right = (int)window.pad_end[2],
                           .count_include_pad = attr->count_include_pad != 0,
                           WINDOW_FIELDS(x, window)};
    return OK;
}
