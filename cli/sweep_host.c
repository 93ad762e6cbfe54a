// The program around a sweep.
#include "cli/sweep_host.h"

#include <string.h>

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
