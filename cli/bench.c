// Measures a lowered model.
#include "cli/bench.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parallel.h"
#include "base/random.h"
#include "exec/program.h"
#include "exec/reference.h"

enum { REPEATS = 15, WINDOW_SECONDS = 1 };

struct measuring {
    struct context *context;
    struct arena *arena;
    const struct graph *graph;
    const struct counts *counts;
    struct program *program; // NULL: the reference executor, one inference at a time
    const struct kernels *kernels;
    float **sample, *output; // plain: [input][batch][size], [batch][output_size]
    size_t output_size;
    struct tensor *input;   // of the reference executor
    double *seconds, last;  // per node, while layers are measured by it
    struct context *worker; // one a thread: errors and results are not shared
    atomic_bool failed;
    int64_t calls, batch;
};

// A batch of plain samples of every input, and room for the first output.
static void make_samples(struct measuring *m, struct arena *arena)
{
    m->sample = arena_array(arena, float *, m->graph->input_count + 1);
    for (uint32_t i = 0; i < m->graph->input_count; i++) {
        size_t count = program_input_size(m->program, i) * (size_t)m->batch;
        struct random random = random_stream(m->context->seed, 0, i);
        bool is_float =
            dtype_info[graph_value(m->graph, m->graph->input[i])->tensor.dtype].is_float;

        m->sample[i] = arena_array(arena, float, count + 1);
        for (size_t k = 0; k < count; k++) // 0 and 1 are tokens of any vocabulary
            m->sample[i][k] = is_float ? (float)random_normal(&random) : (float)(k % 2);
    }
    m->output_size = program_output_size(m->program, 0);
    m->output = arena_array(arena, float, m->output_size *(size_t)m->batch + 1);
}

// The rows of group `item` in a batch of plain samples; NULL past its end.
static void group_rows(const struct measuring *m, float *plain, size_t size, long item,
                       float *row[N16_LANES])
{
    for (int64_t lane = 0; lane < N16_LANES; lane++) {
        int64_t at = item * N16_LANES + lane;

        row[lane] = at < m->batch ? plain + (size_t)at * size : NULL;
    }
}

// As a user has it: from plain samples to plain outputs.
static enum status run_lanes(struct measuring *m, struct context *context, long item, int worker)
{
    float *row[N16_LANES];

    for (uint32_t i = 0; i < m->graph->input_count; i++) {
        group_rows(m, m->sample[i], program_input_size(m->program, i), item, row);
        program_give(m->program, worker, i, (const float *const *)row);
    }
    TRY(program_run_group(context, m->program, worker));
    group_rows(m, m->output, m->output_size, item, row);
    if (m->output_size)
        m->kernels->unpack_n16(program_output(m->program, worker, 0), m->output_size, row);
    return OK;
}

// ---- the reference executor, for models whose samples cannot be told apart ----------------------

static enum status make_inputs(struct measuring *m, const struct infer_options *infer,
                               struct arena *arena)
{
    struct infer_options one = *infer;
    struct inference inference;
    enum status status = OK;

    one.batch = 1;
    TRY(graph_infer(m->context, m->graph, &one, &inference));
    m->input = arena_array(arena, struct tensor, m->graph->input_count + 1);
    for (uint32_t i = 0; i < m->graph->input_count && status == OK; i++) {
        const struct tensor *declared = &inference.of_value[m->graph->input[i].at];
        struct random random = random_stream(m->context->seed, 0, i);
        status = tensor_alloc(m->context, &m->input[i], declared->dtype, &declared->shape);
        for (int64_t k = 0;
             status == OK && dtype_info[declared->dtype].is_float && k < tensor_count(&m->input[i]);
             k++)
            tensor_set(&m->input[i], k, random_normal(&random));
    }
    inference_clear(&inference);
    return status;
}

static enum status run_reference(struct measuring *m, struct context *context,
                                 const struct observer *observer)
{
    struct tensor *output = must_alloc((m->graph->output_count + 1) * sizeof *output);
    enum status status = reference_run(context, m->graph, m->input, output, observer);

    for (uint32_t i = 0; i < m->graph->output_count; i++)
        tensor_release(&output[i]);
    free(output);
    return status;
}

static enum status see(void *self, struct context *context, struct value_id id,
                       const struct tensor *tensor)
{
    struct measuring *m = self;
    struct node_id producer = graph_value(m->graph, id)->producer;
    double now = clock_seconds();

    (void)context;
    (void)tensor;
    if (node_exists(producer))
        m->seconds[producer.at] += now - m->last;
    m->last = now;
    return OK;
}

