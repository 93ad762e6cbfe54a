// What operators have in common; see shared.h.
#include "ops/shared.h"

#include <string.h>

#include "base/checked.h"

const struct tensor *input_at(const struct op_call *call, int i)
{
    return i < call->input_count ? call->input[i] : NULL;
}

struct tensor *output_at(const struct op_call *call, int i)
{
    return i < call->output_count ? call->output[i] : NULL;
}

bool input_has_data(const struct op_call *call, int i)
{
    const struct tensor *input = input_at(call, i);

    return input != NULL && input->buffer != NULL;
}

const struct tensor *output_grad_at(const struct op_call *call, int i)
{
    return call->output_grad != NULL && i < call->output_count ? call->output_grad[i] : NULL;
}

struct tensor *input_grad_at(const struct op_call *call, int i)
{
    return call->input_grad != NULL && i < call->input_count ? call->input_grad[i] : NULL;
}

enum status set_output(struct context *context, const struct op_call *call, int i, enum dtype dtype,
                       const struct shape *shape)
{
    struct tensor *output = output_at(call, i);

    if (output == NULL)
        return OK;
    struct shape checked;
    TRY(shape_set(context, &checked, shape->rank, shape->dim));
    output->dtype = dtype;
    output->shape = checked;
    return OK;
}

void set_output_unknown(const struct op_call *call, int i, enum dtype dtype)
{
    struct tensor *output = output_at(call, i);

    if (output == NULL)
        return;
    output->dtype = dtype;
    output->shape = SHAPE_UNKNOWN;
}

static const char *dtype_name(enum dtype dtype)
{
    return dtype >= 0 && dtype < DT_COUNT ? dtype_info[dtype].name : "unknown";
}

static enum status fail_dtype(struct context *context, const struct op_call *call, int i,
                              const char *wanted)
{
    const struct tensor *input = input_at(call, i);

    if (input == NULL)
        return context_fail(context, ERR_SHAPE, "input %d is missing", i);
    return context_fail(context, ERR_SHAPE, "input %d wants %s, got %s", i, wanted,
                        dtype_name(input->dtype));
}

// DT_NONE for an input that is missing or of no known type.
static enum dtype input_dtype(const struct op_call *call, int i)
{
    const struct tensor *input = input_at(call, i);

    return input == NULL || input->dtype < 0 || input->dtype >= DT_COUNT ? DT_NONE : input->dtype;
}

enum status check_given(struct context *context, const struct op_call *call, int i)
{
    return input_dtype(call, i) == DT_NONE ? fail_dtype(context, call, i, "a tensor") : OK;
}

enum status check_float(struct context *context, const struct op_call *call, int i)
{
    enum dtype dtype = input_dtype(call, i);

    if (dtype == DT_NONE || !dtype_info[dtype].is_float)
        return fail_dtype(context, call, i, "float");
    return OK;
}

enum status check_integer(struct context *context, const struct op_call *call, int i)
{
    enum dtype dtype = input_dtype(call, i);

    if (dtype == DT_NONE || dtype_info[dtype].is_float || dtype == DT_BOOL)
        return fail_dtype(context, call, i, "integers");
    return OK;
}

enum status check_dtype(struct context *context, const struct op_call *call, int i,
                        enum dtype dtype)
{
    if (input_dtype(call, i) != dtype)
        return fail_dtype(context, call, i, dtype_name(dtype));
    return OK;
}

enum status check_same_dtype(struct context *context, const struct op_call *call, int first)
{
    enum dtype wanted = input_dtype(call, 0);

    for (int i = first; i < call->input_count; i++)
        if (call->input[i] != NULL && call->input[i]->dtype != wanted)
            return fail_dtype(context, call, i, dtype_name(wanted));
    return OK;
}

enum status check_whole_bytes(struct context *context, const struct op_call *call, int i)
{
    enum dtype dtype = input_dtype(call, i);

