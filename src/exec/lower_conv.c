// Conv on lanes: by one of the kernels' algorithms, with a batch norm, a sum and a clamp swallowed
// when the program only runs forward.
#include <math.h>
#include <stdlib.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

struct conv_state {
    struct conv2d shape;
    struct epilogue epilogue; // bias and clamp; add is set for each group
    float *bias;              // when a batch norm is folded in, else NULL
    const struct conv2d_algorithm *algorithm;
    void *packed;
    void *packed_backward;
    // The gradient by the input, where a convolution computes it; NULL: conv2d_f32_backward_data.
    const struct conv2d_algorithm *gradient;
    struct conv2d gradient_shape;
    float *rotated; // its weights
};

static bool accepts(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) && shared_f32(program, step, 1) &&
           step->call.input[0]->shape.rank == 4 &&
           conv2d_fits(step->node->attr, &step->call.input[0]->shape,
                       &step->call.input[1]->shape) &&
           (step->node->input_count < 3 || !value_exists(step->node->input[2]) ||
            shared_f32(program, step, 2)) &&
           program->slot[step->output[0]].kind == SLOT_LANES &&
           program->slot[step->output[0]].size > 0 && step_input(program, step, 0)->size > 0;
}

// w' = w * gamma / sqrt(variance + epsilon), b' = beta + (b - mean) * the same.
static void fold_batchnorm(struct program *program, struct step *step, const float *weight,
                           float *folded)
{
    const struct batch_normalization_attr *attr = step->batchnorm->attr;
    const float *bias = shared_f32(program, step, 2), *norm[4];
    struct conv_state *state = step->state;
    size_t each = conv2d_weight_count(&state->shape) / (size_t)state->shape.oc;

    for (int i = 0; i < 4; i++)
        norm[i] = tensor_f32(&program->inference.of_value[step->batchnorm->input[i + 1].at]);
    for (int c = 0; c < state->shape.oc; c++) {
        double factor = norm[0][c] / sqrt((double)norm[3][c] + attr->epsilon);
        for (size_t i = 0; i < each; i++)
            folded[(size_t)c * each + i] = (float)(weight[(size_t)c * each + i] * factor);
        state->bias[c] = (float)(norm[1][c] + ((bias ? bias[c] : 0) - (double)norm[2][c]) * factor);
    }
}

static bool is_read_after(const struct program *program, const struct step *step, uint32_t root)
{
    uint32_t n = (uint32_t)(step->node - program->graph->node);

    for (uint32_t i = 0; i < program->graph->output_count; i++)
        if (program->slot[program->graph->output[i].at].alias_of == root)
            return true;
    for (uint32_t i = n + 1; i < program->graph->node_count; i++) {
        const struct node *node = &program->graph->node[i];
        for (int k = 0; k < node->input_count && node != step->addition; k++)
            if (value_exists(node->input[k]) && program->slot[node->input[k].at].alias_of == root)
                return true;
    }
    return false;
}

// The sum takes the memory of an addend that nobody reads again: the lines of y are then in the
// cache already when they are written.
static void add_in_place(struct program *program, const struct step *step)
{
    const struct conv_state *state = step->state;
    uint32_t root;

    if (step->addend == UINT32_MAX || !state->algorithm->adds_in_place ||
        program->options.is_training || program->options.keeps_values)
        return;
    root = program->slot[step->addend].alias_of;
    if (root != program->slot[step->input[0]].alias_of && !is_read_after(program, step, root))
        program->slot[step->output[0]].alias_of = root;
}

// weight NULL: it will change.
static enum status choose(struct context *context, struct program *program, struct step *step,
                          const float *weight)
{
    struct conv_state *state = step->state;
    size_t bytes;

    state->algorithm = choose_conv2d(context, program, &state->shape, weight);
    bytes = state->algorithm->packed_bytes(&state->shape, weight);
    state->packed = aligned_block(program, bytes);
    if (!state->packed)
        return no_memory(context);
    step->algorithm = state->algorithm->name;
    if (state->algorithm->macs)
        step->macs = state->algorithm->macs(&state->shape, weight);
    need_scratch(program, state->algorithm->scratch_bytes(&state->shape));
    add_in_place(program, step);
    return OK;
}

// Chooses how the gradient by the input is computed; returns the bytes of its packed weights.
static size_t choose_gradient(struct context *context, struct program *program,
                              struct conv_state *state)
{
    struct conv2d *shape = &state->gradient_shape;

    if (conv2d_gradient_shape(&state->shape, shape)) {
        const struct conv2d_algorithm *by = choose_conv2d(context, program, shape, NULL);

        if (by->adds_in_place) {
            state->gradient = by;
            need_scratch(program, by->scratch_bytes(shape));
            return by->packed_bytes(shape, NULL);
        }
    }
    return conv2d_weight_count(&state->shape) * sizeof(float);
}

