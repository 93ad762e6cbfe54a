// What the convolution kernels of every instruction set share: how a convolution is cut into walks
// and blocks, packing of weights, and when integer convolutions are exact in float.
#include "kernels/conv2d_internal.h"

#include <math.h>
#include <string.h>

// Weights of a block of 8 outputs stay in L1 (288 * 8 floats = 9 KiB), the source band in L2.
enum { WALK_TAPS = 288, WALK_SOURCE_BYTES = 640 * 1024, WEIGHTS_PIXELS = 128 };
// Of a pointwise one at a time: channels, and source floats in L2 (half of it: the next band's come
// in meanwhile).
enum { POINTWISE_CHANNELS = 512, POINTWISE_BYTES = 384 * 1024 };

struct axis axis_forward(int size, int out, int kernel, int stride, int pad, int dilation)
{
    return (struct axis){.count = kernel,
                         .step = 1,
                         .offset = -pad,
                         .offset_step = dilation,
                         .size = out,
                         .in_step = stride,
                         .out_step = 1,
                         .source = size};
}

struct axis axis_backward(int size, int out, int kernel, int stride, int pad, int dilation, int p)
{
    struct axis a = {.in_step = 1, .out_first = p, .out_step = stride, .source = out, .step = 1};

    a.size = p < size ? divide_up(size - p, stride) : 0;
    for (int k = 0; k < kernel; k++) {
        int at = p + pad - k * dilation;

        if (at % stride)
            continue;
        if (a.count == 0) {
            a.first = k;
            a.offset = at / stride;
        } else if (a.count == 1) {
            a.step = k - a.first;
            a.offset_step = at / stride - a.offset;
        }
        a.count++;
    }
    return a;
}

struct walk conv2d_walk_forward(const struct conv2d *v)
{
    return (struct walk){
        .c = v->c / v->groups,
        .oc = v->oc / v->groups,
        .y = axis_forward(v->h, v->oh, v->kh, v->stride_h, v->pad_top, v->dilation_h),
        .x = axis_forward(v->w, v->ow, v->kw, v->stride_w, v->pad_left, v->dilation_w),
        .out_w = v->ow,
        .out_plane = (size_t)v->oh * (size_t)v->ow};
}

struct walk conv2d_walk_backward(const struct conv2d *v, int phase_y, int phase_x)
{
    return (struct walk){
        .c = v->oc / v->groups,
        .oc = v->c / v->groups,
        .y = axis_backward(v->h, v->oh, v->kh, v->stride_h, v->pad_top, v->dilation_h, phase_y),
        .x = axis_backward(v->w, v->ow, v->kw, v->stride_w, v->pad_left, v->dilation_w, phase_x),
        .out_w = v->w,
        .out_plane = (size_t)v->h * (size_t)v->w};
}

void axis_inside(const struct axis *a, int inside[2])
{
    int first, end;

    inside[0] = inside[1] = 0;
    for (int i = 0; i < a->size; i++) {
        axis_taps_inside(a, i, &first, &end);
        if (end - first < a->count)
            continue;
        if (inside[1] == 0)
            inside[0] = i;
        inside[1] = i + 1;
    }
}

static int axis_low(const struct axis *a)
{
    return min_int(a->offset, a->offset + (a->count - 1) * a->offset_step);
}

// Source positions that `outputs` outputs span.
static int axis_span(const struct axis *a, int outputs)
{
    int taps = (a->count - 1) * a->offset_step;

    return (outputs - 1) * a->in_step + (taps < 0 ? -taps : taps) + 1;
}

// The largest number of rows whose source stays under `bytes`, in bands of like size.
static int band_rows(const struct walk *t, int channels, int width, int bytes)
{
    long long row = (long long)channels * width * N16_LANES * (long long)sizeof(float);
    long long fit = bytes / row - axis_span(&t->y, 1);
    int rows = fit < 0 ? 1 : (int)fit / t->y.in_step + 1;

    rows = max_int(1, min_int(rows, t->y.size));
    return divide_up(max_int(1, t->y.size), max_int(1, divide_up(t->y.size, rows)));
}

