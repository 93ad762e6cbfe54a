// Cloud or edge: the network's figures against the units that they were published in, and answers
// against sums done by hand.
#include <check.h>
#include <math.h>
#include <string.h>

#include "energy/place.h"

#define ROWS(table) ((int)(sizeof table / sizeof *table))

static const double KWH_PER_GB = 3.6e6 / 1e9;  // joules a byte
static const double WATT_PER_MBPS = 8.0 / 1e6; // joules a byte

// ---- figures ------------------------------------------------------------------------------------

static const struct {
    const char *network;
    double average_kwh, marginal_watts;
} published[] = {{"mobile", 0.1, 0.03 + 1.5},
                 {"fixed", 0.0065 + 0.025, 0.03 + 0.02},
                 {"wifi", 0.0065 + 0.025, 0.03 + 0.02}};

START_TEST(networks_have_the_figures_that_were_published_in_other_units)
{
    const struct network *network = network_find(published[_i].network);
    const struct spread average = network->figure[PLACE_AVERAGE].joules;
    const struct spread marginal = network->figure[PLACE_MARGINAL].joules;

    ck_assert_double_eq_tol(average.value, published[_i].average_kwh * KWH_PER_GB, 1e-12);
    ck_assert_double_eq_tol(marginal.value, published[_i].marginal_watts * WATT_PER_MBPS, 1e-12);
}
END_TEST

// Huang et al. 2012: a power in mW of a rate in Mbit/s.
START_TEST(radios_have_the_slope_of_a_phone_that_sends_at_5_megabits)
{
    double lte = (438.39 * 5 + 1288) / 5 * 1e-3, wifi = (283.17 * 5 + 132.9) / 5 * 1e-3;

    ck_assert_double_eq_tol(network_find("mobile")->radio.joules.value, lte * WATT_PER_MBPS, 1e-9);
    ck_assert_double_eq_tol(network_find("wifi")->radio.joules.value, wifi * WATT_PER_MBPS, 1e-9);
    ck_assert_double_eq(network_find("fixed")->radio.joules.value, 0);
}
END_TEST

START_TEST(spreads_hold_their_figure_and_every_figure_names_its_source)
{
    for (int i = 0; network_at(i); i++) {
        const struct network *network = network_at(i);
        ck_assert_ptr_eq(network_find(network->name), network);
        for (int k = 0; k < PLACE_BASES; k++) {
            const struct network_figure *figure = &network->figure[k];
            ck_assert(!(figure->joules.low > figure->joules.value));
            ck_assert(!(figure->joules.high < figure->joules.value));
            ck_assert(strlen(figure->source) > 0);
        }
        ck_assert(strlen(network->radio.source) > 0);
        ck_assert_double_gt(network->figure[PLACE_AVERAGE].joules.value,
                            20 * network->figure[PLACE_MARGINAL].joules.value);
    }
    ck_assert_ptr_null(network_find("pigeon"));
}
END_TEST

// ---- answers ------------------------------------------------------------------------------------

static struct spread about(double value, double factor)
{
    return (struct spread){value, value / factor, value * factor};
}

// 30 kB to a data centre that takes 8 mJ, or 186 mJ on a phone.
static struct placement usual(void)
{
    return (struct placement){.cloud = about(8e-3, 1),
                              .edge = about(186e-3, 1),
                              .pue = 1.1,
                              .charger_efficiency = 0.85,
                              .cloud_grid = 94,
                              .network_grid = 381,
                              .edge_grid = 56,
                              .network = network_find("mobile"),
                              .bytes = 30000};
}

