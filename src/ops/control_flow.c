// Operators with bodies: If, Loop, Scan. What a body takes from the graph around it comes as the
// node's last inputs and goes to the body as its last (ir/graph.h).
#include <math.h>
#include <stdlib.h>

#include "ops/attr.h"
#include "ops/body_call.h"
#include "ops/op_table.h"

// A Loop whose inputs are all known is run while shapes are inferred, if it is no longer than this.
enum { UNROLL_MAX = 1000 };
// No model needs more rounds; a count that is wrong would run for hours.
enum { ROUNDS_MAX = 1000000 };

// ---- If ----------------------------------------------------------------------------------------

static const struct graph *branch_of(const struct op_call *call, bool is_true)
{
    const struct if_attr *attr = call->attr;

    return is_true ? attr->then_branch : attr->else_branch;
}

static enum status if_check(struct context *context, const struct op_call *call)
{
    const struct if_attr *attr = call->attr;

    TRY(body_check(context, attr->then_branch, "then_branch", 0, call->output_count));
    TRY(body_check(context, attr->else_branch, "else_branch", 0, call->output_count));
    return check_single(context, call, 0, DT_BOOL);
}

static bool if_infer_branch(const struct op_call *call, bool is_true, struct tensor *result)
{
    const struct graph *body = branch_of(call, is_true);
    struct tensor *input = tensors_new(body->input_count);
    bool is_known;

    body_put_captures(call, body, input);
    is_known = body_infer(call, body, input, result);
    free(input);
    return is_known;
}

static void if_infer_both(const struct op_call *call, struct tensor *yes, struct tensor *no)
{
    bool is_known = if_infer_branch(call, true, yes) && if_infer_branch(call, false, no);

    for (int i = 0; i < call->output_count; i++) {
        body_declare(call, i, branch_of(call, true), i);
        if (is_known && output_at(call, i))
            *call->output[i] = type_common(&yes[i], &no[i]);
    }
}

static enum status if_infer(struct context *context, const struct op_call *call)
{
    struct tensor *yes, *no;
    uint32_t yes_count, no_count;
    int64_t condition;

    TRY(if_check(context, call));
    yes = tensors_new(yes_count = branch_of(call, true)->output_count);
    no = tensors_new(no_count = branch_of(call, false)->output_count);
    if (!known_number(call, 0, &condition)) {
        if_infer_both(call, yes, no);
    } else if (if_infer_branch(call, condition != 0, condition ? yes : no)) {
        for (int i = 0; i < call->output_count; i++)
            if (output_at(call, i))
                tensor_share(call->output[i], condition ? &yes[i] : &no[i]);
    } else {
        for (int i = 0; i < call->output_count; i++)
            body_declare(call, i, branch_of(call, condition != 0), i);
    }
    tensors_free(yes, yes_count);
    tensors_free(no, no_count);
    return OK;
}

static enum status if_forward(struct context *context, const struct op_call *call)
{
    const struct graph *body = branch_of(call, tensor_get_int(call->input[0], 0) != 0);
    struct tensor *input = tensors_new(body->input_count);
    struct tensor *result = tensors_new(body->output_count);
    enum status status;

    body_put_captures(call, body, input);
    status = body_run(context, call, body, input, result);
    for (int i = 0; i < call->output_count && status == OK; i++)
        status = body_deliver(context, call, i, &result[i]);
    tensors_free(result, body->output_count);
    free(input);
    return status;
}

// ---- Loop --------------------------------------------------------------------------------------

enum { LOOP_TRIPS, LOOP_CONDITION, LOOP_LEAD };

static enum status loop_open(struct context *context, const struct op_call *call,
                             struct rounds *out)
{
    const struct graph *body = ((const struct loop_attr *)call->attr)->body;
    int captures = body ? (int)body->capture_count : 0;
    int given = call->input_count - captures;

    *out = (struct rounds){.call = call, .body = body, .lead = LOOP_LEAD, .result_lead = 1};
    out->carried = given > LOOP_LEAD ? given - LOOP_LEAD : 0;
    TRY(body_check(context, body, "body", LOOP_LEAD + out->carried,
                   1 + (out->carried > call->output_count ? out->carried : call->output_count)));
    out->piled = (int)body->output_count - 1 - out->carried;
    if (given > LOOP_TRIPS)
        TRY(check_single(context, call, LOOP_TRIPS, DT_I64));
    if (given > LOOP_CONDITION)
        TRY(check_single(context, call, LOOP_CONDITION, DT_BOOL));
    for (int i = LOOP_LEAD; i < given; i++)
        TRY(check_given(context, call, i));
    rounds_init(out);
    return OK;
}

