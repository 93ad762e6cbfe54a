// --help, from the tables.
#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#include "pass/pass.h"

enum { COLUMN = 30, WIDTH = 96 };

// A help text may begin with the name of its value: "FILE|-: ", "none|unit: ".
static size_t value_length(const char *help)
{
    const char *end = strstr(help, ": ");
    size_t length = end ? (size_t)(end - help) : 0;

    return length && strcspn(help, " ") == length + 1 &&
                   (isupper((unsigned char)*help) || *help == '[' || memchr(help, '|', length))
               ? length
               : 0;
}

const char *field_explanation(const struct field *field)
{
    size_t length = field->help ? value_length(field->help) : 0;

    return !field->help ? "" : length ? field->help + length + 2 : field->help;
}

void field_value_name(const struct field *field, struct text *value)
{
    size_t length = field->help ? value_length(field->help) : 0;

    if (length)
        text_add_bytes(value, field->help, length);
    else if (field->choices)
        text_add(value, field->choices);
    else if (field->type == FIELD_INT)
        text_add(value, "N");
    else if (field->type == FIELD_DOUBLE)
        text_add(value, "X");
    else if (field->type == FIELD_INTS)
        text_add(value, "N,N...");
    else if (field->type == FIELD_FLOATS)
        text_add(value, "X,X...");
    else if (field->type != FIELD_BOOL)
        text_add(value, "TEXT");
}

// Words broken at WIDTH, every line from `indent` on; the first one stands at `column` already.
static void add_wrapped(const char *words, size_t column, size_t indent, struct text *out)
{
    while (*words) {
        text_format(out, "%*s", (int)(indent - column), "");
        column = indent;
        for (bool first = true; *words; first = false) {
            size_t word = strcspn(words, " ");
            if (!first && column + 1 + word > WIDTH)
                break;
            text_format(out, first ? "%.*s" : " %.*s", (int)word, words);
            column += word + !first;
            words += word + strspn(words + word, " ");
        }
        text_add(out, "\n");
        column = 0;
    }
}

static void add_entry(const char *left, const char *right, struct text *out)
{
    size_t column = 2 + strlen(left);

    text_format(out, "  %s", left);
    if (column + 2 > COLUMN || !*right) {
        text_add(out, "\n");
        column = 0;
    }
    add_wrapped(right, column, COLUMN, out);
}

static void add_field(const struct field *field, struct text *out)
{
    struct text left, right;

    text_init(&left);
    text_init(&right);
    if (option_letter(field->name))
        text_format(&left, "-%c, ", option_letter(field->name));
    text_add(&left,
             field->type == FIELD_BOOL && field->preset && *field->preset == 'y' ? "--no-" : "--");
    text_add(&left, field->name);
    for (char *c = left.at; *c; c++)
        *c = *c == '_' ? '-' : *c;
    if (field->type != FIELD_BOOL)
        text_add(&left, " ");
    field_value_name(field, &left);
    text_add(&right, field_explanation(field));
    if (field->type == FIELD_STRINGS)
        text_add(&right, " (repeatable)");
    if (field->preset && field->type != FIELD_BOOL && *field->preset)
        text_format(&right, " (default %s)", field->preset);
    add_entry(left.at, right.at, out);
    text_clear(&left);
    text_clear(&right);
}

void help_each_field(const struct command *command, const struct pass *method,
                     void (*visit)(void *state, const char *title, const struct field *field),
                     void *state)
{
    if (method && method->option)
        for (const struct field *field = method->option; field->name; field++)
            visit(state, method->name, field);
    for (const struct option_group *group = command->groups; group && group->fields; group++)
        for (const struct field *field = group->fields; field->name; field++)
            if (!method || !method->option || !field_find(method->option, field->name))
                visit(state, group->title, field);
    for (const struct field *field = global_fields; field->name; field++)
        visit(state, "every subcommand", field);
}

struct listing {
    struct text *out;
    const char *title;
};

static void list_field(void *state, const char *title, const struct field *field)
{
    struct listing *listing = state;

    if (!listing->title || strcmp(listing->title, title) != 0)
        text_format(listing->out, "\nOptions (%s):\n", title);
    listing->title = title;
    add_field(field, listing->out);
}

void help_usage(const struct command_row *row, const struct pass *method, struct text *out)
{
    const struct command *command = row->command;

    text_format(out, "ecai %s", row->name);
    if (command->method_at)
        text_format(out, " %s", method ? method->name : "METHOD");
    text_format(out, "%s%s%s\n", command->groups ? " [options]" : "", *command->operands ? " " : "",
                command->operands);
}

void help_methods(const struct command_row *row, struct text *out)
{
    const struct pass *method;

    for (int i = 0; (method = row->command->method_at(i)); i++)
        add_entry(method->name, method->summary ? method->summary : "", out);
}

void help_command(const struct command_row *row, const struct pass *method, struct text *out)
{
    struct listing listing = {out, NULL};

    text_add(out, "usage: ");
    help_usage(row, method, out);
    if (method)
        text_format(out, "%s: %s\n", method->name, method->summary ? method->summary : "");
    else if (row->summary)
        text_format(out, "%s\n", row->summary);
    if (row->command->details) {
        text_add(out, "\n");
        add_wrapped(row->command->details, 0, 0, out);
    }
    if (row->command->examples)
        text_format(out, "\nExamples:\n%s", row->command->examples);
    if (row->command->method_at && !method) {
        text_add(out, "\nMethods:\n");
        help_methods(row, out);
        text_format(out, "\n'ecai %s METHOD --help' lists the options of a method.\n", row->name);
    }
    help_each_field(row->command, method, list_field, &listing);
}

void help_program(struct text *out)
{
    text_add(out, "usage: ecai SUBCOMMAND [METHOD] [options] [FILE]...\n"
                  "prunes, quantises, distils, evaluates and exports ONNX networks\n"
                  "\nSubcommands:\n");
    for (const struct command_row *row = command_rows; row->name; row++)
        if (row->summary)
            add_entry(row->name, row->summary, out);
    text_add(out, "\nOptions (every subcommand):\n");
    for (const struct field *field = global_fields; field->name; field++)
        add_field(field, out);
    text_add(out, "\n'ecai SUBCOMMAND --help' explains a subcommand. MODEL and OUT may be '-'.\n");
}
