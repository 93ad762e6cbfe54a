// Traps of energy counters that users of other tools reported, each by its number, on fake trees of
// sysfs; those of a single counter and of zones stand in test_measure.c and test_measure_zones.c.
// docs/energy.md lists which test stands for which report.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/sysfs.h"

#define ROWS(table) ((int)(sizeof table / sizeof *table))
#define PLATFORM "whole platform, all that ran"
#define AS_WIRED "board, as its sensor is wired, all that ran"

static void assert_no_meter(const char *why)
{
    sysfs_meter = meter_new(sysfs_root);
    ck_assert(!meter_is_there(sysfs_meter));
    ck_assert_msg(strstr(meter_reason(sysfs_meter), why) != NULL, "%s", meter_reason(sysfs_meter));
    meter_begin(sysfs_meter, 100);
    ck_assert(isnan(meter_end(sysfs_meter, 101)));
}

// ---- no counter ---------------------------------------------------------------------------------

// codecarbon#477 then takes half of the thermal design power, 4 W a thread, 5 W a memory module;
// scaphandre#200, #73, #131. The driver is loaded, but the machine has no zone.
START_TEST(a_virtual_machine_has_no_counter_and_nothing_is_guessed)
{
    sysfs_put("powercap/intel-rapl/enabled", "0\n");
    sysfs_put("powercap/intel-rapl/uevent", "");
    assert_no_meter("virtual machines and containers have none");
}
END_TEST

// Container engines mask /sys/devices/virtual/powercap: the names stay, and lead nowhere.
START_TEST(a_container_that_hides_the_zones_is_told_so)
{
    sysfs_put("powercap/intel-rapl/enabled", "1\n");
    sysfs_link("../devices/virtual/powercap/intel-rapl:0", "powercap/intel-rapl:0");
    sysfs_link("../devices/virtual/powercap/intel-rapl:1", "powercap/intel-rapl:1");
    assert_no_meter("hidden, as containers hide");
}
END_TEST

// A mask may be an empty folder as well.
START_TEST(a_container_with_empty_zones_has_no_counter)
{
    sysfs_put("powercap/intel-rapl:0/.keep", "");
    assert_no_meter("hidden, as containers hide");
}
END_TEST

// codecarbon's rapl.py reads 0 then. PLATYPUS's remedy (0400) may come while a program runs.
START_TEST(a_counter_that_is_closed_meanwhile_is_neither_zero_nor_a_wrap)
{
    uid_t user = geteuid();
    char name[256];
    double joules;

    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1010);
    sysfs_path(name, sizeof name, "powercap/intel-rapl:0/energy_uj");
    ck_assert_int_eq(chmod(name, 0), 0);
    if (user == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    joules = meter_end(sysfs_meter, 101);
    if (user == 0)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_msg(isnan(joules), "%g J", joules);
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "chmod a+r"));
}
END_TEST

// ---- wraps --------------------------------------------------------------------------------------

// likwid#646: 262 kJ at 161 W; energymon#53: 65.5 kJ at 280 W; zeus#91: several times in one run;
// scaphandre#56: AMD's zones by Intel's name.
static const struct {
    const char *range;
    double range_joules, watts, seconds;
} runs[] = {{INTEL_RANGE, 262143.32885, 161, 1628 * 1.5},
            {INTEL_RANGE, 262143.32885, 161, 1628 * 4.25},
            {AMD_RANGE, 65532.610987, 280, 234 * 1.5},
            {AMD_RANGE, 65532.610987, 280, 234 * 7.75}};

START_TEST(a_long_run_is_followed_past_every_wrap)
{
    double watts = runs[_i].watts, range = runs[_i].range_joules, step, at = 100;

    sysfs_zone("intel-rapl:0", "package-0", runs[_i].range, 60000);
    sysfs_begin();
    step = meter_period(sysfs_meter);
    ck_assert_double_lt(step * 5000, range / 1.9);
    for (; at + step < 100 + runs[_i].seconds; at += step) {
        sysfs_set("intel-rapl:0", fmod(60000 + watts * (at - 100), range));
        meter_sample(sysfs_meter, at);
    }
    sysfs_set("intel-rapl:0", fmod(60000 + watts * runs[_i].seconds, range));
    ck_assert_double_eq_tol(meter_end(sysfs_meter, 100 + runs[_i].seconds),
                            watts * runs[_i].seconds, 0.01);
}
END_TEST

