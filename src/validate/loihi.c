// Loihi, keyword spotting networks of growing width (Blouw et al., NICE 2019): above idle, joules
// are an energy of each connection beside one of each call, which is most of it.
#include <math.h>
#include <string.h>

#include "validate/cases.h"
#include "validate/validate_internal.h"

// Of silicon: a synaptic operation, and a hop between cores, once a spike, which then meets all the
// connections that a neuron has, 256 here (Davies et al., IEEE Micro 38(1), 2018).
static const double SYNAPSE_JOULES = 23.6e-12, HOP_JOULES = 3.5e-12, FAN_OUT = 256;

static const char *const terms[] = {"fixed", "macs"};
enum { TERMS = 2 };

// Runs of one network follow each other in the table and become one point, their mean.
static enum status mean_of_runs(struct context *context, struct arena *arena,
                                const struct csv_table *table, const char *network,
                                struct cases *out)
{
    const struct where where[] = {{"device", "loihi"}, {"network", network}, {NULL, NULL}};
    int used = -1, runs = 0;

    TRY(cases_select(context, arena, table, where, terms, TERMS, "dynamic_joules", out));
    for (int i = 0; i < out->count; i++) {
        bool is_new = used < 0 || out->x[i * TERMS + 1] != out->x[used * TERMS + 1];
        double y = out->y[i];
        if (is_new) {
            used++;
            runs = 0;
            memcpy(&out->x[used * TERMS], &out->x[i * TERMS], TERMS * sizeof(double));
            out->row[used] = out->row[i];
            out->name[used] = out->name[i];
            out->y[used] = 0;
        }
        out->y[used] += (y - out->y[used]) / ++runs;
    }
    out->count = used + 1;
    return OK;
}

static const char *branches_of(struct validation *validation, const struct cases *cases, int at)
{
    return arena_format(validation->arena, "%s branches", cases_word(cases, at, "branches"));
}

static enum status score(struct context *context, struct validation *validation,
                         const struct csv_table *table)
{
    struct cases all, wide, first;
    struct regression fit;
    double *predicted;
    int narrow = 0; // networks without a branch, which no line has seen

    TRY(mean_of_runs(context, validation->arena, table, "kws-scaled", &all));
    while (narrow < all.count && strcmp(cases_word(&all, narrow, "branches"), "0") == 0)
        narrow++;
    wide = all;
    wide.count -= narrow;
    wide.x += narrow * TERMS;
    wide.y += narrow;
    wide.row += narrow;
    wide.name += narrow;
    TRY(cases_leave_one_out(context, &wide, &predicted));
    TRY(cases_fit(context, &wide, &fit));
    for (int i = 0; i < narrow; i++)
        validation_add(validation, "no branch", branches_of(validation, &all, i),
                       cases_predict(&all, i, &fit), all.y[i]);
    for (int i = 0; i < wide.count; i++)
        validation_add(validation, "branches", branches_of(validation, &wide, i), predicted[i],
                       wide.y[i]);
    TRY(mean_of_runs(context, validation->arena, table, "kws", &first));
    for (int i = 0; i < first.count; i++)
        validation_add(validation, "other set-up", "keyword spotting alone",
                       cases_predict(&first, i, &fit), first.y[i])
            ->is_aside = true;
    validation_tell_errors(validation);
    validation_tell(validation, "slope error", "%",
                    fabs(percent_error(SYNAPSE_JOULES + HOP_JOULES / FAN_OUT, fit.coefficient[1])));
    validation_tell(validation, "slope error, a hop for each connection", "%",
                    fabs(percent_error(SYNAPSE_JOULES + HOP_JOULES, fit.coefficient[1])));
    validation_tell(validation, "a connection, fitted", "J", fit.coefficient[1]);
    validation_tell(validation, "a call, fitted", "J", fit.coefficient[0]);
    return OK;
}

enum status validate_loihi(struct context *context, struct validation *validation)
{
    validation->told =
        "Each network by the line through the others with a branch; the slope against the chip's "
        "published energy of a synaptic operation, at one spike a connection: how many there were "
        "was not published.";
    return validation_over(context, validation, "loihi.csv", score);
}
