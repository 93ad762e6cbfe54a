// Every kernel against its plain twin, on every instruction set this machine has.
// Tolerances: a float sum of n products of numbers around 1 in any order is off by at most about
// n * 6e-8 of the sum of their magnitudes, in practice by sqrt(n) * 6e-8. `near` therefore takes
// the number of terms and allows 1e-6 * sqrt(n), sixteen times the usual error. Kernels that only
// move, compare or round must agree exactly.
#include "kernels/kernels.h"
#include "kernels/naive.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *kernels_suite(void);

static uint32_t noise_state;

// Uniform in -1..1.
static float noise(void)
{
    noise_state = noise_state * 1664525U + 1013904223U;
    return (float)(noise_state >> 8) / 8388608.0F - 1;
}

// The array is the test's; freed with free. Filled with noise, multiplied by `size`.
static float *array_of(size_t n, float size)
{
    float *a = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);

    ck_assert_ptr_nonnull(a);
    for (size_t i = 0; i < n; i++)
        a[i] = noise() * size;
    return a;
}

static void *scratch_of(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);

    ck_assert_ptr_nonnull(p);
    memset(p, 0xff, bytes); // NaN: nothing may read what it has not written
    return p;
}

static float *copy_of(const float *a, size_t n)
{
    float *b = array_of(n, 0);

    memcpy(b, a, n * sizeof(float));
    return b;
}

// Rounding of a sum of so many products of numbers up to 1: partial sums may be larger than the
// sum.
static void assert_near(const float *a, const float *b, size_t n, double terms)
{
    double allowed = 1.5e-6 * sqrt(terms);

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= allowed * fmax(1, fabs((double)b[i]))))
            ck_abort_msg("[%zu] is %.9g, should be %.9g", i, (double)a[i], (double)b[i]);
}

static void assert_same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(a[i] >= b[i] && a[i] <= b[i]))
            ck_abort_msg("[%zu] is %.9g, should be %.9g", i, (double)a[i], (double)b[i]);
}

// Test numbers run over instruction sets first; NULL where the machine lacks this one.
enum { ISAS = ISA_COUNT - 1 };

static const struct kernels *kernels_of(int test)
{
    noise_state = (uint32_t)test + 1;
    return kernels_select((enum isa)(test % ISAS + 1));
}

// c h w  oc kh kw  stride  pad  dilation  groups  oh ow; pads at the end follow from oh, ow.
static const struct conv2d convs[] = {
    {1, 28, 28, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 28, 28},
    {3, 9, 11, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 9, 11},
    {5, 7, 7, 17, 3, 3, 1, 1, 1, 1, 1, 1, 1, 7, 7},
    {17, 7, 7, 9, 1, 1, 1, 1, 0, 0, 1, 1, 1, 7, 7},
    {16, 8, 8, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1, 4, 4},
    {6, 9, 7, 10, 3, 3, 2, 2, 0, 0, 1, 1, 1, 4, 3},
    {6, 9, 7, 10, 3, 3, 2, 2, 0, 1, 1, 1, 1, 5, 4},
    {4, 10, 10, 7, 3, 3, 1, 1, 2, 2, 2, 2, 1, 10, 10},
    {4, 10, 9, 7, 3, 2, 2, 3, 1, 0, 2, 1, 1, 4, 3},
    {8, 6, 6, 12, 3, 3, 1, 1, 1, 1, 1, 1, 2, 6, 6},
    {9, 5, 8, 6, 2, 4, 1, 2, 1, 2, 1, 1, 3, 6, 5},
    {3, 13, 13, 8, 7, 7, 2, 2, 3, 3, 1, 1, 1, 7, 7},
    {40, 7, 7, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 7, 7},
    {70, 8, 8, 11, 3, 3, 1, 1, 1, 1, 1, 1, 1, 8, 8},
    {300, 8, 8, 9, 1, 1, 1, 1, 0, 0, 1, 1, 1, 8, 8},
    {33, 40, 40, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 40, 40},
    {12, 8, 8, 6, 1, 1, 2, 2, 0, 0, 1, 1, 1, 4, 4},
    {12, 14, 14, 12, 3, 3, 1, 1, 1, 1, 1, 1, 12, 14, 14},
    {5, 7, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 5, 7, 9},
    {6, 5, 1, 12, 3, 3, 1, 1, 1, 1, 1, 1, 6, 5, 1},
    {5, 14, 13, 5, 3, 3, 2, 2, 1, 1, 1, 1, 5, 7, 7},
    {5, 9, 21, 15, 5, 3, 1, 1, 2, 0, 1, 2, 5, 9, 17},
    {2, 6, 6, 20, 3, 3, 2, 2, 0, 0, 1, 1, 2, 3, 3},
    {7, 1, 1, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1},
    {4, 2, 2, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 2, 2},
    {2, 3, 30, 3, 1, 9, 1, 4, 0, 4, 1, 1, 1, 3, 8},
    {4, 3, 3, 4, 5, 5, 1, 1, 4, 4, 1, 1, 1, 7, 7},
    {12, 11, 6, 9, 3, 3, 1, 1, 0, 2, 1, 1, 1, 9, 6},
    {6, 5, 5, 8, 3, 3, 1, 1, 3, 1, 1, 1, 1, 9, 5},
    {130, 5, 6, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1, 5, 6},
    {512, 3, 3, 8, 3, 3, 1, 1, 1, 1, 1, 1, 1, 3, 3},
    {4, 7, 7, 130, 3, 3, 1, 1, 1, 1, 1, 1, 1, 7, 7},
    {24, 6, 7, 20, 3, 3, 1, 1, 1, 1, 1, 1, 2, 6, 7},
    {600, 5, 5, 37, 1, 1, 1, 1, 0, 0, 1, 1, 1, 5, 5},
    {36, 23, 23, 33, 1, 1, 1, 1, 0, 0, 1, 1, 1, 23, 23},
    {48, 15, 13, 35, 1, 1, 2, 3, 0, 0, 1, 1, 1, 8, 5},
    {8, 6, 6, 12, 1, 1, 2, 2, 0, 0, 1, 1, 2, 3, 3},
    {6, 5, 5, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7, 7},
};
enum { CONVS = sizeof convs / sizeof *convs };

static size_t size_x(const struct conv2d *v)
{
    return (size_t)(v->c * v->h * v->w) * N16_LANES;
}

static size_t size_y(const struct conv2d *v)
{
    return (size_t)(v->oc * v->oh * v->ow) * N16_LANES;
}

static double taps_of(const struct conv2d *v)
{
    return (double)conv2d_weight_count(v) / v->oc;
}

