// Counts, device profiles and estimates against sums done by hand.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy/energy_json.h"
#include "io/text_ir.h"
#include "ir/graph.h"
#include "ops/attr.h"
#include "tests/support/estimated.h"
#include "tests/support/temporary.h"

static void begin(void)
{
    estimated_set_up();
    graph = graph_new();
}

static struct tensor tensor_of(enum dtype dtype, struct shape shape)
{
    struct tensor tensor = {.dtype = dtype, .shape = shape};
    return tensor;
}

static struct value_id input_of(const char *name, struct shape shape)
{
    struct value_id id;
    ck_assert_int_eq(
        graph_add_value(&context, graph, name, VALUE_INPUT, tensor_of(DT_F32, shape), &id), OK);
    graph_set_inputs(graph, &id, 1);
    return id;
}

// A weight whose first `nonzero` elements are `number`, the rest 0.
static struct value_id weight_of(const char *name, enum dtype dtype, struct shape shape,
                                 int64_t nonzero, double number)
{
    struct tensor tensor;
    ck_assert_int_eq(tensor_alloc(&context, &tensor, dtype, &shape), OK);
    for (int64_t i = 0; i < nonzero; i++)
        tensor_set(&tensor, i, number);
    return graph_add_weight(graph, name, tensor);
}

#define INPUTS(...)                                                                                \
    (struct value_id[]){__VA_ARGS__},                                                              \
        (int)(sizeof((struct value_id[]){__VA_ARGS__}) / sizeof(struct value_id))

static struct value_id add_node(const char *op_name, const void *attr, const struct value_id *input,
                                int count)
{
    const struct op *op = op_find(op_name);
    struct value_id output = graph_add_activation(graph, op_name, DT_F32);
    void *preset;

    ck_assert_msg(op != NULL, "no operator %s", op_name);
    preset = arena_alloc(graph->arena, op->attr_bytes + 1);
    if (op->attr)
        fields_preset(op->attr, preset, graph->arena);
    graph_add_node(graph, op, op_name, attr ? attr : preset, input, count, &output, 1);
    return output;
}

static struct value_id add_conv(struct value_id x, struct value_id w, struct value_id b,
                                int64_t group)
{
    static const int64_t pads[] = {1, 1, 1, 1};
    struct conv_attr attr = {.auto_pad = "NOTSET", .group = group, .pads = {4, pads}};

    return add_node("Conv", &attr, INPUTS(x, w, b));
}

static struct value_id add_gemm(struct value_id x, struct value_id w, struct value_id b)
{
    struct gemm_attr attr = {.alpha = 1, .beta = 1, .transB = 1};

    if (!value_exists(b))
        return add_node("Gemm", &attr, INPUTS(x, w));
    return add_node("Gemm", &attr, INPUTS(x, w, b));
}

// A quantised activation: scale and zero point of their own, QuantizeLinear, DequantizeLinear.
static struct value_id add_quantized(struct value_id x, const char *stem, enum dtype dtype)
{
    struct value_id scale = weight_of(stem, DT_F32, SHAPE_SCALAR, 1, 0.1);
    struct value_id zero = weight_of(stem, dtype, SHAPE_SCALAR, 0, 0);
    struct value_id q = add_node("QuantizeLinear", NULL, INPUTS(x, scale, zero));

    return add_node("DequantizeLinear", NULL, INPUTS(q, scale, zero));
}

// A weight behind DequantizeLinear with one scale.
static struct value_id add_stored(struct value_id w)
{
    struct value_id scale = weight_of("w_scale", DT_F32, SHAPE_SCALAR, 1, 0.1);

    return add_node("DequantizeLinear", NULL, INPUTS(w, scale));
}

static void count_to(struct value_id output, struct counts *out)
{
    graph_set_outputs(graph, &output, 1);
    count_graph(out);
}

static void estimate_to(struct value_id output, const char *name)
{
    count_to(output, &counts);
    enum status status = device_read(&context, name, &device);
    ck_assert_msg(status == OK, "%s", context.error);
    energy_init(&energy, &counts, &device);
}

// Sums of a few products of decimal figures: the last bits may differ.
#define assert_pj(joules, pj) ck_assert_double_eq_tol((joules)*1e12, pj, 1e-9 * (pj) + 1e-12)

