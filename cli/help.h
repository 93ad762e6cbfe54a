// What the tables say, written for people: --help, the man page and bash completion.
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/field.h"
#include "base/text.h"
#include "cli/command.h"

void help_program(struct text *out);
// method NULL: the command in general.
void help_command(const struct command_row *row, const struct pass *method, struct text *out);
void help_methods(const struct command_row *row, struct text *out); // one a line, indented
// One line. method NULL: any.
void help_usage(const struct command_row *row, const struct pass *method, struct text *out);

void help_man_page(struct text *out);   // roff, man(7)
void help_completion(struct text *out); // for bash

// Parts of a field's help, which may begin with what the value looks like: "FILE|-: where to write
// the report". value: FILE|- or a name by type, "" for a bool.
void field_value_name(const struct field *field, struct text *value);
const char *field_explanation(const struct field *field);

// Calls visit for each field that the command (and method, unless NULL) takes, global ones last. An
// option of the method hides the command's of that name.
void help_each_field(const struct command *command, const struct pass *method,
                     void (*visit)(void *state, const char *title, const struct field *field),
                     void *state);

#endif
