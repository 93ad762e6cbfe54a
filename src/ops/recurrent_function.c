// The activation functions that LSTM, GRU and RNN name in their attributes. Derivatives are in y:
// that is what a recurrent layer keeps.
#include <math.h>
#include <strings.h>
#include <tgmath.h>

#include "ops/recurrent.h"
#include "ops/unary.h"

// Row, ONNX's name, its parameters' defaults (NAN: takes none), y = f(x), dy/dx in y.
// clang-format off
#define FUNCTION_ROWS(ROW)                                                                         \
    ROW(affine, "Affine", 1, 0, a * x + b, a)                                                      \
    ROW(elu, "Elu", 1, NAN, x < 0 ? a * expm1(x) : x, y < 0 ? y + a : 1)                           \
    ROW(hard_sigmoid, "HardSigmoid", 0.2, 0.5,                                                     \
        a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b, y > 0 && y < 1 ? a : 0)                 \
    ROW(leaky_relu, "LeakyRelu", 0.01, NAN, x < 0 ? a * x : x, y < 0 ? a : 1)                      \
    ROW(relu, "Relu", NAN, NAN, x > 0 ? x : 0, y > 0)                                              \
    ROW(scaled_tanh, "ScaledTanh", 1, 1, a * tanh(b * x), b * (a - y * y / a))                     \
    ROW(sigmoid, "Sigmoid", NAN, NAN, 1 / (1 + exp(-x)), y * (1 - y))                              \
    ROW(softplus, "Softplus", NAN, NAN, x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)), 1 - exp(-y))   \
    ROW(softsign, "Softsign", NAN, NAN, x / (1 + fabs(x)), (1 - fabs(y)) * (1 - fabs(y)))          \
    ROW(tanh, "Tanh", NAN, NAN, tanh(x), 1 - y * y)                                                \
    ROW(thresholded_relu, "ThresholdedRelu", 1, NAN, x > a ? x : 0, y > a)
// clang-format on

#define FUNCTION_KERNELS(row, name, alpha, beta, f, derivative)                                    \
    UNARY_KERNELS(row, f, derivative, NULL)
FUNCTION_ROWS(FUNCTION_KERNELS)

static const struct {
    const char *name;
    struct recurrent_function function;
} functions[] = {
#define FUNCTION_ENTRY(row, name, alpha, beta, f, derivative) {name, {&row##_kernels, alpha, beta}},
    FUNCTION_ROWS(FUNCTION_ENTRY)};

bool recurrent_function_find(const char *name, struct recurrent_function *out)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcasecmp(name, functions[i].name) == 0) {
            *out = functions[i].function;
            return true;
        }
    return false;
}
