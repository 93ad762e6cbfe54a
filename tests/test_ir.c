// Tensors, half precision and the graph: what every pass relies on.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "io/text_ir.h"
#include "ir/axis_map.h"
#include "ir/graph.h"

Suite *ir_suite(void);

static struct context context;

static void setup(void)
{
    context_init(&context);
}

#define ck_status(call, wanted)                                                                    \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        ck_assert_msg(status_ == (wanted), "%s: %d '%s'", #call, (int)status_, context.error);     \
    } while (0)

#define ck_error(part) ck_assert_msg(strstr(context.error, part), "'%s'", context.error)

// Shapes

static const struct {
    int64_t rank, dim[2];
    enum status wanted;
} shapes[] = {
    {2, {3, 5}, OK},
    {2, {-1, 5}, OK}, // open
    {2, {0, 5}, OK},
    {0, {0}, OK},
    {2, {-2, 5}, ERR_SHAPE},
    {2, {INT64_C(1) << 31, INT64_C(1) << 31}, ERR_SHAPE}, // 2^62 elements: bytes overflow
    {2, {INT64_MAX, 2}, ERR_SHAPE},
    {9, {1}, ERR_SHAPE},
    {-1, {1}, ERR_SHAPE},
};

START_TEST(shapes_from_files_are_checked)
{
    int64_t dim[9] = {shapes[_i].dim[0], shapes[_i].dim[1], 1, 1, 1, 1, 1, 1, 1};
    struct shape shape;

    ck_status(shape_set(&context, &shape, shapes[_i].rank, dim), shapes[_i].wanted);
    if (shapes[_i].wanted == OK)
        ck_assert_int_eq(shape.rank, shapes[_i].rank);
}
END_TEST

START_TEST(a_zero_dimension_does_not_hide_an_overflow)
{
    const int64_t dim[] = {0, INT64_C(1) << 40, INT64_C(1) << 40};
    struct shape shape;

    ck_status(shape_set(&context, &shape, 3, dim), ERR_SHAPE);
}
END_TEST

START_TEST(counts_tell_open_from_known)
{
    const struct shape scalar = SHAPE_SCALAR, unknown = SHAPE_UNKNOWN;
    const struct shape open = SHAPE(-1, 3), fixed = SHAPE(2, 3);

    ck_assert_int_eq(shape_count(&scalar), 1);
    ck_assert_int_eq(shape_count(&unknown), -1);
    ck_assert_int_eq(shape_count(&open), -1);
    ck_assert_int_eq(shape_count(&fixed), 6);
    ck_assert(!shape_equal(&open, &fixed));
    ck_assert(shape_equal(&fixed, &SHAPE(2, 3)));
}
END_TEST

// Tensors

START_TEST(every_type_keeps_what_it_can_hold)
{
    static const double values[] = {0, 1, 5, 7};
    struct shape shape = SHAPE(3);
    enum dtype dtype = (enum dtype)_i;
    struct tensor tensor;

    ck_assert_int_eq(dtype_from_name(dtype_info[dtype].name), dtype);
    ck_assert_int_eq(dtype_from_onnx(dtype_info[dtype].onnx), dtype);
    ck_status(tensor_alloc(&context, &tensor, dtype, &shape), OK);
    ck_assert_uint_eq((uintptr_t)tensor_data(&tensor) % 64, 0);
    ck_assert_uint_eq(tensor_bytes(&tensor), (3 * (size_t)dtype_info[dtype].bits + 7) / 8);
    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
        double wanted = dtype == DT_BOOL ? values[k] != 0 : values[k];

        tensor_set(&tensor, 1, values[k]);
        ck_assert(tensor_get(&tensor, 1) == wanted);
        ck_assert(tensor_get(&tensor, 0) == 0 && tensor_get(&tensor, 2) == 0);
    }
    tensor_release(&tensor);
}
END_TEST

