// Operators that only move elements (Transpose, Slice, Concat, Split, Gather, Expand, Tile ...).
// Where each element comes from is asked of the operator itself: it runs once on numbers that are
// positions, and what comes out is kept as runs of equal steps. Forward only.
#include <string.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

struct run {
    const float *shared; // plain numbers instead of lanes
    uint32_t slot;
    ptrdiff_t from, step; // elements of the operand
    size_t to, count;     // elements of the output
};

struct moves_state {
    struct run **run; // per output
    size_t *count;
};

// How many inputs hold what is moved; the others say where to.
static int moved_inputs(const struct node *node)
{
    return node_is(node, "Concat") ? node->input_count : 1;
}

static bool accepts(const struct program *program, const struct step *step)
{
    int moved = moved_inputs(step->node), lanes = 0;
    int64_t count = 0;

    for (int i = 0; i < step->node->input_count; i++) {
        if (step->input[i] == UINT32_MAX)
            continue;
        if (i < moved ? !is_lanes(program, step, i) && !is_shared(program, step, i)
                      : !is_shared(program, step, i))
            return false;
        lanes += i < moved && is_lanes(program, step, i);
        count += i < moved ? tensor_count(step->call.input[i]) : 0;
    }
    for (int i = 0; i < step->node->output_count; i++)
        count += step->output[i] != UINT32_MAX ? tensor_count(step->call.output[i]) : 0;
    return runs_forward(program, step) && lanes > 0 && count < INT32_MAX;
}

// ---- finding the runs ---------------------------------------------------------------------------

struct tracing {
    struct tensor *position, *output; // per input, per output
    int64_t *base;                    // per input: the first of its positions
    const struct tensor **input_at;
    struct tensor **output_at;
};

// Input i as positions: base + its element.
static enum status number_input(struct context *context, const struct step *step,
                                struct tracing *tracing, int i)
{
    const struct tensor *like = step->call.input[i];
    int32_t *position;

    TRY(tensor_alloc(context, &tracing->position[i], DT_I32, &like->shape));
    position = tensor_write(&tracing->position[i]);
    for (int64_t k = 0; k < tensor_count(like); k++)
        position[k] = (int32_t)(tracing->base[i] + k);
    tracing->base[i + 1] = tracing->base[i] + tensor_count(like);
    tracing->input_at[i] = &tracing->position[i];
    return OK;
}

static enum status trace(struct context *context, const struct program *program,
                         const struct step *step, struct tracing *tracing)
{
    struct op_call call = step->call;

    for (int i = 0; i < step->node->input_count; i++) {
        tracing->base[i + 1] = tracing->base[i];
        tracing->input_at[i] = step->call.input[i];
        if (i < moved_inputs(step->node) && step->input[i] != UINT32_MAX)
            TRY(number_input(context, step, tracing, i));
        else if (step->input[i] != UINT32_MAX)
            tracing->input_at[i] = &program->inference.of_value[step->input[i]];
    }
    for (int i = 0; i < step->node->output_count; i++)
        tracing->output_at[i] = step->output[i] != UINT32_MAX ? &tracing->output[i] : NULL;
    call.input = tracing->input_at;
    call.output = tracing->output_at;
    return call_run(context, step->node->op, &call);
}

// The operand that a position is in; a position of lanes becomes that of the element in a sample.
static struct run run_at(struct program *program, const struct step *step,
                         const struct tracing *tracing, int32_t position, size_t to)
{
    struct run run = {.step = 1, .to = to, .count = 1};
    int i = 0;

    while (position >= tracing->base[i + 1])
        i++;
    run.slot = step->input[i];
    run.from = (ptrdiff_t)(position - tracing->base[i]);
    if (program->slot[run.slot].kind == SLOT_SHARED)
        run.shared = shared_numbers(program, run.slot);
    return run;
}

