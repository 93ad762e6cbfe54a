// What a CI reads: the file of --junit, and GitHub's workflow commands.
#include "cli/ci.h"

#include <string.h>

#include "cli/model_args.h"
#include "cli/shell.h"

enum status ci_check(struct invocation *invocation, struct ci *ci)
{
    const char *junit = ci->options->junit;

    TRY(streams_add_output(invocation->context, &invocation->streams, "--junit", junit, false));
    if (junit)
        TRY(model_check_output(invocation, junit, false));
    ci->is_ready = true;
    return OK;
}

// A run that ended well but for a requirement on null says no more than that requirement's verdict.
static bool is_said_by_verdicts(const struct gate *gate, enum status status)
{
    for (int i = 0; i < gate->count && gate->result; i++)
        if (status == ERR_NUMERIC && gate->result[i].verdict == VERDICT_UNKNOWN)
            return true;
    return false;
}

// The runner takes % sequences back, and ends a title at : or ,
static const char *escaped(struct arena *arena, const char *text, bool is_title)
{
    struct text out;
    const char *copy;

    text_init(&out);
    for (const char *c = text; *c; c++)
        if (strchr("%\r\n", *c) || (is_title && strchr(":,", *c)))
            text_format(&out, "%%%02X", (unsigned char)*c);
        else
            text_add_bytes(&out, c, 1);
    copy = arena_copy_text(arena, out.at ? out.at : "");
    text_clear(&out);
    return copy;
}

static void annotate(struct invocation *invocation, const char *level, const char *title,
                     const char *text)
{
    struct arena *arena = invocation->arena;

    console_annotate(invocation->console,
                     arena_format(arena, "::%s title=%s::", level, escaped(arena, title, true)),
                     escaped(arena, text, false));
}

static int annotate_verdicts(struct invocation *invocation, const struct gate *gate)
{
    int held = 0;

    for (int i = 0; i < gate->count && gate->result; i++) {
        const struct gate_result *result = &gate->result[i];
        const char *expression = gate->requirement[i].expression;
        held += result->verdict == VERDICT_HOLDS;
        if (result->verdict == VERDICT_MISSED)
            annotate(invocation, "error", "requirement missed",
                     arena_format(invocation->arena, "%s: the report has %.10g", expression,
                                  result->value));
        else if (result->verdict == VERDICT_UNKNOWN)
            annotate(invocation, "error", "requirement not judged",
                     arena_format(invocation->arena, "%s: the report has null", expression));
    }
    return held;
}

static void annotate_all(struct invocation *invocation, const struct ci *ci,
                         const struct gate *gate, const char *failure)
{
    struct arena *arena = invocation->arena;
    const char *title = arena_format(arena, "ecai %s", invocation->console->verb);
    const char *kept = invocation->console->warnings ? invocation->console->warnings->at : "";
    int held = annotate_verdicts(invocation, gate);

    if (failure)
        annotate(invocation, "error", title, failure);
    for (const char *line = kept; *line;) {
        size_t length = strcspn(line, "\n");
        annotate(invocation, "warning", title, arena_copy_bytes(arena, line, length));
        line += length + (line[length] == '\n');
    }
    if (failure || invocation->console->quiet)
        return;
    if (ci->summary)
        annotate(invocation, "notice", title, ci->summary);
    if (gate->count)
        annotate(invocation, "notice", title,
                 arena_format(arena, "%d of %d requirements hold", held, gate->count));
}

static enum status write_junit(struct invocation *invocation, const struct ci *ci,
                               const struct gate *gate, const char *failure)
{
    const struct text *warnings = invocation->console->warnings;
    struct text text;
    enum status status;

    text_init(&text);
    junit_xml(ci, invocation->console->verb, gate, failure, warnings ? warnings->at : "", &text);
    status = write_result(invocation->context, &text, ci->options->junit);
    text_clear(&text);
    return status;
}

enum status ci_report(struct invocation *invocation, const struct ci *ci, const struct gate *gate,
                      enum status status)
{
    struct context *context = invocation->context;
    const char *error, *failure = NULL;

    if (!ci->is_ready || status == ERR_CANCELLED)
        return status;
    error = arena_copy_text(invocation->arena, context->error);
    if (status != OK && !is_said_by_verdicts(gate, status))
        failure = *error ? error : "failed";
    if (ci->options->annotate)
        annotate_all(invocation, ci, gate, failure);
    if (ci->options->junit) {
        enum status written = write_junit(invocation, ci, gate, failure);
        if (status == OK)
            return written;
    }
    return status == OK ? OK : context_fail(context, status, "%s", error);
}
