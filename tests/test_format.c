// Sizes of weights by format, against sums by hand and simulated runs, and where one format gets
// smaller than another.
#include <check.h>
#include <math.h>

#include "base/random.h"
#include "energy/format.h"

static struct format_weight weight_of(double elements, double nonzero, double bits)
{
    return (struct format_weight){.elements = elements,
                                  .nonzero = nonzero,
                                  .bits = bits,
                                  .rows = 10,
                                  .columns = elements / 10,
                                  .index_bits = 4,
                                  .palette = 16};
}

START_TEST(sizes_are_those_of_sums_by_hand)
{
    struct format_weight weight = weight_of(1000, 250, 8);

    ck_assert_double_eq(format_bits(FORMAT_DENSE, &weight), 8000);
    ck_assert_double_eq(format_bits(FORMAT_BITMASK, &weight), 1000 + 250 * 8);
    // 100 columns take 7 bits, a pointer to one of 250 numbers 8, and there are 11 of them.
    ck_assert_double_eq(format_bits(FORMAT_CSR, &weight), 250 * (8 + 7) + 11 * 8);
    ck_assert_double_eq(format_bits(FORMAT_PALETTE, &weight), 1000 * 4 + 16 * 8);
    // Of every four two numbers of 8 bits and two places of 2.
    ck_assert(isnan(format_bits(FORMAT_2_4, &weight)));
    weight.is_2_4 = true;
    ck_assert_double_eq(format_bits(FORMAT_2_4, &weight), 250 * 2 * (8 + 2));
}
END_TEST

START_TEST(a_bitmask_is_smaller_than_dense_below_1_minus_1_over_bits)
{
    static const double bits[] = {2, 4, 8, 16, 32};

    for (int i = 0; i < 5; i++) {
        double even = 1e6 * (1 - 1 / bits[i]);
        struct format_weight less = weight_of(1e6, even - 1, bits[i]);
        struct format_weight more = weight_of(1e6, even + 1, bits[i]);
        ck_assert(format_bits(FORMAT_BITMASK, &less) < format_bits(FORMAT_DENSE, &less));
        ck_assert(format_bits(FORMAT_BITMASK, &more) > format_bits(FORMAT_DENSE, &more));
    }
}
END_TEST

// A list of places costs density x index bits an element, a bitmask one bit: even at 25 % with 4
// bits and at 12.5 % with 8. Padding only moves that further down.
START_TEST(places_of_4_bits_cost_more_than_a_bitmask_above_a_quarter_and_of_8_above_an_eighth)
{
    static const struct {
        double index_bits, even;
    } row[] = {{4, 0.25}, {8, 0.125}};

    for (int i = 0; i < 2; i++) {
        struct format_weight more = weight_of(1e6, 1e6 * (row[i].even + 0.01), 8);
        struct format_weight less = weight_of(1e6, 1e6 * (row[i].even - 0.02), 8);
        more.index_bits = less.index_bits = row[i].index_bits;
        ck_assert(format_bits(FORMAT_RLC, &more) > format_bits(FORMAT_BITMASK, &more));
        ck_assert(format_bits(FORMAT_RLC, &less) < format_bits(FORMAT_BITMASK, &less));
    }
}
END_TEST

// Pairs that a run-length coder really writes for zeros at random.
static double coded_pairs(double density, int index_bits, int count, double *nonzero)
{
    struct random random = random_stream(7, 0, 0);
    double pairs = 0;
    int run = 0;

    *nonzero = 0;
    for (int i = 0; i < count; i++) {
        bool is_zero = random_unit(&random) >= density;
        *nonzero += !is_zero;
        if (is_zero && ++run < 1 << index_bits)
            continue;
        pairs++; // a number, or a zero of its own where the run is longer than can be told
        run = 0;
    }
    return pairs;
}

START_TEST(padding_of_runs_is_what_a_coder_writes)
{
    static const double density[] = {0.02, 0.04, 0.09, 0.25, 0.6};

    for (int i = 0; i < 5; i++) {
        double nonzero;
        double pairs = coded_pairs(density[i], 4, 400000, &nonzero);
        double padding = format_run_padding(density[i], 4);
        ck_assert_msg(fabs(padding / (pairs / nonzero) - 1) < 0.02, "%g: %g, coded %g", density[i],
                      padding, pairs / nonzero);
    }
    ck_assert_double_eq(format_run_padding(1, 4), 1);
}
END_TEST

START_TEST(a_weight_of_zeros_alone_is_runs_alone)
{
    struct format_weight none = weight_of(1600, 0, 8);

    ck_assert_double_eq(format_bits(FORMAT_RLC, &none), 100 * 12);
    ck_assert_double_eq(format_bits(FORMAT_BITMASK, &none), 1600);
}
END_TEST

Suite *format_suite(void);
Suite *format_suite(void)
{
    Suite *suite = suite_create("format");
    TCase *tcase = tcase_create("format");

    tcase_add_test(tcase, sizes_are_those_of_sums_by_hand);
    tcase_add_test(tcase, a_bitmask_is_smaller_than_dense_below_1_minus_1_over_bits);
    tcase_add_test(
        tcase, places_of_4_bits_cost_more_than_a_bitmask_above_a_quarter_and_of_8_above_an_eighth);
    tcase_add_test(tcase, padding_of_runs_is_what_a_coder_writes);
    tcase_add_test(tcase, a_weight_of_zeros_alone_is_runs_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
