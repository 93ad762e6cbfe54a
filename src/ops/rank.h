// Putting elements in order, whatever their type: TopK, Unique and NonMaxSuppression.
#ifndef OPS_RANK_H
#define OPS_RANK_H

#include "ir/tensor.h"

struct ranked {
    uint64_t key;
    int64_t at; // decides between equal keys, so it is distinct
};

// A number that is ordered as element i of the tensor is: -0 equals 0, NaN is above everything.
uint64_t rank_key(const struct tensor *tensor, int64_t i);

// Moves the k smallest of n items to the front, in ascending order; the rest is in no order.
void rank_smallest(struct ranked *item, int64_t n, int64_t k);

#endif
