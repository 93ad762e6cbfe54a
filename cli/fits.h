// Whether a network fits a device's flash and RAM, told: which of the two does not, and by how
// much.
#ifndef CLI_FITS_H
#define CLI_FITS_H

#include "base/json.h"
#include "base/text.h"
#include "energy/estimate.h"

// "weights take 3.10 MB of 2.10 MB flash (1.00 MB too much), activations ..."; nothing unless
// energy->fits is FITS_NOT.
void fits_text(const struct energy *energy, const struct device *device, struct text *out);
// "; does not fit NAME: " and that text; nothing else either.
void fits_summary(const struct energy *energy, const struct device *device, struct text *out);
// Adds "fits_reason" (that text, or null) and "memory": what is needed and what the device has.
void fits_to_json(struct json *object, const struct energy *energy, const struct device *device);

#endif
