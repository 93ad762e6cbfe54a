// Nodes that exec/integer.h planned, on lanes that hold q - zero_point as floats: every sum stays
// below 2^24, where float32 is exact in any order, or is cut into blocks that do.
#include <stdlib.h>

#include "exec/program_internal.h"

struct integer_state {
    struct conv2d shape; // Conv; Gemm is a 1x1 convolution of one pixel
    struct pool2d pool;
    int blocks;
    float *packed;
    size_t size, pixels; // of the output, elements a sample
};

static enum status conv_shape(struct context *context, const struct step *step, struct conv2d *out)
{
    const struct shape *x = &step->call.input[0]->shape, *w = &step->call.input[1]->shape;

    if (step->integer->kind == INTEGER_GEMM) {
        *out = (struct conv2d){.c = (int)x->dim[1],
                               .h = 1,
                               .w = 1,
                               .oc = step->integer->channels,
                               .kh = 1,
                               .kw = 1,
                               .stride_h = 1,
                               .stride_w = 1,
                               .dilation_h = 1,
                               .dilation_w = 1,
                               .groups = 1,
                               .oh = 1,
                               .ow = 1};
        return OK;
    }
    return conv2d_from(context, step->node->attr, x, w, out);
}

static int largest(const struct integer_grid *grid)
{
    int low = abs(grid->low - grid->zero_point), high = abs(grid->high - grid->zero_point);

    return low > high ? low : high;
}

static enum status prepare_conv(struct context *context, struct program *program, struct step *step,
                                struct integer_state *state)
{
    const struct integer_node *at = step->integer;
    float *weight;

    TRY(conv_shape(context, step, &state->shape));
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
        need_scratch(program, conv2d_f32_scratch_bytes(&state->shape));
    } else {
        conv2d_i32_pack(&state->shape, state->blocks, weight, state->packed);
        need_scratch(program, conv2d_i32_scratch_bytes(&state->shape, state->blocks));
    }
    return OK;
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    const struct integer_node *at = step->integer;
    struct integer_state *state = arena_alloc(program->arena, sizeof *state);
    const struct shape *y = &program->inference.of_value[at->y.at].shape;

    step->state = state;
    // The step reads and writes the values of the plan, not those of the node.
    step->output[0] = at->y.at;
    step->input[0] = at->x.at;
    if (at->kind == INTEGER_ADD)
        step->input[1] = at->x2.at;
    for (int i = at->kind == INTEGER_ADD ? 2 : 1; i < step->node->input_count; i++)
        step->input[i] = UINT32_MAX;
    state->size = (size_t)(shape_count(y) / N16_LANES);
    if (program->slot[at->y.at].kind != SLOT_LANES || program->slot[at->x.at].kind != SLOT_LANES)
        return context_fail(context, ERR_UNSUPPORTED, "samples cannot be told apart");
    if (at->kind == INTEGER_MAXPOOL)
        return pool2d_from(context, step->node->attr, &step->call.input[0]->shape, &state->pool);
    if (at->kind == INTEGER_MEAN)
        state->pixels = program->slot[at->x.at].size / (size_t)at->channels;
    return at->kind == INTEGER_CONV || at->kind == INTEGER_GEMM
               ? prepare_conv(context, program, step, state)
               : OK;
}

// Rounds half to even: adding 1.5 * 2^23 leaves no bits behind the point. |x| < 2^22.
static inline float round_even(float x)
{
    const float magic = 12582912.0f;
    volatile float sum = x + magic; // volatile: the sum has to be rounded to float32

    return sum - magic;
}

static inline float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

