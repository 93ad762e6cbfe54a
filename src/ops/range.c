// Range: start, start + delta, ... up to before limit; three scalars.
#include <math.h>

#include "ops/op_table.h"
#include "ops/shared.h"

static enum status range_infer(struct context *context, const struct op_call *call)
{
    for (int i = 0; i < 3; i++) {
        TRY(check_whole_bytes(context, call, i));
        TRY(check_dtype(context, call, i, call->input[0]->dtype));
        if (shape_count(&call->input[i]->shape) != 1)
            return context_fail(context, ERR_SHAPE, "input %d wants one element", i);
    }
    enum dtype dtype = call->input[0]->dtype;
    if (dtype == DT_BOOL)
        return context_fail(context, ERR_UNSUPPORTED, "no range of %s", dtype_info[dtype].name);
    if (!input_has_data(call, 0) || !input_has_data(call, 1) || !input_has_data(call, 2)) {
        set_output_unknown(call, 0, dtype);
        return OK;
    }
    double start = tensor_get(call->input[0], 0), limit = tensor_get(call->input[1], 0);
    double steps = ceil((limit - start) / tensor_get(call->input[2], 0));
    if (!(fabs(steps) < 0x1p62)) // a delta of 0 too
        return context_fail(context, ERR_NUMERIC, "the range does not end");
    struct shape shape = SHAPE(steps > 0 ? (int64_t)steps : 0);
    return set_output(context, call, 0, dtype, &shape);
}

// No step behind the last element: it could overflow.
#define COUNT_UP(type)                                                                             \
    do {                                                                                           \
        type start = *(const type *)tensor_data(call->input[0]);                                   \
        type delta = *(const type *)tensor_data(call->input[2]);                                   \
        type *out = tensor_write(y);                                                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            out[i] = start;                                                                        \
            if (i + 1 < n)                                                                         \
                start = (type)(start + delta);                                                     \
        }                                                                                          \
    } while (0)

static enum status range_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    int64_t n = tensor_count(y);

    if (dtype_is_half(y->dtype))
        return forward_in_f32(context, call, range_forward);
    FOR_TYPES(y->dtype, COUNT_UP)
    return OK;
}

const struct op op_range = {
    .name = "Range",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .since_opset = 11,
    .infer = range_infer,
    .forward = range_forward,
    .cost = cost_moves,
    .map_axes = axes_none,
};
