// Metrics and their intervals against numbers from the literature and from numpy 1.24 (the row of
// random outputs below: RandomState(3).randn(8, 6) rounded to two places).
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/dataset.h"
#include "eval/metrics.h"

static struct context context;
static struct outputs model, baseline;
static double value;
static struct interval ci95;

static const float random_outputs[8][6] = {
    {1.79f, .44f, .1f, -1.86f, -.28f, -.35f},    {-.08f, -.63f, -.04f, -.48f, -1.31f, .88f},
    {.88f, 1.71f, .05f, -.4f, -.55f, -1.55f},    {.98f, -1.1f, -1.19f, -.21f, 1.49f, .24f},
    {-1.02f, -.71f, .63f, -.16f, -.77f, -.23f},  {.75f, 1.98f, -1.24f, -.63f, -.8f, -2.42f},
    {-.92f, -1.02f, 1.12f, -.13f, -1.62f, .65f}, {-.36f, -1.74f, -.6f, -.59f, -.87f, .03f}};
static const float other_outputs[8][6] = {
    {2.345f, 1, .845f, -2.42f, .145f, -1.28f},    {-.38f, -1.585f, .485f, .185f, -1.41f, 1.765f},
    {.545f, 1.785f, .125f, -.93f, -.33f, -.58f},  {.47f, -.65f, -1.265f, .675f, 1.73f, .58f},
    {-.7f, -.585f, -.07f, .535f, -1.455f, -.11f}, {1.055f, 1.56f, -1.165f, -.045f, -.81f, -2.865f},
    {-2.38f, -1.505f, .825f, -.39f, -2.1f, .84f}, {-.645f, -1.795f, -.26f, -1.02f, -1.02f, 1.11f}};
static const int64_t random_labels[8] = {2, 2, 4, 4, 2, 0, 4, 0};

static void begin(void)
{
    context_init(&context);
    ck_assert_int_eq(outputs_init(&context, &model, 8, 6, true, false), OK);
    ck_assert_int_eq(outputs_init(&context, &baseline, 8, 6, true, false), OK);
    memcpy(baseline.value, random_outputs, sizeof random_outputs);
    memcpy(model.value, other_outputs, sizeof other_outputs);
    memcpy(baseline.label, random_labels, sizeof random_labels);
    memcpy(model.label, random_labels, sizeof random_labels);
}

static void end(void)
{
    outputs_clear(&model);
    outputs_clear(&baseline);
}

// Newcombe 1998 (Statistics in Medicine 17, table I), method 3.
static const struct {
    int64_t successes, n;
    double low, high;
} newcombe[] = {
    {81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611},
    {1, 29, .0061, .1718},   {20, 20, 1 - .1611, 1},
};

START_TEST(score_intervals_are_those_of_newcombe)
{
    struct interval got = wilson_interval(newcombe[_i].successes, newcombe[_i].n);

    ck_assert_double_eq_tol(got.low, newcombe[_i].low, 5e-5); // four printed places
    ck_assert_double_eq_tol(got.high, newcombe[_i].high, 5e-5);
}
END_TEST

START_TEST(no_samples_have_no_interval)
{
    ck_assert(isnan(wilson_interval(0, 0).low));
}
END_TEST

START_TEST(the_first_of_equals_is_the_largest)
{
    const float ties[] = {1, 3, 3, 2};

    ck_assert_int_eq(argmax(ties, 4), 1);
    ck_assert(in_top(ties, 4, 1, 1));
    ck_assert(!in_top(ties, 4, 2, 1));
    ck_assert(in_top(ties, 4, 2, 2));
}
END_TEST

START_TEST(nan_is_never_right)
{
    const float broken[] = {NAN, 3};

    ck_assert_int_eq(argmax(broken, 2), -1);
    ck_assert(!in_top(broken, 2, 1, 2));
}
END_TEST

