// Nodes that exec/integer.h planned, on bytes: sums, pools, means, and the ways in and out.
// Convolutions are in lower_integer_conv.c.
#include <string.h>

#include "exec/integer_internal.h"

struct part {
    struct view_u8 x;
    struct sum_u8 sum; // of the part with nothing
};

struct integer_state {
    bool *is_given;    // QUANTIZE of an input: per group, its bytes are there already
    struct part *part; // CONCAT
    size_t scratch_at; // where a part lies whose channels do not begin a group of four
    struct view_u8 x, x2;
    struct grid_u8 grid; // of the output, or of x where y is float
    struct sum_u8 sum;
    struct pool2d pool;
    int x_zero;
};

// ---- shared -------------------------------------------------------------------------------------

static bool is_running(const struct program *program, uint32_t slot)
{
    return program->slot[slot].kind == SLOT_LANES || program->slot[slot].kind == SLOT_U8;
}

enum status integer_open(struct context *context, struct program *program, struct step *step)
{
    const struct integer_node *at = step->integer;

    bool is_here = is_running(program, at->y.at);

    step->output[0] = at->y.at;
    for (int i = 0; i < step->node->input_count; i++) {
        step->input[i] = at->part_count                      ? at->part[i].x.at
                         : i == 0                            ? at->x.at
                         : i == 1 && at->kind == INTEGER_ADD ? at->x2.at
                                                             : UINT32_MAX;
        is_here = is_here && (step->input[i] == UINT32_MAX || is_running(program, step->input[i]));
    }
    if (!is_here)
        return context_fail(context, ERR_UNSUPPORTED, "samples cannot be told apart");
    return OK;
}

int offset_u8(const struct program *program, uint32_t slot)
{
    return program->integer->value[slot].low < 0 ? 128 : 0;
}

struct grid_u8 grid_u8_of(const struct program *program, uint32_t slot,
                          const struct integer_grid *grid)
{
    int offset = offset_u8(program, slot);

    return (struct grid_u8){grid->scale, grid->zero_point + offset, grid->low + offset,
                            grid->high + offset};
}

struct sum_u8 sum_u8_of(const struct program *program, const struct integer_node *at,
                        bool is_swapped)
{
    struct sum_u8 sum = {at->scale_a, at->scale_b,
                         at->x_grid.zero_point + offset_u8(program, at->x.at),
                         at->x2_grid.zero_point + offset_u8(program, at->x2.at),
                         grid_u8_of(program, at->y.at, &at->y_grid)};

    if (is_swapped)
        sum = (struct sum_u8){sum.factor_b, sum.factor_a, sum.zero_b, sum.zero_a, sum.y};
    return sum;
}

bool integer_reads(const struct integer_node *node, struct value_id value)
{
    bool is_reader =
        node->kind != INTEGER_NONE && node->kind != INTEGER_SKIP && node->kind != INTEGER_QUANTIZE;

    for (int i = 0; i < node->part_count && is_reader; i++)
        if (value_is(node->part[i].x, value))
            return true;
    return is_reader &&
           (value_is(node->x, value) || (node->kind == INTEGER_ADD && value_is(node->x2, value)));
}

bool is_last_reader(const struct program *program, const struct step *step, struct value_id value)
{
    uint32_t n = (uint32_t)(step->node - program->graph->node);

    for (uint32_t i = n + 1; i < program->graph->node_count; i++)
        if (integer_reads(&program->integer->node[i], value) &&
            step->sum != &program->integer->node[i])
            return false;
    return !program->options.keeps_values;
}

static size_t pixels_u8(const struct slot *slot)
{
    return slot->channels ? slot->size / slot->channels : 0;
}

struct view_u8 view_u8_of(const struct program *program, uint32_t slot, size_t channels,
                          size_t *scratch_bytes)
{
    const struct slot *at = &program->slot[slot];
    struct view_u8 view = {slot, channels, channels ? at->size / channels : 0, *scratch_bytes,
                           at->channels != channels};

    if (view.is_copied)
        *scratch_bytes += n16c4_bytes((int)channels, view.pixels);
    return view;
}

// Element e of a sample, counted channel by channel.
static size_t place_u8(size_t e, size_t pixels)
{
    size_t channel = e / pixels, pixel = e % pixels;

    return ((channel / 4 * pixels + pixel) * N16_LANES) * 4 + channel % 4;
}

const uint8_t *view_u8_bytes(const struct program *program, int group, const struct view_u8 *view)
{
    const struct slot *slot = &program->slot[view->slot];
    const uint8_t *from = lanes_u8(program, group, view->slot);
    uint8_t *to = (uint8_t *)program->scratch[group] + view->scratch_at;
    size_t pixels = pixels_u8(slot);

    if (!view->is_copied)
        return from;
    for (size_t e = 0; e < slot->size; e++)
        for (size_t lane = 0; lane < N16_LANES; lane++)
            to[place_u8(e, view->pixels) + lane * 4] = from[place_u8(e, pixels) + lane * 4];
    return to;
}

