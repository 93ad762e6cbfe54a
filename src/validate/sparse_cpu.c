// BERT on a processor with kernels that skip zero weights, MLPerf Inference: with a share s of the
// weights zero a network takes dense x (floor + (1 - floor) x (1 - s)). The floor is fitted to
// float32 networks, what 8 bits save to another network; both are scored on what they have not
// seen.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "energy/estimate.h"
#include "validate/cases.h"
#include "validate/validate_internal.h"

enum { POINTS_MAX = 8 };

struct point {
    const char *name;
    double sparsity, macs, joules;
};

// One machine: BERT-large dense, sparse in float32 and in int8.
struct machine {
    const char *device;
    double dense, saved_by_int8; // int8 / float32 of MobileBERT
    struct point wide[POINTS_MAX], narrow[POINTS_MAX];
    int wide_count, narrow_count;
};

// Relative least squares of joules = dense x ((1 - s) + floor x s) over all points but one (NULL:
// all).
static double fit_floor(const struct machine *machine, const struct point *without)
{
    double ab = 0, aa = 0;

    for (int i = 0; i < machine->wide_count; i++) {
        const struct point *point = &machine->wide[i];
        double a, b;
        if (point == without)
            continue;
        a = machine->dense * point->sparsity / point->joules;
        b = 1 - machine->dense * (1 - point->sparsity) / point->joules;
        ab += a * b;
        aa += a * a;
    }
    return ab / aa;
}

// What a profile of the calibrated kind says of a network of that dense figure.
static double law(struct device *device, double dense, double floor, double sparsity)
{
    const struct energy_work work = {
        .macs = 1, .precision = PRECISION_F32, .nonzero = 1 - sparsity, .nonzero_activations = 1};

    device->zero_weights_floor = floor;
    device->fit[PRECISION_F32] = (struct device_fit){.mac = dense};
    return energy_of_work(device, &work, 1).joules;
}

// Mean of the rows of that machine; NaN: none.
static enum status mean_of(struct context *context, struct validation *validation,
                           const struct csv_table *table, const char *device,
                           const char *architecture, const char *precision, double *out)
{
    static const char *const term[] = {"sparsity"};
    const struct where where[] = {{"device", device},
                                  {"architecture", architecture},
                                  {"precision", precision},
                                  {"sparsity", "0"},
                                  {NULL, NULL}};
    struct cases cases;
    double sum = 0;
    int count = 0;

    TRY(cases_select(context, validation->arena, table, where, term, 1, "joules", &cases));
    for (int i = 0; i < cases.count; i++)
        if (strncmp(cases_word(&cases, i, "runtime"), "deepsparse", 10) == 0) {
            sum += cases.y[i];
            count++;
        }
    *out = count ? sum / count : NAN;
    return OK;
}

static enum status sparse_points(struct context *context, struct validation *validation,
                                 const struct csv_table *table, const char *device,
                                 const char *precision, struct point *point, int *count)
{
    static const char *const term[] = {"sparsity", "macs"};
    const struct where where[] = {
        {"device", device}, {"architecture", "bert-large"}, {"precision", precision}, {NULL, NULL}};
    struct cases cases;

    *count = 0;
    TRY(cases_select(context, validation->arena, table, where, term, 2, "joules", &cases));
    for (int i = 0; i < cases.count && *count < POINTS_MAX; i++)
        if (cases.x[2 * i] > 0)
            point[(*count)++] = (struct point){cases_word(&cases, i, "network"), cases.x[2 * i],
                                               cases.x[2 * i + 1], cases.y[i]};
    return OK;
}

static enum status read_machine(struct context *context, struct validation *validation,
                                const struct csv_table *table, const char *device,
                                struct machine *machine)
{
    double wide, narrow;

    *machine = (struct machine){.device = device};
    TRY(mean_of(context, validation, table, device, "bert-large", "float32", &machine->dense));
    TRY(mean_of(context, validation, table, device, "mobilebert", "float32", &wide));
    TRY(mean_of(context, validation, table, device, "mobilebert", "int8", &narrow));
    machine->saved_by_int8 = narrow / wide;
    TRY(sparse_points(context, validation, table, device, "float32", machine->wide,
                      &machine->wide_count));
    return sparse_points(context, validation, table, device, "int8", machine->narrow,
                         &machine->narrow_count);
}

