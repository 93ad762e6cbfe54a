// What one run of a command is given: global options put into effect, the line, inputs, results.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/command.h"
#include "cli/memory_limit.h"
#include "cli/requirement.h"
#include "cli/shell.h"
#include "cli/tuning_file.h"
#include "io/file.h"
#include "pass/pass.h"

const struct field global_fields[] = {
    FIELD(struct global_options, seed, "0", 0, 9007199254740992.0, "seed of everything random"),
    FIELD(struct global_options, threads, "0", 0, 1024,
          "threads that may work; 0: one a processor"),
    FIELD_CHOICE(struct global_options, isa, NULL, "generic|avx2|avx512|avx512-vnni|amx",
                 "use no later instruction set than this"),
    FIELD_CHOICE(struct global_options, conv, "auto", "auto|direct",
                 "how convolutions are summed: the fastest way, which may round a little worse "
                 "(Winograd), or plainly"),
    FIELD(struct global_options, deterministic, "no", 0, 0,
          "no approximate and no tuned kernels: --conv direct, and --tune is refused"),
    FIELD(
        struct global_options, tune, "no", 0, 0,
        "try the ways to compute each convolution and take the fastest; what was found is kept in "
        "~/.cache/ecai/tuning, for later runs with --tune"),
    FIELD(struct global_options, quiet, "no", 0, 0, "no progress, no notes"),
    FIELD(struct global_options, verbose, "no", 0, 0, "more notes"),
    FIELD_CHOICE(struct global_options, progress, "auto", "auto|always|never",
                 "when to show progress"),
    FIELD(struct global_options, max_memory, NULL, 0, 0,
          "SIZE: fail rather than use more memory (64MiB, 2GiB)"),
    FIELD(struct global_options, version, "no", 0, 0, "print the version"),
    FIELD(struct global_options, help, "no", 0, 0, "print this"),
    FIELDS_END,
};

const struct command_row command_rows[] = {
#define COMMAND(name, summary) {#name, summary, &command_##name},
#define HIDDEN_COMMAND(name) {#name, NULL, &command_##name},
#define COMMAND_ALIAS(alias, name) {#alias, NULL, &command_##name},
#include "cli/commands.def"
    {NULL, NULL, NULL},
};

// The row of which another is an alias; a hidden command is its own.
static const struct command_row *own_row(const struct command_row *alias)
{
    for (const struct command_row *row = command_rows; row->name; row++)
        if (row->summary && row->command == alias->command)
            return row;
    return alias;
}

const struct command_row *command_find(const char *name)
{
    for (const struct command_row *row = command_rows; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row->summary ? row : own_row(row);
    return NULL;
}

const struct pass *command_method(const struct command *command, const char *name)
{
    const struct pass *method;

    for (int i = 0; (method = command->method_at(i)); i++)
        if (strcmp(method->name, name) == 0)
            return method;
    return NULL;
}

void invocation_add_input(struct invocation *invocation, const char *file, const char *sha256)
{
    if (invocation->input_count < INPUT_RECORDS_MAX)
        invocation->input[invocation->input_count++] = (struct input_record){
            arena_copy_text(invocation->arena, file), arena_copy_text(invocation->arena, sha256)};
}

enum status invocation_isa(struct invocation *invocation, enum isa *out)
{
    const char *name = invocation->global->isa ? invocation->global->isa : getenv("ECAI_ISA");
    int isa = name && *name ? isa_from_name(name) : ISA_AUTO;
    const struct kernels *kernels = isa < 0 ? NULL : kernels_select((enum isa)isa);

    if (isa < 0)
        return context_fail(invocation->context, ERR_USAGE,
                            "ECAI_ISA wants generic, avx2, avx512, avx512-vnni or amx, got '%s'",
                            name);
    if (!kernels)
        return context_fail(invocation->context, ERR_UNSUPPORTED,
                            "this machine does not have the instruction set '%s'", name);
    *out = kernels->isa;
    return OK;
}

enum status print_result(struct context *context, const struct text *text)
{
    if (fwrite(text->at, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        return context_fail(context, ERR_IO, "stdout: %s", strerror(errno));
    return OK;
}

enum status write_result(struct context *context, const struct text *text, const char *path)
{
    static const struct output_options replace = {false};
    enum status status;

    if (is_dash(path))
        return print_result(context, text);
    status = output_file(context, path, &replace, text->at, text->length);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

// The line as it could be typed again, for provenance.
const char *invocation_quote_line(struct arena *arena, int argc, char **argv)
{
    struct text text;
    const char *copy;

    text_init(&text);
    for (int i = 0; i < argc; i++) {
        text_add(&text, i == 0 ? "ecai" : " ");
        if (i > 0)
            text_add_shell_word(&text, argv[i]);
    }
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    return copy;
}

static enum status limit_memory(struct invocation *invocation)
{
    const char *text = invocation->global->max_memory;
    double bytes;

    if (!text)
        return OK;
    if (!parse_quantity(text, QUANTITY_BYTES, &bytes) || bytes < 1 || bytes > 1e15)
        return context_fail(invocation->context, ERR_USAGE,
                            "'--max-memory' wants bytes such as 512MiB, got '%s'", text);
    return memory_limit_start(invocation->context, (int64_t)bytes);
}

enum status invocation_apply_global(struct invocation *invocation, const char *name)
{
    const struct global_options *global = invocation->global;
    struct console *console = invocation->console;
    struct context *context = invocation->context;

    context->seed = (uint64_t)global->seed;
    if (global->tune && global->deterministic)
        return context_fail(context, ERR_USAGE,
                            "'--tune' chooses by the clock, which '--deterministic' rules out");
    if (global->tune)
        tuning_file_open(context);
    context->is_plain = global->deterministic || strcmp(global->conv, "direct") == 0;
    context->threads = global->threads ? (int)global->threads : parallel_processors();
    console->quiet = global->quiet;
    console->verbose = global->verbose;
    console->verb = name;
    console->progress = global->progress[1] == 'l'   ? PROGRESS_ALWAYS
                        : global->progress[0] == 'n' ? PROGRESS_NEVER
                                                     : PROGRESS_AUTO;
    return limit_memory(invocation);
}
