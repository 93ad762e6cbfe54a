// What older opsets said otherwise, where the file is wrong or says too little; files that are
// right are in test_onnx.c (testdata/models/opset_*).
#include <check.h>
#include <string.h>

#include "io/model.h"
#include "io/protobuf.h"
#include "ir/op.h"
#include "tests/support/fixture.h"
#include "tests/support/hand.h"

Suite *opsets_suite(void);

static struct context context;

static void setup(void)
{
    context_init(&context);
}

// y = OP(a, b, ...) at an old opset; f is an input of unknown rank, w and v are weights of 2 x 3.
static void begin(struct hand *hand, int64_t opset, const char *op, const char *more)
{
    hand_begin(hand, op, *more == 'f' ? "f" : "w", "y");
    hand->opset = opset;
    hand_info(hand, 11, "f");
    hand_info(hand, 12, "y");
    hand_weight(hand, "w", 2, 3, 24);
    hand_weight(hand, "v", 2, 3, 24);
    for (const char *c = more + 1; *c; c++)
        wire_put_text(&hand->node, 1, (char[]){*c, '\0'});
}

static void add_text(struct hand *hand, const char *name, const char *value)
{
    struct text attribute;

    text_init(&attribute);
    wire_put_text(&attribute, 1, name);
    wire_put_text(&attribute, 4, value);
    wire_put_int(&attribute, 20, 3);
    wire_put_message(&hand->node, 5, &attribute);
}

static const struct row {
    int64_t opset;
    const char *op, *inputs;
    const char *attribute[2];
    int64_t value[2];
    enum status status; // OK: read
    const char *part;
} rows[] = {
    {6, "Add", "wv", {"broadcast", "axis"}, {1, 0}, OK, ""},
    {6, "Add", "fv", {"broadcast", "axis"}, {1, -1}, OK, ""},
    {6, "Add", "fv", {"broadcast", "axis"}, {0, 7}, OK, ""},
    {6, "Add", "wv", {"broadcast", "axis"}, {1, 1}, ERR_SHAPE, "does not fit into input 0"},
    {6, "Pow", "wv", {"broadcast", "axis"}, {1, INT64_MAX - 1}, ERR_SHAPE, "does not fit"},
    {6,
     "Mul",
     "fv",
     {"broadcast", "axis"},
     {1, 0},
     ERR_UNSUPPORTED,
     "rank of input 0 is not known"},
    {1, "Tile", "fvv", {NULL}, {0}, ERR_UNSUPPORTED, "wants a constant of one element"},
    {5, "Tile", "wvf", {NULL}, {0}, ERR_UNSUPPORTED, "input 2 (the axis)"},
    {3, "Concat", "wv", {NULL}, {0}, OK, ""},
    {6, "Gemm", "wvv", {"broadcast"}, {1}, OK, ""},
    {7, "Gemm", "wvv", {"broadcast"}, {1}, ERR_UNSUPPORTED, "'broadcast' is not supported"},
    {7, "Add", "wv", {"axis"}, {1}, ERR_UNSUPPORTED, "'axis' is not supported"},
};

START_TEST(what_does_not_fit_is_said)
{
    const struct row *row = &rows[_i];
    struct hand hand;

    begin(&hand, row->opset, row->op, row->inputs);
    for (int k = 0; k < 2 && row->attribute[k]; k++)
        hand_attribute(&hand, row->attribute[k], row->value[k]);
    hand_end_node(&hand);
    ck_assert_msg(hand_read(&context, &hand) == row->status, "%d: %s", _i, context.error);
    ck_assert_msg(!row->status || strstr(context.error, row->part), "%s", context.error);
}
END_TEST

START_TEST(a_type_that_was_a_text_is_one_of_onnx)
{
    struct hand hand;

    begin(&hand, 5, "Cast", "w");
    add_text(&hand, "to", "INT32");
    hand_end_node(&hand);
    ck_assert_msg(hand_read(&context, &hand) == OK, "%s", context.error);
    begin(&hand, 5, "Cast", "w");
    add_text(&hand, "to", "NUMBER");
    hand_end_node(&hand);
    ck_assert_int_eq(hand_read(&context, &hand), ERR_FORMAT);
}
END_TEST

// A sparse weight of 2 x 3 with one number at `place`, its shape as given.
static enum status read_sparse(int64_t place, int64_t dim, int64_t index_count)
{
    struct text values, indices, sparse;
    struct hand hand;