static void assert_adds_up(void)
{
    double layers = 0;

    for (uint32_t i = 0; i < energy.layer_count; i++)
        layers += energy.layer[i].joules;
    ck_assert_double_eq_tol(energy.joules, layers + energy.fixed, 1e-12 * energy.joules);
    ck_assert_double_eq_tol(energy.joules,
                            energy.mac + energy.weights + energy.activations + energy.fixed,
                            1e-12 * energy.joules);
}

START_TEST(a_float_convolution_costs_what_the_sum_says)
{
    struct value_id x = input_of("x", SHAPE(1, 3, 8, 8));
    struct value_id w = weight_of("w", DT_F32, SHAPE(4, 3, 3, 3), 108, 1);
    struct value_id b = weight_of("b", DT_F32, SHAPE(4), 4, 1);

    estimate_to(add_conv(x, w, b, 1), "asic-45nm");
    ck_assert_double_eq(counts.macs, 6912); // 8*8*4 * 3*3*3
    ck_assert_double_eq(counts.parameters, 112);
    assert_pj(energy.mac, 6912 * 4.6);
    assert_pj(energy.weights, 112 * 5.0);
    assert_pj(energy.activations, 2 * (192 + 256) * 5.0);
    assert_pj(energy.joules, 31795.2 + 560 + 4480);
    ck_assert_double_eq(counts.peak_activation_bytes, 4 * (192 + 256));
    ck_assert_double_eq(energy.low, energy.joules / 3);
    ck_assert_double_eq(energy.high, energy.joules * 3);
    assert_adds_up();
}
END_TEST

START_TEST(activation_functions_and_views_inside_cost_nothing)
{
    struct value_id x = input_of("x", SHAPE(1, 3, 8, 8));
    struct value_id w = weight_of("w", DT_F32, SHAPE(4, 3, 3, 3), 108, 1);
    struct value_id b = weight_of("b", DT_F32, SHAPE(4), 4, 1);
    struct value_id y = add_node("Relu", NULL, INPUTS(add_conv(x, w, b, 1)));

    estimate_to(add_node("Flatten", NULL, INPUTS(y)), "asic-45nm");
    assert_pj(energy.joules, 31795.2 + 560 + 4480);
    assert_adds_up();
}
END_TEST

START_TEST(a_zero_weight_saves_its_mac_and_its_storage_but_not_its_bit)
{
    struct value_id x = input_of("x", SHAPE(1, 20));
    struct value_id w = weight_of("w", DT_F32, SHAPE(10, 20), 50, 1);

    estimate_to(add_gemm(x, w, NO_VALUE), "asic-45nm");
    ck_assert_double_eq(counts.macs, 200);
    ck_assert_double_eq(counts.macs_nonzero, 50);
    ck_assert_double_eq(counts.nonzero, 50);
    ck_assert_double_eq(counts.weight_bytes, 225); // (200 + 50*32) / 8
    assert_pj(energy.mac, 50 * 4.6);
    assert_pj(energy.weights, 225 / 4.0 * 5);
    assert_pj(energy.activations, 2 * 30 * 5.0);
    ck_assert_double_eq(energy.layer[0].parameters, 200);
    ck_assert_double_eq(energy.layer[0].nonzero, 50);
    assert_adds_up();
}
END_TEST

START_TEST(a_dense_weight_is_not_stored_with_a_bitmask)
{
    ck_assert_double_eq(stored_bytes(200, 200, 8), 200);
    ck_assert_double_eq(stored_bytes(200, 175, 8), 200); // equal at 1 - 1/bits
    ck_assert_double_eq(stored_bytes(200, 174, 8), 199);
    ck_assert_double_eq(stored_bytes(9, 9, 4), 5); // whole bytes
}
END_TEST

// 20 -> 10 with weights of that type and int8 activations on both sides.
static struct value_id quantized_gemm(enum dtype dtype, int64_t nonzero, double number)
{
    struct value_id x = add_quantized(input_of("x", SHAPE(1, 20)), "x_q", DT_I8);
    struct value_id w = add_stored(weight_of("w", dtype, SHAPE(10, 20), nonzero, number));

