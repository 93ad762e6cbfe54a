// AveragePool: the mean of each window, over what lies in the input or, with count_include_pad, in
// the padded input.
// x: (N, C, ...), y: (N, C, ...)
#include "ops/op_table.h"
#include "ops/pool.h"

static enum status average_pool_infer(struct context *context, const struct op_call *call)
{
    struct shape y;

    TRY(check_float(context, call, 0));
    TRY(pool_output(context, call, &y));
    return set_output(context, call, 0, call->input[0]->dtype, &y);
}

// What the sum of a window is divided by: 0 for one without a tap in the input.
static double divisor(const struct window *w, const int64_t *o, struct pool_taps t,
                      bool count_include_pad)
{
    if (pool_taps_count(t) == 0 || !count_include_pad)
        return pool_taps_count(t);
    return (double)window_padded_taps(w, 0, o[0]) * (double)window_padded_taps(w, 1, o[1]) *
           (double)window_padded_taps(w, 2, o[2]);
}

#define FORWARD(type)                                                                              \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[0]) + plane * in_count;              \
        type *y = (type *)tensor_write(call->output[0]) + plane * out_count;                       \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            struct pool_taps t = pool_taps(&w, o);                                                 \
            double count = divisor(&w, o, t, attr->count_include_pad != 0);                        \
            type sum = 0;                                                                          \
            FOR_TAPS(w, t, o, at)                                                                  \
            sum += x[at];                                                                          \
            y[i] = count > 0 ? sum / (type)count : 0;                                              \
        }                                                                                          \
    } while (0)

#define BACKWARD(type)                                                                             \
    do {                                                                                           \
        const type *dy = (const type *)tensor_data(call->output_grad[0]) + plane * out_count;      \
        type *dx = (type *)tensor_write(call->input_grad[0]) + plane * in_count;                   \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            struct pool_taps t = pool_taps(&w, o);                                                 \
            double count = divisor(&w, o, t, attr->count_include_pad != 0);                        \
            FOR_TAPS(w, t, o, at)                                                                  \
            dx[at] += dy[i] / (type)count;                                                         \
        }                                                                                          \
    } while (0)

static enum status average_pool_forward(struct context *context, const struct op_call *call)
{
    const struct pool_attr *attr = call->attr;
    const int64_t *dim = call->input[0]->shape.dim;
    struct window w;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, average_pool_forward);
    TRY(pool_window(context, call, &w));
    int64_t in_count = window_in_count(&w), out_count = window_out_count(&w);
    for (int64_t plane = 0; plane < dim[0] * dim[1]; plane++) {
        int64_t o[WINDOW_AXES] = {0};
        FOR_FLOAT_TYPES(call->input[0]->dtype, FORWARD)
    }
    return OK;
}

static enum status average_pool_backward(struct context *context, const struct op_call *call)
{
    const struct pool_attr *attr = call->attr;
    const int64_t *dim = call->input[0]->shape.dim;
    struct window w;

    TRY(check_trainable(context, call));
    TRY(pool_window(context, call, &w));
    if (!input_grad_at(call, 0) || !output_grad_at(call, 0))
        return OK;
    int64_t in_count = window_in_count(&w), out_count = window_out_count(&w);
    for (int64_t plane = 0; plane < dim[0] * dim[1]; plane++) {
        int64_t o[WINDOW_AXES] = {0};
        FOR_FLOAT_TYPES(call->input[0]->dtype, BACKWARD)
    }
    return OK;
}

static const struct field average_pool_fields[] = {
    POOL_FIELDS,
    FIELD(struct pool_attr, count_include_pad, "0", 0, 1, "padding counts as zeros"),
    FIELDS_END,
};

const struct op op_average_pool = {
    .name = "AveragePool",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = average_pool_fields,
    .attr_bytes = sizeof(struct pool_attr),
    .infer = average_pool_infer,
    .forward = average_pool_forward,
    .backward = average_pool_backward,
    .cost = cost_moves,
    .map_axes = axes_batch_and_channels,
};
