// Finding room for labels: the first free one of a few places around the point.
#include "chart/label.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "chart/svg.h"

static const double size = 9.5, height = 9.5, distance = 6;

void labels_init(struct labels *labels, double left, double top, double right, double bottom)
{
    memset(labels, 0, sizeof *labels);
    labels->frame = (struct box){left, top, right, bottom, false};
}

void labels_clear(struct labels *labels)
{
    free(labels->taken);
    memset(labels, 0, sizeof *labels);
}

void labels_avoid(struct labels *labels, double x1, double y1, double x2, double y2, bool is_line)
{
    if (labels->count == labels->capacity) {
        labels->capacity = labels->capacity ? 2 * labels->capacity : 64;
        labels->taken = must_realloc(labels->taken, labels->capacity * sizeof *labels->taken);
    }
    labels->taken[labels->count++] =
        (struct box){fmin(x1, x2), fmin(y1, y2), fmax(x1, x2), fmax(y1, y2), is_line};
}

static bool is_free(const struct labels *labels, const struct box *box, bool may_cross)
{
    const struct box *frame = &labels->frame;

    if (box->left < frame->left || box->right > frame->right || box->top < frame->top ||
        box->bottom > frame->bottom)
        return false;
    for (size_t i = 0; i < labels->count; i++) {
        const struct box *other = &labels->taken[i];
        if (!(may_cross && other->is_line) && box->left < other->right + 1 &&
            box->right > other->left - 1 && box->top < other->bottom + 1 &&
            box->bottom > other->top - 1)
            return false;
    }
    return true;
}

bool labels_place(struct labels *labels, double x, double y, const char *words, struct text *out)
{
    // In this order: beside, above and below, askew, and all of them farther off.
    static const struct {
        double across, down;
    } places[] = {{1, 0}, {-1, 0}, {1, -1}, {-1, -1}, {1, 1}, {-1, 1}, {0, -1}, {0, 1}};
    double width = svg_text_width(words, size);

    for (int round = 0; round < 4; round++)
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            double reach = distance * (round % 2 ? 2 : 1);
            double askew = places[i].across != 0 && places[i].down != 0 ? 0.7 : 1;
            double middle_x = x + places[i].across * (reach * askew + width / 2);
            double middle_y = y + places[i].down * (reach * askew + height / 2);
            struct box box = {middle_x - width / 2, middle_y - height / 2, middle_x + width / 2,
                              middle_y + height / 2, false};
            if (!is_free(labels, &box, round >= 2))
                continue;
            if (round >= 2)
                svg_veil(out, box.left, box.top, width, height);
            svg_text(out, box.left, box.bottom - 2, ANCHOR_START, size, SVG_INK, words);
            labels_avoid(labels, box.left, box.top, box.right, box.bottom, false);
            return true;
        }
    return false;
}
