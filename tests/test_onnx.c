// The ONNX reader and writer against files that the onnx package made (testdata/make_models.py) and
// what ONNX Runtime answered for them; and against files that nobody should have made.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/reference.h"
#include "io/model.h"
#include "io/npy.h"
#include "io/onnx.h"
#include "io/protobuf.h"
#include "io/text_ir.h"
#include "tests/support/hand.h"

Suite *onnx_suite(void);

#define MODELS "testdata/models/"

static struct context context;

static const char *const runnable[] = {
    "opset_01", "opset_02",   "opset_04",   "opset_05",   "opset_06",   "opset_07",   "opset_08",
    "opset_09", "opset_10",   "opset_11",   "opset_12",   "opset_13",   "opset_15",   "opset_17",
    "opset_18", "opset_20",   "softmax_11", "functions",  "external",   "qdq",        "sparse",
    "branches", "loop",       "scan",       "nested",     "choice",     "called",     "scan8",
    "classes",  "resized_07", "resized_09", "resized_10", "sampled_11", "sampled_16", "groups_18",
};
enum { RUNNABLE_COUNT = sizeof runnable / sizeof *runnable };
static const char *const carried[] = {"foreign", "typed"};
enum { CARRIED_COUNT = sizeof carried / sizeof *carried };

static void setup(void)
{
    context_init(&context);
}

static struct graph *read_fixture(const char *name)
{
    struct graph *graph;
    char path[128];

    snprintf(path, sizeof path, MODELS "%s.onnx", name);
    ck_assert_msg(model_read(&context, path, NULL, &graph, NULL) == OK, "%s: %s", path,
                  context.error);
    return graph;
}

static struct graph *read_text_bytes(const struct text *bytes)
{
    struct onnx_source source = {
        {(const unsigned char *)bytes->at, bytes->length}, NULL, NULL, NULL};
    struct graph *graph;

    ck_assert_msg(onnx_read(&context, &source, &graph) == OK, "%s", context.error);
    return graph;
}

static void write_bytes(const struct graph *graph, struct text *out)
{
    text_init(out);
    ck_assert_msg(onnx_write(&context, graph, NULL, out) == OK, "%s", context.error);
}

static void assert_near(const char *model, const char *output, const struct tensor *got,
                        const struct tensor *want)
{
    ck_assert_msg(got->dtype == want->dtype && shape_equal(&got->shape, &want->shape),
                  "%s: %s has another type or shape", model, output);
    for (int64_t i = 0; i < tensor_count(want); i++) {
        double a = tensor_get(got, i), b = tensor_get(want, i);
        // ONNX Runtime sums floats in another order.
        ck_assert_msg(fabs(a - b) <= 2e-5 * (1 + fabs(b)), "%s: %s[%d] is %g, wants %g", model,
                      output, (int)i, a, b);
    }
}

// Runs the graph on the inputs of NAME.npz and compares with the outputs there.
static void assert_answers(const struct graph *graph, const char *name)
{
    struct tensor input[8], output[8];
    struct npz npz;
    char path[128], key[64];

    snprintf(path, sizeof path, MODELS "%s.npz", name);
    ck_assert_msg(npz_read(&context, path, &npz) == OK, "%s: %s", path, context.error);
    ck_assert_uint_le(graph->input_count, 8);
    ck_assert_uint_le(graph->output_count, 8);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct tensor *given = npz_find(&npz, graph_value(graph, graph->input[i])->name);
        ck_assert_ptr_nonnull(given);
        input[i] = *given;
    }
    ck_assert_msg(reference_run(&context, graph, input, output, NULL) == OK, "%s: %s", name,
                  context.error);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct tensor *want;
        snprintf(key, sizeof key, "out:%s", graph_value(graph, graph->output[i])->name);
        want = npz_find(&npz, key);
        ck_assert_msg(want != NULL, "%s: no %s", name, key);
        assert_near(name, key, &output[i], want);
        tensor_release(&output[i]);
    }
    npz_clear(&npz);
}

START_TEST(every_opset_means_what_onnx_runtime_says)
{
    struct graph *graph = read_fixture(runnable[_i]);

    assert_answers(graph, runnable[_i]);
    graph_free(graph);
}
END_TEST

START_TEST(what_is_written_means_the_same)
{
    struct graph *graph = read_fixture(runnable[_i]), *again;
    struct text bytes;

    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    assert_answers(again, runnable[_i]);
    graph_free(graph);
    graph_free(again);
    text_clear(&bytes);
}
END_TEST

