// Arithmetic on two inputs with broadcasting, one row each. Integers wrap as in two's complement;
// their division truncates and refuses a zero divisor.
#include "ops/binary.h"

#include <math.h>
#include <tgmath.h>

static uint64_t int_power(uint64_t base, uint64_t exponent)
{
    uint64_t result = 1;

    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1)
            result *= base;
    return result;
}

// The integer nearest to zero of base^exponent for an exponent below 0.
static uint64_t int_root(double base, uint64_t exponent)
{
    if (base == 1 || base == -1)
        return exponent & 1 ? (uint64_t)(int64_t)base : 1;
    return 0;
}

// Linkage (those without are in the header), row, y = f(a, b), dy/da, dy/db, f over integers. The
// smallest integer divided by -1 wraps instead of trapping.
// clang-format off
#define BINARY_ROWS(BINARY)                                                                        \
    BINARY(, add, a + b, 1, 1, (uint64_t)a + (uint64_t)b)                                          \
    BINARY(static, sub, a - b, 1, -1, (uint64_t)a - (uint64_t)b)                                   \
    BINARY(, mul, a * b, b, a, (uint64_t)a * (uint64_t)b)                                    \
    BINARY(static, div, a / b, 1 / b, -y / b,                                                      \
           (double)b == -1 ? 0 - (uint64_t)a : (uint64_t)(a / b))                                  \
    BINARY(static, pow, b == 2 ? a * a : pow(a, b), b == 0 ? 0 : b * pow(a, b - 1),                \
           a > 0 ? y * log(a) : 0,                                                                 \
           (double)b < 0 ? int_root((double)a, (uint64_t)b)                                        \
                         : int_power((uint64_t)a, (uint64_t)b))                                    \
    BINARY(, min, a < b || a != a ? a : b, a <= b, b < a, a < b ? a : b)                           \
    BINARY(, max, a > b || a != a ? a : b, a >= b, b > a, a > b ? a : b)
// clang-format on
BINARY_ROWS(BINARY_KERNELS)

#define RUN_INTEGERS(type)                                                                         \
    do {                                                                                           \
        const type *p = (const type *)tensor_data(a) + walk.offset[0];                             \
        const type *q = (const type *)tensor_data(b) + walk.offset[1];                             \
        type *out = (type *)tensor_write(y) + at;                                                  \
        if (is_signed)                                                                             \
            for (int64_t i = 0; i < walk.length; i++)                                              \
                out[i] = (type)kernels->i64((int64_t)p[i * walk.step[0]],                          \
                                            (int64_t)q[i * walk.step[1]]);                         \
        else                                                                                       \
            for (int64_t i = 0; i < walk.length; i++)                                              \
                out[i] = (type)kernels->u64((uint64_t)p[i * walk.step[0]],                         \
                                            (uint64_t)q[i * walk.step[1]]);                        \
    } while (0)

void binary_run(const struct binary_kernels *kernels, const struct tensor *a,
                const struct tensor *b, struct tensor *y)
{
    bool is_signed = dtype_info[y->dtype].is_signed;
    struct broadcast walk;

    broadcast_start(&walk, &y->shape, (const struct tensor *const[]){a, b}, 2);
    for (int64_t at = 0; broadcast_next(&walk); at += walk.length) {
        if (y->dtype == DT_F32)
            kernels->f32(tensor_f32(a) + walk.offset[0], walk.step[0],
                         tensor_f32(b) + walk.offset[1], walk.step[1],
                         (float *)tensor_write(y) + at, walk.length);
        else if (y->dtype == DT_F64)
            kernels->f64((const double *)tensor_data(a) + walk.offset[0], walk.step[0],
                         (const double *)tensor_data(b) + walk.offset[1], walk.step[1],
                         (double *)tensor_write(y) + at, walk.length);
        else
            FOR_TYPES(y->dtype, RUN_INTEGERS)
    }
}

#define BACK(type, suffix)                                                                         \
    kernels->back_##suffix(side, (const type *)tensor_data(input[0]) + walk.offset[0],             \
                           walk.step[0], (const type *)tensor_data(input[1]) + walk.offset[1],     \
                           walk.step[1], (const type *)tensor_data(y) + at,                        \
                           (const type *)tensor_data(grad) + at,                                   \
                           (type *)tensor_write(into) + walk.offset[side], walk.length)

static void side_backward(const struct op_call *call, const struct tensor *const *input,
                          const struct binary_kernels *kernels, int side)
{
    const struct tensor *grad = output_grad_at(call, 0), *y = call->output[0];
    struct tensor *into = input_grad_at(call, side);
    struct broadcast walk;

    if (!grad || !into)
        return;
    broadcast_start(&walk, &grad->shape, input, 2);
    for (int64_t at = 0; broadcast_next(&walk); at += walk.length) {
        if (grad->dtype == DT_F32)
            BACK(float, f32);
        else if (grad->dtype == DT_F64)
            BACK(double, f64);
    }
}