START_TEST(conv2d_forward_agrees_with_its_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct conv2d *v = &convs[_i / ISAS];
    size_t nw = conv2d_weight_count(v), ny = size_y(v);

    if (k) {
        float *x = array_of(size_x(v), 1), *w = array_of(nw, 1), *bias = array_of((size_t)v->oc, 1);
        float *add = array_of(ny, 1), *packed = array_of(nw, 0), *y = array_of(ny, 1);
        float *expected = array_of(ny, 0);
        void *scratch = scratch_of(conv2d_f32_scratch_bytes(v));
        struct epilogue e = {bias, add, -0.5F, 2};

        conv2d_f32_pack(v, w, packed);
        conv2d_f32_naive(v, x, w, NULL, expected);
        k->conv2d_f32(v, x, packed, NULL, y, scratch);
        assert_near(y, expected, ny, taps_of(v));
        conv2d_f32_naive(v, x, w, &e, expected);
        k->conv2d_f32(v, x, packed, &e, y, scratch);
        assert_near(y, expected, ny, taps_of(v));
        free(x), free(w), free(bias), free(add), free(packed), free(y), free(expected);
        free(scratch);
    }
}
END_TEST

START_TEST(conv2d_gradients_agree_with_their_twins)
{
    const struct kernels *k = kernels_of(_i);
    const struct conv2d *v = &convs[_i / ISAS];
    size_t nw = conv2d_weight_count(v), nx = size_x(v);

    if (k) {
        float *x = array_of(nx, 1), *w = array_of(nw, 1), *dy = array_of(size_y(v), 1);
        float *packed = array_of(nw, 0), *dx = array_of(nx, 1), *expected = array_of(nx, 0);
        float *dw = array_of(nw, 1), *dw_expected = copy_of(dw, nw);
        void *scratch = scratch_of(conv2d_f32_scratch_bytes(v));
        double terms = (double)v->oc / v->groups * v->kh * v->kw;

        conv2d_f32_pack_backward(v, w, packed);
        conv2d_f32_backward_data_naive(v, dy, w, expected);
        k->conv2d_f32_backward_data(v, dy, packed, 0, dx, scratch);
        assert_near(dx, expected, nx, terms);
        conv2d_f32_backward_data_naive(v, dy, w, expected);
        k->conv2d_f32_backward_data(v, dy, packed, 1, dx, scratch);
        assert_near(dx, expected, nx, 4 * terms);
        conv2d_f32_backward_weights_naive(v, x, dy, dw_expected);
        k->conv2d_f32_backward_weights(v, x, dy, dw, scratch);
        assert_near(dw, dw_expected, nw, 16.0 * v->oh * v->ow);
        free(x), free(w), free(dy), free(packed), free(dx), free(expected), free(dw);
        free(dw_expected), free(scratch);
    }
}
END_TEST

// Every row of conv2d_algorithms.def on full weights, on weights with 60 % zeros, and on such where
// four output channels share them.
// `plain` is the twin's answer without an epilogue.
static void assert_algorithm_agrees(const struct kernels *k, const struct conv2d_algorithm *by,
                                    const struct conv2d *v, const float *w, const float *x,
                                    const float *plain)
{
    size_t ny = size_y(v), plane = ny / (size_t)v->oc;
    float *bias = array_of((size_t)v->oc, 1), *add = array_of(ny, 1), *y = array_of(ny, 1);
    float *expected = array_of(ny, 0);
    void *scratch = scratch_of(by->scratch_bytes(v)), *packed = scratch_of(by->packed_bytes(v, w));
    struct epilogue e = {bias, add, -0.5F, INFINITY};
    double terms = (by->is_approximate ? 10 : 1) * taps_of(v);

    by->pack(v, w, packed);
    for (size_t i = 0; i < ny; i++)
        expected[i] = fmaxf(plain[i] + bias[i / plane] + add[i], e.low);
    by->run(k, v, x, packed, &e, y, scratch);
    assert_near(y, expected, ny, terms);
    if (by->adds_in_place) {
        by->run(k, v, x, packed, &e, add, scratch);
        assert_near(add, expected, ny, terms);
    }
    by->run(k, v, x, packed, NULL, y, scratch);
    assert_near(y, plain, ny, terms);
    free(bias), free(add), free(y), free(expected), free(scratch), free(packed);
}

START_TEST(conv2d_algorithms_agree_with_the_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct conv2d *v = &convs[_i / ISAS];
    size_t nw = conv2d_weight_count(v);
    float *w = array_of(nw, 1), *x = array_of(size_x(v), 1), *plain = array_of(size_y(v), 0);

    for (int pattern = 0; k && pattern < 3; pattern++) {
        size_t row = nw / (size_t)v->oc;

        for (size_t i = 0; pattern == 1 && i < nw; i++)
            w[i] = w[i] < 0.6F ? 0 : w[i];
        for (size_t i = 0; pattern == 2 && i < nw; i++)
            w[i] = i / row % 4 ? w[i / row / 4 * 4 * row + i % row] / 2 : w[i];
        conv2d_f32_naive(v, x, w, NULL, plain);
        for (const struct conv2d_algorithm *const *by = conv2d_algorithms; *by; by++)
            if ((*by)->accepts(v, w))
                assert_algorithm_agrees(k, *by, v, w, x, plain);
    }
    free(w), free(x), free(plain);
}
END_TEST

// dx from rotated weights by one algorithm, added to what it holds where the algorithm can.
static void assert_gradient_agrees(const struct kernels *k, const struct conv2d_algorithm *by,
                                   const struct conv2d *v, const float *rotated, const float *dy,
                                   const float *expected)
{
    size_t nx = size_y(v);
    float *dx = array_of(nx, 1), *sum = copy_of(dx, nx);
    void *packed = scratch_of(by->packed_bytes(v, NULL)),
         *scratch = scratch_of(by->scratch_bytes(v));
    struct epilogue e = {NULL, by->adds_in_place ? dx : NULL, -INFINITY, INFINITY};

    for (size_t i = 0; i < nx; i++)
        sum[i] = (by->adds_in_place ? sum[i] : 0) + expected[i];
    by->pack(v, rotated, packed);
    by->run(k, v, dy, packed, &e, dx, scratch);
    assert_near(dx, sum, nx, (by->is_approximate ? 10 : 1) * (1 + taps_of(v)));
    free(dx), free(sum), free(packed), free(scratch);
}

START_TEST(conv2d_input_gradient_is_a_convolution)
{
    const struct kernels *k = kernels_of(_i);
    const struct conv2d *v = &convs[_i / ISAS];
    size_t nw = conv2d_weight_count(v);
    struct conv2d back;

    if (k && conv2d_gradient_shape(v, &back)) {
        float *w = array_of(nw, 1), *rotated = array_of(nw, 1), *dy = array_of(size_y(v), 1);
        float *expected = array_of(size_x(v), 0);

        ck_assert_uint_eq(conv2d_weight_count(&back), nw);
        conv2d_gradient_weights(v, w, rotated);
        conv2d_f32_backward_data_naive(v, dy, w, expected);
        for (const struct conv2d_algorithm *const *by = conv2d_algorithms; *by; by++)
            if ((*by)->accepts(&back, NULL))
                assert_gradient_agrees(k, *by, &back, rotated, dy, expected);
        free(w), free(rotated), free(dy), free(expected);
    }
}
END_TEST

