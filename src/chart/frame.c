// Sheets, axes and legends; see frame.h.
#include "chart/frame.h"

#include <math.h>
#include <string.h>

enum { EDGE = 10, TICK = 4, GAP = 5, LINE = 16, NOTE_FONT = 9, NOTE_LINE = 11 };

void axis_uncover(struct chart_axis *axis)
{
    if (axis->is_fixed)
        return;
    axis->low = INFINITY;
    axis->high = -INFINITY;
}

void axis_cover(struct chart_axis *axis, double value)
{
    if (!isfinite(value) || axis->is_fixed)
        return;
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
}

double axis_factor(const struct chart_axis *axis, struct text *words)
{
    bool is_points = strcmp(axis->unit, "points") == 0, is_count = strcmp(axis->unit, "#") == 0;
    bool is_percent = is_points || strcmp(axis->unit, "%") == 0;
    bool is_scaled = *axis->unit && !is_percent;
    double typical = axis->is_log && axis->low > 0 ? sqrt(axis->low) * sqrt(axis->high)
                                                   : fmax(fabs(axis->low), fabs(axis->high));
    int exponent = is_scaled ? scale_prefix(typical) : 0;

    if (exponent < 0 && (is_count || strcmp(axis->unit, "B") == 0))
        exponent = 0;
    text_add(words, axis->title);
    if (is_points)
        text_add(words, " (percentage points)");
    else if (*axis->unit && (!is_count || exponent))
        text_format(words, " (%s%s)", scale_prefix_name(exponent), is_count ? "" : axis->unit);
    return is_percent ? 100 : pow(10, -exponent);
}

// The entries in rows, from `left` on.
static double draw_legend(struct text *out, double left, double right, double y,
                          const struct legend_entry *entry, int count)
{
    double x = left;

    for (int i = 0; i < count; i++) {
        double sign = entry[i].is_line ? 24 : 14, line_x[2] = {x, x + 20}, line_y[2];
        double width = sign + svg_text_width(entry[i].words, FRAME_SMALL) + 14;
        if (x > left && x + width - 14 > right) {
            x = left;
            y += LINE - 2;
            line_x[0] = x;
            line_x[1] = x + 20;
        }
        line_y[0] = line_y[1] = y - 3.5;
        if (entry[i].is_line)
            svg_path(out, line_x, line_y, 2, entry[i].colour, 1.5, entry[i].dashes);
        else
            svg_mark(out, entry[i].mark, x + 5, y - 3.5, 4, entry[i].colour, entry[i].is_filled);
        svg_text(out, x + sign, y, ANCHOR_START, FRAME_SMALL, SVG_INK, entry[i].words);
        x += width;
    }
    return count ? y + LINE - 4 : y;
}

double sheet_begin(struct text *out, const struct chart_sheet *sheet, double left,
                   const struct legend_entry *legend, int legend_count)
{
    double y = EDGE;

    svg_begin(out, sheet->width, sheet->height, sheet->title, sheet->description);
    if (sheet->title && *sheet->title) {
        svg_bold(out, left, y + 10, FRAME_FONT + 1, sheet->title);
        y += LINE + 4;
    }
    return legend_count ? draw_legend(out, left, sheet->width - EDGE, y + 8, legend, legend_count)
                        : y;
}

// Breaks the note into lines; writes them if there is an output. The number of lines.
static int put_note(const struct chart_sheet *sheet, struct text *out, double y)
{
    double room = sheet->width - 2 * EDGE;
    int lines = 0;

    for (const char *at = sheet->note ? sheet->note : ""; *at;) {
        struct text line;
        text_init(&line);
        do {
            size_t word = strcspn(at, " ");
            struct text longer;
            bool fits;
            text_init(&longer);
            text_add(&longer, line.at);
            text_add_bytes(&longer, line.length ? " " : "", line.length != 0);
            text_add_bytes(&longer, at, word);
            fits = !line.length || svg_text_width(longer.at, NOTE_FONT) <= room;
            if (fits) {
                text_clear(&line);
                line = longer;
                at += word + (at[word] == ' ');
            } else {
                text_clear(&longer);
                break;
            }
        } while (*at);
        if (out)
            svg_text(out, EDGE, y + lines * NOTE_LINE, ANCHOR_START, NOTE_FONT, SVG_GREY, line.at);
        lines++;
        text_clear(&line);
    }
    return lines;
}

double sheet_note_height(const struct chart_sheet *sheet)
{
    int lines = put_note(sheet, NULL, 0);

    return lines ? lines * NOTE_LINE + 4 : 0;
}

void sheet_end(struct text *out, const struct chart_sheet *sheet)
{
    put_note(sheet, out, sheet->height - sheet_note_height(sheet) + 4);
    svg_end(out);
}

static void tick_words(const struct scale *scale, const struct ticks *ticks, int i,
                       struct text *out)
{
    double at = ticks->at[i];

    if (at < 0)
        text_add(out, "\342\210\222"); // a true minus
    if (scale->is_log)
        text_add_double(out, fabs(at));
    else
        text_format(out, "%.*f", ticks->decimals, fabs(at));
}