    if (dtype == DT_NONE || dtype_info[dtype].bits < 8)
        return fail_dtype(context, call, i, "numbers of whole bytes");
    return OK;
}

enum status check_rank(struct context *context, const struct op_call *call, int i, int32_t least,
                       int32_t most)
{
    const struct tensor *input = input_at(call, i);

    if (input == NULL)
        return context_fail(context, ERR_SHAPE, "input %d is missing", i);
    int32_t rank = input->shape.rank;
    if (rank >= least && rank <= most)
        return OK;
    if (least == most)
        return context_fail(context, ERR_SHAPE, "input %d has rank %d, wants %d", i, (int)rank,
                            (int)least);
    return context_fail(context, ERR_SHAPE, "input %d has rank %d, wants %d to %d", i, (int)rank,
                        (int)least, (int)most);
}

enum status check_trainable(struct context *context, const struct op_call *call)
{
    enum dtype dtype = input_dtype(call, 0);

    if (dtype == DT_F32 || dtype == DT_F64)
        return OK;
    return context_fail(context, ERR_UNSUPPORTED, "cannot train in %s, only in f32 and f64",
                        dtype_name(dtype));
}

size_t compute_bytes(enum dtype dtype)
{
    return dtype == DT_F64 ? 8 : 4;
}

// ---- halves ------------------------------------------------------------------------------------

enum { HALF_MAX_ARGUMENTS = 8 };

static enum status widen_outputs(struct context *context, const struct op_call *call,
                                 struct tensor *wide, struct tensor **slot)
{
    for (int i = 0; i < call->output_count; i++) {
        struct tensor *output = call->output[i];
        slot[i] = output;
        if (output == NULL || !dtype_is_half(output->dtype))
            continue;
        TRY(tensor_alloc(context, &wide[i], DT_F32, &output->shape));
        slot[i] = &wide[i];
    }
    return OK;
}

static enum status widen_inputs(struct context *context, const struct op_call *call,
                                struct tensor *wide, const struct tensor **slot)
{
    for (int i = 0; i < call->input_count; i++) {
        slot[i] = call->input[i];
        if (call->input[i] == NULL || !dtype_is_half(call->input[i]->dtype))
            continue;
        TRY(tensor_convert(context, &wide[i], call->input[i], DT_F32));
        slot[i] = &wide[i];
    }
    return OK;
}

static void narrow_outputs(const struct op_call *call, const struct tensor *wide)
{
    for (int i = 0; i < call->output_count; i++) {
        if (wide[i].buffer == NULL)
            continue;
        int64_t count = tensor_count(&wide[i]);
        for (int64_t k = 0; k < count; k++)
            tensor_set(call->output[i], k, (double)tensor_f32(&wide[i])[k]);
    }
}

enum status forward_in_f32(struct context *context, const struct op_call *call,
                           enum status (*forward)(struct context *, const struct op_call *))
{
    if (call->input_count > HALF_MAX_ARGUMENTS || call->output_count > HALF_MAX_ARGUMENTS)
        return context_fail(context, ERR_UNSUPPORTED, "half precision with over %d arguments",
                            (int)HALF_MAX_ARGUMENTS);
    struct tensor wide_in[HALF_MAX_ARGUMENTS] = {0}, wide_out[HALF_MAX_ARGUMENTS] = {0};
    const struct tensor *input[HALF_MAX_ARGUMENTS] = {0};
    struct tensor *output[HALF_MAX_ARGUMENTS] = {0};
    struct op_call wide = *call;

    wide.input = input;
    wide.output = output;
    enum status status = widen_inputs(context, call, wide_in, input);
    if (status == OK)
        status = widen_outputs(context, call, wide_out, output);
    if (status == OK)
        status = forward(context, &wide);
    if (status == OK)
        narrow_outputs(call, wide_out);
    for (int i = 0; i < HALF_MAX_ARGUMENTS; i++) {
        if (wide_in[i].buffer != NULL)
            tensor_release(&wide_in[i]);
        if (wide_out[i].buffer != NULL)
            tensor_release(&wide_out[i]);
    }
    return status;
}

