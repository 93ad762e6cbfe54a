// Choosing among measured points: who is best in some way, and the least that meets a limit.
#ifndef SWEEP_FRONT_H
#define SWEEP_FRONT_H

#include <stdbool.h>
#include <stddef.h>

// value: [count][keys], NaN for what is not known; is_higher_better: [keys]. Points with a NaN are
// on no front.

// The Pareto front: no other point is at least as good in every key and better in one. Equal points
// are on it together.
void front_find(const double *value, size_t count, int keys, const bool *is_higher_better,
                bool *is_on);

// Peels fronts off: rank 0 is the front, 1 the front of the rest and so on; -1 for points with NaN.
// (Non-dominated sorting: Goldberg 1989.)
void front_rank(const double *value, size_t count, int keys, const bool *is_higher_better,
                int *rank);

// Index of the least (or greatest) of `value` among the points that are eligible; of equals one
// that is on the front, the first of those; -1: there is none, or all are NaN.
long front_choose(const double *value, size_t count, bool is_higher_better, const bool *eligible,
                  const bool *is_on_front);

// Whether larger is better for a key of ecai/eval/1; accuracy_is_higher: for accuracy.value and its
// interval, as accuracy.better says.
bool front_key_is_higher(const char *key, bool accuracy_is_higher);

#endif
