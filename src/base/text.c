// Growing byte strings.
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void text_init(struct text *text)
{
    memset(text, 0, sizeof *text);
    text_add_bytes(text, "", 0);
}

void text_clear(struct text *text)
{
    free(text->at);
    memset(text, 0, sizeof *text);
}

static void reserve(struct text *text, size_t more)
{
    size_t need = text->length + more + 1;

    if (need <= text->capacity)
        return;
    text->capacity = need < 64 ? 64 : need + need / 2;
    text->at = must_realloc(text->at, text->capacity);
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
    reserve(text, count);
    if (count)
        memcpy(text->at + text->length, bytes, count);
    text->length += count;
    text->at[text->length] = '\0';
}

void text_add(struct text *text, const char *piece)
{
    text_add_bytes(text, piece, strlen(piece));
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void text_add_double(struct text *text, double number)
{
    // Between these, digits are written out: 100, not 1e+02.
    double plain_start = 1e-5, plain_end = 1e15, magnitude = number < 0 ? -number : number;
    const char *exponent;
    char digits[40];
    int precision;

    for (precision = 1; precision < 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    if (precision == 17)
        snprintf(digits, sizeof digits, "%.17g", number);
    exponent = strchr(digits, 'e');
    if (exponent && magnitude >= plain_start && magnitude < plain_end) {
        int decimals = precision - 1 - (int)strtol(exponent + 1, NULL, 10);
        snprintf(digits, sizeof digits, "%.*f", decimals > 0 ? decimals : 0, number);
    }
    text_add(text, digits);
}

// Length of the UTF-8 sequence at `at`, 0 if it is none.
static size_t utf8_length(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80   ? 1
                    : at[0] < 0xC2 ? 0
                    : at[0] < 0xE0 ? 2
                    : at[0] < 0xF0 ? 3
                    : at[0] < 0xF5 ? 4
                                   : 0;

    if (length > left)
        return 0;
    // Overlong forms, halves of surrogate pairs, and what lies beyond U+10FFFF.
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F))
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    // Spelt longer than need be, half of a pair of UTF-16, or beyond the last character.
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] >= 0xA0) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] >= 0x90))
        return 0;
    return length;
}

void text_add_escaped(struct text *text, const char *name, size_t length)
{
    const unsigned char *at = (const unsigned char *)name;

    for (size_t i = 0; i < length;) {
        size_t bytes = utf8_length(at + i, length - i);

        // C1 control characters (U+0080..U+009F) can steer a terminal just like C0.
        if (bytes == 0 || at[i] < 0x20 || at[i] == 0x7F || (at[i] == 0xC2 && at[i + 1] < 0xA0)) {
            text_format(text, "\\x%02x", at[i]);
            i++;
        } else {
            text_add_bytes(text, at + i, bytes);
            i += bytes;
        }
    }
}

void text_add_shell_word(struct text *text, const char *word)
{
    bool is_plain = *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                                          "YZ0123456789_-+=:,./@%") == strlen(word);

    if (is_plain) {
        text_add(text, word);
        return;
    }
    text_add(text, "'");
    for (const char *c = word; *c; c++)
        text_add(text, *c == '\'' ? "'\\''" : (char[]){*c, '\0'});
    text_add(text, "'");
}

void text_add_xml(struct text *text, const char *words)
{
    static const struct {
        const char *bytes, *entity;
    } replaced[] = {{"&", "&amp;"},
                    {"<", "&lt;"},
                    {">", "&gt;"},
                    {"\"", "&quot;"},
                    // U+FFFE and U+FFFF, which XML 1.0 has not, not even escaped.
                    {"\xEF\xBF\xBE", "?"},
                    {"\xEF\xBF\xBF", "?"}};
    enum { COUNT = sizeof replaced / sizeof *replaced };
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, words, strlen(words));
    for (const char *at = safe.at; *at;) {
        int i = 0;
        while (i < COUNT && strncmp(at, replaced[i].bytes, strlen(replaced[i].bytes)) != 0)
            i++;
        if (i < COUNT)
            text_add(text, replaced[i].entity);
        else
            text_add_bytes(text, at, 1);
        at += i < COUNT ? strlen(replaced[i].bytes) : 1;
    }
    text_clear(&safe);
}

void text_add_csv(struct text *text, const char *cell)
{
    if (!strpbrk(cell, ",\"\r\n")) {
        text_add(text, cell);
        return;
    }
    text_add(text, "\"");
    for (; *cell; cell++) {
        if (*cell == '"')
            text_add(text, "\"");
        text_add_bytes(text, cell, 1);
    }
    text_add(text, "\"");
}
