// The range coder, the weight coder and the packed container: what is written comes back bit for
// bit, is as small as claimed, and damage is refused.
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "io/onnx.h"
#include "io/packed.h"
#include "io/range_coder.h"
#include "io/weight_coder.h"
#include "ir/graph.h"
#include "ops/attr.h"

static struct context context;

static void begin(void)
{
    context_init(&context);
}

// ---- range coder -------------------------------------------------------------------------------

START_TEST(bits_come_back_whatever_their_odds)
{
    const double odds[] = {0, 0.001, 0.1, 0.5, 0.97, 1};
    struct bit_model models[6], again[6];
    struct random random = random_stream(1, 0, 0), replay = random;
    struct range_encoder encoder;
    struct range_decoder decoder;
    struct text text;

    text_init(&text);
    bit_models_init(models, 6);
    bit_models_init(again, 6);
    range_encoder_init(&encoder, &text);
    for (int i = 0; i < 60000; i++) {
        range_encode(&encoder, &models[i % 6], random_unit(&random) < odds[i % 6]);
        range_encode_plain(&encoder, (uint32_t)random_bits(&random), 1 + i % 16);
    }
    range_encoder_finish(&encoder);
    range_decoder_init(&decoder, text.at, text.length);
    for (int i = 0; i < 60000; i++) {
        bool bit = random_unit(&replay) < odds[i % 6];
        uint32_t plain = (uint32_t)random_bits(&replay) & ((1u << (1 + i % 16)) - 1);
        ck_assert_int_eq(range_decode(&decoder, &again[i % 6]), bit);
        ck_assert_uint_eq(range_decode_plain(&decoder, 1 + i % 16), plain);
    }
    text_clear(&text);
}
END_TEST

// Bytes that coding n bits of probability p takes.
static size_t coded_bytes(int n, double p)
{
    struct random random = random_stream(7, 0, 0);
    struct bit_model model;
    struct range_encoder encoder;
    struct text text;
    size_t bytes;

    text_init(&text);
    bit_models_init(&model, 1);
    range_encoder_init(&encoder, &text);
    for (int i = 0; i < n; i++)
        range_encode(&encoder, &model, random_unit(&random) < p);
    range_encoder_finish(&encoder);
    bytes = text.length;
    text_clear(&text);
    return bytes;
}

START_TEST(the_size_is_near_the_entropy)
{
    // The fast average follows the data and so pays a few percent on data that do not change.
    const double odds[] = {0.02, 0.1, 0.3, 0.5};
    double p = odds[_i], entropy = -p * log2(p) - (1 - p) * log2(1 - p);
    double bytes = (double)coded_bytes(200000, p), ideal = 200000 * entropy / 8;

    ck_assert_double_lt(bytes, 1.03 * ideal + 20);
    ck_assert_double_gt(bytes, 0.97 * ideal - 20);
}
END_TEST

START_TEST(certain_bits_cost_next_to_nothing_but_not_less_than_the_bound)
{
    size_t bytes = coded_bytes(1000000, 0);

    ck_assert_uint_lt(bytes, 500);
    ck_assert_double_lt(1000000, range_coder_most_bits((double)bytes));
}
END_TEST

// ---- weight coder ------------------------------------------------------------------------------

enum { KINDS = 12 };
static const struct {
    enum dtype dtype;
    double sparsity, width; // numbers are normal with this deviation
} kind[KINDS] = {
    {DT_I8, 0, 30},     {DT_I8, 0.9, 20},   {DT_U8, 0.5, 20}, {DT_I4, 0.3, 2},
    {DT_U4, 0.3, 2},    {DT_I8, 0.55, 0.6}, {DT_F32, 0, 0.1}, {DT_F32, 0.8, 0.1},
    {DT_F16, 0.5, 0.1}, {DT_I32, 0, 1e6},   {DT_I64, 0.5, 4}, {DT_F64, 0, 1},
};

static struct tensor random_tensor(int row, const struct shape *shape)
{
    struct random random = random_stream(3, (uint64_t)row, 0);
    struct tensor tensor;
    double middle = kind[row].dtype == DT_U8 ? 128 : kind[row].dtype == DT_U4 ? 8 : 0;

    ck_assert_int_eq(tensor_alloc(&context, &tensor, kind[row].dtype, shape), OK);
    for (int64_t i = 0; i < tensor_count(&tensor); i++) {
        double number = random_normal(&random) * kind[row].width;
        bool zero = random_unit(&random) < kind[row].sparsity;
        tensor_set(&tensor, i, middle + (zero ? 0 : number));
    }
    return tensor;
}

static size_t code_and_compare(const struct tensor *tensor)
{
    struct weight_layout layout = weight_layout_of(tensor);
    struct weight_models *models = weight_models_new(), *again = weight_models_new();
    unsigned char *back = calloc(1, tensor_bytes(tensor) + 1);
    struct range_encoder encoder;
    struct range_decoder decoder;
    struct text text;
    size_t bytes;

    text_init(&text);
    range_encoder_init(&encoder, &text);
    weight_encode(&encoder, models, &layout, tensor_data(tensor));
    range_encoder_finish(&encoder);
    range_decoder_init(&decoder, text.at, text.length);
    weight_decode(&decoder, again, &layout, back);
    ck_assert_uint_eq(weight_layout_bytes(&layout), tensor_bytes(tensor));
    ck_assert_mem_eq(back, tensor_data(tensor), tensor_bytes(tensor));
    bytes = text.length;
    text_clear(&text);
    free(back);
    weight_models_free(models);
    weight_models_free(again);
    return bytes;
}

