// What a core can do at most: loops of multiply-adds that touch no memory. Layers are judged by
// them (`ecai bench`, bench/guard), always measured in the same run.
#include "kernels/n16_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// As many sums as two ports of latency 4 or 5 need, and no more than 16 registers hold.
enum { CHAINS = 12 };

// 12 chains of x = x / 2 + 1 / 2: no denormals, no infinities, and nothing for a compiler to fold.
double N16(peak_f32)(long rounds, float *result)
{
    const vf half = vf_set(result[0]);
    vf sum[CHAINS], total = vf_set(0);

    UNROLL
    for (int i = 0; i < CHAINS; i++)
        sum[i] = vf_set((float)i);
    for (long r = 0; r < rounds; r++) {
        UNROLL
        for (int i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * half + half;
    }
    UNROLL
    for (int i = 0; i < CHAINS; i++)
        total += sum[i];
    result[0] = total[0];
    return 2.0 * CHAINS * VF * (double)rounds;
}

// The loop of an integer dot product: `step(sum, a, b)` adds the products of the bytes, or of the
// 16-bit numbers, in each 32-bit lane; `products` of them a vector.
#define DOT_LOOP(vector, set, step, products)                                                      \
    const vector a = set(result[0]), b = set(result[0] + 1);                                       \
    vector sum[CHAINS];                                                                            \
    UNROLL                                                                                         \
    for (int i = 0; i < CHAINS; i++)                                                               \
        sum[i] = set(i);                                                                           \
    for (long r = 0; r < rounds; r++) {                                                            \
        UNROLL                                                                                     \
        for (int i = 0; i < CHAINS; i++) {                                                         \
            sum[i] = step(sum[i], a, b);                                                           \
            KEEP(sum[i]);                                                                          \
        }                                                                                          \
    }                                                                                              \
    UNROLL                                                                                         \
    for (int i = 1; i < CHAINS; i++)                                                               \
        sum[0] ^= sum[i];                                                                          \
    result[0] = (int32_t)sum[0][0];                                                                \
    return 2.0 * CHAINS * (products) * (double)rounds

// Hides from the compiler what the vector holds: integer sums could be multiplied out.
#if defined(__x86_64__)
#define KEEP(vector) __asm__("" : "+x"(vector))
#else
#define KEEP(vector) __asm__("" : "+w"(vector))
#endif

#if defined(__AVX512BW__)
__attribute__((target("avx512vnni"))) static double dot_bytes(long rounds, int32_t *result)
{
    DOT_LOOP(__m512i, _mm512_set1_epi32, _mm512_dpbusd_epi32, 64);
}

#define STEP(sum, a, b) _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))
static double dot_shorts(long rounds, int32_t *result)
{
    DOT_LOOP(__m512i, _mm512_set1_epi32, STEP, 32);
}

double N16(peak_i8)(long rounds, int32_t *result)
{
    return __builtin_cpu_supports("avx512vnni") ? dot_bytes(rounds, result)
                                                : dot_shorts(rounds, result);
}
#elif defined(__AVX2__)
#define STEP(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
double N16(peak_i8)(long rounds, int32_t *result)
{
    DOT_LOOP(__m256i, _mm256_set1_epi32, STEP, 16);
}
#elif defined(__SSE2__)
#define STEP(sum, a, b) _mm_add_epi32(sum, _mm_madd_epi16(a, b))
double N16(peak_i8)(long rounds, int32_t *result)
{
    DOT_LOOP(__m128i, _mm_set1_epi32, STEP, 8);
}
#else
typedef uint32_t vu __attribute__((vector_size(16)));
#define SET(s) ((uint32_t)(s) - (vu){0})
#define STEP(sum, a, b) ((sum) + (a) * (b))
double N16(peak_i8)(long rounds, int32_t *result)
{
    DOT_LOOP(vu, SET, STEP, 4);
}
#endif

#if HAS_TILES
// Four tiles of sums from four of factors, as a kernel would have them.
double N16(peak_i8_tiles)(long rounds)
{
    struct {
        uint8_t palette, reserved[15];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};

    for (int i = 0; i < 8; i++) {
        config.rows[i] = 16;
        config.row_bytes[i] = 64;
    }
    __asm__ volatile("" : "+m"(config)); // the compiler takes only its first bytes for read
    _tile_loadconfig(&config);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (long r = 0; r < rounds; r++) {
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
        _tile_dpbsud(2, 5, 6);
        _tile_dpbsud(3, 5, 7);
    }
    _tile_release();
    return 2.0 * 4 * 16 * 16 * 64 * (double)rounds;
}
#else
double N16(peak_i8_tiles)(long rounds)
{
    (void)rounds;
    return 0;
}
#endif
