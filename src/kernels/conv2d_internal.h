// A convolution, a phase of a strided convolution's backward pass and a depthwise one are the same
// walk: out[oc][i] = sum over c and taps of w * source[c][i * in_step + offset(tap)], along y and
// x. Taps of an axis are an arithmetic progression, both in the kernel and in the source.
#ifndef KERNELS_CONV2D_INTERNAL_H
#define KERNELS_CONV2D_INTERNAL_H

#include <stddef.h>

#include "kernels/kernels.h"
#include "kernels/sizes.h"

// Output channels packed together: packed weights are [oc / 8][c][tap y][tap x][8], the last block
// narrower where 8 does not divide oc.
enum { CONV_BLOCK = 8 };
// A value of more bytes has left L2 before its next reader comes.
enum { L2_SHARE = 1024 * 1024 };

struct axis {
    int count;               // taps; may be 0
    int first, step;         // kernel index of tap t is first + t * step
    int offset, offset_step; // its source position relative to out index * in_step
    int size;                // outputs walked
    int in_step;
    int out_first, out_step; // where output i lies in the target
    int source;              // extent of the source
};

struct walk {
    int c, oc; // of one group: source and target channels
    struct axis y, x;
    int out_w;
    size_t out_plane; // pixels
};

// How a walk is cut: channels and rows at a time, so that the (padded) source fits in L2.
struct walk_plan {
    int channels, rows;
    int pixels;             // at a time, of a pointwise one
    int low_y, low_x;       // source position of the first tap of output 0, <= all others
    int padded_h, padded_w; // of a band of `rows` outputs
    int is_padded;          // the source must be copied with its borders
    size_t plane;           // pixels between channels of the copy
    int taps;
};

// What conv2d_f32 alone needs, where conv2d_f32_scratch_bytes is enough for the gradients as well.
size_t conv2d_forward_scratch_bytes(const struct conv2d *v);
struct axis axis_forward(int size, int out, int kernel, int stride, int pad, int dilation);
// Phase p < stride of the gradient by the input; see axis.
struct axis axis_backward(int size, int out, int kernel, int stride, int pad, int dilation, int p);
struct walk conv2d_walk_forward(const struct conv2d *v);
struct walk conv2d_walk_backward(const struct conv2d *v, int phase_y, int phase_x);
struct walk_plan walk_plan(const struct walk *t);
// One tap, nothing outside the source: cut by pixels instead of rows. is_padded: each band is
// copied, pixel by pixel. Scratch holds the copy, then tables of offsets: twice rows * columns, and
// the pixels of a band.
int walk_is_pointwise(const struct walk *t);
struct walk_plan walk_plan_pointwise(const struct walk *t);
// Scratch holds the padded copy, then tables of offsets: channels * taps, and twice rows * columns.
size_t walk_scratch_bytes(const struct walk *t, const struct walk_plan *p);
ptrdiff_t *walk_tables(const struct walk_plan *p, void *scratch);
// Copies channels c0.. and the rows that outputs row0.. need, with zeros for borders.
void walk_copy_source(const struct walk *t, const struct walk_plan *p, const float *source, int c0,
                      int channels, int row0, int rows, float *copy);
// Fills the tables for a band: where each pixel's source and target lie.
void walk_pixels(const struct walk *t, const struct walk_plan *p, int row0, int rows, ptrdiff_t *in,
                 ptrdiff_t *out);
// Source offset of tap (a, b) of channel c in a band.
static inline ptrdiff_t walk_offset(const struct walk *t, const struct walk_plan *p, int c, int a,
                                    int b)
{
    ptrdiff_t y = t->y.offset + a * t->y.offset_step - p->low_y;
    ptrdiff_t x = t->x.offset + b * t->x.offset_step - p->low_x;

    return ((ptrdiff_t)p->plane * c + y * p->padded_w + x) * N16_LANES;
}
static inline int has_clamp(const struct epilogue *e)
{
    return e && (e->add || e->low > -__builtin_inff() || e->high < __builtin_inff());
}
// y = clamp(y + add) over n floats; NaN passes through.
static inline void finish_sums(const struct epilogue *e, size_t n, const float *add, float *y)
{
    float low = e->low, high = e->high;

    for (size_t i = 0; add && i < n; i++)
        y[i] += add[i];
    for (size_t i = 0; i < n; i++) {
        float v = low > y[i] ? low : y[i];

        y[i] = high < v ? high : v;
    }
}

int is_depthwise(const struct conv2d *v);
// Multiply-accumulates a sample, and those by weights that are not 0.
double conv2d_macs(const struct conv2d *v);
double conv2d_macs_nonzero(const struct conv2d *v, const float *weight);
// Block i of `blocks` of the input channels of one group; the whole convolution where blocks is 1.
struct conv2d conv2d_i32_block(const struct conv2d *v, int blocks, int i);

// How the gradient of the weights is cut.
struct walk_plan walk_plan_weights(const struct walk *t);

// Taps of one axis whose source lies inside for output i: first..end.
static inline void axis_taps_inside(const struct axis *a, int i, int *first, int *end)
{
    int at = i * a->in_step + a->offset;

    *first = 0;
    *end = a->count;
    while (*first < *end &&
           (at + *first * a->offset_step < 0 || at + *first * a->offset_step >= a->source))
        ++*first;
    while (*end > *first &&
           (at + (*end - 1) * a->offset_step < 0 || at + (*end - 1) * a->offset_step >= a->source))
        --*end;
}
// Outputs whose taps all lie inside the source: inside[0]..inside[1].
void axis_inside(const struct axis *a, int inside[2]);

#endif
