// Whether a network fits a device, told.
#include "cli/fits.h"

#include <string.h>

#include "cli/table.h"

static void add_shortage(struct text *out, const char *what, double needed, double there,
                         const char *memory)
{
    if (!(needed > there))
        return;
    text_format(out, "%s%s take ", out->length ? ", " : "", what);
    text_add_number(out, needed, "B");
    text_add(out, " of ");
    text_add_number(out, there, "B");
    text_format(out, " %s (", memory);
    text_add_number(out, needed - there, "B");
    text_add(out, " too much)");
}

void fits_text(const struct energy *energy, const struct device *device, struct text *out)
{
    struct text text;

    if (energy->fits != FITS_NOT)
        return;
    text_init(&text);
    add_shortage(&text, "weights", energy->flash_needed, device->flash_bytes, "flash");
    add_shortage(&text, "activations", energy->ram_needed, device->ram_bytes, "RAM");
    text_add(out, text.at);
    text_clear(&text);
}

void fits_summary(const struct energy *energy, const struct device *device, struct text *out)
{
    if (energy->fits != FITS_NOT)
        return;
    text_add(out, "; does not fit ");
    text_add_escaped(out, device->name, strlen(device->name));
    text_add(out, ": ");
    fits_text(energy, device, out);
}

void fits_warn(struct context *context, const char *model, const struct energy *energy,
               const struct device *device)
{
    struct text text;

    if (energy->fits != FITS_NOT)
        return;
    text_init(&text);
    fits_text(energy, device, &text);
    context_warn(context, "%s does not fit %s: %s", model, device->name, text.at);
    text_clear(&text);
}

void fits_to_json(struct json *object, const struct energy *energy, const struct device *device)
{
    struct json *memory;
    struct text text;

    text_init(&text);
    fits_text(energy, device, &text);
    json_add_text(object, "fits_reason", text.length ? text.at : NULL);
    text_clear(&text);
    memory = json_add_object(object, "memory");
    json_add_number(memory, "flash_needed", energy->flash_needed);
    json_add_number(memory, "flash", device->flash_bytes);
    json_add_number(memory, "ram_needed", energy->ram_needed);
    json_add_number(memory, "ram", device->ram_bytes);
}

void fits_whole_to_json(struct json *object, const struct energy *energy,
                        const struct device *device)
{
    if (energy->fits == FITS_UNKNOWN)
        json_add_null(object, "fits");
    else
        json_add_bool(object, "fits", energy->fits == FITS);
    fits_to_json(object, energy, device);
}

void fits_of_to_json(struct json *object, const struct counts *counts, const struct device *device)
{
    struct energy energy;

    if (!device) {
        json_add_null(object, "fits");
        json_add_null(object, "fits_reason");
        json_add_null(object, "memory");
        return;
    }
    energy_init(&energy, counts, device);
    fits_whole_to_json(object, &energy, device);
    energy_clear(&energy);
}
