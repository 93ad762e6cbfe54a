// Convolutions and products of 8-bit integers: ConvInteger and MatMulInteger give the exact sums,
// QLinearConv and QLinearMatMul round them to 8 bits again (Jacob et al. 2018). The sums are those
// of Conv and MatMul over integers.
#include <math.h>
#include <string.h>

#include "ops/conv_parts.h"
#include "ops/op_table.h"
#include "ops/shared.h"

// Where an operator has its inputs; NONE: it has none of these.
struct slots {
    const struct op *core; // whose forward_i8 sums
    int x_zero, w, w_zero, x_scale, w_scale, y_scale, y_zero, bias;
};

enum { NONE = 99 };

static const struct slots conv_integer = {&op_conv, 2, 1, 3, NONE, NONE, NONE, NONE, NONE};
static const struct slots mat_mul_integer = {&op_mat_mul, 2, 1, 3, NONE, NONE, NONE, NONE, NONE};
static const struct slots q_linear_conv = {&op_conv, 2, 3, 5, 1, 4, 6, 7, 8};
static const struct slots q_linear_mat_mul = {&op_mat_mul, 2, 3, 5, 1, 4, 6, 7, NONE};

// The core's call: its two operands, and an output.
struct core_call {
    const struct tensor *input[2];
    struct tensor *output[1];
    struct op_call call;
};

static void core_call_init(struct core_call *core, const struct op_call *call,
                           const struct slots *slots, const struct tensor *x,
                           const struct tensor *w, struct tensor *y)
{
    *core = (struct core_call){.input = {x, w}, .output = {y}};
    core->call = (struct op_call){.attr = slots->core->attr ? call->attr : NULL,
                                  .input_count = 2,
                                  .output_count = 1,
                                  .input = core->input,
                                  .output = core->output};
}

// ---- checks ------------------------------------------------------------------------------------

static bool is_per_filter(const struct slots *slots)
{
    return slots->core == &op_conv;
}

// Output channels of the weight: filters, or columns.
static int64_t channels_of(const struct op_call *call, const struct slots *slots)
{
    const struct shape *w = &call->input[slots->w]->shape;

    if (is_per_filter(slots))
        return w->rank > 0 ? w->dim[0] : 1;
    return w->rank > 1 ? w->dim[w->rank - 1] : 1;
}

// Item i of the output belongs to channel i / inner % channels.
static int64_t inner_of(const struct op_call *call, const struct slots *slots)
{
    const struct shape *y = &call->output[0]->shape;

    return is_per_filter(slots) ? shape_product(y, 2, y->rank) : 1;
}

static enum status check_bytes(struct context *context, const struct op_call *call, int i)
{
    TRY(check_given(context, call, i));
    if (call->input[i]->dtype == DT_I8 || call->input[i]->dtype == DT_U8)
        return OK;
    return context_fail(context, ERR_SHAPE, "input %d wants i8 or u8, got %s", i,
                        dtype_info[call->input[i]->dtype].name);
}

// One item, or one for each of `count`; none is fine where the slot is empty.
static enum status check_count(struct context *context, const struct op_call *call, int slot,
                               int64_t count)
{
    if (slot == NONE || !input_at(call, slot))
        return OK;
    int64_t items = tensor_count(call->input[slot]);
    if (items == 1 || (count > 1 && items == count))
        return OK;
    return context_fail(context, count > 1 ? ERR_SHAPE : ERR_UNSUPPORTED,
                        "input %d has %lld items, wants one%s", slot, (long long)items,
                        count > 1 ? " or one for each channel" : "");
}

static enum status check_zero(struct context *context, const struct op_call *call, int slot,
                              enum dtype dtype)
{
    if (slot == NONE || !input_at(call, slot))
        return OK;
    return check_dtype(context, call, slot, dtype);
}

static enum status check_scales(struct context *context, const struct op_call *call,
                                const struct slots *slots)
{
    int64_t channels = channels_of(call, slots);

    TRY(check_float(context, call, slots->x_scale));
    TRY(check_float(context, call, slots->w_scale));
    TRY(check_float(context, call, slots->y_scale));
    TRY(check_count(context, call, slots->x_scale, 1));
    TRY(check_count(context, call, slots->w_scale, channels));
    TRY(check_count(context, call, slots->y_scale, 1));
    TRY(check_bytes(context, call, slots->y_zero));
    TRY(check_count(context, call, slots->y_zero, 1));
    if (slots->bias == NONE || !input_at(call, slots->bias))
        return OK;
    TRY(check_dtype(context, call, slots->bias, DT_I32));
    return conv_check_bias(context, call, slots->bias, channels);
}