enum status binary_backward(struct context *context, const struct op_call *call,
                            const struct binary_kernels *kernels)
{
    if (!output_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    side_backward(call, call->input, kernels, 0);
    side_backward(call, call->input, kernels, 1);
    return OK;
}

enum status infer_numbers(struct context *context, const struct op_call *call)
{
    for (int i = 0; i < call->input_count; i++)
        TRY(check_given(context, call, i));
    TRY(infer_broadcast(context, call));
    if (call->input[0]->dtype == DT_BOOL)
        return context_fail(context, ERR_SHAPE, "input 0 wants numbers, got bool");
    return OK;
}

enum status check_divisor(struct context *context, const struct tensor *b)
{
    if (dtype_info[b->dtype].is_float)
        return OK;
    for (int64_t i = 0, n = tensor_count(b); i < n; i++)
        if (tensor_get_int(b, i) == 0)
            return context_fail(context, ERR_NUMERIC, "element %lld of the divisor is 0",
                                (long long)i);
    return OK;
}

#define BINARY_CALLS(row, check)                                                                   \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        TRY(check);                                                                                \
        binary_run(&row##_kernels, call->input[0], call->input[1], call->output[0]);               \
        return OK;                                                                                 \
    }                                                                                              \
    static enum status row##_backward(struct context *context, const struct op_call *call)         \
    {                                                                                              \
        return binary_backward(context, call, &row##_kernels);                                     \
    }
BINARY_CALLS(add, OK)
BINARY_CALLS(sub, OK)
BINARY_CALLS(mul, OK)
BINARY_CALLS(div, check_divisor(context, call->input[1]))

// ---- Pow: the exponent may be of another type than the base and the result ----------------------

static enum status pow_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    for (int i = 0; i < 2; i++) {
        TRY(check_whole_bytes(context, call, i));
        if (call->input[i]->dtype == DT_BOOL)
            return context_fail(context, ERR_SHAPE, "input %d wants numbers, got bool", i);
    }
    TRY(broadcast_shape(context, call, 0, &shape));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// An integer base with a float exponent is computed in f64 and truncated.
static enum status pow_mixed(struct context *context, const struct op_call *call)
{
    struct tensor a = {0}, b = {0}, y = {0};
    enum status status;
    struct tensor *out = call->output[0];

    if ((status = tensor_convert(context, &a, call->input[0], DT_F64)) != OK ||
        (status = tensor_convert(context, &b, call->input[1], DT_F64)) != OK ||
        (status = tensor_alloc(context, &y, DT_F64, &out->shape)) != OK)
        goto done;
    binary_run(&pow_kernels, &a, &b, &y);
    for (int64_t i = 0, n = tensor_count(&y); i < n; i++)
        tensor_set(out, i, trunc(tensor_get(&y, i)));
done:
    tensor_release(&a);
    tensor_release(&b);
    tensor_release(&y);
    return status;
}

static enum status pow_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *a = call->input[0], *b = call->input[1];
    struct tensor converted;

    if (dtype_is_half(a->dtype) || dtype_is_half(b->dtype))
        return forward_in_f32(context, call, pow_forward);
    if (a->dtype == b->dtype) {
        binary_run(&pow_kernels, a, b, call->output[0]);
        return OK;
    }
    if (dtype_info[b->dtype].is_float && !dtype_info[a->dtype].is_float)
        return pow_mixed(context, call);
    TRY(tensor_convert(context, &converted, b, a->dtype));
    binary_run(&pow_kernels, a, &converted, call->output[0]);
    tensor_release(&converted);
    return OK;
}

static enum status pow_backward(struct context *context, const struct op_call *call)
{
    struct tensor exponent;

    if (!output_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    TRY(tensor_convert(context, &exponent, call->input[1], call->input[0]->dtype));
    const struct tensor *const input[2] = {call->input[0], &exponent};
    side_backward(call, input, &pow_kernels, 0);
    if (call->input[1]->dtype == call->input[0]->dtype)
        side_backward(call, input, &pow_kernels, 1);
    tensor_release(&exponent);
    return OK;
}

#define BINARY_DESCRIPTOR(row, onnx_name, infer_call)                                              \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 2,                                                                           \
        .max_inputs = 2,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_tie,                                                                      \
    };
BINARY_DESCRIPTOR(add, "Add", infer_numbers)
BINARY_DESCRIPTOR(div, "Div", infer_numbers)
BINARY_DESCRIPTOR(mul, "Mul", infer_numbers)
BINARY_DESCRIPTOR(pow, "Pow", pow_infer)
BINARY_DESCRIPTOR(sub, "Sub", infer_numbers)