static const char *fixture(int i)
{
    return i < RUNNABLE_COUNT ? runnable[i] : carried[i - RUNNABLE_COUNT];
}

START_TEST(writing_and_reading_is_the_identity)
{
    struct graph *graph = read_fixture(fixture(_i)), *again;
    struct text bytes, more, first, second;

    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    write_bytes(again, &more);
    ck_assert_uint_eq(bytes.length, more.length);
    ck_assert_mem_eq(bytes.at, more.at, more.length);
    text_init(&first);
    text_init(&second);
    graph_to_text(graph, &first);
    graph_to_text(again, &second);
    // Respelling orders and names their weights anew.
    if (strncmp(fixture(_i), "opset_", 6) != 0 && strcmp(fixture(_i), "nested") != 0 &&
        strcmp(fixture(_i), "scan8") != 0)
        ck_assert_str_eq(first.at, second.at);
    text_clear(&first);
    text_clear(&second);
    text_clear(&bytes);
    text_clear(&more);
    graph_free(graph);
    graph_free(again);
}
END_TEST

// ---- what survives ----

START_TEST(metadata_docs_and_producer_survive)
{
    struct graph *graph = read_fixture("foreign"), *again;
    struct text bytes;

    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    ck_assert_str_eq(again->producer, "make_models");
    ck_assert_str_eq(again->doc, "a test graph");
    ck_assert_str_eq(graph_metadata(again, "origin"), "testdata/make_models.py");
    ck_assert_str_eq(graph_metadata(again, "empty"), "");
    ck_assert_str_eq(again->node[0].doc, "blurs");
    ck_assert_str_eq(again->opset->domain, "com.acme");
    ck_assert_int_eq(again->opset->version, 1);
    graph_free(graph);
    graph_free(again);
    text_clear(&bytes);
}
END_TEST

START_TEST(names_of_open_dimensions_survive)
{
    struct graph *graph = read_fixture("opset_13"), *again;
    const struct value *x;
    struct text bytes;

    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    x = graph_value(again, again->input[0]);
    ck_assert_int_eq(x->tensor.shape.dim[0], -1);
    ck_assert_str_eq(x->dim_name[0], "batch");
    ck_assert_int_eq(x->tensor.shape.dim[1], 4);
    graph_free(graph);
    graph_free(again);
    text_clear(&bytes);
}
END_TEST

START_TEST(attributes_of_foreign_operators_are_carried_byte_for_byte)
{
    struct graph *graph = read_fixture("foreign"), *again;
    struct text bytes;

    ck_assert(graph->node[0].op->is_unknown);
    ck_assert_str_eq(graph->node[0].op->domain, "com.acme");
    ck_assert_uint_gt(graph->node[0].raw_attr_bytes, 50);
    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    ck_assert_uint_eq(graph->node[0].raw_attr_bytes, again->node[0].raw_attr_bytes);
    ck_assert_mem_eq(graph->node[0].raw_attr, again->node[0].raw_attr,
                     graph->node[0].raw_attr_bytes);
    ck_assert_int_eq(again->node[0].input_count, 3); // the second one is left out
    ck_assert(!value_exists(again->node[0].input[1]));
    graph_free(graph);
    graph_free(again);
    text_clear(&bytes);
}
END_TEST

START_TEST(integers_of_a_foreign_qdq_file_stay_equal)
{
    struct graph *graph = read_fixture("qdq"), *again;
    struct text bytes;
    int compared = 0;

    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct value *value = &graph->value[i], *other;
        if (value->role != VALUE_WEIGHT)
            continue;
        other = graph_value(again, graph_find_value(again, value->name));
        ck_assert_int_eq(value->tensor.dtype, other->tensor.dtype);
        ck_assert_mem_eq(tensor_data(&value->tensor), tensor_data(&other->tensor),
                         tensor_bytes(&value->tensor));
        compared++;
    }
    ck_assert_int_eq(compared, 9);
    ck_assert_int_eq(graph->node_count, 7);
    ck_assert_int_eq(again->node_count, 7);
    graph_free(graph);
    graph_free(again);
    text_clear(&bytes);
}
END_TEST

