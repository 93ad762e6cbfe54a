// RoiAlign (He et al., Mask R-CNN, 2017) and MaxRoiPool (Girshick, Fast R-CNN, 2015): every region
// of an image, cut into a grid of bins, gives one number a bin and channel.
// x: (N, C, H, W), rois: (R, 4) or (R, 5) with the image's number first, y: (R, C, PH, PW)
#include <math.h>
#include <string.h>

#include "ops/op_table.h"
#include "ops/shared.h"

struct roi_attr {
    const char *coordinate_transformation_mode, *mode;
    int64_t output_height, output_width, sampling_ratio;
    struct ints pooled_shape;
    double spatial_scale;
};

enum { SAMPLES_MAX = 1 << 20 }; // of a bin: more cannot be meant

static enum status check_rois(struct context *context, const struct op_call *call, int64_t numbers)
{
    TRY(check_float(context, call, 0));
    TRY(check_rank(context, call, 0, 4, 4));
    TRY(check_dtype(context, call, 1, call->input[0]->dtype));
    TRY(check_rank(context, call, 1, 2, 2));
    if (call->input[1]->shape.dim[1] != numbers)
        return context_fail(context, ERR_SHAPE, "regions have %lld numbers, want %lld",
                            (long long)call->input[1]->shape.dim[1], (long long)numbers);
    return OK;
}

