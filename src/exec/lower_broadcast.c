// Elementwise operators of two or three operands whose shapes are stretched to each other's: lanes
// with lanes, or with numbers that all samples share. Forward only; what is trained runs in
// lower_elementwise.c.
#include "exec/program_internal.h"

struct broadcast_state {
    struct strided_loop loop;
    enum binary_kind kind;
    const float *shared[3]; // operand: NULL for lanes
    uint32_t slot[3];
};

static bool accepts(const struct program *program, const struct step *step)
{
    ptrdiff_t ignored[SHAPE_MAX_RANK];
    int lanes = 0;

    if (!runs_forward(program, step) || step->node->input_count > 3 || step->node->input_count < 2)
        return false;
    for (int i = 0; i < step->node->input_count; i++) {
        if (step->input[i] == UINT32_MAX ||
            (!is_lanes(program, step, i) && !is_shared(program, step, i)) ||
            !operand_steps(program, step->input[i], &step->call.output[0]->shape, ignored))
            return false;
        lanes += is_lanes(program, step, i);
    }
    return lanes > 0;
}

static bool pair_accepts(const struct program *program, const struct step *step)
{
    return step->node->input_count == 2 && accepts(program, step);
}

static bool select_accepts(const struct program *program, const struct step *step)
{
    return step->node->input_count == 3 && accepts(program, step);
}

// Axis `from` of every operand follows without a gap on axis `to` around it: one loop does both.
static bool joins(const struct strided_loop *loop, int to, ptrdiff_t step[4][SHAPE_MAX_RANK],
                  int from, size_t dim)
{
    for (int o = 0; o < 4; o++)
        if (loop->step[o][to] != step[o][from] * (ptrdiff_t)dim)
            return false;
    return true;
}

static void loop_from(struct strided_loop *loop, const struct shape *y,
                      ptrdiff_t step[4][SHAPE_MAX_RANK])
{
    loop->rank = 0;
    for (int axis = 1; axis < y->rank; axis++) {
        size_t dim = (size_t)y->dim[axis];
        int last = loop->rank - 1;
        if (dim == 1)
            continue;
        if (last >= 0 && joins(loop, last, step, axis, dim))
            loop->dim[last] *= dim;
        else
            loop->dim[last = loop->rank++] = dim;
        for (int o = 0; o < 4; o++)
            loop->step[o][last] = step[o][axis];
    }
    if (loop->rank == 0)
        loop->dim[loop->rank++] = 1;
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct broadcast_state *state = arena_alloc(program->arena, sizeof *state);
    const struct shape *y = &step->call.output[0]->shape;
    ptrdiff_t steps[4][SHAPE_MAX_RANK] = {{0}};

    step->state = state;
    operand_steps(program, step->output[0], y, steps[3]);
    for (int i = 0; i < step->node->input_count; i++) {
        state->slot[i] = step->input[i];
        operand_steps(program, state->slot[i], y, steps[i]);
        state->loop.is_shared[i] = program->slot[state->slot[i]].kind == SLOT_SHARED;
        if (state->loop.is_shared[i] &&
            !(state->shared[i] = shared_numbers(program, state->slot[i])))
            return context_fail(context, ERR_NUMERIC, "a number of input %d is no float32", i);
    }
    loop_from(&state->loop, y, steps);
    return OK;
}

static const float *operand(const struct program *program, const struct broadcast_state *state,
                            int group, int i)
{
    return state->shared[i] ? state->shared[i] : lanes(program, group, state->slot[i]);
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct broadcast_state *state = step->state;

    (void)context;
    program->kernels->strided_binary_f32(
        state->kind, &state->loop, operand(program, state, group, 0),
        operand(program, state, group, 1), lanes(program, group, step->output[0]));
    return OK;
}

static enum status select_forward(struct context *context, struct program *program,
                                  struct step *step, int group)
{
    const struct broadcast_state *state = step->state;
    const float *x[3];

    (void)context;
    for (int i = 0; i < 3; i++)
        x[i] = operand(program, state, group, i);
    program->kernels->strided_select_f32(&state->loop, x, lanes(program, group, step->output[0]));
    return OK;
}

static enum status prepare_pair(struct context *context, struct program *program, struct step *step,
                                enum binary_kind kind, bool is_swapped)
{
    if (is_swapped) {
        uint32_t first = step->input[0];
        step->input[0] = step->input[1];
        step->input[1] = first;
    }
    TRY(prepare(context, program, step));
    ((struct broadcast_state *)step->state)->kind = kind;
    return OK;
}

#define PAIR(row, name, kind, is_swapped)                                                          \
    static enum status prepare_##row(struct context *context, struct program *program,             \
                                     struct step *step)                                            \
    {                                                                                              \
        return prepare_pair(context, program, step, kind, is_swapped);                             \
    }                                                                                              \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "broadcast",                              \
                                            .accepts = pair_accepts,                               \
                                            .prepare = prepare_##row,                              \
                                            .forward = forward}
PAIR(broadcast_add, "Add", BINARY_ADD, false);
PAIR(broadcast_sub, "Sub", BINARY_SUB, false);
PAIR(broadcast_mul, "Mul", BINARY_MUL, false);
PAIR(broadcast_div, "Div", BINARY_DIV, false);
PAIR(max, "Max", BINARY_MAX, false);
PAIR(min, "Min", BINARY_MIN, false);
PAIR(equal, "Equal", BINARY_EQUAL, false);
PAIR(less, "Less", BINARY_LESS, false);
PAIR(less_or_equal, "LessOrEqual", BINARY_LESS_OR_EQUAL, false);
PAIR(greater, "Greater", BINARY_LESS, true);
PAIR(greater_or_equal, "GreaterOrEqual", BINARY_LESS_OR_EQUAL, true);
PAIR(and, "And", BINARY_AND, false);
PAIR(or, "Or", BINARY_OR, false);
const struct lowering lowering_where = {.op = "Where",
                                        .algorithm = "broadcast",
                                        .accepts = select_accepts,
                                        .prepare = prepare,
                                        .forward = select_forward};
