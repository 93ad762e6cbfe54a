// Integer convolution on AMX: 16 output channels by 16 samples of a pixel are a tile of sums; 64
// weights of each channel are the one factor, 16 neighbouring lines of the copied input the other.
#include "kernels/u8_internal.h"

#if HAS_TILES

enum { TILE_BYTES = 1024, TILE_SUMS = 256, L1_WEIGHTS = 24 << 10 };

// What ldtilecfg reads.
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static void configure(const struct conv2d_u8_tiles *t)
{
    struct tile_config config = {.palette = 1};

    for (int i = 0; i < 8; i++) {
        int is_weights = i == 4 || i == 5, is_input = i > 5;

        config.rows[i] = (uint8_t)(is_input ? t->lines : t->channels);
        config.row_bytes[i] = (uint16_t)(is_weights ? t->lines * 4 : LINE);
    }
    __asm__ volatile("" : "+m"(config)); // the compiler takes only its first bytes for read
    _tile_loadconfig(&config);
}

struct product {
    const uint8_t *x;
    size_t step;           // bytes between pixels
    const size_t *offsets; // of each chunk
    int chunks;
    const int8_t *w; // of the first block
    size_t w_step;   // bytes between blocks
    int32_t *sum;    // tiles [block][pixel]
};

// Two blocks of channels by one or two pixels. A block starts with its bias as a tile.
ALWAYS_INLINE void product_2(const struct product *t, const int pixels)
{
    const int8_t *w = t->w, *w1 = w + t->w_step;

    _tile_loadd(0, w, LINE);
    _tile_loadd(2, w1, LINE);
    if (pixels > 1) {
        _tile_loadd(1, w, LINE);
        _tile_loadd(3, w1, LINE);
    }
    for (int k = 0; k < t->chunks; k++) {
        const uint8_t *x = t->x + t->offsets[k];

        w += TILE_BYTES;
        w1 += TILE_BYTES;
        _tile_loadd(6, x, LINE);
        _tile_loadd(4, w, LINE);
        _tile_dpbsud(0, 4, 6);
        _tile_loadd(5, w1, LINE);
        _tile_dpbsud(2, 5, 6);
        if (pixels > 1) {
            _tile_loadd(7, x + t->step, LINE);
            _tile_dpbsud(1, 4, 7);
            _tile_dpbsud(3, 5, 7);
        }
    }
    _tile_stored(0, t->sum, LINE);
    _tile_stored(2, t->sum + pixels * TILE_SUMS, LINE);
    if (pixels > 1) {
        _tile_stored(1, t->sum + TILE_SUMS, LINE);
        _tile_stored(3, t->sum + 3 * TILE_SUMS, LINE);
    }
}

// One block by up to four pixels.
ALWAYS_INLINE void product_1(const struct product *t, const int pixels)
{
    const int8_t *w = t->w;

    _tile_loadd(0, w, LINE);
    if (pixels > 1)
        _tile_loadd(1, w, LINE);
    if (pixels > 2)
        _tile_loadd(2, w, LINE);
    if (pixels > 3)
        _tile_loadd(3, w, LINE);
    for (int k = 0; k < t->chunks; k++) {
        const uint8_t *x = t->x + t->offsets[k];

        w += TILE_BYTES;
        _tile_loadd(4, w, LINE);
        _tile_loadd(6, x, LINE);
        _tile_dpbsud(0, 4, 6);
        if (pixels > 1) {
            _tile_loadd(7, x + t->step, LINE);
            _tile_dpbsud(1, 4, 7);
        }
        if (pixels > 2) {
            _tile_loadd(6, x + 2 * t->step, LINE);
            _tile_dpbsud(2, 4, 6);
        }
        if (pixels > 3) {
            _tile_loadd(7, x + 3 * t->step, LINE);
            _tile_dpbsud(3, 4, 7);
        }
    }
    _tile_stored(0, t->sum, LINE);
    if (pixels > 1)
        _tile_stored(1, t->sum + TILE_SUMS, LINE);
    if (pixels > 2)
        _tile_stored(2, t->sum + 2 * TILE_SUMS, LINE);
    if (pixels > 3)
        _tile_stored(3, t->sum + 3 * TILE_SUMS, LINE);
}

