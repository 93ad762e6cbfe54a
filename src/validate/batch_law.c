// Batches on accelerators, MLPerf Inference: joules of an image in a batch of b are E0 / b + e. One
// image (SingleStream) and eight (MultiStream) say what a large batch (Offline) takes.
#include <math.h>
#include <string.h>

#include "energy/estimate.h"
#include "validate/cases.h"
#include "validate/validate_internal.h"

enum { SINGLE, EIGHT, OFFLINE, CARDS, MACS, NUMBERS, STREAMS = 8 };

static const char *const scored_round = "v3.1", *const several_cards = "several cards";

// What the calibrated kind of profile says of an image in a batch, with the fixed part and the rest
// that one image and eight come to.
static double joules_in_batches(struct device *device, const double *value, double batch)
{
    const struct energy_work work = {
        .macs = value[MACS], .precision = PRECISION_I8, .nonzero = 1, .nonzero_activations = 1};
    double image = value[EIGHT] / STREAMS;
    double fixed = fmax(0, (value[SINGLE] - image) * STREAMS / (STREAMS - 1));

    device->fit[PRECISION_I8] =
        (struct device_fit){.fixed = fixed, .mac = (value[SINGLE] - fixed) / value[MACS]};
    return energy_of_work(device, &work, batch).joules;
}

// Scored: the latest round, one accelerator, int8. Streams use one card where Offline uses all, so
// that several cards are another matter; earlier rounds are told as they are. How large the batches
// of Offline are is not published: so large that nothing is left of what is fixed.
static enum status add_system(struct context *context, struct validation *validation,
                              const struct csv_table *table, int row, struct device *device)
{
    static const char *const column[NUMBERS] = {"singlestream_joules", "multistream_joules",
                                                "offline_joules", "accelerators", "macs"};
    const char *name, *round, *precision, *series;
    double value[NUMBERS];

    TRY(row_numbers_or_nan(context, table, row, column, NUMBERS, value));
    TRY(row_word(context, table, row, "device", &name));
    TRY(row_word(context, table, row, "round", &round));
    TRY(row_word(context, table, row, "precision", &precision));
    if (isnan(value[SINGLE] + value[EIGHT] + value[OFFLINE]) || !(value[CARDS] >= 1) ||
        strcmp(precision, "int8") != 0)
        return OK;
    series = value[CARDS] > 1 ? several_cards : round;
    validation_add(validation, series, name, joules_in_batches(device, value, INFINITY),
                   value[OFFLINE])
        ->is_aside = strcmp(series, scored_round) != 0;
    return OK;
}

// Of results of several cards, or of those of one in all rounds.
static double largest_error(const struct validation *validation, bool several)
{
    double largest = NAN;

    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        if ((strcmp(row->series, several_cards) == 0) == several)
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
    struct device device;
    // Any of the calibrated kind that shares its fixed part among a batch: its own figures of int8
    // give way to those of each system.
    enum status status = device_read(context, "gpu-edge-orin", &device);

    for (int row = 0; status == OK && row < table->rows; row++)
        status = add_system(context, validation, table, row, &device);
    device_clear(&device);
    TRY(status);
    validation_tell_errors(validation);
    validation_tell(validation, "Kendall tau of the systems", "", order_of_scored(validation));
    validation_tell(validation, "largest error, all rounds", "%", largest_error(validation, false));
    validation_tell(validation, "largest error, several cards", "%",
                    largest_error(validation, true));
    return OK;
}

enum status validate_batch_law(struct context *context, struct validation *validation)
{
    validation->told =
        "ResNet-50, int8: one image and eight at once say what one of a large batch takes. Scored: "
        "all 12 systems of the latest round, v3.1, with one accelerator, of which 5 are Orins; "
        "then all 31 results of one accelerator in rounds v2.1 to v3.1.";
    return validation_over(context, validation, "mlperf_systems.csv", score);
}
