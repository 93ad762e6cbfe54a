// Plain twins of the fast kernels (naive.h). Letters as in kernels.h.
#include "kernels/naive.h"

#include <math.h>

// Index of the input pixel that tap k (of c/groups * kh * kw) meets at output pixel o of output
// channel m; -1 in the padding.
static long conv2d_source(const struct conv2d *v, int m, int o, int k)
{
    int group_c = v->c / v->groups, c0 = m / (v->oc / v->groups) * group_c;
    int c = k / (v->kh * v->kw), ky = k / v->kw % v->kh, kx = k % v->kw;
    int iy = o / v->ow * v->stride_h - v->pad_top + ky * v->dilation_h;
    int ix = o % v->ow * v->stride_w - v->pad_left + kx * v->dilation_w;

    if (iy < 0 || iy >= v->h || ix < 0 || ix >= v->w)
        return -1;
    return ((long)(c0 + c) * v->h + iy) * v->w + ix;
}

static int conv2d_taps(const struct conv2d *v)
{
    return v->c / v->groups * v->kh * v->kw;
}

static float finish(const struct epilogue *e, double sum, size_t at)
{
    if (!e)
        return (float)sum;
    if (e->add)
        sum += e->add[at];
    return fminf(fmaxf((float)sum, e->low), e->high);
}

void conv2d_f32_naive(const struct conv2d *v, const float *x, const float *weight,
                      const struct epilogue *e, float *y)
{
    int taps = conv2d_taps(v), pixels = v->oh * v->ow;

    for (int i = 0; i < v->oc * pixels; i++) {
        int m = i / pixels;
        double sum[N16_LANES];

        for (int lane = 0; lane < N16_LANES; lane++)
            sum[lane] = e && e->bias ? e->bias[m] : 0;
        for (int k = 0; k < taps; k++) {
            long at = conv2d_source(v, m, i % pixels, k);

            for (int lane = 0; at >= 0 && lane < N16_LANES; lane++)
                sum[lane] += (double)weight[m * taps + k] * x[at * N16_LANES + lane];
        }
        for (int lane = 0; lane < N16_LANES; lane++)
            y[i * N16_LANES + lane] = finish(e, sum[lane], (size_t)(i * N16_LANES + lane));
    }
}

void conv2d_f32_backward_data_naive(const struct conv2d *v, const float *dy, const float *weight,
                                    float *dx)
{
    int taps = conv2d_taps(v), pixels = v->oh * v->ow;

    for (int i = 0; i < v->oc * pixels; i++)
        for (int k = 0; k < taps; k++) {
            long at = conv2d_source(v, i / pixels, i % pixels, k);

            for (int lane = 0; at >= 0 && lane < N16_LANES; lane++)
                dx[at * N16_LANES + lane] +=
                    weight[i / pixels * taps + k] * dy[i * N16_LANES + lane];
        }
}

void conv2d_f32_backward_weights_naive(const struct conv2d *v, const float *x, const float *dy,
                                       float *dw)
{
    int taps = conv2d_taps(v), pixels = v->oh * v->ow;

    for (int m = 0; m < v->oc; m++)
        for (int k = 0; k < taps; k++) {
            double sum = 0;

            for (int o = 0; o < pixels; o++) {
                long at = conv2d_source(v, m, o, k);

                for (int lane = 0; at >= 0 && lane < N16_LANES; lane++)
                    sum +=
                        (double)dy[(m * pixels + o) * N16_LANES + lane] * x[at * N16_LANES + lane];
            }
            dw[m * taps + k] += (float)sum;
        }
}

void bias_f32_backward_naive(int c, size_t pixels, const float *dy, float *dbias)
{
    for (int i = 0; i < c; i++) {
        double sum = 0;

        for (size_t k = 0; k < pixels * N16_LANES; k++)
            sum += dy[(size_t)i * pixels * N16_LANES + k];
        dbias[i] += (float)sum;
    }
}

void gemm_f32_naive(const struct gemm *v, const float *a, const float *b, float *c)
{
    for (int i = 0; i < v->m; i++)
        for (int j = 0; j < v->n; j++) {
            double sum = 0;

            for (int k = 0; k < v->k; k++)
                sum += (double)(v->transpose_a ? a[k * v->lda + i] : a[i * v->lda + k]) *
                       (v->transpose_b ? b[j * v->ldb + k] : b[k * v->ldb + j]);
            c[i * v->ldc + j] =
                (float)(v->alpha * sum + (v->beta != 0 ? (double)v->beta * c[i * v->ldc + j] : 0));
        }
}

static size_t fc_at(const struct fully_connected *v, int m, int k)
{
    return (size_t)(v->is_transposed ? k * v->m + m : m * v->k + k);
}