// law_of: the machine whose floor and saving are used; its own float32 points are held out one by
// one.
static void add_machine(struct validation *validation, struct device *device,
                        const struct machine *machine, const struct machine *law_of)
{
    double floor = fit_floor(law_of, NULL);

    for (int i = 0; i < machine->wide_count; i++) {
        const struct point *point = &machine->wide[i];
        double used = machine == law_of ? fit_floor(law_of, point) : floor;
        validation_add(validation, arena_format(validation->arena, "%s float32", machine->device),
                       point->name, law(device, machine->dense, used, point->sparsity),
                       point->joules);
    }
    for (int i = 0; i < machine->narrow_count; i++) {
        const struct point *point = &machine->narrow[i];
        validation_add(validation, arena_format(validation->arena, "%s int8", machine->device),
                       point->name,
                       law(device, machine->dense, floor, point->sparsity) * law_of->saved_by_int8,
                       point->joules);
    }
}

// What the same dense network took with other software on the machine that gave the figure: aside,
// as no profile of one runtime foretells another.
static enum status add_other_runtimes(struct context *context, struct validation *validation,
                                      const struct csv_table *table, const struct machine *machine)
{
    static const char *const term[] = {"macs"};
    const struct where where[] = {{"device", machine->device},
                                  {"architecture", "bert-large"},
                                  {"precision", "float32"},
                                  {"sparsity", "0"},
                                  {NULL, NULL}};
    struct cases cases;
    double worst = 0;

    TRY(cases_select(context, validation->arena, table, where, term, 1, "joules", &cases));
    for (int i = 0; i < cases.count; i++) {
        double *joules = &cases.y[i];
        if (strncmp(cases_word(&cases, i, "runtime"), "deepsparse", 10) == 0)
            continue;
        validation_add(validation, "other runtimes", cases_word(&cases, i, "runtime"),
                       machine->dense, *joules)
            ->is_aside = true;
        worst = fmax(worst, factor_percent_error(&machine->dense, joules, 1));
    }
    validation_tell(validation, "error as a factor, other runtimes", "%", worst);
    validation_tell(validation, "a MAC in int8", "J",
                    machine->dense * machine->saved_by_int8 / cases.x[0]);
    return OK;
}

// Largest error of the profile as it is shipped, with its own figure of a MAC.
static double error_as_shipped(const struct device *device, const struct point *point, int count,
                               enum device_precision precision)
{
    double largest = 0;

    for (int i = 0; i < count; i++) {
        const struct energy_work work = {.macs = point[i].macs,
                                         .precision = precision,
                                         .nonzero = 1 - point[i].sparsity,
                                         .nonzero_activations = 1};
        double joules = energy_of_work(device, &work, 1).joules;
        largest = fmax(largest, fabs(percent_error(joules, point[i].joules)));
    }
    return largest;
}

static void score_machines(struct validation *validation, struct device *device,
                           const struct machine *ryzen, const struct machine *am5)
{
    double wide = error_as_shipped(device, ryzen->wide, ryzen->wide_count, PRECISION_F32);
    double narrow = error_as_shipped(device, ryzen->narrow, ryzen->narrow_count, PRECISION_I8);

    add_machine(validation, device, ryzen, ryzen);
    add_machine(validation, device, am5, ryzen);
    validation_tell_errors(validation);
    validation_tell(validation, "largest error of cpu-server-x86 on the Ryzen, float32", "%", wide);
    validation_tell(validation, "largest error of cpu-server-x86 on the Ryzen, int8", "%", narrow);
    validation_tell(validation, "floor, fitted", "", fit_floor(ryzen, NULL));
    validation_tell(validation, "int8 / float32 of MobileBERT", "", ryzen->saved_by_int8);
}

static enum status score(struct context *context, struct validation *validation,
                         const struct csv_table *table)
{
    struct machine ryzen, am5;
    struct device device;
    enum status status;

    TRY(read_machine(context, validation, table, "ryzen", &ryzen));
    TRY(read_machine(context, validation, table, "am5", &am5));
    status = device_read(context, "cpu-server-x86", &device);
    if (status == OK)
        score_machines(validation, &device, &ryzen, &am5);
    device_clear(&device);
    return status == OK ? add_other_runtimes(context, validation, table, &ryzen) : status;
}

enum status validate_sparse_cpu(struct context *context, struct validation *validation)
{
    validation->told =
        "The floor fits BERT-large in float32 on the Ryzen (each point by the other), what int8 "
        "saves is MobileBERT's there; int8 and the second machine were not used, but for its dense "
        "float32 figure. Aside: the dense network with other software on the first machine.";
    return validation_over(context, validation, "mlperf_bert.csv", score);
}
