// Resize: every axis is interpolated by itself, one after the other, the last one fastest. Scales
// and coordinates are computed in float32, as ONNX Runtime does: whether a coordinate is just below
// or just above an item decides for nearest.
#include <math.h>
#include <string.h>

#include "ops/interpolate.h"
#include "ops/op_table.h"
#include "ops/shared.h"

struct resize_attr {
    int64_t antialias;
    struct ints axes;
    const char *coordinate_transformation_mode;
    double cubic_coeff_a;
    int64_t exclude_outside;
    double extrapolation_value;
    const char *keep_aspect_ratio_policy, *mode, *nearest_mode;
};

struct resized_axis {
    int64_t in, out;
    float scale, start, end; // start, end: of the region of interest
};

struct resize {
    const struct resize_attr *attr;
    enum filter filter;
    bool is_crop; // coordinates come from a region and may lie outside
    int rank;
    struct resized_axis axis[SHAPE_MAX_RANK];
};

// ---- sizes -------------------------------------------------------------------------------------

static bool is_given(const struct op_call *call, int slot)
{
    const struct tensor *input = input_at(call, slot);

    return input && tensor_count(input) != 0;
}

static enum status check_count(struct context *context, const struct op_call *call, int slot,
                               int64_t wanted)
{
    int64_t count = tensor_count(call->input[slot]);

    if (call->input[slot]->shape.rank == 1 && count == wanted)
        return OK;
    return context_fail(context, ERR_SHAPE, "input %d has %lld items, wants %lld", slot,
                        (long long)count, (long long)wanted);
}

// The axes that are named, or all. axis[i] is the one that entry i of scales and sizes is about.
static enum status named_axes(struct context *context, const struct op_call *call, int *axis,
                              int *count)
{
    const struct resize_attr *attr = call->attr;
    int rank = call->input[0]->shape.rank;
    struct int_list axes;
    unsigned seen;

    *count = attr->axes.count ? (int)attr->axes.count : rank;
    TRY(ints_from_attr(context, &attr->axes, &axes));
    TRY(axes_from_ints(context, &axes, rank, &seen));
    for (int i = 0; i < *count; i++) {
        axis[i] = i;
        if (attr->axes.count)
            TRY(axis_from(context, axes.at[i], rank, &axis[i]));
    }
    return OK;
}

static enum status axis_by_scale(struct context *context, const struct tensor *scales, int i,
                                 struct resized_axis *axis)
{
    double scale = tensor_get(scales, i);

    if (!(scale > 0 && scale <= 1e9))
        return context_fail(context, ERR_NUMERIC, "scale %d is %g", i, scale);
    axis->scale = (float)scale;
    double out = floor((double)((float)axis->in * axis->scale));
    if (out > 1e15)
        return context_fail(context, ERR_SHAPE, "scale %d is %g of %lld items", i, scale,
                            (long long)axis->in);
    axis->out = (int64_t)out;
    return OK;
}

static enum status axis_by_size(struct context *context, const struct tensor *sizes, int i,
                                struct resized_axis *axis)
{
    axis->out = tensor_get_int(sizes, i);
    if (axis->out < 0 || axis->out > INT64_C(1000000000000000))
        return context_fail(context, ERR_SHAPE, "size %d is %lld", i, (long long)axis->out);
    if (axis->in > 0)
        axis->scale = (float)axis->out / (float)axis->in;
    return OK;
}

// One scale for all axes: the smallest, or the largest, that a size asks for.
static void keep_ratio(struct resize *r, const int *axis, int count)
{
    bool is_smallest = strcmp(r->attr->keep_aspect_ratio_policy, "not_larger") == 0;
    float scale = r->axis[axis[0]].scale;

    for (int i = 1; i < count; i++) {
        float other = r->axis[axis[i]].scale;
        if (is_smallest ? other < scale : other > scale)
            scale = other;
    }
    for (int i = 0; i < count; i++) {
        struct resized_axis *at = &r->axis[axis[i]];
        at->scale = scale;
        at->out = (int64_t)floor((double)(scale * (float)at->in) + 0.5);
    }
}

