// ecai help: what --help says, for the program, a subcommand or a method.
#include <string.h>

#include "cli/help.h"
#include "cli/shell.h"

static enum status explain(struct invocation *invocation, struct text *text)
{
    const struct command_row *row;
    const struct pass *method = NULL;

    if (invocation->operand_count == 0) {
        help_program(text);
        return OK;
    }
    row = command_find(invocation->operand[0]);
    if (!row)
        return context_fail(invocation->context, ERR_USAGE, "unknown subcommand '%s'",
                            invocation->operand[0]);
    if (invocation->operand_count == 2) {
        method =
            row->command->method_at ? command_method(row->command, invocation->operand[1]) : NULL;
        if (!method)
            return context_fail(invocation->context, ERR_USAGE, "'%s' has no method '%s'",
                                row->name, invocation->operand[1]);
    }
    help_command(row, method, text);
    return OK;
}

static enum status run(struct invocation *invocation)
{
    struct text text;
    enum status status;

    text_init(&text);
    status = explain(invocation, &text);
    if (status == OK)
        status = print_result(invocation->context, &text);
    text_clear(&text);
    return status;
}

const struct command command_help = {
    .operands = "[SUBCOMMAND [METHOD]]",
    .max_operands = 2,
    .run = run,
};
