// What lowerings have in common: operands that are the same for all samples, broadcasting,
// gradients of parameters.
#include <string.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

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

bool reduced_set(const struct program *program, const struct step *step, unsigned *set)
{
    const struct reduce_attr *attr = step->node->attr;
    const struct tensor *axes = NULL;
    int64_t count = attr->axes.count, rank = step->call.input[0]->shape.rank;

    *set = 0;
    if (step->node->input_count > 1 && value_exists(step->node->input[1])) {
        if (!is_shared(program, step, 1))
            return false;
        axes = step->call.input[1];
        count = tensor_count(axes);
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t axis = axes ? tensor_get_int(axes, i) : attr->axes.at[i];
        axis = axis < 0 ? axis + rank : axis;
        if (axis < 0 || axis >= rank)
            return false;
        *set |= 1u << axis;
    }
    return true;
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

bool operand_steps(const struct program *program, uint32_t slot, const struct shape *with,
                   ptrdiff_t step[SHAPE_MAX_RANK])
{
    const struct shape *shape = &program->inference.of_value[slot].shape;
    const struct slot *at = &program->slot[slot];
    bool is_lanes = at->kind == SLOT_LANES;
    ptrdiff_t dense = is_lanes ? N16_LANES : 1;
    int shift = with->rank - shape->rank;

    memset(step, 0, SHAPE_MAX_RANK * sizeof *step);
    if (shift < 0 || (is_lanes && shift != 0))
        return false;
    for (int i = shape->rank - 1; i >= 0; i--) {
        if (i + shift == 0) // the batch
            return is_lanes || shape->dim[i] == 1;
        if (shape->dim[i] != 1 && shape->dim[i] != with->dim[i + shift])
            return false;
        step[i + shift] = shape->dim[i] == 1 ? 0 : is_lanes && at->step ? at->step[i] : dense;
        dense *= shape->dim[i];
    }
    return !is_lanes;
}

const float *shared_numbers(struct program *program, uint32_t slot)
{
    const struct tensor *tensor = &program->inference.of_value[slot];
    float *number;

    if (tensor->dtype == DT_F32)
        return tensor_f32(tensor);
    number = arena_array(program->arena, float, (size_t)tensor_count(tensor) + 1);
    for (int64_t i = 0; i < tensor_count(tensor); i++) {
        number[i] = (float)tensor_get(tensor, i);
        if ((double)number[i] != tensor_get(tensor, i))
            return NULL;
    }
    return number;
}

bool runs_forward(const struct program *program, const struct step *step)
{
    for (int i = 0; i < step->node->output_count; i++)
        if (step->output[i] != UINT32_MAX && (program->slot[step->output[i]].kind != SLOT_LANES ||
                                              program->slot[step->output[i]].size == 0))
            return false;
    return !program->options.is_training;
}
