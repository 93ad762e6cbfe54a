// Energy figures as JSON; see energy_json.h.
#include "energy/energy_json.h"

#include <math.h>

void energy_profile_to_json(struct json *profile, const struct device *device)
{
    json_add_text(profile, "sha256", device->sha256);
    json_add_text(profile, "scope", device->scope);
    json_add_number(profile, "error_percent", device->error_percent);
    json_add_text(profile, "validated_by", device->validated_by);
    json_add_text(profile, "runtime", device->runtime);
    json_add_text(profile, "unverified", device->unverified);
    json_add_text(profile, "boundary", device->boundary);
    json_add_number(profile, "mean_error_percent", device->mean_error_percent);
    json_add_text(profile, "error_basis", device->error_basis);
    json_add_text(profile, "changed", device->changed);
}

static void add_layer(struct json *layers, const struct energy_layer *layer, bool on_array)
{
    struct json *object = json_add_object(layers, NULL);

    json_add_text(object, "node", layer->name);
    json_add_text(object, "op", layer->op);
    json_add_number(object, "macs", layer->macs);
    if (layer->weight_bits)
        json_add_int(object, "bits", layer->weight_bits);
    else
        json_add_null(object, "bits");
    json_add_number(object, "bytes", layer->bytes);
    json_add_number(object, "joules", layer->joules);
    if (layer->activation_bits)
        json_add_int(object, "activation_bits", layer->activation_bits);
    else
        json_add_null(object, "activation_bits");
    json_add_number(object, "nonzero", layer->nonzero);
    json_add_number(object, "parameters", layer->parameters);
    if (!on_array)
        return;
    const struct array_mapping *mapping = layer->mapping;
    json_add_number(object, "cycles", mapping ? mapping->cycles + mapping->stall_cycles : NAN);
    json_add_number(object, "utilisation", mapping ? mapping->utilisation : NAN);
    json_add_number(object, "dram_bytes", mapping ? mapping->dram_bytes : NAN);
}

void energy_to_json(struct json *object, const struct energy *energy, const struct device *device)
{
    struct json *part;

    json_add_text(object, "device", device->name);
    json_add_text(object, "basis", "estimated");
    json_add_text(object, "per", "inference");
    json_add_number(object, "batch", energy->batch);
    json_add_number(object, "joules", energy->joules);
    json_add_interval(object, "interval", energy->low, energy->high);
    json_add_text(object, "reason", energy->reason);
    if (energy->fits == FITS_UNKNOWN)
        json_add_null(object, "fits");
    else
        json_add_bool(object, "fits", energy->fits == FITS);
    energy_profile_to_json(json_add_object(object, "profile"), device);
    part = json_add_object(object, "breakdown");
    json_add_number(part, "mac", energy->mac);
    json_add_number(part, "weights", energy->weights);
    json_add_number(part, "activations", energy->activations);
    json_add_number(part, "fixed", energy->fixed);
    part = json_add_array(object, "layers");
    for (uint32_t i = 0; i < energy->layer_count; i++)
        if (energy->layer[i].joules != 0) // in place, nothing moves: no news
            add_layer(part, &energy->layer[i], device->kind == DEVICE_KIND_array);
    json_add_number(object, "seconds", energy->seconds);
    json_add_interval(object, "seconds_interval", energy->seconds_low, energy->seconds_high);
    json_add_number(object, "watts", energy->watts);
    json_add_number(object, "utilisation", energy->utilisation);
}

void energy_ratio_to_json(struct json *object, const struct energy_ratio *ratio)
{
    json_add_number(object, "energy", ratio->energy);
    json_add_interval(object, "energy_interval", ratio->low, ratio->high);
}

void energy_factors_to_json(struct json *object, const struct energy_ratio *ratio)
{
    json_add_number(object, "bits", ratio->bits);
    json_add_number(object, "sparsity", ratio->sparsity);
    json_add_number(object, "architecture", ratio->architecture);
    json_add_number(object, "memory", ratio->memory);
    json_add_number(object, "hardware", ratio->hardware);
}
