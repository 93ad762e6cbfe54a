// Fake quantisation and requantisation. Rounding is half to even: a float between -2^22 and 2^22
// plus 1.5 * 2^23 has no bits below the unit, so adding and subtracting it rounds, in vectors of
// any instruction set. A clamp always stands between a product and that sum, so no FMA can form.
#include "kernels/n16_internal.h"

ALWAYS_INLINE float round_half_even(float x)
{
    const float unit = 12582912; // 1.5 * 2^23

    return (x + unit) - unit;
}

// q - zero_point lies within low..high.
struct range {
    float low, high;
};

static struct range range_of(int low, int high, int zero_point)
{
    return (struct range){(float)(low - zero_point), (float)(high - zero_point)};
}

static void fake_quant(float scale, struct range r, size_t n, const float *x, float *y)
{
    INDEPENDENT
    for (size_t i = 0; i < n; i++)
        y[i] = round_half_even(clamp(x[i] / scale, r.low, r.high)) * scale;
}

// Rounded, but not further out of the range than 1.
ALWAYS_INLINE float rounded(float x, float scale, struct range r)
{
    return round_half_even(clamp(x / scale, r.low - 1, r.high + 1));
}

static void fake_quant_backward(float scale, struct range r, size_t n, const float *x,
                                const float *dy, float *dx)
{
    INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        float q = rounded(x[i], scale, r);

        dx[i] = ((q >= r.low) & (q <= r.high)) ? dy[i] : 0;
    }
}

void N16(fake_quant_f32)(const struct quant_grid *v, size_t n, const float *x, float *y)
{
    fake_quant(v->scale, range_of(v->low, v->high, v->zero_point), n, x, y);
}

void N16(fake_quant_f32_backward)(const struct quant_grid *v, size_t n, const float *x,
                                  const float *dy, float *dx)
{
    fake_quant_backward(v->scale, range_of(v->low, v->high, v->zero_point), n, x, dy, dx);
}

double N16(fake_quant_f32_backward_scale)(const struct quant_grid *v, size_t n, const float *x,
                                          const float *dy)
{
    enum { BLOCK = 64, CHAINS = 8 }; // terms in vectors, then eight sums in double
    struct range r = range_of(v->low, v->high, v->zero_point);
    double sum[CHAINS] = {0}, total = 0;
    float scale = v->scale;

    for (size_t first = 0; first < n; first += BLOCK) {
        size_t count = n - first < BLOCK ? n - first : BLOCK;
        float term[BLOCK] = {0};

        for (size_t i = 0; i < count; i++) {
            float q = rounded(x[first + i], scale, r), u = x[first + i] / scale;

            u = ((q >= r.low) & (q <= r.high)) ? u : 0;
            term[i] = dy[first + i] * (clamp(q, r.low, r.high) - u);
        }
        for (int i = 0; i < BLOCK; i += CHAINS)
            for (int j = 0; j < CHAINS; j++)
                sum[j] += (double)term[i + j];
    }
    for (int j = 0; j < CHAINS; j++)
        total += sum[j];
    return total;
}

void N16(fake_quant_f32_channels)(const struct quant_channels *v, const float *w, float *y)
{
    for (int m = 0; m < v->oc; m++, w += v->k, y += v->k)
        fake_quant(v->scale[m], range_of(v->low, v->high, v->zero_point ? v->zero_point[m] : 0),
                   v->k, w, y);
}

void N16(fake_quant_f32_channels_backward)(const struct quant_channels *v, const float *w,
                                           const float *dy, float *dx)
{
    for (int m = 0; m < v->oc; m++, w += v->k, dy += v->k, dx += v->k)
        fake_quant_backward(v->scale[m],
                            range_of(v->low, v->high, v->zero_point ? v->zero_point[m] : 0), v->k,
                            w, dy, dx);
}

// The sum wraps as int32 does on a device.
ALWAYS_INLINE float requantize(int32_t acc, int32_t bias, float scale, struct range r)
{
    int32_t sum = (int32_t)((uint32_t)acc + (uint32_t)bias);

    return round_half_even(clamp((float)sum * scale, r.low, r.high));
}

#define REQUANTIZE(name, type)                                                                     \
    void N16(name)(const struct requant *v, const type *acc, float *y)                             \
    {                                                                                              \
        struct range r = range_of(v->low, v->high, v->zero_point);                                 \
        size_t n = v->pixels * N16_LANES;                                                          \
                                                                                                   \
        for (int m = 0; m < v->oc; m++, acc += n, y += n) {                                        \
            int32_t bias = v->bias ? v->bias[m] : 0;                                               \
            float scale = v->scale[m];                                                             \
                                                                                                   \
            INDEPENDENT                                                                            \
            for (size_t i = 0; i < n; i++)                                                         \
                y[i] = requantize((int32_t)acc[i], bias, scale, r);                                \
        }                                                                                          \
    }

REQUANTIZE(requantize_f32, float)
REQUANTIZE(requantize_i32, int32_t)
