// GatherElements, GatherND, ScatterElements, ScatterND: every index, or tuple of indices, names a
// spot of the data, where `length` neighbouring elements are read or written. Negative indices
// count from the end, one outside is an error.
#include <string.h>

#include "ops/binary.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct spot_attr {
    int64_t axis, batch_dims;
    const char *reduction;
};

struct spots {
    const struct tensor *index;
    int64_t count, length; // spots; elements at each
    int depth, first;      // indices that make a spot; the axis of the data that the first counts
    int64_t dim[SHAPE_MAX_RANK], stride[SHAPE_MAX_RANK]; // of the axes that are indexed
    int outer; // axes whose index is the spot's own position
    int64_t outer_dim[SHAPE_MAX_RANK], outer_stride[SHAPE_MAX_RANK];
};

// ---- where the spots are -----------------------------------------------------------------------

static enum status check_indices(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    TRY(check_given(context, call, 1));
    if (call->input[1]->dtype != DT_I32)
        TRY(check_dtype(context, call, 1, DT_I64));
    return check_rank(context, call, 0, 1, SHAPE_MAX_RANK);
}

// One spot an element of the indices: its position, but for `axis`.
static enum status element_spots(struct context *context, const struct op_call *call,
                                 struct spots *spots)
{
    const struct shape *data = &call->input[0]->shape, *index = &call->input[1]->shape;
    int64_t stride[SHAPE_MAX_RANK];
    int axis = 0;

    TRY(axis_from(context, ((const struct spot_attr *)call->attr)->axis, data->rank, &axis));
    TRY(check_rank(context, call, 1, data->rank, data->rank));
    shape_strides(data, stride);
    *spots = (struct spots){.index = call->input[1],
                            .count = shape_count(index),
                            .length = 1,
                            .depth = 1,
                            .first = axis,
                            .dim = {data->dim[axis]},
                            .stride = {stride[axis]},
                            .outer = data->rank};
    for (int i = 0; i < data->rank; i++) {
        if (i != axis && index->dim[i] > data->dim[i])
            return context_fail(context, ERR_SHAPE,
                                "indices have %lld items along axis %d, the data %lld",
                                (long long)index->dim[i], i, (long long)data->dim[i]);
        spots->outer_dim[i] = index->dim[i];
        spots->outer_stride[i] = i == axis ? 0 : stride[i];
    }
    return OK;
}

// One spot a row of the indices: a tuple that counts the axes behind the batch.
static enum status tuple_spots(struct context *context, const struct op_call *call,
                               struct spots *spots)
{
    const struct shape *data = &call->input[0]->shape, *index = &call->input[1]->shape;
    int64_t batch = ((const struct spot_attr *)call->attr)->batch_dims;
    int64_t stride[SHAPE_MAX_RANK];

    TRY(check_rank(context, call, 1, 1, SHAPE_MAX_RANK));
    int64_t depth = index->dim[index->rank - 1];
    if (batch < 0 || batch >= data->rank || batch >= index->rank)
        return context_fail(context, ERR_SHAPE, "'batch_dims' %lld for data of rank %d",
                            (long long)batch, (int)data->rank);
    if (depth < 1 || depth > data->rank - batch)
        return context_fail(context, ERR_SHAPE, "tuples of %lld indices for data of rank %d",
                            (long long)depth, (int)data->rank);
    for (int i = 0; i < batch; i++)
        if (index->dim[i] != data->dim[i])
            return context_fail(context, ERR_SHAPE,
                                "indices have %lld items along axis %d, the data %lld",
                                (long long)index->dim[i], i, (long long)data->dim[i]);
    shape_strides(data, stride);
    *spots = (struct spots){.index = call->input[1],
                            .count = shape_product(index, 0, index->rank - 1),
                            .length = shape_product(data, (int)(batch + depth), data->rank),
                            .depth = (int)depth,
                            .first = (int)batch,
                            .outer = index->rank - 1};
    for (int i = 0; i < depth; i++) {
        spots->dim[i] = data->dim[batch + i];
        spots->stride[i] = stride[batch + i];
    }
    for (int i = 0; i < spots->outer; i++) {
        spots->outer_dim[i] = index->dim[i];
        spots->outer_stride[i] = i < batch ? stride[i] : 0;
    }
    return OK;
}

