// Published measurements as numbers; see published.h.
#include "tests/support/published.h"

#include <check.h>

void published_read(const char *name, struct csv_table *table)
{
    struct context context;

    context_init(&context);
    ck_assert_msg(csv_table_read(&context, name, table) == OK, "%s", context.error);
}

static int column_of(const struct csv_table *table, const char *column)
{
    int at = csv_table_column(table, column);

    ck_assert_msg(at >= 0, "%s has no column '%s'", table->path, column);
    return at;
}

double published_number(const struct csv_table *table, int row, const char *column)
{
    struct context context;
    double number;

    context_init(&context);
    ck_assert_msg(csv_table_number(&context, table, row, column_of(table, column), &number) == OK,
                  "%s", context.error);
    return number;
}

const char *published_word(const struct csv_table *table, int row, const char *column)
{
    return csv_table_word(table, row, column_of(table, column));
}
