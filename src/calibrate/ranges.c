// Ranges of activations by min-max, percentile or least squared rounding error.
#include "calibrate/ranges.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "data/batch.h"
#include "exec/program.h"
#include "exec/reference.h"
#include "pass/work.h"

enum { BINS = 2048 };

struct observed {
    float low, high;
    uint64_t *bin; // [BINS], second sweep only
};

struct sweep {
    const struct graph *graph;
    const struct dataset *data;
    struct batch_input *input;
    struct program *program; // NULL: the reference executor, per_item samples at a time
    int64_t per_item;
    const struct kernels *kernels;
    const struct value_id *value;
    int value_count;
    int *index; // per value of the graph: its place in `value`, -1: not looked at
    bool is_second;
    const struct range *bounds; // second sweep
    struct observed **observed; // per worker
    struct context *contexts;   // per worker
    void **scratch;
    int64_t first;
    atomic_int failed;
};

// Numbers to look at: size elements of each of `samples` samples, `stride` apart.
struct numbers {
    const float *at;
    size_t size, stride;
    int samples;
};

static void observe_bounds(struct observed *observed, const struct numbers *numbers)
{
    for (size_t i = 0; i < numbers->size; i++)
        for (int lane = 0; lane < numbers->samples; lane++) {
            float x = numbers->at[i * numbers->stride + (size_t)lane];
            observed->low = x < observed->low || isnan(x) ? x : observed->low;
            observed->high = x > observed->high || isnan(x) ? x : observed->high;
        }
}

static void observe_bins(struct observed *observed, const struct range *bounds,
                         const struct numbers *numbers)
{
    float width = bounds->high - bounds->low;
    float per_unit = width > FLT_MIN ? (float)BINS / width : 0;

    for (size_t i = 0; i < numbers->size; i++)
        for (int lane = 0; lane < numbers->samples; lane++) {
            float x = numbers->at[i * numbers->stride + (size_t)lane];
            int at = (int)((x - bounds->low) * per_unit);
            observed->bin[at < 0 ? 0 : at >= BINS ? BINS - 1 : at]++;
        }
}

static void observe(const struct sweep *sweep, int worker, int v, const struct numbers *numbers)
{
    if (sweep->is_second)
        observe_bins(&sweep->observed[worker][v], &sweep->bounds[v], numbers);
    else
        observe_bounds(&sweep->observed[worker][v], numbers);
}

static void sweep_group(void *state, long item, int worker)
{
    struct sweep *sweep = state;
    int64_t sample[N16_LANES], first = sweep->first + item * N16_LANES;
    int64_t left = sweep->data->count - first;
    int samples = (int)(left < N16_LANES ? left : N16_LANES);

    for (int i = 0; i < samples; i++)
        sample[i] = first + i;
    for (uint32_t i = 0; i < sweep->graph->input_count; i++)
        batch_n16(&sweep->input[i], sweep->kernels, sample, samples,
                  program_input(sweep->program, worker, i), sweep->scratch[worker]);
    if (program_run_group(&sweep->contexts[worker], sweep->program, worker) != OK) {
        atomic_store(&sweep->failed, worker + 1);
        return;
    }
    for (int v = 0; v < sweep->value_count; v++) {
        struct numbers numbers = {.stride = N16_LANES, .samples = samples};
        numbers.at = program_value(sweep->program, worker, sweep->value[v], &numbers.size);
        if (numbers.at)
            observe(sweep, worker, v, &numbers);
    }
}

// ---- models that do not run on lanes ------------------------------------------------------------

struct viewer {
    const struct sweep *sweep;
    int worker;
};

static enum status see(void *self, struct context *context, struct value_id id,
                       const struct tensor *tensor)
{
    const struct viewer *viewer = self;
    struct numbers numbers = {tensor_data(tensor), (size_t)tensor_count(tensor), 1, 1};
    int v = viewer->sweep->index[id.at];

    (void)context;
    if (v >= 0 && tensor->dtype == DT_F32)
        observe(viewer->sweep, viewer->worker, v, &numbers);
    return OK;
}