// The first element of spot k in the data.
static enum status spot_at(struct context *context, const struct spots *spots, int64_t k,
                           int64_t *at)
{
    int64_t rest = k;

    *at = 0;
    for (int i = spots->outer - 1; i >= 0; i--) {
        *at += rest % spots->outer_dim[i] * spots->outer_stride[i];
        rest /= spots->outer_dim[i];
    }
    for (int i = 0; i < spots->depth; i++) {
        int64_t index = tensor_get_int(spots->index, k * spots->depth + i), dim = spots->dim[i];
        if (index < -dim || index >= dim)
            return context_fail(context, ERR_NUMERIC, "index %lld is outside axis %d of %lld",
                                (long long)index, spots->first + i, (long long)dim);
        *at += (index < 0 ? index + dim : index) * spots->stride[i];
    }
    return OK;
}

typedef enum status find_spots(struct context *, const struct op_call *, struct spots *);

// ---- gather ------------------------------------------------------------------------------------

static enum status gather(struct context *context, const struct op_call *call, find_spots *find)
{
    size_t bytes = (size_t)dtype_info[call->input[0]->dtype].bits / 8;
    char *to = tensor_write(call->output[0]);
    const char *from = tensor_data(call->input[0]);
    struct spots spots;
    int64_t at;

    TRY(find(context, call, &spots));
    for (int64_t k = 0; k < spots.count; k++) {
        TRY(spot_at(context, &spots, k, &at));
        memcpy(to + (size_t)(k * spots.length) * bytes, from + (size_t)at * bytes,
               (size_t)spots.length * bytes);
    }
    return OK;
}

// Adds `length` elements from one place to another: a gradient on its way.
static void add_run(const struct tensor *from, int64_t from_at, struct tensor *to, int64_t to_at,
                    int64_t length)
{
    struct walk walk = {.from_at = from_at, .to_at = to_at};

    walk_add_axis(&walk, length, 1, 1);
    walk_add(&walk, from->dtype, tensor_data(from), tensor_write(to));
}

static enum status gather_back(struct context *context, const struct op_call *call,
                               find_spots *find)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct spots spots;
    int64_t at;

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(find(context, call, &spots));
    for (int64_t k = 0; k < spots.count; k++) {
        TRY(spot_at(context, &spots, k, &at));
        add_run(grad, k * spots.length, into, at, spots.length);
    }
    return OK;
}

static enum status gather_elements_infer(struct context *context, const struct op_call *call)
{
    struct spots spots;

    TRY(check_indices(context, call));
    TRY(element_spots(context, call, &spots));
    return set_output(context, call, 0, call->input[0]->dtype, &call->input[1]->shape);
}

// The indices' shape without its last axis, then the axes of the data that are not indexed.
static enum status tuples_shape(struct context *context, const struct op_call *call, int first,
                                struct shape *out)
{
    const struct shape *data = &call->input[0]->shape, *index = &call->input[1]->shape;
    int64_t dim[2 * SHAPE_MAX_RANK];
    int rank = 0;

    for (int i = 0; i < index->rank - 1; i++)
        dim[rank++] = index->dim[i];
    for (int i = first; i < data->rank; i++)
        dim[rank++] = data->dim[i];
    return shape_set(context, out, rank, dim);
}

static enum status gather_nd_infer(struct context *context, const struct op_call *call)
{
    struct spots spots;
    struct shape shape;

    TRY(check_indices(context, call));
    TRY(tuple_spots(context, call, &spots));
    TRY(tuples_shape(context, call, spots.first + spots.depth, &shape));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// ---- scatter -----------------------------------------------------------------------------------

static const struct binary_kernels *reduction_of(const struct op_call *call)
{
    static const struct {
        const char *name;
        const struct binary_kernels *kernels;
    } rows[] = {
        {"add", &add_kernels}, {"mul", &mul_kernels}, {"min", &min_kernels}, {"max", &max_kernels}};
    const char *name = ((const struct spot_attr *)call->attr)->reduction;

    for (size_t i = 0; name && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].kernels;
    return NULL;
}

static struct tensor run_of(const struct tensor *tensor, int64_t at, int64_t length)
{
    struct tensor run = *tensor;

