// Scatter plots; see scatter.h.
#include "chart/scatter.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "chart/label.h"

#define AGREEMENT_DASHES "4 3"
enum { RADIUS = 4, LEGEND_MAX = SERIES_MAX + 6 };

static const enum mark series_mark[SERIES_MAX] = {MARK_CIRCLE, MARK_SQUARE, MARK_DIAMOND, MARK_UP,
                                                  MARK_DOWN,   MARK_PLUS,   MARK_CROSS};

// For qsort, which takes no argument of its own: what is sorted carries it.
struct placed {
    double x, y; // less is better
    int index;
};

static int compare(const void *a, const void *b)
{
    const struct placed *p = a, *q = b;

    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    if (p->y != q->y)
        return p->y < q->y ? -1 : 1;
    return p->index - q->index;
}

int scatter_front(const struct chart_point *point, int count, enum better x_better,
                  enum better y_better, int *order)
{
    struct placed *placed;
    int found = 0, kept = 0;

    if (count == 0 || x_better == BETTER_UNKNOWN || y_better == BETTER_UNKNOWN)
        return 0;
    placed = must_alloc((size_t)count * sizeof *placed);
    for (int i = 0; i < count; i++)
        if (!point[i].is_baseline)
            placed[kept++] =
                (struct placed){x_better == BETTER_LOWER ? point[i].x : -point[i].x,
                                y_better == BETTER_LOWER ? point[i].y : -point[i].y, i};
    qsort(placed, (size_t)kept, sizeof *placed, compare);
    for (int i = 0, last = -1; i < kept; i++) {
        const struct placed *best = last < 0 ? NULL : &placed[last];
        if (best && placed[i].y >= best->y && (placed[i].x != best->x || placed[i].y != best->y))
            continue;
        order[found++] = placed[i].index;
        last = i;
    }
    free(placed);
    return found;
}

// A low end that has no place on a logarithmic axis changes nothing: its bar is cut off.
static void cover(struct chart_axis *axis, double value, double low, double high)
{
    axis_cover(axis, value);
    axis_cover(axis, high);
    if (!axis->is_log || low > 0)
        axis_cover(axis, low);
}

static void cover_all(struct scatter *scatter)
{
    axis_uncover(&scatter->x);
    axis_uncover(&scatter->y);
    for (int i = 0; i < scatter->count; i++) {
        const struct chart_point *point = &scatter->point[i];
        cover(&scatter->x, point->x, point->x_low, point->x_high);
        cover(&scatter->y, point->y, point->y_low, point->y_high);
    }
    if (scatter->is_agreement) {
        axis_cover(&scatter->x, scatter->y.low);
        axis_cover(&scatter->x, scatter->y.high);
        scatter->y.low = scatter->x.low;
        scatter->y.high = scatter->x.high;
    }
}

static struct legend_entry entry(const char *words, const char *colour, enum mark mark,
                                 bool is_filled)
{
    return (struct legend_entry){
        .words = words, .colour = colour, .mark = mark, .is_filled = is_filled};
}

static int agreement_legend(const struct scatter *scatter, bool has_rest,
                            struct legend_entry *legend)
{
    int count = 0;

    legend[count] = entry("equal", SVG_GREY, MARK_CIRCLE, true);
    legend[count].is_line = true;
    legend[count++].dashes = AGREEMENT_DASHES;
    if (has_rest && scatter->rest_name)
        legend[count++] = entry(scatter->rest_name, SVG_GREY, MARK_CIRCLE, false);
    return count;
}

