// Grams of CO2 from joules: tables, units, and a data centre's share.
#include "energy/carbon.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/field.h"

static const struct grid grids[] = {
#define GRID(code, name, grams, year) {code, name, grams, year},
#define ALIAS(name, code)
#include "energy/grids.def"
#undef ALIAS
#undef GRID
};

static const struct grid_alias {
    const char *name, *code;
} aliases[] = {
#define GRID(code, name, grams, year)
#define ALIAS(name, code) {name, code},
#include "energy/grids.def"
#undef ALIAS
#undef GRID
};

#define ROWS(table) ((int)(sizeof table / sizeof table[0]))

// Lignite, the dirtiest that is burnt for electricity, stays below 1500.
static const double GRAMS_MAX = 2000;

const struct grid *grid_at(int index)
{
    return index < ROWS(grids) ? &grids[index] : NULL;
}

static int letter_of(char c)
{
    return strchr(" :_", c) && c ? '-' : tolower((unsigned char)c);
}

static bool are_same(const char *a, const char *b)
{
    while (*a && letter_of(*a) == letter_of(*b)) {
        a++;
        b++;
    }
    return letter_of(*a) == letter_of(*b);
}

const struct grid *grid_find(const char *name)
{
    const struct grid *grid;

    for (int i = 0; i < ROWS(aliases); i++)
        if (are_same(name, aliases[i].name))
            name = aliases[i].code;
    for (int i = 0; (grid = grid_at(i)) != NULL; i++)
        if (are_same(name, grid->code) || are_same(name, grid->name))
            return grid;
    return NULL;
}

// Units of a grid's figure, as grams and kilowatt-hours.
static const struct unit {
    const char *name;
    double factor;
} masses[] = {{"g", 1}, {"kg", 1e3}, {"t", 1e6}, {"mg", 1e-3}, {"lb", 453.59237}},
  energies[] = {{"kWh", 1},       {"Wh", 1e-3},      {"MWh", 1e3},    {"GWh", 1e6},
                {"J", 1 / 3.6e6}, {"kJ", 1 / 3.6e3}, {"MJ", 1 / 3.6}, {"GJ", 1e3 / 3.6}};

static double factor_of(const struct unit *units, int count, const char *name, size_t length)
{
    for (int i = 0; i < count; i++)
        if (strlen(units[i].name) == length && strncasecmp(units[i].name, name, length) == 0)
            return units[i].factor;
    return NAN;
}

// "gCO2/kWh", "kg/MWh": what it takes to make grams for a kilowatt-hour of it; "" and "g" are
// meant so. NaN: no such unit.
static double unit_factor(const char *text)
{
    static const char *const gases[] = {"CO2eq", "CO2e", "CO2"};
    size_t mass = strcspn(text, "/"), name = mass;
    const char *energy = text[mass] ? text + mass + 1 : "kWh";

    if (*text == '\0')
        return 1;
    for (size_t i = 0; i < sizeof gases / sizeof gases[0] && name == mass; i++)
        if (mass > strlen(gases[i]) &&
            strncasecmp(text + mass - strlen(gases[i]), gases[i], strlen(gases[i])) == 0)
            name = mass - strlen(gases[i]);
    return factor_of(masses, ROWS(masses), text, name) /
           factor_of(energies, ROWS(energies), energy, strlen(energy));
}

static enum status check_grams(struct context *context, const char *text, double grams)
{
    if (grams < 0)
        return context_fail(context, ERR_USAGE, "'%s': a grid's figure is not negative", text);
    if (grams > 0 && grams < 1)
        return context_fail(context, ERR_USAGE,
                            "'%s' looks like kilograms: grams of CO2 for a kilowatt-hour are "
                            "wanted, not kilograms, so '%.6g'",
                            text, 1000 * grams);
    if (grams > GRAMS_MAX)
        return context_fail(context, ERR_USAGE,
                            "'%s': no grid emits more than %g g of CO2 for a kilowatt-hour", text,
                            GRAMS_MAX);
    return OK;
}

enum status grid_parse(struct context *context, const char *text, struct grid *out)
{
    size_t digits = strspn(text, "+-0123456789.");
    const char *unit = text + digits + strspn(text + digits, " ");
    double grams, factor = unit_factor(unit);
    char number[32] = "";

    if (digits < sizeof number)
        memcpy(number, text, digits);
    if (isnan(factor) || !parse_number(number, &grams))
        return context_fail(context, ERR_USAGE,
                            "'%s' is no country and no number of grams of CO2 for a "
                            "kilowatt-hour, such as 381 or 381gCO2/kWh",
                            text);
    if (factor < 1 || factor > 1)
        return context_fail(context, ERR_USAGE,
                            "'%s' is in %s, not in grams for a kilowatt-hour, which would be "
                            "'%.6g'",
                            text, unit, grams * factor);
    TRY(check_grams(context, text, grams));
    *out = (struct grid){NULL, "given", grams, 0};
    return OK;
}

void grid_to_json(struct json *object, const struct grid *grid)
{
    json_add_text(object, "name", grid->name);
    json_add_number(object, "grams_per_kwh", grid->grams_per_kwh);
    json_add_number(object, "year", grid->year ? (double)grid->year : (double)NAN);
}

double grid_grams(const struct grid *grid, double joules)
{
    return joules / 3.6e6 * grid->grams_per_kwh;
}

struct pue pue_of(const struct device *device, double given, double preset)
{
    if (!isnan(given))
        return (struct pue){given, "line"};
    if (!isnan(device->pue))
        return (struct pue){device->pue, "profile"};
    return (struct pue){preset, "default"};
}
