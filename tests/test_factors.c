// What is told of a ratio of energies: which factors a counter's readings cover, the interval of
// their ratio, and steps of two reports put together again.
#include <check.h>
#include <math.h>
#include <string.h>

#include "cli/factors.h"

#define NOT_MEASURED                                                                               \
    {                                                                                              \
        {NAN, NAN, NAN, NAN}, NULL, NULL                                                           \
    }

static struct measured reading(double joules, double half)
{
    struct measured out = {{joules, joules - half, joules + half, 10},
                           "powercap package-0",
                           "processor packages, above idle; batches of 64, 4 threads"};
    return out;
}

// ---- the measured ratio -------------------------------------------------------------------------

START_TEST(the_ratio_of_two_readings_is_that_of_their_joules)
{
    struct measured baseline = reading(12, 0.6), model = reading(4, 0.2);
    struct measured_ratio ratio = measured_ratio_of(&baseline, &model);

    ck_assert_double_eq_tol(ratio.energy, 3, 1e-12);
    ck_assert_str_eq(ratio.counter, "powercap package-0");
}
END_TEST

// Fieller: the ends r are where (a - r b)^2 = ha^2 + r^2 hb^2, one half-width from zero.
static const struct {
    double a, half_a, b, half_b;
} pairs[] = {{12, 0.6, 4, 0.2}, {12, 0, 4, 0.2}, {12, 0.6, 4, 0}, {1e-3, 9e-4, 2e-3, 1e-3}};

START_TEST(the_ends_of_the_interval_are_where_the_difference_could_be_zero)
{
    struct measured baseline = reading(pairs[_i].a, pairs[_i].half_a);
    struct measured model = reading(pairs[_i].b, pairs[_i].half_b);
    struct measured_ratio ratio = measured_ratio_of(&baseline, &model);

    for (int end = 0; end < 2; end++) {
        double r = end ? ratio.high : ratio.low;
        double apart = pow(pairs[_i].a - r * pairs[_i].b, 2);
        double most = pow(pairs[_i].half_a, 2) + pow(r * pairs[_i].half_b, 2);
        ck_assert_double_eq_tol(apart, most, 1e-9 * pow(pairs[_i].a, 2));
    }
    ck_assert(ratio.low <= ratio.energy && ratio.energy <= ratio.high);
}
END_TEST

START_TEST(readings_that_reach_zero_have_a_ratio_without_an_interval)
{
    struct measured baseline = reading(12, 0.6), model = reading(4, 4.5);
    struct measured_ratio ratio = measured_ratio_of(&baseline, &model);

    ck_assert_double_eq_tol(ratio.energy, 3, 1e-12);
    ck_assert(isnan(ratio.low) && isnan(ratio.high));
}
END_TEST

START_TEST(a_reading_below_idle_has_no_ratio)
{
    struct measured baseline = reading(12, 0.6), model = reading(-0.1, 0.2);
    struct measured_ratio ratio = measured_ratio_of(&baseline, &model);

    ck_assert(isnan(ratio.energy));
    ck_assert_ptr_null(ratio.counter);
}
END_TEST

static const struct {
    const char *counter, *scope;
} others[] = {{"powercap psys", NULL}, {NULL, "batches of 64, 8 threads"}};

START_TEST(readings_of_other_counters_or_other_conditions_are_not_compared)
{
    struct measured baseline = reading(12, 0.6), model = reading(4, 0.2);

    if (others[_i].counter)
        model.counter = others[_i].counter;
    if (others[_i].scope)
        model.scope = others[_i].scope;
    ck_assert_ptr_null(measured_ratio_of(&baseline, &model).counter);
}
END_TEST

START_TEST(one_reading_alone_is_no_ratio)
{
    const struct measured nothing = NOT_MEASURED, model = reading(4, 0.2);

    ck_assert_ptr_null(measured_ratio_of(&nothing, &model).counter);
    ck_assert_ptr_null(measured_ratio_of(&model, &nothing).counter);
}
END_TEST

// ---- told ---------------------------------------------------------------------------------------

static const struct energy_ratio estimated = {24, 16, 36, 4, 1, 3, 1, 2, NULL};
static const struct measured_ratio measured = {2.3, 2.1, 2.5, "powercap package-0"};

START_TEST(factors_that_the_readings_cover_are_marked)
{
    struct text text;

    text_init(&text);
    factors_text(&estimated, &measured, &text);
    ck_assert_str_eq(text.at,
                     "24 = bits 4* x sparsity 1 x architecture 3* x memory 1 x hardware 2");
    text_clear(&text);
    text_init(&text);
    measured_ratio_text(&estimated, &measured, &text);
    ck_assert_str_eq(text.at, "* measured, together: 2.3 (95 %: 2.1 .. 2.5), powercap package-0");
    text_clear(&text);
}
END_TEST

START_TEST(without_readings_nothing_is_marked)
{
    struct text text;

    text_init(&text);
    factors_text(&estimated, &measured_ratio_nothing, &text);
    ck_assert_ptr_null(strchr(text.at, '*'));
    measured_ratio_text(&estimated, &measured_ratio_nothing, &text);
    ck_assert_ptr_null(strstr(text.at, "measured"));
    text_clear(&text);
}
END_TEST

