// Operators with bodies: If, Loop, Scan. What a body takes from the graph around it comes as the
// node's last inputs and goes to the body as its last (ir/graph.h).
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/pile.h"
#include "ops/shared.h"

// A Loop whose inputs are all known is run while shapes are inferred, if it is no longer than this.
enum { UNROLL_MAX = 1000 };

#define UNKNOWN ((struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0})

// ---- bodies ------------------------------------------------------------------------------------

// formal: how many inputs of its own the body must have; outputs: how many at least.
static enum status check_body(struct context *context, const struct graph *body, const char *name,
                              int formal, int outputs)
{
    if (!body)
        return context_fail(context, ERR_FORMAT, "attribute '%s' is missing", name);
    if ((int)(body->input_count - body->capture_count) != formal ||
        (int)body->output_count < outputs)
        return context_fail(
            context, ERR_SHAPE, "'%s' has %u inputs and %u outputs, should have %d and %d", name,
            body->input_count - body->capture_count, body->output_count, formal, outputs);
    return OK;
}

// The node's captured inputs, behind the `formal` inputs of a body's list; shared, not held.
static void put_captures(const struct op_call *call, const struct graph *body, struct tensor *input)
{
    int captures = (int)body->capture_count, formal = (int)body->input_count - captures;

    for (int i = 0; i < captures; i++) {
        const struct tensor *from = call->input[call->input_count - captures + i];
        input[formal + i] = from ? *from : UNKNOWN;
    }
}

static struct tensor *tensors_new(uint32_t count)
{
    return must_alloc((count + 1) * sizeof(struct tensor));
}

static void tensors_free(struct tensor *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tensor_release(&list[i]);
    free(list);
}

static enum status run_body(struct context *context, const struct op_call *call,
                            const struct graph *body, const struct tensor *input,
                            struct tensor *output)
{
    if (context->cancelled && *context->cancelled)
        return context_fail(context, ERR_CANCELLED, "interrupted");
    if (!call->run_graph)
        return context_fail(context, ERR_UNSUPPORTED, "its body cannot run here");
    return call->run_graph(context, call, body, input, output);
}

// Output i of the call becomes `from`, which is empty then.
static enum status deliver(struct context *context, const struct op_call *call, int i,
                           struct tensor *from)
{
    struct tensor *to = output_at(call, i);

    if (!to || !to->buffer) {
        if (to)
            *to = *from;
        else
            tensor_release(from);
        *from = UNKNOWN;
        return OK;
    }
    if (to->dtype != from->dtype || !shape_equal(&to->shape, &from->shape))
        return context_fail(context, ERR_SHAPE, "output %d has not the shape that was inferred", i);
    memcpy(tensor_write(to), tensor_data(from), tensor_bytes(from));
    tensor_release(from);
    return OK;
}

// ---- what bodies will give ---------------------------------------------------------------------

// What the file says of the outputs: the type alone counts, shapes may differ from run to run.
static void declare_output(const struct op_call *call, int i, const struct graph *body, int slot)
{
    set_output_unknown(call, i, graph_value(body, body->output[slot])->tensor.dtype);
}

// false: it cannot be told. The caller releases result.
static bool infer_body(const struct op_call *call, const struct graph *body,
                       const struct tensor *input, struct tensor *result)
{
    struct context silent;

    context_init(&silent);
    return call->infer_graph && call->infer_graph(&silent, call, body, input, result) == OK;
}

static struct tensor type_of(const struct tensor *tensor)
{
    return (struct tensor){tensor->dtype, tensor->shape, NULL, 0};
}

// One type that is true of both.
static struct tensor common(const struct tensor *a, const struct tensor *b)
{
    struct tensor out = type_of(a);

    if (a->dtype != b->dtype)
        out.dtype = DT_NONE;
    if (!shape_equal(&a->shape, &b->shape))
        out.shape = SHAPE_UNKNOWN;
    return out;
}

// A known flag or count (of one element) among the inputs.
static bool known_number(const struct op_call *call, int i, int64_t *out)
{
    const struct tensor *tensor = input_at(call, i);

    if (!tensor || !tensor->buffer || tensor_count(tensor) != 1)
        return false;
    *out = tensor_get_int(tensor, 0);
    return true;
}

