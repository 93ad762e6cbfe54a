// Strategies that leave the teacher's weights as they are trained: integers, and zeros by
// magnitude.
#include <math.h>

#include "compress/chain_steps.h"
#include "compress/strategies.h"

// Fewer bits than 8 lose accuracy, and are stored in bytes all the same.
static const struct variant quantize_variants[] = {
    {.weight_bits = 8, .activation_bits = 8, .width = 1, .depth = 1},
    {.weight_bits = 0},
};

#define PRUNED(global)                                                                             \
    {                                                                                              \
        .weight_bits = 8, .activation_bits = 8, .width = 1, .depth = 1, .least = 0.25,             \
        .most = 0.95, .is_global = (global)                                                        \
    }
static const struct variant prune_variants[] = {
    PRUNED(true),
    PRUNED(false),
    {.weight_bits = 0},
};

static struct json *quantize_chain(const struct variant *variant, double sparsity,
                                   const struct material *material)
{
    struct json *chain = json_array();

    (void)sparsity;
    chain_add_quantize(chain, variant, material);
    return chain;
}

static struct json *prune_chain(const struct variant *variant, double sparsity,
                                const struct material *material)
{
    struct json *chain = json_array(), *options = chain_add_step(chain, "prune magnitude", "prune");

    json_add_number(options, "sparsity", sparsity);
    json_add_bool(options, "global", variant->is_global);
    chain_add_quantize(chain, variant, material);
    return chain;
}

// Rounding: 0.1 points at 8 bits, 16 times that for every two bits fewer. Zeros: little up to a
// half, then steeply.
static double expected_loss(const struct variant *variant, double sparsity,
                            const struct outlook *outlook)
{
    double rounding = 0.001 * pow(4, 8 - variant->weight_bits);
    double zeros = pow(sparsity, variant->is_global ? 10 : 6);

    (void)outlook;
    return fmin(1, rounding + zeros);
}

const struct strategy strategy_quantize = {
    .name = "quantize",
    .summary = "the teacher's weights as integers",
    .variant = quantize_variants,
    .chain = quantize_chain,
    .expected_loss = expected_loss,
};

const struct strategy strategy_prune = {
    .name = "prune",
    .summary = "the teacher's small weights zeroed, the others as integers",
    .variant = prune_variants,
    .chain = prune_chain,
    .expected_loss = expected_loss,
};
