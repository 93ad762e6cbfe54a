// Strategies that train, with the final bits in the loop: the teacher itself while its weights are
// zeroed, or a narrower or shallower network.
#include <math.h>

#include "compress/chain_steps.h"
#include "compress/strategies.h"

#define TRAINED(bits, wide, deep)                                                                  \
    {                                                                                              \
        .weight_bits = (bits), .activation_bits = 8, .width = (wide), .depth = (deep), .least = 0, \
        .most = 0.95                                                                               \
    }

static const struct variant retrain_variants[] = {
    TRAINED(8, 1, 1),
    TRAINED(2, 1, 1),
    {.weight_bits = 0},
};

// Four bits would be stored in bytes: it is eight, or three values.
static const struct variant student_variants[] = {
    TRAINED(8, 0.5, 1),     TRAINED(8, 0.25, 1), TRAINED(8, 0.125, 1), TRAINED(8, 0.25, 0.5),
    TRAINED(8, 0.125, 0.5), TRAINED(2, 0.5, 1),  TRAINED(2, 0.25, 1),  {.weight_bits = 0},
};

static void add_training(struct json *options, const struct variant *variant, double sparsity,
                         const struct material *material)
{
    json_add_text(options, "data", material->train_data);
    if (material->epochs)
        json_add_int(options, "epochs", material->epochs);
    json_add_number(options, "sparsity", sparsity);
    chain_add_bits(options, variant);
}

// The teacher's own weights are where it starts: half the rate, not to lose them.
static struct json *retrain_chain(const struct variant *variant, double sparsity,
                                  const struct material *material)
{
    struct json *chain = json_array();
    struct json *options = chain_add_step(chain, "distill logits", "distill");

    json_add_text(options, "student", material->teacher);
    json_add_number(options, "learning_rate", 0.05);
    add_training(options, variant, sparsity, material);
    return chain;
}

static struct json *student_chain(const struct variant *variant, double sparsity,
                                  const struct material *material)
{
    struct json *chain = json_array();
    struct json *options = chain_add_step(chain, "distill logits", "distill");

    json_add_number(options, "width", variant->width);
    json_add_number(options, "depth", variant->depth);
    add_training(options, variant, sparsity, material);
    return chain;
}

// 0.3 points for every halving of the network, 0.2 for every halving of what stays in it, more
// where hardly anything does; 8 bits cost nothing, ternary weights 1.5 points.
static double expected_loss(const struct variant *variant, double sparsity,
                            const struct outlook *outlook)
{
    double size = -0.003 * log2(fmin(1, outlook->parameters));
    double zeros = -0.002 * log2(1 - sparsity) + 0.02 * pow(sparsity, 20);
    double bits = variant->weight_bits == 2 ? 0.015 : variant->weight_bits == 4 ? 0.003 : 0;

    return size + zeros + bits;
}

// Fresh weights have all to learn: a point, more where the course is short.
static double expected_loss_anew(const struct variant *variant, double sparsity,
                                 const struct outlook *outlook)
{
    return 0.01 + expected_loss(variant, sparsity, outlook);
}

const struct strategy strategy_retrain = {
    .name = "retrain",
    .summary = "the teacher itself, trained on with its own answers while weights are zeroed",
    .is_trained = true,
    .variant = retrain_variants,
    .chain = retrain_chain,
    .expected_loss = expected_loss,
};

const struct strategy strategy_student = {
    .name = "student",
    .summary = "a narrower or shallower network, trained on the teacher's answers",
    .is_trained = true,
    .variant = student_variants,
    .chain = student_chain,
    .expected_loss = expected_loss_anew,
};
