// Finds the subcommand and its method, parses the rest by their tables, runs it.
#include "cli/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "base/suggest.h"
#include "cli/tuning_file.h"
#include "cli/version.h"
#include "pass/pass.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_MISSED };

// What one start of the program holds.
struct shell {
    struct context context;
    struct console console;
    struct arena *arena;
    struct global_options global;
    int argc; // what is left of the line: verb and method are taken out as they are found
    char **argv;
    const struct command_row *row;
    const struct pass *method;
};

static void take_word(struct shell *shell, int index)
{
    memmove(shell->argv + index, shell->argv + index + 1,
            (size_t)(shell->argc - index) * sizeof *shell->argv); // with the closing NULL
    shell->argc--;
}

static enum status print_help(struct shell *shell)
{
    struct text text;
    enum status status;

    text_init(&text);
    if (shell->global.version)
        text_add(&text, "ecai " ECAI_VERSION "\n");
    else if (shell->row)
        help_command(shell->row, shell->method, &text);
    else
        help_program(&text);
    status = print_result(&shell->context, &text);
    text_clear(&text);
    return status;
}

// Finds the verb; options before it must be global ones. *done: help or version was all.
static enum status find_verb(struct shell *shell, bool *done)
{
    struct option_set sets[] = {{"", global_fields, &shell->global}, {NULL, NULL, NULL}};
    int index = options_first_word(sets, shell->argc, shell->argv);
    struct suggestion suggestion;
    struct words none;
    struct text text;

    TRY(options_parse(&shell->context, shell->arena, sets, index, shell->argv, &none));
    *done = shell->global.version || shell->global.help;
    if (*done)
        return print_help(shell);
    if (index == shell->argc)
        return context_fail(&shell->context, ERR_USAGE,
                            "no subcommand given ('ecai --help' lists them)");
    shell->row = command_find(shell->argv[index]);
    if (shell->row) {
        take_word(shell, index);
        return OK;
    }
    suggestion_init(&suggestion, shell->argv[index]);
    for (const struct command_row *row = command_rows; row->name; row++)
        if (row->summary)
            suggestion_offer(&suggestion, row->name);
    text_init(&text);
    suggestion_add(&suggestion, "", &text);
    context_fail(&shell->context, ERR_USAGE, "unknown subcommand '%s'%s", shell->argv[index],
                 text.at);
    text_clear(&text);
    return ERR_USAGE;
}

// Tables of the command, of all its methods and the global ones, to know which options take a word.
static const struct option_set *every_set(struct shell *shell)
{
    const struct command *command = shell->row->command;
    size_t count = 2, at = 0;
    struct option_set *sets;

    for (const struct option_group *group = command->groups; group && group->fields; group++)
        count++;
    for (int i = 0; command->method_at && command->method_at(i); i++)
        count++;
    sets = arena_array(shell->arena, struct option_set, count);
    for (const struct option_group *group = command->groups; group && group->fields; group++)
        sets[at++] = (struct option_set){group->title, group->fields, NULL};
    for (int i = 0; command->method_at && command->method_at(i); i++)
        if (command->method_at(i)->option)
            sets[at++] = (struct option_set){"", command->method_at(i)->option, NULL};
    sets[at] = (struct option_set){"", global_fields, NULL};
    return sets;
}

static bool is_file(const char *word)
{
    struct stat file;
    const char *dot = strrchr(word, '.');

    return is_dash(word) || strchr(word, '/') || (dot && strcmp(dot, ".onnx") == 0) ||
           stat(word, &file) == 0;
}

static enum status no_method(struct shell *shell, const char *word)
{
    struct suggestion suggestion;
    struct text text;

    text_init(&text);
    if (!*word) {
        text_format(&text, "no METHOD given to '%s'", shell->row->name);
    } else if (is_file(word)) {
        text_format(&text, "'%s' is a file, not a method", word);
    } else {
        suggestion_init(&suggestion, word);
        for (int i = 0; shell->row->command->method_at(i); i++)
            suggestion_offer(&suggestion, shell->row->command->method_at(i)->name);
        text_format(&text, "unknown method '%s'", word);
        suggestion_add(&suggestion, "", &text);
    }
    text_format(&text, "\nmethods of '%s':\n", shell->row->name);
    help_methods(shell->row, &text);
    if (text.at[text.length - 1] == '\n')
        text.at[--text.length] = '\0';
    context_fail(&shell->context, ERR_USAGE, "%s", text.at);
    text_clear(&text);
    return ERR_USAGE;
}

