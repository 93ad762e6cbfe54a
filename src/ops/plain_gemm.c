// Plain matrix products, one body for each type of numbers; see plain_gemm.h.
#include "ops/plain_gemm.h"

#include <stddef.h>

enum { GEMM_COLUMNS = 16 }; // summed at a time

#define SUM ITEM
#define BODY "ops/plain_gemm.inc"
#include "ops/both_floats.inc"
#undef SUM

#define NAMED(name) name##_i16
#define ITEM int16_t
#define SUM int32_t
#include "ops/plain_gemm.inc"
#undef NAMED
#undef ITEM
#undef SUM

enum status check_i8_sums(struct context *context, int64_t products, bool is_w_signed,
                          const int32_t *w_zero, int64_t zero_count)
{
    int64_t largest = is_w_signed ? 128 : 255; // of |w - zero|; |x - zero| is at most 255

    for (int64_t i = 0; w_zero != NULL && i < zero_count; i++)
        largest = w_zero[i] != 0 ? 255 : largest;
    if (products > INT32_MAX / (255 * largest))
        return context_fail(context, ERR_UNSUPPORTED,
                            "a sum of %lld products of 8-bit numbers can exceed 32 bits",
                            (long long)products);
    return OK;
}

void widen_i8(const void *from, bool is_signed, int64_t count, int32_t zero, int16_t *to)
{
    const int8_t *i8 = from;
    const uint8_t *u8 = from;

    for (int64_t i = 0; i < count; i++)
        to[i] = (int16_t)((is_signed ? i8[i] : u8[i]) - zero);
}
