// A growing byte string, for everything that is composed piece by piece. `at` always ends in NUL.
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

struct text {
    char *at;
    size_t length, capacity;
};

void text_init(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *piece);
void text_add_bytes(struct text *text, const void *bytes, size_t count);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A number as short as it can be and still be read back exactly, with '.' in every locale.
void text_add_double(struct text *text, double number);
// A name out of a file, safe to print: control bytes and bytes that are no UTF-8 become \xNN.
void text_add_escaped(struct text *text, const char *name, size_t length);
// A word as a shell takes it: as it is, or in single quotes.
void text_add_shell_word(struct text *text, const char *word);
// The same for XML and HTML, between tags and in attributes between ": & < > " become entities.
void text_add_xml(struct text *text, const char *words);
// A cell of a table: quoted where commas, quotes and line ends ask for it (RFC 4180).
void text_add_csv(struct text *text, const char *cell);

#endif