START_TEST(typed_fields_hold_the_same_numbers_as_raw_data)
{
    struct graph *graph = read_fixture("typed");
    int compared = 0;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct value *typed = &graph->value[i], *raw;
        char name[64];
        if (typed->role != VALUE_WEIGHT || strncmp(typed->name, "typed_", 6) != 0)
            continue;
        snprintf(name, sizeof name, "raw_%s", typed->name + 6);
        raw = graph_value(graph, graph_find_value(graph, name));
        ck_assert_int_eq(typed->tensor.dtype, raw->tensor.dtype);
        ck_assert_mem_eq(tensor_data(&typed->tensor), tensor_data(&raw->tensor),
                         tensor_bytes(&raw->tensor));
        ck_assert_int_eq((int)tensor_get(&raw->tensor, 2), typed->tensor.dtype == DT_BOOL ? 1 : 7);
        compared++;
    }
    ck_assert_int_eq(compared, DT_COUNT);
    graph_free(graph);
}
END_TEST

START_TEST(functions_are_inlined_with_their_attributes)
{
    struct graph *graph = read_fixture("functions");
    int leaky = 0;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        ck_assert_msg(!graph->node[n].op->is_unknown, "%s is left", graph->node[n].op->name);
        leaky += node_is(&graph->node[n], "LeakyRelu");
    }
    ck_assert_int_eq(leaky, 4);
    ck_assert_ptr_null(graph->opset);
    graph_free(graph);
}
END_TEST

START_TEST(an_old_softmax_over_several_axes_is_spelt_out)
{
    struct graph *graph = read_fixture("softmax_11");
    int flatten = 0;

    for (uint32_t n = 0; n < graph->node_count; n++)
        flatten += node_is(&graph->node[n], "Flatten");
    ck_assert_int_eq(flatten, 2); // the one over the last axis stays a single node
    graph_free(graph);
}
END_TEST

START_TEST(the_written_opset_is_13_or_what_the_operators_need)
{
    static const struct {
        const char *name;
        int64_t opset;
    } rows[] = {{"opset_07", 13},   {"opset_13", 13}, {"opset_15", 15},
                {"opset_18", 18},   {"opset_20", 20}, {"sampled_11", 16},
                {"sampled_16", 20}, {"typed", 21},    {"branches", 13}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct graph *graph = read_fixture(rows[i].name), *again;
        struct text bytes;
        write_bytes(graph, &bytes);
        again = read_text_bytes(&bytes);
        ck_assert_int_eq(again->source_opset, rows[i].opset);
        graph_free(graph);
        graph_free(again);
        text_clear(&bytes);
    }
}
END_TEST

// ---- subgraphs ----

START_TEST(what_a_subgraph_reads_counts_as_used)
{
    struct graph *graph = read_fixture("branches");
    uint32_t n = 0;

    while (strcmp(graph->node[n].op->name, "If") != 0)
        n++;
    ck_assert_int_eq(graph->node[n].op->min_inputs, 1); // explicit: flag
    ck_assert_int_eq(graph->node[n].input_count, 5);    // h, flag, unseen, x besides
    graph_remove_unused(graph);
    ck_assert(value_exists(graph_find_value(graph, "unseen")));
    graph_free(graph);
}
END_TEST

START_TEST(a_subgraph_follows_when_an_outer_value_gets_another_name)
{
    struct graph *graph = read_fixture("branches"), *again;
    struct value_id h = graph_find_value(graph, "h");
    struct value_id copy = graph_add_activation(graph, "local", DT_F32); // a name used inside
    struct text bytes;
    uint32_t n = 0;

    graph_replace_uses(graph, h, copy);
    graph_add_node(graph, op_find("Identity"), "copy", NULL, &h, 1, &copy, 1);
    ck_assert_int_eq(graph_sort(&context, graph), OK);
    write_bytes(graph, &bytes);
    again = read_text_bytes(&bytes);
    while (strcmp(again->node[n].op->name, "If") != 0)
        n++;
    ck_assert_int_eq(again->node[n].input_count, 5);
    ck_assert_str_eq(graph_value(again, again->node[n].input[1])->name, "local");
    graph_free(graph);
    graph_free(again);
    text_clear(&bytes);
}
END_TEST

// ---- external data ----

START_TEST(external_data_can_be_written_and_read_back)
{
    struct graph *graph = read_fixture("opset_13");
    struct onnx_target target = {.location = "w.data", .threshold = 200, .arena = arena_new()};
    struct text bytes;

    text_init(&bytes);
    ck_assert_int_eq(onnx_write(&context, graph, &target, &bytes), OK);
    ck_assert_uint_eq(target.outside.count, 1);
    ck_assert_int_eq(target.outside.at[0].at, 0);
    ck_assert_int_eq(target.outside_bytes, 320); // 4*2*3*3 floats, up to the next 64
    arena_free(target.arena);
    graph_free(graph);
    text_clear(&bytes);
}
END_TEST

