// A model over a data set.
#include "eval/evaluate.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parallel.h"
#include "data/batch.h"
#include "exec/program.h"
#include "exec/reference.h"

// What the threads share. Groups are handed out in chunks, so that progress and interrupts come
// between them.
struct work {
    const struct graph *graph;
    const struct evaluate_options *options;
    const struct dataset *data;
    struct batch_input *input;
    bool *is_given;
    struct program *program; // NULL: the reference executor
    const struct kernels *kernels;
    uint32_t output;
    int64_t first; // sample of the chunk's first group
    int64_t per_item;
    void **scratch;           // per worker
    struct context *contexts; // per worker, for errors
    atomic_int failed;        // worker + 1
    struct outputs *outputs;
};

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int list_samples(const struct work *work, long item, int64_t *sample, int64_t most)
{
    int64_t first = work->first + item * most, left = work->data->count - first;
    int count = (int)(left < most ? left : most);

    for (int i = 0; i < count; i++)
        sample[i] = first + i;
    return count;
}

static void fail(struct work *work, int worker)
{
    int none = 0;

    atomic_compare_exchange_strong(&work->failed, &none, worker + 1);
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
        fail(work, worker);
        return;
    }
    for (int i = 0; i < count; i++)
        row[i] = work->outputs->value + (size_t)sample[i] * width;
    work->kernels->unpack_n16(program_output(work->program, worker, work->output), width, row);
}

// ---- the reference executor, one batch of the model's own size at a time
// -------------------------

static enum status fill_inputs(struct context *context, const struct work *work,
                               const int64_t *sample, int count, struct tensor *input)
{
    for (uint32_t i = 0; i < work->graph->input_count; i++) {
        const struct value *value = graph_value(work->graph, work->graph->input[i]);
        const struct batch_input *bound = &work->input[i];
        struct shape shape = value->tensor.shape;
        if (shape.rank > 0 && bound->data) {
            shape = bound->shape;
            memmove(shape.dim + 1, shape.dim, (size_t)shape.rank * sizeof *shape.dim);
            shape.dim[0] = work->per_item;
            shape.rank++;
        }
        TRY(tensor_alloc(context, &input[i], bound->data ? bound->dtype : value->tensor.dtype,
                         &shape));
        for (int64_t s = 0; s < work->per_item && bound->data;
             s++) // a short batch repeats its last
            batch_sample(bound, sample[s < count ? s : count - 1],
                         (char *)tensor_write(&input[i]) +
                             (size_t)(s * bound->count) *
                                 (size_t)(dtype_info[bound->dtype].bits / 8));
        if (input[i].dtype != value->tensor.dtype) { // data fill float32, the model takes others
            struct tensor filled = input[i];
            memset(&input[i], 0, sizeof input[i]);
            enum status status = tensor_convert(context, &input[i], &filled, value->tensor.dtype);
            tensor_release(&filled);
            TRY(status);
        }
    }
    return OK;
}

static enum status collect(struct context *context, struct work *work, const int64_t *sample,
                           int count, const struct tensor *output)
{
    int64_t width = work->outputs->width;

    if (tensor_count(output) != width * work->per_item)
        return context_fail(context, ERR_SHAPE, "output has %lld elements, expected %lld",
                            (long long)tensor_count(output), (long long)(width * work->per_item));
    for (int s = 0; s < count; s++)
        for (int64_t i = 0; i < width; i++)
            work->outputs->value[sample[s] * width + i] = (float)tensor_get(output, s * width + i);
    return OK;
}

static void run_reference(void *state, long item, int worker)
{
    struct work *work = state;
    struct context *context = &work->contexts[worker];
    struct tensor *input = must_alloc((work->graph->input_count + 1) * sizeof *input);
    struct tensor *output = must_alloc((work->graph->output_count + 1) * sizeof *output);
    int64_t *sample = must_alloc((size_t)work->per_item * sizeof *sample);
    int count = list_samples(work, item, sample, work->per_item);
    enum status status = fill_inputs(context, work, sample, count, input);

    if (status == OK)
        status = reference_run(context, work->graph, input, output, NULL);
    if (status == OK)
        status = collect(context, work, sample, count, &output[work->output]);
    for (uint32_t i = 0; i < work->graph->input_count; i++)
        tensor_release(&input[i]);
    for (uint32_t i = 0; i < work->graph->output_count; i++)
        tensor_release(&output[i]);
    free(input);
    free(output);
    free(sample);
    if (status != OK)
        fail(work, worker);
}

