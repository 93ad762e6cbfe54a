// ecai internal man|completion: what the build makes from the tables. Hidden.
#include <string.h>

#include "cli/help.h"
#include "cli/shell.h"

static enum status run(struct invocation *invocation)
{
    const char *what = invocation->operand[0];
    struct text text;
    enum status status = OK;

    text_init(&text);
    if (strcmp(what, "man") == 0)
        help_man_page(&text);
    else if (strcmp(what, "completion") == 0)
        help_completion(&text);
    else
        status = context_fail(invocation->context, ERR_USAGE, "unknown page '%s'", what);
    if (status == OK)
        status = print_result(invocation->context, &text);
    text_clear(&text);
    return status;
}

const struct command command_internal = {
    .operands = "man|completion",
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
