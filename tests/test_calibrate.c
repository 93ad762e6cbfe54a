// Ranges of activations from data, against the same figures computed plainly from all values.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/ranges.h"
#include "tests/support/fixture.h"

static struct context context;
static const char spec[] = "synthetic:classes=3,samples=150,shape=40,type=f32,noise=40";

static void setup(void)
{
    context_init(&context);
    context.threads = 2;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return x < y ? -1 : x > y;
}

enum { WIDTH = 40, SAMPLES = 150, COUNT = WIDTH * SAMPLES };

// All values of y = 2 x - 1, sorted.
static float *all_values(const struct dataset *data)
{
    float *all = malloc(COUNT * sizeof *all);

    ck_assert_int_eq(data->count, SAMPLES);
    for (int64_t s = 0; s < SAMPLES; s++)
        elements_to_f32(data->input[0].dtype, dataset_bytes(data, &data->input[0], s), WIDTH,
                        all + s * WIDTH);
    for (int i = 0; i < COUNT; i++)
        all[i] = 2 * all[i] - 1;
    qsort(all, COUNT, sizeof *all, by_value);
    return all;
}

static const char text[] = "x:f32[n,40]  two:f32[] init=[2]  one:f32[] init=[1]  a = Mul(x, two)  "
                           "b = Sub(a, one)  y = Relu(b)";

static struct range find(const char *graph_text, const char *name, enum range_method method,
                         double percentile)
{
    struct graph *graph = fixture_graph(&context, graph_text);
    struct dataset *data = fixture_data(&context, spec);
    struct range_options options = {.method = method, .percentile = percentile, .bits = 8};
    struct value_id id = graph_find_value(graph, name);
    struct range range;

    ck_ok(ranges_find(&context, graph, &id, 1, data, NULL, &options, ISA_GENERIC, &range));
    dataset_free(data);
    graph_free(graph);
    return range;
}

START_TEST(minmax_is_the_least_and_the_largest_value)
{
    struct dataset *data = fixture_data(&context, spec);
    float *all = all_values(data);
    struct range range = find(text, "b", RANGE_MINMAX, 0);

    ck_assert_float_lt(all[0], 0);
    ck_assert_float_eq(range.low, all[0]);
    ck_assert_float_eq(range.high, all[COUNT - 1]);
    free(all);
    dataset_free(data);
}
END_TEST

START_TEST(a_range_always_holds_zero)
{
    struct range range = find(text, "y", RANGE_MINMAX, 0);

    ck_assert_float_eq(range.low, 0);
    ck_assert_float_gt(range.high, 0);
}
END_TEST

START_TEST(percentile_leaves_its_share_outside)
{
    struct dataset *data = fixture_data(&context, spec);
    float *all = all_values(data);
    struct range range = find(text, "b", RANGE_PERCENTILE, 60);
    int outside = 0;

    for (int i = 0; i < COUNT; i++)
        outside += all[i] < range.low || all[i] > range.high;
    // 40 %, less what one bin of 2048 at either end may hold; many samples lie on the ends, 0
    // and 1.
    ck_assert_int_le(outside, COUNT * 40 / 100);
    ck_assert_int_ge(outside, COUNT * 39 / 100);
    free(all);
    dataset_free(data);
}
END_TEST

static double squared_error(const float *all, const struct range *range)
{
    double scale = (double)(range->high - range->low) / 255, sum = 0;

    for (int i = 0; i < COUNT; i++) {
        double x = all[i], clipped = fmin(fmax(x, range->low), range->high);
        double rounded = rint((clipped - range->low) / scale) * scale + range->low;
        sum += (x - rounded) * (x - rounded);
    }
    return sum;
}

START_TEST(mse_is_no_worse_than_any_shrunk_range)
{
    struct dataset *data = fixture_data(&context, spec);
    float *all = all_values(data);
    struct range found = find(text, "b", RANGE_MSE, 0), full = find(text, "b", RANGE_MINMAX, 0);

    for (int part = 4; part <= 10; part++) {
        struct range tried = {full.low * (float)part / 10, full.high * (float)part / 10};
        // The histogram knows values to 1/2048 of the range only.
        ck_assert_double_le(squared_error(all, &found), 1.1 * squared_error(all, &tried));
    }
    free(all);
    dataset_free(data);
}
END_TEST

START_TEST(ranges_do_not_depend_on_threads)
{
    struct range two = find(text, "b", RANGE_MSE, 0), one;

    context.threads = 1;
    one = find(text, "b", RANGE_MSE, 0);
    ck_assert_mem_eq(&one, &two, sizeof one);
}
END_TEST

// The batch is fixed: the reference executor answers, with the same figures.
START_TEST(a_model_of_a_fixed_batch_is_calibrated_too)
{
    static const char fixed[] = "x:f32[1,40]  two:f32[] init=[2]  one:f32[] init=[1]  "
                                "a = Mul(x, two)  b = Sub(a, one)  y = Relu(b)";
    struct range open = find(text, "b", RANGE_MSE, 0), closed = find(fixed, "b", RANGE_MSE, 0);

    ck_assert_mem_eq(&open, &closed, sizeof open);
    open = find(text, "x", RANGE_MINMAX, 0);
    closed = find(fixed, "x", RANGE_MINMAX, 0);
    ck_assert_mem_eq(&open, &closed, sizeof open);
}
END_TEST

START_TEST(a_value_that_is_not_finite_is_named)
{
    struct graph *graph = fixture_graph(&context, "x:f32[n,40]  z:f32[] init=[0]  bad = Div(x, z)  "
                                                  "y = Relu(bad)");
    struct dataset *data = fixture_data(&context, spec);
    struct range_options options = {.method = RANGE_MINMAX, .bits = 8};
    struct value_id id = graph_find_value(graph, "bad");
    struct range range;

    ck_assert_int_eq(
        ranges_find(&context, graph, &id, 1, data, NULL, &options, ISA_GENERIC, &range),
        ERR_NUMERIC);
    ck_assert_ptr_nonnull(strstr(context.error, "'bad'"));
    dataset_free(data);
    graph_free(graph);
}
END_TEST

Suite *calibrate_suite(void);
Suite *calibrate_suite(void)
{
    Suite *suite = suite_create("calibrate");
    TCase *tcase = tcase_create("ranges");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, minmax_is_the_least_and_the_largest_value);
    tcase_add_test(tcase, a_range_always_holds_zero);
    tcase_add_test(tcase, percentile_leaves_its_share_outside);
    tcase_add_test(tcase, mse_is_no_worse_than_any_shrunk_range);
    tcase_add_test(tcase, ranges_do_not_depend_on_threads);
    tcase_add_test(tcase, a_model_of_a_fixed_batch_is_calibrated_too);
    tcase_add_test(tcase, a_value_that_is_not_finite_is_named);
    suite_add_tcase(suite, tcase);
    return suite;
}
