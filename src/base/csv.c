// Lines and fields of a table in text; see csv.h.
#include "base/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/field.h"

enum { FIELD_LIMIT = 1 << 20, NUMBER_LIMIT = 64 };

static void add_field(struct csv *csv, struct csv_piece piece)
{
    if (csv->count == csv->capacity) {
        csv->capacity = csv->capacity * 2 + 16;
        csv->field = must_realloc(csv->field, (size_t)csv->capacity * sizeof *csv->field);
    }
    while (piece.length && (piece.at[0] == ' ' || piece.at[0] == '\t')) {
        piece.at++;
        piece.length--;
    }
    while (piece.length && strchr(" \t\r", piece.at[piece.length - 1]))
        piece.length--;
    csv->field[csv->count++] = piece;
}

static const char *find_any(const char *at, const char *end, char a, char b)
{
    while (at < end && *at != a && *at != b)
        at++;
    return at;
}

// With one quote for each two.
static struct csv_piece without_doubles(struct csv *csv, struct csv_piece piece)
{
    char *copy;
    size_t length = 0;

    if (!csv->arena)
        csv->arena = arena_new();
    copy = arena_copy_bytes(csv->arena, piece.at, piece.length);
    for (size_t i = 0; i < piece.length; i++) {
        copy[length++] = piece.at[i];
        i += piece.at[i] == '"';
    }
    return (struct csv_piece){copy, length};
}

// From behind the first quote. What stands between the last one and the delimiter is passed over.
static enum status read_quoted(struct context *context, struct csv *csv)
{
    const char *start = csv->at + 1, *stop = start;
    bool has_doubles = false;
    struct csv_piece piece;

    for (;; stop += 2) {
        stop = memchr(stop, '"', (size_t)(csv->end - stop));
        if (!stop)
            return context_fail(context, ERR_FORMAT, "line %lld: a quote is not closed",
                                (long long)csv->line);
        if (stop + 1 == csv->end || stop[1] != '"')
            break;
        has_doubles = true;
    }
    piece = (struct csv_piece){start, (size_t)(stop - start)};
    add_field(csv, has_doubles ? without_doubles(csv, piece) : piece);
    csv->at = find_any(stop + 1, csv->end, csv->delimiter, '\n');
    return OK;
}

// One field from csv->at; leaves it on the delimiter, the line's end or the end of the text.
static enum status read_field(struct context *context, struct csv *csv)
{
    const char *start = csv->at, *stop;

    if (start < csv->end && *start == '"')
        return read_quoted(context, csv);
    stop = find_any(start, csv->end, csv->delimiter, '\n');
    add_field(csv, (struct csv_piece){start, (size_t)(stop - start)});
    csv->at = stop;
    return OK;
}

enum status csv_next(struct context *context, struct csv *csv)
{
    do {
        csv->count = 0;
        if (csv->at == csv->end)
            return OK;
        csv->line++;
        for (;;) {
            TRY(read_field(context, csv));
            if (csv->count > FIELD_LIMIT)
                return context_fail(context, ERR_FORMAT, "line %lld: more than %d fields",
                                    (long long)csv->line, FIELD_LIMIT);
            if (csv->at == csv->end || *csv->at == '\n')
                break;
            csv->at++;
        }
        if (csv->at < csv->end)
            csv->at++;
    } while (csv->count == 1 && csv->field[0].length == 0);
    return OK;
}

bool csv_number(struct csv_piece piece, double *number)
{
    char copy[NUMBER_LIMIT];

    if (piece.length == 0 || piece.length >= sizeof copy || memchr(piece.at, '/', piece.length) ||
        memchr(piece.at, '\0', piece.length))
        return false;
    memcpy(copy, piece.at, piece.length);
    copy[piece.length] = '\0';
    return parse_number(copy, number);
}

// What stands most often in the first line.
static char delimiter_of(const char *at, const char *end)
{
    const char candidate[] = ",;\t";
    int best_count = 0;
    char best = ',';

    for (int i = 0; i < 3; i++) {
        int count = 0;
        for (const char *c = at; c < end && *c != '\n'; c++)
            count += *c == candidate[i];
        if (count > best_count) {
            best_count = count;
            best = candidate[i];
        }
    }
    return best;
}

void csv_init(struct csv *csv, const char *bytes, size_t count)
{
    *csv = (struct csv){.at = bytes, .end = bytes + count};
    if (count >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        csv->at += 3;
    csv->delimiter = delimiter_of(csv->at, csv->end);
}

void csv_clear(struct csv *csv)
{
    free(csv->field);
    if (csv->arena)
        arena_free(csv->arena);
    *csv = (struct csv){.at = NULL};
}

void csv_skip_comments(struct csv *csv)
{
    while (csv->at < csv->end && strchr("#\r\n", *csv->at) && *csv->at) {
        const char *stop = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
        csv->at = stop ? stop + 1 : csv->end;
        csv->line++;
    }
    csv->delimiter = delimiter_of(csv->at, csv->end);
}