    return add_quantized(add_gemm(x, w, NO_VALUE), "y_q", DT_I8);
}

START_TEST(int8_by_int8_costs_0_3_pj_and_a_byte_an_element)
{
    estimate_to(quantized_gemm(DT_I8, 200, 5), "asic-45nm");
    assert_pj(energy.mac, 200 * 0.3);
    // Weights 200, their scale 4, two activations' scale 4 and zero point 1 each.
    ck_assert_double_eq(counts.weight_bytes, 214);
    ck_assert_double_eq(counts.parameters, 200);
    assert_pj(energy.weights, 214 / 4.0 * 5);
    assert_pj(energy.activations, 2 * 30 / 4.0 * 5);
    ck_assert_int_eq(counts.weight_bits, 8);
    ck_assert_int_eq(counts.activation_bits, 8);
    assert_adds_up();
}
END_TEST

START_TEST(int4_by_int8_costs_0_2_pj_and_half_a_byte)
{
    estimate_to(quantized_gemm(DT_I4, 200, 5), "asic-45nm");
    assert_pj(energy.mac, 200 * 0.2); // 0.2 * 32/64 + 0.1
    ck_assert_double_eq(counts.weight_bytes, 114);
    assert_adds_up();
}
END_TEST

START_TEST(ternary_costs_one_addition_and_two_bits)
{
    estimate_to(quantized_gemm(DT_I8, 100, -1), "asic-45nm");
    assert_pj(energy.mac, 100 * 0.1);
    ck_assert_double_eq(counts.weight_bytes, 50 + 14); // 2 bits: no gain by a bitmask
    assert_adds_up();
}
END_TEST

START_TEST(weights_alone_quantised_save_memory_but_no_mac)
{
    struct value_id x = input_of("x", SHAPE(1, 20));
    struct value_id w = add_stored(weight_of("w", DT_I8, SHAPE(10, 20), 200, 5));

    estimate_to(add_gemm(x, w, NO_VALUE), "asic-45nm");
    assert_pj(energy.mac, 200 * 4.6);
    assert_pj(energy.weights, 204 / 4.0 * 5);
    assert_pj(energy.activations, 2 * 30 * 5.0);
}
END_TEST

START_TEST(an_annotation_counts_as_what_it_will_become)
{
    struct value_id x = input_of("x", SHAPE(1, 20));
    struct value_id w = weight_of("w", DT_F32, SHAPE(10, 20), 60, 1);
    static const float scale[1] = {0.1f}, coarse[1] = {2.5f};
    static const int32_t zero[1] = {0};
    struct quant quant = {DT_I8, 8, QUANT_WHOLE_TENSOR, 1, scale, zero, -127, 127};
    struct quant rough = {DT_I8, 8, QUANT_WHOLE_TENSOR, 1, coarse, zero, -127, 127};

    graph_value(graph, x)->quant = &quant;
    graph_value(graph, w)->quant = &quant;
    estimate_to(add_gemm(x, w, NO_VALUE), "asic-45nm");
    assert_pj(energy.mac, 60 * 0.3);
    ck_assert_double_eq(counts.weight_bytes, 85 + 4 + 4); // (200 + 60*8) / 8 and two scales
    counts_clear(&counts);
    graph_value(graph, w)->quant = &rough; // 1 is under half a step: it becomes zero
    count_to(graph->output[0], &counts);
    ck_assert_double_eq(counts.nonzero, 0);
}
END_TEST

START_TEST(weights_of_512_kib_are_on_chip_and_one_byte_more_is_not)
{
    struct value_id x = input_of("x", SHAPE(1, 131072));
    struct value_id w = weight_of("w", DT_F32, SHAPE(1, 131072), 131072, 1);
    struct value_id y = add_gemm(x, w, NO_VALUE);
    struct energy more;

    estimate_to(y, "asic-45nm");
    ck_assert_double_eq(counts.weight_bytes, 524288);
    ck_assert(energy.weights_are_on_chip);
    assert_pj(energy.weights, 131072 * 5.0);
    counts.weight[0].type.bits = 8; // 524289 bytes of one byte each
    counts.weight[0].elements = counts.weight[0].nonzero = 524289;
    energy_init(&more, &counts, &device);
    ck_assert(!more.weights_are_on_chip);
    assert_pj(more.weights, 524289 / 4.0 * 640);
    energy_clear(&more);
    device_clear(&device);
    ck_assert_int_eq(device_read(&context, "asic-45nm-onchip", &device), OK);
    energy_init(&more, &counts, &device);
    ck_assert(more.weights_are_on_chip);
    assert_pj(more.weights, 524289 / 4.0 * 5);
    energy_clear(&more);
}
END_TEST

