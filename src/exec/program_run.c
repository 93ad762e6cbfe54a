// Running a lowered program: group by group, and in training step by step between joins.
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/parallel.h"
#include "exec/program_internal.h"

static void round_halves(const struct program *program, const struct step *step, int group)
{
    for (int i = 0; i < step->node->output_count; i++) {
        uint32_t id = step->output[i];
        if (id == UINT32_MAX || !program->slot[id].is_half)
            continue;
        float *value = lanes(program, group, id);
        for (size_t k = 0; k < program->slot[id].size * N16_LANES; k++)
            value[k] = f32_from_f16(f16_from_f32(value[k]));
    }
}

static enum status run_step(struct context *context, struct program *program, struct step *step,
                            int group)
{
    double start = program->is_timed ? clock_seconds() : 0;
    enum status status = step->row->forward(context, program, step, group);

    round_halves(program, step, group);
    if (program->is_timed) { // one worker only while timed
        double taken = clock_seconds() - start;
        if (taken < step->seconds || step->seconds <= 0)
            step->seconds = taken;
    }
    return status == OK ? OK : graph_fail_at(context, step->node, status);
}

enum status program_run_group(struct context *context, struct program *program, int group)
{
    for (int s = 0; s < program->step_count; s++)
        TRY(run_step(context, program, &program->step[s], group));
    return OK;
}

static uint32_t raw_slot(const struct program *program, uint32_t id)
{
    uint32_t raw = program->graph->value_count + id;

    return program->slot[raw].kind == SLOT_LANES ? raw : id;
}

float *program_input(struct program *program, int group, uint32_t input)
{
    uint32_t id = program->graph->input[input].at;

    return program->slot[id].kind == SLOT_LANES ? lanes(program, group, raw_slot(program, id))
                                                : NULL;
}

void program_give(struct program *program, int group, uint32_t input,
                  const float *const sample[N16_LANES])
{
    const struct slot *slot = &program->slot[program->graph->input[input].at];
    float *to = program_input(program, group, input);

    if (slot->entry)
        integer_give(program, group, slot->entry, sample);
    else if (to)
        program->kernels->pack_n16(sample, slot->size, to);
}

const float *program_output(const struct program *program, int group, uint32_t output)
{
    return lanes(program, group, program->graph->output[output].at);
}

const float *program_value(const struct program *program, int group, struct value_id id,
                           size_t *per_sample)
{
    if (!(program->options.is_training || program->options.keeps_values) ||
        program->slot[id.at].kind != SLOT_LANES)
        return NULL;
    *per_sample = program->slot[id.at].size;
    return lanes(program, group, id.at);
}

size_t program_value_size(const struct program *program, struct value_id id)
{
    const struct slot *slot = &program->slot[id.at];

    return slot->kind == SLOT_LANES || slot->kind == SLOT_U8 ? slot->size : 0;
}

size_t program_input_size(const struct program *program, uint32_t input)
{
    return program->slot[program->graph->input[input].at].size;
}

size_t program_output_size(const struct program *program, uint32_t output)
{
    return program->slot[program->graph->output[output].at].size;
}

struct shape program_output_shape(const struct program *program, uint32_t output)
{
    return program->inference.of_value[program->graph->output[output].at].shape;
}

bool program_is_integer(const struct program *program)
{
    for (int s = 0; s < program->step_count; s++)
        if (program->step[s].is_integer_product)
            return true;
    return program->integer && program->integer->count > 0;
}

float *program_output_grad(struct program *program, int group)
{
    return lanes_grad(program, group, program->graph->output[0].at);
}

void program_set_seed(struct program *program, uint64_t seed)
{
    program->seed = seed;
}

void program_set_statistics_rate(struct program *program, double rate)
{
    program->statistics_rate = rate;
}

int program_parameter_count(const struct program *program)
{
    return program->parameter_count;
}

struct parameter *program_parameter(struct program *program, int index)
{
    return &program->parameter[index];
}

