// MeanVarianceNormalization: (x - mean) / deviation, both over the given axes.
#include <math.h>
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/reduce.h"
#include "ops/shared.h"

#define EPSILON 1e-9 // added to the deviation, as ONNX defines it

static enum status axes_mask(struct context *context, const struct op_call *call, unsigned *mask)
{
    struct int_list axes;

    TRY(ints_from_attr(context, &((const struct axes_attr *)call->attr)->axes, &axes));
    return axes_from_ints(context, &axes, call->input[0]->shape.rank, mask);
}

static enum status mean_variance_normalization_infer(struct context *context,
                                                     const struct op_call *call)
{
    unsigned mask = 0;

    TRY(axes_mask(context, call, &mask));
    return infer_same_float(context, call);
}

// Sums over the reduced axes go to sum[walk.offset[0] ..].
#define FOR_ELEMENTS(type, at, body)                                                               \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]);                                               \
        struct broadcast walk = start;                                                             \
        for (int64_t row = 0; broadcast_next(&walk); row += walk.length)                           \
            for (int64_t i = 0; i < walk.length; i++) {                                            \
                int64_t at = walk.offset[0] + i * walk.step[0];                                    \
                double v = (double)x[row + i];                                                     \
                body;                                                                              \
            }                                                                                      \
    } while (0)
#define ADD_ITEMS(type) FOR_ELEMENTS(type, at, mean[at] += v)
#define ADD_SQUARES(type) FOR_ELEMENTS(type, at, square[at] += (v - mean[at]) * (v - mean[at]))
#define NORMALIZE(type)                                                                            \
    FOR_ELEMENTS(type, at, ((type *)y)[row + i] = (type)((v - mean[at]) * square[at]))

static enum status mean_variance_normalization_forward(struct context *context,
                                                       const struct op_call *call)
{
    const struct shape *shape = &call->input[0]->shape;
    enum dtype dtype = call->input[0]->dtype;
    struct broadcast start;
    unsigned mask = 0;

    if (dtype_is_half(dtype))
        return forward_in_f32(context, call, mean_variance_normalization_forward);
    TRY(axes_mask(context, call, &mask));
    struct tensor seen = {dtype, reduced_shape(shape, mask, true), NULL, 0};
    const struct tensor *stretched[1] = {&seen};
    int64_t groups = shape_count(&seen.shape), n = shape_count(shape);
    if (n == 0)
        return OK;
    double *mean = call->scratch, *square = mean + groups, count = (double)(n / groups);
    void *y = tensor_write(call->output[0]);
    memset(mean, 0, 2 * (size_t)groups * sizeof *mean);
    broadcast_start(&start, shape, stretched, 1);
    FOR_FLOAT_TYPES(dtype, ADD_ITEMS)
    for (int64_t i = 0; i < groups; i++)
        mean[i] /= count;
    FOR_FLOAT_TYPES(dtype, ADD_SQUARES)
    for (int64_t i = 0; i < groups; i++)
        square[i] = 1 / (sqrt(square[i] / count) + EPSILON);
    FOR_FLOAT_TYPES(dtype, NORMALIZE)
    return OK;
}

static size_t mean_variance_scratch_bytes(const struct op_call *call)
{
    return scratch_product(2 * sizeof(double), (size_t)tensor_count(call->input[0]));
}

static enum status mean_variance_normalization_map_axes(struct context *context,
                                                        const struct op_call *call,
                                                        struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;
    unsigned mask = 0;

    TRY(axes_mask(context, call, &mask));
    for (int k = 0; k < x->rank; k++)
        if (!(mask & 1u << k))
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, 0, k}, x->dim[k], 0, 1);
    return OK;
}

static const struct field mean_variance_normalization_fields[] = {
    FIELD(struct axes_attr, axes, "0,2,3", 0, 0, "axes that are normalised together"),
    FIELDS_END,
};

const struct op op_mean_variance_normalization = {
    .name = "MeanVarianceNormalization",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = mean_variance_normalization_fields,
    .attr_bytes = sizeof(struct axes_attr),
    .since_opset = 9,
    .infer = mean_variance_normalization_infer,
    .forward = mean_variance_normalization_forward,
    .scratch_bytes = mean_variance_scratch_bytes,
    .cost = cost_moves,
    .map_axes = mean_variance_normalization_map_axes,
};
