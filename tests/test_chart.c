// Charts: ticks against sets that others publish, places that map back to values, fronts against
// brute force, and drawings that are whole XML with nothing outside of them.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "chart/bars.h"
#include "chart/label.h"
#include "chart/lines.h"
#include "chart/scatter.h"
#include "chart/tiles.h"

// Linear: as d3-array's own tests have them for the same bounds and counts (M. Bostock).
static const struct {
    double low, high;
    int wanted, count;
    double first, step;
} linear[] = {
    {0, 1, 10, 11, 0, 0.1},    {0, 1, 5, 6, 0, 0.2},
    {0, 1, 4, 6, 0, 0.2},      {0, 1, 3, 3, 0, 0.5},
    {0, 1, 2, 3, 0, 0.5},      {0, 10, 10, 11, 0, 1},
    {0, 10, 5, 6, 0, 2},       {0, 10, 4, 6, 0, 2},
    {0, 10, 3, 3, 0, 5},       {0, 10, 2, 3, 0, 5},
    {-10, 10, 10, 11, -10, 2}, {-10, 10, 5, 5, -10, 5},
    {-10, 10, 4, 5, -10, 5},   {-10, 10, 3, 5, -10, 5},
    {-10, 10, 2, 3, -10, 10},  {0.98, 0.99, 5, 6, 0.98, 0.002},
};
enum { LINEAR_COUNT = sizeof linear / sizeof *linear };

START_TEST(linear_ticks_are_those_that_d3_chooses)
{
    struct scale scale = {.low = linear[_i].low, .high = linear[_i].high, .from = 0, .to = 100};
    struct ticks ticks;

    ticks_choose(&scale, linear[_i].wanted, &ticks);
    ck_assert_int_eq(ticks.count, linear[_i].count);
    for (int i = 0; i < ticks.count; i++) {
        ck_assert_double_eq_tol(ticks.at[i], linear[_i].first + i * linear[_i].step, 1e-12);
        ck_assert(ticks.has_label[i]);
    }
}
END_TEST

START_TEST(decimals_tell_ticks_apart)
{
    struct scale scale = {.low = 0.981, .high = 0.9876};
    char words[2][32];
    struct ticks ticks;

    ticks_choose(&scale, 5, &ticks);
    ck_assert_int_gt(ticks.count, 2);
    for (int i = 1; i < ticks.count; i++) {
        snprintf(words[0], sizeof words[0], "%.*f", ticks.decimals, ticks.at[i - 1]);
        snprintf(words[1], sizeof words[1], "%.*f", ticks.decimals, ticks.at[i]);
        ck_assert_str_ne(words[0], words[1]);
        ck_assert_double_eq_tol(strtod(words[1], NULL), ticks.at[i], 1e-12);
    }
}
END_TEST

static const struct {
    double low, high;
    int wanted, count;
    double label[8];
} logarithmic[] = {
    {1, 1000, 4, 4, {1, 10, 100, 1000}},
    {0.5, 200, 8, 8, {0.5, 1, 2, 5, 10, 20, 50, 100}}, // and 200
    {1e-9, 1e3, 5, 5, {1e-8, 1e-6, 1e-4, 1e-2, 1}},    // and 100
    {3, 12, 5, 5, {4, 6, 8, 10, 12}},                  // less than a decade: as a linear one
};
enum { LOGARITHMIC_COUNT = sizeof logarithmic / sizeof *logarithmic };

START_TEST(logarithmic_ticks_are_powers_of_ten_and_2_and_5_where_there_is_room)
{
    struct scale scale = {.is_log = true, .low = logarithmic[_i].low, .high = logarithmic[_i].high};
    struct ticks ticks;
    int found = 0;

    ticks_choose(&scale, logarithmic[_i].wanted, &ticks);
    for (int i = 0; i < ticks.count && found < logarithmic[_i].count; i++)
        if (ticks.has_label[i]) {
            ck_assert_double_eq_tol(ticks.at[i] / logarithmic[_i].label[found], 1, 1e-9);
            found++;
        }
    ck_assert_int_eq(found, logarithmic[_i].count);
}
END_TEST

