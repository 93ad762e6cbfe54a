// Layers on arrays of processing elements, against published chips and formulae: Eyeriss (Chen et
// al., JSSC 52(1), 2017, tables III, V, VI), the first TPU (Jouppi et al., ISCA 2017), SCALE-Sim
// (Samajdar et al., ISPASS 2020), and the bound on traffic of Hong and Kung (STOC 1981).
#include <check.h>
#include <math.h>

#include "energy/array_map.h"
#include "tests/support/published.h"

static const struct array_zeros dense = {0, 0};

static const struct array_spec eyeriss = {.rows = 12,
                                          .columns = 14,
                                          .hertz = 200e6,
                                          .dataflow = ARRAY_ROW,
                                          .overlap = OVERLAP_WEIGHTS,
                                          .choice = CHOICE_BUSY,
                                          .word_bits = 16,
                                          .buffer_bytes = 100000,
                                          .dram_bytes_per_second = 480e6,
                                          .filter_words = 224,
                                          .input_words = 12,
                                          .sum_words = 24,
                                          .filter_bus = 4,
                                          .input_bus = 1,
                                          .sum_bus = 4,
                                          .run_bits = 5};

static const struct array_spec tpu = {.rows = 256,
                                      .columns = 256,
                                      .hertz = 700e6,
                                      .dataflow = ARRAY_WEIGHT,
                                      .overlap = OVERLAP_ALL,
                                      .word_bits = 8,
                                      .buffer_bytes = 24 << 20,
                                      .dram_bytes_per_second = 30.0 * (1 << 30),
                                      .whole_tiles = true,
                                      .keeps_activations = true};

static struct array_spec systolic(enum array_dataflow dataflow, double rows, double columns)
{
    return (struct array_spec){.rows = rows,
                               .columns = columns,
                               .hertz = 1e9,
                               .dataflow = dataflow,
                               .overlap = OVERLAP_MEMORY,
                               .word_bits = 8,
                               .buffer_bytes = 1 << 20,
                               .dram_bytes_per_second = INFINITY};
}

static struct layer_shape product(double rows, double inner, double columns)
{
    return (struct layer_shape){1, 1, inner, columns, 1, rows, 1, rows, 1, 1, 1, 1};
}

static struct layer_shape convolution(double batch, double groups, double in, double out,
                                      double size, double kernel, double stride)
{
    double looks = (size - 1) * stride + kernel;

    return (struct layer_shape){batch, groups, in,     out,    looks,  looks,
                                size,  size,   kernel, kernel, stride, stride};
}

static struct array_mapping map(const struct array_spec *spec, struct layer_shape layer)
{
    struct array_mapping mapping;

    array_map(spec, &layer, &dense, &mapping);
    ck_assert_msg(!mapping.reason, "%s", mapping.reason);
    return mapping;
}

// ---- systolic arrays ---------------------------------------------------------------------------

START_TEST(a_fold_takes_twice_the_rows_the_columns_and_what_streams_less_two)
{
    struct array_spec weight = systolic(ARRAY_WEIGHT, 32, 16);
    struct array_spec output = systolic(ARRAY_OUTPUT, 32, 16);

    ck_assert_double_eq(map(&weight, product(100, 32, 16)).cycles, 2 * 32 + 16 + 100 - 2);
    ck_assert_double_eq(map(&output, product(32, 100, 16)).cycles, 2 * 32 + 16 + 100 - 2);
    ck_assert_double_eq(map(&weight, product(100, 64, 48)).cycles, 6 * (2 * 32 + 16 + 100 - 2));
    // 40 rows: a fold of 32 and one of 8.
    ck_assert_double_eq(map(&weight, product(100, 40, 16)).cycles,
                        2 * 32 + 16 + 98 + 2 * 8 + 16 + 98);
}
END_TEST

