// Masks by magnitude. Thresholds are found as a radix sort would, digit by digit from histograms,
// so that tensors larger than the memory can be ranked.
#include "train/masks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ir/tensor.h"

// The 31 bits of a magnitude, in order of size as integers, are cut into three digits.
enum { DIGITS = 3, BINS = 2048 };
static const int width_of[DIGITS] = {11, 10, 10};
static const int shift_of[DIGITS] = {20, 10, 0};

// One tensor while a threshold is being found.
struct ranking {
    const struct mask_target *target;
    struct cut *cut;
    size_t left;  // how many it may lose
    size_t below; // how many lie below the digits that are fixed
    size_t *bin;  // how many have those, by the next digit
};

static uint32_t magnitude_bits(float weight)
{
    uint32_t bits;

    memcpy(&bits, &weight, sizeof bits);
    return bits & 0x7FFFFFFF;
}

static void count_digit(struct ranking *ranking, int digit, uint32_t fixed)
{
    const struct mask_target *target = ranking->target;
    const uint32_t mask = (1u << width_of[digit]) - 1;

    memset(ranking->bin, 0, BINS * sizeof *ranking->bin);
    for (size_t i = 0; i < target->count; i++) {
        uint32_t bits = magnitude_bits(target->weight[i]) >> shift_of[digit];
        if (bits >> width_of[digit] == fixed)
            ranking->bin[bits & mask]++;
    }
    if (target->tensor)
        tensor_cool(target->tensor);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// How many the tensors may lose together up to a bin.
static size_t loss(const struct ranking *ranking, int count, uint32_t bin)
{
    size_t sum = 0;

    for (int t = 0; t < count; t++)
        sum += least(ranking[t].left, ranking[t].below + ranking[t].bin[bin]);
    return sum;
}

// The least magnitude up to which `wanted` can go. Afterwards `below` are under it, and the bins of
// its last digit at it.
static uint32_t find_threshold(struct ranking *ranking, int count, size_t wanted)
{
    uint32_t fixed = 0, last = 0;

    for (int digit = 0; digit < DIGITS; digit++) {
        for (int t = 0; t < count; t++)
            count_digit(&ranking[t], digit, fixed);
        for (last = 0; last + 1 < 1u << width_of[digit]; last++) {
            if (loss(ranking, count, last) >= wanted)
                break;
            for (int t = 0; t < count; t++)
                ranking[t].below += ranking[t].bin[last];
        }
        fixed = fixed << width_of[digit] | last;
    }
    for (int t = 0; t < count; t++)
        ranking[t].bin[0] = ranking[t].bin[last];
    return fixed;
}

// Cuts `wanted` weights, or as many as may go, out of all tensors ranked together.
static void cut_together(struct ranking *ranking, int count, size_t wanted)
{
    uint32_t threshold = find_threshold(ranking, count, wanted);

    for (int t = 0; t < count; t++)
        wanted -= least(wanted, least(ranking[t].left, ranking[t].below));
    for (int t = count; t-- > 0;) {
        struct ranking *at = &ranking[t];
        if (at->below > at->left) { // it keeps more than the threshold alone would leave it
            at->below = 0;
            cut_together(at, 1, at->left);
        } else {
            size_t ties = least(wanted, least(at->bin[0], at->left - at->below));
            *at->cut = (struct cut){threshold, ties};
            wanted -= ties;
        }
    }
}

static size_t may_lose(const struct mask_target *target)
{
    return (size_t)floor((1 - target->least_density) * (double)target->count + 1e-9);
}

static size_t portion(size_t count, double sparsity)
{
    return (size_t)floor(sparsity * (double)count + 0.5);
}

void cuts_by_magnitude(const struct mask_target *target, int count, double sparsity, bool is_global,
                       struct cut *out)
{
    const size_t room = (size_t)(count > 0 ? count : 1);
    struct ranking *ranking = must_alloc(room * sizeof *ranking);
    size_t *bins = must_alloc(room * BINS * sizeof *bins), total = 0;
    int together = 0;

    for (int t = 0; t < count; t++) {
        double own = isnan(target[t].sparsity) ? sparsity : target[t].sparsity;
        struct ranking *at = &ranking[together];
        *at = (struct ranking){&target[t], &out[t], may_lose(&target[t]), 0,
                               bins + (size_t)together * BINS};
        if (is_global && isnan(target[t].sparsity)) {
            together++;
            total += target[t].count;
        } else {
            cut_together(at, 1, portion(target[t].count, own));
        }
    }
    if (together)
        cut_together(ranking, together, portion(total, sparsity));
    free(bins);
    free(ranking);
}

bool cut_takes(struct cut *cut, float weight)
{
    uint32_t bits = magnitude_bits(weight);

    if (bits != cut->threshold || !cut->ties)
        return bits < cut->threshold;
    cut->ties--;
    return true;
}

void masks_by_magnitude(struct mask_target *target, int count, double sparsity, bool is_global)
{
    struct cut *cut = must_alloc((size_t)(count > 0 ? count : 1) * sizeof *cut);

    cuts_by_magnitude(target, count, sparsity, is_global, cut);
    for (int t = 0; t < count; t++)
        for (size_t i = target[t].count; i-- > 0;)
            target[t].mask[i] = cut_takes(&cut[t], target[t].weight[i]) ? 0 : 1;
    free(cut);
}
