// Plain training on the labels, with the same course, pruning and fake quantisation.
#include "distill/recipe.h"

static const struct field fields[] = {
    RECIPE_FIELDS,
    FIELDS_END,
};

static enum status run(struct pass_run *run)
{
    struct distill_options options = *(const struct distill_options *)run->option;

    options.temperature = 1;
    options.alpha = 0;
    return recipe_run(run, &options, NULL, 0);
}

const struct pass distill_none = {
    .name = "none",
    .summary = "train on the labels alone",
    .option = fields,
    .option_bytes = sizeof(struct distill_options),
    .needs = NEEDS_TRAINING,
    .run = run,
};
