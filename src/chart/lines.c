// Curves; see lines.h.
#include "chart/lines.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

static const char *const dashes[SERIES_MAX] = {NULL,   "6 2", "2 2",    "6 2 2 2",
                                               "10 3", "1 3", "8 2 1 2"};

static void draw_line(const struct frame *frame, const struct line *line, int series)
{
    double *x = must_alloc((size_t)line->count * sizeof *x + 1);
    double *y = must_alloc((size_t)line->count * sizeof *y + 1);
    int count = 0;

    for (int i = 0; i <= line->count; i++) {
        // A logarithmic axis has no place for zero: a gap, as for what is not known.
        if (i < line->count && isfinite(line->value[i]) &&
            (!frame->y.is_log || line->value[i] > 0)) {
            x[count] = frame_x(frame, i + 1);
            y[count++] = frame_y(frame, line->value[i]);
            continue;
        }
        if (count > 1)
            svg_path(frame->out, x, y, count, svg_colour[series], 1.4, dashes[series]);
        else if (count == 1)
            svg_mark(frame->out, MARK_CIRCLE, x[0], y[0], 2.5, svg_colour[series], true);
        count = 0;
    }
    free(x);
    free(y);
}

bool lines_draw(const struct lines *given, struct text *out)
{
    struct lines lines = *given;
    struct chart_axis x = {.title = lines.x_title, .unit = "", .low = 1, .high = 1};
    struct legend_entry legend[SERIES_MAX];
    struct frame frame;

    axis_uncover(&lines.y);
    for (int i = 0; i < lines.count; i++) {
        for (int j = 0; j < lines.line[i].count; j++)
            if (!lines.y.is_log || lines.line[i].value[j] > 0)
                axis_cover(&lines.y, lines.line[i].value[j]);
        axis_cover(&x, lines.line[i].count);
        legend[i] = (struct legend_entry){
            lines.line[i].name, svg_colour[i], MARK_CIRCLE, true, true, dashes[i]};
    }
    frame_begin(&frame, &lines.sheet, &x, &lines.y, 0, legend, lines.count, out);
    for (int i = 0; i < lines.count; i++)
        draw_line(&frame, &lines.line[i], i);
    frame_end(&frame, &lines.sheet);
    return frame_has_room(&frame);
}