// x in 200..255 and weights in 100..127, so that even channel counts in the tens need blocks.
START_TEST(conv2d_i32_is_exact)
{
    const struct kernels *k = kernels_of(_i);
    const struct conv2d *v = &convs[_i / ISAS];
    size_t nw = conv2d_weight_count(v), ny = size_y(v);

    if (k) {
        float *x = array_of(size_x(v), 1), *w = array_of(nw, 1), *packed = array_of(nw, 0);
        float *expected = array_of(ny, 0);
        int32_t *y = scratch_of(ny * sizeof(int32_t));
        int taps = (int)taps_of(v), blocks;
        void *scratch;

        for (size_t i = 0; i < size_x(v); i++)
            x[i] = rintf(fabsf(x[i]) * 55 + 200);
        for (size_t i = 0; i < nw; i++)
            w[i] = rintf(fabsf(w[i]) * 27 + 100);
        blocks = conv2d_exact_blocks(v, w, 255);
        ck_assert_int_ge(blocks, 1 + (taps * 100 * 255 >= 1 << 24));
        scratch = scratch_of(conv2d_i32_scratch_bytes(v, blocks));
        conv2d_i32_pack(v, blocks, w, packed);
        k->conv2d_i32(v, blocks, x, packed, y, scratch);
        conv2d_f32_naive(v, x, w, NULL, expected); // sums in double, then rounds to float
        for (size_t i = 0; i < ny; i++)
            ck_assert_float_eq((float)y[i], expected[i]);
        free(x), free(w), free(packed), free(expected), free(y), free(scratch);
    }
}
END_TEST

START_TEST(conv2d_exact_blocks_sees_the_largest_channel)
{
    struct conv2d v = {2, 1, 1, 2, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1};
    float w[4] = {1, 1, 100000, 67771}; // 167771 * 100 = 2^24 - 116
    float huge[4] = {1, 1, 100000, 200000};

    ck_assert_int_eq(conv2d_exact_blocks(&v, w, 100), 1);
    w[3] = -67773;
    ck_assert_int_eq(conv2d_exact_blocks(&v, w, 100), 2);
    ck_assert_int_eq(conv2d_exact_blocks(&v, huge, 100), 0);
}
END_TEST

START_TEST(bias_gradient_sums_pixels_and_lanes)
{
    const struct kernels *k = kernels_of(_i);

    if (k) {
        float *dy = array_of(5 * 49 * 16, 1), *db = array_of(5, 1), *expected = copy_of(db, 5);

        k->bias_f32_backward(5, 49, dy, db);
        bias_f32_backward_naive(5, 49, dy, expected);
        assert_near(db, expected, 5, 49 * 16);
        free(dy), free(db), free(expected);
    }
}
END_TEST

START_TEST(gemm_agrees_with_its_twin)
{
    struct gemm v = {.m = 7, .n = 19, .k = 33, .alpha = 0.5F, .beta = _i & 4 ? 2.0F : 0.0F};
    float *a, *b, *c, *expected;

    noise_state = 7;
    a = array_of(7 * 33, 1), b = array_of(33 * 19, 1), c = array_of(7 * 21, 1);
    v.transpose_a = _i & 1;
    v.transpose_b = _i >> 1 & 1;
    v.lda = v.transpose_a ? v.m : v.k;
    v.ldb = v.transpose_b ? v.k : v.n;
    v.ldc = 21;
    expected = copy_of(c, 7 * 21);
    gemm_f32(&v, a, b, c);
    gemm_f32_naive(&v, a, b, expected);
    assert_near(c, expected, 7 * 21, 33);
    free(a), free(b), free(c), free(expected);
}
END_TEST

static const struct fully_connected layers[] = {{1, 1, 0},   {10, 65, 0}, {10, 65, 1}, {17, 33, 1},
                                                {24, 32, 0}, {3, 100, 1}, {64, 7, 0}};
enum { LAYERS = sizeof layers / sizeof *layers };

START_TEST(fully_connected_and_gradients_agree_with_their_twins)
{
    const struct kernels *k = kernels_of(_i);
    const struct fully_connected *v = &layers[_i / ISAS];
    size_t nx = (size_t)v->k * 16, ny = (size_t)v->m * 16, nw = (size_t)(v->m * v->k);

    if (k) {
        float *x = array_of(nx, 1), *w = array_of(nw, 1), *bias = array_of((size_t)v->m, 1);
        float *y = array_of(ny, 1), *y2 = array_of(ny, 0), *dx = array_of(nx, 1);
        float *dx2 = copy_of(dx, nx), *dw = array_of(nw, 1), *dw2 = copy_of(dw, nw);

        k->fc_f32(v, x, w, bias, y);
        fc_f32_naive(v, x, w, bias, y2);
        assert_near(y, y2, ny, v->k);
        k->fc_f32_backward_data(v, y, w, 1, dx);
        fc_f32_backward_data_naive(v, y, w, dx2);
        assert_near(dx, dx2, nx, v->m);
        k->fc_f32_backward_weights(v, x, y, dw);
        fc_f32_backward_weights_naive(v, x, y, dw2);
        assert_near(dw, dw2, nw, 16);
        free(x), free(w), free(bias), free(y), free(y2), free(dx), free(dx2), free(dw), free(dw2);
    }
}
END_TEST

// ---- products on lanes --------------------------------------------------------------------------

// t k m: less than a tile, whole tiles, remainders, more than one block of rows and of k.
static const struct matmul products[] = {{1, 1, 1},    {3, 5, 8},   {2, 16, 7},  {7, 33, 19},
                                         {25, 40, 16}, {4, 390, 9}, {26, 800, 3}};
enum { PRODUCTS = sizeof products / sizeof *products };

START_TEST(products_with_a_shared_matrix_agree_with_their_twin)
{
    const struct kernels *k = kernels_of(_i % ISAS);
    const struct matmul *v = &products[_i / ISAS];
    size_t nx = (size_t)(v->t * v->k) * 16, ny = (size_t)(v->t * v->m) * 16;

    if (k) {
        float *x = array_of(nx, 1), *w = array_of((size_t)(v->k * v->m), 1);
        float *bias = array_of((size_t)v->m, 1), *add = array_of(ny, 1);
        float *packed = array_of(matmul_f32_packed_count(v), 0);
        float *y = array_of(ny, 1), *y2 = array_of(ny, 1);
        struct activation relu = {ACTIVATION_RELU, 0, 0};
        struct matmul_epilogue all = {bias, &relu, NULL, add}, none = {NULL, NULL, NULL, NULL};

        matmul_f32_pack(v, w, packed);
        k->matmul_f32(v, x, packed, &all, y);
        matmul_f32_naive(v, x, w, &all, y2);
        assert_near(y, y2, ny, v->k);
        k->matmul_f32(v, x, packed, &none, y);
        matmul_f32_naive(v, x, w, &none, y2);
        assert_near(y, y2, ny, v->k);
        free(x), free(w), free(bias), free(add), free(packed), free(y), free(y2);
    }
}
END_TEST