// (8e-3 x 1.1 x 94 + 10.8 x 381 + 0.16704 x 56) / 3.6e6 and 0.186 / 0.85 x 56 / 3.6e6.
START_TEST(joules_and_grams_are_those_of_a_sum_by_hand)
{
    const struct placement placement = usual();
    struct place_answer answer;

    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_double_eq_tol(answer.computing.joules.value, 8.8e-3, 1e-15);
    ck_assert_double_eq_tol(answer.carrying.joules.value, 10.8, 1e-12);
    ck_assert_double_eq_tol(answer.radio.joules.value, 0.16704, 1e-12);
    ck_assert_double_eq_tol(answer.cloud.joules.value, 10.97584, 1e-12);
    ck_assert_double_eq_tol(answer.edge.joules.value, 0.2188235294117647, 1e-15);
    ck_assert_double_eq_tol(answer.cloud.grams.value, 4124.98144 / 3.6e6, 1e-15);
    ck_assert_double_eq_tol(answer.edge.grams.value, 12.254117647058823 / 3.6e6, 1e-18);
    // (0.21882353 - 0.0088) / 365.568e-6 and (12.2541176 - 0.8272) / (0.13716 + 0.000311808)
    ck_assert_double_eq_tol(answer.break_even_joules.value, 574.5129, 1e-3);
    ck_assert_double_eq_tol(answer.break_even_grams.value, 83.12186, 1e-4);
    ck_assert_int_eq(answer.by_joules, PLACE_EDGE);
    ck_assert_int_eq(answer.by_grams, PLACE_EDGE);
}
END_TEST

// What a 30 kB picture takes on the way, beside the inference itself: MobileNet-1.0-224 in int8 on
// a Raspberry Pi 4 185.5 mJ, ResNet-50 in a data centre 8 mJ (MLPerf Inference power).
START_TEST(an_average_mobile_network_takes_58_mobilenets_and_the_marginal_one_two)
{
    const struct placement placement = usual();
    struct place_answer average, marginal;

    place_answer(&placement, PLACE_AVERAGE, &average);
    place_answer(&placement, PLACE_MARGINAL, &marginal);
    ck_assert_double_eq_tol(average.carrying.joules.value, 10.8, 1e-9);
    ck_assert_double_eq_tol(average.carrying.joules.value / 185.5e-3, 58.2, 0.1);
    ck_assert_double_eq_tol(average.carrying.joules.value / 8e-3, 1350, 1);
    ck_assert_double_eq_tol(marginal.carrying.joules.value / 185.5e-3, 1.98, 0.01);
    ck_assert_double_eq_tol(average.carrying.joules.value / marginal.carrying.joules.value, 29.4,
                            0.1);
}
END_TEST

START_TEST(the_two_bases_differ_in_nothing_but_the_network)
{
    const struct placement placement = usual();
    struct place_answer average, marginal;

    place_answer(&placement, PLACE_AVERAGE, &average);
    place_answer(&placement, PLACE_MARGINAL, &marginal);
    ck_assert_double_eq(average.computing.joules.value, marginal.computing.joules.value);
    ck_assert_double_eq(average.radio.grams.value, marginal.radio.grams.value);
    ck_assert_double_eq(average.edge.grams.value, marginal.edge.grams.value);
    ck_assert_double_eq_tol(average.cloud.joules.value - marginal.cloud.joules.value,
                            30000 * (360e-6 - 12.24e-6), 1e-9);
}
END_TEST

// Of that many bytes cloud and edge take the same.
START_TEST(at_the_break_even_both_places_take_the_same)
{
    struct placement placement = usual();

    placement.network = network_at(_i / PLACE_BASES);
    for (int grams = 0; grams < 2; grams++) {
        enum place_basis basis = (enum place_basis)(_i % PLACE_BASES);
        struct place_answer answer;
        place_answer(&placement, basis, &answer);
        placement.bytes = grams ? answer.break_even_grams.value : answer.break_even_joules.value;
        ck_assert_double_gt(placement.bytes, 0);
        place_answer(&placement, basis, &answer);
        if (grams)
            ck_assert_double_eq_tol(answer.cloud.grams.value / answer.edge.grams.value, 1, 1e-12);
        else
            ck_assert_double_eq_tol(answer.cloud.joules.value / answer.edge.joules.value, 1, 1e-12);
    }
}
END_TEST

START_TEST(an_edge_that_takes_less_than_the_data_centre_alone_wins_at_any_size)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.edge = about(7e-3, 1);
    place_answer(&placement, PLACE_MARGINAL, &answer);
    ck_assert_double_eq(answer.break_even_joules.value, 0);
    ck_assert_int_eq(answer.by_joules, PLACE_EDGE);
}
END_TEST