START_TEST(every_scale_has_two_labels_or_more)
{
    struct random random = random_stream(7, 0, 0);

    for (int i = 0; i < 2000; i++) {
        double low = pow(10, random_unit(&random) * 24 - 12);
        double high = low * pow(10, random_unit(&random) * (i % 2 ? 8 : 0.01));
        struct scale scale = scale_around(low, high, i % 4 < 2);
        struct ticks ticks;
        int labels = 0;
        ticks_choose(&scale, 5, &ticks);
        for (int j = 0; j < ticks.count; j++) {
            labels += ticks.has_label[j];
            ck_assert(ticks.at[j] >= scale.low * (1 - 1e-6));
            ck_assert(ticks.at[j] <= scale.high * (1 + 1e-6));
        }
        ck_assert_msg(labels >= 2, "%g..%g: %d labels", low, high, labels);
        ck_assert_int_lt(labels, 24);
    }
}
END_TEST

START_TEST(a_place_maps_back_to_its_value)
{
    struct random random = random_stream(3, 0, 0);

    for (int i = 0; i < 1000; i++) {
        double low = pow(10, random_unit(&random) * 12 - 9), high = low * (1.1 + 99 * (i % 3));
        struct scale scale = scale_around(low, high, i % 2);
        double value = low + random_unit(&random) * (high - low);
        scale.from = 400 * random_unit(&random);
        scale.to = scale.from + (i % 5 ? 1 : -1) * 300;
        ck_assert_double_eq_tol(scale_value(&scale, scale_at(&scale, value)) / value, 1, 1e-9);
        ck_assert_double_gt((scale_at(&scale, low) - scale.from) / (scale.to - scale.from), 0);
        ck_assert_double_lt((scale_at(&scale, high) - scale.from) / (scale.to - scale.from), 1);
    }
}
END_TEST

START_TEST(a_scale_of_one_value_and_one_that_cannot_be_logarithmic_are_still_scales)
{
    struct scale one = scale_around(0.9, 0.9, false), zero = scale_around(0, 0, false);
    struct scale below = scale_around(-1, 10, true);

    ck_assert(one.low < 0.9 && one.high > 0.9);
    ck_assert(zero.low < 0 && zero.high > 0);
    ck_assert(!below.is_log && below.low < -1);
}
END_TEST

static const struct {
    double largest;
    const char *name;
} prefixes[] = {{1e-6, "\302\265"}, {9.99e-4, "\302\265"}, {1e-3, "m"}, {0.5, "m"},   {1, ""},
                {999, ""},          {1000, "k"},           {2e6, "M"},  {1e-30, "f"}, {0, ""}};

START_TEST(prefixes_are_powers_of_a_thousand)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        ck_assert_str_eq(scale_prefix_name(scale_prefix(prefixes[i].largest)), prefixes[i].name);
}
END_TEST

// Brute force: nobody is at least as good on both and better on one.
static bool is_beaten(const struct chart_point *point, int count, int which, bool low_x, bool low_y)
{
    for (int i = 0; i < count; i++) {
        double x = (point[i].x - point[which].x) * (low_x ? 1 : -1);
        double y = (point[i].y - point[which].y) * (low_y ? 1 : -1);
        if (x <= 0 && y <= 0 && (x < 0 || y < 0))
            return true;
    }
    return false;
}

