// Recurrent layers, attention, transposed and deformable convolutions, integer products: what they
// refuse, what they let through to whoever cuts channels, and what the rows of op_rows_nn.py cannot
// say.
#include <check.h>
#include <string.h>

#include "ir/axis_map.h"
#include "tests/support/op_case.h"
#include "tests/support/op_claims.h"

// ---- refusals ----------------------------------------------------------------------------------

#define LSTM_INPUTS "f32[3,2,4] f32[1,8,4] f32[1,8,2]"
#define Q_CONV "u8[1,2,3,3] f32[] u8[] i8[2,2,2,2] f32[2] i8[2] f32[] u8[]"

static const struct {
    const char *op, *attributes, *inputs;
    enum status status;
    const char *text; // part of the message
} refusals[] = {
    {"ConvTranspose", "", "f32[1,3,4,4] f32[2,3,3,3]", ERR_SHAPE, "input has 3 channels"},
    {"ConvTranspose", "group=2", "f32[1,3,4,4] f32[3,3,3,3]", ERR_SHAPE, "2 groups"},
    {"ConvTranspose", "group=0", "f32[1,3,4,4] f32[3,3,3,3]", ERR_SHAPE, "0 groups"},
    {"ConvTranspose", "", "f32[1,3,4,4] f32[3,2,3,3] f32[3]", ERR_SHAPE, "bias"},
    {"ConvTranspose", "pads=3,3,3,3", "f32[1,1,4,4] f32[1,1,3,3]", ERR_SHAPE, "leave nothing"},
    {"ConvTranspose", "output_padding=1", "f32[1,1,4,4] f32[1,1,3,3]", ERR_SHAPE, "has 1 items"},
    {"ConvTranspose", "output_padding=-1,0", "f32[1,1,4,4] f32[1,1,3,3]", ERR_SHAPE, "holds -1"},
    {"ConvTranspose", "output_shape=0,4", "f32[1,1,4,4] f32[1,1,3,3]", ERR_SHAPE, "holds 0"},
    {"ConvTranspose", "output_shape=2147483647,2147483647", "f32[1,1,4,4] f32[1,4,1,1]", ERR_SHAPE,
     "too large"},
    {"ConvTranspose", "strides=2147483647,2147483647", "f32[1,1,4,4] f32[1,4,1,1]", ERR_SHAPE,
     "too large"},
    {"ConvTranspose", "group=4611686018427387904", "f32[1,0,4,4] f32[0,4,3,3]", ERR_SHAPE,
     "groups"},
    {"Conv", "group=4611686018427387904", "f32[1,0,4,4] f32[0,0,3,3]", ERR_SHAPE, "groups"},
    {"ConvTranspose", "", "f32[1,2,2,2,2,2] f32[2,2,1,1,1,1]", ERR_SHAPE, "rank 6"},

    {"LSTM", "", "f32[3,2] f32[1,8,4] f32[1,8,2]", ERR_SHAPE, "input 0 has rank 2"},
    {"LSTM", "", "f32[3,2,4] f32[1,8,4] f32[1,8]", ERR_SHAPE, "input 2 has rank 2"},
    {"LSTM", "", "f32[3,2,4] f32[1,6,4] f32[1,8,2]", ERR_SHAPE, "has shape 1x6x4, wants 1x8x4"},
    {"LSTM", "direction=bidirectional", LSTM_INPUTS, ERR_SHAPE, "wants 2x8x4"},
    {"LSTM", "hidden_size=3", LSTM_INPUTS, ERR_SHAPE, "'hidden_size' is 3, input 2 has 2"},
    {"LSTM", "", LSTM_INPUTS " f32[1,8]", ERR_SHAPE, "wants 1x16"},
    {"LSTM", "", LSTM_INPUTS " - i32[2]{1,4}", ERR_NUMERIC, "sample 1 has length 4 of 3"},
    {"LSTM", "", LSTM_INPUTS " - i32[2]{-1,3}", ERR_NUMERIC, "sample 0 has length -1"},
    {"LSTM", "", LSTM_INPUTS " - i32[3]", ERR_SHAPE, "wants 2"},
    {"LSTM", "", LSTM_INPUTS " - f32[2]", ERR_SHAPE, "wants integers"},
    {"LSTM", "", LSTM_INPUTS " - - f32[2,1,2]", ERR_SHAPE, "wants 1x2x2"},
    {"LSTM", "layout=1", LSTM_INPUTS " - - f32[1,3,2]", ERR_SHAPE, "wants 3x1x2"},
    {"LSTM", "", LSTM_INPUTS " - - - - f32[1,8]", ERR_SHAPE, "wants 1x6"},
    {"LSTM", "activations=Tanh", LSTM_INPUTS, ERR_SHAPE, "'activations' has 1 items, wants 3"},
    {"LSTM", "activations=Tanh activations=Tanh activations=Sinus", LSTM_INPUTS, ERR_UNSUPPORTED,
     "'Sinus' is not known"},
    {"GRU", "", "f32[3,2,4] f64[1,6,4] f32[1,6,2]", ERR_SHAPE, "wants f32, got f64"},
    {"GRU", "", "f32[3,2,4] f32[1,6,4] f32[1,8,2]", ERR_SHAPE, "input 2 has shape"},
    {"RNN", "", "i32[3,2,4] f32[1,2,4] f32[1,2,2]", ERR_SHAPE, "wants float"},
    {"RNN", "", "f32[0,0,0] f32[1,9000000000,0] f32[1,0,9000000000]", ERR_SHAPE, "hidden units"},

    {"ConvInteger", "", "f32[1,2,3,3] u8[2,2,2,2]", ERR_SHAPE, "i8 or u8"},
    {"ConvInteger", "", "u8[1,2,3,3] u8[2,3,2,2]", ERR_SHAPE, "weight expects 3"},
    {"ConvInteger", "", "u8[1,2,3,3] u8[2,2,2,2] i8[]", ERR_SHAPE, "got i8"},
    {"ConvInteger", "", "u8[1,2,3,3] u8[2,2,2,2] u8[2]", ERR_UNSUPPORTED, "2 items"},
    {"ConvInteger", "", "u8[1,2,3,3] u8[2,2,2,2] - u8[3]", ERR_SHAPE, "3 items"},
    {"MatMulInteger", "", "u8[2,3] u8[4,3]", ERR_SHAPE, "weight expects 4"},
    {"MatMulInteger", "", "u8[] u8[3]", ERR_SHAPE, "rank 0"},
    {"MatMulInteger", "", "u8[2,3] u8[3,4] u8[2]", ERR_UNSUPPORTED, "2 items"},
    {"MatMulInteger", "", "u8[1,70000] u8[70000,1]", ERR_UNSUPPORTED, "exceed 32 bits"},
    {"QLinearConv", "", Q_CONV " f32[2]", ERR_SHAPE, "got f32"},
    {"QLinearConv", "", Q_CONV " i32[3]", ERR_SHAPE, "bias"},
    {"QLinearMatMul", "", "u8[2,3] f32[] u8[] u8[3,2] f32[] u8[] f32[2] u8[]", ERR_UNSUPPORTED,
     "input 6 has 2 items"},
    {"QLinearMatMul", "", "u8[2,3] f32[] u8[] u8[3,2] f32[0] u8[] f32[] u8[]", ERR_SHAPE,
     "input 4 has 0 items"},
    {"DynamicQuantizeLinear", "", "i8[3]", ERR_SHAPE, "wants float"},

    {"DeformConv", "", "f32[1,2,4] f32[3,2,2] f32[1,2,3]", ERR_UNSUPPORTED, "1 spatial axes"},
    {"DeformConv", "", "f32[1,2,4,4] f32[3,2,2,2] f32[1,7,3,3]", ERR_SHAPE, "input 2"},
    {"DeformConv", "offset_group=3", "f32[1,2,4,4] f32[3,2,2,2] f32[1,24,3,3]", ERR_SHAPE,
     "3 offset groups"},
    {"DeformConv", "offset_group=0", "f32[1,2,4,4] f32[3,2,2,2] f32[1,8,3,3]", ERR_SHAPE,
     "0 offset groups"},
    {"DeformConv", "", "f32[1,2,4,4] f32[3,2,2,2] f32[1,8,3,3] - f32[1,3,3,3]", ERR_SHAPE,
     "input 4"},

    {"Attention", "", "f32[1,2,3] f32[1,2,3] f32[1,2,3]", ERR_SHAPE, "0 heads"},
    {"Attention", "q_num_heads=2 kv_num_heads=1", "f32[1,2,3] f32[1,2,3] f32[1,2,3]", ERR_SHAPE,
     "3 channels do not divide into 2 heads"},
    {"Attention", "", "f32[1,3,2,2] f32[1,2,2,2] f32[1,2,2,2]", ERR_SHAPE, "do not divide among 2"},
    {"Attention", "", "f32[1,3,2,2] f32[1,0,2,2] f32[1,0,2,2]", ERR_SHAPE, "among 0"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,3] f32[1,2,2,2]", ERR_SHAPE, "do not fit"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,2] f32[1,2,3,2]", ERR_SHAPE, "do not fit"},
    {"Attention", "", "f32[1,2,2,2] f32[2,2,2,2] f32[1,2,2,2]", ERR_SHAPE, "2 samples"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,2] f32[1,2,2]", ERR_SHAPE, "rank 3"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,2] f32[1,2,2,2] f32[2,3]", ERR_SHAPE, "mask has 3"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,2] f32[1,2,2,2] i32[2,2]", ERR_SHAPE, "got i32"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,2] f32[1,2,2,2] - f32[1,2,1,2]", ERR_SHAPE,
     "come together"},
    {"Attention", "", "f32[1,2,2,2] f32[1,2,2,2] f32[1,2,2,2] - f32[1,2,1,2] f32[1,2,2,2]",
     ERR_SHAPE, "input 5"},

    {"RotaryEmbedding", "", "f32[1,2,8] f32[4,2] f32[4,2]", ERR_SHAPE, "0 heads"},
    {"RotaryEmbedding", "", "f32[1,2,2,3] f32[1,2,1] f32[1,2,1]", ERR_SHAPE, "3 of 3 channels"},
    {"RotaryEmbedding", "rotary_embedding_dim=6", "f32[1,2,2,4] f32[1,2,3] f32[1,2,3]", ERR_SHAPE,
     "6 of 4 channels"},
    {"RotaryEmbedding", "", "f32[1,2,2,4] f32[1,3,2] f32[1,3,2]", ERR_SHAPE, "input 1"},
    {"RotaryEmbedding", "", "f32[1,2,2,4] f32[5,2] f32[4,2] i64[1,2]", ERR_SHAPE, "input 2"},
    {"RotaryEmbedding", "", "f32[1,2,2,4] f32[5,2] f32[5,2] i64[1,2]{0,5}", ERR_NUMERIC,
     "position 5 is outside"},
    {"RotaryEmbedding", "", "f32[1,2,2,4] f32[5,2] f32[5,2] i64[1,2]{-1,0}", ERR_NUMERIC,
     "position -1"},
    {"RotaryEmbedding", "", "f32[1,2,2,4] f32[5,2] f32[5,2] i64[2]", ERR_SHAPE, "1 x 2"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

START_TEST(wrong_arguments_are_refused_with_a_reason)
{
    assert_refuses(refusals[_i].op, refusals[_i].attributes, refusals[_i].inputs,
                   refusals[_i].status, refusals[_i].text);
}
END_TEST

// ---- edges -------------------------------------------------------------------------------------

static const struct {
    const char *op, *attributes, *inputs, *expected;
} edges[] = {
    // a sample without steps keeps its initial state, and its outputs are zero
    {"RNN", "", "f32[2,1,1]{1,1} f32[1,1,1]{1} f32[1,1,1]{1} - i32[1]{0} f32[1,1,1]{0.5}",
     "f32[2,1,1,1]{0,0}"},
    {"RNN", "", "f32[0,1,1] f32[1,1,1]{1} f32[1,1,1]{1}", "f32[0,1,1,1]"},
    {"LSTM", "layout=1", "f32[0,2,3] f32[1,4,3] f32[1,4,1]", "f32[0,2,1,1]"},
    // offsets that lead nowhere
    {"DeformConv", "", "f32[1,1,1,1]{3} f32[1,1,1,1]{2} f32[1,2,1,1]{nan,0}", "f32[1,1,1,1]{0}"},
    {"DeformConv", "", "f32[1,1,1,1]{3} f32[1,1,1,1]{2} f32[1,2,1,1]{inf,0}", "f32[1,1,1,1]{0}"},
    {"DeformConv", "", "f32[1,1,1,1]{3} f32[1,1,1,1]{2} f32[1,2,1,1]{-0.5,0}", "f32[1,1,1,1]{3}"},
    // no key may be seen: zero, not NaN
    {"Attention", "", "f32[1,1,2,1]{1,1} f32[1,1,1,1]{1} f32[1,1,1,1]{7} bool[2,1]{0,1}",
     "f32[1,1,2,1]{0,7}"},
    {"Attention", "", "f32[1,1,1,1]{1} f32[1,1,0,1] f32[1,1,0,1]", "f32[1,1,1,1]{0}"},
    {"Attention", "", "f32[1,1,1,1]{1} f32[1,1,3,1]{1,1,1} f32[1,1,3,1]{1,3,50} f32[1,2]{0,0}",
     "f32[1,1,1,1]{2}"}, // a short mask hides what it does not reach
    {"DynamicQuantizeLinear", "", "f32[2]{0,0}", "u8[2]{0,0}"},
    {"DynamicQuantizeLinear", "", "f32[2]{nan,2}", "u8[2]{0,255}"},
    {"QLinearMatMul", "", "u8[1,1]{9} f32[]{1} u8[] u8[1,1]{9} f32[]{1} u8[] f32[]{0} u8[]",
     "u8[1,1]{255}"}, // a scale of zero saturates
    {"MatMulInteger", "", "u8[2,0] u8[0,1]", "i32[2,1]{0,0}"},
    {"ConvTranspose", "", "f32[1,1,0] f32[1,1,2] f32[1]{5}", "f32[1,1,2]{5,5}"},
};
enum { EDGES = sizeof edges / sizeof edges[0] };

START_TEST(edge_cases_have_defined_values)
{
    assert_gives(edges[_i].op, edges[_i].attributes, edges[_i].inputs, 1, edges[_i].expected);
}
END_TEST

// ---- axis maps ---------------------------------------------------------------------------------

static const struct {
    const char *op, *attributes, *inputs;
    struct axis_link link; // must be there; count 0: the end `a` must not be linked at all
} links[] = {
    {"ConvTranspose", "", "f32[2,3,4] f32[3,5,2]", {{0, 0, 1}, {0, 1, 0}, 3, 0, 1, 0}},
    {"ConvTranspose", "", "f32[2,3,4] f32[3,5,2]", {{0, 1, 1}, {AXIS_OUTPUT, 0, 1}, 5, 0, 1, 0}},
    {"ConvTranspose",
     "group=3",
     "f32[2,3,4] f32[3,5,2] f32[15]",
     {{0, 0, 1}, {AXIS_OUTPUT, 0, 1}, 3, 0, 5, 0}},
    {"ConvTranspose", "group=2", "f32[2,4,4] f32[4,5,2]", {{0, 0, 1}, {0, 1, 0}, 4, 0, 1, 0}},
    {"LSTM", "", LSTM_INPUTS, {{0, 0, 1}, {AXIS_OUTPUT, 0, 2}, 2, 0, 1, 0}},
    {"LSTM", "layout=1", LSTM_INPUTS, {{0, 0, 0}, {AXIS_OUTPUT, 0, 0}, 3, 0, 1, 0}},
    {"LSTM", "", LSTM_INPUTS, {{0, 2, 2}, {0, 1, 1}, 2, 6, 1, 0}},
    {"LSTM", "", LSTM_INPUTS, {{0, 2, 2}, {AXIS_OUTPUT, 0, 3}, 2, 0, 1, 0}},
    {"LSTM", "", LSTM_INPUTS, {{0, 0, 2}, {0, 1, 2}, 4, 0, 1, 0}},
    {"LSTM", "", LSTM_INPUTS, {{0, 0, 0}, {0, 0, 0}, 0, 0, 0, 0}},
    {"MatMulInteger", "", "u8[2,3] u8[3,4] - u8[4]", {{0, 1, 1}, {0, 3, 0}, 4, 0, 1, 0}},
    {"MatMulInteger", "", "u8[2,3] u8[3,4]", {{0, 0, 1}, {0, 0, 0}, 0, 0, 0, 0}},
    {"QLinearConv", "", Q_CONV, {{0, 3, 0}, {AXIS_OUTPUT, 0, 1}, 2, 0, 1, 0}},
    {"Attention", "", "f32[2,4,3,2] f32[2,2,3,2] f32[2,2,3,2]", {{0, 1, 1}, {0, 0, 1}, 2, 0, 2, 0}},
    {"Attention",
     "q_num_heads=2 kv_num_heads=2",
     "f32[2,3,4] f32[2,3,4] f32[2,3,4]",
     {{0, 0, 0}, {AXIS_OUTPUT, 0, 0}, 2, 0, 1, 0}},
    {"RotaryEmbedding",
     "",
     "f32[2,3,2,4] f32[2,2,2] f32[2,2,2]",
     {{0, 0, 1}, {AXIS_OUTPUT, 0, 1}, 3, 0, 1, 0}},
};
enum { LINKS = sizeof links / sizeof links[0] };

static bool is_end(struct axis_end a, struct axis_end b)
{
    return a.side == b.side && a.slot == b.slot && a.axis == b.axis;
}

static int count_matching(const struct axis_map *map, const struct axis_link *wanted)
{
    int count = 0;

    for (int i = 0; i < map->count; i++) {
        const struct axis_link *link = &map->link[i];
        bool touches = is_end(link->a, wanted->a) || is_end(link->b, wanted->a);
        bool is_same = is_end(link->a, wanted->a) && is_end(link->b, wanted->b) &&
                       link->count == wanted->count && link->offset == wanted->offset &&
                       link->repeat == wanted->repeat;
        count += wanted->count == 0 ? touches : is_same;
    }
    return count;
}

START_TEST(axes_are_linked_where_indices_correspond)
{
    struct op_case c = op_case_of(links[_i].op, links[_i].attributes, links[_i].inputs, 1);
    struct arena *arena = arena_new();
    struct axis_map map;
    struct op_run run;

    axis_map_init(&map, arena);
    op_run_init(&run, &c, DT_NONE);
    ck_assert_msg(op_run_infer(&run) == OK, "%s: %s", c.label, run.context.error);
    ck_assert_int_eq(c.op->map_axes(&run.context, &run.call, &map), OK);
    ck_assert_msg(count_matching(&map, &links[_i].link) == (links[_i].link.count ? 1 : 0),
                  "row %d: %s on %s", _i, c.label, links[_i].inputs);
    op_run_clear(&run);
    op_case_clear(&c);
    arena_free(arena);
}
END_TEST

// ---- costs -------------------------------------------------------------------------------------

static const struct {
    const char *op, *attributes, *inputs;
    double macs;
} costs[] = {
    {"LSTM", "", "f32[5,2,3] f32[1,16,3] f32[1,16,4]", 5 * 2 * 16.0 * (3 + 4)},
    {"GRU", "direction=bidirectional", "f32[5,2,3] f32[2,12,3] f32[2,12,4]", 2 * 10 * 12.0 * 7},
    {"RNN", "layout=1", "f32[2,5,3] f32[1,4,3] f32[1,4,4]", 10 * 4.0 * 7},
    {"MatMulInteger", "", "u8[2,3] u8[3,4]", 24},
    {"QLinearConv", "", Q_CONV, 2.0 * 4 * 8},
    {"DeformConv", "", "f32[1,2,4,4] f32[3,2,2,2] f32[1,8,3,3]", 3.0 * 9 * 8},
    {"Attention", "", "f32[2,4,3,2] f32[2,2,5,2] f32[2,2,5,7]", 2.0 * 4 * 3 * 5 * (2 + 7)},
};
enum { COSTS = sizeof costs / sizeof costs[0] };

START_TEST(costs_are_macs)
{
    struct op_case c = op_case_of(costs[_i].op, costs[_i].attributes, costs[_i].inputs, 1);
    struct op_cost cost;
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    ck_assert_int_eq(op_run_infer(&run), OK);
    c.op->cost(&run.call, &cost);
    ck_assert_double_eq(cost.macs, costs[_i].macs);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

Suite *ops_nn_suite(void);
Suite *ops_nn_suite(void)
{
    Suite *suite = suite_create("ops_nn");
    TCase *tcase = tcase_create("ops_nn");

    tcase_add_loop_test(tcase, wrong_arguments_are_refused_with_a_reason, 0, REFUSALS);
    tcase_add_loop_test(tcase, edge_cases_have_defined_values, 0, EDGES);
    tcase_add_loop_test(tcase, axes_are_linked_where_indices_correspond, 0, LINKS);
    tcase_add_loop_test(tcase, costs_are_macs, 0, COSTS);
    suite_add_tcase(suite, tcase);
    return suite;
}
