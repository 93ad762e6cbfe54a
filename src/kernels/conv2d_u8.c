// Integer convolution: cutting, packing, and the direct algorithm as a row.
#include "kernels/conv2d_internal.h"
#include "kernels/conv2d_u8_internal.h"

#include <string.h>

enum {
    BAND_BYTES = 128 << 10, // of the copy, so that it stays in L2 beside the weights
    FEW_LINES = 8,          // runs shorter than this are joined over the kernel's rows
};

static int is_pointwise(const struct conv2d *v)
{
    return v->kh == 1 && v->kw == 1 && v->stride_h == 1 && v->stride_w == 1 && v->pad_top == 0 &&
           v->pad_left == 0 && v->oh == v->h && v->ow == v->w;
}

static void merge_groups(const struct conv2d *v, struct conv2d_u8_plan *p)
{
    p->groups = v->groups;
    while (p->groups > 1 &&
           (v->groups % p->groups != 0 || v->c / p->groups % 4 != 0 || v->oc / p->groups % 4 != 0))
        p->groups--;
    p->c = v->c / p->groups;
    p->oc = v->oc / p->groups;
    p->c4 = (p->c + 3) / 4;
}

static void set_rows(struct conv2d_u8_plan *p, int rows)
{
    const struct conv2d *v = &p->shape;

    p->rows = rows;
    p->padded_w = (p->columns - 1) * p->step_x + (v->kw - 1) * v->dilation_w + 1;
    p->row = (size_t)p->padded_w * p->column;
    p->padded_h =
        p->kept_rows > 1 ? rows : (rows - 1) * p->step_y + (v->kh - 1) * v->dilation_h + 1;
    p->band_bytes = (size_t)p->padded_h * p->row;
}

struct conv2d_u8_plan conv2d_u8_plan(const struct conv2d *v)
{
    struct conv2d_u8_plan p = {.shape = *v, .kept_rows = 1};
    int is_joined;

    merge_groups(v, &p);
    if (is_pointwise(v)) {
        p.shape.w = p.shape.ow = v->h * v->w;
        p.shape.h = p.shape.oh = 1;
    }
    is_joined = v->kh > 1 && v->dilation_w == 1 && v->kw * p.c4 < FEW_LINES;
    p.kept_rows = is_joined ? v->kh : 1;
    p.runs = is_joined ? 1 : v->dilation_w == 1 || v->kw == 1 ? v->kh : v->kh * v->kw;
    p.run_lines = v->kh * v->kw * p.c4 / p.runs;
    p.step_x = v->kw == 1 ? 1 : v->stride_w;
    p.copy_x = v->kw == 1 ? v->stride_w : 1;
    p.step_y = v->kh == 1 || is_joined ? 1 : v->stride_h;
    p.copy_y = v->kh == 1 || is_joined ? v->stride_h : 1;
    p.column = (size_t)(p.kept_rows * p.c4) * LINE;
    p.columns = p.shape.ow;
    if (is_pointwise(v)) // pieces of about the same size
        p.columns = max_int(1, min_int(p.columns, (int)((size_t)BAND_BYTES / p.column)));
    set_rows(&p, 1);
    for (int rows = 2; rows <= p.shape.oh; rows++) {
        struct conv2d_u8_plan more = p;

        set_rows(&more, rows);
        if (more.band_bytes > BAND_BYTES)
            break;
        p = more;
    }
    return p;
}

struct conv2d_u8_line conv2d_u8_line(const struct conv2d_u8_plan *p, int run, int line)
{
    int c4 = line % p->c4, tap = line / p->c4;

    if (p->kept_rows > 1)
        return (struct conv2d_u8_line){c4, tap % p->kept_rows, tap / p->kept_rows};
    tap += run * (p->run_lines / p->c4);
    return (struct conv2d_u8_line){c4, tap / p->shape.kw, tap % p->shape.kw};
}