START_TEST(tpu_takes_18_us_for_600x600_weights_and_would_take_32_us_with_512x512_elements)
{
    struct array_spec larger = tpu;

    larger.rows = larger.columns = 512;
    ck_assert_double_eq_tol(map(&tpu, product(96, 600, 600)).seconds, 18e-6, 0.05 * 18e-6);
    ck_assert_double_eq_tol(map(&larger, product(96, 600, 600)).seconds, 32e-6, 0.05 * 32e-6);
}
END_TEST

// Square layers with the published numbers of weights; their true shapes are not published.
START_TEST(tpu_reaches_its_published_rate_on_mlp0_and_mlp1)
{
    struct array_mapping mlp0 = map(&tpu, product(200, 2000, 2000));
    struct array_mapping mlp1 = map(&tpu, product(168, 1118, 1118));

    ck_assert_double_eq_tol(2e-12 * mlp0.macs / mlp0.seconds, 12.3, 0.1 * 12.3);
    ck_assert_double_eq_tol(2e-12 * mlp1.macs / mlp1.seconds, 9.7, 0.2 * 9.7);
}
END_TEST

START_TEST(depthwise_convolutions_leave_systolic_arrays_idle)
{
    struct layer_shape depthwise = convolution(1, 256, 1, 1, 28, 3, 1);
    struct layer_shape dense_layer = convolution(1, 1, 256, 256, 28, 3, 1);
    struct array_spec weight = systolic(ARRAY_WEIGHT, 128, 128);
    struct array_spec output = systolic(ARRAY_OUTPUT, 128, 128);

    ck_assert_double_lt(map(&weight, depthwise).utilisation, 0.01);
    ck_assert_double_lt(map(&output, depthwise).utilisation, 0.01);
    ck_assert_double_gt(map(&weight, dense_layer).utilisation, 0.6);
}
END_TEST

// ---- traffic -----------------------------------------------------------------------------------

START_TEST(products_move_no_less_than_the_bound_and_at_most_half_as_much_again)
{
    static const double size[][3] = {{512, 512, 512}, {2048, 768, 768}, {64, 4096, 1000}};

    for (int i = 0; i < 3; i++)
        for (double words = 4096; words <= 1 << 22; words *= 4) {
            struct layer_shape layer = product(size[i][0], size[i][1], size[i][2]);
            struct array_traffic least = array_least_traffic(&layer, words);
            double all = least.inputs + least.weights + least.outputs;
            double once = layer_inputs(&layer) + layer_weights(&layer) + layer_outputs(&layer);
            double bound = 2 * layer_macs(&layer) / sqrt(words);

            ck_assert_double_ge(all, fmax(once, bound - 2 * words));
            ck_assert_double_le(all, 1.5 * fmax(once, bound + layer_outputs(&layer)));
        }
}
END_TEST

START_TEST(a_product_of_one_row_reads_its_weights_once)
{
    struct layer_shape layer = product(1, 4096, 1000);
    struct array_traffic least = array_least_traffic(&layer, 8192);

    ck_assert_double_eq(least.weights, 4096e3);
    ck_assert_double_eq(least.inputs, 4096);
    ck_assert_double_eq(least.outputs, 1000);
}
END_TEST

START_TEST(runs_of_zeros_are_counted_by_hand)
{
    // 48 words, half of them zero: 24 pairs, three in 64 bits; runs above 31 are next to none.
    ck_assert_double_eq_tol(array_coded_bytes(&eyeriss, 48, 0.5), 64, 1e-6);
    // Without zeros pairs would take more than the words.
    ck_assert_double_eq(array_coded_bytes(&eyeriss, 48, 0), 96);
    ck_assert_double_eq(array_coded_bytes(&eyeriss, 48, 0.1), 96);
    // All zero: a pair for each 32 words, a third of 64 bits each.
    ck_assert_double_eq_tol(array_coded_bytes(&eyeriss, 96, 1), 8, 1e-9);
    ck_assert_double_eq_tol(array_coded_bytes(&eyeriss, 96000, 1 - 1e-9), 8e3, 1);
}
END_TEST