START_TEST(the_front_is_what_nobody_beats)
{
    struct random random = random_stream(11, 0, 0);
    enum { COUNT = 40 };

    for (int round = 0; round < 200; round++) {
        bool low_x = round % 2, low_y = round % 4 < 2, on_front[COUNT] = {false};
        struct chart_point point[COUNT];
        int order[COUNT], found;
        memset(point, 0, sizeof point);
        for (int i = 0; i < COUNT; i++) { // few values, so that many are equal
            point[i].x = floor(random_unit(&random) * 8);
            point[i].y = floor(random_unit(&random) * 8);
        }
        found = scatter_front(point, COUNT, low_x ? BETTER_LOWER : BETTER_HIGHER,
                              low_y ? BETTER_LOWER : BETTER_HIGHER, order);
        for (int i = 0; i < found; i++) {
            on_front[order[i]] = true;
            if (i)
                ck_assert((point[order[i]].x - point[order[i - 1]].x) * (low_x ? 1 : -1) >= 0);
        }
        for (int i = 0; i < COUNT; i++)
            ck_assert_int_eq(on_front[i], !is_beaten(point, COUNT, i, low_x, low_y));
    }
}
END_TEST

START_TEST(without_a_direction_there_is_no_front)
{
    const struct chart_point point[2] = {{.x = 1, .y = 1}, {.x = 2, .y = 2}};
    int order[2];

    ck_assert_int_eq(scatter_front(point, 2, BETTER_UNKNOWN, BETTER_HIGHER, order), 0);
}
END_TEST

START_TEST(labels_stand_on_nothing_and_not_on_each_other)
{
    struct random random = random_stream(5, 0, 0);
    struct labels labels;
    struct text out;
    size_t marks;

    text_init(&out);
    labels_init(&labels, 0, 0, 300, 200);
    for (int i = 0; i < 30; i++) {
        double x = random_unit(&random) * 300, y = random_unit(&random) * 200;
        labels_avoid(&labels, x - 4, y - 4, x + 4, y + 4, false);
    }
    marks = labels.count;
    for (size_t i = 0; i < marks; i++)
        labels_place(&labels, (labels.taken[i].left + labels.taken[i].right) / 2,
                     (labels.taken[i].top + labels.taken[i].bottom) / 2, "0.8, 4/8", &out);
    ck_assert_uint_gt(labels.count, marks + 5); // most find room
    for (size_t i = marks; i < labels.count; i++) {
        const struct box *box = &labels.taken[i];
        ck_assert(box->left >= 0 && box->top >= 0 && box->right <= 300 && box->bottom <= 200);
        for (size_t j = 0; j < labels.count; j++) {
            const struct box *other = &labels.taken[j];
            ck_assert(i == j || box->left >= other->right || box->right <= other->left ||
                      box->top >= other->bottom || box->bottom <= other->top);
        }
    }
    labels_clear(&labels);
    text_clear(&out);
}
END_TEST

// Elements close in the order that they open, attributes are quoted, < and & stand for markup.
static void check_xml(const char *xml)
{
    char open[32][16];
    int depth = 0;

    ck_assert_int_eq(strncmp(xml, "<?xml version=\"1.0\"", 19), 0);
    xml = strchr(xml, '>') + 1;
    for (; *xml; xml++) {
        size_t length = strcspn(xml + 1, " />");
        const char *end;
        ck_assert(*xml != '&' || strchr("algq", xml[1])); // entities
        if (*xml != '<')
            continue;
        end = strchr(xml, '>');
        ck_assert_ptr_nonnull(end);
        ck_assert_uint_lt(length, 16);
        if (xml[1] == '/') {
            length = strcspn(xml + 2, ">");
            ck_assert_int_gt(depth, 0);
            depth--;
            ck_assert_uint_eq(strlen(open[depth]), length);
            ck_assert_int_eq(strncmp(open[depth], xml + 2, length), 0);
        } else if (end[-1] != '/') {
            ck_assert_int_lt(depth, 32);
            memcpy(open[depth], xml + 1, length);
            open[depth++][length] = '\0';
        }
        for (const char *at = xml; at < end; at++)
            if (*at == '=')
                ck_assert_int_eq(at[1], '"');
        xml = end;
    }
    ck_assert_int_eq(depth, 0);
}

