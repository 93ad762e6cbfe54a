// Convolution as a matrix product: columns gathered in blocks that stay in L2, OpenBLAS for the
// product. In N16 a column entry is a 64-byte copy. x: (C, H, W, 16), col: (C KH KW, pixels, 16)
#include "kernels/conv2d_internal.h"

#include <string.h>

enum { COLUMN_BYTES = 768 * 1024 };

static int block_pixels(const struct conv2d *v)
{
    size_t k = conv2d_weight_count(v) / (size_t)v->oc;
    size_t pixels = COLUMN_BYTES / (k * N16_LANES * sizeof(float));
    size_t all = (size_t)v->oh * (size_t)v->ow;

    pixels = pixels < 4 ? 4 : pixels;
    return (int)(pixels < all ? pixels : all);
}

static size_t scratch_bytes(const struct conv2d *v)
{
    size_t k = conv2d_weight_count(v) / (size_t)v->oc;

    return k * (size_t)block_pixels(v) * N16_LANES * sizeof(float);
}

// One row of the column matrix: tap (ky, kx) of one channel for pixels first.. .
static void gather_row(const struct conv2d *v, const float *plane, const int tap[2], int first,
                       int pixels, float *col)
{
    for (int p = first; p < first + pixels; p++, col += N16_LANES) {
        int y = p / v->ow * v->stride_h - v->pad_top + tap[0] * v->dilation_h;
        int x = p % v->ow * v->stride_w - v->pad_left + tap[1] * v->dilation_w;

        if (y < 0 || y >= v->h || x < 0 || x >= v->w)
            memset(col, 0, N16_LANES * sizeof(float));
        else
            memcpy(col, plane + (size_t)(y * v->w + x) * N16_LANES, N16_LANES * sizeof(float));
    }
}

static void gather(const struct conv2d *v, const float *x, int first, int pixels, float *col)
{
    for (int c = 0; c < v->c / v->groups; c++)
        for (int k = 0; k < v->kh * v->kw; k++, col += (size_t)pixels * N16_LANES) {
            int tap[2] = {k / v->kw, k % v->kw};

            gather_row(v, x + (size_t)c * (size_t)(v->h * v->w) * N16_LANES, tap, first, pixels,
                       col);
        }
}

static void start_from_bias(const float *bias, int oc, int pixels, size_t plane, float *y)
{
    for (int m = 0; m < oc; m++)
        for (size_t i = 0; i < (size_t)pixels * N16_LANES; i++)
            y[(size_t)m * plane + i] = bias ? bias[m] : 0;
}

static void run(const struct kernels *kernels, const struct conv2d *v, const float *x,
                const void *packed, const struct epilogue *e, float *y, void *scratch)
{
    const float *weight = packed;
    int oc = v->oc / v->groups, k = (int)(conv2d_weight_count(v) / (size_t)v->oc);
    int block = block_pixels(v), all = v->oh * v->ow;
    size_t plane = (size_t)all * N16_LANES;
    size_t group_x = (size_t)(v->h * v->w) * (size_t)(v->c / v->groups) * N16_LANES;

    (void)kernels;
    for (int g = 0; g < v->groups; g++)
        for (int first = 0; first < all; first += block) {
            int pixels = all - first < block ? all - first : block;
            float *to = y + (size_t)(g * oc) * plane + (size_t)first * N16_LANES;
            struct gemm product = {.m = oc,
                                   .n = pixels * N16_LANES,
                                   .k = k,
                                   .lda = k,
                                   .ldb = pixels * N16_LANES,
                                   .ldc = all * N16_LANES,
                                   .alpha = 1,
                                   .beta = 1};

            start_from_bias(e && e->bias ? e->bias + g * oc : NULL, oc, pixels, plane, to);
            gather(v, x + (size_t)g * group_x, first, pixels, scratch);
            gemm_f32(&product, weight + (size_t)(g * oc) * (size_t)k, scratch, to);
        }
    if (has_clamp(e))
        finish_sums(e, (size_t)v->oc * plane, e->add, y);
}

static int accepts(const struct conv2d *v, const float *weight)
{
    (void)weight;
    return !is_depthwise(v);
}

// On x86 1.3 to 10 times slower than the direct kernel with AVX-512, at best 15 % faster than with
// AVX2 (where OpenBLAS itself used AVX-512). The generic kernels of other processors lose to it
// from 16 channels on.
static double cost(const struct kernels *kernels, const struct conv2d *v, const float *weight)
{
    (void)kernels;
    (void)weight;
#if defined(__x86_64__)
    return 4 * conv2d_macs(v);
#else
    return v->oc / v->groups >= 16 && conv2d_weight_count(v) / (size_t)v->oc >= 144
               ? conv2d_macs(v) / 2
               : 2 * conv2d_macs(v);
#endif
}

static size_t packed_bytes(const struct conv2d *v, const float *weight)
{
    (void)weight;
    return conv2d_weight_count(v) * sizeof(float);
}

static void pack(const struct conv2d *v, const float *weight, void *packed)
{
    memcpy(packed, weight, packed_bytes(v, weight));
}

const struct conv2d_algorithm conv2d_im2col = {.name = "im2col",
                                               .accepts = accepts,
                                               .cost = cost,
                                               .packed_bytes = packed_bytes,
                                               .pack = pack,
                                               .scratch_bytes = scratch_bytes,
                                               .run = run};