START_TEST(the_list_of_measured_factors_is_empty_without_readings_and_never_has_the_hardware)
{
    static const char *const names[] = {"bits", "architecture"};
    struct json *ratio = json_object(), *without = json_object();

    factors_to_json(ratio, &estimated, &measured);
    ck_assert_uint_eq(json_count(json_at(ratio, "factors_measured")), 2);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(json_text(json_child(json_at(ratio, "factors_measured"), i)), names[i]);
    ck_assert_double_eq(json_number(json_at(ratio, "measured.energy")), 2.3);
    ck_assert_double_eq(json_number(json_at(ratio, "measured.energy_interval.1")), 2.5);
    factors_to_json(without, &estimated, &measured_ratio_nothing);
    ck_assert(json_is_array(json_at(without, "factors_measured")));
    ck_assert_uint_eq(json_count(json_at(without, "factors_measured")), 0);
    ck_assert(json_is_null(json_at(without, "measured.energy")));
    json_free(ratio);
    json_free(without);
}
END_TEST

// ---- steps --------------------------------------------------------------------------------------

// Baseline: float32, dense, 100 J off chip, 40 on chip. Model: 5 J at 8 bits; 20 at 32 bits with
// zeros left out, 30 without, on chip as it is; 75 off chip.
START_TEST(steps_of_two_reports_give_the_factors_and_their_product)
{
    const struct energy_steps baseline = {32, 100, 100, 100, 40, 100, false, 50};
    const struct energy_steps model = {32, 5, 20, 30, 30, 75, true, 20};
    struct json *a = json_object(), *b = json_object();
    struct energy_steps from_a, from_b;
    struct energy_ratio ratio;

    energy_steps_to_json(a, &baseline);
    energy_steps_to_json(b, &model);
    from_a = energy_steps_from_json(a, 100);
    from_b = energy_steps_from_json(b, 5);
    energy_compare_steps(&from_a, &from_b, 50, &ratio);
    ck_assert_double_eq(ratio.energy, 20);
    ck_assert_double_eq_tol(ratio.bits, 4, 1e-12);
    ck_assert_double_eq_tol(ratio.sparsity, 1.5, 1e-12);
    ck_assert_double_eq_tol(ratio.memory, 75.0 / 30, 1e-12);
    ck_assert_double_eq_tol(ratio.architecture, 100.0 / 75, 1e-12);
    ck_assert_double_eq(ratio.hardware, 1);
    ck_assert_double_eq_tol(ratio.bits * ratio.sparsity * ratio.memory * ratio.architecture, 20,
                            1e-12);
    ck_assert_double_eq_tol(ratio.high, 30, 1e-12);
    json_free(a);
    json_free(b);
}
END_TEST

START_TEST(steps_at_other_references_or_none_have_a_ratio_without_factors)
{
    const struct energy_steps whole = {32, 100, 100, 100, 40, 100, false, 50};
    const struct energy_steps narrow = {8, 5, 20, 30, 30, 75, true, 20};
    const struct energy_steps none = energy_steps_from_json(NULL, 5);
    struct energy_ratio ratio;

    energy_compare_steps(&whole, &narrow, 50, &ratio);
    ck_assert_double_eq(ratio.energy, 20);
    ck_assert(isnan(ratio.bits) && isnan(ratio.hardware));
    energy_compare_steps(&whole, &none, 50, &ratio);
    ck_assert_double_eq(ratio.energy, 20);
    ck_assert(isnan(ratio.architecture));
}
END_TEST

// The profile's error is of networks that differ.
START_TEST(a_network_and_itself_are_one_to_one_without_a_doubt)
{
    const struct energy_steps steps = {32, 100, 100, 100, 40, 100, false, 50};
    struct energy_ratio ratio;

    energy_compare_steps(&steps, &steps, 50, &ratio);
    ck_assert_double_eq(ratio.energy, 1);
    ck_assert_double_eq(ratio.low, 1);
    ck_assert_double_eq(ratio.high, 1);
}
END_TEST

START_TEST(zeros_that_the_profile_does_not_count_leave_its_error)
{
    const struct energy_steps dense = {32, 100, 100, 100, 40, 100, false, 50};
    const struct energy_steps pruned = {32, 100, 100, 100, 40, 100, false, 25};
    struct energy_ratio ratio;

    energy_compare_steps(&dense, &pruned, 50, &ratio);
    ck_assert_double_eq(ratio.energy, 1);
    ck_assert_double_eq(ratio.high, 1.5);
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *factors_suite(void);
Suite *factors_suite(void)
{
    Suite *suite = suite_create("factors");
    TCase *tcase = tcase_create("factors");

    tcase_add_test(tcase, the_ratio_of_two_readings_is_that_of_their_joules);
    tcase_add_loop_test(tcase, the_ends_of_the_interval_are_where_the_difference_could_be_zero, 0,
                        ROWS(pairs));
    tcase_add_test(tcase, readings_that_reach_zero_have_a_ratio_without_an_interval);
    tcase_add_test(tcase, a_reading_below_idle_has_no_ratio);
    tcase_add_loop_test(tcase, readings_of_other_counters_or_other_conditions_are_not_compared, 0,
                        ROWS(others));
    tcase_add_test(tcase, one_reading_alone_is_no_ratio);
    tcase_add_test(tcase, factors_that_the_readings_cover_are_marked);
    tcase_add_test(tcase, without_readings_nothing_is_marked);
    tcase_add_test(
        tcase, the_list_of_measured_factors_is_empty_without_readings_and_never_has_the_hardware);
    tcase_add_test(tcase, steps_of_two_reports_give_the_factors_and_their_product);
    tcase_add_test(tcase, steps_at_other_references_or_none_have_a_ratio_without_factors);
    tcase_add_test(tcase, a_network_and_itself_are_one_to_one_without_a_doubt);
    tcase_add_test(tcase, zeros_that_the_profile_does_not_count_leave_its_error);
    suite_add_tcase(suite, tcase);
    return suite;
}
