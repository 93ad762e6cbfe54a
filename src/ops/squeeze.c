// Squeeze and Unsqueeze: axes of one element go or come; axes as input 1.
#include "ops/view.h"

static enum status squeeze_infer(struct context *context, const struct op_call *call)
{
    struct int_list axes;
    unsigned gone = 0;

    TRY(check_given(context, call, 0));
    const struct tensor *x = call->input[0];
    const struct shape *from = &x->shape;
    if (input_at(call, 1) && !input_has_data(call, 1)) {
        set_output_unknown(call, 0, x->dtype);
        return OK;
    }
    if (input_at(call, 1)) {
        TRY(ints_from_tensor(context, call->input[1], &axes));
        TRY(axes_from_ints(context, &axes, from->rank, &gone));
    } else {
        for (int i = 0; i < from->rank; i++)
            gone |= from->dim[i] == 1 ? 1u << i : 0u;
    }
    struct shape shape = {0};
    for (int i = 0; i < from->rank; i++) {
        if (!(gone >> i & 1u))
            shape.dim[shape.rank++] = from->dim[i];
        else if (from->dim[i] != 1)
            return context_fail(context, ERR_SHAPE, "axis %d has %lld elements, wants 1", i,
                                (long long)from->dim[i]);
    }
    return set_output(context, call, 0, x->dtype, &shape);
}

static enum status unsqueeze_infer(struct context *context, const struct op_call *call)
{
    struct int_list axes;
    unsigned fresh;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    const struct tensor *x = call->input[0];
    if (!input_has_data(call, 1)) {
        set_output_unknown(call, 0, x->dtype);
        return OK;
    }
    TRY(ints_from_tensor(context, call->input[1], &axes));
    int rank = x->shape.rank + axes.count;
    if (rank > SHAPE_MAX_RANK)
        return context_fail(context, ERR_SHAPE, "rank %d is not between 0 and %d", rank,
                            (int)SHAPE_MAX_RANK);
    TRY(axes_from_ints(context, &axes, rank, &fresh));
    struct shape shape = {rank, {0}};
    for (int i = 0, k = 0; i < rank; i++)
        shape.dim[i] = fresh >> i & 1u ? 1 : x->shape.dim[k++];
    return set_output(context, call, 0, x->dtype, &shape);
}

VIEW_DESCRIPTOR(squeeze, "Squeeze", 1, 2, NULL, 0)
VIEW_DESCRIPTOR(unsqueeze, "Unsqueeze", 2, 2, NULL, 0)