bool program_integers(const struct program *program, int group, struct value_id id, int32_t *q)
{
    const struct slot *slot = &program->slot[id.at];
    int offset;

    if (!program->options.keeps_values || slot->kind != SLOT_U8 || slot->first_use < 0)
        return false;
    offset = offset_u8(program, id.at);
    for (size_t i = 0; i < slot->size * N16_LANES; i++)
        q[i] = lanes_u8(program, group,
                        id.at)[place_u8(i / N16_LANES, pixels_u8(slot)) + i % N16_LANES * 4] -
               offset;
    return true;
}

// ---- preparing ----------------------------------------------------------------------------------

static struct integer_state *new_state(struct program *program, struct step *step)
{
    struct integer_state *state = arena_alloc(program->arena, sizeof *state);
    const struct integer_node *at = step->integer;

    step->state = state;
    if (at->y_grid.is_set)
        state->grid = grid_u8_of(program, at->y.at, &at->y_grid);
    return state;
}

static enum status prepare_quantize(struct context *context, struct program *program,
                                    struct step *step)
{
    const struct integer_node *at = step->integer;
    const struct shape *y = &program->inference.of_value[at->y.at].shape;
    struct integer_state *state = new_state(program, step);
    struct node_id reader = graph_only_consumer(program->graph, at->x);
    bool is_input = !node_exists(graph_value(program->graph, at->x)->producer);

    TRY(integer_open(context, program, step));
    program->slot[at->y.at].channels = y->rank > 1 ? (size_t)y->dim[1] : 1;
    if (is_input && node_exists(reader) && graph_node(program->graph, reader) == step->node &&
        !program->slot[at->x.at].is_half) {
        int groups = program->options.groups > 0 ? program->options.groups : 1;
        state->is_given = arena_array(program->arena, bool, (size_t)groups);
        program->slot[at->x.at].entry = step;
    }
    return OK;
}

static enum status prepare_add(struct context *context, struct program *program, struct step *step)
{
    const struct integer_node *at = step->integer;
    struct integer_state *state = new_state(program, step);
    size_t scratch = 0, channels;

    TRY(integer_open(context, program, step));
    channels = program->slot[at->x.at].channels;
    state->x = view_u8_of(program, at->x.at, channels, &scratch);
    state->x2 = view_u8_of(program, at->x2.at, channels, &scratch);
    state->sum = sum_u8_of(program, at, false);
    program->slot[at->y.at].channels = channels;
    if (!state->x.is_copied && is_last_reader(program, step, at->x))
        program->slot[at->y.at].alias_of = program->slot[at->x.at].alias_of;
    need_scratch(program, scratch);
    return OK;
}

// The value as its reader's shape counts it.
static enum status prepare_channels(struct context *context, struct program *program,
                                    struct step *step)
{
    const struct shape *x = &step->call.input[0]->shape;
    struct integer_state *state = new_state(program, step);
    size_t scratch = 0, channels = x->rank > 1 ? (size_t)x->dim[1] : 1;

    TRY(integer_open(context, program, step));
    state->grid.scale = step->integer->scale_a;
    state->x_zero = step->integer->x_grid.zero_point + offset_u8(program, step->integer->x.at);
    state->x = view_u8_of(program, step->integer->x.at, channels, &scratch);
    program->slot[step->integer->y.at].channels = channels;
    need_scratch(program, scratch);
    return OK;
}

static enum status prepare_concat(struct context *context, struct program *program,
                                  struct step *step)
{
    const struct integer_node *at = step->integer;
    struct integer_state *state = new_state(program, step);
    size_t channels = 0;

    TRY(integer_open(context, program, step));
    state->part = arena_array(program->arena, struct part, (size_t)at->part_count);
    for (int i = 0; i < at->part_count; i++) {
        const struct integer_part *part = &at->part[i];
        int zero = part->grid.zero_point + offset_u8(program, part->x.at);
        state->part[i].x =
            view_u8_of(program, part->x.at, (size_t)part->channels, &state->scratch_at);
        state->part[i].sum = (struct sum_u8){part->scale, 0, zero, zero, state->grid};
        channels += (size_t)part->channels;
    }
    program->slot[at->y.at].channels = channels;
    need_scratch(program, state->scratch_at +
                              n16c4_bytes((int)channels, pixels_u8(&program->slot[at->y.at])));
    return OK;
}

static enum status prepare_maxpool(struct context *context, struct program *program,
                                   struct step *step)
{
    TRY(prepare_channels(context, program, step));
    return pool2d_from(context, step->node->attr, &step->call.input[0]->shape,
                       &((struct integer_state *)step->state)->pool);
}

static enum status prepare_dequantize(struct context *context, struct program *program,
                                      struct step *step)
{
    const struct integer_node *at = step->integer;
    struct integer_state *state = new_state(program, step);

    TRY(integer_open(context, program, step));
    state->grid = grid_u8_of(program, at->x.at, &at->x_grid);
    return OK;
}

