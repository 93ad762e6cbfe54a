// LSTM (Hochreiter and Schmidhuber 1997), GRU (Cho et al. 2014) and RNN (Elman 1990), forward and
// backward through time; see recurrent.h for shapes.
#include "ops/recurrent.h"

#include <math.h>
#include <string.h>

#include "ops/op_table.h"
#include "ops/plain_gemm.h"
#include "ops/shared.h"
#include "ops/unary.h"

static const struct {
    int64_t gates;
    int functions;
    const char *preset[RECURRENT_FUNCTIONS]; // functions of each direction
} cells[] = {
    [CELL_RNN] = {1, 1, {"Tanh"}},
    [CELL_GRU] = {3, 2, {"Sigmoid", "Tanh"}},
    [CELL_LSTM] = {4, 3, {"Sigmoid", "Tanh", "Tanh"}},
};

// ---- checks ------------------------------------------------------------------------------------

// The next parameter of a list if the function takes one and the list still has one.
static void take_parameter(const struct floats *list, int64_t *taken, double *parameter)
{
    if (!isnan(*parameter) && *taken < list->count)
        *parameter = list->at[(*taken)++];
}

static enum status read_functions(struct context *context, const struct recurrent_attr *attr,
                                  struct recurrent *r)
{
    int per_direction = cells[r->kind].functions;
    int64_t alphas = 0, betas = 0, count = per_direction * r->directions;

    if (attr->activations.count != 0 && attr->activations.count != count)
        return context_fail(context, ERR_SHAPE, "'activations' has %lld items, wants %lld",
                            (long long)attr->activations.count, (long long)count);
    for (int i = 0; i < count; i++) {
        struct recurrent_function *f = &r->function[i / per_direction][i % per_direction];
        const char *name = attr->activations.count ? attr->activations.at[i]
                                                   : cells[r->kind].preset[i % per_direction];
        if (!recurrent_function_find(name, f))
            return context_fail(context, ERR_UNSUPPORTED, "activation '%s' is not known", name);
        take_parameter(&attr->activation_alpha, &alphas, &f->alpha);
        take_parameter(&attr->activation_beta, &betas, &f->beta);
    }
    return OK;
}

static enum status check_shape(struct context *context, const struct op_call *call, int i,
                               struct shape wanted)
{
    if (!input_at(call, i) || shape_equal(&call->input[i]->shape, &wanted))
        return OK;
    struct text got, wants;
    text_init(&got);
    text_init(&wants);
    shape_print(&call->input[i]->shape, &got);
    shape_print(&wanted, &wants);
    enum status status =
        context_fail(context, ERR_SHAPE, "input %d has shape %s, wants %s", i, got.at, wants.at);
    text_clear(&got);
    text_clear(&wants);
    return status;
}

static enum status check_lengths(struct context *context, const struct op_call *call,
                                 const struct recurrent *r)
{
    if (!input_at(call, IN_LENGTHS))
        return OK;
    TRY(check_integer(context, call, IN_LENGTHS));
    TRY(check_shape(context, call, IN_LENGTHS, SHAPE(r->batch)));
    for (int64_t n = 0; input_has_data(call, IN_LENGTHS) && n < r->batch; n++) {
        int64_t length = tensor_get_int(call->input[IN_LENGTHS], n);
        if (length < 0 || length > r->steps)
            return context_fail(context, ERR_NUMERIC, "sample %lld has length %lld of %lld steps",
                                (long long)n, (long long)length, (long long)r->steps);
    }
    return OK;
}

