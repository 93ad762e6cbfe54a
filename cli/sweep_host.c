// The program around a sweep.
#include "cli/sweep_host.h"

#include <string.h>

#include "cli/certainty.h"
#include "cli/chain_rules.h"
#include "cli/requirement.h"
#include "cli/spawn.h"

static enum status check_requirement(void *self, struct context *context, const char *expression,
                                     const char *const *devices)
{
    struct arena *arena = arena_new();
    struct requirement requirement;
    enum status status = requirement_parse(context, arena, expression, devices, &requirement);

    (void)self;
    arena_free(arena);
    return status;
}

// A key is one that a requirement could name, and a number.
static enum status check_key(void *self, struct context *context, const char *key,
                             const char *const *devices)
{
    struct arena *arena = arena_new();
    const char *expression = arena_format(arena, "%s >= 0", key);
    enum status status;

    status = strpbrk(key, "<>=! ") ? context_fail(context, ERR_USAGE,
                                                  "wants a key of eval's report such as "
                                                  "'energy.joules', got '%s'",
                                                  key)
                                   : check_requirement(self, context, expression, devices);
    arena_free(arena);
    return status;
}

static enum sweep_verdict judge(void *self, const char *expression, const char *const *devices,
                                const struct json *report)
{
    struct arena *arena = arena_new();
    enum verdict verdict = VERDICT_UNKNOWN;
    struct requirement requirement;
    struct context silent;
    double value;

    (void)self;
    context_init(&silent);
    if (requirement_parse(&silent, arena, expression, devices, &requirement) == OK)
        verdict = requirement_judge(&requirement, report, &value);
    arena_free(arena);
    return verdict == VERDICT_HOLDS    ? SWEEP_HOLDS
           : verdict == VERDICT_MISSED ? SWEEP_MISSED
                                       : SWEEP_UNKNOWN;
}

enum status sweep_host_init(struct invocation *invocation, struct sweep_host *out)
{
    const struct global_options *global = invocation->global;
    struct arena *arena = invocation->arena;
    struct chain_line words = {0};

    *out = (struct sweep_host){.rules = &command_rules,
                               .check_requirement = check_requirement,
                               .check_key = check_key,
                               .judge = judge};
    if (global->isa) {
        chain_line_add(arena, &words, "--isa");
        chain_line_add(arena, &words, global->isa);
    }
    if (strcmp(global->conv, "auto") != 0) {
        chain_line_add(arena, &words, "--conv");
        chain_line_add(arena, &words, global->conv);
    }
    if (global->deterministic)
        chain_line_add(arena, &words, "--deterministic");
    if (global->max_memory) {
        chain_line_add(arena, &words, "--max-memory");
        chain_line_add(arena, &words, global->max_memory);
    }
    out->global_words =
        words.count ? (const char *const *)words.word : arena_array(arena, const char *, 1);
    return spawn_program(invocation->context, &out->program);
}

enum status sweep_doubts(struct invocation *invocation, struct sweep *sweep, struct strings *out)
{
    const struct strings *require = &sweep->spec->require;
    struct arena *arena = invocation->arena;
    const char **doubt = arena_array(arena, const char *, (size_t)require->count + 1);
    struct json *line = NULL;
    enum status status = OK;

    *out = (struct strings){0, doubt};
    if (sweep->chosen < 0)
        return OK;
    TRY(sweep_result_json(sweep, sweep->chosen, &line));
    for (int64_t i = 0; i < require->count && status == OK; i++) {
        const char *what = arena_format(arena, "trial %ld: %s", sweep->chosen + 1, require->at[i]);
        struct uncertain_figure figure;
        struct requirement of;
        status = requirement_parse(invocation->context, arena, require->at[i], sweep->spec->devices,
                                   &of);
        if (status == OK && certainty_find(&of, json_member(line, "search"), &figure))
            doubt[out->count] =
                certainty_warn(invocation->context, arena, what, &figure, of.relation, of.value);
        out->count += doubt[out->count] != NULL;
    }
    json_free(line);
    return status;
}
