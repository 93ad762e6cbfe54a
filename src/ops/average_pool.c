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

// The taps of one window inside the input, and what their sum is divided by: 0 for none.
struct taps {
    struct range d, h, v;
    double count;
};

static struct taps taps_at(const struct window *w, const int64_t *o, bool count_include_pad)
{
    struct taps t = {window_taps(w, 0, o[0]), window_taps(w, 1, o[1]), window_taps(w, 2, o[2]), 0};
    double count =
        (double)(t.d.to - t.d.from) * (double)(t.h.to - t.h.from) * (double)(t.v.to - t.v.from);
    bool is_empty = t.d.to <= t.d.from || t.h.to <= t.h.from || t.v.to <= t.v.from;

    if (count_include_pad)
        count = (double)window_padded_taps(w, 0, o[0]) * (double)window_padded_taps(w, 1, o[1]) *
                (double)window_padded_taps(w, 2, o[2]);
    t.count = is_empty ? 0 : count;
    return t;
}

#define FOR_WINDOW(t, at)                                                                          \
    for (int64_t kd = (t).d.from; kd < (t).d.to; kd++)                                             \
        for (int64_t kh = (t).h.from; kh < (t).h.to; kh++)                                         \
            for (int64_t kw = (t).v.from, at = window_tap(&w, o, kd, kh, kw); kw < (t).v.to;       \
                 kw++, at += w.dilation[2])

#define FORWARD(type)                                                                              \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[0]) + plane * in_count;              \
        type *y = (type *)tensor_write(call->output[0]) + plane * out_count;                       \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            struct taps t = taps_at(&w, o, attr->count_include_pad != 0);                          \
            type sum = 0;                                                                          \
            FOR_WINDOW(t, at)                                                                      \
            sum += x[at];                                                                          \
            y[i] = t.count > 0 ? sum / (type)t.count : 0;                                          \
        }                                                                                          \
    } while (0)

#define BACKWARD(type)                                                                             \
    do {                                                                                           \
        const type *dy = (const type *)tensor_data(call->output_grad[0]) + plane * out_count;      \
        type *dx = (type *)tensor_write(call->input_grad[0]) + plane * in_count;                   \
        for (int64_t i = 0; i < out_count; i++, window_next(&w, o)) {                              \
            struct taps t = taps_at(&w, o, attr->count_include_pad != 0);                          \
            FOR_WINDOW(t, at)                                                                      \
            dx[at] += dy[i] / (type)t.count;                                                       \
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
    .since_opset = 7,
    .until_opset = 20,
    .infer = average_pool_infer,
    .forward = average_pool_forward,
    .backward = average_pool_backward,
    .cost = cost_moves,
    .map_axes = axes_batch_and_channels,
};
