// The Reduce family over any axes, named by input 1 or, in older files, by an attribute: a fold
// over the elements that fall together, and what is done with its result.
#include "ops/reduce.h"

#include <math.h>
#include <string.h>
#include <tgmath.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

// Bit k of *mask: axis k is reduced.
static enum status reduced_axes(struct context *context, const struct op_call *call, unsigned *mask)
{
    const struct reduce_attr *attr = call->attr;
    int32_t rank = call->input[0]->shape.rank;
    struct int_list axes;

    if (input_at(call, 1))
        TRY(ints_from_tensor(context, call->input[1], &axes));
    else
        TRY(ints_from_attr(context, &attr->axes, &axes));
    TRY(axes_from_ints(context, &axes, rank, mask));
    if (axes.count == 0 && !attr->noop_with_empty_axes)
        *mask = (1u << rank) - 1;
    return OK;
}

struct shape reduced_shape(const struct shape *x, unsigned mask, bool keep)
{
    struct shape y = {0};

    for (int k = 0; k < x->rank; k++)
        if (!(mask & 1u << k))
            y.dim[y.rank++] = x->dim[k];
        else if (keep)
            y.dim[y.rank++] = 1;
    return y;
}

static enum status reduce_infer(struct context *context, const struct op_call *call)
{
    const struct reduce_attr *attr = call->attr;
    const struct tensor *x = call->input[0];
    unsigned mask = 0;

    if (input_at(call, 1) && !input_has_data(call, 1)) {
        set_output_unknown(call, 0, x->dtype);
        return OK;
    }
    TRY(reduced_axes(context, call, &mask));
    struct shape y = reduced_shape(&x->shape, mask, attr->keepdims != 0);
    return set_output(context, call, 0, x->dtype, &y);
}

// ---- forward -----------------------------------------------------------------------------------

enum fold { FOLD_SUM, FOLD_SIZES, FOLD_SQUARES, FOLD_PRODUCT, FOLD_MAX, FOLD_MIN, FOLD_EXP };
enum finish { FINISH_NOTHING, FINISH_MEAN, FINISH_ROOT, FINISH_LOG, FINISH_LOG_EXP };

struct reduction {
    enum fold fold;
    enum finish finish;
};

// y seen in the rank of x, stretched along the reduced axes; *count elements fall together.
static enum status start_walk(struct context *context, const struct op_call *call,
                              struct broadcast *walk, double *count)
{
    const struct shape *x = &call->input[0]->shape;
    unsigned mask = 0;

    TRY(reduced_axes(context, call, &mask));
    struct tensor y = {call->input[0]->dtype, reduced_shape(x, mask, true), NULL, 0};
    const struct tensor *stretched[1] = {&y};
    broadcast_start(walk, x, stretched, 1);
    *count = 1;
    for (int k = 0; k < x->rank; k++)
        *count *= mask & 1u << k ? (double)x->dim[k] : 1;
    return OK;
}

// a = f(a, v) for every element v of x and the element a of y that it falls into; m: the largest
// that falls there. Sums of integers are unsigned, where they wrap.
#define FOLD_ROW(type, wide, f)                                                                    \
    if (walk.step[0]) {                                                                            \
        for (int64_t i = 0; i < walk.length; i++) {                                                \
            wide a = (wide)to[i], v = (wide)x[i], m = most ? (wide)most[walk.offset[0] + i] : 0;   \
            (void)m;                                                                               \
            to[i] = (type)(f);                                                                     \
        }                                                                                          \
    } else {                                                                                       \
        wide a = (wide)to[0], m = most ? (wide)most[walk.offset[0]] : 0;                           \
        (void)m;                                                                                   \
        for (int64_t i = 0; i < walk.length; i++) {                                                \
            wide v = (wide)x[i];                                                                   \
            a = (wide)(f);                                                                         \
        }                                                                                          \
        to[0] = (type)a;                                                                           \
    }                                                                                              \
    break