START_TEST(accuracies_are_numpy_s)
{
    struct class_accuracy per_class[6];
    struct accuracy accuracy;

    accuracy_of(&baseline, per_class, &accuracy);
    ck_assert_int_eq(accuracy.correct, 2);
    ck_assert_double_eq(accuracy.top1, 0.25);
    ck_assert_double_eq(accuracy.top5, 0.875);
    ck_assert_double_eq_tol(accuracy.balanced, 0.2222222222222222, 1e-15);
    ck_assert_int_eq(per_class[2].samples, 3);
    ck_assert_int_eq(per_class[2].correct, 1);
    ck_assert_int_eq(per_class[3].samples, 0);
}
END_TEST

START_TEST(intervals_of_shares_stay_between_0_and_1)
{
    struct accuracy accuracy;

    accuracy_of(&baseline, NULL, &accuracy);
    ck_assert_double_eq(accuracy.balanced_ci95.low, 0);
    ck_assert_double_le(accuracy.balanced_ci95.high, 1);
}
END_TEST

START_TEST(top5_says_nothing_of_five_classes)
{
    struct accuracy accuracy;

    baseline.width = 5; // reads the numbers in other rows: any will do
    accuracy_of(&baseline, NULL, &accuracy);
    ck_assert(isnan(accuracy.top5));
}
END_TEST

START_TEST(perplexity_is_numpy_s)
{
    ck_assert_int_eq(metric_of(&context, METRIC_PERPLEXITY, &baseline, &value, &ci95), OK);
    ck_assert_double_eq_tol(value, 6.857240473290659, 1e-6); // float32 outputs
    ck_assert_double_eq_tol(log(ci95.high / value), 1.959963984540054 * 0.3300446286196629, 1e-6);
}
END_TEST

START_TEST(errors_and_cosines_are_numpy_s)
{
    struct outputs with_target;

    ck_assert_int_eq(outputs_init(&context, &with_target, 8, 6, false, true), OK);
    memcpy(with_target.value, other_outputs, sizeof other_outputs);
    memcpy(with_target.target, random_outputs, sizeof random_outputs);
    ck_assert_int_eq(metric_of(&context, METRIC_MSE, &with_target, &value, &ci95), OK);
    ck_assert_double_eq_tol(value, 0.3045599063065229, 1e-6);
    ck_assert_double_eq_tol(ci95.high - value, 1.959963984540054 * 0.041051195753629734, 1e-6);
    ck_assert_int_eq(metric_of(&context, METRIC_COSINE, &with_target, &value, &ci95), OK);
    ck_assert_double_eq_tol(value, 0.8870865314756936, 1e-6);
    ck_assert_int_eq(metric_of(&context, METRIC_MAE, &with_target, &value, &ci95), OK);
    ck_assert_double_eq_tol(value, 0.45635416666666667, 1e-6);
    ck_assert_double_eq_tol(ci95.high - value, 1.959963984540054 * 0.03892814194917449, 1e-6);
    outputs_clear(&with_target);
}
END_TEST

START_TEST(the_area_under_the_curve_counts_ties_half)
{
    const float score[] = {.1f, .4f, .35f, .8f, .7f, .4f, .2f, .9f};
    const int64_t label[] = {0, 0, 1, 1, 0, 1, 0, 1};
    struct outputs scores;

    ck_assert_int_eq(outputs_init(&context, &scores, 8, 1, true, false), OK);
    memcpy(scores.value, score, sizeof score);
    memcpy(scores.label, label, sizeof label);
    ck_assert_int_eq(metric_of(&context, METRIC_AUC, &scores, &value, &ci95), OK);
    ck_assert_double_eq(value, 0.78125); // 12.5 of 16 pairs
    ck_assert_double_eq_tol(value - ci95.low, 1.959963984540054 * 0.17460438106769083, 1e-12);
    outputs_clear(&scores);
}
END_TEST

