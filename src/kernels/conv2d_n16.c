// Direct convolution, forward and gradient by the input, both as walks (conv2d_internal.h): a
// register tile of output channels by pixels runs over the list of (source offset, weights).
// x: (C, H, W, 16), w: (OC, C/G, KH, KW), y: (OC, OH, OW, 16)
#include "kernels/conv2d_internal.h"
#include "kernels/conv2d_tile_internal.h"

#include <string.h>

#define TILE(mr, nr)                                                                               \
    static int tile_##mr##x##nr(const struct tile *t, int pixels)                                  \
    {                                                                                              \
        return t->off ? tile_run(t, pixels, mr, nr, 0) : tile_run(t, pixels, mr, nr, 1);           \
    }

struct tile_shape {
    int pixels;
    int (*run)(const struct tile *t, int pixels);
};

// Rows of output channels a tile may have, and for each the widths in pixels, falling to 1.
#if defined(__AVX512F__)
TILE(8, 3)
TILE(8, 2)
TILE(8, 1)
TILE(4, 6)
TILE(4, 3)
#else
TILE(4, 3)
#endif
TILE(4, 2)
TILE(4, 1)
TILE(2, 6)
TILE(2, 3)
TILE(2, 2)
TILE(2, 1)
TILE(1, 8)
TILE(1, 4)
TILE(1, 2)
TILE(1, 1)

#if defined(__AVX512F__)
static const struct tile_shape tiles_8[] = {{3, tile_8x3}, {2, tile_8x2}, {1, tile_8x1}};
static const struct tile_shape tiles_4[] = {
    {6, tile_4x6}, {3, tile_4x3}, {2, tile_4x2}, {1, tile_4x1}};
#else
static const struct tile_shape tiles_4[] = {{3, tile_4x3}, {2, tile_4x2}, {1, tile_4x1}};
#endif
static const struct tile_shape tiles_2[] = {
    {6, tile_2x6}, {3, tile_2x3}, {2, tile_2x2}, {1, tile_2x1}};
static const struct tile_shape tiles_1[] = {
    {8, tile_1x8}, {4, tile_1x4}, {2, tile_1x2}, {1, tile_1x1}};

// The widest tile of at most `channels` output channels.
static const struct tile_shape *tiles_for(int channels, int *mr)
{
#if defined(__AVX512F__)
    if (channels >= 8) {
        *mr = 8;
        return tiles_8;
    }
#endif
    if (channels >= 4) {
        *mr = 4;
        return tiles_4;
    }
    *mr = channels >= 2 ? 2 : 1;
    return channels >= 2 ? tiles_2 : tiles_1;
}

// A band of a walk: some pixels of some source channels, and all target channels.
struct band {
    const struct walk *walk;
    const float *x;
    const ptrdiff_t *off, *in, *out;
    ptrdiff_t x_step; // where off is NULL
    int pixels;
    int k;                 // steps
    int first;             // step of the whole sum
    int row;               // steps of the whole sum
    const ptrdiff_t *next; // pixels of the next band, to fetch from next_x; NULL: none
    const float *next_x;
    ptrdiff_t next_step;
    int fetches_y;
};

static const float no_bias[CONV_BLOCK];

struct target {
    float *y;
    const float *bias, *add;
    float low, high;
};

// One block of up to 8 output channels, packed together, over the pixels of a band. Its share of
// the next band's source is fetched meanwhile.
static void run_block(const struct band *b, struct tile t, int channels)
{
    for (int done = 0, mr; done < channels; done += mr) {
        const struct tile_shape *shape = tiles_for(channels - done, &mr);

        for (int p = 0; p < b->pixels; shape++) {
            t.in = b->in + p;
            t.out = b->out + p;
            t.ahead_in = t.ahead_each < b->k ? b->next + p : t.out;
            p += shape->run(&t, b->pixels - p);
        }
        t.w += mr;
        t.y += mr * t.y_plane;
        t.add = t.add ? t.add + mr * t.y_plane : NULL;
        t.bias += mr;
    }
}

static void fill_offsets(const struct walk *t, const struct walk_plan *p, int channels,
                         ptrdiff_t *off)
{
    for (int c = 0; c < channels; c++)
        for (int a = 0; a < t->y.count; a++)
            for (int b = 0; b < t->x.count; b++)
                *off++ = walk_offset(t, p, c, a, b);
}

