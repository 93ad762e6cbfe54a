// The fallback: any operator runs its own forward and backward on tensors of 16 samples, between
// conversions from and to lanes. Coverage never waits for speed.
#include <stdlib.h>
#include <string.h>

#include "exec/program_internal.h"

struct reference_state {
    void **saved; // per group, training only
};

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct reference_state *state = arena_alloc(program->arena, sizeof *state);
    const struct op *op = step->node->op;
    size_t bytes = op->saved_bytes ? op->saved_bytes(&step->call) : 0;

    step->state = state;
    if (!op->forward)
        return context_fail(context, ERR_UNSUPPORTED, "operator cannot run");
    if (!program->options.is_training || !bytes)
        return OK;
    state->saved = arena_array(program->arena, void *, (size_t)program->options.groups);
    for (int g = 0; g < program->options.groups; g++)
        if (!(state->saved[g] = aligned_block(program, bytes)))
            return no_memory(context);
    return OK;
}

static void sample_rows(const float *data, size_t size, const float *row[N16_LANES])
{
    for (size_t i = 0; i < N16_LANES; i++)
        row[i] = data + i * size;
}

// Integers that lie in lanes as floats.
static bool is_carried(const struct tensor *tensor)
{
    return !dtype_info[tensor->dtype].is_float;
}

static enum status carry_tensor(struct context *context, const struct tensor *tensor, float *to)
{
    int64_t count = tensor_count(tensor), size = count / N16_LANES;

    for (int64_t i = 0; i < count; i++) {
        double number = tensor_get(tensor, i);
        if (!(number >= -CARRY_MAX && number <= CARRY_MAX))
            return context_fail(context, ERR_NUMERIC, "%.0f is too large to run in lanes", number);
        to[i % size * N16_LANES + i / size] = (float)number;
    }
    return OK;
}

// The tensor [16, ...] of lanes at `from`.
static enum status tensor_from_lanes(struct context *context, const struct program *program,
                                     const struct tensor *like, const float *from,
                                     struct tensor *out)
{
    const float *row[N16_LANES];
    float *writable[N16_LANES];
    size_t size = (size_t)(tensor_count(like) / N16_LANES);

    TRY(tensor_alloc(context, out, is_carried(like) ? like->dtype : DT_F32, &like->shape));
    for (size_t i = 0; is_carried(like) && i < size * N16_LANES; i++)
        tensor_set(out, (int64_t)(i % N16_LANES * size + i / N16_LANES), (double)from[i]);
    if (is_carried(like))
        return OK;
    sample_rows(tensor_write(out), size, row);
    for (int i = 0; i < N16_LANES; i++)
        writable[i] = (float *)(uintptr_t)row[i];
    program->kernels->unpack_n16(from, size, writable);
    return OK;
}

static void lanes_from_tensor(const struct program *program, const struct tensor *tensor, float *to)
{
    const float *row[N16_LANES];

    sample_rows(tensor_f32(tensor), (size_t)(tensor_count(tensor) / N16_LANES), row);
    program->kernels->pack_n16(row, (size_t)(tensor_count(tensor) / N16_LANES), to);
}

// Tensors of one call; released together.
struct tensors {
    struct tensor *input, *output, *input_grad, *output_grad;
    const struct tensor **input_at, **output_grad_at;
    struct tensor **output_at, **input_grad_at;
    int inputs, outputs;
};

static void tensors_init(struct tensors *t, const struct node *node)
{
    size_t in = (size_t)node->input_count + 1, out = (size_t)node->output_count + 1;

    t->inputs = node->input_count;
    t->outputs = node->output_count;
    t->input = must_alloc(in * sizeof *t->input);
    t->input_grad = must_alloc(in * sizeof *t->input_grad);
    t->output = must_alloc(out * sizeof *t->output);
    t->output_grad = must_alloc(out * sizeof *t->output_grad);
    t->input_at = must_alloc(in * sizeof *t->input_at);
    t->input_grad_at = must_alloc(in * sizeof *t->input_grad_at);
    t->output_at = must_alloc(out * sizeof *t->output_at);
    t->output_grad_at = must_alloc(out * sizeof *t->output_grad_at);
}