static enum status check_shapes(struct context *context, const struct op_call *call,
                                const struct recurrent *r, bool is_batch_first)
{
    struct shape state = is_batch_first ? SHAPE(r->batch, r->directions, r->hidden)
                                        : SHAPE(r->directions, r->batch, r->hidden);

    TRY(check_shape(context, call, IN_W, SHAPE(r->directions, r->width, r->inputs)));
    TRY(check_shape(context, call, IN_R, SHAPE(r->directions, r->width, r->hidden)));
    TRY(check_shape(context, call, IN_BIAS, SHAPE(r->directions, 2 * r->width)));
    TRY(check_shape(context, call, IN_HIDDEN, state));
    TRY(check_shape(context, call, IN_CELL, state));
    TRY(check_shape(context, call, IN_PEEPHOLE, SHAPE(r->directions, 3 * r->hidden)));
    return check_lengths(context, call, r);
}

static void set_distances(struct recurrent *r, bool is_batch_first)
{
    int64_t all = r->directions * r->hidden;

    r->x_step = is_batch_first ? r->inputs : r->batch * r->inputs;
    r->x_sample = is_batch_first ? r->steps * r->inputs : r->inputs;
    r->y_step = is_batch_first ? all : r->batch * all;
    r->y_sample = is_batch_first ? r->steps * all : r->hidden;
    r->y_direction = r->state_direction = is_batch_first ? r->hidden : r->batch * r->hidden;
    r->state_sample = is_batch_first ? all : r->hidden;
}

enum status recurrent_from(struct context *context, const struct op_call *call,
                           enum recurrent_kind kind, struct recurrent *out)
{
    const struct recurrent_attr *attr = call->attr;
    bool is_batch_first = attr->layout != 0;

    TRY(check_rank(context, call, IN_X, 3, 3));
    TRY(check_rank(context, call, IN_R, 3, 3));
    const int64_t *x = call->input[IN_X]->shape.dim;
    struct recurrent r = {.kind = kind,
                          .steps = x[is_batch_first],
                          .batch = x[!is_batch_first],
                          .inputs = x[2],
                          .hidden = call->input[IN_R]->shape.dim[2],
                          .directions = strcmp(attr->direction, "bidirectional") == 0 ? 2 : 1,
                          .clip = attr->clip,
                          .couples_forget = attr->input_forget != 0,
                          .resets_after = attr->linear_before_reset != 0};
    r.is_reverse[0] = strcmp(attr->direction, "reverse") == 0;
    r.is_reverse[1] = true;
    if (attr->hidden_size != 0 && attr->hidden_size != r.hidden)
        return context_fail(context, ERR_SHAPE, "'hidden_size' is %lld, input 2 has %lld",
                            (long long)attr->hidden_size, (long long)r.hidden);
    if (r.hidden > INT32_MAX) // so that products with the gates' count stay small
        return context_fail(context, ERR_SHAPE, "%lld hidden units", (long long)r.hidden);
    r.width = cells[kind].gates * r.hidden;
    TRY(check_shapes(context, call, &r, is_batch_first));
    TRY(read_functions(context, attr, &r));
    set_distances(&r, is_batch_first);
    *out = r;
    return OK;
}

int64_t recurrent_length(const struct op_call *call, const struct recurrent *r, int64_t n)
{
    return input_at(call, IN_LENGTHS) ? tensor_get_int(call->input[IN_LENGTHS], n) : r->steps;
}

// ---- shapes, sizes, costs ----------------------------------------------------------------------

static enum status infer(struct context *context, const struct op_call *call,
                         enum recurrent_kind kind)
{
    const struct recurrent_attr *attr = call->attr;
    enum dtype dtype = call->input[IN_X]->dtype;
    struct recurrent r;

    TRY(check_float(context, call, IN_X));
    for (int i = 1; i < call->input_count; i++)
        if (i != IN_LENGTHS && input_at(call, i))
            TRY(check_dtype(context, call, i, dtype));
    TRY(recurrent_from(context, call, kind, &r));
    int64_t t = r.steps, n = r.batch, d = r.directions, h = r.hidden;
    struct shape y = attr->layout ? SHAPE(n, t, d, h) : SHAPE(t, d, n, h);
    struct shape state = attr->layout ? SHAPE(n, d, h) : SHAPE(d, n, h);
    TRY(set_output(context, call, OUT_Y, dtype, &y));
    TRY(set_output(context, call, OUT_HIDDEN, dtype, &state));
    return set_output(context, call, OUT_CELL, dtype, &state);
}

