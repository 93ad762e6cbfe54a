// Plain matrix products for the operators' defining code: any strides, one thread, sums in the
// order of k.
#ifndef OPS_PLAIN_GEMM_H
#define OPS_PLAIN_GEMM_H

#include <stdint.h>

#include "base/context.h"

// c (m, n) += alpha * a (m, k) * b (k, n). Element (i, j) of a lies at i * a_row + j * a_col, and
// so on; rows of c are contiguous and c_row apart.
struct gemm_layout {
    int64_t m, n, k;
    int64_t a_row, a_col, b_row, b_col, c_row;
};

// pack: k * n elements, needed only if b_col is not 1.
void gemm_add_f32(const struct gemm_layout *at, float alpha, const float *a, const float *b,
                  float *c, float *pack);
void gemm_add_f64(const struct gemm_layout *at, double alpha, const double *a, const double *b,
                  double *c, double *pack);
// 8-bit operands after their zero points are gone; the caller has seen to it that no sum overflows
// (check_i8_sums). alpha is 1.
void gemm_add_i16(const struct gemm_layout *at, int32_t alpha, const int16_t *a, const int16_t *b,
                  int32_t *c, int16_t *pack);

// ERR_UNSUPPORTED if that many products can overflow an int32. w_zero may be NULL: all zero.
MUST_CHECK enum status check_i8_sums(struct context *context, int64_t products, bool is_w_signed,
                                     const int32_t *w_zero, int64_t zero_count);

// to[i] = from[i] - zero for an int8 or uint8 tensor's data.
void widen_i8(const void *from, bool is_signed, int64_t count, int32_t zero, int16_t *to);

#endif
