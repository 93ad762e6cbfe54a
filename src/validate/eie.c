// EIE (Han et al., ISCA 2016): skips zero weights and zero activations. Each layer by the formula
// of the profile itself (energy/kind_sparse_engine.c), but for the utilisation, which the other
// layers give.
#include "energy/estimate.h"
#include "validate/cases.h"
#include "validate/validate_internal.h"

#define PROFILE "eie-45nm-sparse:engine.utilisation=1"

enum { MACS, WEIGHTS, ACTIVATIONS, COLUMNS };
// Of the same layer: with its zero activations as published, and counted as if it had none, which
// is what an estimate does that cannot know them.
enum { PUBLISHED_ZEROS, NO_ZEROS, WAYS };

// x: joules of a layer at full use, [count] of each way.
static enum status read_layers(struct context *context, struct arena *arena,
                               const struct csv_table *table, const struct device *device,
                               struct cases *out, double *x[WAYS])
{
    static const char *const columns[] = {"macs", "weight_density", "activation_density"};

    TRY(cases_select(context, arena, table, NULL, columns, COLUMNS, "joules", out));
    for (int way = 0; way < WAYS; way++) {
        x[way] = arena_array(arena, double, (size_t)out->count);
        for (int i = 0; i < out->count; i++) {
            const double *in = &out->x[i * COLUMNS];
            const struct energy_work work = {.macs = in[MACS],
                                             .nonzero = in[WEIGHTS],
                                             .nonzero_activations =
                                                 way == NO_ZEROS ? 1 : in[ACTIVATIONS]};
            x[way][i] = energy_of_work(device, &work, 1).joules;
        }
    }
    return OK;
}

static enum status score(struct context *context, struct validation *validation,
                         const struct csv_table *table, const struct device *device)
{
    static const char *const terms[] = {"joules at full use"};
    struct cases cases;
    struct regression fit;
    double *x[WAYS], *predicted, *blind;

    TRY(read_layers(context, validation->arena, table, device, &cases, x));
    cases.x = x[PUBLISHED_ZEROS];
    cases.term = terms;
    cases.terms = 1;
    TRY(cases_leave_one_out(context, &cases, &predicted));
    TRY(cases_fit(context, &cases, &fit));
    blind = arena_array(validation->arena, double, (size_t)cases.count);
    for (int i = 0; i < cases.count; i++) {
        validation_add(validation, "EIE", cases_word(&cases, i, "layer"), predicted[i], cases.y[i]);
        blind[i] = fit.coefficient[0] * x[NO_ZEROS][i]; // as the profile has it
    }
    for (int i = 0; i < cases.count; i++)
        validation_add(validation, "no activation zero", cases_word(&cases, i, "layer"), blind[i],
                       cases.y[i])
            ->is_aside = true;
    validation_tell_claims(validation, "", predicted, cases.y, cases.count);
    validation_tell(validation, "utilisation, fitted", "", 1 / fit.coefficient[0]);
    validation_tell_claims(validation, ", no activation zero", blind, cases.y, cases.count);
    return OK;
}

static enum status with_profile(struct context *context, struct validation *validation,
                                const struct csv_table *table)
{
    struct device device;
    enum status status = device_read(context, PROFILE, &device);

    if (status == OK)
        status = score(context, validation, table, &device);
    device_clear(&device);
    return status;
}

enum status validate_eie(struct context *context, struct validation *validation)
{
    validation->told =
        "Time as the profile eie-45nm-sparse computes it, from shape, densities and the zeros that "
        "pad its runs, at the utilisation that fits the other eight layers; joules are 0.59 W x "
        "time. Aside: with every activation counted as not zero, at the "
        "utilisation that fits all nine.";
    return validation_over(context, validation, "eie.csv", with_profile);
}
