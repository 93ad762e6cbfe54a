// Quantities of a measurement; see quantity.h.
#include "validate/quantity.h"

#include <string.h>

enum how { SAME, PRODUCT, LESS, REST };

struct quantity {
    const char *name;
    enum how how;
    const char *a, *b; // quantities themselves; b NULL: none
};

static const struct quantity quantities[] = {
#define QUANTITY(name, how, a, b) {name, how, a, b},
#include "validate/quantities.def"
#undef QUANTITY
};

static const struct quantity *find(const char *name)
{
    for (size_t i = 0; i < sizeof quantities / sizeof quantities[0]; i++)
        if (strcmp(quantities[i].name, name) == 0)
            return &quantities[i];
    return NULL;
}

bool csv_quantity_is_there(const struct csv_table *table, const char *name)
{
    const struct quantity *quantity = find(name);

    if (strcmp(name, "fixed") == 0 || csv_table_column(table, name) >= 0)
        return true;
    return quantity && csv_quantity_is_there(table, quantity->a) &&
           (!quantity->b || csv_quantity_is_there(table, quantity->b));
}

static enum status read_cell(struct context *context, const struct csv_table *table, int row,
                             const char *name, double *out)
{
    int column;

    TRY(csv_table_need(context, table, name, &column));
    TRY(csv_table_number(context, table, row, column, out));
    if (*out >= 0)
        return OK;
    context_fail(context, ERR_FORMAT, "%g is negative", *out);
    return csv_table_fail(context, ERR_FORMAT, table, row, column);
}

static enum status combine(struct context *context, const struct csv_table *table, int row,
                           const struct quantity *quantity, double *out)
{
    double a, b = 0;

    TRY(csv_quantity(context, table, row, quantity->a, &a));
    if (quantity->b)
        TRY(csv_quantity(context, table, row, quantity->b, &b));
    switch (quantity->how) {
    case SAME:
        *out = a;
        break;
    case PRODUCT:
        *out = a * b;
        break;
    case LESS:
        *out = a - b;
        break;
    case REST:
        *out = a * (1 - b);
        break;
    }
    if (*out >= 0)
        return OK;
    context_fail(context, ERR_FORMAT, "'%s' is more than '%s'", quantity->b,
                 quantity->how == REST ? "1" : quantity->a);
    return csv_table_fail(context, ERR_FORMAT, table, row, -1);
}

enum status csv_quantity(struct context *context, const struct csv_table *table, int row,
                         const char *name, double *out)
{
    *out = 1;
    if (strcmp(name, "fixed") == 0)
        return OK;
    if (csv_table_column(table, name) < 0 && csv_quantity_is_there(table, name))
        return combine(context, table, row, find(name), out);
    return read_cell(context, table, row, name, out);
}

enum status csv_quantity_above_0(struct context *context, const struct csv_table *table, int row,
                                 const char *name, double *out)
{
    TRY(csv_quantity(context, table, row, name, out));
    if (*out > 0)
        return OK;
    context_fail(context, ERR_FORMAT, "%g %s: no inference is for nothing", *out, name);
    return csv_table_fail(context, ERR_FORMAT, table, row, csv_table_column(table, name));
}
