// Relative least squares: against scipy.optimize.nnls and numpy, known coefficients, sums by hand.
#include <check.h>
#include <math.h>
#include <string.h>

#include "validate/regress.h"

static struct context context;
static struct regression fitted;
static const char *const term[] = {"fixed", "macs", "bytes", "layers", "seconds", "words"};

static void set_up(void)
{
    context_init(&context);
}

static struct regression_problem problem_of(int rows, int terms, const double *x, const double *y)
{
    struct regression_problem problem = {
        .rows = rows, .terms = terms, .x = x, .y = y, .term = term};
    return problem;
}

static void assert_close(double got, double want, double relative)
{
    ck_assert_double_eq_tol(got, want, fabs(want) * relative);
}

// mJ of eight MobileNets on a Raspberry Pi 4 with TensorFlow Lite 2.7 (MLPerf Inference power
// v2.0), millions of MACs and of bytes.
static const double nets[] = {1, 13.6,  5.35, 1, 49.0, 12.4, 1, 149.6, 22.1, 1, 568.7, 57.6,
                              1, 300.8, 53.8, 1, 97.1, 20.2, 1, 59.4,  15.7, 1, 325.4, 35.2};
static const double net_joules[] = {32.1, 63.1, 122.8, 452.7, 371.6, 135.9, 103.9, 300.6};

START_TEST(coefficients_and_their_standard_errors_are_those_of_numpy)
{
    const double coefficient[] = {1.6224691896909322, 0.3138661495704849, 4.544529238762471};
    const double error[] = {9.827957570668445, 0.232288154170589, 1.829839760167275};
    struct regression_problem problem = problem_of(8, 3, nets, net_joules);

    ck_assert_int_eq(regress(&context, &problem, &fitted), OK);
    for (int t = 0; t < 3; t++) {
        assert_close(fitted.coefficient[t], coefficient[t], 1e-10);
        assert_close(fitted.standard_error[t], error[t], 1e-10);
    }
}
END_TEST

// Left out one at a time, a coefficient is at its bound in some of them.
START_TEST(what_is_left_out_is_predicted_as_by_scipy)
{
    const double want[] = {28.140934007665248, 77.59572137809036,  157.08439349313377,
                           432.0041624165929,  328.06107316217475, 121.04046395732215,
                           87.08759005419752,  246.63175152542553};
    struct regression_problem problem = problem_of(8, 3, nets, net_joules);
    double got[8];

    ck_assert_int_eq(regress_leaving_one_out(&context, &problem, got), OK);
    for (int i = 0; i < 8; i++)
        assert_close(got[i], want[i], 1e-10);
}
END_TEST

// E = c x over three rows: without one of them c = sum(x / y) / sum((x / y)^2) of the other two.
START_TEST(leaving_one_of_three_out_is_the_sum_done_by_hand)
{
    const double x[] = {1, 2, 4}, y[] = {2, 5, 8};
    // Without the first: x/y = 0.4, 0.5, so c = 0.9 / 0.41. And so on.
    const double want[] = {1 * 0.9 / 0.41, 2 * 1.0 / 0.5, 4 * 0.9 / 0.41};
    struct regression_problem problem = problem_of(3, 1, x, y);
    double got[3];

    ck_assert_int_eq(regress_leaving_one_out(&context, &problem, got), OK);
    for (int i = 0; i < 3; i++)
        assert_close(got[i], want[i], 1e-14);
}
END_TEST

// Rows 1 and 3 are one network, measured twice: neither helps to predict the other.
START_TEST(rows_of_one_group_are_left_out_together)
{
    const double x[] = {1, 2, 1, 4}, y[] = {2, 5, 2.5, 8};
    const int group[] = {0, 1, 0, 2};
    const double c = 0.9 / 0.41; // of rows 2 and 4: x / y = 0.4, 0.5
    // Without row 2: x/y = 0.5, 0.4, 0.5; without row 4: 0.5, 0.4, 0.4.
    const double want[] = {c, 2 * 1.4 / 0.66, c, 4 * 1.3 / 0.57};
    struct regression_problem problem = problem_of(4, 1, x, y);
    double got[4];

    problem.group = group;
    ck_assert_int_eq(regress_leaving_one_out(&context, &problem, got), OK);
    for (int i = 0; i < 4; i++)
        assert_close(got[i], want[i], 1e-14);
}
END_TEST

// Coefficients as of a real board: sizes 1e9 times apart.
START_TEST(known_coefficients_are_found_again)
{
    const double known[] = {3.05e-3, 1.39e-10, 2.98e-9, 3.22e-9, 1e-5};
    double x[20 * 5], y[20];
    struct regression_problem problem = problem_of(20, 5, x, y);

    for (int i = 0; i < 20; i++) {
        double *row = x + 5 * i;
        row[0] = 1;
        row[1] = 1e6 * (10 + 37 * i + (i * i * 7) % 101);
        row[2] = 1e5 * (3 + (i * 53) % 29);
        row[3] = 1e4 * (100 + (i * 71) % 97 + 11 * i);
        row[4] = 20 + (i * 13) % 17;
        y[i] = 0;
        for (int t = 0; t < 5; t++)
            y[i] += known[t] * row[t];
    }
    ck_assert_int_eq(regress(&context, &problem, &fitted), OK);
    for (int t = 0; t < 5; t++)
        assert_close(fitted.coefficient[t], known[t], 1e-9);
    assert_close(regression_predict(&fitted, x + 5 * 7), y[7], 1e-12);
}
END_TEST

