// Tables of numbers as text (RFC 4180, with ',', ';' or tab between the fields): one sample a line,
// features as float32, one column the label: a number of a class, a word, or a number to predict.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "data/source.h"

static const struct field csv_fields[] = {
    FIELD(struct csv_options, label, "last", 0, 0,
          "first, last, none or a column's number, from 0"),
    FIELD(struct csv_options, target, NULL, 0, 0,
          "in place of label: the column of numbers to predict, whole ones too"),
    FIELDS_END,
};

// Features are float32.
static bool number_of(struct csv_piece piece, double *number)
{
    return csv_number(piece, number) && fabs(*number) < 3.4e38;
}

static enum status label_column(struct context *context, const struct csv_options *csv,
                                int64_t fields, int64_t *column)
{
    const char *key = csv->target ? "target" : "label";
    const char *label = csv->target ? csv->target : csv->label;
    double number;

    if (strcmp(label, "first") == 0)
        *column = 0;
    else if (strcmp(label, "last") == 0)
        *column = fields - 1;
    else if (strcmp(label, "none") == 0)
        *column = -1;
    else if (!parse_number(label, &number) || number != floor(number) || number < 0)
        return context_fail(context, ERR_USAGE,
                            "%s= wants first, last, none or the number of a column, got '%s'", key,
                            label);
    else if (number >= (double)fields)
        return context_fail(context, ERR_USAGE, "%s=%s: there are %lld columns, counted from 0",
                            key, label, (long long)fields);
    else
        *column = (int64_t)number;
    return OK;
}

// A first line is a header if nothing in it is a number, or if it is not as long as the second.
static enum status skip_header(struct context *context, struct csv *reader)
{
    const char *start = reader->at, *behind;
    int64_t first_count, line, numbers = 0;
    double number;

    TRY(csv_next(context, reader));
    first_count = reader->count;
    behind = reader->at;
    line = reader->line;
    for (int64_t i = 0; i < first_count; i++)
        numbers += number_of(reader->field[i], &number);
    TRY(csv_next(context, reader));
    bool is_header = reader->count && (numbers == 0 || reader->count != first_count);
    if (is_header && numbers)
        context_warn(context, "line 1 has %lld fields, the next has %lld: line 1 is left out",
                     (long long)first_count, (long long)reader->count);
    reader->at = is_header ? behind : start;
    reader->line = is_header ? line : 0;
    return OK;
}

// What the lines become.
struct table {
    int64_t rows, features, label_column; // -1: none
    bool is_target;                       // that column holds numbers to predict
    float *value;
    struct csv_piece *label;
    int64_t capacity;
};

static enum status no_number(struct context *context, const struct csv *reader, int64_t column)
{
    struct csv_piece piece = reader->field[column];
    enum status status;
    struct text name;

    text_init(&name);
    text_add_escaped(&name, piece.at, piece.length < 40 ? piece.length : 40);
    status = context_fail(context, ERR_FORMAT, "line %lld, column %lld: '%s' is no number",
                          (long long)reader->line, (long long)column, name.at ? name.at : "");
    text_clear(&name);
    return status;
}

static enum status add_row(struct context *context, const struct csv *reader, struct table *table)
{
    int64_t fields = table->features + (table->label_column >= 0);
    float *value;

    if (reader->count != fields)
        return context_fail(context, ERR_FORMAT,
                            "line %lld has %lld fields, those before have %lld",
                            (long long)reader->line, (long long)reader->count, (long long)fields);
    if (table->rows == table->capacity) {
        table->capacity = table->capacity * 2 + 1;
        table->value = must_realloc(table->value, (size_t)table->capacity *
                                                      (size_t)table->features * sizeof(float));
        table->label = must_realloc(table->label, (size_t)table->capacity * sizeof *table->label);
    }
    value = table->value + table->rows * table->features;
    for (int64_t i = 0; i < fields; i++) {
        double number;
        bool is_label = i == table->label_column;
        if (!number_of(reader->field[i], &number) && (!is_label || table->is_target))
            return no_number(context, reader, i);
        if (is_label)
            table->label[table->rows] = reader->field[i];
        else
            *value++ = (float)number;
    }
    table->rows++;
    return OK;
}

static enum status read_table(struct context *context, struct csv *reader,
                              const struct csv_options *csv, struct table *table)
{
    TRY(skip_header(context, reader));
    TRY(csv_next(context, reader));
    if (reader->count == 0)
        return context_fail(context, ERR_FORMAT, "the table is empty");
    TRY(label_column(context, csv, reader->count, &table->label_column));
    table->features = reader->count - (table->label_column >= 0);
    if (table->features < 1)
        return context_fail(context, ERR_FORMAT, "there is no column beside the label");
    while (reader->count) {
        TRY(add_row(context, reader, table));
        TRY(csv_next(context, reader));
    }
    return OK;
}