// ---- running ------------------------------------------------------------------------------------

static enum status run_add(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct integer_state *state = step->state;

    (void)context;
    program->kernels->sum_u8(&state->sum, n16c4_bytes((int)state->x.channels, state->x.pixels),
                             view_u8_bytes(program, group, &state->x),
                             view_u8_bytes(program, group, &state->x2),
                             lanes_u8(program, group, step->output[0]));
    return OK;
}

static enum status run_concat(struct context *context, struct program *program, struct step *step,
                              int group)
{
    const struct integer_state *state = step->state;
    uint8_t *y = lanes_u8(program, group, step->output[0]);
    uint8_t *scratch = (uint8_t *)program->scratch[group] + state->scratch_at;
    int channels = 0;

    (void)context;
    for (int i = 0; i < step->integer->part_count; i++) {
        const struct part *part = &state->part[i];
        const uint8_t *x = view_u8_bytes(program, group, &part->x);
        int count = (int)part->x.channels;
        bool is_aligned = channels % 4 == 0; // what its last group has too much is written later
        uint8_t *to = is_aligned ? y + n16c4_bytes(channels, part->x.pixels) : scratch;

        program->kernels->sum_u8(&part->sum, n16c4_bytes(count, part->x.pixels), x, x, to);
        if (!is_aligned)
            program->kernels->copy_channels_u8(count, part->x.pixels, 0, scratch, channels, y);
        channels += count;
    }
    return OK;
}

static enum status run_mean(struct context *context, struct program *program, struct step *step,
                            int group)
{
    const struct integer_state *state = step->state;

    (void)context;
    program->kernels->mean_u8(&state->grid, (int)state->x.channels, state->x.pixels, state->x_zero,
                              view_u8_bytes(program, group, &state->x),
                              lanes_u8(program, group, step->output[0]));
    return OK;
}

static enum status run_maxpool(struct context *context, struct program *program, struct step *step,
                               int group)
{
    const struct integer_state *state = step->state;

    (void)context;
    program->kernels->maxpool_u8(&state->pool, view_u8_bytes(program, group, &state->x),
                                 lanes_u8(program, group, step->output[0]));
    return OK;
}

void integer_give(struct program *program, int group, const struct step *entry,
                  const float *const sample[N16_LANES])
{
    const struct integer_state *state = entry->state;
    const struct slot *y = &program->slot[entry->output[0]];

    program->kernels->pack_u8(&state->grid, sample, (int)y->channels, pixels_u8(y),
                              lanes_u8(program, group, entry->output[0]));
    state->is_given[group] = true;
}

static enum status run_quantize(struct context *context, struct program *program, struct step *step,
                                int group)
{
    const struct integer_state *state = step->state;
    const struct slot *y = &program->slot[step->output[0]];

    (void)context;
    if (state->is_given && state->is_given[group]) {
        state->is_given[group] = false;
        return OK;
    }
    program->kernels->quantize_u8(&state->grid, (int)y->channels, pixels_u8(y),
                                  lanes(program, group, step->input[0]),
                                  lanes_u8(program, group, step->output[0]));
    return OK;
}

static enum status run_dequantize(struct context *context, struct program *program,
                                  struct step *step, int group)
{
    const struct integer_state *state = step->state;
    const struct slot *x = &program->slot[step->input[0]];

    (void)context;
    program->kernels->dequantize_u8(&state->grid, (int)x->channels, pixels_u8(x),
                                    lanes_u8(program, group, step->input[0]),
                                    lanes(program, group, step->output[0]));
    return OK;
}

#define INTEGER(row, prepare_, forward_)                                                           \
    static const struct lowering row = {                                                           \
        .op = "", .algorithm = "int8", .prepare = prepare_, .forward = forward_}
INTEGER(row_add, prepare_add, run_add);
INTEGER(row_mean, prepare_channels, run_mean);
INTEGER(row_maxpool, prepare_maxpool, run_maxpool);
INTEGER(row_concat, prepare_concat, run_concat);
INTEGER(row_quantize, prepare_quantize, run_quantize);
INTEGER(row_dequantize, prepare_dequantize, run_dequantize);

const struct lowering *integer_lowering(const struct integer_node *at)
{
    static const struct lowering *const rows[] = {
        [INTEGER_CONV] = &lowering_integer_conv,
        [INTEGER_GEMM] = &lowering_integer_conv,
        [INTEGER_ADD] = &row_add,
        [INTEGER_MEAN] = &row_mean,
        [INTEGER_MAXPOOL] = &row_maxpool,
        [INTEGER_QUANTIZE] = &row_quantize,
        [INTEGER_DEQUANTIZE] = &row_dequantize,
        [INTEGER_AFFINE] = &lowering_integer_conv,
        [INTEGER_CONCAT] = &row_concat,
        [INTEGER_SKIP] = NULL,
    };

    if (rows[at->kind] == &lowering_integer_conv && !at->is_weight_i8)
        return &lowering_integer_conv_wide;
    return rows[at->kind];
}
