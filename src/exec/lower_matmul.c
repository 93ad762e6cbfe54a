// MatMul in N16: rows of lanes with a matrix that all samples share, and products of two values of
// the sample, which read transposed views as they are and may take a whole attention with them.
#include "exec/program_internal.h"
#include "ops/attr.h"

// ---- with a shared matrix -----------------------------------------------------------------------

struct matmul_state {
    struct matmul shape;
    float *packed;
};

static bool accepts(const struct program *program, const struct step *step)
{
    const struct tensor *x = step->call.input[0], *w = step->call.input[1];

    return runs_forward(program, step) && is_lanes(program, step, 0) &&
           shared_f32(program, step, 1) && x->dtype == DT_F32 && x->shape.rank >= 2 &&
           w->shape.rank == 2 && step_input(program, step, 0)->size > 0;
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    struct matmul_state *state = arena_alloc(program->arena, sizeof *state);
    const struct shape *w = &step->call.input[1]->shape;

    step->state = state;
    state->shape.k = (int)w->dim[0];
    state->shape.m = (int)w->dim[1];
    state->shape.t = (int)(step_input(program, step, 0)->size / (size_t)w->dim[0]);
    state->packed = aligned_block(program, matmul_f32_packed_count(&state->shape) * sizeof(float));
    return state->packed ? OK : no_memory(context);
}

static void refresh(struct program *program, struct step *step)
{
    const struct matmul_state *state = step->state;

    matmul_f32_pack(&state->shape, shared_f32(program, step, 1), state->packed);
}

struct matmul_epilogue matmul_epilogue(const struct program *program, const struct step *step,
                                       int group)
{
    struct matmul_epilogue epilogue = {.activation = step->activation, .rounding = step->rounding};

    if (step->bias != UINT32_MAX)
        epilogue.bias = tensor_f32(&program->inference.of_value[step->bias]);
    if (step->addend != UINT32_MAX)
        epilogue.add = lanes(program, group, step->addend);
    return epilogue;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    const struct matmul_state *state = step->state;
    struct matmul_epilogue epilogue = matmul_epilogue(program, step, group);

    (void)context;
    program->kernels->matmul_f32(&state->shape, lanes(program, group, step->input[0]),
                                 state->packed, &epilogue, lanes(program, group, step->output[0]));
    return OK;
}

const struct lowering lowering_matmul_rows = {.op = "MatMul",
                                              .algorithm = "tiles",
                                              .accepts = accepts,
                                              .prepare = prepare,
                                              .refresh = refresh,
                                              .forward = forward};

// ---- of two values ------------------------------------------------------------------------------

// Matrices of the leading axes one after the other: where each starts, in floats.
struct product_state {
    struct lane_matmul matmul;
    struct attention attention;
    size_t matrices;
    const ptrdiff_t *at[5]; // a, b, y; values and mask of an attention
    const float *shared_mask;
};

bool is_lane_product(const struct program *program, const struct node *node)
{
    const struct shape *shape[2];
    size_t n = (size_t)(node - program->graph->node);

    if (!node_is(node, "MatMul") || program->options.is_training || program->options.no_lowering ||
        (program->integer && program->integer->node[n].kind != INTEGER_NONE))
        return false;
    for (int i = 0; i < 2; i++) {
        shape[i] = &program->inference.of_value[node->input[i].at].shape;
        if (program->slot[node->input[i].at].kind != SLOT_LANES ||
            program->inference.of_value[node->input[i].at].dtype != DT_F32 || shape[i]->rank < 3)
            return false;
    }
    return shape[0]->rank == shape[1]->rank && program->slot[node->output[0].at].kind == SLOT_LANES;
}

static bool product_accepts(const struct program *program, const struct step *step)
{
    return runs_forward(program, step) && is_lane_product(program, step->node);
}

// Starts of the matrices of a value whose leading axes are stretched to those of `lead`.
static const ptrdiff_t *starts(struct program *program, const struct shape *lead,
                               const ptrdiff_t *step, size_t matrices)
{
    ptrdiff_t *at = arena_array(program->arena, ptrdiff_t, matrices + 1);

    for (size_t i = 0; i < matrices; i++) {
        size_t left = i;
        for (int axis = lead->rank - 3; axis >= 1; axis--) {
            at[i] += (ptrdiff_t)(left % (size_t)lead->dim[axis]) * step[axis];
            left /= (size_t)lead->dim[axis];
        }
    }
    return at;
}

// Steps of an operand whose last two axes are its own.
static void matrix_steps(const struct program *program, uint32_t slot, const struct shape *y,
                         ptrdiff_t step[SHAPE_MAX_RANK])
{
    const struct shape *shape = &program->inference.of_value[slot].shape;
    struct shape with = *y;

    with.dim[y->rank - 2] = shape->dim[y->rank - 2];
    with.dim[y->rank - 1] = shape->dim[y->rank - 1];
    operand_steps(program, slot, &with, step);
}

// Steps of the result, back through the Transpose that was swallowed.
static void result_steps(const struct program *program, const struct step *step,
                         const struct shape *y, ptrdiff_t to[SHAPE_MAX_RANK])
{
    const struct transpose_attr *attr = step->transpose ? step->transpose->attr : NULL;
    const struct shape *turned = &program->inference.of_value[step->output[0]].shape;
    ptrdiff_t dense = N16_LANES;

    for (int i = y->rank - 1; i >= 0; i--) {
        int axis = !attr ? i : attr->perm.count ? (int)attr->perm.at[i] : y->rank - 1 - i;
        to[axis] = dense;
        dense *= turned->dim[i];
    }
}

