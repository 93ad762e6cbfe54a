// Elementwise operators of one input. A row gives y = f(x) and its derivative as expressions; this
// makes the loops over f32 and f64 from them. Backward reads the output that forward computed.
#ifndef OPS_UNARY_H
#define OPS_UNARY_H

#include "ops/op_table.h"
#include "ops/shared.h"

// in, out: n elements; a, b: parameters from the attributes (0 without).
struct unary_kernels {
    void (*f32)(const float *in, float *out, int64_t n, float a, float b);
    void (*f64)(const double *in, double *out, int64_t n, double a, double b);
    // out += grad * derivative
    void (*back_f32)(const float *in, const float *y, const float *grad, float *out, int64_t n,
                     float a, float b);
    void (*back_f64)(const double *in, const double *y, const double *grad, double *out, int64_t n,
                     double a, double b);
    int64_t (*integer)(int64_t x); // NULL: floats only
};

// Runs one on input 0 and output 0: f32, f64, or signed integers.
void unary_forward(const struct op_call *call, const struct unary_kernels *kernels, double a,
                   double b);
MUST_CHECK enum status unary_backward(struct context *context, const struct op_call *call,
                                      const struct unary_kernels *kernels, double a, double b);
// Floats and signed integers, shape kept.
MUST_CHECK enum status infer_signed(struct context *context, const struct op_call *call);

#define UNARY_LOOPS(row, T, type, f, derivative)                                                   \
    static void row##_##type(const T *in, T *out, int64_t n, T a, T b)                             \
    {                                                                                              \
        (void)a, (void)b;                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                          \
            T x = in[i];                                                                           \
            out[i] = (T)(f);                                                                       \
        }                                                                                          \
    }                                                                                              \
    static void row##_back_##type(const T *in, const T *result, const T *grad, T *out, int64_t n,  \
                                  T a, T b)                                                        \
    {                                                                                              \
        (void)a, (void)b;                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                          \
            T x = in[i], y = result[i];                                                            \
            (void)x, (void)y;                                                                      \
            out[i] += grad[i] * (T)(derivative);                                                   \
        }                                                                                          \
    }

#define UNARY_KERNELS(row, f, derivative, integer)                                                 \
    UNARY_LOOPS(row, float, f32, f, derivative)                                                    \
    UNARY_LOOPS(row, double, f64, f, derivative)                                                   \
    static const struct unary_kernels row##_kernels = {row##_f32, row##_f64, row##_back_f32,       \
                                                       row##_back_f64, integer};

// The descriptor's two calls; a and b may look into call->attr.
#define UNARY_CALLS(row, a, b)                                                                     \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        unary_forward(call, &row##_kernels, a, b);                                                 \
        return OK;                                                                                 \
    }                                                                                              \
    static enum status row##_backward(struct context *context, const struct op_call *call)         \
    {                                                                                              \
        return unary_backward(context, call, &row##_kernels, a, b);                                \
    }

#define UNARY_DESCRIPTOR(row, onnx_name, since, infer_call, fields, bytes)                         \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = bytes,                                                                       \
        .since_opset = since,                                                                      \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_keep,                                                                     \
    };

#endif
