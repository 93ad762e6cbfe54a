// What the rows of op_rows_math.py cannot say about elementwise functions, reductions and
// normalisations: what is refused, and what passes through to whoever cuts channels.
#include <check.h>
#include <string.h>

#include "ir/axis_map.h"
#include "tests/support/op_case.h"

static const struct op_refusal refusals[] = {
    {"Acos", "", "i32[2]", 1, ERR_SHAPE, "wants float"},
    {"IsNaN", "", "i32[2]", 1, ERR_SHAPE, "wants float"},
    {"Mod", "", "i32[3]{1,2,3} i32[3]{1,2,0}", 1, ERR_NUMERIC, "element 2 of the divisor is 0"},
    {"Mod", "fmod=1", "u8[1]{1} u8[]{0}", 1, ERR_NUMERIC, "divisor is 0"},
    {"Mod", "", "bool[2] bool[2]", 1, ERR_SHAPE, "got bool"},
    {"BitShift", "", "u8[2] u8[2]", 1, ERR_SHAPE, "'direction' is missing"},
    {"BitShift", "direction=LEFT", "f32[2] f32[2]", 1, ERR_SHAPE, "wants integers"},
    {"BitwiseAnd", "", "i32[2] i64[2]", 1, ERR_SHAPE, "wants i32"},
    {"BitwiseNot", "", "bool[2]", 1, ERR_SHAPE, "wants integers"},
    {"Mean", "", "i32[2]", 1, ERR_SHAPE, "wants float"},
    {"CastLike", "", "f32[2] -", 1, ERR_SHAPE, "is missing"},
    {"ReduceMax", "", "f32[2,3] i64[1]{2}", 1, ERR_SHAPE, "axis 2 is outside"},
    {"ReduceL2", "axes=0,0", "f32[2,3]", 1, ERR_SHAPE, "named twice"},
    {"ReduceProd", "", "bool[2,3]", 1, ERR_SHAPE, "integers"},
    {"ReduceLogSum", "", "f32[2] i64[1,1]{0}", 1, ERR_SHAPE, "rank 2"},
    {"ArgMax", "axis=2", "f32[2,3]", 1, ERR_SHAPE, "axis 2 is outside"},
    {"ArgMin", "axis=1", "f32[2,0]", 1, ERR_SHAPE, "axis 1 has no items"},
    {"Hardmax", "axis=0", "f32[0,2]", 1, ERR_SHAPE, "axis 0 has no items"},
    {"Hardmax", "", "i32[2]", 1, ERR_SHAPE, "wants float"},
    {"CumSum", "", "f32[2] i64[1]{1}", 1, ERR_SHAPE, "axis 1 is outside"},
    {"CumSum", "", "f32[2] i64[2]{0,0}", 1, ERR_SHAPE, "wants one axis"},
    {"CumSum", "", "f32[2] f32[1]{0}", 1, ERR_SHAPE, "wants integers"},
    {"LpNormalization", "axis=-2", "f32[3]", 1, ERR_SHAPE, "axis -2 is outside"},
    {"InstanceNormalization", "", "f32[2,3,4] f32[2] f32[3]", 1, ERR_SHAPE, "3 channels"},
    {"InstanceNormalization", "", "f32[2] f32[2] f32[2]", 1, ERR_SHAPE, "rank 1"},
    {"GroupNormalization", "num_groups=2", "f32[2,3,4] f32[3] f32[3]", 1, ERR_SHAPE,
     "3 channels do not divide into 2 groups"},
    {"GroupNormalization", "", "f32[2,3,4] f32[3] f32[3]", 1, ERR_SHAPE, "0 groups"},
    {"GroupNormalization", "num_groups=-1", "f32[2,3,4] f32[3] f32[3]", 1, ERR_SHAPE, "-1 groups"},
    {"GroupNormalization", "num_groups=9223372036854775807", "f32[2,0,4] f32[0] f32[0]", 1,
     ERR_SHAPE, "0 channels"},
    {"GroupNormalization", "num_groups=2", "f32[2,4,4] f32[4] f32[2]", 1, ERR_SHAPE, "2 items"},
    {"RMSNormalization", "axis=1", "f32[2,3] f32[2]", 1, ERR_SHAPE, "2 items for rows of 3"},
    {"MeanVarianceNormalization", "", "f32[2,3]", 1, ERR_SHAPE, "axis 2 is outside"},
    {"LRN", "", "f32[1,2,3]", 1, ERR_SHAPE, "'size' is 0"},
    {"LRN", "size=3", "f32[2]", 1, ERR_SHAPE, "rank 1"},
    {"NegativeLogLikelihoodLoss", "", "f32[2,3] i64[2]{0,3}", 1, ERR_NUMERIC, "class 3 is outside"},
    {"NegativeLogLikelihoodLoss", "", "f32[2,3] i64[2]{0,-1}", 1, ERR_NUMERIC, "class -1"},
    {"NegativeLogLikelihoodLoss", "", "f32[2,3] i64[3]", 1, ERR_SHAPE, "a class for each"},
    {"SoftmaxCrossEntropyLoss", "", "f32[2,3] i64[2] f32[2]", 1, ERR_SHAPE, "3 classes"},
    {"SoftmaxCrossEntropyLoss", "", "f32[2,0] i64[2]", 1, ERR_NUMERIC, "class 0 is outside 0"},
    {"SoftmaxCrossEntropyLoss", "", "f32[2] i64[2]", 1, ERR_SHAPE, "rank 1"},
    {"HannWindow", "", "i64[]{-1}", 1, ERR_SHAPE, "-1 items"},
    {"HannWindow", "", "i64[]{4e18}", 1, ERR_SHAPE, "too large"},
    {"HammingWindow", "output_datatype=8", "i64[]{3}", 1, ERR_UNSUPPORTED, "data type 8"},
    {"BlackmanWindow", "", "i64[2]{3,3}", 1, ERR_SHAPE, "one element"},
    {"MelWeightMatrix", "", "i64[]{5} i64[]{16} i64[]{0} f32[]{0} f32[]{9}", 1, ERR_SHAPE,
     "input 2 is 0"},
    {"MelWeightMatrix", "", "i64[]{5} i64[]{16} i64[]{9} f32[]{0} f32[]{99}", 1, ERR_NUMERIC,
     "outside the spectrogram"},
    {"MelWeightMatrix", "", "i64[]{5} i64[]{16} i64[]{9} f32[]{-900} f32[]{9}", 1, ERR_NUMERIC,
     "outside the spectrogram"},
    {"Det", "", "f32[2,3]", 1, ERR_SHAPE, "not square"},
    {"Det", "", "f32[2]", 1, ERR_SHAPE, "rank 1"},
    {"Trilu", "", "f32[2]", 1, ERR_SHAPE, "rank 1"},
    {"Trilu", "", "f32[2,2] i64[2]", 1, ERR_SHAPE, "one element"},
    {"EyeLike", "", "f32[2,2,2]", 1, ERR_SHAPE, "rank 3"},
    {"EyeLike", "dtype=8", "f32[2,2]", 1, ERR_UNSUPPORTED, "data type 8"},
    {"OneHot", "", "i64[2] i64[]{0} f32[2]", 1, ERR_SHAPE, "depth is 0"},
    {"OneHot", "", "i64[2] f32[]{nan} f32[2]", 1, ERR_SHAPE, "depth is nan"},
    {"OneHot", "", "i64[2] i64[]{3} f32[3]", 1, ERR_SHAPE, "two values"},
    {"OneHot", "axis=3", "i64[2] i64[]{3} f32[2]", 1, ERR_SHAPE, "axis 3 is outside"},
    {"LpPool", "", "f32[1,1,4,4]", 1, ERR_SHAPE, "'kernel_shape' is missing"},
    {"LpPool", "kernel_shape=2,2 p=0", "f32[1,1,4,4]", 1, ERR_SHAPE, "'p' is 0"},
    {"GlobalLpPool", "", "f32[4]", 1, ERR_SHAPE, "rank 1"},
};

