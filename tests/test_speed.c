// What users see of speed: the peak loops, the choice of algorithms.
#include <check.h>
#include <math.h>

#include "exec/tune.h"
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

static const struct conv2d shape = {.c = 8,
                                    .h = 6,
                                    .w = 6,
                                    .oc = 8,
                                    .kh = 3,
                                    .kw = 3,
                                    .stride_h = 1,
                                    .stride_w = 1,
                                    .pad_top = 1,
                                    .pad_left = 1,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .groups = 1,
                                    .oh = 6,
                                    .ow = 6};

START_TEST(a_choice_is_measured_once_and_remembered)
{
    const struct conv2d_bounds bounds = {1, SIZE_MAX};
    const struct kernels *kernels = kernels_select(ISA_AUTO);
    struct tuning *first = tuning_new(), *second = tuning_new();
    const char *key, *name;

    const struct conv2d_algorithm *chosen = tuning_conv2d(first, kernels, &shape, NULL, &bounds);
    ck_assert(!chosen->is_approximate);
    ck_assert(tuning_has_grown(first));
    ck_assert(tuning_at(first, 0, &key, &name) && !tuning_at(first, 1, &key, &name));
    ck_assert(tuning_at(first, 0, &key, &name));
    ck_assert_str_eq(name, chosen->name);
    ck_assert_ptr_eq(tuning_conv2d(first, kernels, &shape, NULL, &bounds), chosen);
    ck_assert(!tuning_at(first, 1, &key, &name));

    // Another run takes what it is told, whatever is faster; an unknown name is measured anew.
    tuning_add(second, key, "nonesuch");
    tuning_add(second, key, "im2col");
    ck_assert_str_eq(tuning_conv2d(second, kernels, &shape, NULL, &bounds)->name, "im2col");
    ck_assert(!tuning_has_grown(second));
    tuning_free(first);
    tuning_free(second);
}
END_TEST

START_TEST(integer_choices_are_remembered)
{
    const struct kernels *kernels = kernels_select(ISA_AUTO);
    struct tuning *tuning = tuning_new();
    int8_t weight[8 * 8 * 9];
    int32_t bias[8] = {0};

    for (size_t i = 0; i < sizeof weight; i++)
        weight[i] = (int8_t)(i % 255);
    const struct conv2d_u8_weights weights = {weight, bias, 0};
    const struct conv2d_u8_algorithm *chosen = tuning_conv2d_u8(tuning, kernels, &shape, &weights);
    ck_assert(chosen->accepts(kernels, &shape, &weights));
    ck_assert_ptr_eq(tuning_conv2d_u8(tuning, kernels, &shape, &weights), chosen);
    tuning_free(tuning);
}
END_TEST

START_TEST(bounds_keep_out_large_and_approximate_algorithms)
{
    const struct kernels *kernels = kernels_select(ISA_AUTO);
    size_t plain = conv2d_weight_count(&shape) * sizeof(float);

    for (int i = 0; conv2d_algorithms[i]; i++) {
        const struct conv2d_algorithm *at = conv2d_algorithms[i];
        if (at->accepts(&shape, NULL) && at->packed_bytes(&shape, NULL) > plain)
            ck_assert(!conv2d_may_run(at, &shape, NULL, &(struct conv2d_bounds){0, plain}));
        if (at->is_approximate)
            ck_assert(!conv2d_may_run(at, &shape, NULL, &(struct conv2d_bounds){1, SIZE_MAX}));
    }
    ck_assert_str_eq(conv2d_choose(kernels, &shape, NULL, &(struct conv2d_bounds){0, 0})->name,
                     "direct");
}
END_TEST

Suite *speed_suite(void)
{
    Suite *s = suite_create("speed");
    TCase *peak = tcase_create("peak"), *choice = tcase_create("choice");

    tcase_add_loop_test(peak, float_peak_does_what_it_counts, 0, ISAS);
    tcase_add_loop_test(peak, integer_peak_counts_its_rounds, 0, ISAS);
    suite_add_tcase(s, peak);
    tcase_add_test(choice, a_choice_is_measured_once_and_remembered);
    tcase_add_test(choice, integer_choices_are_remembered);
    tcase_add_test(choice, bounds_keep_out_large_and_approximate_algorithms);
    suite_add_tcase(s, choice);
    return s;
}
