// Updates of plain weight arrays: SGD with momentum as PyTorch writes it, AdamW (Loshchilov and
// Hutter 2019), moving averages.
#include "kernels/n16_internal.h"

#include <math.h>

void N16(sgd_f32)(const struct sgd *v, size_t n, float *w, const float *g, float *m,
                  const float *mask)
{
    const float rate = v->learning_rate, momentum = v->momentum, decay = v->weight_decay;
    const float now = v->is_nesterov ? 1 : 0, later = v->is_nesterov ? momentum : 1;

    INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        float slope = g[i] + decay * w[i];

        m[i] = momentum * m[i] + slope;
        w[i] -= rate * (now * slope + later * m[i]);
    }
    if (mask)
        INDEPENDENT
    for (size_t i = 0; i < n; i++)
        w[i] *= mask[i];
}

void N16(adamw_f32)(const struct adamw *v, size_t n, float *w, const float *g,
                    float *const moments[2], const float *mask)
{
    float *first = moments[0], *second = moments[1];
    const float keep = 1 - v->learning_rate * v->weight_decay, beta1 = v->beta1, beta2 = v->beta2;
    const float epsilon = v->epsilon;
    const float step = (float)(v->learning_rate / (1 - pow((double)v->beta1, v->step)));
    const float unbias = (float)(1 / sqrt(1 - pow((double)v->beta2, v->step)));

    INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        first[i] = beta1 * first[i] + (1 - beta1) * g[i];
        second[i] = beta2 * second[i] + (1 - beta2) * g[i] * g[i];
        w[i] = keep * w[i] - step * first[i] / (sqrtf(second[i]) * unbias + epsilon);
    }
    if (mask)
        INDEPENDENT
    for (size_t i = 0; i < n; i++)
        w[i] *= mask[i];
}

void N16(ema_f32)(size_t n, float decay, const float *w, float *average)
{
    INDEPENDENT
    for (size_t i = 0; i < n; i++)
        average[i] = decay * average[i] + (1 - decay) * w[i];
}
