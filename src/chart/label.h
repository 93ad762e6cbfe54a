// Labels beside points, none over another, over a mark or outside of the frame.
#ifndef CHART_LABEL_H
#define CHART_LABEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct box {
    double left, top, right, bottom;
    bool is_line; // may be crossed where there is no other room
};

struct labels {
    struct box frame;
    struct box *taken;
    size_t count, capacity;
};

void labels_init(struct labels *labels, double left, double top, double right, double bottom);
void labels_clear(struct labels *labels);
// What stands there already, in any order of its corners.
void labels_avoid(struct labels *labels, double x1, double y1, double x2, double y2, bool is_line);
// Writes words near the point, where there is room for them. False: nowhere, nothing is written.
bool labels_place(struct labels *labels, double x, double y, const char *words, struct text *out);

#endif
