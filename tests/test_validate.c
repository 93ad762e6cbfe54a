// Published measurements against what the model predicts, and the statistics that score it.
#include <check.h>
#include <math.h>

#include "validate/statistics.h"

// Figures of SciPy 1.17.1, spearmanr and kendalltau.
static const struct {
    int count;
    double a[10], b[10], spearman, kendall;
} ranked[] = {
    {5, {1, 2, 3, 4, 5}, {5, 6, 7, 8, 7}, 0.8207826816681233, 0.7378647873726218},
    {5, {12, 2, 1, 12, 2}, {1, 4, 7, 1, 0}, -0.5407380704358752, -0.4714045207910316},
    {10,
     {2.5, 1, 7, 7, 3, 9, 4, 4, 4, 8},
     {1, 2, 6, 8, 3, 3, 5, 9, 2, 7},
     0.5572995801953287,
     0.4048766819951098},
    {3, {1, 2, 3}, {1e-9, 2e-9, 3e-9}, 1, 1},
    {3, {1, 2, 3}, {3, 2, 1}, -1, -1},
};

START_TEST(rank_correlations_with_ties_are_those_of_scipy)
{
    ck_assert_double_eq_tol(spearman(ranked[_i].a, ranked[_i].b, ranked[_i].count),
                            ranked[_i].spearman, 1e-12);
    ck_assert_double_eq_tol(kendall(ranked[_i].a, ranked[_i].b, ranked[_i].count),
                            ranked[_i].kendall, 1e-12);
}
END_TEST

START_TEST(an_order_of_equal_or_unknown_values_is_not_known)
{
    static const double equal[] = {2, 2, 2}, rising[] = {1, 2, 3}, unknown[] = {1, NAN, 3};

    ck_assert_double_nan(spearman(equal, rising, 3));
    ck_assert_double_nan(kendall(rising, equal, 3));
    ck_assert_double_nan(spearman(unknown, rising, 3));
    ck_assert_double_nan(kendall(rising, unknown, 3));
    ck_assert_double_nan(spearman(rising, rising, 1));
    ck_assert_double_nan(kendall(rising, rising, 0));
}
END_TEST

START_TEST(errors_are_shares_of_what_was_published)
{
    static const double predicted[] = {110, 45, 30}, published[] = {100, 50, 30};

    ck_assert_double_eq_tol(percent_error(predicted[0], published[0]), 10, 1e-12);
    ck_assert_double_eq_tol(percent_error(predicted[1], published[1]), -10, 1e-12);
    ck_assert_double_eq_tol(mean_percent_error(predicted, published, 3), 20. / 3, 1e-12);
    ck_assert_double_eq_tol(largest_percent_error(predicted, published, 3), 10, 1e-12);
    ck_assert_double_nan(mean_percent_error(predicted, published, 0));
    ck_assert_double_nan(percent_error(1, 0));
}
END_TEST

START_TEST(a_median_is_the_middle_or_the_mean_of_two)
{
    static const double value[] = {9, 1, 5, 3};

    ck_assert_double_eq(median_of(value, 3), 5);
    ck_assert_double_eq(median_of(value, 4), 4);
    ck_assert_double_nan(median_of(value, 0));
}
END_TEST

Suite *validate_suite(void);
Suite *validate_suite(void)
{
    Suite *suite = suite_create("validate");
    TCase *cases = tcase_create("statistics");

    tcase_add_loop_test(cases, rank_correlations_with_ties_are_those_of_scipy, 0,
                        (int)(sizeof ranked / sizeof *ranked));
    tcase_add_test(cases, an_order_of_equal_or_unknown_values_is_not_known);
    tcase_add_test(cases, errors_are_shares_of_what_was_published);
    tcase_add_test(cases, a_median_is_the_middle_or_the_mean_of_two);
    suite_add_tcase(suite, cases);
    return suite;
}
