// Softmax cross entropy and distillation (Hinton et al. 2015):
// L = (1 - a) CE + a T^2 KL(pt || ps), dL/dz = (1 - a)(p - y) + a T (ps - pt). z: (classes, 16)
#include "kernels/kernels.h"

#include <math.h>

// log of the sum of exp(z / T); *most is the largest z.
static double log_sum_exp(int classes, double temperature, const float *z)
{
    double most = -INFINITY, sum = 0;

    for (int i = 0; i < classes; i++)
        most = z[i * N16_LANES] > most ? z[i * N16_LANES] : most;
    for (int i = 0; i < classes; i++)
        sum += exp((z[i * N16_LANES] - most) / temperature);
    return most / temperature + log(sum);
}

// Adds weight times the gradient to dz unless NULL.
static double cross_entropy(const struct loss *v, const float *z, int label, float weight,
                            float *dz)
{
    double total = log_sum_exp(v->classes, 1, z), loss = 0;

    for (int i = 0; i < v->classes; i++) {
        double log_p = z[i * N16_LANES] - total;
        double target = (double)v->label_smoothing / v->classes +
                        (i == label ? 1 - (double)v->label_smoothing : 0);

        loss -= target > 0 ? target * log_p : 0;
        if (dz)
            dz[i * N16_LANES] += weight * (float)(exp(log_p) - target);
    }
    return loss;
}

static double divergence(const struct loss *v, const float *z, const float *teacher, float weight,
                         float *dz)
{
    double t = v->temperature, loss = 0;
    double total = log_sum_exp(v->classes, t, z), total_t = log_sum_exp(v->classes, t, teacher);

    for (int i = 0; i < v->classes; i++) {
        double log_ps = z[i * N16_LANES] / t - total, log_pt = teacher[i * N16_LANES] / t - total_t;
        double pt = exp(log_pt);

        loss += pt > 0 ? pt * (log_pt - log_ps) : 0;
        if (dz)
            dz[i * N16_LANES] += weight * (float)(exp(log_ps) - pt);
    }
    return loss;
}

double loss_f32(const struct loss *v, const float *logits, const float *teacher,
                const int32_t *labels, float *dlogits)
{
    float alpha = teacher ? v->alpha : 0, t = v->temperature;
    double sum = 0;

    for (int i = 0; dlogits && i < v->classes * N16_LANES; i++)
        dlogits[i] = 0;
    for (int lane = 0; lane < v->lanes; lane++) {
        float *dz = dlogits ? dlogits + lane : NULL;

        if (alpha < 1 && labels[lane] >= 0)
            sum += (1 - (double)alpha) * cross_entropy(v, logits + lane, labels[lane],
                                                       (1 - alpha) * v->gradient_scale, dz);
        if (alpha > 0)
            sum += (double)alpha * t * t *
                   divergence(v, logits + lane, teacher + lane, alpha * t * v->gradient_scale, dz);
    }
    return sum;
}