    run.shape = SHAPE(length);
    run.offset += (size_t)at * ((size_t)dtype_info[tensor->dtype].bits / 8);
    return run;
}

static enum status scatter(struct context *context, const struct op_call *call, find_spots *find)
{
    const struct binary_kernels *kernels = reduction_of(call);
    struct tensor *y = call->output[0];
    struct spots spots;
    int64_t at;

    TRY(find(context, call, &spots));
    memcpy(tensor_write(y), tensor_data(call->input[0]), tensor_bytes(y));
    for (int64_t k = 0; k < spots.count; k++) {
        TRY(spot_at(context, &spots, k, &at));
        struct tensor from = run_of(call->input[2], k * spots.length, spots.length);
        struct tensor to = run_of(y, at, spots.length);
        if (kernels)
            binary_run(kernels, &to, &from, &to);
        else
            memcpy(tensor_write(&to), tensor_data(&from), tensor_bytes(&to));
    }
    return OK;
}

// Of several updates of one spot the last one counts, unless they add up. Scratch marks elements
// of the data that were overwritten.
static enum status scatter_back(struct context *context, const struct op_call *call,
                                find_spots *find)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *data = input_grad_at(call, 0), *updates = input_grad_at(call, 2);
    const struct binary_kernels *kernels = reduction_of(call);
    bool *taken = call->scratch;
    struct spots spots;
    int64_t at;

    if (!grad || tensor_count(grad) == 0 || (!data && !updates))
        return OK;
    TRY(check_trainable(context, call));
    TRY(find(context, call, &spots));
    if (kernels && kernels != &add_kernels)
        return context_fail(context, ERR_UNSUPPORTED, "gradient of reduction '%s'",
                            ((const struct spot_attr *)call->attr)->reduction);
    memset(taken, 0, (size_t)tensor_count(grad));
    for (int64_t k = spots.count - 1; k >= 0 && spots.length > 0; k--) {
        TRY(spot_at(context, &spots, k, &at));
        if (updates && !taken[at])
            add_run(grad, at, updates, k * spots.length, spots.length);
        if (!kernels)
            memset(taken + at, 1, (size_t)spots.length);
    }
    for (int64_t i = 0; data && i < tensor_count(grad); i++)
        if (!taken[i])
            add_run(grad, i, data, i, 1);
    return OK;
}

static size_t scatter_scratch_bytes(const struct op_call *call)
{
    int64_t count = tensor_count(call->input[0]);

    return count > 0 ? (size_t)count : 0;
}

static enum status scatter_infer(struct context *context, const struct op_call *call,
                                 const struct shape *updates)
{
    const struct tensor *given = call->input[2];

    TRY(check_given(context, call, 2));
    TRY(check_dtype(context, call, 2, call->input[0]->dtype));
    if (reduction_of(call) && given->dtype == DT_BOOL)
        return context_fail(context, ERR_UNSUPPORTED, "reduction of bool");
    if (!shape_equal(&given->shape, updates)) {
        struct text wanted, got;
        text_init(&wanted);
        text_init(&got);
        shape_print(updates, &wanted);
        shape_print(&given->shape, &got);
        enum status status = context_fail(
            context, ERR_SHAPE, "updates have shape %s, the indices want %s", got.at, wanted.at);
        text_clear(&wanted);
        text_clear(&got);
        return status;
    }
    return infer_same_shape(context, call);
}

static enum status scatter_elements_infer(struct context *context, const struct op_call *call)
{
    struct spots spots;

    TRY(check_indices(context, call));
    TRY(element_spots(context, call, &spots));
    return scatter_infer(context, call, &call->input[1]->shape);
}

static enum status scatter_nd_infer(struct context *context, const struct op_call *call)
{
    struct spots spots;
    struct shape updates;

    TRY(check_indices(context, call));
    TRY(tuple_spots(context, call, &spots));
    TRY(tuples_shape(context, call, spots.depth, &updates));
    return scatter_infer(context, call, &updates);
}

// ---- axis maps ---------------------------------------------------------------------------------

static void link_axes(struct axis_map *map, const struct op_call *call, struct axis_end a,
                      struct axis_end b)
{
    const struct tensor *from = a.side == AXIS_INPUT ? call->input[a.slot] : call->output[a.slot];

    axis_link(map, a, b, from->shape.dim[a.axis], 0, 1);
}