START_TEST(an_unknown_operator_makes_the_total_unknown_and_is_named)
{
    static const struct op mystery = {.name = "Mystery",
                                      .max_inputs = -1,
                                      .max_outputs = -1,
                                      .domain = "com.example",
                                      .is_unknown = true};
    struct value_id x = input_of("x", SHAPE(1, 20));
    struct value_id w = weight_of("w", DT_F32, SHAPE(10, 20), 200, 1);
    struct value_id y = add_gemm(x, w, NO_VALUE), z = graph_add_activation(graph, "z", DT_F32);
    struct json *json = json_object();
    struct text text;

    graph_add_node(graph, &mystery, "odd", NULL, &y, 1, &z, 1);
    estimate_to(z, "asic-45nm");
    ck_assert(isnan(energy.joules));
    ck_assert(isnan(counts.macs));
    ck_assert_ptr_nonnull(energy.reason);
    ck_assert_ptr_nonnull(strstr(energy.reason, "'odd' (Mystery)"));
    energy_to_json(json, &energy, &device);
    text_init(&text);
    json_print(json, false, &text);
    ck_assert_ptr_nonnull(strstr(text.at, "\"joules\":null,\"interval\":null,\"reason\":\"node "));
    text_clear(&text);
    json_free(json);
}
END_TEST

START_TEST(a_precision_without_a_figure_gives_null_and_names_the_layer)
{
    struct value_id x = input_of("x", SHAPE(1, 20));
    struct value_id w = weight_of("w", DT_F32, SHAPE(10, 20), 200, 1);

    estimate_to(add_gemm(x, w, NO_VALUE), "mcu-cortex-m4");
    ck_assert(isnan(energy.joules));
    ck_assert_ptr_nonnull(strstr(energy.reason, "(Gemm)"));
    ck_assert_ptr_nonnull(strstr(energy.reason, "float32"));
}
END_TEST

START_TEST(a_calibrated_profile_is_its_linear_model)
{
    struct value_id x = add_quantized(input_of("x", SHAPE(1, 8, 6, 6)), "x_q", DT_I8);
    struct value_id w = add_stored(weight_of("w", DT_I8, SHAPE(8, 1, 3, 3), 30, 5));
    struct value_id y = add_quantized(add_conv(x, w, NO_VALUE, 8), "y_q", DT_I8);

    estimate_to(y, "mcu-cortex-m4");
    ck_assert_double_eq(counts.macs, 36 * 8 * 9);
    // Depthwise, zeros cost: 72 weights and their scale.
    assert_pj(energy.joules, 36 * 8 * 9 * 772.2 + (72 + 4) * 193.8);
    ck_assert_int_eq(energy.fits, FITS);
    assert_adds_up();
    device_clear(&device);
    energy_clear(&energy);
    ck_assert_int_eq(device_read(&context, "cpu-phone-a76", &device), OK);
    energy_init(&energy, &counts, &device);
    assert_pj(energy.joules, 0.796e9 + 36 * 8 * 9 * 1246.0 + (76 + 2 * 288) * 2401.0);
    ck_assert_int_eq(energy.fits, FITS_UNKNOWN);
    assert_adds_up();
}
END_TEST

