// Pad: borders of a constant, or mirrored, repeated or wrapped around; negative pads cut off. pads,
// value and axes are inputs 1 to 3.
#include <string.h>

#include "base/checked.h"
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

static const struct field pad_fields[] = {
    FIELD_CHOICE(struct pad_attr, mode, "constant", "constant|reflect|edge|wrap", "what fills"),
    FIELDS_END,
};

static bool is_mode(const struct op_call *call, const char *mode)
{
    return strcmp(((const struct pad_attr *)call->attr)->mode, mode) == 0;
}

// Pads in front of and behind every axis of input 0.
struct border {
    int64_t front[SHAPE_MAX_RANK], behind[SHAPE_MAX_RANK];
};

// Beyond this, sums of pads and positions could overflow.
static bool is_huge(int64_t pad)
{
    return pad > INT64_MAX / 8 || pad < -(INT64_MAX / 8);
}

static enum status border_of(struct context *context, const struct op_call *call,
                             struct border *border)
{
    int rank = call->input[0]->shape.rank;
    struct int_list pads, axes = {.count = rank};
    unsigned seen;

    memset(border, 0, sizeof *border);
    TRY(ints_from_tensor(context, call->input[1], &pads));
    for (int i = 0; i < rank; i++)
        axes.at[i] = i;
    if (input_at(call, 3))
        TRY(ints_from_tensor(context, call->input[3], &axes));
    TRY(axes_from_ints(context, &axes, rank, &seen));
    if (pads.count != 2 * axes.count)
        return context_fail(context, ERR_SHAPE, "pads has %d entries for %d axes", pads.count,
                            axes.count);
    for (int i = 0; i < axes.count; i++) {
        int axis = 0;
        TRY(axis_from(context, axes.at[i], rank, &axis));
        border->front[axis] = pads.at[i];
        border->behind[axis] = pads.at[axes.count + i];
        if (is_huge(border->front[axis]) || is_huge(border->behind[axis]))
            return context_fail(context, ERR_SHAPE, "pads of axis %d are too large", axis);
    }
    return OK;
}

static enum status padded_shape(struct context *context, const struct op_call *call,
                                struct shape *shape)
{
    struct border border;

    TRY(border_of(context, call, &border));
    *shape = call->input[0]->shape;
    for (int i = 0; i < shape->rank; i++) {
        bool grows = border.front[i] > 0 || border.behind[i] > 0;
        if (grows && shape->dim[i] == 0 && !is_mode(call, "constant"))
            return context_fail(context, ERR_SHAPE, "axis %d is empty: nothing to pad with", i);
        if (!checked_add(shape->dim[i], border.front[i], &shape->dim[i]) ||
            !checked_add(shape->dim[i], border.behind[i], &shape->dim[i]) || shape->dim[i] < 0)
            return context_fail(context, ERR_SHAPE, "pads %lld and %lld do not fit axis %d",
                                (long long)border.front[i], (long long)border.behind[i], i);
    }
    return OK;
}

static enum status pad_infer(struct context *context, const struct op_call *call)
{
    struct shape shape;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    TRY(check_whole_bytes(context, call, 0));
    if (input_at(call, 2)) {
        TRY(check_dtype(context, call, 2, call->input[0]->dtype));
        if (shape_count(&call->input[2]->shape) != 1)
            return context_fail(context, ERR_SHAPE, "input 2 (the value) wants one element");
    }
    if (!input_has_data(call, 1) || (input_at(call, 3) && !input_has_data(call, 3))) {
        set_output_unknown(call, 0, call->input[0]->dtype);
        return OK;
    }
    TRY(padded_shape(context, call, &shape));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// Where position `at` (0: the input's first) of an axis takes its element from; -1: the constant.
static int64_t source_of(const struct op_call *call, int64_t at, int64_t dim)
{
    if (at >= 0 && at < dim)
        return at;
    if (is_mode(call, "constant"))
        return -1;
    if (is_mode(call, "edge"))
        return at < 0 ? 0 : dim - 1;
    int64_t period = is_mode(call, "wrap") ? dim : 2 * (dim - 1);
    if (period == 0)
        return 0;
    at %= period;
    at += at < 0 ? period : 0;
    return at < dim ? at : period - at;
}

// Per axis of the output: the input's offset of every position, or -1.
struct sources {
    const int64_t *of_axis[SHAPE_MAX_RANK];
    const int64_t *last;  // that of the last axis
    int64_t rows, length; // a scalar is one row of one
};

static size_t pad_scratch(const struct op_call *call)
{
    const struct shape *shape = &call->output[0]->shape;
    size_t bytes = sizeof(int64_t);

    for (int i = 0; i < shape->rank; i++)
        bytes += (size_t)shape->dim[i] * sizeof(int64_t);
    return bytes;
}

static enum status sources_of(struct context *context, const struct op_call *call,
                              struct sources *sources)
{
    const struct shape *in = &call->input[0]->shape, *out = &call->output[0]->shape;
    int64_t stride[SHAPE_MAX_RANK], *at = call->scratch;
    struct border border;

