// Integer convolution cut into blocks of input channels, each exact in float, summed in int32.
// x: (C, H, W, 16), y: (OC, OH, OW, 16) int32
#include "kernels/conv2d_internal.h"
#include "kernels/n16_internal.h"

void N16(conv2d_i32)(const struct conv2d *v, int blocks, const float *x, const float *packed,
                     int32_t *y, void *scratch)
{
    size_t plane = (size_t)(v->h * v->w) * N16_LANES;
    int parts = blocks > 1 ? v->groups : 1;

    for (int part = 0; part < parts * blocks; part++) {
        struct conv2d block = conv2d_i32_block(v, blocks, part % blocks);
        size_t n = (size_t)(block.oc * block.oh * block.ow) * N16_LANES;
        float *sum = scratch;
        int32_t *to = y + (size_t)(part / blocks) * n;

        N16(conv2d_f32)(&block, x, packed, NULL, sum, sum + n);
        if (part % blocks == 0)
            for (size_t i = 0; i < n; i++)
                to[i] = (int32_t)sum[i];
        else
            for (size_t i = 0; i < n; i++)
                to[i] += (int32_t)sum[i];
        x += (size_t)block.c * plane;
        packed += conv2d_weight_count(&block);
    }
}