START_TEST(wrong_arguments_are_refused_with_a_reason)
{
    check_refusal(&refusals[_i]);
}
END_TEST

// ---- axis maps ---------------------------------------------------------------------------------

// Which axes of input 0 are linked to which of output 0: a digit each, '-' for none.
static const struct {
    const char *op, *attributes, *inputs, *axes;
} kept[] = {
    {"ReduceMax", "axes=1", "f32[2,3,4]", "0-2"},
    {"ReduceL2", "axes=1 keepdims=0", "f32[2,3,4]", "0-1"},
    {"ReduceLogSumExp", "axes=0 keepdims=0", "f32[2,3,4]", "-01"},
    {"ArgMax", "axis=1 keepdims=0", "f32[2,3,4]", "0-1"},
    {"Hardmax", "axis=1", "f32[2,3,4]", "0-2"},
    {"CumSum", "", "f32[2,3,4] i64[]{0}", "-12"},
    {"LpNormalization", "axis=1", "f32[2,3,4]", "0-2"},
    {"InstanceNormalization", "", "f32[2,3,4] f32[3] f32[3]", "01-"},
    {"GroupNormalization", "num_groups=1", "f32[2,3,4] f32[3] f32[3]", "0--"},
    {"GroupNormalization", "num_groups=2", "f32[2,4,3] f32[4] f32[4]", "01-"},
    {"LayerNormalization", "", "f32[2,3,4] f32[4]", "01-"},
    {"RMSNormalization", "axis=1", "f32[2,3,4] f32[3,4]", "0--"},
    {"MeanVarianceNormalization", "", "f32[2,3,4,5]", "-1--"},
    {"MeanVarianceNormalization", "axes=2,3", "f32[2,3,4,5]", "01--"},
    {"LRN", "size=3", "f32[2,3,4]", "0-2"},
    {"SoftmaxCrossEntropyLoss", "reduction=none", "f32[2,3,4] i64[2,4]", "0-1"},
    {"SoftmaxCrossEntropyLoss", "", "f32[2,3,4] i64[2,4]", "---"},
    {"LpPool", "kernel_shape=2", "f32[2,3,4]", "01-"},
    {"GlobalLpPool", "", "f32[2,3,4]", "01-"},
    {"Trilu", "", "f32[2,3,4]", "0--"},
    {"Trilu", "", "f32[3,4]", "--"},
    {"Det", "", "f32[2,3,3]", "0--"},
    {"OneHot", "axis=1", "i64[2,3] i64[]{4} f32[2]", "02"},
    {"Mean", "", "f32[2,3] f32[3]", "01"},
    {"CastLike", "", "f32[2,3] i8[1]", "01"},
};

