// The tables of published measurements: units, sums that their sources print, and counts, against
// figures of TensorFlow and of the papers and against ecai's own counts.
#include <check.h>
#include <math.h>
#include <string.h>

#include "energy/estimate.h"
#include "exec/infer.h"
#include "io/model.h"
#include "quantize/methods.h"
#include "tests/support/fixture.h"
#include "validate/table.h"

static struct context context;
static struct csv_table table;

static void begin(void)
{
    context_init(&context);
    memset(&table, 0, sizeof table);
}

static void end(void)
{
    csv_table_clear(&table);
}

static void read_table(const char *name)
{
    csv_table_clear(&table);
    ck_ok(csv_table_read(&context, name, &table));
}

static double number(int row, const char *name)
{
    int column;
    double value;

    ck_ok(csv_table_need(&context, &table, name, &column));
    ck_ok(csv_table_number_or_nan(&context, &table, row, column, &value));
    return value;
}

static const char *word(int row, const char *name)
{
    int column;

    ck_ok(csv_table_need(&context, &table, name, &column));
    return csv_table_word(&table, row, column);
}

// Rows are named by what two columns hold; NULL: whatever.
struct key {
    const char *column[3], *word[3];
};

static bool row_is(int row, const struct key *key)
{
    for (int i = 0; i < 3; i++)
        if (key->column[i] && strcmp(word(row, key->column[i]), key->word[i]) != 0)
            return false;
    return true;
}

static int row_of(const struct key *key)
{
    for (int i = 0; i < table.rows; i++)
        if (row_is(i, key))
            return i;
    ck_abort_msg("no row '%s' '%s'", key->word[0], key->word[1] ? key->word[1] : "");
    return -1;
}

static double sum_of(const struct key *key, const char *name, const char *times)
{
    double sum = 0;

    for (int i = 0; i < table.rows; i++)
        if (row_is(i, key))
            sum += number(i, name) * (times ? number(i, times) : 1);
    return sum;
}

static void assert_near(double value, double expected, double part, const char *what)
{
    ck_assert_msg(fabs(value - expected) <= part * fabs(expected), "%s: %g, not %g", what, value,
                  expected);
}

// ---- networks ----------------------------------------------------------------------------------

static void assert_rows_are_in_si_units(double least_watts, double most_watts)
{
    for (int i = 0; i < table.rows; i++) {
        double watts = number(i, "joules") / number(i, "seconds");
        const char *precision = word(i, "precision");

        // A table in millijoules or milliseconds is a thousand times off.
        ck_assert_msg(watts > least_watts && watts < most_watts, "row %d: %g W", i, watts);
        ck_assert(number(i, "accuracy") < 1 || isnan(number(i, "accuracy")));
        ck_assert(number(i, "depthwise_macs") < number(i, "macs"));
        if (!strcmp(precision, "float32"))
            ck_assert(number(i, "bytes") ==
                      4 * (number(i, "parameters") + number(i, "activation_elements")));
        else
            ck_assert_str_eq(precision, "int8");
        ck_assert(number(i, "bytes") > number(i, "weight_bytes"));
    }
}

START_TEST(mobile_networks_are_in_si_units)
{
    const struct key rpi4 = {{"device", "runtime", "precision"},
                             {"rpi4", "tflite-2.7.1", "float32"}};
    int rows = 0;

    read_table("mlperf_mobile.csv");
    ck_assert_int_eq(table.rows, 15 * (38 + 37 + 5 + 5 + 1));
    assert_rows_are_in_si_units(1, 60);
    for (int i = 0; i < table.rows; i++)
        rows += row_is(i, &rpi4) && !strcmp(word(i, "family"), "mobilenet");
    ck_assert_int_eq(rows, 38);
}
END_TEST

// MLPerf's own summary of round v1.2.
START_TEST(microcontrollers_are_in_si_units)
{
    static const struct {
        const char *network;
        double microjoules;
    } of[] = {{"tiny-ad", 203.368},
              {"tiny-kws", 1820.454},
              {"tiny-ic", 6919.375},
              {"tiny-vww", 3894.566}};

    read_table("mlperf_tiny.csv");
    assert_rows_are_in_si_units(1e-3, 0.2);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct key key = {{"device", "runtime", "network"},
                                {"nucleo-l4r5zi", "st-x-cube-ai-v1.2", of[i].network}};
        assert_near(number(row_of(&key), "joules"), of[i].microjoules * 1e-6, 1e-5, of[i].network);
    }
}
END_TEST

