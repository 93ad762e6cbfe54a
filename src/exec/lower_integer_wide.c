// Convolutions and matrix products on integers whose weights are beyond int8 (uint8 far from its
// zero point): on float lanes that hold q - zero_point, between conversions from and to bytes.
// Every sum stays below 2^24, where float32 is exact in any order, or is cut into blocks that do.
#include <stdlib.h>

#include "exec/integer_internal.h"

struct wide_state {
    struct conv2d shape;
    int blocks;
    float *packed;
    struct grid_u8 x_steps, y_steps; // conversions of q - zero_point, one a step
    size_t x_at, y_at, scratch_at;   // bytes in scratch
    struct view_u8 x;
};

static int largest(const struct integer_grid *grid)
{
    int low = abs(grid->low - grid->zero_point), high = abs(grid->high - grid->zero_point);

    return low > high ? low : high;
}

static enum status pack(struct context *context, struct program *program,
                        const struct integer_node *at, struct wide_state *state)
{
    float *weight;

    weight = aligned_block(program, (size_t)at->weight_count * sizeof(float));
    state->packed = aligned_block(program, (size_t)at->weight_count * sizeof(float));
    if (!weight || !state->packed)
        return no_memory(context);
    for (int64_t i = 0; i < at->weight_count; i++)
        weight[i] = at->weight[i];
    state->blocks = conv2d_exact_blocks(&state->shape, weight, largest(&at->x_grid));
    if (state->blocks < 1)
        return context_fail(context, ERR_UNSUPPORTED, "kernel is too large for exact integer sums");
    if (state->blocks == 1) {
        conv2d_f32_pack(&state->shape, weight, state->packed);
        need_scratch(program, state->scratch_at + conv2d_f32_scratch_bytes(&state->shape));
    } else {
        conv2d_i32_pack(&state->shape, state->blocks, weight, state->packed);
        need_scratch(program,
                     state->scratch_at + conv2d_i32_scratch_bytes(&state->shape, state->blocks));
    }
    return OK;
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    const struct integer_node *at = step->integer;
    struct wide_state *state = arena_alloc(program->arena, sizeof *state);
    struct slot *x, *y;

    step->state = state;
    TRY(integer_open(context, program, step));
    TRY(integer_conv_shape(context, program, step, &state->shape));
    x = &program->slot[at->x.at];
    y = &program->slot[at->y.at];
    y->channels = (size_t)state->shape.oc;
    state->x_at = 0;
    state->y_at = x->size * N16_LANES * sizeof(float);
    state->scratch_at = state->y_at + y->size * N16_LANES * sizeof(float);
    state->x = view_u8_of(program, at->x.at, (size_t)state->shape.c, &state->scratch_at);
    state->x_steps = grid_u8_of(program, at->x.at, &at->x_grid);
    state->x_steps.scale = 1;
    if (at->y_grid.is_set) {
        state->y_steps = grid_u8_of(program, at->y.at, &at->y_grid);
        state->y_steps.scale = 1;
    }
    return pack(context, program, at, state);
}

static void dequantize_sums(const struct integer_node *at, const int32_t *acc_i32,
                            const float *acc_f32, size_t pixels, float *y)
{
    for (size_t c = 0; c < (size_t)at->channels; c++)
        for (size_t i = c * pixels * N16_LANES; i < (c + 1) * pixels * N16_LANES; i++) {
            int32_t acc = (acc_i32 ? acc_i32[i] : (int32_t)acc_f32[i]) + at->bias[c];
            y[i] = (float)acc * at->scale[c];
        }
}

// Sums in place of y, then q - zero_point or floats.
static void run_sums(const struct program *program, const struct integer_node *at,
                     const struct wide_state *state, const float *x, float *y, void *scratch)
{
    const struct kernels *kernels = program->kernels;
    size_t pixels = (size_t)state->shape.oh * (size_t)state->shape.ow;
    struct requant requant = {at->channels,          pixels,         at->bias,       at->scale,
                              at->y_grid.zero_point, at->y_grid.low, at->y_grid.high};
    int32_t *acc = (int32_t *)(void *)y; // the same four bytes an element, rewritten in place

    if (state->blocks == 1)
        kernels->conv2d_f32(&state->shape, x, state->packed, NULL, y, scratch);
    else
        kernels->conv2d_i32(&state->shape, state->blocks, x, state->packed, acc, scratch);
    if (!at->y_grid.is_set)
        dequantize_sums(at, state->blocks == 1 ? NULL : acc, y, pixels, y);
    else if (state->blocks == 1)
        kernels->requantize_f32(&requant, y, y);
    else
        kernels->requantize_i32(&requant, acc, y);
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct integer_node *at = step->integer;
    const struct wide_state *state = step->state;
    uint8_t *scratch = program->scratch[group];
    float *x = (float *)(void *)(scratch + state->x_at);
    float *y = at->y_grid.is_set ? (float *)(void *)(scratch + state->y_at)
                                 : lanes(program, group, step->output[0]);

    (void)context;
    program->kernels->dequantize_u8(&state->x_steps, state->shape.c, state->x.pixels,
                                    view_u8_bytes(program, group, &state->x), x);
    run_sums(program, at, state, x, y, scratch + state->scratch_at);
    if (at->y_grid.is_set)
        program->kernels->quantize_u8(&state->y_steps, state->shape.oc,
                                      (size_t)state->shape.oh * (size_t)state->shape.ow, y,
                                      lanes_u8(program, group, step->output[0]));
    return OK;
}

const struct lowering lowering_integer_conv_wide = {
    .op = "", .algorithm = "int16 in float", .prepare = prepare, .forward = forward};
