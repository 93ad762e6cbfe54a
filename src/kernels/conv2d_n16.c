// Direct convolution, forward and gradient by the input, both as walks (conv2d_internal.h): a
// register tile of output channels by pixels runs over the list of (source offset, weights).
// x: (C, H, W, 16), w: (OC, C/G, KH, KW), y: (OC, OH, OW, 16)
#include "kernels/conv2d_internal.h"
#include "kernels/n16_internal.h"

#include <string.h>

// One tile: `k` steps of x[pixel] + off[step] times w + step * w_stride.
struct tile {
    const float *x;
    const ptrdiff_t *in;  // source offset of each pixel of the tile
    const ptrdiff_t *out; // target offset of each pixel
    const ptrdiff_t *off;
    ptrdiff_t k;
    const float *w;
    ptrdiff_t w_stride;
    float *y;
    ptrdiff_t y_plane;
    const float *bias; // NULL: 0
    int accumulate;    // start from y
};

// The accumulators must stay in registers: MR * NR + NR + 1 of 32 (AVX-512) or 16.
ALWAYS_INLINE void tile_run(const struct tile *tile, const int mr, const int nr)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const float *x[8], *w = t->w;
        vf sum[8][8];

        UNROLL
        for (int j = 0; j < nr; j++)
            x[j] = t->x + t->in[j] + lane;
        if (t->accumulate) {
            UNROLL
            for (int i = 0; i < mr; i++) {
                UNROLL
                for (int j = 0; j < nr; j++)
                    sum[i][j] = vf_load(t->y + i * t->y_plane + t->out[j] + lane);
            }
        } else {
            UNROLL
            for (int i = 0; i < mr; i++) {
                vf bias = vf_set(t->bias ? t->bias[i] : 0);

                UNROLL
                for (int j = 0; j < nr; j++)
                    sum[i][j] = bias;
            }
        }
        for (ptrdiff_t k = 0; k < t->k; k++, w += t->w_stride) {
            ptrdiff_t off = t->off[k];
            vf v[8];

            UNROLL
            for (int j = 0; j < nr; j++)
                v[j] = vf_load(x[j] + off);
            UNROLL
            for (int i = 0; i < mr; i++) {
                vf b = vf_set(w[i]);

                UNROLL
                for (int j = 0; j < nr; j++)
                    sum[i][j] += b * v[j];
            }
        }
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                vf_store(t->y + i * t->y_plane + t->out[j] + lane, sum[i][j]);
        }
    }
}

#define TILE(mr, nr)                                                                               \
    static void tile_##mr##x##nr(const struct tile *t)                                             \
    {                                                                                              \
        tile_run(t, mr, nr);                                                                       \
    }

struct tile_shape {
    int pixels;
    void (*run)(const struct tile *t);
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

// A band of a walk: rows row0.. of all columns, source channels c0...
struct band {
    const struct walk *walk;
    const float *x;
    const ptrdiff_t *off, *in, *out;
    int pixels, k;
};

// One block of up to 8 output channels, packed together, over the pixels of a band.
static void run_block(const struct band *b, struct tile t, int channels)
{
    for (int done = 0, mr; done < channels; done += mr) {
        const struct tile_shape *shape = tiles_for(channels - done, &mr);

        for (int p = 0; p < b->pixels; p += shape->pixels) {
            while (p + shape->pixels > b->pixels)
                shape++;
            t.in = b->in + p;
            t.out = b->out + p;
            shape->run(&t);
        }
        t.w += mr;
        t.y += mr * t.y_plane;
        t.bias = t.bias ? t.bias + mr : NULL;
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

// The epilogue on `channels` planes from the plane y on.
static void finish_block(const struct band *b, const struct epilogue *e, float *y, const float *add,
                         int channels)
{
    for (int i = 0; i < channels; i++) {
        size_t at = (size_t)i * b->walk->out_plane * N16_LANES + (size_t)b->out[0];

        finish_sums(e, (size_t)b->pixels * N16_LANES, add ? add + at : NULL, y + at);
    }
}

struct target {
    float *y;
    const struct epilogue *epilogue; // NULL: none
    const float *bias, *add;
    int accumulate;
};

static void run_band(const struct band *b, const struct walk_plan *p, const float *packed, int c0,
                     const struct target *to)
{
    const struct walk *t = b->walk;
    ptrdiff_t row = (ptrdiff_t)t->c * p->taps;
    int is_last = c0 * p->taps + b->k == row;

    for (int m = 0; m < t->oc; m += CONV_BLOCK) {
        int channels = t->oc - m < CONV_BLOCK ? t->oc - m : CONV_BLOCK;
        size_t plane = (size_t)m * t->out_plane * N16_LANES;
        struct tile tile = {.x = b->x,
                            .off = b->off,
                            .k = b->k,
                            .w = packed + m * row + (ptrdiff_t)c0 * p->taps * channels,
                            .w_stride = channels,
                            .y = to->y + plane,
                            .y_plane = (ptrdiff_t)t->out_plane * N16_LANES,
                            .bias = to->bias ? to->bias + m : NULL,
                            .accumulate = to->accumulate || c0 > 0};

        run_block(b, tile, channels);
        if (is_last && to->epilogue)
            finish_block(b, to->epilogue, to->y + plane, to->add ? to->add + plane : NULL,
                         channels);
    }
}

static void run_walk(const struct walk *t, const float *source, const float *packed,
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
            struct band b = {.walk = t, .x = copy, .off = off, .in = in, .out = out};

            b.pixels = rows * t->x.size;
            b.k = channels * p.taps;
            walk_pixels(t, &p, row0, rows, in, out);
            if (p.is_padded)
                walk_copy_source(t, &p, source, c0, channels, row0, rows, copy);
            else
                b.x = source + ((size_t)c0 * p.plane +
                                (size_t)((row0 * t->y.in_step + p.low_y) * p.padded_w + p.low_x)) *
                                   N16_LANES;
            run_band(&b, &p, packed, c0, to);
        }
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
                            .epilogue = has_clamp(e) ? e : NULL,
                            .bias = e && e->bias ? e->bias + g * t.oc : NULL,
                            .add = e && e->add ? e->add + (size_t)g * group_y : NULL};

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
            struct target to = {.y = dx + (size_t)g * group_dx, .accumulate = accumulate};

            if (group_w > 0)
                run_walk(&t, dy + (size_t)g * group_dy, packed, &to, scratch);
            else if (!accumulate)
                clear_phase(&t, to.y);
        }
    }
}
