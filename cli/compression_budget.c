// Budgets of a compressor: the least sparsity that meets them, by bisection; the largest one that
// keeps the accuracy, where only --max-drop is given.
#include <math.h>
#include <string.h>

#include "cli/certainty.h"
#include "cli/compression.h"
#include "cli/requirement.h"

enum { SEARCH_STEPS = 12 };

struct budget {
    double energy_ratio, macs_ratio, bytes_ratio, max_energy, max_bytes; // NaN: none
    double max_drop;                                                     // NaN: none
};

static enum status parse(struct context *context, const char *name, const char *text,
                         enum quantity quantity, double *out)
{
    *out = NAN;
    if (!text || (parse_quantity(text, quantity, out) && *out > 0))
        return OK;
    return context_fail(context, ERR_USAGE, "'--%s' wants a value such as %s, got '%s'", name,
                        quantity == QUANTITY_JOULES ? "40uJ" : "64KiB", text);
}

static enum status read_budget(const struct compression *compression, struct budget *out)
{
    const struct compress_options *options = compression->options;
    struct context *context = compression->invocation->context;

    *out = (struct budget){
        options->energy_ratio, options->macs_ratio, options->bytes_ratio, NAN, NAN, NAN};
    if (options->max_drop) {
        TRY(parse_loss(context, "--max-drop", options->max_drop, &out->max_drop));
        TRY(compression_check_drop(compression));
    }
    TRY(parse(context, "max-energy", options->max_energy, QUANTITY_JOULES, &out->max_energy));
    return parse(context, "max-bytes", options->max_bytes, QUANTITY_BYTES, &out->max_bytes);
}

static bool is_free(const struct budget *budget)
{
    return isnan(budget->energy_ratio) && isnan(budget->macs_ratio) && isnan(budget->bytes_ratio) &&
           isnan(budget->max_energy) && isnan(budget->max_bytes);
}

// What is not met, as text; NULL: all is. An unknown figure meets nothing.
static const char *missed(const struct compression *compression, const struct budget *budget)
{
    const struct counts *before = &compression->before.counts;
    const struct counts *after = &compression->after.counts;

    if (!isnan(budget->energy_ratio) && !(compression->ratio.energy >= budget->energy_ratio))
        return "--energy-ratio";
    if (!isnan(budget->macs_ratio) && !(before->macs / after->macs_nonzero >= budget->macs_ratio))
        return "--macs-ratio";
    if (!isnan(budget->bytes_ratio) &&
        !(before->weight_bytes / after->weight_bytes >= budget->bytes_ratio))
        return "--bytes-ratio";
    if (!isnan(budget->max_energy) &&
        !(compression_joules(compression, &compression->after) <= budget->max_energy))
        return "--max-energy";
    if (!isnan(budget->max_bytes) && !(after->weight_bytes <= budget->max_bytes))
        return "--max-bytes";
    return NULL;
}

// Warns of budgets of energy that the result meets or misses by less than the estimate's error.
static void doubt(const struct compression *compression, const struct budget *budget)
{
    const struct invocation *invocation = compression->invocation;
    const struct compress_options *options = compression->options;
    const struct energy_ratio *ratio = &compression->ratio;
    struct uncertain_figure figure = {
        ratio->energy, ratio->low, ratio->high, QUANTITY_NUMBER, compression->device.name, NULL};
    struct energy energy;

    if (!isnan(budget->energy_ratio))
        certainty_warn(
            invocation->context, invocation->arena,
            arena_format(invocation->arena, "'--energy-ratio %.6g'", budget->energy_ratio), &figure,
            AT_LEAST, budget->energy_ratio);
    if (isnan(budget->max_energy) || !compression->has_device)
        return;
    energy_init(&energy, &compression->after.counts, &compression->device);
    figure = (struct uncertain_figure){
        energy.joules, energy.low, energy.high, QUANTITY_JOULES, compression->device.name, NULL};
    certainty_warn(invocation->context, invocation->arena,
                   arena_format(invocation->arena, "'--max-energy %s'", options->max_energy),
                   &figure, AT_MOST, budget->max_energy);
    energy_clear(&energy);
}

static enum status cannot(const struct compression *compression, const char *option)
{
    return context_fail(compression->invocation->context, ERR_NUMERIC,
                        "'%s' cannot be met by '%s %s'", option, compression->verb,
                        compression->invocation->method->name);
}

static enum status attempt(struct compression *compression)
{
    return compression->is_trained ? compression_forecast(compression)
                                   : compression_try(compression);
}

