// What MaxPool, AveragePool and LpPool share; see pool.h.
#include "ops/pool.h"

enum status pool_window(struct context *context, const struct op_call *call, struct window *window)
{
    const struct pool_attr *attr = call->attr;
    struct window_attr from = {attr->auto_pad,  attr->kernel_shape, attr->strides,
                               attr->dilations, attr->pads,         attr->ceil_mode != 0};

    TRY(window_from(context, &call->input[0]->shape, &from, window));
    for (int k = 0; k < WINDOW_AXES; k++) {
        int64_t span = (window->kernel[k] - 1) * window->dilation[k] + 1;
        if (window->pad_begin[k] >= span || window->pad_end[k] >= span)
            return context_fail(
                context, ERR_SHAPE, "padding of %lld leaves windows of %lld without any input",
                (long long)(window->pad_begin[k] > window->pad_end[k] ? window->pad_begin[k]
                                                                      : window->pad_end[k]),
                (long long)span);
    }
    return OK;
}

enum status pool_output(struct context *context, const struct op_call *call, struct shape *out)
{
    const struct shape *x = &call->input[0]->shape;
    struct window window;

    TRY(pool_window(context, call, &window));
    return window_output(context, &window, x->dim[0], x->dim[1], x->rank, out);
}

double pool_taps_count(struct pool_taps taps)
{
    double count = 1;

    for (int k = 0; k < WINDOW_AXES; k++)
        count *=
            taps.axis[k].to > taps.axis[k].from ? (double)(taps.axis[k].to - taps.axis[k].from) : 0;
    return count;
}

enum status axes_batch_and_channels(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    (void)context;
    for (int slot = 0; slot < call->output_count; slot++)
        for (int k = 0; k < 2 && call->output[slot]; k++)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, slot, k}, call->input[0]->shape.dim[k], 0, 1);
    return OK;
}
