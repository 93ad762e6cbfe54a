// Comparisons and logic with broadcasting; the result is bool. A comparison with NaN is false.
#include "ops/op_table.h"
#include "ops/shared.h"

enum { IS_LESS = 1, IS_EQUAL = 2, IS_GREATER = 4 };

// One broadcast row; `wanted` holds the relations that count as true.
#define COMPARE(type)                                                                              \
    do {                                                                                           \
        const type *a = (const type *)tensor_data(call->input[0]) + walk.offset[0];                \
        const type *b = (const type *)tensor_data(call->input[1]) + walk.offset[1];                \
        for (int64_t i = 0; i < walk.length; i++) {                                                \
            type p = a[i * walk.step[0]], q = b[i * walk.step[1]];                                 \
            unsigned is =                                                                          \
                (p < q ? IS_LESS : 0u) | (p == q ? IS_EQUAL : 0u) | (p > q ? IS_GREATER : 0u);     \
            y[at + i] = (is & wanted) != 0;                                                        \
        }                                                                                          \
    } while (0)

static void compare(const struct op_call *call, unsigned wanted)
{
    uint8_t *y = tensor_write(call->output[0]);
    struct broadcast walk;

    broadcast_start(&walk, &call->output[0]->shape, call->input, 2);
    for (int64_t at = 0; broadcast_next(&walk); at += walk.length)
        FOR_TYPES(call->input[0]->dtype, COMPARE)
}

// Logic as a truth table: bit 2a + b of the table is the result.
static void combine(const struct op_call *call, unsigned table)
{
    const uint8_t *a = tensor_data(call->input[0]), *b = tensor_data(call->input[1]);
    uint8_t *y = tensor_write(call->output[0]);
    struct broadcast walk;

    broadcast_start(&walk, &call->output[0]->shape, call->input, 2);
    for (int64_t at = 0; broadcast_next(&walk); at += walk.length)
        for (int64_t i = 0; i < walk.length; i++) {
            unsigned bit = (a[walk.offset[0] + i * walk.step[0]] != 0 ? 2u : 0u) +
                           (b[walk.offset[1] + i * walk.step[1]] != 0 ? 1u : 0u);
            y[at + i] = (uint8_t)(table >> bit & 1u);
        }
}

static enum status compare_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    for (int i = 0; i < 2; i++)
        TRY(check_whole_bytes(context, call, i));
    TRY(check_same_dtype(context, call, 1));
    TRY(broadcast_shape(context, call, 0, &shape));
    return set_output(context, call, 0, DT_BOOL, &shape);
}

static enum status logic_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    for (int i = 0; i < call->input_count; i++)
        TRY(check_dtype(context, call, i, DT_BOOL));
    TRY(broadcast_shape(context, call, 0, &shape));
    return set_output(context, call, 0, DT_BOOL, &shape);
}

#define COMPARE_FORWARD(row, wanted)                                                               \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        compare(call, wanted);                                                                     \
        return OK;                                                                                 \
    }
COMPARE_FORWARD(equal, IS_EQUAL)
COMPARE_FORWARD(greater, IS_GREATER)
COMPARE_FORWARD(greater_or_equal, IS_GREATER | IS_EQUAL)
COMPARE_FORWARD(less, IS_LESS)
COMPARE_FORWARD(less_or_equal, IS_LESS | IS_EQUAL)

#define LOGIC_FORWARD(row, table)                                                                  \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        (void)context;                                                                             \
        combine(call, table);                                                                      \
        return OK;                                                                                 \
    }
LOGIC_FORWARD(and, 0x8)
LOGIC_FORWARD(or, 0xe)
LOGIC_FORWARD(xor, 0x6)

static enum status not_forward(struct context *context, const struct op_call *call)
{
    const uint8_t *x = tensor_data(call->input[0]);
    uint8_t *y = tensor_write(call->output[0]);

    (void)context;
    for (int64_t i = 0, n = tensor_count(call->input[0]); i < n; i++)
        y[i] = x[i] == 0;
    return OK;
}

#define DESCRIPTOR(row, onnx_name, since, inputs, infer_call)                                      \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .since_opset = since,                                                                      \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .traits = OP_ELEMENTWISE,                                                                  \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .cost = cost_in_place,                                                                     \
        .map_axes = axes_tie,                                                                      \
    };
DESCRIPTOR(and, "And", 1, 2, logic_infer)
DESCRIPTOR(equal, "Equal", 1, 2, compare_infer)
DESCRIPTOR(greater, "Greater", 1, 2, compare_infer)
DESCRIPTOR(greater_or_equal, "GreaterOrEqual", 12, 2, compare_infer)
DESCRIPTOR(less, "Less", 1, 2, compare_infer)
DESCRIPTOR(less_or_equal, "LessOrEqual", 12, 2, compare_infer)
DESCRIPTOR(not, "Not", 1, 1, logic_infer)
DESCRIPTOR(or, "Or", 1, 2, logic_infer)
DESCRIPTOR(xor, "Xor", 1, 2, logic_infer)