    text_init(&values);
    text_init(&indices);
    text_init(&sparse);
    wire_put_int(&values, 1, 1);
    wire_put_int(&values, 2, 1);
    wire_put_text(&values, 8, "s");
    wire_put_bytes(&values, 9, "\0\0\200?", 4);
    wire_put_int(&indices, 1, index_count);
    wire_put_int(&indices, 2, 7);
    wire_put_bytes(&indices, 9, (const char *)&place, 8);
    wire_put_message(&sparse, 1, &values);
    wire_put_message(&sparse, 2, &indices);
    wire_put_int(&sparse, 3, dim);
    wire_put_int(&sparse, 3, 3);
    hand_begin(&hand, "Relu", "s", "y");
    hand_info(&hand, 12, "y");
    wire_put_message(&hand.graph, 15, &sparse);
    hand_end_node(&hand);
    return hand_read(&context, &hand);
}

START_TEST(sparse_weights_are_checked)
{
    ck_assert_msg(read_sparse(5, 2, 1) == OK, "%s", context.error);
    ck_assert_int_eq(read_sparse(6, 2, 1), ERR_FORMAT);
    ck_assert_int_eq(read_sparse(-1, 2, 1), ERR_FORMAT);
    ck_assert_int_eq(read_sparse(0, 2, 2), ERR_FORMAT);
    ck_assert_int_eq(read_sparse(0, -2, 1), ERR_SHAPE);
    ck_assert_int_eq(read_sparse(0, INT64_C(1) << 40, 1), ERR_UNSUPPORTED);
    ck_assert_int_eq(read_sparse(0, INT64_MAX, 1), ERR_SHAPE);
}
END_TEST

#define GROUPS                                                                                     \
    "graph g\nx:f32[1,4,3]\ns:f32[2] init=[1,2]\nb:f32[2] init=[0,0]\n"                            \
    "t:f32[4] init=[1,2,3,4]\nz = GroupNormalization(x, s, b) num_groups=2\n"

// By group until opset 20, by channel from 21: both in one file have no opset.
START_TEST(a_scale_by_group_stays_below_opset_21)
{
    static const char by_group[] = GROUPS "output z\n";
    static const char both[] = GROUPS "y = GroupNormalization(z, t, t) num_groups=2\noutput y\n";
    struct graph *graph = fixture_graph(&context, by_group);
    struct graph *again = fixture_reread(&context, graph);
    struct model_target target = {.outside_from = SIZE_MAX};

    ck_assert_int_eq(again->source_opset, 18);
    graph_free(graph);
    graph_free(again);
    graph = fixture_graph(&context, both);
    text_init(&target.bytes);
    ck_assert_int_eq(format_find("onnx")->write(&context, graph, &target), ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(context.error, "a scale by group"));
    text_clear(&target.bytes);
    graph_free(graph);
}
END_TEST

START_TEST(what_is_left_out_is_not_there)
{
    const struct refused_op *refused;

    for (int i = 0; (refused = op_refused_at(i)); i++) {
        struct op unknown = {.name = refused->name, .is_unknown = true};
        ck_assert_msg(op_find(refused->name) == NULL, "%s is in both tables", refused->name);
        ck_assert_msg(!i || strcmp(op_refused_at(i - 1)->name, refused->name) < 0, "order of %s",
                      refused->name);
        ck_assert_int_eq(op_fail_unknown(&context, &unknown), ERR_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(context.error, refused->why));
        unknown.domain = "com.acme";
        ck_assert_int_eq(op_fail_unknown(&context, &unknown), ERR_UNSUPPORTED);
        ck_assert_str_eq(context.error, "operator is not known to ecai");
    }
}
END_TEST

Suite *opsets_suite(void)
{
    Suite *suite = suite_create("opsets");
    TCase *test = tcase_create("old");

    tcase_add_checked_fixture(test, setup, NULL);
    tcase_add_loop_test(test, what_does_not_fit_is_said, 0, sizeof rows / sizeof *rows);
    tcase_add_test(test, a_type_that_was_a_text_is_one_of_onnx);
    tcase_add_test(test, sparse_weights_are_checked);
    tcase_add_test(test, a_scale_by_group_stays_below_opset_21);
    tcase_add_test(test, what_is_left_out_is_not_there);
    suite_add_tcase(suite, test);
    return suite;
}
