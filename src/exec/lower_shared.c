// What lowerings have in common: operands that are the same for all samples, gradients of
// parameters, refreshing.
#include <string.h>

#include "exec/program_internal.h"

const float *shared_f32(const struct program *program, const struct step *step, int i)
{
    const struct slot *slot = step_input(program, step, i);

    if (slot->kind != SLOT_SHARED || program->inference.of_value[step->input[i]].dtype != DT_F32)
        return NULL;
    return tensor_f32(&program->inference.of_value[step->input[i]]);
}

float *partial_grad(const struct program *program, const struct step *step, int i, int group)
{
    const struct slot *slot = step_input(program, step, i);

    if (slot->kind != SLOT_SHARED || slot->parameter < 0)
        return NULL;
    return program->partial + (size_t)group * program->partial_count +
           program->partial_offset[slot->parameter];
}

int64_t channel_operand(const struct tensor *operand, const struct shape *with)
{
    int64_t count = tensor_count(operand);
    int axis = with->rank - operand->shape.rank; // of operand's first dim within `with`

    if (operand->dtype != DT_F32 || axis < 0)
        return 0;
    if (count == 1)
        return 1;
    for (int i = 0; i < operand->shape.rank; i++)
        if (operand->shape.dim[i] != 1 && i + axis != 1)
            return 0;
    return with->rank > 1 && count == with->dim[1] ? count : 0;
}
