// Reads tables of measurements and says what is wrong with them; see table.h.
#include "validate/table.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/shipped.h"
#include "base/suggest.h"
#include "io/file.h"

enum { COLUMNS_MAX = 1000, WORDS_MAX = 8 };

// ---- reading -----------------------------------------------------------------------------------

static const char *find(struct csv_table *table, const char *name)
{
    const char *folder;

    if (strchr(name, '/') || access(name, F_OK) == 0)
        return arena_copy_text(table->arena, name);
    folder = shipped_folder(table->arena, "ECAI_TABLES", "energy", "testdata/energy");
    folder = arena_format(table->arena, "%s/%s", folder, name);
    return access(folder, F_OK) == 0 ? folder : arena_copy_text(table->arena, name);
}

static void read_comment(struct csv_table *table, const char *at, const char *end)
{
    struct text text;

    text_init(&text);
    text_add(&text, "");
    while (at < end && *at == '#') {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        at += strspn(at, "# ");
        if (at < stop) {
            text_add(&text, text.length ? " " : "");
            text_add_escaped(&text, at, (size_t)(stop - at) - (stop[-1] == '\r'));
        }
        at = stop < end ? stop + 1 : end;
    }
    table->comment = arena_copy_text(table->arena, text.at);
    text_clear(&text);
}

static enum status fail_nameless(struct context *context, const struct csv *csv, int column)
{
    const char *mark = csv->delimiter == ',' ? "a comma" : csv->delimiter == ';' ? "';'" : "a tab";

    if (column > 0 && column == csv->count - 1)
        return context_fail(context, ERR_FORMAT,
                            "line %lld ends with %s: column %d behind it has no name",
                            (long long)csv->line, mark, column + 1);
    return context_fail(context, ERR_FORMAT, "line %lld: column %d has no name",
                        (long long)csv->line, column + 1);
}

static enum status read_header(struct context *context, struct csv *csv, struct csv_table *table)
{
    TRY(csv_next(context, csv));
    if (csv->count == 0)
        return context_fail(context, ERR_FORMAT, "there is no header");
    if (csv->count > COLUMNS_MAX)
        return context_fail(context, ERR_FORMAT, "more than %d columns", COLUMNS_MAX);
    table->columns = (int)csv->count;
    table->name = arena_array(table->arena, const char *, (size_t)table->columns);
    for (int i = 0; i < table->columns; i++) {
        table->name[i] = arena_copy_bytes(table->arena, csv->field[i].at, csv->field[i].length);
        if (table->name[i][0] == '\0')
            return fail_nameless(context, csv, i);
        for (int k = 0; k < i; k++)
            if (strcmp(table->name[k], table->name[i]) == 0)
                return context_fail(context, ERR_FORMAT, "line %lld: two columns '%s'",
                                    (long long)csv->line, table->name[i]);
    }
    return OK;
}

static void add_row(const struct csv *csv, struct csv_table *table, int *capacity)
{
    size_t columns = (size_t)table->columns;
    const char **cell = table->cell;
    int64_t *line = table->line;

    if (table->rows == *capacity) {
        *capacity = *capacity * 2 + 64;
        table->cell = arena_array(table->arena, const char *, (size_t)*capacity *columns);
        table->line = arena_array(table->arena, int64_t, (size_t)*capacity);
        if (table->rows) {
            memcpy(table->cell, cell, (size_t)table->rows * columns * sizeof *cell);
            memcpy(table->line, line, (size_t)table->rows * sizeof *line);
        }
    }
    for (size_t i = 0; i < columns; i++)
        table->cell[(size_t)table->rows * columns + i] =
            arena_copy_bytes(table->arena, csv->field[i].at, csv->field[i].length);
    table->line[table->rows++] = csv->line;
}

static enum status read_rows(struct context *context, struct csv *csv, struct csv_table *table)
{
    int capacity = 0;

    csv_skip_comments(csv);
    TRY(read_header(context, csv, table));
    for (;;) {
        TRY(csv_next(context, csv));
        if (csv->count == 0)
            break;
        if (csv->count != table->columns)
            return context_fail(context, ERR_FORMAT, "line %lld has %lld fields, the header has %d",
                                (long long)csv->line, (long long)csv->count, table->columns);
        if (table->rows == 1 << 20)
            return context_fail(context, ERR_FORMAT, "more than %d rows", 1 << 20);
        add_row(csv, table, &capacity);
    }
    if (table->rows == 0)
        return context_fail(context, ERR_FORMAT, "there is no row under the header");
    return OK;
}

