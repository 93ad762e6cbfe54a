// The subcommands that read a model and write one, as steps of chains.
#include "cli/chain_rules.h"

#include <string.h>

#include "base/suggest.h"
#include "cli/command.h"
#include "cli/help.h"
#include "pass/pass.h"

// "unknown method 'typed' (did you mean ...?)"; a caller whose path ends in the word leaves it out.
static enum status fail(struct context *context, const char *what, bool names_it,
                        struct suggestion *suggestion)
{
    struct text text;

    text_init(&text);
    text_format(&text, "unknown %s", what);
    if (names_it) {
        text_add(&text, " '");
        text_add_escaped(&text, suggestion->typed, strlen(suggestion->typed));
        text_add(&text, "'");
    }
    suggestion_add(suggestion, "", &text);
    context_fail(context, ERR_USAGE, "%s", text.at);
    text_clear(&text);
    return ERR_USAGE;
}

static enum status check_method(struct context *context, const char *verb,
                                const struct command *command, const char *method)
{
    struct suggestion suggestion;

    if (!command->method_at)
        return method ? context_fail(context, ERR_USAGE, "'%s' takes no method, got '%s'", verb,
                                     method)
                      : OK;
    if (!method)
        return context_fail(context, ERR_USAGE, "'%s' needs a method ('ecai %s --help' lists them)",
                            verb, verb);
    if (command_method(command, method))
        return OK;
    suggestion_init(&suggestion, method);
    for (int i = 0; command->method_at(i); i++)
        suggestion_offer(&suggestion, command->method_at(i)->name);
    return fail(context, "method", true, &suggestion);
}

static enum status check_command(void *self, struct context *context, const char *verb,
                                 const char *method)
{
    const struct command_row *row = command_find(verb);
    struct suggestion suggestion;

    (void)self;
    if (row && row->summary && row->command->makes_model)
        return check_method(context, verb, row->command, method);
    if (row && row->summary)
        return context_fail(context, ERR_USAGE,
                            "'%s' does not turn a model into another: it cannot be a step", verb);
    suggestion_init(&suggestion, verb);
    for (row = command_rows; row->name; row++)
        if (row->summary && row->command->makes_model)
            suggestion_offer(&suggestion, row->name);
    return fail(context, "subcommand", true, &suggestion);
}

struct search {
    const char *name;
    const struct field *found;
    struct suggestion suggestion;
};

static void visit(void *state, const char *title, const struct field *field)
{
    struct search *search = state;

    (void)title;
    if (!search->found && field_find((struct field[]){*field, FIELDS_END}, search->name))
        search->found = field;
    suggestion_offer(&search->suggestion, field->name);
}

static enum status find_option(void *self, struct context *context, const char *verb,
                               const char *method, const char *name, const struct field **out)
{
    const struct command *command = command_find(verb)->command;
    struct search search = {.name = name};

    (void)self;
    suggestion_init(&search.suggestion, name);
    help_each_field(command, method ? command_method(command, method) : NULL, visit, &search);
    *out = search.found;
    return search.found ? OK : fail(context, "option", false, &search.suggestion);
}

const struct chain_rules command_rules = {NULL, check_command, find_option};
