// Integer convolution: from exact sums to 8-bit grids or floats. sums: (channels, pixels, 16)
#include "kernels/u8_internal.h"

ALWAYS_INLINE vi load_sum(const struct u8_sums *s, int i, int j, int lane)
{
    return vi_load(s->sum + i * s->oc_step + j * s->pixel_step + lane);
}

static void finish_f32(const struct u8_row *row, int oc, size_t pixel, const struct u8_sums *s)
{
    int count = row->plan->shape.oc - oc < s->channels ? row->plan->shape.oc - oc : s->channels;

    for (int i = 0; i < count; i++) {
        vf scale = vf_set(row->e->scale[oc + i]);
        float *y = row->e->y_f32 + ((size_t)(oc + i) * row->plane + pixel) * N16_LANES;

        for (int j = 0; j < s->pixels; j++)
            for (int lane = 0; lane < N16_LANES; lane += VF)
                vf_store(y + j * N16_LANES + lane, vf_from(load_sum(s, i, j, lane)) * scale);
    }
}

// Four channels, with or without the sum.
ALWAYS_INLINE void finish_four(const struct u8_row *row, const struct u8_sums *s, int i,
                               const float scale[4], size_t at, const int has_add)
{
    const struct epilogue_u8 *e = row->e;
    struct grid_u8 grid = e->y;
    struct range_u8 r = range_u8(&grid);
    struct sum_fast fast = {0};
    const uint8_t *add = has_add ? e->add + at : NULL;
    uint8_t *y = row->y + at;

    if (has_add)
        fast = sum_fast(e->sum, grid.zero);
    for (int j = 0; j < s->pixels; j++)
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            size_t byte = (size_t)j * LINE + (size_t)lane * 4;
            vi q[4];

            UNROLL
            for (int k = 0; k < 4; k++)
                q[k] = to_grid(vf_from(load_sum(s, i + k, j, lane)) * vf_set(scale[k]), r);
            vi_store(y + byte,
                     has_add ? sum4(&fast, grid.zero, q, vi_load(add + byte)) : join4(q, &grid));
        }
}

void N16(conv2d_u8_finish)(const struct u8_row *row, int oc, size_t pixel, const struct u8_sums *s)
{
    if (row->e->y_f32) {
        finish_f32(row, oc, pixel, s);
        return;
    }
    for (int i = 0; i < s->channels && oc + i < row->plan->shape.oc; i += 4) {
        size_t at = ((size_t)((oc + i) / 4) * row->plane + pixel) * LINE;
        float scale[4];

        for (int k = 0; k < 4; k++)
            scale[k] = oc + i + k < row->plan->shape.oc ? row->e->scale[oc + i + k] : 0;
        if (row->e->add)
            finish_four(row, s, i, scale, at, 1);
        else
            finish_four(row, s, i, scale, at, 0);
    }
}
