// Quantities of a measurement: columns of a table, or what follows from other columns.
#ifndef VALIDATE_QUANTITY_H
#define VALIDATE_QUANTITY_H

#include "validate/table.h"

// The row's cell in the column of that name; where there is no such column, what other columns give
// by a row of quantities.def (nonzero_macs = macs x (1 - zero_activations)). "fixed" is 1. SI
// units. ERR_FORMAT as csv_table_need and csv_table_number, and for a negative number.
MUST_CHECK enum status csv_quantity(struct context *context, const struct csv_table *table, int row,
                                    const char *name, double *out);

// The same, and ERR_FORMAT for 0.
MUST_CHECK enum status csv_quantity_above_0(struct context *context, const struct csv_table *table,
                                            int row, const char *name, double *out);

// Whether the table's columns tell it.
bool csv_quantity_is_there(const struct csv_table *table, const char *name);

#endif
