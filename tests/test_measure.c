// Energy counters on fake trees of sysfs: reading them, what fails, what begins anew. Traps that
// other tools fell into stand with the number where their users reported them.
#include <check.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/sysfs.h"

// ---- one counter --------------------------------------------------------------------------------

START_TEST(a_counter_gives_the_joules_between_two_readings)
{
    assert_zone_counts("intel-rapl:0", 1000, 42.5, 2);
}
END_TEST

START_TEST(a_measurement_can_be_repeated)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1010);
    assert_measured(1, 10, "powercap package-0", PACKAGES);
    meter_begin(sysfs_meter, 200);
    sysfs_set("intel-rapl:0", 1013);
    assert_measured(101, 3, "powercap package-0", PACKAGES);
}
END_TEST

static const struct {
    const char *range;
    double before, after, joules;
} wraps[] = {{INTEL_RANGE, 262143, 5, 5.32885}, {AMD_RANGE, 65532, 10, 10.610987}};

START_TEST(a_counter_that_begins_anew_goes_on_from_its_range)
{
    sysfs_zone("intel-rapl:0", "package-0", wraps[_i].range, wraps[_i].before);
    sysfs_begin();
    sysfs_set("intel-rapl:0", wraps[_i].after);
    assert_measured(1, wraps[_i].joules, "powercap package-0", PACKAGES);
}
END_TEST

// zeus#91: a package at 280 W wraps every 234 s, a run lasts longer.
START_TEST(a_counter_that_begins_anew_several_times_is_followed_by_samples)
{
    double at = 60000, total = 0;

    sysfs_zone("intel-rapl:0", "package-0", AMD_RANGE, at);
    sysfs_begin();
    ck_assert_double_le(meter_period(sysfs_meter), 65532 / (2 * 5000.0));
    for (int i = 1; i <= 200; i++) {
        at += 1400; // 280 W, 5 s
        total += 1400;
        if (at > 65532.610987)
            at -= 65532.610987;
        sysfs_set("intel-rapl:0", at);
        if (i < 200)
            meter_sample(sysfs_meter, 100 + 5 * i);
    }
    ck_assert_double_gt(total, 4 * 65532.0);
    assert_measured(1000, total, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(without_samples_it_is_not_known_how_often_a_counter_began_anew)
{
    sysfs_zone("intel-rapl:0", "package-0", AMD_RANGE, 60000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 61000);
    assert_not_measured(1000, "how many times it began anew");
}
END_TEST

// EnergiBridge#17: -250 769 J.
static const char *const unknown_ranges[] = {NULL, "0", "junk"};

START_TEST(a_counter_that_goes_back_without_a_range_gives_nothing_and_nothing_negative)
{
    sysfs_zone("intel-rapl:0", "package-0", unknown_ranges[_i], 1000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 10);
    assert_not_measured(1, "went back");
}
END_TEST

// A machine that slept starts at 0: that is no wrap.
START_TEST(a_counter_that_was_set_anew_is_no_counter_that_began_anew)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 100000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 5);
    assert_not_measured(5, "jumped");
}
END_TEST

// scaphandre#280 took 2^64 as the range, pyJoules#20 another unit.
START_TEST(a_jump_beyond_any_processors_power_is_no_energy)
{
    sysfs_zone("intel-rapl:0", "package-0", NULL, 5);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 50000);
    assert_not_measured(1, "jumped");
}
END_TEST

// pyJoules#17.
START_TEST(a_counter_that_did_not_move_gives_nothing_and_not_zero)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 5);
    sysfs_begin();
    assert_not_measured(0.0005, "did not move");
}
END_TEST

// ---- failures -----------------------------------------------------------------------------------

// codecarbon takes a failed reading for 0 and adds the range for the wrap that it sees.
START_TEST(a_reading_that_fails_in_the_end_is_neither_zero_nor_a_wrap)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_begin();
    sysfs_take_away("powercap/intel-rapl:0/energy_uj");
    assert_not_measured(1, "cannot read");
}
END_TEST

static const char *const contents[] = {"",       "\n",      "-5\n",
                                       "junk\n", "12 34\n", "99999999999999999999999\n"};

START_TEST(what_is_no_number_is_no_reading)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_begin();
    sysfs_put("powercap/intel-rapl:0/energy_uj", contents[_i]);
    assert_not_measured(1, "holds no number");
}
END_TEST