// numpy.clip(numpy.rint(value), low, high) of the type.
static const struct {
    enum dtype dtype;
    double value, stored;
} roundings[] = {
    {DT_I8, 127.5, 127},
    {DT_I8, -1e9, -128},
    {DT_I8, 2.5, 2},
    {DT_I8, 3.5, 4},
    {DT_I8, -2.5, -2},
    {DT_U8, -3, 0},
    {DT_U8, 255.5, 255},
    {DT_U8, 254.5, 254},
    {DT_I4, 9, 7},
    {DT_I4, -9, -8},
    {DT_U4, 99, 15},
    {DT_I16, 4e4, 32767},
    {DT_I32, -1e12, -2147483648.0},
    {DT_U32, 5e9, 4294967295.0},
    {DT_I64, -1e30, -9223372036854775808.0},
    {DT_U64, 1e30, 18446744073709551616.0},
    {DT_I8, NAN, 0},
    {DT_BOOL, 0.25, 1},
    {DT_F16, 1e6, INFINITY},
    {DT_F16, 65519, 65504},
    {DT_BF16, 257, 256},
};

START_TEST(values_round_to_even_and_saturate)
{
    struct shape shape = SHAPE(2);
    struct tensor tensor;

    ck_status(tensor_alloc(&context, &tensor, roundings[_i].dtype, &shape), OK);
    tensor_set(&tensor, 1, roundings[_i].value);
    ck_assert_msg(tensor_get(&tensor, 1) == roundings[_i].stored, "%g in %s gives %g",
                  roundings[_i].value, dtype_info[roundings[_i].dtype].name,
                  tensor_get(&tensor, 1));
    tensor_release(&tensor);
}
END_TEST

START_TEST(writing_to_a_shared_tensor_leaves_the_other_alone)
{
    struct shape shape = SHAPE(4);
    struct tensor first, second;

    ck_status(tensor_alloc(&context, &first, DT_F32, &shape), OK);
    tensor_set(&first, 2, 5);
    tensor_share(&second, &first);
    ck_assert_ptr_eq(tensor_data(&first), tensor_data(&second));
    ck_status(tensor_make_private(&context, &second), OK);
    tensor_set(&second, 2, 6);
    ck_assert(tensor_get(&first, 2) == 5 && tensor_get(&second, 2) == 6);
    tensor_release(&first);
    ck_assert(tensor_get(&second, 2) == 6);
    tensor_release(&second);
}
END_TEST

static int released;

static void release_owner(void *owner)
{
    released += *(int *)owner;
}

