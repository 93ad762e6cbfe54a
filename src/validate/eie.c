// EIE (Han et al., ISCA 2016): skips zero weights and zero activations, so that time follows the
// multiply-accumulates that are left, at a utilisation that uneven work and padding leave.
#include "validate/cases.h"
#include "validate/validate_internal.h"

// Published of the chip: 64 elements, a multiply-accumulate each at 800 MHz.
static const double MACS_PER_SECOND = 64 * 800e6;

static enum status read_layers(struct context *context, struct arena *arena,
                               const struct csv_table *table, struct cases *out)
{
    static const char *const columns[] = {"macs", "weight_density", "activation_density", "watts"};
    static const char *const terms[] = {"seconds at full use x watts"};
    double *x;

    TRY(cases_select(context, arena, table, NULL, columns, 4, "joules", out));
    x = arena_array(arena, double, (size_t)out->count);
    for (int i = 0; i < out->count; i++) {
        const double *in = &out->x[i * 4];
        x[i] = in[0] * in[1] * in[2] / MACS_PER_SECOND * in[3];
    }
    out->x = x;
    out->term = terms;
    out->terms = 1;
    return OK;
}

static enum status score(struct context *context, struct validation *validation,
                         const struct csv_table *table)
{
    struct cases cases;
    struct regression fit;
    double *predicted;

    TRY(read_layers(context, validation->arena, table, &cases));
    TRY(cases_leave_one_out(context, &cases, &predicted));
    for (int i = 0; i < cases.count; i++)
        validation_add(validation, "EIE", cases_word(&cases, i, "layer"), predicted[i], cases.y[i]);
    TRY(cases_fit(context, &cases, &fit));
    validation_tell_errors(validation);
    validation_tell(validation, "utilisation, fitted", "", 1 / fit.coefficient[0]);
    return OK;
}

enum status validate_eie(struct context *context, struct validation *validation)
{
    validation->told =
        "Time from shape and densities at one utilisation, fitted to the other eight "
        "layers; joules are the chip's published 0.59 W x time.";
    return validation_over(context, validation, "eie.csv", score);
}
