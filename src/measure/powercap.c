// Zones of powercap: intel-rapl:PACKAGE[:CHILD], which AMD's processors have too, and the same once
// more as intel-rapl-mmio (Linux, Documentation/power/powercap).
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/measure_internal.h"

struct zone {
    const char *folder, *name; // "intel-rapl:0:1", "dram"
    const char *package;       // name of the zone above; NULL: top
    bool is_mmio;
};

static bool level_of(const char *name, enum counter_level *out)
{
    static const struct {
        const char *name;
        enum counter_level level;
    } levels[] = {{"psys", LEVEL_PLATFORM},
                  {"core", LEVEL_CORE},
                  {"uncore", LEVEL_CORE},
                  {"dram", LEVEL_MEMORY}};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(name, levels[i].name) == 0) {
            *out = levels[i].level;
            return true;
        }
    *out = LEVEL_PACKAGE;
    return strncmp(name, "package-", 8) == 0;
}

static const char *name_of(struct meter *meter, const char *folder)
{
    return counter_word(
        meter->arena, arena_format(meter->arena, "%s/class/powercap/%s/name", meter->root, folder));
}

static bool read_zone(struct meter *meter, const char *folder, struct zone *out)
{
    const char *first = strchr(folder, ':'), *last = strrchr(folder, ':');

    *out = (struct zone){.folder = folder, .is_mmio = strncmp(folder, "intel-rapl-mmio:", 16) == 0};
    if (!first || (!out->is_mmio && strncmp(folder, "intel-rapl:", 11) != 0))
        return false;
    out->name = name_of(meter, folder);
    if (first != last)
        out->package =
            name_of(meter, arena_format(meter->arena, "%.*s", (int)(last - folder), folder));
    return out->name != NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const char *energy_path(const struct meter *meter, const struct zone *zone)
{
    return arena_format(meter->arena, "%s/class/powercap/%s/energy_uj", meter->root, zone->folder);
}

// Whether the same zone stands there through the processor's registers, and can be read.
static bool is_duplicate(const struct meter *meter, const struct zone *zone, size_t count,
                         const struct zone *mmio)
{
    uint64_t number;

    for (size_t i = 0; i < count; i++)
        if (!zone[i].is_mmio && same_text(zone[i].name, mmio->name) &&
            same_text(zone[i].package, mmio->package) &&
            counter_read(energy_path(meter, &zone[i]), &number) == 0)
            return true;
    return false;
}

static void add_zone(struct meter *meter, const struct zone *zone, enum counter_level level)
{
    const char *path = energy_path(meter, zone);
    struct counter *counter;
    uint64_t number;
    int error = counter_read(path, &number);

    if (error) {
        // A zone that is left out must not make the sum of its level too small.
        if (!meter->reason[0])
            counter_refuse(meter->reason, path, error);
        if (level == LEVEL_CORE || level == LEVEL_PLATFORM)
            return;
    }
    counter = counter_add(meter, zone->name, path);
    if (!counter)
        return;
    counter->level = level;
    if (error)
        counter_refuse(counter->lost, path, error);
    path = arena_format(meter->arena, "%s/class/powercap/%s/max_energy_range_uj", meter->root,
                        zone->folder);
    if (counter_read(path, &number) == 0)
        counter->range = number;
}

// Containers have the names of the zones, links to a folder that is hidden from them.
static void tell_hidden(struct meter *meter, const char *const *names, size_t found)
{
    for (size_t i = 0; i < found && !meter->reason[0]; i++)
        if (strncmp(names[i], "intel-rapl:", 11) == 0 && !name_of(meter, names[i]))
            snprintf(meter->reason, sizeof meter->reason,
                     "'%s/class/powercap/%s' leads nowhere: it is hidden, as containers hide "
                     "/sys/devices/virtual/powercap",
                     meter->root, names[i]);
}

bool powercap_find(struct meter *meter)
{
    const char *folder = arena_format(meter->arena, "%s/class/powercap", meter->root);
    const char **names;
    size_t found = counter_list(meter->arena, folder, &names), count = 0;
    struct zone *zone = arena_array(meter->arena, struct zone, found + 1);
    enum counter_level level;

    for (size_t i = 0; i < found; i++)
        count += read_zone(meter, names[i], &zone[count]);
    for (size_t i = 0; i < count; i++)
        if (level_of(zone[i].name, &level) &&
            !(zone[i].is_mmio && is_duplicate(meter, zone, count, &zone[i])))
            add_zone(meter, &zone[i], level);
    meter->source = "powercap";
    for (int i = 0; i < meter->count; i++)
        if (!meter->counter[i].lost[0] && meter->counter[i].level != LEVEL_MEMORY)
            return true;
    meter->count = 0;
    if (count == 0)
        tell_hidden(meter, names, found);
    return false;
}
