// Convolution with most weights 0: tiles of the output over panels of the source, and the lists of
// single output channels; see conv2d_sparse.h.
// x: (C, H, W, 16), y: (OC, OH, OW, 16)
#include "kernels/conv2d_sparse_n16.h"

#include "kernels/sizes.h"

// A list's entries here are (offset, weight).
ALWAYS_INLINE void lists_run(const struct lists *lists, const int rows, const int columns)
{
    const struct lists copy = *lists, *t = &copy; // no store can alias a local

    for (const union sparse_word *at = t->first, *end; at < t->end; at = end) {
        int channel = at[0].i;

        end = at + 2 + 2 * (ptrdiff_t)at[1].i;
        fetch_add(t, end, 1, rows, columns);
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            vf sum[2][8];

            sums_begin(t, channel, lane, sum, rows, columns);
            for (const union sparse_word *e = at + 2; e < end; e += 2) {
                const float *x = t->panel + e[0].i + lane;
                vf w = vf_set(e[1].f);

                UNROLL
                for (int r = 0; r < rows; r++) {
                    UNROLL
                    for (int q = 0; q < columns; q++)
                        sum[r][q] += w * vf_load(x + r * t->pitch + q * N16_LANES);
                }
            }
            sums_end(t, channel, lane, sum, rows, columns);
        }
    }
}

#define TILE(rows, columns)                                                                        \
    static void lists_##rows##x##columns(const struct lists *t)                                    \
    {                                                                                              \
        lists_run(t, rows, columns);                                                               \
    }

#if defined(__AVX__)
TILE(2, 7)
#endif
#if defined(__AVX512F__)
TILE(2, 8)
#endif
TILE(1, 8)
TILE(1, 7)
TILE(2, 4)
TILE(1, 4)
TILE(1, 2)
TILE(1, 1)

static const struct sparse_tile tiles[] = {
#if defined(__AVX512F__)
    {2, 8, lists_2x8},
#endif
    {1, 8, lists_1x8},
#if defined(__AVX__)
    {2, 7, lists_2x7},
#endif
    {1, 7, lists_1x7}, {2, 4, lists_2x4}, {1, 4, lists_1x4}, {1, 2, lists_1x2}, {1, 1, lists_1x1},
};

// One row of one phase of a channel's panel, from the source columns `at`, `at` + stride...
static void copy_border(const struct panel_axis *a, const float *row, int at, float *to)
{
    for (int i = 0; i < a->phase_size; i++, at += a->stride, to += N16_LANES) {
        int is_inside = row && at >= 0 && at < a->source;

        for (int lane = 0; lane < N16_LANES; lane += VF)
            vf_store(to + lane,
                     is_inside ? vf_load(row + (ptrdiff_t)at * N16_LANES + lane) : (vf){0});
    }
}

ALWAYS_INLINE void copy_inside(const float *from, ptrdiff_t step, ptrdiff_t ahead, int n, float *to)
{
    for (int i = 0; i < n; i++, from += step, to += N16_LANES) {
        __builtin_prefetch(from + ahead, 0, 2);
        for (int lane = 0; lane < N16_LANES; lane += VF)
            vf_store(to + lane, vf_load(from + lane));
    }
}

static void copy_row(const struct panel_axis *a, const float *row, int at, ptrdiff_t ahead,
                     float *to)
{
    if (!row || at < 0 || at + (a->phase_size - 1) * a->stride >= a->source)
        copy_border(a, row, at, to);
    else if (a->stride == 1)
        copy_inside(row + at * N16_LANES, N16_LANES, ahead, a->phase_size, to);
    else
        copy_inside(row + at * N16_LANES, (ptrdiff_t)a->stride * N16_LANES, ahead, a->phase_size,
                    to);
}

// The source of the tile at output (y0, x0), channels from `x` on.
static void fill_panel(const struct sparse_plan *p, const float *x, int channels, int y0, int x0,
                       float *to)
{
    int top = y0 * p->y.stride - p->y.pad, left = x0 * p->x.stride - p->x.pad;
    ptrdiff_t pitch = (ptrdiff_t)p->x.source * N16_LANES;
    ptrdiff_t ahead = x0 + p->x.tile < p->x.outputs
                          ? (ptrdiff_t)p->x.tile * p->x.stride * N16_LANES
                          : p->y.tile * p->y.stride * pitch - x0 * p->x.stride * N16_LANES;

    for (int c = 0; c < channels; c++, x += p->y.source * pitch)
        for (int i = 0; i < p->y.phases * p->y.phase_size; i++) {
            int at = top + i / p->y.phase_size + i % p->y.phase_size * p->y.stride;
            const float *row = at >= 0 && at < p->y.source ? x + at * pitch : NULL;

            for (int phase = 0; phase < p->x.phases; phase++) {
                copy_row(&p->x, row, left + phase, ahead, to);
                to += p->x.phase_size * N16_LANES;
            }
        }
}

