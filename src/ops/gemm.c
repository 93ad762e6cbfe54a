// Gemm: y = alpha * a' * b' + beta * c, where a' and b' may be transposed.
// a': (M, K), b': (K, N), c: broadcastable to (M, N), y: (M, N)
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/plain_gemm.h"
#include "ops/shared.h"

struct gemm {
    int64_t m, n, k;
    struct gemm_layout product;
    int64_t c_row, c_col; // strides of c, 0 where it is stretched
};

static enum status gemm_bias(struct context *context, const struct op_call *call, struct gemm *g)
{
    const struct tensor *c = input_at(call, 2);

    g->c_row = g->c_col = 0;
    if (c == NULL)
        return OK;
    TRY(check_rank(context, call, 2, 0, 2));
    int64_t rows = c->shape.rank == 2 ? c->shape.dim[0] : 1;
    int64_t columns = c->shape.rank ? c->shape.dim[c->shape.rank - 1] : 1;
    if ((rows != 1 && rows != g->m) || (columns != 1 && columns != g->n))
        return context_fail(context, ERR_SHAPE, "bias of %lld x %lld does not fit %lld x %lld",
                            (long long)rows, (long long)columns, (long long)g->m, (long long)g->n);
    g->c_row = rows == 1 ? 0 : columns;
    g->c_col = columns == 1 ? 0 : 1;
    return OK;
}

static enum status gemm_from(struct context *context, const struct op_call *call, struct gemm *g)
{
    const struct gemm_attr *attr = call->attr;
    bool trans_a = attr->transA != 0, trans_b = attr->transB != 0;

    TRY(check_rank(context, call, 0, 2, 2));
    TRY(check_rank(context, call, 1, 2, 2));
    const int64_t *a = call->input[0]->shape.dim, *b = call->input[1]->shape.dim;
    g->m = a[trans_a];
    g->k = a[!trans_a];
    g->n = b[!trans_b];
    if (b[trans_b] != g->k)
        return context_fail(context, ERR_SHAPE, "input has %lld columns, weight expects %lld",
                            (long long)g->k, (long long)b[trans_b]);
    g->product = (struct gemm_layout){g->m,
                                      g->n,
                                      g->k,
                                      trans_a ? 1 : g->k,
                                      trans_a ? g->m : 1,
                                      trans_b ? 1 : g->n,
                                      trans_b ? g->k : 1,
                                      g->n};
    return gemm_bias(context, call, g);
}

