// What the integer kernels of the *_n16.c files share: vectors of VF int32, sums of four products
// of bytes, requantisation. A 64-byte line is four channels of 16 samples; a vector reads VF
// samples of it.
#ifndef KERNELS_U8_INTERNAL_H
#define KERNELS_U8_INTERNAL_H

#include <math.h>
#include <string.h>

#include "kernels/conv2d_u8_internal.h"
#include "kernels/n16_internal.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

typedef int32_t vi __attribute__((vector_size(VF * 4), aligned(VF * 4)));
typedef int16_t vs __attribute__((vector_size(VF * 4), aligned(VF * 4)));
typedef uint16_t vu __attribute__((vector_size(VF * 4), aligned(VF * 4)));

#if defined(__AVX512F__)
#define MM(op) _mm512_##op
typedef __m512i mm_int;
typedef __m512 mm_float;
#elif defined(__AVX2__)
#define MM(op) _mm256_##op
typedef __m256i mm_int;
typedef __m256 mm_float;
#elif defined(__SSE2__)
#define MM(op) _mm_##op
typedef __m128i mm_int;
typedef __m128 mm_float;
#endif

ALWAYS_INLINE vi vi_set(int32_t s)
{
    return s - (vi){0};
}

ALWAYS_INLINE vi vi_load(const void *p)
{
    return *(const vi *)p;
}

ALWAYS_INLINE void vi_store(void *p, vi v)
{
    *(vi *)p = v;
}

