// What training will make of a student, forecast from its shapes: budgets and --dry-run cannot wait
// for the training.
#include <math.h>
#include <stdio.h>

#include "cli/compression.h"
#include "energy/count_change.h"

static const void *option_at(const struct invocation *invocation, const char *name,
                             enum field_type type)
{
    const struct field *field = field_find(invocation->method->option, name);

    return field && field->type == type ? (const char *)invocation->method_options + field->offset
                                        : NULL;
}

enum status compression_forecast(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const double *sparsity = option_at(invocation, "sparsity", FIELD_DOUBLE);
    const double *keep = option_at(invocation, "keep", FIELD_DOUBLE);
    const double *keep_ends = option_at(invocation, "keep_ends", FIELD_DOUBLE);
    const char *const *bits = option_at(invocation, "bits", FIELD_STRING);
    struct counts *counts = &compression->after.counts;
    int weight_bits, activation_bits;
    enum status status;

    figures_clear(&compression->after);
    status = figures_init(invocation->context, compression->base, &compression->infer, false,
                          &compression->after);
    if (status != OK)
        return compression_fail(compression, status);
    if (sparsity)
        counts_prune(counts, *sparsity, keep ? *keep : 0,
                     keep_ends ? *keep_ends
                     : keep    ? *keep
                               : 0);
    if (bits && *bits && sscanf(*bits, "%d/%d", &weight_bits, &activation_bits) == 2)
        counts_quantize(counts, weight_bits, activation_bits);
    counts_sum_up(counts);
    compression_compare(compression);
    return OK;
}
