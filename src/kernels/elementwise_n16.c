// Activations and arithmetic, one float at a time: plain loops the compiler turns into vectors, or
// vectors where exp and its kin are needed. NaN passes through.
#include "kernels/n16_internal.h"

#include "kernels/vf_math.h"

#define EACH(expression)                                                                           \
    INDEPENDENT                                                                                    \
    for (size_t i = 0; i < n; i++)                                                                 \
        y[i] = (expression);                                                                       \
    break

// The same over vectors, `at` being x's: n is a multiple of 16 and the arrays are aligned.
#define EACH_VECTOR(expression)                                                                    \
    for (size_t i = 0; i < n; i += VF) {                                                           \
        vf at = vf_load(x + i);                                                                    \
        vf_store(y + i, expression);                                                               \
    }                                                                                              \
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
        EACH_VECTOR(vf_sigmoid(at));
    case ACTIVATION_TANH:
        EACH_VECTOR(vf_tanh(at));
    case ACTIVATION_ELU:
        EACH_VECTOR(vf_select(at < 0, a * vf_expm1(at), at));
    case ACTIVATION_HARD_SIGMOID:
        EACH(clamp(a * x[i] + b, 0, 1));
    case ACTIVATION_HARD_SWISH:
        EACH(x[i] * clamp(x[i] * (1.0F / 6) + 0.5F, 0, 1));
    case ACTIVATION_GELU:
        EACH_VECTOR(vf_gelu(at));
    case ACTIVATION_COUNT:
        break;
    }
}

ALWAYS_INLINE vf sigmoid_slope(vf x)
{
    vf s = vf_sigmoid(x);

    return s * (1 - s);
}

ALWAYS_INLINE vf tanh_slope(vf x)
{
    vf t = vf_tanh(x);

    return 1 - t * t;
}

ALWAYS_INLINE vf gelu_slope(vf x)
{
    return vf_normal(x) + x * 0.39894228F * vf_exp(-0.5F * x * x);
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
        EACH_VECTOR(vf_load(dy + i) * sigmoid_slope(at));
    case ACTIVATION_TANH:
        EACH_VECTOR(vf_load(dy + i) * tanh_slope(at));
    case ACTIVATION_ELU:
        EACH_VECTOR(vf_load(dy + i) * vf_select(at < 0, a * vf_exp(at), vf_set(1)));
    case ACTIVATION_HARD_SIGMOID:
        EACH(((a * x[i] + b > 0) & (a * x[i] + b < 1)) ? a * dy[i] : 0);
    case ACTIVATION_HARD_SWISH:
        EACH(x[i] > 3 ? dy[i] : x[i] > -3 ? dy[i] * (x[i] * (1.0F / 3) + 0.5F) : 0);
    case ACTIVATION_GELU:
        EACH_VECTOR(vf_load(dy + i) * gelu_slope(at));
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
    default:
        break;
    }
}

void N16(scale_add_f32)(size_t n, float a, const float *x, float *y)
{
    INDEPENDENT
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}