static enum status read_region(struct context *context, const struct op_call *call, const int *axis,
                               int count, struct resize *r)
{
    if (!r->is_crop || !is_given(call, 1) || !input_has_data(call, 1))
        return OK;
    TRY(check_count(context, call, 1, 2 * count));
    for (int i = 0; i < 2 * count; i++) {
        double at = tensor_get(call->input[1], i);
        if (!(fabs(at) <= 1e6))
            return context_fail(context, ERR_NUMERIC, "entry %d of the region is %g", i, at);
        if (i < count)
            r->axis[axis[i]].start = (float)at;
        else
            r->axis[axis[i - count]].end = (float)at;
    }
    return OK;
}

// The sizes between the passes fit too.
static enum status check_passes(struct context *context, const struct op_call *call,
                                const struct resize *r)
{
    struct shape shape = call->input[0]->shape, checked;

    for (int i = 0; i < r->rank; i++) {
        if (r->axis[i].in == 0 && r->axis[i].out > 0)
            return context_fail(context, ERR_SHAPE, "axis %d has nothing to make %lld items of", i,
                                (long long)r->axis[i].out);
        shape.dim[i] = r->axis[i].out;
        TRY(shape_set(context, &checked, r->rank, shape.dim));
    }
    return OK;
}

// Needs data for scales or sizes.
static enum status resize_from(struct context *context, const struct op_call *call,
                               struct resize *r)
{
    const struct resize_attr *attr = call->attr;
    int axis[INT_LIST_MAX], count, slot = is_given(call, 3) ? 3 : 2;

    *r = (struct resize){.attr = attr, .rank = call->input[0]->shape.rank};
    r->filter = strcmp(attr->mode, "nearest") == 0  ? FILTER_NEAREST
                : strcmp(attr->mode, "linear") == 0 ? FILTER_LINEAR
                                                    : FILTER_CUBIC;
    r->is_crop = strcmp(attr->coordinate_transformation_mode, "tf_crop_and_resize") == 0;
    for (int i = 0; i < r->rank; i++) {
        int64_t dim = call->input[0]->shape.dim[i];
        r->axis[i] = (struct resized_axis){dim, dim, 1, 0, 1};
    }
    TRY(named_axes(context, call, axis, &count));
    TRY(check_count(context, call, slot, count));
    for (int i = 0; i < count; i++) {
        struct resized_axis *at = &r->axis[axis[i]];
        TRY(slot == 2 ? axis_by_scale(context, call->input[2], i, at)
                      : axis_by_size(context, call->input[3], i, at));
    }
    if (slot == 3 && count > 0 && strcmp(attr->keep_aspect_ratio_policy, "stretch") != 0)
        keep_ratio(r, axis, count);
    TRY(read_region(context, call, axis, count, r));
    return check_passes(context, call, r);
}

static enum status resize_infer(struct context *context, const struct op_call *call)
{
    struct resize r;

    TRY(check_whole_bytes(context, call, 0));
    for (int i = 1; i < 3; i++)
        if (input_at(call, i))
            TRY(check_float(context, call, i));
    if (input_at(call, 3))
        TRY(check_dtype(context, call, 3, DT_I64));
    if (is_given(call, 2) == is_given(call, 3))
        return context_fail(context, ERR_SHAPE, "wants scales or sizes, %s",
                            is_given(call, 2) ? "got both" : "got neither");
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, is_given(call, 2) ? 2 : 3))
        return OK;
    TRY(resize_from(context, call, &r));
    struct shape shape = {.rank = r.rank};
    for (int i = 0; i < r.rank; i++)
        shape.dim[i] = r.axis[i].out;
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// ---- where an item comes from ------------------------------------------------------------------

static float half_pixel(const struct resized_axis *axis, float at)
{
    return (at + 0.5F) / axis->scale - 0.5F;
}

static float align_corners(const struct resized_axis *axis, float at)
{
    return axis->out == 1 ? 0 : at * (float)(axis->in - 1) / (float)(axis->out - 1);
}

static float asymmetric(const struct resized_axis *axis, float at)
{
    return at / axis->scale;
}

