// What the rows of test_ops.c cannot say about elementwise operators and data movement: what is
// refused, what infer knows without data, 4-bit elements, gradients of several outputs, axis maps.
#include <check.h>
#include <string.h>

#include "ir/axis_map.h"
#include "tests/support/op_case.h"

// ---- refusals ----------------------------------------------------------------------------------

static const struct op_refusal refusals[] = {
    {"Add", "", "f32[2,3] f32[2]", 1, ERR_SHAPE, "does not broadcast"},
    {"Add", "", "f32[2] i64[2]", 1, ERR_SHAPE, "wants f32, got i64"},
    {"Add", "", "bool[2] bool[2]", 1, ERR_SHAPE, "got bool"},
    {"Add", "", "f32[2] -", 1, ERR_SHAPE, "input 1"},
    {"Relu", "", "-", 1, ERR_SHAPE, "is missing"},
    {"Relu", "", "u8[2]", 1, ERR_UNSUPPORTED, "got u8"},
    {"Sigmoid", "", "i32[2]", 1, ERR_SHAPE, "wants float"},
    {"PRelu", "", "f32[3] f32[2,3]", 1, ERR_SHAPE, "slope"},
    {"Clip", "", "f32[3] f32[2]", 1, ERR_SHAPE, "2 elements"},
    {"Div", "", "i32[2]{4,6} i32[2]{2,0}", 1, ERR_NUMERIC, "element 1 of the divisor is 0"},
    {"And", "", "bool[2] i8[2]", 1, ERR_SHAPE, "wants bool"},
    {"Where", "", "bool[2] f32[2] i32[2]", 1, ERR_SHAPE, "got i32"},
    {"Where", "", "f32[2] f32[2] f32[2]", 1, ERR_SHAPE, "wants bool"},
    {"Concat", "", "f32[2] f32[2]", 1, ERR_SHAPE, "axis"}, // ONNX has no default
    {"Constant", "", "", 1, ERR_UNSUPPORTED, "given"},
    {"Cast", "", "f32[2]", 1, ERR_UNSUPPORTED, "no cast to UNDEFINED"},
    {"Concat", "axis=2", "f32[2,3] f32[2,3]", 1, ERR_SHAPE, "axis 2"},
    {"Concat", "axis=1", "f32[2,3] f32[3,3]", 1, ERR_SHAPE, "3 along axis 0"},
    {"Concat", "axis=0", "f32[2,3] f32[2]", 1, ERR_SHAPE, "rank"},
    {"Concat", "axis=0", "f32[2] -", 1, ERR_SHAPE, "is missing"},
    {"Split", "axis=1", "f32[2,5]", 2, ERR_SHAPE, "equal parts"},
    {"Split", "axis=1", "f32[2,5] i64[2]{2,4}", 2, ERR_SHAPE, "does not fit"},
    {"Split", "axis=1", "f32[2,5] i64[2]{2,2}", 2, ERR_SHAPE, "leave 1"},
    {"Split", "axis=1", "f32[2,5] i64[2]{-1,6}", 2, ERR_SHAPE, "does not fit"},
    {"Split", "axis=1", "f32[2,5] i64[3]{1,2,2}", 2, ERR_SHAPE, "3 sizes for 2"},
    {"Split", "num_outputs=4", "f32[1]", 4, ERR_SHAPE, "too few"},
    {"Slice", "", "f32[4] i64[1]{0} i64[1]{2} i64[1]{0} i64[1]{0}", 1, ERR_SHAPE, "is 0"},
    {"Slice", "", "f32[4] i64[1]{0} i64[1]{2} i64[1]{1}", 1, ERR_SHAPE, "axis 1"},
    {"Slice", "", "f32[4,4] i64[2]{0,0} i64[1]{2}", 1, ERR_SHAPE, "input 2 has 1"},
    {"Slice", "", "f32[4,4] i64[2]{0,0} i64[2]{2,2} i64[2]{1,-1}", 1, ERR_SHAPE, "twice"},
    {"Slice", "", "f32[4] f32[1]{0} i64[1]{2}", 1, ERR_SHAPE, "i64"},
    {"Flatten", "axis=3", "f32[2,2]", 1, ERR_SHAPE, "axis 3"},
    {"Reshape", "", "f32[2,3] i64[2]{4,-1}", 1, ERR_SHAPE, "6 elements"},
    {"Reshape", "", "f32[2,3] i64[2]{-1,-1}", 1, ERR_SHAPE, "more than one"},
    {"Reshape", "", "f32[2,3] i64[1]{-6}", 1, ERR_SHAPE, "-6"},
    {"Reshape", "", "f32[2,3] i64[3]{2,3,0}", 1, ERR_SHAPE, "dimension 2"},
    {"Reshape", "", "f32[2] i64[3]{4294967296,4294967296,2}", 1, ERR_SHAPE, "too large"},
    {"Reshape", "", "f32[1] i64[9]{1,1,1,1,1,1,1,1,1}", 1, ERR_SHAPE, "rank 9"},
    {"Squeeze", "", "f32[2,3] i64[1]{0}", 1, ERR_SHAPE, "2 elements"},
    {"Unsqueeze", "", "f32[2] i64[2]{0,0}", 1, ERR_SHAPE, "twice"},
    {"Unsqueeze", "", "f32[2] i64[1]{3}", 1, ERR_SHAPE, "axis 3"},
    {"Transpose", "perm=0,0", "f32[2,3]", 1, ERR_SHAPE, "twice"},
    {"Transpose", "perm=0", "f32[2,3]", 1, ERR_SHAPE, "1 axes"},
    {"Pad", "", "f32[2,3] i64[3]{1,1,1}", 1, ERR_SHAPE, "3 entries"},
    {"Pad", "", "f32[2] i64[2]{-2,-1}", 1, ERR_SHAPE, "do not fit"},
    {"Pad", "", "f32[2] i64[2]{-9e18,9e18}", 1, ERR_SHAPE, "too large"},
    {"Pad", "", "f32[2] i64[2]{1e18,1e18}", 1, ERR_SHAPE, "too large"},
    {"Pad", "mode=edge", "f32[0] i64[2]{1,0}", 1, ERR_SHAPE, "nothing to pad"},
    {"Pad", "", "f32[2] i64[2]{1,0} f64[1]", 1, ERR_SHAPE, "got f64"},
    {"Gather", "", "f32[3,2] i64[2]{0,3}", 1, ERR_NUMERIC, "index 3 is outside"},
    {"Gather", "", "f32[3,2] i64[1]{-4}", 1, ERR_NUMERIC, "index -4 is outside"},
    {"Gather", "axis=2", "f32[3,2] i64[1]", 1, ERR_SHAPE, "axis 2"},
    {"Gather", "", "f32[3,2] f32[1]", 1, ERR_SHAPE, "got f32"},
    {"Expand", "", "f32[3] i64[1]{2}", 1, ERR_SHAPE, "does not broadcast"},
    {"Expand", "", "f32[3] i64[1]{-1}", 1, ERR_SHAPE, "-1"},
    {"Expand", "", "f32[1] i64[3]{4294967296,4294967296,2}", 1, ERR_SHAPE, "too large"},
    {"Tile", "", "f32[3] i64[2]{1,1}", 1, ERR_SHAPE, "2 entries"},
    {"Tile", "", "f32[3] i64[1]{-1}", 1, ERR_SHAPE, "-1 times"},
    {"Tile", "", "f32[3] i64[1]{9e18}", 1, ERR_SHAPE, "times"},
    {"Cast", "to=8", "f32[3]", 1, ERR_UNSUPPORTED, "no cast to STRING"},
    {"Range", "", "f32[]{0} f32[]{1} f32[]{0}", 1, ERR_NUMERIC, "does not end"},
    {"Range", "", "i64[]{0} i64[]{9e18} i64[]{1}", 1, ERR_NUMERIC, "does not end"},
    {"Range", "", "i64[]{0} i64[]{4e18} i64[]{1}", 1, ERR_SHAPE, "too large"},
    {"Range", "", "i64[]{0} i64[2]{9,9} i64[]{1}", 1, ERR_SHAPE, "one element"},
    {"ConstantOfShape", "", "i64[1]{-2}", 1, ERR_SHAPE, "is negative"},
    {"ConstantOfShape", "value=f32[2]{1,2}", "i64[1]{2}", 1, ERR_SHAPE, "one element"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

START_TEST(wrong_arguments_are_refused_with_a_reason)
{
    check_refusal(&refusals[_i]);
}
END_TEST

// ---- values that Check's rows have no type or no reference for ----------------------------------

static const struct {
    const char *op, *attributes, *inputs, *expected;
} exact[] = {
    // numpy: steps that leave the tensor, an empty axis, a start behind the end
    {"Slice", "", "i8[3]{1,2,3} i64[1]{0} i64[1]{3} i64[1]{0} i64[1]{9e18}", "i8[1]{1}"},
    {"Slice", "", "i8[3]{1,2,3} i64[1]{-1} i64[1]{-9e18} i64[1]{0} i64[1]{-9e18}", "i8[1]{3}"},
    {"Slice", "", "i8[3]{1,2,3} i64[1]{9} i64[1]{-9} i64[1]{0} i64[1]{-1}", "i8[3]{3,2,1}"},
    {"Slice", "", "i8[0] i64[1]{-1} i64[1]{-9e18} i64[1]{0} i64[1]{-1}", "i8[0]"},
    // two 4-bit elements share a byte
    {"Slice", "", "i4[5]{-8,1,2,3,7} i64[1]{1} i64[1]{5}", "i4[4]{1,2,3,7}"},
    {"Transpose", "", "u4[2,3]{0,1,2,13,14,15}", "u4[3,2]{0,13,1,14,2,15}"},
    {"Concat", "axis=0", "i4[1]{-1} i4[3]{5,6,-7}", "i4[4]{-1,5,6,-7}"},
    {"Gather", "", "i4[3]{-1,0,7} i64[3]{2,-3,2}", "i4[3]{7,-1,7}"},
    {"Cast", "to=22", "f32[4]{-9.5,-1.5,1.5,8}", "i4[4]{7,-1,1,-8}"},
    {"Cast", "to=1", "i4[3]{-8,0,7}", "f32[3]{-8,0,7}"},
    {"ConstantOfShape", "value=i4[1]{-3}", "i64[1]{3}", "i4[3]{-3,-3,-3}"},
    // C leaves these undefined; here they are the nearest number there is
    {"Cast", "to=3", "f32[4]{300,-300,nan,127.9}", "i8[4]{127,-128,0,127}"},
    {"Cast", "to=7", "f32[2]{inf,-inf}", "i64[2]{9223372036854775807,-9223372036854775808}"},
    // the smallest integer has no positive counterpart
    {"Div", "", "i32[1]{-2147483648} i32[1]{-1}", "i32[1]{-2147483648}"},
    {"Abs", "", "i64[1]{-9223372036854775808}", "i64[1]{-9223372036854775808}"},
    {"Add", "", "i8[1]{127} i8[1]{1}", "i8[1]{-128}"},
    {"Pow", "", "i32[4]{2,-1,1,0} i32[4]{-1,-3,-2,-2}", "i32[4]{0,-1,1,0}"},
    {"Pow", "", "i32[2]{9,2} f32[2]{0.5,2.5}", "i32[2]{3,5}"},
    {"Div", "", "u8[2]{250,7} u8[2]{3,255}", "u8[2]{83,0}"},
    {"Relu", "", "f32[2]{nan,-inf}", "f32[2]{nan,0}"},
    {"Clip", "", "f32[2]{nan,5} f32[]{0} f32[]{1}", "f32[2]{nan,1}"},
    {"Max", "", "f32[2]{nan,1} f32[2]{2,nan}", "f32[2]{nan,nan}"},
    {"Reshape", "", "f32[0,3] i64[1]{0}", "f32[0]"},
    {"Range", "", "i64[]{5} i64[]{0} i64[]{1}", "i64[0]"},
    {"Range", "", "i8[]{100} i8[]{127} i8[]{27}", "i8[1]{100}"},
};
enum { EXACT = sizeof exact / sizeof exact[0] };

START_TEST(edge_cases_have_defined_values)
{
    struct op_case c = op_case_of(exact[_i].op, exact[_i].attributes, exact[_i].inputs, 1);
    struct op_case expected = op_case_of("Identity", "", exact[_i].expected, 1);
    const struct tensor *wanted = &expected.input[0];
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    ck_assert_msg(op_run_forward(&run) == OK, "%s: %s", c.label, run.context.error);
    ck_assert_int_eq(run.output[0].dtype, wanted->dtype);
    ck_assert_msg(shape_equal(&run.output[0].shape, &wanted->shape), "%s", c.label);
    for (int64_t i = 0; i < tensor_count(wanted); i++) {
        double got = tensor_get(&run.output[0], i), number = tensor_get(wanted, i);
        ck_assert_msg(got == number || (got != got && number != number),
                      "%s on %s: item %lld is %g, not %g", c.label, exact[_i].inputs, (long long)i,
                      got, number);
    }
    op_run_clear(&run);
    op_case_clear(&c);
    op_case_clear(&expected);
}
END_TEST

// ---- inference without data --------------------------------------------------------------------

START_TEST(shape_is_known_before_its_input_has_data)
{
    struct op_case c = op_case_of("Shape", "start=1", "f32[2,3,4]", 1);
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    tensor_release(&run.input[0]);
    ck_assert_int_eq(op_run_infer(&run), OK);
    ck_assert_ptr_nonnull(run.output[0].buffer);
    ck_assert_int_eq(tensor_i64(&run.output[0])[0], 3);
    ck_assert_int_eq(tensor_i64(&run.output[0])[1], 4);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

static const struct {
    const char *op, *inputs;
    int without; // the input whose data are not there
} waiting[] = {
    {"Reshape", "f32[2,3] i64[1]{6}", 1}, {"Expand", "f32[3] i64[2]{2,3}", 1},
    {"Tile", "f32[3] i64[1]{2}", 1},      {"Slice", "f32[3] i64[1]{0} i64[1]{2}", 2},
    {"Pad", "f32[3] i64[2]{1,1}", 1},     {"Unsqueeze", "f32[3] i64[1]{0}", 1},
    {"Squeeze", "f32[1,3] i64[1]{0}", 1}, {"ConstantOfShape", "i64[1]{3}", 0},
    {"Split", "f32[4] i64[1]{4}", 1},     {"Range", "i64[]{0} i64[]{3} i64[]{1}", 1},
};
enum { WAITING = sizeof waiting / sizeof waiting[0] };

START_TEST(shapes_that_depend_on_data_wait_for_them)
{
    struct op_case c = op_case_of(waiting[_i].op, "", waiting[_i].inputs, 1);
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    tensor_release(&run.input[waiting[_i].without]);
    ck_assert_msg(op_run_infer(&run) == OK, "%s: %s", c.label, run.context.error);
    ck_assert_msg(run.output[0].shape.rank == -1, "%s has a shape", c.label);
    ck_assert_int_ne(run.output[0].dtype, DT_NONE);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

// ---- gradients ---------------------------------------------------------------------------------

START_TEST(split_gathers_the_gradients_of_all_its_outputs)
{
    struct op_case c = op_case_of("Split", "axis=1", "f32[2,3] i64[2]{1,2}", 2);
    static const float expected[] = {1, 10, 20, 2, 30, 40};
    static const double grads[2][4] = {{1, 2}, {10, 20, 30, 40}};
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    ck_assert_int_eq(op_run_forward(&run), OK);
    ck_assert_int_eq(op_run_backward(&run, 0), OK);
    memset(tensor_write(&run.input_grad[0]), 0, sizeof expected);
    for (int k = 0; k < 2; k++) {
        tensor_release(&run.output_grad[k]);
        ck_assert_int_eq(
            tensor_alloc(&run.context, &run.output_grad[k], DT_F32, &run.output[k].shape), OK);
        for (int64_t i = 0; i < tensor_count(&run.output[k]); i++)
            tensor_set(&run.output_grad[k], i, grads[k][i]);
        run.output_grad_at[k] = &run.output_grad[k];
    }
    ck_assert_int_eq(run.op->backward(&run.context, &run.call), OK);
    ck_assert_mem_eq(tensor_f32(&run.input_grad[0]), expected, sizeof expected);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

// Small gradients must not get lost beside a large one where f32 runs out of bits.
START_TEST(a_stretched_operand_sums_its_gradient_exactly)
{
    struct op_case c = op_case_of(_i ? "Sum" : "Add", "", "f32[1001] f32[1]", 1);
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    ck_assert_int_eq(op_run_forward(&run), OK);
    ck_assert_int_eq(op_run_backward(&run, 1), OK);
    for (int i = 0; i < 1001; i++)
        tensor_set(&run.output_grad[0], i, i ? 1 : 0x1p24);
    tensor_set(&run.input_grad[1], 0, 0);
    ck_assert_int_eq(run.op->backward(&run.context, &run.call), OK);
    ck_assert(tensor_get(&run.input_grad[1], 0) == 0x1p24 + 1000);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

START_TEST(a_tie_gives_its_gradient_once)
{
    struct op_case c = op_case_of("Max", "", "f32[2]{3,1} f32[2]{3,2}", 1);
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    ck_assert_int_eq(op_run_forward(&run), OK);
    ck_assert_int_eq(op_run_backward(&run, 0), OK);
    ck_assert(tensor_get(&run.input_grad[0], 0) == tensor_get(&run.output_grad[0], 0));
    ck_assert(tensor_get(&run.input_grad[1], 0) == 0);
    ck_assert(tensor_get(&run.input_grad[1], 1) == tensor_get(&run.output_grad[0], 1));
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

// ---- axis maps ---------------------------------------------------------------------------------

static const struct {
    const char *op, *attributes, *inputs;
    int outputs;
    struct axis_link link; // must be there; count 0: the end `a` must not be linked at all
} links[] = {
    {"Flatten", "", "f32[2,3,4,5]", 1, {{AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 1}, 3, 0, 20, 0}},
    {"Flatten", "", "f32[2,3,4,5]", 1, {{AXIS_INPUT, 0, 0}, {AXIS_OUTPUT, 0, 0}, 2, 0, 1, 0}},
    {"Flatten", "", "f32[2,3,4,5]", 1, {{AXIS_INPUT, 0, 2}, {0, 0, 0}, 0, 0, 0, 0}},
    {"Reshape",
     "",
     "f32[2,60] i64[4]{0,3,4,5}",
     1,
     {{AXIS_OUTPUT, 0, 1}, {AXIS_INPUT, 0, 1}, 3, 0, 20, 0}},
    {"Reshape",
     "",
     "f32[2,6,4] i64[4]{0,2,3,4}",
     1,
     {{AXIS_OUTPUT, 0, 1}, {AXIS_INPUT, 0, 1}, 2, 0, 3, 0}},
    {"Reshape", "", "f32[4,6] i64[2]{6,4}", 1, {{AXIS_INPUT, 0, 0}, {0, 0, 0}, 0, 0, 0, 0}},
    {"Squeeze",
     "",
     "f32[1,3,1] i64[1]{0}",
     1,
     {{AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 0}, 3, 0, 1, 0}},
    {"Unsqueeze", "", "f32[3] i64[1]{0}", 1, {{AXIS_INPUT, 0, 0}, {AXIS_OUTPUT, 0, 1}, 3, 0, 1, 0}},
    {"Transpose",
     "perm=0,2,1",
     "f32[2,3,4]",
     1,
     {{AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 2}, 3, 0, 1, 0}},
    {"Concat",
     "axis=1",
     "f32[1,3] f32[1,2]",
     1,
     {{AXIS_INPUT, 1, 1}, {AXIS_OUTPUT, 0, 1}, 2, 3, 1, 0}},
    {"Split",
     "axis=1",
     "f32[1,5] i64[2]{3,2}",
     2,
     {{AXIS_OUTPUT, 1, 1}, {AXIS_INPUT, 0, 1}, 2, 3, 1, 0}},
    {"Pad",
     "",
     "f32[3,4] i64[4]{0,1,0,1}",
     1,
     {{AXIS_INPUT, 0, 0}, {AXIS_OUTPUT, 0, 0}, 3, 0, 1, 0}},
    {"Pad", "", "f32[3,4] i64[4]{0,1,0,1}", 1, {{AXIS_INPUT, 0, 1}, {0, 0, 0}, 0, 0, 0, 0}},
    {"Slice",
     "",
     "f32[3,4] i64[1]{1} i64[1]{3} i64[1]{1}",
     1,
     {{AXIS_INPUT, 0, 0}, {AXIS_OUTPUT, 0, 0}, 3, 0, 1, 0}},
    {"Slice",
     "",
     "f32[3,4] i64[1]{1} i64[1]{3} i64[1]{1}",
     1,
     {{AXIS_INPUT, 0, 1}, {0, 0, 0}, 0, 0, 0, 0}},
    {"Gather",
     "axis=1",
     "f32[3,4,5] i64[2,2]",
     1,
     {{AXIS_INPUT, 0, 2}, {AXIS_OUTPUT, 0, 3}, 5, 0, 1, 0}},
    {"Gather", "axis=1", "f32[3,4,5] i64[2,2]", 1, {{AXIS_INPUT, 0, 1}, {0, 0, 0}, 0, 0, 0, 0}},
    {"Expand",
     "",
     "f32[3,1] i64[2]{3,4}",
     1,
     {{AXIS_INPUT, 0, 0}, {AXIS_OUTPUT, 0, 0}, 3, 0, 1, 0}},
    {"Tile", "", "f32[3,4] i64[2]{1,2}", 1, {{AXIS_INPUT, 0, 1}, {0, 0, 0}, 0, 0, 0, 0}},
    {"Where",
     "",
     "bool[3] f32[2,3] f32[3]",
     1,
     {{AXIS_INPUT, 1, 1}, {AXIS_OUTPUT, 0, 1}, 3, 0, 1, 0}},
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
        if (wanted->count == 0)
            count += is_end(link->a, wanted->a) || is_end(link->b, wanted->a);
        else
            count += is_end(link->a, wanted->a) && is_end(link->b, wanted->b) &&
                     link->count == wanted->count && link->offset == wanted->offset &&
                     link->repeat == wanted->repeat;
    }
    return count;
}

START_TEST(axes_are_linked_where_indices_correspond)
{
    struct op_case c =
        op_case_of(links[_i].op, links[_i].attributes, links[_i].inputs, links[_i].outputs);
    struct arena *arena = arena_new();
    struct axis_map map;
    struct op_run run;

    axis_map_init(&map, arena);
    op_run_init(&run, &c, DT_NONE);
    ck_assert_int_eq(op_run_infer(&run), OK);
    ck_assert_int_eq(c.op->map_axes(&run.context, &run.call, &map), OK);
    ck_assert_msg(count_matching(&map, &links[_i].link) == (links[_i].link.count ? 1 : 0),
                  "row %d: %s on %s", _i, c.label, links[_i].inputs);
    op_run_clear(&run);
    op_case_clear(&c);
    arena_free(arena);
}
END_TEST

Suite *ops_moves_suite(void);
Suite *ops_moves_suite(void)
{
    Suite *suite = suite_create("ops_moves");
    TCase *tcase = tcase_create("ops_moves");

    tcase_add_loop_test(tcase, wrong_arguments_are_refused_with_a_reason, 0, REFUSALS);
    tcase_add_loop_test(tcase, edge_cases_have_defined_values, 0, EXACT);
    tcase_add_test(tcase, shape_is_known_before_its_input_has_data);
    tcase_add_loop_test(tcase, shapes_that_depend_on_data_wait_for_them, 0, WAITING);
    tcase_add_test(tcase, split_gathers_the_gradients_of_all_its_outputs);
    tcase_add_loop_test(tcase, a_stretched_operand_sums_its_gradient_exactly, 0, 2);
    tcase_add_test(tcase, a_tie_gives_its_gradient_once);
    tcase_add_loop_test(tcase, axes_are_linked_where_indices_correspond, 0, LINKS);
    suite_add_tcase(suite, tcase);
    return suite;
}