START_TEST(foreign_bytes_are_copied_before_writing_and_given_back_once)
{
    static const unsigned char bytes[] = {9, 1, 2, 3, 4, 5, 6, 7, 8};
    struct shape shape = SHAPE(4);
    struct tensor tensor, second;
    int one = 1;

    released = 0;
    // At an odd address, as in a mapped file.
    ck_status(tensor_wrap(&context, &tensor, DT_U16, &shape, bytes + 1, release_owner, &one), OK);
    tensor_share(&second, &tensor);
    ck_assert(tensor_get(&tensor, 3) == 8 * 256 + 7);
    ck_status(tensor_make_private(&context, &tensor), OK);
    tensor_set(&tensor, 0, 0);
    ck_assert_int_eq(bytes[1], 1);
    ck_assert_int_eq(released, 0);
    tensor_release(&second);
    ck_assert_int_eq(released, 1);
    tensor_release(&tensor);
    ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(a_spilled_tensor_keeps_its_data_when_its_pages_go)
{
    struct tensor tensor, copy;
    const int64_t count = 1 << 20;

    context.spill_from = 1 << 20;
    ck_status(tensor_alloc(&context, &tensor, DT_F32, &SHAPE(count)), OK);
    for (int64_t i = 0; i < count; i++) {
        ck_assert(tensor_f32(&tensor)[i] == 0);
        tensor_set(&tensor, i, (double)i);
    }
    tensor_cool(&tensor);
    tensor_share(&copy, &tensor);
    ck_status(tensor_make_private(&context, &copy), OK);
    tensor_set(&copy, 7, -1);
    tensor_cool(&copy);
    for (int64_t i = 0; i < count; i++) {
        ck_assert(tensor_f32(&tensor)[i] == (float)i);
        ck_assert(tensor_f32(&copy)[i] == (i == 7 ? -1 : (float)i));
    }
    tensor_release(&tensor);
    tensor_release(&copy);
    context.spill_from = 0;
}
END_TEST

START_TEST(nibbles_lie_low_first)
{
    struct shape shape = SHAPE(3);
    struct tensor tensor;

    ck_status(tensor_alloc(&context, &tensor, DT_I4, &shape), OK);
    tensor_set(&tensor, 0, -8);
    tensor_set(&tensor, 1, 7);
    tensor_set(&tensor, 2, -1);
    ck_assert_mem_eq(tensor_data(&tensor), "\x78\x0f", 2);
    ck_assert_int_eq(tensor_get_int(&tensor, 0), -8);
    ck_assert_int_eq(tensor_get_int(&tensor, 2), -1);
    tensor_release(&tensor);
}
END_TEST

START_TEST(a_tensor_without_room_is_an_error)
{
    struct shape shape = SHAPE(INT64_C(1) << 50);
    struct tensor tensor;

    ck_status(tensor_alloc(&context, &tensor, DT_F32, &shape), ERR_MEMORY);
    ck_assert_ptr_null(tensor_data(&tensor));
}
END_TEST

// Half precision, exhaustively. The digests are those of the same loops in numpy 1.24 (float16)
// and PyTorch 1.13 (bfloat16), little-endian, with every NaN as 0, 0x7e00 and 0x7fc0.

static const char f32_of_all_halves[] =
    "faa6d965574036872b0d39a42d1f8bee361d5be92b1e718155a69556a5abacdd";
static const char halves_of_floats[] =
    "8de055be308078269c36ff9299d3f3ad5fee5c6d4dd07b22da66ce97c7200064";
static const char bfloats_of_floats[] =
    "b063b1b7d84de50171234ee171e4f80c81a23266fbecc6d356ffa45629a9584c";

static void ck_digest(struct sha256 *hash, const char *wanted)
{
    char hex[SHA256_HEX_BYTES];

    sha256_hex(hash, hex);
    ck_assert_str_eq(hex, wanted);
}

START_TEST(every_half_becomes_the_float_that_numpy_gives)
{
    struct sha256 hash;

    sha256_init(&hash);
    for (uint32_t half = 0; half < 65536; half++) {
        float number = f32_from_f16((uint16_t)half);
        uint32_t bits = 0;

        if (!isnan(number))
            memcpy(&bits, &number, sizeof bits);
        sha256_add(&hash, &bits, sizeof bits);
    }
    ck_digest(&hash, f32_of_all_halves);
}
END_TEST

static float float_of(uint32_t bits)
{
    float number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

// Every upper part of a float with low parts that are exact, just around, and on the tie.
START_TEST(floats_become_the_halves_that_numpy_gives)
{
    static const uint32_t lows[] = {0, 1, 0xFFF, 0x1000, 0x1001, 0x1FFF};
    struct sha256 hash;
    bool keeps_nan = true;

    sha256_init(&hash);
    for (size_t k = 0; k < sizeof lows / sizeof *lows; k++)
        for (uint32_t high = 0; high < 1u << 19; high++) {
            float number = float_of(high << 13 | lows[k]);
            uint16_t half = isnan(number) ? 0x7E00 : f16_from_f32(number);

            keeps_nan &= !isnan(number) || isnan(f32_from_f16(f16_from_f32(number)));
            sha256_add(&hash, &half, sizeof half);
        }
    ck_digest(&hash, halves_of_floats);
    ck_assert(keeps_nan);
}
END_TEST

START_TEST(floats_become_the_bfloats_that_pytorch_gives)
{
    static const uint32_t lows[] = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
    struct sha256 hash;
    bool keeps_nan = true;

    sha256_init(&hash);
    for (size_t k = 0; k < sizeof lows / sizeof *lows; k++)
        for (uint32_t high = 0; high < 1u << 16; high++) {
            float number = float_of(high << 16 | lows[k]);
            uint16_t half = isnan(number) ? 0x7FC0 : bf16_from_f32(number);

            keeps_nan &= !isnan(number) || isnan(f32_from_bf16(bf16_from_f32(number)));
            sha256_add(&hash, &half, sizeof half);
        }
    ck_digest(&hash, bfloats_of_floats);
    ck_assert(keeps_nan);
}
END_TEST

// Graphs

static const char residual[] = "x:f32[n,4,6,6]  w:f32[4,4,3,3] init=he  b:f32[4] init=zeros  "
                               "conv: c = Conv(x, w, b) pads=1,1,1,1  relu: r = Relu(c)  "
                               "add: s = Add(r, x)  idle: u = Neg(c)  output s";

static struct graph *parse(const char *text)
{
    struct graph *graph;

    ck_status(graph_from_text(&context, text, &graph), OK);
    return graph;
}

static struct value_id id_of(const struct graph *graph, const char *name)
{
    struct value_id id = graph_find_value(graph, name);

    ck_assert_msg(value_exists(id), "no value '%s'", name);
    return id;
}

START_TEST(uses_count_readers_and_outputs)
{
    struct graph *graph = parse(residual);

    ck_assert_uint_eq(graph_use_count(graph, id_of(graph, "x")), 2);
    ck_assert_uint_eq(graph_use_count(graph, id_of(graph, "c")), 2);
    ck_assert_uint_eq(graph_use_count(graph, id_of(graph, "s")), 1);
    ck_assert(graph_is_output(graph, id_of(graph, "s")));
    ck_assert(!node_exists(graph_only_consumer(graph, id_of(graph, "c"))));
    ck_assert_uint_eq(graph_only_consumer(graph, id_of(graph, "r")).at,
                      graph_find_node(graph, "add").at);
    graph_free(graph);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    struct graph *graph = parse(residual);
    struct tensor nothing = {DT_F32, SHAPE_UNKNOWN, NULL, 0};
    struct value_id id, again;

    ck_status(graph_add_value(&context, graph, "c", VALUE_ACTIVATION, nothing, &id), ERR_FORMAT);
    ck_error("'c'");
    id = graph_add_activation(graph, "c", DT_F32);
    again = graph_add_activation(graph, "c", DT_F32);
    ck_assert_str_ne(graph_value(graph, id)->name, "c");
    ck_assert_str_ne(graph_value(graph, id)->name, graph_value(graph, again)->name);
    ck_assert_uint_eq(id_of(graph, graph_value(graph, again)->name).at, again.at);
    graph_free(graph);
}
END_TEST

START_TEST(thousands_of_values_keep_their_names)
{
    struct graph *graph = graph_new();
    struct tensor nothing = {DT_F32, SHAPE_UNKNOWN, NULL, 0};
    char name[32];

    for (uint32_t i = 0; i < 5000; i++) {
        struct value_id id;

        snprintf(name, sizeof name, "v%u", i * 7919u);
        ck_status(graph_add_value(&context, graph, name, VALUE_INPUT, nothing, &id), OK);
        ck_assert_uint_eq(id.at, i);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "v%u", i * 7919u);
        ck_assert_uint_eq(graph_find_value(graph, name).at, i);
    }
    graph_free(graph);
}
END_TEST

START_TEST(replaced_uses_include_the_outputs)
{
    struct graph *graph = parse(residual);

    graph_replace_uses(graph, id_of(graph, "s"), id_of(graph, "r"));
    ck_assert(graph_is_output(graph, id_of(graph, "r")));
    ck_assert_uint_eq(graph_use_count(graph, id_of(graph, "s")), 0);
    graph_remove_unused(graph);
    ck_assert(!value_exists(graph_find_value(graph, "s")));
    ck_assert_uint_eq(graph->node_count, 2);
    ck_status(graph_verify(&context, graph), OK);
    graph_free(graph);
}
END_TEST

START_TEST(compacting_removes_what_nobody_needs_and_keeps_the_inputs)
{
    struct graph *graph = parse(residual);

    graph_replace_uses(graph, id_of(graph, "s"), id_of(graph, "x"));
    graph_remove_unused(graph);
    ck_assert_uint_eq(graph->node_count, 0);
    ck_assert_uint_eq(graph->value_count, 1);
    ck_assert_str_eq(graph_value(graph, graph->output[0])->name, "x");
    ck_assert(graph_value(graph, graph->input[0])->role == VALUE_INPUT);
    graph_free(graph);
}
END_TEST

START_TEST(a_clone_shares_weights_and_nothing_else)
{
    struct graph *graph = parse(residual), *clone = graph_clone(graph);
    struct value *weight = graph_value(clone, id_of(clone, "w"));
    double before = tensor_get(&weight->tensor, 5);

    ck_assert_ptr_eq(tensor_data(&weight->tensor),
                     tensor_data(&graph_value(graph, id_of(graph, "w"))->tensor));
    ck_status(tensor_make_private(&context, &weight->tensor), OK);
    tensor_set(&weight->tensor, 5, 100);
    graph_set_metadata(clone, "key", "value");
    graph_remove_unused(clone);
    ck_assert_uint_eq(graph->node_count, 4);
    ck_assert_uint_eq(clone->node_count, 3);
    ck_assert_ptr_null(graph_metadata(graph, "key"));
    ck_assert(tensor_get(&graph_value(graph, id_of(graph, "w"))->tensor, 5) == before);
    graph_free(graph); // the clone stands alone
    ck_status(graph_verify(&context, clone), OK);
    ck_assert(tensor_get(&graph_value(clone, id_of(clone, "w"))->tensor, 5) == 100);
    graph_free(clone);
}
END_TEST

START_TEST(metadata_is_set_replaced_and_removed_in_place)
{
    struct graph *graph = graph_new();

    graph_set_metadata(graph, "a", "1");
    graph_set_metadata(graph, "b", "2");
    graph_set_metadata(graph, "a", "3");
    ck_assert_str_eq(graph_metadata(graph, "a"), "3");
    ck_assert_str_eq(graph->metadata->key, "a");
    graph_set_metadata(graph, "a", NULL);
    ck_assert_ptr_null(graph_metadata(graph, "a"));
    ck_assert_str_eq(graph_metadata(graph, "b"), "2");
    graph_free(graph);
}
END_TEST

// Swaps two nodes, as a file may list them out of order.
static void swap_nodes(struct graph *graph, const char *a, const char *b)
{
    struct node_id first = graph_find_node(graph, a), second = graph_find_node(graph, b);
    struct node kept = graph->node[first.at];

    graph->node[first.at] = graph->node[second.at];
    graph->node[second.at] = kept;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].output_count; i++)
            graph_value(graph, graph->node[n].output[i])->producer = (struct node_id){n};
}

