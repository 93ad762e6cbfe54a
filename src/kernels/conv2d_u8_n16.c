// Direct integer convolution: a register tile of output channels by pixels runs over the lines of
// each sum; x is N16C4 as copied by conv2d_u8_bands, y is N16C4.
#include "kernels/u8_internal.h"

struct tile {
    const uint8_t *x;
    size_t step; // bytes between pixels
    const size_t *runs;
    int run_count, run_lines;
    const int8_t *w;
    int w_step; // bytes between the weights of lines
    const int32_t *bias;
    int32_t *sum; // [mr][nr][16]
};

// The accumulators must stay in registers.
ALWAYS_INLINE void tile_run(const struct tile *tile, const int mr, const int nr)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const int8_t *w = t->w;
        vi sum[8][6];

        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                sum[i][j] = vi_set(t->bias[i]);
        }
        for (int r = 0; r < t->run_count; r++) {
            const uint8_t *x = t->x + t->runs[r] + lane * 4;

            for (int k = 0; k < t->run_lines; k++, x += LINE, w += t->w_step) {
                x4 v[6];

                UNROLL
                for (int j = 0; j < nr; j++)
                    v[j] = x4_load(x + (size_t)j * t->step);
                UNROLL
                for (int i = 0; i < mr; i++) {
                    w4 b = w4_set(w + 4 * i);

                    UNROLL
                    for (int j = 0; j < nr; j++)
                        sum[i][j] = dot4(sum[i][j], v[j], b);
                }
            }
        }
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int j = 0; j < nr; j++)
                vi_store(t->sum + (i * nr + j) * N16_LANES + lane, sum[i][j]);
        }
    }
}

#define TILE(mr, nr)                                                                               \
    static void tile_##mr##x##nr(const struct tile *t)                                             \
    {                                                                                              \
        tile_run(t, mr, nr);                                                                       \
    }

typedef void tile_fn(const struct tile *t);

#if defined(__AVX512VNNI__)
enum { MOST_PIXELS = 6, MOST_SUMS = 24 };
TILE(8, 3)
TILE(8, 2)
TILE(8, 1)
TILE(4, 6)
TILE(4, 5)
TILE(4, 4)
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
static tile_fn *const tiles_8[] = {tile_8x1, tile_8x2, tile_8x3};
static tile_fn *const tiles_4[] = {tile_4x1, tile_4x2, tile_4x3, tile_4x4, tile_4x5, tile_4x6};
#elif defined(__AVX512F__)
enum { MOST_PIXELS = 4, MOST_SUMS = 16 };
TILE(4, 4)
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
static tile_fn *const tiles_4[] = {tile_4x1, tile_4x2, tile_4x3, tile_4x4};
#else
enum { MOST_PIXELS = 2, MOST_SUMS = 8 };
TILE(4, 2)
TILE(4, 1)
static tile_fn *const tiles_4[] = {tile_4x1, tile_4x2};
#endif

// One block of 8 or 4 channels packed together, from oc on, over a few pixels.
static void run_block(const struct u8_row *row, struct tile t, int oc, int channels, size_t pixel,
                      int pixels)
{
    int32_t sum[MOST_SUMS * N16_LANES] __attribute__((aligned(64)));
    struct u8_sums sums = {sum, 4, pixels, 0, N16_LANES};

    t.sum = sum;
#if defined(__AVX512VNNI__)
    if (channels == 8) {
        sums.channels = 8;
        for (int done = 0; done < pixels; done += sums.pixels) {
            sums.pixels = pixels - done < 3 ? pixels - done : 3;
            sums.oc_step = sums.pixels * N16_LANES;
            tiles_8[sums.pixels - 1](&t);
            N16(conv2d_u8_finish)(row, oc, pixel + (size_t)done, &sums);
            t.x += (size_t)sums.pixels * t.step;
        }
        return;
    }
#endif
    sums.oc_step = pixels * N16_LANES;
    for (int i = 0; i < channels; i += 4) {
        tiles_4[pixels - 1](&t);
        N16(conv2d_u8_finish)(row, oc + i, pixel, &sums);
        t.w += 16;
        t.bias += 4;
    }
}

static void run_row(const struct u8_row *row)
{
    const struct conv2d_u8_plan *p = row->plan;
    size_t lines = (size_t)(p->runs * p->run_lines);
    int oc4 = round_up(p->oc, 4), first = row->group * p->oc;
    const int8_t *weights =
        conv2d_u8_packed(row->packed) + (size_t)row->group * lines * 4 * (size_t)oc4;

    for (int x = 0; x < row->pixels; x += MOST_PIXELS) {
        int pixels = row->pixels - x < MOST_PIXELS ? row->pixels - x : MOST_PIXELS;

        for (int m = 0; m < oc4; m += 8) {
            int channels = oc4 - m < 8 ? 4 : 8;
            struct tile t = {.x = row->x + (size_t)(x * p->step_x) * p->column,
                             .step = (size_t)p->step_x * p->column,
                             .runs = row->runs,
                             .run_count = p->runs,
                             .run_lines = p->run_lines,
                             .w = weights + lines * 4 * (size_t)m,
                             .w_step = channels * 4,
                             .bias = conv2d_u8_bias(row->packed) + first + m};

            run_block(row, t, first + m, channels, row->at + (size_t)x, pixels);
        }
    }
}

void N16(conv2d_u8)(const struct conv2d *v, const uint8_t *x, const void *packed,
                    const struct epilogue_u8 *e, uint8_t *y, void *scratch)
{
    N16(conv2d_u8_bands)(v, x, packed, e, y, scratch, run_row);
}
