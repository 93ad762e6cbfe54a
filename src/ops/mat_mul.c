// MatMul: numpy's matmul, products of the last two axes with the leading ones broadcast.
// a: (..., M, K), b: (..., K, N), y: (..., M, N); a rank of 1 stands for (1, K) or (K, 1).
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/plain_gemm.h"
#include "ops/shared.h"

struct mat_mul {
    int64_t m, n, k;
    bool is_a_vector, is_b_vector;
    struct gemm_layout product;
    struct broadcast lead; // over the leading axes, in whole matrices
    struct shape y;
};

// The axes before the matrix; none for a vector.
static struct tensor leading(const struct tensor *tensor)
{
    struct tensor lead = {tensor->dtype, tensor->shape, NULL, 0};

    lead.shape.rank = tensor->shape.rank > 2 ? tensor->shape.rank - 2 : 0;
    return lead;
}

static void set_matrix_dims(const struct op_call *call, struct mat_mul *p, int64_t *b_rows)
{
    const struct shape *a = &call->input[0]->shape, *b = &call->input[1]->shape;

    p->is_a_vector = a->rank == 1;
    p->is_b_vector = b->rank == 1;
    p->m = p->is_a_vector ? 1 : a->dim[a->rank - 2];
    p->k = a->dim[a->rank - 1];
    *b_rows = p->is_b_vector ? b->dim[0] : b->dim[b->rank - 2];
    p->n = p->is_b_vector ? 1 : b->dim[b->rank - 1];
    p->product = (struct gemm_layout){p->m, p->n, p->k, p->k, 1, p->n, 1, p->n};
}

static enum status mat_mul_from(struct context *context, const struct op_call *call,
                                struct mat_mul *p)
{
    int64_t b_rows;

    TRY(check_rank(context, call, 0, 1, SHAPE_MAX_RANK));
    TRY(check_rank(context, call, 1, 1, SHAPE_MAX_RANK));
    set_matrix_dims(call, p, &b_rows);
    if (b_rows != p->k)
        return context_fail(context, ERR_SHAPE, "input has %lld columns, weight expects %lld",
                            (long long)p->k, (long long)b_rows);
    struct tensor lead_a = leading(call->input[0]), lead_b = leading(call->input[1]);
    const struct tensor *lead[2] = {&lead_a, &lead_b};
    struct op_call leads = {.input_count = 2, .input = lead};
    struct shape y;
    TRY(broadcast_shape(context, &leads, 0, &y));
    broadcast_start(&p->lead, &y, lead, 2);
    if (y.rank + 2 > SHAPE_MAX_RANK)
        return context_fail(context, ERR_SHAPE, "result has rank %d", (int)y.rank + 2);
    if (!p->is_a_vector)
        y.dim[y.rank++] = p->m;
    if (!p->is_b_vector)
        y.dim[y.rank++] = p->n;
    return shape_set(context, &p->y, y.rank, y.dim);
}

// Where the matrix of input 0 or 1 starts, i steps into the present row of leading indices.
static inline int64_t product_at(const struct mat_mul *p, int input, int64_t i)
{
    return (p->lead.offset[input] + i * p->lead.step[input]) * p->k * (input ? p->n : p->m);
}

static enum status mat_mul_infer(struct context *context, const struct op_call *call)
{
    struct mat_mul p;

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(mat_mul_from(context, call, &p));
    return set_output(context, call, 0, call->input[0]->dtype, &p.y);
}

#define BODY "ops/mat_mul_float.inc"
#include "ops/both_floats.inc"

FLOAT_FORWARD_AND_BACKWARD(mat_mul, mat_mul, mat_mul, mat_mul_from)

