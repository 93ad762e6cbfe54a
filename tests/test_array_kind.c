// Profiles of the kind array: layers of graphs as loops, joules against sums by hand, refusals.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy/array.h"
#include "energy/energy_json.h"
#include "tests/support/estimated.h"
#include "tests/support/fixture.h"
#include "tests/support/temporary.h"

static const struct node_count *node_named(const char *name)
{
    for (uint32_t i = 0; i < counts.node_count; i++)
        if (strcmp(counts.node[i].name, name) == 0)
            return &counts.node[i];
    ck_abort_msg("no node %s", name);
    return NULL;
}

static void assert_shape(const char *name, struct layer_shape is)
{
    const struct layer_shape *at = &node_named(name)->shape;

    ck_assert_msg(memcmp(at, &is, sizeof is) == 0,
                  "%s: batch %g, %g groups, %g -> %g channels, %g x %g -> %g x %g, kernel %g x %g, "
                  "strides %g x %g",
                  name, at->batch, at->groups, at->in_channels, at->out_channels, at->in_height,
                  at->in_width, at->out_height, at->out_width, at->kernel_height, at->kernel_width,
                  at->stride_height, at->stride_width);
    ck_assert_double_eq(layer_macs(at), node_named(name)->macs);
}

static const struct {
    const char *text;
    struct {
        const char *name;
        struct layer_shape shape;
    } layer[3];
} loops[] = {
    {"x:f32[2,4,9,11]  w:f32[6,2,3,5] init=ones  d:f32[6,1,1,1] init=ones\n"
     "t:f32[6,3,2,2] init=ones\n"
     "conv: a = Conv(x, w) group=2 strides=2,1 pads=1,2,1,2\n"
     "deep: b = Conv(a, d) group=6\n"
     "up: c = ConvTranspose(b, t) strides=2,2\n output c\n",
     {{"conv", {2, 2, 2, 3, 11, 15, 5, 11, 3, 5, 2, 1}},
      {"deep", {2, 6, 1, 1, 5, 11, 5, 11, 1, 1, 1, 1}},
      {"up", {2, 1, 6, 12, 1, 55, 1, 55, 1, 1, 1, 1}}}},
    // Products of matrices share weights, but not activations.
    {"x:f32[2,3,5,7]  w:f32[7,4] init=ones  g:f32[8,4] init=ones  s:i64[2] init=[-1,4]\n"
     "shared: a = MatMul(x, w)\n"
     "t = Transpose(a) perm=0,1,3,2\n"
     "own: b = MatMul(a, t)\n"
     "f = Reshape(a, s)\n"
     "gemm: y = Gemm(f, g) transB=1\n output b\n output y\n",
     {{"shared", {6, 1, 7, 4, 1, 5, 1, 5, 1, 1, 1, 1}},
      {"own", {1, 6, 4, 5, 1, 5, 1, 5, 1, 1, 1, 1}},
      {"gemm", {30, 1, 4, 8, 1, 1, 1, 1, 1, 1, 1, 1}}}},
};

START_TEST(layers_are_told_as_the_loops_that_they_are)
{
    count_text(loops[_i].text);
    for (int i = 0; i < 3; i++)
        assert_shape(loops[_i].layer[i].name, loops[_i].layer[i].shape);
}
END_TEST

START_TEST(only_what_comes_out_of_a_relu_has_zeros)
{
    count_text("x:f32[1,4,8,8]  w:f32[4,4,1,1] init=ones  low:f32[] init=zeros  "
               "s:f32[4] init=ones\n"
               "one: a = Conv(x, w)\n b = BatchNormalization(a, s, s, s, s)\n c = Relu(b)\n"
               "p = MaxPool(c) kernel_shape=2,2 strides=2,2\n"
               "two: d = Conv(p, w)\n e = Clip(d, low)\n"
               "three: f = Conv(e, w)\n g = Sigmoid(f)\n"
               "four: h = Conv(g, w)\n output h\n");
    ck_assert(!node_named("one")->reads_rectified && node_named("one")->writes_rectified);
    ck_assert(node_named("two")->reads_rectified && node_named("two")->writes_rectified);
    ck_assert(node_named("three")->reads_rectified && !node_named("three")->writes_rectified);
    ck_assert(!node_named("four")->reads_rectified && !node_named("four")->writes_rectified);
}
END_TEST

#define TWO_LAYERS                                                                                 \
    "x:f32[1,8,14,14]  v:f32[16,8,3,3] init=ones  w:f32[16,16,3,3] init=ones\n"                    \
    "one: a = Conv(x, v) pads=1,1,1,1\n b = Relu(a)\n"                                             \
    "two: c = Conv(b, w) pads=1,1,1,1\n output c\n"

static void estimate_to(const char *name, double batch)
{
    energy_clear(&energy);
    device_clear(&device);
    ck_ok(device_read(&context, name, &device));
    energy_init_batch(&energy, &counts, &device, batch);
}

