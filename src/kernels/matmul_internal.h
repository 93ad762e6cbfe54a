// What the products with a shared matrix have in common, in float and in integers.
#ifndef KERNELS_MATMUL_INTERNAL_H
#define KERNELS_MATMUL_INTERNAL_H

#include "kernels/n16_internal.h"

enum { MATMUL_ROWS = 24 }; // of x that stay in the cache while all columns pass

// Packed integer weights: int32 sums for each column (of a zero point that is taken off), rounded
// up to a panel, then panels of [k / 4][MATMUL_PANEL][4].
struct matmul_u8_packed {
    const int32_t *bias;
    const int8_t *weight;
};

static inline size_t matmul_columns(const struct matmul *v)
{
    return ((size_t)v->m + MATMUL_PANEL - 1) / MATMUL_PANEL * MATMUL_PANEL;
}

static inline struct matmul_u8_packed matmul_u8_packed(const struct matmul *v, const void *packed)
{
    const int32_t *bias = packed;

    return (struct matmul_u8_packed){bias, (const int8_t *)(bias + matmul_columns(v))};
}

// The epilogue on `columns` of a few rows, `row` floats apart, whose sums and bias are in y; at: of
// y in its value.
void N16(matmul_finish)(const struct matmul_epilogue *e, size_t at, float *y, size_t row, int rows,
                        int columns);

#endif
