// Grams of an inference, of a day and of a year: see carbon.h.
#include "cli/carbon.h"

#include <math.h>

#include "cli/table.h"

struct carbon carbon_of(const struct cost_basis *basis, struct pue pue, const struct energy *energy,
                        const struct device *device)
{
    return (struct carbon){.device = device,
                           .grid = &basis->grid,
                           .pue = pue,
                           .joules = energy->joules * pue.factor,
                           .low = energy->low * pue.factor,
                           .high = energy->high * pue.factor,
                           .per_day = basis->per_day,
                           .reason = energy->reason};
}

void carbon_amount_to_json(struct json *object, double joules, double low, double high,
                           double times, double grams_per_kwh)
{
    const struct grid grid = {.grams_per_kwh = grams_per_kwh};

    json_add_number(object, "joules", joules * times);
    json_add_interval(object, "interval", low * times, high * times);
    json_add_number(object, "grams", grid_grams(&grid, joules * times));
    json_add_interval(object, "grams_interval", grid_grams(&grid, low * times),
                      grid_grams(&grid, high * times));
}

static void add_amount(struct json *object, const struct carbon *carbon, double times)
{
    carbon_amount_to_json(object, carbon->joules, carbon->low, carbon->high, times,
                          carbon->grid->grams_per_kwh);
}

static void add_assumptions(struct json *object, const struct carbon *carbon)
{
    struct json *list = json_add_array(object, "assumptions");
    struct text text;

    text_init(&text);
    text_format(&text, "joules are those of %s: %s", carbon->device->name, carbon->device->scope);
    json_add_text(list, NULL, text.at);
    json_add_text(list, NULL,
                  "the grid's average over the year; what one more kilowatt-hour adds, and the "
                  "hour, are not known");
    json_add_text(list, NULL,
                  "left out: making the device, its waiting between inferences, the network");
    text_clear(&text);
}

void carbon_to_json(struct json *object, const struct carbon *carbon)
{
    json_add_text(object, "device", carbon->device->name);
    add_amount(object, carbon, 1);
    json_add_number(object, "inferences_per_day", carbon->per_day);
    add_amount(json_add_object(object, "per_day"), carbon, carbon->per_day);
    add_amount(json_add_object(object, "per_year"), carbon, carbon->per_day * DAYS_A_YEAR);
    json_add_number(object, "pue", carbon->pue.factor);
    json_add_text(object, "pue_from", carbon->pue.from);
    grid_to_json(json_add_object(object, "grid"), carbon->grid);
    add_assumptions(object, carbon);
    json_add_text(object, "reason", carbon->reason);
}

void carbon_text(const struct carbon *carbon, struct text *out)
{
    const struct grid *grid = carbon->grid;
    double day = grid_grams(grid, carbon->joules) * carbon->per_day;

    if (isnan(carbon->joules)) {
        text_format(out, "unknown: %s", carbon->reason ? carbon->reason : "no joules");
        return;
    }
    interval_text(grid_grams(grid, carbon->joules), grid_grams(grid, carbon->low),
                  grid_grams(grid, carbon->high), "g CO2e", out);
    text_format(out, " an inference on %s (", carbon->device->name);
    grid_text(grid, out);
    text_format(out, ", PUE %g by %s)", carbon->pue.factor, carbon->pue.from);
    if (isnan(carbon->per_day))
        return;
    text_add(out, "; ");
    text_add_number(out, carbon->per_day, " a day: ");
    text_add_number(out, day, "g a day, ");
    text_add_number(out, day * DAYS_A_YEAR, "g a year");
}
