// Batch normalisation's sums, and the affine maps that apply them. A mean far from 0 must not eat
// the variance: sums run over differences from a value of the channel, in float for 16 pixels at
// most, then in double. x: (C, pixels, 16)
#include "kernels/n16_internal.h"

enum { HALF = VF / 2, RUN = 16 };

typedef double vd __attribute__((vector_size(VF * 4), aligned(VF * 4)));
typedef float vh __attribute__((vector_size(VF * 2), aligned(VF * 2)));

// Two arrays and what is taken off them before they are multiplied.
struct factors {
    const float *u, *v;
    float u_shift, v_shift;
};

ALWAYS_INLINE void add_to(double *sum, vf v)
{
    float part[VF] __attribute__((aligned(64)));

    vf_store(part, v);
    *(vd *)sum += __builtin_convertvector(*(const vh *)part, vd);
    *(vd *)(sum + HALF) += __builtin_convertvector(*(const vh *)(part + HALF), vd);
}

// Sums of u' = u - u_shift and of u' v' over up to 16 pixels; four chains hide the latency.
ALWAYS_INLINE void add_run(const struct factors *f, size_t at, size_t pixels, double *sum,
                           double *product)
{
    vf s[4], p[4];
    size_t i = 0;

    UNROLL
    for (int j = 0; j < 4; j++)
        s[j] = p[j] = (vf){0};
    for (; i + 4 <= pixels; i += 4) {
        UNROLL
        for (size_t j = 0; j < 4; j++) {
            vf u = vf_load(f->u + at + (i + j) * N16_LANES) - f->u_shift;

            s[j] += u;
            p[j] += u * (vf_load(f->v + at + (i + j) * N16_LANES) - f->v_shift);
        }
    }
    for (; i < pixels; i++) {
        vf u = vf_load(f->u + at + i * N16_LANES) - f->u_shift;

        s[0] += u;
        p[0] += u * (vf_load(f->v + at + i * N16_LANES) - f->v_shift);
    }
    add_to(sum, (s[0] + s[1]) + (s[2] + s[3]));
    add_to(product, (p[0] + p[1]) + (p[2] + p[3]));
}

// sum[0] and sum[1]: of u' and of u' v' over the pixels and the first lanes.
static void sum_products(const struct factors *f, size_t pixels, int lanes, double sum[2])
{
    double s[N16_LANES] __attribute__((aligned(64))) = {0};
    double p[N16_LANES] __attribute__((aligned(64))) = {0};

    for (size_t first = 0; first < pixels; first += RUN) {
        size_t run = pixels - first < RUN ? pixels - first : RUN;

        for (size_t lane = 0; lane < N16_LANES; lane += VF)
            add_run(f, first * N16_LANES + lane, run, s + lane, p + lane);
    }
    sum[0] = sum[1] = 0;
    for (int l = 0; l < lanes; l++) {
        sum[0] += s[l];
        sum[1] += p[l];
    }
}

void N16(batchnorm_f32_sums)(const struct batchnorm *v, const float *x, double *sum,
                             double *sum_squares)
{
    double count = (double)v->pixels * v->lanes;

    for (int c = 0; c < v->c; c++, x += v->pixels * N16_LANES) {
        float near = x[0]; // any value of the channel is near its mean
        struct factors f = {x, x, near, near};
        double s[2];

        sum_products(&f, v->pixels, v->lanes, s);
        sum[c] += s[0] + count * (double)near;
        sum_squares[c] += s[1] + (2 * s[0] + count * (double)near) * (double)near;
    }
}

void N16(batchnorm_f32_backward_sums)(const struct batchnorm *v, const float *x, const float *dy,
                                      double *sum_dy, double *sum_dy_xhat)
{
    size_t n = v->pixels * N16_LANES;

    for (int c = 0; c < v->c; c++, x += n, dy += n) {
        struct factors f = {dy, x, 0, v->mean[c]};
        double s[2];

        sum_products(&f, v->pixels, v->lanes, s);
        sum_dy[c] += s[0];
        sum_dy_xhat[c] += s[1] * (double)v->inv_std[c];
    }
}

void N16(channel_affine_f32)(int c, size_t pixels, const float *x, const float *scale,
                             const float *shift, float *y)
{
    size_t n = pixels * N16_LANES;

    for (int i = 0; i < c; i++, x += n, y += n) {
        float a = scale ? scale[i] : 1, b = shift ? shift[i] : 0;

        INDEPENDENT
        for (size_t k = 0; k < n; k++)
            y[k] = x[k] * a + b;
    }
}

void N16(channel_combine_f32)(int c, size_t pixels, const float *dy, const float *x,
                              const float *const coefficients[3], float *dx)
{
    size_t n = pixels * N16_LANES;

    for (int i = 0; i < c; i++, x += n, dy += n, dx += n) {
        float a = coefficients[0][i], b = coefficients[1][i], k = coefficients[2][i];

        INDEPENDENT
        for (size_t j = 0; j < n; j++)
            dx[j] = a * dy[j] + (b * x[j] + k);
    }
}
