// What older opsets said otherwise, where the file is wrong or says too little; files that are
// right are in test_onnx.c (testdata/models/opset_*).
#include <check.h>
#include <string.h>

#include "io/protobuf.h"
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

Suite *opsets_suite(void)
{
    Suite *suite = suite_create("opsets");
    TCase *test = tcase_create("old");

    tcase_add_checked_fixture(test, setup, NULL);
    tcase_add_loop_test(test, what_does_not_fit_is_said, 0, sizeof rows / sizeof *rows);
    tcase_add_test(test, a_type_that_was_a_text_is_one_of_onnx);
    suite_add_tcase(suite, test);
    return suite;
}
