// BatchNormalization on lanes: by the running statistics when only running, by the batch's own
// when training (Ioffe and Szegedy 2015). Sums are made per group and added up in the groups'
// order.
#include <math.h>
#include <string.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

struct batchnorm_state {
    int c;
    size_t pixels;
    double *sums;  // per group [2][c]
    double *total; // [2][c]
    float *mean, *inv_std, *scale, *shift;
    float *a, *b, *k;  // dx = a dy + b x + k
    float *running[2]; // mean, variance: this program's own copies
    double seen;       // batches in the running statistics, when they are an average
};

static bool accepts(const struct program *program, const struct step *step)
{
    if (!is_lanes(program, step, 0) || step->call.input[0]->shape.rank < 2 ||
        step_input(program, step, 0)->size == 0 ||
        program->slot[step->output[0]].kind != SLOT_LANES)
        return false;
    for (int i = 1; i < 5; i++)
        if (!shared_f32(program, step, i))
            return false;
    return true;
}

static void add_statistics(struct program *program, struct step *step,
                           struct batchnorm_state *state)
{
    for (int i = 0; i < 2; i++) {
        struct statistics *at = &program->statistics[program->statistics_count++];
        *at = (struct statistics){{step->input[3 + i]}, (size_t)state->c, state->running[i]};
        memcpy(at->data, shared_f32(program, step, 3 + i), (size_t)state->c * sizeof(float));
    }
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct batchnorm_state *state = arena_alloc(program->arena, sizeof *state);
    float **arrays[] = {&state->mean,  &state->inv_std,    &state->scale,
                        &state->shift, &state->a,          &state->b,
                        &state->k,     &state->running[0], &state->running[1]};
    size_t c = (size_t)step->call.input[0]->shape.dim[1];

    step->state = state;
    state->c = (int)c;
    state->pixels = step_input(program, step, 0)->size / c;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (!(*arrays[i] = aligned_block(program, c * sizeof(float))))
            return no_memory(context);
    state->sums =
        aligned_block(program, 2 * c * sizeof(double) * (size_t)(program->options.groups + 1));
    if (!state->sums)
        return no_memory(context);
    state->total = state->sums + 2 * c * (size_t)program->options.groups;
    need_scratch_backward(program, step_input(program, step, 0)->size * N16_LANES * sizeof(float));
    if (program->options.is_training)
        add_statistics(program, step, state);
    return OK;
}

static void set_affine(const struct program *program, const struct step *step,
                       struct batchnorm_state *state)
{
    const float *gamma = shared_f32(program, step, 1), *beta = shared_f32(program, step, 2);

    for (int c = 0; c < state->c; c++) {
        state->scale[c] = gamma[c] * state->inv_std[c];
        state->shift[c] = beta[c] - state->mean[c] * state->scale[c];
    }
}

static void refresh(struct program *program, struct step *step)
{
    const struct batch_normalization_attr *attr = step->node->attr;
    struct batchnorm_state *state = step->state;
    const float *mean = shared_f32(program, step, 3), *variance = shared_f32(program, step, 4);

    if (program->options.is_training)
        return;
    for (int c = 0; c < state->c; c++) {
        state->mean[c] = mean[c];
        state->inv_std[c] = (float)(1 / sqrt((double)variance[c] + attr->epsilon));
    }
    set_affine(program, step, state);
}

static struct batchnorm kernel_shape(const struct program *program,
                                     const struct batchnorm_state *state, int group)
{
    return (struct batchnorm){state->c, state->pixels, program->group[group].samples, state->mean,
                              state->inv_std};
}

// The clamp that the step swallowed.
static struct activation clamp_of(const struct step *step)
{
    bool is_relu = step->low == 0 && step->high == INFINITY;

    return (struct activation){is_relu ? ACTIVATION_RELU : ACTIVATION_CLIP, step->low, step->high};
}

static bool has_clamp(const struct step *step)
{
    return step->low != -INFINITY || step->high != INFINITY;
}

// Channel by channel, so that the clamp finds its numbers in the cache.
static void apply(struct program *program, struct step *step, int group)
{
    struct batchnorm_state *state = step->state;
    struct activation clamp = clamp_of(step);
    size_t each = state->pixels * N16_LANES;
    const float *x = lanes(program, group, step->input[0]);
    float *y = lanes(program, group, step->output[0]);

    for (size_t c = 0; c < (size_t)state->c; c++) {
        program->kernels->channel_affine_f32(1, state->pixels, x + c * each, state->scale + c,
                                             state->shift + c, y + c * each);
        if (has_clamp(step))
            program->kernels->activation_f32(&clamp, each, y + c * each, y + c * each);
    }
}

static double *group_sums(struct batchnorm_state *state, int group)
{
    return state->sums + 2 * (size_t)state->c * (size_t)group;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    struct batchnorm_state *state = step->state;
    struct batchnorm shape = kernel_shape(program, state, group);
    double *sums = group_sums(state, group);

    (void)context;
    if (!program->options.is_training) {
        apply(program, step, group);
        return OK;
    }
    memset(sums, 0, 2 * (size_t)state->c * sizeof *sums);
    program->kernels->batchnorm_f32_sums(&shape, lanes(program, group, step->input[0]), sums,
                                         sums + state->c);
    return OK;
}