// Nothing on the way emits anything.
START_TEST(a_way_that_emits_nothing_makes_the_cleaner_place_win_at_any_size)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.network = network_find("fixed");
    placement.network_grid = 0;
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert(isinf(answer.break_even_grams.value));
    ck_assert_int_eq(answer.by_grams, PLACE_CLOUD);
    ck_assert_int_eq(answer.by_joules, PLACE_EDGE);
}
END_TEST

// 0 g against 0 g: nobody emits less, whatever the size.
START_TEST(places_that_emit_nothing_are_not_told_apart)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.cloud_grid = placement.network_grid = placement.edge_grid = 0;
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_double_eq(answer.cloud.grams.value, 0);
    ck_assert_int_eq(answer.by_grams, PLACE_TOO_CLOSE);
    ck_assert_int_eq(place_from(answer.break_even_grams.value), PLACE_FROM_UNKNOWN);
    ck_assert_int_eq(place_from(answer.break_even_joules.value), PLACE_FROM_BYTES);
}
END_TEST

START_TEST(a_break_even_tells_always_never_and_unknown_apart)
{
    ck_assert_int_eq(place_from(0), PLACE_FROM_ANY);
    ck_assert_int_eq(place_from(1.02e-6), PLACE_FROM_ANY); // no request has less than a byte
    ck_assert_int_eq(place_from(1), PLACE_FROM_BYTES);
    ck_assert_int_eq(place_from(1.87), PLACE_FROM_BYTES);
    ck_assert_int_eq(place_from((double)INFINITY), PLACE_FROM_NEVER);
    ck_assert_int_eq(place_from((double)NAN), PLACE_FROM_UNKNOWN);
}
END_TEST

// A model that does not fit, or joules that leave out most of a machine: figures, but no winner.
START_TEST(what_hinders_a_comparison_leaves_sums_and_takes_the_verdict)
{
    struct placement placement = usual();
    struct place_answer free, hindered;

    place_answer(&placement, PLACE_AVERAGE, &free);
    placement.obstacle = "edge does not fit";
    place_answer(&placement, PLACE_AVERAGE, &hindered);
    ck_assert_double_eq(hindered.cloud.joules.value, free.cloud.joules.value);
    ck_assert_double_eq(hindered.edge.grams.value, free.edge.grams.value);
    ck_assert_int_eq(free.by_joules, PLACE_EDGE);
    ck_assert_int_eq(hindered.by_joules, PLACE_UNKNOWN);
    ck_assert_int_eq(hindered.by_grams, PLACE_UNKNOWN);
    ck_assert_int_eq(place_from(hindered.break_even_joules.value), PLACE_FROM_UNKNOWN);
    ck_assert_int_eq(place_from(hindered.break_even_grams.value), PLACE_FROM_UNKNOWN);
}
END_TEST

// ---- intervals ----------------------------------------------------------------------------------

START_TEST(intervals_that_meet_are_too_close_to_call)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.bytes = 600; // 0.228 J against 0.219 J
    placement.edge = about(186e-3, 1.1);
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_TOO_CLOSE);
    placement.bytes = 30000;
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_EDGE);
    // The network's own spread: 30000 x (216 .. 828) uJ.
    ck_assert_double_eq_tol(answer.cloud.joules.low, 8.8e-3 + 6.48 + 0.16704, 1e-12);
    ck_assert_double_eq_tol(answer.cloud.joules.high, 8.8e-3 + 24.84 + 0.16704, 1e-12);
    ck_assert_double_eq_tol(answer.edge.joules.high, 186e-3 * 1.1 / 0.85, 1e-12);
    ck_assert_double_lt(answer.break_even_joules.low, answer.break_even_joules.value);
    ck_assert_double_gt(answer.break_even_joules.high, answer.break_even_joules.value);
}
END_TEST