START_TEST(tensors_of_every_kind_come_back)
{
    const struct shape shapes[] = {SHAPE(16, 8, 3, 3), SHAPE(33, 7), SHAPE(5), SHAPE(1, 1),
                                   SHAPE(0, 4)};

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct tensor tensor = random_tensor(_i, &shapes[i]);
        code_and_compare(&tensor);
        tensor_release(&tensor);
    }
}
END_TEST

// Bits for each number: entropy of the rounded normal numbers, their zeros, and a bit to spare.
START_TEST(sparse_and_narrow_weights_shrink_as_their_entropy_says)
{
    const struct {
        int row;
        double bits;
    } claim[] = {
        {0, 7.2},  // log2(30 * sqrt(2 pi e)) = 6.95
        {1, 1.25}, // 0.469 for the zeros + 0.1 * 6.4
        {5, 1.6},  // mostly -1, 0, 1
        {7, 6.2},  // 0.722 + 0.2 * 26.3 bits of a normal float
    };
    struct tensor tensor = random_tensor(claim[_i].row, &SHAPE(64, 64, 3, 3));
    double bits = (double)code_and_compare(&tensor) * 8 / (64 * 64 * 9);

    ck_assert_double_lt(bits, claim[_i].bits);
    tensor_release(&tensor);
}
END_TEST

START_TEST(dense_floats_do_not_grow)
{
    struct tensor tensor = random_tensor(6, &SHAPE(64, 64, 3, 3));

    ck_assert_uint_lt(code_and_compare(&tensor), tensor_bytes(&tensor) * 9 / 10);
    tensor_release(&tensor);
}
END_TEST

START_TEST(any_bytes_decode_to_something)
{
    struct random random = random_stream(11, (uint64_t)_i, 0);
    struct weight_layout layout = {kind[_i % KINDS].dtype, 999, 9, 27, -3, 5};
    struct weight_models *models = weight_models_new();
    unsigned char bytes[100], *data = calloc(1, weight_layout_bytes(&layout));
    struct range_decoder decoder;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)random_bits(&random);
    range_decoder_init(&decoder, bytes, sizeof bytes);
    weight_decode(&decoder, models, &layout, data); // the sanitizers judge
    ck_assert(decoder.at <= decoder.end);
    free(data);
    weight_models_free(models);
}
END_TEST

// ---- container ---------------------------------------------------------------------------------

// y = Gemm(x, dequantised w, b): weights of one kind (a row of the table above) and float biases.
static struct graph *model_of(int row, int64_t outputs, int64_t inputs)
{
    struct graph *graph = graph_new();
    struct tensor input = {.dtype = DT_F32, .shape = SHAPE(1, inputs)};
    struct value_id x, y = graph_add_activation(graph, "y", DT_F32), w, b;
    struct gemm_attr attr = {.alpha = 1, .beta = 1, .transB = 1};
    struct quantize_attr grid = {.axis = 0, .saturate = 1};

    ck_assert_int_eq(graph_add_value(&context, graph, "x", VALUE_INPUT, input, &x), OK);
    w = graph_add_weight(graph, "w", random_tensor(row, &SHAPE(outputs, inputs)));
    b = graph_add_weight(graph, "b", random_tensor(6, &SHAPE(outputs)));
    if (kind[row].dtype != DT_F32) {
        struct value_id dequantized = graph_add_activation(graph, "w_float", DT_F32);
        struct tensor scale = random_tensor(6, &SHAPE(outputs));
        struct value_id pair[2] = {w, graph_add_weight(graph, "s", scale)};
        graph_add_node(graph, op_find("DequantizeLinear"), "dq", &grid, pair, 2, &dequantized, 1);
        w = dequantized;
    }
    graph_add_node(graph, op_find("Gemm"), "gemm", &attr, (struct value_id[]){x, w, b}, 3, &y, 1);
    graph_set_inputs(graph, &x, 1);
    graph_set_outputs(graph, &y, 1);
    graph_set_metadata(graph, "ecai.history", "[{\"pass\":\"prune\"}]");
    graph_set_metadata(graph, "owner's note", "caf\xc3\xa9");
    return graph;
}

static struct span span_of(const struct text *text)
{
    return (struct span){(const unsigned char *)text->at, text->length};
}

static void write_both(const struct graph *graph, struct text *onnx, struct text *packed)
{
    text_init(onnx);
    text_init(packed);
    ck_assert_int_eq(onnx_write(&context, graph, NULL, onnx), OK);
    ck_assert_int_eq(packed_write(&context, graph, packed), OK);
}

