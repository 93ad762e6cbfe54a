// Requirements: what is understood, what is refused before anything runs, and the verdicts.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/certainty.h"
#include "cli/requirement.h"

static struct context context;
static struct arena *arena;
static struct json *report;
static const char *const devices[] = {"asic-45nm", "mcu-cortex-m4", "e:array.rows=4", NULL};

static void set_up(void)
{
    static const char text[] =
        "{\"accuracy\":{\"value\":0.9,\"ci95\":[0.88,0.92],\"top5\":null},"
        "\"model\":{\"bytes\":65536},"
        "\"baseline\":{\"difference\":-0.004,\"non_inferior\":{\"holds\":true}},"
        "\"energy\":{\"device\":\"asic-45nm\",\"joules\":4e-05,\"interval\":[2e-05,8e-05],"
        "\"fits\":null,\"seconds\":0.001,\"seconds_interval\":[0.0005,0.002],\"measured\":{"
        "\"joules\":0.5,\"interval\":[0.4,0.6],\"counter\":\"c\"}},"
        "\"energy_by_device\":{\"mcu-cortex-m4\":{\"joules\":0.002,\"interval\":[0.001,0.004]},"
        "\"e:array.rows=4\":{\"joules\":0.003,\"interval\":null}},"
        "\"ratio\":{\"energy\":10,\"energy_interval\":[8,12.5]},"
        "\"ratio_by_device\":{\"mcu-cortex-m4\":{\"energy\":3,\"energy_interval\":[2,4.5]}},"
        "\"cost\":{\"joules\":7,\"interval\":[3.5,14],\"grams\":2,\"grams_interval\":[1,4],"
        "\"device\":\"cpu-server-x86\"},"
        "\"carbon\":{\"device\":\"cpu-phone-a76\",\"joules\":0.01,\"interval\":[0.008,0.012],"
        "\"grams\":1e-06,\"grams_interval\":[8e-07,1.2e-06],"
        "\"per_year\":{\"grams\":10,\"grams_interval\":[8,12]}}}";

    context_init(&context);
    arena = arena_new();
    ck_assert_int_eq(json_parse(&context, text, strlen(text), &report), OK);
}

static void tear_down(void)
{
    json_free(report);
    arena_free(arena);
}

static const struct {
    const char *expression;
    enum verdict verdict;
} verdicts[] = {
    {"accuracy.value >= 0.9", VERDICT_HOLDS},
    {"accuracy.value>=90%", VERDICT_HOLDS},
    {"accuracy.value > 0.9", VERDICT_MISSED},
    {"accuracy.value < 0.91", VERDICT_HOLDS},
    {"accuracy.value != 0.9", VERDICT_MISSED},
    {"accuracy.ci95.0 >= 0.88", VERDICT_HOLDS},
    {"accuracy.ci95.2 >= 0.88", VERDICT_UNKNOWN},
    {"accuracy.top5 >= 0.5", VERDICT_UNKNOWN},
    {"accuracy.per_class.3.value >= 0.5", VERDICT_UNKNOWN},
    {"model.bytes <= 64KiB", VERDICT_HOLDS},
    {"model.bytes <= 64kB", VERDICT_MISSED},
    {"model.bytes <= 0.0625 MiB", VERDICT_HOLDS},
    {"energy.joules <= 40uJ", VERDICT_HOLDS},
    {"energy.joules <= 0.039mJ", VERDICT_MISSED},
    {"energy.joules <= 0.00004", VERDICT_HOLDS},
    {"energy_by_device.mcu-cortex-m4.joules < 3mJ", VERDICT_HOLDS},
    {"energy_by_device.asic-45nm.joules < 3mJ", VERDICT_UNKNOWN},
    {"baseline.difference >= -0.5%", VERDICT_HOLDS},
    {"baseline.difference >= -0.003", VERDICT_MISSED},
    {"baseline.difference >= -50%", VERDICT_HOLDS},
    {"baseline.non_inferior.holds == true", VERDICT_HOLDS},
    {"baseline.non_inferior.holds != true", VERDICT_MISSED},
    {"energy.fits == true", VERDICT_UNKNOWN},
    // A device may be named with what was changed of it.
    {"energy_by_device.e:array.rows=4.joules <= 3mJ", VERDICT_HOLDS},
    {"energy_by_device.e:array.rows=4.joules < 3mJ", VERDICT_MISSED},
};
enum { VERDICT_COUNT = sizeof verdicts / sizeof *verdicts };