#define FOLD(type, wide)                                                                           \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]), *most = largest;                              \
        for (; broadcast_next(&walk); x += walk.length) {                                          \
            type *to = (type *)tensor_write(call->output[0]) + walk.offset[0];                     \
            switch (fold) {                                                                        \
            case FOLD_SUM:                                                                         \
                FOLD_ROW(type, wide, a + v);                                                       \
            case FOLD_SIZES:                                                                       \
                FOLD_ROW(type, wide, (double)x[i] < 0 ? a - v : a + v);                            \
            case FOLD_SQUARES:                                                                     \
                FOLD_ROW(type, wide, a + v * v);                                                   \
            case FOLD_PRODUCT:                                                                     \
                FOLD_ROW(type, wide, a *v);                                                        \
            case FOLD_MAX:                                                                         \
                FOLD_ROW(type, type, a > v || a != a ? a : v);                                     \
            case FOLD_MIN:                                                                         \
                FOLD_ROW(type, type, a < v || a != a ? a : v);                                     \
            case FOLD_EXP:                                                                         \
                FOLD_ROW(type, wide, a + (wide)exp((double)(v - m)));                              \
            }                                                                                      \
        }                                                                                          \
    } while (0)
#define FOLD_FLOATS(type) FOLD(type, type)
#define FOLD_INTEGERS(type) FOLD(type, uint64_t)

// What a fold over nothing gives.
static double start_of(enum fold fold, enum dtype dtype)
{
    double most = dtype == DT_BOOL ? 1 : (double)INFINITY, least = dtype == DT_BOOL ? 0 : -most;

    return fold == FOLD_PRODUCT ? 1 : fold == FOLD_MAX ? least : fold == FOLD_MIN ? most : 0;
}

static void run_fold(const struct op_call *call, struct broadcast walk, enum fold fold,
                     const void *largest)
{
    struct tensor *y = call->output[0];
    int64_t n = tensor_count(y);

    if (n == 0)
        return;
    tensor_set(y, 0, start_of(fold, y->dtype));
    fill_elements(y->dtype, tensor_write(y), 1, n - 1, tensor_data(y), 0);
    if (dtype_info[y->dtype].is_float)
        FOR_FLOAT_TYPES(y->dtype, FOLD_FLOATS)
    else
        FOR_TYPES(y->dtype, FOLD_INTEGERS)
}

// Moves y to `to`; without a finite largest element nothing is taken off before exp.
#define KEEP_LARGEST(type)                                                                         \
    for (int64_t i = 0; i < tensor_count(y); i++) {                                                \
        type v = ((const type *)tensor_data(y))[i];                                                \
        ((type *)to)[i] = isfinite(v) ? v : 0;                                                     \
    }

static void keep_largest(const struct tensor *y, void *to)
{
    FOR_FLOAT_TYPES(y->dtype, KEEP_LARGEST)
}

#define FINISH(type)                                                                               \
    for (int64_t i = 0; i < tensor_count(out); i++) {                                              \
        type *y = (type *)tensor_write(out) + i;                                                   \
        *y = finish == FINISH_MEAN   ? *y / (type)count                                            \
             : finish == FINISH_ROOT ? sqrt(*y)                                                    \
             : finish == FINISH_LOG  ? log(*y)                                                     \
                                     : log(*y) + ((const type *)largest)[i];                        \
    }

static void run_finish(struct tensor *out, enum finish finish, double count, const void *largest)
{
    if (finish != FINISH_NOTHING)
        FOR_FLOAT_TYPES(out->dtype, FINISH)
}

// What is no integer, such as a mean, of integers: computed in f64 and truncated.
static enum status reduce_in_f64(struct context *context, const struct op_call *call,
                                 struct reduction reduction);

static enum status reduce(struct context *context, const struct op_call *call,
                          struct reduction reduction)
{
    bool is_float = dtype_info[call->input[0]->dtype].is_float;
    struct broadcast walk;
    double count;

