// LpPool and GlobalLpPool: (sum of |x|^p)^(1/p) over each window or each channel.
// x: (N, C, ...), y: (N, C, ...)
#include <math.h>
#include <tgmath.h>

#include "ops/op_table.h"
#include "ops/pool.h"

static enum status check_power(struct context *context, const struct op_call *call)
{
    int64_t p = ((const struct pool_attr *)call->attr)->p;

    TRY(check_float(context, call, 0));
    return p < 1 ? context_fail(context, ERR_SHAPE, "'p' is %lld", (long long)p) : OK;
}

static enum status lp_pool_infer(struct context *context, const struct op_call *call)
{
    struct shape y;

    TRY(check_power(context, call));
    TRY(pool_output(context, call, &y));
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

static enum status global_lp_pool_infer(struct context *context, const struct op_call *call)
{
    struct shape y = call->input[0]->shape;

    TRY(check_power(context, call));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    for (int k = 2; k < y.rank; k++)
        y.dim[k] = 1;
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

// A global pool is one window over a plane seen as a row.
static enum status global_window(struct context *context, const struct op_call *call,
                                 struct window *w)
{
    const struct shape *x = &call->input[0]->shape;
    int64_t plane = shape_product(x, 2, x->rank);

    (void)context;
    *w = (struct window){.in = {1, 1, plane},
                         .out = {1, 1, 1},
                         .kernel = {1, 1, plane},
                         .stride = {1, 1, 1},
                         .dilation = {1, 1, 1}};
    return OK;
}

#define FORWARD(type)                                                                              \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[0]) + plane * in_count;              \
        type *y = (type *)tensor_write(call->output[0]) + plane * out_count;                       \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            struct pool_taps t = pool_taps(&w, o);                                                 \
            type sum = 0;                                                                          \
            FOR_TAPS(w, t, o, at)                                                                  \
            sum += p == 1 ? fabs(x[at]) : p == 2 ? x[at] * x[at] : pow(fabs(x[at]), (type)p);      \
            y[i] = p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / (type)p);                      \
        }                                                                                          \
    } while (0)

// dy/dx = sign(x) (|x| / y)^(p-1)
#define BACKWARD(type)                                                                             \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[0]) + plane * in_count;              \
        const type *y = (const type *)tensor_data(call->output[0]) + plane * out_count;            \
        const type *dy = (const type *)tensor_data(call->output_grad[0]) + plane * out_count;      \
        type *dx = (type *)tensor_write(call->input_grad[0]) + plane * in_count;                   \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            struct pool_taps t = pool_taps(&w, o);                                                 \
            FOR_TAPS(w, t, o, at)                                                                  \
            dx[at] += x[at] == 0                                                                   \
                          ? 0                                                                      \
                          : copysign(dy[i], dy[i] * x[at]) * pow(fabs(x[at]) / y[i], (type)p - 1); \
        }                                                                                          \
    } while (0)

#define FOR_PLANES(window_of, body)                                                                \
    const int64_t *dim = call->input[0]->shape.dim;                                                \
    int64_t p = ((const struct pool_attr *)call->attr)->p;                                         \
    struct window w;                                                                               \
    TRY(window_of(context, call, &w));                                                             \
    int64_t in_count = window_in_count(&w), out_count = window_out_count(&w);                      \
    for (int64_t plane = 0; plane < dim[0] * dim[1]; plane++) {                                    \
        int64_t o[WINDOW_AXES] = {0};                                                              \
        FOR_FLOAT_TYPES(call->input[0]->dtype, body)                                               \
    }                                                                                              \
    return OK

#define LP_POOL(row, onnx_name, window_of, fields)                                                 \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        FOR_PLANES(window_of, FORWARD);                                                            \
    }                                                                                              \
    static enum status row##_backward(struct context *context, const struct op_call *call)         \
    {                                                                                              \
        if (!input_grad_at(call, 0) || !output_grad_at(call, 0))                                   \
            return OK;                                                                             \
        TRY(check_trainable(context, call));                                                       \
        FOR_PLANES(window_of, BACKWARD);                                                           \
    }                                                                                              \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = sizeof(struct pool_attr),                                                    \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .cost = cost_moves,                                                                        \
        .map_axes = axes_batch_and_channels,                                                       \
    };

static const struct field lp_pool_fields[] = {
    POOL_FIELDS,
    FIELD(struct pool_attr, p, "2", 0, 0, "the power"),
    FIELDS_END,
};
static const struct field global_lp_pool_fields[] = {
    FIELD(struct pool_attr, p, "2", 0, 0, "the power"),
    FIELDS_END,
};

LP_POOL(lp_pool, "LpPool", pool_window, lp_pool_fields)
LP_POOL(global_lp_pool, "GlobalLpPool", global_window, global_lp_pool_fields)