// ---- stock inference and costs -----------------------------------------------------------------

enum status infer_same_shape(struct context *context, const struct op_call *call)
{
    return set_output(context, call, 0, call->input[0]->dtype, &call->input[0]->shape);
}

enum status infer_same_float(struct context *context, const struct op_call *call)
{
    TRY(check_float(context, call, 0));
    return infer_same_shape(context, call);
}

// One more operand joins the broadcast so far.
static bool broadcast_join(struct shape *so_far, const struct shape *shape)
{
    struct shape out = so_far->rank >= shape->rank ? *so_far : *shape;
    int32_t skip_a = out.rank - so_far->rank, skip_b = out.rank - shape->rank;

    for (int32_t k = 0; k < out.rank; k++) {
        int64_t a = k < skip_a ? 1 : so_far->dim[k - skip_a];
        int64_t b = k < skip_b ? 1 : shape->dim[k - skip_b];
        if (a != b && a != 1 && b != 1)
            return false;
        out.dim[k] = a == 1 ? b : a;
    }
    *so_far = out;
    return true;
}

enum status broadcast_shape(struct context *context, const struct op_call *call, int first,
                            struct shape *out)
{
    struct shape joined = SHAPE_SCALAR;

    for (int i = first; i < call->input_count; i++) {
        if (call->input[i] == NULL || broadcast_join(&joined, &call->input[i]->shape))
            continue;
        struct text a, b;
        text_init(&a);
        text_init(&b);
        shape_print(&joined, &a);
        shape_print(&call->input[i]->shape, &b);
        enum status status = context_fail(
            context, ERR_SHAPE, "input %d of shape %s does not broadcast with %s", i, b.at, a.at);
        text_clear(&a);
        text_clear(&b);
        return status;
    }
    return shape_set(context, out, joined.rank, joined.dim);
}

enum status infer_broadcast(struct context *context, const struct op_call *call)
{
    struct shape shape;

