// What the kinds of profiles make of a network: batches, time, zeros, memories, against sums by
// hand, and against figures that others have published (sources in the profiles).
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/estimated.h"
#include "tests/support/fixture.h"
#include "tests/support/published.h"
#include "tests/support/temporary.h"

static void read_device(const char *name)
{
    device_clear(&device);
    ck_ok(device_read(&context, name, &device));
}

// A profile of the words given, behind name, summary, scope.
static void make_device(const char *words)
{
    char path[TEMPORARY_BYTES];
    struct text text;

    text_init(&text);
    text_format(&text, "{\"name\":\"x\",\"summary\":\"\",\"scope\":\"\",%s}", words);
    temporary_file(path, text.at);
    text_clear(&text);
    read_device(path);
    remove(path);
}

static void estimate(double batch)
{
    energy_clear(&energy);
    energy_init_batch(&energy, &counts, &device, batch);
}

static void assert_near(double is, double expected)
{
    ck_assert_msg(fabs(is - expected) <= 1e-9 * fabs(expected), "%.12g, not %.12g", is, expected);
}

// 40 x 20 float32: 800 MACs, 3200 bytes of weights, 160 read and 80 written.
static const char dense[] =
    "x:f32[1,40]  w:f32[20,40] init=ones  y = Gemm(x, w) transB=1  output y\n";

// ---- calibrated --------------------------------------------------------------------------------

#define COEFFICIENTS                                                                               \
    "\"kind\":\"calibrated\",\"fit\":{\"float32\":{\"fixed_mj\":2,\"mac_pj\":1e5,"                 \
    "\"weight_byte_pj\":1e4,\"byte_pj\":2e4}}"
#define CALIBRATED "\"zero_weights\":\"cost\"," COEFFICIENTS

START_TEST(a_table_row_and_a_graph_are_estimated_alike)
{
    struct energy_work work = {.macs = 800,
                               .weight_bytes = 3200,
                               .activation_bytes = 240,
                               .precision = PRECISION_F32,
                               .nonzero = 1};
    struct energy_sum sum;

    count_text(dense);
    make_device(CALIBRATED);
    estimate(1);
    sum = energy_of_work(&device, &work, 1);
    assert_near(energy.joules, 2e-3 + 800 * 1e-7 + 3200 * 3e-8 + 240 * 2e-8);
    ck_assert_double_eq(sum.joules, energy.joules);
    ck_assert_double_eq(sum.fixed, energy.fixed);
    estimate(8);
    sum = energy_of_work(&device, &work, 8);
    ck_assert_double_eq(sum.joules, energy.joules);
}
END_TEST

START_TEST(a_batch_shares_what_is_fixed_and_its_weights)
{
    double one;

    count_text(dense);
    make_device(CALIBRATED);
    estimate(1);
    one = energy.joules;
    estimate(4);
    assert_near(energy.joules, (2e-3 + 3200 * 3e-8) / 4 + 800 * 1e-7 + 240 * 2e-8);
    ck_assert_double_eq(energy.batch, 4);
    ck_assert(energy.joules < one);
    device.batch = 4; // as eval asks
    energy_clear(&energy);
    energy_init(&energy, &counts, &device);
    assert_near(energy.joules, (2e-3 + 3200 * 3e-8) / 4 + 800 * 1e-7 + 240 * 2e-8);
}
END_TEST

// RTX 4090, MLPerf Inference v3.0: one image 72.7 mJ, eight 192.3 mJ; a large batch took 16.6.
START_TEST(two_batches_foretell_a_large_one)
{
    struct energy_work work = {.macs = 4089184256, .precision = PRECISION_I8, .nonzero = 1};
    double e = (192.348 - 72.7192) / 7;
    char words[256];

    snprintf(words, sizeof words,
             "\"zero_weights\":\"cost\",\"kind\":\"calibrated\",\"fit\":{\"int8\":{\"fixed_mj\":"
             "%.17g,\"mac_pj\":%.17g}}",
             72.7192 - e, e * 1e9 / 4089184256);
    make_device(words);
    assert_near(energy_of_work(&device, &work, 1).joules, 72.7192e-3);
    assert_near(8 * energy_of_work(&device, &work, 8).joules, 192.348e-3);
    ck_assert_double_eq_tol(energy_of_work(&device, &work, 2048).joules, 16.5678e-3,
                            0.05 * 16.5678e-3);
}
END_TEST