START_TEST(a_requirement_is_judged_by_the_report)
{
    struct requirement requirement;
    double value;

    ck_assert_msg(
        requirement_parse(&context, arena, verdicts[_i].expression, devices, &requirement) == OK,
        "%s", context.error);
    ck_assert_msg(requirement_judge(&requirement, report, &value) == verdicts[_i].verdict, "%s",
                  verdicts[_i].expression);
    ck_assert_int_eq(isnan(value), verdicts[_i].verdict == VERDICT_UNKNOWN);
}
END_TEST

static const struct {
    const char *expression, *message;
} refused[] = {
    {"accuracy.value", "requirement 'accuracy.value' has no comparison (>=, <=, >, <, == or !=)"},
    {"accuracy.value = 0.9",
     "requirement 'accuracy.value = 0.9' has no comparison (>=, <=, >, <, == or !=)"},
    {"acuracy.value >= 0.9", "requirement 'acuracy.value >= 0.9': unknown key 'acuracy.value' "
                             "(did you mean 'accuracy.value'?)"},
    {"accuracy >= 0.9", "requirement 'accuracy >= 0.9': unknown key 'accuracy'"},
    {"accuracy.value.x >= 0.9",
     "requirement 'accuracy.value.x >= 0.9': unknown key 'accuracy.value.x' "
     "(did you mean 'accuracy.value'?)"},
    {"accuracy.ci95.x >= 0.9", "requirement 'accuracy.ci95.x >= 0.9': unknown key "
                               "'accuracy.ci95.x' (did you mean 'accuracy.ci95.#'?)"},
    {"energy_by_device.vax.joules >= 1",
     "requirement 'energy_by_device.vax.joules >= 1': unknown key 'energy_by_device.vax.joules'"},
    {"accuracy.value >= 40uJ", "requirement 'accuracy.value >= 40uJ': 'accuracy.value' wants a "
                               "number or %, got '40uJ'"},
    {"model.bytes <= 90%", "requirement 'model.bytes <= 90%': 'model.bytes' wants bytes, kB, MB, "
                           "KiB or MiB, got '90%'"},
    {"model.bytes <= 1+1", "requirement 'model.bytes <= 1+1': 'model.bytes' wants bytes, kB, MB, "
                           "KiB or MiB, got '1+1'"},
    {"model.parameters <= true", "requirement 'model.parameters <= true': 'model.parameters' "
                                 "wants a number without unit, got 'true'"},
    {"model.bytes <= ", "requirement 'model.bytes <=': 'model.bytes' wants bytes, kB, MB, KiB or "
                        "MiB, got ''"},
    {"model.bytes <= nan", "requirement 'model.bytes <= nan': 'model.bytes' wants bytes, kB, MB, "
                           "KiB or MiB, got 'nan'"},
    {"model.bytes <= 0x10", "requirement 'model.bytes <= 0x10': 'model.bytes' wants bytes, kB, "
                            "MB, KiB or MiB, got '0x10'"},
    {"model.file == 3", "requirement 'model.file == 3': unknown key 'model.file'"},
    {"baseline.non_inferior.holds >= true",
     "requirement 'baseline.non_inferior.holds >= true': 'baseline.non_inferior.holds' takes only "
     "== and !="},
    {"baseline.non_inferior.holds == 1",
     "requirement 'baseline.non_inferior.holds == 1': 'baseline.non_inferior.holds' wants true or "
     "false, got '1'"},
    {"baseline.difference >= -0.5",
     "requirement 'baseline.difference >= -0.5': a bound beyond 0.1 on 'baseline.difference' must "
     "be written with % (did you mean '-0.5%'?)"},
};
enum { REFUSED_COUNT = sizeof refused / sizeof *refused };

START_TEST(a_senseless_requirement_is_refused)
{
    struct requirement requirement;

    ck_assert_int_eq(
        requirement_parse(&context, arena, refused[_i].expression, devices, &requirement),
        ERR_USAGE);
    // The nearest name is a help whose wording may follow the table.
    if (!strstr(refused[_i].message, "unknown key") || strstr(refused[_i].message, "mean"))
        ck_assert_str_eq(context.error, refused[_i].message);
    else
        ck_assert_msg(strncmp(context.error, refused[_i].message, strlen(refused[_i].message)) == 0,
                      "%s", context.error);
}
END_TEST