// Million MACs and parameters as TensorFlow's model garden prints them (research/slim/nets:
// mobilenet_v1.md, mobilenet/README.md), some rounded and some cut off; its parameters include
// batch norm. MobileNet v1 0.75 as Howard et al. 2017 print it (table 6): see
// testdata/energy/README.md.
static const struct {
    const char *network;
    double macs, parameters;
} slim[] = {
    {"mobilenet-v1-1.0-224", 569, 4.24},  {"mobilenet-v1-1.0-192", 418, 4.24},
    {"mobilenet-v1-1.0-160", 291, 4.24},  {"mobilenet-v1-1.0-128", 186, 4.24},
    {"mobilenet-v1-0.75-224", 325, 2.59}, {"mobilenet-v1-0.5-224", 150, 1.34},
    {"mobilenet-v1-0.5-192", 110, 1.34},  {"mobilenet-v1-0.5-160", 77, 1.34},
    {"mobilenet-v1-0.5-128", 49, 1.34},   {"mobilenet-v1-0.25-224", 41, 0.47},
    {"mobilenet-v1-0.25-160", 21, 0.47},  {"mobilenet-v1-0.25-128", 14, 0.47},
    {"mobilenet-v2-1.4-224", 582, 6.06},  {"mobilenet-v2-1.3-224", 509, 5.34},
    {"mobilenet-v2-1.0-224", 300, 3.47},  {"mobilenet-v2-1.0-192", 221, 3.47},
    {"mobilenet-v2-1.0-160", 154, 3.47},  {"mobilenet-v2-1.0-128", 99, 3.47},
    {"mobilenet-v2-1.0-96", 56, 3.47},    {"mobilenet-v2-0.75-224", 209, 2.61},
    {"mobilenet-v2-0.75-192", 153, 2.61}, {"mobilenet-v2-0.75-160", 107, 2.61},
    {"mobilenet-v2-0.75-128", 69, 2.61},  {"mobilenet-v2-0.75-96", 39, 2.61},
    {"mobilenet-v2-0.5-224", 97, 1.95},   {"mobilenet-v2-0.5-192", 71, 1.95},
    {"mobilenet-v2-0.5-160", 50, 1.95},   {"mobilenet-v2-0.5-128", 32, 1.95},
    {"mobilenet-v2-0.5-96", 18, 1.95},    {"mobilenet-v2-0.35-224", 59, 1.66},
    {"mobilenet-v2-0.35-192", 43, 1.66},  {"mobilenet-v2-0.35-160", 30, 1.66},
    {"mobilenet-v2-0.35-128", 20, 1.66},  {"mobilenet-v2-0.35-96", 11, 1.66},
};

START_TEST(counts_are_those_that_tensorflow_prints)
{
    read_table("mlperf_mobile.csv");
    for (size_t i = 0; i < sizeof slim / sizeof *slim; i++) {
        const struct key key = {{"network", "precision"}, {slim[i].network, "float32"}};
        int row = row_of(&key);

        ck_assert_msg(fabs(number(row, "macs") / 1e6 - slim[i].macs) < 1, "%s: %g M MACs",
                      slim[i].network, number(row, "macs") / 1e6);
        assert_near(number(row, "parameters") / 1e6, slim[i].parameters, 0.01, slim[i].network);
    }
}
END_TEST

// With batch norm's scales torchvision's resnet50 has 25,557,032 parameters (26,560 scales), Keras
// Hub's efficientnet_lite0 4,652,008 (21,008).
START_TEST(parameters_are_torchvisions_and_kerass_without_batch_norms_scales)
{
    const struct key resnet = {{"network"}, {"resnet50"}};
    const struct key lite = {{"network"}, {"efficientnet-lite0"}};

    read_table("mlperf_mobile.csv");
    ck_assert_double_eq(number(row_of(&resnet), "parameters"), 25557032 - 26560);
    assert_near(number(row_of(&resnet), "macs"), 4.09e9, 0.001, "MACs");
    ck_assert_double_eq(number(row_of(&lite), "parameters"), 4652008 - 21008);
}
END_TEST

static void count_graph(const struct graph *graph, struct counts *counts)
{
    struct infer_options options = {.is_lenient = true};
    struct inference inference;

    ck_ok(graph_infer(&context, graph, &options, &inference));
    counts_init(counts, graph, inference.of_value);
    inference_clear(&inference);
}

