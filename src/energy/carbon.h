// Electricity grids and what a data centre adds: the CO2 that a joule stands for. The table is
// energy/grids.def.
#ifndef ENERGY_CARBON_H
#define ENERGY_CARBON_H

#include "base/context.h"
#include "base/json.h"
#include "energy/device.h"

struct grid {
    const char *code, *name; // ISO 3166 or a cloud's region, and English; NULL: the user's figure
    double grams_per_kwh;    // CO2 equivalent
    int year;                // of the figure; 0: not known
};

// Row of the table, 0: the world's average; NULL behind the last.
const struct grid *grid_at(int index);
// By code, name or alias, in any case; a space, ':' or '_' does for '-'. NULL: there is none.
const struct grid *grid_find(const char *name);
// "381", "381gCO2/kWh": a figure of the user's own. ERR_USAGE if it is none, or none that can be
// meant as grams for a kilowatt-hour; a figure in another unit is named with what it would be.
MUST_CHECK enum status grid_parse(struct context *context, const char *text, struct grid *out);
// Fills an empty object: name, grams_per_kwh, year.
void grid_to_json(struct json *object, const struct grid *grid);

// Grams of CO2 equivalent of so many joules.
double grid_grams(const struct grid *grid, double joules);

// Energy that a data centre draws for each joule of its computers (power usage effectiveness).
struct pue {
    double factor;    // at least 1
    const char *from; // "line", "profile" or "default"
};
enum { PUE_MAX = 10 };
// given: as typed, NaN: not; then the profile's own, then preset.
struct pue pue_of(const struct device *device, double given, double preset);

#endif