START_TEST(sockets_wrap_each_at_its_own_time)
{
    sysfs_zone("intel-rapl:0", "package-0", AMD_RANGE, 65500);
    sysfs_zone("intel-rapl:1", "package-1", AMD_RANGE, 100);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 67.389013);
    sysfs_set("intel-rapl:1", 250);
    assert_measured(1, 100 + 150, "powercap package-0 + package-1", PACKAGES);
}
END_TEST

// scaphandre#280 took 2^64 - 1 for the range.
START_TEST(the_range_of_a_wrap_is_the_counters_own)
{
    sysfs_zone("intel-rapl:0", "package-0", "2000000\n", 1.5);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 0.25);
    assert_measured(0.0002, 0.75, "powercap package-0", PACKAGES);
}
END_TEST

// ---- sums ---------------------------------------------------------------------------------------

static const struct {
    const char *folder, *name;
    double before, spent;
} server[] = {
    {"intel-rapl:0", "package-0", 1000, 20}, {"intel-rapl:0:0", "core", 500, 12},
    {"intel-rapl:0:1", "uncore", 50, 3},     {"intel-rapl:0:2", "dram", 300, 7},
    {"intel-rapl:1", "package-1", 9000, 30}, {"intel-rapl:1:0", "core", 4000, 18},
    {"intel-rapl:1:2", "dram", 2000, 9},     {"intel-rapl-mmio:0", "package-0", 77, 20},
    {"intel-rapl-mmio:0:0", "dram", 78, 7},  {"intel-rapl-mmio:1", "package-1", 79, 30},
    {"intel-rapl-mmio:1:0", "dram", 80, 9},  {"intel-rapl:2", "psys", 100, 90},
};

// codecarbon#950 summed psys, packages, cores, the rest, and registers and memory map both; #1305
// left memory out, #1268 counted it twice; zeus PR#90 subtracted it; powercap#3, carbontracker#93:
// it lies beside the package.
START_TEST(a_server_with_every_zone_counts_each_joule_once)
{
    bool has_psys = _i == 0;
    int count = ROWS(server) - !has_psys;

    for (int i = 0; i < count; i++)
        sysfs_zone(server[i].folder, server[i].name, INTEL_RANGE, server[i].before);
    sysfs_begin();
    for (int i = 0; i < count; i++)
        sysfs_set(server[i].folder, server[i].before + server[i].spent);
    if (has_psys)
        assert_measured(1, 90, "powercap psys", PLATFORM);
    else
        assert_measured(1, 20 + 7 + 30 + 9, "powercap package-0 + package-1 + dram + dram",
                        PACKAGES_MEMORY);
}
END_TEST

// codecarbon#1274 on two sockets: two dies each show their socket's counter.
START_TEST(mirrored_dies_of_two_sockets_count_once_a_socket)
{
    sysfs_zone("intel-rapl:0", "package-0-die-0", AMD_RANGE, 500);
    sysfs_zone("intel-rapl:1", "package-0-die-1", AMD_RANGE, 0);
    sysfs_zone("intel-rapl:2", "package-1-die-0", AMD_RANGE, 800);
    sysfs_zone("intel-rapl:3", "package-1-die-1", AMD_RANGE, 0);
    sysfs_link("powercap/intel-rapl:0/energy_uj", "powercap/intel-rapl:1/energy_uj");
    sysfs_link("powercap/intel-rapl:2/energy_uj", "powercap/intel-rapl:3/energy_uj");
    sysfs_begin();
    sysfs_set("intel-rapl:0", 568);
    sysfs_set("intel-rapl:2", 861);
    assert_measured(1, 68 + 61, "powercap package-0-die-0 + package-1-die-0", PACKAGES);
}
END_TEST

// ---- windows and units --------------------------------------------------------------------------

// codecarbon#117: 10 ms were told as the 15 s around them, sixty times too little.
START_TEST(what_was_read_in_ten_milliseconds_stands_for_these_alone)
{
    assert_zone_counts("intel-rapl:0", 1000, 0.6, 0.01);
}
END_TEST

// pyJoules#20 took one unit for another.
START_TEST(a_sensor_of_another_unit_is_no_energy)
{
    sysfs_put_in("hwmon/hwmon0", "name", "power_meter\n");
    sysfs_put_in("hwmon/hwmon0", "power1_average", "90000000000\n"); // nanowatts: 90 kW
    sysfs_begin();
    assert_not_measured(1, "no microwatts");
}
END_TEST

