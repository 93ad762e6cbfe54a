// LayerNormalization (Ba, Kiros, Hinton 2016): each row, all axes from `axis` on, to mean 0 and
// deviation 1, then scale and bias of the row's shape.
#include <math.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

struct rows {
    int64_t rows, count;
    int axis;
};

static enum status rows_from(struct context *context, const struct op_call *call, struct rows *rows)
{
    const struct layer_normalization_attr *attr = call->attr;
    const struct shape *x = &call->input[0]->shape;

    TRY(axis_from(context, attr->axis, x->rank, &rows->axis));
    rows->rows = shape_product(x, 0, rows->axis);
    rows->count = shape_product(x, rows->axis, x->rank);
    return OK;
}

static enum status layer_normalization_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct rows rows = {0, 0, 0};

    TRY(check_float(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    TRY(rows_from(context, call, &rows));
    for (int i = 1; i < 3; i++)
        if (input_at(call, i) && shape_count(&call->input[i]->shape) != rows.count)
            return context_fail(context, ERR_SHAPE, "input %d has %lld items for rows of %lld", i,
                                (long long)shape_count(&call->input[i]->shape),
                                (long long)rows.count);
    struct shape statistics = x->shape;
    for (int k = rows.axis; k < x->shape.rank; k++)
        statistics.dim[k] = 1;
    enum dtype stash = x->dtype == DT_F64 ? DT_F64 : DT_F32;
    TRY(set_output(context, call, 1, stash, &statistics));
    TRY(set_output(context, call, 2, stash, &statistics));
    return set_output(context, call, 0, x->dtype, &x->shape);
}

#define NAMED(name) name##_f32
#define ITEM float
#include "ops/layer_normalization.inc"
#undef NAMED
#undef ITEM

#define NAMED(name) name##_f64
#define ITEM double
#include "ops/layer_normalization.inc"
#undef NAMED
#undef ITEM

FLOAT_FORWARD_AND_BACKWARD(layer_normalization, layer, rows, rows_from)

// Cutting inside a row would change what remains of it.
static enum status layer_normalization_map_axes(struct context *context, const struct op_call *call,
                                                struct axis_map *map)
{
    struct rows rows = {0, 0, 0};

    TRY(rows_from(context, call, &rows));
    for (int slot = 0; slot < call->output_count; slot++)
        for (int k = 0; k < rows.axis && call->output[slot]; k++)
            axis_link(map, (struct axis_end){AXIS_INPUT, 0, k},
                      (struct axis_end){AXIS_OUTPUT, slot, k}, call->input[0]->shape.dim[k], 0, 1);
    return OK;
}

static const struct field layer_normalization_fields[] = {
    FIELD(struct layer_normalization_attr, axis, "-1", 0, 0, "the first axis of a row"),
    FIELD(struct layer_normalization_attr, epsilon, "1e-05", 0, 0, "added to the variance"),
    FIELD(struct layer_normalization_attr, stash_type, "1", 0, 0, "type of the statistics"),
    FIELDS_END,
};

const struct op op_layer_normalization = {
    .name = "LayerNormalization",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 3,
    .attr = layer_normalization_fields,
    .attr_bytes = sizeof(struct layer_normalization_attr),
    .since_opset = 17,
    .until_opset = 20,
    .weight_inputs = 1u << 1 | 1u << 2,
    .per_channel_inputs = 1u << 1 | 1u << 2,
    .infer = layer_normalization_infer,
    .forward = layer_normalization_forward,
    .backward = layer_normalization_backward,
    .cost = cost_moves,
    .map_axes = layer_normalization_map_axes,
};
