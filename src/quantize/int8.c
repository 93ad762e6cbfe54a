// 8-bit integers after training: weights symmetric per output channel, activations per tensor over
// calibration data, biases int32 (Jacob et al. 2018; Krishnamoorthi 2018).
#include <string.h>

#include "calibrate/annotate.h"
#include "quantize/methods.h"

struct int8_options {
    const char *bits, *range;
    double percentile;
};

static const struct field fields[] = {
    FIELD(struct int8_options, bits, "8/8", 0, 0,
          "W/A: bits of weights and activations, 2 to 8 each"),
    FIELD_CHOICE(struct int8_options, range, "mse", "minmax|percentile|mse",
                 "how the range of an activation is chosen"),
    FIELD(struct int8_options, percentile, "99.99", 50, 100,
          "with --range percentile: share of the values inside"),
    FIELDS_END,
};

// Requires: nothing; folds batch norms itself, which integer kernels need. Keeps: weights as
// floats. Sets: quant on weights and activations.
static enum status run(struct pass_run *run)
{
    const struct int8_options *options = run->option;
    struct annotate_options annotate = {
        .range = {.method = strcmp(options->range, "minmax") == 0       ? RANGE_MINMAX
                            : strcmp(options->range, "percentile") == 0 ? RANGE_PERCENTILE
                                                                        : RANGE_MSE,
                  .percentile = options->percentile}};

    TRY(parse_bits(run->context, options->bits, &annotate.weight_bits, &annotate.activation_bits));
    annotate.range.bits = annotate.activation_bits;
    TRY(pass_explicit_clamps.run(run)); // the grids that cut off now are about to go
    TRY(pass_simplify.run(run));
    return annotate_integers(run, &annotate);
}

const struct pass quantize_int8 = {
    .name = "int8",
    .summary = "8-bit weights per channel and activations per tensor",
    .option = fields,
    .option_bytes = sizeof(struct int8_options),
    .needs = NEEDS_CALIBRATION,
    .run = run,
};
