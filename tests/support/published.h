// The published measurements of testdata/energy, for tests that hold the model against them.
#ifndef TESTS_SUPPORT_PUBLISHED_H
#define TESTS_SUPPORT_PUBLISHED_H

#include "validate/table.h"

// Reads a table; fails the test if it cannot. csv_table_clear it.
void published_read(const char *name, struct csv_table *table);
double published_number(const struct csv_table *table, int row, const char *column);
const char *published_word(const struct csv_table *table, int row, const char *column);

#endif
