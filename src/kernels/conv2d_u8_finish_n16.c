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

// To the grid, and with has_add to the sum with a second value.
ALWAYS_INLINE void finish_u8(const struct u8_row *row, int oc, size_t pixel,
                             const struct u8_sums *sums, const int has_add)
{
    const struct u8_sums s = *sums; // no store can alias a local
    const struct grid_u8 grid = row->e->y;
    const struct range_u8 r = range_u8(&grid);
    const float *scale = row->scale + oc;
    size_t plane = row->plane * LINE, at = (size_t)(oc / 4) * plane + pixel * LINE;
    const struct sum_fast fast = has_add ? sum_fast(row->e->sum, grid.zero) : (struct sum_fast){0};
    const uint8_t *add = has_add ? row->e->add + at : NULL;
    uint8_t *y = row->y + at;

    for (int i = 0; i < s.channels; i += 4) {
        vf scales[4] = {vf_set(scale[i]), vf_set(scale[i + 1]), vf_set(scale[i + 2]),
                        vf_set(scale[i + 3])};
        size_t byte = (size_t)(i / 4) * plane;

        for (int j = 0; j < s.pixels; j++, byte += LINE)
            for (int lane = 0; lane < N16_LANES; lane += VF) {
                vi q[4];

                UNROLL
                for (int k = 0; k < 4; k++)
                    q[k] = to_grid(vf_from(load_sum(&s, i + k, j, lane)) * scales[k], r);
                vi_store(y + byte + lane * 4,
                         has_add ? sum4(&fast, grid.zero, q, vi_load(add + byte + lane * 4))
                                 : join4(q, &grid));
            }
    }
}

void N16(conv2d_u8_finish)(const struct u8_row *row, int oc, size_t pixel, const struct u8_sums *s)
{
    if (row->e->y_f32)
        finish_f32(row, oc, pixel, s);
    else if (row->e->add)
        finish_u8(row, oc, pixel, s, 1);
    else
        finish_u8(row, oc, pixel, s, 0);
}