START_TEST(integer_products_are_exact)
{
    const struct kernels *k = kernels_of(_i % ISAS);
    const struct matmul *shape = &products[_i / ISAS];
    size_t nx = (size_t)(shape->t * shape->k) * 16, ny = (size_t)(shape->t * shape->m) * 16;
    size_t nw = (size_t)(shape->k * shape->m);

    if (k) {
        float *x = array_of(nx, 2), *scale = array_of((size_t)shape->m, 1);
        float *y = array_of(ny, 1), *y2 = array_of(ny, 1);
        int8_t *w = scratch_of(nw);
        void *packed = scratch_of(matmul_u8_packed_bytes(shape));
        void *scratch = scratch_of(matmul_u8_scratch_bytes(shape));
        struct matmul_u8 v = {*shape, {0.01F, 100, 0, 255}, scale};
        struct quant_grid grid = {2, 3, -128, 127};
        struct matmul_epilogue e = {NULL, NULL, &grid, NULL}, none = {NULL, NULL, NULL, NULL};

        for (size_t i = 0; i < nw; i++)
            w[i] = (int8_t)((int)(i * 37 + 11) % 256 - 128);
        matmul_u8_pack(&v, w, packed);
        k->matmul_u8(&v, x, packed, &none, y, scratch);
        matmul_u8_naive(&v, x, w, y2);
        assert_same(y, y2, ny);
        k->matmul_u8(&v, x, packed, &e, y, scratch);
        for (size_t i = 0; i < ny; i++)
            y2[i] = fake_quant_f32_naive(&grid, y2[i]);
        assert_same(y, y2, ny);
        free(x), free(scale), free(y), free(y2), free(w), free(packed), free(scratch);
    }
}
END_TEST

// queries keys size value_size
static const int heads[][4] = {{1, 1, 1, 1}, {5, 9, 4, 8}, {26, 35, 33, 11}};
enum { HEADS = sizeof heads / sizeof *heads };

START_TEST(attention_agrees_with_its_twin)
{
    const struct kernels *k = kernels_of(_i % ISAS);
    const int *n = heads[_i / ISAS];
    struct attention v = {.queries = n[0],
                          .keys = n[1],
                          .size = n[2],
                          .value_size = n[3],
                          .q_row = n[2] * 16,
                          .q_step = 16,
                          .k_row = 16,
                          .k_step = n[1] * 16,
                          .v_row = n[3] * 16,
                          .v_step = 16,
                          .y_row = 16,
                          .y_step = n[0] * 16,
                          .mask_row = n[1],
                          .mask_key = 1,
                          .is_mask_shared = 1,
                          .scale = 0.3F};

    if (k) {
        size_t ny = (size_t)(n[0] * n[3]) * 16;
        float *q = array_of((size_t)(n[0] * n[2]) * 16, 1);
        float *keys = array_of((size_t)(n[1] * n[2]) * 16, 1);
        float *values = array_of((size_t)(n[1] * n[3]) * 16, 1);
        float *mask = array_of((size_t)(n[0] * n[1]) * 16, 1);
        float *y = array_of(ny, 1), *y2 = array_of(ny, 1);
        const float *const in[4] = {q, keys, values, mask};
        void *scratch = scratch_of(attention_f32_scratch_bytes(&v));

        k->attention_f32(&v, in, y, scratch);
        attention_f32_naive(&v, in, y2);
        assert_near(y, y2, ny, n[1]);
        v.is_mask_shared = 0; // lanes, the same for all queries
        v.mask_row = 0;
        v.mask_key = 16;
        k->attention_f32(&v, in, y, scratch);
        attention_f32_naive(&v, in, y2);
        assert_near(y, y2, ny, n[1]);
        free(q), free(keys), free(values), free(mask), free(y), free(y2), free(scratch);
    }
}
END_TEST

START_TEST(rows_agree_with_plain_sums)
{
    const struct kernels *k = kernels_of(_i);
    enum { OUTER = 3, N = 7, INNER = 2, ALL = OUTER * N * INNER * 16 };

    if (k) {
        float *x = array_of(ALL, 5), *y = array_of(ALL, 0), *sum = array_of(ALL, 0);
        float *scale = array_of(N, 1), *bias = array_of(N, 1);
        struct row_norm norm = {OUTER * INNER, N, 1e-3F, 1};

        k->softmax_f32(OUTER, N, INNER, x, y);
        k->reduce_f32(REDUCE_SUM, OUTER, N, INNER, y, sum);
        for (int i = 0; i < ALL / N; i++)
            ck_assert_float_eq_tol(sum[i], 1, 1e-5F);
        for (int i = 0; i < ALL; i++) { // ratios are those of exp
            int first = i / (N * INNER * 16) * N * INNER * 16 + i % (INNER * 16);
            ck_assert_double_eq_tol((double)y[i],
                                    (double)y[first] * exp((double)x[i] - (double)x[first]), 2e-6);
        }
        k->reduce_f32(REDUCE_MEAN, OUTER, N, INNER, x, y);
        k->reduce_f32(REDUCE_MAX, OUTER, N, INNER, x, sum);
        for (int i = 0; i < ALL / N; i++) {
            double mean = 0, most = -INFINITY;
            for (int r = 0; r < N; r++) {
                double at = x[(i / (INNER * 16) * N + r) * INNER * 16 + i % (INNER * 16)];
                mean += at / N;
                most = at > most ? at : most;
            }
            ck_assert_double_eq_tol((double)y[i], mean, 1e-5);
            ck_assert_double_eq((double)sum[i], most);
        }
        k->row_norm_f32(&norm, x, scale, bias, y);
        row_norm_f32_naive(&norm, x, scale, bias, sum);
        assert_near(y, sum, ALL, 4);
        norm.is_centred = 0;
        k->row_norm_f32(&norm, x, NULL, NULL, y);
        row_norm_f32_naive(&norm, x, NULL, NULL, sum);
        assert_near(y, sum, ALL, 4);
        free(x), free(y), free(sum), free(scale), free(bias);
    }
}
END_TEST

static double unary_of(enum unary_kind kind, double x)
{
    switch (kind) {
    case UNARY_ABS:
        return fabs(x);
    case UNARY_ERF:
        return erf(x);
    case UNARY_EXP:
        return exp(x);
    case UNARY_NEG:
        return -x;
    case UNARY_RECIPROCAL:
        return 1 / x;
    case UNARY_SQUARE:
        return x * x;
    case UNARY_SQRT:
        return sqrt(x);
    case UNARY_NOT:
        return x == 0;
    default:
        return x != 0;
    }
}

// exp and erf over all that matters: relative errors as vf_math.h says.
START_TEST(functions_of_one_number_agree_with_the_maths_library)
{
    const struct kernels *k = kernels_of(_i % ISAS);
    enum unary_kind kind = (enum unary_kind)(_i / ISAS);
    enum { N = 16 * 4000 };

    if (k) {
        float *x = array_of(N, kind == UNARY_EXP ? 80 : 6), *y = array_of(N, 0);

        for (int i = 0; i < N && kind == UNARY_SQRT; i++)
            x[i] = fabsf(x[i]);
        x[0] = 0;
        x[1] = kind == UNARY_EXP ? 90 : 1;
        k->unary_f32(kind, N, x, y);
        for (int i = 0; i < N; i++) {
            double want = (double)(float)unary_of(kind, (double)x[i]);
            if (isfinite(want))
                ck_assert_double_le(fabs((double)y[i] - want), 3e-7 * fabs(want));
            else
                ck_assert(isinf(y[i]));
        }
        free(x), free(y);
    }
}
END_TEST