    TRY(check_whole_bytes(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(broadcast_shape(context, call, 0, &shape));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

void cost_in_place(const struct op_call *call, struct op_cost *cost)
{
    (void)call;
    *cost = (struct op_cost){.macs = 0, .weight_input = -1, .in_place = true};
}

void cost_moves(const struct op_call *call, struct op_cost *cost)
{
    (void)call;
    *cost = (struct op_cost){.macs = 0, .weight_input = -1, .in_place = false};
}

// ---- broadcasting ------------------------------------------------------------------------------

static void set_strides(struct broadcast *walk, const struct shape *out, int input,
                        const struct shape *shape)
{
    int64_t stride = 1;

    for (int32_t k = out->rank - 1; k >= 0; k--) {
        int32_t at = k - (out->rank - shape->rank);
        int64_t dim = at < 0 ? 1 : shape->dim[at];
        walk->stride[input][k] = dim == 1 ? 0 : stride;
        stride *= dim;
    }
}

// Whether axis k and the one before it can be walked as one, for every input.
static bool can_merge(const struct broadcast *walk, int32_t before, int32_t k)
{
    for (int i = 0; i < walk->count; i++)
        if (walk->stride[i][before] != walk->stride[i][k] * walk->dim[k])
            return false;
    return true;
}

static void copy_axis(struct broadcast *walk, int32_t to, int32_t from, int64_t dim)
{
    walk->dim[to] = dim;
    for (int i = 0; i < walk->count; i++)
        walk->stride[i][to] = walk->stride[i][from];
}

void broadcast_start(struct broadcast *walk, const struct shape *out,
                     const struct tensor *const *input, int count)
{
    memset(walk, 0, sizeof *walk);
    walk->count = count;
    for (int i = 0; i < count; i++)
        set_strides(walk, out, i, &input[i]->shape);
    walk->rank = 0;
    for (int32_t k = 0; k < out->rank; k++) {
        walk->is_empty |= out->dim[k] == 0;
        if (out->dim[k] == 1)
            continue;
        walk->dim[k] = out->dim[k];
        if (walk->rank > 0 && can_merge(walk, walk->rank - 1, k)) {
            copy_axis(walk, walk->rank - 1, k, walk->dim[walk->rank - 1] * out->dim[k]);
            continue;
        }
        copy_axis(walk, walk->rank, k, out->dim[k]);
        walk->rank++;
    }
    if (walk->rank == 0) { // a single element
        walk->dim[0] = 1;
        for (int i = 0; i < count; i++)
            walk->stride[i][0] = 0;
        walk->rank = 1;
    }
    walk->length = walk->dim[walk->rank - 1];
    for (int i = 0; i < count; i++)
        walk->step[i] = walk->stride[i][walk->rank - 1];
}

bool broadcast_next(struct broadcast *walk)
{
    if (walk->is_empty)
        return false;
    if (!walk->started) {
        walk->started = true;
        return true;
    }
    for (int32_t k = walk->rank - 2; k >= 0; k--) {
        for (int i = 0; i < walk->count; i++)
            walk->offset[i] += walk->stride[i][k];
        if (++walk->index[k] < walk->dim[k])
            return true;
        for (int i = 0; i < walk->count; i++)
            walk->offset[i] -= walk->stride[i][k] * walk->dim[k];
        walk->index[k] = 0;
    }
    return false;
}

// ---- axes and small integer lists --------------------------------------------------------------

enum status axis_from(struct context *context, int64_t axis, int32_t rank, int *out)
{
    if (axis < -(int64_t)rank || axis >= rank)
        return context_fail(context, ERR_SHAPE, "axis %lld is outside a tensor of rank %d",
                            (long long)axis, (int)rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return OK;
}

enum status ints_from_tensor(struct context *context, const struct tensor *tensor,
                             struct int_list *out)
{
    if (tensor == NULL || tensor->buffer == NULL)
        return context_fail(context, ERR_INTERNAL, "a list of integers has no data yet");
    if (tensor->dtype != DT_I64 && tensor->dtype != DT_I32)
        return context_fail(context, ERR_SHAPE, "a list of integers has type %s, wants i64",
                            dtype_name(tensor->dtype));
    int64_t count = tensor_count(tensor);
    if (tensor->shape.rank > 1 || count > INT_LIST_MAX)
        return context_fail(context, ERR_SHAPE,
                            "a list of integers has rank %d and %lld items, wants rank 1 and at "
                            "most %d",
                            (int)tensor->shape.rank, (long long)count, (int)INT_LIST_MAX);
    out->count = (int)count;
    for (int i = 0; i < out->count; i++)
        out->at[i] = tensor_get_int(tensor, i);
    return OK;
}

enum status ints_from_attr(struct context *context, const struct ints *attr, struct int_list *out)
{
    if (attr->count > INT_LIST_MAX)
        return context_fail(context, ERR_SHAPE, "a list has %lld items, wants at most %d",
                            (long long)attr->count, (int)INT_LIST_MAX);
    out->count = (int)attr->count;
    for (int i = 0; i < out->count; i++)
        out->at[i] = attr->at[i];
    return OK;
}

enum status axes_from_ints(struct context *context, const struct int_list *axes, int32_t rank,
                           unsigned *mask)
{
    *mask = 0;
    for (int i = 0; i < axes->count; i++) {
        int axis = 0;
        TRY(axis_from(context, axes->at[i], rank, &axis));
        if (*mask & 1u << axis)
            return context_fail(context, ERR_SHAPE, "axis %d is named twice", axis);
        *mask |= 1u << axis;
    }
    return OK;
}

int64_t shape_product(const struct shape *shape, int from, int to)
{
    int64_t product = 1;

    for (int k = from; k < to; k++)
        product *= shape->dim[k];
    return product;
}

size_t scratch_product(size_t a, size_t b)
{
    size_t product;

    return checked_mul_size(a, b, &product) ? product : SIZE_MAX;
}
