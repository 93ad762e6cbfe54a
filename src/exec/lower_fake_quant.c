// Fake quantisation of an activation while training: forward rounds to the grid, backward lets the
// gradient through where the value lies inside it (straight-through estimator: Bengio, Leonard,
// Courville 2013; Jacob et al. 2018).
#include "exec/program_internal.h"

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    const struct quant *quant =
        graph_value(program->graph, (struct value_id){step->output[0]})->quant;
    struct quant_grid *state = arena_alloc(program->arena, sizeof *state);

    (void)context;
    *state = (struct quant_grid){quant->scale[0], quant->zero_point ? quant->zero_point[0] : 0,
                                 quant->low, quant->high};
    step->state = state;
    need_scratch(program, program->slot[step->output[0]].size * N16_LANES * sizeof(float));
    return OK;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    (void)context;
    program->kernels->fake_quant_f32(step->state, program->slot[step->output[0]].size * N16_LANES,
                                     lanes(program, group, step->input[0]),
                                     lanes(program, group, step->output[0]));
    return OK;
}

static void backward(struct program *program, struct step *step, int group)
{
    float *dx = lanes_grad(program, group, step->input[0]);
    // A view's memory has other readers, whose gradients may be there already.
    float *to = step->accumulate[0] ? program->scratch[group] : dx;
    size_t n = program->slot[step->output[0]].size * N16_LANES;

    if (!dx)
        return;
    program->kernels->fake_quant_f32_backward(step->state, n, lanes(program, group, step->input[0]),
                                              lanes_grad(program, group, step->output[0]), to);
    if (to != dx)
        program->kernels->scale_add_f32(n, 1, to, dx);
}

const struct lowering lowering_fake_quant = {.op = "FakeQuantize",
                                             .algorithm = "fake quantisation",
                                             .prepare = prepare,
                                             .forward = forward,
                                             .backward = backward};
