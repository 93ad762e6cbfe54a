// Elementwise operators of one input and no attributes, one row each.
#include "ops/unary.h"

#include <math.h>
#include <tgmath.h>

static int64_t negated(int64_t x)
{
    return (int64_t)(0 - (uint64_t)x); // wraps for the smallest integer
}

static int64_t absolute(int64_t x)
{
    return x < 0 ? negated(x) : x;
}

static int64_t sign_of(int64_t x)
{
    return (x > 0) - (x < 0);
}

static int64_t rectified(int64_t x)
{
    return x < 0 ? 0 : x;
}

#define TWO_BY_ROOT_PI 1.1283791670955125739
#define SOFTPLUS(x) ((x > 0 ? x : 0) + log1p(exp(-fabs(x))))
// Of x * t with t = tanh(softplus(x)) (Misra 2019).
#define MISH_SLOPE(x, t) ((t) + x * (1 - (t) * (t)) / (1 + exp(-x)))

// row, ONNX name, its first opset, y = f(x), dy/dx in x and y, inference and function for signed
// integers (NULL: floats only). Relu keeps NaN, so that a broken network shows; its derivative at 0
// is 0, as is that of Abs.
// clang-format off
#define UNARY_ROWS(UNARY)                                                                          \
    UNARY(abs, "Abs", 1, fabs(x), (x > 0) - (x < 0), signed, absolute)                             \
    UNARY(acos, "Acos", 7, acos(x), -1 / sqrt(1 - x * x), same_float, NULL)                        \
    UNARY(acosh, "Acosh", 9, acosh(x), 1 / sqrt(x * x - 1), same_float, NULL)                      \
    UNARY(asin, "Asin", 7, asin(x), 1 / sqrt(1 - x * x), same_float, NULL)                         \
    UNARY(asinh, "Asinh", 9, asinh(x), 1 / sqrt(x * x + 1), same_float, NULL)                      \
    UNARY(atan, "Atan", 7, atan(x), 1 / (1 + x * x), same_float, NULL)                             \
    UNARY(atanh, "Atanh", 9, atanh(x), 1 / (1 - x * x), same_float, NULL)                          \
    UNARY(ceil, "Ceil", 1, ceil(x), 0, same_float, NULL)                                           \
    UNARY(cos, "Cos", 7, cos(x), -sin(x), same_float, NULL)                                        \
    UNARY(cosh, "Cosh", 9, cosh(x), sinh(x), same_float, NULL)                                     \
    UNARY(erf, "Erf", 9, erf(x), TWO_BY_ROOT_PI * exp(-x * x), same_float, NULL)                   \
    UNARY(exp, "Exp", 1, exp(x), y, same_float, NULL)                                              \
    UNARY(floor, "Floor", 1, floor(x), 0, same_float, NULL)                                        \
    UNARY(hard_swish, "HardSwish", 14, x * (x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6),               \
          x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6, same_float, NULL)                            \
    UNARY(log, "Log", 1, log(x), 1 / x, same_float, NULL)                                          \
    UNARY(mish, "Mish", 18, x * tanh(SOFTPLUS(x)), MISH_SLOPE(x, tanh(SOFTPLUS(x))),               \
          same_float, NULL)                                                                        \
    UNARY(neg, "Neg", 1, -x, -1, signed, negated)                                                  \
    UNARY(reciprocal, "Reciprocal", 1, 1 / x, -y * y, same_float, NULL)                            \
    UNARY(relu, "Relu", 1, x < 0 ? 0 : x, x > 0, signed, rectified)                                \
    UNARY(round, "Round", 11, rint(x), 0, same_float, NULL)                                        \
    UNARY(sigmoid, "Sigmoid", 1, 1 / (1 + exp(-x)), y * (1 - y), same_float, NULL)                 \
    UNARY(sign, "Sign", 9, (x > 0) - (x < 0), 0, signed, sign_of)                                  \
    UNARY(sin, "Sin", 7, sin(x), cos(x), same_float, NULL)                                         \
    UNARY(sinh, "Sinh", 9, sinh(x), cosh(x), same_float, NULL)                                     \
    UNARY(softplus, "Softplus", 1, SOFTPLUS(x), 1 / (1 + exp(-x)), same_float, NULL)               \
    UNARY(softsign, "Softsign", 1, x / (1 + fabs(x)), (1 - fabs(y)) * (1 - fabs(y)), same_float,   \
          NULL)                                                                                    \
    UNARY(sqrt, "Sqrt", 1, sqrt(x), 1 / (2 * y), same_float, NULL)                                 \
    UNARY(tan, "Tan", 7, tan(x), 1 + y * y, same_float, NULL)                                      \
    UNARY(tanh, "Tanh", 1, tanh(x), 1 - y * y, same_float, NULL)
// clang-format on

#define ROW(row, name, since, f, derivative, kind, integer)                                        \
    UNARY_KERNELS(row, f, derivative, integer)                                                     \
    UNARY_CALLS(row, 0, 0)                                                                         \
    UNARY_DESCRIPTOR(row, name, since, infer_##kind, NULL, 0)
UNARY_ROWS(ROW)

enum status infer_signed(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    const struct dtype_info *type = &dtype_info[call->input[0]->dtype];
    if (!type->is_float && !type->is_signed)
        return context_fail(context, ERR_UNSUPPORTED, "input 0 wants float or signed, got %s",
                            type->name);
    return infer_same_shape(context, call);
}

#define RUN_INTEGER(type)                                                                          \
    do {                                                                                           \
        const type *in = tensor_data(x);                                                           \
        type *out = tensor_write(y);                                                               \
        for (int64_t i = 0; i < n; i++)                                                            \
            out[i] = (type)kernels->integer((int64_t)in[i]);                                       \
    } while (0)

void unary_forward(const struct op_call *call, const struct unary_kernels *kernels, double a,
                   double b)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    int64_t n = tensor_count(x);

    if (x->dtype == DT_F32)
        kernels->f32(tensor_data(x), tensor_write(y), n, (float)a, (float)b);
    else if (x->dtype == DT_F64)
        kernels->f64(tensor_data(x), tensor_write(y), n, a, b);
    else
        FOR_TYPES(x->dtype, RUN_INTEGER)
}

enum status unary_backward(struct context *context, const struct op_call *call,
                           const struct unary_kernels *kernels, double a, double b)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    const void *x = tensor_data(call->input[0]), *y = tensor_data(call->output[0]);
    int64_t n = tensor_count(grad);
    if (grad->dtype == DT_F32)
        kernels->back_f32(x, y, tensor_data(grad), tensor_write(into), n, (float)a, (float)b);
    else
        kernels->back_f64(x, y, tensor_data(grad), tensor_write(into), n, a, b);
    return OK;
}