static const char rude[] = "</svg><script>alert(\"1\")</script>&\x01\xFF";

static const struct chart_point points[] = {
    {1e-6, 0.8, 5e-7, 2e-6, 0.78, 0.82, rude, 0, true, false, false},
    {4e-6, 0.9, NAN, NAN, 0.88, 0.92, "b", 1, true, true, false},
    {9e-6, 0.85, NAN, NAN, NAN, NAN, NULL, 2, false, false, false},
    {5e-5, 0.95, NAN, NAN, NAN, NAN, "teacher", 0, false, false, true},
};
static const char *const series[] = {"8/8", "4/8", rude};

static struct scatter a_scatter(void)
{
    return (struct scatter){
        .sheet = {560, 380, rude, "a note", rude},
        .x = {.title = "energy", .unit = "J", .is_log = true},
        .y = {.title = "accuracy", .unit = "%"},
        .x_better = BETTER_LOWER,
        .y_better = BETTER_HIGHER,
        .point = points,
        .count = 4,
        .series = series,
        .series_count = 3,
    };
}

START_TEST(drawings_are_whole_xml_whatever_names_say)
{
    static const double values[] = {1e-6, 2e-6, NAN, 3e-6};
    static const char *const rows[] = {rude, "a very long name of a layer/that/nobody/would/type"};
    static const struct tile tile[] = {{0.5, rude}, {NAN, "?"}, {1, NULL}, {0, "0 %"}};
    static const struct line line[] = {{rude, values, 4}, {"two", values, 1}};
    const struct chart_sheet sheet = {400, 300, rude, rude, rude};
    struct scatter scatter = a_scatter();
    struct text out[4];

    for (int i = 0; i < 4; i++)
        text_init(&out[i]);
    scatter_draw(&scatter, &out[0]);
    bars_draw(&(struct bars){sheet, {.title = rude, .unit = "J"}, rows, 2, series, 2, values},
              &out[1]);
    tiles_draw(&(struct tiles){sheet, rude, rows, series, 2, 2, tile}, &out[2]);
    lines_draw(&(struct lines){sheet, rude, {.title = rude, .unit = ""}, line, 2}, &out[3]);
    for (int i = 0; i < 4; i++) {
        check_xml(out[i].at);
        ck_assert_ptr_null(strstr(out[i].at, "<script"));
        ck_assert_ptr_null(strstr(out[i].at, "nan"));
        text_clear(&out[i]);
    }
}
END_TEST

START_TEST(axes_that_agree_have_a_line_and_no_front)
{
    struct scatter scatter = a_scatter();
    struct text out;

    scatter.y = (struct chart_axis){.title = "energy", .unit = "J", .is_log = true};
    scatter.is_agreement = true;
    scatter.rest_name = "not scored";
    text_init(&out);
    ck_assert_int_ge(scatter_draw(&scatter, &out), 0);
    check_xml(out.at);
    ck_assert_ptr_nonnull(strstr(out.at, ">equal<"));
    ck_assert_ptr_nonnull(strstr(out.at, ">not scored<"));
    ck_assert_ptr_null(strstr(out.at, "Pareto"));
    text_clear(&out);
}
END_TEST

// The n-th attribute of that name after `from`.
static double attribute(const char *from, const char *name)
{
    const char *at = strstr(from, name);

    ck_assert_ptr_nonnull(at);
    return strtod(at + strlen(name), NULL);
}

