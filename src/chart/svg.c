// Drawing in SVG; see svg.h.
#include "chart/svg.h"

#include <math.h>
#include <string.h>

// In this order two neighbours differ in lightness as well, for print in black and white.
const char *const svg_colour[SERIES_MAX] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                            "#e69f00", "#56b4e9", "#222222"};

void svg_number(struct text *out, double number)
{
    double rounded = round(number * 100) / 100;

    text_add_double(out, rounded == 0 ? 0 : rounded); // never "-0"
}

static void attribute(struct text *out, const char *name, double number)
{
    text_format(out, " %s=\"", name);
    svg_number(out, number);
    text_add(out, "\"");
}

static void element(struct text *out, const char *name, const char *words)
{
    text_format(out, "<%s>", name);
    text_add_xml(out, words);
    text_format(out, "</%s>\n", name);
}

void svg_begin(struct text *out, double width, double height, const char *title,
               const char *description)
{
    text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" role=\"img\"");
    attribute(out, "width", width);
    attribute(out, "height", height);
    text_format(out, " viewBox=\"0 0 %.0f %.0f\"", width, height);
    text_add(out, " font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n");
    if (title && *title)
        element(out, "title", title);
    if (description && *description)
        element(out, "desc", description);
    svg_rectangle(out, 0, 0, width, height, "#ffffff", NULL);
}

void svg_end(struct text *out)
{
    text_add(out, "</svg>\n");
}

// Widths of Helvetica in thousandths of its size, from ' ' to '~'.
static const unsigned short widths[] = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};

// What stands in for Helvetica may be wider.
static const double spare = 0.12;

double svg_text_width(const char *words, double size)
{
    double thousandths = 0;

    for (; *words; words++) {
        unsigned char letter = (unsigned char)*words;
        if (letter >= ' ' && letter <= '~')
            thousandths += widths[letter - ' '];
        else if ((letter & 0xC0) != 0x80)
            thousandths += 600;
    }
    return thousandths * size / 1000 * (1 + spare);
}

double svg_text(struct text *out, double x, double y, enum anchor anchor, double size,
                const char *colour, const char *words)
{
    static const char *const anchors[] = {"start", "middle", "end"};

    text_add(out, "<text");
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "font-size", size);
    text_format(out, " text-anchor=\"%s\" fill=\"%s\">", anchors[anchor], colour);
    text_add_xml(out, words);
    text_add(out, "</text>\n");
    return svg_text_width(words, size);
}

void svg_bold(struct text *out, double x, double y, double size, const char *words)
{
    text_add(out, "<g font-weight=\"bold\">");
    svg_text(out, x, y, ANCHOR_START, size, SVG_INK, words);
    text_add(out, "</g>\n");
}

void svg_text_upright(struct text *out, double x, double y, double size, const char *words)
{
    text_add(out, "<g transform=\"translate(");
    svg_number(out, x);
    text_add(out, " ");
    svg_number(out, y);
    text_add(out, ") rotate(-90)\">");
    svg_text(out, 0, 0, ANCHOR_MIDDLE, size, SVG_INK, words);
    text_add(out, "</g>\n");
}

void svg_line(struct text *out, double x1, double y1, double x2, double y2, const char *colour,
              double width)
{
    text_add(out, "<line");
    attribute(out, "x1", x1);
    attribute(out, "y1", y1);
    attribute(out, "x2", x2);
    attribute(out, "y2", y2);
    text_format(out, " stroke=\"%s\"", colour);
    attribute(out, "stroke-width", width);
    text_add(out, "/>\n");
}

void svg_rectangle(struct text *out, double x, double y, double width, double height,
                   const char *fill, const char *stroke)
{
    text_add(out, "<rect");
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "width", width);
    attribute(out, "height", height);
    text_format(out, " fill=\"%s\"", fill);
    if (stroke)
        text_format(out, " stroke=\"%s\"", stroke);
    text_add(out, "/>\n");
}

void svg_veil(struct text *out, double x, double y, double width, double height)
{
    text_add(out, "<g fill-opacity=\"0.8\">");
    svg_rectangle(out, x, y, width, height, "#ffffff", NULL);
    text_add(out, "</g>\n");
}

static void points(struct text *out, const double *x, const double *y, int count)
{
    for (int i = 0; i < count; i++) {
        text_add(out, i ? " L" : "M");
        svg_number(out, x[i]);
        text_add(out, " ");
        svg_number(out, y[i]);
    }
}

void svg_path(struct text *out, const double *x, const double *y, int count, const char *colour,
              double width, const char *dashes)
{
    text_add(out, "<path d=\"");
    points(out, x, y, count);
    text_format(out, "\" fill=\"none\" stroke=\"%s\" stroke-linejoin=\"round\"", colour);
    if (dashes)
        text_format(out, " stroke-dasharray=\"%s\"", dashes);
    attribute(out, "stroke-width", width);
    text_add(out, "/>\n");
}

// Corners of the marks on the unit circle, of about the same area as the circle of 0.9.
static int corners(enum mark mark, double *x, double *y)
{
    static const struct {
        int count;
        double start, inner; // degrees of the first corner; radius of every second one
    } shapes[] = {
        [MARK_SQUARE] = {4, 45, 1.2}, [MARK_DIAMOND] = {4, 90, 1.25}, [MARK_UP] = {3, 90, 1.3},
        [MARK_DOWN] = {3, 270, 1.3},  [MARK_PLUS] = {4, 90, 0},       [MARK_CROSS] = {4, 45, 0},
        [MARK_STAR] = {10, 90, 0.6}};
    const double turn = 6.283185307179586;

    for (int i = 0; i < shapes[mark].count; i++) {
        double angle = (shapes[mark].start / 360 + (double)i / shapes[mark].count) * turn;
        double outer = mark == MARK_STAR ? 1.5 : shapes[mark].inner > 0 ? shapes[mark].inner : 1.1;
        double radius = mark == MARK_STAR && i % 2 ? shapes[mark].inner : outer;
        x[i] = radius * cos(angle);
        y[i] = -radius * sin(angle);
    }
    return shapes[mark].count;
}

static void paint(struct text *out, const char *colour, bool is_filled)
{
    text_format(out, " fill=\"%s\" stroke=\"%s\" stroke-width=\"%s\"/>\n",
                is_filled ? colour : "#ffffff", is_filled ? "#ffffff" : colour,
                is_filled ? "0.8" : "1.2");
}

void svg_mark(struct text *out, enum mark mark, double x, double y, double radius,
              const char *colour, bool is_filled)
{
    double corner_x[10], corner_y[10];
    int count;

    if (mark == MARK_CIRCLE) {
        text_add(out, "<circle");
        attribute(out, "cx", x);
        attribute(out, "cy", y);
        attribute(out, "r", radius);
        paint(out, colour, is_filled);
        return;
    }
    count = corners(mark, corner_x, corner_y);
    for (int i = 0; i < count; i++) {
        corner_x[i] = x + radius * corner_x[i];
        corner_y[i] = y + radius * corner_y[i];
    }
    if (mark == MARK_PLUS || mark == MARK_CROSS) {
        svg_line(out, corner_x[0], corner_y[0], corner_x[2], corner_y[2], colour, 1.6);
        svg_line(out, corner_x[1], corner_y[1], corner_x[3], corner_y[3], colour, 1.6);
        return;
    }
    text_add(out, "<path d=\"");
    points(out, corner_x, corner_y, count);
    text_add(out, " Z\"");
    paint(out, colour, is_filled);
}
