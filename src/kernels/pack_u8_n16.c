// Plain samples of floats straight to an 8-bit grid in N16C4: quantised along the pixels of a
// sample, four channels side by side in 32 bits, and only then transposed.
#include "kernels/transpose_internal.h"
#include "kernels/u8_internal.h"

enum { BLOCK = 16, PIXEL_BYTES = 4 * N16_LANES }; // BLOCK pixels at a time

// x / scale rounds as x times 1 / scale does unless that lies near the middle between two integers:
// within the bounds |x / scale| <= 256, and three roundings are off by 256 * 3 * 2^-24 < 1e-4.
#define DOUBT 0.001F
struct divisor {
    vf scale, inverse;
    float limit; // from the nearest integer, beyond which it is divided
    struct range_u8 range;
};

static struct divisor divisor_of(const struct grid_u8 *v)
{
    int is_plain = v->scale > 1e-30F && v->scale < 1e30F; // and the inverse is as exact as any

    return (struct divisor){vf_set(v->scale), vf_set(1 / v->scale), is_plain ? 0.5F - DOUBT : -1,
                            range_u8(v)};
}

ALWAYS_INLINE vi divided(vf x, const struct divisor *d)
{
    vf real = vf_confine(x * d->inverse, d->range.low, d->range.high);
    vi q = vi_rint(real);

    if (is_doubtful(real - vf_from(q), d->limit))
        q = to_grid(x / d->scale, d->range);
    return q;
}

// Channels first .. first + 3 (fewer at the end) of BLOCK pixels of one sample.
ALWAYS_INLINE void quantize_block(const struct grid_u8 *v, const struct divisor *d, int channels,
                                  size_t pixels, const float *x, uint8_t *to)
{
    typedef float unaligned __attribute__((vector_size(VF * 4), aligned(4)));

    UNROLL
    for (int i = 0; i < BLOCK; i += VF) {
        vi q[4] = {vi_set(0), vi_set(0), vi_set(0), vi_set(0)};

        UNROLL
        for (int j = 0; j < 4; j++)
            if (j < channels)
                q[j] = divided(*(const unaligned *)(x + (size_t)j * pixels + i), d);
        vi_store(to + i * 4, join4(q, v));
    }
}

// The last pixels of a sample, as many as there are, in front of a block of zeros.
static const float *padded_block(int channels, size_t pixels, size_t count, const float *x,
                                 float *block)
{
    for (int j = 0; j < channels; j++)
        for (size_t i = 0; i < BLOCK; i++)
            block[(size_t)j * BLOCK + i] = x && i < count ? x[(size_t)j * pixels + i] : 0;
    return block;
}

// Returns where the next pixels go. Apart, so that the loop in front has its registers.
static __attribute__((noinline)) uint8_t *store_pixels(const float *const row[N16_LANES],
                                                       size_t count, uint8_t *y)
{

    _Alignas(64) float last[TRANSPOSED * N16_LANES];
    size_t i = 0;

    for (; i + TRANSPOSED <= count; i += TRANSPOSED)
        transpose_pixels(row, i, (float *)(void *)(y + i * PIXEL_BYTES));
    if (i < count) {
        transpose_pixels(row, i, last);
        memcpy(y + i * PIXEL_BYTES, last, (count - i) * PIXEL_BYTES);
    }
    return y + count * PIXEL_BYTES;
}

void N16(pack_u8)(const struct grid_u8 *v, const float *const sample[16], int c, size_t pixels,
                  uint8_t *y)
{
    struct divisor d = divisor_of(v);
    _Alignas(64) float joined[N16_LANES][BLOCK], block[4 * BLOCK];
    const float *row[N16_LANES];

    for (int l = 0; l < N16_LANES; l++)
        row[l] = joined[l];
    for (int first = 0; first < c; first += 4) {
        int channels = c - first < 4 ? c - first : 4;

        for (size_t p = 0; p < pixels; p += BLOCK) {
            size_t count = pixels - p < BLOCK ? pixels - p : BLOCK;

            for (int l = 0; l < N16_LANES; l++) {
                const float *x = sample[l] ? sample[l] + (size_t)first * pixels + p : NULL;
                int is_whole = x && count == BLOCK;

                quantize_block(v, &d, channels, is_whole ? pixels : BLOCK,
                               is_whole ? x : padded_block(channels, pixels, count, x, block),
                               (uint8_t *)joined[l]);
            }
            y = store_pixels(row, count, y);
        }
    }
}