START_TEST(arithmetic_and_memory_side_by_side_cost_the_longer_one)
{
    count_text(dense);
    make_device(CALIBRATED ",\"combine\":\"max\"");
    estimate(1); // 80 uJ of arithmetic, 100.8 of memory
    assert_near(energy.joules, 2e-3 + 3200 * 3e-8 + 240 * 2e-8);
    ck_assert_double_eq(energy.mac, 0);
    estimate(1000); // the weights are shared
    assert_near(energy.joules, 2e-6 + 800 * 1e-7);
    ck_assert_double_eq(energy.weights, 0);
}
END_TEST

START_TEST(weights_beyond_the_chip_cost_more_a_byte)
{
    count_text(dense);
    make_device(CALIBRATED ",\"memory\":{\"on_chip_bytes\":3200,\"off_chip_byte_pj\":1e6}");
    estimate(1);
    ck_assert(energy.weights_are_on_chip);
    assert_near(energy.weights, 3200 * 3e-8);
    make_device(CALIBRATED ",\"memory\":{\"on_chip_bytes\":3199,\"off_chip_byte_pj\":1e6}");
    estimate(1);
    ck_assert(!energy.weights_are_on_chip);
    assert_near(energy.weights, 3200 * (3e-8 + 1e-6));
}
END_TEST

START_TEST(time_follows_from_power_and_utilisation_from_the_peak)
{
    count_text(dense);
    make_device(CALIBRATED ",\"run_watts\":5,\"peak_macs_per_second\":1e7");
    estimate(1);
    assert_near(energy.seconds, energy.joules / 5);
    assert_near(energy.watts, 5);
    assert_near(energy.utilisation, 800 / 1e7 / energy.seconds);
    estimate(2);
    ck_assert(isnan(energy.seconds));
    ck_assert(isnan(energy.utilisation));
    make_device(CALIBRATED);
    estimate(1);
    ck_assert(isnan(energy.seconds));
    ck_assert(isnan(energy.watts));
}
END_TEST

// Published time of 588 ms (MLPerf Inference v2.1, Raspberry Pi 4, ResNet-50); 3.36 J.
START_TEST(the_time_of_a_raspberry_pi_follows_from_its_joules)
{
    struct energy_work work = {.macs = 4089184256,
                               .weight_bytes = 25.5e6 * 4,
                               .activation_bytes = 21.78e6 * 4,
                               .precision = PRECISION_F32,
                               .nonzero = 1};
    struct energy_sum sum;

    read_device("cpu-sbc-a72");
    sum = energy_of_work(&device, &work, 1);
    ck_assert_double_eq_tol(sum.joules, 3.3566, 0.2 * 3.3566);
    ck_assert_double_eq_tol(sum.seconds, 0.588, 0.25 * 0.588);
}
END_TEST

START_TEST(a_memory_that_is_too_small_is_told)
{
    count_text(dense);
    make_device(CALIBRATED ",\"flash_bytes\":3199,\"ram_bytes\":1e6");
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_NOT);
    make_device(CALIBRATED ",\"flash_bytes\":3200,\"ram_bytes\":240");
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS);
    estimate(2); // twice the activations
    ck_assert_int_eq(energy.fits, FITS_NOT);
    make_device(CALIBRATED ",\"ram_bytes\":3439"); // no flash: both in RAM
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_NOT);
    make_device(CALIBRATED);
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_UNKNOWN);
}
END_TEST

START_TEST(that_a_network_fits_takes_both_memories)
{
    count_text(dense);
    make_device(CALIBRATED ",\"flash_bytes\":3200");
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_UNKNOWN);
    make_device(CALIBRATED ",\"flash_bytes\":3199");
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_NOT);
    make_device(CALIBRATED ",\"ram_bytes\":3440"); // no flash: both in RAM
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS);
    read_device("eie-45nm-sparse"); // its RAM was not published
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_UNKNOWN);
    read_device("eie-45nm-sparse:engine.sram_bytes=64");
    estimate(1);
    ck_assert_int_eq(energy.fits, FITS_NOT);
}
END_TEST

// ---- zeros -------------------------------------------------------------------------------------