    if (!is_float && reduction.finish != FINISH_NOTHING)
        return reduce_in_f64(context, call, reduction);
    TRY(start_walk(context, call, &walk, &count));
    if (reduction.fold == FOLD_EXP) {
        run_fold(call, walk, FOLD_MAX, NULL);
        keep_largest(call->output[0], call->scratch);
    }
    run_fold(call, walk, reduction.fold, reduction.fold == FOLD_EXP ? call->scratch : NULL);
    run_finish(call->output[0], reduction.finish, count, call->scratch);
    return OK;
}

static enum status reduce_in_f64(struct context *context, const struct op_call *call,
                                 struct reduction reduction)
{
    const struct tensor *input[2] = {NULL, input_at(call, 1)};
    struct tensor x = {0}, y = {0}, *output[1] = {&y};
    struct op_call wide = *call;
    enum status status;

    if ((status = tensor_convert(context, &x, call->input[0], DT_F64)) != OK ||
        (status = tensor_alloc(context, &y, DT_F64, &call->output[0]->shape)) != OK)
        goto done;
    input[0] = &x;
    wide.input = input;
    wide.output = output;
    status = reduce(context, &wide, reduction);
    for (int64_t i = 0, n = tensor_count(&y); i < n && status == OK; i++)
        tensor_set(call->output[0], i, trunc(tensor_get(&y, i)));
done:
    tensor_release(&x);
    tensor_release(&y);
    return status;
}

static size_t reduce_scratch_bytes(const struct op_call *call)
{
    return scratch_product(sizeof(double), (size_t)tensor_count(call->output[0]));
}

// ---- backward ----------------------------------------------------------------------------------

// dx += dy * g for every element v of x, with r the element of y that it fell into.
#define GIVE_ROW(type, g)                                                                          \
    for (int64_t i = 0; i < walk.length; i++) {                                                    \
        int64_t at = walk.offset[0] + i * walk.step[0];                                            \
        type v = x[i], r = y[at];                                                                  \
        (void)v, (void)r;                                                                          \
        dx[i] += dy[at] * (type)(g);                                                               \
    }                                                                                              \
    break

// The first element that holds the extreme takes its gradient.
#define TAKES(v, r, at) ((v) == (r) && !is_taken[at] && (is_taken[at] = true))

#define GIVE(type)                                                                                 \
    do {                                                                                           \
        const type *x = tensor_data(call->input[0]), *y = tensor_data(call->output[0]);            \
        const type *dy = tensor_data(call->output_grad[0]);                                        \
        type *dx = tensor_write(call->input_grad[0]);                                              \
        for (; broadcast_next(&walk); x += walk.length, dx += walk.length)                         \
            switch (reduction.fold) {                                                              \
            case FOLD_SUM:                                                                         \
                GIVE_ROW(type, reduction.finish == FINISH_LOG ? exp(-r) : (type)share);            \
            case FOLD_SIZES:                                                                       \
                GIVE_ROW(type, (v > 0) - (v < 0));                                                 \
            case FOLD_SQUARES:                                                                     \
                GIVE_ROW(type, reduction.finish == FINISH_NOTHING ? 2 * v : r != 0 ? v / r : 0);   \
            case FOLD_EXP:                                                                         \
                GIVE_ROW(type, exp(v - r));                                                        \
            case FOLD_MAX:                                                                         \
            case FOLD_MIN:                                                                         \
                GIVE_ROW(type, TAKES(v, r, at));                                                   \
            case FOLD_PRODUCT:                                                                     \
                break;                                                                             \
            }                                                                                      \
    } while (0)

static enum status give_back(struct context *context, const struct op_call *call,
                             struct reduction reduction)
{
    bool *is_taken = call->scratch;
    struct broadcast walk;
    double count;

    if (!input_grad_at(call, 0) || !output_grad_at(call, 0))
        return OK;
    TRY(check_trainable(context, call));
    TRY(start_walk(context, call, &walk, &count));
    double share = reduction.finish == FINISH_MEAN ? 1 / count : 1;
    if (reduction.fold == FOLD_MAX || reduction.fold == FOLD_MIN)
        memset(is_taken, 0, (size_t)tensor_count(call->output[0]) * sizeof *is_taken);
    FOR_FLOAT_TYPES(call->input[0]->dtype, GIVE)
    return OK;
}

