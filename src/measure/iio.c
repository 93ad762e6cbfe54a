// Sensors of power in the Industrial I/O subsystem, where a board's chips are read as converters:
// in_powerN_input in milliwatts, or in_powerN_raw times in_powerN_scale (Linux,
// Documentation/ABI/testing/sysfs-bus-iio). Only chips that are known to sit in a board's supply.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
#include "measure/measure_internal.h"

static const struct chip {
    const char *name, *total; // as in hwmon.c
} chips[] = {{"ina3221x", "VDD_IN"}, {"ina219", NULL},  {"ina220", NULL},  {"ina226", NULL},
             {"ina230", NULL},       {"ina231", NULL},  {"ina236", NULL},  {"max9611", NULL},
             {"pac1931", NULL},      {"pac1932", NULL}, {"pac1933", NULL}, {"pac1934", NULL}};

static bool is_readable(struct meter *meter, const char *path)
{
    uint64_t number;
    int error = counter_read(path, &number);

    if (error && error != ENOENT && !meter->reason[0])
        counter_refuse(meter->reason, path, error);
    return error == 0;
}

// Channel `at`, where it is ""; "0", "1" ...
static bool find_channel(struct meter *meter, const char *folder, const char *at,
                         struct sensor *out)
{
    struct arena *arena = meter->arena;
    const char *scale = counter_word(arena, arena_format(arena, "%s/in_power%s_scale", folder, at));

    *out = (struct sensor){.is_power = true, .scale = 1e3};
    out->path = arena_format(arena, "%s/in_power%s_input", folder, at);
    out->label = counter_word(arena, arena_format(arena, "%s/in_power%s_label", folder, at));
    if (!out->label) // as Tegra's kernels have it
        out->label = counter_word(arena, arena_format(arena, "%s/rail_name_%s", folder, at));
    if (is_readable(meter, out->path))
        return true;
    out->path = arena_format(arena, "%s/in_power%s_raw", folder, at);
    if (!scale || !parse_number(scale, &out->scale) || !(out->scale > 0))
        return false;
    out->scale *= 1e3;
    return is_readable(meter, out->path);
}

static void add_channels(struct meter *meter, const char *folder, struct sensors *sensors)
{
    if (sensors->count < SENSORS_MAX)
        sensors->count += find_channel(meter, folder, "", &sensors->at[sensors->count]);
    for (int at = 0; at < 8 && sensors->count < SENSORS_MAX; at++)
        sensors->count += find_channel(meter, folder, arena_format(meter->arena, "%d", at),
                                       &sensors->at[sensors->count]);
}

bool iio_find(struct meter *meter)
{
    const char *folder = arena_format(meter->arena, "%s/bus/iio/devices", meter->root);
    struct sensors sensors;

    for (size_t c = 0; c < sizeof chips / sizeof chips[0]; c++) {
        sensors_find(meter, folder, chips[c].name, add_channels, &sensors);
        if (sensors_choose(meter, &sensors, chips[c].name, chips[c].total)) {
            meter->source = arena_format(meter->arena, "iio %s", chips[c].name);
            meter->whole = chips[c].total ? "whole board" : "board, as its sensor is wired";
            return true;
        }
    }
    return false;
}
