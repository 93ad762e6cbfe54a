// Operators of one operand, element by element, that need no gradient.
#include "exec/program_internal.h"
#include "ops/attr.h"

static bool accepts(const struct program *program, const struct step *step)
{
    return runs_forward(program, step) && is_lanes(program, step, 0);
}

static enum status run(struct program *program, const struct step *step, int group,
                       enum unary_kind kind)
{
    program->kernels->unary_f32(kind, step_input(program, step, 0)->size * N16_LANES,
                                lanes(program, group, step->input[0]),
                                lanes(program, group, step->output[0]));
    return OK;
}

#define UNARY(row, name, kind, accepts_)                                                           \
    static enum status forward_##row(struct context *context, struct program *program,             \
                                     struct step *step, int group)                                 \
    {                                                                                              \
        (void)context;                                                                             \
        return run(program, step, group, kind);                                                    \
    }                                                                                              \
    const struct lowering lowering_##row = {                                                       \
        .op = name, .algorithm = "elementwise", .accepts = accepts_, .forward = forward_##row}

// Pow by a number that is a simpler operation; an integer base has other rounding.
static bool pow_accepts(const struct program *program, const struct step *step, double exponent)
{
    return accepts(program, step) && shared_f32(program, step, 1) &&
           step->call.input[0]->dtype == DT_F32 && tensor_count(step->call.input[1]) == 1 &&
           step->call.input[1]->shape.rank <= step->call.input[0]->shape.rank &&
           tensor_get(step->call.input[1], 0) == exponent;
}

static bool square_accepts(const struct program *program, const struct step *step)
{
    return pow_accepts(program, step, 2);
}

static bool root_accepts(const struct program *program, const struct step *step)
{
    return pow_accepts(program, step, 0.5);
}

// From carried integers to floats nothing changes.
static bool cast_bool_accepts(const struct program *program, const struct step *step)
{
    return accepts(program, step) && step->call.output[0]->dtype == DT_BOOL;
}

UNARY(abs, "Abs", UNARY_ABS, accepts);
UNARY(erf, "Erf", UNARY_ERF, accepts);
UNARY(exp, "Exp", UNARY_EXP, accepts);
UNARY(neg, "Neg", UNARY_NEG, accepts);
UNARY(reciprocal, "Reciprocal", UNARY_RECIPROCAL, accepts);
UNARY(sqrt, "Sqrt", UNARY_SQRT, accepts);
UNARY(square, "Pow", UNARY_SQUARE, square_accepts);
UNARY(pow_root, "Pow", UNARY_SQRT, root_accepts);
UNARY(not, "Not", UNARY_NOT, accepts);
UNARY(cast_bool, "Cast", UNARY_IS_NONZERO, cast_bool_accepts);

// ---- GELU as exporters spell it -----------------------------------------------------------------

// At the first of its nodes, x being input 0 or 1.
static bool gelu_accepts(const struct program *program, const struct step *step)
{
    struct erf_gelu gelu;

    for (int i = 0; i < 2 && runs_forward(program, step) && !program->options.keeps_values; i++)
        if (is_lanes(program, step, i) && match_erf_gelu(program, step->node->input[i], &gelu) &&
            step->node == &program->graph->node[gelu.node[0]])
            return true;
    return false;
}

static enum status gelu_prepare(struct context *context, struct program *program, struct step *step)
{
    (void)context;
    if (!is_lanes(program, step, 0)) { // the constant comes first
        step->input[0] = step->input[1];
        step->input[1] = UINT32_MAX;
    }
    return OK;
}

static enum status gelu_forward(struct context *context, struct program *program, struct step *step,
                                int group)
{
    (void)context;
    program->kernels->activation_f32(&plain_gelu, step_input(program, step, 0)->size * N16_LANES,
                                     lanes(program, group, step->input[0]),
                                     lanes(program, group, step->output[0]));
    return OK;
}

#define GELU(row, name)                                                                            \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "gelu",                                   \
                                            .accepts = gelu_accepts,                               \
                                            .prepare = gelu_prepare,                               \
                                            .forward = gelu_forward}
GELU(erf_gelu_div, "Div");
GELU(erf_gelu_mul, "Mul");