static float half_pixel_symmetric(const struct resized_axis *axis, float at)
{
    float adjustment = (float)axis->out / (axis->scale * (float)axis->in);

    return (float)axis->in / 2 * (1 - adjustment) + half_pixel(axis, at);
}

static float pytorch_half_pixel(const struct resized_axis *axis, float at)
{
    return axis->out > 1 ? half_pixel(axis, at) : 0;
}

static float tf_half_pixel_for_nn(const struct resized_axis *axis, float at)
{
    return (at + 0.5F) / axis->scale;
}

static float tf_crop_and_resize(const struct resized_axis *axis, float at)
{
    float last = (float)(axis->in - 1);

    if (axis->out == 1)
        return 0.5F * (axis->start + axis->end) * last;
    return axis->start * last + at * (axis->end - axis->start) * last / (float)(axis->out - 1);
}

#define COORDINATES                                                                                \
    "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|"                 \
    "tf_half_pixel_for_nn|tf_crop_and_resize"

typedef float coordinate(const struct resized_axis *axis, float at);

static coordinate *coordinate_of(const struct resize *r)
{
    static const struct {
        const char *name;
        coordinate *from;
    } rows[] = {
        {"half_pixel", half_pixel},
        {"half_pixel_symmetric", half_pixel_symmetric},
        {"pytorch_half_pixel", pytorch_half_pixel},
        {"align_corners", align_corners},
        {"asymmetric", asymmetric},
        {"tf_half_pixel_for_nn", tf_half_pixel_for_nn},
        {"tf_crop_and_resize", tf_crop_and_resize},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, r->attr->coordinate_transformation_mode) == 0)
            return rows[i].from;
    return half_pixel;
}

static double nearest_to(const char *mode, double at)
{
    if (strcmp(mode, "floor") == 0)
        return floor(at);
    if (strcmp(mode, "ceil") == 0)
        return ceil(at);
    return strcmp(mode, "round_prefer_ceil") == 0 ? floor(at + 0.5) : ceil(at - 0.5);
}

// Items first .. first+count-1 with their weights. count 0: the position is outside of the region,
// and the value for that stands there.
struct taps {
    int64_t first, count;
    double *weight; // room for taps_most()
};

static double shrink(const struct resize *r, const struct resized_axis *axis)
{
    return r->attr->antialias && axis->scale < 1 ? (double)axis->scale : 1;
}

static int64_t taps_most(const struct resize *r)
{
    double most = 1;

    for (int i = 0; i < r->rank; i++)
        most = fmax(most, 2 * filter_support(r->filter) / shrink(r, &r->axis[i]) + 2);
    return (int64_t)most;
}

// Taps outside of the row count for its first or last item, unless they are excluded.
static void filter_taps(const struct resize *r, const struct resized_axis *axis, double at,
                        struct taps *taps)
{
    double narrow = shrink(r, axis), reach = filter_support(r->filter) / narrow, sum = 0;
    double from = floor(at - reach) + 1, to = ceil(at + reach) - 1;
    double last = (double)(axis->in - 1);

    taps->first = (int64_t)clamped(from, 0, last);
    taps->count = (int64_t)clamped(to, 0, last) - taps->first + 1;
    memset(taps->weight, 0, (size_t)taps->count * sizeof *taps->weight);
    for (double k = from; k <= to; k++) {
        if (r->attr->exclude_outside && (k < 0 || k > last))
            continue;
        double weight = filter_weight(r->filter, (k - at) * narrow, r->attr->cubic_coeff_a);
        taps->weight[(int64_t)clamped(k, 0, last) - taps->first] += weight;
        sum += weight;
    }
    if (sum != 0 && (r->attr->antialias || r->attr->exclude_outside))
        for (int64_t i = 0; i < taps->count; i++)
            taps->weight[i] /= sum;
}

