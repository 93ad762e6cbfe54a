// Cast and CastLike: to any type. Floats become integers by dropping the fraction (out of range:
// the nearest bound; NaN: 0), integers wrap, anything but zero is true.
#include <math.h>
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static const struct field cast_fields[] = {
    FIELD(struct cast_attr, to, "0", 0, 0, "TensorProto.DataType of the result"), // must be given
    FIELD(struct cast_attr, saturate, "1", 0, 0, "concerns 8-bit floats only"),
    FIELDS_END,
};

static const struct field cast_like_fields[] = {
    FIELD(struct cast_attr, saturate, "1", 0, 0, "concerns 8-bit floats only"),
    FIELDS_END,
};

enum { CHUNK = 256 };

static enum status cast_infer(struct context *context, const struct op_call *call)
{
    int64_t to = ((const struct cast_attr *)call->attr)->to;
    enum dtype dtype = dtype_from_onnx(to);

    TRY(check_given(context, call, 0));
    if (dtype == DT_NONE)
        return context_fail(context, ERR_UNSUPPORTED, "no cast to %s", onnx_type_name(to));
    return set_output(context, call, 0, dtype, &call->input[0]->shape);
}

static enum status cast_like_infer(struct context *context, const struct op_call *call)
{
    TRY(check_given(context, call, 0));
    TRY(check_given(context, call, 1));
    return set_output(context, call, 0, call->input[1]->dtype, &call->input[0]->shape);
}

static bool is_plain(enum dtype dtype) // has a C type
{
    return !dtype_is_half(dtype) && dtype_info[dtype].bits >= 8;
}

#define LOAD_INTEGERS(type)                                                                        \
    for (int64_t i = 0; i < count; i++)                                                            \
    out[i] = (int64_t)((const type *)tensor_data(x))[at + i]

static void load_integers(const struct tensor *x, int64_t at, int64_t count, int64_t *out)
{
    if (is_plain(x->dtype))
        FOR_TYPES(x->dtype, LOAD_INTEGERS)
    else
        for (int64_t i = 0; i < count; i++)
            out[i] = tensor_get_int(x, at + i);
}

#define LOAD_NUMBERS(type)                                                                         \
    for (int64_t i = 0; i < count; i++)                                                            \
    out[i] = (double)((const type *)tensor_data(x))[at + i]

static void load_numbers(const struct tensor *x, int64_t at, int64_t count, double *out)
{
    if (is_plain(x->dtype))
        FOR_TYPES(x->dtype, LOAD_NUMBERS)
    else
        for (int64_t i = 0; i < count; i++)
            out[i] = tensor_get(x, at + i);
}

#define STORE_INTEGERS(type)                                                                       \
    for (int64_t i = 0; i < count; i++)                                                            \
    ((type *)tensor_write(y))[at + i] = (type)in[i]

// To integers of whole bytes or bool.
static void store_integers(struct tensor *y, int64_t at, int64_t count, int64_t *in)
{
    for (int64_t i = 0; y->dtype == DT_BOOL && i < count; i++)
        in[i] = in[i] != 0;
    FOR_TYPES(y->dtype, STORE_INTEGERS)
}

static void store_floats(struct tensor *y, int64_t at, int64_t count, const double *in)
{
    if (y->dtype == DT_F32)
        for (int64_t i = 0; i < count; i++)
            ((float *)tensor_write(y))[at + i] = (float)in[i];
    else if (y->dtype == DT_F64)
        memcpy((double *)tensor_write(y) + at, in, (size_t)count * sizeof *in);
    else
        for (int64_t i = 0; i < count; i++)
            tensor_set(y, at + i, in[i]); // saturates
}

// To four bits: integers wrap there as well.
static double wrap_nibble(double number, bool is_signed)
{
    int64_t low;

    if (!(fabs(number) < 0x1p62))
        return number; // saturates
    low = (int64_t)number & 15;
    return (double)(is_signed && low > 7 ? low - 16 : low);
}

static void cast_chunk(const struct tensor *x, struct tensor *y, int64_t at, int64_t count)
{
    double number[CHUNK];
    int64_t integer[CHUNK];

    if (!dtype_info[x->dtype].is_float && !dtype_info[y->dtype].is_float && is_plain(y->dtype)) {
        load_integers(x, at, count, integer);
        store_integers(y, at, count, integer);
        return;
    }
    load_numbers(x, at, count, number);
    for (int64_t i = 0; !dtype_info[y->dtype].is_float && y->dtype != DT_BOOL && i < count; i++)
        number[i] = trunc(number[i]);
    for (int64_t i = 0; dtype_info[y->dtype].bits == 4 && i < count; i++)
        number[i] = wrap_nibble(number[i], dtype_info[y->dtype].is_signed);
    store_floats(y, at, count, number);
}

static enum status cast_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    int64_t n = tensor_count(x);

    (void)context;
    if (x->dtype == y->dtype)
        memmove(tensor_write(y), tensor_data(x), tensor_bytes(y));
    else
        for (int64_t at = 0; at < n; at += CHUNK)
            cast_chunk(x, y, at, n - at < CHUNK ? n - at : CHUNK);
    return OK;
}

#define ADD_CAST(type)                                                                             \
    for (int64_t i = 0, n = tensor_count(grad); i < n; i++)                                        \
    ((type *)tensor_write(into))[i] += (type)tensor_get(grad, i)

// Between floats the gradient passes; integers carry none.
static enum status cast_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);

    if (!grad || !into || !dtype_info[grad->dtype].is_float || !dtype_info[into->dtype].is_float)
        return OK;
    TRY(check_trainable(context, call));
    FOR_FLOAT_TYPES(into->dtype, ADD_CAST)
    return OK;
}

#define CAST(row, onnx_name, inputs, since)                                                        \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = row##_fields,                                                                      \
        .attr_bytes = sizeof(struct cast_attr),                                                    \
        .since_opset = since,                                                                      \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = row##_infer,                                                                      \
        .forward = cast_forward,                                                                   \
        .backward = cast_backward,                                                                 \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_keep,                                                                     \
    }

CAST(cast, "Cast", 1, 1);
CAST(cast_like, "CastLike", 2, 15);