START_TEST(bounds_need_no_quoting)
{
    struct requirement requirement;
    double value;

    ck_assert_int_eq(requirement_parse_bound(&context, arena, "accuracy.value=0.91", AT_LEAST,
                                             devices, &requirement),
                     OK);
    ck_assert_str_eq(requirement.expression, "accuracy.value >= 0.91");
    ck_assert_int_eq(requirement_judge(&requirement, report, &value), VERDICT_MISSED);
    ck_assert_double_eq(value, 0.9);
    ck_assert_int_eq(requirement_parse_bound(&context, arena, "model.bytes=64KiB", AT_MOST, devices,
                                             &requirement),
                     OK);
    ck_assert_int_eq(requirement_judge(&requirement, report, &value), VERDICT_HOLDS);
}
END_TEST

START_TEST(a_bound_on_a_device_with_changes_needs_no_quoting_either)
{
    struct requirement requirement;
    double value;

    ck_assert_int_eq(requirement_parse_bound(&context, arena,
                                             "energy_by_device.e:array.rows=4.joules=3mJ", AT_MOST,
                                             devices, &requirement),
                     OK);
    ck_assert_str_eq(requirement.key, "energy_by_device.e:array.rows=4.joules");
    ck_assert_int_eq(requirement_judge(&requirement, report, &value), VERDICT_HOLDS);
}
END_TEST

// ---- certainty ----------------------------------------------------------------------------------

static const struct {
    const char *expression;
    enum certainty certainty;
} certainties[] = {
    {"energy.joules <= 41uJ", UNCERTAIN}, // 20 .. 80 uJ
    {"energy.joules <= 39uJ", UNCERTAIN},
    {"energy.joules <= 80uJ", CERTAIN},
    {"energy.joules < 80uJ", UNCERTAIN},
    {"energy.joules <= 20uJ", UNCERTAIN},
    {"energy.joules < 20uJ", CERTAIN},
    {"energy.joules <= 19uJ", CERTAIN},
    {"energy.joules >= 20uJ", CERTAIN},
    {"energy.joules >= 21uJ", UNCERTAIN},
    {"energy.joules == 40uJ", UNCERTAIN},
    {"energy.joules != 40uJ", UNCERTAIN},
    {"energy.joules != 81uJ", CERTAIN},
    {"energy_by_device.mcu-cortex-m4.joules < 3mJ", UNCERTAIN},
    {"energy_by_device.mcu-cortex-m4.joules < 5mJ", CERTAIN},
    {"energy_by_device.e:array.rows=4.joules < 3mJ", CERTAINTY_UNKNOWN},
    {"energy_by_device.asic-45nm.joules < 3mJ", CERTAINTY_UNKNOWN},
    {"energy.measured.joules <= 0.55", UNCERTAIN},
    {"energy.measured.joules <= 0.6", CERTAIN},
    {"ratio.energy >= 9", UNCERTAIN},
    {"ratio.energy >= 8", CERTAIN},
    {"ratio_by_device.mcu-cortex-m4.energy > 4", UNCERTAIN},
    {"cost.joules <= 10", UNCERTAIN},
    {"cost.grams <= 3", UNCERTAIN},
    {"carbon.joules <= 11mJ", UNCERTAIN},
    {"carbon.joules <= 13mJ", CERTAIN},
    {"carbon.grams <= 1.1e-6", UNCERTAIN},
    {"carbon.per_year.grams <= 11", UNCERTAIN},
    {"carbon.per_year.grams <= 12", CERTAIN},
    {"energy.seconds <= 1500us", UNCERTAIN},
    {"energy.seconds <= 2ms", CERTAIN},
    {"accuracy.value >= 0.9", CERTAINTY_UNKNOWN}, // of a sample, told by ci95 and --margin
    {"model.bytes <= 64KiB", CERTAINTY_UNKNOWN},
    {"energy.fits == true", CERTAINTY_UNKNOWN},
};
enum { CERTAINTY_COUNT = sizeof certainties / sizeof *certainties };

START_TEST(a_verdict_is_certain_where_the_whole_interval_gives_it)
{
    struct requirement of;
    struct uncertain_figure figure;
    enum certainty certainty = CERTAINTY_UNKNOWN;

    ck_assert_msg(requirement_parse(&context, arena, certainties[_i].expression, devices, &of) ==
                      OK,
                  "%s", context.error);
    if (certainty_find(&of, report, &figure))
        certainty = certainty_of(&figure, of.relation, of.value);
    ck_assert_msg(certainty == certainties[_i].certainty, "%s", certainties[_i].expression);
}
END_TEST

