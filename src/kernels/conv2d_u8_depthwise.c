// Depthwise 3x3 integer convolution as an algorithm: packed weights are [c / 4][kx][4 channels][4],
// the last four the rows of taps and a zero.
#include "kernels/conv2d_u8_internal.h"

enum { GROUP_BYTES = 3 * 16 };

static int accepts(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    (void)w;
    return kernels->isa >= ISA_AVX512_VNNI && v->groups == v->c && v->oc == v->c && v->kh == 3 &&
           v->kw == 3 && v->dilation_h == 1 && v->dilation_w == 1 && v->stride_w <= 2;
}

// Against the direct kernel's 36 multiply-accumulates a channel and pixel (its blocks of four are
// full), as measured.
static double cost(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    (void)kernels;
    (void)w;
    return 18.0 * v->oc * v->oh * v->ow;
}

static size_t packed_bytes(const struct conv2d *v, const struct conv2d_u8_weights *w)
{
    (void)w;
    return conv2d_u8_head_bytes(v) + (size_t)round_up(v->oc, 4) / 4 * GROUP_BYTES;
}

static void pack(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed)
{
    int8_t *to = conv2d_u8_pack_head(v, w, packed);

    for (int i = 0; i < round_up(v->oc, 4) * 12; i++) {
        int m = i / 48 * 4 + i / 4 % 4, kx = i / 16 % 3, ky = i % 4;

        to[i] = m < v->oc && ky < 3 ? w->weight[m * 9 + ky * 3 + kx] : 0;
    }
}

static size_t scratch_bytes(const struct conv2d *v)
{
    size_t sums = (size_t)v->ow * N16_LANES * 4 * sizeof(int32_t);

    return LINE + (size_t)round_up(v->oc, 16) * sizeof(float) + sums;
}

CONV2D_U8_ROW(depthwise, conv2d_u8_depthwise, scratch_bytes, 0);
