// Augmentation: what depends on what, and what stays as it was.
#include <check.h>
#include <math.h>
#include <string.h>

#include "train/augment.h"

enum { H = 6, W = 5, C = 2, COUNT = C * H * W };

static const struct augment_image image = {C, H, W};
static struct augment augment;
static float in[COUNT], out[COUNT], again[COUNT];

static void begin(void)
{
    struct arena *arena = arena_new();

    fields_preset(augment_fields, &augment, arena);
    // The strings are literals from here on: the arena goes.
    augment.border = "reflect";
    augment.erase_fill = "noise";
    arena_free(arena);
    for (int i = 0; i < COUNT; i++)
        in[i] = (float)(i + 1);
}

static void run(uint64_t seed, uint64_t view, uint64_t sample)
{
    augment_sample(&augment, &image, seed, view, sample, in, out);
}

START_TEST(without_options_nothing_changes)
{
    ck_assert(!augment_is_on(&augment));
    run(1, 2, 3);
    ck_assert_mem_eq(in, out, sizeof in);
}
END_TEST

START_TEST(the_same_seed_view_and_sample_give_the_same_image)
{
    augment.flip = true;
    augment.shift = 2;
    augment.erase = 1;
    run(1, 2, 3);
    memcpy(again, out, sizeof out);
    run(7, 8, 9);
    ck_assert_mem_ne(again, out, sizeof out);
    run(1, 2, 3);
    ck_assert_mem_eq(again, out, sizeof out);
}
END_TEST

START_TEST(a_flip_mirrors_every_row_of_about_half_the_samples)
{
    int flipped = 0;

    augment.flip = true;
    for (uint64_t i = 0; i < 1000; i++) {
        run(1, 0, i);
        if (out[0] == in[0]) {
            ck_assert_mem_eq(in, out, sizeof in);
            continue;
        }
        flipped++;
        for (int row = 0; row < C * H; row++)
            for (int x = 0; x < W; x++)
                ck_assert_float_eq(out[row * W + x], in[row * W + W - 1 - x]);
    }
    ck_assert_int_gt(flipped, 437); // 500 +- 4 standard deviations of 15.8
    ck_assert_int_lt(flipped, 563);
}
END_TEST

// numpy.pad(mode="reflect") is mirroring about the edge pixel: position -1 is 1, position n is n-2.
START_TEST(a_shift_moves_all_planes_alike_and_reflects_at_the_edge)
{
    int seen[5][5] = {{0}};

    augment.shift = 2;
    for (uint64_t i = 0; i < 500; i++) {
        int dy = 9, dx = 9;
        run(1, 0, i);
        for (int y = -2; y <= 2; y++)
            for (int x = -2; x <= 2; x++)
                if (out[2 * W + 2] == in[(2 + y) * W + 2 + x]) {
                    dy = y;
                    dx = x;
                }
        ck_assert_int_lt(dy, 9);
        seen[dy + 2][dx + 2]++;
        for (int c = 0; c < C; c++)
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    int fy = y + dy < 0 ? -(y + dy) : y + dy >= H ? 2 * H - 2 - y - dy : y + dy;
                    int fx = x + dx < 0 ? -(x + dx) : x + dx >= W ? 2 * W - 2 - x - dx : x + dx;
                    ck_assert_float_eq(out[(c * H + y) * W + x], in[(c * H + fy) * W + fx]);
                }
    }
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 5; x++)
            ck_assert_int_gt(seen[y][x], 0);
}
END_TEST

START_TEST(a_shift_of_zeros_brings_in_zeros)
{
    int zeros = 0;

    augment.shift = 1;
    augment.border = "zero";
    for (uint64_t i = 0; i < 50; i++) {
        run(1, 0, i);
        for (int k = 0; k < COUNT; k++)
            zeros += out[k] == 0;
    }
    ck_assert_int_gt(zeros, 0);
}
END_TEST

START_TEST(erasing_blanks_one_rectangle_in_all_planes)
{
    augment.erase = 1;
    augment.erase_fill = "zero";
    for (uint64_t i = 0; i < 200; i++) {
        int top = H, bottom = -1, left = W, right = -1, blank = 0;
        run(1, 0, i);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                ck_assert_int_eq(out[y * W + x] == 0, out[(H + y) * W + x] == 0);
                if (out[y * W + x] != 0)
                    continue;
                blank++;
                top = y < top ? y : top;
                bottom = y > bottom ? y : bottom;
                left = x < left ? x : left;
                right = x > right ? x : right;
            }
        ck_assert_int_gt(blank, 0);
        ck_assert_int_eq(blank, (bottom - top + 1) * (right - left + 1));
        ck_assert_int_le(blank, 12); // a quarter of 30 pixels, sides rounded
    }
}
END_TEST

START_TEST(erasing_happens_as_often_as_asked)
{
    int erased = 0;

    augment.erase = 0.25;
    for (uint64_t i = 0; i < 1000; i++) {
        run(1, 0, i);
        erased += memcmp(in, out, sizeof in) != 0;
    }
    ck_assert_int_gt(erased, 195); // 250 +- 4 standard deviations of 13.7
    ck_assert_int_lt(erased, 305);
}
END_TEST

START_TEST(images_smaller_than_the_shift_survive)
{
    const struct augment_image pixel = {1, 1, 1}, line = {1, 1, 3};

    augment.shift = 100;
    augment.flip = true;
    augment.erase = 0.5;
    for (uint64_t i = 0; i < 100; i++) {
        augment_sample(&augment, &pixel, 1, 0, i, in, out);
        augment_sample(&augment, &line, 1, 0, i, in, out);
        ck_assert(isfinite(out[0]) && isfinite(out[2]));
    }
}
END_TEST

Suite *augment_suite(void);
Suite *augment_suite(void)
{
    Suite *suite = suite_create("augment");
    TCase *tests = tcase_create("augment");

    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, without_options_nothing_changes);
    tcase_add_test(tests, the_same_seed_view_and_sample_give_the_same_image);
    tcase_add_test(tests, a_flip_mirrors_every_row_of_about_half_the_samples);
    tcase_add_test(tests, a_shift_moves_all_planes_alike_and_reflects_at_the_edge);
    tcase_add_test(tests, a_shift_of_zeros_brings_in_zeros);
    tcase_add_test(tests, erasing_blanks_one_rectangle_in_all_planes);
    tcase_add_test(tests, erasing_happens_as_often_as_asked);
    tcase_add_test(tests, images_smaller_than_the_shift_survive);
    suite_add_tcase(suite, tests);
    return suite;
}