static enum status gemm_infer(struct context *context, const struct op_call *call)
{
    struct gemm g;

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(gemm_from(context, call, &g));
    struct shape y = SHAPE(g.m, g.n);
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

#define BODY "ops/gemm_float.inc"
#include "ops/both_floats.inc"

FLOAT_FORWARD_AND_BACKWARD(gemm, gemm, gemm, gemm_from)

// Scratch: a, then b, without their zero points, then room to turn b. alpha and beta must be 1.
static enum status gemm_forward_i8(struct context *context, const struct op_call *call,
                                   int32_t x_zero, const int32_t *w_zero)
{
    const struct gemm_attr *attr = call->attr;
    const struct tensor *a = call->input[0], *b = call->input[1], *c = input_at(call, 2);
    struct gemm g;

    if (attr->alpha != 1 || (c && attr->beta != 1))
        return context_fail(context, ERR_UNSUPPORTED, "in integers 'alpha' and 'beta' must be 1");
    TRY(gemm_from(context, call, &g));
    TRY(check_i8_sums(context, g.k, b->dtype == DT_I8, w_zero, g.n));
    int16_t *wide_a = call->scratch, *wide_b = wide_a + g.m * g.k, *pack = wide_b + g.k * g.n;
    int32_t *y = tensor_write(call->output[0]);
    const int32_t *bias = c && c->dtype == DT_I32 ? tensor_data(c) : NULL;

    widen_i8(tensor_data(a), a->dtype == DT_I8, g.m * g.k, x_zero, wide_a);
    widen_i8(tensor_data(b), b->dtype == DT_I8, g.k * g.n, 0, wide_b);
    for (int64_t k = 0; w_zero && k < g.k; k++)
        for (int64_t j = 0; j < g.n; j++) {
            int16_t *item = &wide_b[k * g.product.b_row + j * g.product.b_col];
            *item = (int16_t)(*item - w_zero[j]);
        }
    for (int64_t i = 0; i < g.m; i++)
        for (int64_t j = 0; j < g.n; j++)
            y[i * g.n + j] = bias ? bias[i * g.c_row + j * g.c_col] : 0;
    gemm_add_i16(&g.product, 1, wide_a, wide_b, y, pack);
    return OK;
}

// Turning an operand takes the room of the largest; int8 takes both operands and one more.
static size_t gemm_scratch_bytes(const struct op_call *call)
{
    size_t a = (size_t)tensor_count(call->input[0]), b = (size_t)tensor_count(call->input[1]);
    enum dtype dtype = call->input[0]->dtype;
    struct context silent;
    struct gemm g;

    context_init(&silent);
    if (gemm_from(&silent, call, &g) != OK)
        return 0;
    size_t y = scratch_product((size_t)g.m, (size_t)g.n);
    if (dtype == DT_I8 || dtype == DT_U8)
        return scratch_product(sizeof(int16_t), a + 2 * b);
    return scratch_product(compute_bytes(dtype), a > b ? (a > y ? a : y) : (b > y ? b : y));
}

static void gemm_cost(const struct op_call *call, struct op_cost *cost)
{
    const struct gemm_attr *attr = call->attr;
    double k = (double)call->input[0]->shape.dim[attr->transA ? 0 : 1];

    *cost = (struct op_cost){(double)tensor_count(call->output[0]) * k, 1, false};
}

static enum status gemm_map_axes(struct context *context, const struct op_call *call,
                                 struct axis_map *map)
{
    const struct gemm_attr *attr = call->attr;
    int trans_a = attr->transA != 0, trans_b = attr->transB != 0;
    const struct axis_end y0 = {AXIS_OUTPUT, 0, 0}, y1 = {AXIS_OUTPUT, 0, 1};
    struct gemm g;

    TRY(gemm_from(context, call, &g));
    axis_link(map, (struct axis_end){AXIS_INPUT, 0, trans_a}, y0, g.m, 0, 1);
    axis_link(map, (struct axis_end){AXIS_INPUT, 0, !trans_a},
              (struct axis_end){AXIS_INPUT, 1, trans_b}, g.k, 0, 1);
    axis_link(map, (struct axis_end){AXIS_INPUT, 1, !trans_b}, y1, g.n, 0, 1);
    const struct tensor *c = input_at(call, 2);
    if (c && g.c_row)
        axis_link(map, (struct axis_end){AXIS_INPUT, 2, 0}, y0, g.m, 0, 1);
    if (c && g.c_col)
        axis_link(map, (struct axis_end){AXIS_INPUT, 2, c->shape.rank - 1}, y1, g.n, 0, 1);
    return OK;
}

static const struct field gemm_fields[] = {
    FIELD(struct gemm_attr, alpha, "1", 0, 0, "factor of the product"),
    FIELD(struct gemm_attr, beta, "1", 0, 0, "factor of the third input"),
    FIELD(struct gemm_attr, transA, "0", 0, 1, "the first input is transposed"),
    FIELD(struct gemm_attr, transB, "0", 0, 1, "the second input is transposed"),
    FIELDS_END,
};

const struct op op_gemm = {
    .name = "Gemm",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = gemm_fields,
    .attr_bytes = sizeof(struct gemm_attr),
    .weight_inputs = 1u << 1 | 1u << 2,
    .per_channel_inputs = 1u << 2,
    .infer = gemm_infer,
    .forward = gemm_forward,
    .forward_i8 = gemm_forward_i8,
    .backward = gemm_backward,
    .scratch_bytes = gemm_scratch_bytes,
    .cost = gemm_cost,
    .map_axes = gemm_map_axes,
};