// Every pair counted one by one, on scores with many ties.
START_TEST(the_area_under_the_curve_is_that_of_all_pairs)
{
    enum { N = 200 };
    struct outputs scores;
    uint32_t state = 1;
    double right = 0, pairs = 0;

    ck_assert_int_eq(outputs_init(&context, &scores, N, 2, true, false), OK);
    for (int i = 0; i < N; i++) {
        state = state * 1664525 + 1013904223;
        scores.value[2 * i] = 0.25f;
        scores.value[2 * i + 1] = (float)(state >> 27);
        scores.label[i] = state >> 16 & 1;
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            if (scores.label[i] == 1 && scores.label[k] == 0) {
                float a = scores.value[2 * i + 1], b = scores.value[2 * k + 1];
                right += a > b ? 1 : a == b ? 0.5 : 0;
                pairs++;
            }
    ck_assert_int_eq(metric_of(&context, METRIC_AUC, &scores, &value, &ci95), OK);
    ck_assert_double_eq_tol(value, right / pairs, 1e-12);
    ck_assert(ci95.low < value && value < ci95.high && ci95.low >= 0 && ci95.high <= 1);
    for (int i = 0; i < N; i++)
        scores.label[i] = 1;
    ck_assert_int_eq(metric_of(&context, METRIC_AUC, &scores, &value, &ci95), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "auc needs samples of both classes"));
    outputs_clear(&scores);
}
END_TEST

START_TEST(a_metric_says_what_it_lacks)
{
    ck_assert_int_eq(metric_of(&context, METRIC_MSE, &model, &value, &ci95), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "mse needs data with a target"));
    ck_assert_int_eq(metric_of(&context, METRIC_AUC, &model, &value, &ci95), ERR_USAGE);
    model.label[3] = 6;
    ck_assert_int_eq(metric_of(&context, METRIC_TOP1, &model, &value, &ci95), ERR_SHAPE);
}
END_TEST

START_TEST(every_metric_is_found_by_its_name)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = METRIC_COUNT;
        ck_assert(metric_from_name(metric_name((enum metric)i), &metric));
        ck_assert_int_eq(metric, i);
    }
    ck_assert(!metric_is_higher_better(METRIC_PERPLEXITY) && metric_is_higher_better(METRIC_TOP5));
}
END_TEST

START_TEST(small_counts_give_the_exact_binomial)
{
    ck_assert_double_eq(mcnemar_p(3, 12), 0.03515625); // 2 (1 + 15 + 105 + 455) / 2^15
    ck_assert_double_eq(mcnemar_p(12, 3), 0.03515625);
    ck_assert_double_eq(mcnemar_p(4, 4), 1);
    ck_assert_double_eq(mcnemar_p(0, 0), 1);
    ck_assert_double_eq(mcnemar_p(0, 24), ldexp(1, -23));
}
END_TEST

START_TEST(large_counts_give_the_corrected_chi_square)
{
    // statsmodels' own example of mcnemar(exact=False, correction=True): 121 against 59.
    ck_assert_double_eq_tol(mcnemar_p(121, 59), 5.4500949e-06, 1e-12);
    ck_assert_double_eq(mcnemar_p(50, 50), 1);
}
END_TEST

START_TEST(paired_intervals_follow_the_formula)
{
    // b = 140, c = 100, n = 10000: d = -.004, SE = sqrt(240 - 1600 / 10000) / 10000.
    struct interval got = paired_interval(140, 100, 10000);

    ck_assert_double_eq_tol(got.low, -0.004 - 1.96 * 0.00154867685, 1e-10);
    ck_assert_double_eq_tol(got.high, -0.004 + 1.96 * 0.00154867685, 1e-10);
}
END_TEST

START_TEST(non_inferiority_needs_the_bound_below_the_margin)
{
    // loss .004, bound .004 + 1.645 * .00154868 = .0065476
    ck_assert(is_non_inferior(140, 100, 10000, 0.00655));
    ck_assert(!is_non_inferior(140, 100, 10000, 0.00654));
    ck_assert(!is_non_inferior(0, 0, 100, 0));
}
END_TEST

