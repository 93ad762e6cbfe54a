// Sliding windows of Conv and the pools (ONNX operator specification); see window.h.
#include "ops/window.h"

#include <string.h>

#include "base/checked.h"

// Larger numbers cannot be meant, and below it no sum or product here overflows.
static const int64_t LARGEST = INT32_MAX;

static enum status spread(struct context *context, const struct ints *list, const char *name,
                          int spatial, int64_t least, int64_t *out)
{
    if (list->count == 0)
        return OK;
    if (list->count != spatial)
        return context_fail(context, ERR_SHAPE, "'%s' has %lld items, the input has %d axes", name,
                            (long long)list->count, spatial);
    for (int i = 0; i < spatial; i++) {
        if (list->at[i] < least || list->at[i] > LARGEST)
            return context_fail(context, ERR_SHAPE, "'%s' holds %lld, wants at least %lld", name,
                                (long long)list->at[i], (long long)least);
        out[WINDOW_AXES - spatial + i] = list->at[i];
    }
    return OK;
}

static enum status explicit_pads(struct context *context, const struct ints *pads, int spatial,
                                 struct window *w)
{
    if (pads->count == 0)
        return OK;
    if (pads->count != 2 * spatial)
        return context_fail(context, ERR_SHAPE, "'pads' has %lld items, wants %d",
                            (long long)pads->count, 2 * spatial);
    struct ints begin = {spatial, pads->at}, end = {spatial, pads->at + spatial};
    TRY(spread(context, &begin, "pads", spatial, 0, w->pad_begin));
    return spread(context, &end, "pads", spatial, 0, w->pad_end);
}

static int64_t kernel_extent(const struct window *w, int axis)
{
    return (w->kernel[axis] - 1) * w->dilation[axis] + 1;
}

// SAME: as many outputs as strides fit in the input; odd padding goes to the end or the beginning.
// Strides above the kernel would make the padding negative: it is then 0, as in TensorFlow, where
// these modes come from (ONNX Runtime does so for Conv and refuses most such pools).
static void same_pads(struct window *w, int axis, bool upper)
{
    int64_t out = (w->in[axis] + w->stride[axis] - 1) / w->stride[axis];
    int64_t total = (out - 1) * w->stride[axis] + kernel_extent(w, axis) - w->in[axis];

    if (out == 0 || total < 0)
        total = 0;
    w->pad_begin[axis] = (upper ? total : total + 1) / 2;
    w->pad_end[axis] = total - w->pad_begin[axis];
}

static enum status output_size(struct context *context, struct window *w, int axis, bool ceil_mode)
{
    int64_t stride = w->stride[axis];
    int64_t room = w->in[axis] + w->pad_begin[axis] + w->pad_end[axis] - kernel_extent(w, axis);

    if (room < 0)
        return context_fail(
            context, ERR_SHAPE, "kernel spans %lld, but the padded input has only %lld",
            (long long)kernel_extent(w, axis), (long long)(room + kernel_extent(w, axis)));
    w->out[axis] = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    // A window that would start behind the input and its first padding is left out.
    if (ceil_mode && (w->out[axis] - 1) * stride >= w->in[axis] + w->pad_begin[axis])
        w->out[axis]--;
    return OK;
}

// Everything but the sizes that follow from padding; out->in is that of the input.
static enum status read_window(struct context *context, const struct shape *input,
                               const struct window_attr *attr, struct window *out)
{
    int spatial = input->rank - 2;
    struct window w = {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0}, {0}};

    if (spatial < 1)
        return context_fail(context, ERR_SHAPE, "input has rank %d, wants at least 3",
                            (int)input->rank);
    if (spatial > WINDOW_AXES)
        return context_fail(context, ERR_UNSUPPORTED, "windows over %d axes, at most %d", spatial,
                            (int)WINDOW_AXES);
    if (attr->kernel.count == 0)
        return context_fail(context, ERR_SHAPE, "'kernel_shape' is missing");
    for (int i = 0; i < spatial; i++)
        w.in[WINDOW_AXES - spatial + i] = input->dim[2 + i];
    TRY(spread(context, &attr->kernel, "kernel_shape", spatial, 1, w.kernel));
    TRY(spread(context, &attr->strides, "strides", spatial, 1, w.stride));
    TRY(spread(context, &attr->dilations, "dilations", spatial, 1, w.dilation));
    if (attr->auto_pad == NULL || strcmp(attr->auto_pad, "NOTSET") == 0)
        TRY(explicit_pads(context, &attr->pads, spatial, &w));
    *out = w;
    return OK;
}

