// Grams of CO2 from joules.
#include "energy/carbon.h"

#include <string.h>
#include <strings.h>

#include "base/field.h"

static const struct grid grids[] = {
#define GRID(code, name, grams, year) {code, name, grams, year},
#include "energy/grids.def"
#undef GRID
};

// Lignite, the dirtiest that is burnt for electricity, stays below 1500.
static const double GRAMS_MAX = 2000;

const struct grid *grid_at(int index)
{
    return index < (int)(sizeof grids / sizeof grids[0]) ? &grids[index] : NULL;
}

const struct grid *grid_find(const char *name)
{
    const struct grid *grid;

    for (int i = 0; (grid = grid_at(i)) != NULL; i++)
        if (strcasecmp(name, grid->code) == 0 || strcasecmp(name, grid->name) == 0)
            return grid;
    return NULL;
}

static bool is_unit(const char *text)
{
    static const char *const units[] = {"", "g", "g/kWh", "gCO2/kWh", "gCO2e/kWh"};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(text, units[i]) == 0)
            return true;
    return false;
}

enum status grid_parse(struct context *context, const char *text, struct grid *out)
{
    size_t digits = strspn(text, "0123456789.");
    char number[32];
    double grams;

    if (digits > 0 && digits < sizeof number && is_unit(text + digits)) {
        memcpy(number, text, digits);
        number[digits] = '\0';
        if (parse_number(number, &grams)) {
            if (grams > 0 && grams < 1)
                return context_fail(context, ERR_USAGE,
                                    "'%s': grams of CO2 for a kilowatt-hour are wanted, not "
                                    "kilograms",
                                    text);
            if (grams > GRAMS_MAX)
                return context_fail(context, ERR_USAGE,
                                    "'%s': no grid emits more than %g g of CO2 for a "
                                    "kilowatt-hour",
                                    text, GRAMS_MAX);
            *out = (struct grid){NULL, "given", grams, 0};
            return OK;
        }
    }
    return context_fail(context, ERR_USAGE,
                        "'%s' is no country and no number of grams of CO2 for a kilowatt-hour, "
                        "such as 381 or 381gCO2/kWh",
                        text);
}

double grid_grams(const struct grid *grid, double joules)
{
    return joules / 3.6e6 * grid->grams_per_kwh;
}
