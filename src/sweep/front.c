// Pareto fronts by comparing all pairs: a sweep has thousands of points, not millions.
#include "sweep/front.h"

#include <math.h>
#include <string.h>

static bool is_known(const double *point, int keys)
{
    for (int k = 0; k < keys; k++)
        if (isnan(point[k]))
            return false;
    return true;
}

// Whether a is at least as good as b in every key and better in one.
static bool dominates(const double *a, const double *b, int keys, const bool *is_higher_better)
{
    bool is_better = false;

    for (int k = 0; k < keys; k++) {
        if (is_higher_better[k] ? a[k] < b[k] : a[k] > b[k])
            return false;
        is_better = is_better || a[k] != b[k];
    }
    return is_better;
}

// The points of rank -1 that none other of rank -1 dominates get the rank. Returns how many.
static size_t peel(const double *value, size_t count, int keys, const bool *is_higher_better,
                   int next, int *rank)
{
    size_t taken = 0;

    for (size_t i = 0; i < count; i++) {
        const double *point = value + i * (size_t)keys;
        bool is_free = rank[i] == -1 && is_known(point, keys);

        for (size_t other = 0; other < count && is_free; other++)
            if ((rank[other] == -1 || rank[other] == next) &&
                is_known(value + other * (size_t)keys, keys))
                is_free = !dominates(value + other * (size_t)keys, point, keys, is_higher_better);
        if (is_free) {
            rank[i] = next;
            taken++;
        }
    }
    return taken;
}

void front_rank(const double *value, size_t count, int keys, const bool *is_higher_better,
                int *rank)
{
    int next = 0;

    for (size_t i = 0; i < count; i++)
        rank[i] = -1;
    while (peel(value, count, keys, is_higher_better, next, rank))
        next++;
}

void front_find(const double *value, size_t count, int keys, const bool *is_higher_better,
                bool *is_on)
{
    for (size_t i = 0; i < count; i++) {
        const double *point = value + i * (size_t)keys;

        is_on[i] = is_known(point, keys);
        for (size_t other = 0; other < count && is_on[i]; other++)
            if (is_known(value + other * (size_t)keys, keys))
                is_on[i] = !dominates(value + other * (size_t)keys, point, keys, is_higher_better);
    }
}

long front_choose(const double *value, size_t count, bool is_higher_better, const bool *eligible,
                  const bool *is_on_front)
{
    long best = -1;

    for (size_t i = 0; i < count; i++) {
        bool is_better;

        if (!eligible[i] || isnan(value[i]))
            continue;
        if (best < 0)
            is_better = true;
        else if (value[i] == value[best])
            is_better = is_on_front[i] && !is_on_front[best];
        else
            is_better = (value[i] > value[best]) == is_higher_better;
        if (is_better)
            best = (long)i;
    }
    return best;
}

bool front_key_is_higher(const char *key, bool accuracy_is_higher)
{
    // A difference is the model's accuracy without the baseline's.
    static const char *const as_accuracy[] = {"accuracy.value", "accuracy.ci95",
                                              "baseline.accuracy", "baseline.difference", NULL};
    static const char *const higher[] = {"ratio.",
                                         "ratio_by_device.",
                                         "baseline.agreement",
                                         "baseline.gained",
                                         "accuracy.top5",
                                         "accuracy.balanced",
                                         "accuracy.per_class.",
                                         "timing.inferences_per_second",
                                         NULL};

    for (const char *const *start = as_accuracy; *start; start++)
        if (strncmp(key, *start, strlen(*start)) == 0)
            return accuracy_is_higher;
    for (const char *const *start = higher; *start; start++)
        if (strncmp(key, *start, strlen(*start)) == 0)
            return true;
    return false;
}