enum status window_from(struct context *context, const struct shape *input,
                        const struct window_attr *attr, struct window *out)
{
    bool is_same = attr->auto_pad && strncmp(attr->auto_pad, "SAME_", 5) == 0;
    struct window w;

    TRY(read_window(context, input, attr, &w));
    for (int axis = WINDOW_AXES + 2 - input->rank; axis < WINDOW_AXES; axis++) {
        if (is_same)
            same_pads(&w, axis, strcmp(attr->auto_pad, "SAME_UPPER") == 0);
        TRY(output_size(context, &w, axis, attr->ceil_mode));
    }
    *out = w;
    return OK;
}

// What an axis of w->out[axis] inputs spreads over before padding takes of it.
static enum status spread_size(struct context *context, const struct window *w, int axis,
                               int64_t extra, int64_t *out)
{
    int64_t steps = w->out[axis] > 0 ? w->out[axis] - 1 : 0;

    if (!checked_mul(steps, w->stride[axis], out) ||
        !checked_add(*out, kernel_extent(w, axis) + extra, out))
        return context_fail(context, ERR_SHAPE, "axis of %lld is too large for stride %lld",
                            (long long)w->out[axis], (long long)w->stride[axis]);
    return OK;
}

// Padding that leaves `size` of `full`; what is odd goes to the end or the beginning.
static void leave_size(struct window *w, int axis, int64_t full, int64_t size, bool upper)
{
    int64_t total = full > size ? full - size : 0;

    w->pad_begin[axis] = upper ? total / 2 : total - total / 2;
    w->pad_end[axis] = total - w->pad_begin[axis];
    w->in[axis] = size;
}

enum status window_transposed(struct context *context, const struct shape *input,
                              const struct window_attr *attr, const struct ints *output_padding,
                              const struct ints *output_shape, struct window *out)
{
    int spatial = input->rank - 2;
    int64_t extra[WINDOW_AXES] = {0}, wanted[WINDOW_AXES] = {0}, full;
    bool is_same = attr->auto_pad && strncmp(attr->auto_pad, "SAME_", 5) == 0;
    bool upper = attr->auto_pad && strcmp(attr->auto_pad, "SAME_UPPER") == 0;
    struct ints sizes = *output_shape;
    struct window w;

    TRY(read_window(context, input, attr, &w));
    if (sizes.count == spatial + 2)
        sizes = (struct ints){spatial, sizes.at + 2};
    TRY(spread(context, output_padding, "output_padding", spatial, 0, extra));
    TRY(spread(context, &sizes, "output_shape", spatial, 1, wanted));
    for (int axis = WINDOW_AXES - spatial; axis < WINDOW_AXES; axis++) {
        w.out[axis] = w.in[axis];
        TRY(spread_size(context, &w, axis, extra[axis], &full));
        if (sizes.count > 0)
            leave_size(&w, axis, full, wanted[axis], upper);
        else if (is_same)
            leave_size(&w, axis, full, w.out[axis] * w.stride[axis], upper);
        else
            w.in[axis] = full - w.pad_begin[axis] - w.pad_end[axis];
        if (w.in[axis] < 1)
            return context_fail(context, ERR_SHAPE, "'pads' leave nothing of %lld outputs",
                                (long long)full);
    }
    *out = w;
    return OK;
}

enum status window_output(struct context *context, const struct window *window, int64_t n,
                          int64_t c, int32_t rank, struct shape *out)
{
    int64_t dim[SHAPE_MAX_RANK] = {n, c};

    for (int32_t i = 2; i < rank; i++)
        dim[i] = window->out[WINDOW_AXES - rank + i];
    return shape_set(context, out, rank, dim);
}

int64_t window_in_count(const struct window *window)
{
    return window->in[0] * window->in[1] * window->in[2];
}

int64_t window_out_count(const struct window *window)
{
    return window->out[0] * window->out[1] * window->out[2];
}

int64_t window_kernel_count(const struct window *window)
{
    return window->kernel[0] * window->kernel[1] * window->kernel[2];
}

// The smallest i >= 0 with i * step >= number.
static int64_t first_at_least(int64_t number, int64_t step)
{
    return number <= 0 ? 0 : (number + step - 1) / step;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct range window_positions(const struct window *w, int axis, int64_t k)
{
    int64_t start = w->pad_begin[axis] - k * w->dilation[axis];
    int64_t to = first_at_least(start + w->in[axis], w->stride[axis]);

    return (struct range){first_at_least(start, w->stride[axis]), smaller(to, w->out[axis])};
}

struct range window_taps(const struct window *w, int axis, int64_t o)
{
    int64_t start = w->pad_begin[axis] - o * w->stride[axis];
    int64_t to = first_at_least(start + w->in[axis], w->dilation[axis]);

    return (struct range){first_at_least(start, w->dilation[axis]), smaller(to, w->kernel[axis])};
}

int64_t window_padded_taps(const struct window *w, int axis, int64_t o)
{
    int64_t end = w->pad_begin[axis] - o * w->stride[axis] + w->in[axis] + w->pad_end[axis];

    return smaller(first_at_least(end, w->dilation[axis]), w->kernel[axis]);
}
