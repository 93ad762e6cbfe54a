// Arena: chunks of growing size in a list.
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK_BYTES = 16 * 1024, LAST_CHUNK_BYTES = 1024 * 1024 };

struct chunk {
    struct chunk *next;
    size_t used, bytes;
    alignas(max_align_t) unsigned char data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *thing);
    void *thing;
};

struct arena {
    struct chunk *chunk;
    struct deferred *deferred;
    size_t next_bytes;
};

// The one place where a lack of memory for bookkeeping ends the program.
static void out_of_memory(void) __attribute__((noreturn));
static void out_of_memory(void)
{
    fputs("ecai: out of memory\n", stderr);
    exit(1);
}

void *must_realloc(void *old, size_t bytes)
{
    void *at = realloc(old, bytes ? bytes : 1);

    if (!at)
        out_of_memory();
    return at;
}

void *must_alloc(size_t bytes)
{
    void *at = calloc(1, bytes ? bytes : 1);

    if (!at)
        out_of_memory();
    return at;
}

struct arena *arena_new(void)
{
    struct arena *arena = must_alloc(sizeof *arena);

    arena->next_bytes = FIRST_CHUNK_BYTES;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct deferred *at = arena->deferred; at; at = at->next)
        at->release(at->thing);
    for (struct chunk *chunk = arena->chunk, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

void arena_defer(struct arena *arena, void (*release)(void *thing), void *thing)
{
    struct deferred *deferred = arena_alloc(arena, sizeof *deferred);

    *deferred = (struct deferred){arena->deferred, release, thing};
    arena->deferred = deferred;
}

static struct chunk *chunk_add(struct arena *arena, size_t at_least)
{
    size_t bytes = at_least > arena->next_bytes ? at_least : arena->next_bytes;
    struct chunk *chunk = must_alloc(sizeof *chunk + bytes);

    chunk->bytes = bytes;
    chunk->next = arena->chunk;
    arena->chunk = chunk;
    if (arena->next_bytes < LAST_CHUNK_BYTES)
        arena->next_bytes *= 2;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    const size_t unit = alignof(max_align_t);
    struct chunk *chunk = arena->chunk;
    void *at;

    if (bytes > SIZE_MAX / 2)
        out_of_memory();
    bytes = (bytes + unit - 1) / unit * unit;
    if (!chunk || chunk->bytes - chunk->used < bytes)
        chunk = chunk_add(arena, bytes);
    at = chunk->data + chunk->used;
    chunk->used += bytes;
    return at;
}

void *arena_alloc_array(struct arena *arena, size_t item_bytes, size_t count)
{
    if (item_bytes && count > SIZE_MAX / 2 / item_bytes)
        out_of_memory();
    return arena_alloc(arena, item_bytes * count);
}

void *arena_copy(struct arena *arena, const void *from, size_t bytes)
{
    return bytes ? memcpy(arena_alloc(arena, bytes), from, bytes) : NULL;
}

char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t count)
{
    char *at = arena_alloc(arena, count + 1);

    if (count)
        memcpy(at, bytes, count);
    return at;
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    return text ? arena_copy_bytes(arena, text, strlen(text)) : NULL;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    char *at;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    at = arena_alloc(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length >= 0)
        vsnprintf(at, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return at;
}
