// Text in lines and fields (RFC 4180, with ',', ';' or tab between the fields): a walk over bytes
// that somebody else holds, line by line, and what a field says as a number.
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/context.h"

// A field without the blanks around it and without its quotes, "" inside them being one. It lives
// until csv_clear, and as long as the bytes.
struct csv_piece {
    const char *at;
    size_t length;
};

// Fields of the present line in field[0 .. count).
struct csv {
    const char *at, *end;
    char delimiter;
    int64_t line; // of the file, from 1
    struct csv_piece *field;
    int64_t count, capacity;
    struct arena *arena; // fields that are not in the file as they are; NULL: none
};

// The delimiter is what stands most often in the first line; a byte order mark is passed over.
void csv_init(struct csv *csv, const char *bytes, size_t count);
void csv_clear(struct csv *csv);
// Passes over empty lines and those that begin with '#', and takes the delimiter from the line
// behind them: for use before the first csv_next.
void csv_skip_comments(struct csv *csv);
// The next line that is not empty; count 0 at the end. ERR_FORMAT: a quote that is not closed; the
// text names the line.
MUST_CHECK enum status csv_next(struct context *context, struct csv *csv);

// A number in decimal notation, '.' in every locale; no fractions.
bool csv_number(struct csv_piece piece, double *number);

#endif
