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
    struct json *line = json_object();
    const struct recipe recipe = {.ecai = ECAI_VERSION,
                                  .isa = isa_name(search->isa),
                                  .is_plain = invocation->context->is_plain,
                                  .seed = search->seed,
                                  .teacher = search->teacher.path,
                                  .teacher_sha256 = search->teacher.sha256,
                                  .data = search->data,
                                  .chain = candidate->chain,
                                  .line = line,
                                  .model_sha256 = written->sha256};
    struct json *document, *achieved;
    const struct output_options options = {search->line->target.no_clobber};
    struct text text;
    enum status status;

    search_line_options(search, NULL, line);
    document = recipe_to_json(&recipe);
    json_free(line);
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

// ---- the line -----------------------------------------------------------------------------------

// One option of the line beside the recipe's, at its preset where the recipe has none.
static enum status check_option(struct invocation *invocation, const struct field *field,
                                const void *given, const void *recorded)
{
    struct context *context = invocation->context;
    struct arena *arena = invocation->arena;
    struct text ours, theirs;
    enum status status = OK;

    text_init(&ours);
    text_init(&theirs);
    field_print(field, given, &ours);
    field_print(field, recorded, &theirs);
    if (!field_is_preset(field, given) && strcmp(ours.at, theirs.at) != 0)
        status = context_fail(
            context, ERR_USAGE, "'--%s %s' contradicts the recipe, which was made with %s%s%s",
            option_name(arena, field->name), ours.at, theirs.length ? "'" : "no such option",
            theirs.at, theirs.length ? "'" : "");
    text_clear(&ours);
    text_clear(&theirs);
    return status;
}

static enum status parse_recorded(struct invocation *invocation, const struct field *field,
                                  const struct json *value, void *into)
{
    struct context *context = invocation->context;
    struct arena *arena = invocation->arena;

    TRY(json_check_kind(context, value, JSON_TEXT | JSON_NUMBER | JSON_BOOL | JSON_LIST, ""));
    if (!json_is_array(value))
        return field_parse(context, field, chain_value_text(arena, value), into, arena);
    for (size_t i = 0; i < json_count(value); i++)
        TRY(parse_recorded(invocation, field, json_child(value, i), into));
    return OK;
}

// The recipe's options of one table; those of the line may only repeat them.
static enum status restore(struct student_search *search, const struct field *fields, void *options,
                           size_t bytes)
{
    struct invocation *invocation = search->invocation;
    void *recorded = arena_alloc(invocation->arena, bytes);

    fields_preset(fields, recorded, invocation->arena);
    for (const struct field *field = fields; field->name; field++) {
        const struct json *value = json_member(search->recipe->line, field->name);
        enum status status = value ? parse_recorded(invocation, field, value, recorded) : OK;
        if (status != OK)
            return context_fail_in(invocation->context, status, "line.%s", field->name);
        TRY(check_option(invocation, field, options, recorded));
    }
    memcpy(options, recorded, bytes);
    return OK;
}

static enum status check_names(const struct student_search *search)
{
    for (size_t i = 0; i < json_count(search->recipe->line); i++) {
        const char *name = json_key(json_child(search->recipe->line, i));
        if (!field_find(preprocess_fields, name) && !field_find(run_fields, name) &&
            !field_find(input_fields, name))
            return context_fail(search->invocation->context, ERR_USAGE, "line.%s: unknown option",
                                name);
    }
    return OK;
}

// A recipe without "line" tells nothing of it: the line stands as it is.
static enum status settle_line(struct student_search *search)
{
    struct compress_line *line = arena_alloc(search->invocation->arena, sizeof *line);
    const struct recipe *recipe = search->recipe;

    *line = *search->line;
    search->line = line;
    if (!line->own.device && recipe->goal)
        line->own.device = json_text(json_member(recipe->goal, "device"));
    if (!recipe->line)
        return OK;
    TRY(check_names(search));
    TRY(restore(search, preprocess_fields, &line->preprocess, sizeof line->preprocess));
    TRY(restore(search, run_fields, &line->run, sizeof line->run));
    return restore(search, input_fields, &line->input, sizeof line->input);
}

static enum status open_recipe(struct student_search *search, const struct json *document)
{
    struct context *context = search->invocation->context;
    struct arena *arena = search->invocation->arena;
    struct recipe *recipe = arena_alloc(arena, sizeof *recipe);
    struct chain chain;

    TRY(recipe_read(context, arena, document, recipe));
    TRY(chain_parse(context, arena, recipe->chain, "chain", &chain));
    TRY(chain_check(context, &chain, &command_rules, "chain"));
    search->recipe = recipe;
    return settle_line(search);
}

enum status recipe_open(struct student_search *search)
{
    struct context *context = search->invocation->context;
    const char *path = search->line->own.recipe;
    struct json *document = NULL;
    enum status status;

    if (!path)
        return OK;
    TRY(read_document(context, path, &document));
    arena_defer(search->invocation->arena, json_release, document);
    status = open_recipe(search, document);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
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

static enum status take(struct student_search *search, const struct json **out)
{
    struct invocation *invocation = search->invocation;
    const struct recipe *recipe = search->recipe;
    struct context *context = invocation->context;
    struct arena *arena = invocation->arena;
    struct json *bound;

    TRY(check_inputs(search, recipe));
    TRY(settle_isa(search, recipe));
    if (strcmp(recipe->ecai, ECAI_VERSION) != 0)
        context_warn(context, "the recipe was made with ecai %s, this is %s: the bytes may differ",
                     recipe->ecai, ECAI_VERSION);
    search->seed = recipe->seed;
    context->seed = (uint64_t)recipe->seed;
    context->is_plain = context->is_plain || recipe->is_plain;
    TRY(recipe_split(context, arena, recipe->data.samples - recipe->data.train_samples,
                     recipe->data.few_samples, &search->data));
    bound = recipe_rebind(recipe, search->line->own.teacher, &search->data);
    arena_defer(arena, json_release, bound);
    *out = bound;
    return OK;
}

enum status recipe_take(struct student_search *search, const struct json **chain)
{
    enum status status = take(search, chain);

    return status == OK ? OK
                        : context_fail_in(search->invocation->context, status, "%s",
                                          search->line->own.recipe);
}

bool recipe_binds(const struct student_search *search)
{
    const struct recipe *recipe = search->recipe;

    return strcmp(recipe->ecai, ECAI_VERSION) == 0 &&
           strcmp(recipe->isa, isa_name(search->isa)) == 0 &&
           recipe->is_plain == search->invocation->context->is_plain;
}