// Free, the third would be -0.32 (numpy); scipy's nnls has it at 0 and the others as here.
START_TEST(a_coefficient_that_wants_to_be_negative_is_0_and_the_others_fit_without_it)
{
    const double x[] = {1, 1, 9, 1, 2, 7, 1, 3, 8, 1, 4, 4, 1, 5, 5};
    const double y[] = {1.2, 2.6, 3.1, 5.2, 5.5};
    struct regression_problem problem = problem_of(5, 3, x, y);

    ck_assert_int_eq(regress(&context, &problem, &fitted), OK);
    assert_close(fitted.coefficient[0], 0.09765550717113292, 1e-10);
    assert_close(fitted.coefficient[1], 1.123597340048544, 1e-10);
    ck_assert_double_eq(fitted.coefficient[2], 0);
    assert_close(fitted.standard_error[0], 0.20908607218132394, 1e-9);
    assert_close(fitted.standard_error[1], 0.11047691834229194, 1e-9);
    ck_assert_double_nan(fitted.standard_error[2]);
}
END_TEST

START_TEST(as_many_rows_as_terms_fit_exactly_and_have_no_standard_error)
{
    const double x[] = {1, 2, 1, 5}, y[] = {7, 13};
    struct regression_problem problem = problem_of(2, 2, x, y);

    ck_assert_int_eq(regress(&context, &problem, &fitted), OK);
    assert_close(fitted.coefficient[0], 3, 1e-12);
    assert_close(fitted.coefficient[1], 2, 1e-12);
    ck_assert_double_nan(fitted.standard_error[0]);
}
END_TEST

static const struct {
    int rows, terms;
    double x[18];
    const char *message;
} dependent[] = {
    {3, 2, {1, 2, 1, 2, 1, 2}, "cannot tell 'fixed' and 'macs' apart: one follows from the other"},
    {4,
     4,
     {1, 5, 2, 7, 1, 3, 8, 11, 1, 9, 4, 13, 1, 2, 2, 4},
     "cannot tell 'macs' and 'bytes' and 'layers' apart: one follows from the others"},
    {3, 3, {1, 2, 0, 1, 3, 0, 1, 4, 0}, "'bytes' is 0 in every row"},
    {2, 3, {1, 2, 3, 1, 3, 5}, "2 rows are too few for 3 terms"},
};

START_TEST(terms_that_cannot_be_told_apart_are_named)
{
    const double y[] = {1, 2, 3, 4, 5, 6};
    struct regression_problem problem =
        problem_of(dependent[_i].rows, dependent[_i].terms, dependent[_i].x, y);

    ck_assert_int_eq(regress(&context, &problem, &fitted), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, dependent[_i].message) != NULL, "%s", context.error);
}
END_TEST

START_TEST(a_row_that_alone_tells_terms_apart_is_named_when_it_is_left_out)
{
    const double x[] = {1, 0, 1, 0, 1, 0, 1, 5}, y[] = {1, 2, 3, 4};
    const char *const name[] = {"a", "b", "c", "line 9 (d)"};
    struct regression_problem problem = problem_of(4, 2, x, y);
    double got[4];

    ck_assert_int_eq(regress(&context, &problem, &fitted), OK);
    ck_assert_int_eq(regress_leaving_one_out(&context, &problem, got), ERR_FORMAT);
    ck_assert_str_eq(context.error, "without row 4: 'macs' is 0 in every row");
    problem.row_name = name;
    ck_assert_int_eq(regress_leaving_one_out(&context, &problem, got), ERR_FORMAT);
    ck_assert_str_eq(context.error, "without line 9 (d): 'macs' is 0 in every row");
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *regress_suite(void);
Suite *regress_suite(void)
{
    Suite *suite = suite_create("regress");
    TCase *tcase = tcase_create("regress");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, coefficients_and_their_standard_errors_are_those_of_numpy);
    tcase_add_test(tcase, what_is_left_out_is_predicted_as_by_scipy);
    tcase_add_test(tcase, leaving_one_of_three_out_is_the_sum_done_by_hand);
    tcase_add_test(tcase, rows_of_one_group_are_left_out_together);
    tcase_add_test(tcase, known_coefficients_are_found_again);
    tcase_add_test(tcase,
                   a_coefficient_that_wants_to_be_negative_is_0_and_the_others_fit_without_it);
    tcase_add_test(tcase, as_many_rows_as_terms_fit_exactly_and_have_no_standard_error);
    tcase_add_loop_test(tcase, terms_that_cannot_be_told_apart_are_named, 0, ROWS(dependent));
    tcase_add_test(tcase, a_row_that_alone_tells_terms_apart_is_named_when_it_is_left_out);
    suite_add_tcase(suite, tcase);
    return suite;
}