START_TEST(sorting_puts_producers_first_and_keeps_sorted_graphs_as_they_are)
{
    struct graph *graph = parse(residual);
    static const char *const wanted[] = {"conv", "relu", "add", "idle"};

    ck_status(graph_sort(&context, graph), OK);
    for (uint32_t n = 0; n < 4; n++)
        ck_assert_str_eq(graph->node[n].name, wanted[n]);
    swap_nodes(graph, "conv", "add");
    ck_status(graph_verify(&context, graph), ERR_INTERNAL);
    ck_status(graph_sort(&context, graph), OK);
    ck_status(graph_verify(&context, graph), OK);
    ck_assert_str_eq(graph->node[0].name, "conv");
    graph_free(graph);
}
END_TEST

START_TEST(a_cycle_is_named)
{
    struct graph *graph = parse(residual);

    graph_set_input(graph, graph_find_node(graph, "relu"), 0, id_of(graph, "s"));
    ck_status(graph_sort(&context, graph), ERR_FORMAT);
    ck_error("cycle");
    ck_error("(Relu)");
    graph_free(graph);
}
END_TEST

START_TEST(verify_names_the_node_that_reads_what_is_not_there)
{
    struct graph *graph = parse(residual);
    struct value_id loose = graph_add_activation(graph, "loose", DT_F32);

    graph_set_input(graph, graph_find_node(graph, "relu"), 0, loose);
    ck_status(graph_verify(&context, graph), ERR_INTERNAL);
    ck_error("node 'relu' (Relu): input 'loose' is not defined");
    graph_free(graph);
}
END_TEST

