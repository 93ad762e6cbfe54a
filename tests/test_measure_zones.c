// Which energy counters are summed: what lies in what, what stands twice, which sensors of hwmon
// are believed; on fake trees of sysfs. Numbers are those under which users of other tools reported
// it.
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/sysfs.h"

// ---- what lies in what --------------------------------------------------------------------------

// As a laptop has it: psys is top-level, the others are children of the package.
static void put_laptop(void)
{
    sysfs_put("powercap/intel-rapl/enabled", "1\n");
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:0:0", "core", INTEL_RANGE, 100);
    sysfs_zone("intel-rapl:0:1", "uncore", INTEL_RANGE, 10);
    sysfs_zone("intel-rapl:1", "psys", INTEL_RANGE, 5000);
}

static void spend(double psys, double package, double core, double uncore)
{
    sysfs_set("intel-rapl:0", 1000 + package);
    sysfs_set("intel-rapl:0:0", 100 + core);
    sysfs_set("intel-rapl:0:1", 10 + uncore);
    sysfs_set("intel-rapl:1", 5000 + psys);
}

// codecarbon#950 summed all of them.
START_TEST(the_platform_holds_the_package_and_the_package_its_cores)
{
    put_laptop();
    sysfs_begin();
    spend(30, 20, 12, 3);
    assert_measured(1, 30, "powercap psys", "whole platform, all that ran");
}
END_TEST

START_TEST(a_platform_counter_below_its_package_is_not_believed)
{
    put_laptop();
    sysfs_begin();
    spend(0, 20, 12, 3);
    assert_measured(1, 20, "powercap package-0", PACKAGES);
    meter_begin(sysfs_meter, 200);
    spend(4, 60, 30, 3);
    assert_measured(101, 40, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(cores_and_the_rest_are_no_part_of_the_sum)
{
    put_laptop();
    sysfs_take_away("powercap/intel-rapl:1/name");
    sysfs_begin();
    spend(0, 20, 12, 3);
    assert_measured(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

// codecarbon#1305 left it out, #1268 counted it twice, zeus PR#90 subtracted it.
START_TEST(memory_lies_beside_the_package_though_its_folder_lies_in_it)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:0:0", "dram", INTEL_RANGE, 300);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1020);
    sysfs_set("intel-rapl:0:0", 307);
    assert_measured(1, 27, "powercap package-0 + dram", PACKAGES_MEMORY);
}
END_TEST

START_TEST(memory_lies_in_the_platform)
{
    put_laptop();
    sysfs_zone("intel-rapl:0:2", "dram", INTEL_RANGE, 300);
    sysfs_begin();
    spend(30, 20, 12, 3);
    sysfs_set("intel-rapl:0:2", 307);
    assert_measured(1, 30, "powercap psys", "whole platform, all that ran");
}
END_TEST

START_TEST(memory_that_cannot_be_read_is_left_out_by_name)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:0:0", "dram", INTEL_RANGE, 300);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1020);
    sysfs_put("powercap/intel-rapl:0:0/energy_uj", "");
    assert_measured(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

START_TEST(packages_are_summed)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:0:0", "dram", INTEL_RANGE, 10);
    sysfs_zone("intel-rapl:1", "package-1", INTEL_RANGE, 7000);
    sysfs_zone("intel-rapl:1:0", "dram", INTEL_RANGE, 70);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1020);
    sysfs_set("intel-rapl:0:0", 12);
    sysfs_set("intel-rapl:1", 7030);
    sysfs_set("intel-rapl:1:0", 73);
    assert_measured(1, 55, "powercap package-0 + package-1 + dram + dram", PACKAGES_MEMORY);
}
END_TEST

START_TEST(unknown_zones_are_passed_over)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl:0:0", "quantum", INTEL_RANGE, 10);
    sysfs_zone("dtpm:0", "package-0", INTEL_RANGE, 10);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1020);
    sysfs_set("intel-rapl:0:0", 20);
    sysfs_set("dtpm:0", 20);
    assert_measured(1, 20, "powercap package-0", PACKAGES);
}
END_TEST

// ---- the same twice -----------------------------------------------------------------------------

// codecarbon#950 again.
START_TEST(the_same_package_by_two_ways_counts_once)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_zone("intel-rapl-mmio:0", "package-0", INTEL_RANGE, 400);
    sysfs_zone("intel-rapl-mmio:0:0", "dram", INTEL_RANGE, 50);
    sysfs_zone("intel-rapl:0:0", "dram", INTEL_RANGE, 60);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1020);
    sysfs_set("intel-rapl-mmio:0", 420);
    sysfs_set("intel-rapl-mmio:0:0", 55);
    sysfs_set("intel-rapl:0:0", 65);
    assert_measured(1, 25, "powercap package-0 + dram", PACKAGES_MEMORY);
}
END_TEST