// The number among the loop's own inputs, `otherwise` if it is left out. false: not known yet.
static bool loop_number(const struct rounds *rounds, int i, int64_t otherwise, int64_t *out)
{
    *out = otherwise;
    return i >= rounds->call->input_count - (int)rounds->body->capture_count ||
           !input_at(rounds->call, i) || known_number(rounds->call, i, out);
}

// One element for the body, a scalar unless it declares a list.
static enum status loop_scalar(struct context *context, struct rounds *rounds, int i,
                               enum dtype dtype, int64_t number)
{
    const struct shape *declared = &graph_value(rounds->body, rounds->body->input[i])->tensor.shape;

    tensor_release(&rounds->input[i]);
    TRY(tensor_alloc(context, &rounds->input[i], dtype,
                     declared->rank == 1 ? &SHAPE(1) : &SHAPE_SCALAR));
    if (dtype == DT_I64)
        *(int64_t *)tensor_write(&rounds->input[i]) = number;
    else
        *(uint8_t *)tensor_write(&rounds->input[i]) = number != 0;
    return OK;
}

static void loop_take_state(struct rounds *rounds)
{
    for (int i = 0; i < rounds->carried; i++)
        tensor_share(&rounds->input[LOOP_LEAD + i], rounds->call->input[LOOP_LEAD + i]);
}

static void loop_close(struct rounds *rounds)
{
    tensor_release(&rounds->input[LOOP_TRIPS]);
    tensor_release(&rounds->input[LOOP_CONDITION]);
    rounds_clear(rounds);
}

// Runs, or infers with all data known; *is_done false: the latter came to something unknown.
static enum status loop_rounds(struct context *context, struct rounds *rounds, int64_t trips,
                               int64_t goes_on, bool is_inferred, bool *is_done)
{
    *is_done = false;
    for (int64_t round = 0; round < trips && goes_on; round++) {
        const struct tensor *condition = &rounds->result[0];
        if (round >= ROUNDS_MAX)
            return context_fail(context, ERR_UNSUPPORTED, "runs more than %d rounds", ROUNDS_MAX);
        TRY(loop_scalar(context, rounds, LOOP_TRIPS, DT_I64, round));
        TRY(loop_scalar(context, rounds, LOOP_CONDITION, DT_BOOL, goes_on));
        if (!is_inferred)
            TRY(body_run(context, rounds->call, rounds->body, rounds->input, rounds->result));
        else if (round >= UNROLL_MAX ||
                 !body_infer(rounds->call, rounds->body, rounds->input, rounds->result))
            return OK;
        for (uint32_t i = 0; is_inferred && i < rounds->body->output_count; i++)
            if (!rounds->result[i].buffer)
                return OK;
        if (condition->dtype != DT_BOOL || tensor_count(condition) != 1)
            return context_fail(context, ERR_SHAPE, "its body gives no condition");
        goes_on = tensor_get_int(condition, 0);
        TRY(rounds_close(context, rounds));
    }
    TRY(rounds_deliver_state(context, rounds));
    for (int i = 0; i < rounds->piled; i++)
        TRY(rounds_deliver_pile(context, rounds, i, 0, false));
    *is_done = true;
    return OK;
}

static bool all_have_data(const struct op_call *call)
{
    for (int i = 0; i < call->input_count; i++)
        if (call->input[i] && !call->input[i]->buffer)
            return false;
    return true;
}

static enum status loop_infer_rounds(struct context *context, struct rounds *rounds)
{
    const struct ints first_axes = {0, NULL};
    int64_t trips, goes_on, count = -1;
    bool has_trips = loop_number(rounds, LOOP_TRIPS, INT64_MAX, &trips);
    bool is_done = false, knows = loop_number(rounds, LOOP_CONDITION, true, &goes_on);

    loop_take_state(rounds);
    rounds_declare(rounds);
    if (rounds->call->infer_graph && all_have_data(rounds->call))
        TRY(loop_rounds(context, rounds, trips, goes_on, true, &is_done));
    if (is_done)
        return OK;
    for (int i = 0; i < rounds->carried; i++) {
        tensor_release(&rounds->input[LOOP_LEAD + i]);
        rounds->input[LOOP_LEAD + i] = type_alone(rounds->call->input[LOOP_LEAD + i]);
    }
    TRY(loop_scalar(context, rounds, LOOP_TRIPS, DT_I64, 0));
    TRY(loop_scalar(context, rounds, LOOP_CONDITION, DT_BOOL, knows && goes_on));
    tensor_release(&rounds->input[LOOP_TRIPS]);
    if (!knows || !goes_on)
        tensor_release(&rounds->input[LOOP_CONDITION]);
    if (!rounds_settle(rounds))
        return OK;
    // A condition that is true whenever the one before was: all rounds are run.
    if (has_trips && knows && goes_on && rounds->result[0].buffer &&
        tensor_count(&rounds->result[0]) == 1 && tensor_get_int(&rounds->result[0], 0))
        count = trips < 0 ? 0 : trips;
    return rounds_set_outputs(context, rounds, count, &first_axes);
}

