// Energy counters on fake trees of sysfs: every trap that other tools fell into, by number where
// their users reported it.
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "energy/measure.h"

// Ranges as processors have them: 32 bits of 61 and of 15.3 microjoules.
#define INTEL_RANGE "262143328850"
#define AMD_RANGE "65532610987"

static char root[] = "/tmp/test_measure_XXXXXX";
static struct meter *meter;

static void set_up(void)
{
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(chmod(root, 0755), 0);
    meter = NULL;
}

static void tear_down(void)
{
    char command[128];

    meter_free(meter);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

// ---- trees --------------------------------------------------------------------------------------

static void path_of(char *out, size_t bytes, const char *path)
{
    snprintf(out, bytes, "%s/class/%s", root, path);
}

static void make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(path, 0755);
        *at = '/';
    }
}

static void put(const char *path, const char *text)
{
    char name[256];
    FILE *file;

    path_of(name, sizeof name, path);
    make_folders(name);
    file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void put_in(const char *folder, const char *file, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    put(path, text);
}

// A zone of powercap; its counter stands at so many joules.
static void zone(const char *folder, const char *name, const char *range, double joules)
{
    char path[96], text[64];

    snprintf(path, sizeof path, "powercap/%s", folder);
    snprintf(text, sizeof text, "%s\n", name);
    put_in(path, "name", text);
    snprintf(text, sizeof text, "%.0f\n", joules * 1e6);
    put_in(path, "energy_uj", text);
    if (range)
        put_in(path, "max_energy_range_uj", range);
}

static void set(const char *folder, double joules)
{
    char path[96], text[64];

    snprintf(path, sizeof path, "powercap/%s/energy_uj", folder);
    snprintf(text, sizeof text, "%.0f\n", joules * 1e6);
    put(path, text);
}

static void take_away(const char *path)
{
    char name[256];

    path_of(name, sizeof name, path);
    ck_assert_int_eq(unlink(name), 0);
}

static void begin(void)
{
    meter = meter_new(root);
    ck_assert_msg(meter_is_there(meter), "%s", meter_reason(meter));
    meter_begin(meter, 100);
}

static void assert_joules(double seconds, double wanted, const char *counter, const char *scope)
{
    double joules = meter_end(meter, 100 + seconds);

    ck_assert_msg(!isnan(joules), "%s", meter_reason(meter));
    ck_assert_double_eq_tol(joules, wanted, 1e-6);
    ck_assert_str_eq(meter_counter(meter), counter);
    ck_assert_str_eq(meter_scope(meter), scope);
    ck_assert_ptr_null(meter_reason(meter));
}

static void assert_unknown(double seconds, const char *why)
{
    double joules = meter_end(meter, 100 + seconds);

    ck_assert_msg(isnan(joules), "%g J", joules);
    ck_assert_msg(strstr(meter_reason(meter), why) != NULL, "%s", meter_reason(meter));
    ck_assert_ptr_null(meter_counter(meter));
}

#define PACKAGES "processor packages, all that ran"
#define PACKAGES_MEMORY "processor packages and memory, all that ran"

// ---- one counter --------------------------------------------------------------------------------

START_TEST(a_counter_gives_the_joules_between_two_readings)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    begin();
    set("intel-rapl:0", 1042.5);
    assert_joules(2, 42.5, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(a_measurement_can_be_repeated)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    begin();
    set("intel-rapl:0", 1010);
    assert_joules(1, 10, "powercap package-0", PACKAGES);
    meter_begin(meter, 200);
    set("intel-rapl:0", 1013);
    assert_joules(101, 3, "powercap package-0", PACKAGES);
}
END_TEST

static const struct {
    const char *range;
    double before, after, joules;
} wraps[] = {{INTEL_RANGE, 262143, 5, 5.32885}, {AMD_RANGE, 65532, 10, 10.610987}};

START_TEST(a_counter_that_begins_anew_goes_on_from_its_range)
{
    zone("intel-rapl:0", "package-0", wraps[_i].range, wraps[_i].before);
    begin();
    set("intel-rapl:0", wraps[_i].after);
    assert_joules(1, wraps[_i].joules, "powercap package-0", PACKAGES);
}
END_TEST

// zeus#91: a package at 280 W wraps every 234 s, a run lasts longer.
START_TEST(a_counter_that_begins_anew_several_times_is_followed_by_samples)
{
    double at = 60000, total = 0;

    zone("intel-rapl:0", "package-0", AMD_RANGE, at);
    begin();
    ck_assert_double_le(meter_period(meter), 65532 / (2 * 5000.0));
    for (int i = 1; i <= 200; i++) {
        at += 1400; // 280 W, 5 s
        total += 1400;
        if (at > 65532.610987)
            at -= 65532.610987;
        set("intel-rapl:0", at);
        if (i < 200)
            meter_sample(meter, 100 + 5 * i);
    }
    ck_assert_double_gt(total, 4 * 65532.0);
    assert_joules(1000, total, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(without_samples_it_is_not_known_how_often_a_counter_began_anew)
{
    zone("intel-rapl:0", "package-0", AMD_RANGE, 60000);
    begin();
    set("intel-rapl:0", 61000);
    assert_unknown(1000, "how many times it began anew");
}
END_TEST

// EnergiBridge#17: -250 769 J.
static const char *const unknown_ranges[] = {NULL, "0", "junk"};

START_TEST(a_counter_that_goes_back_without_a_range_gives_nothing_and_nothing_negative)
{
    zone("intel-rapl:0", "package-0", unknown_ranges[_i], 1000);
    begin();
    set("intel-rapl:0", 10);
    assert_unknown(1, "went back");
}
END_TEST

// A machine that slept starts at 0: that is no wrap.
START_TEST(a_counter_that_was_set_anew_is_no_counter_that_began_anew)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 100000);
    begin();
    set("intel-rapl:0", 5);
    assert_unknown(5, "jumped");
}
END_TEST

// scaphandre#280 took 2^64 as the range, pyJoules#20 another unit.
START_TEST(a_jump_beyond_any_processors_power_is_no_energy)
{
    zone("intel-rapl:0", "package-0", NULL, 5);
    begin();
    set("intel-rapl:0", 50000);
    assert_unknown(1, "jumped");
}
END_TEST

// pyJoules#17.
START_TEST(a_counter_that_did_not_move_gives_nothing_and_not_zero)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 5);
    begin();
    assert_unknown(0.0005, "did not move");
}
END_TEST