// A copy whose channels lie an odd number of pixels apart spreads them over the cache sets.
static void plan_band(const struct walk *t, struct walk_plan *p, int rows)
{
    p->rows = rows;
    p->padded_w = axis_span(&t->x, t->x.size);
    p->padded_h = axis_span(&t->y, rows);
    p->plane = ((size_t)p->padded_h * (size_t)p->padded_w) | 1;
    if (!p->is_padded) {
        p->padded_w = t->x.source;
        p->plane = (size_t)t->y.source * (size_t)t->x.source;
    }
}

static struct walk_plan plan_channels(const struct walk *t, int channels)
{
    struct walk_plan p = {.low_y = axis_low(&t->y), .low_x = axis_low(&t->x)};
    int width = axis_span(&t->x, t->x.size);

    p.taps = max_int(1, t->y.count * t->x.count);
    p.channels = channels;
    p.is_padded = p.low_y < 0 || p.low_x < 0 ||
                  p.low_y + axis_span(&t->y, t->y.size) > t->y.source ||
                  p.low_x + width > t->x.source;
    // Channels a multiple of 4 KiB apart would share few cache sets: copy those too.
    if (t->y.source * t->x.source % 64 == 0 && channels >= 8)
        p.is_padded = 1;
    plan_band(t, &p, band_rows(t, channels, width, WALK_SOURCE_BYTES));
    return p;
}

struct walk_plan walk_plan(const struct walk *t)
{
    return plan_channels(
        t, even_parts(t->c, divide_up(WALK_TAPS, max_int(1, t->y.count * t->x.count))));
}

int walk_is_pointwise(const struct walk *t)
{
    const struct axis *a[2] = {&t->y, &t->x};

    for (int i = 0; i < 2; i++)
        if (a[i]->count != 1 || a[i]->offset < 0 ||
            a[i]->offset + (a[i]->size - 1) * a[i]->in_step >= a[i]->source)
            return 0;
    return 1;
}

struct walk_plan walk_plan_pointwise(const struct walk *t)
{
    struct walk_plan p = {.padded_w = t->x.source,
                          .plane = (size_t)t->y.source * (size_t)t->x.source,
                          .low_y = t->y.offset,
                          .low_x = t->x.offset,
                          .channels = even_parts(t->c, POINTWISE_CHANNELS),
                          .taps = 1};
    int pixels = POINTWISE_BYTES / (p.channels * N16_LANES * (int)sizeof(float));

    p.pixels = even_parts(t->y.size * t->x.size, max_int(6, pixels));
    p.pixels = divide_up(p.pixels, 6) * 6; // whole tiles
    p.is_padded =
        t->c >= 32 && t->oc >= 32 && (t->x.in_step > 1 || (size_t)t->c * p.plane > L2_SHARE / 64);
    if (p.is_padded)
        p.plane = (size_t)p.pixels | 1;
    return p;
}

// A band here is about 128 pixels: four planes of dy of that length and one of x stay in L1, and
// the sums over lanes at the end of each band are a small part of the work.
struct walk_plan walk_plan_weights(const struct walk *t)
{
    struct walk_plan p = walk_plan(t);
    int bands = max_int(1, (t->y.size * t->x.size + WEIGHTS_PIXELS / 2) / WEIGHTS_PIXELS);
    int rows = divide_up(t->y.size, min_int(bands, t->y.size));
    int pixels = axis_span(&t->x, t->x.size) * axis_span(&t->y, rows);
    int fit = WALK_SOURCE_BYTES / (pixels * N16_LANES * (int)sizeof(float));

    p.channels = even_parts(t->c, min_int(fit, p.channels));
    plan_band(t, &p, rows);
    return p;
}

ptrdiff_t *walk_tables(const struct walk_plan *p, void *scratch)
{
    size_t floats = p->is_padded ? (size_t)p->channels * p->plane * N16_LANES : 0;

    return (ptrdiff_t *)(void *)((float *)scratch + floats);
}

void walk_pixels(const struct walk *t, const struct walk_plan *p, int row0, int rows, ptrdiff_t *in,
                 ptrdiff_t *out)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < t->x.size; c++) {
            ptrdiff_t y = (row0 + r) * t->y.out_step + t->y.out_first;

            *in++ = ((ptrdiff_t)r * t->y.in_step * p->padded_w + c * t->x.in_step) * N16_LANES;
            *out++ = (y * t->out_w + c * t->x.out_step + t->x.out_first) * N16_LANES;
        }
}