    TRY(border_of(context, call, &border));
    shape_strides(in, stride);
    for (int i = 0; i < out->rank; i++) {
        sources->of_axis[i] = at;
        for (int64_t k = 0; k < out->dim[i]; k++) {
            int64_t source = source_of(call, k - border.front[i], in->dim[i]);
            *at++ = source < 0 ? -1 : source * stride[i];
        }
    }
    sources->rows = sources->length = 1;
    sources->last = call->scratch;
    if (out->rank == 0) {
        *at = 0;
        return OK;
    }
    sources->rows = shape_product(out, 0, out->rank - 1);
    sources->length = out->dim[out->rank - 1];
    sources->last = sources->of_axis[out->rank - 1];
    return OK;
}

// The input's offset of the first element of an output row; -1: the whole row is constant.
static int64_t row_source(const struct sources *sources, const struct shape *out, int64_t row)
{
    int64_t offset = 0;

    for (int i = out->rank - 2; i >= 0; i--) {
        int64_t source = sources->of_axis[i][row % out->dim[i]];
        if (source < 0)
            return -1;
        offset += source;
        row /= out->dim[i];
    }
    return offset;
}

#define PAD_ROW(type)                                                                              \
    do {                                                                                           \
        const type *in = (const type *)tensor_data(x) + (offset < 0 ? 0 : offset);                 \
        type *out = (type *)tensor_write(y) + row * sources->length;                               \
        type fill = value ? *(const type *)value : 0;                                              \
        for (int64_t i = 0; i < sources->length; i++)                                              \
            out[i] = offset < 0 || last[i] < 0 ? fill : in[last[i]];                               \
    } while (0)

static void pad_row(const struct tensor *x, struct tensor *y, const void *value, int64_t row,
                    const struct sources *sources)
{
    int64_t offset = row_source(sources, &y->shape, row);
    const int64_t *last = sources->last;

    switch (dtype_info[y->dtype].bits) {
    case 8:
        PAD_ROW(uint8_t);
        break;
    case 16:
        PAD_ROW(uint16_t);
        break;
    case 32:
        PAD_ROW(uint32_t);
        break;
    default:
        PAD_ROW(uint64_t);
        break;
    }
}

static enum status pad_forward(struct context *context, const struct op_call *call)
{
    const void *value = input_at(call, 2) ? tensor_data(call->input[2]) : NULL;
    struct sources sources;

    TRY(sources_of(context, call, &sources));
    for (int64_t row = 0; row < sources.rows; row++)
        pad_row(call->input[0], call->output[0], value, row, &sources);
    return OK;
}

// What came from the input goes back there; the rest belongs to the constant.
#define UNPAD_ROW(type)                                                                            \
    do {                                                                                           \
        const type *from = (const type *)tensor_data(grad) + row * sources->length;                \
        type *to = into ? tensor_write(into) : NULL,                                               \
             *constant = value ? tensor_write(value) : NULL;                                       \
        for (int64_t i = 0; i < sources->length; i++) {                                            \
            bool is_constant = offset < 0 || sources->last[i] < 0;                                 \
            if (is_constant && constant)                                                           \
                *constant += from[i];                                                              \
            else if (!is_constant && to)                                                           \
                to[offset + sources->last[i]] += from[i];                                          \
        }                                                                                          \
    } while (0)

static void unpad_row(const struct tensor *grad, struct tensor *into, struct tensor *value,
                      int64_t row, const struct sources *sources)
{
    int64_t offset = row_source(sources, &grad->shape, row);

    FOR_FLOAT_TYPES(grad->dtype, UNPAD_ROW)
}

static enum status pad_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct sources sources;

    if (!grad)
        return OK;
    TRY(check_trainable(context, call));
    TRY(sources_of(context, call, &sources));
    for (int64_t row = 0; row < sources.rows; row++)
        unpad_row(grad, input_grad_at(call, 0), input_grad_at(call, 2), row, &sources);
    return OK;
}

static enum status pad_axes(struct context *context, const struct op_call *call,
                            struct axis_map *map)
{
    const struct shape *shape = &call->input[0]->shape;
    struct border border;

    if (!input_has_data(call, 1) || (input_at(call, 3) && !input_has_data(call, 3)))
        return OK;
    TRY(border_of(context, call, &border));
    for (int i = 0; i < shape->rank; i++)
        if (border.front[i] == 0 && border.behind[i] == 0)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, shape->dim[i], 0, 1);
    return OK;
}

const struct op op_pad = {
    .name = "Pad",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = pad_fields,
    .attr_bytes = sizeof(struct pad_attr),
    .infer = pad_infer,
    .forward = pad_forward,
    .backward = pad_backward,
    .scratch_bytes = pad_scratch,
    .cost = cost_moves,
    .map_axes = pad_axes,
};
