// Winograd's convolution F(4x4, 3x3) (Lavin, Gray 2016): per block of tiles the inputs are
// transformed (vertical adds, as lanes are samples), multiplied at each of 36 points, and the sums
// transformed back with bias, addend and clamp. Cut and layouts: conv2d_winograd_internal.h.
#include "kernels/conv2d_winograd_internal.h"
#include "kernels/n16_internal.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

// Whether a column lies inside the image, and loads of it or zeros.
#if defined(__AVX512F__)
typedef __mmask16 inside_mask;
ALWAYS_INLINE vf load_inside(inside_mask is_inside, const float *p)
{
    return (vf)_mm512_maskz_load_ps(is_inside, p);
}
#else
typedef unsigned char inside_mask;
ALWAYS_INLINE vf load_inside(inside_mask is_inside, const float *p)
{
    return is_inside ? vf_load(p) : (vf){0};
}
#endif

// Two of the six values of the input transform from six inputs: at 0 and infinity, at +-a, at +-b.
ALWAYS_INLINE void input_pair(const int pair, const vf d[6], vf out[2])
{
    const float a2 = WINO_A * WINO_A, b2 = WINO_B * WINO_B;

    if (pair == 0) {
        out[0] = d[0] * (a2 * b2) + (d[4] - d[2] * (a2 + b2));
        out[1] = d[1] * (a2 * b2) + (d[5] - d[3] * (a2 + b2));
    } else {
        const float root = pair == 1 ? WINO_A : WINO_B, other = pair == 1 ? b2 : a2;
        vf even = d[4] - d[2] * other, odd = d[3] - d[1] * other;

        out[0] = even + odd * root;
        out[1] = even - odd * root;
    }
}

// Planes lie far apart, so that the processor does not see where the next lines will be.
ALWAYS_INLINE void prefetch_four(const float *p)
{
    UNROLL
    for (int i = 0; i < 4; i++)
        __builtin_prefetch(p + i * N16_LANES);
}

// Two columns of the transformed tile: along the six source rows first, then down each column.
ALWAYS_INLINE void input_columns(const int pair, const float *const row[6],
                                 const inside_mask is_inside[6], float *to, ptrdiff_t point)
{
    vf across[2][6];

    UNROLL
    for (int i = 0; i < WINO_IN; i++) {
        vf d[6], out[2];

        UNROLL
        for (int j = 0; j < WINO_IN; j++)
            d[j] = load_inside(is_inside[j], row[i] + j * N16_LANES);
        input_pair(pair, d, out);
        across[0][i] = out[0];
        across[1][i] = out[1];
    }
    UNROLL
    for (int k = 0; k < 2; k++) {
        float *column = to + (pair == 0 ? k * 5 : 2 * pair - 1 + k) * point;
        vf out[3][2];

        UNROLL
        for (int down = 0; down < 3; down++)
            input_pair(down, across[k], out[down]);
        vf_store(column, out[0][0]);
        vf_store(column += WINO_IN * point, out[1][0]);
        vf_store(column += WINO_IN * point, out[1][1]);
        vf_store(column += WINO_IN * point, out[2][0]);
        vf_store(column += WINO_IN * point, out[2][1]);
        vf_store(column += WINO_IN * point, out[0][1]);
    }
}

// `next` is the plane whose turn is next.
static void input_tile(const float *plane, const float *next, ptrdiff_t row_step,
                       const struct winograd_tile *t, float *to, ptrdiff_t point)
{
    static const float zeros[WINO_IN * N16_LANES] __attribute__((aligned(64)));
    const float *row[WINO_IN];
    inside_mask is_inside[WINO_IN];

    UNROLL
    for (int i = 0; i < WINO_IN; i++) {
        ptrdiff_t at = t->x + i * row_step;

        row[i] = i >= t->row0 && i < t->row1 ? plane + at : zeros;
        is_inside[i] = (inside_mask)t->is_inside[i];
        if (i >= t->row0 && i < t->row1)
            prefetch_four(next + (at + N16_LANES));
    }
    for (int lane = 0; lane < N16_LANES; lane += VF) {
        input_columns(0, row, is_inside, to + lane, point);
        input_columns(1, row, is_inside, to + lane, point);
        input_columns(2, row, is_inside, to + lane, point);
        UNROLL
        for (int i = 0; i < WINO_IN; i++)
            row[i] += VF;
    }
}

static void transform_inputs(const struct conv2d *v, const struct winograd_plan *p, const float *x,
                             const struct winograd_tile *tile, int tiles, float *to)
{
    size_t plane = (size_t)v->h * (size_t)v->w * N16_LANES;

    for (int c = 0; c < p->c; c++, x += plane)
        for (int i = 0; i < tiles; i++) {
            const struct winograd_tile *t = &tile[i];
            int line = t->first * p->c + c * t->width + t->at;

            input_tile(x, c + 1 < p->c ? x + plane : x, (ptrdiff_t)v->w * N16_LANES, t,
                       to + (size_t)line * N16_LANES, (ptrdiff_t)p->v_point);
        }
}