static const struct sparse_tile *tile_within(const struct sparse_tile *tile, int rows, int columns)
{
    while (tile->columns > columns || tile->rows > rows)
        tile++;
    return tile;
}

// Register tiles over `rows` x `columns` outputs of a tile.
static void run_tile(const struct sparse_tile *by, const struct lists *whole, int rows, int columns)
{
    const struct sparse_tile *tile;

    for (int q = 0, step; q < columns; q += step) {
        step = tile_within(by, 1, columns - q)->columns;
        for (int r = 0; r < rows; r += tile->rows) {
            struct lists part = *whole;

            tile = tile_within(by, rows - r, step);
            part.panel += r * part.pitch + q * N16_LANES;
            part.sums += r * part.sums_pitch + q * N16_LANES;
            part.y += r * part.y_pitch + q * N16_LANES;
            part.add = part.add ? part.add + r * part.y_pitch + q * N16_LANES : NULL;
            tile->run(&part);
        }
    }
}

struct walked {
    const struct sparse_plan *plan;
    const struct sparse_tile *tiles;
    const union sparse_word *words, *start; // start: of each block of the group
    const float *x;                         // of the group
};

// One tile at output (y0, x0): all blocks of channels after each other. `t` is at output (0, 0).
static void walk_tile(const struct walked *w, struct lists t, int y0, int x0, float *panel)
{
    const struct sparse_plan *p = w->plan;
    int rows = min_int(p->y.tile, p->y.outputs - y0);
    int columns = min_int(p->x.tile, p->x.outputs - x0);
    ptrdiff_t at = y0 * t.y_pitch + x0 * N16_LANES;
    size_t block_x = (size_t)(p->y.source * p->x.source) * (size_t)p->channels * N16_LANES;

    t.y += at;
    t.add = t.add ? t.add + at : NULL;
    for (int i = 0; i < p->blocks; i++) {
        t.first = w->words + w->start[i].i;
        t.end = w->words + w->start[i + 1].i;
        t.is_first = i == 0;
        t.is_last = i == p->blocks - 1;
        fill_panel(p, w->x + block_x * (size_t)i, min_int(p->channels, p->c - i * p->channels), y0,
                   x0, panel);
        run_tile(w->tiles, &t, rows, columns);
    }
}

void N16(sparse_walk)(const struct conv2d *v, const struct sparse_tile *by, const float *x,
                      const void *packed, const struct epilogue *e, float *y, void *scratch)
{
    struct sparse_plan p = sparse_plan(v);
    size_t group_x = (size_t)(v->h * v->w) * (size_t)p.c * N16_LANES;
    size_t group_y = (size_t)(v->oh * v->ow) * (size_t)p.oc * N16_LANES;
    float *panel = scratch;

    for (int g = 0; g < v->groups; g++) {
        struct walked w = {&p, by, packed, (const union sparse_word *)packed + g * p.blocks,
                           x + (size_t)g * group_x};
        struct lists t = {.panel = panel,
                          .pitch = (ptrdiff_t)p.pitch * N16_LANES,
                          .bias = e && e->bias ? e->bias + g * p.oc : NULL,
                          .sums = panel + sparse_panel_floats(&p),
                          .sums_plane = (ptrdiff_t)p.y.tile * p.x.tile * N16_LANES,
                          .sums_pitch = (ptrdiff_t)p.x.tile * N16_LANES,
                          .y = y + (size_t)g * group_y,
                          .add = e && e->add ? e->add + (size_t)g * group_y : NULL,
                          .y_plane = (ptrdiff_t)v->oh * v->ow * N16_LANES,
                          .y_pitch = (ptrdiff_t)p.x.outputs * N16_LANES,
                          .low = e ? e->low : -__builtin_inff(),
                          .is_streamed = !(e && e->add == y) &&
                                         group_y * (size_t)v->groups > STREAM_BYTES / sizeof(float),
                          .high = e ? e->high : __builtin_inff()};

        for (int y0 = 0; y0 < p.y.outputs; y0 += p.y.tile)
            for (int x0 = 0; x0 < p.x.outputs; x0 += p.x.tile)
                walk_tile(&w, t, y0, x0, panel);
    }
    stream_end();
}

void N16(conv2d_f32_sparse)(const struct conv2d *v, const float *x, const void *packed,
                            const struct epilogue *e, float *y, void *scratch)
{
    N16(sparse_walk)(v, tiles, x, packed, e, y, scratch);
}