static const struct {
    const char *expression, *words;
} doubts[] = {
    {"energy.joules <= 41uJ",
     "energy.joules <= 41uJ holds by the estimate (40.0 uJ), but the error of the profile "
     "'asic-45nm' (100 %) reaches from 20.0 uJ to 80.0 uJ"},
    {"energy_by_device.mcu-cortex-m4.joules <= 1500uJ",
     "energy_by_device.mcu-cortex-m4.joules <= 1500uJ is missed by the estimate (2.00 mJ), but the "
     "error of the profile 'mcu-cortex-m4' (100 %) reaches from 1.00 mJ to 4.00 mJ"},
    {"ratio.energy >= 9", "ratio.energy >= 9 holds by the estimate (10), but the error of the "
                          "profile 'asic-45nm' (25 %) reaches from 8 to 12.5"},
    {"energy.measured.joules <= 0.55",
     "energy.measured.joules <= 0.55 holds by the reading (500 mJ), but its interval (95 %) "
     "reaches from 400 mJ to 600 mJ"},
    {"cost.joules <= 10", "cost.joules <= 10 holds by the estimate (7 J), but the error of the "
                          "profile 'cpu-server-x86' (100 %) reaches from 3.50 J to 14 J"},
    {"carbon.per_year.grams <= 11",
     "carbon.per_year.grams <= 11 holds by the estimate (10), but the error of the profile "
     "'cpu-phone-a76' (20 %) reaches from 8 to 12"},
    {"carbon.joules <= 9mJ",
     "carbon.joules <= 9mJ is missed by the estimate (10.0 mJ), but the error of the profile "
     "'cpu-phone-a76' (20 %) reaches from 8.00 mJ to 12.0 mJ"},
    {"energy.seconds <= 1500us",
     "energy.seconds <= 1500us holds by the estimate (1.00 ms), but the error of the profile "
     "'asic-45nm' (100 %) reaches from 500 us to 2.00 ms"},
};

START_TEST(a_doubt_names_the_requirement_the_interval_and_the_profile)
{
    struct requirement of;
    struct uncertain_figure figure;
    struct text text;
    double value;

    ck_assert_int_eq(requirement_parse(&context, arena, doubts[_i].expression, devices, &of), OK);
    ck_assert(certainty_find(&of, report, &figure));
    text_init(&text);
    certainty_text(of.expression, requirement_judge(&of, report, &value) == VERDICT_HOLDS, &figure,
                   &text);
    ck_assert_str_eq(text.at, doubts[_i].words);
    text_clear(&text);
}
END_TEST

START_TEST(a_bound_without_equals_sign_is_refused)
{
    struct requirement requirement;

    ck_assert_int_eq(
        requirement_parse_bound(&context, arena, "accuracy.value", AT_MOST, devices, &requirement),
        ERR_USAGE);
    ck_assert_str_eq(context.error, "'--max' wants KEY=VALUE, got 'accuracy.value'");
}
END_TEST

START_TEST(percent_and_fraction_are_the_same_number)
{
    double percent, fraction;

    for (int i = 0; i <= 1000; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d.%d%%", i / 10, i % 10);
        ck_assert(parse_quantity(text, QUANTITY_FRACTION, &percent));
        snprintf(text, sizeof text, "%d.%03d", i / 1000, i % 1000);
        ck_assert(parse_quantity(text, QUANTITY_FRACTION, &fraction));
        ck_assert_double_eq_tol(percent, fraction, 1e-15); // one division's rounding
    }
    ck_assert(parse_quantity("90%", QUANTITY_FRACTION, &percent));
    ck_assert_double_eq(percent, 0.9);
}
END_TEST

Suite *requirement_suite(void);

Suite *requirement_suite(void)
{
    Suite *suite = suite_create("requirement");
    TCase *tests = tcase_create("requirement");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_requirement_is_judged_by_the_report, 0, VERDICT_COUNT);
    tcase_add_loop_test(tests, a_senseless_requirement_is_refused, 0, REFUSED_COUNT);
    tcase_add_test(tests, bounds_need_no_quoting);
    tcase_add_test(tests, a_bound_on_a_device_with_changes_needs_no_quoting_either);
    tcase_add_loop_test(tests, a_verdict_is_certain_where_the_whole_interval_gives_it, 0,
                        CERTAINTY_COUNT);
    tcase_add_loop_test(tests, a_doubt_names_the_requirement_the_interval_and_the_profile, 0,
                        sizeof doubts / sizeof *doubts);
    tcase_add_test(tests, a_bound_without_equals_sign_is_refused);
    tcase_add_test(tests, percent_and_fraction_are_the_same_number);
    suite_add_tcase(suite, tests);
    return suite;
}