// Scratch: one matrix of each input without its zero points. w_zero: one for each column of b.
static enum status mat_mul_forward_i8(struct context *context, const struct op_call *call,
                                      int32_t x_zero, const int32_t *w_zero)
{
    const struct tensor *a = call->input[0], *b = call->input[1];
    struct mat_mul p;

    TRY(mat_mul_from(context, call, &p));
    TRY(check_i8_sums(context, p.k, b->dtype == DT_I8, w_zero, p.n));
    int16_t *wide_a = call->scratch, *wide_b = wide_a + p.m * p.k;
    const char *from_a = tensor_data(a), *from_b = tensor_data(b);
    int32_t *y = tensor_write(call->output[0]);

    memset(y, 0, tensor_bytes(call->output[0]));
    for (int64_t at = 0; broadcast_next(&p.lead); at += p.lead.length)
        for (int64_t i = 0; i < p.lead.length; i++) {
            widen_i8(from_a + product_at(&p, 0, i), a->dtype == DT_I8, p.m * p.k, x_zero, wide_a);
            widen_i8(from_b + product_at(&p, 1, i), b->dtype == DT_I8, p.k * p.n, 0, wide_b);
            for (int64_t item = 0; w_zero && item < p.k * p.n; item++)
                wide_b[item] = (int16_t)(wide_b[item] - w_zero[item % p.n]);
            gemm_add_i16(&p.product, 1, wide_a, wide_b, y + (at + i) * p.m * p.n, NULL);
        }
    return OK;
}

static size_t mat_mul_scratch_bytes(const struct op_call *call)
{
    enum dtype dtype = call->input[0]->dtype;
    struct mat_mul p;
    int64_t b_rows;

    set_matrix_dims(call, &p, &b_rows);
    size_t a = (size_t)p.m * (size_t)p.k, b = (size_t)p.k * (size_t)p.n;
    if (dtype == DT_I8 || dtype == DT_U8)
        return scratch_product(sizeof(int16_t), a + b);
    return scratch_product(compute_bytes(dtype), b);
}

static void mat_mul_cost(const struct op_call *call, struct op_cost *cost)
{
    const struct shape *a = &call->input[0]->shape;

    *cost = (struct op_cost){(double)tensor_count(call->output[0]) * (double)a->dim[a->rank - 1], 1,
                             false};
}

// Leading axes are tied where they are not stretched; ranks are aligned at the matrices.
static void link_leading(const struct op_call *call, struct axis_map *map, int input,
                         int32_t lead_rank)
{
    const struct shape *shape = &call->input[input]->shape;
    const struct shape *y = &call->output[0]->shape;

    for (int k = 0; k + 2 < shape->rank; k++) {
        int at = k + lead_rank - (shape->rank - 2);
        if (shape->dim[k] == y->dim[at])
            axis_link(map, (struct axis_end){AXIS_INPUT, input, k},
                      (struct axis_end){AXIS_OUTPUT, 0, at}, shape->dim[k], 0, 1);
    }
}

static enum status mat_mul_map_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    int32_t a_rank = call->input[0]->shape.rank, b_rank = call->input[1]->shape.rank;
    struct mat_mul p;

    TRY(mat_mul_from(context, call, &p));
    int32_t lead_rank = p.y.rank - !p.is_a_vector - !p.is_b_vector;
    link_leading(call, map, 0, lead_rank);
    link_leading(call, map, 1, lead_rank);
    axis_link(map, (struct axis_end){AXIS_INPUT, 0, a_rank - 1},
              (struct axis_end){AXIS_INPUT, 1, p.is_b_vector ? 0 : b_rank - 2}, p.k, 0, 1);
    if (!p.is_a_vector)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, a_rank - 2},
                  (struct axis_end){AXIS_OUTPUT, 0, lead_rank}, p.m, 0, 1);
    if (!p.is_b_vector)
        axis_link(map, (struct axis_end){AXIS_INPUT, 1, b_rank - 1},
                  (struct axis_end){AXIS_OUTPUT, 0, p.y.rank - 1}, p.n, 0, 1);
    return OK;
}

const struct op op_mat_mul = {
    .name = "MatMul",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .weight_inputs = 1u << 1,
    .infer = mat_mul_infer,
    .forward = mat_mul_forward,
    .forward_i8 = mat_mul_forward_i8,
    .backward = mat_mul_backward,
    .scratch_bytes = mat_mul_scratch_bytes,
    .cost = mat_mul_cost,
    .map_axes = mat_mul_map_axes,
};
