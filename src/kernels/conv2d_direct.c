// The direct convolution as an algorithm: any shape, any weights.
#include "kernels/conv2d_internal.h"

double conv2d_macs(const struct conv2d *v)
{
    return (double)conv2d_weight_count(v) * v->oh * v->ow;
}

static int accepts(const struct conv2d *v, const float *weight)
{
    (void)v;
    (void)weight;
    return 1;
}

static double cost(const struct kernels *kernels, const struct conv2d *v, const float *weight)
{
    (void)kernels;
    (void)weight;
    return conv2d_macs(v);
}

static size_t packed_bytes(const struct conv2d *v, const float *weight)
{
    (void)weight;
    return conv2d_weight_count(v) * sizeof(float);
}

static void pack(const struct conv2d *v, const float *weight, void *packed)
{
    conv2d_f32_pack(v, weight, packed);
}

static void run(const struct kernels *kernels, const struct conv2d *v, const float *x,
                const void *packed, const struct epilogue *e, float *y, void *scratch)
{
    kernels->conv2d_f32(v, x, packed, e, y, scratch);
}

const struct conv2d_algorithm conv2d_direct = {.name = "direct",
                                               .adds_in_place = 1,
                                               .accepts = accepts,
                                               .cost = cost,
                                               .packed_bytes = packed_bytes,
                                               .pack = pack,
                                               .scratch_bytes = conv2d_forward_scratch_bytes,
                                               .run = run};
