// Reshape (shape as input 1; 0 copies a dimension, -1 takes what is left) and Flatten.
#include "base/checked.h"
#include "ops/attr.h"
#include "ops/view.h"

static const struct field reshape_fields[] = {
    FIELD(struct reshape_attr, allowzero, "0", 0, 1, "a 0 in the shape means 0"),
    FIELDS_END,
};
static const struct field flatten_fields[] = {
    FIELD(struct axis_attr, axis, "1", 0, 0, "first axis of the second dimension"),
    FIELDS_END,
};

// Fills in zeros; *free_axis is where -1 stands, or -1; *known the product of all others.
static enum status fill_dims(struct context *context, const struct op_call *call,
                             struct int_list *dims, int *free_axis, int64_t *known)
{
    const struct shape *from = &call->input[0]->shape;
    bool keeps_zero = ((const struct reshape_attr *)call->attr)->allowzero != 0;

    *free_axis = -1;
    *known = 1;
    for (int i = 0; i < dims->count; i++) {
        int64_t *dim = &dims->at[i];
        if (*dim == 0 && !keeps_zero) {
            if (i >= from->rank)
                return context_fail(context, ERR_SHAPE,
                                    "shape copies dimension %d of an input of rank %d", i,
                                    (int)from->rank);
            *dim = from->dim[i];
        }
        if (*dim == -1 && *free_axis >= 0)
            return context_fail(context, ERR_SHAPE, "shape has more than one -1");
        if (*dim < -1)
            return context_fail(context, ERR_SHAPE, "shape has a dimension of %lld",
                                (long long)*dim);
        if (*dim == -1)
            *free_axis = i;
        else if (!checked_mul(*known, *dim, known))
            return context_fail(context, ERR_SHAPE, "shape is too large");
    }
    return OK;
}

static enum status reshape_infer(struct context *context, const struct op_call *call)
{
    struct int_list dims;
    struct shape shape;
    int free_axis;
    int64_t known;

    for (int i = 0; i < 2; i++)
        TRY(check_given(context, call, i));
    if (!input_has_data(call, 1)) {
        set_output_unknown(call, 0, call->input[0]->dtype);
        return OK;
    }
    TRY(ints_from_tensor(context, call->input[1], &dims));
    TRY(fill_dims(context, call, &dims, &free_axis, &known));
    int64_t count = tensor_count(call->input[0]);
    if (free_axis >= 0 && known != 0 && count % known == 0) {
        dims.at[free_axis] = count / known;
        known = count;
    }
    TRY(shape_set(context, &shape, dims.count, dims.at));
    if (!shape_is_static(&shape) || known != count)
        return context_fail(context, ERR_SHAPE, "%lld elements do not fit the shape",
                            (long long)count);
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

static enum status flatten_infer(struct context *context, const struct op_call *call)
{
    int64_t axis = ((const struct axis_attr *)call->attr)->axis;

    TRY(check_given(context, call, 0));
    const struct shape *from = &call->input[0]->shape;
    if (axis < -from->rank || axis > from->rank)
        return context_fail(context, ERR_SHAPE, "axis %lld is outside a tensor of rank %d",
                            (long long)axis, (int)from->rank);
    int at = (int)(axis < 0 ? axis + from->rank : axis);
    struct shape shape = SHAPE(shape_product(from, 0, at), shape_product(from, at, from->rank));
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

VIEW_DESCRIPTOR(flatten, "Flatten", 1, 1, flatten_fields, sizeof(struct axis_attr))
VIEW_DESCRIPTOR(reshape, "Reshape", 2, 2, reshape_fields, sizeof(struct reshape_attr))
