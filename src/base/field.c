// Field tables: parsing, printing, comparing and copying structs that a table describes.
#include "base/field.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t type_bytes[] = {
    [FIELD_BOOL] = sizeof(bool),
    [FIELD_INT] = sizeof(int64_t),
    [FIELD_DOUBLE] = sizeof(double),
    [FIELD_STRING] = sizeof(char *),
    [FIELD_INTS] = sizeof(struct ints),
    [FIELD_FLOATS] = sizeof(struct floats),
    [FIELD_STRINGS] = sizeof(struct strings),
    [FIELD_TENSOR] = sizeof(struct tensor *),
    [FIELD_GRAPH] = sizeof(struct graph *),
};

static void *member(const struct field *field, void *at)
{
    return (char *)at + field->offset;
}

static const void *const_member(const struct field *field, const void *at)
{
    return (const char *)at + field->offset;
}

static bool parse_plain(const char *text, const char **end, double *out)
{
    char *stop;

    if (*text == '\0' || strchr(" \t\n", *text))
        return false;
    *out = strtod(text, &stop);
    *end = stop;
    return stop != text && isfinite(*out);
}

bool parse_number(const char *text, double *out)
{
    const char *end;
    double divisor;

    if (!parse_plain(text, &end, out))
        return false;
    if (*end == '\0')
        return true;
    if (*end != '/' || !parse_plain(end + 1, &end, &divisor) || *end != '\0' || divisor == 0)
        return false;
    *out /= divisor;
    return true;
}

static bool parse_int(const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && !strchr(" \t\n", *text);
}

static bool parse_bool(const char *text, bool *out)
{
    static const char *const words[2][4] = {{"no", "false", "off", "0"},
                                            {"yes", "true", "on", "1"}};

    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 4; i++)
            if (strcmp(text, words[value][i]) == 0) {
                *out = value != 0;
                return true;
            }
    return false;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);

    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, text, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return true;
    return false;
}

static bool in_range(const struct field *field, double number)
{
    return (field->min == 0 && field->max == 0) || (number >= field->min && number <= field->max);
}

static bool parse_list(const struct field *field, const char *text, void *at, struct arena *arena)
{
    char *copy = arena_copy_text(arena, text), *piece = copy;
    size_t count = 1, i = 0;

    for (const char *c = text; *c; c++)
        count += *c == ',' || *c == 'x';
    int64_t *ints = arena_array(arena, int64_t, count);
    double *floats = arena_array(arena, double, count);
    for (; piece; i++) {
        char *comma = strpbrk(piece, field->type == FIELD_INTS ? ",x" : ",");
        if (comma)
            *comma = '\0';
        if (field->type == FIELD_INTS ? !parse_int(piece, &ints[i])
                                      : !parse_number(piece, &floats[i]))
            return false;
        if (!in_range(field, field->type == FIELD_INTS ? (double)ints[i] : floats[i]))
            return false;
        piece = comma ? comma + 1 : NULL;
    }
    if (field->type == FIELD_INTS)
        *(struct ints *)at = (struct ints){(int64_t)i, ints};
    else
        *(struct floats *)at = (struct floats){(int64_t)i, floats};
    return true;
}

static void append_string(struct strings *list, const char *text, struct arena *arena)
{
    const char **grown = arena_array(arena, const char *, (size_t)list->count + 1);

    if (list->count)
        memcpy(grown, list->at, (size_t)list->count * sizeof *grown);
    grown[list->count] = arena_copy_text(arena, text);
    list->at = grown;
    list->count++;
}

static const char *wanted(const struct field *field, struct text *text)
{
    static const char *const kinds[] = {
        [FIELD_BOOL] = "yes or no",     [FIELD_INT] = "a whole number",
        [FIELD_DOUBLE] = "a number",    [FIELD_STRING] = "a text",
        [FIELD_INTS] = "whole numbers", [FIELD_FLOATS] = "numbers separated by commas",
        [FIELD_STRINGS] = "a text",     [FIELD_TENSOR] = "a tensor",
        [FIELD_GRAPH] = "a graph",
    };

    text_init(text);
    if (field->choices) {
        text_format(text, "one of %s", field->choices);
    } else {
        text_add(text, kinds[field->type]);
        if (field->min != 0 || field->max != 0) {
            text_add(text, " from ");
            text_add_double(text, field->min);
            text_add(text, " to ");
            text_add_double(text, field->max);
        }
    }
    return text->at;
}

static bool parse_into(const struct field *field, const char *text, void *to, struct arena *arena)
{
    switch (field->type) {
    case FIELD_BOOL:
        return parse_bool(text, to);
    case FIELD_INT:
        return parse_int(text, to) && in_range(field, (double)*(int64_t *)to);
    case FIELD_DOUBLE:
        return parse_number(text, to) && in_range(field, *(double *)to);
    case FIELD_STRING:
        if (field->choices && !is_choice(field->choices, text))
            return false;
        *(const char **)to = arena_copy_text(arena, text);
        return true;
    case FIELD_STRINGS:
        append_string(to, text, arena);
        return true;
    case FIELD_INTS:
    case FIELD_FLOATS:
        return parse_list(field, text, to, arena);
    case FIELD_TENSOR:
    case FIELD_GRAPH:
        break;
    }
    return false;
}

