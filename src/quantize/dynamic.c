// Weight-only storage: weights become integers of one scale per output channel behind
// DequantizeLinear, activations stay float. Needs no data; runtimes that quantise activations as
// they come (dynamically) may fuse the rest.
#include "calibrate/annotate.h"
#include "quantize/methods.h"

struct dynamic_options {
    int64_t bits;
};

static const struct field fields[] = {
    FIELD(struct dynamic_options, bits, "8", 2, 8, "bits of the weights"),
    FIELDS_END,
};

// Requires: nothing. Keeps: weights as floats. Sets: quant on weights.
static enum status run(struct pass_run *run)
{
    const struct dynamic_options *options = run->option;
    struct annotate_options annotate = {.weight_bits = (int)options->bits};

    TRY(pass_simplify.run(run));
    return annotate_integers(run, &annotate);
}

const struct pass quantize_dynamic = {
    .name = "dynamic",
    .summary = "8-bit weights per channel, stored; activations stay float",
    .option = fields,
    .option_bytes = sizeof(struct dynamic_options),
    .run = run,
};