// ---- both ---------------------------------------------------------------------------------------

static void run_group(void *state, long item, int worker)
{
    struct measuring *m = state;

    enum status status = m->program ? run_lanes(m, &m->worker[worker], item, worker)
                                    : run_reference(m, &m->worker[worker], NULL);

    if (status != OK)
        atomic_store(&m->failed, true);
}

// Inferences a second of `calls` calls with one batch each.
static enum status time_calls(struct measuring *m, int threads, double *seconds)
{
    double start = clock_seconds();

    long items = m->program ? (long)((m->batch + N16_LANES - 1) / N16_LANES) : (long)m->batch;

    for (int64_t i = 0; i < m->calls; i++)
        parallel_for(threads, items, run_group, m);
    *seconds = clock_seconds() - start;
    for (int i = 0; i < threads && atomic_load(&m->failed); i++)
        if (*m->worker[i].error)
            return context_fail(m->context, ERR_UNSUPPORTED, "%s", m->worker[i].error);
    return OK;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

// Repeats for about that long, twice at least; *out: seconds a call, best and median.
static enum status repeat(struct measuring *m, int threads, double seconds,
                          struct best_and_median *out)
{
    double taken[REPEATS], repeats;
    int count;

    m->calls = 1;
    TRY(time_calls(m, threads, &taken[0]));
    if (taken[0] < 0.2 * seconds) // that was to warm up
        TRY(time_calls(m, threads, &taken[0]));
    repeats = taken[0] > 0 ? seconds / taken[0] : REPEATS;
    count = repeats < 2 ? 2 : repeats < REPEATS ? (int)repeats : REPEATS;
    m->calls = repeats > REPEATS ? (int64_t)(repeats / REPEATS) : 1;
    for (int i = m->calls > 1 ? 0 : 1; i < count; i++) {
        TRY(context_tick(m->context, "measuring", (uint64_t)i, (uint64_t)count));
        TRY(time_calls(m, threads, &taken[i]));
        taken[i] /= (double)m->calls;
    }
    qsort(taken, (size_t)count, sizeof *taken, compare_doubles);
    *out = (struct best_and_median){taken[0], taken[count / 2]};
    return OK;
}

static double macs_of(const struct counts *counts, const char *node)
{
    for (uint32_t i = 0; i < counts->node_count; i++)
        if (strcmp(counts->node[i].name, node) == 0)
            return counts->node[i].macs;
    return NAN;
}

// seconds: of one inference; macs: that the kernels did, NaN: what the layer asks for.
static void set_layer(struct measuring *m, const struct node *node, double seconds,
                      const struct program_step_info *step, struct bench_layer *layer)
{
    layer->node = arena_copy_text(m->arena, node ? node->name : "");
    layer->op = arena_copy_text(m->arena, node ? node->op->name : "");
    layer->algorithm = step ? arena_copy_text(m->arena, step->algorithm) : "reference";
    layer->seconds = seconds;
    layer->macs = node ? macs_of(m->counts, node->name) : (double)NAN;
    layer->peak_name = !step || !step->is_integer_product ? "f32"
                       : step->uses_tiles                 ? "i8_tiles"
                                                          : "i8";
    layer->macs_done = step && !isnan(step->macs) ? step->macs : layer->macs;
}

static enum status measure_reference_layers(struct measuring *m, struct bench *bench)
{
    const struct observer observer = {see, m};

    m->seconds = arena_array(m->arena, double, m->graph->node_count);
    m->last = clock_seconds();
    TRY(run_reference(m, m->context, &observer));
    bench->layer = arena_array(m->arena, struct bench_layer, m->graph->node_count);
    bench->layer_count = (int)m->graph->node_count;
    for (uint32_t i = 0; i < m->graph->node_count; i++)
        set_layer(m, &m->graph->node[i], m->seconds[i], NULL, &bench->layer[i]);
    return OK;
}

static enum status measure_layers(struct measuring *m, struct bench *bench)
{
    int count = m->program ? program_step_count(m->program) : 0;

