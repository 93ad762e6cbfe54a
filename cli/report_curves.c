// Training curves out of the reports of a trial's steps: figures named "loss after epoch 3".
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_view.h"

static const char between[] = " after epoch ";

static struct report_curve *find_curve(const struct report_view *view, struct report_curves *curves,
                                       int step, const char *name, size_t length, size_t most)
{
    struct arena *arena = view->invocation->arena;
    struct report_curve *curve;

    for (int i = 0; i < curves->count; i++)
        if (curves->at[i].step == step && strlen(curves->at[i].quantity) == length &&
            strncmp(curves->at[i].quantity, name, length) == 0)
            return &curves->at[i];
    if (curves->count == CURVES_MAX)
        return NULL;
    curve = &curves->at[curves->count++];
    curve->step = step;
    curve->name = curve->quantity = arena_copy_bytes(arena, name, length);
    curve->value = arena_array(arena, double, most);
    return curve;
}

static size_t count_figures(const struct json *steps)
{
    size_t count = 0;

    for (size_t i = 0; i < json_count(steps); i++)
        count += json_count(json_at(json_child(steps, i), "report.figures"));
    return count;
}

// What several steps give is named by the step's place in the chain.
static void name_apart(const struct report_view *view, struct report_curves *curves)
{
    for (int i = 0; i < curves->count; i++)
        for (int j = 0; j < curves->count; j++)
            if (i != j && strcmp(curves->at[i].quantity, curves->at[j].quantity) == 0)
                curves->at[i].name = arena_format(view->invocation->arena, "%s of step %d",
                                                  curves->at[i].quantity, curves->at[i].step + 1);
}

struct report_curves report_curves(const struct report_view *view, const struct report_point *point)
{
    const struct json *steps = json_at(point->trial, "steps");
    struct report_curves curves = {.count = 0};
    size_t most = count_figures(steps);

    for (size_t i = 0; i < json_count(steps); i++) {
        const struct json *figures = json_at(json_child(steps, i), "report.figures");
        for (size_t j = 0; j < json_count(figures); j++) {
            const char *name = json_text(json_at(json_child(figures, j), "name"));
            const char *end = name ? strstr(name, between) : NULL;
            struct report_curve *curve =
                end ? find_curve(view, &curves, (int)i, name, (size_t)(end - name), most) : NULL;
            if (curve)
                curve->value[curve->count++] =
                    json_number(json_at(json_child(figures, j), "value"));
        }
    }
    name_apart(view, &curves);
    return curves;
}