// ---- the table ---------------------------------------------------------------------------------

static enum status reduce_map_axes(struct context *context, const struct op_call *call,
                                   struct axis_map *map)
{
    const struct reduce_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    unsigned mask = 0;
    int at = 0;

    if (input_at(call, 1) && !input_has_data(call, 1))
        return OK;
    TRY(reduced_axes(context, call, &mask));
    for (int k = 0; k < x->rank; k++) {
        bool is_kept = !(mask & 1u << k);
        if (is_kept)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, 0, at}, x->dim[k], 0, 1);
        at += is_kept || attr->keepdims;
    }
    return OK;
}

static const struct field reduce_fields[] = {
    FIELD(struct reduce_attr, axes, NULL, 0, 0, "axes to reduce; none: all"),
    FIELD(struct reduce_attr, keepdims, "1", 0, 1, "reduced axes stay with size 1"),
    FIELD(struct reduce_attr, noop_with_empty_axes, "0", 0, 1, "no axes: nothing is reduced"),
    FIELDS_END,
};

static enum status reduce_numbers_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    if (!dtype_info[call->input[0]->dtype].is_float)
        TRY(check_integer(context, call, 0));
    return reduce_infer(context, call);
}

static enum status reduce_any_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    return reduce_infer(context, call);
}

// row, ONNX name, inference (of numbers, of any type), fold, what follows.
// clang-format off
#define REDUCTIONS(REDUCE)                                                                         \
    REDUCE(reduce_l1, "ReduceL1", numbers, FOLD_SIZES, FINISH_NOTHING)                             \
    REDUCE(reduce_l2, "ReduceL2", numbers, FOLD_SQUARES, FINISH_ROOT)                              \
    REDUCE(reduce_log_sum, "ReduceLogSum", numbers, FOLD_SUM, FINISH_LOG)                          \
    REDUCE(reduce_log_sum_exp, "ReduceLogSumExp", numbers, FOLD_EXP, FINISH_LOG_EXP)               \
    REDUCE(reduce_max, "ReduceMax", any, FOLD_MAX, FINISH_NOTHING)                                 \
    REDUCE(reduce_mean, "ReduceMean", numbers, FOLD_SUM, FINISH_MEAN)                              \
    REDUCE(reduce_min, "ReduceMin", any, FOLD_MIN, FINISH_NOTHING)                                 \
    REDUCE(reduce_sum, "ReduceSum", numbers, FOLD_SUM, FINISH_NOTHING)                             \
    REDUCE(reduce_sum_square, "ReduceSumSquare", numbers, FOLD_SQUARES, FINISH_NOTHING)
// clang-format on

#define FORWARD(row, fold, finish)                                                                 \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, row##_forward);                                   \
        return reduce(context, call, (struct reduction){fold, finish});                            \
    }

#define DESCRIPTOR(row, onnx_name, kind, backward_call)                                            \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 2,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = reduce_fields,                                                                     \
        .attr_bytes = sizeof(struct reduce_attr),                                                  \
        .infer = reduce_##kind##_infer,                                                            \
        .forward = row##_forward,                                                                  \
        .backward = backward_call,                                                                 \
        .scratch_bytes = reduce_scratch_bytes,                                                     \
        .cost = cost_moves,                                                                        \
        .map_axes = reduce_map_axes,                                                               \
    };

#define ROW(row, onnx_name, kind, fold, finish)                                                    \
    FORWARD(row, fold, finish)                                                                     \
    static enum status row##_backward(struct context *context, const struct op_call *call)         \
    {                                                                                              \
        return give_back(context, call, (struct reduction){fold, finish});                         \
    }                                                                                              \
    DESCRIPTOR(row, onnx_name, kind, row##_backward)
REDUCTIONS(ROW)

FORWARD(reduce_prod, FOLD_PRODUCT, FINISH_NOTHING)
DESCRIPTOR(reduce_prod, "ReduceProd", numbers, NULL) // at 0 no derivative follows from y and x
