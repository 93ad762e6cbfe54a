// ecai prune METHOD MODEL -o OUT.
#include "cli/compression.h"
#include "prune/methods.h"

static enum status run(struct invocation *invocation)
{
    return compress_run(invocation, "prune");
}

const struct command command_prune = {
    .operands = "MODEL -o OUT",
    .details = "A budget (--energy-ratio, --macs-ratio, --bytes-ratio, --max-energy, --max-bytes) "
               "stands in place of --sparsity: the least sparsity that meets it is taken. Bytes "
               "are those of the weights as stored without zeros. --max-drop alone takes the "
               "largest sparsity that loses no more accuracy on --data; beside others it fails if "
               "more is lost.",
    .examples = "  ecai prune magnitude --sparsity 0.8 big.onnx -o sparse.onnx\n"
                "  ecai prune magnitude --max-drop 0.5% --data fashion-mnist:train@55000:60000 \\\n"
                "      big.onnx -o sparse.onnx\n",
    .min_operands = 1,
    .max_operands = 1,
    .groups = compressor_groups,
    .option_bytes = sizeof(struct compressor_options),
    .makes_model = true,
    .method_at = prune_method_at,
    .run = run,
};