START_TEST(operands_are_stretched)
{
    const struct kernels *k = kernels_of(_i % ISAS);
    enum binary_kind kind = (enum binary_kind)(_i / ISAS);
    // y[2][3] from a[2][1] lanes and b[3] plain
    struct strided_loop v = {2, {2, 3}, {{16, 0}, {0, 1}, {0}, {48, 16}}, {0, 1, 0}};

    if (k) {
        float *a = array_of(32, 1), *b = array_of(3, 1), *y = array_of(96, 0);

        b[1] = a[16];
        k->strided_binary_f32(kind, &v, a, b, y);
        for (int i = 0; i < 96; i++) {
            float p = a[i / 48 * 16 + i % 16], q = b[i / 16 % 3];
            float want[BINARY_COUNT] = {p + q,           p - q,  p * q, p / q,  fmaxf(p, q),
                                        fminf(p, q),     p == q, p < q, p <= q, p != 0 && q != 0,
                                        p != 0 || q != 0};
            ck_assert_float_eq(y[i], want[kind]);
        }
        v.is_shared[1] = 0; // a ? lanes : number
        v.is_shared[2] = 1;
        v.step[1][0] = v.step[2][0] = 0, v.step[1][1] = 0, v.step[2][1] = 1;
        a[5] = 0;
        k->strided_select_f32(&v, (const float *const[3]){a, a + 16, b}, y);
        ck_assert_float_eq(y[5], b[0]);
        ck_assert_float_eq(y[32 + 5], b[2]);
        ck_assert_float_eq(y[6], a[22]);
        free(a), free(b), free(y);
    }
}
END_TEST

// c h w  kh kw  stride  pads (top left bottom right)  dilation  count_include_pad  oh ow
static const struct pool2d pools[] = {
    {3, 8, 8, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 0, 4, 4},
    {5, 7, 9, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0, 4, 5},
    {5, 7, 9, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 4, 5},
    {1, 8, 8, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1, 1, 4, 4},
    {2, 7, 7, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 1, 4, 4},
    {17, 10, 6, 3, 2, 1, 1, 2, 0, 2, 1, 2, 1, 0, 10, 6},
    {2, 5, 5, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1, 1},
};
enum { POOLS = sizeof pools / sizeof *pools };

START_TEST(maxpool_agrees_exactly_with_its_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct pool2d *v = &pools[_i / ISAS];
    size_t nx = (size_t)(v->c * v->h * v->w) * 16, ny = (size_t)(v->c * v->oh * v->ow) * 16;

    if (k) {
        float *x = array_of(nx, 1), *y = array_of(ny, 1), *y2 = array_of(ny, 1);
        float *dx = array_of(nx, 1), *dx2 = array_of(nx, 1);
        int32_t *at = scratch_of(ny * 4), *at2 = scratch_of(ny * 4);

        for (size_t i = 0; i < nx; i++)
            x[i] = rintf(x[i] * 4); // ties
        maxpool_f32_naive(v, x, y2, at2);
        k->maxpool_f32(v, x, y, NULL);
        assert_same(y, y2, ny);
        k->maxpool_f32(v, x, y, at);
        assert_same(y, y2, ny);
        ck_assert_mem_eq(at, at2, ny * sizeof *at);
        k->maxpool_f32_backward(v, y, at, dx);
        maxpool_f32_backward_naive(v, y, at, dx2);
        assert_same(dx, dx2, nx);
        free(x), free(y), free(y2), free(dx), free(dx2), free(at), free(at2);
    }
}
END_TEST

START_TEST(averagepool_agrees_with_its_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct pool2d *v = &pools[_i / ISAS];
    size_t nx = (size_t)(v->c * v->h * v->w) * 16, ny = (size_t)(v->c * v->oh * v->ow) * 16;

    if (k) {
        float *x = array_of(nx, 1), *y = array_of(ny, 1), *y2 = array_of(ny, 1);
        float *dx = array_of(nx, 1), *dx2 = array_of(nx, 1);

        k->averagepool_f32(v, x, y);
        averagepool_f32_naive(v, x, y2);
        assert_near(y, y2, ny, v->kh * v->kw);
        k->averagepool_f32_backward(v, y, dx);
        averagepool_f32_backward_naive(v, y, dx2);
        assert_near(dx, dx2, nx, v->kh * v->kw);
        free(x), free(y), free(y2), free(dx), free(dx2);
    }
}
END_TEST

START_TEST(global_averagepool_is_an_averagepool_of_everything)
{
    const struct kernels *k = kernels_of(_i);
    struct pool2d v = {5, 7, 7, 7, 7, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1, 1};
    size_t nx = 5 * 49 * 16, ny = 5 * 16;

    if (k) {
        float *x = array_of(nx, 1), *y = array_of(ny, 1), *y2 = array_of(ny, 1);
        float *dx = array_of(nx, 1), *dx2 = array_of(nx, 1);

        k->global_averagepool_f32(5, 49, x, y);
        averagepool_f32_naive(&v, x, y2);
        assert_near(y, y2, ny, 49);
        k->global_averagepool_f32_backward(5, 49, y, dx);
        averagepool_f32_backward_naive(&v, y, dx2);
        assert_near(dx, dx2, nx, 1);
        free(x), free(y), free(y2), free(dx), free(dx2);
    }
}
END_TEST

START_TEST(batchnorm_sums_agree_with_their_twins)
{
    const struct kernels *k = kernels_of(_i);
    size_t n = 3 * 25 * 16;

    if (k) {
        float *x = array_of(n, 1), *dy = array_of(n, 1), mean[3] = {1000, 0, -3};
        float inv_std[3] = {2, 1, 0.5F};
        struct batchnorm v = {3, 25, _i / ISAS ? 11 : 16, mean, inv_std};
        double s[2][4][3] = {{{0}}};

        for (size_t i = 0; i < n; i++)
            x[i] = i % 16 < (size_t)v.lanes ? x[i] + mean[i / 400] : NAN;
        k->batchnorm_f32_sums(&v, x, s[0][0], s[0][1]);
        k->batchnorm_f32_backward_sums(&v, x, dy, s[0][2], s[0][3]);
        batchnorm_f32_sums_naive(&v, x, s[1][0], s[1][1]);
        batchnorm_f32_backward_sums_naive(&v, x, dy, s[1][2], s[1][3]);
        for (int i = 0; i < 12; i++) // differences and products are rounded to float: 1e-7
            ck_assert_double_eq_tol(s[0][i / 3][i % 3], s[1][i / 3][i % 3],
                                    1e-6 * fmax(10, fabs(s[1][i / 3][i % 3])));
        free(x), free(dy);
    }
}
END_TEST