#if defined(__AVX512F__)
enum { ROWS = 8 };
#else
enum { ROWS = 4 };
#endif

// One panel of tiles at one point: sums[blocks * 8][nr] = w[blocks][c][8] x[c][nr].
struct product {
    const float *x, *w;
    int c, blocks;
    float *sums;
};

// ROWS output channels. The accumulators must stay in registers: ROWS * nr + nr + 1 of 32 (AVX-512)
// or 16.
ALWAYS_INLINE void multiply_rows(const struct product *p, const float *weight, const int lane,
                                 float *sums, const int nr)
{
    const float *x = p->x + lane;
    ptrdiff_t next = (ptrdiff_t)p->c * CONV_BLOCK; // weights come from far away: the next block's
    vf sum[ROWS][WINO_PANEL];

    UNROLL
    for (int i = 0; i < ROWS; i++) {
        UNROLL
        for (int j = 0; j < nr; j++)
            sum[i][j] = (vf){0};
    }
    for (int k = 0; k < p->c; k++, x += nr * N16_LANES, weight += CONV_BLOCK) {
        vf v[WINO_PANEL];

        __builtin_prefetch(weight + next);
        UNROLL
        for (int j = 0; j < nr; j++)
            v[j] = vf_load(x + j * N16_LANES);
        UNROLL
        for (int i = 0; i < ROWS; i++) {
            vf broadcast = vf_set(weight[i]);

            UNROLL
            for (int j = 0; j < nr; j++)
                sum[i][j] += broadcast * v[j];
        }
    }
    UNROLL
    for (int i = 0; i < ROWS; i++) {
        UNROLL
        for (int j = 0; j < nr; j++)
            vf_store(sums + (i * nr + j) * N16_LANES, sum[i][j]);
    }
}

ALWAYS_INLINE void multiply(const struct product *product, const int nr)
{
    const struct product p = *product; // no store can alias a local
    const float *w = p.w;
    float *sums = p.sums;

    for (int b = 0; b < p.blocks; b++, w += p.c * CONV_BLOCK)
        for (int row = 0; row < CONV_BLOCK; row += ROWS, sums += ROWS * nr * N16_LANES)
            for (int lane = 0; lane < N16_LANES; lane += VF)
                multiply_rows(&p, w + row, lane, sums + lane, nr);
}

#define MULTIPLY(nr)                                                                               \
    static void multiply_##nr(const struct product *p)                                             \
    {                                                                                              \
        multiply(p, nr);                                                                           \
    }
MULTIPLY(1)
MULTIPLY(2)
MULTIPLY(3)

static void (*const multiply_by[])(const struct product *p) = {multiply_1, multiply_2, multiply_3};

static void multiply_points(const struct winograd_plan *p, const float *x, const float *packed,
                            const struct winograd_tile *tile, int tiles, int blocks, float *sums)
{
    ptrdiff_t rows = (ptrdiff_t)blocks * CONV_BLOCK;

    for (int i = 0; i < WINO_POINTS; i++)
        for (int t = 0; t < tiles; t += tile[t].width) {
            struct product product = {.x = x + (size_t)i * p->v_point +
                                           (ptrdiff_t)t * p->c * N16_LANES,
                                      .w = packed + (size_t)i * p->packed_point,
                                      .c = p->c,
                                      .blocks = blocks,
                                      .sums = sums + (size_t)i * p->m_point + t * rows * N16_LANES};

            multiply_by[tile[t].width - 1](&product);
        }
}

// Outputs `half` and `half` + 2 of four from six sums.
ALWAYS_INLINE void output_half(const int half, const vf m[6], vf out[2])
{
    const float a = WINO_A, b = WINO_B;

    if (half == 0) {
        vf by_a = m[1] + m[2], by_b = m[3] + m[4];

        out[0] = m[0] + by_a + by_b;
        out[1] = by_a * (a * a) + by_b * (b * b);
    } else {
        vf by_a = m[1] - m[2], by_b = m[3] - m[4];

        out[0] = by_a * a + by_b * b;
        out[1] = by_a * (a * a * a) + (by_b * (b * b * b) + m[5]);
    }
}

struct finish {
    vf bias, low, high;
    const float *add; // at the tile's first output, NULL: none
    float *y;
    ptrdiff_t row_step; // floats
};