// ---- by hand ----

static void assert_refused(struct hand *hand, enum status status, const char *part)
{
    enum status got = hand_read(&context, hand);

    ck_assert_msg(got == status, "status %d: %s", got, context.error);
    ck_assert_msg(strstr(context.error, part) != NULL, "'%s' is not in '%s'", part, context.error);
}

static void hand_relu(struct hand *hand)
{
    hand_begin(hand, "Relu", "x", "y");
    hand_info(hand, 11, "x");
    hand_info(hand, 12, "y");
}

START_TEST(a_model_made_by_hand_is_read)
{
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    ck_assert_msg(hand_read(&context, &hand) == OK, "%s", context.error);
}
END_TEST

START_TEST(an_undefined_input_is_named)
{
    struct hand hand;

    hand_begin(&hand, "Relu", "nowhere", "y");
    wire_put_text(&hand.node, 3, "r1");
    hand_end_node(&hand);
    assert_refused(&hand, ERR_FORMAT, "node 'r1' (Relu): input 'nowhere' is not defined");
}
END_TEST

START_TEST(an_undefined_output_is_named)
{
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    hand_info(&hand, 12, "z");
    assert_refused(&hand, ERR_FORMAT, "output 'z': is not defined");
}
END_TEST

START_TEST(a_value_is_defined_once)
{
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    wire_put_text(&hand.node, 1, "x");
    wire_put_text(&hand.node, 2, "y");
    wire_put_text(&hand.node, 4, "Relu");
    hand_end_node(&hand);
    assert_refused(&hand, ERR_FORMAT, "'y' is defined twice");
}
END_TEST

START_TEST(a_cycle_is_refused)
{
    struct hand hand;

    hand_begin(&hand, "Relu", "b", "a");
    hand_end_node(&hand);
    wire_put_text(&hand.node, 1, "a");
    wire_put_text(&hand.node, 2, "b");
    wire_put_text(&hand.node, 4, "Relu");
    hand_end_node(&hand);
    assert_refused(&hand, ERR_FORMAT, "cycle");
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    hand_weight(&hand, "w", INT64_C(1) << 40, INT64_C(1) << 40, 4);
    assert_refused(&hand, ERR_SHAPE, "initializer 'w'");
}
END_TEST

START_TEST(negative_sizes_are_refused)
{
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    hand_weight(&hand, "w", -1, 2, 4);
    assert_refused(&hand, ERR_SHAPE, "negative");
}
END_TEST

START_TEST(data_must_fit_the_shape)
{
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    hand_weight(&hand, "w", 1000, 1000, 16);
    assert_refused(&hand, ERR_FORMAT, "holds 16 bytes, its shape wants 4000000");
}
END_TEST

START_TEST(too_few_inputs_are_refused)
{
    struct hand hand;

    hand_begin(&hand, "Conv", "x", "y");
    hand_info(&hand, 11, "x");
    hand_end_node(&hand);
    assert_refused(&hand, ERR_FORMAT, "node 'y' (Conv): has 1 inputs, wants 2 to 3");
}
END_TEST

START_TEST(an_attribute_that_a_known_operator_lacks_is_refused)
{
    struct hand hand;

    hand_relu(&hand);
    hand_attribute(&hand, "sharpness", 1);
    hand_end_node(&hand);
    assert_refused(&hand, ERR_UNSUPPORTED, "attribute 'sharpness' is not supported");
}
END_TEST

START_TEST(an_attribute_of_the_wrong_type_is_refused)
{
    struct hand hand;

    hand_begin(&hand, "LeakyRelu", "x", "y");
    hand_info(&hand, 11, "x");
    hand_attribute(&hand, "alpha", 1);
    hand_end_node(&hand);
    assert_refused(&hand, ERR_FORMAT, "attribute 'alpha' is of the wrong type");
}
END_TEST

START_TEST(opsets_out_of_range_are_named)
{
    struct hand hand;

    hand_relu(&hand);
    hand.opset = 0;
    assert_refused(&hand, ERR_UNSUPPORTED, "opset 0 is not supported, 1 to");
    hand_relu(&hand);
    hand.opset = 99;
    assert_refused(&hand, ERR_UNSUPPORTED, "opset 99");
}
END_TEST

