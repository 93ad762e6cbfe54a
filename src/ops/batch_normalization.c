// BatchNormalization (Ioffe, Szegedy 2015): y = (x - mean) / sqrt(var + epsilon) * scale + bias.
// x: (N, C, ...), scale, bias, mean, var: (C). In training, mean and var are the batch's.
#include <math.h>
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

struct planes {
    int64_t batch, channels, plane;
};

static bool uses_batch(const struct op_call *call)
{
    const struct batch_normalization_attr *attr = call->attr;

    return call->training || attr->training_mode != 0;
}

static struct planes planes_of(const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;

    return (struct planes){x->dim[0], x->rank > 1 ? x->dim[1] : 1, shape_product(x, 2, x->rank)};
}

static enum status batch_normalization_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(check_rank(context, call, 0, 1, SHAPE_MAX_RANK));
    struct shape statistics = SHAPE(planes_of(call).channels);
    for (int i = 1; i < 5; i++)
        if (!shape_equal(&call->input[i]->shape, &statistics))
            return context_fail(context, ERR_SHAPE,
                                "input has %lld channels, input %d wants one item for each",
                                (long long)statistics.dim[0], i);
    TRY(set_output(context, call, 1, x->dtype, &statistics));
    TRY(set_output(context, call, 2, x->dtype, &statistics));
    return set_output(context, call, 0, x->dtype, &x->shape);
}

#define BODY "ops/batch_normalization.inc"
#include "ops/both_floats.inc"

static enum status batch_normalization_forward(struct context *context, const struct op_call *call)
{
    struct planes p = planes_of(call);

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, batch_normalization_forward);
    if (call->input[0]->dtype == DT_F32)
        batch_normalization_forward_f32(call, &p);
    else
        batch_normalization_forward_f64(call, &p);
    return OK;
}

static enum status batch_normalization_backward(struct context *context, const struct op_call *call)
{
    struct planes p = planes_of(call);

    TRY(check_trainable(context, call));
    if (call->input[0]->dtype == DT_F32)
        batch_normalization_backward_f32(call, &p);
    else
        batch_normalization_backward_f64(call, &p);
    return OK;
}

static size_t statistics_bytes(const struct op_call *call)
{
    return scratch_product(2 * compute_bytes(call->input[0]->dtype),
                           (size_t)planes_of(call).channels);
}

static enum status batch_normalization_map_axes(struct context *context, const struct op_call *call,
                                                struct axis_map *map)
{
    const struct axis_end x1 = {AXIS_INPUT, 0, 1}, y1 = {AXIS_OUTPUT, 0, 1};
    int64_t channels = planes_of(call).channels;

    // Without a batch the other axes mean nothing to each other.
    if (!uses_batch(call))
        TRY(axes_keep(context, call, map));
    else if (call->input[0]->shape.rank > 1)
        axis_link(map, x1, y1, channels, 0, 1);
    if (call->input[0]->shape.rank < 2)
        return OK;
    for (int i = 1; i < 5; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, i, 0}, y1, channels, 0, 1);
    for (int i = 1; i < 3; i++)
        if (output_at(call, i))
            axis_link(map, x1, (struct axis_end){AXIS_OUTPUT, i, 0}, channels, 0, 1);
    return OK;
}

static const struct field batch_normalization_fields[] = {
    FIELD(struct batch_normalization_attr, epsilon, "1e-05", 0, 0, "added to the variance"),
    FIELD(struct batch_normalization_attr, momentum, "0.9", 0, 0,
          "share of the old running statistics"),
    FIELD(struct batch_normalization_attr, training_mode, "0", 0, 1,
          "statistics are those of the batch"),
    FIELDS_END,
};

const struct op op_batch_normalization = {
    .name = "BatchNormalization",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 3,
    .attr = batch_normalization_fields,
    .attr_bytes = sizeof(struct batch_normalization_attr),
    .weight_inputs = 0x1e,
    .per_channel_inputs = 0x1e,
    .infer = batch_normalization_infer,
    .forward = batch_normalization_forward,
    .backward = batch_normalization_backward,
    .scratch_bytes = statistics_bytes,
    .saved_bytes = statistics_bytes,
    .cost = cost_in_place,
    .map_axes = batch_normalization_map_axes,
};
