// What training will make of a student, forecast from its shapes: budgets and --dry-run cannot wait
// for the training. Zeros are spread evenly over
// the layers that may be pruned further, so what comes out differs by some per cent.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/compress.h"

static const void *option_at(const struct invocation *invocation, const char *name,
                             enum field_type type)
{
    const struct field *field = field_find(invocation->method->option, name);

    return field && field->type == type ? (const char *)invocation->method_options + field->offset
                                        : NULL;
}

// The matrix of each layer that multiplies: its largest weight.
static struct weight_count *matrix_of(struct counts *counts, uint32_t layer)
{
    struct weight_count *largest = NULL;

    for (uint32_t i = 0; i < counts->weight_count; i++) {
        struct weight_count *weight = &counts->weight[i];
        if (weight->layer == layer && weight->is_parameter &&
            (!largest || weight->elements > largest->elements))
            largest = weight;
    }
    return largest;
}

// The shares of weights that stay: the same everywhere, but for layers that keep a least share.
struct densities {
    struct counts *counts;
    uint32_t first, last; // layers with matrices
    double keep, keep_ends;
};

static double density_at(const struct densities *densities, uint32_t layer, double density)
{
    bool is_end = layer == densities->first || layer == densities->last;

    return fmax(density, is_end ? densities->keep_ends : densities->keep);
}

// How many weights stay at that density.
static double kept(const struct densities *densities, double density)
{
    double sum = 0;

    for (uint32_t i = 0; i < densities->counts->node_count; i++)
        if (densities->counts->node[i].macs > 0 && matrix_of(densities->counts, i))
            sum += matrix_of(densities->counts, i)->elements * density_at(densities, i, density);
    return sum;
}

static void prune(struct densities *densities, double sparsity)
{
    struct counts *counts = densities->counts;
    double low = 0, high = 1, all;

    densities->first = counts->node_count;
    for (uint32_t i = 0; i < counts->node_count; i++)
        if (counts->node[i].macs > 0 && matrix_of(counts, i)) {
            densities->last = i;
            if (densities->first == counts->node_count)
                densities->first = i;
        }
    all = kept(densities, 1);
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (kept(densities, middle) > all * (1 - sparsity))
            high = middle;
        else
            low = middle;
    }
    for (uint32_t i = 0; i < counts->node_count; i++) {
        struct node_count *node = &counts->node[i];
        struct weight_count *matrix = node->macs > 0 ? matrix_of(counts, i) : NULL;
        if (!matrix)
            continue;
        matrix->nonzero = matrix->elements * density_at(densities, i, high);
        node->macs_nonzero = node->macs * density_at(densities, i, high);
    }
}

static void quantize(struct counts *counts, int weight_bits, int activation_bits)
{
    for (uint32_t i = 0; i < counts->node_count; i++) {
        struct node_count *node = &counts->node[i];
        struct weight_count *matrix = node->macs > 0 ? matrix_of(counts, i) : NULL;
        if (!matrix)
            continue;
        matrix->type = (struct number_type){DT_I8, weight_bits, false};
        node->weight = matrix->type;
        node->activation = (struct number_type){DT_U8, activation_bits, false};
        node->output_bits = activation_bits;
    }
    for (uint32_t i = 0; i < counts->activation_count; i++)
        counts->activation[i].bits = activation_bits;
    counts->weight_bits = weight_bits;
    counts->activation_bits = activation_bits;
}

static void sum_up(struct counts *counts)
{
    counts->nonzero = counts->macs_nonzero = counts->weight_bytes = 0;
    for (uint32_t i = 0; i < counts->weight_count; i++) {
        const struct weight_count *weight = &counts->weight[i];
        if (weight->is_parameter)
            counts->nonzero += weight->nonzero;
        counts->weight_bytes += stored_bytes(weight->elements, weight->nonzero, weight->type.bits);
    }
    for (uint32_t i = 0; i < counts->node_count; i++)
        counts->macs_nonzero += counts->node[i].macs_nonzero;
}

enum status compression_forecast(struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    const double *sparsity = option_at(invocation, "sparsity", FIELD_DOUBLE);
    const double *keep = option_at(invocation, "keep", FIELD_DOUBLE);
    const double *keep_ends = option_at(invocation, "keep_ends", FIELD_DOUBLE);
    const char *const *bits = option_at(invocation, "bits", FIELD_STRING);
    struct counts *counts = &compression->after.counts;
    struct densities densities;
    int weight_bits, activation_bits;
    enum status status;

    figures_clear(&compression->after);
    status = figures_init(invocation->context, compression->base, &compression->infer, false,
                          &compression->after);
    if (status != OK)
        return compression_fail(compression, status);
    densities = (struct densities){.counts = counts,
                                   .keep = keep ? *keep : 0,
                                   .keep_ends = keep_ends ? *keep_ends
                                                : keep    ? *keep
                                                          : 0};
    if (sparsity)
        prune(&densities, *sparsity);
    if (bits && *bits && sscanf(*bits, "%d/%d", &weight_bits, &activation_bits) == 2)
        quantize(counts, weight_bits, activation_bits);
    sum_up(counts);
    compression_compare(compression);
    return OK;
}
