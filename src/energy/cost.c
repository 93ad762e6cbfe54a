// What compressing itself cost.
#include "energy/cost.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "energy/energy_json.h"

void cost_because(struct cost *cost, const char *format, ...)
{
    va_list arguments;

    if (cost->reason[0])
        return;
    va_start(arguments, format);
    vsnprintf(cost->reason, sizeof cost->reason, format, arguments);
    va_end(arguments);
}

// Multiply-accumulates are all that is counted here: a profile that tells memory or calls apart
// from them would leave most of the energy out.
static bool has_all_in_macs(const struct device *host)
{
    const struct device_fit *fit = &host->fit[PRECISION_F32];

    return host->kind == DEVICE_KIND_calibrated && !(fit->fixed > 0) && !(fit->weight_byte > 0) &&
           !(fit->byte > 0);
}

void cost_init(struct cost *cost, double macs, const struct device *host, const struct grid *grid)
{
    bool serves = host && has_all_in_macs(host);
    double each = serves ? host->fit[PRECISION_F32].mac : NAN;
    double factor = host ? 1 + host->error_percent / 100 : NAN;

    *cost = (struct cost){.macs = macs,
                          .joules = macs * each,
                          .host = host,
                          .grid = *grid,
                          .pue = 1,
                          .per_day = NAN,
                          .inferences = NAN,
                          .measured = NAN};
    cost->low = cost->joules / factor;
    cost->high = cost->joules * factor;
    cost->grams = grid_grams(grid, cost->joules);
    if (!host)
        cost_because(cost, "no profile of the computer that did it");
    else if (!serves)
        cost_because(cost,
                     "profile '%s' tells memory or calls apart from multiply-accumulates, and only "
                     "these are counted",
                     host->name);
    else if (isnan(each))
        cost_because(cost, "profile '%s' has no figure for float32", host->name);
}

void cost_in_centre(struct cost *cost, double pue)
{
    cost->pue = pue;
    cost->grams = pue * grid_grams(&cost->grid, cost->joules);
}

void cost_pay_back(struct cost *cost, double before, double after, const char *device)
{
    const char *on = device ? " on " : "";
    double saved = before - after;

    if (isnan(before) || isnan(after))
        cost_because(cost, "energy of an inference is not known%s%s", on, device ? device : "");
    else if (!(saved > 0))
        cost_because(cost, "saves no energy%s%s", on, device ? device : "");
    else // a whole quotient stays one in spite of rounding
        cost->inferences = ceil(cost->joules / saved * (1 - 1e-12));
}

static void add_measured(struct json *object, const struct cost *cost)
{
    struct json *measured;

    if (isnan(cost->measured)) {
        json_add_null(object, "measured");
        return;
    }
    measured = json_add_object(object, "measured");
    json_add_number(measured, "joules", cost->measured);
    json_add_text(measured, "counter", cost->counter);
    json_add_text(measured, "scope", cost->scope);
}

void cost_to_json(struct json *object, const struct cost *cost)
{
    json_add_number(object, "macs", cost->macs);
    json_add_number(object, "joules", cost->joules);
    json_add_interval(object, "interval", cost->low, cost->high);
    json_add_text(object, "basis", "estimated");
    json_add_text(object, "device", cost->host ? cost->host->name : NULL);
    if (cost->host)
        energy_profile_to_json(json_add_object(object, "profile"), cost->host);
    else
        json_add_null(object, "profile");
    json_add_number(object, "grams", cost->grams);
    json_add_interval(object, "grams_interval", cost->pue * grid_grams(&cost->grid, cost->low),
                      cost->pue * grid_grams(&cost->grid, cost->high));
    grid_to_json(json_add_object(object, "grid"), &cost->grid);
    json_add_number(object, "pue", cost->pue);
    json_add_number(object, "inferences_to_pay_back", cost->inferences);
    json_add_number(object, "inferences_per_day", cost->per_day);
    json_add_number(object, "days_to_pay_back", cost->inferences / cost->per_day);
    json_add_text(object, "reason", cost->reason[0] ? cost->reason : NULL);
    add_measured(object, cost);
}

static double number_at(const struct json *json, const char *path)
{
    const struct json *item = json_at(json, path);

    return item ? json_number(item) : NAN;
}

void cost_tally_steps(struct cost_tally *tally, const struct json *steps)
{
    for (size_t i = 0; steps && i < json_count(steps); i++) {
        const struct json *step = json_child(steps, i), *report = json_member(step, "report");
        const struct json *cached = json_member(step, "cached");

        if (cached && json_number(cached) == 1)
            continue;
        if (report && json_is_object(report))
            tally->macs += number_at(report, "cost.macs");
        else if (!(number_at(step, "seconds") >= 0))
            cost_tally_failure(tally);
    }
}

void cost_tally_failure(struct cost_tally *tally)
{
    tally->silent++;
}

void cost_tally_eval(struct cost_tally *tally, const struct json *eval)
{
    if (eval && json_is_object(eval))
        tally->macs += number_at(eval, "timing.macs");
}

void cost_tell_silent(struct cost *cost, const struct cost_tally *tally)
{
    if (isnan(tally->macs))
        cost_because(cost, "a step does not tell its work");
    if (tally->silent == 1)
        cost_because(cost, "without what a failed step ran");
    else if (tally->silent)
        cost_because(cost, "without what %d failed steps ran", tally->silent);
}
