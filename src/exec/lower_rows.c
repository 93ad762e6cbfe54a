// Operators that look at all of an axis: Softmax, LayerNormalization, RMSNormalization, reductions.
// Forward only.
#include "exec/program_internal.h"
#include "ops/attr.h"

// x is [outer][n][inner].
struct rows_state {
    size_t outer, n, inner;
    struct row_norm norm;
};

static bool accepts(const struct program *program, const struct step *step)
{
    return runs_forward(program, step) && is_lanes(program, step, 0) &&
           step_input(program, step, 0)->size > 0 && step->call.input[0]->dtype == DT_F32;
}

// The axes first .. last become n.
static struct rows_state *split_at(struct program *program, struct step *step, int first, int last)
{
    struct rows_state *state = arena_alloc(program->arena, sizeof *state);
    const struct shape *x = &step->call.input[0]->shape;

    state->outer = state->n = state->inner = 1;
    for (int i = 1; i < x->rank; i++)
        *(i < first ? &state->outer : i <= last ? &state->n : &state->inner) *= (size_t)x->dim[i];
    step->state = state;
    return state;
}

static int axis_of(const struct step *step, int64_t axis)
{
    return (int)(axis < 0 ? axis + step->call.input[0]->shape.rank : axis);
}

// ---- Softmax ------------------------------------------------------------------------------------

static bool softmax_accepts(const struct program *program, const struct step *step)
{
    const struct softmax_attr *attr = step->node->attr;

    return accepts(program, step) && axis_of(step, attr->axis) > 0;
}

static enum status softmax_prepare(struct context *context, struct program *program,
                                   struct step *step)
{
    int axis = axis_of(step, ((const struct softmax_attr *)step->node->attr)->axis);

    (void)context;
    split_at(program, step, axis, axis);
    return OK;
}

static enum status softmax_forward(struct context *context, struct program *program,
                                   struct step *step, int group)
{
    const struct rows_state *state = step->state;

    (void)context;
    program->kernels->softmax_f32(state->outer, state->n, state->inner,
                                  lanes(program, group, step->input[0]),
                                  lanes(program, group, step->output[0]));
    return OK;
}

const struct lowering lowering_softmax = {.op = "Softmax",
                                          .algorithm = "softmax",
                                          .accepts = softmax_accepts,
                                          .prepare = softmax_prepare,
                                          .forward = softmax_forward};

// ---- LayerNormalization, RMSNormalization -------------------------------------------------------

static bool norm_accepts(const struct program *program, const struct step *step)
{
    const struct layer_normalization_attr *attr = step->node->attr;

    for (int i = 1; i < 3; i++)
        if (i < step->node->input_count && value_exists(step->node->input[i]) &&
            !shared_f32(program, step, i))
            return false;
    for (int i = 1; i < step->node->output_count; i++)
        if (value_exists(step->node->output[i]))
            return false;
    return accepts(program, step) && axis_of(step, attr->axis) > 0;
}

static enum status norm_prepare(struct context *context, struct program *program, struct step *step)
{
    const struct layer_normalization_attr *attr = step->node->attr;
    struct rows_state *state = split_at(program, step, axis_of(step, attr->axis), SHAPE_MAX_RANK);

    (void)context;
    state->norm = (struct row_norm){state->outer, state->n, (float)attr->epsilon,
                                    node_is(step->node, "LayerNormalization")};
    return OK;
}

static enum status norm_forward(struct context *context, struct program *program, struct step *step,
                                int group)
{
    const struct rows_state *state = step->state;

    (void)context;
    program->kernels->row_norm_f32(&state->norm, lanes(program, group, step->input[0]),
                                   shared_f32(program, step, 1), shared_f32(program, step, 2),
                                   lanes(program, group, step->output[0]));
    return OK;
}

#define NORM(row, name)                                                                            \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "rows",                                   \
                                            .accepts = norm_accepts,                               \
                                            .prepare = norm_prepare,                               \
                                            .forward = norm_forward}
NORM(layer_norm, "LayerNormalization");
NORM(rms_norm, "RMSNormalization");

// ---- reductions ---------------------------------------------------------------------------------

// The axes, when they are neighbours and none is the batch.
static bool reduced_axes(const struct program *program, const struct step *step, int *first,
                         int *last)
{
    unsigned seen;

    if (!reduced_set(program, step, &seen) || seen & 1)
        return false;
    for (*first = 1; seen && !(seen >> *first & 1);)
        ++*first;
    for (*last = *first; seen >> (*last + 1) & 1;)
        ++*last;
    return seen != 0 && seen >> (*last + 1) == 0;
}

static bool reduce_accepts(const struct program *program, const struct step *step)
{
    int first, last;

    return accepts(program, step) && reduced_axes(program, step, &first, &last);
}

static enum status reduce_prepare(struct context *context, struct program *program,
                                  struct step *step)
{
    int first = 1, last = 1;

    (void)context;
    reduced_axes(program, step, &first, &last);
    split_at(program, step, first, last);
    return OK;
}

static enum status reduce(struct program *program, const struct step *step, int group,
                          enum reduce_kind kind)
{
    const struct rows_state *state = step->state;

    program->kernels->reduce_f32(kind, state->outer, state->n, state->inner,
                                 lanes(program, group, step->input[0]),
                                 lanes(program, group, step->output[0]));
    return OK;
}

#define REDUCE(row, name, kind)                                                                    \
    static enum status forward_##row(struct context *context, struct program *program,             \
                                     struct step *step, int group)                                 \
    {                                                                                              \
        (void)context;                                                                             \
        return reduce(program, step, group, kind);                                                 \
    }                                                                                              \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "reduction",                              \
                                            .accepts = reduce_accepts,                             \
                                            .prepare = reduce_prepare,                             \
                                            .forward = forward_##row}
REDUCE(axes_mean, "ReduceMean", REDUCE_MEAN);
REDUCE(axes_sum, "ReduceSum", REDUCE_SUM);
REDUCE(axes_max, "ReduceMax", REDUCE_MAX);
REDUCE(axes_min, "ReduceMin", REDUCE_MIN);