#define IN(slot, axis) ((struct axis_end){AXIS_INPUT, slot, axis})
#define OUT(axis) ((struct axis_end){AXIS_OUTPUT, 0, axis})

static enum status gather_elements_axes(struct context *context, const struct op_call *call,
                                        struct axis_map *map)
{
    struct spots spots;

    TRY(element_spots(context, call, &spots));
    for (int i = 0; i < call->input[0]->shape.rank; i++) {
        link_axes(map, call, IN(1, i), OUT(i));
        if (i != spots.first)
            link_axes(map, call, IN(1, i), IN(0, i));
    }
    return OK;
}

static enum status scatter_elements_axes(struct context *context, const struct op_call *call,
                                         struct axis_map *map)
{
    struct spots spots;

    TRY(element_spots(context, call, &spots));
    for (int i = 0; i < call->input[0]->shape.rank; i++) {
        if (i == spots.first)
            continue;
        link_axes(map, call, IN(0, i), OUT(i));
        link_axes(map, call, IN(1, i), IN(0, i));
        link_axes(map, call, IN(1, i), IN(2, i));
    }
    return OK;
}

static enum status gather_nd_axes(struct context *context, const struct op_call *call,
                                  struct axis_map *map)
{
    struct spots spots;

    TRY(tuple_spots(context, call, &spots));
    for (int i = 0; i < spots.outer; i++) {
        link_axes(map, call, IN(1, i), OUT(i));
        if (i < spots.first)
            link_axes(map, call, IN(0, i), OUT(i));
    }
    for (int i = spots.first + spots.depth; i < call->input[0]->shape.rank; i++)
        link_axes(map, call, IN(0, i), OUT(spots.outer + i - spots.first - spots.depth));
    return OK;
}

static enum status scatter_nd_axes(struct context *context, const struct op_call *call,
                                   struct axis_map *map)
{
    struct spots spots;

    TRY(tuple_spots(context, call, &spots));
    for (int i = spots.depth; i < call->input[0]->shape.rank; i++) {
        link_axes(map, call, IN(0, i), OUT(i));
        link_axes(map, call, IN(2, spots.outer + i - spots.depth), OUT(i));
    }
    return OK;
}

// ---- descriptors -------------------------------------------------------------------------------

#define AXIS_FIELD FIELD(struct spot_attr, axis, "0", 0, 0, "the axis that is indexed")
#define REDUCTION_FIELD                                                                            \
    FIELD_CHOICE(struct spot_attr, reduction, "none", "none|add|mul|min|max",                      \
                 "how an update joins what is there")

static const struct field gather_elements_fields[] = {AXIS_FIELD, FIELDS_END};
static const struct field gather_nd_fields[] = {
    FIELD(struct spot_attr, batch_dims, "0", 0, 0, "leading axes that indices and data share"),
    FIELDS_END,
};
static const struct field scatter_elements_fields[] = {AXIS_FIELD, REDUCTION_FIELD, FIELDS_END};
static const struct field scatter_nd_fields[] = {REDUCTION_FIELD, FIELDS_END};

#define SPOTS_OPERATOR(row, onnx_name, inputs, work, find, scratch)                                \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        if (inputs == 3 && reduction_of(call) && dtype_is_half(call->input[0]->dtype))             \
            return forward_in_f32(context, call, row##_forward);                                   \
        return work(context, call, find);                                                          \
    }                                                                                              \
    static enum status row##_backward(struct context *context, const struct op_call *call)         \
    {                                                                                              \
        return work##_back(context, call, find);                                                   \
    }                                                                                              \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = row##_fields,                                                                      \
        .attr_bytes = sizeof(struct spot_attr),                                                    \
        .since_opset = 11,                                                                         \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .scratch_bytes = scratch,                                                                  \
        .cost = cost_moves,                                                                        \
        .map_axes = row##_axes,                                                                    \
    };
SPOTS_OPERATOR(gather_elements, "GatherElements", 2, gather, element_spots, NULL)
SPOTS_OPERATOR(gather_nd, "GatherND", 2, gather, tuple_spots, NULL)
SPOTS_OPERATOR(scatter_elements, "ScatterElements", 3, scatter, element_spots,
               scatter_scratch_bytes)
SPOTS_OPERATOR(scatter_nd, "ScatterND", 3, scatter, tuple_spots, scatter_scratch_bytes)
