// Axis maps: the growing list of links, and the maps that many operators share.
#include "ir/axis_map.h"

#include <string.h>

void axis_map_init(struct axis_map *map, struct arena *arena)
{
    *map = (struct axis_map){.arena = arena};
}

static void add_link(struct axis_map *map, struct axis_link link)
{
    if (map->count == map->capacity) {
        int capacity = map->capacity ? 2 * map->capacity : 8;
        struct axis_link *grown = arena_array(map->arena, struct axis_link, (size_t)capacity);
        if (map->count)
            memcpy(grown, map->link, (size_t)map->count * sizeof *grown);
        map->link = grown;
        map->capacity = capacity;
    }
    map->link[map->count++] = link;
}

void axis_link(struct axis_map *map, struct axis_end a, struct axis_end b, int64_t count,
               int64_t offset, int64_t repeat)
{
    add_link(map, (struct axis_link){a, b, count, offset, repeat, 0});
}

void axis_link_blocks(struct axis_map *map, struct axis_end a, int64_t a_from, int64_t a_count,
                      struct axis_end b, int64_t b_from, int64_t b_count)
{
    add_link(map, (struct axis_link){a, b, 1, b_from, b_count, a_from});
    add_link(map, (struct axis_link){b, a, 1, a_from, a_count, b_from});
}

enum status axes_keep(struct context *context, const struct op_call *call, struct axis_map *map)
{
    (void)context;
    const struct shape *shape = &call->input[0]->shape;

    for (int k = 0; k < shape->rank; k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, 0, k}, (struct axis_end){AXIS_OUTPUT, 0, k},
                  shape->dim[k], 0, 1);
    return OK;
}

enum status axes_tie(struct context *context, const struct op_call *call, struct axis_map *map)
{
    (void)context;
    const struct shape *out = &call->output[0]->shape;

    for (int i = 0; i < call->input_count; i++) {
        if (!call->input[i])
            continue;
        const struct shape *shape = &call->input[i]->shape;
        int skip = out->rank - shape->rank;
        for (int k = 0; k < shape->rank; k++)
            if (shape->dim[k] == out->dim[k + skip])
                axis_link(map, (struct axis_end){AXIS_INPUT, i, k},
                          (struct axis_end){AXIS_OUTPUT, 0, k + skip}, shape->dim[k], 0, 1);
    }
    return OK;
}

enum status axes_none(struct context *context, const struct op_call *call, struct axis_map *map)
{
    (void)context;
    (void)call;
    (void)map;
    return OK;
}