void fc_f32_naive(const struct fully_connected *v, const float *x, const float *weight,
                  const float *bias, float *y)
{
    for (int m = 0; m < v->m; m++)
        for (int lane = 0; lane < N16_LANES; lane++) {
            double sum = bias ? bias[m] : 0;

            for (int k = 0; k < v->k; k++)
                sum += (double)weight[fc_at(v, m, k)] * x[k * N16_LANES + lane];
            y[m * N16_LANES + lane] = (float)sum;
        }
}

void fc_f32_backward_data_naive(const struct fully_connected *v, const float *dy,
                                const float *weight, float *dx)
{
    for (int k = 0; k < v->k; k++)
        for (int lane = 0; lane < N16_LANES; lane++) {
            double sum = 0;

            for (int m = 0; m < v->m; m++)
                sum += (double)weight[fc_at(v, m, k)] * dy[m * N16_LANES + lane];
            dx[k * N16_LANES + lane] += (float)sum;
        }
}

void fc_f32_backward_weights_naive(const struct fully_connected *v, const float *x, const float *dy,
                                   float *dw)
{
    for (int m = 0; m < v->m; m++)
        for (int k = 0; k < v->k; k++) {
            double sum = 0;

            for (int lane = 0; lane < N16_LANES; lane++)
                sum += (double)dy[m * N16_LANES + lane] * x[k * N16_LANES + lane];
            dw[fc_at(v, m, k)] += (float)sum;
        }
}

// Input pixel under tap k of the window at output pixel o; -1 in the padding.
static int pool_source(const struct pool2d *v, int o, int k, int *is_padding)
{
    int iy = o / v->ow * v->stride_h - v->pad_top + k / v->kw * v->dilation_h;
    int ix = o % v->ow * v->stride_w - v->pad_left + k % v->kw * v->dilation_w;

    *is_padding = iy >= -v->pad_top && iy < v->h + v->pad_bottom && ix >= -v->pad_left &&
                  ix < v->w + v->pad_right;
    return iy < 0 || iy >= v->h || ix < 0 || ix >= v->w ? -1 : iy * v->w + ix;
}

void maxpool_f32_naive(const struct pool2d *v, const float *x, float *y, int32_t *argmax)
{
    int pixels = v->oh * v->ow, is_padding;

    for (int i = 0; i < v->c * pixels * N16_LANES; i++) {
        const float *plane = x + i / (pixels * N16_LANES) * v->h * v->w * N16_LANES;
        float best = -INFINITY;
        int at = -1;

        for (int k = 0; k < v->kh * v->kw; k++) {
            int from = pool_source(v, i / N16_LANES % pixels, k, &is_padding);

            if (from >= 0 && (at < 0 || plane[from * N16_LANES + i % N16_LANES] > best)) {
                at = from;
                best = plane[from * N16_LANES + i % N16_LANES];
            }
        }
        y[i] = best;
        argmax[i] = at;
    }
}

void maxpool_f32_backward_naive(const struct pool2d *v, const float *dy, const int32_t *argmax,
                                float *dx)
{
    int pixels = v->oh * v->ow;

    for (int i = 0; i < v->c * v->h * v->w * N16_LANES; i++)
        dx[i] = 0;
    for (int i = 0; i < v->c * pixels * N16_LANES; i++)
        if (argmax[i] >= 0)
            dx[(i / (pixels * N16_LANES) * v->h * v->w + argmax[i]) * N16_LANES + i % N16_LANES] +=
                dy[i];
}

// Elements a window averages over.
static int pool_count(const struct pool2d *v, int o)
{
    int count = 0, is_padding;

    for (int k = 0; k < v->kh * v->kw; k++) {
        int from = pool_source(v, o, k, &is_padding);

        count += from >= 0 || (v->count_include_pad && is_padding);
    }
    return count;
}

void averagepool_f32_naive(const struct pool2d *v, const float *x, float *y)
{
    int pixels = v->oh * v->ow, is_padding;

    for (int i = 0; i < v->c * pixels * N16_LANES; i++) {
        const float *plane = x + i / (pixels * N16_LANES) * v->h * v->w * N16_LANES;
        int o = i / N16_LANES % pixels, count = pool_count(v, o);
        double sum = 0;

        for (int k = 0; k < v->kh * v->kw; k++) {
            int from = pool_source(v, o, k, &is_padding);

            sum += from >= 0 ? plane[from * N16_LANES + i % N16_LANES] : 0;
        }
        y[i] = count ? (float)(sum / count) : 0;
    }
}

