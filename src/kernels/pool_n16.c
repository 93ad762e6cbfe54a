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
        if (argmax)
            *(vi *)(void *)(argmax + lane) = at;
    }
}

// As max_window where nobody asks for the place.
static void max_window_value(const float *x, int width, const struct window *w, float *y)
{
    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf best = vf_set(-__builtin_inff());

        for (int r = 0; r < w->rows; r++)
            for (int c = 0; c < w->columns; c++) {
                int pixel = (w->y + r * w->step_y) * width + w->x + c * w->step_x;
                vf v = vf_load(x + (ptrdiff_t)pixel * N16_LANES + lane);

                best = vf_select((vi)((v > best) | (v != v)), v, best);
            }
        vf_store(y + lane, best);
    }
}

void N16(maxpool_f32)(const struct pool2d *v, const float *x, float *y, int32_t *argmax)
{
    ptrdiff_t in = (ptrdiff_t)v->h * v->w * N16_LANES, out = (ptrdiff_t)v->oh * v->ow * N16_LANES;

    for (int oy = 0; oy < v->oh; oy++)
        for (int ox = 0; ox < v->ow; ox++) {
            struct window w = window_at(v, oy, ox);
            ptrdiff_t at = ((ptrdiff_t)oy * v->ow + ox) * N16_LANES;

            for (int c = 0; c < v->c; c++, at += out)
                if (argmax)
                    max_window(x + c * in, v->w, &w, y + at, argmax + at);
                else
                    max_window_value(x + c * in, v->w, &w, y + at);
        }
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

void N16(maxpool_f32_backward)(const struct pool2d *v, const float *dy, const int32_t *argmax,
                               float *dx)
{
    ptrdiff_t in = (ptrdiff_t)v->h * v->w * N16_LANES, out = (ptrdiff_t)v->oh * v->ow * N16_LANES;

    memset(dx, 0, (size_t)v->c * (size_t)in * sizeof(float));
    for (int oy = 0; oy < v->oh; oy++)
        for (int ox = 0; ox < v->ow; ox++) {
            struct window w = window_at(v, oy, ox);
            ptrdiff_t at = ((ptrdiff_t)oy * v->ow + ox) * N16_LANES;

            for (int c = 0; c < v->c; c++, at += out)
                max_window_backward(&w, v->w, dy + at, argmax + at, dx + c * in);
        }
}

static void average_window(const float *x, int width, const struct window *w, float *y)
{
    float scale = w->count > 0 ? 1 / (float)w->count : 0;

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf sum = {0};

        for (int r = 0; r < w->rows; r++)
            for (int c = 0; c < w->columns; c++) {
                int pixel = (w->y + r * w->step_y) * width + w->x + c * w->step_x;

                sum += vf_load(x + (ptrdiff_t)pixel * N16_LANES + lane);
            }
        vf_store(y + lane, sum * scale);
    }
}

void N16(averagepool_f32)(const struct pool2d *v, const float *x, float *y)
{
    ptrdiff_t in = (ptrdiff_t)v->h * v->w * N16_LANES, out = (ptrdiff_t)v->oh * v->ow * N16_LANES;

    for (int oy = 0; oy < v->oh; oy++)
        for (int ox = 0; ox < v->ow; ox++) {
            struct window w = window_at(v, oy, ox);
            ptrdiff_t at = ((ptrdiff_t)oy * v->ow + ox) * N16_LANES;

            for (int c = 0; c < v->c; c++)
                average_window(x + c * in, v->w, &w, y + c * out + at);
        }
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

void N16(averagepool_f32_backward)(const struct pool2d *v, const float *dy, float *dx)
{
    ptrdiff_t in = (ptrdiff_t)v->h * v->w * N16_LANES, out = (ptrdiff_t)v->oh * v->ow * N16_LANES;

    memset(dx, 0, (size_t)v->c * (size_t)in * sizeof(float));
    for (int oy = 0; oy < v->oh; oy++)
        for (int ox = 0; ox < v->ow; ox++) {
            struct window w = window_at(v, oy, ox);
            ptrdiff_t at = ((ptrdiff_t)oy * v->ow + ox) * N16_LANES;

            for (int c = 0; c < v->c; c++)
                average_window_backward(&w, v->w, dy + c * out + at, dx + c * in);
        }
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
