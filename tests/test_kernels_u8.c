// The integer kernels against their plain twins, to the bit, on every instruction set this machine
// has, and every convolution algorithm on every shape that it accepts.
#include "kernels/kernels.h"
#include "kernels/naive.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *kernels_u8_suite(void);

static uint32_t noise_state;

static uint32_t noise(void)
{
    noise_state = noise_state * 1664525U + 1013904223U;
    return noise_state >> 8;
}

// The test's, freed with free; filled with noise.
static void *bytes_of(size_t bytes)
{
    uint8_t *p = aligned_alloc(64, (bytes + 127) / 64 * 64);

    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(noise() >> 4);
    return p;
}

static float *floats_of(size_t n, float size)
{
    float *a = bytes_of(n * sizeof(float));

    for (size_t i = 0; i < n; i++)
        a[i] = ((float)(noise() % 65536) / 32768.0F - 1) * size;
    return a;
}

// Test numbers run over instruction sets first; NULL where the machine lacks this one.
enum { ISAS = ISA_COUNT - 1 };

static const struct kernels *kernels_of(int test)
{
    noise_state = (uint32_t)test + 1;
    return kernels_select((enum isa)(test % ISAS + 1));
}

// Channels beyond c do not count.
static void assert_same(const uint8_t *a, const uint8_t *b, int c, size_t pixels)
{
    for (int m = 0; m < c; m++)
        for (size_t p = 0; p < pixels; p++)
            for (int lane = 0; lane < N16_LANES; lane++) {
                size_t at = n16c4_at(m, pixels, p, lane);

                if (a[at] != b[at])
                    ck_abort_msg("channel %d pixel %zu lane %d is %d, should be %d", m, p, lane,
                                 a[at], b[at]);
            }
}

// c h w  oc kh kw  stride  pad  dilation  groups  oh ow
static const struct conv2d convs[] = {
    {1, 28, 28, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 28, 28},
    {3, 9, 11, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 9, 11},
    {5, 7, 7, 17, 3, 3, 1, 1, 1, 1, 1, 1, 1, 7, 7},
    {17, 7, 7, 9, 1, 1, 1, 1, 0, 0, 1, 1, 1, 7, 7},
    {16, 8, 8, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1, 4, 4},
    {6, 9, 7, 10, 3, 3, 2, 2, 0, 1, 1, 1, 1, 5, 4},
    {4, 10, 10, 7, 3, 3, 1, 1, 2, 2, 2, 2, 1, 10, 10},
    {4, 10, 9, 7, 3, 2, 2, 3, 1, 0, 2, 1, 1, 4, 3},
    {40, 10, 10, 7, 3, 3, 1, 1, 2, 2, 2, 2, 1, 10, 10},
    {8, 6, 6, 12, 3, 3, 1, 1, 1, 1, 1, 1, 2, 6, 6},
    {16, 6, 6, 24, 3, 3, 1, 1, 1, 1, 1, 1, 2, 6, 6},
    {9, 5, 8, 6, 2, 4, 1, 2, 1, 2, 1, 1, 3, 6, 5},
    {3, 23, 23, 16, 7, 7, 2, 2, 3, 3, 1, 1, 1, 12, 12},
    {40, 7, 7, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 7, 7},
    {70, 8, 8, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 8, 8},
    {300, 8, 8, 9, 1, 1, 1, 1, 0, 0, 1, 1, 1, 8, 8},
    {64, 9, 9, 40, 1, 1, 1, 1, 0, 0, 1, 1, 1, 9, 9},
    {700, 5, 9, 20, 1, 1, 1, 1, 0, 0, 1, 1, 1, 5, 9},
    {33, 40, 40, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 40, 40},
    {12, 8, 8, 6, 1, 1, 2, 2, 0, 0, 1, 1, 1, 4, 4},
    {64, 9, 9, 68, 1, 1, 2, 2, 0, 0, 1, 1, 1, 5, 5},
    {12, 14, 14, 12, 3, 3, 1, 1, 1, 1, 1, 1, 12, 14, 14},
    {5, 7, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 5, 7, 9},
    {6, 5, 1, 12, 3, 3, 1, 1, 1, 1, 1, 1, 6, 5, 1},
    {8, 14, 13, 8, 3, 3, 2, 2, 1, 1, 1, 1, 8, 7, 7},
    {8, 14, 14, 8, 3, 3, 2, 2, 0, 0, 1, 1, 8, 7, 7},
    {10, 13, 15, 10, 5, 5, 1, 1, 2, 2, 1, 1, 10, 13, 15},
    {5, 9, 21, 15, 5, 3, 1, 1, 2, 0, 1, 2, 5, 9, 17},
    {7, 1, 1, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1},
    {256, 1, 1, 10, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1},
    {4, 2, 2, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 2, 2},
    {2, 3, 30, 3, 1, 9, 1, 4, 0, 4, 1, 1, 1, 3, 8},
    {4, 3, 3, 4, 5, 5, 1, 1, 4, 4, 1, 1, 1, 7, 7},
};
enum { CONVS = sizeof convs / sizeof *convs };

