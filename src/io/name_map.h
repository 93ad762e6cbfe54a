// A table from names to things, for readers: grows in an arena and is never freed singly.
#ifndef IO_NAME_MAP_H
#define IO_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct name_entry {
    const char *name; // NULL: free slot
    const void *thing;
};

struct name_map {
    struct arena *arena;
    struct name_entry *entry;
    size_t capacity, count;
};

void name_map_init(struct name_map *map, struct arena *arena);
// Sets or replaces; the name is borrowed and must outlive the map, thing must not be NULL.
void name_map_put(struct name_map *map, const char *name, const void *thing);
const void *name_map_get(const struct name_map *map, const char *name); // NULL: not there
// `stem`, or "stem_N" with the next N, whichever is not in the map yet; enters it. counters: a map
// of its own for this, so that a thousand equal stems do not take a million tries.
const char *name_map_unique(struct name_map *map, struct name_map *counters, const char *stem);

#endif