START_TEST(points_and_bars_stand_where_their_values_are)
{
    struct scatter scatter = a_scatter();
    struct text out;
    struct frame frame;
    struct text scratch;
    const char *bar;

    // The frame that scatter_draw makes covers the points and their intervals.
    scatter.x.low = 5e-7;
    scatter.x.high = 5e-5;
    scatter.y.low = 0.78;
    scatter.y.high = 0.95;
    scatter.sheet.title = NULL;
    scatter.series_count = 1;
    text_init(&scratch);
    text_init(&out);
    scatter_draw(&scatter, &out);
    frame_begin(&frame, &scatter.sheet, &scatter.x, &scatter.y, 0,
                (struct legend_entry[]){{.words = "x"}}, 1, &scratch);
    // The only bar across is that of the first point.
    bar = strstr(out.at, "stroke=\"#0072b2\" stroke-width=\"0.7\"");
    ck_assert_ptr_nonnull(bar);
    while (bar > out.at && strncmp(bar, "<line", 5) != 0)
        bar--;
    ck_assert_double_eq_tol(attribute(bar, "x1=\""), frame_x(&frame, 1e-6), 0.02);
    ck_assert_double_eq_tol(scale_value(&frame.y, attribute(bar, "y1=\"")), 78, 0.02);
    ck_assert_double_eq_tol(scale_value(&frame.y, attribute(bar, "y2=\"")), 82, 0.02);
    // The mark of the first point: a filled circle.
    bar = strstr(out.at, "r=\"4\" fill=\"#0072b2\"");
    ck_assert_ptr_nonnull(bar);
    bar = strstr(bar + 1, "r=\"4\" fill=\"#0072b2\""); // the one before is the legend's
    ck_assert_ptr_nonnull(bar);
    while (bar > out.at && strncmp(bar, "<circle", 7) != 0)
        bar--;
    ck_assert_double_eq_tol(scale_value(&frame.x, attribute(bar, "cx=\"")), 1, 0.001);
    ck_assert_double_eq_tol(scale_value(&frame.y, attribute(bar, "cy=\"")), 80, 0.02);
    text_clear(&out);
    text_clear(&scratch);
}
END_TEST

// Every line begins and ends in the sheet, and no number is infinite or none.
static void check_inside(const struct text *out, double width, double height)
{
    ck_assert_ptr_null(strstr(out->at, "inf"));
    ck_assert_ptr_null(strstr(out->at, "nan"));
    for (int end = 0; end < 2; end++)
        for (const char *at = out->at; (at = strstr(at, end ? "2=\"" : "1=\"")) != NULL; at += 3) {
            double value = strtod(at + 3, NULL);
            ck_assert(value >= 0 && value <= (at[-1] == 'x' ? width : height));
        }
}

START_TEST(an_interval_down_to_zero_is_cut_off_where_a_logarithmic_axis_ends)
{
    static const struct chart_point from_zero[] = {
        {1, 0.1, 0, 2, 0, 0.2, NULL, 0, true, false, false},
        {3, 0.5, -1, 4, -0.1, 0.9, NULL, 0, true, false, false},
    };
    struct scatter scatter = a_scatter();
    struct text out;

    scatter.x.is_log = scatter.y.is_log = true;
    scatter.point = from_zero;
    scatter.count = 2;
    text_init(&out);
    scatter_draw(&scatter, &out);
    check_inside(&out, 560, 380);
    text_clear(&out);
}
END_TEST

START_TEST(bounds_that_are_given_are_where_the_axis_ends_and_bars_with_it)
{
    struct scatter scatter = a_scatter();
    struct text out;

    scatter.sheet.title = NULL;
    scatter.x = (struct chart_axis){"x", "", false, 0, 6e-6, true};
    scatter.y = (struct chart_axis){"y", "", false, 0.79, 0.91, true};
    scatter.count = 2; // those inside; the first one's bars go from 0.78 to 0.82
    scatter.series_count = 1;
    text_init(&out);
    scatter_draw(&scatter, &out);
    check_inside(&out, 560, 380);
    ck_assert_ptr_nonnull(strstr(out.at, ">0.80<"));
    ck_assert_ptr_null(strstr(out.at, ">0.78<"));
    ck_assert_ptr_null(strstr(out.at, ">0.92<"));
    text_clear(&out);
}
END_TEST