// ---- row stationary ----------------------------------------------------------------------------

// A layer of testdata/energy/eyeriss.csv: AlexNet's convolutions, then VGG-16's.
struct published {
    double batch, groups, in, out, size, kernel, stride; // channels of one group
    double active, processing, total;                    // seconds
    double zeros;
    double buffer, dram; // MB, of 2^20 bytes (what the buffer's largest figures need to be true)
};

enum { ALEXNET = 5, VGG16 = 13 };

static struct published layers[ALEXNET + VGG16];

static void layer_read(const struct csv_table *table, int row, struct published *layer)
{
    double groups = published_number(table, row, "groups");
    double kernel = published_number(table, row, "kernel");
    double stride = published_number(table, row, "stride");
    double seen = published_number(table, row, "height") + 2 * published_number(table, row, "pad");

    *layer = (struct published){
        .batch = published_number(table, row, "batch"),
        .groups = groups,
        .in = published_number(table, row, "in_channels") / groups,
        .out = published_number(table, row, "out_channels") / groups,
        .size = floor((seen - kernel) / stride) + 1,
        .kernel = kernel,
        .stride = stride,
        .active = published_number(table, row, "active_pes"),
        .processing = published_number(table, row, "seconds_processing"),
        .total = published_number(table, row, "seconds_total"),
        .zeros = published_number(table, row, "zero_activations"),
        // The table has the printed megabytes times 10^6.
        .buffer = published_number(table, row, "buffer_bytes") / 1e6,
        .dram = published_number(table, row, "dram_bytes") / 1e6,
    };
}

static void set_up(void)
{
    struct csv_table table;

    published_read("eyeriss.csv", &table);
    ck_assert_int_eq(table.rows, ALEXNET + VGG16);
    for (int row = 0; row < table.rows; row++) {
        ck_assert_str_eq(published_word(&table, row, "network"),
                         row < ALEXNET ? "alexnet" : "vgg16");
        layer_read(&table, row, &layers[row]);
    }
    csv_table_clear(&table);
}

static struct layer_shape shape_of(const struct published *layer)
{
    return convolution(layer->batch, layer->groups, layer->in, layer->out, layer->size,
                       layer->kernel, layer->stride);
}

static const struct published *layer_at(int i)
{
    return &layers[i];
}

START_TEST(eyeriss_is_laid_out_as_its_authors_did_for_alexnet)
{
    // Table III: m, n, e, p, q, r, t.
    static const double table[ALEXNET][7] = {{96, 1, 7, 16, 1, 1, 2},
                                             {64, 1, 27, 16, 2, 1, 1},
                                             {64, 4, 13, 16, 4, 1, 4},
                                             {64, 4, 13, 16, 3, 2, 2},
                                             {64, 4, 13, 16, 3, 2, 2}};

    for (int i = 0; i < ALEXNET; i++) {
        struct array_mapping at = map(&eyeriss, shape_of(&layers[i]));
        const double found[7] = {at.m, at.n, at.e, at.p, at.q, at.r, at.t};
        for (int k = 0; k < 7; k++)
            ck_assert_msg(found[k] == table[i][k], "conv%d, %c: %g", i + 1, "mnepqrt"[k], found[k]);
    }
}
END_TEST

START_TEST(eyeriss_has_as_many_elements_at_work_as_published_in_all_18_layers)
{
    for (int i = 0; i < ALEXNET + VGG16; i++)
        ck_assert_double_eq(map(&eyeriss, shape_of(layer_at(i))).active, layer_at(i)->active);
}
END_TEST