static void run_band(const struct band *b, const float *packed, const struct target *to)
{
    const struct walk *t = b->walk;
    int is_first = b->first == 0, is_last = b->first + b->k == b->row;
    const float *add = is_first ? to->add : to->y; // y may be add: only the first pass finds it
    int blocks = (t->oc + CONV_BLOCK - 1) / CONV_BLOCK;

    for (int m = 0; m < t->oc; m += CONV_BLOCK) {
        int channels = t->oc - m < CONV_BLOCK ? t->oc - m : CONV_BLOCK;
        ptrdiff_t plane = (ptrdiff_t)t->out_plane * N16_LANES * m;
        ptrdiff_t ahead = m / CONV_BLOCK * ((b->k + blocks - 1) / blocks);
        struct tile tile = {.x = b->x,
                            .off = b->off,
                            .x_step = b->x_step,
                            .k = b->k,
                            .w = packed + m * (ptrdiff_t)b->row + (ptrdiff_t)b->first * channels,
                            .w_stride = channels,
                            .y = to->y + plane,
                            .y_plane = (ptrdiff_t)t->out_plane * N16_LANES,
                            .bias = to->bias && is_first ? to->bias + m : no_bias,
                            .add = add ? add + plane : NULL,
                            .low = is_last ? to->low : -__builtin_inff(),
                            .high = is_last ? to->high : __builtin_inff(),
                            .ahead = b->next_x,
                            .ahead_step = b->next_step,
                            .ahead_each = b->k,
                            .fetches_y = b->fetches_y};

        if (b->next && ahead < b->k) {
            tile.ahead += ahead * b->next_step;
            tile.ahead_each = blocks;
        }
        run_block(b, tile, channels);
    }
}

static int is_far(const struct walk *t)
{
    return t->out_plane * (size_t)t->oc * N16_LANES * sizeof(float) > L2_SHARE;
}

static void copy_pixels(const struct band *b, const float *x, ptrdiff_t plane, float *to)
{
    for (int c = 0; c < b->k; c++, x += plane, to += b->x_step)
        for (int p = 0; p < b->pixels; p++)
            for (int lane = 0; lane < N16_LANES; lane += VF)
                vf_store(to + p * N16_LANES + lane, vf_load(x + b->next[p] + lane));
}

// 1x1: bands of pixels, wherever in the picture they lie.
static void run_pointwise(const struct walk *t, const float *source, const float *packed,
                          const struct target *to, void *scratch)
{
    struct walk_plan p = walk_plan_pointwise(t);
    int pixels = t->y.size * t->x.size;
    ptrdiff_t *in = walk_tables(&p, scratch), *out = in + pixels, *packed_in = out + pixels;
    ptrdiff_t plane = (ptrdiff_t)t->y.source * t->x.source * N16_LANES;
    const float *x = source + (p.low_y * p.padded_w + p.low_x) * N16_LANES;

    walk_pixels(t, &p, 0, t->y.size, in, out);
    for (int i = 0; i < p.pixels; i++)
        packed_in[i] = i * N16_LANES;
    for (int c0 = 0; c0 < t->c; c0 += p.channels)
        for (int first = 0; first < pixels; first += p.pixels) {
            int rest = pixels - first;
            struct band b = {.walk = t,
                             .x = x + c0 * plane,
                             .in = in + first,
                             .out = out + first,
                             .x_step = (ptrdiff_t)p.plane * N16_LANES,
                             .pixels = rest < p.pixels ? rest : p.pixels,
                             .k = t->c - c0 < p.channels ? t->c - c0 : p.channels,
                             .first = c0,
                             .row = t->c,
                             .next = in + first,
                             .next_x = x + c0 * plane,
                             .next_step = plane,
                             .fetches_y = is_far(t)};

            if (p.is_padded) {
                copy_pixels(&b, b.x, plane, scratch);
                b.x = scratch;
                b.in = packed_in;
            }
            // A shorter next band fetches a few of the next table's offsets too: no harm.
            b.next = rest > p.pixels ? in + first + p.pixels : NULL;
            run_band(&b, packed, to);
        }
}