enum status csv_table_read(struct context *context, const char *name, struct csv_table *table)
{
    struct mapped *file;
    struct span bytes;
    enum status status;
    struct csv csv;

    *table = (struct csv_table){.arena = arena_new()};
    table->path = find(table, name);
    status = mapped_open(context, table->path, &file);
    if (status != OK)
        return context_fail_in(context, status, "'%s'", table->path);
    mapped_sha256(file, table->sha256);
    bytes = mapped_bytes(file);
    csv_init(&csv, (const char *)bytes.at, bytes.length);
    read_comment(table, csv.at, csv.end);
    status = read_rows(context, &csv, table);
    csv_clear(&csv);
    mapped_release(file);
    return status == OK ? OK : context_fail_in(context, status, "'%s'", table->path);
}

void csv_table_clear(struct csv_table *table)
{
    if (table->arena)
        arena_free(table->arena);
    *table = (struct csv_table){.arena = NULL};
}

// ---- columns -----------------------------------------------------------------------------------

struct unit {
    const char *word, *what, *quantity;
};

static const struct unit units[] = {
#define UNIT(word, what, quantity) {word, what, quantity},
#define NAME(word, quantity)
#include "validate/units.def"
#undef NAME
#undef UNIT
};

static const struct {
    const char *word, *quantity;
} usual_names[] = {
#define UNIT(word, what, quantity)
#define NAME(word, quantity) {word, quantity},
#include "validate/units.def"
#undef NAME
#undef UNIT
};

// The words of a name, in small letters: "Energy (mJ)" has "energy" and "mj".
struct name_words {
    char text[64];
    const char *at[WORDS_MAX];
    int count;
};

static void split(const char *name, struct name_words *words)
{
    size_t length = strlen(name);
    bool is_inside = false;

    words->count = 0;
    length = length < sizeof words->text ? length : sizeof words->text - 1;
    for (size_t i = 0; i < length; i++) {
        bool is_letter = isalnum((unsigned char)name[i]) != 0;
        words->text[i] = (char)(is_letter ? tolower((unsigned char)name[i]) : '\0');
        if (is_letter && !is_inside && words->count < WORDS_MAX)
            words->at[words->count++] = words->text + i;
        is_inside = is_letter;
    }
    words->text[length] = '\0';
}

static bool has_word(const struct name_words *words, const char *word)
{
    for (int i = 0; i < words->count; i++)
        if (strcmp(words->at[i], word) == 0)
            return true;
    return false;
}

// What a column of that name holds in place of the quantity: "millijoules". NULL: nothing like it.
static const char *other_unit(const char *name, const char *quantity)
{
    static const char *const thousands[] = {"k", "m", "g", "million", "millions"};
    static const char *const meaning[] = {"thousands", "millions", "billions", "millions",
                                          "millions"};
    struct name_words words;

    split(name, &words);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].quantity, quantity) == 0 && has_word(&words, units[i].word))
            return units[i].what;
    for (size_t i = 0; i < sizeof thousands / sizeof thousands[0]; i++)
        if (has_word(&words, quantity) && has_word(&words, thousands[i]))
            return meaning[i];
    return NULL;
}

// Whether the quantity often goes by that name.
static bool is_called(const char *name, const char *quantity)
{
    struct name_words words;

    split(name, &words);
    for (size_t i = 0; i < sizeof usual_names / sizeof usual_names[0]; i++)
        if (strcmp(usual_names[i].quantity, quantity) == 0 && has_word(&words, usual_names[i].word))
            return true;
    return false;
}

const char *csv_table_file(const struct csv_table *table)
{
    const char *slash = strrchr(table->path, '/');

    return slash ? slash + 1 : table->path;
}

int csv_table_column(const struct csv_table *table, const char *name)
{
    for (int i = 0; i < table->columns; i++)
        if (strcmp(table->name[i], name) == 0)
            return i;
    return -1;
}

