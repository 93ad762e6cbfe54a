// Elementwise activations with parameters: LeakyRelu, Elu (Clevert 2015), Celu (Barron 2017), Selu
// (Klambauer 2017), HardSigmoid, ThresholdedRelu, Shrink.
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

static const struct field celu_fields[] = {
    FIELD(struct activation_attr, alpha, "1", 0, 0, "the value far below 0 is -alpha"),
    FIELDS_END,
};
static const struct field selu_fields[] = {
    FIELD(struct selu_attr, alpha, "1.67326319217681884765625", 0, 0, "as of Elu"),
    FIELD(struct selu_attr, gamma, "1.05070102214813232421875", 0, 0, "factor of the whole"),
    FIELDS_END,
};
static const struct field shrink_fields[] = {
    FIELD(struct shrink_attr, bias, "0", 0, 0, "how much larger values shrink"),
    FIELD(struct shrink_attr, lambd, "0.5", 0, 0, "up to this size values become 0"),
    FIELDS_END,
};
static const struct field thresholded_relu_fields[] = {
    FIELD(struct activation_attr, alpha, "1", 0, 0, "up to this value it is 0"),
    FIELDS_END,
};

// row, ONNX name, its first opset, attributes, which of them are a and b, y = f(x, a, b), dy/dx.
// clang-format off
#define ACTIVATION_ROWS(ACTIVATION)                                                                \
    ACTIVATION(celu, "Celu", 12, activation_attr, alpha, beta, x > 0 ? x : a * expm1(x / a),       \
               x > 0 ? 1 : exp(x / a))                                                             \
    ACTIVATION(elu, "Elu", 1, activation_attr, alpha, beta, x > 0 ? x : a * expm1(x),              \
               x > 0 ? 1 : a * exp(x))                                                             \
    ACTIVATION(hard_sigmoid, "HardSigmoid", 1, activation_attr, alpha, beta,                       \
               a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b,                                  \
               a * x + b > 0 && a * x + b < 1 ? a : 0)                                             \
    ACTIVATION(leaky_relu, "LeakyRelu", 1, activation_attr, alpha, beta, x < 0 ? a * x : x,        \
               x < 0 ? a : 1)                                                                      \
    ACTIVATION(selu, "Selu", 1, selu_attr, alpha, gamma, b * (x > 0 ? x : a * expm1(x)),           \
               b * (x > 0 ? 1 : a * exp(x)))                                                       \
    ACTIVATION(shrink, "Shrink", 9, shrink_attr, lambd, bias, x < -a ? x + b : x > a ? x - b : 0,  \
               x < -a || x > a)                                                                    \
    ACTIVATION(thresholded_relu, "ThresholdedRelu", 10, activation_attr, alpha,                    \
          beta, x > a ? x : 0,                                                                     \
               x > a)
// clang-format on

#define ROW(row, name, since, attributes, first, second, f, derivative)                            \
    UNARY_KERNELS(row, f, derivative, NULL)                                                        \
    UNARY_CALLS(row, ((const struct attributes *)call->attr)->first,                               \
                ((const struct attributes *)call->attr)->second)                                   \
    UNARY_DESCRIPTOR(row, name, since, infer_same_float, row##_fields, sizeof(struct attributes))
ACTIVATION_ROWS(ROW)
