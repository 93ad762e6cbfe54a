// Depthwise 3x3 integer convolution: the three rows of taps of a column are interleaved, so that
// one product of four bytes takes all of them; a column is interleaved once for all its outputs.
// x, y: N16C4
#include "kernels/u8_internal.h"

#if defined(__AVX512VNNI__)

// One output row of four channels. Vectors hold four samples of the line times four channels; four
// of them are a pixel.
struct depthwise_row {
    const uint8_t *x[3];
    size_t step[3]; // LINE; 0 for a row of borders
    const uint8_t *border;
    int w, pad, ow;
    vi weight[3];
    vi bias;
    int32_t *sum; // [ow][4][16]
};

// Bytes of three rows of padded column i, and of the first again (its weight is 0).
ALWAYS_INLINE void column(const struct depthwise_row *t, int i, vi z[4])
{
    mm_int v[3], low, high, low2, high2;

    i -= t->pad;
    UNROLL
    for (int r = 0; r < 3; r++)
        v[r] = (mm_int)vi_load((unsigned)i < (unsigned)t->w ? t->x[r] + (size_t)i * t->step[r]
                                                            : t->border);
    low = _mm512_unpacklo_epi8(v[0], v[1]);
    high = _mm512_unpackhi_epi8(v[0], v[1]);
    low2 = _mm512_unpacklo_epi8(v[2], v[2]);
    high2 = _mm512_unpackhi_epi8(v[2], v[2]);
    z[0] = (vi)_mm512_unpacklo_epi16(low, low2);
    z[1] = (vi)_mm512_unpackhi_epi16(low, low2);
    z[2] = (vi)_mm512_unpacklo_epi16(high, high2);
    z[3] = (vi)_mm512_unpackhi_epi16(high, high2);
}

ALWAYS_INLINE void add_taps(vi sum[4], const vi z[4], vi weight)
{
    UNROLL
    for (int i = 0; i < 4; i++)
        sum[i] = dot4(sum[i], z[i], weight);
}

ALWAYS_INLINE void store(const struct depthwise_row *t, int ox, const vi sum[4])
{
    UNROLL
    for (int i = 0; i < 4; i++)
        vi_store(t->sum + (4 * ox + i) * VF, sum[i]);
}

static void finish_f32(const struct depthwise_row *t, const struct u8_row *row, int oc)
{
    size_t plane = row->plane * N16_LANES;
    int count = row->plan->shape.oc - oc < 4 ? row->plan->shape.oc - oc : 4;

    for (int i = 0; i < t->ow * N16_LANES; i++)
        for (int k = 0; k < count; k++) { // sample 4 j + l is element j of vector l
            int at = i / N16_LANES * 64 + i % 4 * VF + i % N16_LANES / 4 * 4 + k;

            row->e->y_f32[(size_t)(oc + k) * plane + row->at * N16_LANES + (size_t)i] =
                (float)t->sum[at] * row->scale[oc + k];
        }
}

ALWAYS_INLINE void finish_u8(const struct depthwise_row *t, const struct u8_row *row, int oc,
                             const int has_add, const int is_small)
{
    const struct grid_u8 grid = row->e->y;
    const struct range_u8 r = range_u8(&grid);
    const struct sum_fast fast = has_add ? sum_fast(row->e->sum, 0) : (struct sum_fast){0};
    const vf scale = (vf)_mm512_broadcast_f32x4(_mm_load_ps(row->scale + oc));
    size_t at = ((size_t)(oc / 4) * row->plane + row->at) * LINE;
    const uint8_t *add = has_add ? row->e->add + at : NULL;
    const int32_t *sum = t->sum;
    uint8_t *y = row->y + at;

    for (size_t x = 0; x < (size_t)t->ow * LINE; x += LINE, sum += 4 * VF) {
        vi q[4], u;

        UNROLL
        for (int i = 0; i < 4; i++) {
            vf real = vf_from(vi_load(sum + i * VF)) * scale;

            q[i] = is_small ? vi_rint(real) : to_grid(real, r);
        }
        u = pack4(q, &grid);
        if (has_add) {
            UNROLL
            for (int i = 0; i < 4; i++)
                q[i] = channel_of(u, i);
            u = sum4(&fast, 0, q, vi_load(add + x));
        }
        vi_store(y + x, u);
    }
}

