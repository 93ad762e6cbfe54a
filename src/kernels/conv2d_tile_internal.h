// The register tile of the direct convolution: output channels by pixels, for any list of (source
// offset, weights). Kept apart from the walks that lay out its work. Blocked as in Goto and van de
// Geijn (2008): weights of a block in L1, source in L2, sums in registers.
#ifndef KERNELS_CONV2D_TILE_INTERNAL_H
#define KERNELS_CONV2D_TILE_INTERNAL_H

#include "kernels/n16_internal.h"

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
    const float *bias;
    const float *add; // NULL: none; laid out as y, may be y
    float low, high;
    // Fetched into L2 while this tile runs: after every `ahead_each` steps the pixels of the tile
    // at ahead, then ahead_step further. ahead_each = k: nothing to speak of.
    const float *ahead;
    const ptrdiff_t *ahead_in;
    ptrdiff_t ahead_step, ahead_each;
    int fetches_y; // y lies further away than L2
};

// sum + a * b. As one instruction on registers: gcc keeps operands of its own making on the stack
// although there is room.
#if defined(__AVX512F__)
ALWAYS_INLINE vf vf_fma(vf a, vf b, vf sum)
{
    __asm__("vfmadd231ps %1, %2, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
#else
ALWAYS_INLINE vf vf_fma(vf a, vf b, vf sum)
{
    return sum + a * b;
}
#endif

// The lines of y (and add) that the tile will touch at its end.
ALWAYS_INLINE void tile_fetch_y(const struct tile *t, const ptrdiff_t *out, const int mr,
                                const int nr)
{
    UNROLL
    for (int j = 0; j < nr; j++) {
        UNROLL
        for (int i = 0; i < mr; i++)
            fetch_to_write(t->y + out[j] + i * t->y_plane);
        if (t->add && t->add != t->y) {
            UNROLL
            for (int i = 0; i < mr; i++)
                fetch(t->add + out[j] + i * t->y_plane);
        }
    }
}

ALWAYS_INLINE void tile_store(const struct tile *t, int at, int lane, const int mr, const int nr,
                              vf sum[8][8])
{
    const ptrdiff_t *out = t->out + at, y_plane = t->y_plane;
    vf low = vf_set(t->low), high = vf_set(t->high);
    float *y = t->y + lane;

    if (t->add) {
        UNROLL
        for (int j = 0; j < nr; j++) {
            const float *add = t->add + lane + out[j];

            UNROLL
            for (int i = 0; i < mr; i++, add += y_plane)
                sum[i][j] += vf_load(add);
        }
    }
    UNROLL
    for (int j = 0; j < nr; j++) {
        float *to = y + out[j];

        UNROLL
        for (int i = 0; i < mr; i++, to += y_plane)
            vf_store(to, vf_clamp(sum[i][j], low, high));
    }
}

// One step of all products.
ALWAYS_INLINE void tile_step(const float *const x[8], ptrdiff_t off, const float *w, const int mr,
                             const int nr, vf sum[8][8])
{
    vf v[8];

    UNROLL
    for (int j = 0; j < nr; j++)
        v[j] = vf_load(x[j] + off);
    UNROLL
    for (int i = 0; i < mr; i++) {
        vf b = vf_set(w[i]);

        UNROLL
        for (int j = 0; j < nr; j++)
            sum[i][j] = vf_fma(b, v[j], sum[i][j]);
    }
}

// The same pointer, as far as the compiler can tell another one: what it points to is loaded where
// it is used, so that the loop over k has the general registers for itself.
ALWAYS_INLINE const struct tile *tile_again(const struct tile *t)
{
    __asm__("" : "+r"(t));
    return t;
}

ALWAYS_INLINE void tile_pointwise(const struct tile *t, int at, const float *x[8], const int mr,
                                  const int nr, vf sum[8][8])
{
    const ptrdiff_t x_step = t->x_step, w_stride = t->w_stride, each = t->ahead_each;
    const float *w = t->w, *ahead = t->ahead;

    for (ptrdiff_t k = t->k; k > 0; k -= each) {
        const ptrdiff_t *ahead_in = tile_again(t)->ahead_in + at;

        for (ptrdiff_t n = each < k ? each : k; n > 0; n--, w += w_stride) {
            tile_step(x, 0, w, mr, nr, sum);
            UNROLL
            for (int j = 0; j < nr; j++)
                x[j] += x_step;
        }
        UNROLL
        for (int j = 0; j < nr; j++)
            fetch_to_l2(ahead + ahead_in[j]);
        ahead += tile_again(t)->ahead_step;
    }
}

// The accumulators must stay in registers: MR * NR + NR + 1 of 32 (AVX-512) or 16.
ALWAYS_INLINE void tile_one(const struct tile *t, int at, int lane, const int mr, const int nr,
                            const int is_pointwise)
{
    const float *x[8], *w = t->w;
    vf sum[8][8];

    UNROLL
    for (int j = 0; j < nr; j++)
        x[j] = t->x + lane + t->in[at + j];
    UNROLL
    for (int i = 0; i < mr; i++) {
        vf bias = vf_set(t->bias[i]);

        UNROLL
        for (int j = 0; j < nr; j++)
            sum[i][j] = bias;
    }
    if (is_pointwise) {
        tile_pointwise(t, at, x, mr, nr, sum);
    } else {
        const ptrdiff_t *off = t->off, *end = off + t->k, w_stride = t->w_stride;

        for (; off < end; off++, w += w_stride)
            tile_step(x, *off, w, mr, nr, sum);
    }
    tile_store(tile_again(t), at, lane, mr, nr, sum);
}

// As many whole tiles as there are pixels for; returns the pixels done.
ALWAYS_INLINE int tile_run(const struct tile *t, int pixels, const int mr, const int nr,
                           const int is_pointwise)
{
    int at = 0;

    for (; at + nr <= pixels; at += nr) {
        if (t->fetches_y)
            tile_fetch_y(t, t->out + at, mr, nr);
        for (int lane = 0; lane < N16_LANES; lane += VF)
            tile_one(tile_again(t), at, lane, mr, nr, is_pointwise);
    }
    return at;
}

#endif
