// Curves over counted steps: 1, 2, 3 ...
#ifndef CHART_LINES_H
#define CHART_LINES_H

#include "chart/frame.h"

struct line {
    const char *name;
    const double *value; // NaN: a gap
    int count;
};

struct lines {
    struct chart_sheet sheet;
    const char *x_title; // "epoch"
    struct chart_axis y; // bounds are found here
    const struct line *line;
    int count; // 1..SERIES_MAX
};

// False: the plot has less than CHART_PLOT_MIN pixels across or up.
bool lines_draw(const struct lines *lines, struct text *out);

#endif