static void tensors_clear(struct tensors *t)
{
    for (int i = 0; i < t->inputs; i++) {
        tensor_release(&t->input[i]);
        tensor_release(&t->input_grad[i]);
    }
    for (int i = 0; i < t->outputs; i++) {
        tensor_release(&t->output[i]);
        tensor_release(&t->output_grad[i]);
    }
    free(t->input);
    free(t->input_grad);
    free(t->output);
    free(t->output_grad);
    free(t->input_at);
    free(t->input_grad_at);
    free(t->output_at);
    free(t->output_grad_at);
}

static enum status gather_inputs(struct context *context, struct program *program,
                                 const struct step *step, int group, struct tensors *t)
{
    for (int i = 0; i < t->inputs; i++) {
        uint32_t id = step->input[i];
        if (id == UINT32_MAX)
            continue;
        const struct slot *slot = &program->slot[id];
        if (slot->kind == SLOT_LANES)
            TRY(tensor_from_lanes(context, program, step->call.input[i], lanes(program, group, id),
                                  &t->input[i]));
        else if (slot->kind == SLOT_SHARED)
            tensor_share(&t->input[i], &program->inference.of_value[id]);
        else
            tensor_share(&t->input[i], &program->group[group].tensor[id]);
        t->input_at[i] = &t->input[i];
    }
    return OK;
}

static struct op_call call_of(const struct program *program, const struct step *step,
                              const struct tensors *t, int group)
{
    const struct reference_state *state = step->state;

    return (struct op_call){.attr = step->node->attr,
                            .input_count = t->inputs,
                            .output_count = t->outputs,
                            .input = t->input_at,
                            .output = t->output_at,
                            .output_grad = t->output_grad_at,
                            .input_grad = t->input_grad_at,
                            .training = program->options.is_training,
                            .seed = program->seed * 1000003u + (uint64_t)group * 8191u +
                                    (uint64_t)(step - program->step),
                            .saved = state->saved ? state->saved[group] : NULL};
}

static enum status keep_outputs(struct context *context, struct program *program,
                                const struct step *step, int group, struct tensors *t)
{
    for (int i = 0; i < t->outputs; i++) {
        uint32_t id = step->output[i];
        if (id == UINT32_MAX)
            continue;
        if (program->slot[id].kind == SLOT_LANES) {
            if (t->output[i].dtype != step->call.output[i]->dtype ||
                !shape_equal(&t->output[i].shape, &step->call.output[i]->shape))
                return context_fail(context, ERR_SHAPE, "its output's shape depends on the data");
            if (is_carried(&t->output[i]))
                TRY(carry_tensor(context, &t->output[i], lanes(program, group, id)));
            else
                lanes_from_tensor(program, &t->output[i], lanes(program, group, id));
        } else {
            tensor_release(&program->group[group].tensor[id]);
            tensor_share(&program->group[group].tensor[id], &t->output[i]);
        }
    }
    return OK;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    struct tensors t;
    struct op_call call;
    enum status status;

    tensors_init(&t, step->node);
    for (int i = 0; i < t.outputs; i++)
        t.output_at[i] = step->output[i] == UINT32_MAX ? NULL : &t.output[i];
    status = gather_inputs(context, program, step, group, &t);
    if (status == OK) {
        call = call_of(program, step, &t, group);
        status = call_run(context, step->node->op, &call);
    }
    if (status == OK)
        status = keep_outputs(context, program, step, group, &t);
    tensors_clear(&t);
    return status;
}

// A float value without lanes whose gradient is wanted: recurrent layers have samples on axis 1.
static bool has_tensor_grad(const struct program *program, uint32_t id)
{
    const struct slot *slot = &program->slot[id];

    return slot->kind == SLOT_TENSOR && slot->wants_grad &&
           program->inference.of_value[id].dtype == DT_F32;
}

static enum status gather_output_grad(struct context *context, struct program *program,
                                      const struct step *step, int group, struct tensors *t, int i)
{
    uint32_t id = step->output[i];

    if (id == UINT32_MAX)
        return OK;
    if (has_tensor_grad(program, id)) {
        t->output_at[i] = &program->group[group].tensor[id];
        if (program->group[group].grad[id].buffer)
            t->output_grad_at[i] = &program->group[group].grad[id];
    }
    if (program->slot[id].kind != SLOT_LANES)
        return OK;
    TRY(tensor_from_lanes(context, program, step->call.output[i], lanes(program, group, id),
                          &t->output[i]));
    t->output_at[i] = &t->output[i];
    if (!lanes_grad(program, group, id))
        return OK;
    TRY(tensor_from_lanes(context, program, step->call.output[i], lanes_grad(program, group, id),
                          &t->output_grad[i]));
    t->output_grad_at[i] = &t->output_grad[i];
    return OK;
}

