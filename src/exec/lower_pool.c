// Pools on lanes.
#include <string.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

struct pool_state {
    struct pool2d shape;
    int32_t **argmax; // per group, training MaxPool only
};

static bool pool_accepts(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) && step->call.input[0]->shape.rank == 4 &&
           pool2d_fits(step->node->attr, &step->call.input[0]->shape) &&
           program->slot[step->output[0]].kind == SLOT_LANES &&
           program->slot[step->output[0]].size > 0 &&
           (step->node->output_count < 2 || !value_exists(step->node->output[1]));
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct pool_state *state = arena_alloc(program->arena, sizeof *state);
    size_t bytes = program->slot[step->output[0]].size * N16_LANES * sizeof(int32_t);

    step->state = state;
    TRY(pool2d_from(context, step->node->attr, &step->call.input[0]->shape, &state->shape));
    if (!program->options.is_training || !node_is(step->node, "MaxPool"))
        return OK;
    state->argmax = arena_array(program->arena, int32_t *, (size_t)program->options.groups);
    for (int g = 0; g < program->options.groups; g++)
        if (!(state->argmax[g] = aligned_block(program, bytes)))
            return no_memory(context);
    return OK;
}

static enum status maxpool_forward(struct context *context, struct program *program,
                                   struct step *step, int group)
{
    struct pool_state *state = step->state;

    (void)context;
    program->kernels->maxpool_f32(&state->shape, lanes(program, group, step->input[0]),
                                  lanes(program, group, step->output[0]),
                                  state->argmax ? state->argmax[group] : NULL);
    return OK;
}

// These kernels write their dx; where another reader wrote it before, it is added by way of
// scratch.
static float *fresh_grad(struct program *program, const struct step *step, int group)
{
    float *dx = lanes_grad(program, group, step->input[0]);

    return dx && step->accumulate[0] ? program->scratch[group] : dx;
}

static void add_grad(struct program *program, const struct step *step, int group, const float *from)
{
    float *dx = lanes_grad(program, group, step->input[0]);

    if (dx != from)
        program->kernels->scale_add_f32(step_input(program, step, 0)->size * N16_LANES, 1, from,
                                        dx);
}

static void maxpool_backward(struct program *program, struct step *step, int group)
{
    struct pool_state *state = step->state;
    float *dx = fresh_grad(program, step, group);

    if (!dx)
        return;
    program->kernels->maxpool_f32_backward(
        &state->shape, lanes_grad(program, group, step->output[0]), state->argmax[group], dx);
    add_grad(program, step, group, dx);
}

static enum status averagepool_forward(struct context *context, struct program *program,
                                       struct step *step, int group)
{
    struct pool_state *state = step->state;

    (void)context;
    program->kernels->averagepool_f32(&state->shape, lanes(program, group, step->input[0]),
                                      lanes(program, group, step->output[0]));
    return OK;
}

static void averagepool_backward(struct program *program, struct step *step, int group)
{
    struct pool_state *state = step->state;
    float *dx = fresh_grad(program, step, group);

    if (!dx)
        return;
    program->kernels->averagepool_f32_backward(&state->shape,
                                               lanes_grad(program, group, step->output[0]), dx);
    add_grad(program, step, group, dx);
}

static enum status prepare_scratch(struct context *context, struct program *program,
                                   struct step *step)
{
    need_scratch_backward(program, step_input(program, step, 0)->size * N16_LANES * sizeof(float));
    return prepare(context, program, step);
}

const struct lowering lowering_maxpool = {.op = "MaxPool",
                                          .algorithm = "pool",
                                          .accepts = pool_accepts,
                                          .prepare = prepare_scratch,
                                          .forward = maxpool_forward,
                                          .backward = maxpool_backward};
const struct lowering lowering_averagepool = {.op = "AveragePool",
                                              .algorithm = "pool",
                                              .accepts = pool_accepts,
                                              .prepare = prepare_scratch,
                                              .forward = averagepool_forward,
                                              .backward = averagepool_backward};

// ---- means over all pixels ----------------------------------------------------------------------

struct mean_state {
    int c;
    size_t pixels;
};

static bool global_accepts(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) && step->call.input[0]->shape.rank >= 3 &&
           program->slot[step->output[0]].kind == SLOT_LANES &&
           step_input(program, step, 0)->size > 0;
}

// ReduceMean over every axis behind the channels.
static bool reduce_accepts(const struct program *program, const struct step *step)
{
    unsigned seen;

    return global_accepts(program, step) && reduced_set(program, step, &seen) &&
           seen == (1u << step->call.input[0]->shape.rank) - 4u;
}

static enum status mean_prepare(struct context *context, struct program *program, struct step *step)
{
    struct mean_state *state = arena_alloc(program->arena, sizeof *state);

    (void)context;
    step->state = state;
    state->c = (int)step->call.input[0]->shape.dim[1];
    state->pixels = step_input(program, step, 0)->size / (size_t)(state->c ? state->c : 1);
    need_scratch_backward(program, step_input(program, step, 0)->size * N16_LANES * sizeof(float));
    return OK;
}

static enum status mean_forward(struct context *context, struct program *program, struct step *step,
                                int group)
{
    struct mean_state *state = step->state;

    (void)context;
    program->kernels->global_averagepool_f32(state->c, state->pixels,
                                             lanes(program, group, step->input[0]),
                                             lanes(program, group, step->output[0]));
    return OK;
}

static void mean_backward(struct program *program, struct step *step, int group)
{
    struct mean_state *state = step->state;
    float *dx = fresh_grad(program, step, group);

    if (!dx)
        return;
    program->kernels->global_averagepool_f32_backward(
        state->c, state->pixels, lanes_grad(program, group, step->output[0]), dx);
    add_grad(program, step, group, dx);
}

const struct lowering lowering_global_averagepool = {.op = "GlobalAveragePool",
                                                     .algorithm = "mean",
                                                     .accepts = global_accepts,
                                                     .prepare = mean_prepare,
                                                     .forward = mean_forward,
                                                     .backward = mean_backward};
const struct lowering lowering_reduce_mean = {.op = "ReduceMean",
                                              .algorithm = "mean",
                                              .accepts = reduce_accepts,
                                              .prepare = mean_prepare,
                                              .forward = mean_forward,
                                              .backward = mean_backward};