static void prepare_attention(struct program *program, struct step *step,
                              struct product_state *state, const struct shape *scores,
                              const struct shape *y, const ptrdiff_t *to)
{
    const struct fused_attention *fused = step->attention;
    ptrdiff_t values[SHAPE_MAX_RANK], mask[SHAPE_MAX_RANK] = {0};
    int row = y->rank - 2, column = y->rank - 1;

    matrix_steps(program, fused->values, y, values);
    if (fused->mask != UINT32_MAX) {
        operand_steps(program, fused->mask, scores, mask);
        if (program->slot[fused->mask].kind == SLOT_SHARED)
            state->shared_mask = tensor_f32(&program->inference.of_value[fused->mask]);
    }
    state->at[3] = starts(program, y, values, state->matrices);
    state->at[4] = starts(program, y, mask, state->matrices);
    state->attention = (struct attention){.queries = state->matmul.rows,
                                          .keys = state->matmul.columns,
                                          .size = state->matmul.k,
                                          .value_size = (int)y->dim[column],
                                          .q_row = state->matmul.a_row,
                                          .q_step = state->matmul.a_k,
                                          .k_row = state->matmul.b_column,
                                          .k_step = state->matmul.b_k,
                                          .v_row = values[row],
                                          .v_step = values[column],
                                          .y_row = to[row],
                                          .y_step = to[column],
                                          .mask_row = mask[row],
                                          .mask_key = mask[column],
                                          .is_mask_shared = state->shared_mask != NULL,
                                          .scale = fused->scale};
    need_scratch(program, attention_f32_scratch_bytes(&state->attention));
}

static enum status product_prepare(struct context *context, struct program *program,
                                   struct step *step)
{
    struct product_state *state = arena_alloc(program->arena, sizeof *state);
    const struct shape *scores = &step->call.output[0]->shape, *y = scores;
    int row = scores->rank - 2, column = scores->rank - 1;
    ptrdiff_t a[SHAPE_MAX_RANK], b[SHAPE_MAX_RANK], to[SHAPE_MAX_RANK] = {0};

    (void)context;
    if (step->attention && step->attention->has_softmax)
        y = &program->inference.of_value[step->attention->product->output[0].at].shape;
    step->state = state;
    state->matrices = 1;
    for (int i = 1; i < row; i++)
        state->matrices *= (size_t)y->dim[i];
    matrix_steps(program, step->input[0], scores, a);
    matrix_steps(program, step->input[1], scores, b);
    result_steps(program, step, y, to);
    state->matmul = (struct lane_matmul){
        .rows = (int)scores->dim[row],
        .columns = (int)scores->dim[column],
        .k = (int)step->call.input[0]->shape.dim[column],
        .a_row = a[row],
        .a_k = a[column],
        .b_k = b[row],
        .b_column = b[column],
        .y_row = to[row],
        .y_column = to[column],
        .scale = step->attention ? step->attention->scale : 1,
    };
    state->at[0] = starts(program, scores, a, state->matrices);
    state->at[1] = starts(program, scores, b, state->matrices);
    state->at[2] = starts(program, y, to, state->matrices);
    if (step->attention && step->attention->has_softmax)
        prepare_attention(program, step, state, scores, y, to);
    return OK;
}

static void run_attention(struct program *program, const struct step *step, int group)
{
    const struct product_state *state = step->state;
    uint32_t mask = step->attention->mask;
    const float *in[4] = {lanes(program, group, step->input[0]),
                          lanes(program, group, step->input[1]),
                          lanes(program, group, step->attention->values), state->shared_mask};
    float *y = lanes(program, group, step->output[0]);

    if (mask != UINT32_MAX && !in[3])
        in[3] = lanes(program, group, mask);
    for (size_t i = 0; i < state->matrices; i++) {
        const float *const head[4] = {in[0] + state->at[0][i], in[1] + state->at[1][i],
                                      in[2] + state->at[3][i],
                                      in[3] ? in[3] + state->at[4][i] : NULL};
        program->kernels->attention_f32(&state->attention, head, y + state->at[2][i],
                                        program->scratch[group]);
    }
}

static enum status product_forward(struct context *context, struct program *program,
                                   struct step *step, int group)
{
    const struct product_state *state = step->state;
    const float *a = lanes(program, group, step->input[0]);
    const float *b = lanes(program, group, step->input[1]);
    float *y = lanes(program, group, step->output[0]);

    (void)context;
    if (step->attention && step->attention->has_softmax) {
        run_attention(program, step, group);
        return OK;
    }
    for (size_t i = 0; i < state->matrices; i++)
        program->kernels->lane_matmul_f32(&state->matmul, a + state->at[0][i], b + state->at[1][i],
                                          y + state->at[2][i]);
    return OK;
}

const struct lowering lowering_matmul_lanes = {.op = "MatMul",
                                               .algorithm = "lanes",
                                               .accepts = product_accepts,
                                               .prepare = product_prepare,
                                               .forward = product_forward};
