// The geometry of Resize; see resize.h. Scales and coordinates are computed in float32, as ONNX
// Runtime does: whether a coordinate is just below or just above an item decides for nearest.
#include "ops/resize.h"

#include <math.h>
#include <string.h>

static const double SIZE_MOST = 1e15; // no tensor is as long

// ---- sizes -------------------------------------------------------------------------------------

bool resize_is_given(const struct op_call *call, int slot)
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
    if (out > SIZE_MOST)
        return context_fail(context, ERR_SHAPE, "scale %d is %g of %lld items", i, scale,
                            (long long)axis->in);
    axis->out = (int64_t)out;
    return OK;
}

static enum status axis_by_size(struct context *context, const struct tensor *sizes, int i,
                                struct resized_axis *axis)
{
    axis->out = tensor_get_int(sizes, i);
    if (axis->out < 0 || (double)axis->out > SIZE_MOST)
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
        at->out = (int64_t)fmin(floor((double)(scale * (float)at->in) + 0.5), SIZE_MOST);
    }
}

static enum status read_region(struct context *context, const struct op_call *call, const int *axis,
                               int count, struct resize *r)
{
    if (!r->is_crop || !resize_is_given(call, 1) || !input_has_data(call, 1))
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
enum status resize_from(struct context *context, const struct op_call *call, struct resize *r)
{
    const struct resize_attr *attr = call->attr;
    int axis[INT_LIST_MAX], count, slot = resize_is_given(call, 3) ? 3 : 2;

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

double resize_shrink(const struct resize *r, const struct resized_axis *axis)
{
    return r->attr->antialias && axis->scale < 1 ? (double)axis->scale : 1;
}

// Taps of one item at most: those outside join the last inside.
static int64_t taps_most(const struct resize *r, const struct resized_axis *axis)
{
    double taps = 2 * filter_support(r->filter) / resize_shrink(r, axis) + 2;

    return axis->in < 1 ? 1 : (int64_t)fmin(taps, (double)axis->in);
}

size_t resize_taps_bytes(const struct resize *r)
{
    size_t most = 0;

    for (int i = 0; i < r->rank; i++) {
        size_t item = (size_t)taps_most(r, &r->axis[i]) * sizeof(double) + sizeof(struct taps);
        size_t bytes = scratch_product(item, (size_t)r->axis[i].out);
        most = bytes > most ? bytes : most;
    }
    return most;
}

// Taps outside of the row count for its first or last item, unless they are excluded.
static void filter_taps(const struct resize *r, const struct resized_axis *axis, double at,
                        struct taps *taps)
{
    double narrow = resize_shrink(r, axis), reach = filter_support(r->filter) / narrow, sum = 0;
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

static void taps_at(const struct resize *r, const struct resized_axis *axis, double at,
                    struct taps *taps)
{
    double last = (double)(axis->in - 1);

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

struct taps *resize_taps(const struct resize *r, const struct resized_axis *axis, void *room)
{
    struct taps *taps = room;
    double *weight = (double *)(taps + axis->out);
    coordinate *from = coordinate_of(r);

    for (int64_t j = 0; j < axis->out; j++) {
        taps[j] = (struct taps){0, 0, weight};
        taps_at(r, axis, (double)from(axis, (float)j), &taps[j]);
        weight += taps_most(r, axis);
    }
    return taps;
}

bool resize_is_moving(const struct resize *r, int i)
{
    const struct resized_axis *axis = &r->axis[i];
    bool is_whole = !r->is_crop || (axis->start == 0 && axis->end == 1);

    return axis->in != axis->out || axis->scale != 1 || !is_whole;
}
