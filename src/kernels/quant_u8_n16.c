// Between N16 floats and 8-bit grids in N16C4, and sums on grids.
#include "kernels/u8_internal.h"

void N16(quantize_u8)(const struct grid_u8 *v, int c, size_t pixels, const float *x, uint8_t *y)
{
    struct range_u8 r = range_u8(v);
    size_t plane = pixels * N16_LANES;
    vf scale = vf_set(v->scale);

    for (int first = 0; first < c; first += 4, x += 4 * plane)
        for (size_t i = 0; i < plane; i += VF, y += VF * 4) {
            vi q[4] = {vi_set(0), vi_set(0), vi_set(0), vi_set(0)};

            UNROLL
            for (int j = 0; j < 4; j++)
                if (first + j < c)
                    q[j] = to_grid(vf_load(x + (size_t)j * plane + i) / scale, r);
            vi_store(y, join4(q, v));
        }
}

void N16(dequantize_u8)(const struct grid_u8 *v, int c, size_t pixels, const uint8_t *x, float *y)
{
    size_t plane = pixels * N16_LANES;
    vf scale = vf_set(v->scale);

    for (int first = 0; first < c; first += 4, y += 4 * plane)
        for (size_t i = 0; i < plane; i += VF, x += VF * 4) {
            vi u = vi_load(x);

            UNROLL
            for (int j = 0; j < 4; j++)
                if (first + j < c)
                    vf_store(y + (size_t)j * plane + i,
                             vf_from(channel_of(u, j) - v->zero) * scale);
        }
}

void N16(sum_u8)(const struct sum_u8 *v, size_t bytes, const uint8_t *a, const uint8_t *b,
                 uint8_t *y)
{
    const struct sum_u8 sum = *v;
    struct sum_fast fast = sum_fast(&sum, 0);

    for (size_t i = 0; i < bytes; i += VF * 4) {
        vi u = vi_load(a + i), four[4];

        UNROLL
        for (int j = 0; j < 4; j++)
            four[j] = channel_of(u, j);
        vi_store(y + i, sum4(&fast, 0, four, vi_load(b + i)));
    }
}
