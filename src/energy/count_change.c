// What pruning and quantising will leave of a network, from its counts alone. Zeros are spread
// evenly over the layers that may be pruned further. Two bits are -1, 0 and 1: ternary.
#include "energy/count_change.h"

#include <math.h>
#include <string.h>

void counts_copy(const struct counts *from, struct counts *out)
{
    *out = *from;
    out->arena = arena_new();
    out->node = arena_copy(out->arena, from->node, from->node_count * sizeof *from->node);
    out->weight = arena_copy(out->arena, from->weight, from->weight_count * sizeof *from->weight);
    out->activation =
        arena_copy(out->arena, from->activation, from->activation_count * sizeof *from->activation);
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
    struct weight_count **matrix; // of each layer; NULL: has none, or multiplies nothing
    uint32_t first, last;         // layers with matrices
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
        if (densities->matrix[i])
            sum += densities->matrix[i]->elements * density_at(densities, i, density);
    return sum;
}

static void find_matrices(struct densities *densities)
{
    struct counts *counts = densities->counts;

    densities->matrix = arena_array(counts->arena, struct weight_count *, counts->node_count);
    densities->first = counts->node_count;
    for (uint32_t i = 0; i < counts->node_count; i++) {
        densities->matrix[i] = counts->node[i].macs > 0 ? matrix_of(counts, i) : NULL;
        if (!densities->matrix[i])
            continue;
        densities->last = i;
        if (densities->first == counts->node_count)
            densities->first = i;
    }
}

void counts_prune(struct counts *counts, double sparsity, double keep, double keep_ends)
{
    struct densities densities = {.counts = counts, .keep = keep, .keep_ends = keep_ends};
    double low = 0, high = 1, all;

    find_matrices(&densities);
    all = kept(&densities, 1);
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (kept(&densities, middle) > all * (1 - sparsity))
            high = middle;
        else
            low = middle;
    }
    for (uint32_t i = 0; i < counts->node_count; i++) {
        if (!densities.matrix[i])
            continue;
        densities.matrix[i]->nonzero =
            densities.matrix[i]->elements * density_at(&densities, i, high);
        counts->node[i].macs_nonzero = counts->node[i].macs * density_at(&densities, i, high);
    }
}

// A scale and a zero point for every channel of a matrix: for each number of its bias, if it has
// one.
static void add_scales(struct counts *counts, const struct weight_count *matrix)
{
    double channels = 0;

    for (uint32_t i = 0; i < counts->weight_count; i++)
        if (counts->weight[i].layer == matrix->layer && &counts->weight[i] != matrix &&
            counts->weight[i].is_parameter)
            channels = fmax(channels, counts->weight[i].elements);
    counts->weight[counts->weight_count++] = (struct weight_count){.layer = matrix->layer,
                                                                   .name = matrix->name,
                                                                   .elements = channels,
                                                                   .nonzero = channels,
                                                                   .type = {DT_F32, 32, false},
                                                                   .is_scale = true};
    counts->weight[counts->weight_count] = counts->weight[counts->weight_count - 1];
    counts->weight[counts->weight_count].nonzero = 0; // symmetric
    counts->weight[counts->weight_count++].type = (struct number_type){DT_I8, 8, false};
}

void counts_quantize(struct counts *counts, int weight_bits, int activation_bits)
{
    struct weight_count *weight =
        arena_array(counts->arena, struct weight_count,
                    (size_t)counts->weight_count + 2 * (size_t)counts->node_count);

    weight_bits = weight_bits == 2 ? 2 : 8; // as files have it: ternary, or bytes
    activation_bits = 8;
    if (counts->weight_count)
        memcpy(weight, counts->weight, counts->weight_count * sizeof *weight);
    counts->weight = weight;
    for (uint32_t i = 0; i < counts->node_count; i++) {
        struct node_count *node = &counts->node[i];
        struct weight_count *matrix = node->macs > 0 ? matrix_of(counts, i) : NULL;
        if (!matrix)
            continue;
        matrix->type = (struct number_type){DT_I8, weight_bits, weight_bits == 2};
        add_scales(counts, matrix);
        node->weight = matrix->type;
        node->activation = (struct number_type){DT_U8, activation_bits, false};
        node->output_bits = activation_bits;
    }
    for (uint32_t i = 0; i < counts->activation_count; i++)
        counts->activation[i].bits = activation_bits;
    counts->weight_bits = weight_bits;
    counts->activation_bits = activation_bits;
}

void counts_sum_up(struct counts *counts)
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
