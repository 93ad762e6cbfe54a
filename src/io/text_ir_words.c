// Words of the text IR: names, quoted texts, what stands between statements, and errors.
#include <stdlib.h>
#include <string.h>

#include "io/text_ir_internal.h"

bool parser_is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
}

bool text_ir_is_plain(const char *name)
{
    if (!*name || strcmp(name, "_") == 0 || (*name >= '0' && *name <= '9') || *name == '-')
        return false;
    while (parser_is_name_char(*name))
        name++;
    return *name == '\0';
}

void parser_skip_spaces(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r')
        parser->at++;
}

// Between statements: spaces, ';', newlines and comments.
void parser_skip_between(struct parser *parser)
{
    for (;; parser->at++) {
        parser_skip_spaces(parser);
        if (*parser->at == '#')
            parser->at += strcspn(parser->at, "\n");
        if (*parser->at == '\n')
            parser->line++;
        else if (*parser->at != ';')
            return;
    }
}

// "'NAME' what"
enum status parser_fail(struct parser *parser, const char *name, const char *what)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail(parser->context, ERR_FORMAT, "'%s' %s", safe.at, what);
    text_clear(&safe);
    return ERR_FORMAT;
}

int parser_hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// A quoted text with \" \\ \n and \xNN; NULL: it does not end.
const char *parser_quoted(struct parser *parser)
{
    char *out = arena_alloc(parser->arena, strcspn(parser->at + 1, "\n") + 2);
    size_t length = 0;

    for (parser->at++; *parser->at != '"'; parser->at++) {
        char c = *parser->at;
        if (c == '\0' || c == '\n')
            return NULL;
        if (c == '\\') {
            c = *++parser->at;
            if (c == 'x' && parser_hex_digit(parser->at[1]) >= 0 &&
                parser_hex_digit(parser->at[2]) >= 0) {
                c = (char)(16 * parser_hex_digit(parser->at[1]) + parser_hex_digit(parser->at[2]));
                parser->at += 2;
            } else if (c == 'n') {
                c = '\n';
            } else if (c != '"' && c != '\\') {
                return NULL;
            }
            if (c == '\0')
                return NULL;
        }
        out[length++] = c;
    }
    parser->at++;
    return out;
}

const char *parser_name(struct parser *parser)
{
    const char *start = parser->at;

    if (*start == '"')
        return parser_quoted(parser);
    while (parser_is_name_char(*parser->at))
        parser->at++;
    return parser->at == start
               ? NULL
               : arena_copy_bytes(parser->arena, start, (size_t)(parser->at - start));
}

enum status parser_want_name(struct parser *parser, const char **out)
{
    *out = parser_name(parser);
    return *out && **out
               ? OK
               : context_fail(parser->context, ERR_FORMAT, "a name is missing or damaged");
}

// What stands after '=': up to a space, ';' or '#', or a quoted text.
const char *parser_word(struct parser *parser)
{
    size_t length;
    const char *word;

    if (*parser->at == '"')
        return parser_quoted(parser);
    if (*parser->at == '[') { // a list may have spaces inside
        char *list;
        length = strcspn(parser->at, "]\n;#");
        length += parser->at[length] == ']';
        list = arena_copy_bytes(parser->arena, parser->at, length);
        parser->at += length;
        length = 0;
        for (const char *c = list; *c; c++)
            if (*c != ' ' && *c != '\t')
                list[length++] = *c;
        list[length] = '\0';
        return list;
    }
    length = strcspn(parser->at, " \t\r\n;#");
    word = arena_copy_bytes(parser->arena, parser->at, length);
    parser->at += length;
    return word;
}

void *parser_grown(struct parser *parser, const void *list, size_t count, size_t item)
{
    char *copy = arena_alloc(parser->arena, (count ? 2 * count : 1) * item);

    if (count)
        memcpy(copy, list, count * item);
    return copy;
}
