// Places buffers that live for a while into one block of memory: largest first, each at the lowest
// place where no buffer alive at the same time lies (greedy by size: Pisarchyk and Lee 2020).
#ifndef CODEGEN_MEMORY_PLAN_H
#define CODEGEN_MEMORY_PLAN_H

#include <stddef.h>
#include <stdint.h>

struct memory_item {
    int64_t bytes;
    uint32_t first, last; // steps at which it is written first and read last, inclusive
    int64_t offset;       // out: a multiple of `alignment`
};

// Bytes of the block.
int64_t memory_plan(struct memory_item *item, size_t count, int64_t alignment);

#endif
