// LRN: local response normalisation (Krizhevsky, Sutskever, Hinton 2012), y = x / s^beta with
// s = bias + alpha / size * (sum of squares over `size` neighbouring channels).
// x: (N, C, plane items)
#include <math.h>
#include <tgmath.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status lrn_infer(struct context *context, const struct op_call *call)
{
    int64_t size = ((const struct lrn_attr *)call->attr)->size;

    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    if (size < 1)
        return context_fail(context, ERR_SHAPE, "'size' is %lld", (long long)size);
    return infer_same_float(context, call);
}

// Sum of f over the channels from `before` below c to `after` above; k: the element of one.
#define SUM_NEIGHBOURS(sum, before, after, f)                                                      \
    for (int64_t b = c < (before) ? 0 : c - (before); b < channels && b - c <= (after); b++) {     \
        int64_t k = b * plane + i;                                                                 \
        sum += f;                                                                                  \
    }

// One sample: `body` for every channel c and item i of its plane, at = c * plane + i.
#define FOR_SAMPLE(at, body)                                                                       \
    for (int64_t c = 0; c < channels; c++)                                                         \
        for (int64_t i = 0; i < plane; i++) {                                                      \
            int64_t at = c * plane + i;                                                            \
            body                                                                                   \
        }

#define SCALES(type)                                                                               \
    FOR_SAMPLE(at, {                                                                               \
        type sum = 0;                                                                              \
        SUM_NEIGHBOURS(sum, before, after, x[k] * x[k])                                            \
        s[at] = (type)attr->bias + factor * sum;                                                   \
    })

#define START(type)                                                                                \
    const struct lrn_attr *attr = call->attr;                                                      \
    const struct shape *shape = &call->input[0]->shape;                                            \
    int64_t channels = shape->dim[1], plane = shape_product(shape, 2, shape->rank);                \
    int64_t before = (attr->size - 1) / 2, after = attr->size / 2;                                 \
    type factor = (type)(attr->alpha / (double)attr->size), beta = (type)attr->beta;               \
    const type *x = tensor_data(call->input[0]);                                                   \
    type *s = call->scratch

#define FORWARD(type)                                                                              \
    do {                                                                                           \
        START(type);                                                                               \
        type *y = tensor_write(call->output[0]);                                                   \
        for (int64_t n = 0; n < shape->dim[0]; n++) {                                              \
            SCALES(type)                                                                           \
            FOR_SAMPLE(at, { y[at] = x[at] * pow(s[at], -beta); })                                 \
            x += channels * plane;                                                                 \
            y += channels * plane;                                                                 \
        }                                                                                          \
    } while (0)

// dx = dy / s^beta - 2 beta factor x * (sum of dy x / s^(beta+1) over the channels that see x).
#define BACKWARD(type)                                                                             \
    do {                                                                                           \
        START(type);                                                                               \
        const type *dy = tensor_data(call->output_grad[0]);                                        \
        type *dx = tensor_write(call->input_grad[0]);                                              \
        for (int64_t n = 0; n < shape->dim[0]; n++) {                                              \
            SCALES(type)                                                                           \
            FOR_SAMPLE(at, {                                                                       \
                type sum = 0;                                                                      \
                SUM_NEIGHBOURS(sum, after, before, dy[k] * x[k] * pow(s[k], -beta - 1))            \
                dx[at] += dy[at] * pow(s[at], -beta) - 2 * beta * factor * x[at] * sum;            \
            })                                                                                     \
            x += channels * plane;                                                                 \
            dy += channels * plane;                                                                \
            dx += channels * plane;                                                                \
        }                                                                                          \
    } while (0)

static enum status lrn_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, lrn_forward);
    FOR_FLOAT_TYPES(call->input[0]->dtype, FORWARD)
    return OK;
}

static enum status lrn_backward(struct context *context, const struct op_call *call)
{
    if (!output_grad_at(call, 0) || !input_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    FOR_FLOAT_TYPES(call->input[0]->dtype, BACKWARD)
    return OK;
}

// s of one sample.
static size_t lrn_scratch_bytes(const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;

    return scratch_product(compute_bytes(call->input[0]->dtype),
                           (size_t)shape_product(x, 1, x->rank));
}

// A channel that is cut is missing among its neighbours like one of zeros, but those that were
// apart come nearer.
static enum status lrn_map_axes(struct context *context, const struct op_call *call,
                                struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;

    (void)context;
    for (int k = 0; k < x->rank; k++)
        if (k != 1)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, 0, k}, x->dim[k], 0, 1);
    return OK;
}

static const struct field lrn_fields[] = {
    FIELD(struct lrn_attr, alpha, "0.0001", 0, 0, "weight of the squares"),
    FIELD(struct lrn_attr, beta, "0.75", 0, 0, "exponent"),
    FIELD(struct lrn_attr, bias, "1", 0, 0, "added to the squares"),
    FIELD(struct lrn_attr, size, "0", 0, 0, "channels that are summed"), // must be given
    FIELDS_END,
};

const struct op op_lrn = {
    .name = "LRN",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = lrn_fields,
    .attr_bytes = sizeof(struct lrn_attr),
    .infer = lrn_infer,
    .forward = lrn_forward,
    .backward = lrn_backward,
    .scratch_bytes = lrn_scratch_bytes,
    .cost = cost_moves,
    .map_axes = lrn_map_axes,
};
