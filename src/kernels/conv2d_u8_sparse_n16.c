// Integer convolution over the blocks of 4 by 4 channels that are not all 0: a register tile of
// four output channels by pixels runs over (offset, 16 weights). x is N16C4 as copied by
// conv2d_u8_bands.
#include "kernels/u8_internal.h"

struct tile {
    const uint8_t *x;
    size_t step; // bytes between pixels
    const struct conv2d_u8_entry *entry;
    int32_t count;
    const int32_t *bias;
    int32_t *sum; // [4][nr][16]
};

// The accumulators must stay in registers.
ALWAYS_INLINE void tile_run(const struct tile *tile, const int nr)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vi sum[4][6];

        UNROLL
        for (int i = 0; i < 4; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                sum[i][j] = vi_set(t->bias[i]);
        }
        for (const struct conv2d_u8_entry *at = t->entry; at < t->entry + t->count; at++) {
            const uint8_t *x = t->x + at->offset + lane * 4;
            x4 v[6];

            UNROLL
            for (int j = 0; j < nr; j++)
                v[j] = x4_load(x + (size_t)j * t->step);
            UNROLL
            for (int i = 0; i < 4; i++) {
                w4 b = w4_set(at->weight + 4 * i);

                UNROLL
                for (int j = 0; j < nr; j++)
                    sum[i][j] = dot4(sum[i][j], v[j], b);
            }
        }
        UNROLL
        for (int i = 0; i < 4; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                vi_store(t->sum + (i * nr + j) * N16_LANES + lane, sum[i][j]);
        }
    }
}

#define TILE(nr)                                                                                   \
    static void tile_##nr(const struct tile *t)                                                    \
    {                                                                                              \
        tile_run(t, nr);                                                                           \
    }

TILE(1)
TILE(2)
#if defined(__AVX512VNNI__)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
static void (*const tiles[])(const struct tile *) = {tile_1, tile_2, tile_3,
                                                     tile_4, tile_5, tile_6};
#elif defined(__AVX512F__)
TILE(3)
TILE(4)
static void (*const tiles[])(const struct tile *) = {tile_1, tile_2, tile_3, tile_4};
#else
static void (*const tiles[])(const struct tile *) = {tile_1, tile_2};
#endif
enum { MOST_PIXELS = sizeof tiles / sizeof *tiles };

static void run_row(const struct u8_row *row)
{
    const struct conv2d_u8_plan *p = row->plan;
    int blocks = (p->oc + 3) / 4;
    const int32_t *first = (const int32_t *)(const void *)conv2d_u8_packed(row->packed);
    const struct conv2d_u8_entry *entry =
        (const struct conv2d_u8_entry *)(first + p->groups * blocks + 1);
    int32_t sum[4 * MOST_PIXELS * N16_LANES] __attribute__((aligned(64)));

    first += row->group * blocks;
    for (int x = 0, n; x < row->pixels; x += n) {
        struct tile t = {.step = (size_t)p->step_x * p->column, .sum = sum};
        struct u8_sums sums = {.sum = sum, .channels = 4, .pixel_step = N16_LANES};

        n = row->pixels - x < MOST_PIXELS ? row->pixels - x : MOST_PIXELS;
        sums.pixels = n;
        sums.oc_step = n * N16_LANES;
        t.x = row->x + (size_t)x * t.step;
        for (int b = 0; b < blocks; b++) {
            int oc = row->group * p->oc + 4 * b;

            t.entry = entry + first[b];
            t.count = first[b + 1] - first[b];
            t.bias = conv2d_u8_bias(row->packed) + oc;
            tiles[n - 1](&t);
            N16(conv2d_u8_finish)(row, oc, row->at + (size_t)x, &sums);
        }
    }
}

void N16(conv2d_u8_sparse)(const struct conv2d *v, const uint8_t *x, const void *packed,
                           const struct epilogue_u8 *e, uint8_t *y, void *scratch)
{
    N16(conv2d_u8_bands)(v, x, packed, e, y, scratch, run_row);
}
