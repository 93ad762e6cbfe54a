// Eyeriss, measured by layer on the chip (Chen, Krishna, Emer, Sze, JSSC 52(1), 2017): its power is
// nearly constant while it runs, so that energy is static power x time + energy of the
// multiply-accumulates whose activation is not zero, which it does not gate.
#include <math.h>
#include <string.h>

#include "energy/array.h"
#include "validate/cases.h"
#include "validate/quantity.h"
#include "validate/validate_internal.h"

static const char *const terms[] = {"seconds", "nonzero_macs"};
enum { SECONDS, NONZERO, TERMS };

struct layers {
    const struct csv_table *table;
    struct cases cases;
    double *processing; // seconds without those it waits for DRAM
};

static enum status layers_read(struct context *context, struct arena *arena,
                               const struct csv_table *table, struct layers *layers)
{
    *layers = (struct layers){.table = table};
    TRY(cases_select(context, arena, table, NULL, terms, TERMS, "joules", &layers->cases));
    layers->processing = arena_array(arena, double, (size_t)table->rows);
    for (int row = 0; row < table->rows; row++)
        TRY(csv_quantity(context, table, row, "seconds_processing", &layers->processing[row]));
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
                              const struct csv_table *table)
{
    struct layers layers;
    struct cases *cases = &layers.cases;
    double *predicted;

    TRY(layers_read(context, validation->arena, table, &layers));
    TRY(cases_leave_one_out(context, cases, &predicted));
    for (int i = 0; i < cases->count; i++)
        validation_add(validation, cases_word(cases, i, "network"), cases_word(cases, i, "layer"),
                       predicted[i], cases->y[i]);
    validation_tell_errors(validation);
    TRY(tell_fit(context, validation, cases, "largest error, fitted"));
    return tell_fit_by_rate(context, validation, &layers);
}

enum status validate_eyeriss_timed(struct context *context, struct validation *validation)
{
    validation->told =
        "Each layer by the static power and the energy of a multiply-accumulate with "
        "a non-zero activation that fit the other 17, and its own measured time.";
    return validation_over(context, validation, "eyeriss.csv", given_time);
}

// ---- T2: the mapper's time ---------------------------------------------------------------------

enum { PICTURE_CHANNELS = 3 };
enum { BATCH, IN, OUT, HEIGHT, WIDTH, PAD, KERNEL, STRIDE, GROUPS, ZEROS, SHAPE };

static double windows(double size, const double *value)
{
    return floor((size + 2 * value[PAD] - value[KERNEL]) / value[STRIDE]) + 1;
}

static enum status shape_of(struct context *context, const struct csv_table *table, int row,
                            struct layer_shape *shape, struct array_zeros *zeros)
{
    static const char *const column[SHAPE] = {
        "batch", "in_channels", "out_channels", "height", "width",
        "pad",   "kernel",      "stride",       "groups", "zero_activations"};
    double value[SHAPE];

    for (int i = 0; i < SHAPE; i++)
        TRY(csv_quantity(context, table, row, column[i], &value[i]));
    *shape = (struct layer_shape){.batch = value[BATCH],
                                  .groups = value[GROUPS],
                                  .in_channels = value[IN] / value[GROUPS],
                                  .out_channels = value[OUT] / value[GROUPS],
                                  .in_height = value[HEIGHT] + 2 * value[PAD],
                                  .in_width = value[WIDTH] + 2 * value[PAD],
                                  .out_height = windows(value[HEIGHT], value),
                                  .out_width = windows(value[WIDTH], value),
                                  .kernel_height = value[KERNEL],
                                  .kernel_width = value[KERNEL],
                                  .stride_height = value[STRIDE],
                                  .stride_width = value[STRIDE]};
    // What comes out is taken to be as full of zeros as what came in: it was not published.
    *zeros = (struct array_zeros){value[ZEROS], value[ZEROS]};
    return OK;
}

// Power as it fits all layers but one.
static enum status fit_without(struct context *context, const struct cases *all, int at,
                               struct regression *out)
{
    size_t before = (size_t)at, behind = (size_t)(all->count - at - 1);
    struct cases rest;