static double widest_tick(const struct scale *scale, const struct ticks *ticks)
{
    double widest = 0;

    for (int i = 0; i < ticks->count; i++) {
        struct text words;
        text_init(&words);
        tick_words(scale, ticks, i, &words);
        if (ticks->has_label[i])
            widest = fmax(widest, svg_text_width(words.at, FRAME_FONT));
        text_clear(&words);
    }
    return widest;
}

static void draw_tick(struct frame *frame, const struct ticks *ticks, int i, bool is_x)
{
    const struct scale *x = &frame->x, *y = &frame->y;
    bool is_labelled = ticks->has_label[i];
    double length = is_labelled ? TICK : TICK - 1.5;
    struct text words;

    text_init(&words);
    if (is_labelled)
        tick_words(is_x ? x : y, ticks, i, &words);
    if (is_x) {
        double at = scale_at(x, ticks->at[i]);
        if (is_labelled) {
            svg_line(frame->out, at, y->from, at, y->to, SVG_PALE, 0.6);
            svg_text(frame->out, at, y->from + TICK + 11, ANCHOR_MIDDLE, FRAME_FONT, SVG_INK,
                     words.at);
        }
        svg_line(frame->out, at, y->from, at, y->from + length, SVG_INK, 0.8);
    } else {
        double at = scale_at(y, ticks->at[i]);
        if (is_labelled) {
            svg_line(frame->out, x->from, at, x->to, at, SVG_PALE, 0.6);
            svg_text(frame->out, x->from - TICK - 3, at + 4, ANCHOR_END, FRAME_FONT, SVG_INK,
                     words.at);
        }
        svg_line(frame->out, x->from - length, at, x->from, at, SVG_INK, 0.8);
    }
    text_clear(&words);
}

static void draw_axes(struct frame *frame, const struct ticks *x_ticks, const struct ticks *y_ticks)
{
    const struct scale *x = &frame->x, *y = &frame->y;

    for (int i = 0; i < x_ticks->count; i++)
        draw_tick(frame, x_ticks, i, true);
    for (int i = 0; i < y_ticks->count; i++)
        draw_tick(frame, y_ticks, i, false);
    svg_line(frame->out, x->from, y->from, x->to, y->from, SVG_INK, 0.8);
    svg_line(frame->out, x->from, y->from, x->from, y->to, SVG_INK, 0.8);
}

// The scale in shown numbers.
static struct scale shown_scale(const struct chart_axis *axis, double factor)
{
    bool is_known = axis->low <= axis->high;

    if (axis->is_fixed)
        return (struct scale){.is_log = axis->is_log && axis->low > 0,
                              .low = axis->low * factor,
                              .high = axis->high * factor};
    return scale_around(is_known ? axis->low * factor : 0, is_known ? axis->high * factor : 1,
                        axis->is_log);
}

void frame_begin(struct frame *frame, const struct chart_sheet *sheet, const struct chart_axis *x,
                 const struct chart_axis *y, double rows_width, const struct legend_entry *legend,
                 int legend_count, struct text *out)
{
    struct text x_words, y_words;
    struct ticks x_ticks, y_ticks = {.count = 0};
    double bottom = sheet->height - EDGE - LINE * 2 - sheet_note_height(sheet);
    double left = EDGE + rows_width;

    text_init(&x_words);
    text_init(&y_words);
    frame->out = out;
    frame->x_factor = axis_factor(x, &x_words);
    frame->x = shown_scale(x, frame->x_factor);
    if (!y) { // bars begin at zero
        frame->x.low = x->low < 0 ? frame->x.low : 0;
        frame->y = (struct scale){.low = 0, .high = 1};
        frame->y_factor = 1;
    } else {
        frame->y_factor = axis_factor(y, &y_words);
        frame->y = shown_scale(y, frame->y_factor);
        ticks_choose(&frame->y, (int)(sheet->height / 60), &y_ticks);
        left = EDGE + LINE + widest_tick(&frame->y, &y_ticks) + TICK + GAP;
    }
    frame->x.from = left;
    frame->x.to = sheet->width - EDGE - 4;
    frame->y.from = bottom;
    frame->y.to = sheet_begin(out, sheet, left, legend, legend_count);
    ticks_choose(&frame->x, (int)((frame->x.to - left) / 70), &x_ticks);
    draw_axes(frame, &x_ticks, &y_ticks);
    svg_text(out, (left + frame->x.to) / 2, bottom + LINE * 2, ANCHOR_MIDDLE, FRAME_FONT, SVG_INK,
             x_words.at);
    if (y)
        svg_text_upright(out, EDGE + 9, (bottom + frame->y.to) / 2, FRAME_FONT, y_words.at);
    text_clear(&x_words);
    text_clear(&y_words);
}

bool frame_has_room(const struct frame *frame)
{
    return frame->x.to - frame->x.from >= CHART_PLOT_MIN &&
           frame->y.from - frame->y.to >= CHART_PLOT_MIN;
}

void frame_end(struct frame *frame, const struct chart_sheet *sheet)
{
    sheet_end(frame->out, sheet);
}

double frame_x(const struct frame *frame, double value)
{
    return scale_at(&frame->x, value * frame->x_factor);
}

double frame_y(const struct frame *frame, double value)
{
    return scale_at(&frame->y, value * frame->y_factor);
}
