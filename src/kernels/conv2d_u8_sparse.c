// Integer convolution that skips blocks of 4 by 4 channels whose weights are all 0, as an
// algorithm: packing, and when it pays.
#include "kernels/conv2d_u8_internal.h"

// Calls for each block of weights that is not all 0; returns how many there are.
static int32_t walk_blocks(const struct conv2d *v, const struct conv2d_u8_plan *p,
                           const int8_t *weight, int g, int first, struct conv2d_u8_entry *entry)
{
    int32_t count = 0;

    for (int k = 0; k < p->runs * p->run_lines; k++) {
        struct conv2d_u8_line at = conv2d_u8_line(p, k / p->run_lines, k % p->run_lines);
        struct conv2d_u8_entry found = {.offset =
                                            (int32_t)(conv2d_u8_run_offset(p, k / p->run_lines) +
                                                      (size_t)(k % p->run_lines) * LINE)};
        int any = 0;

        for (int i = 0; i < 16; i++) {
            found.weight[i] = conv2d_u8_weight_at(v, p, weight, g, first + i / 4, at.c4 * 4 + i % 4,
                                                  at.ky, at.kx);
            any |= found.weight[i];
        }
        if (any && entry)
            entry[count] = found;
        count += any != 0;
    }
    return count;
}

static int32_t count_blocks(const struct conv2d *v, const struct conv2d_u8_plan *p,
                            const int8_t *weight)
{
    int32_t count = 0;

    for (int g = 0; g < p->groups; g++)
        for (int m = 0; m < p->oc; m += 4)
            count += walk_blocks(v, p, weight, g, m, NULL);
    return count;
}

static int accepts(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    (void)kernels;
    (void)w;
    return v->c / v->groups >= 4;
}

// The speed of the direct kernel on what is left, measured with VNNI.
static double cost(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);

    (void)kernels;
    return 1.1 * 16 * count_blocks(v, &p, w->weight) * v->oh * v->ow;
}

static size_t first_count(const struct conv2d_u8_plan *p)
{
    return (size_t)(p->groups * ((p->oc + 3) / 4) + 1);
}

static size_t packed_bytes(const struct conv2d *v, const struct conv2d_u8_weights *w)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);

    return conv2d_u8_head_bytes(v) + first_count(&p) * sizeof(int32_t) +
           (size_t)count_blocks(v, &p, w->weight) * sizeof(struct conv2d_u8_entry);
}

static void pack(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    int32_t *first = conv2d_u8_pack_head(v, w, packed);
    struct conv2d_u8_entry *entry = (struct conv2d_u8_entry *)(first + first_count(&p));

    *first = 0;
    for (int g = 0; g < p.groups; g++)
        for (int m = 0; m < p.oc; m += 4, first++)
            first[1] = first[0] + walk_blocks(v, &p, w->weight, g, m, entry + first[0]);
}

CONV2D_U8_ROW(sparse, conv2d_u8_sparse, conv2d_u8_scratch_bytes, 0);