// A short batch repeats its last sample, which no range minds.
static enum status fill_input(struct context *context, const struct sweep *sweep, uint32_t i,
                              int64_t first, struct tensor *out)
{
    const struct batch_input *input = &sweep->input[i];
    struct shape shape = {input->shape.rank + 1, {sweep->per_item}};
    size_t each = (size_t)input->count * (size_t)(dtype_info[input->dtype].bits / 8);

    memcpy(shape.dim + 1, input->shape.dim, (size_t)input->shape.rank * sizeof *shape.dim);
    TRY(tensor_alloc(context, out, input->dtype, &shape));
    for (int64_t s = 0; s < sweep->per_item; s++) {
        int64_t sample = first + s < sweep->data->count ? first + s : sweep->data->count - 1;
        batch_sample(input, sample, (char *)tensor_write(out) + (size_t)s * each);
    }
    return OK;
}

static void sweep_item(void *state, long item, int worker)
{
    struct sweep *sweep = state;
    const struct graph *graph = sweep->graph;
    struct context *context = &sweep->contexts[worker];
    struct tensor *input = must_alloc((graph->input_count + 1) * sizeof *input);
    struct tensor *output = must_alloc((graph->output_count + 1) * sizeof *output);
    struct viewer viewer = {sweep, worker};
    struct observer observer = {see, &viewer};
    enum status status = OK;

    memset(input, 0, graph->input_count * sizeof *input);
    memset(output, 0, graph->output_count * sizeof *output);
    for (uint32_t i = 0; i < graph->input_count && status == OK; i++) {
        status = fill_input(context, sweep, i, sweep->first + item * sweep->per_item, &input[i]);
        if (status == OK)
            see(&viewer, context, graph->input[i], &input[i]);
    }
    if (status == OK)
        status = reference_run(context, graph, input, output, &observer);
    for (uint32_t i = 0; i < graph->input_count; i++)
        tensor_release(&input[i]);
    for (uint32_t i = 0; i < graph->output_count; i++)
        tensor_release(&output[i]);
    free(input);
    free(output);
    if (status != OK)
        atomic_store(&sweep->failed, worker + 1);
}

static enum status run_sweep(struct context *context, struct sweep *sweep)
{
    int64_t per_item = sweep->program ? N16_LANES : sweep->per_item;
    int64_t chunk = 8 * context->threads * per_item, count = sweep->data->count;

    for (sweep->first = 0; sweep->first < count; sweep->first += chunk) {
        int64_t left = count - sweep->first, samples = left < chunk ? left : chunk;
        TRY(context_tick(context, "calibrating",
                         (uint64_t)(sweep->first + (sweep->is_second ? count : 0)),
                         (uint64_t)(2 * count)));
        parallel_for(context->threads, (long)((samples + per_item - 1) / per_item),
                     sweep->program ? sweep_group : sweep_item, sweep);
        if (atomic_load(&sweep->failed))
            return context_fail(context, ERR_UNSUPPORTED, "%s",
                                sweep->contexts[atomic_load(&sweep->failed) - 1].error);
    }
    return OK;
}

static enum status join_bounds(struct context *context, struct sweep *sweep, struct range *out)
{
    for (int v = 0; v < sweep->value_count; v++) {
        out[v] = (struct range){0, 0};
        for (int w = 0; w < context->threads; w++) {
            const struct observed *observed = &sweep->observed[w][v];
            if (!isfinite(observed->low) || !isfinite(observed->high))
                return context_fail(context, ERR_NUMERIC, "value '%s' is not finite",
                                    graph_value(sweep->graph, sweep->value[v])->name);
            out[v].low = observed->low < out[v].low ? observed->low : out[v].low;
            out[v].high = observed->high > out[v].high ? observed->high : out[v].high;
        }
    }
    return OK;
}

