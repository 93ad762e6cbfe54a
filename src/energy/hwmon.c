// Sensors of hwmon that see a processor, a board or the machine. Only chips that are known: a
// sensor of a graphics card or a disk says nothing of a network that runs on the processor.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "energy/measure_internal.h"

enum { SENSORS_MAX = 64 };

// The best first. total: the label of the sensor that holds the others, or how it begins; NULL: a
// chip with one sensor.
static const struct chip {
    const char *name, *total, *scope;
} chips[] = {
    {"power_meter", NULL, "whole machine"},
    {"corsairpsu", "power total", "whole machine, behind its power supply"},
    {"amd_energy", "Esocket", "processor packages"},
    {"fam15h_power", NULL, "processor package"},
    {"ina3221", "VDD_IN", "whole board"},
    {"ina3221x", "VDD_IN", "whole board"},
    {"ina209", NULL, "board, as its sensor is wired"},
    {"ina219", NULL, "board, as its sensor is wired"},
    {"ina220", NULL, "board, as its sensor is wired"},
    {"ina226", NULL, "board, as its sensor is wired"},
    {"ina230", NULL, "board, as its sensor is wired"},
    {"ina231", NULL, "board, as its sensor is wired"},
    {"ina237", NULL, "board, as its sensor is wired"},
    {"ina238", NULL, "board, as its sensor is wired"},
};

struct sensor {
    const char *path, *current, *label;
    bool is_power;
};

static const char *under(struct meter *meter, const char *folder, const char *kind, int at,
                         const char *what)
{
    return arena_format(meter->arena, "%s/%s%d_%s", folder, kind, at, what);
}

// The file of that kind, if it can be read; errors are kept for who finds nothing at all.
static const char *readable(struct meter *meter, const char *folder, const char *kind, int at,
                            const char *what)
{
    const char *path = under(meter, folder, kind, at, what);
    uint64_t number;
    int error = counter_read(path, &number);

    if (error && error != ENOENT && !meter->reason[0])
        counter_refuse(meter->reason, path, error);
    return error ? NULL : path;
}

// Energy where it is counted, else power, else volts times amperes.
static bool find_sensor(struct meter *meter, const char *folder, int at, struct sensor *out)
{
    static const struct {
        const char *kind, *what;
        bool is_power;
    } kinds[] = {{"energy", "input", false},
                 {"power", "average", true},
                 {"power", "input", true},
                 {"in", "input", true}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        out->path = readable(meter, folder, kinds[i].kind, at, kinds[i].what);
        out->current =
            strcmp(kinds[i].kind, "in") == 0 ? readable(meter, folder, "curr", at, "input") : NULL;
        if (!out->path || (strcmp(kinds[i].kind, "in") == 0 && !out->current))
            continue;
        out->is_power = kinds[i].is_power;
        out->label = counter_word(meter->arena, under(meter, folder, kinds[i].kind, at, "label"));
        return true;
    }
    return false;
}

static void add_sensor(struct meter *meter, const struct sensor *sensor, const char *fallback)
{
    struct counter *counter =
        counter_add(meter, sensor->label ? sensor->label : fallback, sensor->path);

    if (!counter)
        return;
    counter->level = LEVEL_PACKAGE;
    counter->current = sensor->current;
    counter->is_power = sensor->is_power;
}

static bool use_chip(struct meter *meter, const char *folder, const struct chip *chip)
{
    struct sensor sensor[SENSORS_MAX];
    int count = 0, totals = 0;

    for (int at = 0; at < SENSORS_MAX && count < SENSORS_MAX; at++)
        count += find_sensor(meter, folder, at, &sensor[count]);
    for (int i = 0; i < count && chip->total; i++)
        if (sensor[i].label && strncmp(sensor[i].label, chip->total, strlen(chip->total)) == 0) {
            add_sensor(meter, &sensor[i], chip->name);
            totals++;
        }
    if (totals == 0 && count == 1)
        add_sensor(meter, &sensor[0], chip->name);
    else if (totals == 0 && count > 1 && !meter->reason[0])
        snprintf(meter->reason, sizeof meter->reason,
                 "'%s' has %d sensors, and none says that it holds the others", folder, count);
    if (meter->count == 0)
        return false;
    meter->source = arena_format(meter->arena, "hwmon %s", chip->name);
    meter->whole = chip->scope;
    return true;
}

bool hwmon_find(struct meter *meter)
{
    const char *folder = arena_format(meter->arena, "%s/class/hwmon", meter->root);
    const char **names;
    size_t found = counter_list(meter->arena, folder, &names);

    for (size_t c = 0; c < sizeof chips / sizeof chips[0]; c++)
        for (size_t i = 0; i < found; i++) {
            const char *path = arena_format(meter->arena, "%s/%s", folder, names[i]);
            const char *name =
                counter_word(meter->arena, arena_format(meter->arena, "%s/name", path));
            if (name && strcmp(name, chips[c].name) == 0 && use_chip(meter, path, &chips[c]))
                return true;
        }
    return false;
}