static void multiply(const struct product *t, int blocks, int pixels)
{
    if (blocks == 2) {
        if (pixels == 2)
            product_2(t, 2);
        else
            product_2(t, 1);
    } else if (pixels == 4) {
        product_1(t, 4);
    } else if (pixels == 3) {
        product_1(t, 3);
    } else if (pixels == 2) {
        product_1(t, 2);
    } else {
        product_1(t, 1);
    }
}

// One or two blocks of channels from `block` on, over pixels x..end of a row.
static void run_blocks(const struct u8_row *row, const struct conv2d_u8_tiles *t, int block,
                       int blocks, int x, int end)
{
    const struct conv2d_u8_plan *p = row->plan;
    int most = blocks == 2 ? 2 : 4, oc = block * t->channels;
    int32_t sum[4 * TILE_SUMS] __attribute__((aligned(64)));
    struct product product = {.step = (size_t)p->step_x * p->column,
                              .offsets = row->scratch,
                              .chunks = t->chunks,
                              .w_step = (size_t)(t->chunks + 1) * TILE_BYTES,
                              .sum = sum};

    product.w =
        conv2d_u8_packed(row->packed) + (size_t)(row->group * t->blocks + block) * product.w_step;
    for (int n; x < end; x += n) {
        n = end - x < most ? end - x : most;
        product.x = row->x + (size_t)x * product.step;
        multiply(&product, blocks, n);
        for (int i = 0; i < blocks; i++) {
            int left = round_up(p->oc - oc - i * t->channels, 4);
            struct u8_sums sums = {sum + i * n * TILE_SUMS, left < t->channels ? left : t->channels,
                                   n, N16_LANES, TILE_SUMS};

            N16(conv2d_u8_finish)
            (row, row->group * p->oc + oc + i * t->channels, row->at + (size_t)x, &sums);
        }
    }
}

static void run_row(const struct u8_row *row)
{
    struct conv2d_u8_tiles t = conv2d_u8_tiles(row->plan);
    // The factor that does not fit in L1 is read once a row.
    int step = 2 * t.chunks * TILE_BYTES <= L1_WEIGHTS ? row->pixels : 4;

    for (int x = 0; x < row->pixels; x += step) {
        int end = x + step < row->pixels ? x + step : row->pixels;

        for (int b = 0; b < t.blocks; b += 2)
            run_blocks(row, &t, b, t.blocks - b < 2 ? 1 : 2, x, end);
    }
}

void N16(conv2d_u8_amx)(const struct conv2d *v, const uint8_t *x, const void *packed,
                        const struct epilogue_u8 *e, uint8_t *y, void *scratch)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    struct conv2d_u8_tiles t = conv2d_u8_tiles(&p);
    size_t *offsets = (size_t *)(void *)((uint8_t *)scratch + conv2d_u8_band_scratch(&p));

    for (int k = 0; k < t.chunks; k++)
        offsets[k] = conv2d_u8_run_offset(&p, k / t.run_chunks) +
                     (size_t)(k % t.run_chunks * t.lines) * LINE;
    configure(&t);
    N16(conv2d_u8_bands)(v, x, packed, e, y, scratch, run_row);
    _tile_release();
}

#else

// Never asked for: conv2d_u8_amx accepts nothing where tables of this instruction set run.
void N16(conv2d_u8_amx)(const struct conv2d *v, const uint8_t *x, const void *packed,
                        const struct epilogue_u8 *e, uint8_t *y, void *scratch)
{
    (void)v, (void)x, (void)packed, (void)e, (void)y, (void)scratch;
}

#endif
