// Open addressing over FNV-1a hashes (Fowler, Noll, Vo 1991).
#include "io/name_map.h"

#include <stdint.h>
#include <string.h>

void name_map_init(struct name_map *map, struct arena *arena)
{
    *map = (struct name_map){arena, NULL, 0, 0};
}

static struct name_entry *slot_of(const struct name_map *map, const char *name)
{
    uint64_t hash = 14695981039346656037u;
    size_t i;

    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    for (i = (size_t)(hash ^ hash >> 32) & (map->capacity - 1);
         map->entry[i].name && strcmp(map->entry[i].name, name) != 0;
         i = (i + 1) & (map->capacity - 1))
        ;
    return &map->entry[i];
}

static void grow(struct name_map *map)
{
    struct name_entry *old = map->entry;
    size_t count = map->capacity;

    map->capacity = count ? 2 * count : 16;
    map->entry = arena_array(map->arena, struct name_entry, map->capacity);
    for (size_t i = 0; i < count; i++)
        if (old[i].name)
            *slot_of(map, old[i].name) = old[i];
}

void name_map_put(struct name_map *map, const char *name, const void *thing)
{
    struct name_entry *entry;

    if (2 * (map->count + 1) > map->capacity)
        grow(map);
    entry = slot_of(map, name);
    map->count += entry->name == NULL;
    *entry = (struct name_entry){name, thing};
}

const void *name_map_get(const struct name_map *map, const char *name)
{
    return map->capacity ? slot_of(map, name)->thing : NULL;
}

const char *name_map_unique(struct name_map *map, struct name_map *counters, const char *stem)
{
    const char *name = stem;

    if (name_map_get(map, stem)) {
        int *counter = (int *)(uintptr_t)name_map_get(counters, stem);
        if (!counter) {
            counter = arena_alloc(map->arena, sizeof *counter);
            name_map_put(counters, stem, counter);
        }
        do
            name = arena_format(map->arena, "%s_%d", stem, ++*counter);
        while (name_map_get(map, name));
    }
    name_map_put(map, name, name);
    return name;
}
