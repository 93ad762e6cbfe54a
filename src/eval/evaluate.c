// A model over a data set.
#include "eval/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parallel.h"
#include "eval/evaluate_internal.h"

static int list_samples(const struct work *work, long item, int64_t *sample, int64_t most)
{
    int64_t first = work->first + item * most, left = work->data->count - first;
    int count = (int)(left < most ? left : most);

    for (int i = 0; i < count; i++)
        sample[i] = first + i;
    return count;
}

void work_fail(struct work *work, int worker)
{
    int none = 0;

    atomic_compare_exchange_strong(&work->failed, &none, worker + 1);
}

enum status work_check(struct context *context, struct work *work)
{
    int worker = atomic_load(&work->failed) - 1;

    return worker < 0 ? OK
                      : context_fail(context, ERR_UNSUPPORTED, "%s", work->contexts[worker].error);
}

const char *work_stage(const struct work *work)
{
    return work->options->stage ? work->options->stage : "evaluating";
}

static void run_group(void *state, long item, int worker)
{
    struct work *work = state;
    int64_t sample[N16_LANES];
    int count = list_samples(work, item, sample, N16_LANES);
    size_t width = (size_t)work->outputs->width;
    float *row[N16_LANES] = {NULL};

    for (uint32_t i = 0; i < work->graph->input_count; i++)
        if (!work->is_given[i])
            batch_n16(&work->input[i], work->kernels, sample, count,
                      program_input(work->program, worker, i), work->scratch[worker]);
    if (program_run_group(&work->contexts[worker], work->program, worker) != OK) {
        work_fail(work, worker);
        return;
    }
    for (int i = 0; i < count; i++)
        row[i] = work->outputs->value + (size_t)sample[i] * width;
    work->kernels->unpack_n16(program_output(work->program, worker, work->output), width, row);
}

// ---- driving ------------------------------------------------------------------------------------

static enum status run_chunks(struct context *context, struct work *work)
{
    int64_t count = work->data->count, per_item = work->per_item;
    int64_t chunk = 16 * context->threads * per_item;

    for (work->first = 0; work->first < count; work->first += chunk) {
        int64_t left = count - work->first;
        int64_t items = ((left < chunk ? left : chunk) + per_item - 1) / per_item;
        TRY(context_tick(context, work_stage(work), (uint64_t)work->first, (uint64_t)count));
        parallel_for(context->threads, (long)items, work->program ? run_group : by_reference, work);
        TRY(work_check(context, work));
    }
    return context_tick(context, work_stage(work), (uint64_t)count, (uint64_t)count);
}

static enum status find_output(struct context *context, struct work *work)
{
    const char *name = work->options->output;

    if (work->graph->output_count == 0)
        return context_fail(context, ERR_FORMAT, "model has no output");
    for (uint32_t i = 0; name && i < work->graph->output_count; i++)
        if (strcmp(graph_value(work->graph, work->graph->output[i])->name, name) == 0) {
            work->output = i;
            return OK;
        }
    return name ? context_fail(context, ERR_USAGE, "'--output %s': model has no such output", name)
                : OK;
}

static void find_given(struct work *work)
{
    for (uint32_t i = 0; i < work->graph->input_count; i++) {
        const char *name = graph_value(work->graph, work->graph->input[i])->name;
        size_t length = strlen(name);
        for (int64_t k = 0; k < work->options->infer.set.count; k++)
            if (strncmp(work->options->infer.set.at[k], name, length) == 0 &&
                work->options->infer.set.at[k][length] == '=')
                work->is_given[i] = true;
    }
    for (int64_t k = 0; k < work->link_count; k++)
        work->is_given[work->link[k].input] = true;
}

// A shape given on the line may be another than that of the samples.
static enum status check_sizes(struct context *context, const struct work *work)
{
    for (uint32_t i = 0; i < work->graph->input_count; i++) {
        const char *name = graph_value(work->graph, work->graph->input[i])->name;
        size_t wanted = program_input_size(work->program, i);
        if (!work->is_given[i] && (size_t)work->input[i].count != wanted)
            return context_fail(context, ERR_USAGE,
                                "'--shape %s=...' makes %lld elements, samples have %lld", name,
                                (long long)wanted, (long long)work->input[i].count);
    }
    return OK;
}

static enum status make_program(struct context *context, struct work *work, struct evaluation *out)
{
    struct program_options options = {.isa = work->options->isa,
                                      .is_integer = !work->options->no_integers,
                                      .groups = context->threads,
                                      .infer = work->options->infer};
    enum status status;

