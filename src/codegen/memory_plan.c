// Static memory; see memory_plan.h.
#include "codegen/memory_plan.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"

static int by_size(const void *a, const void *b)
{
    const struct memory_item *x = *(struct memory_item *const *)a;
    const struct memory_item *y = *(struct memory_item *const *)b;

    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x < y ? -1 : x > y; // one array: the order of the program
}

static bool meet_in_time(const struct memory_item *a, const struct memory_item *b)
{
    return a->first <= b->last && b->first <= a->last;
}

// The lowest offset that no placed item which is alive meanwhile overlaps.
static int64_t lowest_place(struct memory_item *const *placed, size_t count,
                            const struct memory_item *item, int64_t alignment)
{
    int64_t offset = 0;

    for (size_t i = 0; i < count; i++) {
        const struct memory_item *other = placed[i];
        if (!meet_in_time(item, other) || offset + item->bytes <= other->offset ||
            offset >= other->offset + other->bytes)
            continue;
        offset = (other->offset + other->bytes + alignment - 1) / alignment * alignment;
        i = (size_t)-1; // from the start: an earlier one may overlap the new place
    }
    return offset;
}

int64_t memory_plan(struct memory_item *item, size_t count, int64_t alignment)
{
    struct memory_item **order = must_alloc((count + 1) * sizeof *order);
    int64_t total = 0;

    for (size_t i = 0; i < count; i++)
        order[i] = &item[i];
    qsort(order, count, sizeof *order, by_size);
    for (size_t i = 0; i < count; i++) {
        order[i]->offset = lowest_place(order, i, order[i], alignment);
        if (order[i]->offset + order[i]->bytes > total)
            total = order[i]->offset + order[i]->bytes;
    }
    free(order);
    return total;
}