// Eight weights in two groups of four along the columns that are summed; half of them zero.
#define WEIGHTS(list) "x:f32[1,8]  w:f32[1,8] init=[" list "]  y = Gemm(x, w) transB=1  output y\n"
static const char of_four[] = WEIGHTS("1,0,2,0,0,3,4,0"),
                  not_of_four[] = WEIGHTS("1,5,2,0,0,3,0,0");

START_TEST(zeros_save_what_the_profile_says)
{
    count_text(not_of_four);
    make_device("\"zero_weights\":\"cost\"," COEFFICIENTS);
    estimate(1);
    assert_near(energy.mac, 8e-7);
    make_device("\"zero_weights\":\"skip\"," COEFFICIENTS);
    estimate(1);
    assert_near(energy.mac, 4e-7);
    make_device("\"zero_weights\":\"affine\",\"zero_weights_floor\":0.2," COEFFICIENTS);
    estimate(1);
    assert_near(energy.mac, 8e-7 * (0.2 + 0.8 * 0.5));
    assert_near(energy.weights, 8 * 4 * 3e-8 * (0.2 + 0.8 * 0.5)); // a law of whole joules
    assert_near(energy.activations, (8 + 1) * 4 * 2e-8);
    assert_near(energy.fixed, 2e-3);
    make_device("\"zero_weights\":\"2:4\",\"zero_weights_floor\":0.4," COEFFICIENTS);
    estimate(1);
    assert_near(energy.mac, 8e-7); // zeros are not where the hardware wants them
}
END_TEST

START_TEST(two_of_every_four_save_half_above_the_floor_and_store_with_their_places)
{
    count_text(of_four);
    ck_assert(counts.node[0].is_2_4);
    make_device("\"zero_weights\":\"2:4\",\"zero_weights_floor\":0.4," COEFFICIENTS);
    estimate(1);
    assert_near(energy.mac, 8e-7 * (0.4 + 0.6 / 2));
    ck_assert_double_eq(energy.layer[0].bytes, ceil(4 * (32 + 2) / 8.0));
}
END_TEST

START_TEST(two_of_four_are_sought_along_what_is_summed)
{
    // Stored [K, N]: groups run down the columns.
    count_text("x:f32[1,4]  w:f32[4,2] init=[1,1,1,1,0,0,0,0]  y = MatMul(x, w)  output y\n");
    ck_assert(counts.node[0].is_2_4);
    count_text("x:f32[1,4]  w:f32[4,2] init=[1,1,1,0,1,0,0,0]  y = MatMul(x, w)  output y\n");
    ck_assert(!counts.node[0].is_2_4);
    // Channels of a 1x1 convolution.
    count_text("x:f32[1,4,2,2]  w:f32[2,4,1,1] init=[1,0,0,1,0,1,1,0]  y = Conv(x, w)  output y\n");
    ck_assert(counts.node[0].is_2_4);
}
END_TEST

// BERT-large on a CPU with DeepSparse, MLPerf Inference v3.1: dense 30.59 J; 95 % of the weights
// zero 8.04 J, 97 % 7.25 J.
START_TEST(a_sparse_cpu_saves_as_published)
{
    struct energy_work work = {.macs = 123.3e9, .precision = PRECISION_F32, .nonzero = 1};

    read_device("cpu-server-x86");
    ck_assert_double_eq_tol(energy_of_work(&device, &work, 1).joules, 30.59, 0.01 * 30.59);
    work.nonzero = 0.05;
    ck_assert_double_eq_tol(energy_of_work(&device, &work, 1).joules, 8.04, 0.04 * 8.04);
    work.nonzero = 0.03;
    ck_assert_double_eq_tol(energy_of_work(&device, &work, 1).joules, 7.25, 0.04 * 7.25);
}
END_TEST

// ---- primitive ---------------------------------------------------------------------------------

#define HOROWITZ "\"zero_weights\":\"skip\",\"kind\":\"primitive\",\"mac_pj\":{\"float32\":4.6},"