static enum status check_single(struct context *context, const struct op_call *call, int i,
                                enum dtype dtype)
{
    const struct tensor *tensor = input_at(call, i);

    if (!tensor)
        return OK;
    TRY(check_dtype(context, call, i, dtype));
    if (tensor_count(tensor) != 1)
        return context_fail(context, ERR_SHAPE, "input %d wants one element, has %lld", i,
                            (long long)tensor_count(tensor));
    return OK;
}

// ---- If ----------------------------------------------------------------------------------------

static const struct graph *branch_of(const struct op_call *call, bool is_true)
{
    const struct if_attr *attr = call->attr;

    return is_true ? attr->then_branch : attr->else_branch;
}

static enum status if_check(struct context *context, const struct op_call *call)
{
    const struct if_attr *attr = call->attr;

    TRY(check_body(context, attr->then_branch, "then_branch", 0, call->output_count));
    TRY(check_body(context, attr->else_branch, "else_branch", 0, call->output_count));
    return check_single(context, call, 0, DT_BOOL);
}

static bool if_infer_branch(const struct op_call *call, bool is_true, struct tensor *result)
{
    const struct graph *body = branch_of(call, is_true);
    struct tensor *input = tensors_new(body->input_count);
    bool is_known;

    put_captures(call, body, input);
    is_known = infer_body(call, body, input, result);
    free(input);
    return is_known;
}

