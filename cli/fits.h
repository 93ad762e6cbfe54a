// Whether a network fits a device's flash and RAM, told: which of the two does not, and by how
// much.
#ifndef CLI_FITS_H
#define CLI_FITS_H

#include "base/context.h"
#include "base/json.h"
#include "base/text.h"
#include "energy/estimate.h"

// "weights take 3.10 MB of 2.10 MB flash (1.00 MB too much), activations ..."; nothing unless
// energy->fits is FITS_NOT.
void fits_text(const struct energy *energy, const struct device *device, struct text *out);
// "; does not fit NAME: " and that text; nothing else either.
void fits_summary(const struct energy *energy, const struct device *device, struct text *out);
// A warning of that text, or none.
void fits_warn(struct context *context, const char *model, const struct energy *energy,
               const struct device *device);
// Adds "fits_reason" (that text, or null) and "memory": what is needed and what the device has.
void fits_to_json(struct json *object, const struct energy *energy, const struct device *device);
// The same behind "fits" itself: true, false or null.
void fits_whole_to_json(struct json *object, const struct energy *energy,
                        const struct device *device);
// The same of one inference; all three null for device NULL.
void fits_of_to_json(struct json *object, const struct counts *counts, const struct device *device);

#endif