START_TEST(an_sram_costs_by_its_size_as_published)
{
    static const struct {
        double bytes, pj_per_64_bits;
    } row[] = {{8192, 10}, {32768, 20}, {1048576, 100}}; // Horowitz 2014

    for (int i = 0; i < 3; i++) {
        char name[96];
        snprintf(name, sizeof name, "asic-45nm-sized:memory.on_chip_bytes=%.0f", row[i].bytes);
        read_device(name);
        ck_assert_double_eq_tol(2e12 * device.sram_32_bits, row[i].pj_per_64_bits,
                                0.05 * row[i].pj_per_64_bits);
    }
    read_device("asic-7nm"); // Jouppi et al. 2021: 14 pJ for 64 bits of 1 MB
    ck_assert_double_eq_tol(2e12 * device.sram_32_bits, 14, 0.02 * 14);
}
END_TEST

START_TEST(a_smaller_node_takes_less_for_arithmetic_and_sram_but_not_for_dram)
{
    struct device at_45;

    ck_ok(device_read(&context, "asic-45nm-sized", &at_45));
    read_device("asic-45nm-sized:scale_to_nm=7");
    assert_near(device.mac_f32, at_45.mac_f32 / 2.6);
    assert_near(device.sram_32_bits, at_45.sram_32_bits / 2.6);
    ck_assert_double_eq(device.dram_32_bits, at_45.dram_32_bits);
    read_device("asic-45nm-sized:scale_to_nm=45");
    ck_assert_double_eq(device.mac_f32, at_45.mac_f32);
    device_clear(&at_45);
}
END_TEST

START_TEST(the_spread_of_dram_widens_the_interval)
{
    double joules, weights = 3200 * 100e-12;

    count_text(dense);
    make_device(HOROWITZ "\"error_percent\":10,\"memory\":{\"sram_pj_per_32_bits\":5,"
                         "\"dram_pj_per_byte\":{\"min\":50,\"typ\":100,\"max\":300},"
                         "\"on_chip_bytes\":100}");
    estimate(1);
    joules = 800 * 4.6e-12 + weights + 2 * 240 / 4.0 * 5e-12;
    assert_near(energy.joules, joules);
    assert_near(energy.low, (joules - weights / 2) / 1.1);
    assert_near(energy.high, (joules + 2 * weights) * 1.1);
    make_device(HOROWITZ "\"error_percent\":10,\"memory\":{\"sram_pj_per_32_bits\":5,"
                         "\"dram_pj_per_byte\":{\"min\":50,\"typ\":100,\"max\":300}}");
    estimate(1); // on chip: nothing of it
    assert_near(energy.high, energy.joules * 1.1);
}
END_TEST

START_TEST(a_weight_takes_the_smallest_of_the_formats_that_there_are)
{
    count_text(not_of_four); // 1 x 8, four of them not zero
    make_device(HOROWITZ "\"memory\":{\"sram_pj_per_32_bits\":5,\"dram_pj_per_32_bits\":640}");
    estimate(1);
    ck_assert_double_eq(energy.layer[0].bytes, (8 + 4 * 32) / 8);
    make_device(HOROWITZ "\"weight_formats\":[\"dense\"],\"memory\":{\"sram_pj_per_32_bits\":5,"
                         "\"dram_pj_per_32_bits\":640}");
    estimate(1);
    ck_assert_double_eq(energy.layer[0].bytes, 8 * 32 / 8);
    make_device(HOROWITZ "\"weight_formats\":[\"csr\"],\"memory\":{\"sram_pj_per_32_bits\":5,"
                         "\"dram_pj_per_32_bits\":640}");
    estimate(1); // 3 bits a column, two pointers of 3 bits
    ck_assert_double_eq(energy.layer[0].bytes, ceil((4 * (32 + 3) + 2 * 3) / 8.0));
}
END_TEST

// ---- sparse engine and spiking -----------------------------------------------------------------

static struct energy_work eie_work(const struct csv_table *eie, int row, double activations)
{
    return (struct energy_work){.macs = published_number(eie, row, "macs"),
                                .nonzero = published_number(eie, row, "weight_density"),
                                .nonzero_activations = activations};
}