START_TEST(the_second_way_serves_where_the_first_is_not_there)
{
    assert_zone_counts("intel-rapl-mmio:0", 400, 20, 1);
}
END_TEST

// codecarbon#1274: 68 + 68 W for the 68 of a Threadripper 1950X.
START_TEST(dies_that_mirror_one_counter_count_once)
{
    sysfs_zone("intel-rapl:0", "package-0-die-0", AMD_RANGE, 500);
    sysfs_zone("intel-rapl:1", "package-0-die-1", AMD_RANGE, 0);
    sysfs_link("powercap/intel-rapl:0/energy_uj", "powercap/intel-rapl:1/energy_uj");
    sysfs_begin();
    sysfs_set("intel-rapl:0", 568);
    assert_measured(1, 68, "powercap package-0-die-0", PACKAGES);
}
END_TEST

START_TEST(dies_with_counters_of_their_own_are_summed)
{
    sysfs_zone("intel-rapl:0", "package-0-die-0", INTEL_RANGE, 500);
    sysfs_zone("intel-rapl:1", "package-0-die-1", INTEL_RANGE, 480);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 568);
    sysfs_set("intel-rapl:1", 540);
    assert_measured(1, 128, "powercap package-0-die-0 + package-0-die-1", PACKAGES);
}
END_TEST

START_TEST(counters_that_met_by_chance_are_summed)
{
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 500);
    sysfs_zone("intel-rapl:1", "package-1", INTEL_RANGE, 500);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 510);
    sysfs_set("intel-rapl:1", 530);
    assert_measured(1, 40, "powercap package-0 + package-1", PACKAGES);
}
END_TEST

// ---- hwmon --------------------------------------------------------------------------------------

static void sensor(const char *file, const char *text)
{
    sysfs_put_in("hwmon/hwmon2", file, text);
}

START_TEST(a_sensor_of_power_is_integrated)
{
    sensor("name", "power_meter\n");
    sensor("power1_average", "20000000\n");
    sysfs_begin();
    ck_assert_double_le(meter_period(sysfs_meter), 0.2);
    meter_sample(sysfs_meter, 100.5);
    sensor("power1_average", "40000000\n");
    meter_sample(sysfs_meter, 101);
    assert_measured(1.5, 10 + 15 + 20, "hwmon power_meter power_meter",
                    "whole machine, all that ran");
}
END_TEST

// codecarbon#117: 10 ms were taken for the 15 s around them.
START_TEST(one_look_does_not_stand_for_a_long_time)
{
    sensor("name", "power_meter\n");
    sensor("power1_average", "20000000\n");
    sysfs_begin();
    assert_not_measured(15, "not read often enough");
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
    sysfs_begin();
    sensor("energy1_input", "9000000\n");
    sensor("energy2_input", "9000000\n");
    sensor("energy3_input", "80000000\n");
    sensor("energy4_input", "95000000\n");
    assert_measured(1, 15, "hwmon amd_energy Esocket0 + Esocket1", PACKAGES);
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
    sysfs_begin();
    assert_measured(1, 10, "hwmon ina3221 VDD_IN", "whole board, all that ran");
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
    sysfs_meter = meter_new(sysfs_root);
    ck_assert(!meter_is_there(sysfs_meter));
    ck_assert_ptr_nonnull(strstr(meter_reason(sysfs_meter), "none says that it holds the others"));
}
END_TEST

static const char *const strangers[] = {"amdgpu\n", "i915\n", "nvme\n", "BAT0\n"};

START_TEST(a_graphics_card_or_a_disk_is_no_counter_of_the_processor)
{
    sensor("name", strangers[_i]);
    sensor("power1_average", "20000000\n");
    sensor("energy1_input", "20000000\n");
    sysfs_meter = meter_new(sysfs_root);
    ck_assert(!meter_is_there(sysfs_meter));
}
END_TEST

START_TEST(the_processors_own_counter_comes_before_sensors)
{
    sensor("name", "power_meter\n");
    sensor("power1_average", "20000000\n");
    sysfs_zone("intel-rapl:0", "package-0", INTEL_RANGE, 1000);
    sysfs_begin();
    sysfs_set("intel-rapl:0", 1003);
    assert_measured(1, 3, "powercap package-0", PACKAGES);
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

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
}

Suite *measure_zones_suite(void);
Suite *measure_zones_suite(void)
{
    Suite *suite = suite_create("measure_zones");
    TCase *tcase = tcase_create("zones");

    tcase_add_checked_fixture(tcase, sysfs_set_up, sysfs_tear_down);
    add_zones(tcase);
    add_sensors(tcase);
    suite_add_tcase(suite, tcase);
    return suite;
}