START_TEST(a_figure_without_a_spread_has_no_interval_and_adds_none)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.cloud = about(8e-3, 2);
    place_answer(&placement, PLACE_MARGINAL, &answer);
    ck_assert(isnan(answer.carrying.joules.low) && isnan(answer.radio.grams.high));
    ck_assert_double_eq_tol(answer.cloud.joules.high - answer.cloud.joules.low,
                            1.1 * (16e-3 - 4e-3), 1e-12);
}
END_TEST

// A cable takes no radio, which is exact; a phone's one figure is not.
START_TEST(sums_with_a_part_without_a_spread_are_marked)
{
    struct placement placement = usual();
    struct place_answer answer;

    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert(answer.has_exact_part);
    placement.network = network_find("fixed");
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert(!answer.has_exact_part);
    place_answer(&placement, PLACE_MARGINAL, &answer);
    ck_assert(answer.has_exact_part);
}
END_TEST

// Of that size the verdict turns from too close to call into edge.
START_TEST(the_verdict_is_sure_beyond_the_end_of_the_break_evens_interval)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.edge = about(186e-3, 1.3);
    place_answer(&placement, PLACE_AVERAGE, &answer);
    double high = answer.break_even_joules.high, low = answer.break_even_joules.low;
    placement.bytes = high * 1.001;
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_EDGE);
    placement.bytes = high * 0.999;
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_TOO_CLOSE);
    placement.bytes = low * 0.999;
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_CLOUD);
}
END_TEST

START_TEST(what_is_not_known_decides_nothing)
{
    struct placement placement = usual();
    struct place_answer answer;

    placement.edge = (struct spread){NAN, NAN, NAN};
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_UNKNOWN);
    ck_assert_int_eq(answer.by_grams, PLACE_UNKNOWN);
    ck_assert(isnan(answer.break_even_joules.value) && isnan(answer.edge.grams.value));
    ck_assert(!isnan(answer.cloud.joules.value));
    // An estimate without an error is a figure, but no ground for a verdict.
    placement.edge = (struct spread){186e-3, NAN, NAN};
    place_answer(&placement, PLACE_AVERAGE, &answer);
    ck_assert_int_eq(answer.by_joules, PLACE_UNKNOWN);
    ck_assert(!isnan(answer.break_even_joules.value));
}
END_TEST

Suite *place_suite(void);
Suite *place_suite(void)
{
    Suite *suite = suite_create("place");
    TCase *tcase = tcase_create("place");

    tcase_add_loop_test(tcase, networks_have_the_figures_that_were_published_in_other_units, 0,
                        ROWS(published));
    tcase_add_test(tcase, radios_have_the_slope_of_a_phone_that_sends_at_5_megabits);
    tcase_add_test(tcase, spreads_hold_their_figure_and_every_figure_names_its_source);
    tcase_add_test(tcase, joules_and_grams_are_those_of_a_sum_by_hand);
    tcase_add_test(tcase, an_average_mobile_network_takes_58_mobilenets_and_the_marginal_one_two);
    tcase_add_test(tcase, the_two_bases_differ_in_nothing_but_the_network);
    tcase_add_loop_test(tcase, at_the_break_even_both_places_take_the_same, 0,
                        ROWS(published) * PLACE_BASES);
    tcase_add_test(tcase, an_edge_that_takes_less_than_the_data_centre_alone_wins_at_any_size);
    tcase_add_test(tcase, a_way_that_emits_nothing_makes_the_cleaner_place_win_at_any_size);
    tcase_add_test(tcase, places_that_emit_nothing_are_not_told_apart);
    tcase_add_test(tcase, a_break_even_tells_always_never_and_unknown_apart);
    tcase_add_test(tcase, what_hinders_a_comparison_leaves_sums_and_takes_the_verdict);
    tcase_add_test(tcase, intervals_that_meet_are_too_close_to_call);
    tcase_add_test(tcase, sums_with_a_part_without_a_spread_are_marked);
    tcase_add_test(tcase, the_verdict_is_sure_beyond_the_end_of_the_break_evens_interval);
    tcase_add_test(tcase, a_figure_without_a_spread_has_no_interval_and_adds_none);
    tcase_add_test(tcase, what_is_not_known_decides_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
