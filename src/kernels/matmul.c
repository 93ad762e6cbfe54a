// Packing of the matrices that matmul_f32 multiplies by; scratch of an attention.
#include "kernels/kernels.h"

size_t matmul_f32_packed_count(const struct matmul *v)
{
    size_t panels = ((size_t)v->m + MATMUL_PANEL - 1) / MATMUL_PANEL;

    return panels * MATMUL_PANEL * (size_t)v->k;
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
    return (size_t)ATTENTION_QUERIES * (size_t)v->keys * N16_LANES * sizeof(float);
}
