// Masks by magnitude.
#include "train/masks.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"

struct ranked {
    float magnitude;
    int target;
    uint32_t index;
};

// Smallest first; among equals the later one.
static int by_magnitude(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->magnitude != y->magnitude)
        return x->magnitude < y->magnitude ? -1 : 1;
    if (x->target != y->target)
        return x->target > y->target ? -1 : 1;
    return x->index > y->index ? -1 : x->index < y->index;
}

static size_t rank(const struct mask_target *target, int which, struct ranked *out)
{
    for (size_t i = 0; i < target->count; i++)
        out[i] = (struct ranked){fabsf(target->weight[i]), which, (uint32_t)i};
    return target->count;
}

// Prunes up to `wanted` of the ranked weights as long as their tensors may lose some.
static void prune(struct mask_target *target, const struct ranked *ranked, size_t count,
                  size_t wanted, size_t *left)
{
    for (size_t i = 0; i < count && wanted; i++) {
        int which = ranked[i].target;
        if (!left[which])
            continue;
        left[which]--;
        wanted--;
        target[which].mask[ranked[i].index] = 0;
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

void masks_by_magnitude(struct mask_target *target, int count, double sparsity, bool is_global)
{
    size_t room = 1, total = 0, ranks = 0;
    size_t *left = must_alloc((size_t)(count > 0 ? count : 1) * sizeof *left);
    struct ranked *ranked;

    for (int t = 0; t < count; t++) {
        room += target[t].count;
        left[t] = may_lose(&target[t]);
        for (size_t i = 0; i < target[t].count; i++)
            target[t].mask[i] = 1;
    }
    ranked = must_alloc(room * sizeof *ranked);
    for (int t = 0; t < count; t++) {
        double own = isnan(target[t].sparsity) ? sparsity : target[t].sparsity;
        if (is_global && isnan(target[t].sparsity))
            continue;
        ranks = rank(&target[t], t, ranked);
        qsort(ranked, ranks, sizeof *ranked, by_magnitude);
        prune(target, ranked, ranks, portion(target[t].count, own), left);
    }
    ranks = 0;
    for (int t = 0; t < count && is_global; t++)
        if (isnan(target[t].sparsity)) {
            ranks += rank(&target[t], t, ranked + ranks);
            total += target[t].count;
        }
    qsort(ranked, ranks, sizeof *ranked, by_magnitude);
    prune(target, ranked, ranks, portion(total, sparsity), left);
    free(ranked);
    free(left);
}