static const struct energy_layer *layer_named(const char *name)
{
    for (uint32_t i = 0; i < energy.layer_count; i++)
        if (strcmp(energy.layer[i].name, name) == 0)
            return &energy.layer[i];
    ck_abort_msg("no layer %s", name);
    return NULL;
}

START_TEST(a_layer_is_power_x_time_and_what_is_not_zero)
{
    const double one = 14 * 14 * 16 * 8 * 9, two = 14 * 14 * 16 * 16 * 9;
    double seconds = 0;

    count_text(TWO_LAYERS);
    estimate_to("eyeriss-65nm", 1);
    for (int i = 0; i < 2; i++) {
        const struct energy_layer *layer = layer_named(i ? "two" : "one");
        // The first reads an image, the second what a ReLU has left.
        double done = i ? two * (1 - 0.596) : one;
        ck_assert_double_eq_tol(layer->joules, 0.2133 * layer->mapping->seconds + 5.99e-12 * done,
                                1e-12 * layer->joules);
        seconds += layer->mapping->seconds;
    }
    ck_assert_double_eq_tol(energy.seconds, seconds, 1e-12 * seconds);
    ck_assert_double_eq_tol(energy.utilisation, (one + two) / (168 * 200e6 * seconds), 1e-12);
    ck_assert_double_eq_tol(energy.watts, energy.joules / seconds, 1e-12);
    ck_assert_double_eq(energy.fixed, 0);
}
END_TEST

START_TEST(dram_and_on_chip_accesses_cost_what_a_profile_says)
{
    const struct array_mapping *mapping;
    double before;

    count_text(TWO_LAYERS);
    estimate_to("eyeriss-65nm", 1);
    before = layer_named("one")->joules;
    estimate_to("eyeriss-65nm:power.dram_byte_pj=64,power.buffer_word_pj=6,power.neighbour_word_pj="
                "2,power.register_word_pj=1",
                1);
    mapping = layer_named("one")->mapping;
    ck_assert_double_eq_tol(layer_named("one")->joules,
                            before +
                                1e-12 * (64 * mapping->dram_bytes + 6 * mapping->buffer_words +
                                         2 * mapping->neighbour_words + mapping->register_words),
                            1e-12 * before);
    ck_assert_double_eq_tol(layer_named("one")->weights, 64e-12 * 16 * 8 * 9 * 2, 1e-20);
}
END_TEST

START_TEST(images_together_share_the_weights_that_are_fetched)
{
    double alone, together;

    count_text(TWO_LAYERS);
    estimate_to("eyeriss-65nm:power.dram_byte_pj=64", 1);
    alone = energy.weights;
    estimate_to("eyeriss-65nm:power.dram_byte_pj=64", 4);
    together = energy.weights;
    ck_assert_double_eq_tol(together, alone / 4, 1e-9 * alone);
    ck_assert_double_eq(energy.batch, 4);
}
END_TEST

START_TEST(loops_that_are_not_known_have_no_estimate_and_are_named)
{
    count_text("x:f32[3,1,4]  w:f32[1,20,4] init=ones  r:f32[1,20,5] init=ones\n"
               "cell: y = LSTM(x, w, r) hidden_size=5\n output y\n");
    estimate_to("eyeriss-65nm", 1);
    ck_assert(isnan(energy.joules));
    ck_assert_ptr_nonnull(strstr(energy.reason, "'cell' (LSTM): the mapper does not know"));
    estimate_to("eyeriss-65nm:array.buffer_bytes=8", 1);
    ck_assert(isnan(energy.joules));
}
END_TEST

START_TEST(layers_on_an_array_are_told_with_cycles_utilisation_and_traffic)
{
    struct json *json = json_object();
    const struct json *layer;

    count_text(TWO_LAYERS);
    estimate_to("eyeriss-65nm", 1);
    energy_to_json(json, &energy, &device);
    layer = json_child(json_at(json, "layers"), 0);
    ck_assert_str_eq(json_key(json_child(layer, json_count(layer) - 3)), "cycles");
    ck_assert_double_gt(json_number(json_member(layer, "cycles")), 14 * 14 * 16 * 8 * 9 / 168.0);
    ck_assert_double_le(json_number(json_member(layer, "utilisation")), 1);
    ck_assert_double_ge(json_number(json_member(layer, "dram_bytes")), 2.0 * 16 * 8 * 9);
    json_free(json);
    json = json_object();
    estimate_to("asic-45nm", 1);
    energy_to_json(json, &energy, &device);
    ck_assert_ptr_null(json_member(json_child(json_at(json, "layers"), 0), "cycles"));
    json_free(json);
}
END_TEST

