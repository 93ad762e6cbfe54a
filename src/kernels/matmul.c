// Packing of the matrices that matmul_f32 multiplies by; scratch of an attention.
#include "kernels/matmul_internal.h"

#include <string.h>

size_t matmul_f32_packed_count(const struct matmul *v)
{
    return matmul_columns(v) * (size_t)v->k;
}

void matmul_f32_pack(const struct matmul *v, const float *weight, float *packed)
{
    for (int m = 0; m < v->m; m += MATMUL_PANEL)
        for (int k = 0; k < v->k; k++)
            for (int i = 0; i < MATMUL_PANEL; i++)
                *packed++ = m + i < v->m ? weight[(size_t)k * (size_t)v->m + (size_t)(m + i)] : 0;
}

size_t attention_f32_scratch_bytes(const struct attention *v)
{
    size_t head = (size_t)v->size + (size_t)v->value_size;

    return (ATTENTION_QUERIES + head) * (size_t)v->keys * N16_LANES * sizeof(float);
}

size_t matmul_u8_packed_bytes(const struct matmul *v)
{
    return matmul_columns(v) * (sizeof(int32_t) + ((size_t)v->k + 3) / 4 * 4);
}

size_t matmul_u8_scratch_bytes(const struct matmul *v)
{
    return (size_t)MATMUL_ROWS * (((size_t)v->k + 3) / 4) * 64;
}

void matmul_u8_pack(const struct matmul_u8 *v, const int8_t *weight, void *packed)
{
    size_t k4 = ((size_t)v->shape.k + 3) / 4 * 4, all = (size_t)v->shape.m;
    int32_t *bias = packed;
    int8_t *to = (int8_t *)(bias + matmul_columns(&v->shape));

    memset(packed, 0, matmul_u8_packed_bytes(&v->shape));
    for (size_t m = 0; m < all; m++)
        for (size_t k = 0; k < (size_t)v->shape.k; k++) {
            int8_t w = weight[k * all + m];

            bias[m] -= v->x.zero * w;
            to[m / MATMUL_PANEL * MATMUL_PANEL * k4 + k / 4 * 4 * MATMUL_PANEL +
               m % MATMUL_PANEL * 4 + k % 4] = w;
        }
}
