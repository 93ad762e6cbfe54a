// The register tile of the direct convolution: output channels by pixels, for any list of (source
// offset, weights). Kept apart from the walks that lay out its work. Blocked as in Goto and van de
// Geijn (2008): weights of a block in L1, source in L2, sums in registers.
#ifndef KERNELS_CONV2D_TILE_INTERNAL_H
#define KERNELS_CONV2D_TILE_INTERNAL_H

#include "kernels/n16_internal.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

// One tile: `k` steps of x[pixel] + offset(step) times w + step * w_stride, where offset is
// off[step], or step * x_step where off is NULL. Then y = clamp(bias + sum + add, low, high).
struct tile {
    const float *x;
    const ptrdiff_t *in;  // source offset of each pixel of the tile
    const ptrdiff_t *out; // target offset of each pixel
    const ptrdiff_t *off;
    ptrdiff_t x_step;
    ptrdiff_t k;
    const float *w;
    ptrdiff_t w_stride;
    float *y;
    ptrdiff_t y_plane;
    const float *bias; // NULL: 0
    const float *add;  // NULL: none; laid out as y, may be y
    float low, high;
    // Fetched into L2 while this tile runs: after every `ahead_each` steps the pixels of the tile
    // at ahead, then ahead_step further. ahead_each = k: nothing to speak of.
    const float *ahead;
    const ptrdiff_t *ahead_in;
    ptrdiff_t ahead_step, ahead_each;
    int fetches_y; // y lies further away than L2
};

#if defined(__AVX512F__)
ALWAYS_INLINE vf vf_clamp(vf v, vf low, vf high)
{
    return (vf)_mm512_min_ps((__m512)high, _mm512_max_ps((__m512)low, (__m512)v));
}
#elif defined(__AVX__)
ALWAYS_INLINE vf vf_clamp(vf v, vf low, vf high)
{
    return (vf)_mm256_min_ps((__m256)high, _mm256_max_ps((__m256)low, (__m256)v));
}
#else
ALWAYS_INLINE vf vf_clamp(vf v, vf low, vf high)
{
    vi is_low = (vi)(low > v), is_high = (vi)(high < v);

    v = (vf)(((vi)low & is_low) | ((vi)v & ~is_low));
    return (vf)(((vi)high & is_high) | ((vi)v & ~is_high));
}
#endif

// The lines of y (and add) that the tile will touch at its end.
ALWAYS_INLINE void tile_fetch_y(const struct tile *t, const int mr, const int nr)
{
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int j = 0; j < nr; j++) {
            fetch_to_write(t->y + i * t->y_plane + t->out[j]);
            if (t->add && t->add != t->y)
                fetch(t->add + i * t->y_plane + t->out[j]);
        }
    }
}

ALWAYS_INLINE void tile_store(const struct tile *t, const int mr, const int nr, int lane,
                              vf sum[8][8])
{
    vf low = vf_set(t->low), high = vf_set(t->high);

    UNROLL
    for (int i = 0; i < mr; i++) {
        ptrdiff_t at = i * t->y_plane + lane;

        UNROLL
        for (int j = 0; j < nr; j++) {
            vf v = sum[i][j];

            if (t->add)
                v += vf_load(t->add + at + t->out[j]);
            vf_store(t->y + at + t->out[j], vf_clamp(v, low, high));
        }
    }
}

// The accumulators must stay in registers: MR * NR + NR + 1 of 32 (AVX-512) or 16.
ALWAYS_INLINE void tile_run(const struct tile *tile, const int mr, const int nr,
                            const int is_pointwise)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    if (t->fetches_y)
        tile_fetch_y(t, mr, nr);
    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const float *x[8], *w = t->w, *ahead = t->ahead;
        ptrdiff_t step = 0;
        vf sum[8][8];

        UNROLL
        for (int j = 0; j < nr; j++)
            x[j] = t->x + t->in[j] + lane;
        UNROLL
        for (int i = 0; i < mr; i++) {
            vf bias = vf_set(t->bias ? t->bias[i] : 0);

            UNROLL
            for (int j = 0; j < nr; j++)
                sum[i][j] = bias;
        }
        for (ptrdiff_t k = 0; k < t->k;) {
            ptrdiff_t end = k + t->ahead_each < t->k ? k + t->ahead_each : t->k;

            for (; k < end; k++, w += t->w_stride) {
                ptrdiff_t off = is_pointwise ? step : t->off[k];
                vf v[8];

                UNROLL
                for (int j = 0; j < nr; j++)
                    v[j] = vf_load(x[j] + off);
                UNROLL
                for (int i = 0; i < mr; i++) {
                    vf b = vf_set(w[i]);

                    UNROLL
                    for (int j = 0; j < nr; j++)
                        sum[i][j] += b * v[j];
                }
                step += t->x_step;
            }
            if (is_pointwise && lane == 0) {
                UNROLL
                for (int j = 0; j < nr; j++)
                    fetch_to_l2(ahead + t->ahead_in[j]);
                ahead += t->ahead_step;
            }
        }
        tile_store(t, mr, nr, lane, sum);
    }
}

#endif
