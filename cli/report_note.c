// What stands over and under the drawings and tables of a report: its title, and what the figures
// rest on.
#include <math.h>
#include <string.h>

#include "cli/report_view.h"

const char *report_title(const struct report_view *view)
{
    const char *title = json_text(json_at(view->sweep, "spec.title"));
    const char *data = json_text(json_at(view->sample, "data.name"));
    int count = 0;

    for (int i = 0; i < view->count; i++)
        count += view->point[i].eval != NULL;
    if (view->options->title)
        return view->options->title;
    return title ? title
                 : arena_format(view->invocation->arena, "%d model%s on %s", count,
                                count == 1 ? "" : "s", data ? data : "data");
}

static const char *error_words(struct arena *arena, double percent)
{
    return isnan(percent)  ? ""
           : percent < 100 ? arena_format(arena, ", within %.3g %%", percent)
                           : arena_format(arena, ", within a factor of %.3g", 1 + percent / 100);
}

// Whether any point that is shown has a number there.
static bool is_known(const struct report_view *view, const char *key)
{
    bool found = false;

    for (int i = 0; i < view->count && !found; i++)
        found = json_is_number(json_at(view->point[i].eval, key));
    return found;
}

const char *report_energy_note(const struct report_view *view)
{
    struct arena *arena = view->invocation->arena;
    const struct json *energy = json_at(view->sample, "energy");

    if (!is_known(view, "energy.joules"))
        return arena_format(arena, "Energy: not known, profile %s.",
                            json_text(json_at(energy, "device")));
    return arena_format(
        arena, "Energy: estimated, profile %s%s%s.", json_text(json_at(energy, "device")),
        error_words(arena, json_number(json_at(energy, "profile.error_percent"))),
        json_text(json_at(energy, "profile.validated_by")) ? ""
                                                           : ", not validated by measurements");
}

// " Accuracy: 300 samples of NAME, 95 % intervals.": as much of it as is known.
static const char *accuracy_note(const struct report_view *view)
{
    struct arena *arena = view->invocation->arena;
    const char *data = json_text(json_at(view->sample, "data.name"));
    double samples = json_number(json_at(view->sample, "data.samples"));
    const char *count = isnan(samples) ? "" : arena_format(arena, "%.0f samples", samples);
    const char *of = data ? arena_format(arena, "%s%s", *count ? " of " : "on ", data) : "";
    const char *intervals = is_known(view, "accuracy.ci95.0") ? "95 % intervals" : "";

    if (!is_known(view, "accuracy.value"))
        return " Accuracy: not known.";
    if (!*count && !*of && !*intervals)
        return "";
    return arena_format(arena, " Accuracy: %s%s%s%s.", count, of,
                        (*count || *of) && *intervals ? ", " : "", intervals);
}

const char *report_note(const struct report_view *view)
{
    struct arena *arena = view->invocation->arena;
    bool on_test = view->selected_on && strcmp(view->selected_on, "test") == 0;
    const char *note = arena_format(arena, "%s%s%s", report_energy_note(view), accuracy_note(view),
                                    on_test ? " Selected on test: the same data chose and judge."
                                    : view->has_sweep ? " Selected on search data."
                                                      : "");

    for (size_t i = 0; i < json_count(view->warnings); i++)
        note =
            arena_format(arena, "%s Warning: %s.", note, json_text(json_child(view->warnings, i)));
    return note;
}
