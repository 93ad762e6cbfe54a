// Energy figures as the JSON that eval and other commands print (docs/json.md).
#ifndef ENERGY_ENERGY_JSON_H
#define ENERGY_ENERGY_JSON_H

#include "energy/estimate.h"

// Fills an empty object with the keys of "energy" that are estimated: all but measured.
void energy_to_json(struct json *object, const struct energy *energy, const struct device *device);

// Fills an empty object with the keys of "profile".
void energy_profile_to_json(struct json *profile, const struct device *device);

// Adds "energy", "energy_interval" to a "ratio" object. energy_factors_to_json fills its "factors".
void energy_ratio_to_json(struct json *object, const struct energy_ratio *ratio);
void energy_factors_to_json(struct json *object, const struct energy_ratio *ratio);

#endif
