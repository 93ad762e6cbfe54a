// What every chart has: a sheet with a title, axes with ticks, a legend.
#ifndef CHART_FRAME_H
#define CHART_FRAME_H

#include "base/text.h"
#include "chart/scale.h"
#include "chart/svg.h"

enum { CHART_SIZE_MIN = 160, CHART_SIZE_MAX = 10000, CHART_PLOT_MIN = 40 };

struct chart_sheet {
    double width, height;    // pixels, 96 an inch
    const char *title;       // NULL: none
    const char *note;        // small words at the foot, broken into lines; NULL: none
    const char *description; // for those who do not see it; NULL: none
};

// Values come in `unit`: "J", "B", "s" get a prefix (µJ, kB, ms), "#" is a count (k, M), "%" a
// fraction that is shown in percent, "points" a difference of such, "" a plain number.
struct chart_axis {
    const char *title, *unit;
    bool is_log;      // wanted; linear all the same where a value is not above zero
    double low, high; // of all values
    bool is_fixed;    // low and high are where the axis ends, whatever the values are; low < high
};

struct legend_entry {
    const char *words, *colour;
    enum mark mark;
    bool is_filled;
    bool is_line;       // a stroke instead of a mark
    const char *dashes; // of the stroke; NULL: whole
};

struct frame {
    struct text *out;
    struct scale x, y; // in the numbers that stand at the ticks
    double x_factor, y_factor;
};

enum { FRAME_FONT = 11, FRAME_SMALL = 10 };

// Makes the sheet, the legend, the axes. rows_width: y NULL stands for rows with words at the left
// that take so many pixels, the caller draws them. legend may be empty.
void frame_begin(struct frame *frame, const struct chart_sheet *sheet, const struct chart_axis *x,
                 const struct chart_axis *y, double rows_width, const struct legend_entry *legend,
                 int legend_count, struct text *out);
// Whether the plot is CHART_PLOT_MIN pixels wide and high.
bool frame_has_room(const struct frame *frame);
void frame_end(struct frame *frame, const struct chart_sheet *sheet);

double frame_x(const struct frame *frame, double value); // in the axis' unit -> pixel
double frame_y(const struct frame *frame, double value);

// Spreads an axis' bounds over one more value; NaN and infinity change nothing. Begin with
// axis_uncover. The bounds of a fixed axis stay.
void axis_uncover(struct chart_axis *axis);
void axis_cover(struct chart_axis *axis, double value);

// What to multiply with before it is shown, and the axis' words: "energy per inference (µJ)".
double axis_factor(const struct chart_axis *axis, struct text *words);

// A sheet with its title, note and legend and no axes. Returns where the drawing may begin.
double sheet_begin(struct text *out, const struct chart_sheet *sheet, double left,
                   const struct legend_entry *legend, int legend_count);
void sheet_end(struct text *out, const struct chart_sheet *sheet);
double sheet_note_height(const struct chart_sheet *sheet);

#endif