// To q - zero_point; also clamps NaN (to low).
static float to_grid(float scaled, const struct integer_grid *grid)
{
    float low = (float)(grid->low - grid->zero_point),
          high = (float)(grid->high - grid->zero_point);

    if (!(scaled > low - 1)) // first, so that round_even stays in its range
        return low;
    return clamp(round_even(scaled < high + 1 ? scaled : high + 1), low, high);
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

static void run_conv(struct program *program, const struct step *step, int group)
{
    const struct integer_node *at = step->integer;
    const struct integer_state *state = step->state;
    size_t pixels = (size_t)state->shape.oh * (size_t)state->shape.ow;
    struct requant requant = {at->channels,          pixels,         at->bias,       at->scale,
                              at->y_grid.zero_point, at->y_grid.low, at->y_grid.high};
    const float *x = lanes(program, group, at->x.at);
    float *y = lanes(program, group, at->y.at);

    if (state->blocks == 1) {
        program->kernels->conv2d_f32(&state->shape, x, state->packed, NULL, y,
                                     program->scratch[group]);
        if (at->y_grid.is_set)
            program->kernels->requantize_f32(&requant, y, y);
        else
            dequantize_sums(at, NULL, y, pixels, y);
        return;
    }
    int32_t *acc = (int32_t *)y; // the same four bytes an element, rewritten in place
    program->kernels->conv2d_i32(&state->shape, state->blocks, x, state->packed, acc,
                                 program->scratch[group]);
    if (at->y_grid.is_set)
        program->kernels->requantize_i32(&requant, acc, y);
    else
        dequantize_sums(at, acc, NULL, pixels, y);
}

static void run_add(const struct program *program, const struct step *step, int group)
{
    const struct integer_node *at = step->integer;
    const struct integer_grid *grid = &at->y_grid;
    const float *a = lanes(program, group, at->x.at), *b = lanes(program, group, at->x2.at);
    double low = grid->low - grid->zero_point, high = grid->high - grid->zero_point;
    double ma = at->scale_a, mb = at->scale_b;
    float *y = lanes(program, group, at->y.at);
    size_t n = ((const struct integer_state *)step->state)->size * N16_LANES;

    for (size_t i = 0; i < n; i++) {
        double sum = (double)a[i] * ma + (double)b[i] * mb;
        sum = sum < low - 1 ? low - 1 : sum > high + 1 ? high + 1 : sum;
        sum = (sum + 0x1.8p52) - 0x1.8p52; // rounds half to even
        y[i] = (float)(sum < low ? low : sum > high ? high : sum);
    }
}

static void run_mean(const struct program *program, const struct step *step, int group)
{
    const struct integer_node *at = step->integer;
    size_t pixels = ((const struct integer_state *)step->state)->pixels;
    const float *x = lanes(program, group, at->x.at);
    float *y = lanes(program, group, at->y.at);

    for (size_t c = 0; c < (size_t)at->channels; c++)
        for (size_t lane = 0; lane < N16_LANES; lane++) {
            float sum = 0; // exact: at most 65536 * 255 < 2^24
            for (size_t i = 0; i < pixels; i++)
                sum += x[(c * pixels + i) * N16_LANES + lane];
            y[c * N16_LANES + lane] = to_grid(sum * at->scale_a, &at->y_grid);
        }
}

static void run_quantize(const struct program *program, const struct step *step, int group)
{
    const struct integer_node *at = step->integer;
    const float *x = lanes(program, group, at->x.at);
    float *y = lanes(program, group, at->y.at);
    size_t n = ((const struct integer_state *)step->state)->size * N16_LANES;

    for (size_t i = 0; i < n; i++)
        y[i] = to_grid(x[i] / at->y_grid.scale, &at->y_grid);
}

static void run_dequantize(const struct program *program, const struct step *step, int group)
{
    const struct integer_node *at = step->integer;
    const float *x = lanes(program, group, at->x.at);
    float *y = lanes(program, group, at->y.at);
    size_t n = ((const struct integer_state *)step->state)->size * N16_LANES;

    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * at->x_grid.scale;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct integer_state *state = step->state;

    (void)context;
    switch (step->integer->kind) {
    case INTEGER_CONV:
    case INTEGER_GEMM:
        run_conv(program, step, group);
        break;
    case INTEGER_ADD:
        run_add(program, step, group);
        break;
    case INTEGER_MEAN:
        run_mean(program, step, group);
        break;
    case INTEGER_MAXPOOL:
        program->kernels->maxpool_f32(&state->pool, lanes(program, group, step->integer->x.at),
                                      lanes(program, group, step->integer->y.at), NULL);
        break;
    case INTEGER_QUANTIZE:
        run_quantize(program, step, group);
        break;
    case INTEGER_DEQUANTIZE:
        run_dequantize(program, step, group);
        break;
    case INTEGER_NONE:
    case INTEGER_SKIP:
        break;
    }
    return OK;
}

const struct lowering lowering_integer = {
    .op = "", .algorithm = "integer", .prepare = prepare, .forward = forward};