// A sensor that tells the average of the last second still holds the window before.
START_TEST(a_sensor_that_averages_is_given_time_to_settle)
{
    sysfs_put_in("hwmon/hwmon0", "name", "power_meter\n");
    sysfs_put_in("hwmon/hwmon0", "power1_average", "90000000\n");
    sysfs_put_in("hwmon/hwmon0", "power1_average_interval", "1000\n");
    sysfs_meter = meter_new(sysfs_root);
    ck_assert_double_eq(meter_settling(sysfs_meter), 1);
}
END_TEST

START_TEST(a_counter_of_energy_needs_no_time_to_settle)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_meter = meter_new(sysfs_root);
    ck_assert_double_eq(meter_settling(sysfs_meter), 0);
}
END_TEST

// ---- boards -------------------------------------------------------------------------------------

static const char *const monitors[] = {"ina209", "ina219", "ina220", "ina226",
                                       "ina230", "ina231", "ina237", "ina238"};

static void put_monitor(const char *folder, const char *name, const char *power)
{
    char line[32];

    snprintf(line, sizeof line, "%s\n", name);
    sysfs_put_in(folder, "name", line);
    sysfs_put_in(folder, "in0_input", "20\n"); // over the shunt
    sysfs_put_in(folder, "in1_input", "5000\n");
    sysfs_put_in(folder, "curr1_input", "2000\n");
    sysfs_put_in(folder, "shunt_resistor", "10000\n");
    if (power)
        sysfs_put_in(folder, "power1_input", power);
}

START_TEST(a_power_monitor_tells_microwatts)
{
    char counter[64];

    put_monitor("hwmon/hwmon1", monitors[_i], "10500000\n");
    sysfs_begin();
    snprintf(counter, sizeof counter, "hwmon %s %s", monitors[_i], monitors[_i]);
    assert_measured(1, 10.5, counter, AS_WIRED);
}
END_TEST

START_TEST(a_power_monitor_without_power_tells_volts_and_amperes)
{
    put_monitor("hwmon/hwmon1", "ina226", NULL);
    sysfs_begin();
    assert_measured(1, 10, "hwmon ina226 ina226", AS_WIRED);
}
END_TEST

START_TEST(of_two_power_monitors_none_is_taken_for_the_board)
{
    put_monitor("hwmon/hwmon1", "ina219", "10000000\n");
    put_monitor("hwmon/hwmon2", "ina219", "3000000\n");
    assert_no_meter("none says that it holds the others");
}
END_TEST

START_TEST(the_rail_that_feeds_the_others_may_be_of_the_second_chip)
{
    sysfs_put_in("hwmon/hwmon1", "name", "ina3221\n");
    sysfs_put_in("hwmon/hwmon1", "in1_label", "GPU\n");
    sysfs_put_in("hwmon/hwmon1", "in1_input", "5000\n");
    sysfs_put_in("hwmon/hwmon1", "curr1_input", "400\n");
    sysfs_put_in("hwmon/hwmon2", "name", "ina3221\n");
    sysfs_put_in("hwmon/hwmon2", "in1_label", "VDD_IN\n");
    sysfs_put_in("hwmon/hwmon2", "in1_input", "5000\n");
    sysfs_put_in("hwmon/hwmon2", "curr1_input", "2000\n");
    sysfs_begin();
    assert_measured(1, 10, "hwmon ina3221 VDD_IN", "whole board, all that ran");
}
END_TEST

START_TEST(processors_that_tell_their_power_are_summed)
{
    sysfs_put_in("hwmon/hwmon1", "name", "fam15h_power\n");
    sysfs_put_in("hwmon/hwmon1", "power1_input", "30000000\n");
    sysfs_put_in("hwmon/hwmon2", "name", "fam15h_power\n");
    sysfs_put_in("hwmon/hwmon2", "power1_input", "20000000\n");
    sysfs_begin();
    assert_measured(1, 50, "hwmon fam15h_power fam15h_power + fam15h_power", PACKAGES);
}
END_TEST

// ---- Industrial I/O -----------------------------------------------------------------------------

static void iio(const char *file, const char *text)
{
    sysfs_put("powercap/.keep", "");
    sysfs_put_in("../bus/iio/devices/iio:device0", file, text);
}

