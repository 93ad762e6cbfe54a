// Evaluating a model that carries a state: samples are the steps of sequences, in order. Sequences
// know nothing of each other, so they run side by side, one step at a time.
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/evaluate_internal.h"

enum status streaming_init(struct context *context, struct work *work)
{
    int64_t count = work->data->count, each = work->options->state_reset;

    if (work->per_item != 1)
        return context_fail(context, ERR_UNSUPPORTED,
                            "'--state' takes one step at a time, but the model's batch is %lld",
                            (long long)work->per_item);
    work->per_sequence = each > 0 && each < count ? each : count;
    work->sequences = (count + work->per_sequence - 1) / work->per_sequence;
    work->state =
        arena_array(work->arena, struct tensor, (size_t)work->sequences * (size_t)work->link_count);
    for (int64_t k = 0; k < work->link_count; k++)
        TRY(state_zeros(context, work->graph, &work->inference, &work->link[k], &work->state[k]));
    for (int64_t i = work->link_count; i < work->sequences * work->link_count; i++)
        tensor_share(&work->state[i], &work->state[i % work->link_count]);
    return OK;
}

void streaming_clear(struct work *work)
{
    for (int64_t i = 0; work->state && i < work->sequences * work->link_count; i++)
        tensor_release(&work->state[i]);
}

static void run_step(void *shared, long item, int worker)
{
    struct work *work = shared;
    struct context *context = &work->contexts[worker];
    struct tensor *state = work->state + item * work->link_count, *output;
    int64_t sample = item * work->per_sequence + work->step;
    enum status status;

    if (sample >= work->data->count) // the last sequence may be shorter
        return;
    output = must_alloc(work->graph->output_count * sizeof *output);
    memset(output, 0, work->graph->output_count * sizeof *output);
    status = by_reference_run(context, work, &sample, 1, state, output);
    if (status == OK)
        status = by_reference_collect(context, work, &sample, 1, &output[work->output]);
    for (int64_t k = 0; k < work->link_count && status == OK; k++)
        status = state_advance(context, work->graph, &work->link[k], &output[work->link[k].output],
                               &state[k]);
    for (uint32_t i = 0; i < work->graph->output_count; i++)
        tensor_release(&output[i]);
    free(output);
    if (status != OK)
        work_fail(work, worker);
}

enum status streaming_run(struct context *context, struct work *work)
{
    for (work->step = 0; work->step < work->per_sequence; work->step++) {
        TRY(context_tick(context, work_stage(work), (uint64_t)work->step,
                         (uint64_t)work->per_sequence));
        parallel_for(context->threads, (long)work->sequences, run_step, work);
        TRY(work_check(context, work));
    }
    return context_tick(context, work_stage(work), (uint64_t)work->per_sequence,
                        (uint64_t)work->per_sequence);
}
