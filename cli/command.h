// What a subcommand is: one descriptor in its file (cmd_NAME.c), one row in commands.def. The
// shell parses the line by the descriptor's tables, so that help, man page and completion need
// nothing else.
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/streams.h"
#include "kernels/kernels.h"

struct pass;

// One table of a command's options and where its struct lies in the command's own. Lists end with
// fields NULL.
struct option_group {
    const char *title;
    const struct field *fields;
    size_t offset;
};

// A file that was read, for provenance and history.
struct input_record {
    const char *file, *sha256;
};
enum { INPUT_RECORDS_MAX = 64 };

// One run of a command, as the shell hands it over.
struct invocation {
    struct context *context;
    struct arena *arena; // for whatever the command needs until it ends
    struct console *console;
    struct streams streams; // who uses stdin and stdout
    const struct command *command;
    const struct global_options *global;
    const void *options;       // the command's struct
    const struct pass *method; // NULL: the command has none
    void *method_options;
    int operand_count; // checked against the command's bounds
    const char *const *operand;
    const char *line;                             // as typed, for provenance
    struct input_record input[INPUT_RECORDS_MAX]; // read so far, by model_open and the like
    int input_count;
    bool requirement_missed; // set by the command: exit 3
};

// The instruction set to use: --isa, else $ECAI_ISA, else the best. ERR_UNSUPPORTED if the machine
// lacks it.
MUST_CHECK enum status invocation_isa(struct invocation *invocation, enum isa *out);
// Seed, threads, what is said on stderr, the limit of memory. name: of the command.
MUST_CHECK enum status invocation_apply_global(struct invocation *invocation, const char *name);
// The line as it could be typed again.
const char *invocation_quote_line(struct arena *arena, int argc, char **argv);
void invocation_add_input(struct invocation *invocation, const char *file, const char *sha256);

struct command {
    const char *operands;              // "MODEL -o OUT", for usage
    const char *details;               // a paragraph for --help and the man page; NULL: none
    const char *examples;              // lines as they are typed; NULL: none
    int min_operands, max_operands;    // -1: any number
    const struct option_group *groups; // NULL: none
    size_t option_bytes;
    bool makes_model;                           // reads a model and writes one: a step of chains
    const struct pass *(*method_at)(int index); // NULL: takes no METHOD
    // The text that is left in the context on failure is printed by the shell.
    enum status (*run)(struct invocation *invocation);
};

struct global_options {
    int64_t seed, threads;
    const char *isa, *conv, *progress, *max_memory;
    bool deterministic, tune, quiet, verbose, help, version;
};
extern const struct field global_fields[];

struct command_row {
    const char *name, *summary; // summary NULL: hidden
    const struct command *command;
};
extern const struct command_row command_rows[];           // ends with name NULL
const struct command_row *command_find(const char *name); // aliases too; NULL: none
const struct pass *command_method(const struct command *command, const char *name); // or NULL

#define COMMAND(name, summary) extern const struct command command_##name;
#define HIDDEN_COMMAND(name) extern const struct command command_##name;
#define COMMAND_ALIAS(alias, name)
#include "cli/commands.def"
#undef COMMAND
#undef HIDDEN_COMMAND
#undef COMMAND_ALIAS

#endif
