// Rows brought to mean 0 and deviation 1, then scale and bias: LayerNormalization (Ba, Kiros,
// Hinton 2016; a row is all axes from `axis` on), RMSNormalization (Zhang, Sennrich 2019; the same
// without the mean), InstanceNormalization (Ulyanov 2016; a channel), GroupNormalization (Wu, He
// 2018; a group of channels).
#include <math.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

// x as rows of `count` elements. A row has `items` scales and biases, each for `inner` neighbouring
// elements; those of row n begin at (n % cycle) * items.
struct rows {
    int64_t rows, count, inner, items, cycle;
    double epsilon;
    bool is_centred;
    int axis; // the first inside a row
};

// ---- LayerNormalization and RMSNormalization ---------------------------------------------------

static enum status layer_rows(struct context *context, const struct op_call *call,
                              struct rows *rows)
{
    const struct layer_normalization_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    int axis = 0;

    TRY(axis_from(context, attr->axis, x->rank, &axis));
    int64_t count = shape_product(x, axis, x->rank);
    *rows = (struct rows){shape_product(x, 0, axis), count, 1, count, 1, attr->epsilon, true, axis};
    return OK;
}

static enum status rms_rows(struct context *context, const struct op_call *call, struct rows *rows)
{
    TRY(layer_rows(context, call, rows));
    rows->is_centred = false;
    return OK;
}

static enum status layer_normalization_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct rows rows;

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(layer_rows(context, call, &rows));
    for (int i = 1; i < 3; i++)
        if (input_at(call, i) && shape_count(&call->input[i]->shape) != rows.count)
            return context_fail(context, ERR_SHAPE, "input %d has %lld items for rows of %lld", i,
                                (long long)shape_count(&call->input[i]->shape),
                                (long long)rows.count);
    struct shape statistics = x->shape;
    for (int k = rows.axis; k < x->shape.rank; k++)
        statistics.dim[k] = 1;
    enum dtype stash = x->dtype == DT_F64 ? DT_F64 : DT_F32;
    TRY(set_output(context, call, 1, stash, &statistics));
    TRY(set_output(context, call, 2, stash, &statistics));
    return set_output(context, call, 0, x->dtype, &x->shape);
}

// ---- InstanceNormalization and GroupNormalization ----------------------------------------------

// Channels in `groups` groups; scale and bias have an item for each channel or, before opset 21,
// for each group.
static enum status group_rows(struct context *context, const struct op_call *call, int64_t groups,
                              double epsilon, struct rows *rows)
{
    const struct shape *x = &call->input[0]->shape;
    int64_t channels = x->dim[1], plane = shape_product(x, 2, x->rank);

    if (groups != channels && (groups <= 0 || groups > channels || channels % groups != 0))
        return context_fail(context, ERR_SHAPE, "%lld channels do not divide into %lld groups",
                            (long long)channels, (long long)groups);
    int64_t size = groups > 0 ? channels / groups : 0;
    bool is_by_group = call->input[1]->shape.dim[0] == groups;
    *rows = (struct rows){.rows = x->dim[0] * groups,
                          .count = size * plane,
                          .inner = is_by_group ? size * plane : plane,
                          .items = is_by_group ? 1 : size,
                          .cycle = groups,
                          .epsilon = epsilon,
                          .is_centred = true};
    return OK;
}

static enum status instance_normalization_rows(struct context *context, const struct op_call *call,
                                               struct rows *rows)
{
    const struct instance_normalization_attr *attr = call->attr;

    return group_rows(context, call, call->input[0]->shape.dim[1], attr->epsilon, rows);
}

static enum status group_normalization_rows(struct context *context, const struct op_call *call,
                                            struct rows *rows)
{
    const struct group_normalization_attr *attr = call->attr;

    return group_rows(context, call, attr->num_groups, attr->epsilon, rows);
}

// `other`: how many items scale and bias may have instead of one for each channel.
static enum status channels_infer(struct context *context, const struct op_call *call,
                                  int64_t other)
{
    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    int64_t channels = call->input[0]->shape.dim[1];
    for (int i = 1; i < 3; i++) {
        TRY(check_rank(context, call, i, 1, 1));
        int64_t items = call->input[i]->shape.dim[0];
        if ((items != channels && items != other) || items != call->input[1]->shape.dim[0])
            return context_fail(context, ERR_SHAPE, "input has %lld channels, input %d %lld items",
                                (long long)channels, i, (long long)items);
    }
    return infer_same_shape(context, call);
}

static enum status instance_normalization_infer(struct context *context, const struct op_call *call)
{
    return channels_infer(context, call, -1);
}

static enum status group_normalization_infer(struct context *context, const struct op_call *call)
{
    struct rows rows;