START_TEST(a_packed_model_reads_back_to_the_same_onnx_bytes)
{
    struct graph *graph = model_of(_i, 24, 40), *back;
    struct text onnx, packed, again;

    write_both(graph, &onnx, &packed);
    ck_assert_int_eq(packed_probe(span_of(&packed)), 100);
    ck_assert_int_eq(packed_probe(span_of(&onnx)), 0);
    enum status status = packed_read(&context, span_of(&packed), &back);
    ck_assert_msg(status == OK, "%s", context.error);
    text_init(&again);
    ck_assert_int_eq(onnx_write(&context, back, NULL, &again), OK);
    ck_assert_uint_eq(onnx.length, again.length);
    ck_assert_mem_eq(onnx.at, again.at, onnx.length);
    ck_assert_str_eq(graph_metadata(back, "owner's note"), "caf\xc3\xa9");
    text_clear(&again);
    text_clear(&onnx);
    text_clear(&packed);
    graph_free(graph);
    graph_free(back);
}
END_TEST

// Row of the table, and the most that may be left of the ONNX file.
START_TEST(sparse_and_low_bit_models_are_really_smaller)
{
    static const struct {
        int row;
        double most;
    } claim[] = {{1, 0.2}, {5, 0.25}, {7, 0.25}};
    struct graph *graph = model_of(claim[_i].row, 100, 300);
    struct text onnx, packed;

    write_both(graph, &onnx, &packed);
    ck_assert_double_lt((double)packed.length, claim[_i].most * (double)onnx.length);
    text_clear(&onnx);
    text_clear(&packed);
    graph_free(graph);
}
END_TEST

START_TEST(every_changed_byte_and_every_cut_is_refused)
{
    struct graph *graph = model_of(1, 12, 16), *back = NULL;
    struct text onnx, packed;

    write_both(graph, &onnx, &packed);
    for (size_t i = 0; i < packed.length; i++) {
        packed.at[i] = (char)(packed.at[i] ^ (1 << i % 8));
        enum status status = packed_read(&context, span_of(&packed), &back);
        ck_assert(status == ERR_FORMAT || status == ERR_UNSUPPORTED);
        ck_assert_ptr_null(back);
        packed.at[i] = (char)(packed.at[i] ^ (1 << i % 8));
        ck_assert_int_eq(packed_read(&context, (struct span){span_of(&packed).at, i}, &back),
                         ERR_FORMAT);
    }
    text_clear(&onnx);
    text_clear(&packed);
    graph_free(graph);
}
END_TEST

START_TEST(damage_under_a_right_checksum_never_crashes)
{
    struct graph *graph = model_of(1, 12, 16), *back;
    struct text onnx, packed;
    int refused = 0;

    write_both(graph, &onnx, &packed);
    for (size_t i = 17; i < packed.length; i++) {
        packed.at[i] = (char)(packed.at[i] ^ (1 << i % 8));
        packed_seal(packed.at, packed.length);
        back = NULL;
        refused += packed_read(&context, span_of(&packed), &back) != OK;
        graph_free(back);
        packed.at[i] = (char)(packed.at[i] ^ (1 << i % 8));
    }
    ck_assert_int_gt(refused, 0); // the rest is damage in weights, which are numbers still
    text_clear(&onnx);
    text_clear(&packed);
    graph_free(graph);
}
END_TEST

START_TEST(a_file_of_a_later_version_is_named_as_such)
{
    struct graph *graph = model_of(1, 12, 16), *back;
    struct text onnx, packed;

    write_both(graph, &onnx, &packed);
    packed.at[8] = 99;
    ck_assert_int_eq(packed_read(&context, span_of(&packed), &back), ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(context.error, "version 99"));
    text_clear(&onnx);
    text_clear(&packed);
    graph_free(graph);
}
END_TEST

Suite *packed_suite(void);
Suite *packed_suite(void)
{
    Suite *suite = suite_create("packed");
    TCase *tcase = tcase_create("packed");

    tcase_add_checked_fixture(tcase, begin, NULL);
    tcase_add_test(tcase, bits_come_back_whatever_their_odds);
    tcase_add_loop_test(tcase, the_size_is_near_the_entropy, 0, 4);
    tcase_add_test(tcase, certain_bits_cost_next_to_nothing_but_not_less_than_the_bound);
    tcase_add_loop_test(tcase, tensors_of_every_kind_come_back, 0, KINDS);
    tcase_add_loop_test(tcase, sparse_and_narrow_weights_shrink_as_their_entropy_says, 0, 4);
    tcase_add_test(tcase, dense_floats_do_not_grow);
    tcase_add_loop_test(tcase, any_bytes_decode_to_something, 0, 2 * KINDS);
    tcase_add_loop_test(tcase, a_packed_model_reads_back_to_the_same_onnx_bytes, 0, 8);
    tcase_add_loop_test(tcase, sparse_and_low_bit_models_are_really_smaller, 0, 3);
    tcase_add_test(tcase, every_changed_byte_and_every_cut_is_refused);
    tcase_add_test(tcase, damage_under_a_right_checksum_never_crashes);
    tcase_add_test(tcase, a_file_of_a_later_version_is_named_as_such);
    suite_add_tcase(suite, tcase);
    return suite;
}