// The first TPU's 600x600 weights (Jouppi et al., ISCA 2017).
START_TEST(the_shipped_tpu_takes_its_published_time)
{
    const struct layer_shape layer = {96, 1, 600, 600, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct array_zeros none = {0, 0};
    struct array_mapping mapping;

    ck_ok(device_read(&context, "tpu-v1-28nm", &device));
    array_map(&device_array(&device)->spec, &layer, &none, &mapping);
    ck_assert_double_eq_tol(mapping.seconds, 18e-6, 0.05 * 18e-6);
    ck_assert_double_eq_tol(array_joules(device_array(&device), &mapping, mapping.macs).compute,
                            40 * mapping.seconds, 1e-18);
    device_clear(&device);
    ck_ok(device_read(&context, "asic-45nm", &device));
    ck_assert_ptr_null(device_array(&device));
}
END_TEST

START_TEST(what_was_mapped_before_comes_out_the_same)
{
    const struct layer_shape layer = {1, 1, 64, 64, 30, 30, 28, 28, 3, 3, 1, 1};
    const struct array_zeros none = {0, 0}, half = {0.5, 0};
    struct array_mapping first, other, again;

    ck_ok(device_read(&context, "eyeriss-65nm", &device));
    array_map(&device_array(&device)->spec, &layer, &none, &first);
    array_map(&device_array(&device)->spec, &layer, &half, &other);
    array_map(&device_array(&device)->spec, &layer, &none, &again);
    ck_assert_double_lt(other.dram_bytes, first.dram_bytes);
    ck_assert_mem_eq(&first, &again, sizeof first);
}
END_TEST

static const struct {
    const char *array, *says, *zeros; // zeros NULL: cost
} bad_arrays[] = {
    {"\"rows\":8,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_bytes\":1024,"
     "\"dataflow\":\"diagonal\",\"overlap\":\"all\"",
     "'array.dataflow' is 'weight', 'output' or 'row', not 'diagonal'", NULL},
    {"\"rows\":8,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_bytes\":1024,"
     "\"dataflow\":\"row\",\"overlap\":\"all\"",
     "'array.registers' and 'array.bus_words'", NULL},
    {"\"rows\":0,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_bytes\":1024,"
     "\"dataflow\":\"weight\",\"overlap\":\"all\"",
     "'array.rows'", NULL},
    {"\"rows\":8.5,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_bytes\":1024,"
     "\"dataflow\":\"weight\",\"overlap\":\"all\"",
     "'array.rows' wants a whole number", NULL},
    {"\"rows\":8,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_bytes\":-1024,"
     "\"dataflow\":\"weight\",\"overlap\":\"all\"",
     "'array.buffer_bytes'", NULL},
    {"\"rows\":8,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_kb\":1024,"
     "\"dataflow\":\"weight\",\"overlap\":\"all\"",
     "'array.buffer_bytes'", NULL},
    {"\"rows\":8,\"columns\":8,\"clock_mhz\":100,\"word_bits\":8,\"buffer_bytes\":1024,"
     "\"dataflow\":\"weight\",\"overlap\":\"all\"",
     "'zero_weights' of the kind 'array' is 'cost' or 'skip', not '2:4'",
     "\"2:4\",\"zero_weights_floor\":0.5"},
};

START_TEST(an_array_that_cannot_be_is_refused_by_key)
{
    char path[TEMPORARY_BYTES];
    struct text text;

    text_init(&text);
    text_format(&text,
                "{\"name\":\"x\",\"summary\":\"\",\"scope\":\"\",\"kind\":\"array\","
                "\"zero_weights\":%s,\"array\":{%s},\"power\":{\"static_watts\":1}}",
                bad_arrays[_i].zeros ? bad_arrays[_i].zeros : "\"cost\"", bad_arrays[_i].array);
    temporary_file(path, text.at);
    text_clear(&text);
    ck_assert_int_eq(device_read(&context, path, &device), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, bad_arrays[_i].says) != NULL, "%s", context.error);
    remove(path);
}
END_TEST

Suite *array_kind_suite(void);
Suite *array_kind_suite(void)
{
    Suite *suite = suite_create("array_kind");
    TCase *tests = tcase_create("array_kind");

    tcase_add_checked_fixture(tests, estimated_set_up, estimated_tear_down);
    tcase_add_loop_test(tests, layers_are_told_as_the_loops_that_they_are, 0,
                        sizeof loops / sizeof loops[0]);
    tcase_add_test(tests, only_what_comes_out_of_a_relu_has_zeros);
    tcase_add_test(tests, a_layer_is_power_x_time_and_what_is_not_zero);
    tcase_add_test(tests, dram_and_on_chip_accesses_cost_what_a_profile_says);
    tcase_add_test(tests, images_together_share_the_weights_that_are_fetched);
    tcase_add_test(tests, loops_that_are_not_known_have_no_estimate_and_are_named);
    tcase_add_test(tests, layers_on_an_array_are_told_with_cycles_utilisation_and_traffic);
    tcase_add_test(tests, the_shipped_tpu_takes_its_published_time);
    tcase_add_test(tests, what_was_mapped_before_comes_out_the_same);
    tcase_add_loop_test(tests, an_array_that_cannot_be_is_refused_by_key, 0,
                        sizeof bad_arrays / sizeof bad_arrays[0]);
    suite_add_tcase(suite, tests);
    return suite;
}