// ---- failures -----------------------------------------------------------------------------------

// codecarbon takes a failed reading for 0 and adds the range for the wrap that it sees.
START_TEST(a_reading_that_fails_in_the_end_is_neither_zero_nor_a_wrap)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    begin();
    take_away("powercap/intel-rapl:0/energy_uj");
    assert_unknown(1, "cannot read");
}
END_TEST

static const char *const contents[] = {"",       "\n",      "-5\n",
                                       "junk\n", "12 34\n", "99999999999999999999999\n"};

START_TEST(what_is_no_number_is_no_reading)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    begin();
    put("powercap/intel-rapl:0/energy_uj", contents[_i]);
    assert_unknown(1, "holds no number");
}
END_TEST

START_TEST(a_sample_that_fails_is_bridged_by_the_next)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    begin();
    put("powercap/intel-rapl:0/energy_uj", "");
    meter_sample(meter, 105);
    set("intel-rapl:0", 1020);
    assert_joules(10, 20, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(one_of_two_packages_alone_is_no_sum)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl:1", "package-1", INTEL_RANGE, 2000);
    begin();
    set("intel-rapl:0", 1010);
    take_away("powercap/intel-rapl:1/energy_uj");
    assert_unknown(1, "intel-rapl:1/energy_uj");
}
END_TEST

// PLATYPUS, CVE-2020-8694: the file is root's alone since Linux 5.10.
START_TEST(a_counter_that_may_not_be_read_is_told_with_what_helps)
{
    uid_t user = geteuid();
    char name[256];

    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    path_of(name, sizeof name, "powercap/intel-rapl:0/energy_uj");
    ck_assert_int_eq(chmod(name, 0), 0);
    if (user == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    meter = meter_new(root);
    if (user == 0)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert(!meter_is_there(meter));
    ck_assert_ptr_nonnull(strstr(meter_reason(meter), "chmod a+r"));
    ck_assert_ptr_nonnull(strstr(meter_reason(meter), "intel-rapl:0/energy_uj"));
    ck_assert(isnan(meter_end(meter, 1)));
}
END_TEST

START_TEST(a_machine_without_counters_says_so)
{
    meter = meter_new(root);
    ck_assert(!meter_is_there(meter));
    ck_assert_ptr_nonnull(strstr(meter_reason(meter), "no energy counter"));
    meter_start(meter);
    ck_assert(isnan(meter_stop(meter, NULL)));
    ck_assert_ptr_nonnull(strstr(meter_reason(meter), "no energy counter"));
    ck_assert_ptr_null(meter_counter(meter));
}
END_TEST

START_TEST(the_root_comes_from_the_environment)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    setenv("ECAI_SYSFS", root, 1);
    meter = meter_new(NULL);
    unsetenv("ECAI_SYSFS");
    ck_assert(meter_is_there(meter));
}
END_TEST

