// GridSample reads an image at given positions (Jaderberg et al., Spatial Transformer Networks,
// 2015), AffineGrid makes such positions. Positions run from -1 to 1, the last axis first.
// x: (N, C, D1 .. Dk), grid: (N, O1 .. Ok, k), y: (N, C, O1 .. Ok)
#include <math.h>
#include <string.h>

#include "ops/interpolate.h"
#include "ops/op_table.h"
#include "ops/shared.h"

enum { GRID_AXES = 3, AXIS_TAPS = 4, POINT_TAPS = 64 };

struct grid_attr {
    int64_t align_corners;
    const char *mode, *padding_mode;
};

struct sampler {
    enum filter filter;
    bool is_aligned, is_border, is_reflected;
    int axes;
    int64_t dim[GRID_AXES], stride[GRID_AXES];
};

// What a point is made of: elements of a plane and their weights.
struct point {
    int count;
    int64_t at[POINT_TAPS];
    double weight[POINT_TAPS];
};

static enum status grid_sample_infer(struct context *context, const struct op_call *call)
{
    TRY(check_whole_bytes(context, call, 0));
    TRY(check_float(context, call, 1));
    TRY(check_rank(context, call, 0, 3, 2 + GRID_AXES));
    TRY(check_rank(context, call, 1, call->input[0]->shape.rank, call->input[0]->shape.rank));
    const struct shape *x = &call->input[0]->shape, *grid = &call->input[1]->shape;
    if (grid->dim[0] != x->dim[0])
        return context_fail(context, ERR_SHAPE, "%lld grids for %lld images",
                            (long long)grid->dim[0], (long long)x->dim[0]);
    if (grid->dim[grid->rank - 1] != x->rank - 2)
        return context_fail(context, ERR_SHAPE, "positions have %lld numbers, the image %d axes",
                            (long long)grid->dim[grid->rank - 1], (int)x->rank - 2);
    struct shape shape = *x;
    for (int i = 2; i < x->rank; i++)
        shape.dim[i] = grid->dim[i - 1];
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static struct sampler sampler_of(const struct op_call *call)
{
    const struct grid_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;
    struct sampler s = {.filter = strstr(attr->mode, "linear")  ? FILTER_LINEAR
                                  : strstr(attr->mode, "cubic") ? FILTER_CUBIC
                                                                : FILTER_NEAREST,
                        .is_aligned = attr->align_corners != 0,
                        .is_border = strcmp(attr->padding_mode, "border") == 0,
                        .is_reflected = strcmp(attr->padding_mode, "reflection") == 0,
                        .axes = x->rank - 2};

    for (int i = 0; i < s.axes; i++) {
        s.dim[i] = x->dim[2 + i];
        s.stride[i] = shape_product(x, 3 + i, x->rank);
    }
    return s;
}

static double reflected(double at, double low, double high)
{
    double range = high - low, over = at < low ? low - at : at - high;

    if (!(range > 0))
        return low;
    if (over <= 0)
        return at;
    double turns = floor(over / range), rest = over - turns * range;
    bool is_back = fmod(turns, 2) != 0;
    return (at < low) != is_back ? low + rest : high - rest;
}

// The taps along one axis at position `at` of the grid; index -1: outside, and zero.
static int axis_taps(const struct sampler *s, int axis, double at, int64_t *index, double *weight)
{
    double last = (double)(s->dim[axis] - 1), low = s->is_aligned ? 0 : -0.5, high = last - low;
    int count = s->filter == FILTER_NEAREST ? 1 : s->filter == FILTER_LINEAR ? 2 : 4;

    at = s->is_aligned ? (at + 1) / 2 * last : ((at + 1) * (last + 1) - 1) / 2;
    at = isnan(at) ? -1e9 : clamped(at, -1e9, 1e9); // far outside
    if (s->filter == FILTER_NEAREST)
        at = rint(at);
    if (s->is_reflected)
        at = reflected(at, low, high);
    double first = s->filter == FILTER_NEAREST ? rint(at) : floor(at) - (count == 4);
    for (int i = 0; i < count; i++) {
        double k = first + i;
        weight[i] = count == 1 ? 1 : filter_weight(s->filter, k - at, -0.75);
        if (s->is_border)
            k = clamped(k, 0, last);
        else if (s->is_reflected)
            k = clamped(reflected(k, low, high), 0, last);
        index[i] = k < 0 || k > last ? -1 : (int64_t)k;
    }
    return count;
}

// All products of the axes' taps that lie inside. position: the last axis first.
static void point_of(const struct sampler *s, const double *position, struct point *point)
{
    point->count = 1;
    point->at[0] = 0;
    point->weight[0] = 1;
    for (int axis = 0; axis < s->axes; axis++) {
        int64_t index[AXIS_TAPS];
        double weight[AXIS_TAPS];
        struct point before = *point;
        int count = axis_taps(s, axis, position[s->axes - 1 - axis], index, weight);
        point->count = 0;
        for (int p = 0; p < before.count; p++)
            for (int i = 0; i < count; i++) {
                if (index[i] < 0)
                    continue;
                point->at[point->count] = before.at[p] + index[i] * s->stride[axis];
                point->weight[point->count++] = before.weight[p] * weight[i];
            }
    }
}

// Element `to` of the output; a single tap of full weight moves, whatever the type.
#define SAMPLE(type)                                                                               \
    do {                                                                                           \
        const type *plane = (const type *)tensor_data(x) + start;                                  \
        double sum = 0;                                                                            \
        for (int i = 0; i < point->count; i++)                                                     \
            sum += point->weight[i] * (double)plane[point->at[i]];                                 \
        if (is_moved)                                                                              \
            ((type *)tensor_write(y))[to] = point->count ? plane[point->at[0]] : 0;                \
        else                                                                                       \
            tensor_set(y, to, sum);                                                                \
    } while (0)

static void sample(const struct tensor *x, int64_t start, const struct point *point, bool is_moved,
                   struct tensor *y, int64_t to)
{
    FOR_TYPES(x->dtype, SAMPLE)
}

static enum status grid_sample_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0], *grid = call->input[1];
    struct tensor *y = call->output[0];
    struct sampler s = sampler_of(call);
    struct point point;
    double position[GRID_AXES];

    if (dtype_is_half(x->dtype))
        return forward_in_f32(context, call, grid_sample_forward);
    if (tensor_count(y) == 0)
        return OK;
    int64_t channels = x->shape.dim[1], plane = shape_product(&x->shape, 2, x->shape.rank);
    int64_t points = shape_product(&y->shape, 2, y->shape.rank);
    if (plane == 0)
        return context_fail(context, ERR_SHAPE, "the image is empty");
    for (int64_t i = 0; i < x->shape.dim[0] * points; i++) {
        for (int k = 0; k < s.axes; k++)
            position[k] = tensor_get(grid, i * s.axes + k);
        point_of(&s, position, &point);
        for (int64_t c = 0; c < channels; c++) {
            int64_t image = i / points * channels + c;
            sample(x, image * plane, &point, s.filter == FILTER_NEAREST, y,
                   image * points + i % points);
        }
    }
    return OK;
}