enum status field_parse(struct context *context, const struct field *field, const char *text,
                        void *at, struct arena *arena)
{
    // Parsed aside first, so that a refused text leaves the old value.
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *string;
        struct ints ints;
        struct floats floats;
        struct strings strings;
    } value;
    void *to = member(field, at);

    memset(&value, 0, sizeof value);
    memcpy(&value, to, type_bytes[field->type]);
    if (!parse_into(field, text, &value, arena)) {
        struct text want, option;
        text_init(&option);
        text_add(&option, field->name);
        for (char *c = option.at; *c; c++)
            *c = *c == '_' ? '-' : *c;
        context_fail(context, ERR_USAGE, "'--%s' wants %s, got '%s'", option.at,
                     wanted(field, &want), text);
        text_clear(&want);
        text_clear(&option);
        return ERR_USAGE;
    }
    memcpy(to, &value, type_bytes[field->type]);
    return OK;
}

void fields_preset(const struct field *fields, void *at, struct arena *arena)
{
    for (const struct field *field = fields; field->name; field++) {
        memset(member(field, at), 0, type_bytes[field->type]);
        if (!field->preset && field->type == FIELD_DOUBLE)
            *(double *)member(field, at) = NAN; // unknown is never 0
        else if (field->preset && !parse_into(field, field->preset, member(field, at), arena))
            abort(); // a table with a default that it would refuse itself: our bug
    }
}

const char *option_name(struct arena *arena, const char *field_name)
{
    char *name = arena_copy_text(arena, field_name);

    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
    return name;
}

bool option_names_equal(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

const struct field *field_find(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field->name; field++)
        if (option_names_equal(field->name, name))
            return field;
    return NULL;
}

static void print_list(const struct field *field, const void *from, struct text *text)
{
    const struct ints *ints = from;
    const struct floats *floats = from;
    const struct strings *strings = from;
    int64_t count = field->type == FIELD_INTS     ? ints->count
                    : field->type == FIELD_FLOATS ? floats->count
                                                  : strings->count;

    for (int64_t i = 0; i < count; i++) {
        if (i)
            text_add(text, ",");
        if (field->type == FIELD_INTS)
            text_format(text, "%lld", (long long)ints->at[i]);
        else if (field->type == FIELD_FLOATS)
            text_add_double(text, floats->at[i]);
        else
            text_add(text, strings->at[i]);
    }
}

void field_print(const struct field *field, const void *at, struct text *text)
{
    const void *from = const_member(field, at);

    switch (field->type) {
    case FIELD_BOOL:
        text_add(text, *(const bool *)from ? "yes" : "no");
        break;
    case FIELD_INT:
        text_format(text, "%lld", (long long)*(const int64_t *)from);
        break;
    case FIELD_DOUBLE:
        if (!isnan(*(const double *)from))
            text_add_double(text, *(const double *)from);
        break;
    case FIELD_STRING:
        if (*(const char *const *)from)
            text_add(text, *(const char *const *)from);
        break;
    case FIELD_INTS:
    case FIELD_FLOATS:
    case FIELD_STRINGS:
        print_list(field, from, text);
        break;
    case FIELD_TENSOR:
    case FIELD_GRAPH:
        break;
    }
}

bool field_is_preset(const struct field *field, const void *at)
{
    struct text text;
    bool same;

    text_init(&text);
    field_print(field, at, &text);
    same = strcmp(text.at, field->preset ? field->preset : "") == 0;
    if (!same && field->preset && field->type == FIELD_DOUBLE) {
        double preset;
        same = parse_number(field->preset, &preset) &&
               preset == *(const double *)const_member(field, at);
    }
    text_clear(&text);
    return same;
}

bool fields_equal(const struct field *fields, const void *a, const void *b)
{
    bool equal = true;

    for (const struct field *field = fields; field && field->name && equal; field++) {
        struct text first, second;

        if (field->type == FIELD_TENSOR || field->type == FIELD_GRAPH) {
            equal =
                *(void *const *)const_member(field, a) == *(void *const *)const_member(field, b);
            continue;
        }
        text_init(&first);
        text_init(&second);
        field_print(field, a, &first);
        field_print(field, b, &second);
        equal = strcmp(first.at, second.at) == 0;
        text_clear(&first);
        text_clear(&second);
    }
    return equal;
}

static void copy_strings(struct strings *list, struct arena *arena)
{
    const char **copy = arena_array(arena, const char *, (size_t)list->count);

    for (int64_t i = 0; i < list->count; i++)
        copy[i] = arena_copy_text(arena, list->at[i]);
    list->at = list->count ? copy : NULL;
}

void *fields_copy(const struct field *fields, const void *at, size_t bytes, struct arena *arena)
{
    void *copy = bytes ? arena_copy(arena, at, bytes) : NULL;

    for (const struct field *field = fields; field && field->name && copy; field++) {
        void *to = member(field, copy);

        if (field->type == FIELD_STRING) {
            *(const char **)to = arena_copy_text(arena, *(const char **)to);
        } else if (field->type == FIELD_INTS) {
            struct ints *list = to;
            list->at = arena_copy(arena, list->at, (size_t)list->count * sizeof *list->at);
        } else if (field->type == FIELD_FLOATS) {
            struct floats *list = to;
            list->at = arena_copy(arena, list->at, (size_t)list->count * sizeof *list->at);
        } else if (field->type == FIELD_STRINGS) {
            copy_strings(to, arena);
        }
    }
    return copy;
}