// Time of nine layers (Han et al. 2016, tables III and IV).
START_TEST(eie_takes_its_published_time_within_20_percent_on_average)
{
    struct csv_table eie;
    double mean = 0;

    published_read("eie.csv", &eie);
    read_device("eie-45nm-sparse");
    ck_assert_int_eq(eie.rows, 9);
    for (int i = 0; i < eie.rows; i++) {
        double seconds = published_number(&eie, i, "seconds");
        struct energy_work work =
            eie_work(&eie, i, published_number(&eie, i, "activation_density"));
        struct energy_sum sum = energy_of_work(&device, &work, 1);
        assert_near(sum.watts, 0.59);
        mean += fabs(sum.seconds / seconds - 1) / eie.rows;
        ck_assert_double_eq_tol(sum.seconds, seconds, 0.4 * seconds);
    }
    ck_assert_msg(mean < 0.2, "mean error %g", mean);
    csv_table_clear(&eie);
}
END_TEST

// A network does not tell its zero activations: the interval must hold what comes of that.
START_TEST(eie_is_within_its_interval_though_it_knows_no_zero_activation)
{
    struct csv_table eie;
    double low = INFINITY, high = 0;

    published_read("eie.csv", &eie);
    read_device("eie-45nm-sparse");
    for (int i = 0; i < eie.rows; i++) {
        struct energy_work work = eie_work(&eie, i, 1);
        double off = energy_of_work(&device, &work, 1).joules / published_number(&eie, i, "joules");
        low = fmin(low, off);
        high = fmax(high, off);
    }
    csv_table_clear(&eie);
    ck_assert_double_gt(high, 4);
    ck_assert_double_le(fmax(high, 1 / low), 1 + device.error_percent / 100);
    ck_assert_double_le(high / low, 1 + device.ratio_error_percent / 100);
}
END_TEST

START_TEST(a_sparse_engine_takes_time_by_what_is_stored)
{
    count_text(not_of_four);
    make_device("\"zero_weights\":\"skip\",\"kind\":\"sparse-engine\",\"engine\":{\"pes\":2,"
                "\"clock_mhz\":1,\"watts\":3,\"utilisation\":0.5,\"arithmetic_part\":0.25,"
                "\"weight_part\":0.5},\"index_bits\":4");
    estimate(1);
    // Half of 8 MACs, with the zeros that pad runs of 16: 1 + q / (1 - q), q = 0.5^16.
    assert_near(energy.seconds, 4 * (1 + pow(0.5, 16) / (1 - pow(0.5, 16))) / (2 * 1e6 * 0.5));
    assert_near(energy.joules, energy.seconds * 3);
    assert_near(energy.mac, energy.joules / 4);
    assert_near(energy.weights, energy.joules / 2);
    ck_assert_double_eq(energy.utilisation, 0.5);
}
END_TEST

START_TEST(spikes_cost_by_connection_and_the_fixed_part_comes_first)
{
    count_text(dense);
    make_device("\"zero_weights\":\"skip\",\"kind\":\"spiking\",\"spiking\":{\"synop_pj\":20,"
                "\"neuron_pj\":50,\"fixed_mj\":0.5,\"spikes_per_connection\":2,\"timesteps\":10}");
    estimate(1);
    assert_near(energy.joules, 0.5e-3 + 800 * 2 * 20e-12 + 20 * 10 * 50e-12);
    assert_near(energy.fixed, 0.5e-3);
    estimate(16); // one after the other
    assert_near(energy.joules, 0.5e-3 + 800 * 2 * 20e-12 + 20 * 10 * 50e-12);
}
END_TEST

// Blouw et al. 2019: above idle, a keyword network with 1 to 10 branches of ten layers of 256 x
// 256; the layer behind them reads all of them, so that each but the first adds 11.
START_TEST(loihi_takes_its_published_energy_within_5_percent)
{
    const struct energy_work branch = {.macs = 11 * 256 * 256, .neurons = 2560, .nonzero = 1};
    struct csv_table loihi;
    int runs = 0;

    published_read("loihi.csv", &loihi);
    read_device("neuromorphic-loihi1");
    for (int i = 0; i < loihi.rows; i++) {
        double published = published_number(&loihi, i, "dynamic_joules");
        struct energy_work work = {.macs = published_number(&loihi, i, "macs"),
                                   .neurons = published_number(&loihi, i, "neurons"),
                                   .nonzero = 1};
        if (strcmp(published_word(&loihi, i, "device"), "loihi") != 0 ||
            !(published_number(&loihi, i, "branches") > 0))
            continue;
        ck_assert_double_eq_tol(energy_of_work(&device, &work, 1).joules, published,
                                0.05 * published);
        runs++;
    }
    csv_table_clear(&loihi);
    ck_assert_int_eq(runs, 18);
    // Davies et al. 2018: 23.6 pJ a synaptic operation.
    ck_assert_double_eq_tol(energy_of_work(&device, &branch, 1).mac / branch.macs * 1e12, 23.6,
                            0.05 * 23.6);
}
END_TEST

