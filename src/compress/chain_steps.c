// Steps of chains.
#include "compress/chain_steps.h"

#include <stdio.h>

struct json *chain_add_step(struct json *chain, const char *run, const char *name)
{
    struct json *step = json_add_object(chain, NULL);

    json_add_text(step, "run", run);
    json_add_text(step, "name", name);
    return json_add_object(step, "options");
}

void chain_add_bits(struct json *options, const struct variant *variant)
{
    char bits[32];

    snprintf(bits, sizeof bits, "%d/%d", variant->weight_bits, variant->activation_bits);
    json_add_text(options, "bits", bits);
}

void chain_add_quantize(struct json *chain, const struct variant *variant,
                        const struct material *material)
{
    struct json *options = chain_add_step(chain, "quantize int8", "quantize");

    chain_add_bits(options, variant);
    json_add_text(options, "data", material->few_data);
}
