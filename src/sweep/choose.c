// Choosing by what the trials' records say, on search data alone.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/front.h"
#include "sweep/run.h"

static bool *key_directions(const struct sweep *sweep)
{
    const struct strings *front = &sweep->spec->front;
    bool *is_higher = must_alloc((size_t)front->count * sizeof *is_higher);

    for (int64_t k = 0; k < front->count; k++)
        is_higher[k] = front_key_is_higher(front->at[k], sweep->accuracy_is_higher);
    return is_higher;
}

// Of these trials, NULL: of all: [count][keys]; NaN for those that failed.
static double *figures(const struct sweep *sweep, const long *member, size_t count)
{
    size_t keys = (size_t)sweep->spec->front.count;
    double *value = must_alloc(count * keys * sizeof *value + 1);

    for (size_t i = 0; i < count; i++) {
        const struct trial_result *result = &sweep->result[member ? member[i] : (long)i];

        for (size_t k = 0; k < keys; k++)
            value[i * keys + k] = result->state == TRIAL_DONE ? result->figure[k] : (double)NAN;
    }
    return value;
}

// Of the front's keys the one that is null for most of the trials that are done; NULL: none of
// them is done.
static const char *find_unknown_key(const struct sweep *sweep)
{
    const char *unknown = NULL;
    long most = 0;

    for (int64_t k = 0; k < sweep->spec->front.count; k++) {
        long count = 0;

        for (long i = 0; i < sweep->trials.count; i++)
            count += sweep->result[i].state == TRIAL_DONE && isnan(sweep->result[i].figure[k]);
        if (count > most)
            unknown = sweep->spec->front.at[k];
        most = count > most ? count : most;
    }
    return unknown;
}

static void mark_front(struct sweep *sweep)
{
    size_t count = (size_t)sweep->trials.count;
    bool is_empty = true;
    double *value = figures(sweep, NULL, count);
    bool *is_higher = key_directions(sweep), *is_on = must_alloc(count * sizeof *is_on + 1);

    front_find(value, count, (int)sweep->spec->front.count, is_higher, is_on);
    for (size_t i = 0; i < count; i++) {
        sweep->result[i].is_on_front = is_on[i];
        is_empty = is_empty && !is_on[i];
    }
    sweep->unknown = is_empty ? find_unknown_key(sweep) : NULL;
    free(is_on);
    free(is_higher);
    free(value);
}

void sweep_choose(struct sweep *sweep)
{
    size_t count = (size_t)sweep->trials.count;
    bool *eligible = must_alloc(count * sizeof *eligible + 1);
    bool *is_on_front = must_alloc(count * sizeof *is_on_front + 1);
    double *minimised = must_alloc(count * sizeof *minimised + 1);

    mark_front(sweep);
    sweep->failed = sweep->dropped = sweep->feasible = 0;
    for (size_t i = 0; i < count; i++) {
        const struct trial_result *result = &sweep->result[i];

        eligible[i] = result->state == TRIAL_DONE && result->is_feasible;
        minimised[i] = result->minimised;
        is_on_front[i] = result->is_on_front;
        sweep->feasible += eligible[i];
        sweep->failed += result->state == TRIAL_FAILED;
        sweep->dropped += result->state == TRIAL_DONE && result->was_dropped;
    }
    // Without a limit the least energy would belong to whatever was compressed beyond all use.
    sweep->chosen = sweep->spec->require.count
                        ? front_choose(minimised, count, false, eligible, is_on_front)
                        : -1;
    free(minimised);
    free(is_on_front);
    free(eligible);
}

// One trial of a rung, as the next rung sees it.
struct candidate {
    long index;
    int rank;     // of its front; -1: failed
    double first; // of the figures, larger is better
};

static int by_merit(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    if (a->rank != b->rank)
        return a->rank < 0 ? 1 : b->rank < 0 ? -1 : a->rank - b->rank;
    if (a->first != b->first)
        return a->first > b->first ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

static int by_index(const void *a, const void *b)
{
    long left = *(const long *)a, right = *(const long *)b;

    return left < right ? -1 : left > right;
}

static struct candidate *rank_rung(struct sweep *sweep, const long *member, size_t count)
{
    size_t keys = (size_t)sweep->spec->front.count;
    struct candidate *candidate = must_alloc(count * sizeof *candidate + 1);
    double *value = figures(sweep, member, count);
    bool *is_higher = key_directions(sweep);
    int *rank = must_alloc(count * sizeof *rank + 1);

    front_rank(value, count, (int)keys, is_higher, rank);
    for (size_t i = 0; i < count; i++) {
        double first = value[i * keys];

        candidate[i] = (struct candidate){member[i], rank[i],
                                          rank[i] < 0    ? 0
                                          : is_higher[0] ? first
                                                         : -first};
    }
    qsort(candidate, count, sizeof *candidate, by_merit);
    free(rank);
    free(is_higher);
    free(value);
    return candidate;
}

long sweep_survivors(struct sweep *sweep, long *member, long count)
{
    struct candidate *candidate = rank_rung(sweep, member, (size_t)count);
    long most = halving_survivors(&sweep->spec->halving, count), survivors = 0;

    for (long i = 0; i < count; i++) {
        bool goes_on = survivors < most && candidate[i].rank >= 0;

        if (goes_on)
            member[survivors++] = candidate[i].index;
        sweep->result[candidate[i].index].is_promoted = goes_on;
        sweep->result[candidate[i].index].was_dropped = !goes_on;
    }
    qsort(member, (size_t)survivors, sizeof *member, by_index);
    free(candidate);
    return survivors;
}