static enum status infer(struct context *context, const struct op_call *call,
                         const struct slots *slots)
{
    struct tensor y = {DT_I32, SHAPE_UNKNOWN, NULL, 0};
    bool rounds = slots->y_zero != NONE;
    struct core_call core;

    TRY(check_bytes(context, call, 0));
    TRY(check_bytes(context, call, slots->w));
    TRY(check_zero(context, call, slots->x_zero, call->input[0]->dtype));
    TRY(check_zero(context, call, slots->w_zero, call->input[slots->w]->dtype));
    TRY(check_count(context, call, slots->x_zero, 1));
    TRY(check_count(context, call, slots->w_zero, channels_of(call, slots)));
    if (rounds)
        TRY(check_scales(context, call, slots));
    // The core knows shapes, but only floats: it sees tensors of that type without data.
    struct tensor x = {DT_F32, call->input[0]->shape, NULL, 0};
    struct tensor w = {DT_F32, call->input[slots->w]->shape, NULL, 0};
    core_call_init(&core, call, slots, &x, &w, &y);
    TRY(slots->core->infer(context, &core.call));
    return set_output(context, call, 0, rounds ? call->input[slots->y_zero]->dtype : DT_I32,
                      &y.shape);
}

// ---- forward -----------------------------------------------------------------------------------

// Scratch: a zero point for each channel, then what the core needs.
static size_t zero_bytes(const struct op_call *call, const struct slots *slots)
{
    return (scratch_product(sizeof(int32_t), (size_t)channels_of(call, slots)) + 63) / 64 * 64;
}

static size_t scratch_bytes(const struct op_call *call, const struct slots *slots)
{
    struct core_call core;

    core_call_init(&core, call, slots, call->input[0], call->input[slots->w], NULL);
    size_t bytes = slots->core->scratch_bytes(&core.call), zeros = zero_bytes(call, slots);
    return bytes > SIZE_MAX - zeros ? SIZE_MAX : bytes + zeros;
}

// Item i of an input that has one or one for each i.
static double item_of(const struct op_call *call, int slot, int64_t i)
{
    const struct tensor *tensor = slot == NONE ? NULL : input_at(call, slot);

    return tensor ? tensor_get(tensor, tensor_count(tensor) > 1 ? i : 0) : 0;
}

// sums: as the output's shape
static enum status add_up(struct context *context, const struct op_call *call,
                          const struct slots *slots, struct tensor *sums)
{
    int32_t *w_zero = call->scratch;
    struct core_call core;

    core_call_init(&core, call, slots, call->input[0], call->input[slots->w], sums);
    core.call.scratch = (char *)call->scratch + zero_bytes(call, slots);
    for (int64_t c = 0; c < channels_of(call, slots); c++)
        w_zero[c] = (int32_t)item_of(call, slots->w_zero, c);
    return slots->core->forward_i8(context, &core.call, (int32_t)item_of(call, slots->x_zero, 0),
                                   w_zero);
}

// As ONNX Runtime rounds: factors in float, halves to even.
static void round_sums(const struct op_call *call, const struct slots *slots,
                       const struct tensor *sums)
{
    const int32_t *sum = tensor_data(sums);
    struct tensor *y = call->output[0];
    int64_t channels = channels_of(call, slots), inner = inner_of(call, slots);
    float x_scale = (float)item_of(call, slots->x_scale, 0);
    float y_scale = (float)item_of(call, slots->y_scale, 0);
    double zero = item_of(call, slots->y_zero, 0);

    for (int64_t i = 0; i < tensor_count(y); i++) {
        int64_t c = i / inner % channels;
        float scale = x_scale * (float)item_of(call, slots->w_scale, c) / y_scale;
        float biased = (float)((double)sum[i] + item_of(call, slots->bias, c));
        tensor_set(y, i, rint((double)(biased * scale)) + zero);
    }
}

static enum status forward(struct context *context, const struct op_call *call,
                           const struct slots *slots)
{
    struct tensor sums;

    if (slots->y_zero == NONE)
        return add_up(context, call, slots, call->output[0]);
    TRY(tensor_alloc(context, &sums, DT_I32, &call->output[0]->shape));
    enum status status = add_up(context, call, slots, &sums);
    if (status == OK)
        round_sums(call, slots, &sums);
    tensor_release(&sums);
    return status;
}

