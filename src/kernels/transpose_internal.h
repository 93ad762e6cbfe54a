// Four pixels of 16 samples, each sample's side by side, become four lines of 16 lanes.
#ifndef KERNELS_TRANSPOSE_INTERNAL_H
#define KERNELS_TRANSPOSE_INTERNAL_H

#include <string.h>

#include "kernels/n16_internal.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

enum { TRANSPOSED = 4 };

// out[4][16] from row[16][at .. at + 3]; out is 16-byte aligned (AVX-512: 64).
ALWAYS_INLINE void transpose_pixels(const float *const row[N16_LANES], size_t at, float *out)
{
#if defined(__AVX512F__)
    __m512 v[TRANSPOSED]; // of v[j], quarter k is sample 4 k + j

    UNROLL
    for (int j = 0; j < TRANSPOSED; j++) {
        v[j] = _mm512_castps128_ps512(_mm_loadu_ps(row[j] + at));
        v[j] = _mm512_insertf32x4(v[j], _mm_loadu_ps(row[j + 4] + at), 1);
        v[j] = _mm512_insertf32x4(v[j], _mm_loadu_ps(row[j + 8] + at), 2);
        v[j] = _mm512_insertf32x4(v[j], _mm_loadu_ps(row[j + 12] + at), 3);
    }
    __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(v[0], v[1]));
    __m512d b = _mm512_castps_pd(_mm512_unpacklo_ps(v[2], v[3]));
    __m512d c = _mm512_castps_pd(_mm512_unpackhi_ps(v[0], v[1]));
    __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(v[2], v[3]));

    _mm512_store_pd(out, _mm512_unpacklo_pd(a, b));
    _mm512_store_pd(out + 16, _mm512_unpackhi_pd(a, b));
    _mm512_store_pd(out + 32, _mm512_unpacklo_pd(c, d));
    _mm512_store_pd(out + 48, _mm512_unpackhi_pd(c, d));
#elif defined(__SSE2__)
    UNROLL
    for (int k = 0; k < N16_LANES; k += 4) {
        __m128 a = _mm_loadu_ps(row[k] + at), b = _mm_loadu_ps(row[k + 1] + at);
        __m128 c = _mm_loadu_ps(row[k + 2] + at), d = _mm_loadu_ps(row[k + 3] + at);

        _MM_TRANSPOSE4_PS(a, b, c, d);
        _mm_store_ps(out + k, a);
        _mm_store_ps(out + 16 + k, b);
        _mm_store_ps(out + 32 + k, c);
        _mm_store_ps(out + 48 + k, d);
    }
#else
    for (int l = 0; l < N16_LANES; l++)
        for (int i = 0; i < TRANSPOSED; i++)
            out[i * N16_LANES + l] = row[l][at + (size_t)i];
#endif
}

#endif
