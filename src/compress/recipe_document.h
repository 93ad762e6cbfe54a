// OUT.recipe.json, schema ecai/recipe/1: the chain that made a student, with all that has to be the
// same for the same bytes.
#ifndef COMPRESS_RECIPE_DOCUMENT_H
#define COMPRESS_RECIPE_DOCUMENT_H

#include "base/arena.h"
#include "base/json.h"

// Parts of a data set, spelt as --data takes them.
struct recipe_data {
    const char *name, *sha256; // all of it
    int64_t samples, train_samples, few_samples;
    const char *train, *few, *held_out; // few: the first of train
};

struct recipe {
    const char *ecai, *isa; // versions that made it
    bool is_plain;          // --deterministic
    int64_t seed;
    const char *teacher, *teacher_sha256;
    struct recipe_data data;
    const struct json *chain;
    const struct json *line;  // options of the command that all steps share; NULL: not recorded
    const char *model_sha256; // what came out
    const struct json *goal;  // {energy_ratio, max_drop, device}; NULL: not recorded
};

// Spells the parts of `data` (which may have a slice of its own): `held_out` samples at the end are
// never trained on. data: name and samples are set; the rest is filled in. ERR_USAGE.
MUST_CHECK enum status recipe_split(struct context *context, struct arena *arena, int64_t held_out,
                                    int64_t few, struct recipe_data *data);

// From a document; strings, chain, line and goal are borrowed from it. ERR_USAGE naming the key.
MUST_CHECK enum status recipe_read(struct context *context, struct arena *arena,
                                   const struct json *document, struct recipe *out);
// The document, without "achieved" and "goal", which are put behind. The caller frees.
struct json *recipe_to_json(const struct recipe *recipe);

// The chain with another teacher's and other data's names in the place of the recipe's own.
struct json *recipe_rebind(const struct recipe *recipe, const char *teacher,
                           const struct recipe_data *data);

#endif