struct conv_case {
    const struct conv2d *v;
    struct conv2d_u8_weights w;
    uint8_t *x, *add, *y, *expected;
    float *scale, *y_f32, *expected_f32;
    size_t pixels, y_bytes;
};

static struct conv_case conv_case_of(const struct conv2d *v)
{
    struct conv_case t = {.v = v, .pixels = (size_t)(v->oh * v->ow)};
    size_t weights = conv2d_weight_count(v), each = weights / (size_t)v->oc;
    int32_t *bias = bytes_of((size_t)v->oc * sizeof *bias);

    t.y_bytes = n16c4_bytes(v->oc, t.pixels);
    t.x = bytes_of(n16c4_bytes(v->c, (size_t)(v->h * v->w)));
    t.add = bytes_of(t.y_bytes);
    t.y = bytes_of(t.y_bytes);
    t.expected = bytes_of(t.y_bytes);
    t.y_f32 = floats_of(t.pixels * (size_t)v->oc * N16_LANES, 1);
    t.expected_f32 = floats_of(t.pixels * (size_t)v->oc * N16_LANES, 1);
    t.scale = floats_of((size_t)v->oc, 1);
    for (int m = 0; m < v->oc; m++) {
        t.scale[m] = (fabsf(t.scale[m]) + 0.5F) * 0.01F / sqrtf((float)each);
        bias[m] = (int32_t)(noise() % 65536) - 32768;
    }
    t.w = (struct conv2d_u8_weights){bytes_of(weights), bias, 128 - (int)(noise() % 3)};
    return t;
}

static void free_case(struct conv_case *t)
{
    free((void *)(uintptr_t)t->w.weight), free((void *)(uintptr_t)t->w.bias);
    free(t->x), free(t->add), free(t->y), free(t->expected);
    free(t->scale), free(t->y_f32), free(t->expected_f32);
}

static void assert_agrees(const struct kernels *k, const struct conv2d_u8_algorithm *by,
                          struct conv_case *t)
{
    const struct conv2d *v = t->v;
    struct sum_u8 sum = {0.75F, 0.4375F, 100, 117, {0, 90, 3, 250}}; // many ties
    struct epilogue_u8 e = {.scale = t->scale, .y = {0, 100, 100, 255}};
    void *packed = bytes_of(by->packed_bytes(v, &t->w)), *scratch = bytes_of(by->scratch_bytes(v));

    by->pack(v, &t->w, packed);
    conv2d_u8_naive(v, &t->w, t->x, &e, t->expected);
    by->run(k, v, t->x, packed, &e, t->y, scratch);
    assert_same(t->y, t->expected, v->oc, t->pixels);
    e.add = t->add;
    e.sum = &sum;
    conv2d_u8_naive(v, &t->w, t->x, &e, t->expected);
    by->run(k, v, t->x, packed, &e, t->y, scratch);
    assert_same(t->y, t->expected, v->oc, t->pixels);
    memcpy(t->y, t->add, t->y_bytes); // the sum in place
    e.add = t->y;
    by->run(k, v, t->x, packed, &e, t->y, scratch);
    assert_same(t->y, t->expected, v->oc, t->pixels);
    e = (struct epilogue_u8){.scale = t->scale, .y_f32 = t->expected_f32};
    conv2d_u8_naive(v, &t->w, t->x, &e, NULL);
    e.y_f32 = t->y_f32;
    by->run(k, v, t->x, packed, &e, NULL, scratch);
    ck_assert_mem_eq(t->y_f32, t->expected_f32,
                     t->pixels * (size_t)v->oc * N16_LANES * sizeof(float));
    free(packed), free(scratch);
}

// With full weights, and with most blocks of 4 by 4 channels empty.
START_TEST(conv2d_u8_algorithms_agree_with_the_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct conv2d *v = &convs[_i / ISAS];

    for (int is_sparse = 0; k && is_sparse < 2; is_sparse++) {
        struct conv_case t = conv_case_of(v);
        int each = (int)conv2d_weight_count(v) / v->oc, taps = v->kh * v->kw;
        int8_t *weight = (int8_t *)(uintptr_t)t.w.weight;

        for (int i = 0; is_sparse && i < each * v->oc; i++)
            if ((i / each / 4 * 7 + i % each / taps / 4 * 3 + i % taps) % 5)
                weight[i] = 0;
        for (const struct conv2d_u8_algorithm *const *by = conv2d_u8_algorithms; *by; by++)
            if ((*by)->accepts(k, v, &t.w))
                assert_agrees(k, *by, &t);
        ck_assert(conv2d_u8_choose(k, v, &t.w)->accepts(k, v, &t.w));
        free_case(&t);
    }
}
END_TEST

