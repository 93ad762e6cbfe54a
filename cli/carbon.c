// Grams of an inference, of a day and of a year: see carbon.h.
#include "cli/carbon.h"

#include <math.h>
#include <string.h>

#include "cli/table.h"

struct carbon carbon_of(const struct cost_basis *basis, const struct energy *energy,
                        const struct device *device)
{
    const struct pue pue = pue_of(device, basis->pue, 1);
    const struct spread joules = {energy->joules, energy->low, energy->high};

    return (struct carbon){
        .device = device,
        .grid = &basis->grid,
        .pue = pue,
        .cost = place_cost_of(spread_times(joules, pue.factor), basis->grid.grams_per_kwh),
        .per_day = basis->per_day,
        .reason = energy->reason};
}

void amount_to_json(struct json *object, const struct place_cost *cost, double times)
{
    struct spread joules = spread_times(cost->joules, times);
    struct spread grams = spread_times(cost->grams, times);

    json_add_number(object, "joules", joules.value);
    json_add_interval(object, "interval", joules.low, joules.high);
    json_add_number(object, "grams", grams.value);
    json_add_interval(object, "grams_interval", grams.low, grams.high);
}

// A data centre's share put on a profile that knows of none: no mistake, but worth a word.
static bool add_doubt(const struct carbon *carbon, struct text *out)
{
    const struct device *device = carbon->device;

    if (strcmp(carbon->pue.from, "line") != 0 || !(carbon->pue.factor > 1) || device->pue > 1)
        return false;
    text_format(out, "the PUE is put on %s, whose profile %s", device->name,
                isnan(device->pue) ? "tells none" : "has one of 1");
    return true;
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
    text_init(&text);
    if (add_doubt(carbon, &text))
        json_add_text(list, NULL, text.at);
    text_clear(&text);
}

void carbon_to_json(struct json *object, const struct carbon *carbon)
{
    json_add_text(object, "device", carbon->device->name);
    amount_to_json(object, &carbon->cost, 1);
    json_add_number(object, "inferences_per_day", carbon->per_day);
    amount_to_json(json_add_object(object, "per_day"), &carbon->cost, carbon->per_day);
    amount_to_json(json_add_object(object, "per_year"), &carbon->cost,
                   carbon->per_day * DAYS_A_YEAR);
    json_add_number(object, "pue", carbon->pue.factor);
    json_add_text(object, "pue_from", carbon->pue.from);
    grid_to_json(json_add_object(object, "grid"), carbon->grid);
    add_assumptions(object, carbon);
    json_add_text(object, "reason", carbon->reason);
}

void carbon_text(const struct carbon *carbon, struct text *out)
{
    const struct spread grams = carbon->cost.grams;
    struct text doubt;

    if (isnan(grams.value)) {
        text_format(out, "unknown: %s", carbon->reason ? carbon->reason : "no joules");
        return;
    }
    interval_text(grams.value, grams.low, grams.high, "g CO2e", out);
    text_format(out, " an inference on %s (", carbon->device->name);
    grid_text(carbon->grid, out);
    text_format(out, ", PUE %g by %s", carbon->pue.factor, carbon->pue.from);
    text_init(&doubt);
    if (add_doubt(carbon, &doubt))
        text_format(out, ": %s", doubt.at);
    text_add(out, ")");
    text_clear(&doubt);
    if (isnan(carbon->per_day))
        return;
    text_add(out, "; ");
    text_add_number(out, carbon->per_day, " a day: ");
    text_add_number(out, grams.value * carbon->per_day, "g a day, ");
    text_add_number(out, grams.value * carbon->per_day * DAYS_A_YEAR, "g a year");
}