static enum status prepare_training(struct context *context, struct program *program,
                                    struct step *step)
{
    struct conv_state *state = step->state;

    TRY(choose(context, program, step, NULL));
    state->packed_backward = aligned_block(program, choose_gradient(context, program, state));
    if (state->gradient)
        state->rotated = aligned_block(program, conv2d_weight_count(&state->shape) * sizeof(float));
    if (!state->packed_backward || (state->gradient && !state->rotated))
        return no_memory(context);
    need_scratch(program, conv2d_f32_scratch_bytes(&state->shape));
    return OK;
}

// Weights that stay are packed at once, so that no more than one layer's lie there twice: the
// source's pages go back to their file, a folded copy is freed.
static enum status prepare_running(struct context *context, struct program *program,
                                   struct step *step)
{
    struct conv_state *state = step->state;
    const float *weight = shared_f32(program, step, 1);
    float *folded = NULL;
    enum status status;

    if (step->batchnorm) {
        folded = malloc(conv2d_weight_count(&state->shape) * sizeof(float));
        state->bias = aligned_block(program, (size_t)state->shape.oc * sizeof(float));
        if (!folded || !state->bias) {
            free(folded);
            return no_memory(context);
        }
        fold_batchnorm(program, step, weight, folded);
        weight = folded;
    }
    status = choose(context, program, step, weight);
    if (status == OK && !program->options.is_plan)
        state->algorithm->pack(&state->shape, weight, state->packed);
    free(folded);
    tensor_cool(step->call.input[1]);
    return status;
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct conv_state *state = arena_alloc(program->arena, sizeof *state);

    step->state = state;
    TRY(conv2d_from(context, step->node->attr, &step->call.input[0]->shape,
                    &step->call.input[1]->shape, &state->shape));
    return program->options.is_training ? prepare_training(context, program, step)
                                        : prepare_running(context, program, step);
}

static void refresh(struct program *program, struct step *step)
{
    struct conv_state *state = step->state;
    const float *bias = state->bias ? state->bias : shared_f32(program, step, 2);
    const float *weight = shared_f32(program, step, 1);

    state->epilogue = (struct epilogue){bias, NULL, step->low, step->high};
    if (!program->options.is_training)
        return;
    state->algorithm->pack(&state->shape, weight, state->packed);
    if (state->gradient) {
        conv2d_gradient_weights(&state->shape, weight, state->rotated);
        state->gradient->pack(&state->gradient_shape, state->rotated, state->packed_backward);
    } else
        conv2d_f32_pack_backward(&state->shape, weight, state->packed_backward);
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    struct conv_state *state = step->state;
    struct epilogue epilogue = state->epilogue;
    const float *x = lanes(program, group, step->input[0]);
    float *y = lanes(program, group, step->output[0]);

    (void)context;
    if (step->addend != UINT32_MAX)
        epilogue.add = lanes(program, group, step->addend);
    state->algorithm->run(program->kernels, &state->shape, x, state->packed, &epilogue, y,
                          program->scratch[group]);
    return OK;
}

static void backward_data(struct program *program, const struct step *step, int group,
                          const float *dy, float *dx)
{
    const struct conv_state *state = step->state;
    void *scratch = program->scratch[group];

    if (state->gradient) {
        struct epilogue e = {NULL, step->accumulate[0] ? dx : NULL, -INFINITY, INFINITY};

        state->gradient->run(program->kernels, &state->gradient_shape, dy, state->packed_backward,
                             &e, dx, scratch);
    } else
        program->kernels->conv2d_f32_backward_data(&state->shape, dy, state->packed_backward,
                                                   step->accumulate[0], dx, scratch);
}

static void backward(struct program *program, struct step *step, int group)
{
    const struct conv_state *state = step->state;
    const struct kernels *kernels = program->kernels;
    const float *dy = lanes_grad(program, group, step->output[0]);
    float *dw = partial_grad(program, step, 1, group), *db = partial_grad(program, step, 2, group);
    float *dx = lanes_grad(program, group, step->input[0]);

    if (dw)
        kernels->conv2d_f32_backward_weights(&state->shape, lanes(program, group, step->input[0]),
                                             dy, dw, program->scratch[group]);
    if (db)
        kernels->bias_f32_backward(state->shape.oc,
                                   (size_t)state->shape.oh * (size_t)state->shape.ow, dy, db);
    if (dx)
        backward_data(program, step, group, dy, dx);
}

const struct lowering lowering_conv = {.op = "Conv",
                                       .algorithm = "direct",
                                       .accepts = accepts,
                                       .prepare = prepare,
                                       .refresh = refresh,
                                       .forward = forward,
                                       .backward = backward};
