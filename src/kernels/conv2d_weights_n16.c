// Gradient of a convolution's weights: a register tile of output channels by (input channel, tap)
// runs over the pixels of a band, and sums its lanes at the end of the band, in a fixed order.
// x: (C, H, W, 16), dy: (OC, OH, OW, 16), dw: (OC, C/G, KH, KW)
#include "kernels/conv2d_internal.h"
#include "kernels/n16_internal.h"

struct tile {
    const float *dy;
    ptrdiff_t dy_plane;
    const float *x;
    const ptrdiff_t *off; // source offset of each column of dw
    const ptrdiff_t *in;  // source offset of each pixel
    ptrdiff_t pixels;
    float *dw;
    ptrdiff_t dw_row;
};

typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));

// By halves: 8 + 8, 4 + 4, ... The shuffles are spelt out since gcc would go through memory.
ALWAYS_INLINE float lane_sum(vf v)
{
#if defined(__AVX512F__)
    v8 half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
              __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif defined(__AVX__)
    v8 half = v;
#endif
#if defined(__AVX__)
    v4 s = __builtin_shufflevector(half, half, 0, 1, 2, 3) +
           __builtin_shufflevector(half, half, 4, 5, 6, 7);
#else
    v4 s = v;
#endif

    s += __builtin_shufflevector(s, s, 2, 3, 0, 1);
    s += __builtin_shufflevector(s, s, 1, 0, 3, 2);
    return s[0];
}

ALWAYS_INLINE void tile_run(const struct tile *tile, const int mr, const int nr)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const float *x[9], *dy = t->dy + lane;
        vf sum[4][9];

        UNROLL
        for (int j = 0; j < nr; j++)
            x[j] = t->x + t->off[j] + lane;
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                sum[i][j] = (vf){0};
        }
        for (ptrdiff_t p = 0; p < t->pixels; p++, dy += N16_LANES) {
            ptrdiff_t in = t->in[p];
            vf g[4];

            UNROLL
            for (int i = 0; i < mr; i++)
                g[i] = vf_load(dy + i * t->dy_plane);
            UNROLL
            for (int j = 0; j < nr; j++) {
                vf v = vf_load(x[j] + in);

                UNROLL
                for (int i = 0; i < mr; i++)
                    sum[i][j] += g[i] * v;
            }
        }
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                t->dw[i * t->dw_row + j] += lane_sum(sum[i][j]);
        }
    }
}

#define TILE(mr, nr)                                                                               \
    static void tile_##mr##x##nr(const struct tile *t)                                             \
    {                                                                                              \
        tile_run(t, mr, nr);                                                                       \
    }

struct tile_shape {
    int columns;
    void (*run)(const struct tile *t);
};

#if defined(__AVX512F__)
TILE(4, 6)
TILE(4, 5)
#endif
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
TILE(1, 9)
TILE(1, 3)
TILE(1, 1)

#if defined(__AVX512F__)
static const struct tile_shape tiles_4[] = {
    {6, tile_4x6}, {5, tile_4x5}, {3, tile_4x3}, {2, tile_4x2}, {1, tile_4x1}};
#else
static const struct tile_shape tiles_4[] = {{3, tile_4x3}, {2, tile_4x2}, {1, tile_4x1}};
#endif
static const struct tile_shape tiles_1[] = {{9, tile_1x9}, {3, tile_1x3}, {1, tile_1x1}};

// Columns of dw from the first on, for 4 or 1 output channels.
static void run_columns(struct tile t, const struct tile_shape *shape, int columns, int first)
{
    const ptrdiff_t *off = t.off;
    float *dw = t.dw + first;

    for (int k = 0; k < columns; k += shape->columns) {
        while (k + shape->columns > columns)
            shape++;
        t.off = off + k;
        t.dw = dw + k;
        shape->run(&t);
    }
}