static void if_infer_both(const struct op_call *call, struct tensor *yes, struct tensor *no)
{
    bool is_known = if_infer_branch(call, true, yes) && if_infer_branch(call, false, no);

    for (int i = 0; i < call->output_count; i++) {
        declare_output(call, i, branch_of(call, true), i);
        if (is_known && output_at(call, i))
            *call->output[i] = common(&yes[i], &no[i]);
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
            declare_output(call, i, branch_of(call, condition != 0), i);
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

    put_captures(call, body, input);
    status = run_body(context, call, body, input, result);
    for (int i = 0; i < call->output_count && status == OK; i++)
        status = deliver(context, call, i, &result[i]);
    tensors_free(result, body->output_count);
    free(input);
    return status;
}

// ---- Loop and Scan: rounds ---------------------------------------------------------------------

// A body that is run again and again. Its inputs: `lead` of the operator's own (Loop: round and
// condition), then what is carried, then `fed` slices (Scan), then captures; its outputs: the
// condition (Loop), then what is carried, then what is piled up.
struct rounds {
    const struct op_call *call;
    const struct graph *body;
    int lead, carried, fed, piled;
    int result_lead;               // 1: a condition comes out first
    struct tensor *input, *result; // of the body; input: held are those carried
    struct pile *pile;
};

static void rounds_init(struct rounds *rounds)
{
    rounds->input = tensors_new(rounds->body->input_count);
    rounds->result = tensors_new(rounds->body->output_count);
    rounds->pile = must_alloc(((size_t)rounds->piled + 1) * sizeof *rounds->pile);
    put_captures(rounds->call, rounds->body, rounds->input);
}

static void rounds_clear(struct rounds *rounds)
{
    for (int i = 0; i < rounds->carried; i++)
        tensor_release(&rounds->input[rounds->lead + i]);
    free(rounds->input);
    tensors_free(rounds->result, rounds->body->output_count);
    for (int i = 0; i < rounds->piled; i++)
        pile_clear(&rounds->pile[i]);
    free(rounds->pile);
}

// What was carried out is carried in, the rest goes on its pile.
static enum status rounds_close(struct context *context, struct rounds *rounds)
{
    struct tensor *state = rounds->input + rounds->lead;
    struct tensor *out = rounds->result + rounds->result_lead;

    for (int i = 0; i < rounds->carried; i++) {
        if (state[i].dtype != out[i].dtype)
            return context_fail(context, ERR_SHAPE, "carries %s in and %s out",
                                dtype_info[state[i].dtype].name, dtype_info[out[i].dtype].name);
        tensor_release(&state[i]);
        state[i] = out[i];
        out[i] = UNKNOWN;
    }
    for (int i = 0; i < rounds->piled; i++)
        TRY(pile_add(context, &rounds->pile[i], &out[rounds->carried + i]));
    for (uint32_t i = 0; i < rounds->body->output_count; i++)
        tensor_release(&rounds->result[i]);
    return OK;
}

static enum status rounds_run(struct context *context, struct rounds *rounds)
{
    return run_body(context, rounds->call, rounds->body, rounds->input, rounds->result);
}

// The first outputs are what is carried at the end.
static enum status rounds_deliver_state(struct context *context, struct rounds *rounds)
{
    for (int i = 0; i < rounds->carried; i++)
        TRY(deliver(context, rounds->call, i, &rounds->input[rounds->lead + i]));
    return OK;
}

// Output carried + i: its pile, stacked along a new axis.
static enum status rounds_deliver_pile(struct context *context, struct rounds *rounds, int i,
                                       int64_t axis, bool is_backward)
{
    int slot = rounds->carried + i;
    uint32_t at = (uint32_t)(rounds->result_lead + slot);
    struct tensor stacked = UNKNOWN;

    if (!output_at(rounds->call, slot))
        return OK;
    TRY(pile_stack(context, &rounds->pile[i],
                   &graph_value(rounds->body, rounds->body->output[at])->tensor, axis, is_backward,
                   &stacked));
    return deliver(context, rounds->call, slot, &stacked);
}

// Shapes that do not change from round to round: what is carried, as it goes in, and what one
// round gives. false: they do change, or cannot be told. Tries twice: what changed is open then.
static bool rounds_settle(struct rounds *rounds)
{
    struct tensor *state = rounds->input + rounds->lead;
    struct tensor *out = rounds->result + rounds->result_lead;
    bool is_settled = false;

    for (int attempt = 0; attempt < 2 && !is_settled; attempt++) {
        for (uint32_t i = 0; i < rounds->body->output_count; i++)
            tensor_release(&rounds->result[i]);
        if (!infer_body(rounds->call, rounds->body, rounds->input, rounds->result))
            return false;
        is_settled = true;
        for (int i = 0; i < rounds->carried; i++) {
            struct tensor both = common(&state[i], &out[i]);
            is_settled &= both.dtype == state[i].dtype && shape_equal(&both.shape, &state[i].shape);
            state[i] = both;
        }
    }
    return is_settled;
}

// Types alone, as the body declares them or as they go in.
static void rounds_declare(const struct rounds *rounds)
{
    for (int i = 0; i < rounds->call->output_count; i++) {
        declare_output(rounds->call, i, rounds->body, rounds->result_lead + i);
        if (i < rounds->carried && output_at(rounds->call, i))
            rounds->call->output[i]->dtype = rounds->input[rounds->lead + i].dtype;
    }
}

// count -1: not known how many rounds there are.
static enum status rounds_set_outputs(struct context *context, const struct rounds *rounds,
                                      int64_t count, const struct ints *axes)
{
    const struct tensor *out = rounds->result + rounds->result_lead;

    for (int i = 0; i < rounds->call->output_count; i++) {
        struct tensor *to = output_at(rounds->call, i);
        struct shape shape = out[i].shape;
        if (!to)
            continue;
        to->dtype = out[i].dtype;
        if (i < rounds->carried) {
            to->shape = rounds->input[rounds->lead + i].shape;
        } else if (count >= 0 && shape_is_static(&shape)) {
            int at = i - rounds->carried;
            TRY(stacked_shape(context, &out[i].shape, count, at < axes->count ? axes->at[at] : 0,
                              &to->shape));
        }
    }
    return OK;
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
    TRY(check_body(context, body, "body", LOOP_LEAD + out->carried,
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
        TRY(loop_scalar(context, rounds, LOOP_TRIPS, DT_I64, round));
        TRY(loop_scalar(context, rounds, LOOP_CONDITION, DT_BOOL, goes_on));
        if (!is_inferred)
            TRY(rounds_run(context, rounds));
        else if (round >= UNROLL_MAX ||
                 !infer_body(rounds->call, rounds->body, rounds->input, rounds->result))
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
        rounds->input[LOOP_LEAD + i] = type_of(rounds->call->input[LOOP_LEAD + i]);
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
    TRY(check_body(context, body, "body", given,
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
        TRY(rounds_run(context, &scan->rounds));
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
        *to = type_of(scan_input(scan, i));
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