// The method is the first operand: its table must be known before the options are parsed.
static enum status find_method(struct shell *shell, bool *done)
{
    int index = options_first_word(every_set(shell), shell->argc, shell->argv);
    const char *word = index < shell->argc ? shell->argv[index] : "";

    shell->method = command_method(shell->row->command, word);
    if (shell->method) {
        take_word(shell, index);
        return OK;
    }
    *done = options_ask_help(shell->argc, shell->argv);
    return *done ? print_help(shell) : no_method(shell, word);
}

static enum status parse_options(struct shell *shell, struct invocation *invocation)
{
    const struct command *command = shell->row->command;
    const struct pass *method = shell->method;
    struct option_set sets[16] = {{NULL, NULL, NULL}};
    size_t count = 0;
    char *options = arena_alloc(shell->arena, command->option_bytes);
    struct words operands;

    if (method && method->option) {
        invocation->method_options = arena_alloc(shell->arena, method->option_bytes);
        sets[count++] = (struct option_set){"", method->option, invocation->method_options};
    }
    for (const struct option_group *group = command->groups; group && group->fields; group++)
        sets[count++] = (struct option_set){"", group->fields, options + group->offset};
    for (size_t i = 0; i < count; i++)
        fields_preset(sets[i].fields, sets[i].at, shell->arena);
    sets[count] = (struct option_set){"", global_fields, &shell->global};
    TRY(options_parse(&shell->context, shell->arena, sets, shell->argc, shell->argv, &operands));
    invocation->options = options;
    invocation->operand = operands.at;
    invocation->operand_count = operands.count;
    return OK;
}

static enum status check_operands(struct shell *shell, const struct invocation *invocation)
{
    const struct command *command = shell->row->command;
    struct text usage;

    for (int i = 0; i < invocation->operand_count; i++)
        if (!*invocation->operand[i])
            return context_fail(&shell->context, ERR_USAGE, "operand %d is empty", i + 1);
    if (invocation->operand_count >= command->min_operands &&
        (command->max_operands < 0 || invocation->operand_count <= command->max_operands))
        return OK;
    text_init(&usage);
    help_usage(shell->row, shell->method, &usage);
    usage.at[--usage.length] = '\0';
    if (invocation->operand_count < command->min_operands)
        context_fail(&shell->context, ERR_USAGE, "an operand is missing; usage: %s", usage.at);
    else
        context_fail(&shell->context, ERR_USAGE, "'%s' is one operand too many; usage: %s",
                     invocation->operand[command->max_operands], usage.at);
    text_clear(&usage);
    return ERR_USAGE;
}

static enum status run(struct shell *shell, bool *missed)
{
    struct invocation invocation = {.context = &shell->context,
                                    .arena = shell->arena,
                                    .console = &shell->console,
                                    .global = &shell->global};
    bool done = false;
    enum status status;

    invocation.line = invocation_quote_line(shell->arena, shell->argc, shell->argv);
    TRY(find_verb(shell, &done));
    if (!done && shell->row->command->method_at)
        TRY(find_method(shell, &done));
    if (done)
        return OK;
    TRY(parse_options(shell, &invocation));
    if (shell->global.help || shell->global.version)
        return print_help(shell);
    TRY(invocation_apply_global(&invocation, shell->row->name));
    TRY(check_operands(shell, &invocation));
    invocation.command = shell->row->command;
    invocation.method = shell->method;
    status = invocation.command->run(&invocation);
    *missed = invocation.requirement_missed;
    return status;
}

int shell_main(int argc, char **argv)
{
    struct shell shell;
    bool missed = false;
    enum status status;

    memset(&shell, 0, sizeof shell);
    blas_single_thread();
    context_init(&shell.context);
    console_init(&shell.console);
    shell.context.sink = console_sink(&shell.console);
    shell.context.cancelled = interrupt_flag();
    shell.arena = arena_new();
    shell.argc = argc;
    shell.argv = arena_copy(shell.arena, argv, ((size_t)argc + 1) * sizeof *argv);
    fields_preset(global_fields, &shell.global, shell.arena);
    status = argc > 0 ? run(&shell, &missed) : ERR_USAGE;
    tuning_file_close(&shell.context);
    console_clear(&shell.console);
    if (status != OK && !*interrupt_flag())
        console_error(&shell.console, *shell.context.error ? shell.context.error : "failed");
    arena_free(shell.arena);
    return status == OK          ? (missed ? EXIT_MISSED : EXIT_DONE)
           : status == ERR_USAGE ? EXIT_USAGE
                                 : EXIT_FAILED;
}
