// Sliding windows of Conv and the pools: padding rules, output sizes, valid ranges. Up to three
// spatial axes; those that are missing count as leading axes of size 1.
#ifndef OPS_WINDOW_H
#define OPS_WINDOW_H

#include "ir/op.h"

enum { WINDOW_AXES = 3 };

struct window {
    int64_t in[WINDOW_AXES], out[WINDOW_AXES], kernel[WINDOW_AXES];
    int64_t stride[WINDOW_AXES], dilation[WINDOW_AXES];
    int64_t pad_begin[WINDOW_AXES], pad_end[WINDOW_AXES];
};

// The attributes that decide a window; lists may be empty, but not `kernel`.
struct window_attr {
    const char *auto_pad;
    struct ints kernel, strides, dilations, pads;
    bool ceil_mode;
};

// From an input (N, C, spatial axes); checks everything. ERR_SHAPE, ERR_UNSUPPORTED.
MUST_CHECK enum status window_from(struct context *context, const struct shape *input,
                                   const struct window_attr *attr, struct window *out);
// The window whose gradient ConvTranspose is: `in` are the sizes that it writes, `out` those that
// it reads. output_shape may be empty, have the spatial axes, or all of the output's.
MUST_CHECK enum status window_transposed(struct context *context, const struct shape *input,
                                         const struct window_attr *attr,
                                         const struct ints *output_padding,
                                         const struct ints *output_shape, struct window *out);
// (n, c, out...) with the input's rank.
MUST_CHECK enum status window_output(struct context *context, const struct window *window,
                                     int64_t n, int64_t c, int32_t rank, struct shape *out);

int64_t window_in_count(const struct window *window); // products over the axes
int64_t window_out_count(const struct window *window);
int64_t window_kernel_count(const struct window *window);

struct range {
    int64_t from, to; // to: one behind the last; empty if not above from
};
// Output positions for which tap k of the kernel reads inside the input.
struct range window_positions(const struct window *window, int axis, int64_t k);
// Taps of the kernel that read inside the input at output position o.
struct range window_taps(const struct window *window, int axis, int64_t o);
// Taps inside the input with its padding.
int64_t window_padded_taps(const struct window *window, int axis, int64_t o);

// Where in an input plane tap (kd, kh, kw) of the window at output position o[] reads.
static inline int64_t window_tap(const struct window *w, const int64_t *o, int64_t kd, int64_t kh,
                                 int64_t kw)
{
    int64_t d = o[0] * w->stride[0] - w->pad_begin[0] + kd * w->dilation[0];
    int64_t h = o[1] * w->stride[1] - w->pad_begin[1] + kh * w->dilation[1];

    return (d * w->in[1] + h) * w->in[2] + o[2] * w->stride[2] - w->pad_begin[2] +
           kw * w->dilation[2];
}

// The next output position in row-major order; the one behind the last is the first.
static inline void window_next(const struct window *w, int64_t *o)
{
    for (int k = WINDOW_AXES - 1; k >= 0; k--) {
        if (++o[k] < w->out[k])
            return;
        o[k] = 0;
    }
}

#endif