static void finish(const struct depthwise_row *t, const struct u8_row *row, int oc)
{
    if (row->e->y_f32)
        finish_f32(t, row, oc);
    else if (row->e->add)
        finish_u8(t, row, oc, 1, 0);
    else if (row->is_small)
        finish_u8(t, row, oc, 0, 1);
    else
        finish_u8(t, row, oc, 0, 0);
}

// A column ends output `last`, is in the middle of the next and begins the one after.
ALWAYS_INLINE void step_1(const struct depthwise_row *t, int i, vi last[4], vi middle[4],
                          vi first[4])
{
    vi z[4];

    column(t, i, z);
    UNROLL
    for (int k = 0; k < 4; k++)
        first[k] = t->bias;
    add_taps(first, z, t->weight[0]);
    add_taps(middle, z, t->weight[1]);
    add_taps(last, z, t->weight[2]);
    if (i >= 2 && i - 2 < t->ow)
        store(t, i - 2, last);
}

static void run_stride_1(const struct depthwise_row *row)
{
    const struct depthwise_row copy = *row, *t = &copy; // no store can alias a local
    vi a[4] = {t->bias, t->bias, t->bias, t->bias}, b[4] = {a[0], a[0], a[0], a[0]}, c[4];

    for (int i = 0; i < t->ow + 2; i += 3) {
        step_1(t, i, a, b, c);
        step_1(t, i + 1, b, c, a);
        step_1(t, i + 2, c, a, b);
    }
}

// The last column of an output is the first of the next.
static void run_stride_2(const struct depthwise_row *row)
{
    const struct depthwise_row copy = *row, *t = &copy;
    vi next[4] = {t->bias, t->bias, t->bias, t->bias}, sum[4], z[4];

    column(t, 0, z);
    add_taps(next, z, t->weight[0]);
    for (int o = 0; o < t->ow; o++) {
        column(t, 2 * o + 1, z);
        UNROLL
        for (int k = 0; k < 4; k++) {
            sum[k] = next[k];
            next[k] = t->bias;
        }
        add_taps(sum, z, t->weight[1]);
        column(t, 2 * o + 2, z);
        add_taps(sum, z, t->weight[2]);
        add_taps(next, z, t->weight[0]);
        store(t, o, sum);
    }
}

void N16(conv2d_u8_depthwise)(const struct conv2d *v, const uint8_t *x, const void *packed,
                              const struct epilogue_u8 *e, uint8_t *y, void *scratch)
{
    struct conv2d_u8_plan p = {.shape = *v};
    struct u8_row row = {.plan = &p, .e = e, .y = y, .plane = (size_t)v->oh * (size_t)v->ow};
    struct depthwise_row t = {.border = scratch, .w = v->w, .pad = v->pad_left, .ow = v->ow};
    const int8_t *weight = conv2d_u8_packed(packed);
    float *scale = (float *)(void *)((uint8_t *)scratch + LINE);

    t.sum = (int32_t *)(void *)(scale + round_up(v->oc, 16));
    memset(scratch, ((const struct conv2d_u8_head *)packed)->x_zero, LINE);
    conv2d_u8_scales(&row, v->oc, scale);
    for (int oc = 0; oc < v->oc; oc += 4, x += (size_t)v->h * (size_t)v->w * LINE) {
        t.bias =
            (vi)_mm512_broadcast_i32x4(_mm_load_si128((const void *)(conv2d_u8_bias(packed) + oc)));
        for (int k = 0; k < 3; k++, weight += 16)
            t.weight[k] = (vi)_mm512_broadcast_i32x4(_mm_load_si128((const void *)weight));
        for (int oy = 0; oy < v->oh; oy++) {
            for (int r = 0; r < 3; r++) {
                int iy = oy * v->stride_h - v->pad_top + r, is_inside = iy >= 0 && iy < v->h;

                t.x[r] = is_inside ? x + (size_t)iy * (size_t)v->w * LINE : t.border;
                t.step[r] = is_inside ? LINE : 0;
            }
            row.at = (size_t)oy * (size_t)v->ow;
            if (v->stride_w == 1)
                run_stride_1(&t);
            else
                run_stride_2(&t);
            finish(&t, &row, oc);
        }
    }
}

#else

// Never asked for: conv2d_u8_depthwise accepts nothing where tables of this instruction set run.
void N16(conv2d_u8_depthwise)(const struct conv2d *v, const uint8_t *x, const void *packed,
                              const struct epilogue_u8 *e, uint8_t *y, void *scratch)
{
    (void)v, (void)x, (void)packed, (void)e, (void)y, (void)scratch;
}

#endif
