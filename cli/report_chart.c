// `ecai report --format svg`: the points as a chart.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_chart.h"
#include "chain/label.h"
#include "cli/table.h"

enum { DEFAULT_WIDTH = 560, DEFAULT_HEIGHT = 380 };

struct chart_sheet report_sheet(const struct report_view *view, double height, const char *note)
{
    const struct report_options *options = view->options;

    return (struct chart_sheet){
        .width = options->width ? (double)options->width : DEFAULT_WIDTH,
        .height = options->height ? (double)options->height : height,
        .title = options->title,
        .note = options->note ? note : NULL,
        .description = report_title(view),
    };
}

enum status report_check_room(const struct report_view *view, bool has_room)
{
    return has_room ? OK
                    : context_fail(view->invocation->context, ERR_USAGE,
                                   "'--width' and '--height' leave less than %d pixels for the "
                                   "plot, beside words",
                                   CHART_PLOT_MIN);
}

static void interval_of(const struct report_point *point, const char *key, double *low,
                        double *high)
{
    const struct json *pair = key ? json_at(point->eval, key) : NULL;

    *low = json_number(json_at(pair, "0"));
    *high = json_number(json_at(pair, "1"));
}

// The values of --group, each a series, in the order they appear.
struct groups {
    const char *name[SERIES_MAX];
    int count;
};

static const char *short_name(const char *parameter)
{
    const char *dot = strrchr(parameter, '.');

    return dot && dot[1] ? dot + 1 : parameter;
}

static enum status find_group(const struct report_view *view, const struct report_point *point,
                              struct groups *groups, int *out)
{
    const char *key = view->options->group, *words;
    const struct json *value = report_parameter(point, key);
    struct context *context = view->invocation->context;

    words = arena_format(view->invocation->arena, "%s %s", short_name(key),
                         value ? report_words(view, value) : "unset");
    for (*out = 0; *out < groups->count; ++*out)
        if (strcmp(groups->name[*out], words) == 0)
            return OK;
    if (groups->count == SERIES_MAX)
        return context_fail(context, ERR_UNSUPPORTED,
                            "'--group': '%s' has more than %d values, too many to tell apart", key,
                            SERIES_MAX);
    groups->name[groups->count++] = words;
    return OK;
}

// Parameters alone, without their names: "0.8, 4/8". The note says what they are.
static const char *short_label(const struct report_view *view, const struct report_point *point)
{
    const struct json *parameters = json_at(point->trial, "parameters");
    struct arena *arena = view->invocation->arena;
    const char *label = "";

    if (json_count(parameters) == 0)
        return point->label;
    for (size_t i = 0; i < json_count(parameters); i++) {
        const char *part = chain_label_part(arena, parameters, i, false);
        if (view->options->group &&
            strcmp(json_key(json_child(parameters, i)), view->options->group) == 0)
            continue;
        if (*part)
            label = arena_format(arena, "%s%s%s", label, *label ? ", " : "", part);
    }
    return *label ? label : NULL;
}

// "front" stands for the front of a sweep and for every model that was named on the line.
static bool wants(const char *option, const struct report_point *point)
{
    return strcmp(option, "all") == 0 || (strcmp(option, "front") == 0 &&
                                          (point->is_marked || point->is_chosen || !point->trial));
}

static enum status add_point(const struct report_view *view, const struct report_point *point,
                             struct groups *groups, struct chart_point *out)
{
    struct context *context = view->invocation->context;
    enum status status = OK;

    *out = (struct chart_point){
        .x = report_value(point, view->x.key),
        .y = report_value(point, view->y.key),
        .x_low = NAN,
        .x_high = NAN,
        .y_low = NAN,
        .y_high = NAN,
        .is_front = point->is_marked,
        .is_chosen = point->is_chosen,
        .label = wants(view->options->labels, point) ? short_label(view, point) : NULL,
    };
    if (isnan(out->x) || isnan(out->y))
        return OK;
    if ((view->options->log_x && out->x <= 0) || (view->options->log_y && out->y <= 0))
        return context_fail(context, ERR_UNSUPPORTED,
                            "%s: %s of '%s' is not above zero, as '--log-%s' needs it", point->file,
                            out->x <= 0 ? view->x.key : view->y.key, point->label,
                            view->options->log_x && out->x <= 0 ? "x" : "y");
    if (wants(view->options->intervals, point)) {
        interval_of(point, view->x.interval, &out->x_low, &out->x_high);
        interval_of(point, view->y.interval, &out->y_low, &out->y_high);
    }
    if (view->options->group)
        status = find_group(view, point, groups, &out->series);
    return status;
}

// The teacher, where both axes are known of it.
static bool add_baseline(const struct report_view *view, struct chart_point *out)
{
    const struct json *baseline = json_at(view->sample, "baseline");
    static const char *const same[][2] = {
        {"energy.joules", "joules"}, {"accuracy.value", "accuracy"},
        {"model.bytes", "bytes"},    {"model.parameters", "parameters"},
        {"model.macs", "macs"},
    };
    double value[2] = {NAN, NAN};

    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (strcmp(view->x.key, same[i][0]) == 0)
            value[0] = json_number(json_at(baseline, same[i][1]));
        if (strcmp(view->y.key, same[i][0]) == 0)
            value[1] = json_number(json_at(baseline, same[i][1]));
    }
    *out = (struct chart_point){.x = value[0],
                                .y = value[1],
                                .x_low = NAN,
                                .x_high = NAN,
                                .y_low = NAN,
                                .y_high = NAN,
                                .is_baseline = true};
    return isfinite(value[0]) && isfinite(value[1]);
}

