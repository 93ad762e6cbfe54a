// Winograd's convolution as an algorithm: when it applies, what it costs, how its weights are
// packed. The kernel is conv2d_winograd_n16.c.
#include "kernels/conv2d_winograd_internal.h"

#include <math.h>
#include <string.h>

// Transformed inputs and sums of a block, in bytes, of an L2 of 1 to 2 MB that the weights stream
// through.
enum { INPUT_BYTES = 320 * 1024, SUM_BYTES = 960 * 1024, MIN_TILES = 4, MAX_TILES = 12 };

// Lines of 16 floats, an odd number so that the points do not share cache sets.
static size_t point_floats(size_t lines)
{
    return (lines | 1) * N16_LANES;
}

// Panels of 3, but 2 and 2 rather than 3 and 1.
static int panel_width(int rest)
{
    return rest == 4 || rest < WINO_PANEL ? (rest > 1 ? 2 : 1) : WINO_PANEL;
}

// Time of a block in that of one tile, as measured: reading the weights, and narrower panels.
static double block_cost(int tiles)
{
    double cost = 0.2;

    for (int width; tiles > 0; tiles -= width) {
        width = panel_width(tiles);
        cost += width + (width == 1 ? 0.6 : width == 2 ? 0.1 : 0);
    }
    return cost;
}

// Tiles of a block: at most `fit`, more only where L2 holds not even MIN_TILES.
static int choose_tiles(int tiles, int fit)
{
    double least = INFINITY;
    int best = 1;

    for (int t = 1; t <= clamp_int(fit, MIN_TILES, MAX_TILES) && t <= tiles; t++) {
        double cost = tiles / t * block_cost(t) + (tiles % t ? block_cost(tiles % t) : 0);

        if (cost < least) {
            least = cost;
            best = t;
        }
    }
    return best;
}

struct winograd_plan winograd_plan(const struct conv2d *v)
{
    struct winograd_plan p = {.c = v->c / v->groups, .oc = v->oc / v->groups};
    long long tile_bytes = (long long)WINO_POINTS * N16_LANES * (long long)sizeof(float);
    long long fit;

    p.tiles_x = divide_up(v->ow, WINO_OUT);
    p.tiles = p.tiles_x * divide_up(v->oh, WINO_OUT);
    p.oc_blocks = divide_up(p.oc, CONV_BLOCK);
    p.block_tiles = choose_tiles(p.tiles, (int)(INPUT_BYTES / (tile_bytes * p.c)));
    fit = SUM_BYTES / (tile_bytes * CONV_BLOCK * p.block_tiles);
    p.block_oc = even_parts(p.oc_blocks, clamp_int((int)fit, 1, p.oc_blocks));
    p.v_point = point_floats((size_t)p.c * (size_t)p.block_tiles);
    p.m_point = point_floats((size_t)p.block_oc * CONV_BLOCK * (size_t)p.block_tiles);
    p.packed_point = (size_t)p.oc_blocks * CONV_BLOCK * (size_t)p.c;
    p.v_first = ((size_t)p.block_tiles * sizeof(struct winograd_tile) + 63) / 64 * N16_LANES;
    p.m_first = p.v_first + WINO_POINTS * p.v_point;
    return p;
}

static size_t scratch_bytes(const struct conv2d *v)
{
    struct winograd_plan p = winograd_plan(v);

    return (p.m_first + WINO_POINTS * p.m_point) * sizeof(float);
}

// Of the 6 source positions from `at` on, those inside 0..size.
static void inside(int at, int size, int *first, int *end)
{
    *first = clamp_int(-at, 0, WINO_IN);
    *end = clamp_int(size - at, *first, WINO_IN);
}

int winograd_tiles(const struct conv2d *v, const struct winograd_plan *p, int first,
                   struct winograd_tile *tile)
{
    int count = p->tiles - first < p->block_tiles ? p->tiles - first : p->block_tiles;

    for (int i = 0, start = 0, width = panel_width(count); i < count; i++) {
        int row = (first + i) / p->tiles_x * WINO_OUT, col = (first + i) % p->tiles_x * WINO_OUT;
        int source_row = row - v->pad_top, source_col = col - v->pad_left;
        struct winograd_tile *t = &tile[i];
        int col0, col1;

        if (i == start + width) {
            start = i;
            width = panel_width(count - i);
        }
        *t = (struct winograd_tile){.x = ((ptrdiff_t)source_row * v->w + source_col) * N16_LANES,
                                    .y = ((ptrdiff_t)row * v->ow + col) * N16_LANES,
                                    .out_rows = clamp_int(v->oh - row, 1, WINO_OUT),
                                    .out_cols = clamp_int(v->ow - col, 1, WINO_OUT),
                                    .first = start,
                                    .at = i - start,
                                    .width = width};
        inside(source_row, v->h, &t->row0, &t->row1);
        inside(source_col, v->w, &col0, &col1);
        for (int j = col0; j < col1; j++)
            t->is_inside[j] = UINT16_MAX;
    }
    return count;
}

