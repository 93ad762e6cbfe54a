// Electricity grids: the CO2 that a joule stands for. The table is energy/grids.def.
#ifndef ENERGY_CARBON_H
#define ENERGY_CARBON_H

#include "base/context.h"

struct grid {
    const char *code, *name; // ISO 3166 and English; code NULL: a figure that the user gave
    double grams_per_kwh;    // CO2 equivalent
    int year;                // of the figure; 0: not known
};

// Row of the table, 0: the world's average; NULL behind the last.
const struct grid *grid_at(int index);
// By code or name, in any case. NULL: there is none.
const struct grid *grid_find(const char *name);
// "381", "381gCO2/kWh": a figure of the user's own. ERR_USAGE if it is none, or none that can be
// meant as grams for a kilowatt-hour.
MUST_CHECK enum status grid_parse(struct context *context, const char *text, struct grid *out);

// Grams of CO2 equivalent of so many joules.
double grid_grams(const struct grid *grid, double joules);

#endif
