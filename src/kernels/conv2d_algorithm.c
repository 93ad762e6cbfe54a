// Which algorithm computes a convolution forward.
#include <math.h>
#include <string.h>

#include "kernels/conv2d_internal.h"

#define CONV2D(name) extern const struct conv2d_algorithm conv2d_##name;
#include "kernels/conv2d_algorithms.def"
#undef CONV2D

const struct conv2d_algorithm *const conv2d_algorithms[] = {
#define CONV2D(name) &conv2d_##name,
#include "kernels/conv2d_algorithms.def"
#undef CONV2D
    NULL};

double conv2d_nonzero_share(const struct conv2d *v, const float *weight)
{
    size_t count = conv2d_weight_count(v), nonzero = 0;

    for (size_t i = 0; i < count; i++)
        nonzero += weight[i] < 0 || weight[i] > 0;
    return count ? (double)nonzero / (double)count : 1;
}

double conv2d_macs_nonzero(const struct conv2d *v, const float *weight)
{
    return conv2d_nonzero_share(v, weight) * conv2d_macs(v);
}

int conv2d_may_run(const struct conv2d_algorithm *algorithm, const struct conv2d *v,
                   const float *weight, const struct conv2d_bounds *bounds)
{
    return !(bounds->is_plain && algorithm->is_approximate) && algorithm->accepts(v, weight) &&
           algorithm->packed_bytes(v, weight) <= bounds->packed_bytes;
}

const struct conv2d_algorithm *conv2d_choose(const struct kernels *kernels, const struct conv2d *v,
                                             const float *weight,
                                             const struct conv2d_bounds *bounds)
{
    const struct conv2d_algorithm *best = &conv2d_direct;
    double least = INFINITY;

    for (const struct conv2d_algorithm *const *at = conv2d_algorithms; *at; at++) {
        double cost;

        if (!conv2d_may_run(*at, v, weight, bounds))
            continue;
        cost = (*at)->cost(kernels, v, weight);
        if (cost < least) {
            least = cost;
            best = *at;
        }
    }
    return best;
}