    cases_of(&rest, all->arena, all->count - 1, all->term, TERMS,
             arena_array(all->arena, double, (size_t)all->count *TERMS),
             arena_array(all->arena, double, (size_t)all->count));
    memcpy(rest.x, all->x, before * TERMS * sizeof(double));
    memcpy(rest.x + before * TERMS, all->x + (before + 1) * TERMS, behind * TERMS * sizeof(double));
    memcpy(rest.y, all->y, before * sizeof(double));
    memcpy(rest.y + before, all->y + before + 1, behind * sizeof(double));
    return cases_fit(context, &rest, out);
}

static enum status mapped_time(struct context *context, struct validation *validation,
                               const struct layers *layers, const struct array *array)
{
    const struct cases *cases = &layers->cases;
    size_t count = (size_t)cases->count;
    double *computing = arena_array(validation->arena, double, count);
    double *whole = arena_array(validation->arena, double, count);
    double *measured = arena_array(validation->arena, double, count);
    double *predicted = arena_array(validation->arena, double, count);

    for (int i = 0; i < cases->count; i++) {
        const double *x = &cases->x[i * TERMS];
        struct regression fit;
        struct layer_shape shape;
        struct array_zeros zeros;
        struct array_mapping mapping;
        TRY(fit_without(context, cases, i, &fit));
        TRY(shape_of(context, layers->table, i, &shape, &zeros));
        array_map(&array->spec, &shape, &zeros, &mapping);
        computing[i] = mapping.cycles / array->spec.hertz;
        whole[i] = mapping.seconds;
        measured[i] = x[SECONDS];
        predicted[i] = regression_predict(&fit, (const double[TERMS]){mapping.seconds, x[NONZERO]});
        validation_add(validation, cases_word(cases, i, "network"), cases_word(cases, i, "layer"),
                       predicted[i], cases->y[i]);
    }
    validation_tell_claims(validation, "", predicted, cases->y, cases->count);
    validation_tell(validation, "mean error of the time", "%",
                    mean_percent_error(whole, measured, cases->count));
    validation_tell(validation, "mean error of the time, without waiting for DRAM", "%",
                    mean_percent_error(computing, layers->processing, cases->count));
    return OK;
}

// The share of multiply-accumulates whose input is zero in layers that read no picture: what
// another network has behind its ReLUs, as far as these two tell.
static enum status tell_zeros(struct context *context, struct validation *validation,
                              const struct csv_table *table)
{
    double macs, nonzero, channels, all = 0, left = 0;

    for (int row = 0; row < table->rows; row++) {
        TRY(csv_quantity(context, table, row, "in_channels", &channels));
        TRY(csv_quantity(context, table, row, "macs", &macs));
        TRY(csv_quantity(context, table, row, "nonzero_macs", &nonzero));
        all += channels > PICTURE_CHANNELS ? macs : 0;
        left += channels > PICTURE_CHANNELS ? nonzero : 0;
    }
    validation_tell(validation, "zero activations, layers behind a ReLU", "", 1 - left / all);
    return OK;
}

static enum status with_profile(struct context *context, struct validation *validation,
                                const struct csv_table *table)
{
    struct device device;
    enum status status = device_read(context, "eyeriss-65nm", &device);
    const struct array *array = status == OK ? device_array(&device) : NULL;
    struct layers layers;

    if (status == OK && !array)
        status = context_fail(context, ERR_FORMAT, "profile '%s' is no array", device.name);
    if (status == OK)
        status = layers_read(context, validation->arena, table, &layers);
    if (status == OK)
        status = mapped_time(context, validation, &layers, array);
    if (status == OK)
        status = tell_zeros(context, validation, table);
    device_clear(&device);
    return status;
}

enum status validate_eyeriss_mapped(struct context *context, struct validation *validation)
{
    validation->told =
        "As T1, the power of each layer by the other 17, but its time from the array, the buffer "
        "and the buses in the profile eyeriss-65nm. Held out is the power alone: the rule 'busy', "
        "by "
        "which mappings are chosen, and the width of the buses were found on the published "
        "mappings "
        "of these layers.";
    return validation_over(context, validation, "eyeriss.csv", with_profile);
}
