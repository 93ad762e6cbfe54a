// Gemm and MatMul of lanes with a shared matrix: y[m][16] = W x[k][16] + b.
#include "exec/program_internal.h"
#include "ops/attr.h"

static bool is_matrix_on_lanes(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) && shared_f32(program, step, 1) &&
           step->call.input[0]->shape.rank == 2 && step->call.input[1]->shape.rank == 2 &&
           program->slot[step->output[0]].kind == SLOT_LANES &&
           program->slot[step->output[0]].size > 0 && step_input(program, step, 0)->size > 0;
}

static bool gemm_accepts(const struct program *program, const struct step *step)
{
    const struct gemm_attr *attr = step->node->attr;
    const struct tensor *bias;

    if (!is_matrix_on_lanes(program, step) || attr->transA || attr->alpha != 1)
        return false;
    if (step->node->input_count < 3 || !value_exists(step->node->input[2]))
        return true;
    bias = step->call.input[2];
    return attr->beta == 1 && shared_f32(program, step, 2) && bias->shape.rank >= 1 &&
           tensor_count(bias) == (int64_t)program->slot[step->output[0]].size &&
           bias->shape.dim[bias->shape.rank - 1] == tensor_count(bias);
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct fully_connected *state = arena_alloc(program->arena, sizeof *state);

    (void)context;
    step->state = state;
    state->m = (int)program->slot[step->output[0]].size;
    state->k = (int)step_input(program, step, 0)->size;
    state->is_transposed =
        node_is(step->node, "MatMul") || !((const struct gemm_attr *)step->node->attr)->transB;
    return OK;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    (void)context;
    program->kernels->fc_f32(step->state, lanes(program, group, step->input[0]),
                             shared_f32(program, step, 1), shared_f32(program, step, 2),
                             lanes(program, group, step->output[0]));
    return OK;
}

static void backward(struct program *program, struct step *step, int group)
{
    const struct fully_connected *state = step->state;
    const float *dy = lanes_grad(program, group, step->output[0]);
    float *dw = partial_grad(program, step, 1, group), *db = partial_grad(program, step, 2, group);
    float *dx = lanes_grad(program, group, step->input[0]);

    if (dw)
        program->kernels->fc_f32_backward_weights(state, lanes(program, group, step->input[0]), dy,
                                                  dw);
    if (db)
        program->kernels->bias_f32_backward(state->m, 1, dy, db);
    if (dx)
        program->kernels->fc_f32_backward_data(state, dy, shared_f32(program, step, 1),
                                               step->accumulate[0], dx);
}

const struct lowering lowering_gemm = {.op = "Gemm",
                                       .algorithm = "fully connected",
                                       .accepts = gemm_accepts,
                                       .prepare = prepare,
                                       .forward = forward,
                                       .backward = backward};
const struct lowering lowering_matmul = {.op = "MatMul",
                                         .algorithm = "fully connected",
                                         .accepts = is_matrix_on_lanes,
                                         .prepare = prepare,
                                         .forward = forward,
                                         .backward = backward};
