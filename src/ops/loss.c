// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: what the probability of the right class
// costs, -weight[class] * log p[class].
// input: (N, C, ...) log p or scores, target: (N, ...) classes, weight: (C)
#include <string.h>

#include "ops/attr.h"
#include "ops/lanes.h"
#include "ops/op_table.h"
#include "ops/softmax.h"

static bool is_reduced(const struct op_call *call)
{
    return strcmp(((const struct loss_attr *)call->attr)->reduction, "none") != 0;
}

static enum status check_weights(struct context *context, const struct op_call *call)
{
    struct shape classes = SHAPE(call->input[0]->shape.dim[1]);

    if (!input_at(call, 2))
        return OK;
    TRY(check_dtype(context, call, 2, call->input[0]->dtype));
    if (!shape_equal(&call->input[2]->shape, &classes))
        return context_fail(context, ERR_SHAPE, "input 2 wants a weight for each of %lld classes",
                            (long long)classes.dim[0]);
    return OK;
}

static enum status loss_infer(struct context *context, const struct op_call *call)
{
    const struct tensor *x = call->input[0];

    TRY(check_float(context, call, 0));
    TRY(check_integer(context, call, 1));
    TRY(check_rank(context, call, 0, 2, SHAPE_MAX_RANK));
    TRY(check_weights(context, call));
    struct shape target = x->shape, scalar = SHAPE_SCALAR;
    target.rank = 1;
    for (int k = 2; k < x->shape.rank; k++)
        target.dim[target.rank++] = x->shape.dim[k];
    if (!shape_equal(&call->input[1]->shape, &target))
        return context_fail(context, ERR_SHAPE, "input 1 wants a class for each item of input 0");
    TRY(set_output(context, call, 1, x->dtype, &x->shape));
    return set_output(context, call, 0, x->dtype, is_reduced(call) ? &scalar : &target);
}

// The class of item i, or -1 if it is ignored.
static enum status class_of(struct context *context, const struct op_call *call, int64_t i,
                            int64_t *class)
{
    int64_t classes = call->input[0]->shape.dim[1];

    *class = tensor_get_int(call->input[1], i);
    if (*class == ((const struct loss_attr *)call->attr)->ignore_index)
        *class = -1;
    else if (*class < 0 || *class >= classes)
        return context_fail(context, ERR_NUMERIC, "class %lld is outside %lld classes",
                            (long long)*class, (long long)classes);
    return OK;
}

// log_p: of input 0's type and shape.
static enum status sum_losses(struct context *context, const struct op_call *call,
                              const struct tensor *log_p)
{
    const struct tensor *weight = input_at(call, 2);
    const struct shape *x = &log_p->shape;
    int64_t classes = x->dim[1], inner = shape_product(x, 2, x->rank), class = 0;
    double total = 0, weights = 0;

    for (int64_t i = 0, n = tensor_count(call->input[1]); i < n; i++) {
        TRY(class_of(context, call, i, &class));
        double factor = class < 0 ? 0 : weight ? tensor_get(weight, class) : 1, loss = 0;
        if (class >= 0)
            loss = -factor * tensor_get(log_p, (i / inner * classes + class) * inner + i % inner);
        total += loss;
        weights += factor;
        if (!is_reduced(call))
            tensor_set(call->output[0], i, loss);
    }
    if (strcmp(((const struct loss_attr *)call->attr)->reduction, "mean") == 0)
        total /= weights;
    if (is_reduced(call))
        tensor_set(call->output[0], 0, total);
    return OK;
}

static enum status negative_log_likelihood_forward(struct context *context,
                                                   const struct op_call *call)
{
    return sum_losses(context, call, call->input[0]);
}

static enum status softmax_cross_entropy_forward(struct context *context,
                                                 const struct op_call *call)
{
    const struct tensor *x = call->input[0];
    struct tensor log_p = {0};
    enum status status;
    struct lanes lanes;

    if (dtype_is_half(x->dtype))
        return forward_in_f32(context, call, softmax_cross_entropy_forward);
    TRY(lanes_along(context, &x->shape, 1, &lanes));
    TRY(tensor_alloc(context, &log_p, x->dtype, &x->shape));
    softmax_lanes(&lanes, x->dtype, true, tensor_data(x), tensor_write(&log_p));
    status = sum_losses(context, call, &log_p);
    if (output_at(call, 1) && tensor_count(x) > 0)
        memcpy(tensor_write(call->output[1]), tensor_data(&log_p), tensor_bytes(&log_p));
    tensor_release(&log_p);
    return status;
}

// A loss that is not reduced keeps all axes but that of the classes.
static enum status loss_map_axes(struct context *context, const struct op_call *call,
                                 struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;

    (void)context;
    for (int k = 0; k < x->rank; k++) {
        const struct axis_end in = {AXIS_INPUT, 0, k}, target = {AXIS_INPUT, 1, k > 0 ? k - 1 : 0};
        if (k == 1 || is_reduced(call))
            continue;
        axis_link(map, in, target, x->dim[k], 0, 1);
        axis_link(map, in, (struct axis_end){AXIS_OUTPUT, 0, target.axis}, x->dim[k], 0, 1);
        if (output_at(call, 1))
            axis_link(map, in, (struct axis_end){AXIS_OUTPUT, 1, k}, x->dim[k], 0, 1);
    }
    return OK;
}

static const struct field loss_fields[] = {
    FIELD(struct loss_attr, ignore_index, "-9223372036854775808", 0, 0, "a class that costs 0"),
    FIELD_CHOICE(struct loss_attr, reduction, "mean", "none|sum|mean", "of the items' losses"),
    FIELDS_END,
};

#define DESCRIPTOR(row, onnx_name, outputs)                                                        \
    const struct op op_##row##_loss = {                                                            \
        .name = onnx_name,                                                                         \
        .min_inputs = 2,                                                                           \
        .max_inputs = 3,                                                                           \
        .min_outputs = 1,                                                                          \
        .max_outputs = outputs,                                                                    \
        .attr = loss_fields,                                                                       \
        .attr_bytes = sizeof(struct loss_attr),                                                    \
        .since_opset = 12,                                                                         \
        .infer = loss_infer,                                                                       \
        .forward = row##_forward,                                                                  \
        .cost = cost_moves,                                                                        \
        .map_axes = loss_map_axes,                                                                 \
    }
DESCRIPTOR(negative_log_likelihood, "NegativeLogLikelihoodLoss", 1);
DESCRIPTOR(softmax_cross_entropy, "SoftmaxCrossEntropyLoss", 2);
