// OUT.recipe.json: written beside the student, and taken up again by --recipe.
#include <string.h>

#include "base/json_check.h"
#include "cli/chain_rules.h"
#include "cli/student_search.h"
#include "cli/version.h"
#include "io/file.h"

enum status recipe_write(struct student_search *search, const struct candidate *candidate,
                         const struct named_model *written, const char *path)
{
    struct invocation *invocation = search->invocation;
    const struct recipe recipe = {.ecai = ECAI_VERSION,
                                  .isa = isa_name(search->isa),
                                  .is_plain = invocation->context->is_plain,
                                  .seed = search->seed,
                                  .teacher = search->teacher.path,
                                  .teacher_sha256 = search->teacher.sha256,
                                  .data = search->data,
                                  .chain = candidate->chain,
                                  .model_sha256 = written->sha256};
    struct json *document = recipe_to_json(&recipe), *achieved;
    const struct output_options options = {search->line->target.no_clobber};
    struct text text;
    enum status status;

    if (search->recipe_goal)
        json_add(document, "goal", json_copy(search->recipe_goal));
    else
        search_goal_json(search, document);
    achieved = json_add_object(document, "achieved");
    eval_figures_json(json_member(candidate->record, "held_out"),
                      json_add_object(achieved, "held_out"));
    if (search->test)
        eval_figures_json(search->test, json_add_object(achieved, "test"));
    else
        json_add_null(achieved, "test");
    text_init(&text);
    json_print(document, true, &text);
    json_free(document);
    status = output_file(invocation->context, path, &options, text.at, text.length);
    text_clear(&text);
    return status == OK ? OK : context_fail_in(invocation->context, status, "%s", path);
}

// ---- taking one up ------------------------------------------------------------------------------

static enum status check_inputs(const struct student_search *search, const struct recipe *recipe)
{
    struct context *context = search->invocation->context;

    if (strcmp(recipe->teacher_sha256, search->teacher.sha256) != 0)
        return context_fail(
            context, ERR_FORMAT,
            "was made from another teacher ('%s', sha256 %.16s...), '%s' has %.16s...",
            recipe->teacher, recipe->teacher_sha256, search->teacher.name, search->teacher.sha256);
    if (recipe->data.samples != search->data.samples ||
        strcmp(recipe->data.sha256, search->data.sha256) != 0)
        return context_fail(context, ERR_FORMAT,
                            "was made from other data ('%s', %lld samples, sha256 %.16s...), '%s' "
                            "has %lld samples and %.16s...",
                            recipe->data.name, (long long)recipe->data.samples, recipe->data.sha256,
                            search->data.name, (long long)search->data.samples,
                            search->data.sha256);
    return OK;
}

// The same instruction set gives the same bytes; a machine that lacks it does what it can.
static enum status settle_isa(struct student_search *search, const struct recipe *recipe)
{
    struct context *context = search->invocation->context;
    int isa = isa_from_name(recipe->isa);

    if (isa < 0)
        return context_fail(context, ERR_USAGE, "isa: unknown instruction set '%s'", recipe->isa);
    if (kernels_select((enum isa)isa)) {
        search->isa = (enum isa)isa;
        search->isa_given = isa_name((enum isa)isa);
    } else {
        context_warn(context,
                     "the recipe was made with %s, which this machine does not have: the "
                     "bytes will differ",
                     recipe->isa);
    }
    return OK;
}

static enum status take(struct student_search *search, const struct json *document,
                        struct recipe *recipe, const struct json **out)
{
    struct invocation *invocation = search->invocation;
    struct context *context = invocation->context;
    struct arena *arena = invocation->arena;
    struct json *bound;
    struct chain chain;

    TRY(recipe_read(context, arena, document, recipe));
    TRY(chain_parse(context, arena, recipe->chain, "chain", &chain));
    TRY(chain_check(context, &chain, &command_rules, "chain"));
    TRY(check_inputs(search, recipe));
    TRY(settle_isa(search, recipe));
    if (strcmp(recipe->ecai, ECAI_VERSION) != 0)
        context_warn(context, "the recipe was made with ecai %s, this is %s: the bytes may differ",
                     recipe->ecai, ECAI_VERSION);
    search->seed = recipe->seed;
    context->seed = (uint64_t)recipe->seed;
    context->is_plain = context->is_plain || recipe->is_plain;
    search->recipe_goal = json_member(document, "goal");
    TRY(recipe_split(context, arena, recipe->data.samples - recipe->data.train_samples,
                     recipe->data.few_samples, &search->data));
    bound = recipe_rebind(recipe, search->line->own.teacher, &search->data);
    arena_defer(arena, json_release, bound);
    *out = bound;
    return OK;
}

enum status recipe_take(struct student_search *search, struct recipe *recipe,
                        const struct json **chain)
{
    const char *path = search->line->own.recipe;
    struct json *document = NULL;
    enum status status;

    TRY(read_document(search->invocation->context, path, &document));
    arena_defer(search->invocation->arena, json_release, document);
    status = take(search, document, recipe, chain);
    return status == OK ? OK : context_fail_in(search->invocation->context, status, "%s", path);
}
