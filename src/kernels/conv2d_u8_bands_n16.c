// Integer convolution: copies the input band by band into the form of conv2d_u8_internal.h.
#include "kernels/u8_internal.h"

struct band {
    const struct conv2d_u8_plan *plan;
    const uint8_t *x; // of the group
    uint8_t *copy;
    int x_zero;
    int row, column; // first output
};

ALWAYS_INLINE void copy_line(uint8_t *to, const uint8_t *from)
{
    for (int i = 0; i < LINE; i += VF * 4)
        vi_store(to + i, vi_load(from + i));
}

ALWAYS_INLINE void fill_line(uint8_t *to, vi value)
{
    for (int i = 0; i < LINE; i += VF * 4)
        vi_store(to + i, value);
}

// A source row, or NULL for one outside, into every `column` bytes of a row of the copy.
static void copy_row(const struct band *b, const uint8_t *from, uint8_t *to)
{
    const struct conv2d_u8_plan *p = b->plan;
    vi border = vi_set((int32_t)((uint32_t)b->x_zero * 0x01010101U));
    ptrdiff_t at = (ptrdiff_t)b->column * p->shape.stride_w - p->shape.pad_left;
    int first = 0, end = p->padded_w;

    while (first < end && (!from || at + (ptrdiff_t)first * p->copy_x < 0)) {
        fill_line(to + (size_t)first * p->column, border);
        first++;
    }
    while (end > first && at + (ptrdiff_t)(end - 1) * p->copy_x >= p->shape.w) {
        end--;
        fill_line(to + (size_t)end * p->column, border);
    }
    for (int i = first; i < end; i++)
        copy_line(to + (size_t)i * p->column, from + (at + (ptrdiff_t)i * p->copy_x) * LINE);
}

static void copy_band(const struct band *b)
{
    const struct conv2d_u8_plan *p = b->plan;
    size_t plane = (size_t)p->shape.h * (size_t)p->shape.w;

    for (int r = 0; r < p->padded_h; r++)
        for (int k = 0; k < p->kept_rows; k++) {
            int y = b->row * p->shape.stride_h - p->shape.pad_top +
                    r * (p->kept_rows > 1 ? p->shape.stride_h : p->copy_y) +
                    k * p->shape.dilation_h;
            int is_inside = y >= 0 && y < p->shape.h;
            uint8_t *to = b->copy + (size_t)r * p->row + (size_t)(k * p->c4) * LINE;

            for (int c = 0; c < p->c4; c++) {
                size_t at = (size_t)c * plane + (size_t)y * (size_t)p->shape.w;

                copy_row(b, is_inside ? b->x + at * LINE : NULL, to + (size_t)c * LINE);
            }
        }
}

static void run_band(struct band b, struct u8_row row, void (*row_run)(const struct u8_row *row))
{
    struct conv2d_u8_plan p = *b.plan;
    int rows = p.shape.oh - b.row < p.rows ? p.shape.oh - b.row : p.rows;

    // A shorter last band: fewer rows or columns, the strides of the copy stay.
    p.padded_h -= (p.rows - rows) * p.step_y;
    if (p.columns > p.shape.ow - b.column) {
        p.padded_w -= (p.columns - (p.shape.ow - b.column)) * p.step_x;
        p.columns = p.shape.ow - b.column;
    }
    b.plan = &p;
    copy_band(&b);
    row.pixels = p.columns;
    for (int r = 0; r < rows; r++) {
        row.x = b.copy + (size_t)(r * p.step_y) * p.row;
        row.at = (size_t)(b.row + r) * (size_t)p.shape.ow + (size_t)b.column;
        row_run(&row);
    }
}

void N16(conv2d_u8_bands)(const struct conv2d *v, const uint8_t *x, const void *packed,
                          const struct epilogue_u8 *e, uint8_t *y, void *scratch,
                          void (*row_run)(const struct u8_row *row))
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    uint8_t *copy = scratch;
    float *scale = (float *)(void *)(copy + p.band_bytes + U8_SPARE_LINES * LINE);
    size_t *runs = (size_t *)(void *)(scale + round_up(v->oc, 16));
    size_t run_bytes = ((size_t)p.runs * sizeof *runs + 63) / 64 * 64;
    struct u8_row row = {.plan = &p, .packed = packed, .e = e, .y = y, .runs = runs};
    struct band b = {.copy = copy, .x_zero = ((const struct conv2d_u8_head *)packed)->x_zero};

    row.plane = (size_t)v->oh * (size_t)v->ow;
    row.scratch = (uint8_t *)runs + run_bytes;
    conv2d_u8_scales(&row, v->oc, scale);
    for (int r = 0; r < p.runs; r++)
        runs[r] = conv2d_u8_run_offset(&p, r);
    for (int g = 0; g < p.groups; g++) {
        row.group = g;
        b.x = x + n16c4_bytes(p.c, (size_t)v->h * (size_t)v->w) * (size_t)g;
        for (b.row = 0; b.row < p.shape.oh; b.row += p.rows)
            for (b.column = 0; b.column < p.shape.ow; b.column += p.columns) {
                b.plan = &p;
                run_band(b, row, row_run);
            }
    }
}