START_TEST(batchnorm_variance_survives_a_far_mean)
{
    const struct kernels *k = kernels_of(_i);

    if (k) {
        float *x = array_of(100 * 16, 1);
        struct batchnorm v = {1, 100, 16, NULL, NULL};
        double s[2] = {0}, q[2] = {0};

        k->batchnorm_f32_sums(&v, x, &s[0], &q[0]);
        for (int i = 0; i < 1600; i++)
            x[i] = rintf(x[i] * 1024) / 1024 + 4096; // exact
        k->batchnorm_f32_sums(&v, x, &s[1], &q[1]);
        // moved by 2^12, rounded by up to 2^-11: the variance near 1/3 moves by 1e-3 at most
        ck_assert_double_eq_tol(q[1] - s[1] * s[1] / 1600, q[0] - s[0] * s[0] / 1600, 1.6);
        free(x);
    }
}
END_TEST

// dx against the finite difference of sum(dy * batchnorm(x)), which is a cubic-free smooth
// function: with a step of 1e-2 in float32 inputs and double sums the difference quotient is good
// to 1e-3.
START_TEST(batchnorm_gradient_is_the_slope)
{
    enum { N = 5 * 16 };
    const struct kernels *k = kernels_of(_i);

    if (k) {
        float *x = array_of(N, 1), *dy = array_of(N, 1), *dx = array_of(N, 1), gamma = 1.5F;
        float a, b, c, mean, inv_std;
        const float *const coefficients[3] = {&a, &b, &c};
        struct batchnorm v = {1, 5, 16, &mean, &inv_std};
        double sum_dy = 0, sum_dy_xhat = 0, slope = 0;
        struct batchnorm_sums sums = {N, &sum_dy, &sum_dy_xhat};

        for (int sign = 1; sign >= -1; sign--) { // the last pass leaves x - h; 0 is the real one
            double s = 0, q = 0, loss = 0, m, r;

            x[7] += sign == 1 ? 0.01F : -0.01F;
            k->batchnorm_f32_sums(&v, x, &s, &q);
            m = s / N;
            r = 1 / sqrt(q / N - m * m + 1e-5);
            for (int i = 0; i < N; i++)
                loss += (double)dy[i] * (double)gamma * (x[i] - m) * r;
            slope += sign * loss / 0.02;
            if (sign == 0) {
                mean = (float)m, inv_std = (float)r;
                k->batchnorm_f32_backward_sums(&v, x, dy, &sum_dy, &sum_dy_xhat);
                batchnorm_f32_backward_coefficients(&v, &sums, &gamma, &a, &b, &c);
                k->channel_combine_f32(1, 5, dy, x, coefficients, dx);
            }
        }
        ck_assert_double_eq_tol((double)dx[7], slope, 1e-3);
        free(x), free(dy), free(dx);
    }
}
END_TEST

START_TEST(channel_affine_scales_and_shifts_each_channel)
{
    const struct kernels *k = kernels_of(_i);
    float scale[3] = {2, -1, 0.5F}, shift[3] = {1, 0, -4};

    if (k) {
        float *x = array_of(3 * 5 * 16, 1), *y = copy_of(x, 3 * 5 * 16), *z = array_of(240, 0);

        for (int i = 0; i < 240; i++)
            z[i] = x[i] * scale[i / 80] + shift[i / 80];
        k->channel_affine_f32(3, 5, y, scale, shift, y);
        assert_near(y, z, 240, 1);
        k->channel_affine_f32(3, 5, x, NULL, NULL, y);
        assert_same(y, x, 240);
        free(x), free(y), free(z);
    }
}
END_TEST

// Forward within the maths library's last bits (1e-6); slope against a central difference of the
// double twin with step 1e-4, good to 1e-6, but kinks within the step are left out.
START_TEST(activations_and_slopes_agree_with_their_twins)
{
    const struct kernels *k = kernels_of(_i);
    struct activation v = {(enum activation_kind)(_i / ISAS), 0.2F, 0.5F};
    enum { N = 16 * 37 };
    const double h = 1e-4;

    if (v.kind == ACTIVATION_CLIP)
        v.a = 0, v.b = 6;
    if (k) {
        float *x = array_of(N, 8), *y = array_of(N, 0), *dy = array_of(N, 1), *dx = array_of(N, 0);

        k->activation_f32(&v, N, x, y);
        k->activation_f32_backward(&v, N, x, dy, dx);
        for (int i = 0; i < N; i++) {
            double at = x[i], left = activation_f32_naive(&v, at - h);
            double right = activation_f32_naive(&v, at + h), here = activation_f32_naive(&v, at);

            ck_assert_double_eq_tol((double)y[i], here, 1e-6 * fmax(1, fabs(here)));
            if (fabs(right - 2 * here + left) < 1e-7) // no kink
                ck_assert_double_eq_tol((double)dx[i], dy[i] * (right - left) / (2 * h), 1e-5);
        }
        k->activation_f32(&v, N, x, x); // in place
        assert_same(x, y, N);
        free(x), free(y), free(dy), free(dx);
    }
}
END_TEST

START_TEST(arithmetic_works_in_place)
{
    const struct kernels *k = kernels_of(_i);
    enum binary_kind kind = (enum binary_kind)(_i / ISAS);
    enum { N = 16 * 5 };

    if (k) {
        float *a = array_of(N, 1), *b = array_of(N, 1), *y = array_of(N, 0);

        for (int i = 0; i < N; i++)
            y[i] = kind == BINARY_ADD   ? a[i] + b[i]
                   : kind == BINARY_SUB ? a[i] - b[i]
                   : kind == BINARY_MUL ? a[i] * b[i]
                                        : a[i] / b[i];
        k->binary_f32(kind, N, a, b, a);
        assert_same(a, y, N);
        for (int i = 0; i < N; i++)
            y[i] += 2 * b[i];
        k->scale_add_f32(N, 2, b, a);
        assert_near(a, y, N, 1);
        free(a), free(b), free(y);
    }
}
END_TEST

START_TEST(unpack_undoes_pack_and_missing_samples_are_zero)
{
    const struct kernels *k = kernels_of(_i);
    enum { P = 53 };
    const float *from[16];
    float *to[16];

    if (k) {
        float *x = array_of(16 * P, 1), *z = array_of(16 * P, 1), *out = array_of(16 * P, 1);

        for (int i = 0; i < 16; i++) {
            from[i] = i == 5 ? NULL : x + i * P;
            to[i] = i == 6 ? NULL : z + i * P;
        }
        k->pack_n16(from, P, out);
        ck_assert_float_eq(out[3 * 16 + 5], 0);
        ck_assert_float_eq(out[3 * 16 + 7], x[7 * P + 3]);
        from[5] = x + 5 * P; // all there
        k->pack_n16(from, P, out);
        for (int i = 0; i < 16 * P; i++)
            ck_assert_float_eq(out[i], x[i % 16 * P + i / 16]);
        k->unpack_n16(out, P, to);
        assert_same(z + 7 * P, x + 7 * P, 9 * P);
        assert_same(z, x, 5 * P);
        free(x), free(z), free(out);
    }
}
END_TEST

