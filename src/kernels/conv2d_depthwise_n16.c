// Depthwise convolution (groups == C, any multiplier) without a padded copy: rows drop the taps
// above and below the source, border columns those left and right, and the columns between run in
// register tiles. x: (C, H, W, 16), w: (OC, 1, KH, KW)
#include "kernels/conv2d_internal.h"
#include "kernels/n16_internal.h"

#include <string.h>

// What happens to a sum before it is stored: y = clamp(bias + sum + add, low, high).
struct finish {
    float bias, low, high;
    const float *add; // where y's first element finds its own, may be y; NULL: none
};

ALWAYS_INLINE vf finish_at(const struct finish *f, vf sum, ptrdiff_t at)
{
    if (f->add)
        sum += vf_load(f->add + at);
    return vf_clamp(sum, vf_set(f->low), vf_set(f->high));
}

// Taps of one output, or of nr neighbours: a rows of b taps each.
struct taps {
    const float *x;     // source of the first tap of the first output
    ptrdiff_t row, tap; // floats between taps along y and x
    ptrdiff_t pixel;    // between neighbouring outputs' sources
    int rows, columns;
    const float *w;
    ptrdiff_t w_row, w_tap;
    float *y;
    ptrdiff_t y_pixel;
    struct finish finish;
};

ALWAYS_INLINE void taps_run(const struct taps *taps, const int nr, const int columns)
{
    const struct taps copy = *taps, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf sum[8];
        float *y = t->y + lane;

        UNROLL
        for (int j = 0; j < nr; j++)
            sum[j] = vf_set(t->finish.bias);
        for (int a = 0; a < t->rows; a++) {
            const float *x = t->x + a * t->row + lane, *w = t->w + a * t->w_row;

            UNROLL
            for (int b = 0; b < columns; b++, x += t->tap, w += t->w_tap) {
                vf weight = vf_set(*w);

                UNROLL
                for (int j = 0; j < nr; j++)
                    sum[j] += weight * vf_load(x + j * t->pixel);
            }
        }
        UNROLL
        for (int j = 0; j < nr; j++)
            vf_store(y + j * t->y_pixel, finish_at(&t->finish, sum[j], j * t->y_pixel + lane));
    }
}

// Returns how many outputs it did: 8, 4 or 1.
static int taps_some(const struct taps *t, int outputs)
{
    if (outputs >= 8) {
        if (t->columns == 3)
            taps_run(t, 8, 3);
        else
            taps_run(t, 8, t->columns);
        return 8;
    }
    if (outputs >= 4) {
        if (t->columns == 3)
            taps_run(t, 4, 3);
        else
            taps_run(t, 4, t->columns);
        return 4;
    }
    taps_run(t, 1, t->columns);
    return 1;
}

// The common case apart: 3x3, step 1, padding 1 all round. `rows` output rows at once; column c of
// the source adds to outputs c - 1, c and c + 1, whose sums rotate through registers, so that each
// source vector is loaded once for up to 27 products. A row outside the source is `zeros` with
// step 0. w: [3][3] in the order of the source's offsets.
static const float zeros[N16_LANES] __attribute__((aligned(64))) = {0};

struct strip {
    const float *x[6]; // source rows -1..rows
    ptrdiff_t step[6];
    float w[3][3];
    int width;
    float *y;
    ptrdiff_t y_row;
    struct finish finish;
};

ALWAYS_INLINE void strip_run(const struct strip *strip, const int rows)
{
    const struct strip copy = *strip, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf left[4], here[4], w[3][3];

        UNROLL
        for (int i = 0; i < 9; i++)
            w[i / 3][i % 3] = vf_set(t->w[i / 3][i % 3]);
        UNROLL
        for (int r = 0; r < rows; r++) {
            left[r] = vf_set(0);
            here[r] = vf_set(t->finish.bias);
        }
        for (ptrdiff_t c = 0; c < t->width; c++) {
            vf right[4];

            UNROLL
            for (int r = 0; r < rows; r++)
                right[r] = vf_set(t->finish.bias);
            UNROLL
            for (int a = 0; a < rows + 2; a++) {
                vf v = vf_load(t->x[a] + c * t->step[a] + lane);

                UNROLL
                for (int r = 0; r < rows; r++) {
                    if (a - r < 0 || a - r > 2)
                        continue;
                    left[r] += w[a - r][2] * v;
                    here[r] += w[a - r][1] * v;
                    right[r] += w[a - r][0] * v;
                }
            }
            UNROLL
            for (int r = 0; r < rows; r++) {
                ptrdiff_t at = r * t->y_row + (c - 1) * N16_LANES + lane;

                if (c > 0)
                    vf_store(t->y + at, finish_at(&t->finish, left[r], at));
                left[r] = here[r];
                here[r] = right[r];
            }
        }
        UNROLL
        for (int r = 0; r < rows; r++) {
            ptrdiff_t at = r * t->y_row + (t->width - 1) * N16_LANES + lane;

            vf_store(t->y + at, finish_at(&t->finish, left[r], at));
        }
    }
}

static int strip_rows(const struct strip *t, int rows)
{
    if (rows >= 4) {
        strip_run(t, 4);
        return 4;
    }
    if (rows == 3)
        strip_run(t, 3);
    else if (rows == 2)
        strip_run(t, 2);
    else
        strip_run(t, 1);
    return rows;
}

static int is_strip_axis(const struct axis *a)
{
    int low = a->offset_step < 0 ? a->offset - 2 : a->offset;

    return a->count == 3 && a->in_step == 1 && a->out_step == 1 && low == -1 &&
           (a->offset_step == 1 || a->offset_step == -1) && a->size == a->source;
}

