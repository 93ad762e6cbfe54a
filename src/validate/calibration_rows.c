// Rows of a table as a calibration takes them: which, what they are to give, and which of them
// measure one thing.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy/device.h"
#include "validate/calibration_internal.h"
#include "validate/quantity.h"

// A network whose counts are within so much of another's is no other network for a fit: what it
// takes is nearly told by the other.
static const double LIKENESS = 0.01;

// ---- which --------------------------------------------------------------------------------------

static enum status where_column(struct context *context, const struct csv_table *table,
                                const char *where, int *column, const char **value)
{
    const char *equals = strchr(where, '=');
    char name[128];

    if (!equals || equals == where || (size_t)(equals - where) >= sizeof name)
        return context_fail(context, ERR_USAGE, "'--where' wants COLUMN=VALUE, got '%s'", where);
    snprintf(name, sizeof name, "%.*s", (int)(equals - where), where);
    *value = equals + 1;
    return csv_table_need(context, table, name, column);
}

// One of the values of each column that is named.
static enum status is_taken(struct context *context, const struct csv_table *table,
                            const struct strings *where, int row, bool *out)
{
    *out = true;
    for (int64_t i = 0; i < where->count && *out; i++) {
        const char *value;
        int column, other;
        *out = false;
        TRY(where_column(context, table, where->at[i], &column, &value));
        for (int64_t k = 0; k < where->count && !*out; k++) {
            TRY(where_column(context, table, where->at[k], &other, &value));
            *out = other == column && strcmp(csv_table_word(table, row, column), value) == 0;
        }
    }
    return OK;
}

static bool is_of_precision(const struct calibration *calibration, int row)
{
    int column = csv_table_column(calibration->table, "precision");

    return column < 0 || !calibration->request.precision ||
           strcmp(csv_table_word(calibration->table, row, column),
                  calibration->request.precision) == 0;
}

// "8:multistream_joules" is a column with the joules of eight inferences in one call.
static enum status read_target(struct context *context, const char *target, int *inferences,
                               const char **column)
{
    const char *colon = strchr(target, ':');
    char *end;
    long number;

    *inferences = 1;
    *column = target;
    if (!colon)
        return OK;
    number = strtol(target, &end, 10);
    if (end != colon || number < 1 || number > 1000000)
        return context_fail(context, ERR_USAGE,
                            "'--target' wants COLUMN or N:COLUMN, joules of N inferences, got '%s'",
                            target);
    *inferences = (int)number;
    *column = colon + 1;
    return OK;
}

static enum status add_row(struct context *context, struct calibration *out, int row,
                           const char *target)
{
    double *x = out->x + out->rows * out->terms, *y = out->y + out->rows;
    const struct csv_table *table = out->table;
    const char *column;
    int inferences;

    if (out->rows == CALIBRATION_ROWS_MAX)
        return context_fail(context, ERR_UNSUPPORTED, "'%s': more than %d measurements to fit",
                            table->path, CALIBRATION_ROWS_MAX);
    TRY(read_target(context, target, &inferences, &column));
    for (int t = 0; t < out->terms; t++) {
        const char *quantity = calibration_quantity(out, t);
        TRY(csv_quantity(context, table, row, quantity, &x[t]));
        if (strcmp(quantity, "fixed") != 0)
            x[t] *= inferences;
    }
    TRY(csv_quantity_above_0(context, table, row, column, y));
    out->inferences[out->rows] = inferences;
    out->row[out->rows++] = row;
    return OK;
}

// Whether rows are taken by that column; word NULL: by whatever it holds, else by that word.
static bool is_wanted(const struct calibration *calibration, const char *column, const char *word)
{
    const struct strings *where = &calibration->request.where;
    const char *precision = calibration->request.precision;
    size_t length = strlen(column);

    for (int64_t i = 0; i < where->count; i++)
        if (strncmp(where->at[i], column, length) == 0 && where->at[i][length] == '=' &&
            (!word || strcmp(where->at[i] + length + 1, word) == 0))
            return true;
    return precision && strcmp(column, "precision") == 0 && (!word || strcmp(word, precision) == 0);
}

static bool stands_before(const struct csv_table *table, int row, int column)
{
    for (int k = 0; k < row; k++)
        if (strcmp(csv_table_word(table, k, column), csv_table_word(table, row, column)) == 0)
            return true;
    return false;
}

// "; its 'precision' is fp32, int8": the different words of a column of which none is wanted.
static void add_words(const struct calibration *calibration, int column, struct text *text)
{
    enum { WORDS_SHOWN = 6 };
    const struct csv_table *table = calibration->table;
    int count = 0;

    for (int row = 0; row < table->rows; row++)
        if (is_wanted(calibration, table->name[column], csv_table_word(table, row, column)))
            return;
    for (int row = 0; row < table->rows && count <= WORDS_SHOWN; row++) {
        const char *word = csv_table_word(table, row, column);
        if (stands_before(table, row, column))
            continue;
        if (count == 0)
            text_format(text, "; its '%s' is ", table->name[column]);
        else
            text_add(text, ", ");
        if (count++ == WORDS_SHOWN)
            text_add(text, "...");
        else if (*word)
            text_add_escaped(text, word, strnlen(word, 40));
        else
            text_add(text, "''");
    }
}

static void add_what_there_is(const struct calibration *calibration, struct text *text)
{
    for (int column = 0; column < calibration->table->columns; column++)
        if (is_wanted(calibration, calibration->table->name[column], NULL))
            add_words(calibration, column, text);
}

static enum status fail_no_row(struct context *context, const struct calibration *out)
{
    struct text text;