START_TEST(verify_counts_arguments)
{
    struct graph *graph = parse(residual);
    struct value_id x = id_of(graph, "x");

    graph_set_node_inputs(graph, graph_find_node(graph, "add"), &x, 1);
    ck_status(graph_verify(&context, graph), ERR_INTERNAL);
    ck_error("node 'add' (Add): has 1 inputs");
    graph_free(graph);
}
END_TEST

START_TEST(verify_sees_scales_that_do_not_fit)
{
    struct graph *graph = parse(residual);
    struct value *weight = graph_value(graph, id_of(graph, "w"));
    float scale[3] = {1, 1, 1};
    struct quant quant = {.dtype = DT_I8, .bits = 8, .axis = 0, .count = 3, .scale = scale};

    weight->quant = &quant;
    ck_status(graph_verify(&context, graph), ERR_INTERNAL);
    ck_error("'w'");
    quant.count = 4;
    ck_status(graph_verify(&context, graph), OK);
    weight->quant = NULL;
    graph_free(graph);
}
END_TEST

START_TEST(a_broadcast_axis_is_not_tied)
{
    struct arena *arena = arena_new();
    struct tensor x = {DT_F32, SHAPE(2, 3, 4, 4), NULL, 0},
                  bias = {DT_F32, SHAPE(3, 1, 1), NULL, 0};
    struct tensor y = x;
    const struct tensor *input[] = {&x, &bias};
    struct tensor *output[] = {&y};
    struct op_call call = {.input_count = 2, .output_count = 1, .input = input, .output = output};
    struct axis_map map;
    int channel = 0, stretched = 0;

    axis_map_init(&map, arena);
    ck_status(axes_tie(&context, &call, &map), OK);
    for (int i = 0; i < map.count; i++) {
        const struct axis_link *link = &map.link[i];

        if (link->a.side == AXIS_INPUT && link->a.slot == 1) {
            channel += link->a.axis == 0 && link->b.axis == 1 && link->count == 3;
            stretched += link->a.axis != 0;
        }
    }
    ck_assert_int_eq(channel, 1);
    ck_assert_int_eq(stretched, 0);
    arena_free(arena);
}
END_TEST