START_TEST(a_sample_that_fails_is_bridged_by_the_next)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_begin();
    sysfs_put("powercap/intel-rapl:0/energy_uj", "");
    meter_sample(sysfs_meter, 105);
    sysfs_set("intel-rapl:0", 1020);
    assert_measured(10, 20, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(one_of_two_packages_alone_is_no_sum)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:1", "package-1", INTEL_RANGE, 2000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1010);
    sysfs_take_away("powercap/intel-rapl:1/energy_uj");
    assert_not_measured(1, "intel-rapl:1/energy_uj");
}
END_TEST

// PLATYPUS, CVE-2020-8694: the file is root's alone since Linux 5.10.
START_TEST(a_counter_that_may_not_be_read_is_told_with_what_helps)
{
    uid_t user = geteuid();
    char name[256];

    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_path(name, sizeof name, "powercap/intel-rapl:0/energy_uj");
    ck_assert_int_eq(chmod(name, 0), 0);
    if (user == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    sysfs_meter = meter_new(sysfs_root);
    if (user == 0)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert(!meter_is_there(sysfs_meter));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "chmod a+r"));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "intel-rapl:0/energy_uj"));
    ck_assert(isnan(meter_end(sysfs_meter, 1)));
}
END_TEST

START_TEST(a_machine_without_counters_says_so)
{
    sysfs_meter = meter_new(sysfs_root);
    ck_assert(!meter_is_there(sysfs_meter));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "no energy counter"));
    meter_start(sysfs_meter);
    ck_assert(isnan(meter_stop(sysfs_meter, NULL)));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "no energy counter"));
    ck_assert_ptr_null(meter_counter(sysfs_meter));
}
END_TEST

START_TEST(the_root_comes_from_the_environment)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    setenv("ECAI_SYSFS", sysfs_root, 1);
    sysfs_meter = meter_new(NULL);
    unsetenv("ECAI_SYSFS");
    ck_assert(meter_is_there(sysfs_meter));
}
END_TEST

// ---- the thread ---------------------------------------------------------------------------------

static void wait_seconds(double seconds)
{
    struct timespec time = {0, (long)(seconds * 1e9)};

    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        continue;
}

// At both ends there are 10 W; only who looks in between sees the 1000.
START_TEST(the_thread_sees_what_happens_between_start_and_stop)
{
    double seconds, joules;

    sysfs_put_in("hwmon/hwmon2", "name", "power_meter\n");
    sysfs_put_in("hwmon/hwmon2", "power1_average", "10000000\n");
    sysfs_meter = meter_new(sysfs_root);
    meter_start(sysfs_meter);
    sysfs_put_in("hwmon/hwmon2", "power1_average", "1000000000\n");
    wait_seconds(0.7);
    sysfs_put_in("hwmon/hwmon2", "power1_average", "10000000\n");
    joules = meter_stop(sysfs_meter, &seconds);
    ck_assert_msg(!isnan(joules), "%s", meter_reason(sysfs_meter));
    ck_assert_double_ge(seconds, 0.7);
    ck_assert_double_gt(joules, 200);
    ck_assert_double_lt(joules, 1000 * seconds);
}
END_TEST

START_TEST(a_meter_that_runs_can_be_freed)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_meter = meter_new(sysfs_root);
    meter_start(sysfs_meter);
    meter_free(sysfs_meter);
    sysfs_meter = NULL;
}
END_TEST

// ---- above idle ---------------------------------------------------------------------------------

// Idle at 10 and 12 W, busy at 21 W for 2 s with 10 inferences and 31 W for 1 s with 10: above the
// idle 11 W these are 2 J and 2 J an inference.
START_TEST(the_energy_of_an_inference_is_what_lies_above_idle)
{
    const struct measured_window window[] = {{10, 1, 0}, {42, 2, 10}, {24, 2, 0}, {31, 1, 10}};
    struct measured_inference of = measured_above_idle(window, 4);

    ck_assert_double_eq_tol(of.idle_watts, 11, 1e-12);
    ck_assert_double_eq_tol(of.joules, 2, 1e-12);
    // Spread of the idle power alone: a standard error of 1 W over 0.15 s, t of one freedom.
    ck_assert_double_eq_tol(of.high - of.joules, 12.706 * 0.15, 1e-9);
    ck_assert_double_eq_tol(of.joules - of.low, 12.706 * 0.15, 1e-9);
}
END_TEST