// Whether too much accuracy is gone. Differences of shares are exact but for rounding.
static enum status lose_too_much(struct compression *compression, const struct budget *budget,
                                 bool *answer)
{
    const struct accuracy_drop *drop = &compression->drop;

    TRY(compression_measure_drop(compression));
    *answer = !(drop->before - drop->after <= budget->max_drop + 1e-12);
    return OK;
}

// The last word on --max-drop, once the result stands.
static enum status check_drop(struct compression *compression, const struct budget *budget)
{
    const struct accuracy_drop *drop = &compression->drop;
    const char *text = compression->options->max_drop;
    bool is_missed;

    if (isnan(budget->max_drop))
        return OK;
    TRY(lose_too_much(compression, budget, &is_missed));
    if (is_missed)
        return context_fail(compression->invocation->context, ERR_NUMERIC,
                            "'--max-drop %s' is missed by '%s %s': %s on '%s' falls from %.2f %% "
                            "to %.2f %%",
                            text, compression->verb, compression->invocation->method->name,
                            drop->metric, compression->data->name, 100 * drop->before,
                            100 * drop->after);
    compression_tell_drop(compression);
    return OK;
}

// A step of the search: its own progress would go from 0 to 100 % again and again.
static enum status try_quietly(struct compression *compression, const struct budget *budget,
                               bool *is_missed)
{
    struct sink *sink = &compression->invocation->context->sink, shown = *sink;
    enum status status;

    sink->progress = NULL;
    status = attempt(compression);
    if (status == OK)
        status = lose_too_much(compression, budget, is_missed);
    *sink = shown;
    return status;
}

// The largest sparsity, to 1 in 4096, that loses no more; 0 always does.
static enum status search_drop(struct compression *compression, const struct budget *budget,
                               double *sparsity)
{
    double low = 0, high = 1;
    bool is_missed;

    for (int i = 0; i < SEARCH_STEPS; i++) {
        TRY(context_tick(compression->invocation->context, "searching", (uint64_t)i, SEARCH_STEPS));
        *sparsity = (low + high) / 2;
        TRY(try_quietly(compression, budget, &is_missed));
        if (is_missed)
            high = *sparsity;
        else
            low = *sparsity;
    }
    *sparsity = low;
    context_note(compression->invocation->context, "'--max-drop %s': sparsity %.4g",
                 compression->options->max_drop, low);
    TRY(attempt(compression));
    return check_drop(compression, budget);
}

static enum status search(struct compression *compression, const struct budget *budget,
                          double *sparsity)
{
    double low = 0, high = 1;

    *sparsity = high;
    TRY(attempt(compression));
    if (missed(compression, budget))
        return cannot(compression, missed(compression, budget));
    for (int i = 0; i < SEARCH_STEPS; i++) {
        double middle = (low + high) / 2;
        *sparsity = middle;
        TRY(attempt(compression));
        if (missed(compression, budget))
            low = middle;
        else
            high = middle;
    }
    *sparsity = high;
    return attempt(compression);
}

enum status compression_check_budget(struct compression *compression)
{
    struct budget budget;
    const char *option;

    TRY(read_budget(compression, &budget));
    option = missed(compression, &budget);
    if (option)
        context_warn(compression->invocation->context,
                     "'%s' is missed: the forecast was better than the result", option);
    doubt(compression, &budget);
    return check_drop(compression, &budget);
}

enum status compression_meet_budget(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const struct pass *method = invocation->method;
    const struct field *field = method->option ? field_find(method->option, "sparsity") : NULL;
    bool is_preset = false, is_searched = field && field->type == FIELD_DOUBLE;
    struct budget budget;
    double *sparsity = NULL;

    TRY(read_budget(compression, &budget));
    if (is_searched) {
        sparsity = (double *)((char *)invocation->method_options + field->offset);
        is_preset = field_is_preset(field, invocation->method_options);
    }
    if (is_free(&budget)) {
        if (is_searched && is_preset && !isnan(budget.max_drop) && !compression->is_trained)
            return search_drop(compression, &budget, sparsity);
        TRY(attempt(compression));
    } else if (!is_searched) {
        TRY(attempt(compression));
        if (missed(compression, &budget))
            return cannot(compression, missed(compression, &budget));
    } else if (!is_preset) {
        return context_fail(invocation->context, ERR_USAGE,
                            "'--sparsity' and a budget contradict each other: give one");
    } else {
        TRY(search(compression, &budget, sparsity));
    }
    if (compression->is_trained && !compression->options->dry_run)
        return OK; // judged once it is trained
    doubt(compression, &budget);
    return compression->is_trained ? OK : check_drop(compression, &budget);
}
