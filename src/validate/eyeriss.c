// Eyeriss, measured by layer on the chip (Chen, Krishna, Emer, Sze, JSSC 52(1), 2017): its power is
// nearly constant while it runs, so that energy is static power x time + energy of the
// multiply-accumulates whose activation is not zero, which it does not gate.
#include <string.h>

#include "validate/cases.h"
#include "validate/validate_internal.h"

static const char *const terms[] = {"seconds", "nonzero_macs"};
enum { SECONDS, NONZERO, TERMS };

struct layers {
    struct csv_table table;
    struct cases cases; // x: terms, y: joules
    double *processing; // seconds without those it waits for DRAM
};

static enum status numbers_of(struct context *context, struct layers *layers, int row)
{
    static const char *const column[] = {"macs", "watts", "seconds_total", "seconds_processing",
                                         "zero_activations"};
    double value[5];
    int at;

    for (int i = 0; i < 5; i++) {
        TRY(csv_table_need(context, &layers->table, column[i], &at));
        TRY(csv_table_number(context, &layers->table, row, at, &value[i]));
    }
    layers->cases.x[row * TERMS + SECONDS] = value[2];
    layers->cases.x[row * TERMS + NONZERO] = value[0] * (1 - value[4]);
    layers->cases.y[row] = value[1] * value[2];
    layers->cases.row[row] = row;
    layers->processing[row] = value[3];
    return OK;
}

// Clear the table in any case.
static enum status layers_read(struct context *context, struct arena *arena, struct layers *layers)
{
    size_t rows;

    layers->table = (struct csv_table){.arena = NULL};
    TRY(csv_table_read(context, "eyeriss.csv", &layers->table));
    rows = (size_t)layers->table.rows;
    cases_of(&layers->cases, arena, (int)rows, terms, TERMS,
             arena_array(arena, double, rows *TERMS), arena_array(arena, double, rows));
    layers->cases.table = &layers->table;
    layers->cases.row = arena_array(arena, int, rows);
    layers->processing = arena_array(arena, double, rows);
    for (int row = 0; row < layers->table.rows; row++)
        TRY(numbers_of(context, layers, row));
    return OK;
}

// Largest error of a fit to all layers, told beside what was held out.
static enum status tell_fit(struct context *context, struct validation *validation,
                            const struct cases *cases, const char *name)
{
    struct regression fit;
    double *predicted = arena_array(validation->arena, double, (size_t)cases->count);

    TRY(cases_fit(context, cases, &fit));
    for (int i = 0; i < cases->count; i++)
        predicted[i] = cases_predict(cases, i, &fit);
    validation_tell(validation, name, "%",
                    largest_percent_error(predicted, cases->y, cases->count));
    return OK;
}

// The same with the rate of multiply-accumulates while the chip computes, waiting aside, as power
// over that rate is usually drawn.
static enum status tell_fit_by_rate(struct context *context, struct validation *validation,
                                    struct layers *layers)
{
    struct cases *cases = &layers->cases;
    struct cases by_rate = *cases;

    by_rate.x = arena_array(validation->arena, double, (size_t)cases->count *TERMS);
    for (int i = 0; i < cases->count; i++) {
        const double *x = &cases->x[i * TERMS];
        by_rate.x[i * TERMS + SECONDS] = x[SECONDS];
        by_rate.x[i * TERMS + NONZERO] = x[NONZERO] * x[SECONDS] / layers->processing[i];
    }
    return tell_fit(context, validation, &by_rate, "largest error, fitted by rate");
}

static enum status given_time(struct context *context, struct validation *validation,
                              struct layers *layers)
{
    struct cases *cases = &layers->cases;
    double *predicted;

    TRY(cases_leave_one_out(context, cases, &predicted));
    for (int i = 0; i < cases->count; i++)
        validation_add(validation, cases_word(cases, i, "network"), cases_word(cases, i, "layer"),
                       predicted[i], cases->y[i]);
    validation_tell_errors(validation);
    TRY(tell_fit(context, validation, cases, "largest error, fitted"));
    return tell_fit_by_rate(context, validation, layers);
}

enum status validate_eyeriss_timed(struct context *context, struct validation *validation)
{
    struct layers layers;
    enum status status;

    validation->told =
        "Each layer by the static power and the energy of a multiply-accumulate with "
        "a non-zero activation that fit the other 17, and its own measured time.";
    status = layers_read(context, validation->arena, &layers);
    if (status == OK)
        status = given_time(context, validation, &layers);
    csv_table_clear(&layers.table);
    return status;
}
