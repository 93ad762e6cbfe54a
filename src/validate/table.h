// Tables of measurements: a CSV file with a header row, one measurement a row, in SI units. First
// lines may be comments that begin with '#'. Columns go by name; every error names the file, and
// the line and the column where there is one.
#ifndef VALIDATE_TABLE_H
#define VALIDATE_TABLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/sha256.h"

struct csv_table {
    struct arena *arena;
    const char *path; // as found
    char sha256[SHA256_HEX_BYTES];
    int columns, rows;
    const char **name;   // [columns]
    const char **cell;   // [rows * columns], "" where there is nothing
    int64_t *line;       // [rows], in the file, from 1
    const char *comment; // lines in front of the header without their '#', joined by blanks; ""
};

// Reads a file. A name without '/' that is no file here is looked for among the tables that ecai
// brings: $ECAI_TABLES, else testdata/energy of the source tree or share/ecai/energy of the
// installation. Clear it in any case. ERR_IO: no such file. ERR_FORMAT: no header, no rows, a row
// of another length, two columns of one name.
MUST_CHECK enum status csv_table_read(struct context *context, const char *name,
                                      struct csv_table *table);
void csv_table_clear(struct csv_table *table); // zeroed is fine

// The file's name without its folder.
const char *csv_table_file(const struct csv_table *table);

// -1: no such column.
int csv_table_column(const struct csv_table *table, const char *name);
// ERR_FORMAT if it is missing. Where a column looks like the same quantity in another unit (mJ,
// energy_uj, macs_m), the text says so; else it lists the columns.
MUST_CHECK enum status csv_table_need(struct context *context, const struct csv_table *table,
                                      const char *name, int *column);

// A column that is not in the file, behind the others; cell[rows] and name are borrowed. No column
// has that name yet.
void csv_table_add_column(struct csv_table *table, const char *name, const char *const *cell);

static inline const char *csv_table_word(const struct csv_table *table, int row, int column)
{
    return table->cell[(size_t)row * (size_t)table->columns + (size_t)column];
}

// ERR_FORMAT for an empty cell and for what is no finite number.
MUST_CHECK enum status csv_table_number(struct context *context, const struct csv_table *table,
                                        int row, int column, double *out);
// NaN for an empty cell; ERR_FORMAT for what is no finite number.
MUST_CHECK enum status csv_table_number_or_nan(struct context *context,
                                               const struct csv_table *table, int row, int column,
                                               double *out);
// Puts "'FILE', line N, column 'C': " before the present error text. column -1: no column.
MUST_CHECK enum status csv_table_fail(struct context *context, enum status status,
                                      const struct csv_table *table, int row, int column);

#endif
