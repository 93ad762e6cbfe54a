// MaxPool: the largest item of each window; optionally where it was, counted over the whole input.
// x: (N, C, ...), y, indices: (N, C, ...)
#include <float.h>
#include <math.h>

#include "ops/op_table.h"
#include "ops/pool.h"

static enum status max_pool_infer(struct context *context, const struct op_call *call)
{
    enum dtype dtype = call->input[0]->dtype;
    struct shape y;

    if (dtype != DT_I8 && dtype != DT_U8)
        TRY(check_float(context, call, 0));
    TRY(pool_output(context, call, &y));
    TRY(set_output(context, call, 1, DT_I64, &y));
    return set_output(context, call, 0, dtype, &y);
}

#define LOWEST (-INFINITY)
#define BODY "ops/max_pool.inc"
#include "ops/both_floats.inc"
#undef LOWEST

#define NAMED(name) name##_i8
#define ITEM int8_t
#define LOWEST INT8_MIN
#include "ops/max_pool.inc"
#undef NAMED
#undef ITEM
#undef LOWEST

#define NAMED(name) name##_u8
#define ITEM uint8_t
#define LOWEST 0
#include "ops/max_pool.inc"
#undef NAMED
#undef ITEM
#undef LOWEST

// Indices of planes stored columns first: the first axis is the fastest.
static void count_columns_first(const struct window *w, int64_t *index, int64_t count)
{
    int64_t plane = window_in_count(w);

    for (int64_t i = 0; i < count; i++) {
        int64_t at = index[i] % plane, first = index[i] - at;
        int64_t d = at / (w->in[1] * w->in[2]), h = at / w->in[2] % w->in[1], v = at % w->in[2];
        index[i] = first + d + (h + v * w->in[1]) * w->in[0];
    }
}

static enum status max_pool_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct window window;

    if (dtype_is_half(x->dtype))
        return forward_in_f32(context, call, max_pool_forward);
    TRY(pool_window(context, call, &window));
    void (*plane)(const struct window *, const void *, int64_t, void *, int64_t *) =
        x->dtype == DT_F32   ? max_pool_plane_f32
        : x->dtype == DT_F64 ? max_pool_plane_f64
        : x->dtype == DT_I8  ? max_pool_plane_i8
                             : max_pool_plane_u8;
    int64_t *index = output_at(call, 1) ? tensor_write(call->output[1]) : NULL;
    for (int64_t i = 0; i < x->shape.dim[0] * x->shape.dim[1]; i++)
        plane(&window, tensor_data(x), i, tensor_write(call->output[0]), index);
    if (index && ((const struct pool_attr *)call->attr)->storage_order != 0)
        count_columns_first(&window, index, tensor_count(call->output[1]));
    return OK;
}

// The gradient goes where the maximum came from.
#define SCATTER(type, largest_at)                                                                  \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[0]) + plane * in_count;              \
        const type *dy = (const type *)tensor_data(call->output_grad[0]) + plane * out_count;      \
        type *dx = (type *)tensor_write(call->input_grad[0]) + plane * in_count;                   \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            int64_t best = largest_at(&w, x, o);                                                   \
            if (best >= 0)                                                                         \
                dx[best] += dy[i];                                                                 \
        }                                                                                          \
    } while (0)

static enum status max_pool_backward(struct context *context, const struct op_call *call)
{
    const int64_t *dim = call->input[0]->shape.dim;
    struct window w;

    TRY(check_trainable(context, call));
    TRY(pool_window(context, call, &w));
    if (!input_grad_at(call, 0) || !output_grad_at(call, 0))
        return OK;
    int64_t in_count = window_in_count(&w), out_count = window_out_count(&w);
    for (int64_t plane = 0; plane < dim[0] * dim[1]; plane++) {
        int64_t o[WINDOW_AXES] = {0};
        if (call->input[0]->dtype == DT_F32)
            SCATTER(float, largest_at_f32);
        else
            SCATTER(double, largest_at_f64);
    }
    return OK;
}

static const struct field max_pool_fields[] = {
    POOL_FIELDS,
    FIELD(struct pool_attr, storage_order, "0", 0, 1, "indices count rows or columns first"),
    FIELDS_END,
};

const struct op op_max_pool = {
    .name = "MaxPool",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .attr = max_pool_fields,
    .attr_bytes = sizeof(struct pool_attr),
    .infer = max_pool_infer,
    .forward = max_pool_forward,
    .backward = max_pool_backward,
    .cost = cost_moves,
    .map_axes = axes_batch_and_channels,
};