static void run_taps(const struct walk *t, const float *source, const float *packed,
                     const struct target *to, void *scratch)
{
    struct walk_plan p = walk_plan(t);
    float *copy = scratch;
    ptrdiff_t *off = walk_tables(&p, scratch);
    ptrdiff_t *in = off + p.channels * p.taps;
    ptrdiff_t *out = in + p.rows * t->x.size;

    fill_offsets(t, &p, p.channels, off);
    for (int c0 = 0; c0 < t->c; c0 += p.channels)
        for (int row0 = 0; row0 < t->y.size; row0 += p.rows) {
            int rows = t->y.size - row0 < p.rows ? t->y.size - row0 : p.rows;
            int channels = t->c - c0 < p.channels ? t->c - c0 : p.channels;
            struct band b = {.walk = t,
                             .x = copy,
                             .off = off,
                             .in = in,
                             .out = out,
                             .pixels = rows * t->x.size,
                             .k = channels * p.taps,
                             .first = c0 * p.taps,
                             .row = t->c * p.taps,
                             .fetches_y = is_far(t)};

            walk_pixels(t, &p, row0, rows, in, out);
            if (p.is_padded)
                walk_copy_source(t, &p, source, c0, channels, row0, rows, copy);
            else
                b.x = source + ((size_t)c0 * p.plane +
                                (size_t)((row0 * t->y.in_step + p.low_y) * p.padded_w + p.low_x)) *
                                   N16_LANES;
            run_band(&b, packed, to);
        }
}

static void run_walk(const struct walk *t, const float *source, const float *packed,
                     const struct target *to, void *scratch)
{
    if (walk_is_pointwise(t))
        run_pointwise(t, source, packed, to, scratch);
    else
        run_taps(t, source, packed, to, scratch);
}

void N16(conv2d_f32)(const struct conv2d *v, const float *x, const float *packed,
                     const struct epilogue *e, float *y, void *scratch)
{
    struct walk t = conv2d_walk_forward(v);
    size_t group_x = (size_t)(v->h * v->w) * (size_t)t.c * N16_LANES;
    size_t group_y = t.out_plane * (size_t)t.oc * N16_LANES;
    size_t group_w = conv2d_weight_count(v) / (size_t)v->groups;

    if (is_depthwise(v)) {
        N16(depthwise_f32)(v, x, packed, e, y);
        return;
    }
    for (int g = 0; g < v->groups; g++) {
        struct target to = {.y = y + (size_t)g * group_y,
                            .bias = e && e->bias ? e->bias + g * t.oc : NULL,
                            .add = e && e->add ? e->add + (size_t)g * group_y : NULL,
                            .low = e ? e->low : -__builtin_inff(),
                            .high = e ? e->high : __builtin_inff()};

        run_walk(&t, x + (size_t)g * group_x, packed + (size_t)g * group_w, &to, scratch);
    }
}

// A phase that no tap reaches.
static void clear_phase(const struct walk *t, float *dx)
{
    for (int m = 0; m < t->oc; m++, dx += t->out_plane * N16_LANES)
        for (int r = 0; r < t->y.size; r++)
            for (int c = 0; c < t->x.size; c++) {
                int y = r * t->y.out_step + t->y.out_first;
                int x = c * t->x.out_step + t->x.out_first;

                memset(dx + (size_t)(y * t->out_w + x) * N16_LANES, 0, N16_LANES * sizeof(float));
            }
}

void N16(conv2d_f32_backward_data)(const struct conv2d *v, const float *dy, const float *packed,
                                   int accumulate, float *dx, void *scratch)
{
    if (is_depthwise(v)) {
        N16(depthwise_f32_backward_data)(v, dy, packed, accumulate, dx);
        return;
    }
    for (int i = 0; i < v->stride_h * v->stride_w; i++) {
        struct walk t = conv2d_walk_backward(v, i / v->stride_w, i % v->stride_w);
        size_t group_dy = (size_t)(v->oh * v->ow) * (size_t)t.c * N16_LANES;
        size_t group_dx = t.out_plane * (size_t)t.oc * N16_LANES;
        size_t group_w = (size_t)t.c * (size_t)t.oc * (size_t)(t.y.count * t.x.count);

        for (int g = 0; g < v->groups; g++, packed += group_w) {
            struct target to = {
                .y = dx + (size_t)g * group_dx, .low = -__builtin_inff(), .high = __builtin_inff()};

            to.add = accumulate ? to.y : NULL;
            if (group_w > 0)
                run_walk(&t, dy + (size_t)g * group_dy, packed, &to, scratch);
            else if (!accumulate)
                clear_phase(&t, to.y);
        }
    }
}
