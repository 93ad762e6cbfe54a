// ecai place: may joules of the two places be compared at all, and what does the answer assume?
#include "cli/place_judge.h"

#include <math.h>
#include <string.h>

#include "cli/fits.h"

static const char *const NOT_TOLD = "boundary not told";

static const char *boundary_of(const struct place_side *side)
{
    return side->device.boundary ? side->device.boundary : NOT_TOLD;
}

static const char *side_words(const struct place_side *side, struct arena *arena)
{
    return arena_format(arena, "%s %s, %s (%s)", side->role, side->device.name, boundary_of(side),
                        side->device.scope);
}

static const char *boundaries_words(const struct place_report *report, const char *what)
{
    struct arena *arena = report->invocation->arena;

    return arena_format(arena, "%s: %s; %s", what,
                        side_words(&report->side[PLACE_CLOUD_SIDE], arena),
                        side_words(&report->side[PLACE_EDGE_SIDE], arena));
}

static bool have_one_boundary(const struct place_report *report)
{
    return strcmp(boundary_of(&report->side[PLACE_CLOUD_SIDE]),
                  boundary_of(&report->side[PLACE_EDGE_SIDE])) == 0;
}

// NULL: nothing hinders this place. Arithmetic and memory alone are a small part of what a machine
// draws, and nobody knows which; the network's joules, at least, are of whole machines.
static const char *hindrance_of(const struct place_side *side, struct arena *arena)
{
    struct text shortage;
    const char *words = NULL;

    if (side->energy.fits == FITS_NOT) {
        text_init(&shortage);
        fits_text(&side->energy, &side->device, &shortage);
        words = arena_format(arena, "%s: %s does not fit %s: %s", side->role, side->model->name,
                             side->device.name, shortage.at);
        text_clear(&shortage);
    } else if (isnan(side->energy.joules)) {
        words = arena_format(arena, "%s: joules are not known: %s", side->role,
                             side->energy.reason ? side->energy.reason : "no figure");
    } else if (strcmp(boundary_of(side), "datapath") == 0) {
        words = arena_format(arena,
                             "%s: joules of %s are of a datapath alone, which cannot be compared "
                             "with those of the network and of whole machines",
                             side->role, side->device.name);
    }
    return words;
}

static const char *obstacle_of(const struct place_report *report)
{
    const struct place_side *cloud = &report->side[PLACE_CLOUD_SIDE];
    const struct place_side *edge = &report->side[PLACE_EDGE_SIDE];
    struct arena *arena = report->invocation->arena;
    const char *there = hindrance_of(cloud, arena), *here = hindrance_of(edge, arena);

    if (there && here)
        return arena_format(arena, "%s; %s", there, here);
    return there ? there : here;
}

static void assume(struct place_report *report, const char *words)
{
    report->assumption[report->assumption_count++] = words;
}

static void gather_assumptions(struct place_report *report)
{
    const struct place_side *edge = &report->side[PLACE_EDGE_SIDE];

    assume(report, "a figure without an interval (the network's marginal one, the radio's) adds "
                   "nothing to the interval of a sum");
    assume(report, "the radio's figure is that of sending, for both ways, without the seconds that "
                   "it stays awake afterwards");
    assume(report, "the grids' averages over the year; the hour is not known");
    assume(report, "left out: making of devices and networks, waiting between requests, what "
                   "decodes the request");
    if (place_has_usual_charger(edge))
        assume(report, "the charger's efficiency is that of a phone's, unverified");
    if (!have_one_boundary(report))
        assume(report, boundaries_words(report, "the places' joules end at different boundaries"));
    else if (!edge->device.boundary)
        assume(report, "neither profile tells at which boundary its joules were taken");
}

bool place_has_usual_charger(const struct place_side *side)
{
    return strcmp(side->factor_name, "charger_efficiency") == 0 &&
           strcmp(side->factor_from, "default") == 0;
}

void place_judge(struct place_report *report)
{
    report->obstacle = report->reason = obstacle_of(report);
    for (int i = 0; i < PLACE_SIDES && !report->reason; i++)
        if (isnan(report->side[i].energy.low))
            report->reason =
                arena_format(report->invocation->arena, "%s: the error of %s is not known",
                             report->side[i].role, report->side[i].device.name);
    gather_assumptions(report);
    if (!have_one_boundary(report))
        context_warn(report->invocation->context, "%s",
                     boundaries_words(report, "the places' joules end at different boundaries"));
}