static int make_legend(const struct scatter *scatter, bool has_line, struct legend_entry *legend)
{
    bool has_groups = scatter->series_count > 1;
    const char *colour = has_groups ? SVG_GREY : svg_colour[0];
    bool has_front = false, has_rest = false, has_chosen = false, has_baseline = false;
    int count = 0;

    for (int i = 0; i < scatter->count; i++) {
        const struct chart_point *point = &scatter->point[i];
        has_baseline |= point->is_baseline;
        has_chosen |= point->is_chosen;
        has_front |= !point->is_baseline && point->is_front;
        has_rest |= !point->is_baseline && !point->is_front;
    }
    for (int i = 0; has_groups && i < scatter->series_count; i++)
        legend[count++] = entry(scatter->series[i], svg_colour[i], series_mark[i], true);
    if (scatter->is_agreement)
        return count + agreement_legend(scatter, has_rest, legend + count);
    if (has_front)
        legend[count++] = entry(scatter->front_name ? scatter->front_name : "Pareto front", colour,
                                MARK_CIRCLE, true);
    if (has_line && (!has_front || scatter->front_name)) {
        legend[count] = entry("Pareto front", SVG_GREY, MARK_CIRCLE, true);
        legend[count++].is_line = true;
    }
    if (has_rest)
        legend[count++] = has_front ? entry(scatter->rest_name ? scatter->rest_name : "dominated",
                                            SVG_GREY, MARK_CIRCLE, false)
                                    : entry("model", colour, MARK_CIRCLE, true);
    if (has_chosen)
        legend[count++] = entry("chosen", has_groups ? SVG_GREY : svg_colour[1], MARK_STAR, true);
    if (has_baseline)
        legend[count++] = entry("baseline", SVG_INK, MARK_SQUARE, true);
    return count;
}

// Along the front, from the best x on: level to the next point, then up or down to it.
static void draw_steps(const struct scatter *scatter, const struct frame *frame, const int *order,
                       int count, struct labels *labels)
{
    double *x = must_alloc(((size_t)count * 2 + 1) * sizeof *x);
    double *y = must_alloc(((size_t)count * 2 + 1) * sizeof *y);
    int corners = 0;

    for (int i = 0; i < count; i++) {
        double at_x = frame_x(frame, scatter->point[order[i]].x);
        double at_y = frame_y(frame, scatter->point[order[i]].y);
        if (i) {
            x[corners] = at_x;
            y[corners] = y[corners - 1];
            corners++;
        }
        x[corners] = at_x;
        y[corners++] = at_y;
    }
    x[corners] = scatter->x_better == BETTER_LOWER ? frame->x.to : frame->x.from;
    y[corners] = y[corners - 1];
    corners++;
    svg_path(frame->out, x, y, corners, SVG_GREY, 1, NULL);
    for (int i = 1; i < corners; i++)
        labels_avoid(labels, x[i - 1], y[i - 1], x[i], y[i], true);
    free(x);
    free(y);
}

static const char *point_colour(const struct scatter *scatter, const struct chart_point *point)
{
    if (point->is_baseline)
        return SVG_INK;
    if (scatter->series_count > 1)
        return svg_colour[point->series];
    return point->is_front ? svg_colour[0] : SVG_GREY;
}

static void bar_line(const struct frame *frame, bool is_across, double along, double from,
                     double to, const char *colour)
{
    if (is_across)
        svg_line(frame->out, from, along, to, along, colour, 0.7);
    else
        svg_line(frame->out, along, from, along, to, colour, 0.7);
}

// One interval as a bar with ends; where the frame cuts it off it has none. low and high are in the
// axis' unit, along is the bar's place on the other axis in pixels.
static void draw_bar(const struct frame *frame, bool is_across, double along, double low,
                     double high, const char *colour, struct labels *labels)
{
    const struct scale *scale = is_across ? &frame->x : &frame->y;
    double bound[2] = {low, high}, at[2];
    bool is_cut[2];

    if (!isfinite(low) || !isfinite(high))
        return;
    for (int i = 0; i < 2; i++) {
        double shown = bound[i] * (is_across ? frame->x_factor : frame->y_factor);
        double inside = fmax(scale->low, fmin(scale->high, shown));
        is_cut[i] = inside != shown;
        at[i] = scale_at(scale, inside);
    }
    bar_line(frame, is_across, along, at[0], at[1], colour);
    for (int i = 0; i < 2; i++)
        if (!is_cut[i])
            bar_line(frame, !is_across, at[i], along - 2, along + 2, colour);
    labels_avoid(labels, is_across ? at[0] : along, is_across ? along : at[0],
                 is_across ? at[1] : along, is_across ? along : at[1], true);
}

