// Activations and arithmetic, one float at a time: plain loops the compiler turns into vectors
// (all but those that call the maths library). NaN passes through.
#include "kernels/n16_internal.h"

#include <math.h>

#define EACH(expression)                                                                           \
    INDEPENDENT                                                                                    \
    for (size_t i = 0; i < n; i++)                                                                 \
        y[i] = (expression);                                                                       \
    break

void N16(activation_f32)(const struct activation *v, size_t n, const float *x, float *y)
{
    const float a = v->a, b = v->b;

    switch (v->kind) {
    case ACTIVATION_RELU:
        EACH(0 > x[i] ? 0 : x[i]);
    case ACTIVATION_CLIP:
        EACH(clamp(x[i], a, b));
    case ACTIVATION_LEAKY_RELU:
        EACH(x[i] < 0 ? a * x[i] : x[i]);
    case ACTIVATION_SIGMOID:
        EACH(1 / (1 + expf(-x[i])));
    case ACTIVATION_TANH:
        EACH(tanhf(x[i]));
    case ACTIVATION_ELU:
        EACH(x[i] < 0 ? a * expm1f(x[i]) : x[i]);
    case ACTIVATION_HARD_SIGMOID:
        EACH(clamp(a * x[i] + b, 0, 1));
    case ACTIVATION_HARD_SWISH:
        EACH(x[i] * clamp(x[i] * (1.0F / 6) + 0.5F, 0, 1));
    case ACTIVATION_GELU:
        EACH(0.5F * x[i] * (1 + erff(x[i] * 0.70710678F)));
    case ACTIVATION_COUNT:
        break;
    }
}

static float sigmoid_slope(float x)
{
    float s = 1 / (1 + expf(-x));

    return s * (1 - s);
}

static float tanh_slope(float x)
{
    float t = tanhf(x);

    return 1 - t * t;
}

static float gelu_slope(float x)
{
    return 0.5F * (1 + erff(x * 0.70710678F)) + x * 0.39894228F * expf(-0.5F * x * x);
}

void N16(activation_f32_backward)(const struct activation *v, size_t n, const float *x,
                                  const float *dy, float *dx)
{
    const float a = v->a, b = v->b;
    float *y = dx;

    switch (v->kind) {
    case ACTIVATION_RELU:
        EACH(x[i] > 0 ? dy[i] : 0);
    case ACTIVATION_CLIP:
        EACH(((x[i] > a) & (x[i] < b)) ? dy[i] : 0);
    case ACTIVATION_LEAKY_RELU:
        EACH(x[i] < 0 ? a * dy[i] : dy[i]);
    case ACTIVATION_SIGMOID:
        EACH(dy[i] * sigmoid_slope(x[i]));
    case ACTIVATION_TANH:
        EACH(dy[i] * tanh_slope(x[i]));
    case ACTIVATION_ELU:
        EACH(x[i] < 0 ? a * expf(x[i]) * dy[i] : dy[i]);
    case ACTIVATION_HARD_SIGMOID:
        EACH(((a * x[i] + b > 0) & (a * x[i] + b < 1)) ? a * dy[i] : 0);
    case ACTIVATION_HARD_SWISH:
        EACH(x[i] > 3 ? dy[i] : x[i] > -3 ? dy[i] * (x[i] * (1.0F / 3) + 0.5F) : 0);
    case ACTIVATION_GELU:
        EACH(dy[i] * gelu_slope(x[i]));
    case ACTIVATION_COUNT:
        break;
    }
}

void N16(binary_f32)(enum binary_kind kind, size_t n, const float *a, const float *b, float *y)
{
    switch (kind) {
    case BINARY_ADD:
        EACH(a[i] + b[i]);
    case BINARY_SUB:
        EACH(a[i] - b[i]);
    case BINARY_MUL:
        EACH(a[i] * b[i]);
    case BINARY_DIV:
        EACH(a[i] / b[i]);
    case BINARY_COUNT:
        break;
    }
}

void N16(scale_add_f32)(size_t n, float a, const float *x, float *y)
{
    INDEPENDENT
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}
