// Operators under which a sample's numbers stay in order: the output is the input's memory.
#include <string.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

static bool accepts(const struct program *program, const struct step *step)
{
    return is_lanes(program, step, 0) && program->slot[step->output[0]].kind == SLOT_LANES &&
           program->slot[step->output[0]].size == step_input(program, step, 0)->size;
}

// Dropout is the identity only outside of training.
static bool dropout_accepts(const struct program *program, const struct step *step)
{
    return !program->options.is_training && accepts(program, step) &&
           (step->node->output_count < 2 || !value_exists(step->node->output[1])) &&
           !dropout_may_drop(program->graph, step->node);
}

static enum status prepare(struct context *context, struct program *program, struct step *step)
{
    (void)context;
    program->slot[step->output[0]].alias_of = program->slot[step->input[0]].alias_of;
    return OK;
}

static enum status forward(struct context *context, struct program *program, struct step *step,
                           int group)
{
    (void)context;
    (void)program;
    (void)step;
    (void)group;
    return OK; // nothing moves; gradients share memory as well
}

#define VIEW(row, name, accepts_)                                                                  \
    const struct lowering lowering_##row = {.op = name,                                            \
                                            .algorithm = "view",                                   \
                                            .accepts = accepts_,                                   \
                                            .prepare = prepare,                                    \
                                            .forward = forward}
VIEW(flatten, "Flatten", accepts);
VIEW(reshape, "Reshape", accepts);
VIEW(identity, "Identity", accepts);
VIEW(squeeze, "Squeeze", accepts);
VIEW(unsqueeze, "Unsqueeze", accepts);
VIEW(dropout, "Dropout", dropout_accepts);

// Cast between float32 and float16: both are lanes of float32, the rounding comes after the step.
static enum status copy(struct context *context, struct program *program, struct step *step,
                        int group)
{
    (void)context;
    memcpy(lanes(program, group, step->output[0]), lanes(program, group, step->input[0]),
           program->slot[step->output[0]].size * N16_LANES * sizeof(float));
    return OK;
}

static bool cast_accepts(const struct program *program, const struct step *step)
{
    return !program->options.is_training && accepts(program, step);
}

const struct lowering lowering_cast = {
    .op = "Cast", .algorithm = "copy", .accepts = cast_accepts, .forward = copy};