    TRY(channels_infer(context, call,
                       ((const struct group_normalization_attr *)call->attr)->num_groups));
    return group_normalization_rows(context, call, &rows);
}

// ---- all ---------------------------------------------------------------------------------------

#define BODY "ops/row_normalization.inc"
#include "ops/both_floats.inc"

FLOAT_FORWARD_AND_BACKWARD(layer_normalization, rows, rows, layer_rows)
FLOAT_FORWARD_AND_BACKWARD(rms_normalization, rows, rows, rms_rows)
FLOAT_FORWARD_AND_BACKWARD(instance_normalization, rows, rows, instance_normalization_rows)
FLOAT_FORWARD_AND_BACKWARD(group_normalization, rows, rows, group_normalization_rows)

// Cutting inside a row would change what remains of it.
static void keep_first_axes(const struct op_call *call, int count, struct axis_map *map)
{
    for (int slot = 0; slot < call->output_count; slot++)
        for (int k = 0; k < count && call->output[slot]; k++)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, slot, k}, call->input[0]->shape.dim[k], 0, 1);
}

static enum status layer_normalization_map_axes(struct context *context, const struct op_call *call,
                                                struct axis_map *map)
{
    struct rows rows;

    TRY(layer_rows(context, call, &rows));
    keep_first_axes(call, rows.axis, map);
    return OK;
}

static enum status instance_normalization_map_axes(struct context *context,
                                                   const struct op_call *call, struct axis_map *map)
{
    (void)context;
    keep_first_axes(call, 2, map);
    for (int i = 1; i < 3; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, i, 0}, (struct axis_end){AXIS_OUTPUT, 0, 1},
                  call->input[0]->shape.dim[1], 0, 1);
    return OK;
}

// Channels go by whole groups.
static enum status group_normalization_map_axes(struct context *context, const struct op_call *call,
                                                struct axis_map *map)
{
    const struct axis_end x1 = {AXIS_INPUT, 0, 1}, y1 = {AXIS_OUTPUT, 0, 1};
    struct rows rows;

    TRY(group_normalization_rows(context, call, &rows));
    keep_first_axes(call, 1, map);
    if (rows.cycle < 2)
        return OK;
    int64_t channels = call->input[0]->shape.dim[1], size = channels / rows.cycle;
    for (int64_t g = 0; g < rows.cycle; g++)
        axis_link_blocks(map, x1, g * size, size, y1, g * size, size);
    for (int i = 1; i < 3; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, i, 0}, y1, rows.cycle * rows.items, 0,
                  size / rows.items);
    return OK;
}

static const struct field layer_normalization_fields[] = {
    FIELD(struct layer_normalization_attr, axis, "-1", 0, 0, "the first axis of a row"),
    FIELD(struct layer_normalization_attr, epsilon, "1e-05", 0, 0, "added to the variance"),
    FIELD(struct layer_normalization_attr, stash_type, "1", 0, 0, "type of the statistics"),
    FIELDS_END,
};
static const struct field instance_normalization_fields[] = {
    FIELD(struct instance_normalization_attr, epsilon, "1e-05", 0, 0, "added to the variance"),
    FIELDS_END,
};
static const struct field group_normalization_fields[] = {
    FIELD(struct group_normalization_attr, epsilon, "1e-05", 0, 0, "added to the variance"),
    FIELD(struct group_normalization_attr, num_groups, "0", 0, 0, "groups of channels"),
    FIELD(struct group_normalization_attr, stash_type, "1", 0, 0, "type of the statistics"),
    FIELDS_END,
};

#define DESCRIPTOR(row, onnx_name, family, least, most, outputs, since)                            \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = least,                                                                       \
        .max_inputs = most,                                                                        \
        .min_outputs = 1,                                                                          \
        .max_outputs = outputs,                                                                    \
        .attr = family##_fields,                                                                   \
        .attr_bytes = sizeof(struct family##_attr),                                                \
        .since_opset = since,                                                                      \
        .weight_inputs = 1u << 1 | 1u << 2,                                                        \
        .per_channel_inputs = 1u << 1 | 1u << 2,                                                   \
        .infer = family##_infer,                                                                   \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .cost = cost_moves,                                                                        \
        .map_axes = family##_map_axes,                                                             \
    }
DESCRIPTOR(group_normalization, "GroupNormalization", group_normalization, 3, 3, 1, 18);
DESCRIPTOR(instance_normalization, "InstanceNormalization", instance_normalization, 3, 3, 1, 1);
DESCRIPTOR(layer_normalization, "LayerNormalization", layer_normalization, 2, 3, 3, 17);
DESCRIPTOR(rms_normalization, "RMSNormalization", layer_normalization, 2, 2, 1, 23);
