// Between 16 plain samples and N16: a transposition, a few pixels at a time so that both sides stay
// in L1.
#include "kernels/transpose_internal.h"

enum { PIXELS = 16 };

// All samples are there. Returns how many pixels are done.
static size_t pack_whole(const float *const sample[16], size_t p, float *out)
{
    size_t i = 0;

    for (; i + TRANSPOSED <= p; i += TRANSPOSED)
        transpose_pixels(sample, i, out + i * N16_LANES);
    return i;
}

void N16(pack_n16)(const float *const sample[16], size_t p, float *out)
{
    int count = 0;

    for (int l = 0; l < N16_LANES; l++)
        count += sample[l] != NULL;
    for (size_t first = count == N16_LANES ? pack_whole(sample, p, out) : 0; first < p;
         first += PIXELS) {
        size_t end = p - first < PIXELS ? p : first + PIXELS;

        for (int l = 0; l < N16_LANES; l++)
            for (size_t i = first; i < end; i++)
                out[i * N16_LANES + (size_t)l] = sample[l] ? sample[l][i] : 0;
    }
}

void N16(unpack_n16)(const float *x, size_t p, float *const sample[16])
{
    for (size_t first = 0; first < p; first += PIXELS) {
        size_t end = p - first < PIXELS ? p : first + PIXELS;

        for (int l = 0; l < N16_LANES; l++)
            for (size_t i = first; sample[l] && i < end; i++)
                sample[l][i] = x[i * N16_LANES + (size_t)l];
    }
}

void N16(pack_n16_u8)(const uint8_t *const sample[16], int c, size_t pixels, const float *a,
                      const float *b, float *out)
{
    for (size_t i = 0; i < (size_t)c * pixels; i++, out += N16_LANES) {
        float scale = a[i / pixels], shift = b[i / pixels];

        for (int l = 0; l < N16_LANES; l++)
            out[l] = sample[l] ? (float)sample[l][i] * scale + shift : 0;
    }
}
