// Tables and numbers as people read them.
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"

// Cells are added row by row; the first row is the heading.
struct table {
    struct arena *arena;
    const char *align; // one letter a column: 'l' or 'r'
    int columns;
    size_t count, capacity;
    const char **cell;
};

void table_init(struct table *table, const char *align);
void table_clear(struct table *table);
void table_add(struct table *table, const char *cell); // copied, made safe to print
void table_format(struct table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// "1.97 M", "421 u": three digits and a prefix. NaN: "?".
void table_add_number(struct table *table, double number, const char *unit);
void table_print(const struct table *table, struct text *out);
void table_print_markdown(const struct table *table, struct text *out);

void text_add_number(struct text *text, double number, const char *unit);
// "92.41 %"; NaN: "?".
void text_add_percent(struct text *text, double fraction);
// "title        text", made safe to print.
void text_add_line(struct text *text, const char *title, const char *line);
// Made safe to print, and what Markdown would take for marks is escaped.
void text_add_markdown(struct text *text, const char *plain);

#endif
