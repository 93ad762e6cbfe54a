// QuantizeLinear and DequantizeLinear: real = (q - zero_point) * scale, with one scale for the
// tensor, one for each index of an axis, or one for each block of indices of an axis.
// x: (...), y_scale, y_zero_point: scalar or (x.dim[axis]) or as x but for the axis, which has one
// for each block; y: as x
#include <math.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

// Along the axis lie `dim` indices, and `inner` items at each of them; `block` indices share a
// scale. Without an axis: all one block.
struct scales {
    int64_t inner, dim, block;
    bool is_blocked; // the scales have the other axes too
};

static enum status block_scales(struct context *context, const struct op_call *call,
                                struct scales *out)
{
    const struct quantize_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    struct shape blocks = *x;
    int axis = 0;

    TRY(axis_from(context, attr->axis, x->rank, &axis));
    if (attr->block_size < 1)
        return context_fail(context, ERR_SHAPE, "scales of rank %d want a block_size",
                            (int)call->input[1]->shape.rank);
    blocks.dim[axis] = x->dim[axis] / attr->block_size + (x->dim[axis] % attr->block_size != 0);
    if (!shape_equal(&call->input[1]->shape, &blocks))
        return context_fail(context, ERR_SHAPE, "scales do not fit blocks of %lld along axis %d",
                            (long long)attr->block_size, axis);
    *out =
        (struct scales){shape_product(x, axis + 1, x->rank), x->dim[axis], attr->block_size, true};
    return OK;
}

static enum status scales_from(struct context *context, const struct op_call *call,
                               struct scales *out)
{
    const struct quantize_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape, *scale = &call->input[1]->shape;
    const struct tensor *zero = input_at(call, 2);
    int64_t count = shape_count(scale);
    int axis = 0;

    if (zero && shape_count(&zero->shape) != count)
        return context_fail(context, ERR_SHAPE, "%lld zero points for %lld scales",
                            (long long)shape_count(&zero->shape), (long long)count);
    if (scale->rank > 1 || attr->block_size > 0)
        return block_scales(context, call, out);
    *out = (struct scales){shape_count(x), 1, 1, false};
    if (count == 1)
        return OK;
    TRY(axis_from(context, attr->axis, x->rank, &axis));
    if (count != x->dim[axis])
        return context_fail(context, ERR_SHAPE, "%lld scales for %lld indices of axis %d",
                            (long long)count, (long long)x->dim[axis], axis);
    *out = (struct scales){shape_product(x, axis + 1, x->rank), count, 1, false};
    return OK;
}

static bool is_quantized_type(enum dtype dtype)
{
    return dtype == DT_I8 || dtype == DT_U8 || dtype == DT_I16 || dtype == DT_U16 ||
           dtype == DT_I4 || dtype == DT_U4;
}

static enum status quantize_infer(struct context *context, const struct op_call *call)
{
    const struct quantize_attr *attr = call->attr;
    enum dtype dtype = DT_U8;
    struct scales scales;

    if (call->input[0]->dtype != DT_I32)
        TRY(check_float(context, call, 0));
    TRY(check_float(context, call, 1));
    if (input_at(call, 2))
        dtype = call->input[2]->dtype;
    else if (attr->output_dtype != 0)
        dtype = dtype_from_onnx(attr->output_dtype);
    if (!is_quantized_type(dtype))
        return context_fail(context, ERR_UNSUPPORTED, "quantised type is none of 4, 8 or 16 bits");
    TRY(scales_from(context, call, &scales));
    return set_output(context, call, 0, dtype, &call->input[0]->shape);
}

static enum status dequantize_infer(struct context *context, const struct op_call *call)
{
    enum dtype dtype = call->input[0]->dtype;
    struct scales scales;

    if (!is_quantized_type(dtype) && dtype != DT_I32)
        return context_fail(context, ERR_UNSUPPORTED,
                            "quantised type is none of 4, 8, 16 or 32 "
                            "bits");
    TRY(check_float(context, call, 1));
    if (input_at(call, 2))
        TRY(check_dtype(context, call, 2, dtype));
    TRY(scales_from(context, call, &scales));
    return set_output(context, call, 0, call->input[1]->dtype, &call->input[0]->shape);
}

// Smallest and largest number of a quantised type.
static void limits_of(enum dtype dtype, double *low, double *high)
{
    int bits = dtype_info[dtype].bits;
    bool is_signed = dtype_info[dtype].is_signed;

    *low = is_signed ? -ldexp(1, bits - 1) : 0;
    *high = ldexp(1, bits - is_signed) - 1;
}

// One scale's run of items. Halfway cases go to even, as nearbyint does by default; NaN to the
// lowest.
struct run {
    int64_t at, count;
    double scale, zero, low, high;
};

static void quantize_any(const struct tensor *x, const struct run *run, struct tensor *y)
{
    for (int64_t i = run->at; i < run->at + run->count; i++) {
        double quotient = x->dtype == DT_F64
                              ? tensor_get(x, i) / run->scale
                              : (double)((float)tensor_get(x, i) / (float)run->scale);
        double q = nearbyint(quotient) + run->zero;
        q = q > run->low ? q : run->low;
        tensor_set(y, i, q < run->high ? q : run->high);
    }
}

// The same for f32 to 8 bits. Adding and subtracting 1.5 * 2^23 rounds small numbers to even.
static void quantize_f32(const float *x, const struct run *run, uint8_t *y)
{
    const float magic = 12582912.0f, scale = (float)run->scale;
    const float low = (float)(run->low - run->zero), high = (float)(run->high - run->zero);
    const int32_t zero = (int32_t)run->zero;

    for (int64_t i = run->at; i < run->at + run->count; i++) {
        float q = x[i] / scale;
        q = q > low ? q : low;
        q = q < high ? q : high;
        y[i] = (uint8_t)((int32_t)((q + magic) - magic) + zero);
    }
}