// Nothing here was fitted to these times.
START_TEST(eyeriss_takes_the_published_time_within_7_percent_on_average)
{
    double processing = 0, total = 0;

    for (int i = 0; i < ALEXNET + VGG16; i++) {
        const struct published *layer = layer_at(i);
        struct layer_shape shape = shape_of(layer);
        // What comes out is about as full of zeros as what came in.
        struct array_zeros zeros = {layer->zeros, layer->zeros};
        struct array_mapping at;
        array_map(&eyeriss, &shape, &zeros, &at);
        double off = fabs(at.cycles / eyeriss.hertz / layer->processing - 1);
        ck_assert_msg(off < 0.15, "layer %d: %g", i, off);
        processing += off / (ALEXNET + VGG16);
        total += fabs(at.seconds / layer->total - 1) / (ALEXNET + VGG16);
    }
    ck_assert_double_lt(processing, 0.07);
    ck_assert_double_lt(total, 0.12);
}
END_TEST

START_TEST(eyeriss_moves_the_published_bytes_within_12_percent_on_average)
{
    double buffer = 0, dram = 0;

    for (int i = 0; i < ALEXNET + VGG16; i++) {
        const struct published *layer = layer_at(i);
        bool is_last = i == ALEXNET - 1 || i == ALEXNET + VGG16 - 1;
        struct layer_shape shape = shape_of(layer);
        // What comes out is what the next layer reads, but for pools between them.
        struct array_zeros zeros = {layer->zeros, (is_last ? layer : layer_at(i + 1))->zeros};
        struct array_mapping at;
        array_map(&eyeriss, &shape, &zeros, &at);
        buffer += fabs(2 * at.buffer_words / (1 << 20) / layer->buffer - 1) / (ALEXNET + VGG16);
        dram += fabs(at.dram_bytes / (1 << 20) / layer->dram - 1) / (ALEXNET + VGG16);
    }
    ck_assert_double_lt(buffer, 0.12);
    ck_assert_double_lt(dram, 0.10);
}
END_TEST

START_TEST(kernels_and_rows_beyond_the_registers_are_cut)
{
    struct array_mapping tall = map(&eyeriss, convolution(1, 1, 3, 8, 20, 15, 1));
    struct array_mapping wide = map(&eyeriss, product(100000, 16, 16));

    ck_assert_double_eq(tall.macs, 20 * 20 * 8 * 3 * 15 * 15);
    ck_assert_double_gt(tall.utilisation, 0);
    ck_assert_double_le(tall.utilisation, 1);
    ck_assert_double_gt(wide.utilisation, 0);
}
END_TEST

START_TEST(a_buffer_without_room_for_a_row_has_a_reason)
{
    struct array_spec small = eyeriss, systolic_small = systolic(ARRAY_WEIGHT, 8, 8);
    struct layer_shape layer = convolution(1, 1, 3, 8, 20, 3, 1);
    struct array_mapping mapping;

    small.buffer_bytes = 8;
    array_map(&small, &layer, &dense, &mapping);
    ck_assert_ptr_nonnull(mapping.reason);
    ck_assert(isnan(mapping.cycles) && isnan(mapping.seconds) && isnan(mapping.dram_bytes));
    systolic_small.buffer_bytes = 2;
    array_map(&systolic_small, &layer, &dense, &mapping);
    ck_assert_ptr_nonnull(mapping.reason);
}
END_TEST

// ---- what if -----------------------------------------------------------------------------------

static struct layer_shape layer_of_many(int i)
{
    static const int vgg_and_alexnet = ALEXNET + VGG16;

    if (i < vgg_and_alexnet)
        return shape_of(layer_at(i));
    switch (i - vgg_and_alexnet) {
    case 0:
        return convolution(1, 256, 1, 1, 28, 3, 1);
    case 1:
        return product(384, 768, 768);
    case 2:
        return product(1, 4096, 1000);
    default:
        return convolution(1, 1, 24, 144, 56, 1, 1);
    }
}

enum { MANY = ALEXNET + VGG16 + 4 };

