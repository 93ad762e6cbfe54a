// Horizontal bars in rows, one series beside the other.
#ifndef CHART_BARS_H
#define CHART_BARS_H

#include "chart/frame.h"

struct bars {
    struct chart_sheet sheet; // height 0: as many pixels as the rows need
    struct chart_axis x;      // bounds are found here; never logarithmic: bars begin at zero
    const char *const *row;
    int row_count;
    const char *const *series;
    int series_count;    // 1..SERIES_MAX
    const double *value; // [series][row]; NaN: unknown, no bar
};

// False: the plot has less than CHART_PLOT_MIN pixels across or up.
bool bars_draw(const struct bars *bars, struct text *out);

// Names of rows as they are drawn: long ones lose their middle. Room for them at the left.
double rows_width(const char *const *row, int count);
void row_name(struct text *out, double right, double y, const char *name);

#endif
