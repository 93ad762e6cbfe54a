// Numbers of a profile that are changed for one run: "NAME:KEY=NUMBER,..." (docs/devices.md, A
// what-if). Overrides are the part behind the ':'; NULL: none.
#ifndef ENERGY_OVERRIDES_H
#define ENERGY_OVERRIDES_H

#include "energy/profile.h"

// Where the overrides of a name begin, behind the ':'; NULL: there are none.
const char *overrides_of(const char *name);
// Into device->json, before it is read. ERR_USAGE for what is no KEY=NUMBER or has no place there.
MUST_CHECK enum status overrides_apply(struct context *context, struct device *device,
                                       const char *overrides);
// ERR_USAGE for a key that was not read as a number.
MUST_CHECK enum status overrides_check(const struct profile *profile, const char *overrides);
// Into the name, and that nothing has validated a device that nobody built.
void overrides_mark(struct device *device, const char *overrides);

#endif