void csv_table_add_column(struct csv_table *table, const char *name, const char *const *cell)
{
    size_t rows = (size_t)table->rows, columns = (size_t)table->columns;
    const char **names = arena_array(table->arena, const char *, columns + 1);
    const char **cells = arena_array(table->arena, const char *, rows *(columns + 1));

    memcpy(names, table->name, columns * sizeof *names);
    names[columns] = name;
    for (size_t row = 0; row < rows; row++) {
        memcpy(cells + row * (columns + 1), table->cell + row * columns, columns * sizeof *cells);
        cells[row * (columns + 1) + columns] = cell[row];
    }
    table->name = names;
    table->cell = cells;
    table->columns++;
}

static enum status fail_missing(struct context *context, const struct csv_table *table,
                                const char *name, const char *quantity)
{
    struct suggestion suggestion;
    struct text text;
    enum status status;

    for (int i = 0; i < table->columns; i++)
        if (strcasecmp(table->name[i], name) == 0)
            return context_fail(
                context, ERR_FORMAT,
                "'%s': there is no column '%s'; '%s' differs from it in capital letters",
                table->path, name, table->name[i]);
    for (int i = 0; i < table->columns; i++)
        if (is_called(table->name[i], quantity))
            return context_fail(
                context, ERR_FORMAT,
                "'%s': there is no column '%s'; if '%s' is in %s, it is to be named '%s'",
                table->path, name, table->name[i], quantity, name);

    suggestion_init(&suggestion, name);
    for (int i = 0; i < table->columns; i++)
        suggestion_offer(&suggestion, table->name[i]);
    text_init(&text);
    suggestion_add(&suggestion, "", &text);
    if (text.length == 0)
        text_add(&text, "; there are ");
    for (int i = 0; i < table->columns && !suggestion.nearest; i++) {
        text_add(&text, i ? ", " : "");
        text_add_escaped(&text, table->name[i], strlen(table->name[i]));
    }
    status = context_fail(context, ERR_FORMAT, "'%s': there is no column '%s'%s", table->path, name,
                          text.at);
    text_clear(&text);
    return status;
}

enum status csv_table_need(struct context *context, const struct csv_table *table, const char *name,
                           int *column)
{
    struct name_words words;
    const char *quantity, *what;

    *column = csv_table_column(table, name);
    if (*column >= 0)
        return OK;
    split(name, &words);
    quantity = words.count ? words.at[words.count - 1] : "";
    for (int i = 0; i < table->columns; i++)
        if ((what = other_unit(table->name[i], quantity)) != NULL)
            return context_fail(context, ERR_FORMAT,
                                "'%s': column '%s' wants %s; '%s' looks like %s", table->path, name,
                                quantity, table->name[i], what);
    return fail_missing(context, table, name, quantity);
}

// ---- cells -------------------------------------------------------------------------------------

enum status csv_table_fail(struct context *context, enum status status,
                           const struct csv_table *table, int row, int column)
{
    if (column < 0)
        return context_fail_in(context, status, "'%s', line %lld", table->path,
                               (long long)table->line[row]);
    return context_fail_in(context, status, "'%s', line %lld, column '%s'", table->path,
                           (long long)table->line[row], table->name[column]);
}

enum status csv_table_number_or_nan(struct context *context, const struct csv_table *table, int row,
                                    int column, double *out)
{
    const char *cell = csv_table_word(table, row, column);
    struct text text;

    *out = NAN;
    if (*cell == '\0')
        return OK;
    if (csv_number((struct csv_piece){cell, strlen(cell)}, out) && isfinite(*out))
        return OK;
    text_init(&text);
    text_add_escaped(&text, cell, strnlen(cell, 40));
    context_fail(context, ERR_FORMAT, "'%s' is no number", text.at);
    text_clear(&text);
    return csv_table_fail(context, ERR_FORMAT, table, row, column);
}

enum status csv_table_number(struct context *context, const struct csv_table *table, int row,
                             int column, double *out)
{
    TRY(csv_table_number_or_nan(context, table, row, column, out));
    if (!isnan(*out))
        return OK;
    context_fail(context, ERR_FORMAT, "the cell is empty");
    return csv_table_fail(context, ERR_FORMAT, table, row, column);
}