// ---- costs and axes ----------------------------------------------------------------------------

static void cost_of(const struct op_call *call, const struct slots *slots, struct op_cost *cost)
{
    struct core_call core;

    core_call_init(&core, call, slots, call->input[0], call->input[slots->w], call->output[0]);
    slots->core->cost(&core.call, cost);
    cost->weight_input = slots->w;
}

static void link_channels(const struct op_call *call, const struct slots *slots,
                          struct axis_map *map, struct axis_end w)
{
    const int slot[] = {slots->w_zero, slots->w_scale, slots->bias};
    int64_t count = channels_of(call, slots);

    axis_link(map, w,
              (struct axis_end){AXIS_OUTPUT, 0,
                                is_per_filter(slots) ? 1 : call->output[0]->shape.rank - 1},
              count, 0, 1);
    for (int i = 0; i < 3; i++)
        if (slot[i] != NONE && input_at(call, slot[i]) && call->input[slot[i]]->shape.rank == 1 &&
            call->input[slot[i]]->shape.dim[0] > 1)
            axis_link(map, w, (struct axis_end){AXIS_INPUT, slot[i], 0}, count, 0, 1);
}

// What is summed over cannot be cut: a zero there is not the zero point.
static enum status map_axes(const struct op_call *call, const struct slots *slots,
                            struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape, *w = &call->input[slots->w]->shape;
    bool is_conv = is_per_filter(slots);
    int rows = is_conv ? 1 : x->rank - 1; // axes that pass

    for (int k = 0; k < rows && (is_conv || w->rank == 2); k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, k}, (struct axis_end){AXIS_OUTPUT, 0, k},
                  x->dim[k], 0, 1);
    if (is_conv && ((const struct conv_attr *)call->attr)->group != 1)
        return OK;
    if (is_conv || w->rank == 2)
        link_channels(call, slots, map,
                      (struct axis_end){AXIS_INPUT, slots->w, is_conv ? 0 : w->rank - 1});
    return OK;
}

// ---- the four operators ------------------------------------------------------------------------

#define INTEGER_PRODUCT(row, onnx_name, inputs, wanted, weights, channels, core, since)            \
    static enum status row##_infer(struct context *context, const struct op_call *call)            \
    {                                                                                              \
        return infer(context, call, &row);                                                         \
    }                                                                                              \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        return forward(context, call, &row);                                                       \
    }                                                                                              \
    static size_t row##_scratch_bytes(const struct op_call *call)                                  \
    {                                                                                              \
        return scratch_bytes(call, &row);                                                          \
    }                                                                                              \
    static void row##_cost(const struct op_call *call, struct op_cost *cost)                       \
    {                                                                                              \
        cost_of(call, &row, cost);                                                                 \
    }                                                                                              \
    static enum status row##_map_axes(struct context *context, const struct op_call *call,         \
                                      struct axis_map *map)                                        \
    {                                                                                              \
        (void)context;                                                                             \
        return map_axes(call, &row, map);                                                          \
    }                                                                                              \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = wanted,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        core,                                                                                      \
        .since_opset = since,                                                                      \
        .weight_inputs = weights,                                                                  \
        .per_channel_inputs = channels,                                                            \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .scratch_bytes = row##_scratch_bytes,                                                      \
        .cost = row##_cost,                                                                        \
        .map_axes = row##_map_axes,                                                                \
    };

#define WITH_CONV_ATTRIBUTES .attr = conv_fields, .attr_bytes = sizeof(struct conv_attr)
#define WITHOUT_ATTRIBUTES .attr = NULL
INTEGER_PRODUCT(conv_integer, "ConvInteger", 4, 2, 1u << 1, 0, WITH_CONV_ATTRIBUTES, 10)
INTEGER_PRODUCT(mat_mul_integer, "MatMulInteger", 4, 2, 1u << 1, 0, WITHOUT_ATTRIBUTES, 10)
INTEGER_PRODUCT(q_linear_conv, "QLinearConv", 9, 8, 1u << 3 | 1u << 8, 1u << 8,
                WITH_CONV_ATTRIBUTES, 10)
INTEGER_PRODUCT(q_linear_mat_mul, "QLinearMatMul", 8, 8, 1u << 3, 0, WITHOUT_ATTRIBUTES, 10)