static enum status loop_infer(struct context *context, const struct op_call *call)
{
    struct rounds rounds;
    enum status status;

    TRY(loop_open(context, call, &rounds));
    status = loop_infer_rounds(context, &rounds);
    loop_close(&rounds);
    return status;
}

// Whether the condition that comes out is the one that went in, or a constant.
static bool never_stops(const struct rounds *rounds)
{
    const struct graph *body = rounds->body;
    struct value_id id = body->output[0];
    const struct value *value = graph_value(body, id);

    while (node_exists(value->producer) && node_is(graph_node(body, value->producer), "Identity")) {
        id = graph_node(body, value->producer)->input[0];
        value = graph_value(body, id);
    }
    if (value->role == VALUE_WEIGHT)
        return tensor_count(&value->tensor) == 1 && tensor_get_int(&value->tensor, 0);
    return value_is(id, body->input[LOOP_CONDITION]);
}

static enum status loop_forward(struct context *context, const struct op_call *call)
{
    struct rounds rounds;
    int64_t trips, goes_on;
    enum status status;
    bool is_done;

    TRY(loop_open(context, call, &rounds));
    loop_number(&rounds, LOOP_TRIPS, INT64_MAX, &trips);
    loop_number(&rounds, LOOP_CONDITION, true, &goes_on);
    loop_take_state(&rounds);
    if (trips == INT64_MAX && goes_on && never_stops(&rounds))
        status = context_fail(context, ERR_UNSUPPORTED, "would never end");
    else
        status = loop_rounds(context, &rounds, trips, goes_on, false, &is_done);
    loop_close(&rounds);
    return status;
}

// ---- Scan --------------------------------------------------------------------------------------

struct scan {
    struct rounds rounds;
    const struct scan_attr *attr;
    int64_t count; // rounds
};

static int64_t listed(const struct ints *list, int i)
{
    return i < list->count ? list->at[i] : 0;
}

static const struct tensor *scan_input(const struct scan *scan, int i)
{
    return scan->rounds.call->input[scan->rounds.carried + i];
}

static enum status scan_axis(struct context *context, const struct scan *scan, int i, int *axis)
{
    return axis_from(context, listed(&scan->attr->scan_input_axes, i),
                     scan_input(scan, i)->shape.rank, axis);
}

static enum status scan_check_lists(struct context *context, const struct scan *scan)
{
    const struct scan_attr *attr = scan->attr;

    if (attr->scan_input_axes.count > scan->rounds.fed ||
        attr->scan_input_directions.count > scan->rounds.fed ||
        attr->scan_output_axes.count > scan->rounds.piled ||
        attr->scan_output_directions.count > scan->rounds.piled)
        return context_fail(context, ERR_SHAPE, "has more axes or directions than it scans");
    return OK;
}

static enum status scan_open(struct context *context, const struct op_call *call, struct scan *out)
{
    const struct scan_attr *attr = call->attr;
    const struct graph *body = attr->body;
    int given = call->input_count - (body ? (int)body->capture_count : 0);
    int axis;

    *out = (struct scan){.rounds = {.call = call, .body = body}, .attr = attr, .count = -1};
    if (attr->num_scan_inputs < 1 || attr->num_scan_inputs > given)
        return context_fail(context, ERR_SHAPE, "scans %lld of its %d inputs",
                            (long long)attr->num_scan_inputs, given);
    out->rounds.fed = (int)attr->num_scan_inputs;
    out->rounds.carried = given - out->rounds.fed;
    TRY(body_check(context, body, "body", given,
                   out->rounds.carried > call->output_count ? out->rounds.carried
                                                            : call->output_count));
    out->rounds.piled = (int)body->output_count - out->rounds.carried;
    TRY(scan_check_lists(context, out));
    for (int i = 0; i < given; i++)
        TRY(check_given(context, call, i));
    for (int i = 0; i < out->rounds.fed; i++) {
        int64_t length;
        TRY(check_whole_bytes(context, call, out->rounds.carried + i));
        TRY(scan_axis(context, out, i, &axis));
        length = scan_input(out, i)->shape.dim[axis];
        if (out->count >= 0 && length != out->count)
            return context_fail(context, ERR_SHAPE, "scans inputs of %lld and of %lld",
                                (long long)out->count, (long long)length);
        out->count = length;
    }
    rounds_init(&out->rounds);
    for (int i = 0; i < out->rounds.carried; i++)
        tensor_share(&out->rounds.input[i], call->input[i]);
    return OK;
}

static void scan_close(struct scan *scan)
{
    for (int i = 0; i < scan->rounds.fed; i++)
        tensor_release(&scan->rounds.input[scan->rounds.carried + i]);
    rounds_clear(&scan->rounds);
}

