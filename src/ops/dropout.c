// Dropout (Srivastava et al. 2014): in training, zeroes a share of the items and scales the rest up
// by 1 / (1 - ratio). Otherwise nothing changes: only the call's `training` turns it on, and a file
// that asks for it where nobody trains is refused.
#include <string.h>

#include "base/random.h"
#include "ir/graph.h"
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

static enum status dropout_infer(struct context *context, const struct op_call *call)
{
    const struct shape *x = &call->input[0]->shape;

    TRY(check_float(context, call, 0));
    if (input_at(call, 1))
        TRY(check_float(context, call, 1));
    TRY(set_output(context, call, 1, DT_BOOL, x));
    return set_output(context, call, 0, call->input[0]->dtype, x);
}

static bool is_true(const struct tensor *mode)
{
    return mode && tensor_count(mode) == 1 && tensor_get(mode, 0) != 0;
}

// Whether the file itself asks for training.
static bool is_on(const struct op_call *call)
{
    return is_true(input_at(call, 2));
}

bool dropout_may_drop(const struct graph *graph, const struct node *node)
{
    const struct value *mode = graph_weight(graph, node, 2);

    return node->input_count > 2 && value_exists(node->input[2]) &&
           (!mode || is_true(&mode->tensor));
}

// The share to drop: 0 outside training.
static enum status dropped_share(struct context *context, const struct op_call *call, double *share)
{
    const struct tensor *ratio = input_at(call, 1);

    *share = 0;
    if (!call->training && !is_on(call))
        return OK;
    if (ratio && tensor_count(ratio) != 1)
        return context_fail(context, ERR_SHAPE, "ratio has %lld items, wants one",
                            (long long)tensor_count(ratio));
    *share = ratio ? tensor_get(ratio, 0) : 0.5;
    if (!(*share >= 0 && *share < 1))
        return context_fail(context, ERR_NUMERIC, "ratio is %g, wants 0 to below 1", *share);
    if (!call->training && *share > 0)
        return context_fail(context, ERR_UNSUPPORTED,
                            "'training_mode' is on in the file: what it drops is random");
    return OK;
}

static struct random stream_of(const struct op_call *call)
{
    const struct dropout_attr *attr = call->attr;

    return random_stream(call->seed, (uint64_t)attr->seed, 0);
}

#define SCALE(type)                                                                                \
    do {                                                                                           \
        const type *x = tensor_data(from);                                                         \
        type *y = tensor_write(to), factor = (type)(1 / (1 - share));                              \
        for (int64_t i = 0; i < tensor_count(from); i++)                                           \
            y[i] += random_unit(&random) < share ? 0 : x[i] * factor;                              \
    } while (0)

// to += from, dropped and scaled: forward into zeros, backward into a gradient, by the same stream.
static void add_scaled(const struct op_call *call, const struct tensor *from, struct tensor *to,
                       double share)
{
    struct random random = stream_of(call);

    FOR_FLOAT_TYPES(from->dtype, SCALE)
}

static enum status dropout_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0], *mask = output_at(call, 1);
    struct random random = stream_of(call);
    double share = 0;

    if (call->training && dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, dropout_forward);
    TRY(dropped_share(context, call, &share));
    uint8_t *keeps = mask ? tensor_write(mask) : NULL;
    for (int64_t i = 0; keeps && i < tensor_count(mask); i++)
        keeps[i] = share == 0 || random_unit(&random) >= share;
    if (share == 0) {
        memcpy(tensor_write(y), tensor_data(call->input[0]), tensor_bytes(y));
        return OK;
    }
    memset(tensor_write(y), 0, tensor_bytes(y));
    add_scaled(call, call->input[0], y, share);
    return OK;
}

static enum status dropout_backward(struct context *context, const struct op_call *call)
{
    double share = 0;

    TRY(check_trainable(context, call));
    TRY(dropped_share(context, call, &share));
    if (input_grad_at(call, 0) && output_grad_at(call, 0))
        add_scaled(call, call->output_grad[0], call->input_grad[0], share);
    return OK;
}

static enum status dropout_map_axes(struct context *context, const struct op_call *call,
                                    struct axis_map *map)
{
    const struct shape *x = &call->input[0]->shape;

    TRY(axes_keep(context, call, map));
    for (int k = 0; k < x->rank && output_at(call, 1); k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, k}, (struct axis_end){AXIS_OUTPUT, 1, k},
                  x->dim[k], 0, 1);
    return OK;
}

static const struct field dropout_fields[] = {
    FIELD(struct dropout_attr, seed, "0", 0, 0, "joins the seed of the run"),
    FIELDS_END,
};

const struct op op_dropout = {
    .name = "Dropout",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .attr = dropout_fields,
    .attr_bytes = sizeof(struct dropout_attr),
    .traits = OP_RANDOM,
    .infer = dropout_infer,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .cost = cost_in_place,
    .map_axes = dropout_map_axes,
};