static enum status gather_grads(struct context *context, struct program *program,
                                const struct step *step, int group, struct tensors *t)
{
    for (int i = 0; i < t->outputs; i++)
        TRY(gather_output_grad(context, program, step, group, t, i));
    for (int i = 0; i < t->inputs; i++) {
        uint32_t id = step->input[i];
        if (id != UINT32_MAX && has_tensor_grad(program, id) &&
            program->group[group].grad[id].buffer)
            t->input_grad_at[i] = &program->group[group].grad[id];
        if (id == UINT32_MAX ||
            (!partial_grad(program, step, i, group) &&
             (program->slot[id].kind != SLOT_LANES || !lanes_grad(program, group, id))))
            continue;
        TRY(tensor_alloc(context, &t->input_grad[i], DT_F32, &step->call.input[i]->shape));
        t->input_grad_at[i] = &t->input_grad[i];
    }
    return OK;
}

static void give_grads(struct program *program, const struct step *step, int group,
                       struct tensors *t)
{
    for (int i = 0; i < t->inputs; i++) {
        float *part = partial_grad(program, step, i, group);
        size_t count;
        if (t->input_grad_at[i] != &t->input_grad[i]) // none, or it is in its place already
            continue;
        count = (size_t)tensor_count(&t->input_grad[i]);
        if (part) {
            for (size_t k = 0; k < count; k++)
                part[k] += tensor_f32(&t->input_grad[i])[k];
        } else {
            lanes_from_tensor(program, &t->input_grad[i], program->scratch[group]);
            program->kernels->scale_add_f32(count, 1, program->scratch[group],
                                            lanes_grad(program, group, step->input[i]));
        }
    }
}

// Gradients that this step is the first to write: zero, whatever happens after.
static void clear_grads(struct program *program, const struct step *step, int group)
{
    struct context silent; // without memory no gradient arrives

    context_init(&silent);
    for (int i = 0; i < step->node->input_count; i++) {
        uint32_t id = step->input[i];
        if (id != UINT32_MAX && !step->accumulate[i] && has_tensor_grad(program, id)) {
            struct group *at = &program->group[group];
            tensor_release(&at->grad[id]);
            if (tensor_alloc(&silent, &at->grad[id], DT_F32, &at->tensor[id].shape) != OK)
                at->grad[id].buffer = NULL;
        }
        float *grad =
            is_lanes(program, step, i) ? lanes_grad(program, group, step->input[i]) : NULL;
        if (grad && !step->accumulate[i])
            memset(grad, 0, step_input(program, step, i)->size * N16_LANES * sizeof *grad);
    }
}

static bool has_output_grad(const struct tensors *t)
{
    for (int i = 0; i < t->outputs; i++)
        if (t->output_grad_at[i])
            return true;
    return false;
}

static void backward(struct program *program, struct step *step, int group)
{
    struct context silent; // memory was there a moment ago; a failure leaves the gradient zero
    struct tensors t;
    struct op_call call;

    clear_grads(program, step, group);
    if (!step->node->op->backward)
        return;
    context_init(&silent);
    tensors_init(&t, step->node);
    if (gather_inputs(&silent, program, step, group, &t) == OK &&
        gather_grads(&silent, program, step, group, &t) == OK && has_output_grad(&t)) {
        size_t bytes;
        call = call_of(program, step, &t, group);
        bytes = step->node->op->scratch_bytes ? step->node->op->scratch_bytes(&call) : 0;
        call.scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
        if (step->node->op->backward(&silent, &call) == OK)
            give_grads(program, step, group, &t);
        free(call.scratch);
    }
    tensors_clear(&t);
}

static enum status prepare_reference(struct context *context, struct program *program,
                                     struct step *step)
{
    for (int i = 0; i < step->node->input_count; i++)
        if (is_lanes(program, step, i))
            need_scratch(program, step_input(program, step, i)->size * N16_LANES * sizeof(float));
    if (step->node->op->is_unknown)
        return op_fail_unknown(context, step->node->op);
    return prepare(context, program, step);
}

const struct lowering lowering_reference = {.op = "",
                                            .algorithm = "reference",
                                            .prepare = prepare_reference,
                                            .forward = forward,
                                            .backward = backward};