START_TEST(few_samples_without_a_difference_show_little)
{
    // 1 - 0.025^(1/n) and 1 - 0.05^(1/n), the exact (Clopper-Pearson) bounds for 0 of n.
    struct interval four = paired_interval(0, 0, 4), many = paired_interval(0, 0, 10000);

    ck_assert_double_eq_tol(four.low, -0.6023646356164, 1e-12);
    ck_assert_double_eq_tol(four.high, 0.6023646356164, 1e-12);
    ck_assert_double_eq_tol(many.high, 0.00036882, 1e-8);
    ck_assert(!is_non_inferior(0, 0, 4, 0.005));
    ck_assert(!is_non_inferior(0, 0, 597, 0.005));
    ck_assert(is_non_inferior(0, 0, 598, 0.005));
}
END_TEST

START_TEST(comparisons_are_numpy_s)
{
    struct comparison got;

    ck_assert_int_eq(comparison_of(&context, &baseline, &model, 0.005, &got), OK);
    ck_assert_int_eq(got.lost, 1);
    ck_assert_int_eq(got.gained, 0);
    ck_assert_double_eq(got.difference, -0.125);
    ck_assert_double_eq(got.agreement, 0.75);
    ck_assert_double_eq_tol(got.kl, 0.09945739634594825, 1e-6);
    ck_assert(!got.is_non_inferior);
}
END_TEST

START_TEST(a_comparison_without_labels_still_agrees)
{
    struct comparison got;

    free(model.label);
    free(baseline.label);
    model.label = baseline.label = NULL;
    ck_assert_int_eq(comparison_of(&context, &baseline, &model, 0.005, &got), OK);
    ck_assert_double_eq(got.agreement, 0.75);
    ck_assert(isnan(got.difference) && isnan(got.mcnemar_p) && isnan(got.difference_ci95.low));
}
END_TEST

START_TEST(probabilities_are_compared_as_they_are)
{
    struct comparison logits, probabilities;
    double p[6];

    ck_assert_int_eq(comparison_of(&context, &baseline, &model, 0, &logits), OK);
    for (int64_t i = 0; i < 8; i++) {
        outputs_probabilities(&model, i, false, p);
        for (int64_t k = 0; k < 6; k++)
            model.value[i * 6 + k] = (float)p[k];
    }
    ck_assert(outputs_are_probabilities(&model) && !outputs_are_probabilities(&baseline));
    ck_assert_int_eq(comparison_of(&context, &baseline, &model, 0, &probabilities), OK);
    ck_assert_double_eq_tol(probabilities.kl, logits.kl, 1e-6);
}
END_TEST

START_TEST(outputs_of_other_data_are_not_compared)
{
    struct comparison got;

    model.label[5]++;
    ck_assert_int_eq(comparison_of(&context, &baseline, &model, 0, &got), ERR_SHAPE);
    ck_assert_ptr_nonnull(strstr(context.error, "label 5 differs"));
}
END_TEST

START_TEST(outputs_that_are_no_numbers_are_named)
{
    ck_assert_int_eq(outputs_check(&context, &model), OK);
    model.value[2 * 6 + 3] = NAN;
    ck_assert_int_eq(outputs_check(&context, &model), ERR_NUMERIC);
    ck_assert_str_eq(context.error, "output 3 of sample 2 is NaN");
}
END_TEST

START_TEST(an_interval_that_holds_chance_is_seen)
{
    ck_assert(interval_holds_chance((struct interval){.09, .12}, 10));
    ck_assert(interval_holds_chance((struct interval){.0, .05}, 10)); // worse than guessing
    ck_assert(!interval_holds_chance((struct interval){.11, .12}, 10));
}
END_TEST

START_TEST(saved_outputs_read_back_the_same)
{
    char path[] = "/tmp/ecai-outputs-XXXXXX";
    struct outputs got;

    close(mkstemp(path));
    model.figures = strdup("{\"bytes\":12}");
    ck_assert_int_eq(outputs_save(&context, &model, path), OK);
    ck_assert_int_eq(outputs_load(&context, path, &got), OK);
    ck_assert_int_eq(got.samples, 8);
    ck_assert_int_eq(got.width, 6);
    ck_assert_mem_eq(got.value, model.value, 8 * 6 * sizeof(float));
    ck_assert_mem_eq(got.label, model.label, 8 * sizeof(int64_t));
    ck_assert_ptr_null(got.target);
    ck_assert_str_eq(got.figures, "{\"bytes\":12}");
    outputs_clear(&got);
    remove(path);
    ck_assert_int_eq(outputs_load(&context, path, &got), ERR_IO);
}
END_TEST

