// Measures a lowered model.
#include "cli/bench.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parallel.h"
#include "base/random.h"
#include "exec/program.h"
#include "exec/reference.h"

enum { REPEATS = 15, PEAK_SIZE = 384 };

struct measuring {
    struct context *context;
    const struct graph *graph;
    struct program *program; // NULL: the reference executor, one inference at a time
    struct tensor *input;    // of the reference executor
    double *seconds, last;   // per node, while layers are measured by it
    struct context *worker;  // one a thread: errors and results are not shared
    atomic_bool failed;
    int64_t calls, batch;
};

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fill_inputs(struct measuring *m, int groups)
{
    for (int group = 0; group < groups; group++)
        for (uint32_t i = 0; i < m->graph->input_count; i++) {
            float *to = program_input(m->program, group, i);
            size_t count = program_input_size(m->program, i) * N16_LANES;
            struct random random = random_stream(m->context->seed, (uint64_t)group, i);
            for (size_t k = 0; to && k < count; k++)
                to[k] = (float)random_normal(&random);
        }
}

// ---- the reference executor, for models whose samples cannot be told apart
// -----------------------

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
    double now = now_seconds();

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

    enum status status = m->program ? program_run_group(&m->worker[worker], m->program, worker)
                                    : run_reference(m, &m->worker[worker], NULL);

    (void)item;
    if (status != OK)
        atomic_store(&m->failed, true);
}

// Inferences a second of `calls` calls with one batch each.
static enum status time_calls(struct measuring *m, int threads, double *seconds)
{
    double start = now_seconds();

    long items = m->program ? (long)((m->batch + N16_LANES - 1) / N16_LANES) : (long)m->batch;

    for (int64_t i = 0; i < m->calls; i++)
        parallel_for(threads, items, run_group, m);
    *seconds = now_seconds() - start;
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

// Repeats for about that long; *out: seconds a call, best and median.
static enum status repeat(struct measuring *m, int threads, double seconds,
                          struct best_and_median *out)
{
    double taken[REPEATS], once;