static void draw_intervals(const struct scatter *scatter, const struct frame *frame,
                           struct labels *labels)
{
    for (int i = 0; i < scatter->count; i++) {
        const struct chart_point *point = &scatter->point[i];
        const char *colour = point_colour(scatter, point);
        draw_bar(frame, false, frame_x(frame, point->x), point->y_low, point->y_high, colour,
                 labels);
        draw_bar(frame, true, frame_y(frame, point->y), point->x_low, point->x_high, colour,
                 labels);
    }
}

static void draw_point(const struct scatter *scatter, const struct frame *frame,
                       const struct chart_point *point)
{
    double x = frame_x(frame, point->x), y = frame_y(frame, point->y);
    enum mark mark = series_mark[scatter->series_count > 1 ? point->series : 0];

    if (point->is_chosen)
        svg_mark(frame->out, MARK_STAR, x, y, RADIUS + 1.5,
                 scatter->series_count > 1 ? svg_colour[point->series] : svg_colour[1], true);
    else if (point->is_baseline)
        svg_mark(frame->out, MARK_SQUARE, x, y, RADIUS, SVG_INK, true);
    else
        svg_mark(frame->out, mark, x, y, point->is_front ? RADIUS : RADIUS - 1,
                 point_colour(scatter, point), point->is_front);
}

// From corner to corner, as both axes have the same bounds.
static void draw_agreement(const struct frame *frame)
{
    const double x[2] = {frame->x.from, frame->x.to}, y[2] = {frame->y.from, frame->y.to};

    svg_path(frame->out, x, y, 2, SVG_GREY, 1, AGREEMENT_DASHES);
}

// What matters most is drawn last and labelled first.
static int rank(const struct chart_point *point)
{
    return point->is_chosen ? 3 : point->is_baseline ? 2 : point->is_front;
}

static int draw_labels(const struct scatter *scatter, const struct frame *frame,
                       struct labels *labels)
{
    int left_out = 0;

    for (int i = 0; i < scatter->count; i++) {
        double x = frame_x(frame, scatter->point[i].x), y = frame_y(frame, scatter->point[i].y);
        labels_avoid(labels, x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS, false);
    }
    for (int now = 3; now >= 0; now--)
        for (int i = 0; i < scatter->count; i++) {
            const struct chart_point *point = &scatter->point[i];
            if (point->label && rank(point) == now &&
                !labels_place(labels, frame_x(frame, point->x), frame_y(frame, point->y),
                              point->label, frame->out))
                left_out++;
        }
    return left_out;
}

int scatter_draw(const struct scatter *given, struct text *out)
{
    struct scatter scatter = *given;
    struct legend_entry legend[LEGEND_MAX];
    struct frame frame;
    struct labels labels;
    int *order = must_alloc((size_t)scatter.count * sizeof *order + 1);
    int front, left_out;

    front = scatter_front(scatter.point, scatter.count, scatter.x_better, scatter.y_better, order);
    cover_all(&scatter);
    frame_begin(&frame, &scatter.sheet, &scatter.x, &scatter.y, 0, legend,
                make_legend(&scatter, front > 0, legend), out);
    labels_init(&labels, frame.x.from, frame.y.to, frame.x.to, frame.y.from);
    if (scatter.is_agreement)
        draw_agreement(&frame);
    else if (front)
        draw_steps(&scatter, &frame, order, front, &labels);
    draw_intervals(&scatter, &frame, &labels);
    for (int now = 0; now <= 3; now++)
        for (int i = 0; i < scatter.count; i++)
            if (rank(&scatter.point[i]) == now)
                draw_point(&scatter, &frame, &scatter.point[i]);
    left_out = draw_labels(&scatter, &frame, &labels);
    frame_end(&frame, &scatter.sheet);
    labels_clear(&labels);
    free(order);
    return frame_has_room(&frame) ? left_out : -1;
}
