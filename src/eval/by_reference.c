// Evaluating by the reference executor, one batch of the model's own size at a time.
#include <stdlib.h>
#include <string.h>

#include "eval/evaluate_internal.h"
#include "exec/reference.h"

// A batch of samples for input i.
static enum status fill_from_data(struct context *context, const struct work *work, uint32_t i,
                                  const int64_t *sample, int count, struct tensor *out)
{
    enum dtype wanted = graph_value(work->graph, work->graph->input[i])->tensor.dtype;
    const struct batch_input *bound = &work->input[i];
    size_t bytes = (size_t)bound->count * (size_t)(dtype_info[bound->dtype].bits / 8);
    struct shape shape = bound->shape;
    struct tensor filled;
    enum status status;

    memmove(shape.dim + 1, shape.dim, (size_t)shape.rank * sizeof *shape.dim);
    shape.dim[0] = work->per_item;
    shape.rank++;
    TRY(tensor_alloc(context, out, bound->dtype, &shape));
    for (int64_t s = 0; s < work->per_item; s++) // a short batch repeats its last
        batch_sample(bound, sample[s < count ? s : count - 1],
                     (char *)tensor_write(out) + (size_t)s * bytes);
    if (out->dtype == wanted)
        return OK;
    filled = *out; // data fill float32, the model takes others
    memset(out, 0, sizeof *out);
    status = tensor_convert(context, out, &filled, wanted);
    tensor_release(&filled);
    return status;
}

static enum status fill_inputs(struct context *context, const struct work *work,
                               const int64_t *sample, int count, const struct tensor *state,
                               struct tensor *input)
{
    for (int64_t k = 0; k < work->link_count; k++)
        tensor_share(&input[work->link[k].input], &state[k]);
    for (uint32_t i = 0; i < work->graph->input_count; i++) {
        const struct value *value = graph_value(work->graph, work->graph->input[i]);
        const struct tensor *known = &work->inference.of_value[work->graph->input[i].at];
        if (input[i].buffer)
            continue;
        if (work->input[i].data)
            TRY(fill_from_data(context, work, i, sample, count, &input[i]));
        else if (known->buffer)
            tensor_share(&input[i], known);
        else
            return context_fail(context, ERR_USAGE,
                                "'--set %s': the input has an open dimension: '--shape %s=...'",
                                value->name, value->name);
    }
    return OK;
}

enum status by_reference_run(struct context *context, const struct work *work,
                             const int64_t *sample, int count, const struct tensor *state,
                             struct tensor *output)
{
    struct tensor *input = must_alloc((work->graph->input_count + 1) * sizeof *input);
    enum status status;

    memset(input, 0, (work->graph->input_count + 1) * sizeof *input);
    status = fill_inputs(context, work, sample, count, state, input);
    if (status == OK)
        status = reference_run(context, work->graph, input, output, NULL);
    for (uint32_t i = 0; i < work->graph->input_count; i++)
        tensor_release(&input[i]);
    free(input);
    return status;
}

enum status by_reference_collect(struct context *context, struct work *work, const int64_t *sample,
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

static void release_all(const struct work *work, struct tensor *output)
{
    for (uint32_t i = 0; i < work->graph->output_count; i++)
        tensor_release(&output[i]);
}

void by_reference(void *state, long item, int worker)
{
    struct work *work = state;
    struct context *context = &work->contexts[worker];
    struct tensor *output = must_alloc((work->graph->output_count + 1) * sizeof *output);
    int64_t *sample = must_alloc((size_t)work->per_item * sizeof *sample);
    int64_t first = work->first + item * work->per_item, left = work->data->count - first;
    int count = (int)(left < work->per_item ? left : work->per_item);
    enum status status;

    memset(output, 0, (work->graph->output_count + 1) * sizeof *output);
    for (int i = 0; i < count; i++)
        sample[i] = first + i;
    status = by_reference_run(context, work, sample, count, NULL, output);
    if (status == OK)
        status = by_reference_collect(context, work, sample, count, &output[work->output]);
    release_all(work, output);
    free(output);
    free(sample);
    if (status != OK)
        work_fail(work, worker);
}

// The batch that the graph itself fixes for the data, 1 where it is open.
static int64_t own_batch(const struct work *work)
{
    for (uint32_t i = 0; i < work->graph->input_count; i++) {
        const struct shape *shape = &graph_value(work->graph, work->graph->input[i])->tensor.shape;
        if (!work->is_given[i])
            return shape->rank > 0 && shape->dim[0] > 0 ? shape->dim[0] : 1;
    }
    return 1;
}

static enum status measure_by_running(struct context *context, const struct work *work,
                                      int64_t *count)
{
    struct tensor *output = must_alloc((work->graph->output_count + 1) * sizeof *output);
    const int64_t sample = 0;
    enum status status;

    memset(output, 0, (work->graph->output_count + 1) * sizeof *output);
    status = by_reference_run(context, work, &sample, 1, work->state, output);
    *count = status == OK ? tensor_count(&output[work->output]) : 0;
    release_all(work, output);
    free(output);
    return status;
}

enum status by_reference_init(struct context *context, struct work *work, int64_t *width)
{
    const struct value_id id = work->graph->output[work->output];
    struct infer_options infer = work->options->infer;
    const struct shape *shape;
    int64_t count;

    work->per_item = own_batch(work);
    infer.is_lenient = true;
    TRY(graph_infer(context, work->graph, &infer, &work->inference));
    if (work->link_count)
        TRY(streaming_init(context, work));
    shape = &work->inference.of_value[id.at].shape;
    count = shape_count(shape);
    if (!shape_is_static(shape))
        TRY(measure_by_running(context, work, &count));
    *width = count / work->per_item;
    return *width > 0 && count % work->per_item == 0
               ? OK
               : context_fail(context, ERR_SHAPE,
                              "output '%s' has %lld elements, which is not so many for each of "
                              "%lld samples",
                              graph_value(work->graph, id)->name, (long long)count,
                              (long long)work->per_item);
}

void by_reference_clear(struct work *work)
{
    streaming_clear(work);
    if (work->inference.of_value)
        inference_clear(&work->inference);
}
