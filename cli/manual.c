// The man page and the bash completion, from the tables.
#include <string.h>

#include "cli/help.h"
#include "pass/pass.h"

// roff takes a leading dot or quote for a request, and '\' for an escape; '-' is to be copied from
// the page as the plain minus.
static void add_roff(const char *text, struct text *out)
{
    bool at_start = true;

    for (const char *c = text; *c; c++) {
        if (at_start && (*c == '.' || *c == '\''))
            text_add(out, "\\&");
        if (*c == '\\')
            text_add(out, "\\e");
        else if (*c == '-')
            text_add(out, "\\-");
        else
            text_add_bytes(out, c, 1);
        at_start = *c == '\n';
    }
}

static void add_name(const char *name, struct text *out)
{
    for (const char *c = name; *c; c++)
        text_add(out, *c == '_' || *c == '-' ? "\\-" : (char[]){*c, '\0'});
}

static void add_man_field(const struct field *field, struct text *out)
{
    struct text value;
    char letter = option_letter(field->name);

    text_add(out, ".TP\n.B ");
    if (letter)
        text_format(out, "\\-%c, ", letter);
    text_add(out, "\\-\\-");
    add_name(field->name, out);
    text_init(&value);
    field_value_name(field, &value);
    if (value.length) {
        text_add(out, " \\fI");
        add_roff(value.at, out);
        text_add(out, "\\fR");
    }
    text_add(out, "\n");
    add_roff(field_explanation(field), out);
    if (field->preset && *field->preset && field->type != FIELD_BOOL) {
        text_add(out, " (default ");
        add_roff(field->preset, out);
        text_add(out, ")");
    }
    text_add(out, "\n");
    text_clear(&value);
}

static void add_man_command(const struct command_row *row, struct text *out)
{
    const struct command *command = row->command;
    const struct pass *method;
    struct text usage;

    text_init(&usage);
    help_usage(row, NULL, &usage);
    text_format(out, ".SS %s\n", row->name);
    add_roff(row->summary, out);
    text_add(out, "\n.PP\n.B ");
    add_roff(usage.at, out);
    text_clear(&usage);
    if (command->details) {
        text_add(out, ".PP\n");
        add_roff(command->details, out);
        text_add(out, "\n");
    }
    if (command->examples) {
        text_add(out, ".PP\nExamples:\n.PP\n.nf\n");
        add_roff(command->examples, out);
        text_add(out, ".fi\n");
    }
    for (const struct option_group *group = command->groups; group && group->fields; group++)
        for (const struct field *field = group->fields; field->name; field++)
            add_man_field(field, out);
    for (int i = 0; command->method_at && (method = command->method_at(i)); i++) {
        text_format(out, ".PP\nMethod\n.BR %s :\n", method->name);
        add_roff(method->summary ? method->summary : "", out);
        text_add(out, "\n");
        for (const struct field *field = method->option; field && field->name; field++)
            add_man_field(field, out);
    }
}

void help_man_page(struct text *out)
{
    text_add(out, ".TH ECAI 1\n.SH NAME\n"
                  "ecai \\- prunes, quantises, distils, evaluates and exports ONNX networks\n"
                  ".SH SYNOPSIS\n.B ecai\n\\fISUBCOMMAND\\fR [\\fIMETHOD\\fR] [\\fIoptions\\fR] "
                  "[\\fIFILE\\fR]...\n.SH SUBCOMMANDS\n");
    for (const struct command_row *row = command_rows; row->name; row++)
        if (row->summary)
            add_man_command(row, out);
    text_add(out, ".SH OPTIONS OF EVERY SUBCOMMAND\n");
    for (const struct field *field = global_fields; field->name; field++)
        add_man_field(field, out);
    text_add(
        out,
        ".SH FILES\nA model or output named\n.B \\-\nis stdin or stdout. Formats are known by "
        "content, never by name.\n.SH EXIT STATUS\n0: done. 1: failed (input or environment). "
        "2: wrong usage. 3: a requirement was missed, the report is complete. Interrupted: "
        "ends by the signal.\n.SH ENVIRONMENT\n.TP\n.B ECAI_DATA\nfolder of data sets\n.TP\n"
        ".B ECAI_DEVICES\nfolder of energy profiles\n.TP\n.B ECAI_ISA\ngeneric, avx2, avx512, "
        "avx512-vnni or amx\n.TP\n.B XDG_CACHE_HOME\nfolder of ecai/tuning, what \\-\\-tune found "
        "(else ~/.cache)\n");
}

// The words that completion offers for one command: options, then methods.
static void add_word(void *state, const char *title, const struct field *field)
{
    struct text *out = state;

    (void)title;
    text_add(out, " --");
    for (const char *c = field->name; *c; c++)
        text_add(out, *c == '_' ? "-" : (char[]){*c, '\0'});
}

static void add_completion(const struct command_row *row, struct text *out)
{
    const struct pass *method;

    text_format(out, "    %s)\n        options=\"", row->name);
    help_each_field(row->command, NULL, add_word, out);
    text_add(out, "\"\n");
    if (row->command->method_at) {
        text_add(out, "        methods=\"");
        for (int i = 0; (method = row->command->method_at(i)); i++)
            text_format(out, " %s", method->name);
        text_add(out, "\"\n        case $method in\n");
        for (int i = 0; (method = row->command->method_at(i)); i++) {
            text_format(out, "        %s) options+=\"", method->name);
            for (const struct field *field = method->option; field && field->name; field++)
                add_word(out, "", field);
            text_add(out, "\" ;;\n");
        }
        text_add(out, "        esac\n");
    }
    text_add(out, "        ;;\n");
}

void help_completion(struct text *out)
{
    text_add(out, "# bash completion for ecai, made by `ecai internal completion`\n"
                  "_ecai()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} verb= method= options= methods= i\n"
                  "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "        case ${COMP_WORDS[i]} in\n        -*) ;;\n"
                  "        *) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]};\n"
                  "           elif [[ -z $method ]]; then method=${COMP_WORDS[i]}; fi ;;\n"
                  "        esac\n    done\n    case $verb in\n    '')\n        methods=\"");
    for (const struct command_row *row = command_rows; row->name; row++)
        if (row->summary)
            text_format(out, " %s", row->name);
    text_add(out, "\"\n        options=\"");
    for (const struct field *field = global_fields; field->name; field++)
        add_word(out, "", field);
    text_add(out, "\"\n        ;;\n");
    for (const struct command_row *row = command_rows; row->name; row++)
        if (row->summary)
            add_completion(row, out);
    text_add(out, "    esac\n"
                  "    if [[ $word == -* ]]; then\n"
                  "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                  "    elif [[ -n $methods && -z $method ]]; then\n"
                  "        COMPREPLY=($(compgen -W \"$methods\" -- \"$word\"))\n"
                  "    else\n"
                  "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
                  "    fi\n}\ncomplete -o filenames -F _ecai ecai\n");
}