// The largest sums: nothing may saturate on the way.
START_TEST(conv2d_u8_never_saturates)
{
    static const struct conv2d v = {64, 3, 3, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 3, 3};
    const struct kernels *k = kernels_of(_i);

    if (k) {
        struct conv_case t = conv_case_of(&v);

        memset(t.x, 255, n16c4_bytes(v.c, 9));
        memset((void *)(uintptr_t)t.w.weight, -128, conv2d_weight_count(&v));
        for (const struct conv2d_u8_algorithm *const *by = conv2d_u8_algorithms; *by; by++)
            if ((*by)->accepts(k, &v, &t.w))
                assert_agrees(k, *by, &t);
        free_case(&t);
    }
}
END_TEST

START_TEST(quantisation_agrees_with_its_twin_and_is_undone)
{
    static const struct grid_u8 grids[] = {{0.02F, 128, 0, 255}, {0.25F, 0, 0, 24}, {1, 3, 1, 200}};
    const struct kernels *k = kernels_of(_i);
    const struct grid_u8 *v = &grids[_i / ISAS];
    enum { C = 6, PIXELS = 13, COUNT = C * PIXELS * N16_LANES };

    if (k) {
        float *x = floats_of(COUNT, 300 * v->scale), *back = floats_of(COUNT, 1);
        uint8_t *y = bytes_of(n16c4_bytes(C, PIXELS));

        x[1] = NAN, x[2] = INFINITY, x[3] = -INFINITY, x[4] = 1e30F;
        for (int i = 5; i < 200; i++) // ties
            x[i] = ((float)i - 100.5F) * v->scale;
        k->quantize_u8(v, C, PIXELS, x, y);
        k->dequantize_u8(v, C, PIXELS, y, back);
        for (int i = 0; i < COUNT; i++) {
            int u = y[n16c4_at(i / N16_LANES / PIXELS, PIXELS, (size_t)(i / N16_LANES % PIXELS),
                               i % N16_LANES)];
            float real = (float)(u - v->zero) * v->scale;

            ck_assert_int_eq(u, quantize_u8_naive(v, x[i]));
            ck_assert_mem_eq(&back[i], &real, sizeof real);
        }
        free(x), free(y), free(back);
    }
}
END_TEST

START_TEST(plain_samples_are_quantised_as_lanes_are)
{
    static const struct grid_u8 grids[] = {
        {0.02F, 128, 0, 255}, {0.3F, 0, 0, 24}, {1e-38F, 3, 1, 200}};
    static const size_t sizes[] = {1, 16, 39};
    const struct kernels *k = kernels_of(_i);
    const struct grid_u8 *v = &grids[_i / ISAS];
    enum { C = 6, MOST = 39 };

    for (int s = 0; s < 3 && k; s++) {
        size_t pixels = sizes[s];
        float *x = floats_of((size_t)C * MOST * N16_LANES, 300 * v->scale);
        const float *row[N16_LANES];
        uint8_t *y = bytes_of(n16c4_bytes(C, MOST));

        for (int i = 6; i < 90; i++) // ties
            x[i] = ((float)i - 50.5F) * v->scale;
        x[1] = NAN, x[2] = INFINITY, x[3] = -INFINITY, x[4] = 1e30F, x[5] = 0;
        for (size_t l = 0; l < N16_LANES; l++)
            row[l] = l == 5 ? NULL : x + l * C * pixels;
        k->pack_u8(v, row, C, pixels, y);
        for (size_t i = 0; i < C * pixels * N16_LANES; i++) {
            size_t lane = i % N16_LANES, p = i / N16_LANES % pixels, c = i / N16_LANES / pixels;
            float want = row[lane] ? row[lane][c * pixels + p] : 0;

            ck_assert_int_eq(y[n16c4_at((int)c, pixels, p, (int)lane)], quantize_u8_naive(v, want));
        }
        free(x), free(y);
    }
}
END_TEST

// All pairs of bytes.
START_TEST(sums_agree_with_their_twin)
{
    static const struct sum_u8 sums[] = {{0.5F, 0.25F, 128, 100, {0, 7, 0, 255}},
                                         {0.31830987F, 0.70710678F, 0, 128, {0, 128, 128, 250}},
                                         {1.5F, 0.1F, 30, 60, {0, 0, 0, 255}},
                                         {70000, 0.5F, 128, 128, {0, 128, 0, 255}},
                                         {0.5F, 1e-9F, 128, 128, {0, 128, 0, 255}}};
    const struct kernels *k = kernels_of(_i);
    const struct sum_u8 *v = &sums[_i / ISAS];

    if (k) {
        uint8_t *a = bytes_of(65536), *b = bytes_of(65536), *y = bytes_of(65536);

        for (int i = 0; i < 65536; i++) {
            a[i] = (uint8_t)i;
            b[i] = (uint8_t)(i >> 8);
        }
        k->sum_u8(v, 65536, a, b, y);
        for (int i = 0; i < 65536; i++)
            ck_assert_int_eq(y[i], sum_u8_naive(v, a[i], b[i]));
        k->sum_u8(v, 65536, a, b, a);
        ck_assert_mem_eq(a, y, 65536);
        free(a), free(b), free(y);
    }
}
END_TEST