static enum status set_pooled(struct context *context, const struct op_call *call, int64_t height,
                              int64_t width)
{
    const struct shape *x = &call->input[0]->shape;

    if (height < 1 || width < 1)
        return context_fail(context, ERR_SHAPE, "a region shall become %lld x %lld",
                            (long long)height, (long long)width);
    struct shape shape = {4, {call->input[1]->shape.dim[0], x->dim[1], height, width}};
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// Four corners times the scale, in the image's order: x1, y1, x2, y2.
static enum status corners_of(struct context *context, const struct op_call *call, int64_t roi,
                              double *corner)
{
    const struct tensor *rois = call->input[1];
    int64_t numbers = rois->shape.dim[1];

    for (int i = 0; i < 4; i++) {
        double at = tensor_get(rois, roi * numbers + numbers - 4 + i);
        if (!(fabs(at) <= 1e9))
            return context_fail(context, ERR_NUMERIC, "region %lld has a corner at %g",
                                (long long)roi, at);
        corner[i] = at * ((const struct roi_attr *)call->attr)->spatial_scale;
        if (!(fabs(corner[i]) <= 1e12))
            return context_fail(context, ERR_NUMERIC, "region %lld has a scaled corner at %g",
                                (long long)roi, corner[i]);
    }
    return OK;
}

static enum status check_image(struct context *context, const struct op_call *call, int64_t roi,
                               double image)
{
    if (image >= 0 && image < (double)call->input[0]->shape.dim[0])
        return OK;
    return context_fail(context, ERR_NUMERIC, "region %lld is of image %.17g of %lld",
                        (long long)roi, image, (long long)call->input[0]->shape.dim[0]);
}

// ---- RoiAlign ----------------------------------------------------------------------------------

struct align {
    double start[2], bin[2]; // rows, columns
    int64_t samples[2];      // per bin
    int64_t image;
};

static enum status roi_align_infer(struct context *context, const struct op_call *call)
{
    const struct roi_attr *attr = call->attr;

    TRY(check_rois(context, call, 4));
    TRY(check_given(context, call, 2));
    if (call->input[2]->dtype != DT_I32)
        TRY(check_dtype(context, call, 2, DT_I64));
    TRY(check_rank(context, call, 2, 1, 1));
    if (call->input[2]->shape.dim[0] != call->input[1]->shape.dim[0])
        return context_fail(context, ERR_SHAPE, "%lld image numbers for %lld regions",
                            (long long)call->input[2]->shape.dim[0],
                            (long long)call->input[1]->shape.dim[0]);
    return set_pooled(context, call, attr->output_height, attr->output_width);
}

static enum status align_of(struct context *context, const struct op_call *call, int64_t roi,
                            struct align *a)
{
    const struct roi_attr *attr = call->attr;
    bool is_half = strcmp(attr->coordinate_transformation_mode, "half_pixel") == 0;
    double corner[4], all = 1;

    TRY(corners_of(context, call, roi, corner));
    a->image = tensor_get_int(call->input[2], roi);
    TRY(check_image(context, call, roi, (double)a->image));
    for (int i = 0; i < 2; i++) { // rows first, corners have columns first
        int64_t bins = call->output[0]->shape.dim[2 + i];
        double size = corner[3 - i] - corner[1 - i];
        a->start[i] = corner[1 - i] - (is_half ? 0.5 : 0);
        a->bin[i] = (is_half || size > 1 ? size : 1) / (double)bins;
        double samples = attr->sampling_ratio > 0 ? (double)attr->sampling_ratio : ceil(a->bin[i]);
        all *= samples > 0 ? samples : 0;
        if (all > SAMPLES_MAX)
            return context_fail(context, ERR_NUMERIC, "region %lld wants %g samples of a bin",
                                (long long)roi, all);
        a->samples[i] = samples > 0 ? (int64_t)samples : 0;
    }
    return OK;
}

// Both neighbours of a position along an axis and their weights; false if it is outside.
static bool neighbours(double at, int64_t dim, int64_t *index, double *weight)
{
    if (at < -1 || at > (double)dim || dim == 0)
        return false;
    at = at > 0 ? at : 0;
    index[0] = at < (double)(dim - 1) ? (int64_t)at : dim - 1;
    index[1] = index[0] + (index[0] < dim - 1);
    weight[1] = index[0] < dim - 1 ? at - (double)index[0] : 0;
    weight[0] = 1 - weight[1];
    return true;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

// One bin of one plane. As in ONNX Runtime, the maximum is over the four weighted corners.
#define ALIGN_BIN(type)                                                                            \
    do {                                                                                           \
        const type *x = (const type *)tensor_data(call->input[0]) + plane * dim[2] * dim[3];       \
        bool is_first = true;                                                                      \
        for (int64_t i = 0; i < a->samples[0]; i++)                                                \
            for (int64_t k = 0; k < a->samples[1]; k++) {                                          \
                double part = 0, v[4] = {0};                                                       \
                double h = row + ((double)i + 0.5) * a->bin[0] / (double)a->samples[0];            \
                double w = column + ((double)k + 0.5) * a->bin[1] / (double)a->samples[1];         \
                if (neighbours(h, dim[2], at[0], weight[0]) &&                                     \
                    neighbours(w, dim[3], at[1], weight[1]))                                       \
                    for (int c = 0; c < 4; c++)                                                    \
                        v[c] = weight[0][c / 2] * weight[1][c % 2] *                               \
                               (double)x[at[0][c / 2] * dim[3] + at[1][c % 2]];                    \
                part = is_max ? larger(larger(v[0], v[1]), larger(v[2], v[3]))                     \
                              : v[0] + v[1] + v[2] + v[3];                                         \
                sum = !is_max ? sum + part : is_first ? part : larger(sum, part);                  \
                is_first = false;                                                                  \
            }                                                                                      \
    } while (0)

static double align_bin(const struct op_call *call, const struct align *a, int64_t plane,
                        int64_t bin_row, int64_t bin_column)
{
    const int64_t *dim = call->input[0]->shape.dim;
    bool is_max = strcmp(((const struct roi_attr *)call->attr)->mode, "max") == 0;
    double row = a->start[0] + (double)bin_row * a->bin[0];
    double column = a->start[1] + (double)bin_column * a->bin[1];
    double weight[2][2], sum = 0;
    int64_t at[2][2], count = a->samples[0] * a->samples[1];

    FOR_FLOAT_TYPES(call->input[0]->dtype, ALIGN_BIN)
    return is_max || count == 0 ? sum : sum / (double)count;
}

static enum status roi_align_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    const int64_t *dim = y->shape.dim;
    int64_t bins = dim[2] * dim[3];
    struct align align;

    if (dtype_is_half(y->dtype))
        return forward_in_f32(context, call, roi_align_forward);
    for (int64_t roi = 0; roi < dim[0]; roi++) {
        TRY(align_of(context, call, roi, &align));
        for (int64_t i = 0; i < dim[1] * bins; i++)
            tensor_set(y, roi * dim[1] * bins + i,
                       align_bin(call, &align, align.image * dim[1] + i / bins, i % bins / dim[3],
                                 i % dim[3]));
    }
    return OK;
}

// ---- MaxRoiPool --------------------------------------------------------------------------------

static enum status max_roi_pool_infer(struct context *context, const struct op_call *call)
{
    const struct ints *pooled = &((const struct roi_attr *)call->attr)->pooled_shape;

    TRY(check_rois(context, call, 5));
    if (pooled->count != 2)
        return context_fail(context, ERR_SHAPE, "'pooled_shape' has %lld items, wants 2",
                            (long long)pooled->count);
    return set_pooled(context, call, pooled->at[0], pooled->at[1]);
}

// The pixels of bin b of an axis.
static void bin_pixels(double low, double high, int64_t bins, int64_t b, int64_t dim,
                       int64_t *pixel)
{
    double start = round(low), size = round(high) - start + 1;
    double bin = (size > 1 ? size : 1) / (double)bins;
    double edge[2] = {floor((double)b * bin) + start, ceil((double)(b + 1) * bin) + start};

    for (int i = 0; i < 2; i++)
        pixel[i] = edge[i] < 0 ? 0 : edge[i] < (double)dim ? (int64_t)edge[i] : dim;
}

static double pool_bin(const struct tensor *x, int64_t plane, const int64_t *rows,
                       const int64_t *columns)
{
    const int64_t *dim = x->shape.dim;
    double best = -INFINITY;

    for (int64_t h = rows[0]; h < rows[1]; h++)
        for (int64_t w = columns[0]; w < columns[1]; w++)
            best = larger(tensor_get(x, (plane * dim[2] + h) * dim[3] + w), best);
    return rows[0] < rows[1] && columns[0] < columns[1] ? best : 0;
}

static enum status max_roi_pool_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = call->output[0];
    const int64_t *dim = y->shape.dim;
    int64_t bins = dim[2] * dim[3], rows[2], columns[2];
    double corner[4];

    for (int64_t roi = 0; roi < dim[0]; roi++) {
        double image = tensor_get(call->input[1], 5 * roi);
        TRY(check_image(context, call, roi, image));
        TRY(corners_of(context, call, roi, corner));
        for (int64_t i = 0; i < dim[1] * bins; i++) {
            bin_pixels(corner[1], corner[3], dim[2], i % bins / dim[3], x->shape.dim[2], rows);
            bin_pixels(corner[0], corner[2], dim[3], i % dim[3], x->shape.dim[3], columns);
            int64_t plane = (int64_t)image * dim[1] + i / bins;
            tensor_set(y, roi * dim[1] * bins + i, pool_bin(x, plane, rows, columns));
        }
    }
    return OK;
}

