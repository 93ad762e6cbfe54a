// The grams of one inference where eval's model runs, and of a day and a year of them.
#ifndef CLI_CARBON_H
#define CLI_CARBON_H

#include "cli/cost.h"
#include "energy/estimate.h"
#include "energy/place.h"

struct carbon {
    const struct device *device; // borrowed
    const struct grid *grid;     // borrowed
    struct pue pue;
    struct place_cost cost; // of an inference, with what the data centre adds
    double per_day;         // inferences; NaN: not known
    const char *reason;     // why joules are not known, borrowed; NULL: they are
};

// On the basis' grid and with its PUE, else the profile's, else 1.
struct carbon carbon_of(const struct cost_basis *basis, const struct energy *energy,
                        const struct device *device);
// Fills an empty object with the keys of "carbon".
void carbon_to_json(struct json *object, const struct carbon *carbon);
// "5.3 ug CO2e an inference (...), PUE 1.1 (profile); 1 M a day: 5.3 g a day, 1.93 kg a year"
void carbon_text(const struct carbon *carbon, struct text *out);

enum { DAYS_A_YEAR = 365 };
// "joules", "interval", "grams", "grams_interval" of so many inferences into an empty object.
void amount_to_json(struct json *object, const struct place_cost *cost, double times);

#endif