static const char *front_note(const struct report_view *view, bool is_merged)
{
    const char *note =
        is_merged ? arena_format(view->invocation->arena,
                                 "%s The one bar across stands for every point.", report_note(view))
                  : report_note(view);
    struct strings parameters = report_parameters(view);
    struct arena *arena = view->invocation->arena;
    const char *words = "";

    if (strcmp(view->options->labels, "none") == 0)
        return note;
    for (int64_t i = 0; i < parameters.count; i++)
        if (!view->options->group || strcmp(parameters.at[i], view->options->group) != 0)
            words = arena_format(arena, "%s%s%s", words, *words ? ", " : "", parameters.at[i]);
    return *words ? arena_format(arena, "Labels: %s. %s", words, note) : note;
}

static bool is_within(const struct floats *range, double value)
{
    return !range->count || (value >= range->at[0] && value <= range->at[1]);
}

// An interval that all points share is the profile's own: one bar stands for all, the others would
// hide what matters.
static bool merge_intervals(const struct report_view *view, struct chart_point *points, int count)
{
    int shown = -1;

    if (strcmp(view->options->intervals, "front") != 0)
        return false;
    for (int i = 0; i < count; i++) {
        double low = points[i].x_low / points[i].x, high = points[i].x_high / points[i].x;
        if (isnan(low) || isnan(high))
            continue;
        if (shown < 0 || points[i].is_chosen)
            shown = i;
        if (fabs(low - points[shown].x_low / points[shown].x) > 1e-6 * low ||
            fabs(high - points[shown].x_high / points[shown].x) > 1e-6 * high)
            return false;
    }
    for (int i = 0; i < count; i++)
        if (i != shown)
            points[i].x_low = points[i].x_high = NAN;
    return shown >= 0;
}

static void tell(const struct report_view *view, int shown, int unknown, int outside)
{
    struct context *context = view->invocation->context;

    if (unknown)
        context_note(context, "%d of %d points left out: '%s' or '%s' is unknown of them", unknown,
                     shown + unknown, view->x.key, view->y.key);
    if (outside)
        context_note(context, "%d points left out: '--x-range' or '--y-range' ends before them",
                     outside);
}

static enum status collect(const struct report_view *view, struct chart_point *points, int *count,
                           struct groups *groups)
{
    int unknown = 0, outside = 0;

    *count = 0;
    for (int i = 0; i < view->count; i++) {
        if (!report_is_shown(&view->point[i]))
            continue;
        TRY(add_point(view, &view->point[i], groups, &points[*count]));
        if (isnan(points[*count].x) || isnan(points[*count].y))
            unknown++;
        else if (!is_within(&view->options->x_range, points[*count].x) ||
                 !is_within(&view->options->y_range, points[*count].y))
            outside++;
        else
            ++*count;
    }
    tell(view, *count, unknown, outside);
    return *count ? OK
                  : context_fail(view->invocation->context, ERR_FORMAT,
                                 "no point to show: '%s' and '%s' are both known of none%s",
                                 view->x.key, view->y.key, outside ? " inside the ranges" : "");
}

static struct chart_axis axis_of(const struct report_axis *axis, bool is_log,
                                 const struct floats *range)
{
    struct chart_axis out = {.title = axis->title, .unit = axis->unit, .is_log = is_log};

    if (range->count) {
        out.low = range->at[0];
        out.high = range->at[1];
        out.is_fixed = true;
    }
    return out;
}

static enum status draw_front(const struct report_view *view, struct text *out)
{
    struct chart_point *points =
        arena_array(view->invocation->arena, struct chart_point, (size_t)view->count + 1);
    struct groups groups = {.count = 0};
    bool is_merged;
    int left_out;
    struct scatter scatter = {
        .sheet = report_sheet(view, DEFAULT_HEIGHT, NULL),
        .x = axis_of(&view->x, view->options->log_x, &view->options->x_range),
        .y = axis_of(&view->y, view->options->log_y, &view->options->y_range),
        .x_better = view->x.better,
        .y_better = view->y.better,
        .point = points,
    };

    // Found over more than these two axes or on other data, what is on the front need not look so.
    if (view->marks_sweep &&
        (json_count(json_at(view->sweep, "spec.front")) > 2 ||
         (view->selected_on && strcmp(view->selected_on, view->options->on) != 0))) {
        scatter.front_name = "sweep's front";
        scatter.rest_name = "other";
    }
    TRY(collect(view, points, &scatter.count, &groups));
    is_merged = merge_intervals(view, points, scatter.count);
    if (view->options->note)
        scatter.sheet.note = front_note(view, is_merged);
    scatter.series = groups.name;
    scatter.series_count = groups.count;
    if (add_baseline(view, &points[scatter.count]) &&
        is_within(&view->options->x_range, points[scatter.count].x) &&
        is_within(&view->options->y_range, points[scatter.count].y))
        scatter.count++;
    left_out = scatter_draw(&scatter, out);
    TRY(report_check_room(view, left_out >= 0));
    if (left_out)
        context_note(view->invocation->context,
                     "%d labels left out: no room ('--width', '--height', '--labels')", left_out);
    return OK;
}

enum status report_svg(const struct report_view *view, struct text *out)
{
    const char *chart = view->options->chart;

    if (strcmp(chart, "layers") == 0)
        return report_draw_layers(view, out);
    if (strcmp(chart, "sparsity") == 0)
        return report_draw_sparsity(view, out);
    return strcmp(chart, "curves") == 0 ? report_draw_curves(view, out) : draw_front(view, out);
}