static void taps_at(const struct resize *r, const struct resized_axis *axis, coordinate *from,
                    int64_t out, struct taps *taps)
{
    double at = (double)from(axis, (float)out), last = (double)(axis->in - 1);

    taps->count = 0;
    if (r->is_crop && (at < 0 || at > last))
        return;
    at = clamped(at, -1e15, 1e15);
    if (r->filter != FILTER_NEAREST) {
        filter_taps(r, axis, at, taps);
        return;
    }
    taps->first = (int64_t)clamped(nearest_to(r->attr->nearest_mode, at), 0, last);
    taps->count = 1;
    taps->weight[0] = 1;
}

// ---- passes ------------------------------------------------------------------------------------

struct pass {
    const struct resized_axis *axis;
    int64_t outer, inner; // elements before and behind the axis
};

static bool is_moving(const struct resize *r, int i)
{
    const struct resized_axis *axis = &r->axis[i];
    bool is_whole = !r->is_crop || (axis->start == 0 && axis->end == 1);

    return axis->in != axis->out || axis->scale != 1 || !is_whole;
}

// Axes before i have their new size already.
static struct pass pass_of(const struct resize *r, int i)
{
    struct pass pass = {&r->axis[i], 1, 1};

    for (int k = 0; k < r->rank; k++) {
        if (k < i)
            pass.outer *= r->axis[k].out;
        else if (k > i)
            pass.inner *= r->axis[k].in;
    }
    return pass;
}

// Rows of any type that only move.
static void move_pass(const struct resize *r, const struct pass *pass, size_t bytes,
                      struct taps *taps, const char *from, char *to, const char *outside)
{
    const struct resized_axis *axis = pass->axis;
    size_t row = (size_t)pass->inner * bytes;

    for (int64_t j = 0; j < axis->out; j++) {
        taps_at(r, axis, coordinate_of(r), j, taps);
        for (int64_t o = 0; o < pass->outer; o++) {
            char *y = to + (size_t)(o * axis->out + j) * row;
            if (taps->count)
                memcpy(y, from + (size_t)(o * axis->in + taps->first) * row, row);
            for (int64_t k = 0; !taps->count && k < pass->inner; k++)
                memcpy(y + (size_t)k * bytes, outside, bytes);
        }
    }
}