    for (uint32_t i = 0; i < work->graph->input_count; i++) {
        const struct value *value = graph_value(work->graph, work->graph->input[i]);
        if (!work->is_given[i] && !batch_fits_lanes(&work->input[i])) {
            snprintf(out->reason, sizeof out->reason,
                     "input '%s' takes neither float32 nor integers up to 2^24", value->name);
            return OK;
        }
    }
    if (work->link_count) {
        snprintf(out->reason, sizeof out->reason, "it carries a state from step to step");
        return OK;
    }
    status = program_new(context, work->graph, &options, &work->program);
    if (status != ERR_UNSUPPORTED)
        return status == OK ? check_sizes(context, work) : status;
    snprintf(out->reason, sizeof out->reason, "%s", context->error);
    return OK; // the reference executor says what is wrong
}

static enum status copy_targets(struct context *context, const struct dataset *data,
                                struct outputs *outputs)
{
    struct batch_input target;

    for (int64_t i = 0; i < data->count && outputs->label; i++)
        outputs->label[i] = dataset_label(data, i);
    if (!outputs->target)
        return OK;
    TRY(batch_bind_target(context, data, &target));
    if (target.count != outputs->width || target.dtype != DT_F32)
        return context_fail(context, ERR_SHAPE, "target has %lld elements, the output %lld",
                            (long long)target.count, (long long)outputs->width);
    for (int64_t i = 0; i < data->count; i++)
        batch_sample(&target, i, outputs->target + i * outputs->width);
    return OK;
}

static enum status allocate(struct context *context, struct work *work, struct arena *arena)
{
    size_t bytes = 64;

    for (uint32_t i = 0; i < work->graph->input_count; i++)
        if (!work->is_given[i] && batch_n16_scratch_bytes(&work->input[i]) > bytes)
            bytes = batch_n16_scratch_bytes(&work->input[i]);
    work->scratch = arena_array(arena, void *, (size_t)context->threads);
    work->contexts = arena_array(arena, struct context, (size_t)context->threads);
    for (int i = 0; i < context->threads; i++) {
        context_init(&work->contexts[i]);
        work->scratch[i] = aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (!work->scratch[i])
            return context_fail(context, ERR_MEMORY, "no memory to evaluate");
    }
    return OK;
}

static enum status run(struct context *context, struct work *work, struct arena *arena,
                       const struct preprocess *preprocess, struct evaluation *out)
{
    const struct dataset *data = work->data;
    bool has_tokens = dataset_has_tokens(data);
    int64_t width;
    double start;

    TRY(find_output(context, work));
    work->is_given = arena_array(arena, bool, work->graph->input_count + 1);
    work->input = arena_array(arena, struct batch_input, work->graph->input_count + 1);
    work->link_count = work->options->state.count;
    TRY(state_links(context, work->graph, &work->options->state, arena, &work->link));
    find_given(work);
    TRY(batch_bind_graph(context, data, work->graph, work->is_given, preprocess, arena,
                         work->input));
    TRY(make_program(context, work, out));
    if (work->program) {
        work->per_item = N16_LANES;
        width = (int64_t)program_output_size(work->program, work->output);
    } else {
        TRY(by_reference_init(context, work, &width));
    }
    if (data->is_labelled && width > 1)
        TRY(dataset_check_classes(context, data, width));
    TRY(outputs_init(context, &out->outputs, data->count, width, data->is_labelled,
                     data->target.dtype != DT_NONE && !has_tokens));
    TRY(copy_targets(context, data, &out->outputs));
    TRY(allocate(context, work, arena));
    out->executor = work->program && program_is_integer(work->program) ? "int8" : "float";
    out->is_one_by_one = !work->program;
    start = clock_seconds();
    TRY(work->link_count ? streaming_run(context, work) : run_chunks(context, work));
    out->seconds = clock_seconds() - start;
    return has_tokens ? outputs_split_tokens(context, &out->outputs, data) : OK;
}

enum status evaluate(struct context *context, const struct graph *graph, const struct dataset *data,
                     const struct preprocess *preprocess, const struct evaluate_options *options,
                     struct evaluation *out)
{
    struct arena *arena = arena_new();
    struct work work = {.graph = graph,
                        .arena = arena,
                        .options = options,
                        .data = data,
                        .kernels = kernels_select(options->isa),
                        .outputs = &out->outputs};
    enum status status;

    memset(out, 0, sizeof *out);
    status = work.kernels ? run(context, &work, arena, preprocess, out)
                          : context_fail(context, ERR_UNSUPPORTED, "this processor has no %s",
                                         isa_name(options->isa));
    for (int i = 0; i < context->threads && work.scratch; i++)
        free(work.scratch[i]);
    by_reference_clear(&work);
    program_free(work.program);
    if (status != OK)
        outputs_clear(&out->outputs);
    arena_free(arena);
    return status;
}