static void join_bins(const struct context *context, const struct sweep *sweep, int v,
                      uint64_t total[BINS])
{
    memset(total, 0, BINS * sizeof *total);
    for (int w = 0; w < context->threads; w++)
        for (int b = 0; b < BINS; b++)
            total[b] += sweep->observed[w][v].bin[b];
}

// ---- from histogram to range --------------------------------------------------------------------

static float bin_centre(const struct range *bounds, int b)
{
    return bounds->low + ((float)b + 0.5f) * (bounds->high - bounds->low) / BINS;
}

static float bin_edge(const struct range *bounds, int b) // the lower one
{
    return b == BINS ? bounds->high : bounds->low + (float)b * (bounds->high - bounds->low) / BINS;
}

// Cuts what lies outside the percentile, half of it at each end that holds something.
static struct range by_percentile(const struct range *bounds, const uint64_t *bin,
                                  double percentile)
{
    uint64_t total = 0, tail, seen = 0;
    struct range out = *bounds;
    int b;

    for (b = 0; b < BINS; b++)
        total += bin[b];
    tail = (uint64_t)((double)total * (1 - percentile / 100) / (bounds->low < 0 ? 2 : 1));
    for (b = BINS - 1; b > 0 && seen + bin[b] <= tail; b--)
        seen += bin[b];
    out.high = bin_edge(bounds, b + 1);
    for (b = 0, seen = 0; b < BINS - 1 && bounds->low < 0 && seen + bin[b] <= tail; b++)
        seen += bin[b];
    out.low = bounds->low < 0 ? bin_edge(bounds, b) : 0;
    out.low = out.low < 0 ? out.low : 0;
    out.high = out.high > 0 ? out.high : 0;
    return out;
}

static double rounding_error(const struct range *bounds, const uint64_t *bin,
                             const struct range *range, int bits)
{
    double levels = ldexp(1, bits) - 1, scale = (range->high - range->low) / levels, sum = 0;

    if (scale <= 0)
        return 0;
    for (int b = 0; b < BINS; b++) {
        double x = bin_centre(bounds, b);
        double clipped = x < range->low ? range->low : x > range->high ? range->high : x;
        double q = rint((clipped - range->low) / scale) * scale + range->low;
        sum += (double)bin[b] * (x - q) * (x - q);
    }
    return sum;
}

// The shrunk range with the least squared error, 100 steps from 0.3 to 1 of the full one.
static struct range by_mse(const struct range *bounds, const uint64_t *bin, int bits)
{
    struct range best = *bounds;
    double least = INFINITY;

    for (int step = 100; step >= 0; step--) {
        float part = 0.3f + 0.7f * (float)step / 100;
        struct range range = {bounds->low * part, bounds->high * part};
        double error = rounding_error(bounds, bin, &range, bits);
        if (error < least) {
            least = error;
            best = range;
        }
    }
    return best;
}

// ---- setting up ---------------------------------------------------------------------------------

static enum status allocate(struct context *context, struct sweep *sweep, struct arena *arena)
{
    size_t bytes = 64;

    for (uint32_t i = 0; i < sweep->graph->input_count; i++)
        if (batch_n16_scratch_bytes(&sweep->input[i]) > bytes)
            bytes = batch_n16_scratch_bytes(&sweep->input[i]);
    sweep->index = arena_array(arena, int, sweep->graph->value_count + 1);
    for (uint32_t i = 0; i < sweep->graph->value_count; i++)
        sweep->index[i] = -1;
    for (int v = 0; v < sweep->value_count; v++)
        sweep->index[sweep->value[v].at] = v;
    sweep->observed = arena_array(arena, struct observed *, (size_t)context->threads);
    sweep->contexts = arena_array(arena, struct context, (size_t)context->threads);
    sweep->scratch = arena_array(arena, void *, (size_t)context->threads);
    for (int w = 0; w < context->threads; w++) {
        context_init(&sweep->contexts[w]);
        sweep->observed[w] = arena_array(arena, struct observed, (size_t)sweep->value_count + 1);
        for (int v = 0; v < sweep->value_count; v++)
            sweep->observed[w][v].bin = arena_array(arena, uint64_t, BINS);
        if (!(sweep->scratch[w] = aligned_alloc(64, (bytes + 63) / 64 * 64)))
            return context_fail(context, ERR_MEMORY, "no memory to calibrate");
    }
    return OK;
}