    m->calls = 1;
    TRY(time_calls(m, threads, &once)); // warms up
    TRY(time_calls(m, threads, &once));
    m->calls = once > 0 ? (int64_t)(seconds / REPEATS / once) : 1;
    if (m->calls < 1)
        m->calls = 1;
    for (int i = 0; i < REPEATS; i++) {
        TRY(context_tick(m->context, "measuring", (uint64_t)i, REPEATS));
        TRY(time_calls(m, threads, &taken[i]));
        taken[i] /= (double)m->calls;
    }
    qsort(taken, REPEATS, sizeof *taken, compare_doubles);
    *out = (struct best_and_median){taken[0], taken[REPEATS / 2]};
    return OK;
}

// MACs a second of a large matrix product on one thread: what a layer could reach.
static double measure_peak(void)
{
    const struct gemm v = {.m = PEAK_SIZE,
                           .n = PEAK_SIZE,
                           .k = PEAK_SIZE,
                           .lda = PEAK_SIZE,
                           .ldb = PEAK_SIZE,
                           .ldc = PEAK_SIZE,
                           .alpha = 1,
                           .beta = 0};
    size_t count = (size_t)PEAK_SIZE * PEAK_SIZE;
    float *matrix = must_alloc(3 * count * sizeof *matrix);
    double best = INFINITY;

    for (size_t i = 0; i < 2 * count; i++)
        matrix[i] = 1;
    for (int i = 0; i < 9; i++) {
        double start = now_seconds(), taken;
        gemm_f32(&v, matrix, matrix + count, matrix + 2 * count);
        taken = now_seconds() - start;
        best = taken < best ? taken : best;
    }
    free(matrix);
    return (double)PEAK_SIZE * PEAK_SIZE * PEAK_SIZE / best;
}

static double macs_of(const struct counts *counts, const char *node)
{
    for (uint32_t i = 0; i < counts->node_count; i++)
        if (strcmp(counts->node[i].name, node) == 0)
            return counts->node[i].macs;
    return NAN;
}

static void set_layer(struct bench_layer *layer, const struct node *node, struct arena *arena)
{
    layer->node = arena_copy_text(arena, node ? node->name : "");
    layer->op = arena_copy_text(arena, node ? node->op->name : "");
}

static enum status measure_reference_layers(struct measuring *m, struct arena *arena,
                                            const struct counts *counts, struct bench *bench)
{
    const struct observer observer = {see, m};
    double total = 0, peak = measure_peak();

    m->seconds = arena_array(arena, double, m->graph->node_count);
    m->last = now_seconds();
    TRY(run_reference(m, m->context, &observer));
    bench->layer = arena_array(arena, struct bench_layer, m->graph->node_count);
    bench->layer_count = (int)m->graph->node_count;
    for (uint32_t i = 0; i < m->graph->node_count; i++)
        total += m->seconds[i];
    for (uint32_t i = 0; i < m->graph->node_count; i++) {
        struct bench_layer *layer = &bench->layer[i];
        double macs = macs_of(counts, m->graph->node[i].name);
        set_layer(layer, &m->graph->node[i], arena);
        layer->algorithm = "reference";
        layer->share = m->seconds[i] / total;
        layer->of_peak = macs > 0 ? macs / m->seconds[i] / peak : (double)NAN;
    }
    return OK;
}

static enum status measure_layers(struct measuring *m, struct arena *arena,
                                  const struct counts *counts, struct bench *bench)
{
    int count = program_step_count(m->program);
    double total = 0, peak = measure_peak(), seconds, runs;

    m->batch = N16_LANES;
    m->calls = m->calls > 20 ? m->calls : 20;
    runs = (double)m->calls;
    program_time_steps(m->program, true);
    TRY(time_calls(m, 1, &seconds));
    bench->layer = arena_array(arena, struct bench_layer, (size_t)count);
    bench->layer_count = count;
    for (int i = 0; i < count; i++)
        total += program_step(m->program, i).seconds;
    for (int i = 0; i < count; i++) {
        struct program_step_info step = program_step(m->program, i);
        struct bench_layer *layer = &bench->layer[i];
        double macs = step.node ? macs_of(counts, step.node->name) : NAN;
        set_layer(layer, step.node, arena);
        layer->algorithm = arena_copy_text(arena, step.algorithm);
        layer->share = total > 0 ? step.seconds / total : NAN;
        layer->of_peak = macs > 0 && step.seconds > 0
                             ? macs * N16_LANES * runs / step.seconds / peak
                             : (double)NAN;
    }
    program_time_steps(m->program, false);
    return OK;
}

static enum status measure(struct measuring *m, struct arena *arena, const struct counts *counts,
                           struct bench *bench)
{
    struct best_and_median call;

    bench->is_integer = m->program && program_is_integer(m->program);
    m->batch = bench->batch;
    TRY(repeat(m, m->context->threads, 0.7 * bench->seconds, &call));
    bench->throughput.best = (double)bench->batch / call.best;
    bench->throughput.median = (double)bench->batch / call.median;
    m->batch = 1;
    TRY(repeat(m, 1, 0.3 * bench->seconds, &call));
    bench->latency_ms.best = 1000 * call.best;
    bench->latency_ms.median = 1000 * call.median;
    return m->program ? measure_layers(m, arena, counts, bench)
                      : measure_reference_layers(m, arena, counts, bench);
}

enum status bench_run(struct context *context, struct arena *arena, const struct graph *graph,
                      const struct infer_options *infer, const struct counts *counts,
                      struct bench *bench)
{
    struct program_options options = {
        .isa = bench->isa, .is_integer = true, .groups = context->threads, .infer = *infer};
    struct measuring m = {.context = context, .graph = graph};
    enum status status;

    status = program_new(context, graph, &options, &m.program);
    if (status == ERR_UNSUPPORTED) // samples cannot be told apart
        status = make_inputs(&m, infer, arena);
    m.worker = arena_array(arena, struct context, (size_t)context->threads);
    for (int i = 0; i < context->threads; i++)
        context_init(&m.worker[i]);
    if (!bench->batch)
        bench->batch = m.program ? (int64_t)N16_LANES * context->threads : context->threads;
    if (status == OK && m.program)
        fill_inputs(&m, context->threads);
    if (status == OK)
        status = measure(&m, arena, counts, bench);
    for (uint32_t i = 0; m.input && i < graph->input_count; i++)
        tensor_release(&m.input[i]);
    program_free(m.program);
    return status;
}
