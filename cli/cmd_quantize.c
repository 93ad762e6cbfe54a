// ecai quantize METHOD MODEL -o OUT.
#include "cli/compression.h"
#include "quantize/methods.h"

static enum status run(struct invocation *invocation)
{
    return compress_run(invocation, "quantize");
}

const struct command command_quantize = {
    .operands = "MODEL -o OUT",
    .details = "Weights are stored as integers with DequantizeLinear, activations carry "
               "QuantizeLinear and DequantizeLinear: plain ONNX that runs in any runtime. A budget "
               "that is not met is an error, and nothing is written.",
    .examples = "  ecai quantize int8 --data fashion-mnist:train@0:256 big.onnx -o small.onnx\n"
                "  ecai prune magnitude big.onnx -o - | \\\n"
                "      ecai quantize int8 --data fashion-mnist:train@0:256 - -o small.onnx\n",
    .min_operands = 1,
    .max_operands = 1,
    .groups = compressor_groups,
    .option_bytes = sizeof(struct compressor_options),
    .makes_model = true,
    .method_at = quantize_method_at,
    .run = run,
};