int program_statistics_count(const struct program *program)
{
    return program->statistics_count;
}

float *program_statistics(struct program *program, int index, struct value_id *value, size_t *count)
{
    *value = program->statistics[index].value;
    *count = program->statistics[index].count;
    return program->statistics[index].data;
}

int program_step_count(const struct program *program)
{
    return program->step_count;
}

struct program_step_info program_step(const struct program *program, int index)
{
    const struct step *at = &program->step[index];

    return (struct program_step_info){.node = at->node,
                                      .algorithm =
                                          at->algorithm ? at->algorithm : at->row->algorithm,
                                      .seconds = at->seconds,
                                      .macs = at->macs,
                                      .is_integer_product = at->is_integer_product,
                                      .uses_tiles = at->uses_tiles,
                                      .is_integer = at->integer != NULL};
}

void program_time_steps(struct program *program, bool is_on)
{
    program->is_timed = is_on;
    for (int s = 0; s < program->step_count && is_on; s++)
        program->step[s].seconds = 0;
}

// ---- weights ------------------------------------------------------------------------------------

static float largest_magnitude(const float *data, size_t count, float largest)
{
    for (size_t i = 0; i < count; i++)
        largest = fabsf(data[i]) > largest ? fabsf(data[i]) : largest;
    return largest;
}

// Symmetric per channel; the scale follows the master weights as training moves them. Seen from
// the channels' axis a tensor is some times [oc][k].
static void requantise_parameter(void *state, long item, int worker)
{
    const struct program *program = state;
    const struct parameter *parameter = &program->parameter[item];
    const struct shape *shape = &program->inference.of_value[parameter->value.at].shape;
    const struct quant *quant = parameter->quant;
    struct quant_channels row = {.oc = 1, .k = parameter->count, .scale = parameter->scale};
    size_t channels;

    (void)worker;
    if (!parameter->quantized)
        return;
    row.low = -quant->high;
    row.high = quant->high;
    if (quant->axis >= 0) {
        row.oc = (int)shape->dim[quant->axis];
        row.k = 1;
    }
    for (int i = quant->axis + 1; quant->axis >= 0 && i < shape->rank; i++)
        row.k *= (size_t)shape->dim[i];
    channels = (size_t)row.oc;
    memset(parameter->scale, 0, channels * sizeof *parameter->scale);
    for (size_t i = 0; i < parameter->count; i += row.k) {
        float *scale = &parameter->scale[i / row.k % channels];
        *scale = largest_magnitude(parameter->data + i, row.k, *scale);
    }
    for (size_t c = 0; c < channels; c++)
        parameter->scale[c] =
            parameter->scale[c] > 0 ? parameter->scale[c] / (float)quant->high : 1;
    for (size_t i = 0; i < parameter->count; i += channels * row.k)
        program->kernels->fake_quant_f32_channels(&row, parameter->data + i,
                                                  parameter->quantized + i);
}

static void refresh_step(void *state, long item, int worker)
{
    struct program *program = state;
    struct step *step = &program->step[item];

    (void)worker;
    if (step->row->refresh)
        step->row->refresh(program, step);
}

void program_refresh(struct context *context, struct program *program)
{
    parallel_for(context->threads, program->parameter_count, requantise_parameter, program);
    parallel_for(context->threads, program->step_count, refresh_step, program);
}

// ---- training -----------------------------------------------------------------------------------

// The steps from .. to-1 for all groups: first `after` of step from-1 when it joined, then forward.
struct segment {
    struct program *program;
    int from, to;
    bool is_first;
    atomic_int failed; // group + 1 of a failure, 0: none
};