static const struct {
    const char *raw, *scale;
    double watts;
} converters[] = {{"420", "20", 8.4}, {"8400", "1.000000000", 8.4}, {"1234", "0.5", 0.617}};

START_TEST(a_converters_power_is_raw_times_scale_in_milliwatts)
{
    iio("name", "ina226\n");
    iio("in_power2_raw", converters[_i].raw);
    iio("in_power2_scale", converters[_i].scale);
    sysfs_begin();
    ck_assert_double_le(meter_period(sysfs_meter), 0.2);
    assert_measured(1, converters[_i].watts, "iio ina226 ina226", AS_WIRED);
}
END_TEST

START_TEST(a_converter_of_several_rails_is_read_where_all_flow_together)
{
    iio("name", "ina3221x\n");
    iio("in_power0_input", "4850\n");
    iio("rail_name_0", "VDD_IN\n");
    iio("in_power1_input", "1200\n");
    iio("rail_name_1", "VDD_GPU\n");
    sysfs_begin();
    assert_measured(1, 4.85, "iio ina3221x VDD_IN", "whole board, all that ran");
}
END_TEST

static const char *const no_scales[] = {NULL, "", "0\n", "-1\n", "none\n"};

START_TEST(a_converter_without_a_scale_is_no_sensor)
{
    iio("name", "ina219\n");
    iio("in_power0_raw", "500\n");
    if (no_scales[_i])
        iio("in_power0_scale", no_scales[_i]);
    assert_no_meter("no energy counter");
}
END_TEST

START_TEST(an_unknown_converter_is_passed_over)
{
    iio("name", "thermometer\n");
    iio("in_power0_raw", "500\n");
    iio("in_power0_scale", "1\n");
    assert_no_meter("no energy counter");
}
END_TEST

static void add_zones(TCase *tcase)
{
    tcase_add_test(tcase, a_virtual_machine_has_no_counter_and_nothing_is_guessed);
    tcase_add_test(tcase, a_container_that_hides_the_zones_is_told_so);
    tcase_add_test(tcase, a_container_with_empty_zones_has_no_counter);
    tcase_add_test(tcase, a_counter_that_is_closed_meanwhile_is_neither_zero_nor_a_wrap);
    tcase_add_loop_test(tcase, a_long_run_is_followed_past_every_wrap, 0, ROWS(runs));
    tcase_add_test(tcase, sockets_wrap_each_at_its_own_time);
    tcase_add_test(tcase, the_range_of_a_wrap_is_the_counters_own);
    tcase_add_loop_test(tcase, a_server_with_every_zone_counts_each_joule_once, 0, 2);
    tcase_add_test(tcase, mirrored_dies_of_two_sockets_count_once_a_socket);
    tcase_add_test(tcase, what_was_read_in_ten_milliseconds_stands_for_these_alone);
}

static void add_sensors(TCase *tcase)
{
    tcase_add_test(tcase, a_sensor_of_another_unit_is_no_energy);
    tcase_add_test(tcase, a_sensor_that_averages_is_given_time_to_settle);
    tcase_add_test(tcase, a_counter_of_energy_needs_no_time_to_settle);
    tcase_add_loop_test(tcase, a_power_monitor_tells_microwatts, 0, ROWS(monitors));
    tcase_add_test(tcase, a_power_monitor_without_power_tells_volts_and_amperes);
    tcase_add_test(tcase, of_two_power_monitors_none_is_taken_for_the_board);
    tcase_add_test(tcase, the_rail_that_feeds_the_others_may_be_of_the_second_chip);
    tcase_add_test(tcase, processors_that_tell_their_power_are_summed);
    tcase_add_loop_test(tcase, a_converters_power_is_raw_times_scale_in_milliwatts, 0,
                        ROWS(converters));
    tcase_add_test(tcase, a_converter_of_several_rails_is_read_where_all_flow_together);
    tcase_add_loop_test(tcase, a_converter_without_a_scale_is_no_sensor, 0, ROWS(no_scales));
    tcase_add_test(tcase, an_unknown_converter_is_passed_over);
}

Suite *measure_traps_suite(void);
Suite *measure_traps_suite(void)
{
    Suite *suite = suite_create("measure_traps");
    TCase *tcase = tcase_create("traps");

    tcase_add_checked_fixture(tcase, sysfs_set_up, sysfs_tear_down);
    add_zones(tcase);
    add_sensors(tcase);
    suite_add_tcase(suite, tcase);
    return suite;
}