START_TEST(a_curve_breaks_where_a_logarithmic_axis_has_no_place)
{
    static const double values[] = {0.5, 0.25, 0, 0.125, 0.06, -1};
    static const struct line line = {"loss", values, 6};
    struct text out;
    int paths = 0;

    text_init(&out);
    lines_draw(&(struct lines){{400, 300, NULL, NULL, NULL},
                               "epoch",
                               {.title = "loss", .unit = "", .is_log = true},
                               &line,
                               1},
               &out);
    check_inside(&out, 400, 300);
    for (const char *at = out.at; (at = strstr(at, "stroke-width=\"1.4\"")) != NULL; at++)
        paths++;
    ck_assert_int_eq(paths, 2);
    text_clear(&out);
}
END_TEST

START_TEST(drawings_are_the_same_every_time)
{
    struct scatter scatter = a_scatter();
    struct text first, second;

    text_init(&first);
    text_init(&second);
    scatter_draw(&scatter, &first);
    scatter_draw(&scatter, &second);
    ck_assert_str_eq(first.at, second.at);
    text_clear(&first);
    text_clear(&second);
}
END_TEST

START_TEST(colours_stay_apart_for_the_colour_blind)
{
    // Deuteranopes lose the difference between red and green (Vienot, Brettel, Mollon 1999): what
    // is left, their mix and blue, must still tell two colours apart.
    for (int i = 0; i < SERIES_MAX; i++)
        for (int j = 0; j < i; j++) {
            unsigned a = (unsigned)strtoul(svg_colour[i] + 1, NULL, 16);
            unsigned b = (unsigned)strtoul(svg_colour[j] + 1, NULL, 16);
            double red = 0.66 * ((int)(a >> 16) - (int)(b >> 16));
            double green = 0.34 * ((int)(a >> 8 & 255) - (int)(b >> 8 & 255));
            double blue = (int)(a & 255) - (int)(b & 255);
            ck_assert_msg(fabs(red + green) + fabs(blue) > 30, "%s %s", svg_colour[i],
                          svg_colour[j]);
        }
}
END_TEST

Suite *chart_suite(void);

Suite *chart_suite(void)
{
    Suite *suite = suite_create("chart");
    TCase *tests = tcase_create("chart");

    tcase_add_loop_test(tests, linear_ticks_are_those_that_d3_chooses, 0, LINEAR_COUNT);
    tcase_add_test(tests, decimals_tell_ticks_apart);
    tcase_add_loop_test(tests, logarithmic_ticks_are_powers_of_ten_and_2_and_5_where_there_is_room,
                        0, LOGARITHMIC_COUNT);
    tcase_add_test(tests, every_scale_has_two_labels_or_more);
    tcase_add_test(tests, a_place_maps_back_to_its_value);
    tcase_add_test(tests, a_scale_of_one_value_and_one_that_cannot_be_logarithmic_are_still_scales);
    tcase_add_test(tests, prefixes_are_powers_of_a_thousand);
    tcase_add_test(tests, the_front_is_what_nobody_beats);
    tcase_add_test(tests, without_a_direction_there_is_no_front);
    tcase_add_test(tests, labels_stand_on_nothing_and_not_on_each_other);
    tcase_add_test(tests, drawings_are_whole_xml_whatever_names_say);
    tcase_add_test(tests, axes_that_agree_have_a_line_and_no_front);
    tcase_add_test(tests, points_and_bars_stand_where_their_values_are);
    tcase_add_test(tests, an_interval_down_to_zero_is_cut_off_where_a_logarithmic_axis_ends);
    tcase_add_test(tests, bounds_that_are_given_are_where_the_axis_ends_and_bars_with_it);
    tcase_add_test(tests, a_curve_breaks_where_a_logarithmic_axis_has_no_place);
    tcase_add_test(tests, drawings_are_the_same_every_time);
    tcase_add_test(tests, colours_stay_apart_for_the_colour_blind);
    suite_add_tcase(suite, tests);
    return suite;
}
