// Steps of chains as documents, as strategies put them together.
#ifndef COMPRESS_CHAIN_STEPS_H
#define COMPRESS_CHAIN_STEPS_H

#include "compress/strategies.h"

// Appends {"run", "name", "options"} and returns the options.
struct json *chain_add_step(struct json *chain, const char *run, const char *name);
// "quantize int8" to the variant's bits.
void chain_add_quantize(struct json *chain, const struct variant *variant,
                        const struct material *material);
// "8/8" under the key "bits".
void chain_add_bits(struct json *options, const struct variant *variant);

#endif