size_t conv2d_u8_run_offset(const struct conv2d_u8_plan *p, int r)
{
    struct conv2d_u8_line first = conv2d_u8_line(p, r, 0);

    if (p->kept_rows > 1)
        return 0;
    return (size_t)(first.ky * p->shape.dilation_h) * p->row +
           (size_t)(first.kx * p->shape.dilation_w) * p->column;
}

int8_t conv2d_u8_weight_at(const struct conv2d *v, const struct conv2d_u8_plan *p,
                           const int8_t *weight, int g, int oc, int c, int ky, int kx)
{
    int each = v->c / v->groups, at_oc = g * p->oc + oc, at_c = g * p->c + c;

    if (oc >= p->oc || c >= p->c || at_oc / (v->oc / v->groups) != at_c / each)
        return 0;
    return weight[((at_oc * each + at_c % each) * v->kh + ky) * v->kw + kx];
}

size_t conv2d_u8_head_bytes(const struct conv2d *v)
{
    return sizeof(struct conv2d_u8_head) + (size_t)round_up(v->oc, 16) * sizeof(int32_t);
}

void *conv2d_u8_pack_head(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed)
{
    struct conv2d_u8_head *head = packed;
    int32_t *bias = (int32_t *)packed + sizeof *head / sizeof *bias;
    int each = v->c / v->groups * v->kh * v->kw;

    *head = (struct conv2d_u8_head){.x_zero = w->x_zero, .bias_count = round_up(v->oc, 16)};
    for (int m = 0; m < head->bias_count; m++) {
        int64_t sum = 0;

        for (int k = 0; m < v->oc && k < each; k++)
            sum += w->weight[(size_t)m * (size_t)each + (size_t)k];
        // Wraps as the sum of products does; the whole is exact.
        bias[m] = m < v->oc ? (int32_t)((uint32_t)w->bias[m] - (uint32_t)(sum * w->x_zero)) : 0;
    }
    return bias + head->bias_count;
}

size_t conv2d_u8_band_scratch(const struct conv2d_u8_plan *p)
{
    size_t offsets = (size_t)p->runs * sizeof(size_t);
    size_t scales = (size_t)round_up(p->shape.oc, 16) * sizeof(float);

    return p->band_bytes + U8_SPARE_LINES * LINE + scales + (offsets + 63) / 64 * 64;
}

size_t conv2d_u8_scratch_bytes(const struct conv2d *v)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);

    return conv2d_u8_band_scratch(&p);
}

// ---- the direct algorithm: weights [group][block of 8 or 4 oc][run][line][oc][4]

static int accepts(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    (void)kernels;
    (void)v;
    (void)w;
    return 1;
}

static double cost(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);

    (void)kernels;
    (void)w;
    return (double)v->kh * v->kw * p.c4 * 4 * round_up(p.oc, 4) * p.groups * v->oh * v->ow;
}

static size_t packed_bytes(const struct conv2d *v, const struct conv2d_u8_weights *w)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);

    (void)w;
    return conv2d_u8_head_bytes(v) +
           (size_t)p.groups * (size_t)round_up(p.oc, 4) * (size_t)(p.runs * p.run_lines) * 4;
}

static int8_t *pack_block(const struct conv2d *v, const struct conv2d_u8_plan *p,
                          const int8_t *weight, int g, int first, int channels, int8_t *to)
{
    for (int k = 0; k < p->runs * p->run_lines; k++) {
        struct conv2d_u8_line at = conv2d_u8_line(p, k / p->run_lines, k % p->run_lines);

        for (int i = 0; i < channels * 4; i++)
            *to++ = conv2d_u8_weight_at(v, p, weight, g, first + i / 4, at.c4 * 4 + i % 4, at.ky,
                                        at.kx);
    }
    return to;
}

static void pack(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    int8_t *to = conv2d_u8_pack_head(v, w, packed);

    for (int g = 0; g < p.groups; g++)
        for (int m = 0; m < p.oc; m += 8)
            to = pack_block(v, &p, w->weight, g, m, p.oc - m > 4 ? 8 : 4, to);
}

CONV2D_U8_ROW(direct, conv2d_u8, conv2d_u8_scratch_bytes, 0);