static void fill_tables(const struct walk *t, const struct walk_plan *p, ptrdiff_t *off,
                        ptrdiff_t *in)
{
    for (int c = 0; c < p->channels; c++)
        for (int a = 0; a < t->y.count; a++)
            for (int b = 0; b < t->x.count; b++)
                *off++ = walk_offset(t, p, c, a, b);
    for (int r = 0; r < p->rows; r++)
        for (int c = 0; c < t->x.size; c++)
            *in++ = ((ptrdiff_t)r * t->y.in_step * p->padded_w + c * t->x.in_step) * N16_LANES;
}

// What all groups share.
struct job {
    struct walk walk;
    struct walk_plan plan;
    float *copy;
    ptrdiff_t *off, *in;
};

static void run_band(const struct job *j, struct tile tile, int c0, int channels)
{
    int oc = j->walk.oc, columns = channels * j->plan.taps;

    for (int m = 0, mr; m < oc; m += mr) {
        mr = oc - m >= 4 ? 4 : 1;
        run_columns(tile, mr == 4 ? tiles_4 : tiles_1, columns, c0 * j->plan.taps);
        tile.dy += mr * tile.dy_plane;
        tile.dw += mr * tile.dw_row;
    }
}

static void run_group(const struct job *j, const float *x, const float *dy, float *dw)
{
    const struct walk *t = &j->walk;
    const struct walk_plan *p = &j->plan;
    struct tile tile = {.dy_plane = (ptrdiff_t)t->out_plane * N16_LANES,
                        .off = j->off,
                        .in = j->in,
                        .dw = dw,
                        .dw_row = (ptrdiff_t)t->c * p->taps};

    for (int row0 = 0; row0 < t->y.size; row0 += p->rows)
        for (int c0 = 0; c0 < t->c; c0 += p->channels) {
            int rows = t->y.size - row0 < p->rows ? t->y.size - row0 : p->rows;
            int channels = t->c - c0 < p->channels ? t->c - c0 : p->channels;
            int first = (row0 * t->y.in_step + p->low_y) * p->padded_w + p->low_x;

            tile.pixels = rows * t->x.size;
            tile.dy = dy + (size_t)(row0 * t->x.size) * N16_LANES;
            tile.x = j->copy;
            if (p->is_padded)
                walk_copy_source(t, p, x, c0, channels, row0, rows, j->copy);
            else
                tile.x = x + ((size_t)c0 * p->plane + (size_t)first) * N16_LANES;
            run_band(j, tile, c0, channels);
        }
}

void N16(conv2d_f32_backward_weights)(const struct conv2d *v, const float *x, const float *dy,
                                      float *dw, void *scratch)
{
    struct job j = {.walk = conv2d_walk_forward(v), .copy = scratch};
    size_t group_x = (size_t)(v->h * v->w) * (size_t)j.walk.c * N16_LANES;
    size_t group_dy = j.walk.out_plane * (size_t)j.walk.oc * N16_LANES;
    size_t group_dw = conv2d_weight_count(v) / (size_t)v->groups;

    j.plan = walk_plan_weights(&j.walk);
    j.off = walk_tables(&j.plan, scratch);
    j.in = j.off + j.plan.channels * j.plan.taps;
    fill_tables(&j.walk, &j.plan, j.off, j.in);
    for (int g = 0; g < v->groups; g++)
        run_group(&j, x + (size_t)g * group_x, dy + (size_t)g * group_dy,
                  dw + (size_t)g * group_dw);
}

void N16(bias_f32_backward)(int c, size_t pixels, const float *dy, float *dbias)
{
    for (int i = 0; i < c; i++, dy += pixels * N16_LANES) {
        float lane[N16_LANES] = {0}, sum = 0;

        for (size_t p = 0; p < pixels; p++)
            for (int l = 0; l < N16_LANES; l++)
                lane[l] += dy[p * N16_LANES + (size_t)l];
        for (int l = 0; l < N16_LANES; l++)
            sum += lane[l];
        dbias[i] += sum;
    }
}