    text_init(&text);
    for (int64_t i = 0; i < out->request.where.count; i++)
        text_format(&text, "%s%s", i ? ", " : " with ", out->request.where.at[i]);
    if (out->request.precision)
        text_format(&text, "%sprecision %s", text.length ? ", " : " with ", out->request.precision);
    add_what_there_is(out, &text);
    context_fail(context, ERR_FORMAT, "'%s': there is no row%s", out->table->path,
                 text.at ? text.at : "");
    text_clear(&text);
    return ERR_FORMAT;
}

static enum status read_rows(struct context *context, struct calibration *out)
{
    const struct strings *target = &out->request.target;
    size_t rows = (size_t)out->table->rows * (size_t)target->count;

    out->x = arena_array(out->arena, double, rows *(size_t)out->terms);
    out->y = arena_array(out->arena, double, rows);
    out->row = arena_array(out->arena, int, rows);
    out->inferences = arena_array(out->arena, int, rows);
    out->group = arena_array(out->arena, int, rows);
    for (int row = 0; row < out->table->rows; row++) {
        bool taken;
        TRY(is_taken(context, out->table, &out->request.where, row, &taken));
        for (int64_t i = 0; i < target->count && taken && is_of_precision(out, row); i++)
            TRY(add_row(context, out, row, target->at[i]));
    }
    return out->rows ? OK : fail_no_row(context, out);
}

// ---- points ------------------------------------------------------------------------------------

// How alike two rows are, for one inference, in every term but time, which is measured: the most
// that a term of one is more than that of the other. INFINITY: they have no other term.
static double difference(const struct calibration *calibration, int a, int b)
{
    const double *x = calibration->x + a * calibration->terms;
    const double *y = calibration->x + b * calibration->terms;
    double worst = 0;
    bool has_more = false;

    for (int t = 0; t < calibration->terms; t++) {
        if (strcmp(calibration->term[t]->quantity, "seconds") == 0)
            continue;
        has_more = true;
        if (strcmp(calibration->term[t]->quantity, "fixed") == 0)
            continue;
        double one = x[t] / calibration->inferences[a], other = y[t] / calibration->inferences[b];
        if (one != other)
            worst = fmax(worst, fmax(one, other) / fmin(one, other) - 1);
    }
    return has_more ? worst : INFINITY;
}

// The first row before `row` that measures the same as often in one call.
static void note_repeat(struct calibration *out, int row)
{
    for (int k = 0; k < row; k++) {
        if (difference(out, k, row) > 0 || out->inferences[k] != out->inferences[row])
            continue;
        out->apart_percent = fmax(out->apart_percent, 100 * fabs(out->y[row] / out->y[k] - 1));
        out->repeats++;
        return;
    }
}

// Joins a row with all before it that it is like, and these with each other; says whether one of
// them only resembles it.
static bool join(struct calibration *out, int row)
{
    bool is_same = false, is_like = false;

    out->group[row] = row;
    for (int k = 0; k < row; k++) {
        double apart = difference(out, k, row);
        int from = out->group[k], to = out->group[row];
        if (apart > LIKENESS)
            continue;
        is_same |= apart == 0;
        is_like = true;
        for (int i = 0; i <= row && from != to; i++)
            if (out->group[i] == from)
                out->group[i] = to;
    }
    return is_like && !is_same;
}

static void find_points(struct calibration *out)
{
    int *number = arena_array(out->arena, int, (size_t)out->rows);

    for (int i = 0; i < out->rows; i++) {
        out->near_repeats += join(out, i);
        note_repeat(out, i);
    }
    // Counted from 0 in the order of the rows; number: 0 where there is none yet.
    for (int i = 0; i < out->rows; i++) {
        int *at = &number[out->group[i]];
        if (*at == 0)
            *at = ++out->points;
        out->group[i] = *at - 1;
    }
}

enum status calibration_read_rows(struct context *context, struct calibration *out)
{
    static const char *const joules[] = {"joules"};

    if (out->request.target.count == 0)
        out->request.target = (struct strings){1, joules};
    for (int t = 0; t < out->terms; t++) {
        // By the name that users know, where it is not told otherwise.
        const char *quantity = out->term[t]->quantity;
        int column;
        if (!csv_quantity_is_there(out->table, quantity))
            TRY(csv_table_need(context, out->table, quantity, &column));
    }
    TRY(read_rows(context, out));
    find_points(out);
    return OK;
}

// ---- precisions -----------------------------------------------------------------------------

static int precision_index(const char *word)
{
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (strcmp(precision_name[i], word) == 0)
            return i;
    return -1;
}

enum status calibration_precisions(struct context *context, struct arena *arena,
                                   const struct csv_table *table, const struct strings *where,
                                   struct strings *out)
{
    const char **name = arena_array(arena, const char *, PRECISION_COUNT);
    int column = csv_table_column(table, "precision");
    bool has[PRECISION_COUNT] = {false};

    *out = (struct strings){column < 0, name};
    name[0] = "";
    for (int row = 0; row < table->rows && column >= 0; row++) {
        bool taken;
        TRY(is_taken(context, table, where, row, &taken));
        int index = precision_index(csv_table_word(table, row, column));
        if (taken && index < 0) {
            context_fail(context, ERR_FORMAT, "'%s' is none of float32, float16 and int8",
                         csv_table_word(table, row, column));
            return csv_table_fail(context, ERR_FORMAT, table, row, column);
        }
        if (taken)
            has[index] = true;
    }
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (has[i])
            name[out->count++] = precision_name[i];
    return OK;
}
