// Maps of tiles; see tiles.h.
#include "chart/tiles.h"

#include <math.h>
#include <stdio.h>

#include "chart/bars.h"

enum { ROW_HEIGHT = 18, AROUND = 84, STEPS = 10, EDGE = 10 };

// From white to a dark blue, even in lightness: told apart in grey and by the colour blind.
static void colour_of(double share, char colour[8])
{
    static const double light[] = {247, 251, 255}, dark[] = {8, 69, 148};
    int part[3];

    share = fmax(0, fmin(1, share));
    for (int i = 0; i < 3; i++)
        part[i] = (int)lround(light[i] + (dark[i] - light[i]) * share);
    snprintf(colour, 8, "#%02x%02x%02x", (unsigned)part[0] & 255, (unsigned)part[1] & 255,
             (unsigned)part[2] & 255);
}

static void draw_tile(struct text *out, const struct tile *tile, double x, double y, double width,
                      double height)
{
    char colour[8];

    if (isnan(tile->share)) {
        svg_rectangle(out, x, y, width, height, "#ffffff", SVG_PALE);
    } else {
        colour_of(tile->share, colour);
        svg_rectangle(out, x, y, width, height, colour, SVG_PALE);
    }
    if (tile->words && svg_text_width(tile->words, FRAME_SMALL) < width)
        svg_text(out, x + width / 2, y + height / 2 + 3.5, ANCHOR_MIDDLE, FRAME_SMALL,
                 tile->share > 0.5 ? "#ffffff" : SVG_INK, tile->words);
}

// Ten steps of colour with their ends named; their title before them, or above where there is no
// room. Returns where it ends.
static double draw_key(const struct tiles *tiles, double right, double y, struct text *out)
{
    double x = right - STEPS * 12 - 60;

    if (svg_text_width(tiles->share_title, FRAME_SMALL) <= x - 6 - EDGE) {
        svg_text(out, x - 6, y + 9, ANCHOR_END, FRAME_SMALL, SVG_INK, tiles->share_title);
    } else {
        svg_text(out, EDGE, y + 9, ANCHOR_START, FRAME_SMALL, SVG_INK, tiles->share_title);
        y += 16;
    }
    for (int i = 0; i < STEPS; i++) {
        char colour[8];
        colour_of((i + 0.5) / STEPS, colour);
        svg_rectangle(out, x + 22 + i * 12, y, 12, 10, colour, NULL);
    }
    svg_text(out, x + 19, y + 9, ANCHOR_END, FRAME_SMALL, SVG_INK, "0 %");
    svg_text(out, x + 25 + STEPS * 12, y + 9, ANCHOR_START, FRAME_SMALL, SVG_INK, "100 %");
    return y;
}

bool tiles_draw(const struct tiles *given, struct text *out)
{
    struct tiles tiles = *given;
    double left = EDGE + rows_width(tiles.row, tiles.row_count), right, top, bottom, width, height;

    if (tiles.sheet.height <= 0)
        tiles.sheet.height = fmin(tiles.row_count * ROW_HEIGHT + AROUND, CHART_SIZE_MAX);
    top = sheet_begin(out, &tiles.sheet, EDGE, NULL, 0);
    right = tiles.sheet.width - EDGE;
    bottom = tiles.sheet.height - EDGE - sheet_note_height(&tiles.sheet);
    top = draw_key(&tiles, right, top, out) + 34;
    width = (right - left) / tiles.column_count;
    height = (bottom - top) / tiles.row_count;
    for (int column = 0; column < tiles.column_count; column++)
        svg_text(out, left + (column + 0.5) * width, top - 6, ANCHOR_MIDDLE, FRAME_SMALL, SVG_INK,
                 tiles.column[column]);
    for (int row = 0; row < tiles.row_count; row++) {
        row_name(out, left - 6, top + (row + 0.5) * height + 3.5, tiles.row[row]);
        for (int column = 0; column < tiles.column_count; column++)
            draw_tile(out, &tiles.tile[row * tiles.column_count + column], left + column * width,
                      top + row * height, width, height);
    }
    sheet_end(out, &tiles.sheet);
    return right - left >= CHART_PLOT_MIN && bottom - top >= CHART_PLOT_MIN &&
           svg_text_width(tiles.share_title, FRAME_SMALL) <= right - EDGE;
}