START_TEST(ecai_counts_the_networks_as_the_tables_do)
{
    static const struct {
        const char *table, *network, *path, *precision;
    } of[] = {
        {"mlperf_tiny.csv", "tiny-kws", "testdata/energy/networks/tiny-kws.txt", "int8"},
        {"mlperf_tiny.csv", "tiny-vww", "testdata/energy/networks/tiny-vww.txt", "int8"},
        {"mlperf_mobile.csv", "mobilenet-v2-0.35-96",
         "testdata/energy/networks/mobilenet-v2-0.35-96.txt", "float32"},
    };

    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct key key = {{"network", "precision"}, {of[i].network, of[i].precision}};
        double depthwise = 0, elements = 0, layers = 0;
        struct counts counts;
        struct graph *graph;
        int row;

        read_table(of[i].table);
        row = row_of(&key);
        ck_ok(model_read(&context, of[i].path, NULL, &graph, NULL));
        count_graph(graph, &counts);
        for (uint32_t k = 0; k < counts.node_count; k++) {
            const struct node_count *node = &counts.node[k];
            depthwise += node->is_depthwise ? node->macs : 0;
            elements += node->macs > 0 ? node->input_elements + node->output_elements : 0;
            layers += node->macs > 0;
        }
        ck_assert_double_eq(counts.macs, number(row, "macs"));
        ck_assert_double_eq(depthwise, number(row, "depthwise_macs"));
        ck_assert_double_eq(counts.parameters, number(row, "parameters"));
        ck_assert_double_eq(elements, number(row, "activation_elements"));
        ck_assert_double_eq(layers, number(row, "layers"));
        counts_clear(&counts);
        graph_free(graph);
    }
}
END_TEST

// Picojoules where a byte of a weight that is read costs so many, a byte that is moved so many.
static double charged(const struct counts *counts, int weight_byte, int byte)
{
    struct device device;
    struct energy energy;
    struct text name;
    double joules;

    text_init(&name);
    text_format(&name,
                "mcu-cortex-m4:fit.int8.fixed_mj=0,fit.int8.mac_pj=0,fit.int8.depthwise_mac_pj=0,"
                "fit.int8.weight_byte_pj=%d,fit.int8.byte_pj=%d",
                weight_byte, byte);
    ck_ok(device_read(&context, name.at, &device));
    energy_init(&energy, counts, &device);
    joules = energy.joules;
    energy_clear(&energy);
    device_clear(&device);
    text_clear(&name);
    return joules * 1e12;
}

START_TEST(a_quantised_network_keeps_and_moves_the_bytes_of_the_table)
{
    const struct key key = {{"network"}, {"tiny-kws"}};
    const char *const words[] = {"range=minmax", NULL};
    struct dataset *data =
        fixture_data(&context, "synthetic:classes=2,samples=4,shape=1x49x10,type=f32");
    struct counts counts;
    struct graph *graph;

    read_table("mlperf_tiny.csv");
    ck_ok(model_read(&context, "testdata/energy/networks/tiny-kws.txt", NULL, &graph, NULL));
    ck_ok(fixture_run(&context, &quantize_int8, words, data, &graph));
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &graph));
    count_graph(graph, &counts);
    assert_near(charged(&counts, 0, 1), number(row_of(&key), "bytes"), 1e-9, "bytes");
    assert_near(charged(&counts, 1, 0), number(row_of(&key), "weight_bytes"), 1e-9, "weight bytes");
    counts_clear(&counts);
    graph_free(graph);
    dataset_free(data);
}
END_TEST

// ---- chips -------------------------------------------------------------------------------------

// Totals that tables V and VI of Chen et al. 2017 print.
START_TEST(eyeriss_layers_sum_to_the_printed_totals)
{
    static const struct {
        const char *network;
        double seconds, processing, watts, macs, dram;
    } of[] = {{"alexnet", 0.1153, 0.1035, 0.278, 2.66e9, 15.4e6},
              {"vgg16", 4.3095, 3.7552, 0.236, 46.04e9, 321.1e6}};

    read_table("eyeriss.csv");
    ck_assert_int_eq(table.rows, 18);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct key key = {{"network"}, {of[i].network}};
        double seconds = sum_of(&key, "seconds_total", NULL);

        assert_near(seconds, of[i].seconds, 1e-3, "time");
        assert_near(sum_of(&key, "seconds_processing", NULL), of[i].processing, 1e-3, "processing");
        assert_near(sum_of(&key, "watts", "seconds_total") / seconds, of[i].watts, 5e-3, "watts");
        assert_near(sum_of(&key, "macs", NULL), of[i].macs, 2e-3, "MACs");
        assert_near(sum_of(&key, "dram_bytes", NULL), of[i].dram, 2e-3, "DRAM");
    }
}
END_TEST

START_TEST(eie_needs_no_less_than_its_zeros_allow)
{
    read_table("eie.csv");
    ck_assert_int_eq(table.rows, 9);
    for (int i = 0; i < table.rows; i++) {
        double least = number(i, "macs") * number(i, "weight_density") *
                       number(i, "activation_density") / 64 / 800e6;

        // Densities are printed to a percent.
        ck_assert(number(i, "seconds_theoretical") > 0.96 * least);
        ck_assert(number(i, "seconds_theoretical") < 2 * least);
        ck_assert(number(i, "seconds") > number(i, "seconds_theoretical"));
        assert_near(number(i, "joules"), number(i, "watts") * number(i, "seconds"), 1e-5, "joules");
        ck_assert(number(i, "cpu_dense_seconds") > number(i, "gpu_dense_seconds"));
    }
}
END_TEST

