// Batches on accelerators, MLPerf Inference: joules of an image in a batch of b are E0 / b + e. One
// image (SingleStream) and eight (MultiStream) say what a large batch (Offline) takes.
#include <math.h>
#include <string.h>

#include "validate/cases.h"
#include "validate/validate_internal.h"

enum { SINGLE, EIGHT, OFFLINE, CARDS, NUMBERS, STREAMS = 8 };

static enum status read_numbers(struct context *context, const struct csv_table *table, int row,
                                double *value)
{
    static const char *const column[NUMBERS] = {"singlestream_joules", "multistream_joules",
                                                "offline_joules", "accelerators"};

    for (int i = 0; i < NUMBERS; i++)
        TRY(row_number_or_nan(context, table, row, column[i], &value[i]));
    return OK;
}

// Scored: the latest round, one accelerator, int8. Streams use one card where Offline uses all, so
// that several cards are another matter; earlier rounds are told as they are.
static enum status add_system(struct context *context, struct validation *validation,
                              const struct csv_table *table, int row)
{
    const char *device, *round, *precision, *series;
    double value[NUMBERS], image, fixed;

    TRY(read_numbers(context, table, row, value));
    TRY(row_word(context, table, row, "device", &device));
    TRY(row_word(context, table, row, "round", &round));
    TRY(row_word(context, table, row, "precision", &precision));
    if (isnan(value[SINGLE] + value[EIGHT] + value[OFFLINE]) || !(value[CARDS] >= 1) ||
        strcmp(precision, "int8") != 0)
        return OK;
    image = value[EIGHT] / STREAMS;
    fixed = fmax(0, (value[SINGLE] - image) * STREAMS / (STREAMS - 1));
    series = value[CARDS] > 1 ? "several cards" : round;
    validation_add(validation, series, device, value[SINGLE] - fixed, value[OFFLINE])->is_aside =
        value[CARDS] > 1 || strcmp(round, "v3.1") != 0;
    return OK;
}

static double largest_aside(const struct validation *validation, bool several)
{
    double largest = NAN;

    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        if (row->is_aside && (strcmp(row->series, "several cards") == 0) == several)
            largest = fmax(largest, fabs(percent_error(row->predicted, row->published)));
    }
    return largest;
}

// Of what is scored: whether accelerators stand in the order that a large batch puts them.
static double order_of_scored(struct validation *validation)
{
    size_t count = (size_t)validation->row_count;
    double *predicted = arena_array(validation->arena, double, count);
    double *published = arena_array(validation->arena, double, count);
    int scored = 0;

    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        if (row->is_aside)
            continue;
        predicted[scored] = row->predicted;
        published[scored++] = row->published;
    }
    return kendall(predicted, published, scored);
}

static enum status score(struct context *context, struct validation *validation,
                         const struct csv_table *table)
{
    for (int row = 0; row < table->rows; row++)
        TRY(add_system(context, validation, table, row));
    validation_tell_errors(validation);
    validation_tell(validation, "Kendall tau of the systems", "", order_of_scored(validation));
    validation_tell(validation, "largest error, earlier rounds", "%",
                    largest_aside(validation, false));
    validation_tell(validation, "largest error, several cards", "%",
                    largest_aside(validation, true));
    return OK;
}

enum status validate_batch_law(struct context *context, struct validation *validation)
{
    validation->told = "ResNet-50, int8: one image and eight at once say what one of a large batch "
                       "takes. Scored: all systems of round v3.1 with one accelerator.";
    return validation_over(context, validation, "mlperf_systems.csv", score);
}