    if (!m->program)
        return measure_reference_layers(m, bench);
    bench->layer = arena_array(m->arena, struct bench_layer, (size_t)count);
    bench->layer_count = count;
    for (int i = 0; i < count; i++) {
        struct program_step_info step = program_step(m->program, i);
        set_layer(m, step.node, step.seconds / N16_LANES, &step, &bench->layer[i]);
    }
    return OK;
}

static void rate_layers(struct bench *bench)
{
    double total = 0;

    for (int i = 0; i < bench->layer_count; i++)
        total += bench->layer[i].seconds;
    for (int i = 0; i < bench->layer_count; i++) {
        struct bench_layer *layer = &bench->layer[i];
        double peak = layer->peak_name[0] == 'f' ? bench->peak.f32
                      : layer->peak_name[2]      ? bench->peak.i8_tiles
                                                 : bench->peak.i8;
        bool has_macs = layer->macs > 0 && layer->seconds > 0;
        layer->share = total > 0 ? layer->seconds / total : (double)NAN;
        layer->rate = has_macs ? 2 * layer->macs / layer->seconds : (double)NAN;
        layer->of_peak = has_macs ? 2 * layer->macs_done / layer->seconds / peak : (double)NAN;
    }
}

static enum status measure(struct measuring *m, struct bench *bench)
{
    const struct kernels *kernels = kernels_select(bench->isa);
    struct best_and_median call;

    bench->is_integer = m->program && program_is_integer(m->program);
    peak_measure(kernels, &bench->peak);
    m->batch = bench->batch;
    TRY(repeat(m, m->context->threads, 0.5 * bench->seconds, &call));
    bench->throughput.best = (double)bench->batch / call.best;
    bench->throughput.median = (double)bench->batch / call.median;
    peak_measure(kernels, &bench->peak);
    // One inference takes a group of 16, so the same runs time the layers.
    m->batch = 1;
    if (m->program)
        program_time_steps(m->program, true);
    TRY(repeat(m, 1, 0.5 * bench->seconds, &call));
    bench->latency_ms.best = 1000 * call.best;
    bench->latency_ms.median = 1000 * call.median;
    TRY(measure_layers(m, bench));
    peak_measure(kernels, &bench->peak);
    rate_layers(bench);
    return OK;
}

static enum status prepare(struct measuring *m, const struct infer_options *infer,
                           struct bench *bench)
{
    struct context *context = m->context;
    struct program_options options = {
        .isa = bench->isa, .is_integer = true, .groups = context->threads, .infer = *infer};
    enum status status;

    m->kernels = kernels_select(bench->isa);
    // No memory for more groups than the batch fills.
    options.is_small = bench->batch == 1;
    if (bench->batch && bench->batch < (int64_t)N16_LANES * context->threads)
        options.groups = (int)((bench->batch + N16_LANES - 1) / N16_LANES);
    status = program_new(context, m->graph, &options, &m->program);
    if (status == ERR_UNSUPPORTED) // samples cannot be told apart
        status = make_inputs(m, infer, m->arena);
    m->worker = arena_array(m->arena, struct context, (size_t)context->threads);
    for (int i = 0; i < context->threads; i++)
        context_init(&m->worker[i]);
    if (!bench->batch)
        bench->batch = m->program ? (int64_t)N16_LANES * context->threads : context->threads;
    m->batch = bench->batch;
    if (status == OK && m->program)
        make_samples(m, m->arena);
    return status;
}

static void finish(struct measuring *m)
{
    for (uint32_t i = 0; m->input && i < m->graph->input_count; i++)
        tensor_release(&m->input[i]);
    program_free(m->program);
}

enum status bench_run(struct context *context, struct arena *arena, const struct graph *graph,
                      const struct infer_options *infer, const struct counts *counts,
                      struct bench *bench)
{
    struct measuring m = {.context = context, .arena = arena, .graph = graph, .counts = counts};
    enum status status = prepare(&m, infer, bench);

    if (status == OK)
        status = measure(&m, bench);
    finish(&m);
    return status;
}

static enum status run_batch(void *self, double *inferences)
{
    struct measuring *m = self;
    double seconds;

    m->calls = 1;
    TRY(time_calls(m, m->context->threads, &seconds));
    *inferences += (double)m->batch;
    return OK;
}

enum status bench_energy(struct context *context, struct arena *arena, const struct graph *graph,
                         const struct infer_options *infer, struct bench *bench,
                         struct meter *meter, struct measured_inference *out)
{
    struct measuring m = {.context = context, .arena = arena, .graph = graph};
    const struct measured_load load = {run_batch, &m};
    enum status status = prepare(&m, infer, bench);

    if (status == OK)
        status = measured_windows(context, meter, &load, WINDOW_SECONDS, out);
    finish(&m);
    return status;
}
