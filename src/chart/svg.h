// Drawing in SVG 1.1: lines, marks and words as text, with attributes alone (no style sheet, no
// script), so that every program for paper takes them in.
#ifndef CHART_SVG_H
#define CHART_SVG_H

#include <stdbool.h>

#include "base/text.h"

// Colours that stay apart for the colour blind, after M. Okabe and K. Ito, "Color universal
// design", 2008; each has its own mark too.
enum { SERIES_MAX = 7 };
extern const char *const svg_colour[SERIES_MAX];
#define SVG_INK "#222222"
#define SVG_GREY "#767676"
#define SVG_PALE "#e3e3e3"

enum mark {
    MARK_CIRCLE,
    MARK_SQUARE,
    MARK_DIAMOND,
    MARK_UP,
    MARK_DOWN,
    MARK_PLUS,
    MARK_CROSS,
    MARK_STAR,
};

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

// One drawing of width x height pixels with a white ground. title and description are for those
// who do not see it; NULL: none.
void svg_begin(struct text *out, double width, double height, const char *title,
               const char *description);
void svg_end(struct text *out);

// Words, made safe; y is the base line. Returns their width in pixels.
double svg_text(struct text *out, double x, double y, enum anchor anchor, double size,
                const char *colour, const char *words);
void svg_text_upright(struct text *out, double x, double y, double size, const char *words);
// As Helvetica sets them, and some more: another font may stand in for it.
double svg_text_width(const char *words, double size);
void svg_bold(struct text *out, double x, double y, double size, const char *words);

void svg_line(struct text *out, double x1, double y1, double x2, double y2, const char *colour,
              double width);
void svg_rectangle(struct text *out, double x, double y, double width, double height,
                   const char *fill, const char *stroke);
// White that lets a little of what is below through.
void svg_veil(struct text *out, double x, double y, double width, double height);
// A path of absolute points; dashes NULL: a whole line.
void svg_path(struct text *out, const double *x, const double *y, int count, const char *colour,
              double width, const char *dashes);
// is_filled: else a ring of that colour on white.
void svg_mark(struct text *out, enum mark mark, double x, double y, double radius,
              const char *colour, bool is_filled);
void svg_number(struct text *out, double number); // two decimals at most

#endif
