// Running and inferring bodies, once or round by round: what If, Loop and Scan share.
#include "ops/body_call.h"

#include <stdlib.h>
#include <string.h>

// ---- bodies ------------------------------------------------------------------------------------

enum status body_check(struct context *context, const struct graph *body, const char *name,
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

void body_put_captures(const struct op_call *call, const struct graph *body, struct tensor *input)
{
    int captures = (int)body->capture_count, formal = (int)body->input_count - captures;

    for (int i = 0; i < captures; i++) {
        const struct tensor *from = call->input[call->input_count - captures + i];
        input[formal + i] = from ? *from : UNKNOWN;
    }
}

struct tensor *tensors_new(uint32_t count)
{
    return must_alloc((count + 1) * sizeof(struct tensor));
}

void tensors_free(struct tensor *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tensor_release(&list[i]);
    free(list);
}

enum status body_run(struct context *context, const struct op_call *call, const struct graph *body,
                     const struct tensor *input, struct tensor *output)
{
    if (context->cancelled && *context->cancelled)
        return context_fail(context, ERR_CANCELLED, "interrupted");
    if (!call->run_graph)
        return context_fail(context, ERR_UNSUPPORTED, "its body cannot run here");
    return call->run_graph(context, call, body, input, output);
}

enum status body_deliver(struct context *context, const struct op_call *call, int i,
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

void body_declare(const struct op_call *call, int i, const struct graph *body, int slot)
{
    set_output_unknown(call, i, graph_value(body, body->output[slot])->tensor.dtype);
}

bool body_infer(const struct op_call *call, const struct graph *body, const struct tensor *input,
                struct tensor *result)
{
    struct context silent;

    context_init(&silent);
    return call->infer_graph && call->infer_graph(&silent, call, body, input, result) == OK;
}

struct tensor type_alone(const struct tensor *tensor)
{
    return (struct tensor){tensor->dtype, tensor->shape, NULL, 0};
}

struct tensor type_common(const struct tensor *a, const struct tensor *b)
{
    struct tensor out = type_alone(a);

    if (a->dtype != b->dtype)
        out.dtype = DT_NONE;
    if (!shape_equal(&a->shape, &b->shape))
        out.shape = SHAPE_UNKNOWN;
    return out;
}

bool known_number(const struct op_call *call, int i, int64_t *out)
{
    const struct tensor *tensor = input_at(call, i);

    if (!tensor || !tensor->buffer || tensor_count(tensor) != 1)
        return false;
    *out = tensor_get_int(tensor, 0);
    return true;
}

enum status check_single(struct context *context, const struct op_call *call, int i,
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
// ---- rounds ---------------------------------------------------------------------

void rounds_init(struct rounds *rounds)
{
    rounds->input = tensors_new(rounds->body->input_count);
    rounds->result = tensors_new(rounds->body->output_count);
    rounds->pile = must_alloc(((size_t)rounds->piled + 1) * sizeof *rounds->pile);
    body_put_captures(rounds->call, rounds->body, rounds->input);
}

void rounds_clear(struct rounds *rounds)
{
    for (int i = 0; i < rounds->carried; i++)
        tensor_release(&rounds->input[rounds->lead + i]);
    free(rounds->input);
    tensors_free(rounds->result, rounds->body->output_count);
    for (int i = 0; i < rounds->piled; i++)
        pile_clear(&rounds->pile[i]);
    free(rounds->pile);
}

enum status rounds_close(struct context *context, struct rounds *rounds)
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

enum status rounds_deliver_state(struct context *context, struct rounds *rounds)
{
    for (int i = 0; i < rounds->carried; i++)
        TRY(body_deliver(context, rounds->call, i, &rounds->input[rounds->lead + i]));
    return OK;
}

enum status rounds_deliver_pile(struct context *context, struct rounds *rounds, int i, int64_t axis,
                                bool is_backward)
{
    int slot = rounds->carried + i;
    uint32_t at = (uint32_t)(rounds->result_lead + slot);
    struct tensor stacked = UNKNOWN;

    if (!output_at(rounds->call, slot))
        return OK;
    TRY(pile_stack(context, &rounds->pile[i],
                   &graph_value(rounds->body, rounds->body->output[at])->tensor, axis, is_backward,
                   &stacked));
    return body_deliver(context, rounds->call, slot, &stacked);
}

bool rounds_settle(struct rounds *rounds)
{
    struct tensor *state = rounds->input + rounds->lead;
    struct tensor *out = rounds->result + rounds->result_lead;
    bool is_settled = false;

    for (int attempt = 0; attempt < 2 && !is_settled; attempt++) {
        for (uint32_t i = 0; i < rounds->body->output_count; i++)
            tensor_release(&rounds->result[i]);
        if (!body_infer(rounds->call, rounds->body, rounds->input, rounds->result))
            return false;
        is_settled = true;
        for (int i = 0; i < rounds->carried; i++) {
            struct tensor both = type_common(&state[i], &out[i]);
            is_settled &= both.dtype == state[i].dtype && shape_equal(&both.shape, &state[i].shape);
            state[i] = both;
        }
    }
    return is_settled;
}

void rounds_declare(const struct rounds *rounds)
{
    for (int i = 0; i < rounds->call->output_count; i++) {
        body_declare(rounds->call, i, rounds->body, rounds->result_lead + i);
        if (i < rounds->carried && output_at(rounds->call, i))
            rounds->call->output[i]->dtype = rounds->input[rounds->lead + i].dtype;
    }
}

enum status rounds_set_outputs(struct context *context, const struct rounds *rounds, int64_t count,
                               const struct ints *axes)
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
