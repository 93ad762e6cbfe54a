// An arena owns the structure of one graph, run or pass: allocations are freed together, never
// singly. Meant for bookkeeping whose size the input bounds; when memory is gone the program
// stops through one function. Bulk data goes to tensors (ir/tensor.h), which fail with a status.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);

// Calls release(thing) when the arena is freed, the latest first: for the few things in an arena
// that hold something outside of it.
void arena_defer(struct arena *arena, void (*release)(void *thing), void *thing);

// Zeroed, aligned for any type.
void *arena_alloc(struct arena *arena, size_t bytes);
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t count); // plus a NUL behind
void *arena_copy(struct arena *arena, const void *from, size_t bytes);        // NULL for 0 bytes
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Zeroed array of count items; the product is checked.
#define arena_array(arena, type, count) ((type *)arena_alloc_array((arena), sizeof(type), (count)))
void *arena_alloc_array(struct arena *arena, size_t item_bytes, size_t count);

// Heap memory for bookkeeping outside an arena: never NULL, the program stops instead.
void *must_alloc(size_t bytes);
void *must_realloc(void *old, size_t bytes);

#endif
