// Resize: every axis is interpolated by itself, one after the other, the last one fastest.
#include "ops/resize.h"

#include <math.h>
#include <string.h>

#include "ops/op_table.h"

static enum status resize_infer(struct context *context, const struct op_call *call)
{
    struct resize r;

    TRY(check_whole_bytes(context, call, 0));
    for (int i = 1; i < 3; i++)
        if (input_at(call, i))
            TRY(check_float(context, call, i));
    if (input_at(call, 3))
        TRY(check_dtype(context, call, 3, DT_I64));
    if (resize_is_given(call, 2) == resize_is_given(call, 3))
        return context_fail(context, ERR_SHAPE, "wants scales or sizes, %s",
                            resize_is_given(call, 2) ? "got both" : "got neither");
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, resize_is_given(call, 2) ? 2 : 3))
        return OK;
    TRY(resize_from(context, call, &r));
    struct shape shape = {.rank = r.rank};
    for (int i = 0; i < r.rank; i++)
        shape.dim[i] = r.axis[i].out;
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// ---- passes ------------------------------------------------------------------------------------

struct pass {
    int64_t in, out;      // of the axis
    int64_t outer, inner; // elements before and behind it
    struct taps *taps;    // of each of its `out` items
    double outside;       // the value where an item has no taps
};

// Axes before i have their new size already.
static struct pass pass_of(const struct resize *r, int i, void *room)
{
    struct pass pass = {r->axis[i].in, r->axis[i].out, 1, 1, NULL, r->attr->extrapolation_value};

    pass.taps = room ? resize_taps(r, &r->axis[i], room) : NULL;
    for (int k = 0; k < r->rank; k++) {
        if (k < i)
            pass.outer *= r->axis[k].out;
        else if (k > i)
            pass.inner *= r->axis[k].in;
    }
    return pass;
}

#define MOVE_PASS(type)                                                                            \
    do {                                                                                           \
        const type *x = from;                                                                      \
        type *y = to;                                                                              \
        for (int64_t o = 0; o < p->outer; o++, x += p->in * p->inner)                              \
            for (int64_t j = 0; j < p->out; j++, y += p->inner)                                    \
                for (int64_t i = 0, at = p->taps[j].first * p->inner; i < p->inner; i++)           \
                    y[i] = p->taps[j].count ? x[at + i] : *(const type *)outside;                  \
    } while (0)

// Rows of any type that only move.
static void move_pass(const struct pass *p, size_t bytes, const void *from, void *to,
                      const void *outside)
{
    switch (bytes) {
    case 1:
        MOVE_PASS(uint8_t);
        break;
    case 2:
        MOVE_PASS(uint16_t);
        break;
    case 4:
        MOVE_PASS(uint32_t);
        break;
    default:
        MOVE_PASS(uint64_t);
        break;
    }
}

#define MIX_PASS(type, suffix)                                                                     \
    static void mix_pass_##suffix(const struct pass *p, const type *from, type *y)                 \
    {                                                                                              \
        for (int64_t o = 0; o < p->outer; o++, from += p->in * p->inner)                           \
            for (int64_t j = 0; j < p->out; j++, y += p->inner) {                                  \
                const struct taps *taps = &p->taps[j];                                             \
                const type *x = from + taps->first * p->inner;                                     \
                for (int64_t i = 0; i < p->inner; i++)                                             \
                    y[i] = taps->count ? 0 : (type)p->outside;                                     \
                for (int64_t k = 0; k < taps->count; k++, x += p->inner)                           \
                    for (int64_t i = 0; i < p->inner && taps->weight[k] != 0; i++)                 \
                        y[i] += (type)taps->weight[k] * x[i];                                      \
            }                                                                                      \
    }                                                                                              \
    /* The transpose: the gradient of `from` out of that of `to`. */                               \
    static void spread_pass_##suffix(const struct pass *p, const type *dy, type *into)             \
    {                                                                                              \
        memset(into, 0, (size_t)(p->outer * p->in * p->inner) * sizeof(type));                     \
        for (int64_t o = 0; o < p->outer; o++, into += p->in * p->inner)                           \
            for (int64_t j = 0; j < p->out; j++, dy += p->inner) {                                 \
                const struct taps *taps = &p->taps[j];                                             \
                type *dx = into + taps->first * p->inner;                                          \
                for (int64_t k = 0; k < taps->count; k++, dx += p->inner)                          \
                    for (int64_t i = 0; i < p->inner; i++)                                         \
                        dx[i] += (type)taps->weight[k] * dy[i];                                    \
            }                                                                                      \
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

// Scratch: the taps of an axis, then two tensors between passes.
struct room {
    void *taps;
    char *half[2];
};

static struct room room_of(const struct op_call *call, const struct resize *r)
{
    struct room room = {.taps = call->scratch};

    room.half[0] = (char *)call->scratch + resize_taps_bytes(r);
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
    size_t taps = resize_taps_bytes(&r);
    return halves > SIZE_MAX - taps ? SIZE_MAX : halves + taps;
}

static void run_pass(const struct resize *r, int i, enum dtype dtype, struct room *room,
                     const void *from, void *to, const void *outside)
{
    struct pass pass = pass_of(r, i, room->taps);

    if (r->filter == FILTER_NEAREST)
        move_pass(&pass, element_bytes(r, dtype), from, to, outside);
    else if (dtype == DT_F32)
        mix_pass_f32(&pass, from, to);
    else
        mix_pass_f64(&pass, from, to);
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
        if (!resize_is_moving(&r, i))
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
        if (!resize_is_moving(&r, i))
            continue;
        struct pass pass = pass_of(&r, i, room.taps);
        if (grad->dtype == DT_F32)
            spread_pass_f32(&pass, at, to);
        else
            spread_pass_f64(&pass, at, to);
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
    if (!input_has_data(call, resize_is_given(call, 3) ? 3 : 2) ||
        resize_from(&silent, call, &r) != OK)
        return;
    for (int i = 0; i < r.rank && r.filter != FILTER_NEAREST; i++) {
        struct pass pass = pass_of(&r, i, NULL);
        double taps = ceil(2 * filter_support(r.filter) / resize_shrink(&r, &r.axis[i]));
        if (resize_is_moving(&r, i))
            cost->macs += (double)pass.outer * (double)pass.inner * (double)pass.out * taps;
    }
}

static enum status resize_axes(struct context *context, const struct op_call *call,
                               struct axis_map *map)
{
    struct resize r;

    if (!input_has_data(call, resize_is_given(call, 3) ? 3 : 2))
        return OK;
    TRY(resize_from(context, call, &r));
    for (int i = 0; i < r.rank; i++)
        if (!resize_is_moving(&r, i))
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, r.axis[i].in, 0, 1);
    return OK;
}

#define COORDINATES                                                                                \
    "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|"                 \
    "tf_half_pixel_for_nn|tf_crop_and_resize"

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
