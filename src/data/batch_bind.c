// Settling how stored samples become a model's input: type, shape, layout, scale.
#include <stdio.h>
#include <string.h>

#include "data/batch.h"

// dim with the channels moved from one layout to the other.
static struct shape swap_layout(const struct shape *shape, bool is_nhwc)
{
    const int64_t *d = shape->dim;

    if (is_nhwc)
        return SHAPE(d[2], d[0], d[1]);
    return SHAPE(d[1], d[2], d[0]);
}

static struct shape squeeze(const struct shape *shape)
{
    struct shape squeezed = {0, {0}};

    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1)
            squeezed.dim[squeezed.rank++] = shape->dim[i];
    return squeezed;
}

// Whether a sample of shape `from` can stand where `to` is wanted without moving an element; open
// dims of `to` take the sample's.
static bool fits(const struct shape *from, const struct shape *to, struct shape *resolved)
{
    struct shape a = squeeze(from), b = squeeze(to);
    bool is_equal = from->rank == to->rank;

    *resolved = *to;
    for (int32_t i = 0; is_equal && i < to->rank; i++) {
        is_equal = to->dim[i] < 0 || to->dim[i] == from->dim[i];
        resolved->dim[i] = from->dim[i];
    }
    if (is_equal)
        return true;
    *resolved = *to;
    if (!shape_is_static(to) || shape_count(from) != shape_count(to))
        return false;
    return a.rank <= 1 || b.rank <= 1 || shape_equal(&a, &b);
}

static enum status shape_mismatch(struct context *context, const struct dataset *data,
                                  const char *name, const struct shape *from,
                                  const struct shape *to, const char *hint)
{
    enum status status;
    struct text text;

    text_init(&text);
    text_add(&text, "samples are ");
    shape_print(from, &text);
    text_format(&text, ", input '%s' takes ", name);
    shape_print(to, &text);
    status = context_fail(context, ERR_SHAPE, "'%s': %s%s", data->name, text.at, hint);
    text_clear(&text);
    return status;
}

// Images: which way round they are stored and wanted.
static enum status bind_layout(struct context *context, const char *name,
                               const struct shape *wanted, enum image_layout declared,
                               struct batch_input *out)
{
    const struct shape *stored = &out->column->shape;
    enum image_layout layout = out->column->layout;
    struct shape swapped;

    if (layout == LAYOUT_NONE) { // nobody said how: the model's own way, else the other
        layout = declared == LAYOUT_NONE ? LAYOUT_NCHW : declared;
        if (declared != LAYOUT_NONE && !fits(stored, wanted, &out->shape))
            layout = declared == LAYOUT_NCHW ? LAYOUT_NHWC : LAYOUT_NCHW;
    }
    out->from_nhwc = layout == LAYOUT_NHWC;
    out->channels = stored->dim[out->from_nhwc ? 2 : 0];
    out->pixels = out->count / out->channels;
    swapped = swap_layout(stored, out->from_nhwc);
    if (declared == LAYOUT_NONE || declared == layout) {
        out->to_nhwc = out->from_nhwc;
        if (fits(stored, wanted, &out->shape))
            return OK;
    }
    // Where a set of images knows its layout, a shape that fits the other way leaves no doubt.
    bool may_swap =
        declared == LAYOUT_NONE ? out->column->layout != LAYOUT_NONE : declared != layout;
    if (may_swap && fits(&swapped, wanted, &out->shape)) {
        out->to_nhwc = !out->from_nhwc;
        return OK;
    }
    return shape_mismatch(context, out->data, name, stored, wanted,
                          fits(&swapped, wanted, &out->shape) && declared == LAYOUT_NONE
                              ? ": say --layout nchw or nhwc"
                              : "");
}

static enum status bind_shape(struct context *context, const char *name,
                              const struct tensor *model_input, const struct preprocess *preprocess,
                              struct batch_input *out)
{
    const struct shape *stored = &out->column->shape, *whole = &model_input->shape;
    struct shape wanted;

    if (whole->rank < 1)
        return context_fail(context, ERR_SHAPE, "input '%s' has no axis for samples", name);
    wanted = *whole;
    wanted.rank--;
    memmove(wanted.dim, wanted.dim + 1, (size_t)wanted.rank * sizeof *wanted.dim);
    if (stored->rank == 3)
        return bind_layout(context, name, &wanted, preprocess ? preprocess->layout : LAYOUT_NONE,
                           out);
    if (!fits(stored, &wanted, &out->shape))
        return shape_mismatch(context, out->data, name, stored, &wanted, "");
    out->channels = stored->rank > 3 ? stored->dim[0] : 1;
    // Tables: a mean and a deviation for every feature.
    if (stored->rank == 1 && preprocess &&
        (preprocess->mean.count == out->count || preprocess->std.count == out->count))
        out->channels = out->count;
    out->pixels = out->count / out->channels;
    return OK;
}