static void dequantize_any(const struct tensor *x, const struct run *run, struct tensor *y)
{
    for (int64_t i = run->at; i < run->at + run->count; i++) {
        double q = (double)(tensor_get_int(x, i) - (int64_t)run->zero);
        tensor_set(y, i,
                   y->dtype == DT_F64 ? q * run->scale : (double)((float)q * (float)run->scale));
    }
}

#define DEQUANTIZE_F32(type)                                                                       \
    do {                                                                                           \
        const type *from = tensor_data(x);                                                         \
        for (int64_t i = run->at; i < run->at + run->count; i++)                                   \
            to[i] = (float)(from[i] - zero) * scale;                                               \
    } while (0)

static void dequantize_f32(const struct tensor *x, const struct run *run, float *to)
{
    const float scale = (float)run->scale;
    const int32_t zero = (int32_t)run->zero;

    if (x->dtype == DT_I8)
        DEQUANTIZE_F32(int8_t);
    else
        DEQUANTIZE_F32(uint8_t);
}

// The next run, as long as neighbouring items share a scale; false behind the last.
static bool next_run(const struct op_call *call, const struct scales *s, struct run *run)
{
    const struct tensor *zero = input_at(call, 2);

    run->at += run->count;
    if (run->at >= tensor_count(call->input[0]))
        return false;
    int64_t index = run->at / s->inner % s->dim, scale = index;
    run->count = s->inner;
    if (s->is_blocked) {
        int64_t outer = run->at / s->inner / s->dim, left = s->dim - index;
        scale = ((outer * ((s->dim - 1) / s->block + 1) + index / s->block) * s->inner) +
                run->at % s->inner;
        run->count = s->inner > 1 ? 1 : s->block - index % s->block;
        run->count = run->count < left ? run->count : left;
    }
    run->scale = tensor_get(call->input[1], scale);
    run->zero = zero ? tensor_get(zero, scale) : 0;
    return true;
}

static enum status quantize_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    struct run run = {0};
    struct scales s;

    if (dtype_is_half(x->dtype) || dtype_is_half(call->input[1]->dtype))
        return forward_in_f32(context, call, quantize_forward);
    TRY(scales_from(context, call, &s));
    limits_of(y->dtype, &run.low, &run.high);
    void *to = tensor_write(y);
    while (next_run(call, &s, &run))
        if (x->dtype == DT_F32 && dtype_info[y->dtype].bits == 8)
            quantize_f32(tensor_data(x), &run, to);
        else
            quantize_any(x, &run, y);
    return OK;
}

static enum status dequantize_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    struct run run = {0};
    struct scales s;

    if (dtype_is_half(call->input[1]->dtype))
        return forward_in_f32(context, call, dequantize_forward);
    TRY(scales_from(context, call, &s));
    void *to = tensor_write(y);
    while (next_run(call, &s, &run))
        if (y->dtype == DT_F32 && dtype_info[x->dtype].bits == 8)
            dequantize_f32(x, &run, to);
        else
            dequantize_any(x, &run, y);
    return OK;
}

// The axis that is cut into blocks stays whole; the others are those of x, scales and y alike.
static void link_blocks(const struct op_call *call, int axis, struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < x->rank; k++)
            if (input_at(call, i) && k != axis)
                axis_link(map, (struct axis_end){AXIS_INPUT, i, k},
                          (struct axis_end){AXIS_OUTPUT, 0, k}, x->dim[k], 0, 1);
}

static enum status quantize_map_axes(struct context *context, const struct op_call *call,
                                     struct axis_map *map)
{
    const struct quantize_attr *attr = call->attr;
    struct scales scales;
    int axis = 0;

    TRY(scales_from(context, call, &scales));
    if (scales.dim != 1 || scales.is_blocked)
        TRY(axis_from(context, attr->axis, call->input[0]->shape.rank, &axis));
    if (scales.is_blocked) {
        link_blocks(call, axis, map);
        return OK;
    }
    TRY(axes_keep(context, call, map));
    for (int i = 1; i < 3 && scales.dim != 1; i++)
        if (input_at(call, i) && call->input[i]->shape.rank == 1)
            axis_link(map, (struct axis_end){AXIS_INPUT, i, 0},
                      (struct axis_end){AXIS_OUTPUT, 0, axis}, scales.dim, 0, 1);
    return OK;
}

static const struct field quantize_fields[] = {
    FIELD(struct quantize_attr, axis, "1", 0, 0, "the axis that has a scale for each index"),
    FIELD(struct quantize_attr, block_size, "0", 0, 0, "items of an axis that share a scale"),
    FIELD(struct quantize_attr, output_dtype, "0", 0, 0, "ONNX type when there is no zero point"),
    FIELD(struct quantize_attr, saturate, "1", 0, 1, "for 8-bit floats"),
    FIELDS_END,
};

#define QUANTIZE(variable, onnx_name, function)                                                    \
    const struct op variable = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 2,                                                                           \
        .max_inputs = 3,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = quantize_fields,                                                                   \
        .attr_bytes = sizeof(struct quantize_attr),                                                \
        .since_opset = 10,                                                                         \
        .infer = function##_infer,                                                                 \
        .forward = function##_forward,                                                             \
        .cost = cost_in_place,                                                                     \
        .map_axes = quantize_map_axes,                                                             \
    }

QUANTIZE(op_quantize_linear, "QuantizeLinear", quantize);
QUANTIZE(op_dequantize_linear, "DequantizeLinear", dequantize);