START_TEST(the_factors_multiply_to_the_ratio)
{
    struct value_id x = input_of("x", SHAPE(1, 400));
    struct value_id w = weight_of("big", DT_F32, SHAPE(400, 400), 160000, 1);
    struct counts teacher;
    struct energy_ratio ratio;
    struct energy whole;
    struct graph *first = graph;

    count_to(add_gemm(x, w, NO_VALUE), &teacher); // 640,000 bytes: in DRAM
    graph = graph_new();
    estimate_to(quantized_gemm(DT_I8, 50, 5), "asic-45nm");
    energy_compare(&teacher, &device, &counts, &device, &ratio);
    energy_init(&whole, &teacher, &device);
    ck_assert_double_eq_tol(ratio.energy, whole.joules / energy.joules, 1e-12 * ratio.energy);
    ck_assert_double_eq_tol(ratio.energy,
                            ratio.bits * ratio.sparsity * ratio.architecture * ratio.memory *
                                ratio.hardware,
                            1e-12 * ratio.energy);
    ck_assert_double_eq(ratio.hardware, 1);
    // By hand: float32 sparse student over the student; dense over sparse; DRAM over SRAM.
    double activations = 2 * 30 * 5.0;
    double sparse = 50 * 4.6 + 225 / 4.0 * 5 + activations;
    double dense = 200 * 4.6 + 200 * 5 + activations;
    double moved = 200 * 4.6 + 200 * 640 + activations;
    ck_assert_double_eq_tol(ratio.bits, sparse / (energy.joules * 1e12), 1e-9 * ratio.bits);
    ck_assert_double_eq_tol(ratio.sparsity, dense / sparse, 1e-9);
    ck_assert_double_eq_tol(ratio.memory, moved / dense, 1e-9 * ratio.memory);
    energy_clear(&whole);
    counts_clear(&teacher);
    graph_free(first);
}
END_TEST

// The baseline on the phone, the model on the controller: the ratio is of the two energies, the
// hardware what the baseline takes on one over the other, and both profiles' errors count.
START_TEST(the_baselines_own_device_is_the_hardware_factor)
{
    struct value_id x = input_of("x", SHAPE(1, 400));
    struct value_id w = weight_of("big", DT_F32, SHAPE(400, 400), 160000, 1);
    struct counts teacher;
    struct energy_ratio one, ratio;
    struct energy there, here;
    struct device phone;
    struct graph *first = graph;

    count_to(add_gemm(x, w, NO_VALUE), &teacher);
    graph = graph_new();
    estimate_to(quantized_gemm(DT_I8, 50, 5), "cpu-sbc-a72");
    ck_assert_int_eq(device_read(&context, "cpu-phone-a76", &phone), OK);
    energy_compare(&teacher, &device, &counts, &device, &one);
    energy_compare(&teacher, &phone, &counts, &device, &ratio);
    energy_init(&there, &teacher, &phone);
    energy_init(&here, &teacher, &device);
    ck_assert_ptr_null(ratio.reason);
    ck_assert_double_eq_tol(ratio.energy, there.joules / energy.joules, 1e-12 * ratio.energy);
    ck_assert_double_eq_tol(ratio.hardware, there.joules / here.joules, 1e-12);
    ck_assert(fabs(ratio.hardware - 1) > 0.01);
    ck_assert_double_eq(ratio.bits, one.bits);
    ck_assert_double_eq_tol(ratio.energy,
                            ratio.bits * ratio.sparsity * ratio.architecture * ratio.memory *
                                ratio.hardware,
                            1e-12 * ratio.energy);
    ck_assert_double_eq_tol(ratio.high / ratio.energy,
                            (1 + phone.error_percent / 100) * (1 + device.error_percent / 100),
                            1e-9);
    ck_assert_double_eq_tol(ratio.energy / ratio.low, ratio.high / ratio.energy, 1e-9);
    device_clear(&phone);
    energy_clear(&there);
    energy_clear(&here);
    counts_clear(&teacher);
    graph_free(first);
}
END_TEST

START_TEST(a_datapath_and_a_machine_have_no_ratio)
{
    struct energy_ratio ratio;
    struct device logic;

    estimate_to(quantized_gemm(DT_I8, 50, 5), "cpu-phone-a76");
    ck_assert_int_eq(device_read(&context, "asic-45nm", &logic), OK);
    energy_compare(&counts, &logic, &counts, &device, &ratio);
    ck_assert(isnan(ratio.energy) && isnan(ratio.low) && isnan(ratio.hardware));
    ck_assert_ptr_nonnull(strstr(ratio.reason, "datapath"));
    ck_assert(energy_boundaries_differ(&logic, &device));
    ck_assert(!energy_boundaries_differ(&device, &device));
    device_clear(&logic);
}
END_TEST

