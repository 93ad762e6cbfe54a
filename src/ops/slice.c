// Slice as numpy's x[start:end:step]: starts, ends, axes and steps are inputs 1 to 4; negative
// positions count from the end, positions outside are clamped.
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct cut { // per axis of the input
    int64_t start, step, count;
};

static bool lists_have_data(const struct op_call *call)
{
    for (int i = 1; i < call->input_count; i++)
        if (call->input[i] && !call->input[i]->buffer)
            return false;
    return true;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static struct cut cut_of(int64_t dim, int64_t start, int64_t end, int64_t step)
{
    struct cut cut = {0, 1, 0};

    if (dim == 0)
        return cut;
    start += start < 0 ? dim : 0;
    end += end < 0 ? dim : 0;
    if (step > 0) {
        start = clamp(start, 0, dim);
        end = clamp(end, 0, dim);
        cut.count = end > start ? 1 + (end - start - 1) / step : 0;
    } else {
        start = clamp(start, 0, dim - 1);
        end = clamp(end, -1, dim - 1);
        cut.count = start > end ? 1 + (start - end - 1) / -clamp(step, -INT64_MAX, -1) : 0;
    }
    cut.start = cut.count > 0 ? start : 0;
    cut.step = cut.count > 1 ? step : 1; // a huge step moves nowhere; strides stay small
    return cut;
}

static enum status list_of(struct context *context, const struct op_call *call, int slot,
                           int wanted, struct int_list *out)
{
    TRY(ints_from_tensor(context, call->input[slot], out));
    if (out->count != wanted)
        return context_fail(context, ERR_SHAPE, "input %d has %d entries, starts has %d", slot,
                            out->count, wanted);
    return OK;
}

static enum status cuts_of(struct context *context, const struct op_call *call, struct cut *cut)
{
    const struct shape *shape = &call->input[0]->shape;
    struct int_list starts, ends, axes, steps;
    unsigned seen;

    for (int i = 0; i < shape->rank; i++)
        cut[i] = (struct cut){0, 1, shape->dim[i]};
    TRY(ints_from_tensor(context, call->input[1], &starts));
    TRY(list_of(context, call, 2, starts.count, &ends));
    axes.count = steps.count = starts.count;
    for (int i = 0; i < starts.count; i++)
        axes.at[i] = i, steps.at[i] = 1;
    if (input_at(call, 3))
        TRY(list_of(context, call, 3, starts.count, &axes));
    if (input_at(call, 4))
        TRY(list_of(context, call, 4, starts.count, &steps));
    TRY(axes_from_ints(context, &axes, shape->rank, &seen));
    for (int i = 0; i < starts.count; i++) {
        int axis = 0;
        TRY(axis_from(context, axes.at[i], shape->rank, &axis));
        if (steps.at[i] == 0)
            return context_fail(context, ERR_SHAPE, "step of axis %d is 0", axis);
        cut[axis] = cut_of(shape->dim[axis], starts.at[i], ends.at[i], steps.at[i]);
    }
    return OK;
}

static enum status slice_infer(struct context *context, const struct op_call *call)
{
    struct cut cut[SHAPE_MAX_RANK];

    for (int i = 0; i < 3; i++)
        TRY(check_given(context, call, i));
    if (!lists_have_data(call)) {
        set_output_unknown(call, 0, call->input[0]->dtype);
        return OK;
    }
    TRY(cuts_of(context, call, cut));
    struct shape shape = call->input[0]->shape;
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = cut[i].count;
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status slice_walk(struct context *context, const struct op_call *call,
                              struct walk *walk)
{
    struct cut cut[SHAPE_MAX_RANK];
    int64_t stride[SHAPE_MAX_RANK];

    TRY(cuts_of(context, call, cut));
    shape_strides(&call->input[0]->shape, stride);
    *walk = walk_of(&call->output[0]->shape);
    for (int i = 0; i < walk->rank; i++) {
        walk->from[i] = stride[i] * cut[i].step;
        walk->from_at += stride[i] * cut[i].start;
    }
    return OK;
}

static enum status slice_forward(struct context *context, const struct op_call *call)
{
    return walk_forward(context, call, slice_walk);
}

static enum status slice_backward(struct context *context, const struct op_call *call)
{
    return walk_backward(context, call, slice_walk);
}

// Axes that stay whole can be cut through; the others have positions in the inputs.
static enum status slice_axes(struct context *context, const struct op_call *call,
                              struct axis_map *map)
{
    const struct shape *shape = &call->input[0]->shape;
    struct cut cut[SHAPE_MAX_RANK];

    if (!lists_have_data(call))
        return OK;
    TRY(cuts_of(context, call, cut));
    for (int i = 0; i < shape->rank; i++)
        if (cut[i].start == 0 && cut[i].step == 1 && cut[i].count == shape->dim[i])
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, i},
                      (struct axis_end){AXIS_OUTPUT, 0, i}, shape->dim[i], 0, 1);
    return OK;
}

const struct op op_slice = {
    .name = "Slice",
    .min_inputs = 3,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .infer = slice_infer,
    .forward = slice_forward,
    .backward = slice_backward,
    .cost = cost_moves,
    .map_axes = slice_axes,
};