START_TEST(what_is_not_mixed_is_kept_apart)
{
    struct op_case c = op_case_of(kept[_i].op, kept[_i].attributes, kept[_i].inputs, 1);
    struct arena *arena = arena_new();
    char axes[SHAPE_MAX_RANK + 1] = "";
    struct axis_map map;
    struct op_run run;

    axis_map_init(&map, arena);
    op_run_init(&run, &c, DT_NONE);
    ck_assert_int_eq(op_run_infer(&run), OK);
    ck_assert_int_eq(c.op->map_axes(&run.context, &run.call, &map), OK);
    for (int k = 0; k < c.input[0].shape.rank; k++)
        axes[k] = '-';
    for (int i = 0; i < map.count; i++) {
        const struct axis_link *link = &map.link[i];
        if (link->a.side == AXIS_INPUT && link->a.slot == 0 && link->b.side == AXIS_OUTPUT)
            axes[link->a.axis] = (char)('0' + link->b.axis);
    }
    ck_assert_msg(strcmp(axes, kept[_i].axes) == 0, "%s: axes %s", c.label, axes);
    op_run_clear(&run);
    op_case_clear(&c);
    arena_free(arena);
}
END_TEST

Suite *ops_math_suite(void);
Suite *ops_math_suite(void)
{
    Suite *suite = suite_create("ops_math");
    TCase *tcase = tcase_create("ops_math");

    tcase_add_loop_test(tcase, wrong_arguments_are_refused_with_a_reason, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_loop_test(tcase, what_is_not_mixed_is_kept_apart, 0, sizeof kept / sizeof kept[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