#define COUNT_OF(table) (int)(sizeof(table) / sizeof *(table))

static TCase *new_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, NULL);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_tensors(Suite *suite)
{
    TCase *tcase = new_case(suite, "tensor");

    tcase_add_loop_test(tcase, shapes_from_files_are_checked, 0, COUNT_OF(shapes));
    tcase_add_test(tcase, a_zero_dimension_does_not_hide_an_overflow);
    tcase_add_test(tcase, counts_tell_open_from_known);
    tcase_add_loop_test(tcase, every_type_keeps_what_it_can_hold, 0, DT_COUNT);
    tcase_add_loop_test(tcase, values_round_to_even_and_saturate, 0, COUNT_OF(roundings));
    tcase_add_test(tcase, writing_to_a_shared_tensor_leaves_the_other_alone);
    tcase_add_test(tcase, foreign_bytes_are_copied_before_writing_and_given_back_once);
    tcase_add_test(tcase, a_spilled_tensor_keeps_its_data_when_its_pages_go);
    tcase_add_test(tcase, nibbles_lie_low_first);
    tcase_add_test(tcase, a_tensor_without_room_is_an_error);
    tcase_add_test(tcase, every_half_becomes_the_float_that_numpy_gives);
    tcase_add_test(tcase, floats_become_the_halves_that_numpy_gives);
    tcase_add_test(tcase, floats_become_the_bfloats_that_pytorch_gives);
}

static void add_graphs(Suite *suite)
{
    TCase *tcase = new_case(suite, "graph");

    tcase_add_test(tcase, uses_count_readers_and_outputs);
    tcase_add_test(tcase, a_name_is_taken_once);
    tcase_add_test(tcase, thousands_of_values_keep_their_names);
    tcase_add_test(tcase, replaced_uses_include_the_outputs);
    tcase_add_test(tcase, compacting_removes_what_nobody_needs_and_keeps_the_inputs);
    tcase_add_test(tcase, a_clone_shares_weights_and_nothing_else);
    tcase_add_test(tcase, metadata_is_set_replaced_and_removed_in_place);
    tcase_add_test(tcase, sorting_puts_producers_first_and_keeps_sorted_graphs_as_they_are);
    tcase_add_test(tcase, a_cycle_is_named);
    tcase_add_test(tcase, verify_names_the_node_that_reads_what_is_not_there);
    tcase_add_test(tcase, verify_counts_arguments);
    tcase_add_test(tcase, verify_sees_scales_that_do_not_fit);
    tcase_add_test(tcase, a_broadcast_axis_is_not_tied);
}

Suite *ir_suite(void)
{
    Suite *suite = suite_create("ir");

    add_tensors(suite);
    add_graphs(suite);
    return suite;
}