static int accepts(const struct conv2d *v, const float *weight)
{
    (void)weight;
    return v->kh == 3 && v->kw == 3 && v->stride_h == 1 && v->stride_w == 1 && v->dilation_h == 1 &&
           v->dilation_w == 1 && v->c / v->groups >= 4 && v->oc / v->groups >= 4;
}

// In dense multiply-accumulates: the 36 products, and per tile and channel the two transforms.
static double cost(const struct kernels *kernels, const struct conv2d *v, const float *weight)
{
    struct winograd_plan p = winograd_plan(v);
    double oc = (double)p.oc_blocks * CONV_BLOCK, each = WINO_POINTS * oc * p.c;

    (void)kernels;
    (void)weight;
    return (1.1 * each + 280 * (p.c + oc)) * p.tiles * v->groups;
}

static size_t packed_bytes(const struct conv2d *v, const float *weight)
{
    struct winograd_plan p = winograd_plan(v);

    (void)weight;
    return WINO_POINTS * p.packed_point * (size_t)v->groups * sizeof(float);
}

// Eight output channels at a time: vectors as every processor has them.
typedef float v4 __attribute__((vector_size(16), aligned(16)));
enum { V4S = CONV_BLOCK / 4 };

// out[i * out_step] for the six points from three weights w[i * step].
static void transform_weights(const v4 *w, int step, v4 *out, int out_step)
{
    const float a = WINO_A, b = WINO_B, a2 = a * a, b2 = b * b;
    const float by_zero = 1 / (a2 * b2), by_a = 1 / (2 * a2 * (a2 - b2)),
                by_b = 1 / (2 * b2 * (b2 - a2));
    v4 even_a = (w[0] + w[2 * step] * a2) * by_a, odd_a = w[step] * (a * by_a);
    v4 even_b = (w[0] + w[2 * step] * b2) * by_b, odd_b = w[step] * (b * by_b);

    out[0] = w[0] * by_zero;
    out[out_step] = even_a + odd_a;
    out[2 * out_step] = even_a - odd_a;
    out[3 * out_step] = even_b + odd_b;
    out[4 * out_step] = even_b - odd_b;
    out[5 * out_step] = w[2 * step];
}

// One input channel of a block of outputs: w[3][3][8] becomes to[36 points][8].
static void pack_channel(const v4 *w, float *to, size_t point)
{
    v4 rows[3 * WINO_IN], out[WINO_POINTS];

    for (int half = 0; half < V4S; half++) {
        for (int i = 0; i < 3; i++)
            transform_weights(w + 3 * i * V4S + half, V4S, rows + i * WINO_IN, 1);
        for (int i = 0; i < WINO_IN; i++)
            transform_weights(rows + i, WINO_IN, out + i, WINO_IN);
        for (int i = 0; i < WINO_POINTS; i++)
            memcpy(to + (size_t)i * point + (size_t)half * 4, &out[i], sizeof out[i]);
    }
}

static void pack(const struct conv2d *v, const float *weight, void *packed)
{
    struct winograd_plan p = winograd_plan(v);
    size_t row = (size_t)p.c * 9;
    float *to = packed;

    for (int g = 0; g < v->groups; g++, to += (WINO_POINTS - 1) * p.packed_point)
        for (int m = 0; m < p.oc_blocks * CONV_BLOCK; m += CONV_BLOCK) {
            int count = p.oc - m < CONV_BLOCK ? p.oc - m : CONV_BLOCK;
            const float *from = weight + (size_t)(g * p.oc + m) * row;

            for (int c = 0; c < p.c; c++, from += 9, to += CONV_BLOCK) {
                union {
                    float scalar[9][CONV_BLOCK];
                    v4 vector[9 * V4S];
                } w = {{{0}}};

                for (int i = 0; i < count; i++)
                    for (int k = 0; k < 9; k++)
                        w.scalar[k][i] = from[(size_t)i * row + (size_t)k];
                pack_channel(w.vector, to, p.packed_point);
            }
        }
}

static void run(const struct kernels *kernels, const struct conv2d *v, const float *x,
                const void *packed, const struct epilogue *e, float *y, void *scratch)
{
    kernels->conv2d_f32_winograd(v, x, packed, e, y, scratch);
}

// Products of the transformed points.
static double macs(const struct conv2d *v, const float *weight)
{
    struct winograd_plan p = winograd_plan(v);

    (void)weight;
    return (double)WINO_POINTS * p.oc * p.c * p.tiles * v->groups;
}

const struct conv2d_algorithm conv2d_winograd = {.name = "winograd",
                                                 .adds_in_place = 1,
                                                 .is_approximate = 1,
                                                 .accepts = accepts,
                                                 .cost = cost,
                                                 .packed_bytes = packed_bytes,
                                                 .pack = pack,
                                                 .scratch_bytes = scratch_bytes,
                                                 .macs = macs,
                                                 .run = run};