START_TEST(a_larger_buffer_never_costs_more_dram_traffic)
{
    struct array_spec spec[] = {systolic(ARRAY_WEIGHT, 64, 64), systolic(ARRAY_OUTPUT, 64, 64),
                                eyeriss, eyeriss};

    spec[3].choice = CHOICE_TRAFFIC;
    for (int s = 0; s < 4; s++)
        for (int i = 0; i < MANY; i++) {
            double before = INFINITY;
            for (spec[s].buffer_bytes = 65536; spec[s].buffer_bytes < 3e6;
                 spec[s].buffer_bytes *= 1.5) {
                double now = map(&spec[s], layer_of_many(i)).dram_bytes;
                ck_assert_msg(now <= before, "spec %d, layer %d: %g bytes after %g", s, i, now,
                              before);
                before = now;
            }
        }
}
END_TEST

START_TEST(twice_the_elements_never_take_more_cycles)
{
    struct array_spec spec[] = {systolic(ARRAY_WEIGHT, 16, 16), systolic(ARRAY_OUTPUT, 16, 16),
                                eyeriss};

    spec[2].choice = CHOICE_CYCLES;
    for (int s = 0; s < 3; s++)
        for (int i = 0; i < MANY; i++) {
            struct array_spec tall = spec[s], wide = spec[s];
            double now = map(&spec[s], layer_of_many(i)).seconds;
            tall.rows *= 2;
            wide.columns *= 2;
            ck_assert_double_le(map(&tall, layer_of_many(i)).seconds, now * (1 + 1e-12));
            ck_assert_double_le(map(&wide, layer_of_many(i)).seconds, now * (1 + 1e-12));
        }
}
END_TEST

START_TEST(no_array_does_more_than_its_peak)
{
    struct array_spec spec[] = {systolic(ARRAY_WEIGHT, 16, 16), systolic(ARRAY_OUTPUT, 16, 16),
                                eyeriss, tpu};

    for (int s = 0; s < 4; s++)
        for (int i = 0; i < MANY; i++) {
            struct array_mapping at = map(&spec[s], layer_of_many(i));
            ck_assert_double_gt(at.utilisation, 0);
            ck_assert_double_le(at.utilisation, 1);
            ck_assert_double_le(at.active, spec[s].rows * spec[s].columns);
            struct layer_shape layer = layer_of_many(i);
            ck_assert_double_ge(at.weight_bytes * 8 / spec[s].word_bits * (1 + 1e-12),
                                layer_weights(&layer));
        }
}
END_TEST

Suite *array_suite(void);
Suite *array_suite(void)
{
    Suite *suite = suite_create("array");
    TCase *tests = tcase_create("array");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, a_fold_takes_twice_the_rows_the_columns_and_what_streams_less_two);
    tcase_add_test(tests,
                   tpu_takes_18_us_for_600x600_weights_and_would_take_32_us_with_512x512_elements);
    tcase_add_test(tests, tpu_reaches_its_published_rate_on_mlp0_and_mlp1);
    tcase_add_test(tests, depthwise_convolutions_leave_systolic_arrays_idle);
    tcase_add_test(tests, products_move_no_less_than_the_bound_and_at_most_half_as_much_again);
    tcase_add_test(tests, a_product_of_one_row_reads_its_weights_once);
    tcase_add_test(tests, runs_of_zeros_are_counted_by_hand);
    tcase_add_test(tests, eyeriss_is_laid_out_as_its_authors_did_for_alexnet);
    tcase_add_test(tests, eyeriss_has_as_many_elements_at_work_as_published_in_all_18_layers);
    tcase_add_test(tests, eyeriss_takes_the_published_time_within_7_percent_on_average);
    tcase_add_test(tests, eyeriss_moves_the_published_bytes_within_12_percent_on_average);
    tcase_add_test(tests, kernels_and_rows_beyond_the_registers_are_cut);
    tcase_add_test(tests, a_buffer_without_room_for_a_row_has_a_reason);
    tcase_add_test(tests, a_larger_buffer_never_costs_more_dram_traffic);
    tcase_add_test(tests, twice_the_elements_never_take_more_cycles);
    tcase_add_test(tests, no_array_does_more_than_its_peak);
    suite_add_tcase(suite, tests);
    return suite;
}
