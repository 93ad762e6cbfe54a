// Options of the command line, driven by field tables (base/field.h): `learning_rate` in a table
// is --learning-rate on the line, a bool also takes --no-NAME. Long options are never abbreviated,
// `--` ends options, operands may stand anywhere whatever POSIXLY_CORRECT says.
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"

// A table and the struct it describes. Lists of these end with fields NULL. Names must be
// different over the whole list: the first table that has one takes it.
struct option_set {
    const char *title; // heading in --help
    const struct field *fields;
    void *at; // NULL where only the names matter
};

struct words {
    int count;
    const char **at;
};

// The short options: -o is --out and so on. Ends with letter '\0'.
struct short_option {
    char letter;
    const char *name;
};
extern const struct short_option short_options[];
char option_letter(const char *field_name); // '\0': there is none

// Fills the structs (which hold their defaults already) and gives the operands, in order. argv[0]
// is skipped. Stops early, with OK, when --help or --version is met. ERR_USAGE with a text that
// names the option, and the nearest one if it is unknown.
MUST_CHECK enum status options_parse(struct context *context, struct arena *arena,
                                     const struct option_set *sets, int argc, char **argv,
                                     struct words *operands);

// Index of the first operand, argc if there is none. Options that no set knows are taken to have
// no value of their own.
int options_first_word(const struct option_set *sets, int argc, char **argv);

// Whether --help (or -h) stands among the options.
bool options_ask_help(int argc, char **argv);

#endif
