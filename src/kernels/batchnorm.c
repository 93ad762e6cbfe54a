// Batch normalisation's gradient by its input as an affine map per channel:
// dx = gamma s (dy - sum_dy / N - xhat sum_dy_xhat / N), xhat = (x - mean) s, s = inv_std.
#include "kernels/kernels.h"

void batchnorm_f32_backward_coefficients(const struct batchnorm *v,
                                         const struct batchnorm_sums *sums, const float *gamma,
                                         float *a, float *b, float *k)
{
    for (int c = 0; c < v->c; c++) {
        double s = v->inv_std[c], g = (gamma ? (double)gamma[c] : 1) * s;
        double slope = -g * s * sums->sum_dy_xhat[c] / sums->count;

        a[c] = (float)g;
        b[c] = (float)slope;
        k[c] = (float)(-g * sums->sum_dy[c] / sums->count - slope * (double)v->mean[c]);
    }
}
