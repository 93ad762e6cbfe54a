// Tables and numbers as people read them.
#include "cli/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_HEAD = 24, CELL_TAIL = 30 };

void table_init(struct table *table, const char *align)
{
    memset(table, 0, sizeof *table);
    table->arena = arena_new();
    table->align = align;
    table->columns = (int)strlen(align);
}

void table_clear(struct table *table)
{
    arena_free(table->arena);
    free(table->cell);
    memset(table, 0, sizeof *table);
}

// Names of nodes can be longer than any line: their ends tell most. Not cut inside a character.
static void shorten(struct text *cell)
{
    size_t tail = cell->length - CELL_TAIL, head = CELL_HEAD;

    while (head && ((unsigned char)cell->at[head] & 0xC0) == 0x80)
        head--;
    while (tail < cell->length && ((unsigned char)cell->at[tail] & 0xC0) == 0x80)
        tail++;
    memcpy(cell->at + head, "..", 2);
    memmove(cell->at + head + 2, cell->at + tail, cell->length - tail + 1);
    cell->length = head + 2 + cell->length - tail;
}

void table_add(struct table *table, const char *cell)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, cell, strlen(cell));
    if (safe.length > CELL_HEAD + CELL_TAIL + 2)
        shorten(&safe);
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 64;
        table->cell = must_realloc(table->cell, table->capacity * sizeof *table->cell);
    }
    table->cell[table->count++] = arena_copy_text(table->arena, safe.at);
    text_clear(&safe);
}

void table_format(struct table *table, const char *format, ...)
{
    char cell[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    table_add(table, cell);
}

void text_add_number(struct text *text, double number, const char *unit)
{
    static const char *const prefixes[] = {"f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P"};
    int step = 0, digits;

    if (isnan(number)) {
        text_format(text, "?%s%s", *unit && *unit != ' ' && *unit != ',' ? " " : "", unit);
        return;
    }
    // 999.5 would be printed as 1000: it belongs to the next prefix.
    for (; step < 5 && fabs(number) >= 999.5; step++)
        number /= 1000;
    for (; step > -5 && number != 0 && fabs(number) < 0.9995; step--)
        number *= 1000;
    digits = fabs(number) < 9.995 ? 2 : fabs(number) < 99.95 ? 1 : 0;
    if (step == 0 && number == floor(number))
        digits = 0; // counts below a thousand are whole
    text_format(text, "%.*f", digits, number);
    if (step || (*unit && *unit != ' ' && *unit != ','))
        text_add(text, " "); // a unit may bring its own separator
    text_format(text, "%s%s", prefixes[step + 5], unit);
}

void text_add_percent(struct text *text, double fraction)
{
    if (isnan(fraction))
        text_add(text, "?");
    else
        text_format(text, "%.2f %%", 100 * fraction);
}

void text_add_line(struct text *text, const char *title, const char *line)
{
    text_format(text, "%-12s ", title);
    text_add_escaped(text, line, strlen(line));
    text_add(text, "\n");
}

void text_add_markdown(struct text *text, const char *plain)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, plain, strlen(plain));
    for (const char *c = safe.at; *c; c++) {
        if (strchr("\\`*_{}[]<>#|~&", *c))
            text_add(text, "\\");
        text_add_bytes(text, c, 1);
    }
    text_clear(&safe);
}

void table_add_number(struct table *table, double number, const char *unit)
{
    struct text text;

    text_init(&text);
    text_add_number(&text, number, unit);
    table_add(table, text.at);
    text_clear(&text);
}

// Characters, not bytes: names may be UTF-8.
static size_t columns_of(const char *cell)
{
    size_t columns = 0;

    for (; *cell; cell++)
        columns += ((unsigned char)*cell & 0xC0) != 0x80;
    return columns;
}

static size_t width_of(const struct table *table, int column)
{
    size_t width = 0;

    for (size_t i = (size_t)column; i < table->count; i += (size_t)table->columns)
        if (columns_of(table->cell[i]) > width)
            width = columns_of(table->cell[i]);
    return width;
}

void table_print(const struct table *table, struct text *out)
{
    size_t *width = arena_array(table->arena, size_t, (size_t)table->columns);

    for (int column = 0; column < table->columns; column++)
        width[column] = width_of(table, column);
    for (size_t i = 0; i < table->count; i++) {
        int column = (int)(i % (size_t)table->columns);
        bool last = column == table->columns - 1;
        int pad = (int)(width[column] - columns_of(table->cell[i]));
        bool right = table->align[column] == 'r';

        text_format(out, "%*s%s", right ? pad : 0, "", table->cell[i]);
        if (!last)
            text_format(out, "%*s", (right ? 0 : pad) + 2, "");
        else
            text_add(out, "\n");
    }
}

void table_print_markdown(const struct table *table, struct text *out)
{
    for (size_t i = 0; i < table->count; i++) {
        bool ends = (i + 1) % (size_t)table->columns == 0;

        text_add(out, "| ");
        text_add_markdown(out, table->cell[i]);
        text_add(out, ends ? " |\n" : " ");
        if (i + 1 != (size_t)table->columns)
            continue;
        for (int column = 0; column < table->columns; column++)
            text_add(out, table->align[column] == 'r' ? "|---:" : "|:---");
        text_add(out, "|\n");
    }
}