struct plane {
    const float *x, *w;
    ptrdiff_t w_tap;
    float *y;
    struct finish finish;
};

// The same from floats further on.
static struct finish finish_from(struct finish f, ptrdiff_t at)
{
    f.add = f.add ? f.add + at : NULL;
    return f;
}

static void run_row(const struct walk *t, const struct plane *p, int row, const int inside[2])
{
    int tap_y, end_y;
    ptrdiff_t out_row = row * t->y.out_step + t->y.out_first;
    struct taps taps = {.row = (ptrdiff_t)t->y.offset_step * t->x.source * N16_LANES,
                        .tap = (ptrdiff_t)t->x.offset_step * N16_LANES,
                        .pixel = (ptrdiff_t)t->x.in_step * N16_LANES,
                        .w_row = p->w_tap * t->x.count,
                        .w_tap = p->w_tap,
                        .y_pixel = (ptrdiff_t)t->x.out_step * N16_LANES};

    axis_taps_inside(&t->y, row, &tap_y, &end_y);
    taps.rows = end_y - tap_y;
    for (int c = 0, step; c < t->x.size; c += step) {
        int is_inside = c >= inside[0] && c < inside[1], tap_x = 0, end_x = t->x.count;
        ptrdiff_t y = row * t->y.in_step + t->y.offset + tap_y * t->y.offset_step, x, at;

        if (!is_inside)
            axis_taps_inside(&t->x, c, &tap_x, &end_x);
        x = c * t->x.in_step + t->x.offset + tap_x * t->x.offset_step;
        taps.columns = end_x - tap_x;
        if (taps.rows > 0 && taps.columns > 0)
            taps.x = p->x + (y * t->x.source + x) * N16_LANES;
        taps.w = p->w + (tap_y * t->x.count + tap_x) * p->w_tap;
        at = (out_row * t->out_w + c * t->x.out_step + t->x.out_first) * N16_LANES;
        taps.y = p->y + at;
        taps.finish = finish_from(p->finish, at);
        step = taps_some(&taps, is_inside ? inside[1] - c : 1);
    }
}

static void run_strips(const struct walk *t, const struct plane *p)
{
    ptrdiff_t row = (ptrdiff_t)t->x.size * N16_LANES;
    struct strip s = {.width = t->x.size, .y_row = row};

    for (int i = 0; i < 9; i++) {
        int y = t->y.offset_step < 0 ? 2 - i / 3 : i / 3;
        int x = t->x.offset_step < 0 ? 2 - i % 3 : i % 3;

        s.w[i / 3][i % 3] = p->w[(y * 3 + x) * p->w_tap];
    }
    for (int r = 0, done; r < t->y.size; r += done) {
        for (int a = 0; a < 6; a++) {
            int is_inside = r + a >= 1 && r + a <= t->y.source;

            s.x[a] = is_inside ? p->x + (r + a - 1) * row : zeros;
            s.step[a] = is_inside ? N16_LANES : 0;
        }
        s.y = p->y + r * row;
        s.finish = finish_from(p->finish, r * row);
        done = strip_rows(&s, t->y.size - r);
    }
}

static void run_plane(const struct walk *t, const struct plane *p)
{
    int inside[2];

    if (is_strip_axis(&t->y) && is_strip_axis(&t->x)) {
        run_strips(t, p);
        return;
    }
    axis_inside(&t->x, inside);
    for (int r = 0; r < t->y.size; r++)
        run_row(t, p, r, inside);
}

void N16(depthwise_f32)(const struct conv2d *v, const float *x, const float *packed,
                        const struct epilogue *e, float *y)
{
    struct walk t = conv2d_walk_forward(v);
    size_t taps = (size_t)v->kh * (size_t)v->kw, n = t.out_plane * N16_LANES;

    for (int c = 0; c < v->oc; c++) {
        int m = c % t.oc, block = m / CONV_BLOCK * CONV_BLOCK;
        int width = t.oc - block < CONV_BLOCK ? t.oc - block : CONV_BLOCK;
        struct plane p = {.x = x + (size_t)(c / t.oc * v->h * v->w) * N16_LANES,
                          .w = packed + (size_t)(c - m + block) * taps + (m - block),
                          .w_tap = width,
                          .y = y + (size_t)c * n,
                          .finish = {.bias = e && e->bias ? e->bias[c] : 0,
                                     .low = e ? e->low : -__builtin_inff(),
                                     .high = e ? e->high : __builtin_inff(),
                                     .add = e && e->add ? e->add + (size_t)c * n : NULL}};

        run_plane(&t, &p);
    }
}

void N16(depthwise_f32_backward_data)(const struct conv2d *v, const float *dy, const float *packed,
                                      int accumulate, float *dx)
{
    size_t dy_plane = (size_t)v->oh * (size_t)v->ow * N16_LANES;

    for (int i = 0; i < v->stride_h * v->stride_w; i++) {
        struct walk t = conv2d_walk_backward(v, i / v->stride_w, i % v->stride_w);
        size_t taps = (size_t)(t.y.count * t.x.count);

        for (int m = 0; m < v->oc; m++, packed += taps) {
            struct plane p = {.x = dy + (size_t)m * dy_plane,
                              .w = packed,
                              .w_tap = 1,
                              .y = dx + (size_t)(m / t.c) * t.out_plane * N16_LANES,
                              .finish = {.low = -__builtin_inff(), .high = __builtin_inff()}};

            p.finish.add = accumulate || m % t.c > 0 ? p.y : NULL;
            run_plane(&t, &p);
        }
    }
}
