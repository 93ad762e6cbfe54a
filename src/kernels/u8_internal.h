// What the integer kernels of the *_n16.c files share: vectors of VF int32, sums of four products
// of bytes, requantisation. A 64-byte line is four channels of 16 samples; a vector reads VF
// samples of it.
#ifndef KERNELS_U8_INTERNAL_H
#define KERNELS_U8_INTERNAL_H

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
ALWAYS_INLINE vf vf_confine(vf v, float low, float high)
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
    return vi_rint(vf_confine(real, r.low, r.high));
}

ALWAYS_INLINE vi channel_of(vi joined, int i)
{
    return (joined >> (8 * i)) & 255;
}

#if defined(__AVX2__)
// u = clamp(q + zero, low, high) as bytes; of each 16 the first four are from q[0], and so on.
ALWAYS_INLINE vi pack4(const vi q[4], const struct grid_u8 *grid)
{
    mm_int zero = MM(set1_epi16)((short)grid->zero);
    mm_int a = MM(adds_epi16)(MM(packs_epi32)((mm_int)q[0], (mm_int)q[1]), zero);
    mm_int b = MM(adds_epi16)(MM(packs_epi32)((mm_int)q[2], (mm_int)q[3]), zero);
    mm_int u = MM(packus_epi16)(a, b);

    u = MM(min_epu8)(u, MM(set1_epi8)((char)grid->high));
    return (vi)MM(max_epu8)(u, MM(set1_epi8)((char)grid->low));
}
#endif

// u of four channels, side by side; q[i] + zero <= 2^15.
ALWAYS_INLINE vi join4(const vi q[4], const struct grid_u8 *grid)
{
#if defined(__AVX2__)
    // Bytes of channel i of four samples, to those of four channels of a sample.
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    mm_int u = (mm_int)pack4(q, grid);

#if defined(__AVX512F__)
    return (vi)_mm512_shuffle_epi8(u, _mm512_broadcast_i32x4(order));
#else
    return (vi)_mm256_shuffle_epi8(u, _mm256_broadcastsi128_si256(order));
#endif
#else
    vi u[4];

    for (int i = 0; i < 4; i++) {
        vi v = q[i] + grid->zero, below = (vi)(v < grid->low), above = (vi)(v > grid->high);

        u[i] = (grid->low & below) | (grid->high & above) | (v & ~(below | above));
    }
    return u[0] | (u[1] << 8) | (u[2] << 16) | (u[3] << 24);
#endif
}

// ---- the sum of two values

// The sum in float32 as a * fa + (b * fb + k), k standing for both zero points. Every intermediate
// is at most M = 2 * 255 * (fa + fb), so the three roundings are off by 3 * 2^-24 M < doubt
// together. A sum further than that from the middle between two integers rounds as the one in
// double does; the others are done again in double.
struct sum_fast {
    vf fa, fb, k;
    float doubt;
    const struct sum_u8 *sum;
};

// The a's given to sum4 are u less zero_given.
ALWAYS_INLINE struct sum_fast sum_fast(const struct sum_u8 *v, int zero_given)
{
    double fa = (double)v->factor_a, fb = (double)v->factor_b;
    double k = fa * (zero_given - v->zero_a) - fb * v->zero_b;

    return (struct sum_fast){vf_set(v->factor_a), vf_set(v->factor_b), vf_set((float)k),
                             1.25e-4F * (v->factor_a + v->factor_b), v};
}

ALWAYS_INLINE int is_doubtful(vf off, float limit)
{
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask(_mm512_abs_ps((mm_float)off), _mm512_set1_ps(limit), _CMP_GT_OQ);
#else
    vi is_far = (vi)(off > limit) | (vi)(off < -limit);

#if defined(__AVX2__)
    return _mm256_movemask_ps((mm_float)is_far);
#elif defined(__SSE2__)
    return _mm_movemask_ps((mm_float)is_far);
#else
    return is_far[0] | is_far[1] | is_far[2] | is_far[3];
#endif
#endif
}

// q of the sum in double; a and b less their zero points.
static __attribute__((noinline)) vi sum_exact(const struct sum_u8 *v, vi a, vi b)
{
    for (int i = 0; i < VF; i++) {
        double sum = (double)a[i] * (double)v->factor_a + (double)b[i] * (double)v->factor_b;

        sum = sum > -1024 ? sum < 1024 ? sum : 1024 : -1024;
        a[i] = (int32_t)((sum + 0x1.8p52) - 0x1.8p52); // half to even
    }
    return a;
}

// a[i] less zero_given, b joined as in memory.
ALWAYS_INLINE vi sum4(const struct sum_fast *f, int zero_given, const vi a[4], vi b)
{
    const struct sum_u8 *v = f->sum;
    float limit = 0.5F - f->doubt;
    int doubts = !(limit > 0.25F);
    vi q[4];

    UNROLL
    for (int i = 0; i < 4; i++) {
        vf sum = vf_from(channel_of(b, i)) * f->fb + f->k;

        sum += vf_from(a[i]) * f->fa;
        q[i] = vi_rint(sum);
        doubts |= is_doubtful(sum - vf_from(q[i]), limit);
    }
    if (__builtin_expect(doubts != 0, 0))
        for (int i = 0; i < 4; i++)
            q[i] = sum_exact(v, a[i] + (zero_given - v->zero_a), channel_of(b, i) - v->zero_b);
    return join4(q, &v->y);
}

// ---- rows of a convolution

// One row of outputs of one group, in a band.
struct u8_row {
    const struct conv2d_u8_plan *plan;
    const void *packed;
    const struct epilogue_u8 *e;
    uint8_t *y;
    const float *scale; // of the epilogue; zeros up to a multiple of 16 channels
    int is_small;       // scales are at most 1/2: no scaled sum overflows int32
    size_t plane;       // output pixels
    const size_t *runs; // byte offsets
    void *scratch;      // the algorithm's own
    int group;
    const uint8_t *x; // first column of the first output
    int pixels;
    size_t at; // first output pixel
};

// Copies the epilogue's scales to scale[oc rounded up to 16] for the row.
ALWAYS_INLINE void conv2d_u8_scales(struct u8_row *row, int oc, float *scale)
{
    row->scale = scale;
    row->is_small = 1;
    for (int m = 0; m < round_up(oc, 16); m++) {
        scale[m] = m < oc ? row->e->scale[m] : 0;
        row->is_small = row->is_small && scale[m] <= 0.5F;
    }
}

// Sums of some channels (a multiple of 4, from oc on) of some neighbouring pixels, as left by a
// tile: sum[i * oc_step + j * pixel_step + lane].
struct u8_sums {
    const int32_t *sum;
    int channels, pixels;
    int oc_step, pixel_step;
};
// Does to them what row->e says and stores them.
void N16(conv2d_u8_finish)(const struct u8_row *row, int oc, size_t pixel,
                           const struct u8_sums *sums);

// Walks groups and bands, copies each band and calls row_run for its rows; scratch as
// conv2d_u8_direct's scratch_bytes says, then the algorithm's own.
void N16(conv2d_u8_bands)(const struct conv2d *v, const uint8_t *x, const void *packed,
                          const struct epilogue_u8 *e, uint8_t *y, void *scratch,
                          void (*row_run)(const struct u8_row *row));

#endif