size_t walk_scratch_bytes(const struct walk *t, const struct walk_plan *p)
{
    size_t tables = (size_t)p->channels * (size_t)p->taps + 2 * (size_t)p->rows * (size_t)t->x.size;
    size_t copy = p->is_padded ? (size_t)p->channels * p->plane * N16_LANES * sizeof(float) : 0;

    return copy + tables * sizeof(ptrdiff_t) + 64;
}

static void copy_row(const struct walk *t, const struct walk_plan *p, const float *row, float *copy)
{
    int left = max_int(0, -p->low_x), from = max_int(0, p->low_x);
    int count = max_int(0, min_int(p->padded_w - left, t->x.source - from));
    size_t lane_bytes = N16_LANES * sizeof(float);

    left = min_int(left, p->padded_w);
    memset(copy, 0, (size_t)left * lane_bytes);
    memcpy(copy + left * N16_LANES, row + from * N16_LANES, (size_t)count * lane_bytes);
    memset(copy + (left + count) * N16_LANES, 0, (size_t)(p->padded_w - left - count) * lane_bytes);
}

void walk_copy_source(const struct walk *t, const struct walk_plan *p, const float *source, int c0,
                      int channels, int row0, int rows, float *copy)
{
    size_t row_floats = (size_t)p->padded_w * N16_LANES;
    int span = axis_span(&t->y, rows);

    for (int c = 0; c < channels; c++) {
        float *to = copy + (size_t)c * p->plane * N16_LANES;

        for (int r = 0; r < span; r++, to += row_floats) {
            int y = row0 * t->y.in_step + p->low_y + r;
            size_t row = (size_t)(c0 + c) * (size_t)t->y.source + (size_t)y;

            if (y < 0 || y >= t->y.source)
                memset(to, 0, row_floats * sizeof(float));
            else
                copy_row(t, p, source + row * (size_t)t->x.source * N16_LANES, to);
        }
    }
}

int is_depthwise(const struct conv2d *v)
{
    return v->groups == v->c && v->groups > 1;
}

size_t conv2d_weight_count(const struct conv2d *v)
{
    return (size_t)v->oc * (size_t)(v->c / v->groups) * (size_t)v->kh * (size_t)v->kw;
}

static size_t pointwise_bytes(const struct walk *t)
{
    struct walk_plan p = walk_plan_pointwise(t);
    size_t copy = p.is_padded ? (size_t)p.channels * p.plane * N16_LANES * sizeof(float) : 0;
    size_t pixels = 2 * (size_t)(t->y.size * t->x.size) + (size_t)p.pixels;

    return copy + pixels * sizeof(ptrdiff_t) + 64;
}

static size_t walk_bytes(const struct walk *t)
{
    struct walk_plan p = walk_plan(t);

    if (walk_is_pointwise(t))
        return pointwise_bytes(t);
    return walk_scratch_bytes(t, &p);
}

size_t conv2d_forward_scratch_bytes(const struct conv2d *v)
{
    struct walk t = conv2d_walk_forward(v);

    return (walk_bytes(&t) + 63) / 64 * 64;
}

size_t conv2d_f32_scratch_bytes(const struct conv2d *v)
{
    struct walk t = conv2d_walk_forward(v);
    struct walk_plan q = walk_plan_weights(&t);
    size_t bytes = walk_bytes(&t), more = walk_scratch_bytes(&t, &q);

    bytes = more > bytes ? more : bytes;
    for (int i = 0; i < v->stride_h * v->stride_w; i++) {
        t = conv2d_walk_backward(v, i / v->stride_w, i % v->stride_w);
        more = walk_bytes(&t);
        bytes = more > bytes ? more : bytes;
    }
    return (bytes + 63) / 64 * 64;
}

// `row` floats lie between the weights of neighbouring output channels; k_count of them are used.
static float *pack_rows(int oc, size_t k_count, size_t row, const float *weight, float *packed)
{
    for (int block = 0; block < oc; block += CONV_BLOCK) {
        int width = min_int(CONV_BLOCK, oc - block);

        for (size_t k = 0; k < k_count; k++)
            for (int i = 0; i < width; i++)
                *packed++ = weight[(size_t)(block + i) * row + k];
    }
    return packed;
}

void conv2d_f32_pack(const struct conv2d *v, const float *weight, float *packed)
{
    size_t row = conv2d_weight_count(v) / (size_t)v->oc;
    int oc = v->oc / v->groups;

    for (int g = 0; g < v->groups; g++)
        packed = pack_rows(oc, row, row, weight + (size_t)(g * oc) * row, packed);
}