static int by_bytes(const void *a, const void *b)
{
    const struct csv_piece *x = *(const struct csv_piece *const *)a,
                           *y = *(const struct csv_piece *const *)b;
    int order = memcmp(x->at, y->at, x->length < y->length ? x->length : y->length);

    return order ? order : (x->length > y->length) - (x->length < y->length);
}

// Words: the classes are the different ones, in byte order.
static void number_words(struct dataset *dataset, const struct table *table, int64_t *label)
{
    const struct csv_piece **sorted = must_alloc((size_t)table->rows * sizeof *sorted);
    const char **name = arena_array(dataset->arena, const char *, (size_t)table->rows);
    int64_t classes = 0;

    for (int64_t i = 0; i < table->rows; i++)
        sorted[i] = &table->label[i];
    qsort(sorted, (size_t)table->rows, sizeof *sorted, by_bytes);
    for (int64_t i = 0; i < table->rows; i++) {
        if (i == 0 || by_bytes(&sorted[i - 1], &sorted[i]) != 0)
            name[classes++] = arena_copy_bytes(dataset->arena, sorted[i]->at, sorted[i]->length);
        label[sorted[i] - table->label] = classes - 1;
    }
    free(sorted);
    dataset->classes = classes;
    dataset->class_name = name;
}

enum label_kind { LABEL_CLASS, LABEL_NUMBER, LABEL_WORD };

static enum label_kind kind_of_labels(const struct table *table)
{
    bool is_class = true;
    double number;

    for (int64_t i = 0; i < table->rows; i++) {
        if (!number_of(table->label[i], &number))
            return LABEL_WORD;
        is_class &= number == floor(number) && number >= 0 && number < 1e9;
    }
    return is_class ? LABEL_CLASS : LABEL_NUMBER;
}

static enum status add_float_target(struct context *context, struct dataset *dataset,
                                    const struct table *table)
{
    struct data_column column = {.dtype = DT_F32, .shape = {1, {1}}};
    struct tensor target = {0};
    struct shape shape;
    enum status status;
    double number = 0;

    TRY(shape_set(context, &shape, 1, &table->rows));
    TRY(tensor_alloc(context, &target, DT_F32, &shape));
    for (int64_t i = 0; i < table->rows; i++) {
        (void)number_of(table->label[i], &number);
        ((float *)tensor_write(&target))[i] = (float)number;
    }
    status = source_set_target(context, dataset, &column, &target, 0);
    tensor_release(&target);
    return status;
}

static enum status add_labels(struct context *context, struct dataset *dataset,
                              const struct table *table)
{
    enum label_kind kind = kind_of_labels(table);
    double number = 0;
    int64_t *label;

    if (table->is_target || kind == LABEL_NUMBER)
        return add_float_target(context, dataset, table);
    TRY(source_add_labels(context, dataset, &label));
    if (kind == LABEL_WORD)
        number_words(dataset, table, label);
    else
        for (int64_t i = 0; i < table->rows; i++) {
            (void)number_of(table->label[i], &number);
            label[i] = (int64_t)number;
        }
    return source_end_labels(context, dataset);
}

static enum status add_features(struct context *context, struct dataset *dataset,
                                const struct table *table)
{
    struct data_column column = {.dtype = DT_F32, .shape = {1, {table->features}}};
    int64_t dim[2] = {table->rows, table->features};
    struct tensor values = {0};
    struct shape shape;
    enum status status;

    TRY(shape_set(context, &shape, 2, dim));
    TRY(tensor_alloc(context, &values, DT_F32, &shape));
    memcpy(tensor_write(&values), table->value, tensor_bytes(&values));
    dataset->record_count = table->rows;
    status = source_add_input(context, dataset, &column, &values, 0);
    tensor_release(&values);
    return status;
}

enum status csv_parse(struct context *context, struct dataset *dataset, const struct tensor *bytes,
                      const void *option)
{
    const struct csv_options *csv = option;
    struct csv reader;
    struct table table = {.is_target = csv->target != NULL};
    enum status status;

    csv_init(&reader, tensor_data(bytes), tensor_bytes(bytes));
    status = read_table(context, &reader, csv, &table);
    if (status == OK)
        status = add_features(context, dataset, &table);
    if (status == OK && table.label_column >= 0)
        status = add_labels(context, dataset, &table);
    csv_clear(&reader);
    free(table.value);
    free(table.label);
    return status;
}

static enum status open_csv(struct context *context, struct dataset *dataset,
                            const struct source_call *call)
{
    return source_parse_file(context, dataset, call->path[0], csv_parse, call->option);
}

const struct source source_csv = {.name = "csv",
                                  .form = "csv:FILE,label|target=first|last|none|N",
                                  .min_paths = 1,
                                  .max_paths = 1,
                                  .option = csv_fields,
                                  .option_bytes = sizeof(struct csv_options),
                                  .open = open_csv};
