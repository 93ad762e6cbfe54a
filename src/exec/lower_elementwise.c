// Activations and sums, products of lanes with lanes, scalars or one number a channel.
#include <math.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

// ---- activations --------------------------------------------------------------------------------

static bool activation_accepts(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) && program->slot[step->output[0]].kind == SLOT_LANES;
}

static bool clip_accepts(const struct program *program, const struct step *step)
{
    for (int i = 1; i < step->node->input_count; i++)
        if (value_exists(step->node->input[i]) && !shared_f32(program, step, i))
            return false;
    return activation_accepts(program, step);
}

static bool gelu_accepts(const struct program *program, const struct step *step)
{
    const struct gelu_attr *attr = step->node->attr;

    return activation_accepts(program, step) && attr->approximate[0] == 'n';
}

static void set_parameters(const struct program *program, const struct step *step,
                           struct activation *out)
{
    if (out->kind == ACTIVATION_CLIP) {
        const float *low = shared_f32(program, step, 1), *high = shared_f32(program, step, 2);
        out->a = low ? *low : -INFINITY;
        out->b = high ? *high : INFINITY;
    } else if (out->kind == ACTIVATION_LEAKY_RELU || out->kind == ACTIVATION_ELU ||
               out->kind == ACTIVATION_HARD_SIGMOID) {
        const struct activation_attr *attr = step->node->attr;
        out->a = (float)attr->alpha;
        out->b = (float)attr->beta;
    }
}

static enum status prepare_activation(struct program *program, struct step *step,
                                      enum activation_kind kind)
{
    struct activation *state = arena_alloc(program->arena, sizeof *state);

    state->kind = kind;
    set_parameters(program, step, state);
    step->state = state;
    need_scratch_backward(program, step_input(program, step, 0)->size * N16_LANES * sizeof(float));
    return OK;
}

static enum status activation_forward(struct context *context, struct program *program,
                                      struct step *step, int group)
{
    (void)context;
    program->kernels->activation_f32(step->state, step_input(program, step, 0)->size * N16_LANES,
                                     lanes(program, group, step->input[0]),
                                     lanes(program, group, step->output[0]));
    return OK;
}

static void activation_backward(struct program *program, struct step *step, int group)
{
    size_t n = step_input(program, step, 0)->size * N16_LANES;
    float *dx = lanes_grad(program, group, step->input[0]);
    float *to = step->accumulate[0] ? program->scratch[group] : dx;

    if (!dx)
        return;
    program->kernels->activation_f32_backward(step->state, n, lanes(program, group, step->input[0]),
                                              lanes_grad(program, group, step->output[0]), to);
    if (to != dx)
        program->kernels->scale_add_f32(n, 1, to, dx);
}

#define ACTIVATION(row, name, kind, accepts_)                                                      \
    static enum status prepare_##row(struct context *context, struct program *program,             \
                                     struct step *step)                                            \
    {                                                                                              \
        (void)context;                                                                             \
        return prepare_activation(program, step, kind);                                            \
    }                                                                                              \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "elementwise",                            \
                                            .accepts = accepts_,                                   \
                                            .prepare = prepare_##row,                              \
                                            .forward = activation_forward,                         \
                                            .backward = activation_backward}
ACTIVATION(relu, "Relu", ACTIVATION_RELU, activation_accepts);
ACTIVATION(clip, "Clip", ACTIVATION_CLIP, clip_accepts);
ACTIVATION(leaky_relu, "LeakyRelu", ACTIVATION_LEAKY_RELU, activation_accepts);
ACTIVATION(sigmoid, "Sigmoid", ACTIVATION_SIGMOID, activation_accepts);
ACTIVATION(tanh, "Tanh", ACTIVATION_TANH, activation_accepts);
ACTIVATION(elu, "Elu", ACTIVATION_ELU, activation_accepts);
ACTIVATION(hard_sigmoid, "HardSigmoid", ACTIVATION_HARD_SIGMOID, activation_accepts);
ACTIVATION(hard_swish, "HardSwish", ACTIVATION_HARD_SWISH, activation_accepts);
ACTIVATION(gelu, "Gelu", ACTIVATION_GELU, gelu_accepts);

// ---- binary -------------------------------------------------------------------------------------

// Both lanes of one size; or, when nothing is trained, lanes with a scalar or one number a channel.
struct binary_state {
    enum binary_kind kind;
    bool with_shared;
    int c;
    size_t pixels;
    float *scale, *shift; // y = x scale + shift
};

static bool same_lanes(const struct program *program, const struct step *step)
{
    size_t size = program->slot[step->output[0]].size;

    return is_lanes(program, step, 0) && is_lanes(program, step, 1) &&
           step_input(program, step, 0)->size == size && step_input(program, step, 1)->size == size;
}

static bool lanes_with_shared(const struct program *program, const struct step *step, int constant)
{
    return is_lanes(program, step, 1 - constant) && shared_f32(program, step, constant) &&
           step_input(program, step, constant)->parameter < 0 &&
           step_input(program, step, 1 - constant)->size == program->slot[step->output[0]].size &&
           channel_operand(step->call.input[constant], &step->call.output[0]->shape) > 0;
}

static bool binary_accepts(const struct program *program, const struct step *step)
{
    if (program->slot[step->output[0]].kind != SLOT_LANES)
        return false;
    if (same_lanes(program, step) || lanes_with_shared(program, step, 1))
        return true;
    // constant - x and constant / x are left to the reference.
    return (node_is(step->node, "Add") || node_is(step->node, "Mul")) &&
           lanes_with_shared(program, step, 0);
}