// The shape of the teacher (testdata/MANIFEST.md): three residual blocks behind a stem.
#define BATCH_NORM(name, channels)                                                                 \
    name "s:f32[" channels "] init=ones  " name "b:f32[" channels "] init=ones  " name             \
         "m:f32[" channels "] init=ones  " name "v:f32[" channels "] init=ones\n"
#define BLOCK(k, x, in, out)                                                                       \
    "w" k ":f32[" out "," in ",3,3] init=ones  v" k ":f32[" out "," out                            \
    ",3,3] init=ones\n" BATCH_NORM("p" k, out) BATCH_NORM(                                         \
        "q" k, out) "a" k " = Conv(" x ", w" k ") pads=1,1,1,1\n"                                  \
                    "c" k " = MaxPool(a" k ") kernel_shape=2,2 strides=2,2\n"                      \
                    "d" k " = BatchNormalization(c" k ", p" k "s, p" k "b, p" k "m, p" k "v)\n"    \
                    "e" k " = Relu(d" k ")  f" k " = Conv(e" k ", v" k ") pads=1,1,1,1\n"          \
                    "g" k " = BatchNormalization(f" k ", q" k "s, q" k "b, q" k "m, q" k "v)\n"    \
                    "h" k " = Add(e" k ", g" k ")  i" k " = Relu(h" k ")\n"

START_TEST(the_teacher_costs_1773_microjoules_or_519_on_chip)
{
    static const char text[] = "x:f32[n,1,28,28]  w0:f32[24,1,3,3] init=ones\n" BATCH_NORM(
        "o", "24") "a0 = Conv(x, w0) pads=1,1,1,1\n"
                   "b0 = BatchNormalization(a0, os, ob, om, ov)  i0 = Relu(b0)\n" BLOCK(
                       "1", "i0", "24", "64") BLOCK("2", "i1", "64", "256")
                       BLOCK("3", "i2", "256",
                             "256") "r:i64[2] init=[2,3]  z = ReduceMean(i3, r) keepdims=0\n"
                                    "k:f32[10,256] init=ones  l:f32[10] init=ones  y = Gemm(z, k, "
                                    "l) transB=1\n output y\n";
    struct device on_chip;
    struct energy free_of_dram;

    graph_free(graph);
    enum status status = graph_from_text(&context, text, &graph);
    ck_assert_msg(status == OK, "%s", context.error);
    estimate_to(graph->output[0], "asic-45nm");
    ck_assert_double_eq(counts.macs, 110247808);
    ck_assert_double_eq(counts.parameters, 1972754);
    // With the running statistics, 2 x 1176 numbers.
    assert_pj(energy.weights, (1972754 + 2352) * 640.0);
    // Convolutions, pools, the mean and the result; sizes 28, 14, 7, 3.
    const double stored = 784 + 784 * (24 + 64) + 196 * (64 + 64 + 256) + 49 * (256 + 256 + 256) +
                          9 * (256 + 256) + 256 + 10;
    assert_pj(energy.activations, 2 * stored * 5);
    assert_pj(energy.joules, 110247808 * 4.6 + 1975106 * 640.0 + 10 * stored);
    ck_assert_int_eq(device_read(&context, "asic-45nm-onchip", &on_chip), OK);
    energy_init(&free_of_dram, &counts, &on_chip);
    assert_pj(free_of_dram.joules, 110247808 * 4.6 + 1975106 * 5.0 + 10 * stored);
    energy_clear(&free_of_dram);
    device_clear(&on_chip);
}
END_TEST

START_TEST(all_profiles_are_listed_and_can_be_read)
{
    struct strings names;

    device_names(graph->arena, &names);
    ck_assert_int_ge((int)names.count, 5);
    for (int64_t i = 0; i < names.count; i++) {
        struct device each;
        enum status status = device_read(&context, names.at[i], &each);
        ck_assert_msg(status == OK, "%s", context.error);
        ck_assert_str_eq(each.name, names.at[i]);
        ck_assert_uint_eq(strlen(each.sha256), 64);
        device_clear(&each);
    }
}
END_TEST