static enum status grid_sample_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    const struct shape *grid = &call->input[1]->shape;

    (void)context;
    for (int i = 0; i < 2; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, i}, (struct axis_end){AXIS_OUTPUT, 0, i},
                  call->input[0]->shape.dim[i], 0, 1);
    for (int i = 0; i < grid->rank - 1; i++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 1, i},
                  (struct axis_end){AXIS_OUTPUT, 0, i ? i + 1 : 0}, grid->dim[i], 0, 1);
    return OK;
}

#define ALIGN_FIELD                                                                                \
    FIELD(struct grid_attr, align_corners, "0", 0, 1, "-1 and 1 are pixels' centres, not corners")

static const struct field grid_sample_fields[] = {
    ALIGN_FIELD,
    FIELD_CHOICE(struct grid_attr, mode, "linear", "linear|nearest|cubic|bilinear|bicubic",
                 "the filter; until opset 19 bilinear and bicubic"),
    FIELD_CHOICE(struct grid_attr, padding_mode, "zeros", "zeros|border|reflection",
                 "what is outside of the image"),
    FIELDS_END,
};

const struct op op_grid_sample = {
    .name = "GridSample",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = grid_sample_fields,
    .attr_bytes = sizeof(struct grid_attr),
    .since_opset = 16,
    .infer = grid_sample_infer,
    .forward = grid_sample_forward,
    .cost = cost_moves,
    .map_axes = grid_sample_axes,
};

