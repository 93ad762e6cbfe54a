// Convolution with most weights 0 (as in Elsen et al. 2020, Fast sparse convnets): each output
// channel walks its list of (source offset, weight), eight pixels at a time.
// x: (C, H, W, 16), y: (OC, OH, OW, 16)
#include "kernels/conv2d_internal.h"
#include "kernels/n16_internal.h"

struct tile {
    const float *x;
    const ptrdiff_t *in; // source offset of each pixel of the tile
    const struct sparse_entry *entry, *end;
    float *y; // pixels of a tile are neighbours here
    float bias;
};

ALWAYS_INLINE void tile_run(const struct tile *tile, const int nr)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const float *x[8];
        vf sum[8];

        UNROLL
        for (int j = 0; j < nr; j++) {
            x[j] = t->x + t->in[j] + lane;
            sum[j] = vf_set(t->bias);
        }
        for (const struct sparse_entry *e = t->entry; e < t->end; e++) {
            vf w = vf_set(e->weight);
            ptrdiff_t offset = e->offset;

            UNROLL
            for (int j = 0; j < nr; j++)
                sum[j] += w * vf_load(x[j] + offset);
        }
        UNROLL
        for (int j = 0; j < nr; j++)
            vf_store(t->y + j * N16_LANES + lane, sum[j]);
    }
}

// One output channel over the pixels of a band.
static void run_channel(struct tile t, int pixels)
{
    for (int p = 0, step; p < pixels; p += step, t.in += step, t.y += step * N16_LANES) {
        step = pixels - p >= 8 ? 8 : pixels - p >= 4 ? 4 : 1;
        if (step == 8)
            tile_run(&t, 8);
        else if (step == 4)
            tile_run(&t, 4);
        else
            tile_run(&t, 1);
    }
}

struct band {
    const struct walk *walk;
    const float *x;
    const ptrdiff_t *in, *out;
    int pixels;
};

static void run_band(const struct band *b, const struct conv2d *v, const void *packed, int g,
                     const struct epilogue *e, float *y)
{
    const struct sparse_entry *entries = sparse_entries(v, packed);
    const int32_t *first = packed;
    size_t n = (size_t)b->pixels * N16_LANES;

    for (int m = g * b->walk->oc; m < (g + 1) * b->walk->oc; m++) {
        size_t at = (size_t)m * b->walk->out_plane * N16_LANES + (size_t)b->out[0];
        struct tile t = {.x = b->x,
                         .in = b->in,
                         .entry = entries + first[m],
                         .end = entries + first[m + 1],
                         .y = y + at,
                         .bias = e && e->bias ? e->bias[m] : 0};

        run_channel(t, b->pixels);
        if (has_clamp(e))
            finish_sums(e, n, e->add ? e->add + at : NULL, y + at);
    }
}

void N16(conv2d_f32_sparse)(const struct conv2d *v, const float *x, const void *packed,
                            const struct epilogue *e, float *y, void *scratch)
{
    struct walk t = conv2d_walk_forward(v);
    struct walk_plan p = walk_plan_sparse(&t);
    ptrdiff_t *in = walk_tables(&p, scratch), *out = in + p.rows * t.x.size;
    size_t group_x = (size_t)(v->h * v->w) * (size_t)t.c * N16_LANES;

    for (int g = 0; g < v->groups; g++, x += group_x)
        for (int row0 = 0; row0 < v->oh; row0 += p.rows) {
            int rows = v->oh - row0 < p.rows ? v->oh - row0 : p.rows;
            int first = (row0 * v->stride_h + p.low_y) * p.padded_w + p.low_x;
            struct band b = {&t, scratch, in, out, rows * v->ow};

            walk_pixels(&t, &p, row0, rows, in, out);
            if (p.is_padded)
                walk_copy_source(&t, &p, x, 0, t.c, row0, rows, scratch);
            else
                b.x = x + (ptrdiff_t)first * N16_LANES;
            run_band(&b, v, packed, g, e, y);
        }
}