START_TEST(windows_that_agree_have_a_narrow_interval)
{
    struct measured_window window[10];
    struct measured_inference of;

    for (int i = 0; i < 10; i++)
        window[i] =
            i % 2 ? (struct measured_window){50, 1, 100} : (struct measured_window){20, 1, 0};
    of = measured_above_idle(window, 10);
    ck_assert_double_eq_tol(of.joules, 0.3, 1e-12);
    ck_assert_double_eq_tol(of.low, 0.3, 1e-12);
    ck_assert_double_eq_tol(of.high, 0.3, 1e-12);
}
END_TEST

START_TEST(a_single_window_or_none_of_idle_tells_nothing)
{
    const struct measured_window window[] = {{10, 1, 0}, {50, 1, 5}, {50, 1, 5}, {10, 1, 0}};

    ck_assert(isnan(measured_above_idle(window, 3).joules));
    ck_assert(isnan(measured_above_idle(window + 1, 3).joules));
    ck_assert(isnan(measured_above_idle(window, 0).joules));
    ck_assert(!isnan(measured_above_idle(window, 4).joules));
}
END_TEST

START_TEST(a_window_that_was_not_measured_makes_the_result_unknown)
{
    const struct measured_window window[] = {{10, 1, 0}, {NAN, 1, 5}, {50, 1, 5}, {10, 1, 0}};

    ck_assert(isnan(measured_above_idle(window, 4).joules));
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

// ---- windows ------------------------------------------------------------------------------------

// A counter that takes 10 W, until it is killed.
static pid_t start_idle_machine(void)
{
    char path[256], fresh[300], text[64];
    double start = clock_seconds();
    pid_t child = fork();

    if (child != 0)
        return child;
    sysfs_path(path, sizeof path, "powercap/intel-rapl:0/energy_uj");
    snprintf(fresh, sizeof fresh, "%s.new", path);
    for (;;) {
        FILE *file = fopen(fresh, "w");
        if (!file)
            _exit(1);
        snprintf(text, sizeof text, "%.0f\n", 1e6 * (1000 + 10 * (clock_seconds() - start)));
        fputs(text, file);
        fclose(file);
        rename(fresh, path);
        wait_seconds(0.001);
    }
}

// An inference of 5 ms takes 2 J of another package.
static enum status infer(void *self, double *inferences)
{
    double *spent = self;

    *spent += 2;
    *inferences += 1;
    sysfs_set("intel-rapl:1", 5000 + *spent);
    wait_seconds(0.005);
    return OK;
}

START_TEST(windows_of_idle_and_load_take_turns)
{
    struct measured_inference of;
    struct context context;
    double spent = 0;
    const struct measured_load load = {infer, &spent};
    enum status status;
    pid_t child;

    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:1", "package-1", INTEL_RANGE, 5000);
    context_init(&context);
    child = start_idle_machine();
    sysfs_meter = meter_new(sysfs_root);
    status = measured_windows(&context, sysfs_meter, &load, 0.1, &of);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(status, OK);
    ck_assert_msg(!isnan(of.joules), "%s", meter_reason(sysfs_meter));
    // The machine of the test has other work, so that the windows are not exactly of that length.
    ck_assert_double_eq_tol(of.joules, 2, 0.5);
    ck_assert_double_eq_tol(of.idle_watts, 10, 5);
    ck_assert(of.low <= of.joules && of.joules <= of.high);
}
END_TEST

// A platform counter that moves only under load: idle windows are the package's, the others its
// own.
START_TEST(windows_of_different_counters_are_not_subtracted_from_each_other)
{
    struct measured_inference of;
    struct context context;
    double spent = 0;
    const struct measured_load load = {infer, &spent};
    pid_t child;

    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:1", "psys", INTEL_RANGE, 5000);
    context_init(&context);
    child = start_idle_machine();
    sysfs_meter = meter_new(sysfs_root);
    ck_assert_int_eq(measured_windows(&context, sysfs_meter, &load, 0.05, &of), OK);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert(isnan(of.joules) && isnan(of.low));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "'powercap package-0' (processor"));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "'powercap psys' (whole platform"));
    ck_assert_ptr_null(meter_counter(sysfs_meter));
}
END_TEST