// The fitted energy of a connection holds the neurons' updates: they are not added once more.
START_TEST(updates_of_neurons_are_not_added_to_what_holds_them)
{
    struct energy_work work = {.macs = 9 * 4096, .neurons = 4096, .nonzero = 1};
    double with;

    read_device("neuromorphic-loihi1");
    with = energy_of_work(&device, &work, 1).joules;
    work.neurons = 0;
    ck_assert_double_eq(energy_of_work(&device, &work, 1).joules, with);
}
END_TEST

// BERT-large, dense, float32, by four runtimes on one machine (MLPerf Inference v3.1).
START_TEST(other_runtimes_are_within_the_interval_of_a_server)
{
    static const double joules[] = {30.5923, 60.3086, 77.5864, 85.7495};
    struct energy_work work = {.macs = 123212660736, .precision = PRECISION_F32, .nonzero = 1};
    double estimate;

    read_device("cpu-server-x86");
    estimate = energy_of_work(&device, &work, 1).joules;
    for (int i = 0; i < 4; i++) {
        ck_assert_double_le(joules[i], estimate * (1 + device.error_percent / 100));
        ck_assert_double_ge(joules[i], estimate / (1 + device.error_percent / 100));
    }
}
END_TEST

Suite *kinds_suite(void);
Suite *kinds_suite(void)
{
    Suite *suite = suite_create("kinds");
    TCase *tcase = tcase_create("kinds");

    tcase_add_checked_fixture(tcase, estimated_set_up, estimated_tear_down);
    tcase_add_test(tcase, a_table_row_and_a_graph_are_estimated_alike);
    tcase_add_test(tcase, a_batch_shares_what_is_fixed_and_its_weights);
    tcase_add_test(tcase, two_batches_foretell_a_large_one);
    tcase_add_test(tcase, arithmetic_and_memory_side_by_side_cost_the_longer_one);
    tcase_add_test(tcase, weights_beyond_the_chip_cost_more_a_byte);
    tcase_add_test(tcase, time_follows_from_power_and_utilisation_from_the_peak);
    tcase_add_test(tcase, the_time_of_a_raspberry_pi_follows_from_its_joules);
    tcase_add_test(tcase, a_memory_that_is_too_small_is_told);
    tcase_add_test(tcase, that_a_network_fits_takes_both_memories);
    tcase_add_test(tcase, zeros_save_what_the_profile_says);
    tcase_add_test(tcase, two_of_every_four_save_half_above_the_floor_and_store_with_their_places);
    tcase_add_test(tcase, two_of_four_are_sought_along_what_is_summed);
    tcase_add_test(tcase, a_sparse_cpu_saves_as_published);
    tcase_add_test(tcase, an_sram_costs_by_its_size_as_published);
    tcase_add_test(tcase, a_smaller_node_takes_less_for_arithmetic_and_sram_but_not_for_dram);
    tcase_add_test(tcase, the_spread_of_dram_widens_the_interval);
    tcase_add_test(tcase, a_weight_takes_the_smallest_of_the_formats_that_there_are);
    tcase_add_test(tcase, eie_takes_its_published_time_within_20_percent_on_average);
    tcase_add_test(tcase, a_sparse_engine_takes_time_by_what_is_stored);
    tcase_add_test(tcase, spikes_cost_by_connection_and_the_fixed_part_comes_first);
    tcase_add_test(tcase, loihi_takes_its_published_energy_within_5_percent);
    tcase_add_test(tcase, eie_is_within_its_interval_though_it_knows_no_zero_activation);
    tcase_add_test(tcase, updates_of_neurons_are_not_added_to_what_holds_them);
    tcase_add_test(tcase, other_runtimes_are_within_the_interval_of_a_server);
    suite_add_tcase(suite, tcase);
    return suite;
}
