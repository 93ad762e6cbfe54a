// Constant (from an attribute) and ConstantOfShape (one value everywhere; the shape is input 0).
#include <math.h>
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static const struct field constant_fields[] = {
    FIELD(struct constant_attr, value, NULL, 0, 0, "the tensor"),
    FIELD(struct constant_attr, value_float, NULL, 0, 0, "a scalar of f32"),
    FIELD(struct constant_attr, value_floats, NULL, 0, 0, "a list of f32"),
    FIELD(struct constant_attr, value_int, "-9223372036854775808", 0, 0, "a scalar of i64"),
    FIELD(struct constant_attr, value_ints, NULL, 0, 0, "a list of i64"),
    FIELDS_END,
};
static const struct field constant_of_shape_fields[] = {
    FIELD(struct constant_of_shape_attr, value, NULL, 0, 0, "one element, 0 of f32 without it"),
    FIELDS_END,
};

static enum status constant_infer(struct context *context, const struct op_call *call)
{
    const struct constant_attr *attr = call->attr;
    struct shape shape = SHAPE_SCALAR;
    enum dtype dtype = DT_I64;

    if (attr->value) {
        dtype = attr->value->dtype;
        shape = attr->value->shape;
        if (dtype < 0 || !attr->value->buffer)
            return context_fail(context, ERR_UNSUPPORTED, "value has no data");
    } else if (attr->value_floats.count) {
        dtype = DT_F32;
        shape = SHAPE(attr->value_floats.count);
    } else if (attr->value_ints.count) {
        shape = SHAPE(attr->value_ints.count);
    } else if (!isnan(attr->value_float)) {
        dtype = DT_F32;
    } else if (attr->value_int == INT64_MIN) {
        return context_fail(context, ERR_UNSUPPORTED, "no number, list or tensor is given");
    }
    return set_output(context, call, 0, dtype, &shape);
}

static enum status constant_forward(struct context *context, const struct op_call *call)
{
    const struct constant_attr *attr = call->attr;
    struct tensor *y = call->output[0];
    void *to = tensor_write(y);

    (void)context;
    if (attr->value)
        memcpy(to, tensor_data(attr->value), tensor_bytes(y));
    else if (attr->value_floats.count)
        for (int64_t i = 0; i < attr->value_floats.count; i++)
            tensor_set(y, i, attr->value_floats.at[i]);
    else if (attr->value_ints.count)
        memcpy(to, attr->value_ints.at, tensor_bytes(y));
    else if (!isnan(attr->value_float))
        tensor_set(y, 0, attr->value_float);
    else
        memcpy(to, &attr->value_int, sizeof attr->value_int);
    return OK;
}

static enum status constant_of_shape_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *value = ((const struct constant_of_shape_attr *)call->attr)->value;
    enum dtype dtype = value ? value->dtype : DT_F32;
    struct int_list dims;
    struct shape shape;

    TRY(check_given(context, call, 0));
    if (value && (dtype < 0 || !value->buffer || tensor_count(value) != 1))
        return context_fail(context, ERR_SHAPE, "value wants one element");
    if (!input_has_data(call, 0)) {
        set_output_unknown(call, 0, dtype);
        return OK;
    }
    TRY(ints_from_tensor(context, call->input[0], &dims));
    for (int i = 0; i < dims.count; i++)
        if (dims.at[i] < 0)
            return context_fail(context, ERR_SHAPE, "dimension %d is negative: %lld", i,
                                (long long)dims.at[i]);
    TRY(shape_set(context, &shape, dims.count, dims.at));
    return set_output(context, call, 0, dtype, &shape);
}

static enum status constant_of_shape_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *value = ((const struct constant_of_shape_attr *)call->attr)->value;
    struct tensor *y = call->output[0];

    (void)context;
    if (value)
        fill_elements(y->dtype, tensor_write(y), 0, tensor_count(y), tensor_data(value), 0);
    else
        memset(tensor_write(y), 0, tensor_bytes(y));
    return OK;
}

const struct op op_constant = {
    .name = "Constant",
    .min_inputs = 0,
    .max_inputs = 0,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = constant_fields,
    .attr_bytes = sizeof(struct constant_attr),
    .infer = constant_infer,
    .forward = constant_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};

const struct op op_constant_of_shape = {
    .name = "ConstantOfShape",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = constant_of_shape_fields,
    .attr_bytes = sizeof(struct constant_of_shape_attr),
    .since_opset = 9,
    .infer = constant_of_shape_infer,
    .forward = constant_of_shape_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
