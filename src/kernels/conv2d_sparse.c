// Packing for the sparse convolution, and when it pays.
#include "kernels/conv2d_internal.h"

size_t conv2d_f32_sparse_bytes(const struct conv2d *v, size_t nonzero_count)
{
    return ((size_t)v->oc + 2) / 2 * 2 * sizeof(int32_t) +
           nonzero_count * sizeof(struct sparse_entry);
}

void conv2d_f32_sparse_pack(const struct conv2d *v, const float *weight, void *packed)
{
    struct walk t = conv2d_walk_forward(v);
    struct walk_plan p = walk_plan_sparse(&t);
    int32_t *first = packed, count = 0;
    struct sparse_entry *entry = (struct sparse_entry *)(void *)(first + (v->oc + 2) / 2 * 2);

    for (int m = 0; m < v->oc; m++) {
        first[m] = count;
        for (int k = 0; k < t.c * p.taps; k++, weight++) {
            int a = k % p.taps / v->kw, b = k % v->kw;

            if (*weight < 0 || *weight > 0)
                entry[count++] =
                    (struct sparse_entry){(int32_t)walk_offset(&t, &p, k / p.taps, a, b), *weight};
        }
    }
    first[v->oc] = count;
}

size_t conv2d_f32_sparse_scratch_bytes(const struct conv2d *v)
{
    struct walk t = conv2d_walk_forward(v);
    struct walk_plan p = walk_plan_sparse(&t);

    return (walk_scratch_bytes(&t, &p) + 63) / 64 * 64;
}

// Measured with AVX-512: even at 50 to 60 % zeros, 1.9 times the dense speed at 80 %, 3 to 4 at 90
// %.
int conv2d_f32_prefers_sparse(const struct conv2d *v, double nonzero_share)
{
    return !is_depthwise(v) && nonzero_share < 0.4;
}
