// ecai run --state.
#include "cli/run_steps.h"

#include <string.h>

#include "exec/reference.h"

// What one run of steps needs beside its inputs: state and values of the present step.
struct run {
    const struct steps *steps;
    const struct tensor *input;
    struct tensor *now, *made, *first, *state; // inputs, outputs; a state each link
    int64_t count;
};

static enum status count_steps(struct context *context, struct run *run)
{
    const struct graph *graph = run->steps->graph;

    for (uint32_t i = 0; i < graph->input_count; i++) {
        int64_t steps;
        if (!run->steps->is_stepped[i] || !run->input[i].buffer)
            continue;
        steps = run->input[i].shape.dim[0];
        if (run->count && steps != run->count)
            return context_fail(context, ERR_SHAPE, "input '%s' has %lld steps, another %lld",
                                graph_value(graph, graph->input[i])->name, (long long)steps,
                                (long long)run->count);
        run->count = steps;
    }
    return run->count ? OK : context_fail(context, ERR_USAGE, "'--state': no input has any steps");
}

// Step t of a tensor with steps in front.
static void share_step(struct tensor *to, const struct tensor *from, int64_t t)
{
    tensor_share(to, from);
    to->shape.rank--;
    memmove(to->shape.dim, to->shape.dim + 1, (size_t)to->shape.rank * sizeof *to->shape.dim);
    to->offset += (size_t)t * tensor_bytes(to);
}

static enum status begin_states(struct context *context, struct run *run)
{
    const struct steps *steps = run->steps;
    struct infer_options infer = steps->infer;
    struct inference inference;
    enum status status = OK;

    infer.is_lenient = true;
    TRY(graph_infer(context, steps->graph, &infer, &inference));
    for (int64_t k = 0; k < steps->link_count && status == OK; k++) {
        const struct tensor *given = &run->input[steps->link[k].input];
        if (given->buffer)
            tensor_share(&run->first[k], given);
        else
            status =
                state_zeros(context, steps->graph, &inference, &steps->link[k], &run->first[k]);
    }
    inference_clear(&inference);
    return status;
}

static void set_inputs(struct run *run, int64_t t)
{
    const struct steps *steps = run->steps;
    bool begins = t == 0 || (steps->reset && t % steps->reset == 0);

    for (int64_t k = 0; k < steps->link_count; k++) {
        if (begins) {
            tensor_release(&run->state[k]);
            tensor_share(&run->state[k], &run->first[k]);
        }
        tensor_share(&run->now[steps->link[k].input], &run->state[k]);
    }
    for (uint32_t i = 0; i < steps->graph->input_count; i++) {
        if (run->now[i].buffer)
            continue;
        if (steps->is_stepped[i])
            share_step(&run->now[i], &run->input[i], t);
        else
            tensor_share(&run->now[i], &run->input[i]);
    }
}

// Puts the step's output into the room for all, made at the first step.
static enum status keep(struct context *context, const struct run *run, uint32_t i, int64_t t,
                        struct tensor *all)
{
    const struct tensor *made = &run->made[i];
    struct shape shape = made->shape;
    int64_t dim[SHAPE_MAX_RANK + 1] = {run->count};

    memcpy(dim + 1, shape.dim, (size_t)shape.rank * sizeof *dim);
    TRY(shape_set(context, &shape, shape.rank + 1, dim));
    if (t == 0)
        TRY(tensor_alloc(context, all, made->dtype, &shape));
    if (!shape_equal(&shape, &all->shape) || made->dtype != all->dtype)
        return context_fail(context, ERR_SHAPE, "output '%s' has another shape at step %lld",
                            graph_value(run->steps->graph, run->steps->graph->output[i])->name,
                            (long long)t);
    if (dtype_info[made->dtype].bits < 8)
        return context_fail(context, ERR_UNSUPPORTED, "outputs of 4 bits cannot be put together");
    memcpy((char *)tensor_write(all) + (size_t)t * tensor_bytes(made), tensor_data(made),
           tensor_bytes(made));
    return OK;
}

static enum status run_step(struct context *context, struct run *run, int64_t t,
                            struct tensor *output)
{
    const struct steps *steps = run->steps;

    set_inputs(run, t);
    TRY(reference_run(context, steps->graph, run->now, run->made, NULL));
    for (uint32_t i = 0; i < steps->graph->output_count; i++)
        TRY(keep(context, run, i, t, &output[i]));
    for (int64_t k = 0; k < steps->link_count; k++)
        TRY(state_advance(context, steps->graph, &steps->link[k], &run->made[steps->link[k].output],
                          &run->state[k]));
    return OK;
}

static void release(struct tensor *tensor, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        tensor_release(&tensor[i]);
}

enum status steps_run(struct context *context, const struct steps *steps,
                      const struct tensor *input, struct tensor *output)
{
    struct arena *arena = arena_new();
    struct run run = {.steps = steps, .input = input};
    enum status status;

    run.now = arena_array(arena, struct tensor, steps->graph->input_count + 1);
    run.made = arena_array(arena, struct tensor, steps->graph->output_count + 1);
    run.first = arena_array(arena, struct tensor, (size_t)steps->link_count + 1);
    run.state = arena_array(arena, struct tensor, (size_t)steps->link_count + 1);
    status = count_steps(context, &run);
    if (status == OK)
        status = begin_states(context, &run);
    for (int64_t t = 0; t < run.count && status == OK; t++) {
        status = context_tick(context, "running", (uint64_t)t, (uint64_t)run.count);
        if (status == OK)
            status = run_step(context, &run, t, output);
        release(run.now, steps->graph->input_count);
        release(run.made, steps->graph->output_count);
    }
    release(run.first, steps->link_count);
    release(run.state, steps->link_count);
    arena_free(arena);
    return status;
}
