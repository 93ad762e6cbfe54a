// Mod, BitShift, BitwiseAnd, BitwiseOr, BitwiseXor and BitwiseNot: arithmetic that is not smooth.
#include <math.h>
#include <string.h>
#include <tgmath.h>

#include "ops/attr.h"
#include "ops/binary.h"

// fmod has the sign of the dividend, the other remainder that of the divisor. By a divisor without
// a bound nothing is taken away but, where the signs differ, the divisor itself is the result.
#define IS_NEGATIVE(a) ((double)(a) < 0)
#define FLOORED(a, b) ((a) != 0 && IS_NEGATIVE(a) != IS_NEGATIVE(b) ? (a) + (b) : (a))
#define TRUNCATED(a, b) ((double)(b) == -1 ? 0 : (a) % (b)) // INT64_MIN % -1 would trap

BINARY_KERNELS(static, mod, FLOORED(fmod(a, b), b), 1, b != 0 ? -floor(a / b) : 0,
               FLOORED(TRUNCATED(a, b), b))
BINARY_KERNELS(static, fmod, fmod(a, b), 1, b != 0 ? -trunc(a / b) : 0, TRUNCATED(a, b))

static const struct binary_kernels *mod_kernels_of(const struct op_call *call)
{
    return ((const struct mod_attr *)call->attr)->fmod ? &fmod_kernels : &mod_kernels;
}

static enum status mod_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, mod_forward);
    TRY(check_divisor(context, call->input[1]));
    binary_run(mod_kernels_of(call), call->input[0], call->input[1], call->output[0]);
    return OK;
}

static enum status mod_backward(struct context *context, const struct op_call *call)
{
    return binary_backward(context, call, mod_kernels_of(call));
}

static enum status bits_infer(struct context *context, const struct op_call *call)
{
    TRY(check_integer(context, call, 0));
    return infer_numbers(context, call);
}

// Integers only: without loops over floats. The bits of a shift leave at the width of the type,
// which the result is cut to; a distance that is negative or beyond the width gives no bits.
#define BITWISE_KERNELS(row, f)                                                                    \
    BINARY_INTEGERS(row, int64_t, i64, f)                                                          \
    BINARY_INTEGERS(row, uint64_t, u64, f)                                                         \
    static const struct binary_kernels row##_kernels = {.i64 = row##_i64, .u64 = row##_u64};

BITWISE_KERNELS(bitwise_and, a &b)
BITWISE_KERNELS(bitwise_or, a | b)
BITWISE_KERNELS(bitwise_xor, a ^ b)
BITWISE_KERNELS(shift_left, (uint64_t)b < 64 ? (uint64_t)a << b : 0)
BITWISE_KERNELS(shift_right, (uint64_t)b < 64 ? a >> b : -IS_NEGATIVE(a))

#define BITWISE_FORWARD(row, kernels)                                                              \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        (void)context;                                                                             \
        binary_run(kernels, call->input[0], call->input[1], call->output[0]);                      \
        return OK;                                                                                 \
    }

static const struct binary_kernels *shift_kernels_of(const struct op_call *call)
{
    const struct bit_shift_attr *attr = call->attr;

    return strcmp(attr->direction, "LEFT") == 0 ? &shift_left_kernels : &shift_right_kernels;
}

BITWISE_FORWARD(bit_shift, shift_kernels_of(call))
BITWISE_FORWARD(bitwise_and, &bitwise_and_kernels)
BITWISE_FORWARD(bitwise_or, &bitwise_or_kernels)
BITWISE_FORWARD(bitwise_xor, &bitwise_xor_kernels)

static enum status bit_shift_infer(struct context *context, const struct op_call *call)
{
    if (!((const struct bit_shift_attr *)call->attr)->direction)
        return context_fail(context, ERR_SHAPE, "'direction' is missing");
    return bits_infer(context, call);
}

static enum status bitwise_not_forward(struct context *context, const struct op_call *call)
{
    const uint8_t *x = tensor_data(call->input[0]);
    uint8_t *y = tensor_write(call->output[0]);

    (void)context;
    for (size_t i = 0, n = tensor_bytes(call->input[0]); i < n; i++)
        y[i] = (uint8_t)~x[i];
    return OK;
}

static const struct field mod_fields[] = {
    FIELD(struct mod_attr, fmod, "0", 0, 1, "the sign is that of the dividend; needed for floats"),
    FIELDS_END,
};
static const struct field bit_shift_fields[] = {
    FIELD_CHOICE(struct bit_shift_attr, direction, NULL, "LEFT|RIGHT", "where bits move"),
    FIELDS_END,
};

#define DESCRIPTOR(row, onnx_name, inputs, since, infer_call, backward_call, fields, bytes)        \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = bytes,                                                                       \
        .since_opset = since,                                                                      \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .backward = backward_call,                                                                 \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_tie,                                                                      \
    }

DESCRIPTOR(bit_shift, "BitShift", 2, 11, bit_shift_infer, NULL, bit_shift_fields,
           sizeof(struct bit_shift_attr));
DESCRIPTOR(bitwise_and, "BitwiseAnd", 2, 18, bits_infer, NULL, NULL, 0);
DESCRIPTOR(bitwise_not, "BitwiseNot", 1, 18, bits_infer, NULL, NULL, 0);
DESCRIPTOR(bitwise_or, "BitwiseOr", 2, 18, bits_infer, NULL, NULL, 0);
DESCRIPTOR(bitwise_xor, "BitwiseXor", 2, 18, bits_infer, NULL, NULL, 0);
DESCRIPTOR(mod, "Mod", 2, 10, infer_numbers, mod_backward, mod_fields, sizeof(struct mod_attr));