START_TEST(asic_45nm_is_frozen)
{
    ck_assert_int_eq(device_read(&context, "asic-45nm", &device), OK);
    assert_pj(device.mac_f32, 4.6);
    assert_pj(device.mac_f16, 1.5);
    assert_pj(device.mac_ternary, 0.1);
    assert_pj(device.integer_product, 0.2);
    ck_assert_double_eq(device.integer_exponent, 1);
    assert_pj(device.integer_accumulate, 0.1);
    assert_pj(device.sram_32_bits, 5);
    assert_pj(device.dram_32_bits, 640);
    ck_assert_double_eq(device.on_chip_bytes, 512 * 1024);
    ck_assert_int_eq(device.zero_weights, ZEROS_SKIP);
}
END_TEST

START_TEST(an_unknown_device_is_a_usage_error_that_names_the_nearest)
{
    ck_assert_int_eq(device_read(&context, "toaster", &device), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "'toaster'; 'ecai devices list'"));
    device_clear(&device);
    ck_assert_int_eq(device_read(&context, "asic-45mn", &device), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "did you mean 'asic-45nm'?"));
}
END_TEST

#define WORDS "{\"name\":\"x\",\"summary\":\"\",\"scope\":\"\",\"zero_weights\":\"skip\""

static const char *const bad_profiles[] = {
    "",
    "[]",
    "{\"name\":\"x\"}",
    WORDS ",\"kind\":\"magic\"}",
    WORDS ",\"kind\":\"primitive\"}",
    WORDS ",\"kind\":\"calibrated\",\"fit\":{\"int8\":{\"mac_pj\":-1}}}",
};

START_TEST(a_bad_profile_is_refused_with_its_path)
{
    char path[TEMPORARY_BYTES];

    temporary_file(path, bad_profiles[_i]);
    ck_assert_int_eq(device_read(&context, path, &device), ERR_FORMAT);
    ck_assert_ptr_nonnull(strstr(context.error, path));
    remove(path);
}
END_TEST

Suite *energy_suite(void);
Suite *energy_suite(void)
{
    Suite *suite = suite_create("energy");
    TCase *tcase = tcase_create("energy");

    tcase_add_checked_fixture(tcase, begin, estimated_tear_down);
    tcase_add_test(tcase, a_float_convolution_costs_what_the_sum_says);
    tcase_add_test(tcase, activation_functions_and_views_inside_cost_nothing);
    tcase_add_test(tcase, a_zero_weight_saves_its_mac_and_its_storage_but_not_its_bit);
    tcase_add_test(tcase, a_dense_weight_is_not_stored_with_a_bitmask);
    tcase_add_test(tcase, int8_by_int8_costs_0_3_pj_and_a_byte_an_element);
    tcase_add_test(tcase, int4_by_int8_costs_0_2_pj_and_half_a_byte);
    tcase_add_test(tcase, ternary_costs_one_addition_and_two_bits);
    tcase_add_test(tcase, weights_alone_quantised_save_memory_but_no_mac);
    tcase_add_test(tcase, an_annotation_counts_as_what_it_will_become);
    tcase_add_test(tcase, weights_of_512_kib_are_on_chip_and_one_byte_more_is_not);
    tcase_add_test(tcase, an_unknown_operator_makes_the_total_unknown_and_is_named);
    tcase_add_test(tcase, a_precision_without_a_figure_gives_null_and_names_the_layer);
    tcase_add_test(tcase, a_calibrated_profile_is_its_linear_model);
    tcase_add_test(tcase, the_factors_multiply_to_the_ratio);
    tcase_add_test(tcase, the_baselines_own_device_is_the_hardware_factor);
    tcase_add_test(tcase, a_datapath_and_a_machine_have_no_ratio);
    tcase_add_test(tcase, the_teacher_costs_1773_microjoules_or_519_on_chip);
    tcase_add_test(tcase, all_profiles_are_listed_and_can_be_read);
    tcase_add_test(tcase, asic_45nm_is_frozen);
    tcase_add_test(tcase, an_unknown_device_is_a_usage_error_that_names_the_nearest);
    tcase_add_loop_test(tcase, a_bad_profile_is_refused_with_its_path, 0,
                        (int)(sizeof bad_profiles / sizeof bad_profiles[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}
