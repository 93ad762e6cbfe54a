// Convolutions and matrix products on bytes, by one of the kernels' integer algorithms, with the
// sum behind them swallowed.
#include <stdlib.h>
#include <string.h>

#include "exec/integer_internal.h"
#include "ops/attr.h"

struct conv_state {
    struct conv2d shape;
    struct view_u8 x;
    const struct conv2d_u8_algorithm *algorithm;
    void *packed;
    struct epilogue_u8 epilogue; // add and y_f32 are set for each group
    struct sum_u8 sum;
    size_t scratch_at; // of the kernel
};

static const struct conv2d one_pixel = {.h = 1,
                                        .w = 1,
                                        .kh = 1,
                                        .kw = 1,
                                        .stride_h = 1,
                                        .stride_w = 1,
                                        .dilation_h = 1,
                                        .dilation_w = 1,
                                        .groups = 1,
                                        .oh = 1,
                                        .ow = 1};

static void affine_shape(const struct shape *x, struct conv2d *out)
{
    *out = one_pixel;
    out->c = out->oc = out->groups = (int)x->dim[1];
    out->h = out->oh = (int)x->dim[2];
    out->w = out->ow = (int)x->dim[3];
}

// The value as it is stored: flattening counts channel by channel, which is how weights count.
static void matrix_shape(const struct program *program, const struct integer_node *at,
                         struct conv2d *out)
{
    const struct slot *x = &program->slot[at->x.at];
    int channels = x->channels ? (int)x->channels : (int)x->size, pixels = (int)x->size / channels;

    *out = one_pixel;
    out->c = channels;
    out->w = out->kw = pixels;
    out->oc = at->channels;
}

enum status integer_conv_shape(struct context *context, const struct program *program,
                               const struct step *step, struct conv2d *out)
{
    const struct integer_node *at = step->integer;
    const struct shape *x = &step->call.input[0]->shape, *w = &step->call.input[1]->shape;

    if (!program->slot[at->x.at].size || !at->channels)
        return context_fail(context, ERR_UNSUPPORTED, "it has no elements");
    if (at->kind == INTEGER_CONV)
        TRY(conv2d_from(context, step->node->attr, x, w, out));
    else if (at->kind == INTEGER_AFFINE)
        affine_shape(x, out);
    else
        matrix_shape(program, at, out);
    if ((int64_t)conv2d_weight_count(out) != at->weight_count)
        return context_fail(context, ERR_UNSUPPORTED, "samples cannot be told apart");
    return OK;
}

static enum status pack(struct context *context, struct program *program,
                        const struct integer_node *at, struct conv_state *state)
{
    int8_t *weight = must_alloc((size_t)at->weight_count + 1);
    struct conv2d_u8_weights weights = {weight, at->bias,
                                        at->x_grid.zero_point + offset_u8(program, at->x.at)};
    enum status status = OK;

    for (int64_t i = 0; i < at->weight_count; i++)
        weight[i] = (int8_t)at->weight[i];
    state->algorithm = choose_conv2d_u8(context, program, &state->shape, &weights);
    state->packed = aligned_block(program, state->algorithm->packed_bytes(&state->shape, &weights));
    if (!state->packed)
        status = no_memory(context);
    else if (!program->options.is_plan)
        state->algorithm->pack(&state->shape, &weights, state->packed);
    free(weight);
    return status;
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    const struct integer_node *at = step->integer;
    struct conv_state *state = arena_alloc(program->arena, sizeof *state);
    uint32_t y = at->y.at;

    step->state = state;
    TRY(integer_open(context, program, step));
    TRY(integer_conv_shape(context, program, step, &state->shape));
    state->x = view_u8_of(program, at->x.at, (size_t)state->shape.c, &state->scratch_at);
    TRY(pack(context, program, at, state));
    step->algorithm = state->algorithm->name;
    step->is_integer_product = true;
    step->uses_tiles = state->algorithm->uses_tiles;
    need_scratch(program, state->scratch_at + state->algorithm->scratch_bytes(&state->shape));
    state->epilogue.scale = at->scale;
    if (at->y_grid.is_set)
        state->epilogue.y = grid_u8_of(program, y, &at->y_grid);
    if (step->sum) {
        state->sum = sum_u8_of(program, step->sum, value_is(step->sum->x2, at->y));
        state->epilogue.sum = &state->sum;
        y = step->sum->y.at;
        step->output[0] = y;
        if (program->slot[step->addend].alias_of != program->slot[at->x.at].alias_of &&
            is_last_reader(program, step, (struct value_id){step->addend}))
            program->slot[y].alias_of = program->slot[step->addend].alias_of;
    }
    program->slot[y].channels = (size_t)state->shape.oc;
    return OK;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct conv_state *state = step->state;
    struct epilogue_u8 epilogue = state->epilogue;
    uint8_t *scratch = program->scratch[group], *y = NULL;

    (void)context;
    if (step->integer->y_grid.is_set)
        y = lanes_u8(program, group, step->output[0]);
    else
        epilogue.y_f32 = lanes(program, group, step->output[0]);
    if (step->sum)
        epilogue.add = lanes_u8(program, group, step->addend);
    state->algorithm->run(program->kernels, &state->shape, view_u8_bytes(program, group, &state->x),
                          state->packed, &epilogue, y, scratch + state->scratch_at);
    return OK;
}

const struct lowering lowering_integer_conv = {
    .op = "", .algorithm = "int8", .prepare = prepare, .forward = forward};

// ---- the sum behind a convolution ---------------------------------------------------------------

// Its only reader behind step->node, if that is a sum with something else.
static const struct integer_node *only_sum(const struct program *program, struct value_id value,
                                           uint32_t *n)
{
    const struct integer_node *found = NULL;

    for (uint32_t i = 0; i < program->graph->node_count; i++) {
        const struct integer_node *node = &program->integer->node[i];
        if (!integer_reads(node, value))
            continue;
        if (found || node->kind != INTEGER_ADD || value_is(node->x, node->x2))
            return NULL;
        found = node;
        *n = i;
    }
    return found;
}

void fuse_integer_sum(struct program *program, struct step *step, bool *swallowed)
{
    const struct integer_node *at = step->integer, *sum;
    const struct slot *other;
    struct value_id addend;
    uint32_t n = 0;

    if (integer_lowering(at) != &lowering_integer_conv || !at->y_grid.is_set ||
        !(sum = only_sum(program, at->y, &n)))
        return;
    addend = value_is(sum->x, at->y) ? sum->x2 : sum->x;
    other = &program->slot[addend.at];
    // Only a value whose maker has been prepared knows its channels.
    if (other->kind != SLOT_U8 || other->channels != (size_t)at->channels ||
        other->size != program->slot[at->y.at].size)
        return;
    step->sum = sum;
    step->addend = addend.at;
    swallowed[n] = true;
}