static enum status prepare_binary(struct context *context, struct program *program,
                                  struct step *step, enum binary_kind kind)
{
    struct binary_state *state = arena_alloc(program->arena, sizeof *state);
    size_t size = program->slot[step->output[0]].size;
    const struct shape *y = &step->call.output[0]->shape;

    step->state = state;
    state->kind = kind;
    state->with_shared = !same_lanes(program, step);
    need_scratch_backward(program, size * N16_LANES * sizeof(float));
    if (!state->with_shared)
        return OK;
    state->c = (int)(y->rank > 1 ? y->dim[1] : 1);
    state->pixels = size / (size_t)(state->c ? state->c : 1);
    state->scale = aligned_block(program, (size_t)state->c * sizeof(float));
    state->shift = aligned_block(program, (size_t)state->c * sizeof(float));
    return state->scale && state->shift ? OK : no_memory(context);
}

static int constant_of(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) ? 1 : 0;
}

static void binary_refresh(struct program *program, struct step *step)
{
    struct binary_state *state = step->state;
    const float *operand;
    int64_t count;

    if (!state->with_shared)
        return;
    operand = shared_f32(program, step, constant_of(program, step));
    count = tensor_count(step->call.input[constant_of(program, step)]);
    for (int c = 0; c < state->c; c++) {
        float b = operand[count == 1 ? 0 : c];
        state->scale[c] = state->kind == BINARY_MUL ? b : state->kind == BINARY_DIV ? 1 / b : 1;
        state->shift[c] = state->kind == BINARY_ADD ? b : state->kind == BINARY_SUB ? -b : 0;
    }
}

static enum status binary_forward(struct context *context, struct program *program,
                                  struct step *step, int group)
{
    struct binary_state *state = step->state;
    float *y = lanes(program, group, step->output[0]);

    (void)context;
    if (state->with_shared)
        program->kernels->channel_affine_f32(
            state->c, state->pixels,
            lanes(program, group, step->input[1 - constant_of(program, step)]), state->scale,
            state->shift, y);
    else
        program->kernels->binary_f32(state->kind, program->slot[step->output[0]].size * N16_LANES,
                                     lanes(program, group, step->input[0]),
                                     lanes(program, group, step->input[1]), y);
    return OK;
}

// Writes or adds the gradient that arrives at input i.
static void give(struct program *program, const struct step *step, int group, int i, size_t n,
                 const float *from)
{
    float *dx = lanes_grad(program, group, step->input[i]);

    if (step->accumulate[i])
        program->kernels->scale_add_f32(n, 1, from, dx);
    else
        program->kernels->activation_f32(&(struct activation){ACTIVATION_CLIP, -INFINITY, INFINITY},
                                         n, from, dx);
}

static void shared_backward(struct program *program, struct step *step, int group)
{
    struct binary_state *state = step->state;
    int i = 1 - constant_of(program, step);
    size_t n = program->slot[step->output[0]].size * N16_LANES;

    if (!lanes_grad(program, group, step->input[i]))
        return;
    program->kernels->channel_affine_f32(state->c, state->pixels,
                                         lanes_grad(program, group, step->output[0]), state->scale,
                                         NULL, program->scratch[group]);
    give(program, step, group, i, n, program->scratch[group]);
}

static void binary_backward(struct program *program, struct step *step, int group)
{
    struct binary_state *state = step->state;
    const struct kernels *kernels = program->kernels;
    size_t n = program->slot[step->output[0]].size * N16_LANES;
    const float *dy = lanes_grad(program, group, step->output[0]);
    const float *x[2] = {NULL, NULL};
    float *scratch = program->scratch[group];

    if (state->with_shared) {
        shared_backward(program, step, group);
        return;
    }
    for (int i = 0; i < 2; i++)
        x[i] = lanes(program, group, step->input[i]);
    for (int at = 0; at < 2; at++) { // the order in which step->accumulate was decided
        if (!lanes_grad(program, group, step->input[at]))
            continue;
        const float *from = dy;
        if (state->kind == BINARY_MUL) {
            kernels->binary_f32(BINARY_MUL, n, dy, x[1 - at], scratch);
            from = scratch;
        } else if (state->kind == BINARY_SUB && at == 1) {
            kernels->channel_affine_f32(1, n / N16_LANES, dy, (const float[]){-1}, NULL, scratch);
            from = scratch;
        } else if (state->kind == BINARY_DIV) {
            kernels->binary_f32(BINARY_DIV, n, dy, x[1], scratch);
            if (at == 1) { // d(a/b)/db = -a/b^2
                kernels->binary_f32(BINARY_DIV, n, scratch, x[1], scratch);
                kernels->binary_f32(BINARY_MUL, n, scratch, x[0], scratch);
                kernels->channel_affine_f32(1, n / N16_LANES, scratch, (const float[]){-1}, NULL,
                                            scratch);
            }
            from = scratch;
        }
        give(program, step, group, at, n, from);
    }
}

#define BINARY(row, name, kind)                                                                    \
    static enum status prepare_##row(struct context *context, struct program *program,             \
                                     struct step *step)                                            \
    {                                                                                              \
        return prepare_binary(context, program, step, kind);                                       \
    }                                                                                              \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "elementwise",                            \
                                            .accepts = binary_accepts,                             \
                                            .prepare = prepare_##row,                              \
                                            .refresh = binary_refresh,                             \
                                            .forward = binary_forward,                             \
                                            .backward = binary_backward}
BINARY(add, "Add", BINARY_ADD);
BINARY(sub, "Sub", BINARY_SUB);
BINARY(mul, "Mul", BINARY_MUL);
BINARY(div, "Div", BINARY_DIV);
