// Max and average pooling. x: (C, H, W, 16), y: (C, OH, OW, 16)
#include "kernels/conv2d_internal.h"
#include "kernels/n16_internal.h"

#include <string.h>

// The part of the window at an output that lies inside the input.
struct window {
    int y, x; // first input row and column
    int rows, columns;
    int step_y, step_x;
    int count; // elements an average counts
};

static struct axis pool_axis(const struct pool2d *v, int is_x)
{
    return is_x ? axis_forward(v->w, v->ow, v->kw, v->stride_w, v->pad_left, v->dilation_w)
                : axis_forward(v->h, v->oh, v->kh, v->stride_h, v->pad_top, v->dilation_h);
}

// Taps inside the padded input, for count_include_pad.
static int taps_padded(const struct axis *a, int i, int pad_end)
{
    int last = a->source + pad_end - 1 - (i * a->in_step + a->offset);
    int taps = last < 0 ? 0 : last / a->offset_step + 1;

    return taps < a->count ? taps : a->count;
}

static struct window window_at(const struct pool2d *v, int oy, int ox)
{
    struct axis ay = pool_axis(v, 0), ax = pool_axis(v, 1);
    struct window w = {.step_y = v->dilation_h, .step_x = v->dilation_w};
    int first, end;

    axis_taps_inside(&ay, oy, &first, &end);
    w.y = oy * v->stride_h - v->pad_top + first * v->dilation_h;
    w.rows = end - first;
    axis_taps_inside(&ax, ox, &first, &end);
    w.x = ox * v->stride_w - v->pad_left + first * v->dilation_w;
    w.columns = end - first;
    w.count = w.rows * w.columns;
    if (v->count_include_pad)
        w.count = taps_padded(&ay, oy, v->pad_bottom) * taps_padded(&ax, ox, v->pad_right);
    return w;
}

ALWAYS_INLINE vf vf_select(vi mask, vf a, vf b)
{
    return (vf)(((vi)a & mask) | ((vi)b & ~mask));
}

// NaN wins, the first of equals wins.
static void max_window(const float *x, int width, const struct window *w, float *y, int32_t *argmax)
{
    const vi all = (vi){0} - 1;

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf best = vf_set(-__builtin_inff());
        vi at = all;

        for (int r = 0; r < w->rows; r++)
            for (int c = 0; c < w->columns; c++) {
                int pixel = (w->y + r * w->step_y) * width + w->x + c * w->step_x;
                vf v = vf_load(x + (ptrdiff_t)pixel * N16_LANES + lane);
                vi wins = r == 0 && c == 0 ? all : (vi)((v > best) | (v != v));

                best = vf_select(wins, v, best);
                at = (wins & pixel) | (at & ~wins);
            }
        vf_store(y + lane, best);
        *(vi *)(void *)(argmax + lane) = at;
    }
}

// One output, or neighbours whose windows are alike.
struct strip {
    const float *x; // first element of the first window
    ptrdiff_t row, tap, pixel;
    int rows, columns;
    float scale;
    float *y;
};

ALWAYS_INLINE void strip_run(const struct strip *s, const int nr, const int is_max)
{
    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf best[8];

        UNROLL
        for (int j = 0; j < nr; j++)
            best[j] = vf_set(is_max ? -__builtin_inff() : 0);
        for (int r = 0; r < s->rows; r++) {
            const float *x = s->x + r * s->row + lane;

            for (int c = 0; c < s->columns; c++, x += s->tap) {
                UNROLL
                for (int j = 0; j < nr; j++) {
                    vf v = vf_load(x + j * s->pixel);

                    best[j] = !is_max ? best[j] + v
                                      : vf_select((vi)((v > best[j]) | (v != v)), v, best[j]);
                }
            }
        }
        UNROLL
        for (int j = 0; j < nr; j++)
            vf_store(s->y + j * N16_LANES + lane, is_max ? best[j] : best[j] * s->scale);
    }
}

static void strip_max(const struct strip *s, int outputs)
{
    if (outputs == 8)
        strip_run(s, 8, 1);
    else
        strip_run(s, 1, 1);
}

static void strip_average(const struct strip *s, int outputs)
{
    if (outputs == 8)
        strip_run(s, 8, 0);
    else
        strip_run(s, 1, 0);
}

// A channel after the other and row by row, as the source lies.
static void pool_planes(const struct pool2d *v, const float *x, float *y,
                        void (*run)(const struct strip *s, int outputs))
{
    struct axis ax = pool_axis(v, 1);
    int inside[2];

    axis_inside(&ax, inside);
    for (int c = 0; c < v->c; c++, x += (ptrdiff_t)v->h * v->w * N16_LANES)
        for (int oy = 0; oy < v->oh; oy++)
            for (int ox = 0, step; ox < v->ow; ox += step, y += step * N16_LANES) {
                struct window w = window_at(v, oy, ox);
                struct strip s = {.x = x + ((ptrdiff_t)w.y * v->w + w.x) * N16_LANES,
                                  .row = (ptrdiff_t)w.step_y * v->w * N16_LANES,
                                  .tap = (ptrdiff_t)w.step_x * N16_LANES,
                                  .pixel = (ptrdiff_t)v->stride_w * N16_LANES,
                                  .rows = w.rows,
                                  .columns = w.columns,
                                  .scale = w.count > 0 ? 1 / (float)w.count : 0,
                                  .y = y};

                step = ox >= inside[0] && ox + 8 <= inside[1] ? 8 : 1;
                run(&s, step);
            }
}

