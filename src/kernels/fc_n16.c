// Fully connected layers. x: (K, 16), W: (M, K) or (K, M), y: (M, 16)
#include "kernels/n16_internal.h"

enum { FC_ROWS = 8, FC_COLUMNS = 32 };

// mr rows of y from row m on; row and column are the weight's strides.
ALWAYS_INLINE void fc_rows(const float *x, int k, const float *w, const ptrdiff_t stride[2],
                           const float *bias, int accumulate, float *y, const int mr)
{
    ptrdiff_t row = stride[0], column = stride[1];

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf sum[FC_ROWS];

        UNROLL
        for (int i = 0; i < mr; i++) {
            sum[i] = vf_set(bias ? bias[i] : 0);
            if (accumulate)
                sum[i] += vf_load(y + i * N16_LANES + lane);
        }
        for (ptrdiff_t j = 0; j < k; j++) {
            vf v = vf_load(x + j * N16_LANES + lane);

            UNROLL
            for (int i = 0; i < mr; i++)
                sum[i] += vf_set(w[i * row + j * column]) * v;
        }
        UNROLL
        for (int i = 0; i < mr; i++)
            vf_store(y + i * N16_LANES + lane, sum[i]);
    }
}

static void fc_run(const struct fully_connected *v, const float *x, const float *w,
                   const float *bias, int accumulate, float *y)
{
    ptrdiff_t by_row[2] = {v->k, 1}, by_column[2] = {1, v->m};
    int m = 0;

    for (; m + FC_ROWS <= v->m; m += FC_ROWS) {
        const float *b = bias ? bias + m : NULL;

        if (v->is_transposed)
            fc_rows(x, v->k, w + m, (const ptrdiff_t[2]){1, by_column[1]}, b, accumulate,
                    y + m * N16_LANES, FC_ROWS);
        else
            fc_rows(x, v->k, w + (ptrdiff_t)m * v->k, (const ptrdiff_t[2]){by_row[0], 1}, b,
                    accumulate, y + m * N16_LANES, FC_ROWS);
    }
    for (; m < v->m; m++) {
        const ptrdiff_t *stride = v->is_transposed ? by_column : by_row;

        fc_rows(x, v->k, w + m * stride[0], stride, bias ? bias + m : NULL, accumulate,
                y + m * N16_LANES, 1);
    }
}

void N16(fc_f32)(const struct fully_connected *v, const float *x, const float *weight,
                 const float *bias, float *y)
{
    fc_run(v, x, weight, bias, 0, y);
}

void N16(fc_f32_backward_data)(const struct fully_connected *v, const float *dy,
                               const float *weight, int accumulate, float *dx)
{
    struct fully_connected t = {.m = v->k, .k = v->m, .is_transposed = !v->is_transposed};

    fc_run(&t, dy, weight, NULL, accumulate, dx);
}

// out[row][column] += the sum over lanes of a[row] b[column]; b is transposed 32 columns at a time,
// so that no lane sums are needed.
static void outer(int rows, int columns, const float *a, const float *b, float *out)
{
    float turned[N16_LANES][FC_COLUMNS] __attribute__((aligned(64)));

    for (int first = 0; first < columns; first += FC_COLUMNS) {
        int count = columns - first < FC_COLUMNS ? columns - first : FC_COLUMNS;

        for (int j = 0; j < FC_COLUMNS; j++)
            for (int l = 0; l < N16_LANES; l++)
                turned[l][j] = j < count ? b[(ptrdiff_t)(first + j) * N16_LANES + l] : 0;
        for (ptrdiff_t i = 0; i < rows; i++) {
            float sum[FC_COLUMNS] __attribute__((aligned(64)));

            for (int j = 0; j < FC_COLUMNS; j += 2 * VF) {
                vf low = {0}, high = {0};

                for (int l = 0; l < N16_LANES; l++) {
                    vf v = vf_set(a[i * N16_LANES + l]);

                    low += v * vf_load(&turned[l][j]);
                    high += v * vf_load(&turned[l][j + VF]);
                }
                vf_store(sum + j, low);
                vf_store(sum + j + VF, high);
            }
            for (int j = 0; j < count; j++)
                out[i * columns + first + j] += sum[j];
        }
    }
}

void N16(fc_f32_backward_weights)(const struct fully_connected *v, const float *x, const float *dy,
                                  float *dw)
{
    if (v->is_transposed)
        outer(v->k, v->m, x, dy, dw);
    else
        outer(v->m, v->k, dy, x, dw);
}
