// The sparse convolutions as algorithms, and when they pay: lists of single output channels, and
// lists of four that share their pattern (pruned in blocks of 4x1).
#include "kernels/conv2d_internal.h"
#include "kernels/conv2d_sparse.h"

static int accepts(const struct conv2d *v, const float *weight)
{
    return weight && !is_depthwise(v);
}

static int accepts_4x1(const struct conv2d *v, const float *weight)
{
    return accepts(v, weight) && v->oc / v->groups % 4 == 0;
}

// As measured with AVX-512: a copied pixel of the panel takes as long as 11 dense
// multiply-accumulates, one with a nonzero weight as long as `each`.
static double cost_of(const struct conv2d *v, double share, double each)
{
    struct sparse_plan p = sparse_plan(v);
    double copied = (double)p.plane / (p.y.tile * p.x.tile) * v->c * v->oh * v->ow;

    return each * share * conv2d_macs(v) + 11 * copied;
}

static double cost(const struct kernels *kernels, const struct conv2d *v, const float *weight)
{
    (void)kernels;
    return cost_of(v, conv2d_nonzero_share(v, weight), 1.45);
}

static double cost_4x1(const struct kernels *kernels, const struct conv2d *v, const float *weight)
{
    (void)kernels;
    return cost_of(v, sparse_share(v, 4, weight), 1.05);
}

#define SPARSE(name, unit)                                                                         \
    static size_t name##_bytes(const struct conv2d *v, const float *weight)                        \
    {                                                                                              \
        return sparse_packed_bytes(v, unit, weight);                                               \
    }                                                                                              \
    static void name##_lists(const struct conv2d *v, const float *weight, void *packed)            \
    {                                                                                              \
        sparse_pack(v, unit, weight, packed);                                                      \
    }                                                                                              \
    static void name##_run(const struct kernels *kernels, const struct conv2d *v, const float *x,  \
                           const void *packed, const struct epilogue *e, float *y, void *scratch)  \
    {                                                                                              \
        kernels->conv2d_f32_##name(v, x, packed, e, y, scratch);                                   \
    }

SPARSE(sparse, 1)
SPARSE(sparse4x1, 4)

const struct conv2d_algorithm conv2d_sparse = {.name = "sparse",
                                               .adds_in_place = 1,
                                               .accepts = accepts,
                                               .cost = cost,
                                               .macs = conv2d_macs_nonzero,
                                               .packed_bytes = sparse_bytes,
                                               .pack = sparse_lists,
                                               .scratch_bytes = sparse_scratch_bytes,
                                               .run = sparse_run};
const struct conv2d_algorithm conv2d_sparse4x1 = {.name = "sparse4x1",
                                                  .adds_in_place = 1,
                                                  .accepts = accepts_4x1,
                                                  .cost = cost_4x1,
                                                  .macs = conv2d_macs_nonzero,
                                                  .packed_bytes = sparse4x1_bytes,
                                                  .pack = sparse4x1_lists,
                                                  .scratch_bytes = sparse_scratch_bytes,
                                                  .run = sparse4x1_run};