static bool extends(const struct run *run, const struct run *next)
{
    return run->slot == next->slot &&
           (run->count == 1 || next->from == run->from + run->step * (ptrdiff_t)run->count);
}

// Runs of output o; returns how many, and writes them where `out` is given.
static size_t collect(struct program *program, const struct step *step,
                      const struct tracing *tracing, int o, struct run *out)
{
    const int32_t *position = tensor_data(&tracing->output[o]);
    size_t size = program->slot[step->output[o]].size, count = 0;
    struct run run = {.count = 0};

    for (size_t k = 0; k < size; k++) {
        struct run next = run_at(program, step, tracing, position[k], k);
        if (run.count && extends(&run, &next)) {
            run.step = run.count == 1 ? next.from - run.from : run.step;
            run.count++;
            continue;
        }
        if (run.count && out)
            out[count - 1] = run;
        run = next;
        count++;
    }
    if (out)
        out[count - 1] = run;
    return count;
}

static void tracing_clear(struct tracing *tracing, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        tensor_release(&tracing->position[i]);
    for (int i = 0; i < node->output_count; i++)
        tensor_release(&tracing->output[i]);
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct arena *arena = program->arena;
    struct moves_state *state = arena_alloc(arena, sizeof *state);
    size_t in = (size_t)step->node->input_count + 1, out = (size_t)step->node->output_count + 1;
    struct tracing tracing = {
        arena_array(arena, struct tensor, in), arena_array(arena, struct tensor, out),
        arena_array(arena, int64_t, in), arena_array(arena, const struct tensor *, in),
        arena_array(arena, struct tensor *, out)};
    enum status status = trace(context, program, step, &tracing);

    step->state = state;
    state->run = arena_array(arena, struct run *, out);
    state->count = arena_array(arena, size_t, out);
    for (int o = 0; o < step->node->output_count && status == OK; o++) {
        if (step->output[o] == UINT32_MAX)
            continue;
        state->count[o] = collect(program, step, &tracing, o, NULL);
        state->run[o] = arena_array(arena, struct run, state->count[o] + 1);
        collect(program, step, &tracing, o, state->run[o]);
    }
    tracing_clear(&tracing, step->node);
    return status;
}

// ---- running ------------------------------------------------------------------------------------

static void spread(const struct run *run, float *to)
{
    for (size_t k = 0; k < run->count; k++)
        for (int lane = 0; lane < N16_LANES; lane++)
            to[k * N16_LANES + (size_t)lane] = run->shared[run->from + run->step * (ptrdiff_t)k];
}

static void move(const struct run *run, const float *from, float *to)
{
    if (run->step == 1) {
        memcpy(to, from, run->count * N16_LANES * sizeof *to);
        return;
    }
    for (size_t k = 0; k < run->count; k++, to += N16_LANES, from += run->step * N16_LANES)
        memcpy(to, from, N16_LANES * sizeof *to);
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct moves_state *state = step->state;

    (void)context;
    for (int o = 0; o < step->node->output_count; o++)
        for (size_t r = 0; r < state->count[o]; r++) {
            const struct run *run = &state->run[o][r];
            float *to = lanes(program, group, step->output[o]) + run->to * N16_LANES;
            if (run->shared)
                spread(run, to);
            else
                move(run, lanes(program, group, run->slot) + run->from * N16_LANES, to);
        }
    return OK;
}

#define MOVES(row, name)                                                                           \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "copy",                                   \
                                            .accepts = accepts,                                    \
                                            .prepare = prepare,                                    \
                                            .forward = forward}
MOVES(transpose, "Transpose");
MOVES(slice, "Slice");
MOVES(concat, "Concat");
MOVES(split, "Split");
MOVES(gather, "Gather");
MOVES(expand, "Expand");
MOVES(tile, "Tile");
MOVES(depth_to_space, "DepthToSpace");
MOVES(space_to_depth, "SpaceToDepth");

// ---- a Transpose that its readers see through ---------------------------------------------------