void averagepool_f32_backward_naive(const struct pool2d *v, const float *dy, float *dx)
{
    int pixels = v->oh * v->ow, is_padding;

    for (int i = 0; i < v->c * v->h * v->w * N16_LANES; i++)
        dx[i] = 0;
    for (int i = 0; i < v->c * pixels * N16_LANES; i++) {
        float *plane = dx + i / (pixels * N16_LANES) * v->h * v->w * N16_LANES;
        int o = i / N16_LANES % pixels, count = pool_count(v, o);

        for (int k = 0; k < v->kh * v->kw; k++) {
            int from = pool_source(v, o, k, &is_padding);

            if (from >= 0)
                plane[from * N16_LANES + i % N16_LANES] += dy[i] / (float)count;
        }
    }
}

void batchnorm_f32_sums_naive(const struct batchnorm *v, const float *x, double *sum,
                              double *sum_squares)
{
    for (size_t i = 0; i < (size_t)v->c * v->pixels * N16_LANES; i++)
        if (i % N16_LANES < (size_t)v->lanes) {
            sum[i / (v->pixels * N16_LANES)] += x[i];
            sum_squares[i / (v->pixels * N16_LANES)] += (double)x[i] * x[i];
        }
}

void batchnorm_f32_backward_sums_naive(const struct batchnorm *v, const float *x, const float *dy,
                                       double *sum_dy, double *sum_dy_xhat)
{
    for (size_t i = 0; i < (size_t)v->c * v->pixels * N16_LANES; i++)
        if (i % N16_LANES < (size_t)v->lanes) {
            size_t c = i / (v->pixels * N16_LANES);

            sum_dy[c] += dy[i];
            sum_dy_xhat[c] += (double)dy[i] * (x[i] - v->mean[c]) * v->inv_std[c];
        }
}

double activation_f32_naive(const struct activation *v, double x)
{
    switch (v->kind) {
    case ACTIVATION_RELU:
        return fmax(x, 0);
    case ACTIVATION_CLIP:
        return fmin(fmax(x, v->a), v->b);
    case ACTIVATION_LEAKY_RELU:
        return x < 0 ? v->a * x : x;
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_ELU:
        return x < 0 ? v->a * (exp(x) - 1) : x;
    case ACTIVATION_HARD_SIGMOID:
        return fmin(fmax(v->a * x + v->b, 0), 1);
    case ACTIVATION_HARD_SWISH:
        return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    case ACTIVATION_GELU:
        return x / 2 * (1 + erf(x / sqrt(2)));
    default:
        return x;
    }
}

float fake_quant_f32_naive(const struct quant_grid *v, float x)
{
    float q = rintf(x / v->scale) + (float)v->zero_point;

    q = fminf(fmaxf(q, (float)v->low), (float)v->high);
    return (q - (float)v->zero_point) * v->scale;
}

float requantize_naive(const struct requant *v, int channel, int32_t acc)
{
    float scaled = (float)(acc + (v->bias ? v->bias[channel] : 0)) * v->scale[channel];
    double q = rint((double)scaled) + v->zero_point;

    return (float)(fmin(fmax(q, v->low), v->high) - v->zero_point);
}

static double lane_loss(const struct loss *v, const float *z, const float *t, int label)
{
    double ce_max = -INFINITY, teacher_max = -INFINITY, ce = 0, kl = 0, alpha = t ? v->alpha : 0;
    double sum_s = 0, sum_st = 0, sum_t = 0;

    for (int i = 0; i < v->classes; i++) {
        ce_max = fmax(ce_max, z[i * N16_LANES]);
        teacher_max = t ? fmax(teacher_max, t[i * N16_LANES]) : 0;
    }
    for (int i = 0; i < v->classes; i++) {
        sum_s += exp(z[i * N16_LANES] - ce_max);
        sum_st += exp((z[i * N16_LANES] - ce_max) / v->temperature);
        sum_t += t ? exp((t[i * N16_LANES] - teacher_max) / v->temperature) : 0;
    }
    for (int i = 0; i < v->classes; i++) {
        double target =
            (i == label) * (1.0 - v->label_smoothing) + (double)v->label_smoothing / v->classes;
        double log_ps = (z[i * N16_LANES] - ce_max) / v->temperature - log(sum_st);
        double log_pt = t ? (t[i * N16_LANES] - teacher_max) / v->temperature - log(sum_t) : 0;

        ce -= label < 0 ? 0 : target * (z[i * N16_LANES] - ce_max - log(sum_s));
        kl += t ? exp(log_pt) * (log_pt - log_ps) : 0;
    }
    return (1 - alpha) * ce + alpha * (double)v->temperature * v->temperature * kl;
}

double loss_f32_naive(const struct loss *v, const float *logits, const float *teacher,
                      const int32_t *labels)
{
    double sum = 0;

    for (int lane = 0; lane < v->lanes; lane++)
        sum += lane_loss(v, logits + lane, teacher ? teacher + lane : NULL, labels[lane]);
    return sum;
}