// ---- driving ------------------------------------------------------------------------------------

static enum status run_chunks(struct context *context, struct work *work)
{
    int64_t count = work->data->count, per_item = work->per_item;
    int64_t chunk = 16 * context->threads * per_item;
    const char *stage = work->options->stage ? work->options->stage : "evaluating";

    for (work->first = 0; work->first < count; work->first += chunk) {
        int64_t left = count - work->first;
        int64_t items = ((left < chunk ? left : chunk) + per_item - 1) / per_item;
        TRY(context_tick(context, stage, (uint64_t)work->first, (uint64_t)count));
        parallel_for(context->threads, (long)items, work->program ? run_group : run_reference,
                     work);
        if (atomic_load(&work->failed)) {
            struct context *from = &work->contexts[atomic_load(&work->failed) - 1];
            return context_fail(context, ERR_UNSUPPORTED, "%s", from->error);
        }
    }
    return context_tick(context, stage, (uint64_t)count, (uint64_t)count);
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
        if (!work->is_given[i] && value->tensor.dtype != DT_F32) {
            snprintf(out->reason, sizeof out->reason, "input '%s' does not take float32",
                     value->name);
            return OK;
        }
    }
    status = program_new(context, work->graph, &options, &work->program);
    if (status != ERR_UNSUPPORTED)
        return status;
    snprintf(out->reason, sizeof out->reason, "%s", context->error);
    return OK; // the reference executor says what is wrong
}

// The batch that the graph itself fixes, 1 where it is open.
static int64_t own_batch(const struct graph *graph)
{
    const struct shape *shape =
        graph->input_count ? &graph_value(graph, graph->input[0])->tensor.shape : NULL;

    return shape && shape->rank > 0 && shape->dim[0] > 0 ? shape->dim[0] : 1;
}

static enum status measure_output(struct context *context, struct work *work, int64_t *width)
{
    struct infer_options infer = work->options->infer;
    struct inference inference;
    const struct tensor *output;

    if (work->program) {
        *width = (int64_t)program_output_size(work->program, work->output);
        return OK;
    }
    infer.is_lenient = true;
    TRY(graph_infer(context, work->graph, &infer, &inference));
    output = &inference.of_value[work->graph->output[work->output].at];
    *width = shape_is_static(&output->shape) ? tensor_count(output) / work->per_item : -1;
    inference_clear(&inference);
    return *width > 0
               ? OK
               : context_fail(context, ERR_SHAPE, "output '%s' has no known size",
                              graph_value(work->graph, work->graph->output[work->output])->name);
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
    bool has_tokens = data->target.dtype != DT_NONE && !dtype_info[data->target.dtype].is_float;
    int64_t width;
    double start;

    TRY(find_output(context, work));
    work->is_given = arena_array(arena, bool, work->graph->input_count + 1);
    work->input = arena_array(arena, struct batch_input, work->graph->input_count + 1);
    find_given(work);
    TRY(batch_bind_graph(context, data, work->graph, work->is_given, preprocess, arena,
                         work->input));
    TRY(make_program(context, work, out));
    work->per_item = work->program ? N16_LANES : own_batch(work->graph);
    TRY(measure_output(context, work, &width));
    if (data->is_labelled && width > 1)
        TRY(dataset_check_classes(context, data, width));
    TRY(outputs_init(context, &out->outputs, data->count, width, data->is_labelled,
                     data->target.dtype != DT_NONE && !has_tokens));
    TRY(copy_targets(context, data, &out->outputs));
    TRY(allocate(context, work, arena));
    out->executor = work->program && program_is_integer(work->program) ? "int8" : "float";
    out->is_one_by_one = !work->program;
    start = seconds_now();
    TRY(run_chunks(context, work));
    out->seconds = seconds_now() - start;
    return has_tokens ? outputs_split_tokens(context, &out->outputs, data) : OK;
}

enum status evaluate(struct context *context, const struct graph *graph, const struct dataset *data,
                     const struct preprocess *preprocess, const struct evaluate_options *options,
                     struct evaluation *out)
{
    struct arena *arena = arena_new();
    struct work work = {.graph = graph,
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
    program_free(work.program);
    if (status != OK)
        outputs_clear(&out->outputs);
    arena_free(arena);
    return status;
}