// ---- AffineGrid --------------------------------------------------------------------------------
// theta: (N, k, k + 1), size: N, C, D1 .. Dk, grid: (N, D1 .. Dk, k)

static enum status affine_grid_infer(struct context *context, const struct op_call *call)
{
    struct shape grid = {0};
    struct int_list size;

    TRY(check_float(context, call, 0));
    TRY(check_dtype(context, call, 1, DT_I64));
    TRY(check_rank(context, call, 0, 3, 3));
    const int64_t *theta = call->input[0]->shape.dim;
    if (theta[1] < 2 || theta[1] > GRID_AXES || theta[2] != theta[1] + 1)
        return context_fail(context, ERR_SHAPE, "theta is %lld x %lld, wants 2 x 3 or 3 x 4",
                            (long long)theta[1], (long long)theta[2]);
    set_output_unknown(call, 0, call->input[0]->dtype);
    if (!input_has_data(call, 1))
        return OK;
    TRY(ints_from_tensor(context, call->input[1], &size));
    if (size.count != theta[1] + 2 || size.at[0] != theta[0])
        return context_fail(context, ERR_SHAPE, "size has %d entries for %lld axes", size.count,
                            (long long)theta[1]);
    grid.dim[grid.rank++] = theta[0];
    for (int i = 2; i < size.count; i++) {
        if (size.at[i] < 0)
            return context_fail(context, ERR_SHAPE, "axis %d shall have %lld items", i,
                                (long long)size.at[i]);
        grid.dim[grid.rank++] = size.at[i];
    }
    grid.dim[grid.rank++] = theta[1];
    return set_output(context, call, 0, call->input[0]->dtype, &grid);
}

// Position of item i of n, from -1 to 1.
static double position_of(const struct op_call *call, int64_t i, int64_t n)
{
    if (!((const struct grid_attr *)call->attr)->align_corners)
        return (2 * (double)i + 1) / (double)n - 1;
    return n > 1 ? 2 * (double)i / (double)(n - 1) - 1 : -1;
}

static enum status affine_grid_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *theta = call->input[0];
    struct tensor *y = call->output[0];
    int axes = (int)theta->shape.dim[1];

    if (dtype_is_half(y->dtype))
        return forward_in_f32(context, call, affine_grid_forward);
    for (int64_t i = 0, count = tensor_count(y) / axes; i < count; i++) {
        double base[GRID_AXES];
        int64_t rest = i;
        for (int k = 0; k < axes; k++) { // the last axis first
            int64_t dim = y->shape.dim[axes - k];
            base[k] = position_of(call, rest % dim, dim);
            rest /= dim;
        }
        for (int row = 0; row < axes; row++) {
            int64_t at = (rest * axes + row) * (axes + 1);
            double sum = tensor_get(theta, at + axes);
            for (int k = 0; k < axes; k++)
                sum += tensor_get(theta, at + k) * base[k];
            tensor_set(y, i * axes + row, sum);
        }
    }
    return OK;
}

static enum status affine_grid_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    (void)context;
    axis_link(map, (struct axis_end){AXIS_INPUT, 0, 0}, (struct axis_end){AXIS_OUTPUT, 0, 0},
              call->input[0]->shape.dim[0], 0, 1);
    return OK;
}

static const struct field affine_grid_fields[] = {ALIGN_FIELD, FIELDS_END};

const struct op op_affine_grid = {
    .name = "AffineGrid",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = affine_grid_fields,
    .attr_bytes = sizeof(struct grid_attr),
    .since_opset = 20,
    .infer = affine_grid_infer,
    .forward = affine_grid_forward,
    .cost = cost_moves,
    .map_axes = affine_grid_axes,
};