#define MIX_PASS(type, suffix)                                                                     \
    static void mix_pass_##suffix(const struct resize *r, const struct pass *pass,                 \
                                  struct taps *taps, const type *from, type *to)                   \
    {                                                                                              \
        const struct resized_axis *axis = pass->axis;                                              \
        int64_t inner = pass->inner;                                                               \
                                                                                                   \
        for (int64_t j = 0; j < axis->out; j++) {                                                  \
            taps_at(r, axis, coordinate_of(r), j, taps);                                           \
            for (int64_t o = 0; o < pass->outer; o++) {                                            \
                const type *x = from + (o * axis->in + taps->first) * inner;                       \
                type *y = to + (o * axis->out + j) * inner;                                        \
                for (int64_t i = 0; i < inner; i++)                                                \
                    y[i] = taps->count ? 0 : (type)r->attr->extrapolation_value;                   \
                for (int64_t k = 0; k < taps->count; k++, x += inner)                              \
                    for (int64_t i = 0; i < inner && taps->weight[k] != 0; i++)                    \
                        y[i] += (type)taps->weight[k] * x[i];                                      \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    /* The transpose: the gradient of `from` out of that of `to`. */                               \
    static void spread_pass_##suffix(const struct resize *r, const struct pass *pass,              \
                                     struct taps *taps, const type *grad, type *into)              \
    {                                                                                              \
        const struct resized_axis *axis = pass->axis;                                              \
        int64_t inner = pass->inner;                                                               \
                                                                                                   \
        memset(into, 0, (size_t)(pass->outer * axis->in * inner) * sizeof(type));                  \
        for (int64_t j = 0; j < axis->out; j++) {                                                  \
            taps_at(r, axis, coordinate_of(r), j, taps);                                           \
            for (int64_t o = 0; o < pass->outer; o++) {                                            \
                const type *dy = grad + (o * axis->out + j) * inner;                               \
                type *dx = into + (o * axis->in + taps->first) * inner;                            \
                for (int64_t k = 0; k < taps->count; k++, dx += inner)                             \
                    for (int64_t i = 0; i < inner; i++)                                            \
                        dx[i] += (type)taps->weight[k] * dy[i];                                    \
            }                                                                                      \
        }                                                                                          \
    }
MIX_PASS(float, f32)
MIX_PASS(double, f64)

// Elements of the largest tensor between passes, the input and the output among them.
static int64_t largest_between(const struct resize *r)
{
    int64_t most = 0;

    for (int i = 0; i <= r->rank; i++) {
        int64_t count = 1;
        for (int k = 0; k < r->rank; k++)
            count *= k < i ? r->axis[k].out : r->axis[k].in;
        most = count > most ? count : most;
    }
    return most;
}

// Integers that are mixed are mixed in f64.
static enum dtype passing_dtype(const struct resize *r, enum dtype dtype)
{
    return r->filter == FILTER_NEAREST || dtype_info[dtype].is_float ? dtype : DT_F64;
}

static size_t element_bytes(const struct resize *r, enum dtype dtype)
{
    return (size_t)dtype_info[passing_dtype(r, dtype)].bits / 8;
}

// Scratch: the weights of a position, then two tensors between passes.
struct room {
    struct taps taps;
    char *half[2];
};

static struct room room_of(const struct op_call *call, const struct resize *r)
{
    struct room room = {.taps = {0, 0, call->scratch}};

    room.half[0] = (char *)(room.taps.weight + taps_most(r));
    room.half[1] =
        room.half[0] + (size_t)largest_between(r) * element_bytes(r, call->input[0]->dtype);
    return room;
}

static size_t resize_scratch_bytes(const struct op_call *call)
{
    enum dtype dtype = call->input[0]->dtype;
    struct context silent;
    struct resize r;

    context_init(&silent);
    if (resize_from(&silent, call, &r) != OK)
        return 0;
    size_t halves =
        scratch_product(2 * (dtype_is_half(dtype) ? sizeof(float) : element_bytes(&r, dtype)),
                        (size_t)largest_between(&r));
    size_t weights = scratch_product((size_t)taps_most(&r), sizeof(double));
    return halves > SIZE_MAX - weights ? SIZE_MAX : halves + weights;
}

static void run_pass(const struct resize *r, int i, enum dtype dtype, struct room *room,
                     const void *from, void *to, const void *outside)
{
    struct pass pass = pass_of(r, i);

    if (r->filter == FILTER_NEAREST)
        move_pass(r, &pass, element_bytes(r, dtype), &room->taps, from, to, outside);
    else if (dtype == DT_F32)
        mix_pass_f32(r, &pass, &room->taps, from, to);
    else
        mix_pass_f64(r, &pass, &room->taps, from, to);
}

// Where the passes start from: the input, or what they mix integers in.
static const void *first_of(const struct op_call *call, const struct resize *r, struct room *room)
{
    const struct tensor *x = call->input[0];
    double *wide = (double *)room->half[0];

    if (passing_dtype(r, x->dtype) == x->dtype)
        return tensor_data(x);
    for (int64_t i = 0; i < tensor_count(x); i++)
        wide[i] = tensor_get(x, i);
    return wide;
}

static enum status resize_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0], outside = {x->dtype, SHAPE_SCALAR, NULL, 0};
    struct resize r;

    if (dtype_is_half(x->dtype))
        return forward_in_f32(context, call, resize_forward);
    TRY(resize_from(context, call, &r));
    if (tensor_count(y) == 0)
        return OK;
    TRY(tensor_alloc(context, &outside, x->dtype, &SHAPE_SCALAR));
    tensor_set(&outside, 0, r.attr->extrapolation_value);
    struct room room = room_of(call, &r);
    const void *at = first_of(call, &r, &room);
    for (int i = 0; i < r.rank; i++) {
        void *to = at == room.half[0] ? room.half[1] : room.half[0];
        if (!is_moving(&r, i))
            continue;
        run_pass(&r, i, passing_dtype(&r, x->dtype), &room, at, to, tensor_data(&outside));
        at = to;
    }
    tensor_release(&outside);
    if (passing_dtype(&r, x->dtype) == x->dtype)
        memcpy(tensor_write(y), at, tensor_bytes(y));
    else
        for (int64_t i = 0; i < tensor_count(y); i++)
            tensor_set(y, i, ((const double *)at)[i]);
    return OK;
}