static enum status scan_feed(struct context *context, struct scan *scan, int64_t round)
{
    for (int i = 0; i < scan->rounds.fed; i++) {
        bool is_backward = listed(&scan->attr->scan_input_directions, i) != 0;
        struct tensor *to = &scan->rounds.input[scan->rounds.carried + i];
        int axis;
        TRY(scan_axis(context, scan, i, &axis));
        tensor_release(to);
        TRY(slice_at(context, scan_input(scan, i), axis,
                     is_backward ? scan->count - 1 - round : round, to));
    }
    return OK;
}

static enum status scan_rounds(struct context *context, struct scan *scan)
{
    for (int64_t round = 0; round < scan->count; round++) {
        TRY(scan_feed(context, scan, round));
        TRY(body_run(context, scan->rounds.call, scan->rounds.body, scan->rounds.input,
                     scan->rounds.result));
        TRY(rounds_close(context, &scan->rounds));
    }
    TRY(rounds_deliver_state(context, &scan->rounds));
    for (int i = 0; i < scan->rounds.piled; i++)
        TRY(rounds_deliver_pile(context, &scan->rounds, i, listed(&scan->attr->scan_output_axes, i),
                                listed(&scan->attr->scan_output_directions, i) != 0));
    return OK;
}

static enum status scan_forward(struct context *context, const struct op_call *call)
{
    struct scan scan;
    enum status status;

    TRY(scan_open(context, call, &scan));
    status = scan_rounds(context, &scan);
    scan_close(&scan);
    return status;
}

static enum status scan_infer_rounds(struct context *context, struct scan *scan)
{
    struct rounds *rounds = &scan->rounds;

    rounds_declare(rounds);
    for (int i = 0; i < rounds->carried; i++)
        tensor_release(&rounds->input[i]);
    for (int i = 0; i < rounds->fed; i++) {
        struct tensor *to = &rounds->input[rounds->carried + i];
        int axis;
        TRY(scan_axis(context, scan, i, &axis));
        *to = type_alone(scan_input(scan, i));
        shape_drop(&to->shape, axis);
    }
    if (!rounds_settle(rounds))
        return OK;
    return rounds_set_outputs(context, rounds, scan->count, &scan->attr->scan_output_axes);
}

static enum status scan_infer(struct context *context, const struct op_call *call)
{
    struct scan scan;
    enum status status;

    TRY(scan_open(context, call, &scan));
    status = scan_infer_rounds(context, &scan);
    scan_close(&scan);
    return status;
}

// ---- descriptors -------------------------------------------------------------------------------

// What runs inside decides, so nobody can tell from outside.
static void body_cost(const struct op_call *call, struct op_cost *cost)
{
    (void)call;
    cost->macs = NAN;
}

static const struct field if_fields[] = {
    FIELD(struct if_attr, then_branch, NULL, 0, 0, "what runs if the condition is true"),
    FIELD(struct if_attr, else_branch, NULL, 0, 0, "what runs if it is false"),
    FIELDS_END,
};

static const struct field loop_fields[] = {
    FIELD(struct loop_attr, body, NULL, 0, 0, "what runs each round"),
    FIELDS_END,
};

static const struct field scan_fields[] = {
    FIELD(struct scan_attr, body, NULL, 0, 0, "what runs each round"),
    FIELD(struct scan_attr, num_scan_inputs, NULL, 0, 0, "how many of the last inputs are scanned"),
    FIELD(struct scan_attr, scan_input_axes, NULL, 0, 0, "axes along which inputs are scanned"),
    FIELD(struct scan_attr, scan_input_directions, NULL, 0, 1, "1: from the last to the first"),
    FIELD(struct scan_attr, scan_output_axes, NULL, 0, 0, "axes along which outputs are stacked"),
    FIELD(struct scan_attr, scan_output_directions, NULL, 0, 1, "1: the last comes first"),
    FIELDS_END,
};

#define BODY_DESCRIPTOR(row, onnx_name, inputs_least, outputs_least, since)                        \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs_least,                                                                \
        .max_inputs = -1,                                                                          \
        .min_outputs = outputs_least,                                                              \
        .max_outputs = -1,                                                                         \
        .attr = row##_fields,                                                                      \
        .attr_bytes = sizeof(struct row##_attr),                                                   \
        .since_opset = since,                                                                      \
        .traits = OP_ALLOCATES,                                                                    \
        .infer = row##_infer,                                                                      \
        .forward = row##_forward,                                                                  \
        .cost = body_cost,                                                                         \
        .map_axes = axes_none,                                                                     \
    };

BODY_DESCRIPTOR(if, "If", 1, 1, 1)
BODY_DESCRIPTOR(loop, "Loop", 0, 1, 1)
BODY_DESCRIPTOR(scan, "Scan", 1, 1, 9)