struct conv2d conv2d_i32_block(const struct conv2d *v, int blocks, int i)
{
    struct conv2d block = *v;
    int c = v->c / v->groups, step = divide_up(c, blocks);

    if (blocks == 1)
        return block;
    block.c = min_int(step, c - i * step);
    block.oc = v->oc / v->groups;
    block.groups = 1;
    return block;
}

void conv2d_i32_pack(const struct conv2d *v, int blocks, const float *weight, float *packed)
{
    size_t taps = (size_t)v->kh * (size_t)v->kw, row = taps * (size_t)(v->c / v->groups);

    if (blocks == 1) {
        conv2d_f32_pack(v, weight, packed);
        return;
    }
    for (int g = 0; g < v->groups; g++, weight += (size_t)(v->oc / v->groups) * row) {
        size_t first = 0;

        for (int i = 0; i < blocks; i++) {
            struct conv2d block = conv2d_i32_block(v, blocks, i);
            size_t k_count = (size_t)block.c * taps;

            packed = pack_rows(block.oc, k_count, row, weight + first, packed);
            first += k_count;
        }
    }
}

size_t conv2d_i32_scratch_bytes(const struct conv2d *v, int blocks)
{
    struct conv2d block = conv2d_i32_block(v, blocks, 0);
    size_t sums = (size_t)(block.oc * block.oh * block.ow) * N16_LANES * sizeof(float);
    size_t bytes = conv2d_f32_scratch_bytes(&block);

    if (blocks > 1) {
        struct conv2d last = conv2d_i32_block(v, blocks, blocks - 1);
        size_t more = conv2d_f32_scratch_bytes(&last);

        bytes = more > bytes ? more : bytes;
    }
    return sums + bytes;
}

// Whether blocks of `step` input channels are all exact.
static int is_exact(const struct conv2d *v, const float *weight, int x_abs_max, int step)
{
    int c = v->c / v->groups, taps = v->kh * v->kw;

    for (int m = 0; m < v->oc; m++)
        for (int first = 0; first < c; first += step) {
            double sum = 0;

            for (int k = first * taps; k < min_int(first + step, c) * taps; k++)
                sum += fabs((double)weight[(size_t)m * (size_t)(c * taps) + (size_t)k]);
            if (sum * x_abs_max >= 16777216)
                return 0;
        }
    return 1;
}

int conv2d_exact_blocks(const struct conv2d *v, const float *weight, int x_abs_max)
{
    int c = v->c / v->groups;

    for (int blocks = 1; blocks <= c; blocks++) {
        int step = divide_up(c, blocks);

        // With 5 channels, 4 blocks of 2 would leave one empty.
        if (divide_up(c, step) == blocks && is_exact(v, weight, x_abs_max, step))
            return blocks;
    }
    return 0;
}

// One block of one phase: [oc of the group][taps][width], in the order a walk reads them.
static float *pack_backward_block(const struct conv2d *v, const struct walk *t, const float *weight,
                                  int width, float *packed)
{
    size_t taps = (size_t)v->kh * (size_t)v->kw, row = taps * (size_t)(v->c / v->groups);

    for (int m = 0; m < t->c; m++)
        for (int a = 0; a < t->y.count; a++)
            for (int b = 0; b < t->x.count; b++) {
                int ky = t->y.first + a * t->y.step, kx = t->x.first + b * t->x.step;

                for (int i = 0; i < width; i++)
                    *packed++ =
                        weight[(size_t)m * row + (size_t)i * taps + (size_t)(ky * v->kw + kx)];
            }
    return packed;
}

void conv2d_f32_pack_backward(const struct conv2d *v, const float *weight, float *packed)
{
    size_t taps = (size_t)v->kh * (size_t)v->kw,
           group_floats = conv2d_weight_count(v) / (size_t)v->groups;

    for (int i = 0; i < v->stride_h * v->stride_w; i++) {
        struct walk t = conv2d_walk_backward(v, i / v->stride_w, i % v->stride_w);

        for (int g = 0; g < v->groups; g++)
            for (int block = 0; block < t.oc; block += CONV_BLOCK)
                packed = pack_backward_block(
                    v, &t, weight + (size_t)g * group_floats + (size_t)block * taps,
                    min_int(CONV_BLOCK, t.oc - block), packed);
    }
}