// ---- what lies in what --------------------------------------------------------------------------

// As a laptop has it: psys is top-level, the others are children of the package.
static void put_laptop(void)
{
    put("powercap/intel-rapl/enabled", "1\n");
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl:0:0", "core", INTEL_RANGE, 100);
    zone("intel-rapl:0:1", "uncore", INTEL_RANGE, 10);
    zone("intel-rapl:1", "psys", INTEL_RANGE, 5000);
}

static void spend(double psys, double package, double core, double uncore)
{
    set("intel-rapl:0", 1000 + package);
    set("intel-rapl:0:0", 100 + core);
    set("intel-rapl:0:1", 10 + uncore);
    set("intel-rapl:1", 5000 + psys);
}

// codecarbon#950 summed all of them.
START_TEST(the_platform_holds_the_package_and_the_package_its_cores)
{
    put_laptop();
    begin();
    spend(30, 20, 12, 3);
    assert_joules(1, 30, "powercap psys", "whole platform, all that ran");
}
END_TEST

START_TEST(a_platform_counter_below_its_package_is_not_believed)
{
    put_laptop();
    begin();
    spend(0, 20, 12, 3);
    assert_joules(1, 20, "powercap package-0", PACKAGES);
    meter_begin(meter, 200);
    spend(4, 60, 30, 3);
    assert_joules(101, 40, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(cores_and_the_rest_are_no_part_of_the_sum)
{
    put_laptop();
    take_away("powercap/intel-rapl:1/name");
    begin();
    spend(0, 20, 12, 3);
    assert_joules(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

// codecarbon#1305 left it out, #1268 counted it twice, zeus PR#90 subtracted it.
START_TEST(memory_lies_beside_the_package_though_its_folder_lies_in_it)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl:0:0", "dram", INTEL_RANGE, 300);
    begin();
    set("intel-rapl:0", 1020);
    set("intel-rapl:0:0", 307);
    assert_joules(1, 27, "powercap package-0 + dram", PACKAGES_MEMORY);
}
END_TEST

START_TEST(memory_lies_in_the_platform)
{
    put_laptop();
    zone("intel-rapl:0:2", "dram", INTEL_RANGE, 300);
    begin();
    spend(30, 20, 12, 3);
    set("intel-rapl:0:2", 307);
    assert_joules(1, 30, "powercap psys", "whole platform, all that ran");
}
END_TEST

START_TEST(memory_that_cannot_be_read_is_left_out_by_name)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl:0:0", "dram", INTEL_RANGE, 300);
    begin();
    set("intel-rapl:0", 1020);
    put("powercap/intel-rapl:0:0/energy_uj", "");
    assert_joules(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(packages_are_summed)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl:0:0", "dram", INTEL_RANGE, 10);
    zone("intel-rapl:1", "package-1", INTEL_RANGE, 7000);
    zone("intel-rapl:1:0", "dram", INTEL_RANGE, 70);
    begin();
    set("intel-rapl:0", 1020);
    set("intel-rapl:0:0", 12);
    set("intel-rapl:1", 7030);
    set("intel-rapl:1:0", 73);
    assert_joules(1, 55, "powercap package-0 + package-1 + dram + dram", PACKAGES_MEMORY);
}
END_TEST

START_TEST(unknown_zones_are_passed_over)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl:0:0", "quantum", INTEL_RANGE, 10);
    zone("dtpm:0", "package-0", INTEL_RANGE, 10);
    begin();
    set("intel-rapl:0", 1020);
    set("intel-rapl:0:0", 20);
    set("dtpm:0", 20);
    assert_joules(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

// ---- the same twice -----------------------------------------------------------------------------

// codecarbon#950 again.
START_TEST(the_same_package_by_two_ways_counts_once)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    zone("intel-rapl-mmio:0", "package-0", INTEL_RANGE, 400);
    zone("intel-rapl-mmio:0:0", "dram", INTEL_RANGE, 50);
    zone("intel-rapl:0:0", "dram", INTEL_RANGE, 60);
    begin();
    set("intel-rapl:0", 1020);
    set("intel-rapl-mmio:0", 420);
    set("intel-rapl-mmio:0:0", 55);
    set("intel-rapl:0:0", 65);
    assert_joules(1, 25, "powercap package-0 + dram", PACKAGES_MEMORY);
}
END_TEST

START_TEST(the_second_way_serves_where_the_first_is_not_there)
{
    zone("intel-rapl-mmio:0", "package-0", INTEL_RANGE, 400);
    begin();
    set("intel-rapl-mmio:0", 420);
    assert_joules(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

// codecarbon#1274: 68 + 68 W for the 68 of a Threadripper 1950X.
START_TEST(dies_that_mirror_one_counter_count_once)
{
    char from[256], to[256];

    zone("intel-rapl:0", "package-0-die-0", AMD_RANGE, 500);
    zone("intel-rapl:1", "package-0-die-1", AMD_RANGE, 0);
    path_of(from, sizeof from, "powercap/intel-rapl:0/energy_uj");
    path_of(to, sizeof to, "powercap/intel-rapl:1/energy_uj");
    ck_assert_int_eq(unlink(to), 0);
    ck_assert_int_eq(symlink(from, to), 0);
    begin();
    set("intel-rapl:0", 568);
    assert_joules(1, 68, "powercap package-0-die-0", PACKAGES);
}
END_TEST

START_TEST(dies_with_counters_of_their_own_are_summed)
{
    zone("intel-rapl:0", "package-0-die-0", INTEL_RANGE, 500);
    zone("intel-rapl:1", "package-0-die-1", INTEL_RANGE, 480);
    begin();
    set("intel-rapl:0", 568);
    set("intel-rapl:1", 540);
    assert_joules(1, 128, "powercap package-0-die-0 + package-0-die-1", PACKAGES);
}
END_TEST

START_TEST(counters_that_met_by_chance_are_summed)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 500);
    zone("intel-rapl:1", "package-1", INTEL_RANGE, 500);
    begin();
    set("intel-rapl:0", 510);
    set("intel-rapl:1", 530);
    assert_joules(1, 40, "powercap package-0 + package-1", PACKAGES);
}
END_TEST

// ---- hwmon --------------------------------------------------------------------------------------

static void sensor(const char *file, const char *text)
{
    put_in("hwmon/hwmon2", file, text);
}

START_TEST(a_sensor_of_power_is_integrated)
{
    sensor("name", "power_meter\n");
    sensor("power1_average", "20000000\n");
    begin();
    ck_assert_double_le(meter_period(meter), 0.2);
    meter_sample(meter, 100.5);
    sensor("power1_average", "40000000\n");
    meter_sample(meter, 101);
    assert_joules(1.5, 10 + 15 + 20, "hwmon power_meter power_meter",
                  "whole machine, all that ran");
}
END_TEST

// codecarbon#117: 10 ms were taken for the 15 s around them.
START_TEST(one_look_does_not_stand_for_a_long_time)
{
    sensor("name", "power_meter\n");
    sensor("power1_average", "20000000\n");
    begin();
    assert_unknown(15, "not read often enough");
}
END_TEST

START_TEST(sockets_are_summed_and_their_cores_are_not)
{
    sensor("name", "amd_energy\n");
    sensor("energy1_label", "Ecore000\n");
    sensor("energy1_input", "5000000\n");
    sensor("energy2_label", "Ecore001\n");
    sensor("energy2_input", "6000000\n");
    sensor("energy3_label", "Esocket0\n");
    sensor("energy3_input", "70000000\n");
    sensor("energy4_label", "Esocket1\n");
    sensor("energy4_input", "90000000\n");
    begin();
    sensor("energy1_input", "9000000\n");
    sensor("energy2_input", "9000000\n");
    sensor("energy3_input", "80000000\n");
    sensor("energy4_input", "95000000\n");
    assert_joules(1, 15, "hwmon amd_energy Esocket0 + Esocket1", PACKAGES);
}
END_TEST

// A Jetson: millivolts and milliamperes, and rails that lie in the first.
START_TEST(volts_times_amperes_of_the_rail_that_feeds_the_others)
{
    sensor("name", "ina3221\n");
    sensor("in1_label", "VDD_IN\n");
    sensor("in1_input", "5000\n");
    sensor("curr1_input", "2000\n");
    sensor("in2_label", "VDD_CPU_GPU_CV\n");
    sensor("in2_input", "5000\n");
    sensor("curr2_input", "1000\n");
    begin();
    assert_joules(1, 10, "hwmon ina3221 VDD_IN", "whole board, all that ran");
}
END_TEST

START_TEST(several_rails_of_which_none_holds_the_others_are_not_summed)
{
    sensor("name", "ina3221\n");
    sensor("in1_label", "VDD_CPU\n");
    sensor("in1_input", "5000\n");
    sensor("curr1_input", "2000\n");
    sensor("in2_label", "VDD_SOC\n");
    sensor("in2_input", "5000\n");
    sensor("curr2_input", "1000\n");
    meter = meter_new(root);
    ck_assert(!meter_is_there(meter));
    ck_assert_ptr_nonnull(strstr(meter_reason(meter), "none says that it holds the others"));
}
END_TEST

static const char *const strangers[] = {"amdgpu\n", "i915\n", "nvme\n", "BAT0\n"};

START_TEST(a_graphics_card_or_a_disk_is_no_counter_of_the_processor)
{
    sensor("name", strangers[_i]);
    sensor("power1_average", "20000000\n");
    sensor("energy1_input", "20000000\n");
    meter = meter_new(root);
    ck_assert(!meter_is_there(meter));
}
END_TEST

START_TEST(the_processors_own_counter_comes_before_sensors)
{
    sensor("name", "power_meter\n");
    sensor("power1_average", "20000000\n");
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    begin();
    set("intel-rapl:0", 1003);
    assert_joules(1, 3, "powercap package-0", PACKAGES);
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

    sensor("name", "power_meter\n");
    sensor("power1_average", "10000000\n");
    meter = meter_new(root);
    meter_start(meter);
    sensor("power1_average", "1000000000\n");
    wait_seconds(0.7);
    sensor("power1_average", "10000000\n");
    joules = meter_stop(meter, &seconds);
    ck_assert_msg(!isnan(joules), "%s", meter_reason(meter));
    ck_assert_double_ge(seconds, 0.7);
    ck_assert_double_gt(joules, 200);
    ck_assert_double_lt(joules, 1000 * seconds);
}
END_TEST

START_TEST(a_meter_that_runs_can_be_freed)
{
    zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    meter = meter_new(root);
    meter_start(meter);
    meter_free(meter);
    meter = NULL;
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
}

static void add_zones(TCase *tcase)
{
    tcase_add_test(tcase, the_platform_holds_the_package_and_the_package_its_cores);
    tcase_add_test(tcase, a_platform_counter_below_its_package_is_not_believed);
    tcase_add_test(tcase, cores_and_the_rest_are_no_part_of_the_sum);
    tcase_add_test(tcase, memory_lies_beside_the_package_though_its_folder_lies_in_it);
    tcase_add_test(tcase, memory_lies_in_the_platform);
    tcase_add_test(tcase, memory_that_cannot_be_read_is_left_out_by_name);
    tcase_add_test(tcase, packages_are_summed);
    tcase_add_test(tcase, unknown_zones_are_passed_over);
    tcase_add_test(tcase, the_same_package_by_two_ways_counts_once);
    tcase_add_test(tcase, the_second_way_serves_where_the_first_is_not_there);
    tcase_add_test(tcase, dies_that_mirror_one_counter_count_once);
    tcase_add_test(tcase, dies_with_counters_of_their_own_are_summed);
    tcase_add_test(tcase, counters_that_met_by_chance_are_summed);
}

static void add_sensors(TCase *tcase)
{
    tcase_add_test(tcase, a_sensor_of_power_is_integrated);
    tcase_add_test(tcase, one_look_does_not_stand_for_a_long_time);
    tcase_add_test(tcase, sockets_are_summed_and_their_cores_are_not);
    tcase_add_test(tcase, volts_times_amperes_of_the_rail_that_feeds_the_others);
    tcase_add_test(tcase, several_rails_of_which_none_holds_the_others_are_not_summed);
    tcase_add_loop_test(tcase, a_graphics_card_or_a_disk_is_no_counter_of_the_processor, 0,
                        ROWS(strangers));
    tcase_add_test(tcase, the_processors_own_counter_comes_before_sensors);
    tcase_add_test(tcase, the_thread_sees_what_happens_between_start_and_stop);
    tcase_add_test(tcase, a_meter_that_runs_can_be_freed);
}

Suite *measure_suite(void);
Suite *measure_suite(void)
{
    Suite *suite = suite_create("measure");
    TCase *tcase = tcase_create("counters"), *idle = tcase_create("idle");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    add_one_counter(tcase);
    add_zones(tcase);
    add_sensors(tcase);
    suite_add_tcase(suite, tcase);
    tcase_add_test(idle, the_energy_of_an_inference_is_what_lies_above_idle);
    tcase_add_test(idle, windows_that_agree_have_a_narrow_interval);
    tcase_add_test(idle, a_single_window_or_none_of_idle_tells_nothing);
    tcase_add_test(idle, a_window_that_was_not_measured_makes_the_result_unknown);
    suite_add_tcase(suite, idle);
    return suite;
}
