// Pooling on 8-bit grids in N16C4.
#include "kernels/conv2d_internal.h"
#include "kernels/u8_internal.h"

typedef uint8_t vb __attribute__((vector_size(VF * 4), aligned(VF * 4)));

ALWAYS_INLINE vb vb_max(vb a, vb b)
{
#if defined(__SSE2__)
    return (vb)MM(max_epu8)((mm_int)a, (mm_int)b);
#else
    vb is_greater = (vb)(a > b);

    return (a & is_greater) | (b & ~is_greater);
#endif
}

// Taps of one axis that lie inside, as source positions.
struct taps {
    int first, count, step;
};

static struct taps taps_of(const struct axis *a, int i)
{
    int first, end;

    axis_taps_inside(a, i, &first, &end);
    return (struct taps){i * a->in_step + a->offset + first * a->offset_step, end - first,
                         a->offset_step};
}

static void max_window(const uint8_t *x, int w, struct taps ty, struct taps tx, uint8_t *y)
{
    for (int lane = 0; lane < LINE; lane += VF * 4) {
        vb best = (vb){0};

        for (int a = 0; a < ty.count; a++) {
            const uint8_t *at =
                x + ((size_t)(ty.first + a * ty.step) * (size_t)w + (size_t)tx.first) * LINE + lane;

            for (int b = 0; b < tx.count; b++, at += (size_t)tx.step * LINE)
                best = vb_max(best, *(const vb *)(const void *)at);
        }
        *(vb *)(void *)(y + lane) = best;
    }
}

void N16(maxpool_u8)(const struct pool2d *v, const uint8_t *x, uint8_t *y)
{
    struct axis ay = axis_forward(v->h, v->oh, v->kh, v->stride_h, v->pad_top, v->dilation_h);
    struct axis ax = axis_forward(v->w, v->ow, v->kw, v->stride_w, v->pad_left, v->dilation_w);

    for (int c = 0; c < v->c; c += 4, x += (size_t)v->h * (size_t)v->w * LINE)
        for (int oy = 0; oy < v->oh; oy++) {
            struct taps ty = taps_of(&ay, oy);

            for (int ox = 0; ox < v->ow; ox++, y += LINE)
                max_window(x, v->w, ty, taps_of(&ax, ox), y);
        }
}

void N16(mean_u8)(const struct grid_u8 *v, int c, size_t pixels, int x_zero, const uint8_t *x,
                  uint8_t *y)
{
    struct range_u8 r = range_u8(v);
    vi zeros = vi_set((int32_t)pixels * x_zero);

    for (int first = 0; first < c; first += 4, x += pixels * LINE)
        for (int lane = 0; lane < LINE; lane += VF * 4, y += VF * 4) {
            vi sum[4] = {-zeros, -zeros, -zeros, -zeros};

            for (size_t i = 0; i < pixels; i++) {
                vi u = vi_load(x + i * LINE + (size_t)lane);

                UNROLL
                for (int j = 0; j < 4; j++)
                    sum[j] += channel_of(u, j);
            }
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[j] = to_grid(vf_from(sum[j]) * vf_set(v->scale), r);
            vi_store(y, join4(sum, v));
        }
}
