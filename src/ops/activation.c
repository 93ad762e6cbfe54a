// Elementwise activations with parameters: LeakyRelu, Elu (Clevert 2015), HardSigmoid.
#include <math.h>
#include <tgmath.h>

#include "ops/attr.h"
#include "ops/unary.h"

static const struct field leaky_relu_fields[] = {
    FIELD(struct activation_attr, alpha, "0.01", 0, 0, "slope below 0"),
    FIELDS_END,
};
static const struct field elu_fields[] = {
    FIELD(struct activation_attr, alpha, "1", 0, 0, "the value far below 0 is -alpha"),
    FIELDS_END,
};
static const struct field hard_sigmoid_fields[] = {
    FIELD(struct activation_attr, alpha, "0.2", 0, 0, "slope"),
    FIELD(struct activation_attr, beta, "0.5", 0, 0, "value at 0"),
    FIELDS_END,
};

// row, ONNX name, y = f(x, a = alpha, b = beta), dy/dx.
// clang-format off
#define ACTIVATION_ROWS(ACTIVATION)                                                                \
    ACTIVATION(elu, "Elu", x > 0 ? x : a * expm1(x), x > 0 ? 1 : a * exp(x))                       \
    ACTIVATION(hard_sigmoid, "HardSigmoid", a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b,     \
               a * x + b > 0 && a * x + b < 1 ? a : 0)                                             \
    ACTIVATION(leaky_relu, "LeakyRelu", x < 0 ? a * x : x, x < 0 ? a : 1)
// clang-format on

#define ROW(row, name, f, derivative)                                                              \
    UNARY_KERNELS(row, f, derivative, NULL)                                                        \
    UNARY_CALLS(row, ((const struct activation_attr *)call->attr)->alpha,                          \
                ((const struct activation_attr *)call->attr)->beta)                                \
    UNARY_DESCRIPTOR(row, name, infer_same_float, row##_fields, sizeof(struct activation_attr))
ACTIVATION_ROWS(ROW)
