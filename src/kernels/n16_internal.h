// What the *_n16.c files share. Each is compiled once per instruction set with -DISA=generic, avx2,
// avx512 or avx512_vnni; N16(name) is that copy's name_<ISA>. vf is the widest vector the copy has:
// VF floats, 16 / VF of them a group of samples.
#ifndef KERNELS_N16_INTERNAL_H
#define KERNELS_N16_INTERNAL_H

// gcc and clang name it differently.
#if defined(__AMX_INT8__) || defined(__AMXINT8__)
#define HAS_TILES 1
#else
#define HAS_TILES 0
#endif
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "kernels/kernels.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#ifndef ISA
#define ISA generic
#endif
#define N16_PASTE(name, isa) name##_##isa
#define N16_EXPAND(name, isa) N16_PASTE(name, isa)
#define N16(name) N16_EXPAND(name, ISA)

#if defined(__AVX512F__)
enum { VF = 16 };
#elif defined(__AVX__)
enum { VF = 8 };
#else
enum { VF = 4 };
#endif
typedef float vf __attribute__((vector_size(VF * 4), aligned(VF * 4)));
typedef int32_t vi __attribute__((vector_size(VF * 4), aligned(VF * 4)));

// UNROLL: the next loop counts to a constant of at most 16, so that arrays of accumulators become
// registers. INDEPENDENT: the next loop's iterations do not depend on each other, even where
// its arrays are the same.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" // loops that call libm stay scalar
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE vf vf_load(const float *p)
{
    return *(const vf *)p;
}

ALWAYS_INLINE void vf_store(float *p, vf v)
{
    *(vf *)p = v;
}

// Results larger than this leave the caches before anyone reads them: written past the caches they
// cost a quarter, as the old contents are not read first.
enum { STREAM_BYTES = 24 * 1024 * 1024 };

// Stores past the caches where a vector is a whole line; stream_end orders such stores before later
// ones.
ALWAYS_INLINE void vf_stream(float *p, vf v)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#else
    vf_store(p, v);
#endif
}

ALWAYS_INLINE void stream_end(void)
{
#if defined(__AVX512F__)
    _mm_sfence();
#endif
}

ALWAYS_INLINE vf vf_set(float s)
{
    return s - (vf){0};
}

// Hints: p will be read soon; read soon, but not before L1 has seen much else; written soon.
ALWAYS_INLINE void fetch(const void *p)
{
    __builtin_prefetch(p, 0, 3);
}

ALWAYS_INLINE void fetch_to_l2(const void *p)
{
    __builtin_prefetch(p, 0, 2);
}

ALWAYS_INLINE void fetch_to_write(const void *p)
{
    __builtin_prefetch(p, 1, 3);
}

// NaN passes through.
ALWAYS_INLINE float clamp(float x, float low, float high)
{
    float v = low > x ? low : x;

    return high < v ? high : v;
}

// high < (low > v ? low : v) ? high : that; NaN passes through.
ALWAYS_INLINE vf vf_clamp(vf v, vf low, vf high)
{
#if defined(__AVX512F__)
    return (vf)_mm512_min_ps((__m512)high, _mm512_max_ps((__m512)low, (__m512)v));
#elif defined(__AVX__)
    return (vf)_mm256_min_ps((__m256)high, _mm256_max_ps((__m256)low, (__m256)v));
#elif defined(__SSE2__)
    return (vf)_mm_min_ps((__m128)high, _mm_max_ps((__m128)low, (__m128)v));
#else
    for (int i = 0; i < VF; i++)
        v[i] = clamp(v[i], low[i], high[i]);
    return v;
#endif
}

#define KERNEL(result, name, arguments) result N16(name) arguments;
#include "kernels/kernels.def"
#undef KERNEL

// What conv2d_f32 and its gradient do where groups == c; no scratch.
void N16(depthwise_f32)(const struct conv2d *v, const float *x, const float *packed,
                        const struct epilogue *e, float *y);
void N16(depthwise_f32_backward_data)(const struct conv2d *v, const float *dy, const float *packed,
                                      int accumulate, float *dx);

#endif