// c h w  k  stride  pads  dilation  count  oh ow
static const struct pool2d pools[] = {
    {5, 8, 8, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 0, 4, 4},
    {4, 13, 11, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0, 7, 6},
    {9, 7, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 0, 7, 7},
    {3, 9, 9, 2, 3, 2, 1, 0, 1, 0, 1, 2, 2, 0, 4, 7},
};
enum { POOLS = sizeof pools / sizeof *pools };

START_TEST(maxpool_u8_agrees_with_its_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct pool2d *v = &pools[_i / ISAS];
    size_t pixels = (size_t)(v->oh * v->ow);

    if (k) {
        uint8_t *x = bytes_of(n16c4_bytes(v->c, (size_t)(v->h * v->w)));
        uint8_t *y = bytes_of(n16c4_bytes(v->c, pixels));
        uint8_t *expected = bytes_of(n16c4_bytes(v->c, pixels));

        k->maxpool_u8(v, x, y);
        maxpool_u8_naive(v, x, expected);
        assert_same(y, expected, v->c, pixels);
        free(x), free(y), free(expected);
    }
}
END_TEST

START_TEST(mean_u8_agrees_with_its_twin)
{
    static const struct grid_u8 grid = {0.02F, 5, 0, 250};
    const struct kernels *k = kernels_of(_i);

    if (k) {
        uint8_t *x = bytes_of(n16c4_bytes(7, 49)), *y = bytes_of(n16c4_bytes(7, 1));
        uint8_t *expected = bytes_of(n16c4_bytes(7, 1));

        k->mean_u8(&grid, 7, 49, 17, x, y);
        mean_u8_naive(&grid, 7, 49, 17, x, expected);
        assert_same(y, expected, 7, 1);
        free(x), free(y), free(expected);
    }
}
END_TEST

START_TEST(channels_move_where_they_should)
{
    const struct kernels *k = kernels_of(_i);
    enum { C = 7, PIXELS = 5, WIDE = 13 };

    if (k) {
        uint8_t *x = bytes_of(n16c4_bytes(C, PIXELS));
        uint8_t *wide = bytes_of(n16c4_bytes(WIDE, PIXELS));

        for (int from = 0; from < 3; from++)
            for (int to = 0; to < 6; to++) {
                uint8_t *before = bytes_of(n16c4_bytes(WIDE, PIXELS));

                memcpy(before, wide, n16c4_bytes(WIDE, PIXELS));
                k->copy_channels_u8(C - from, PIXELS, from, x, to, wide);
                for (int i = 0; i < WIDE * PIXELS * N16_LANES; i++) {
                    int c = i / N16_LANES / PIXELS, is_copied = c >= to && c < to + C - from;
                    size_t p = (size_t)(i / N16_LANES % PIXELS);
                    size_t at = n16c4_at(c, PIXELS, p, i % N16_LANES);

                    ck_assert_int_eq(
                        wide[at], is_copied ? x[n16c4_at(c - to + from, PIXELS, p, i % N16_LANES)]
                                            : before[at]);
                }
                free(before);
            }
        free(x), free(wide);
    }
}
END_TEST

Suite *kernels_u8_suite(void)
{
    Suite *s = suite_create("kernels_u8");
    TCase *c = tcase_create("u8");

    tcase_set_timeout(c, 120); // sanitised builds on a busy machine
    suite_add_tcase(s, c);
    tcase_add_loop_test(c, conv2d_u8_algorithms_agree_with_the_twin, 0, CONVS * ISAS);
    tcase_add_loop_test(c, conv2d_u8_never_saturates, 0, ISAS);
    tcase_add_loop_test(c, quantisation_agrees_with_its_twin_and_is_undone, 0, 3 * ISAS);
    tcase_add_loop_test(c, plain_samples_are_quantised_as_lanes_are, 0, 3 * ISAS);
    tcase_add_loop_test(c, sums_agree_with_their_twin, 0, 5 * ISAS);
    tcase_add_loop_test(c, maxpool_u8_agrees_with_its_twin, 0, POOLS * ISAS);
    tcase_add_loop_test(c, mean_u8_agrees_with_its_twin, 0, ISAS);
    tcase_add_loop_test(c, channels_move_where_they_should, 0, ISAS);
    return s;
}
