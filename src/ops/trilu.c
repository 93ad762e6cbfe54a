// Trilu (the upper or lower triangle of every matrix in a batch, zeros elsewhere) and EyeLike (ones
// on one diagonal).
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

// ---- Trilu -------------------------------------------------------------------------------------

static enum status trilu_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    if (input_at(call, 1)) {
        TRY(check_dtype(context, call, 1, DT_I64));
        if (shape_count(&call->input[1]->shape) != 1)
            return context_fail(context, ERR_SHAPE, "input 1 wants one element");
    }
    return infer_same_shape(context, call);
}

static int64_t between(int64_t x, int64_t least, int64_t most)
{
    return x < least ? least : x > most ? most : x;
}

// Columns of row r that stay: from *from to *to - 1.
static void kept_columns(const struct op_call *call, int64_t r, int64_t *from, int64_t *to)
{
    const struct shape *x = &call->input[0]->shape;
    int64_t rows = x->dim[x->rank - 2], columns = x->dim[x->rank - 1];
    int64_t k = input_at(call, 1) ? tensor_get_int(call->input[1], 0) : 0;
    bool is_upper = ((const struct trilu_attr *)call->attr)->upper != 0;

    k = between(k, -rows, columns);
    *from = is_upper ? between(r + k, 0, columns) : 0;
    *to = is_upper ? columns : between(r + k + 1, 0, columns);
}

static enum status trilu_forward(struct context *context, const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;
    int64_t rows = x->dim[x->rank - 2], columns = x->dim[x->rank - 1];
    int64_t bytes = dtype_info[call->input[0]->dtype].bits / 8;
    const char *source = tensor_data(call->input[0]);
    char *y = tensor_write(call->output[0]);

    (void)context;
    if (tensor_count(call->input[0]) == 0)
        return OK;
    memset(y, 0, tensor_bytes(call->output[0]));
    for (int64_t row = 0, n = shape_product(x, 0, x->rank - 1); row < n; row++) {
        int64_t from, to, start = row * columns * bytes;
        kept_columns(call, row % rows, &from, &to);
        memcpy(y + start + from * bytes, source + start + from * bytes,
               (size_t)((to - from) * bytes));
    }
    return OK;
}

#define GIVE(type)                                                                                 \
    for (int64_t row = 0; row < n; row++) {                                                        \
        int64_t from, to;                                                                          \
        kept_columns(call, row % rows, &from, &to);                                                \
        for (int64_t c = row * columns + from; c < row * columns + to; c++)                        \
            ((type *)tensor_write(into))[c] += ((const type *)tensor_data(grad))[c];               \
    }

static enum status trilu_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    const struct shape *x = &call->input[0]->shape;
    int64_t rows = x->dim[x->rank - 2], columns = x->dim[x->rank - 1];
    int64_t n = columns > 0 ? shape_product(x, 0, x->rank - 1) : 0;
    struct tensor *into = input_grad_at(call, 0);

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    FOR_FLOAT_TYPES(grad->dtype, GIVE)
    return OK;
}

static enum status trilu_map_axes(struct context *context, const struct op_call *call,
                                  struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;

    (void)context;
    for (int k = 0; k < x->rank - 2; k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, k}, (struct axis_end){AXIS_OUTPUT, 0, k},
                  x->dim[k], 0, 1);
    return OK;
}

static const struct field trilu_fields[] = {
    FIELD(struct trilu_attr, upper, "1", 0, 1, "the upper triangle stays"),
    FIELDS_END,
};

const struct op op_trilu = {
    .name = "Trilu",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = trilu_fields,
    .attr_bytes = sizeof(struct trilu_attr),
    .since_opset = 14,
    .infer = trilu_infer,
    .forward = trilu_forward,
    .backward = trilu_backward,
    .cost = cost_moves,
    .map_axes = trilu_map_axes,
};

// ---- EyeLike -----------------------------------------------------------------------------------

static enum status eye_like_infer(struct context *context, const struct op_call *call)
{
    int64_t onnx = ((const struct eye_like_attr *)call->attr)->dtype;

    TRY(check_whole_bytes(context, call, 0));
    TRY(check_rank(context, call, 0, 2, 2));
    enum dtype dtype = onnx ? dtype_from_onnx(onnx) : call->input[0]->dtype;
    if (dtype == DT_NONE || dtype_info[dtype].bits < 8)
        return context_fail(context, ERR_UNSUPPORTED, "no output of ONNX's data type %lld",
                            (long long)onnx);
    return set_output(context, call, 0, dtype, &call->input[0]->shape);
}

static enum status eye_like_forward(struct context *context, const struct op_call *call)
{
    const int64_t *dim = call->input[0]->shape.dim;
    int64_t k = between(((const struct eye_like_attr *)call->attr)->k, -dim[0], dim[1]);
    struct tensor *y = call->output[0];

    (void)context;
    if (tensor_count(y) == 0)
        return OK;
    memset(tensor_write(y), 0, tensor_bytes(y));
    for (int64_t r = 0; r < dim[0]; r++)
        if (r + k >= 0 && r + k < dim[1])
            tensor_set(y, r * dim[1] + r + k, 1);
    return OK;
}

static const struct field eye_like_fields[] = {
    FIELD(struct eye_like_attr, dtype, "0", 0, 0, "TensorProto.DataType; 0: the input's"),
    FIELD(struct eye_like_attr, k, "0", 0, 0, "which diagonal; positive: above the main one"),
    FIELDS_END,
};

const struct op op_eye_like = {
    .name = "EyeLike",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = eye_like_fields,
    .attr_bytes = sizeof(struct eye_like_attr),
    .since_opset = 9,
    .infer = eye_like_infer,
    .forward = eye_like_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