// Of struct track: see recurrent.inc.
static size_t scratch(const struct op_call *call, enum recurrent_kind kind)
{
    struct context silent;
    struct recurrent r;

    context_init(&silent);
    if (recurrent_from(&silent, call, kind, &r) != OK)
        return 0;
    size_t rows = (size_t)r.inputs + (size_t)r.hidden + 3 * (size_t)r.steps + 2;
    size_t gates = scratch_product(rows, (size_t)r.width);
    size_t states = scratch_product(3 * ((size_t)r.steps + 2), (size_t)r.hidden);
    size_t items = gates > SIZE_MAX - states ? SIZE_MAX : gates + states;
    return scratch_product(compute_bytes(call->input[IN_X]->dtype), items);
}

static void recurrent_cost(const struct op_call *call, struct op_cost *cost)
{
    const struct shape *x = &call->input[IN_X]->shape;
    double weights =
        (double)tensor_count(call->input[IN_W]) + (double)tensor_count(call->input[IN_R]);

    *cost = (struct op_cost){(double)x->dim[0] * (double)x->dim[1] * weights, IN_W, false};
}

// ---- axes --------------------------------------------------------------------------------------

static void link_if(const struct op_call *call, struct axis_map *map, struct axis_end a,
                    struct axis_end b, int64_t count, int64_t offset)
{
    bool is_there =
        b.side == AXIS_INPUT ? input_at(call, b.slot) != NULL : output_at(call, b.slot) != NULL;

    if (is_there)
        axis_link(map, a, b, count, offset, 1);
}

// Samples run alone; a hidden unit has a row in each gate of w, r and the biases.
static enum status map_axes(struct context *context, const struct op_call *call,
                            struct axis_map *map, enum recurrent_kind kind)
{
    const struct recurrent_attr *attr = call->attr;
    int batch = attr->layout ? 0 : 1;
    const struct axis_end sample = {AXIS_INPUT, IN_X, batch}, unit = {AXIS_INPUT, IN_R, 2};
    struct recurrent r;

    TRY(recurrent_from(context, call, kind, &r));
    axis_link(map, (struct axis_end){AXIS_INPUT, IN_X, 2}, (struct axis_end){AXIS_INPUT, IN_W, 2},
              r.inputs, 0, 1);
    link_if(call, map, sample, (struct axis_end){AXIS_INPUT, IN_LENGTHS, 0}, r.batch, 0);
    link_if(call, map, sample, (struct axis_end){AXIS_OUTPUT, OUT_Y, attr->layout ? 0 : 2}, r.batch,
            0);
    link_if(call, map, unit, (struct axis_end){AXIS_OUTPUT, OUT_Y, 3}, r.hidden, 0);
    for (int i = 0; i < 2; i++) {
        const struct axis_end to[2] = {{AXIS_INPUT, IN_HIDDEN + i, batch},
                                       {AXIS_OUTPUT, OUT_HIDDEN + i, batch}};
        for (int side = 0; side < 2; side++) {
            link_if(call, map, sample, to[side], r.batch, 0);
            link_if(call, map, unit, (struct axis_end){to[side].side, to[side].slot, 2}, r.hidden,
                    0);
        }
    }
    for (int64_t at = 0; at < 2 * r.width; at += r.hidden) {
        for (int i = IN_W; at < r.width && i <= IN_R; i++)
            axis_link(map, unit, (struct axis_end){AXIS_INPUT, i, 1}, r.hidden, at, 1);
        link_if(call, map, unit, (struct axis_end){AXIS_INPUT, IN_BIAS, 1}, r.hidden, at);
        if (at < 3 * r.hidden)
            link_if(call, map, unit, (struct axis_end){AXIS_INPUT, IN_PEEPHOLE, 1}, r.hidden, at);
        if (r.hidden == 0)
            break;
    }
    return OK;
}

