// What users see of speed: the peak loops, what a program says of its steps.
#include <check.h>
#include <math.h>

#include "kernels/kernels.h"

Suite *speed_suite(void);

enum { ISAS = ISA_COUNT - 1 };

static const struct kernels *kernels_at(int i)
{
    return kernels_select((enum isa)(ISA_GENERIC + i % ISAS));
}

START_TEST(float_peak_does_what_it_counts)
{
    const struct kernels *kernels = kernels_at(_i);
    float result = 0.5F, sum = 0;

    if (!kernels)
        return;
    double once = kernels->peak_f32(1, &result);
    for (int i = 0; i < 12; i++)
        sum += (float)i * 0.5F + 0.5F;
    ck_assert_float_eq(result, sum);
    result = 0.5F;
    ck_assert_double_eq(kernels->peak_f32(1000, &result), 1000 * once);
    ck_assert_float_eq_tol(result, 12, 1e-5F);
}
END_TEST

START_TEST(integer_peak_counts_its_rounds)
{
    const struct kernels *kernels = kernels_at(_i);
    int32_t result = 3, again = 3;

    if (!kernels)
        return;
    double once = kernels->peak_i8(1, &result);
    ck_assert_double_ge(once, 24);
    ck_assert_double_eq(kernels->peak_i8(1, &again), once);
    ck_assert_int_eq(result, again);
    ck_assert_double_eq(kernels->peak_i8(7, &again), 7 * once);
}
END_TEST

Suite *speed_suite(void)
{
    Suite *s = suite_create("speed");
    TCase *peak = tcase_create("peak");

    tcase_add_loop_test(peak, float_peak_does_what_it_counts, 0, ISAS);
    tcase_add_loop_test(peak, integer_peak_counts_its_rounds, 0, ISAS);
    suite_add_tcase(s, peak);
    return s;
}