static bool view_accepts(const struct program *program, const struct step *step)
{
    struct value_id y = step->node->output[0];
    const struct graph *graph = program->graph;
    bool is_read = false;

    if (!runs_forward(program, step) || !is_lanes(program, step, 0) ||
        step_input(program, step, 0)->step || program->slot[y.at].is_half ||
        program->options.keeps_values || graph_is_output(graph, y))
        return false;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            if (graph->node[n].input[i].at != y.at)
                continue;
            if (!is_lane_product(program, &graph->node[n]))
                return false;
            is_read = true;
        }
    return is_read;
}

static enum status view_prepare(struct context *context, struct program *program, struct step *step)
{
    const struct transpose_attr *attr = step->node->attr;
    const struct shape *x = &step->call.input[0]->shape;
    ptrdiff_t *view = arena_array(program->arena, ptrdiff_t, SHAPE_MAX_RANK);
    ptrdiff_t dense[SHAPE_MAX_RANK];
    struct slot *slot = &program->slot[step->output[0]];

    (void)context;
    operand_steps(program, step->input[0], x, dense);
    for (int i = 0; i < x->rank; i++)
        view[i] = dense[attr->perm.count ? attr->perm.at[i] : x->rank - 1 - i];
    slot->alias_of = program->slot[step->input[0]].alias_of;
    slot->step = view;
    return OK;
}

static enum status view_forward(struct context *context, struct program *program, struct step *step,
                                int group)
{
    (void)context;
    (void)program;
    (void)step;
    (void)group;
    return OK; // nothing moves
}

const struct lowering lowering_transpose_view = {.op = "Transpose",
                                                 .algorithm = "view",
                                                 .accepts = view_accepts,
                                                 .prepare = view_prepare,
                                                 .forward = view_forward};

// ---- rows of a shared table by token ------------------------------------------------------------

struct table_state {
    const float *table;
    int64_t rows;
    size_t width;
};

static bool table_accepts(const struct program *program, const struct step *step)
{
    const struct axis_attr *attr = step->node->attr;
    int rank = step->call.input[0]->shape.rank;

    return runs_forward(program, step) && shared_f32(program, step, 0) &&
           is_lanes(program, step, 1) && rank > 0 && (attr->axis == 0 || attr->axis == -rank) &&
           step->call.input[0]->shape.dim[0] > 0;
}

static enum status table_prepare(struct context *context, struct program *program,
                                 struct step *step)
{
    struct table_state *state = arena_alloc(program->arena, sizeof *state);

    (void)context;
    step->state = state;
    state->table = shared_f32(program, step, 0);
    state->rows = step->call.input[0]->shape.dim[0];
    state->width = (size_t)(tensor_count(step->call.input[0]) / state->rows);
    return OK;
}

static enum status table_forward(struct context *context, struct program *program,
                                 struct step *step, int group)
{
    const struct table_state *state = step->state;
    const float *token = lanes(program, group, step->input[1]);
    float *y = lanes(program, group, step->output[0]);
    const float *row[N16_LANES];

    for (size_t t = 0; t < step_input(program, step, 1)->size; t++) {
        for (int lane = 0; lane < N16_LANES; lane++) {
            int64_t at = (int64_t)token[t * N16_LANES + (size_t)lane];
            if (at < -state->rows || at >= state->rows)
                return context_fail(context, ERR_NUMERIC, "index %lld is outside axis 0 of %lld",
                                    (long long)at, (long long)state->rows);
            row[lane] = state->table + (size_t)(at < 0 ? at + state->rows : at) * state->width;
        }
        program->kernels->pack_n16(row, state->width, y + t * state->width * N16_LANES);
    }
    return OK;
}

const struct lowering lowering_gather_rows = {.op = "Gather",
                                              .algorithm = "table",
                                              .accepts = table_accepts,
                                              .prepare = table_prepare,
                                              .forward = table_forward};