// Adds the groups' sums in their order; returns the samples times pixels behind them.
static double add_up(struct program *program, struct batchnorm_state *state)
{
    double count = 0;

    memset(state->total, 0, 2 * (size_t)state->c * sizeof *state->total);
    for (int g = 0; g < program->groups; g++) {
        const double *sums = group_sums(state, g);
        for (int i = 0; i < 2 * state->c; i++)
            state->total[i] += sums[i];
        count += (double)program->group[g].samples * (double)state->pixels;
    }
    return count;
}

static void track(struct program *program, struct step *step, int c, double mean, double variance)
{
    const struct batch_normalization_attr *attr = step->node->attr;
    struct batchnorm_state *state = step->state;
    double rate = program->statistics_rate > 0 ? program->statistics_rate : 1 - attr->momentum;

    state->running[0][c] = (float)(state->running[0][c] * (1 - rate) + mean * rate);
    state->running[1][c] = (float)(state->running[1][c] * (1 - rate) + variance * rate);
}

static void join(struct program *program, struct step *step)
{
    const struct batch_normalization_attr *attr = step->node->attr;
    struct batchnorm_state *state = step->state;
    double count;

    if (!program->options.is_training)
        return;
    count = add_up(program, state);
    for (int c = 0; c < state->c; c++) {
        double mean = state->total[c] / count;
        double variance = state->total[state->c + c] / count - mean * mean;
        variance = variance > 0 ? variance : 0;
        state->mean[c] = (float)mean;
        state->inv_std[c] = (float)(1 / sqrt(variance + attr->epsilon));
        // The running variance is the unbiased one, as PyTorch keeps it.
        track(program, step, c, mean, count > 1 ? variance * count / (count - 1) : variance);
    }
    set_affine(program, step, state);
}

static void after(struct program *program, struct step *step, int group)
{
    if (program->options.is_training)
        apply(program, step, group);
}

// The gradient behind the clamp becomes the one before it in place: nobody else reads it.
static void backward(struct program *program, struct step *step, int group)
{
    struct batchnorm_state *state = step->state;
    struct batchnorm one = kernel_shape(program, state, group);
    struct activation clamp = clamp_of(step);
    size_t each = state->pixels * N16_LANES;
    const float *x = lanes(program, group, step->input[0]);
    const float *y = lanes(program, group, step->output[0]);
    float *dy = lanes_grad(program, group, step->output[0]);
    double *sums = group_sums(state, group);
    float *dgamma = partial_grad(program, step, 1, group);
    float *dbeta = partial_grad(program, step, 2, group);

    memset(sums, 0, 2 * (size_t)state->c * sizeof *sums);
    one.c = 1;
    for (size_t c = 0; c < (size_t)state->c; c++, one.mean++, one.inv_std++) {
        if (has_clamp(step))
            program->kernels->activation_f32_backward(&clamp, each, y + c * each, dy + c * each,
                                                      dy + c * each);
        program->kernels->batchnorm_f32_backward_sums(&one, x + c * each, dy + c * each, sums + c,
                                                      sums + (size_t)state->c + c);
        if (dbeta)
            dbeta[c] += (float)sums[c];
        if (dgamma)
            dgamma[c] += (float)sums[(size_t)state->c + c];
    }
}

static void backward_join(struct program *program, struct step *step)
{
    struct batchnorm_state *state = step->state;
    struct batchnorm shape = kernel_shape(program, state, 0);
    struct batchnorm_sums sums = {add_up(program, state), state->total, state->total + state->c};

    batchnorm_f32_backward_coefficients(&shape, &sums, shared_f32(program, step, 1), state->a,
                                        state->b, state->k);
}

static void backward_after(struct program *program, struct step *step, int group)
{
    struct batchnorm_state *state = step->state;
    float *dx = lanes_grad(program, group, step->input[0]);
    float *to = step->accumulate[0] ? program->scratch[group] : dx;

    if (!dx)
        return;
    program->kernels->channel_combine_f32(state->c, state->pixels,
                                          lanes_grad(program, group, step->output[0]),
                                          lanes(program, group, step->input[0]),
                                          (const float *const[]){state->a, state->b, state->k}, to);
    if (to != dx)
        program->kernels->scale_add_f32(step_input(program, step, 0)->size * N16_LANES, 1, to, dx);
}

const struct lowering lowering_batchnorm = {.op = "BatchNormalization",
                                            .algorithm = "batch norm",
                                            .accepts = accepts,
                                            .prepare = prepare,
                                            .refresh = refresh,
                                            .forward = forward,
                                            .join = join,
                                            .after = after,
                                            .backward = backward,
                                            .backward_join = backward_join,
                                            .backward_after = backward_after};
