// Lanes of a tensor; see lanes.h.
#include "ops/lanes.h"

enum status lanes_along(struct context *context, const struct shape *x, int64_t axis,
                        struct lanes *lanes)
{
    int at = 0;

    TRY(axis_from(context, axis, x->rank, &at));
    *lanes = (struct lanes){shape_product(x, 0, at), x->dim[at], shape_product(x, at + 1, x->rank)};
    return OK;
}

void axes_beside(const struct op_call *call, int axis, struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;
    int missing = x->rank - call->output[0]->shape.rank;

    for (int k = 0; k < x->rank; k++)
        if (k != axis)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, 0, k < axis ? k : k - missing}, x->dim[k], 0,
                      1);
}