// Four bytes as one number.
ALWAYS_INLINE int32_t load_four(const int8_t *p)
{
    int32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

// ---- sums of four products of bytes

#if defined(__AVX512VNNI__)
typedef vi x4; // four channels of VF samples
typedef vi w4; // the same four weights VF times

ALWAYS_INLINE x4 x4_load(const uint8_t *p)
{
    return vi_load(p);
}

ALWAYS_INLINE w4 w4_set(const int8_t *p)
{
    return vi_set(load_four(p));
}

ALWAYS_INLINE vi dot4(vi sum, x4 x, w4 w)
{
    return (vi)_mm512_dpbusd_epi32((mm_int)sum, (mm_int)x, (mm_int)w);
}
#else
// Even and odd channels apart, as int16: sums of two products never saturate.
typedef struct pair {
    vs even, odd;
} x4, w4;

ALWAYS_INLINE x4 x4_load(const uint8_t *p)
{
    vu v = (vu)vi_load(p);

    return (x4){(vs)(v & 255), (vs)(v >> 8)};
}

ALWAYS_INLINE w4 w4_set(const int8_t *p)
{
    vu v = (vu)vi_set(load_four(p));

    return (w4){(vs)(v << 8) >> 8, (vs)v >> 8};
}

ALWAYS_INLINE vi dot2(vs a, vs b)
{
#if defined(__SSE2__)
    return (vi)MM(madd_epi16)((mm_int)a, (mm_int)b);
#else
    vi x = (vi)a, y = (vi)b;

    return (x >> 16) * (y >> 16) + ((x << 16) >> 16) * ((y << 16) >> 16);
#endif
}

ALWAYS_INLINE vi dot4(vi sum, x4 x, w4 w)
{
    return sum + dot2(x.even, w.even) + dot2(x.odd, w.odd);
}
#endif

// ---- requantisation

ALWAYS_INLINE vf vf_from(vi v)
{
#if defined(__SSE2__) && !defined(__AVX512F__) && !defined(__AVX2__)
    return (vf)_mm_cvtepi32_ps((mm_int)v);
#elif defined(__SSE2__)
    return (vf)MM(cvtepi32_ps)((mm_int)v);
#else
    return __builtin_convertvector(v, vf);
#endif
}

// Within low..high; NaN gives low.
ALWAYS_INLINE vf vf_clamp(vf v, float low, float high)
{
#if defined(__SSE2__)
    return (vf)MM(min_ps)(MM(max_ps)((mm_float)v, (mm_float)vf_set(low)), (mm_float)vf_set(high));
#else
    for (int i = 0; i < VF; i++)
        v[i] = v[i] > low ? v[i] < high ? v[i] : high : low;
    return v;
#endif
}

// Half to even; |v| < 2^22.
ALWAYS_INLINE vi vi_rint(vf v)
{
#if defined(__SSE2__)
    return (vi)MM(cvtps_epi32)((mm_float)v);
#else
    vf unit = vf_set(12582912); // 1.5 * 2^23: the sum has no bits below the unit

    return __builtin_convertvector((v + unit) - unit, vi);
#endif
}

// Bounds of q - zero.
struct range_u8 {
    float low, high;
};

ALWAYS_INLINE struct range_u8 range_u8(const struct grid_u8 *grid)
{
    return (struct range_u8){(float)(grid->low - grid->zero), (float)(grid->high - grid->zero)};
}

// q - zero of a real; clamped before it is rounded, which is the same: the bounds are integers.
ALWAYS_INLINE vi to_grid(vf real, struct range_u8 r)
{
    return vi_rint(vf_clamp(real, r.low, r.high));
}

// Four channels, each 0..255, side by side.
ALWAYS_INLINE vi join4(const vi u[4])
{
    return u[0] | (u[1] << 8) | (u[2] << 16) | (u[3] << 24);
}

ALWAYS_INLINE vi channel_of(vi joined, int i)
{
    return (joined >> (8 * i)) & 255;
}

// ---- the sum of two values

// A sum in float32 that lies further than this from the middle between two integers rounds as the
// one in double does. With both factors at most MOST_FACTOR the products and the sum stay below
// 2 * 255 * 4 < 2^11, so each of the three roundings is off by at most 2^-14 and the whole by less
// than 2^-12 < 1 / 1000.
#define SUM_DOUBT 0.001F
#define MOST_FACTOR 4.0F

ALWAYS_INLINE vi sum_exact(const struct sum_u8 *v, vi a, vi b)
{
    double low = v->y.low - v->y.zero, high = v->y.high - v->y.zero;

    for (int i = 0; i < VF; i++) {
        double sum = (double)a[i] * (double)v->factor_a + (double)b[i] * (double)v->factor_b;

        sum = sum > low ? sum < high ? sum : high : low;
        a[i] = (int32_t)((sum + 0x1.8p52) - 0x1.8p52); // half to even
    }
    return a;
}

// q - zero of the sum of a - zero_a and b - zero_b.
ALWAYS_INLINE vi sum_grid(const struct sum_u8 *v, struct range_u8 r, vi a, vi b)
{
    vf sum = vf_from(a) * vf_set(v->factor_a) + vf_from(b) * vf_set(v->factor_b);
    vi q;
    vf off;

    sum = vf_clamp(sum, r.low, r.high);
    q = vi_rint(sum);
    off = sum - vf_from(q);
#if defined(__AVX512F__)
    if (__builtin_expect(_mm512_cmp_ps_mask(_mm512_abs_ps((mm_float)off),
                                            _mm512_set1_ps(0.5F - SUM_DOUBT), _CMP_GT_OQ) != 0,
                         0))
        q = sum_exact(v, a, b);
#else
    int is_doubtful = 0;

    for (int i = 0; i < VF; i++)
        is_doubtful |= fabsf(off[i]) > 0.5F - SUM_DOUBT;
    if (is_doubtful)
        q = sum_exact(v, a, b);
#endif
    return q;
}

ALWAYS_INLINE int sum_is_simple(const struct sum_u8 *v)
{
    return v->factor_a <= MOST_FACTOR && v->factor_b <= MOST_FACTOR;
}

// Joined values of both as read from memory.
ALWAYS_INLINE vi sum_joined(const struct sum_u8 *v, struct range_u8 r, vi a, vi b)
{
    int is_simple = sum_is_simple(v);
    vi u[4];

    UNROLL
    for (int i = 0; i < 4; i++) {
        vi qa = channel_of(a, i) - v->zero_a, qb = channel_of(b, i) - v->zero_b;

        u[i] = (is_simple ? sum_grid(v, r, qa, qb) : sum_exact(v, qa, qb)) + v->y.zero;
    }
    return join4(u);
}

// ---- the end of a convolution

// One row of outputs of one group, in a band.
struct u8_row {
    const struct conv2d_u8_plan *plan;
    const void *packed;
    const struct epilogue_u8 *e;
    uint8_t *y;
    size_t plane;       // output pixels
    const size_t *runs; // byte offsets
    void *scratch;      // the algorithm's own
    int group;
    const uint8_t *x; // first column of the first output
    int pixels;
    size_t at; // first output pixel
};

// Stores four output channels from oc on (divides by 4) of VF samples from `lane` on.
ALWAYS_INLINE void finish4(const struct u8_row *row, int oc, size_t pixel, int lane,
                           const vi acc[4], const float scale[4])
{
    const struct epilogue_u8 *e = row->e;
    int all = row->plan->shape.oc;
    vi u[4];

    if (e->y_f32) {
        for (int i = 0; i < 4 && oc + i < all; i++)
            vf_store(e->y_f32 + ((size_t)(oc + i) * row->plane + pixel) * N16_LANES + lane,
                     vf_from(acc[i]) * vf_set(scale[i]));
        return;
    }
    size_t at = ((size_t)(oc / 4) * row->plane + pixel) * LINE + (size_t)lane * 4;
    struct range_u8 r = range_u8(&e->y);
    UNROLL
    for (int i = 0; i < 4; i++)
        u[i] = to_grid(vf_from(acc[i]) * vf_set(scale[i]), r) + e->y.zero;
    vi joined = join4(u);
    if (e->add)
        joined = sum_joined(e->sum, range_u8(&e->sum->y), joined, vi_load(e->add + at));
    vi_store(row->y + at, joined);
}

// Scales of four channels; 0 where there are none.
ALWAYS_INLINE void scales4(const struct u8_row *row, int oc, float scale[4])
{
    for (int i = 0; i < 4; i++)
        scale[i] = oc + i < row->plan->shape.oc ? row->e->scale[oc + i] : 0;
}

// Walks groups and bands, copies each band and calls row_run for its rows; scratch as
// conv2d_u8_direct's scratch_bytes says, then the algorithm's own.
void N16(conv2d_u8_bands)(const struct conv2d *v, const uint8_t *x, const void *packed,
                          const struct epilogue_u8 *e, uint8_t *y, void *scratch,
                          void (*row_run)(const struct u8_row *row));

#endif
