// --max-drop: accuracy on the data of the command, before and after.
#include <math.h>
#include <string.h>

#include "cli/compression.h"
#include "cli/requirement.h"
#include "data/batch.h"
#include "eval/evaluate.h"
#include "eval/metrics.h"

enum status compression_check_drop(const struct compression *compression)
{
    const struct compressor_options *options = compression->invocation->options;
    struct context *context = compression->invocation->context;

    TRY(check_loss_metric(context, "--max-drop", options->run.metric));
    if (!compression->data)
        return context_fail(context, ERR_USAGE,
                            "'--max-drop' needs '--data': labelled samples to judge by");
    if (!compression->data->is_labelled)
        return context_fail(context, ERR_USAGE, "'--max-drop': '%s' has no labels to judge by",
                            compression->data->name);
    if (compression->is_trained && !compression->teacher)
        return context_fail(context, ERR_USAGE,
                            "'--max-drop' needs '--teacher': what the accuracy is compared with");
    return OK;
}

static enum status measure(struct compression *compression, const struct graph *graph,
                           const struct preprocess *preprocess, double *value)
{
    const struct compressor_options *options = compression->invocation->options;
    struct context *context = compression->invocation->context;
    const struct evaluate_options how = {
        .isa = compression->isa, .infer = compression->infer, .output = options->run.output};
    enum metric metric = METRIC_TOP1;
    struct evaluation evaluation;
    struct interval ci95;
    enum status status = evaluate(context, graph, compression->data, preprocess, &how, &evaluation);

    if (status == OK) {
        work_add_run(&compression->work, graph, compression->data, preprocess, &how.infer);
        if (options->run.metric)
            metric_from_name(options->run.metric, &metric);
        status = outputs_check(context, &evaluation.outputs);
        if (status == OK)
            status = metric_of(context, metric, &evaluation.outputs, value, &ci95);
        outputs_clear(&evaluation.outputs);
    }
    return status;
}

// As it will be written: with integers, where integers are stored.
static enum status measure_after(struct compression *compression, double *value)
{
    struct context *context = compression->invocation->context;
    struct graph *graph = graph_clone(compression->graph);
    enum status status =
        pipeline_run(context, &pass_materialise, (struct pass_run){.context = context}, &graph);

    if (status == OK)
        status = measure(compression, graph, &compression->preprocess, value);
    graph_free(graph);
    return status;
}

enum status compression_measure_drop(struct compression *compression)
{
    const struct compressor_options *options = compression->invocation->options;
    struct accuracy_drop *drop = &compression->drop;
    const struct preprocess *preprocess =
        compression->teacher ? &compression->teacher_preprocess : &compression->preprocess;
    enum status status;

    drop->metric = options->run.metric ? options->run.metric : "top1";
    if (!drop->is_measured) {
        status = measure(compression, compression->model.graph, preprocess, &drop->before);
        if (status != OK)
            return model_fail(compression->invocation->context, &compression->model, status);
        drop->is_measured = true;
    }
    status = measure_after(compression, &drop->after);
    return status == OK ? OK : compression_fail(compression, status);
}

void compression_tell_drop(struct compression *compression)
{
    const struct accuracy_drop *drop = &compression->drop;

    report_add(&compression->report, NULL, NULL, "accuracy_before", drop->before, "");
    report_add(&compression->report, NULL, NULL, "accuracy_after", drop->after, "");
    context_note(compression->invocation->context, "%s on '%s': %.2f %% -> %.2f %%", drop->metric,
                 compression->data->name, 100 * drop->before, 100 * drop->after);
}
