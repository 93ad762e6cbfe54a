// Plain twins of the integer kernels (naive.h).
#include "kernels/naive.h"

#include <math.h>

size_t n16c4_at(int c, size_t pixels, size_t pixel, int lane)
{
    return (((size_t)c / 4 * pixels + pixel) * N16_LANES + (size_t)lane) * 4 + (size_t)c % 4;
}

static uint8_t clamped(double rounded, const struct grid_u8 *grid)
{
    double q = rounded + grid->zero;

    return (uint8_t)fmin(fmax(q, grid->low), grid->high);
}

uint8_t quantize_u8_naive(const struct grid_u8 *v, float x)
{
    float real = x / v->scale;

    return real >= -INFINITY ? clamped(rint((double)real), v) : (uint8_t)v->low;
}

uint8_t sum_u8_naive(const struct sum_u8 *v, uint8_t a, uint8_t b)
{
    double sum = (double)(a - v->zero_a) * (double)v->factor_a +
                 (double)(b - v->zero_b) * (double)v->factor_b;

    return clamped(rint(sum), &v->y);
}

// The exact sum of output channel m at output pixel o in a lane.
static int32_t sum_at(const struct conv2d *v, const struct conv2d_u8_weights *w, const uint8_t *x,
                      int m, int o, int lane)
{
    int each = v->c / v->groups, taps = v->kh * v->kw, c0 = m / (v->oc / v->groups) * each;
    int64_t sum = w->bias[m];

    for (int k = 0; k < each * taps; k++) {
        int iy = o / v->ow * v->stride_h - v->pad_top + k % taps / v->kw * v->dilation_h;
        int ix = o % v->ow * v->stride_w - v->pad_left + k % v->kw * v->dilation_w;

        if (iy >= 0 && iy < v->h && ix >= 0 && ix < v->w) {
            size_t at =
                n16c4_at(c0 + k / taps, (size_t)(v->h * v->w), (size_t)(iy * v->w + ix), lane);

            sum += (x[at] - w->x_zero) * w->weight[m * each * taps + k];
        }
    }
    return (int32_t)sum;
}

void conv2d_u8_naive(const struct conv2d *v, const struct conv2d_u8_weights *w, const uint8_t *x,
                     const struct epilogue_u8 *e, uint8_t *y)
{
    int pixels = v->oh * v->ow;

    for (int i = 0; i < v->oc * pixels * N16_LANES; i++) {
        int m = i / (pixels * N16_LANES), o = i / N16_LANES % pixels, lane = i % N16_LANES;
        size_t at = n16c4_at(m, (size_t)pixels, (size_t)o, lane);
        float real = (float)sum_at(v, w, x, m, o, lane) * e->scale[m];

        if (e->y_f32) {
            e->y_f32[i] = real;
        } else {
            uint8_t u = clamped(rint((double)real), &e->y);

            y[at] = e->add ? sum_u8_naive(e->sum, u, e->add[at]) : u;
        }
    }
}

void maxpool_u8_naive(const struct pool2d *v, const uint8_t *x, uint8_t *y)
{
    for (int i = 0; i < v->c * v->oh * v->ow * N16_LANES; i++) {
        int lane = i % N16_LANES, o = i / N16_LANES % (v->oh * v->ow),
            c = i / N16_LANES / (v->oh * v->ow);
        uint8_t best = 0;

        for (int k = 0; k < v->kh * v->kw; k++) {
            int iy = o / v->ow * v->stride_h - v->pad_top + k / v->kw * v->dilation_h;
            int ix = o % v->ow * v->stride_w - v->pad_left + k % v->kw * v->dilation_w;

            if (iy >= 0 && iy < v->h && ix >= 0 && ix < v->w) {
                uint8_t u = x[n16c4_at(c, (size_t)(v->h * v->w), (size_t)(iy * v->w + ix), lane)];

                best = u > best ? u : best;
            }
        }
        y[n16c4_at(c, (size_t)(v->oh * v->ow), (size_t)o, lane)] = best;
    }
}

void mean_u8_naive(const struct grid_u8 *v, int c, size_t pixels, int x_zero, const uint8_t *x,
                   uint8_t *y)
{
    for (int i = 0; i < c * N16_LANES; i++) {
        int32_t sum = 0;

        for (size_t p = 0; p < pixels; p++)
            sum += x[n16c4_at(i / N16_LANES, pixels, p, i % N16_LANES)] - x_zero;
        y[n16c4_at(i / N16_LANES, 1, 0, i % N16_LANES)] =
            clamped(rint((double)((float)sum * v->scale)), v);
    }
}