START_TEST(names_in_errors_are_escaped)
{
    struct hand hand;

    hand_begin(&hand, "Relu", "\x1b[2J", "y");
    hand_end_node(&hand);
    assert_refused(&hand, ERR_FORMAT, "\\x1b[2J");
}
END_TEST

START_TEST(nesting_deeper_than_64_is_refused)
{
    struct text inner, attribute, node;
    struct hand hand;

    text_init(&inner);
    for (int i = 0; i < 40; i++) { // each level is three messages
        text_init(&attribute);
        text_init(&node);
        wire_put_text(&attribute, 1, "then_branch");
        wire_put_message(&attribute, 6, &inner);
        wire_put_int(&attribute, 20, 5);
        wire_put_text(&node, 4, "If");
        wire_put_message(&node, 5, &attribute);
        text_init(&inner);
        wire_put_message(&inner, 1, &node);
    }
    hand_relu(&hand);
    hand_end_node(&hand);
    text_add_bytes(&hand.graph, inner.at, inner.length);
    text_clear(&inner);
    assert_refused(&hand, ERR_FORMAT, "nested deeper than 64");
}
END_TEST

// Functions that call each other without end, and functions that blow up.
START_TEST(functions_that_never_end_are_refused)
{
    for (int blow_up = 0; blow_up < 2; blow_up++) {
        struct hand hand;
        struct text model, opset;
        struct graph *graph;

        text_init(&model);
        text_init(&opset);
        wire_put_int(&opset, 2, 18);
        wire_put_int(&model, 1, 8);
        wire_put_message(&model, 8, &opset);
        for (int i = 0; i < 30; i++) {
            struct text function;
            char name[16], callee[16];
            snprintf(name, sizeof name, "f%d", i);
            snprintf(callee, sizeof callee, "f%d", blow_up ? i + 1 : (i + 1) % 30);
            text_init(&function);
            wire_put_text(&function, 1, name);
            wire_put_text(&function, 10, "local");
            for (int k = 0; k < 1 + blow_up; k++) {
                struct text node;
                text_init(&node);
                wire_put_text(&node, 4, callee);
                wire_put_text(&node, 7, "local");
                wire_put_message(&function, 7, &node);
            }
            wire_put_message(&model, 25, &function);
        }
        text_init(&hand.graph);
        text_init(&hand.node);
        wire_put_text(&hand.node, 4, "f0");
        wire_put_text(&hand.node, 7, "local");
        hand_end_node(&hand);
        wire_put_message(&model, 7, &hand.graph);
        ck_assert_int_ne(
            onnx_read(&context,
                      &(struct onnx_source){
                          {(const unsigned char *)model.at, model.length}, NULL, NULL, NULL},
                      &graph),
            OK);
        ck_assert_msg(strstr(context.error, "functions") != NULL, "%s", context.error);
        text_clear(&model);
        text_clear(&hand.node);
    }
}
END_TEST

START_TEST(a_file_cut_at_any_byte_is_refused)
{
    struct graph *graph = read_fixture("opset_13"), *cut;
    struct text bytes;

    write_bytes(graph, &bytes);
    for (size_t length = 0; length < bytes.length; length++) {
        struct onnx_source source = {{(const unsigned char *)bytes.at, length}, NULL, NULL, NULL};
        ck_assert_msg(onnx_read(&context, &source, &cut) != OK, "%zu of %zu bytes are a model",
                      length, bytes.length);
    }
    graph_free(graph);
    text_clear(&bytes);
}
END_TEST

// Nothing is claimed of a damaged file but that reading it ends, cleanly (under sanitizers).
START_TEST(a_flipped_bit_never_crashes)
{
    struct graph *graph = read_fixture(_i ? "branches" : "opset_09"), *damaged;
    struct text bytes;

    write_bytes(graph, &bytes);
    for (size_t bit = 0; bit < 8 * bytes.length; bit += 3) {
        struct onnx_source source = {
            {(const unsigned char *)bytes.at, bytes.length}, NULL, NULL, NULL};
        bytes.at[bit / 8] = (char)(bytes.at[bit / 8] ^ 1 << bit % 8);
        if (onnx_read(&context, &source, &damaged) == OK) {
            ck_assert_msg(graph_verify(&context, damaged) == OK, "%s", context.error);
            graph_free(damaged);
        } else {
            ck_assert_uint_gt(strlen(context.error), 0);
        }
        bytes.at[bit / 8] = (char)(bytes.at[bit / 8] ^ 1 << bit % 8);
    }
    graph_free(graph);
    text_clear(&bytes);
}
END_TEST