// ---- descriptors -------------------------------------------------------------------------------

// Channels pass through; regions are the output's batch.
static enum status roi_axes(struct context *context, const struct op_call *call,
                            struct axis_map *map)
{
    const struct axis_end y0 = {AXIS_OUTPUT, 0, 0}, y1 = {AXIS_OUTPUT, 0, 1};
    int64_t regions = call->input[1]->shape.dim[0];

    (void)context;
    axis_link(map, (struct axis_end){AXIS_INPUT, 0, 1}, y1, call->input[0]->shape.dim[1], 0, 1);
    for (int i = 1; i < call->input_count; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, i, 0}, y0, regions, 0, 1);
    return OK;
}

#define SCALE_FIELD                                                                                \
    FIELD(struct roi_attr, spatial_scale, "1", 0, 0, "from the regions' coordinates to pixels")

static const struct field roi_align_fields[] = {
    FIELD_CHOICE(struct roi_attr, coordinate_transformation_mode, "half_pixel",
                 "half_pixel|output_half_pixel", "where pixels have their coordinates"),
    FIELD_CHOICE(struct roi_attr, mode, "avg", "avg|max", "what a bin gives"),
    FIELD(struct roi_attr, output_height, "1", 0, 0, "rows of bins"),
    FIELD(struct roi_attr, output_width, "1", 0, 0, "columns of bins"),
    FIELD(struct roi_attr, sampling_ratio, "0", 0, 0, "samples of a bin and axis; 0: by its size"),
    SCALE_FIELD,
    FIELDS_END,
};
static const struct field max_roi_pool_fields[] = {
    FIELD(struct roi_attr, pooled_shape, NULL, 0, 0, "rows and columns of bins"),
    SCALE_FIELD,
    FIELDS_END,
};

#define ROI_OPERATOR(row, onnx_name, inputs, since)                                                \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = row##_fields,                                                                      \
        .attr_bytes = sizeof(struct roi_attr),                                                     \
        .since_opset = since,                                                                      \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .cost = cost_moves,                                                                        \
        .map_axes = roi_axes,                                                                      \
    };
ROI_OPERATOR(roi_align, "RoiAlign", 3, 10)
ROI_OPERATOR(max_roi_pool, "MaxRoiPool", 2, 1)
