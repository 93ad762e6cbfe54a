// TopK: the k largest or smallest elements along an axis, in order, and where they were; of equal
// ones the first come first. NaN counts as the largest.
#include <string.h>

#include "ops/op_table.h"
#include "ops/rank.h"
#include "ops/shared.h"

struct top_k_attr {
    int64_t axis, largest, sorted;
};

struct rows { // of the axis: element i of row r is at start_of(r) + i * inner
    int axis;
    int64_t length, inner, count;
};

static enum status rows_of(struct context *context, const struct op_call *call, struct rows *rows)
{
    const struct shape *x = &call->input[0]->shape;

    TRY(axis_from(context, ((const struct top_k_attr *)call->attr)->axis, x->rank, &rows->axis));
    rows->length = x->dim[rows->axis];
    rows->inner = shape_product(x, rows->axis + 1, x->rank);
    rows->count = shape_product(x, 0, rows->axis) * rows->inner;
    return OK;
}

static int64_t start_of(const struct rows *rows, int64_t row, int64_t length)
{
    return row / rows->inner * length * rows->inner + row % rows->inner;
}

static enum status top_k_infer(struct context *context, const struct op_call *call)
{
    struct shape shape = call->input[0]->shape;
    struct int_list k;
    struct rows rows;

    TRY(check_whole_bytes(context, call, 0));
    TRY(check_dtype(context, call, 1, DT_I64));
    TRY(rows_of(context, call, &rows));
    set_output_unknown(call, 0, call->input[0]->dtype);
    set_output_unknown(call, 1, DT_I64);
    if (!input_has_data(call, 1))
        return OK;
    TRY(ints_from_tensor(context, call->input[1], &k));
    if (k.count != 1)
        return context_fail(context, ERR_SHAPE, "k has %d entries, wants 1", k.count);
    if (k.at[0] < 0 || k.at[0] > rows.length)
        return context_fail(context, ERR_NUMERIC, "k is %lld, axis %d has %lld items",
                            (long long)k.at[0], rows.axis, (long long)rows.length);
    shape.dim[rows.axis] = k.at[0];
    TRY(set_output(context, call, 0, call->input[0]->dtype, &shape));
    return set_output(context, call, 1, DT_I64, &shape);
}

static int64_t wanted(const struct op_call *call, int axis)
{
    const struct tensor *y = output_at(call, 0) ? output_at(call, 0) : output_at(call, 1);

    return y ? y->shape.dim[axis] : 0;
}

// Scratch: one row, of which the first k items are the answer then.
static const struct ranked *best_of_row(const struct op_call *call, const struct rows *rows,
                                        int64_t row, int64_t k)
{
    bool is_largest = ((const struct top_k_attr *)call->attr)->largest != 0;
    struct ranked *item = call->scratch;

    for (int64_t i = 0; i < rows->length; i++) {
        int64_t at = start_of(rows, row, rows->length) + i * rows->inner;
        uint64_t key = rank_key(call->input[0], at);
        item[i] = (struct ranked){is_largest ? ~key : key, i};
    }
    rank_smallest(item, rows->length, k);
    return item;
}

static enum status top_k_forward(struct context *context, const struct op_call *call)
{
    size_t bytes = (size_t)dtype_info[call->input[0]->dtype].bits / 8;
    char *values = output_at(call, 0) ? tensor_write(call->output[0]) : NULL;
    int64_t *indices = output_at(call, 1) ? tensor_write(call->output[1]) : NULL;
    const char *x = tensor_data(call->input[0]);
    struct rows rows;

    TRY(rows_of(context, call, &rows));
    int64_t k = wanted(call, rows.axis);
    for (int64_t row = 0; k > 0 && row < rows.count; row++) {
        const struct ranked *item = best_of_row(call, &rows, row, k);
        int64_t from = start_of(&rows, row, rows.length), to = start_of(&rows, row, k);
        for (int64_t i = 0; i < k; i++, to += rows.inner) {
            int64_t at = from + item[i].at * rows.inner;
            if (values)
                memcpy(values + (size_t)to * bytes, x + (size_t)at * bytes, bytes);
            if (indices)
                indices[to] = item[i].at;
        }
    }
    return OK;
}

#define ADD_BEST(type)                                                                             \
    do {                                                                                           \
        const type *dy = (const type *)tensor_data(grad) + start_of(&rows, row, k);                \
        type *dx = (type *)tensor_write(into) + start_of(&rows, row, rows.length);                 \
        for (int64_t i = 0; i < k; i++)                                                            \
            dx[item[i].at * rows.inner] += dy[i * rows.inner];                                     \
    } while (0)

static enum status top_k_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct rows rows;

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(rows_of(context, call, &rows));
    int64_t k = wanted(call, rows.axis);
    for (int64_t row = 0; k > 0 && row < rows.count; row++) {
        const struct ranked *item = best_of_row(call, &rows, row, k);
        FOR_FLOAT_TYPES(grad->dtype, ADD_BEST)
    }
    return OK;
}

static size_t top_k_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct rows rows;

    context_init(&silent);
    if (rows_of(&silent, call, &rows) != OK)
        return 0;
    return scratch_product((size_t)rows.length, sizeof(struct ranked));
}

static enum status top_k_axes(struct context *context, const struct op_call *call,
                              struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;
    struct rows rows;

    TRY(rows_of(context, call, &rows));
    for (int slot = 0; slot < 2; slot++)
        for (int i = 0; output_at(call, slot) && i < x->rank; i++)
            if (i != rows.axis)
                axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                          (struct axis_end){AXIS_OUTPUT, slot, i}, x->dim[i], 0, 1);
    return OK;
}

static const struct field top_k_fields[] = {
    FIELD(struct top_k_attr, axis, "-1", 0, 0, "the axis that is searched"),
    FIELD(struct top_k_attr, largest, "1", 0, 1, "the largest, not the smallest"),
    FIELD(struct top_k_attr, sorted, "1", 0, 1, "in order (they always are)"),
    FIELDS_END,
};

const struct op op_top_k = {
    .name = "TopK",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 2,
    .attr = top_k_fields,
    .attr_bytes = sizeof(struct top_k_attr),
    .infer = top_k_infer,
    .forward = top_k_forward,
    .backward = top_k_backward,
    .scratch_bytes = top_k_scratch_bytes,
    .cost = cost_moves,
    .map_axes = top_k_axes,
};
