// LpNormalization: each lane along an axis divided by its norm, the sum of sizes (p = 1) or the
// root of the sum of squares (p = 2). A lane of zeros stays as it is.
#include <math.h>
#include <tgmath.h>

#include "ops/attr.h"
#include "ops/lanes.h"
#include "ops/op_table.h"

static enum status lp_lanes(struct context *context, const struct op_call *call,
                            struct lanes *lanes)
{
    return lanes_along(context, &call->input[0]->shape,
                       ((const struct lp_normalization_attr *)call->attr)->axis, lanes);
}

static enum status lp_normalization_infer(struct context *context, const struct op_call *call)
{
    struct lanes lanes;

    TRY(lp_lanes(context, call, &lanes));
    return infer_same_float(context, call);
}

#define NORM(type, norm)                                                                           \
    type norm = 0;                                                                                 \
    for (int64_t k = 0; k < lanes.count; k++) {                                                    \
        type v = x[k * lanes.inner];                                                               \
        norm += is_square ? v * v : fabs(v);                                                       \
    }                                                                                              \
    norm = is_square ? sqrt(norm) : norm;

#define NORMALIZE(type)                                                                            \
    for (int64_t lane = 0; lane < lane_count(&lanes); lane++) {                                    \
        const type *x = (const type *)tensor_data(call->input[0]) + lane_start(&lanes, lane);      \
        type *y = (type *)tensor_write(call->output[0]) + lane_start(&lanes, lane);                \
        NORM(type, norm)                                                                           \
        for (int64_t k = 0; k < lanes.count; k++)                                                  \
            y[k * lanes.inner] = norm != 0 ? x[k * lanes.inner] / norm : x[k * lanes.inner];       \
    }

// With n' the derivative of the norm in x: dx = (dy - n' * sum(dy * y)) / norm.
#define NORMALIZE_BACK(type)                                                                       \
    for (int64_t lane = 0; lane < lane_count(&lanes); lane++) {                                    \
        int64_t start = lane_start(&lanes, lane);                                                  \
        const type *x = (const type *)tensor_data(call->input[0]) + start;                         \
        const type *y = (const type *)tensor_data(call->output[0]) + start;                        \
        const type *dy = (const type *)tensor_data(call->output_grad[0]) + start;                  \
        type *dx = (type *)tensor_write(call->input_grad[0]) + start;                              \
        type sum = 0;                                                                              \
        NORM(type, norm)                                                                           \
        for (int64_t k = 0; k < lanes.count; k++)                                                  \
            sum += dy[k * lanes.inner] * y[k * lanes.inner];                                       \
        for (int64_t k = 0; k < lanes.count; k++) {                                                \
            int64_t i = k * lanes.inner;                                                           \
            type slope = is_square ? y[i] : (type)((x[i] > 0) - (x[i] < 0));                       \
            dx[i] += norm != 0 ? (dy[i] - slope * sum) / norm : dy[i];                             \
        }                                                                                          \
    }

static enum status lp_normalization_forward(struct context *context, const struct op_call *call)
{
    bool is_square = ((const struct lp_normalization_attr *)call->attr)->p == 2;
    struct lanes lanes;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, lp_normalization_forward);
    TRY(lp_lanes(context, call, &lanes));
    FOR_FLOAT_TYPES(call->input[0]->dtype, NORMALIZE)
    return OK;
}

static enum status lp_normalization_backward(struct context *context, const struct op_call *call)
{
    bool is_square = ((const struct lp_normalization_attr *)call->attr)->p == 2;
    struct lanes lanes;

    if (!output_grad_at(call, 0) || !input_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    TRY(lp_lanes(context, call, &lanes));
    FOR_FLOAT_TYPES(call->input[0]->dtype, NORMALIZE_BACK)
    return OK;
}

static enum status lp_normalization_map_axes(struct context *context, const struct op_call *call,
                                             struct axis_map *map)
{
    const struct lp_normalization_attr *attr = call->attr;
    int axis = 0;

    TRY(axis_from(context, attr->axis, call->input[0]->shape.rank, &axis));
    axes_beside(call, axis, map);
    return OK;
}

static const struct field lp_normalization_fields[] = {
    FIELD(struct lp_normalization_attr, axis, "-1", 0, 0, "the axis of a lane"),
    FIELD(struct lp_normalization_attr, p, "2", 1, 2, "which norm"),
    FIELDS_END,
};

const struct op op_lp_normalization = {
    .name = "LpNormalization",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = lp_normalization_fields,
    .attr_bytes = sizeof(struct lp_normalization_attr),
    .infer = lp_normalization_infer,
    .forward = lp_normalization_forward,
    .backward = lp_normalization_backward,
    .cost = cost_moves,
    .map_axes = lp_normalization_map_axes,
};
