// Det: the determinant of every matrix in a batch, by elimination with the largest pivot first.
// x: (..., M, M), y: (...)
#include <math.h>

#include "ops/op_table.h"
#include "ops/shared.h"

static enum status det_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct shape y = x->shape;

    TRY(check_float(context, call, 0));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    y.rank -= 2;
    if (x->shape.dim[y.rank] != x->shape.dim[y.rank + 1])
        return context_fail(context, ERR_SHAPE, "matrices of %lld x %lld are not square",
                            (long long)x->shape.dim[y.rank], (long long)x->shape.dim[y.rank + 1]);
    return set_output(context, call, 0, x->dtype, &y);
}

// Brings the largest item of column k, from row k on, to row k; whether rows were exchanged.
static bool pivot(double *a, int64_t n, int64_t k)
{
    int64_t best = k;

    for (int64_t r = k + 1; r < n; r++)
        if (fabs(a[r * n + k]) > fabs(a[best * n + k]))
            best = r;
    for (int64_t c = k; c < n && best != k; c++) {
        double kept = a[k * n + c];
        a[k * n + c] = a[best * n + c];
        a[best * n + c] = kept;
    }
    return best != k;
}

// a: n x n, destroyed.
static double determinant(double *a, int64_t n)
{
    double product = 1;

    for (int64_t k = 0; k < n; k++) {
        if (pivot(a, n, k))
            product = -product;
        product *= a[k * n + k];
        if (a[k * n + k] == 0)
            return product;
        for (int64_t r = k + 1; r < n; r++) {
            double factor = a[r * n + k] / a[k * n + k];
            for (int64_t c = k + 1; c < n; c++)
                a[r * n + c] -= factor * a[k * n + c];
        }
    }
    return product;
}

static enum status det_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    int64_t n = x->shape.dim[x->shape.rank - 1];
    double *matrix = call->scratch;

    (void)context;
    for (int64_t k = 0, count = tensor_count(call->output[0]); k < count; k++) {
        for (int64_t i = 0; i < n * n; i++)
            matrix[i] = tensor_get(x, k * n * n + i);
        tensor_set(call->output[0], k, determinant(matrix, n));
    }
    return OK;
}

static size_t det_scratch_bytes(const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;

    return scratch_product(sizeof(double), (size_t)shape_product(x, x->rank - 2, x->rank));
}

static enum status det_map_axes(struct context *context, const struct op_call *call,
                                struct axis_map *map)
{
    (void)context;
    for (int k = 0; k < call->output[0]->shape.rank; k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, k}, (struct axis_end){AXIS_OUTPUT, 0, k},
                  call->output[0]->shape.dim[k], 0, 1);
    return OK;
}

const struct op op_det = {
    .name = "Det",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .since_opset = 11,
    .infer = det_infer,
    .forward = det_forward,
    .scratch_bytes = det_scratch_bytes,
    .cost = cost_moves,
    .map_axes = det_map_axes,
};
