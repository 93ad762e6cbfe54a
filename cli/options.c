// Field tables -> getopt_long. getopt_long splits the words; the names are looked up here first,
// because it would accept every prefix of one.
#include "cli/options.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "base/suggest.h"

const struct short_option short_options[] = {
    {'h', "help"}, {'o', "out"}, {'q', "quiet"}, {'v', "verbose"}, {'\0', NULL}};

// One long option as getopt_long sees it.
struct known {
    const struct field *field;
    void *at;
    bool negated;
};

struct parser {
    struct context *context;
    struct arena *arena;
    const struct option_set *sets;
    struct option *option; // ends with a row of zeros
    struct known *known;   // same index
    int count;
    struct words *operands;
};

char option_letter(const char *field_name)
{
    for (const struct short_option *s = short_options; s->letter; s++)
        if (strcmp(s->name, field_name) == 0)
            return s->letter;
    return '\0';
}

static const char *name_of_letter(char letter)
{
    for (const struct short_option *s = short_options; s->letter; s++)
        if (s->letter == letter)
            return s->name;
    return NULL;
}

static void add_known(struct parser *parser, const struct field *field, void *at, bool negated)
{
    const char *name = option_name(parser->arena, field->name);
    int has_arg = required_argument;

    if (negated) {
        name = arena_format(parser->arena, "no-%s", name);
        has_arg = no_argument;
    } else if (field->type == FIELD_BOOL) {
        has_arg = optional_argument;
    }
    for (int i = 0; i < parser->count; i++)
        if (strcmp(parser->option[i].name, name) == 0)
            return; // the first table takes it
    parser->option[parser->count] = (struct option){name, has_arg, NULL, 0};
    parser->known[parser->count++] = (struct known){field, at, negated};
}

static void collect(struct parser *parser)
{
    size_t fields = 0;

    for (const struct option_set *set = parser->sets; set->fields; set++)
        for (const struct field *field = set->fields; field->name; field++)
            fields++;
    parser->option = arena_array(parser->arena, struct option, 2 * fields + 1);
    parser->known = arena_array(parser->arena, struct known, 2 * fields);
    for (int negated = 0; negated < 2; negated++)
        for (const struct option_set *set = parser->sets; set->fields; set++)
            for (const struct field *field = set->fields; field->name; field++)
                if (!negated || field->type == FIELD_BOOL)
                    add_known(parser, field, set->at, negated != 0);
}

static int find_long(const struct parser *parser, const char *name, size_t length)
{
    for (int i = 0; i < parser->count; i++)
        if (strlen(parser->option[i].name) == length &&
            memcmp(parser->option[i].name, name, length) == 0)
            return i;
    return -1;
}

static int find_short(const struct parser *parser, char letter)
{
    const char *name = name_of_letter(letter);

    return name ? find_long(parser, name, strlen(name)) : -1;
}

static enum status unknown_option(const struct parser *parser, const char *typed, size_t length)
{
    struct suggestion suggestion;
    struct text text;
    enum status status;

    suggestion_init(&suggestion, arena_copy_bytes(parser->arena, typed, length));
    for (int i = 0; i < parser->count; i++)
        suggestion_offer(&suggestion, parser->option[i].name);
    text_init(&text);
    text_add(&text, "unknown option '--");
    text_add_escaped(&text, typed, length);
    text_add(&text, "'");
    suggestion_add(&suggestion, "--", &text);
    status = context_fail(parser->context, ERR_USAGE, "%s", text.at);
    text_clear(&text);
    return status;
}

static enum status set_option(const struct parser *parser, int index, const char *value)
{
    const struct known *known = &parser->known[index];
    const char *name = parser->option[index].name;

    if (known->negated)
        value = "no";
    else if (known->field->type == FIELD_BOOL && !value)
        value = "yes";
    if (!value)
        return context_fail(parser->context, ERR_USAGE, "'--%s' wants a value", name);
    return field_parse(parser->context, known->field, value, known->at, parser->arena);
}

static void add_operand(struct parser *parser, const char *word)
{
    parser->operands->at[parser->operands->count++] = word;
}

// What getopt_long answered for the word argv[at]; the answers '?' and ':' are told apart by
// ourselves since its own messages are off.
static enum status take(struct parser *parser, int answer, int index, const char *word)
{
    bool is_long = strncmp(word, "--", 2) == 0;

    if (answer == 1) {
        add_operand(parser, optarg);
        return OK;
    }
    if (answer == 0)
        return set_option(parser, index, optarg);
    if (is_long && answer == ':')
        return context_fail(parser->context, ERR_USAGE, "'%s' wants a value", word);
    if (is_long)
        return context_fail(parser->context, ERR_USAGE, "'%.*s' takes no value",
                            (int)strcspn(word, "="), word);
    if (answer == ':')
        return context_fail(parser->context, ERR_USAGE, "'-%c' wants a value", optopt);
    if (answer == '?' || find_short(parser, (char)answer) < 0)
        return context_fail(parser->context, ERR_USAGE, "unknown option '-%c'",
                            answer == '?' ? optopt : answer);
    return set_option(parser, find_short(parser, (char)answer), optarg);
}

static bool ends_parsing(const struct parser *parser, int answer, int index)
{
    const char *name = answer == 0 && index >= 0 ? parser->option[index].name
                       : answer > 1              ? name_of_letter((char)answer)
                                                 : NULL;

    return name && (strcmp(name, "help") == 0 || strcmp(name, "version") == 0);
}

// A leading '-' keeps the order of operands and options, which also makes POSIXLY_CORRECT and
// getopt's reordering of argv moot; ':' turns its messages off.
static const char letters[] = "-:ho:qv";

enum status options_parse(struct context *context, struct arena *arena,
                          const struct option_set *sets, int argc, char **argv,
                          struct words *operands)
{
    struct parser parser = {context, arena, sets, NULL, NULL, 0, operands};
    bool inside = false; // a cluster of short options such as -qv

    *operands = (struct words){0, arena_array(arena, const char *, (size_t)argc + 1)};
    collect(&parser);
    optind = 0; // both glibc and musl start afresh
    for (;;) {
        int before = optind == 0 ? 1 : optind, index = -1, answer;
        const char *word = before < argc ? argv[before] : "";

        if (!inside && strncmp(word, "--", 2) == 0 && word[2] &&
            find_long(&parser, word + 2, strcspn(word + 2, "=")) < 0)
            return unknown_option(&parser, word + 2, strcspn(word + 2, "="));
        answer = getopt_long(argc, argv, letters, parser.option, &index);
        if (answer == -1)
            break;
        inside = answer != 0 && answer != 1 && optind == before;
        TRY(take(&parser, answer, index, word));
        if (ends_parsing(&parser, answer, index))
            return OK;
    }
    for (int i = optind; i < argc; i++)
        add_operand(&parser, argv[i]);
    return OK;
}

// Whether the option in `word` takes the next word as its value.
static bool takes_next(const struct option_set *sets, const char *word)
{
    const char *name = word + 2;

    if (strchr(word, '='))
        return false;
    if (word[1] != '-') {
        const char *last = word + strlen(word) - 1;
        return *last == 'o' && strchr(word, 'o') == last;
    }
    for (const struct option_set *set = sets; set->fields; set++) {
        const struct field *field = field_find(set->fields, name);
        if (field)
            return field->type != FIELD_BOOL;
    }
    return false;
}

int options_first_word(const struct option_set *sets, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return i + 1 < argc ? i + 1 : argc;
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            return i;
        if (takes_next(sets, argv[i]))
            i++;
    }
    return argc;
}

bool options_ask_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}
