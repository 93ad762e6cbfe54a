// Points with intervals over two axes, and the Pareto front through them.
#ifndef CHART_SCATTER_H
#define CHART_SCATTER_H

#include "chart/frame.h"

struct chart_point {
    double x, y;                         // finite, in the axes' units
    double x_low, x_high, y_low, y_high; // intervals; NaN: none
    const char *label;                   // NULL: none is put beside it
    int series;                          // 0..SERIES_MAX - 1
    bool is_front, is_chosen, is_baseline;
};

enum better { BETTER_UNKNOWN, BETTER_LOWER, BETTER_HIGHER };

struct scatter {
    struct chart_sheet sheet;
    struct chart_axis x, y; // bounds are found here; points lie inside those that are fixed
    enum better x_better, y_better;
    const struct chart_point *point;
    int count;
    const char *const *series; // names; one: it is not named in the legend
    int series_count;
    // What filled points and rings are called; NULL: "Pareto front", "dominated". A front of
    // another name is not the line's, which is the Pareto front of the two axes.
    const char *front_name, *rest_name;
    // Both axes tell the same quantity: they get the same bounds and the line on which the two
    // agree. Nothing is a front then: is_front points are filled, the others are rings, called
    // rest_name.
    bool is_agreement;
};

// Returns the number of labels that found no room; -1: the plot itself has less than
// CHART_PLOT_MIN.
int scatter_draw(const struct scatter *scatter, struct text *out);

// The points that no other one beats on both axes, best x first; `order` has room for count. 0
// where a direction is unknown. Of equal points all are on it, a baseline never.
int scatter_front(const struct chart_point *point, int count, enum better x_better,
                  enum better y_better, int *order);

#endif