START_TEST(rows_of_a_language_model_are_its_tokens)
{
    const unsigned char tokens[] = {0, 1, 2, 1, 2, 0}; // two records of three
    const float values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    char path[] = "/tmp/ecai-tokens-XXXXXX", spec[64];
    FILE *file = fdopen(mkstemp(path), "wb");
    struct dataset *data;
    struct outputs rows;

    fwrite(tokens, 1, sizeof tokens, file);
    fclose(file);
    snprintf(spec, sizeof spec, "tokens:%s,type=u8,length=3", path);
    ck_assert_int_eq(dataset_open(&context, spec, NULL, &data), OK);
    ck_assert_int_eq(outputs_init(&context, &rows, 2, 6, false, false), OK);
    memcpy(rows.value, values, sizeof values);
    ck_assert_int_eq(outputs_split_tokens(&context, &rows, data), OK);
    ck_assert_int_eq(rows.samples, dataset_row_count(data));
    ck_assert_int_eq(rows.samples, 4);
    ck_assert_int_eq(rows.width, 3);
    ck_assert_int_eq(rows.label[0], 1);
    ck_assert_int_eq(rows.label[1], 2);
    ck_assert_int_eq(rows.label[3], 0);
    outputs_clear(&rows);
    ck_assert_int_eq(outputs_init(&context, &rows, 2, 4, false, false), OK);
    ck_assert_int_eq(outputs_split_tokens(&context, &rows, data), ERR_SHAPE);
    ck_assert_ptr_nonnull(strstr(context.error, "token 1 of sample 0 is 2"));
    outputs_clear(&rows);
    dataset_free(data);
    remove(path);
}
END_TEST

Suite *metrics_suite(void);
Suite *metrics_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, score_intervals_are_those_of_newcombe, 0,
                        (int)(sizeof newcombe / sizeof *newcombe));
    tcase_add_test(tests, no_samples_have_no_interval);
    tcase_add_test(tests, the_first_of_equals_is_the_largest);
    tcase_add_test(tests, nan_is_never_right);
    tcase_add_test(tests, accuracies_are_numpy_s);
    tcase_add_test(tests, intervals_of_shares_stay_between_0_and_1);
    tcase_add_test(tests, top5_says_nothing_of_five_classes);
    tcase_add_test(tests, perplexity_is_numpy_s);
    tcase_add_test(tests, errors_and_cosines_are_numpy_s);
    tcase_add_test(tests, the_area_under_the_curve_counts_ties_half);
    tcase_add_test(tests, the_area_under_the_curve_is_that_of_all_pairs);
    tcase_add_test(tests, a_metric_says_what_it_lacks);
    tcase_add_test(tests, every_metric_is_found_by_its_name);
    tcase_add_test(tests, small_counts_give_the_exact_binomial);
    tcase_add_test(tests, large_counts_give_the_corrected_chi_square);
    tcase_add_test(tests, paired_intervals_follow_the_formula);
    tcase_add_test(tests, few_samples_without_a_difference_show_little);
    tcase_add_test(tests, non_inferiority_needs_the_bound_below_the_margin);
    tcase_add_test(tests, comparisons_are_numpy_s);
    tcase_add_test(tests, a_comparison_without_labels_still_agrees);
    tcase_add_test(tests, probabilities_are_compared_as_they_are);
    tcase_add_test(tests, outputs_of_other_data_are_not_compared);
    tcase_add_test(tests, outputs_that_are_no_numbers_are_named);
    tcase_add_test(tests, an_interval_that_holds_chance_is_seen);
    tcase_add_test(tests, saved_outputs_read_back_the_same);
    tcase_add_test(tests, rows_of_a_language_model_are_its_tokens);
    suite_add_tcase(suite, tests);
    return suite;
}
