// Which algorithm computes an integer convolution.
#include "kernels/kernels.h"

#include <math.h>

#define CONV2D_U8(name) extern const struct conv2d_u8_algorithm conv2d_u8_##name;
#include "kernels/conv2d_u8_algorithms.def"
#undef CONV2D_U8

const struct conv2d_u8_algorithm *const conv2d_u8_algorithms[] = {
#define CONV2D_U8(name) &conv2d_u8_##name,
#include "kernels/conv2d_u8_algorithms.def"
#undef CONV2D_U8
    NULL};

const struct conv2d_u8_algorithm *conv2d_u8_choose(const struct kernels *kernels,
                                                   const struct conv2d *v,
                                                   const struct conv2d_u8_weights *w)
{
    const struct conv2d_u8_algorithm *best = &conv2d_u8_direct;
    double least = INFINITY;

    for (const struct conv2d_u8_algorithm *const *at = conv2d_u8_algorithms; *at; at++) {
        double cost = (*at)->accepts(kernels, v, w) ? (*at)->cost(kernels, v, w) : INFINITY;

        if (cost < least) {
            least = cost;
            best = *at;
        }
    }
    return best;
}