START_TEST(pixels_are_scaled_per_channel)
{
    const struct kernels *k = kernels_of(_i);
    uint8_t pixel[16][6];
    const uint8_t *sample[16];
    const float a[3] = {1, 0.5F, 2}, b[3] = {0, -1, 3};

    for (int i = 0; i < 16; i++) {
        sample[i] = i == 15 ? NULL : pixel[i];
        for (int p = 0; p < 6; p++)
            pixel[i][p] = (uint8_t)(i * 16 + p);
    }
    if (k) {
        float *out = array_of(96, 1);

        k->pack_n16_u8(sample, 3, 2, a, b, out);
        for (int i = 0; i < 96; i++) // all of these are exact
            ck_assert_float_eq(
                out[i], i % 16 == 15 ? 0 : (float)pixel[i % 16][i / 16] * a[i / 32] + b[i / 32]);
        free(out);
    }
}
END_TEST

static const struct quant_grid grids[] = {
    {0.1F, 0, -127, 127}, {0.037F, -128, -128, 127}, {0.02F, 100, 0, 255}, {0.5F, 0, -8, 7}};
enum { GRIDS = sizeof grids / sizeof *grids };

START_TEST(fake_quantisation_agrees_exactly_with_its_twin)
{
    const struct kernels *k = kernels_of(_i);
    const struct quant_grid *v = &grids[_i / ISAS];
    enum { N = 16 * 100 };

    if (k) {
        float *x = array_of(N, 20), *y = array_of(N, 0), *z = array_of(N, 0), *dx = array_of(N, 0);
        double slope = 0;

        x[0] = 0.05F, x[1] = 0.25F, x[2] = -0.25F, x[3] = 0.75F; // ties of the last grid
        x[4] = 1e30F, x[5] = -1e30F;
        for (int i = 0; i < N; i++) {
            float q = rintf(x[i] / v->scale) + (float)v->zero_point;
            int inside = q >= (float)v->low && q <= (float)v->high;

            z[i] = fake_quant_f32_naive(v, x[i]);
            slope += (double)(inside ? (z[i] - x[i]) / v->scale : z[i] / v->scale);
            dx[i] = (float)inside;
        }
        k->fake_quant_f32(v, N, x, y);
        assert_same(y, z, N);
        for (int i = 0; i < N; i++)
            z[i] = 1;
        // each term is rounded to float: 1600 terms of up to 127 * 6e-8 * 4
        ck_assert_double_eq_tol(k->fake_quant_f32_backward_scale(v, N, x, z), slope, 0.05);
        k->fake_quant_f32_backward(v, N, x, z, y);
        assert_same(y, dx, N);
        free(x), free(y), free(z), free(dx);
    }
}
END_TEST

START_TEST(weights_are_quantised_channel_by_channel)
{
    const struct kernels *k = kernels_of(_i);
    float scale[3] = {0.1F, 0.01F, 1};
    int32_t zero_point[3] = {0, 3, -7};

    if (k) {
        float *w = array_of(3 * 37, 5), *y = array_of(111, 0), *z = array_of(111, 0);
        struct quant_channels v = {3, 37, scale, zero_point, -8, 7};

        for (int m = 0; m < 3; m++) {
            struct quant_grid g = {scale[m], zero_point[m], -8, 7};

            for (int i = 0; i < 37; i++)
                z[m * 37 + i] = fake_quant_f32_naive(&g, w[m * 37 + i]);
        }
        k->fake_quant_f32_channels(&v, w, y);
        assert_same(y, z, 111);
        for (int m = 0; m < 3; m++) {
            struct quant_grid g = {scale[m], zero_point[m], -8, 7};

            k->fake_quant_f32_backward(&g, 37, w + m * 37, w + m * 37, z + m * 37);
        }
        k->fake_quant_f32_channels_backward(&v, w, w, y);
        assert_same(y, z, 111);
        free(w), free(y), free(z);
    }
}
END_TEST

START_TEST(requantisation_rounds_half_to_even_and_saturates)
{
    const struct kernels *k = kernels_of(_i);
    float scale[2] = {0.5F, 0.0123F};
    int32_t bias[2] = {-3, 1000};
    struct requant v = {2, 40, _i / ISAS ? bias : NULL, scale, -5, -128, 127};
    enum { N = 2 * 40 * 16 };

    if (k) {
        float *acc = array_of(N, 1), *y = array_of(N, 0), *z = array_of(N, 0);
        int32_t *sum = scratch_of(N * sizeof *sum);

        for (int i = 0; i < N; i++) {
            acc[i] = (float)(i / 640 ? (i - 960) * 52000 : i - 320);
            sum[i] = (int32_t)acc[i];
            z[i] = requantize_naive(&v, i / 640, sum[i]);
        }
        k->requantize_i32(&v, sum, y);
        assert_same(y, z, N);
        k->requantize_f32(&v, acc, acc);
        assert_same(acc, z, N);
        free(acc), free(y), free(z), free(sum);
    }
}
END_TEST

// Gradient against a central difference with step 1e-2 of a double loss: the third derivative of
// these losses is below 1, so the quotient is good to 1e-4 / 6 * T^2, and floats to 1e-6.
START_TEST(loss_and_gradient_agree_with_the_twin)
{
    struct loss v = {7, 13, _i ? 0.9F : 0, 3, _i == 2 ? 0.1F : 0, 0.5F};
    int32_t labels[16];
    enum { N = 7 * 16 };
    float *z, *t, *dz;

    noise_state = 3;
    z = array_of(N, 3), t = array_of(N, 3), dz = array_of(N, 1);
    for (int i = 0; i < 16; i++)
        labels[i] = i == 4 ? -1 : i % 7;
    ck_assert_double_eq_tol(loss_f32(&v, z, t, labels, dz), loss_f32_naive(&v, z, t, labels), 1e-9);
    ck_assert_double_eq_tol(loss_f32(&v, z, NULL, labels, dz), loss_f32_naive(&v, z, NULL, labels),
                            1e-9);
    loss_f32(&v, z, t, labels, dz);
    for (int i = 0; i < N; i++) {
        double right, left, kept = z[i];

        z[i] = (float)(kept + 0.01);
        right = loss_f32_naive(&v, z, t, labels);
        z[i] = (float)(kept - 0.01);
        left = loss_f32_naive(&v, z, t, labels);
        z[i] = (float)kept;
        ck_assert_double_eq_tol((double)dz[i], 0.5 * (right - left) / 0.02, 1e-4);
        if (i % 16 >= v.lanes)
            ck_assert_float_eq(dz[i], 0);
    }
    free(z), free(t), free(dz);
}
END_TEST

START_TEST(loss_survives_large_logits)
{
    struct loss v = {2, 16, 0.5F, 1, 0, 1};
    float z[32], t[32], dz[32];
    int32_t labels[16] = {0};

    for (int i = 0; i < 16; i++) {
        z[i] = 0, z[16 + i] = 1e4F;
        t[i] = 1e4F, t[16 + i] = 0;
    }
    ck_assert_double_eq_tol(loss_f32(&v, z, t, labels, dz), 16e4, 1);
    ck_assert_float_eq_tol(dz[0], -1, 1e-6F);
}
END_TEST

