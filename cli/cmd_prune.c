// ecai prune METHOD MODEL -o OUT.
#include "cli/compress.h"
#include "prune/methods.h"

static enum status run(struct invocation *invocation)
{
    return compress_run(invocation, "prune");
}

const struct command command_prune = {
    .operands = "MODEL -o OUT",
    .details = "A budget (--energy-ratio, --macs-ratio, --bytes-ratio, --max-energy, --max-bytes) "
               "stands in place of --sparsity: the least sparsity that meets it is taken. Bytes "
               "are those of the weights as stored without zeros.",
    .min_operands = 1,
    .max_operands = 1,
    .groups = compressor_groups,
    .option_bytes = sizeof(struct compressor_options),
    .method_at = prune_method_at,
    .run = run,
};