static void max_places(const struct pool2d *v, const float *x, float *y, int32_t *argmax)
{
    ptrdiff_t in = (ptrdiff_t)v->h * v->w * N16_LANES, out = (ptrdiff_t)v->oh * v->ow * N16_LANES;

    for (int oy = 0; oy < v->oh; oy++)
        for (int ox = 0; ox < v->ow; ox++) {
            struct window w = window_at(v, oy, ox);
            ptrdiff_t at = ((ptrdiff_t)oy * v->ow + ox) * N16_LANES;

            for (int c = 0; c < v->c; c++, at += out)
                max_window(x + c * in, v->w, &w, y + at, argmax + at);
        }
}

void N16(maxpool_f32)(const struct pool2d *v, const float *x, float *y, int32_t *argmax)
{
    if (argmax)
        max_places(v, x, y, argmax);
    else
        pool_planes(v, x, y, strip_max);
}

static void max_window_backward(const struct window *w, int width, const float *dy,
                                const int32_t *argmax, float *dx)
{
    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf g = vf_load(dy + lane);
        vi at = *(const vi *)(const void *)(argmax + lane);

        for (int r = 0; r < w->rows; r++)
            for (int c = 0; c < w->columns; c++) {
                int pixel = (w->y + r * w->step_y) * width + w->x + c * w->step_x;
                float *to = dx + (ptrdiff_t)pixel * N16_LANES + lane;

                vf_store(to, vf_load(to) + (vf)((vi)g & (vi)(at == pixel)));
            }
    }
}

void N16(averagepool_f32)(const struct pool2d *v, const float *x, float *y)
{
    pool_planes(v, x, y, strip_average);
}

static void average_window_backward(const struct window *w, int width, const float *dy, float *dx)
{
    float scale = w->count > 0 ? 1 / (float)w->count : 0;

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf g = vf_load(dy + lane) * scale;

        for (int r = 0; r < w->rows; r++)
            for (int c = 0; c < w->columns; c++) {
                int pixel = (w->y + r * w->step_y) * width + w->x + c * w->step_x;
                float *to = dx + (ptrdiff_t)pixel * N16_LANES + lane;

                vf_store(to, vf_load(to) + g);
            }
    }
}

// argmax NULL: averages.
static void pool_backward(const struct pool2d *v, const float *dy, const int32_t *argmax, float *dx)
{
    ptrdiff_t in = (ptrdiff_t)v->h * v->w * N16_LANES, out = (ptrdiff_t)v->oh * v->ow * N16_LANES;

    memset(dx, 0, (size_t)v->c * (size_t)in * sizeof(float));
    for (int oy = 0; oy < v->oh; oy++)
        for (int ox = 0; ox < v->ow; ox++) {
            struct window w = window_at(v, oy, ox);
            ptrdiff_t at = ((ptrdiff_t)oy * v->ow + ox) * N16_LANES;

            for (int c = 0; c < v->c; c++, at += out)
                if (argmax)
                    max_window_backward(&w, v->w, dy + at, argmax + at, dx + c * in);
                else
                    average_window_backward(&w, v->w, dy + at, dx + c * in);
        }
}

void N16(maxpool_f32_backward)(const struct pool2d *v, const float *dy, const int32_t *argmax,
                               float *dx)
{
    pool_backward(v, dy, argmax, dx);
}

void N16(averagepool_f32_backward)(const struct pool2d *v, const float *dy, float *dx)
{
    pool_backward(v, dy, NULL, dx);
}

void N16(global_averagepool_f32)(int c, size_t pixels, const float *x, float *y)
{
    float scale = 1 / (float)pixels;

    for (int i = 0; i < c; i++, x += pixels * N16_LANES, y += N16_LANES)
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            vf sum = {0};

            for (size_t p = 0; p < pixels; p++)
                sum += vf_load(x + p * N16_LANES + lane);
            vf_store(y + lane, sum * scale);
        }
}

void N16(global_averagepool_f32_backward)(int c, size_t pixels, const float *dy, float *dx)
{
    float scale = 1 / (float)pixels;

    for (int i = 0; i < c; i++, dx += pixels * N16_LANES, dy += N16_LANES)
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            vf g = vf_load(dy + lane) * scale;

            for (size_t p = 0; p < pixels; p++)
                vf_store(dx + p * N16_LANES + lane, g);
        }
}
