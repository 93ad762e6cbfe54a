// Sensors of hwmon that see a processor, a board or the machine. Only chips that are known: a
// sensor of a graphics card or a disk says nothing of a network that runs on the processor.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/measure_internal.h"

// The best first. total: the label of the sensor that holds the others, or how it begins; NULL: a
// chip with one sensor. is_summed: several chips see a part each.
static const struct chip {
    const char *name, *total, *scope;
    bool is_summed;
} chips[] = {
    {"power_meter", NULL, "whole machine", false},
    {"corsairpsu", "power total", "whole machine, behind its power supply", false},
    {"amd_energy", "Esocket", "processor packages", false},
    {"fam15h_power", NULL, "processor packages", true},
    {"ina3221", "VDD_IN", "whole board", false},
    {"ina3221x", "VDD_IN", "whole board", false},
    {"ina209", NULL, "board, as its sensor is wired", false},
    {"ina219", NULL, "board, as its sensor is wired", false},
    {"ina220", NULL, "board, as its sensor is wired", false},
    {"ina226", NULL, "board, as its sensor is wired", false},
    {"ina230", NULL, "board, as its sensor is wired", false},
    {"ina231", NULL, "board, as its sensor is wired", false},
    {"ina237", NULL, "board, as its sensor is wired", false},
    {"ina238", NULL, "board, as its sensor is wired", false},
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

// Seconds that the readings are averages of: of the sensor, or of the chip.
static double settles(struct meter *meter, const char *folder, int at)
{
    uint64_t milliseconds;

    if (counter_read(under(meter, folder, "power", at, "average_interval"), &milliseconds) != 0 &&
        counter_read(arena_format(meter->arena, "%s/update_interval", folder), &milliseconds) != 0)
        return 0;
    return (double)milliseconds / 1e3;
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
        out->settles = out->is_power ? settles(meter, folder, at) : 0;
        out->label = counter_word(meter->arena, under(meter, folder, kinds[i].kind, at, "label"));
        return true;
    }
    return false;
}

static void add_sensors(struct meter *meter, const char *folder, struct sensors *sensors)
{
    for (int at = 0; at < SENSORS_MAX && sensors->count < SENSORS_MAX; at++)
        sensors->count += find_sensor(meter, folder, at, &sensors->at[sensors->count]);
}

static bool use_chip(struct meter *meter, const struct chip *chip, const struct sensors *sensors)
{
    struct sensors one = {.count = 1};
    bool is_used = false;

    for (int i = 0; i < sensors->count && chip->is_summed; i++) {
        one.at[0] = sensors->at[i];
        one.at[0].label = chip->name; // which is its own total
        is_used |= sensors_choose(meter, &one, chip->name, chip->name);
    }
    if (!chip->is_summed)
        is_used = sensors_choose(meter, sensors, chip->name, chip->total);
    if (!is_used)
        return false;
    meter->source = arena_format(meter->arena, "hwmon %s", chip->name);
    meter->whole = chip->scope;
    return true;
}

bool hwmon_find(struct meter *meter)
{
    const char *folder = arena_format(meter->arena, "%s/class/hwmon", meter->root);
    struct sensors sensors;

    for (size_t c = 0; c < sizeof chips / sizeof chips[0]; c++) {
        sensors_find(meter, folder, chips[c].name, add_sensors, &sensors);
        if (use_chip(meter, &chips[c], &sensors))
            return true;
    }
    return false;
}
