// Elementwise operators of two inputs with numpy broadcasting. A row gives y = f(a, b) and both
// derivatives as expressions; this makes the loops over f32 and f64 from them.
#ifndef OPS_BINARY_H
#define OPS_BINARY_H

#include "ops/op_table.h"
#include "ops/shared.h"

// One row of a broadcast: n results; steps are 1, or 0 where the operand is stretched.
struct binary_kernels {
    void (*f32)(const float *a, int64_t a_step, const float *b, int64_t b_step, float *y,
                int64_t n);
    void (*f64)(const double *a, int64_t a_step, const double *b, int64_t b_step, double *y,
                int64_t n);
    // Adds grad * dy/da into `out`, which has the steps of a (side 0) or b (side 1).
    void (*back_f32)(int side, const float *a, int64_t a_step, const float *b, int64_t b_step,
                     const float *y, const float *grad, float *out, int64_t n);
    void (*back_f64)(int side, const double *a, int64_t a_step, const double *b, int64_t b_step,
                     const double *y, const double *grad, double *out, int64_t n);
    int64_t (*i64)(int64_t a, int64_t b); // every other integer type is computed in these two
    uint64_t (*u64)(uint64_t a, uint64_t b);
};

// y = f(a, b), y dense with the broadcast shape; f32, f64 or integers. y may be a's data if a has
// y's shape.
void binary_run(const struct binary_kernels *kernels, const struct tensor *a,
                const struct tensor *b, struct tensor *y);
// Adds the gradients of output 0 into those of inputs 0 and 1 that are wanted.
MUST_CHECK enum status binary_backward(struct context *context, const struct op_call *call,
                                       const struct binary_kernels *kernels);

// Inference: one dtype of numbers (not bool) for all inputs, broadcast.
MUST_CHECK enum status infer_numbers(struct context *context, const struct op_call *call);

// ERR_NUMERIC "element 3 of the divisor is 0"; floats may be.
MUST_CHECK enum status check_divisor(struct context *context, const struct tensor *b);

// For the n-ary ones and for scatter.
extern const struct binary_kernels add_kernels, max_kernels, min_kernels, mul_kernels;

// A row that all goes into one element adds up in double, because its length is not bounded.
#define BINARY_BACK_LOOPS(T, step, derivative)                                                     \
    double sum = 0;                                                                                \
    for (int64_t i = 0; i < n; i++) {                                                              \
        T a = a_row[i * a_step], b = b_row[i * b_step], y = y_row[i];                              \
        (void)a, (void)b, (void)y;                                                                 \
        T part = grad[i] * (T)(derivative);                                                        \
        if ((step) == 0)                                                                           \
            sum += (double)part;                                                                   \
        else                                                                                       \
            out[i] += part;                                                                        \
    }                                                                                              \
    if ((step) == 0)                                                                               \
        *out += (T)sum;

// The two stretched cases stand apart, so that the compiler sees steps of one and vectorises.
#define BINARY_LOOPS(row, T, type, f, da, db)                                                      \
    static void row##_##type(const T *a_row, int64_t a_step, const T *b_row, int64_t b_step,       \
                             T *out, int64_t n)                                                    \
    {                                                                                              \
        if (a_step == 1 && b_step == 1) {                                                          \
            for (int64_t i = 0; i < n; i++) {                                                      \
                T a = a_row[i], b = b_row[i];                                                      \
                out[i] = (T)(f);                                                                   \
            }                                                                                      \
        } else if (a_step == 1) {                                                                  \
            T b = *b_row;                                                                          \
            for (int64_t i = 0; i < n; i++) {                                                      \
                T a = a_row[i];                                                                    \
                out[i] = (T)(f);                                                                   \
            }                                                                                      \
        } else {                                                                                   \
            T a = *a_row;                                                                          \
            for (int64_t i = 0; i < n; i++) {                                                      \
                T b = b_row[i * b_step];                                                           \
                out[i] = (T)(f);                                                                   \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void row##_back_##type(int side, const T *a_row, int64_t a_step, const T *b_row,        \
                                  int64_t b_step, const T *y_row, const T *grad, T *out,           \
                                  int64_t n)                                                       \
    {                                                                                              \
        if (side == 0) {                                                                           \
            BINARY_BACK_LOOPS(T, a_step, da)                                                       \
        } else {                                                                                   \
            BINARY_BACK_LOOPS(T, b_step, db)                                                       \
        }                                                                                          \
    }

#define BINARY_INTEGERS(row, T, type, f)                                                           \
    static T row##_##type(T a, T b)                                                                \
    {                                                                                              \
        return (T)(f);                                                                             \
    }

// f: floats; integer: over int64_t and uint64_t; da, db: derivatives in a, b and y.
#define BINARY_KERNELS(linkage, row, f, da, db, integer)                                           \
    BINARY_LOOPS(row, float, f32, f, da, db)                                                       \
    BINARY_LOOPS(row, double, f64, f, da, db)                                                      \
    BINARY_INTEGERS(row, int64_t, i64, integer)                                                    \
    BINARY_INTEGERS(row, uint64_t, u64, integer)                                                   \
    linkage const struct binary_kernels row##_kernels = {                                          \
        row##_f32, row##_f64, row##_back_f32, row##_back_f64, row##_i64, row##_u64,                \
    };

#endif