START_TEST(sgd_updates_as_written_and_honours_masks)
{
    const struct kernels *k = kernels_of(_i);
    enum { N = 37 };
    struct sgd v = {0.1F, 0.9F, 0.01F, _i / ISAS % 2};

    if (k) {
        float *w = array_of(N, 1), *g = array_of(N, 1), *m = array_of(N, 1), *mask = array_of(N, 0);
        float *w2 = copy_of(w, N), *m2 = copy_of(m, N);

        for (int i = 0; i < N; i++) {
            double slope = g[i] + 0.01 * w2[i], now = 0.9 * m2[i] + slope;

            mask[i] = (float)(i % 3 > 0);
            w2[i] = (float)((w2[i] - 0.1 * (v.is_nesterov ? slope + 0.9 * now : now)) *
                            (double)mask[i]);
            m2[i] = (float)now;
        }
        k->sgd_f32(&v, N, w, g, m, mask);
        assert_near(w, w2, N, 1);
        assert_near(m, m2, N, 1);
        free(w), free(g), free(m), free(mask), free(w2), free(m2);
    }
}
END_TEST

START_TEST(adamw_updates_as_written)
{
    const struct kernels *k = kernels_of(_i);
    enum { N = 37 };
    struct adamw v = {0.01F, 0.9F, 0.999F, 1e-8F, 0.1F, 3};

    if (k) {
        float *w = array_of(N, 1), *g = array_of(N, 1), *m = array_of(N, 1), *s = array_of(N, 1);
        float *expected = array_of(N, 0), *average = array_of(N, 0);
        float *const moments[2] = {m, s};

        for (int i = 0; i < N; i++) {
            double first, second;

            s[i] = fabsf(s[i]) + 0.01F;
            first = (0.9 * m[i] + 0.1 * g[i]) / (1 - pow(0.9, 3));
            second = (0.999 * s[i] + 0.001 * g[i] * g[i]) / (1 - pow(0.999, 3));
            expected[i] = (float)(w[i] * (1 - 0.001) - 0.01 * first / (sqrt(second) + 1e-8));
        }
        k->adamw_f32(&v, N, w, g, moments, NULL);
        assert_near(w, expected, N, 4);
        k->ema_f32(N, 0.75F, w, average);
        ck_assert_float_eq_tol(average[5], 0.25F * w[5], 1e-7F);
        free(w), free(g), free(m), free(s), free(expected), free(average);
    }
}
END_TEST

START_TEST(isa_names_are_read_back)
{
    for (int i = 0; i < ISA_COUNT; i++)
        ck_assert_int_eq(isa_from_name(isa_name((enum isa)i)), i);
    ck_assert_int_eq(isa_from_name("sse9"), -1);
    ck_assert_ptr_nonnull(kernels_select(ISA_AUTO));
    ck_assert_int_eq(kernels_select(ISA_GENERIC)->isa, ISA_GENERIC);
}
END_TEST

static TCase *case_of(Suite *s, const char *name)
{
    TCase *c = tcase_create(name);

    tcase_set_timeout(c, 120); // sanitised builds on a busy machine
    suite_add_tcase(s, c);
    return c;
}

Suite *kernels_suite(void)
{
    Suite *s = suite_create("kernels");
    TCase *conv = case_of(s, "conv2d"), *layers_case = case_of(s, "layers");
    TCase *simple = case_of(s, "elementwise"), *training = case_of(s, "training");

    tcase_add_loop_test(conv, conv2d_forward_agrees_with_its_twin, 0, CONVS * ISAS);
    tcase_add_loop_test(conv, conv2d_gradients_agree_with_their_twins, 0, CONVS * ISAS);
    tcase_add_loop_test(conv, conv2d_algorithms_agree_with_the_twin, 0, CONVS * ISAS);
    tcase_add_loop_test(conv, conv2d_input_gradient_is_a_convolution, 0, CONVS * ISAS);
    tcase_add_loop_test(conv, conv2d_i32_is_exact, 0, CONVS * ISAS);
    tcase_add_test(conv, conv2d_exact_blocks_sees_the_largest_channel);
    tcase_add_loop_test(conv, bias_gradient_sums_pixels_and_lanes, 0, ISAS);
    tcase_add_loop_test(layers_case, gemm_agrees_with_its_twin, 0, 8);
    tcase_add_loop_test(layers_case, fully_connected_and_gradients_agree_with_their_twins, 0,
                        LAYERS * ISAS);
    tcase_add_loop_test(layers_case, maxpool_agrees_exactly_with_its_twin, 0, POOLS * ISAS);
    tcase_add_loop_test(layers_case, averagepool_agrees_with_its_twin, 0, POOLS * ISAS);
    tcase_add_loop_test(layers_case, global_averagepool_is_an_averagepool_of_everything, 0, ISAS);
    tcase_add_loop_test(layers_case, batchnorm_sums_agree_with_their_twins, 0, 2 * ISAS);
    tcase_add_loop_test(layers_case, batchnorm_variance_survives_a_far_mean, 0, ISAS);
    tcase_add_loop_test(layers_case, batchnorm_gradient_is_the_slope, 0, ISAS);
    tcase_add_loop_test(layers_case, channel_affine_scales_and_shifts_each_channel, 0, ISAS);
    tcase_add_loop_test(simple, activations_and_slopes_agree_with_their_twins, 0,
                        ACTIVATION_COUNT * ISAS);
    tcase_add_loop_test(simple, products_with_a_shared_matrix_agree_with_their_twin, 0,
                        PRODUCTS * ISAS);
    tcase_add_loop_test(simple, integer_products_are_exact, 0, PRODUCTS * ISAS);
    tcase_add_loop_test(simple, attention_agrees_with_its_twin, 0, HEADS * ISAS);
    tcase_add_loop_test(simple, rows_agree_with_plain_sums, 0, ISAS);
    tcase_add_loop_test(simple, functions_of_one_number_agree_with_the_maths_library, 0,
                        UNARY_COUNT * ISAS);
    tcase_add_loop_test(simple, operands_are_stretched, 0, BINARY_COUNT * ISAS);
    tcase_add_loop_test(simple, arithmetic_works_in_place, 0, BINARY_ARITHMETIC * ISAS);
    tcase_add_loop_test(simple, unpack_undoes_pack_and_missing_samples_are_zero, 0, ISAS);
    tcase_add_loop_test(simple, pixels_are_scaled_per_channel, 0, ISAS);
    tcase_add_loop_test(simple, fake_quantisation_agrees_exactly_with_its_twin, 0, GRIDS * ISAS);
    tcase_add_loop_test(simple, weights_are_quantised_channel_by_channel, 0, ISAS);
    tcase_add_loop_test(simple, requantisation_rounds_half_to_even_and_saturates, 0, 2 * ISAS);
    tcase_add_loop_test(training, loss_and_gradient_agree_with_the_twin, 0, 3);
    tcase_add_test(training, loss_survives_large_logits);
    tcase_add_loop_test(training, sgd_updates_as_written_and_honours_masks, 0, 2 * ISAS);
    tcase_add_loop_test(training, adamw_updates_as_written, 0, ISAS);
    tcase_add_test(training, isa_names_are_read_back);
    return s;
}
