// Horizontal bars; see bars.h.
#include "chart/bars.h"

#include <math.h>
#include <string.h>

enum { NAME_MAX_WIDTH = 190, ROW_AIR = 7, BAR_HEIGHT = 11, THIN_BAR_HEIGHT = 6, AROUND = 90 };

// The longest head and tail of the name, with three dots between, that are no wider than the room.
static void shorten(const char *name, struct text *out)
{
    size_t length = strlen(name), tail = length;

    if (svg_text_width(name, FRAME_SMALL) <= NAME_MAX_WIDTH) {
        text_add(out, name);
        return;
    }
    // Ends of names tell most: two thirds of the room are theirs.
    while (tail && svg_text_width(name + tail - 1, FRAME_SMALL) < NAME_MAX_WIDTH * 2 / 3)
        tail--;
    while (tail < length && ((unsigned char)name[tail] & 0xC0) == 0x80)
        tail++;
    for (size_t i = 0; i < tail; i++) {
        if (svg_text_width(out->at, FRAME_SMALL) > NAME_MAX_WIDTH / 3 - 16 &&
            ((unsigned char)name[i] & 0xC0) != 0x80)
            break;
        text_add_bytes(out, name + i, 1);
    }
    text_add(out, "...");
    text_add(out, name + tail);
}

double rows_width(const char *const *row, int count)
{
    double widest = 0;

    for (int i = 0; i < count; i++)
        widest = fmax(widest, svg_text_width(row[i], FRAME_SMALL));
    return fmin(widest, NAME_MAX_WIDTH) + 8;
}

void row_name(struct text *out, double right, double y, const char *name)
{
    struct text words;

    text_init(&words);
    shorten(name, &words);
    svg_text(out, right, y, ANCHOR_END, FRAME_SMALL, SVG_INK, words.at);
    text_clear(&words);
}

bool bars_draw(const struct bars *given, struct text *out)
{
    struct bars bars = *given;
    double bar = bars.series_count == 1 ? BAR_HEIGHT : THIN_BAR_HEIGHT;
    double need = bars.row_count * (bars.series_count * bar + ROW_AIR) + AROUND, row;
    struct legend_entry legend[SERIES_MAX];
    struct frame frame;

    bars.sheet.height = bars.sheet.height > 0 ? bars.sheet.height : fmin(need, CHART_SIZE_MAX);
    bars.x.low = 0;
    bars.x.high = -INFINITY;
    for (int i = 0; i < bars.series_count * bars.row_count; i++)
        axis_cover(&bars.x, bars.value[i]);
    for (int s = 0; s < bars.series_count; s++)
        legend[s] = (struct legend_entry){.words = bars.series[s],
                                          .colour = svg_colour[s],
                                          .mark = MARK_SQUARE,
                                          .is_filled = true};
    frame_begin(&frame, &bars.sheet, &bars.x, NULL, rows_width(bars.row, bars.row_count), legend,
                bars.series_count, out);
    row = (frame.y.from - frame.y.to) / bars.row_count;
    bar = fmin(bar, row * 0.8 / bars.series_count);
    for (int i = 0; i < bars.row_count; i++) {
        double middle = frame.y.to + (i + 0.5) * row, top = middle - bar * bars.series_count / 2;
        row_name(out, frame.x.from - 6, middle + 3.5, bars.row[i]);
        for (int s = 0; s < bars.series_count; s++) {
            double value = bars.value[s * bars.row_count + i];
            if (isfinite(value))
                svg_rectangle(out, frame.x.from, top + s * bar,
                              frame_x(&frame, value) - frame.x.from,
                              bar - (bars.series_count > 1 ? 0.8 : 0), svg_colour[s], NULL);
        }
    }
    frame_end(&frame, &bars.sheet);
    return frame_has_room(&frame);
}
