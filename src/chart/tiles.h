// A map of tiles, rows by columns: the darker, the larger the share; words in every tile.
#ifndef CHART_TILES_H
#define CHART_TILES_H

#include "chart/frame.h"

struct tile {
    double share;      // 0..1; NaN: unknown
    const char *words; // NULL: none
};

struct tiles {
    struct chart_sheet sheet; // height 0: as many pixels as the rows need
    const char *share_title;  // what the colours say: "zeros"
    const char *const *row, *const *column;
    int row_count, column_count;
    const struct tile *tile; // [row][column]
};

// False: the plot has less than CHART_PLOT_MIN pixels across or up.
bool tiles_draw(const struct tiles *tiles, struct text *out);

#endif