// Two sweeps, but for the bounds alone.
static void count_work(const struct sweep *sweep, const struct range_options *options,
                       const struct infer_options *infer)
{
    int sweeps = options->method == RANGE_MINMAX ? 1 : 2;

    if (options->work)
        work_add(options->work,
                 sweeps * (double)sweep->data->count * work_of_sample(sweep->graph, infer).forward);
}

static enum status find(struct context *context, struct sweep *sweep, struct arena *arena,
                        const struct range_options *options, struct range *out)
{
    uint64_t *bin = arena_array(arena, uint64_t, BINS);

    TRY(allocate(context, sweep, arena));
    TRY(run_sweep(context, sweep));
    TRY(join_bounds(context, sweep, out));
    if (options->method == RANGE_MINMAX)
        return OK;
    struct range *bounds = arena_copy(arena, out, (size_t)sweep->value_count * sizeof *out);
    sweep->bounds = bounds;
    sweep->is_second = true;
    TRY(run_sweep(context, sweep));
    for (int v = 0; v < sweep->value_count; v++) {
        join_bins(context, sweep, v, bin);
        out[v] = options->method == RANGE_PERCENTILE
                     ? by_percentile(&bounds[v], bin, options->percentile)
                     : by_mse(&bounds[v], bin, options->bits);
    }
    return OK;
}

// The batch that the graph itself fixes, 1 where it is open.
static int64_t own_batch(const struct graph *graph)
{
    const struct shape *shape =
        graph->input_count ? &graph_value(graph, graph->input[0])->tensor.shape : NULL;

    return shape && shape->rank > 0 && shape->dim[0] > 0 ? shape->dim[0] : 1;
}

// Leaves no program where samples do not run side by side.
static enum status make_program(struct context *context, struct sweep *sweep,
                                const struct program_options *options)
{
    enum status status;

    sweep->per_item = own_batch(sweep->graph);
    for (uint32_t i = 0; i < sweep->graph->input_count; i++)
        if (!batch_fits_lanes(&sweep->input[i]))
            return OK;
    status = program_new(context, sweep->graph, options, &sweep->program);
    return status == ERR_UNSUPPORTED ? OK : status;
}

enum status ranges_find(struct context *context, const struct graph *graph,
                        const struct value_id *value, int count, const struct dataset *data,
                        const struct preprocess *preprocess, const struct range_options *options,
                        enum isa isa, struct range *out)
{
    struct program_options program = {.isa = isa, .keeps_values = true, .groups = context->threads};
    const struct strings none = {0, NULL};
    struct arena *arena = arena_new();
    struct sweep sweep = {.graph = graph,
                          .data = data,
                          .kernels = kernels_select(isa),
                          .value = value,
                          .value_count = count};
    enum status status;

    sweep.input = arena_array(arena, struct batch_input, graph->input_count + 1);
    status = batch_bind_graph(context, data, graph, NULL, preprocess, arena, sweep.input);
    if (status == OK) // sizes that the graph leaves open are those of the data
        status = batch_open_shapes(context, data, graph, preprocess, &none, arena, &program.infer);
    if (status == OK)
        status = make_program(context, &sweep, &program);
    if (status == OK)
        status = find(context, &sweep, arena, options, out);
    if (status == OK)
        count_work(&sweep, options, &program.infer);
    for (int w = 0; w < context->threads && sweep.scratch; w++)
        free(sweep.scratch[w]);
    program_free(sweep.program);
    arena_free(arena);
    return status;
}
