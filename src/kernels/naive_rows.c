// Plain twins of the kernels that work on rows (tokens): products, attention, norms.
#include <math.h>

#include "kernels/naive.h"

void matmul_f32_naive(const struct matmul *v, const float *x, const float *weight,
                      const struct matmul_epilogue *e, float *y)
{
    for (int i = 0; i < v->t * v->m * N16_LANES; i++) {
        int t = i / N16_LANES / v->m, m = i / N16_LANES % v->m;
        double sum = e->bias ? e->bias[m] : 0;

        for (int k = 0; k < v->k; k++)
            sum += (double)x[(t * v->k + k) * N16_LANES + i % N16_LANES] * weight[k * v->m + m];
        sum = e->activation ? activation_f32_naive(e->activation, sum) : sum;
        y[i] = (float)(e->add ? sum + e->add[i] : sum);
    }
}

void matmul_u8_naive(const struct matmul_u8 *v, const float *x, const int8_t *weight, float *y)
{
    const struct matmul *s = &v->shape;

    for (int i = 0; i < s->t * s->m * N16_LANES; i++) {
        int t = i / N16_LANES / s->m, m = i / N16_LANES % s->m;
        int32_t sum = 0;

        for (int k = 0; k < s->k; k++) {
            float real = x[(t * s->k + k) * N16_LANES + i % N16_LANES] / v->x.scale;
            float q = rintf(real) + (float)v->x.zero;

            q = fminf(fmaxf(q, (float)v->x.low), (float)v->x.high);
            sum += ((int32_t)q - v->x.zero) * weight[k * s->m + m];
        }
        y[i] = (float)sum * v->scale[m];
    }
}

// Score of a query with a key in one lane.
static double score(const struct attention *v, const float *const in[4], int query, int key,
                    int lane)
{
    double sum = 0;

    for (int i = 0; i < v->size; i++)
        sum += (double)in[0][query * v->q_row + i * v->q_step + lane] *
               (double)in[1][key * v->k_row + i * v->k_step + lane];
    sum *= (double)v->scale;
    if (in[3])
        sum +=
            (double)in[3][query * v->mask_row + key * v->mask_key + (v->is_mask_shared ? 0 : lane)];
    return sum;
}

void attention_f32_naive(const struct attention *v, const float *const in[4], float *y)
{
    for (int i = 0; i < v->queries * v->value_size * N16_LANES; i++) {
        int lane = i % N16_LANES, query = i / N16_LANES / v->value_size;
        int j = i / N16_LANES % v->value_size;
        double sum = 0, all = 0;

        for (int key = 0; key < v->keys; key++) {
            double weight = exp(score(v, in, query, key, lane));

            all += weight;
            sum += weight * (double)in[2][key * v->v_row + j * v->v_step + lane];
        }
        y[query * v->y_row + j * v->y_step + lane] = (float)(sum / all);
    }
}

void row_norm_f32_naive(const struct row_norm *v, const float *x, const float *scale,
                        const float *bias, float *y)
{
    for (size_t i = 0; i < v->rows * N16_LANES; i++) {
        size_t first = i / N16_LANES * v->n * N16_LANES + i % N16_LANES;
        double mean = 0, squares = 0, n = (double)v->n;

        for (size_t k = 0; k < v->n && v->is_centred; k++)
            mean += (double)x[first + k * N16_LANES] / n;
        for (size_t k = 0; k < v->n; k++)
            squares += pow((double)x[first + k * N16_LANES] - mean, 2) / n;
        for (size_t k = 0; k < v->n; k++) {
            double d =
                ((double)x[first + k * N16_LANES] - mean) / sqrt(squares + (double)v->epsilon);

            d = scale ? d * (double)scale[k] : d;
            y[first + k * N16_LANES] = (float)(bias ? d + (double)bias[k] : d);
        }
    }
}