// ---- the three operators -----------------------------------------------------------------------

#define BODY "ops/recurrent.inc"
#include "ops/both_floats.inc"

#define RECURRENT_CALLS(op, kind)                                                                  \
    static enum status op##_infer(struct context *context, const struct op_call *call)             \
    {                                                                                              \
        return infer(context, call, kind);                                                         \
    }                                                                                              \
    static enum status op##_from(struct context *context, const struct op_call *call,              \
                                 struct recurrent *r)                                              \
    {                                                                                              \
        return recurrent_from(context, call, kind, r);                                             \
    }                                                                                              \
    static size_t op##_scratch_bytes(const struct op_call *call)                                   \
    {                                                                                              \
        return scratch(call, kind);                                                                \
    }                                                                                              \
    static enum status op##_map_axes(struct context *context, const struct op_call *call,          \
                                     struct axis_map *map)                                         \
    {                                                                                              \
        return map_axes(context, call, map, kind);                                                 \
    }                                                                                              \
    FLOAT_FORWARD_AND_BACKWARD(op, recurrent, recurrent, op##_from)

RECURRENT_CALLS(gru, CELL_GRU)
RECURRENT_CALLS(lstm, CELL_LSTM)
RECURRENT_CALLS(rnn, CELL_RNN)

#define RECURRENT_FIELDS                                                                           \
    FIELD(struct recurrent_attr, activation_alpha, NULL, 0, 0,                                     \
          "first parameters of the activations that take one"),                                    \
        FIELD(struct recurrent_attr, activation_beta, NULL, 0, 0,                                  \
              "second parameters of the activations that take one"),                               \
        FIELD(struct recurrent_attr, activations, NULL, 0, 0,                                      \
              "activation functions of each direction"),                                           \
        FIELD(struct recurrent_attr, clip, "0", 0, 0, "bound of what the activations see"),        \
        FIELD_CHOICE(struct recurrent_attr, direction, "forward", "forward|reverse|bidirectional", \
                     "which way the steps are taken"),                                             \
        FIELD(struct recurrent_attr, hidden_size, "0", 0, 0, "hidden units"),                      \
        FIELD(struct recurrent_attr, layout, "0", 0, 1, "1: samples come before steps")

static const struct field gru_fields[] = {
    RECURRENT_FIELDS,
    FIELD(struct recurrent_attr, linear_before_reset, "0", 0, 1,
          "the reset gate acts on the product"),
    FIELDS_END,
};
static const struct field lstm_fields[] = {
    RECURRENT_FIELDS,
    FIELD(struct recurrent_attr, input_forget, "0", 0, 1,
          "the forget gate is one minus the input gate"),
    FIELDS_END,
};
static const struct field rnn_fields[] = {RECURRENT_FIELDS, FIELDS_END};

#define RECURRENT(row, onnx_name, inputs, outputs)                                                 \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = 3,                                                                           \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 0,                                                                          \
        .max_outputs = outputs,                                                                    \
        .attr = row##_fields,                                                                      \
        .attr_bytes = sizeof(struct recurrent_attr),                                               \
        .weight_inputs = 1u << IN_W | 1u << IN_R | 1u << IN_BIAS | 1u << IN_PEEPHOLE,              \
        .per_channel_inputs = 1u << IN_BIAS | 1u << IN_PEEPHOLE,                                   \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .backward = row##_backward,                                                                \
        .scratch_bytes = row##_scratch_bytes,                                                      \
        .cost = recurrent_cost,                                                                    \
        .map_axes = row##_map_axes,                                                                \
    }

RECURRENT(gru, "GRU", 6, 2);
RECURRENT(lstm, "LSTM", 8, 3);
RECURRENT(rnn, "RNN", 6, 2);