static void forward_segment(void *state, long item, int worker)
{
    struct segment *segment = state;
    struct program *program = segment->program;
    struct context silent;
    int group = (int)item;

    (void)worker;
    context_init(&silent);
    if (!segment->is_first)
        program->step[segment->from - 1].row->after(program, &program->step[segment->from - 1],
                                                    group);
    for (int s = segment->from; s < segment->to; s++)
        if (program->step[s].row->forward(&silent, program, &program->step[s], group) != OK)
            atomic_store(&segment->failed, s + 1);
}

static enum status report_failure(struct context *context, struct program *program, int failed)
{
    // The error text stayed with the thread; the step runs once more here to get it.
    TRY(run_step(context, program, &program->step[failed - 1], 0));
    return graph_fail_at(context, program->step[failed - 1].node,
                         context_fail(context, ERR_NUMERIC, "failed on some samples"));
}

static int next_join(const struct program *program, int from)
{
    while (from < program->step_count && !program->step[from].row->join)
        from++;
    return from < program->step_count ? from + 1 : program->step_count;
}

enum status program_forward(struct context *context, struct program *program)
{
    struct segment segment = {.program = program, .is_first = true};

    do {
        segment.to = next_join(program, segment.from);
        parallel_for(context->threads, program->groups, forward_segment, &segment);
        if (atomic_load(&segment.failed))
            return report_failure(context, program, atomic_load(&segment.failed));
        struct step *last = &program->step[segment.to - 1];
        bool joins = segment.to > segment.from && last->row->join;
        if (joins)
            last->row->join(program, last);
        segment.from = segment.to;
        segment.is_first = !joins;
        if (joins && segment.to == program->step_count)
            parallel_for(context->threads, program->groups, forward_segment, &segment);
    } while (segment.from < program->step_count);
    return OK;
}

// Steps from .. to, downwards; `to` joins: its backward runs here, backward_after of `from + 1`.
static void backward_segment(void *state, long item, int worker)
{
    struct segment *segment = state;
    struct program *program = segment->program;
    int group = (int)item;

    (void)worker;
    if (!segment->is_first)
        program->step[segment->from + 1].row->backward_after(
            program, &program->step[segment->from + 1], group);
    else if (program->partial_count)
        memset(program->partial + (size_t)group * program->partial_count, 0,
               program->partial_count * sizeof(float));
    for (int s = segment->from; s >= segment->to; s--)
        if (program->step[s].row->backward)
            program->step[s].row->backward(program, &program->step[s], group);
}

static int previous_join(const struct program *program, int from)
{
    while (from > 0 && !program->step[from].row->backward_join)
        from--;
    return from;
}

// One parameter: the groups' shares are added in a fixed binary tree.
static void reduce_parameter(void *state, long item, int worker)
{
    struct program *program = state;
    struct parameter *parameter = &program->parameter[item];
    float *part = program->partial + program->partial_offset[item];

    (void)worker;
    for (int step = 1; step < program->groups; step *= 2)
        for (int g = 0; g + step < program->groups; g += 2 * step)
            program->kernels->scale_add_f32((parameter->count + 15) / 16 * 16, 1,
                                            part + (size_t)(g + step) * program->partial_count,
                                            part + (size_t)g * program->partial_count);
    memcpy(parameter->grad, part, parameter->count * sizeof(float));
}

enum status program_backward(struct context *context, struct program *program)
{
    struct segment segment = {
        .program = program, .is_first = true, .from = program->step_count - 1};

    while (segment.from >= 0) {
        struct step *last;
        segment.to = previous_join(program, segment.from);
        parallel_for(context->threads, program->groups, backward_segment, &segment);
        last = &program->step[segment.to];
        segment.is_first = false;
        segment.from = segment.to - 1;
        if (last->row->backward_join) {
            last->row->backward_join(program, last);
            if (segment.from < 0) { // the join was the first step of all: only its after is left
                segment.to = 0;
                parallel_for(context->threads, program->groups, backward_segment, &segment);
            }
        } else {
            break; // step 0 is done
        }
    }
    parallel_for(context->threads, program->parameter_count, reduce_parameter, program);
    return OK;
}
