// What looks at all of an axis: softmax, layer normalization, sums. x is [outer][n][inner][16].
#include "kernels/n16_internal.h"

#include <math.h>

#include "kernels/vf_math.h"

// One vector of samples down an axis of n, `step` floats apart.
static void softmax_column(size_t n, size_t step, const float *x, float *y)
{
    vf most = vf_load(x), sum = {0};

    for (size_t i = 1; i < n; i++)
        most = vf_max(most, vf_load(x + i * step));
    most = vf_max(most, vf_set(-0x1p127F)); // a row of -infinity: NaN as 0 / 0, not inf - inf
    for (size_t i = 0; i < n; i++) {
        vf e = vf_exp(vf_load(x + i * step) - most);

        vf_store(y + i * step, e);
        sum += e;
    }
    sum = 1 / sum;
    for (size_t i = 0; i < n; i++)
        vf_store(y + i * step, vf_load(y + i * step) * sum);
}

void N16(softmax_f32)(size_t outer, size_t n, size_t inner, const float *x, float *y)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner * N16_LANES; i += VF) {
            size_t at = o * n * inner * N16_LANES + i;

            softmax_column(n, inner * N16_LANES, x + at, y + at);
        }
}

static void norm_row(const struct row_norm *v, const float *x, const float *scale,
                     const float *bias, float *y)
{
    vf mean = {0}, squares = {0}, inverse;
    float count = (float)v->n;

    for (size_t i = 0; i < v->n && v->is_centred; i++)
        mean += vf_load(x + i * N16_LANES);
    mean /= count;
    for (size_t i = 0; i < v->n; i++) {
        vf d = vf_load(x + i * N16_LANES) - mean;

        squares += d * d;
    }
    inverse = squares / count + v->epsilon;
    for (int lane = 0; lane < VF; lane++)
        inverse[lane] = 1 / sqrtf(inverse[lane]);
    for (size_t i = 0; i < v->n; i++) {
        vf d = (vf_load(x + i * N16_LANES) - mean) * inverse;

        d = scale ? d * scale[i] : d;
        vf_store(y + i * N16_LANES, bias ? d + bias[i] : d);
    }
}

void N16(row_norm_f32)(const struct row_norm *v, const float *x, const float *scale,
                       const float *bias, float *y)
{
    for (size_t r = 0; r < v->rows; r++)
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            size_t at = r * v->n * N16_LANES + (size_t)lane;

            norm_row(v, x + at, scale, bias, y + at);
        }
}

ALWAYS_INLINE vf reduce_two(enum reduce_kind kind, vf a, vf b)
{
    return kind == REDUCE_MAX ? vf_max(a, b) : kind == REDUCE_MIN ? vf_min(a, b) : a + b;
}

static void reduce_plane(enum reduce_kind kind, size_t n, size_t width, const float *x, float *y)
{
    for (size_t i = 0; i < width; i += VF)
        vf_store(y + i, vf_load(x + i));
    for (size_t k = 1; k < n; k++)
        for (size_t i = 0; i < width; i += VF)
            vf_store(y + i, reduce_two(kind, vf_load(y + i), vf_load(x + k * width + i)));
    for (size_t i = 0; kind == REDUCE_MEAN && i < width; i += VF)
        vf_store(y + i, vf_load(y + i) / (float)n);
}

void N16(reduce_f32)(enum reduce_kind kind, size_t outer, size_t n, size_t inner, const float *x,
                     float *y)
{
    size_t width = inner * N16_LANES;

    for (size_t o = 0; o < outer; o++)
        reduce_plane(kind, n, width, x + o * n * width, y + o * width);
}