#define ADD_TO(type)                                                                               \
    for (int64_t i = 0; i < tensor_count(into); i++)                                               \
    ((type *)tensor_write(into))[i] += ((const type *)at)[i]

static enum status resize_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct resize r;

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(resize_from(context, call, &r));
    if (tensor_count(grad) == 0)
        return OK;
    struct room room = room_of(call, &r);
    const void *at = tensor_data(grad);
    for (int i = r.rank - 1; i >= 0; i--) {
        void *to = at == room.half[0] ? room.half[1] : room.half[0];
        struct pass pass = pass_of(&r, i);
        if (!is_moving(&r, i))
            continue;
        if (grad->dtype == DT_F32)
            spread_pass_f32(&r, &pass, &room.taps, at, to);
        else
            spread_pass_f64(&r, &pass, &room.taps, at, to);
        at = to;
    }
    FOR_FLOAT_TYPES(into->dtype, ADD_TO)
    return OK;
}

// ---- cost, axes, attributes --------------------------------------------------------------------

// Each pass multiplies every tap of each of its results.
static void resize_cost(const struct op_call *call, struct op_cost *cost)
{
    struct context silent;
    struct resize r;

    cost_moves(call, cost);
    context_init(&silent);
    if (!input_has_data(call, is_given(call, 3) ? 3 : 2) || resize_from(&silent, call, &r) != OK)
        return;
    for (int i = 0; i < r.rank && r.filter != FILTER_NEAREST; i++) {
        struct pass pass = pass_of(&r, i);
        double taps = ceil(2 * filter_support(r.filter) / shrink(&r, &r.axis[i]));
        if (is_moving(&r, i))
            cost->macs += (double)pass.outer * (double)pass.inner * (double)r.axis[i].out * taps;
    }
}

static enum status resize_axes(struct context *context, const struct op_call *call,
                               struct axis_map *map)
{
    struct resize r;

    if (!input_has_data(call, is_given(call, 3) ? 3 : 2))
        return OK;
    TRY(resize_from(context, call, &r));
    for (int i = 0; i < r.rank; i++)
        if (!is_moving(&r, i))
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, r.axis[i].in, 0, 1);
    return OK;
}

static const struct field resize_fields[] = {
    FIELD(struct resize_attr, antialias, "0", 0, 1, "filters widen where the size shrinks"),
    FIELD(struct resize_attr, axes, NULL, 0, 0, "the axes that scales or sizes are for"),
    FIELD_CHOICE(struct resize_attr, coordinate_transformation_mode, "half_pixel", COORDINATES,
                 "where an item of the output lies in the input"),
    FIELD(struct resize_attr, cubic_coeff_a, "-0.75", 0, 0, "the cubic filter's parameter"),
    FIELD(struct resize_attr, exclude_outside, "0", 0, 1, "items outside have no weight"),
    FIELD(struct resize_attr, extrapolation_value, "0", 0, 0, "what stands outside the region"),
    FIELD_CHOICE(struct resize_attr, keep_aspect_ratio_policy, "stretch",
                 "stretch|not_larger|not_smaller", "how sizes of another ratio are met"),
    FIELD_CHOICE(struct resize_attr, mode, "nearest", "nearest|linear|cubic", "the filter"),
    FIELD_CHOICE(struct resize_attr, nearest_mode, "round_prefer_floor",
                 "round_prefer_floor|round_prefer_ceil|floor|ceil", "which item is the nearest"),
    FIELDS_END,
};

const struct op op_resize = {
    .name = "Resize",
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = resize_fields,
    .attr_bytes = sizeof(struct resize_attr),
    .since_opset = 10,
    .infer = resize_infer,
    .forward = resize_forward,
    .backward = resize_backward,
    .scratch_bytes = resize_scratch_bytes,
    .cost = resize_cost,
    .map_axes = resize_axes,
};