START_TEST(a_counter_that_stands_still_tells_nothing_of_the_idle_machine)
{
    struct measured_inference of;
    struct context context;
    double spent = 0;
    const struct measured_load load = {infer, &spent};

    sysfs_zone("intel-rapl:1", "package-1", INTEL_RANGE, 5000);
    context_init(&context);
    sysfs_meter = meter_new(sysfs_root);
    ck_assert_int_eq(measured_windows(&context, sysfs_meter, &load, 0.01, &of), OK);
    ck_assert(isnan(of.joules));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "did not move"));
}
END_TEST

static enum status refuse(void *self, double *inferences)
{
    (void)inferences;
    return context_fail(self, ERR_NUMERIC, "no inference");
}

START_TEST(a_load_that_fails_ends_the_measurement)
{
    struct measured_inference of;
    struct context context;
    const struct measured_load load = {refuse, &context};

    sysfs_zone("intel-rapl:1", "package-1", INTEL_RANGE, 5000);
    context_init(&context);
    sysfs_meter = meter_new(sysfs_root);
    ck_assert_int_eq(measured_windows(&context, sysfs_meter, &load, 0.01, &of), ERR_NUMERIC);
    ck_assert_str_eq(context.error, "no inference");
}
END_TEST

static void add_one_counter(TCase *tcase)
{
    tcase_add_test(tcase, a_counter_gives_the_joules_between_two_readings);
    tcase_add_test(tcase, a_measurement_can_be_repeated);
    tcase_add_loop_test(tcase, a_counter_that_begins_anew_goes_on_from_its_range, 0, ROWS(wraps));
    tcase_add_test(tcase, a_counter_that_begins_anew_several_times_is_followed_by_samples);
    tcase_add_test(tcase, without_samples_it_is_not_known_how_often_a_counter_began_anew);
    tcase_add_loop_test(tcase,
                        a_counter_that_goes_back_without_a_range_gives_nothing_and_nothing_negative,
                        0, ROWS(unknown_ranges));
    tcase_add_test(tcase, a_counter_that_was_set_anew_is_no_counter_that_began_anew);
    tcase_add_test(tcase, a_jump_beyond_any_processors_power_is_no_energy);
    tcase_add_test(tcase, a_counter_that_did_not_move_gives_nothing_and_not_zero);
    tcase_add_test(tcase, a_reading_that_fails_in_the_end_is_neither_zero_nor_a_wrap);
    tcase_add_loop_test(tcase, what_is_no_number_is_no_reading, 0, ROWS(contents));
    tcase_add_test(tcase, a_sample_that_fails_is_bridged_by_the_next);
    tcase_add_test(tcase, one_of_two_packages_alone_is_no_sum);
    tcase_add_test(tcase, a_counter_that_may_not_be_read_is_told_with_what_helps);
    tcase_add_test(tcase, a_machine_without_counters_says_so);
    tcase_add_test(tcase, the_root_comes_from_the_environment);
    tcase_add_test(tcase, the_thread_sees_what_happens_between_start_and_stop);
    tcase_add_test(tcase, a_meter_that_runs_can_be_freed);
    tcase_add_test(tcase, windows_of_idle_and_load_take_turns);
    tcase_add_test(tcase, windows_of_different_counters_are_not_subtracted_from_each_other);
    tcase_add_test(tcase, a_counter_that_stands_still_tells_nothing_of_the_idle_machine);
    tcase_add_test(tcase, a_load_that_fails_ends_the_measurement);
}

Suite *measure_suite(void);
Suite *measure_suite(void)
{
    Suite *suite = suite_create("measure");
    TCase *tcase = tcase_create("counters"), *idle = tcase_create("idle");

    tcase_add_checked_fixture(tcase, sysfs_set_up, sysfs_tear_down);
    tcase_set_timeout(tcase, 60);
    add_one_counter(tcase);
    suite_add_tcase(suite, tcase);
    tcase_add_test(idle, the_energy_of_an_inference_is_what_lies_above_idle);
    tcase_add_test(idle, windows_that_agree_have_a_narrow_interval);
    tcase_add_test(idle, a_single_window_or_none_of_idle_tells_nothing);
    tcase_add_test(idle, a_window_that_was_not_measured_makes_the_result_unknown);
    suite_add_tcase(suite, idle);
    return suite;
}
