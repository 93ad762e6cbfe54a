// Keys that integers compare, and selection with a heap (J. W. J. Williams, 1964).
#include "ops/rank.h"

#include <math.h>
#include <string.h>

static const uint64_t SIGN = UINT64_C(1) << 63;

uint64_t rank_key(const struct tensor *tensor, int64_t i)
{
    const struct dtype_info *info = &dtype_info[tensor->dtype];
    uint64_t bits;

    if (!info->is_float)
        return (uint64_t)tensor_get_int(tensor, i) ^ (info->is_signed ? SIGN : 0);
    double number = tensor_get(tensor, i) + 0.0; // -0 becomes 0
    if (isnan(number))
        return UINT64_MAX;
    memcpy(&bits, &number, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

static bool is_below(const struct ranked *a, const struct ranked *b)
{
    return a->key < b->key || (a->key == b->key && a->at < b->at);
}

static void swap(struct ranked *a, struct ranked *b)
{
    struct ranked kept = *a;

    *a = *b;
    *b = kept;
}

// Item i sinks until no child is above it.
static void sink(struct ranked *heap, int64_t n, int64_t i)
{
    for (int64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_below(&heap[child], &heap[child + 1]))
            child++;
        if (!is_below(&heap[i], &heap[child]))
            return;
        swap(&heap[i], &heap[child]);
    }
}

void rank_smallest(struct ranked *item, int64_t n, int64_t k)
{
    for (int64_t i = k / 2 - 1; i >= 0; i--)
        sink(item, k, i);
    for (int64_t i = k; i < n && k > 0; i++)
        if (is_below(&item[i], &item[0])) {
            swap(&item[i], &item[0]);
            sink(item, k, 0);
        }
    for (int64_t i = k - 1; i > 0; i--) {
        swap(&item[0], &item[i]);
        sink(item, i, 0);
    }
}