ALWAYS_INLINE void store_row(const struct finish *f, int row, int cols, const vf m[6])
{
    ptrdiff_t at = row * f->row_step;
    vf even[2], odd[2];

    output_half(0, m, even);
    output_half(1, m, odd);
    UNROLL
    for (int i = 0; i < WINO_OUT; i++, at += N16_LANES) {
        vf y = (i % 2 ? odd : even)[i / 2] + f->bias;

        if (i >= cols)
            break;
        if (f->add)
            y += vf_load(f->add + at);
        vf_store(f->y + at, vf_clamp(y, f->low, f->high));
    }
}

// Rows half and half + 2 of a tile.
ALWAYS_INLINE void output_rows(const int half, const struct finish *f,
                               const struct winograd_tile *t, const float *sums, size_t point)
{
    vf down[2][6];

    if (half >= t->out_rows)
        return;
    UNROLL
    for (int j = 0; j < WINO_IN; j++) {
        vf m[6], out[2];

        UNROLL
        for (int i = 0; i < WINO_IN; i++)
            m[i] = vf_load(sums + (size_t)(i * WINO_IN + j) * point);
        output_half(half, m, out);
        down[0][j] = out[0];
        down[1][j] = out[1];
    }
    store_row(f, half, t->out_cols, down[0]);
    if (half + 2 < t->out_rows)
        store_row(f, half + 2, t->out_cols, down[1]);
}

struct target {
    const struct epilogue *e; // NULL: none
    float *y;
    size_t add; // floats from e->add to the addend of y
    int w;
    size_t plane;
};

static void output_tile(const struct target *to, const struct winograd_tile *t, int m, float bias,
                        const float *sums, size_t point)
{
    ptrdiff_t at = (ptrdiff_t)m * (ptrdiff_t)to->plane + t->y;
    const struct epilogue *e = to->e;

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        struct finish f = {.bias = vf_set(bias),
                           .low = vf_set(e ? e->low : -__builtin_inff()),
                           .high = vf_set(e ? e->high : __builtin_inff()),
                           .add = e && e->add ? e->add + to->add + at + lane : NULL,
                           .y = to->y + at + lane,
                           .row_step = (ptrdiff_t)to->w * N16_LANES};

        for (int row = 0; lane == 0 && row < t->out_rows; row++)
            prefetch_four(f.y + (ptrdiff_t)to->plane + row * f.row_step);
        output_rows(0, &f, t, sums + lane, point);
        output_rows(1, &f, t, sums + lane, point);
    }
}

// Output channels first.. of the sums.
static void transform_outputs(const struct winograd_plan *p, const struct target *to,
                              const float *bias, int first, int blocks,
                              const struct winograd_tile *tile, int tiles, const float *sums)
{
    int end = first + blocks * CONV_BLOCK < p->oc ? first + blocks * CONV_BLOCK : p->oc;

    for (int m = first; m < end; m++)
        for (int i = 0; i < tiles; i++) {
            const struct winograd_tile *t = &tile[i];
            int line = t->first * blocks * CONV_BLOCK + (m - first) * t->width + t->at;

            output_tile(to, t, m, bias ? bias[m] : 0, sums + (size_t)line * N16_LANES, p->m_point);
        }
}

static void run_group(const struct conv2d *v, const struct winograd_plan *p, const float *x,
                      const float *packed, const float *bias, const struct target *to,
                      float *scratch)
{
    struct winograd_tile *tile = (struct winograd_tile *)(void *)scratch;
    float *inputs = scratch + p->v_first, *sums = scratch + p->m_first;

    for (int first = 0; first < p->tiles; first += p->block_tiles) {
        int tiles = winograd_tiles(v, p, first, tile);

        transform_inputs(v, p, x, tile, tiles, inputs);
        for (int b = 0; b < p->oc_blocks; b += p->block_oc) {
            int blocks = p->oc_blocks - b < p->block_oc ? p->oc_blocks - b : p->block_oc;

            multiply_points(p, inputs, packed + (size_t)b * CONV_BLOCK * (size_t)p->c, tile, tiles,
                            blocks, sums);
            transform_outputs(p, to, bias, b * CONV_BLOCK, blocks, tile, tiles, sums);
        }
    }
}

void N16(conv2d_f32_winograd)(const struct conv2d *v, const float *x, const float *packed,
                              const struct epilogue *e, float *y, void *scratch)
{
    struct winograd_plan p = winograd_plan(v);
    size_t plane = (size_t)v->oh * (size_t)v->ow * N16_LANES;
    size_t group_x = (size_t)v->h * (size_t)v->w * (size_t)p.c * N16_LANES;
    size_t group_y = plane * (size_t)p.oc;

    for (int g = 0; g < v->groups; g++) {
        struct target to = {e, y + (size_t)g * group_y, (size_t)g * group_y, v->ow, plane};

        run_group(v, &p, x + (size_t)g * group_x, packed + (size_t)g * WINO_POINTS * p.packed_point,
                  e && e->bias ? e->bias + g * p.oc : NULL, &to, scratch);
    }
}