START_TEST(a_constant_of_text_is_carried)
{
    struct text attribute;
    struct hand hand;

    text_init(&attribute);
    wire_put_text(&attribute, 1, "value_string");
    wire_put_text(&attribute, 4, "hello");
    wire_put_int(&attribute, 20, 3);
    hand_begin(&hand, "Constant", NULL, "y");
    wire_put_message(&hand.node, 5, &attribute);
    hand_end_node(&hand);
    ck_assert_msg(hand_read(&context, &hand) == OK, "%s", context.error);
}
END_TEST

START_TEST(operators_of_onnx_want_its_opset)
{
    struct onnx_source source = {{NULL, 0}, NULL, NULL, NULL};
    struct text model, opset;
    struct graph *graph;
    struct hand hand;

    hand_relu(&hand);
    hand_end_node(&hand);
    text_init(&model);
    text_init(&opset);
    wire_put_text(&opset, 1, "com.acme");
    wire_put_int(&opset, 2, 1);
    wire_put_int(&model, 1, 7);
    wire_put_message(&model, 8, &opset);
    wire_put_message(&model, 7, &hand.graph);
    source.bytes = (struct span){(const unsigned char *)model.at, model.length};
    ck_assert_int_eq(onnx_read(&context, &source, &graph), ERR_UNSUPPORTED);
    ck_assert_msg(strstr(context.error, "(Relu): opset 0") != NULL, "%s", context.error);
    text_clear(&model);
    text_clear(&hand.node);
}
END_TEST

static TCase *hostile_tests(void)
{
    TCase *tcase = tcase_create("hostile");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_model_made_by_hand_is_read);
    tcase_add_test(tcase, an_undefined_input_is_named);
    tcase_add_test(tcase, an_undefined_output_is_named);
    tcase_add_test(tcase, a_value_is_defined_once);
    tcase_add_test(tcase, a_cycle_is_refused);
    tcase_add_test(tcase, sizes_that_overflow_are_refused);
    tcase_add_test(tcase, negative_sizes_are_refused);
    tcase_add_test(tcase, data_must_fit_the_shape);
    tcase_add_test(tcase, too_few_inputs_are_refused);
    tcase_add_test(tcase, an_attribute_that_a_known_operator_lacks_is_refused);
    tcase_add_test(tcase, an_attribute_of_the_wrong_type_is_refused);
    tcase_add_test(tcase, opsets_out_of_range_are_named);
    tcase_add_test(tcase, names_in_errors_are_escaped);
    tcase_add_test(tcase, a_constant_of_text_is_carried);
    tcase_add_test(tcase, operators_of_onnx_want_its_opset);
    tcase_add_test(tcase, nesting_deeper_than_64_is_refused);
    tcase_add_test(tcase, functions_that_never_end_are_refused);
    tcase_add_test(tcase, a_file_cut_at_any_byte_is_refused);
    tcase_add_loop_test(tcase, a_flipped_bit_never_crashes, 0, 2);
    return tcase;
}

Suite *onnx_suite(void)
{
    Suite *suite = suite_create("onnx");
    TCase *tcase = tcase_create("files");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, every_opset_means_what_onnx_runtime_says, 0, RUNNABLE_COUNT);
    tcase_add_loop_test(tcase, what_is_written_means_the_same, 0, RUNNABLE_COUNT);
    tcase_add_loop_test(tcase, writing_and_reading_is_the_identity, 0,
                        RUNNABLE_COUNT + CARRIED_COUNT);
    tcase_add_test(tcase, metadata_docs_and_producer_survive);
    tcase_add_test(tcase, names_of_open_dimensions_survive);
    tcase_add_test(tcase, attributes_of_foreign_operators_are_carried_byte_for_byte);
    tcase_add_test(tcase, integers_of_a_foreign_qdq_file_stay_equal);
    tcase_add_test(tcase, typed_fields_hold_the_same_numbers_as_raw_data);
    tcase_add_test(tcase, functions_are_inlined_with_their_attributes);
    tcase_add_test(tcase, an_old_softmax_over_several_axes_is_spelt_out);
    tcase_add_test(tcase, the_written_opset_is_13_or_what_the_operators_need);
    tcase_add_test(tcase, what_a_subgraph_reads_counts_as_used);
    tcase_add_test(tcase, a_subgraph_follows_when_an_outer_value_gets_another_name);
    tcase_add_test(tcase, external_data_can_be_written_and_read_back);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, hostile_tests());
    return suite;
}