START_TEST(platforms_frames_a_joule_are_frames_a_second_by_watts)
{
    read_table("eie_platforms.csv");
    ck_assert_int_eq(table.rows, 8);
    for (int i = 0; i < table.rows; i++)
        assert_near(number(i, "frames_per_second") / number(i, "watts"),
                    number(i, "frames_per_joule"), 0.02, word(i, "device"));
}
END_TEST

// Table 1 of Blouw et al. 2019.
START_TEST(keyword_spotting_is_as_its_authors_print_it)
{
    static const struct {
        const char *device;
        double idle, watts, per_second, joules, part;
    } of[] = {{"quadro-k4000", 14.97, 37.83, 770.39, 0.0298, 0.005},
              {"xeon-e5-2630", 17.01, 28.48, 1813.63, 0.0063, 0.005},
              {"jetson-tx1", 2.64, 4.98, 419, 0.0056, 0.005},
              {"movidius-ncs", 0.210, 0.647, 300, 0.0015, 0.04},
              {"loihi", 0.029, 0.110, 296, 0.00027, 0.02}};

    read_table("loihi.csv");
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct key key = {{"device", "network", "batch"}, {of[i].device, "kws", "1"}};
        double runs = 0;

        for (int k = 0; k < table.rows; k++)
            runs += row_is(k, &key);
        assert_near(sum_of(&key, "idle_watts", NULL) / runs, of[i].idle, 0.02, of[i].device);
        assert_near(sum_of(&key, "watts", NULL) / runs, of[i].watts, 0.005, of[i].device);
        assert_near(runs / sum_of(&key, "seconds", NULL), of[i].per_second, 0.005, of[i].device);
        assert_near(sum_of(&key, "dynamic_joules", NULL) / runs, of[i].joules, of[i].part,
                    of[i].device);
    }
}
END_TEST

// ---- accelerators and servers ------------------------------------------------------------------

START_TEST(accelerators_take_less_an_image_in_batches)
{
    read_table("mlperf_systems.csv");
    for (int i = 0; i < table.rows; i++) {
        double offline = number(i, "offline_joules"), single = number(i, "singlestream_joules");

        assert_near(offline, number(i, "offline_watts") / number(i, "offline_per_second"), 1e-4,
                    word(i, "device"));
        if (isnan(single) || number(i, "accelerators") == 0)
            continue;
        ck_assert_msg(offline < 1.05 * single, "%s", word(i, "device"));
        ck_assert_msg(number(i, "multistream_joules") < 8.6 * single, "%s", word(i, "device"));
    }
}
END_TEST

START_TEST(sparse_bert_takes_less_than_dense)
{
    const struct key dense = {{"device", "network"}, {"ryzen", "bert-large-base-none-bert-99"}};
    const struct key sparse = {{"device", "network"},
                               {"ryzen", "obert-large-pruned97-quant-none-bert-99"}};

    read_table("mlperf_bert.csv");
    assert_near(number(row_of(&dense), "joules") / number(row_of(&sparse), "joules"), 30.59 / 3.84,
                1e-3, "ratio");
    for (int i = 0; i < table.rows; i++) {
        ck_assert(number(i, "sparsity") >= 0 && number(i, "sparsity") < 1);
        ck_assert(number(i, "f1") > 0.87 && number(i, "f1") < 0.92);
    }
}
END_TEST

Suite *published_suite(void);
Suite *published_suite(void)
{
    Suite *suite = suite_create("published");
    TCase *tcase = tcase_create("tables");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, mobile_networks_are_in_si_units);
    tcase_add_test(tcase, microcontrollers_are_in_si_units);
    tcase_add_test(tcase, counts_are_those_that_tensorflow_prints);
    tcase_add_test(tcase, parameters_are_torchvisions_and_kerass_without_batch_norms_scales);
    tcase_add_test(tcase, ecai_counts_the_networks_as_the_tables_do);
    tcase_add_test(tcase, a_quantised_network_keeps_and_moves_the_bytes_of_the_table);
    tcase_add_test(tcase, eyeriss_layers_sum_to_the_printed_totals);
    tcase_add_test(tcase, eie_needs_no_less_than_its_zeros_allow);
    tcase_add_test(tcase, platforms_frames_a_joule_are_frames_a_second_by_watts);
    tcase_add_test(tcase, keyword_spotting_is_as_its_authors_print_it);
    tcase_add_test(tcase, accelerators_take_less_an_image_in_batches);
    tcase_add_test(tcase, sparse_bert_takes_less_than_dense);
    suite_add_tcase(suite, tcase);
    return suite;
}