static enum status bind_scale(struct context *context, const struct preprocess *preprocess,
                              struct arena *arena, struct batch_input *out)
{
    float *a = arena_array(arena, float, (size_t)out->channels);
    float *b = arena_array(arena, float, (size_t)out->channels);
    const struct floats *lists[] = {&preprocess->mean, &preprocess->std};

    for (int i = 0; i < 2; i++)
        if (lists[i]->count > 1 && lists[i]->count != out->channels)
            return context_fail(context, ERR_USAGE, "'%s': %lld %s for %lld channel%s",
                                out->data->name, (long long)lists[i]->count,
                                i == 0 ? "means" : "standard deviations", (long long)out->channels,
                                out->channels == 1 ? "" : "s");
    for (int64_t c = 0; c < out->channels; c++) {
        double mean = preprocess_mean(preprocess, c), std = preprocess_std(preprocess, c);
        a[c] = (float)(preprocess->scale / std);
        b[c] = (float)(mean == 0 ? 0 : -mean / std);
    }
    out->a = a;
    out->b = b;
    out->is_identity = preprocess_is_identity(preprocess);
    return OK;
}

enum status batch_bind(struct context *context, const struct dataset *data, const char *name,
                       const struct tensor *model_input, const struct preprocess *preprocess,
                       struct arena *arena, struct batch_input *out)
{
    const struct preprocess as_is = {.scale = 1};
    const struct dtype_info *info;

    *out = (struct batch_input){.data = data, .column = dataset_find_input(data, name)};
    if (!out->column)
        return context_fail(context, ERR_SHAPE, "'%s' has no input '%s'", data->name, name);
    if (!out->column->at)
        return context_fail(context, ERR_INTERNAL, "'%s' holds pictures that nobody decoded",
                            data->name);
    if (model_input->dtype < 0)
        return context_fail(context, ERR_UNSUPPORTED, "input '%s' has no known type", name);
    info = &dtype_info[model_input->dtype];
    if (info->bits % 8 != 0)
        return context_fail(context, ERR_UNSUPPORTED, "input '%s' takes %s, which data cannot give",
                            name, info->name);
    out->dtype = info->is_float ? DT_F32 : model_input->dtype;
    out->count = shape_count(&out->column->shape);
    TRY(bind_shape(context, name, model_input, preprocess, out));
    if (info->is_float)
        return bind_scale(context, preprocess ? preprocess : &as_is, arena, out);
    if (preprocess && preprocess->from == FROM_LINE && !preprocess_is_identity(preprocess))
        return context_fail(context, ERR_USAGE, "input '%s' takes integers: nothing is scaled",
                            name);
    TRY(bind_scale(context, &as_is, arena, out));
    return batch_check(context, out);
}

// Of several inputs, which the one preprocessing is about.
static bool is_picture(const struct dataset *data, const char *name)
{
    const struct data_column *column = dataset_find_input(data, name);

    return column && (column->shape.rank == 3 || !dtype_info[column->dtype].is_float);
}

enum status batch_bind_graph(struct context *context, const struct dataset *data,
                             const struct graph *graph, const bool *is_given,
                             const struct preprocess *preprocess, struct arena *arena,
                             struct batch_input *out)
{
    uint32_t wanted = 0;

    for (uint32_t i = 0; i < graph->input_count; i++)
        wanted += !(is_given && is_given[i]);
    if (data->input_count == 1 && !data->input[0].name && wanted != 1)
        return context_fail(context, ERR_SHAPE,
                            "the model has %u inputs, '%s' gives one without a name: npz: names "
                            "them, --set gives scalars",
                            (unsigned)wanted, data->name);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        out[i] = (struct batch_input){0};
        if (is_given && is_given[i])
            continue;
        TRY(batch_bind(context, data, value->name, &value->tensor,
                       wanted == 1 || is_picture(data, value->name) ? preprocess : NULL, arena,
                       &out[i]));
    }
    return OK;
}

enum status batch_bind_target(struct context *context, const struct dataset *data,
                              struct batch_input *out)
{
    static const float one = 1, zero = 0;

    if (data->target.dtype == DT_NONE)
        return context_fail(context, ERR_USAGE, "'%s' has no target", data->name);
    *out = (struct batch_input){.data = data,
                                .column = &data->target,
                                .dtype = dtype_info[data->target.dtype].is_float ? DT_F32 : DT_I64,
                                .shape = data->target.shape,
                                .count = shape_count(&data->target.shape),
                                .channels = 1,
                                .is_identity = true,
                                .a = &one,
                                .b = &zero};
    out->pixels = out->count;
    return OK;
}
