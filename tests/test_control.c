// Operators with bodies (If, Loop, Scan) and specialisation. That they compute what ONNX Runtime
// computes is tests/test_onnx.c's; here is what can be wrong, and what is inferred.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "exec/reference.h"
#include "exec/specialise.h"
#include "io/model.h"
#include "io/npy.h"
#include "io/text_ir.h"
#include "ops/attr.h"
#include "ops/op_table.h"
#include "tests/support/fixture.h"

Suite *control_suite(void);

static struct context context;

static void setup(void)
{
    context_init(&context);
}

#define assert_fails(call, code, part)                                                             \
    do {                                                                                           \
        ck_assert_int_eq((call), code);                                                            \
        ck_assert_msg(strstr(context.error, part) != NULL, "'%s' lacks '%s'", context.error,       \
                      part);                                                                       \
    } while (0)

// ---- graphs of one node ------------------------------------------------------------------------

// A body: its last `captures` inputs come from outside.
static struct graph *body_of(const char *text, uint32_t captures)
{
    struct graph *body = fixture_graph(&context, text);

    body->capture_count = captures;
    return body;
}

// A graph of one node over the inputs of `text` (its only other node is dropped), "_": left out.
static struct graph *graph_of(const struct op *op, const void *attr, const char *text, int outputs)
{
    struct graph *graph = fixture_graph(&context, text);
    struct value_id input[8], output[8];
    const struct node *like = &graph->node[0];
    bool dead[2] = {true, false};
    int count = like->input_count;

    memcpy(input, like->input, (size_t)count * sizeof *input);
    for (int i = 0; i < outputs; i++)
        output[i] = graph_add_activation(graph, "y", DT_NONE);
    graph_add_node(graph, op, "n", attr, input, count, output, outputs);
    graph_set_outputs(graph, output, (uint32_t)outputs);
    graph_compact(graph, dead);
    for (int i = 0; node_body(&graph->node[0], i); i++)
        arena_own_graph(graph->arena, node_body(&graph->node[0], i));
    ck_ok(graph_verify(&context, graph));
    return graph;
}

static struct graph *loop_of(const char *body, uint32_t captures, const char *text, int outputs)
{
    struct loop_attr attr = {body_of(body, captures)};

    return graph_of(&op_loop, &attr, text, outputs);
}

static struct graph *scan_of(const char *body, int64_t scanned, const char *text, int outputs)
{
    struct scan_attr attr = {.body = body_of(body, 0), .num_scan_inputs = scanned};

    return graph_of(&op_scan, &attr, text, outputs);
}

static struct graph *if_of(const char *yes, const char *no, uint32_t captures, const char *text)
{
    struct if_attr attr = {body_of(yes, captures), body_of(no, captures)};

    return graph_of(&op_if, &attr, text, 1);
}

static enum status run(const struct graph *graph, struct tensor *output)
{
    return reference_run(&context, graph, NULL, output, NULL);
}

static void assert_run_fails(struct graph *graph, enum status code, const char *part)
{
    struct tensor output[4];

    assert_fails(run(graph, output), code, part);
    graph_free(graph);
}

// dtype, shape and, if known, data of the first output.
static struct tensor inferred(const struct graph *graph)
{
    struct inference inference;
    struct tensor out;

    ck_ok(graph_infer(&context, graph, NULL, &inference));
    tensor_share(&out, &inference.of_value[graph->output[0].at]);
    inference_clear(&inference);
    return out;
}

#define HEAD "i:i64\non:bool\n"
#define COUNT_UP HEAD "v:f32\none:f32 init=[1]\nmore = Identity(on)\nw = Add(v, one)\n"
#define START "m:i64 init=[5]\ngo:bool init=[1]\nx:f32 init=[2]\n"

// ---- Loop --------------------------------------------------------------------------------------

START_TEST(a_loop_of_known_length_is_folded)
{
    struct graph *graph = loop_of(COUNT_UP "output more, w, v", 0, START "y = Sum(m, go, x)", 2);
    struct tensor last = inferred(graph);

    ck_assert_ptr_nonnull(last.buffer);
    ck_assert_double_eq(tensor_get(&last, 0), 7);
    tensor_release(&last);
    graph_free(graph);
}
END_TEST

START_TEST(a_long_loop_is_not_folded_but_its_shape_is_known)
{
    struct graph *graph = loop_of(COUNT_UP "output more, w, v", 0,
                                  "m:i64 init=[1000000000000]\ngo:bool init=[1]\nx:f32 init=[2]\n"
                                  "y = Sum(m, go, x)",
                                  1);
    struct tensor last = inferred(graph);

    ck_assert_ptr_null(last.buffer);
    ck_assert_int_eq(last.shape.rank, 0);
    graph_free(graph);
}
END_TEST

START_TEST(a_loop_that_does_not_run_gives_its_state_and_nothing_stacked)
{
    static const char *const starts[] = {
        "m:i64 init=[-3]\ngo:bool init=[1]\nx:f32 init=[2]\n",
        "m:i64 init=[5]\ngo:bool init=[0]\nx:f32 init=[2]\n",
    };

    for (int i = 0; i < 2; i++) {
        struct tensor output[2];
        struct text text;
        struct graph *graph;
        text_init(&text);
        text_format(&text, "%sy = Sum(m, go, x)", starts[i]);
        graph = loop_of(COUNT_UP "output more, w, v", 0, text.at, 2);
        ck_ok(run(graph, output));
        ck_assert_double_eq(tensor_get(&output[0], 0), 2);
        ck_assert(shape_equal(&output[1].shape, &SHAPE(0)));
        tensor_release(&output[0]);
        tensor_release(&output[1]);
        text_clear(&text);
        graph_free(graph);
    }
}
END_TEST

START_TEST(a_loop_that_cannot_end_is_refused)
{
    assert_run_fails(loop_of(COUNT_UP "output more, w", 0, START "y = local::Any(_, go, x)", 1),
                     ERR_UNSUPPORTED, "node 'n' (Loop): would never end");
    assert_run_fails(loop_of(HEAD "v:f32\nmore:bool init=[1]\nw = Abs(v)\noutput more, w", 0,
                             START "y = local::Any(_, _, x)", 1),
                     ERR_UNSUPPORTED, "would never end");
    assert_run_fails(loop_of(COUNT_UP "output more, w", 0,
                             "m:i64 init=[100000000000]\ngo:bool init=[1]\nx:f32 init=[2]\n"
                             "y = Sum(m, go, x)",
                             1),
                     ERR_UNSUPPORTED, "runs more than 1000000 rounds");
}
END_TEST

START_TEST(an_endless_loop_can_be_interrupted)
{
    volatile sig_atomic_t cancelled = 1;

    context.cancelled = &cancelled;
    assert_run_fails(loop_of(HEAD "v:f32\noff = Not(on)\nmore = Not(off)\nw = Abs(v)\n"
                                  "output more, w",
                             0, START "y = local::Any(_, go, x)", 1),
                     ERR_CANCELLED, "interrupted");
}
END_TEST

START_TEST(wrong_loops_are_errors)
{
    assert_run_fails(
        loop_of(HEAD "more = Identity(on)\noutput more", 0, START "y = Sum(m, go, x)", 1),
        ERR_SHAPE, "'body' has 2 inputs and 1 outputs, should have 3 and 2");
    assert_run_fails(loop_of(COUNT_UP "output more, w", 0,
                             "m:i64[2] init=[5,6]\ngo:bool init=[1]\nx:f32 init=[2]\n"
                             "y = Sum(m, go, x)",
                             1),
                     ERR_SHAPE, "input 0 wants one element, has 2");
    assert_run_fails(loop_of(COUNT_UP "output more, w", 0, START "y = Sum(x, go, x)", 1), ERR_SHAPE,
                     "input 0 wants i64");
    assert_run_fails(
        loop_of(COUNT_UP "b = Cast(w) to=7\noutput more, b", 0, START "y = Sum(m, go, x)", 1),
        ERR_SHAPE, "carries f32 in and i64 out");
    assert_run_fails(loop_of(COUNT_UP "output w, w", 0, START "y = Sum(m, go, x)", 1), ERR_SHAPE,
                     "its body gives no condition");
    assert_run_fails(loop_of(HEAD "v:f32[?]\none:f32[1] init=[1]\nmore = Identity(on)\n"
                                  "w = Concat(v, one) axis=0\noutput more, w, v",
                             0,
                             "m:i64 init=[5]\ngo:bool init=[1]\nx:f32[1] init=[2]\n"
                             "y = Sum(m, go, x)",
                             2),
                     ERR_SHAPE, "several shapes");
    assert_run_fails(loop_of(COUNT_UP "output more, w", 0,
                             "m:i64 init=[5]\ngo:bool init=[1]\nx:f64 init=[2]\n"
                             "y = Sum(m, go, x)",
                             1),
                     ERR_SHAPE, "f64");
}
END_TEST

// ---- If ----------------------------------------------------------------------------------------

START_TEST(branches_that_agree_have_a_known_shape)
{
    struct graph *same =
        if_of("a:f32[3]\ny = Abs(a)", "a:f32[3]\ny = Neg(a)", 1, "c:bool\na:f32[3]\ny = Sum(c, a)");
    struct graph *other = if_of("a:f32[3]\ny = Abs(a)", "a:f32[3]\ny = ReduceSum(a)", 1,
                                "c:bool\na:f32[3]\ny = Sum(c, a)");
    struct tensor one = inferred(same), two = inferred(other);

    ck_assert(shape_equal(&one.shape, &SHAPE(3)));
    ck_assert_int_eq(one.dtype, DT_F32);
    ck_assert_int_eq(two.shape.rank, -1);
    ck_assert_int_eq(two.dtype, DT_F32);
    graph_free(same);
    graph_free(other);
}
END_TEST

START_TEST(a_branch_that_is_not_taken_may_be_wrong)
{
    struct graph *graph =
        if_of("a:f32[3]\ny = Abs(a)", "a:f32[3]\nb:f32[2] init=[1,2]\ny = Add(a, b)", 1,
              "c:bool init=[1]\na:f32[3] init=[-1,2,-3]\ny = Sum(c, a)");
    struct tensor output[1];

    ck_ok(run(graph, output));
    ck_assert_double_eq(tensor_get(&output[0], 2), 3);
    tensor_release(output);
    graph_free(graph);
}
END_TEST

START_TEST(wrong_ifs_are_errors)
{
    struct if_attr none = {NULL, NULL};

    assert_run_fails(graph_of(&op_if, &none, "c:bool init=[1]\ny = Abs(c)", 1), ERR_FORMAT,
                     "attribute 'then_branch' is missing");
    assert_run_fails(
        if_of("a:f32[3]\ny = Abs(a)", "a:f32[3]\ny = Neg(a)", 0, "c:bool init=[1]\ny = Abs(c)"),
        ERR_SHAPE, "'then_branch' has 1 inputs");
    assert_run_fails(if_of("a:f32\ny = Abs(a)", "a:f32\ny = Neg(a)", 1,
                           "c:bool[2] init=[1,0]\na:f32 init=[1]\ny = Sum(c, a)"),
                     ERR_SHAPE, "input 0 wants one element");
    assert_run_fails(if_of("a:f32\nb:f32 init=[nan]\ny = Abs(a)", "a:f32\ny = Gather(a, a)", 1,
                           "c:bool init=[0]\na:f32 init=[1]\ny = Sum(c, a)"),
                     ERR_SHAPE, "node 'n' (If): node 'Gather_0' (Gather)");
}
END_TEST

// ---- Scan --------------------------------------------------------------------------------------

#define SUM "h:f32\ne:f32\ng = Add(h, e)\n"

START_TEST(a_scan_knows_its_shapes)
{
    struct graph *graph = scan_of("e:f32[4]\ny = Abs(e)", 1, "x:f32[3,4]\ny = Abs(x)", 1);
    struct tensor out = inferred(graph);

    ck_assert(shape_equal(&out.shape, &SHAPE(3, 4)));
    graph_free(graph);
}
END_TEST

START_TEST(wrong_scans_are_errors)
{
    struct scan_attr far = {.num_scan_inputs = 1, .scan_input_axes = {1, (int64_t[]){1}}};

    assert_run_fails(scan_of(SUM "output g, g", 0,
                             "a:f32 init=[0]\nx:f32[2] init=[1,2]\n"
                             "y = Sum(a, x)",
                             2),
                     ERR_SHAPE, "scans 0 of its 2 inputs");
    assert_run_fails(scan_of(SUM "output g, g", 3,
                             "a:f32 init=[0]\nx:f32[2] init=[1,2]\n"
                             "y = Sum(a, x)",
                             2),
                     ERR_SHAPE, "scans 3 of its 2 inputs");
    assert_run_fails(scan_of(SUM "output g", 2,
                             "a:f32[3] init=[0,0,0]\nx:f32[2] init=[1,2]\n"
                             "y = Sum(a, x)",
                             1),
                     ERR_SHAPE, "scans inputs of 3 and of 2");
    assert_run_fails(scan_of(SUM "output g", 2,
                             "a:f32 init=[0]\nx:f32[2] init=[1,2]\n"
                             "y = Sum(a, x)",
                             1),
                     ERR_SHAPE, "axis 0 is outside");
    far.body = body_of("e:f32\ny = Abs(e)", 0);
    assert_run_fails(graph_of(&op_scan, &far, "x:f32[2] init=[1,2]\ny = Abs(x)", 1), ERR_SHAPE,
                     "axis 1 is outside");
}
END_TEST

// ---- the graph ---------------------------------------------------------------------------------

START_TEST(a_clone_has_bodies_of_its_own)
{
    struct graph *graph = if_of("a:f32\ny = Abs(a)", "a:f32\ny = Neg(a)", 1,
                                "c:bool init=[0]\na:f32 init=[1]\ny = Sum(c, a)");
    struct graph *clone = graph_clone(graph);
    struct tensor output[1];

    ck_assert_ptr_ne(node_body(&graph->node[0], 0), node_body(&clone->node[0], 0));
    graph_free(graph);
    ck_ok(run(clone, output));
    ck_assert_double_eq(tensor_get(&output[0], 0), -1);
    tensor_release(output);
    graph_free(clone);
}
END_TEST

START_TEST(the_verifier_looks_into_bodies)
{
    struct graph *graph = if_of("a:f32\ny = Abs(a)", "a:f32\ny = Neg(a)", 1,
                                "c:bool init=[0]\na:f32 init=[1]\ny = Sum(c, a)");
    struct graph *body = node_body(&graph->node[0], 1);

    body->capture_count = 0;
    assert_fails(graph_verify(&context, graph), ERR_INTERNAL, "body 1 does not fit");
    body->capture_count = 1;
    graph_set_input(body, (struct node_id){0}, 0, NO_VALUE);
    assert_fails(graph_verify(&context, graph), ERR_INTERNAL,
                 "node 'n' (If): node 'Neg_0' (Neg): input 0 is left out");
    graph_free(graph);
}
END_TEST

START_TEST(text_shows_bodies_and_does_not_read_them)
{
    struct graph *graph = if_of("a:f32\ny = Abs(a)", "a:f32\ny = Neg(a)", 1,
                                "c:bool init=[0]\na:f32 init=[1]\ny = Sum(c, a)");
    struct graph *again;
    struct text text;

    text_init(&text);
    graph_to_text(graph, &text);
    ck_assert_ptr_nonnull(strstr(text.at, "If(c | a) then_branch={\n    outer a\n"));
    assert_fails(graph_from_text(&context, text.at, &again), ERR_FORMAT, "is a body");
    text_clear(&text);
    graph_free(graph);
}
END_TEST

// ---- specialisation ----------------------------------------------------------------------------

static struct graph *specialised(const struct graph *graph, const char *shape, const char *set)
{
    struct infer_options options = {.shape = {shape != NULL, &shape}, .set = {set != NULL, &set}};
    struct graph *out;

    ck_ok(graph_specialise(&context, graph, &options, &out));
    ck_ok(graph_verify(&context, out));
    return out;
}

static int count_op(const struct graph *graph, const char *op)
{
    int count = 0;

    for (uint32_t n = 0; n < graph->node_count; n++)
        count += node_is(&graph->node[n], op);
    return count;
}

static struct graph *read_choice(void)
{
    struct graph *graph;

    ck_ok(model_read(&context, "testdata/models/choice.onnx", NULL, &graph, NULL));
    return graph;
}

// choice.npz: the answers of ONNX Runtime for rate 16000.
START_TEST(branches_that_follow_are_inlined)
{
    struct graph *graph = read_choice(), *out = specialised(graph, NULL, "rate=16000");
    struct tensor output[3];
    struct npz npz;

    ck_assert_int_eq(count_op(out, "If"), 0);
    ck_assert_int_eq(count_op(out, "Equal") + count_op(out, "Shape"), 0);
    ck_assert_uint_eq(out->input_count, 1);
    ck_assert_int_eq(graph_value(out, out->input[0])->tensor.shape.dim[0], -1);
    ck_ok(npz_read(&context, "testdata/models/choice.npz", &npz));
    ck_ok(reference_run(&context, out, npz_find(&npz, "x"), output, NULL));
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"out:y", "out:z", "out:u"};
        const struct tensor *want = npz_find(&npz, names[i]);
        ck_assert_str_eq(graph_value(out, out->output[i])->name, names[i] + 4);
        ck_assert(shape_equal(&output[i].shape, &want->shape));
        for (int64_t k = 0; k < tensor_count(want); k++)
            ck_assert_double_eq_tol(tensor_get(&output[i], k), tensor_get(want, k), 1e-6);
        tensor_release(&output[i]);
    }
    npz_clear(&npz);
    graph_free(graph);
    graph_free(out);
}
END_TEST

START_TEST(what_is_not_known_stays)
{
    struct graph *graph = read_choice(), *out = specialised(graph, "x=4,3", NULL);

    ck_assert_int_eq(count_op(out, "If"), 1);
    ck_assert_uint_eq(out->input_count, 2);
    ck_assert(shape_equal(&graph_value(out, out->input[0])->tensor.shape, &SHAPE(4, 3)));
    graph_free(graph);
    graph_free(out);
}
END_TEST

START_TEST(nothing_that_depends_on_the_batch_is_folded)
{
    struct graph *graph = fixture_graph(
        &context, "x:f32[n,6]\nfirst:i64[1] init=[0]\nsecond:i64[1] init=[1]\n"
                  "two:i64[1] init=[2]\ns = Shape(x)\nb = Gather(s, first)\nc = Gather(s, second)\n"
                  "d = Div(c, two)\nsh = Concat(b, two, d) axis=0\ny = Reshape(x, sh)");
    struct graph *out = specialised(graph, NULL, NULL);

    ck_assert_int_eq(count_op(out, "Div"), 0);
    ck_assert_int_eq(count_op(out, "Gather"), 1);
    ck_assert_int_eq(count_op(out, "Concat"), 1);
    graph_free(out);
    out = specialised(graph, "x=5,6", NULL);
    ck_assert_uint_eq(out->node_count, 1);
    graph_free(graph);
    graph_free(out);
}
END_TEST

// Neither 2 nor 3 samples make these equal, 5 do.
START_TEST(a_comparison_with_the_batch_is_never_settled)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,3]  first:i64[1] init=[0]  second:i64[1] init=[1]\n"
                                "five:i64[1] init=[5]  zero:f32[1] init=[0]\n"
                                "s = Shape(x)\nb = Gather(s, first)\nis = Equal(b, five)\n"
                                "y = Where(is, zero, x)\nc = Gather(s, second)\nf = Cast(c) to=1\n"
                                "z = Mul(x, f)\noutput y, z");
    struct graph *out = specialised(graph, NULL, NULL);

    ck_assert_int_eq(count_op(out, "Equal"), 1);
    ck_assert_int_eq(count_op(out, "Cast"), 0); // three columns, whatever the batch
    graph_free(out);
    graph_free(graph);
}
END_TEST

START_TEST(quantised_weights_stay_integers)
{
    struct graph *graph = fixture_graph(
        &context, "x:f32[n,2]\nq:i8[2,2] init=[1,2,3,4]\ns:f32 init=[0.5]\nz:i8 init=[0]\n"
                  "w = DequantizeLinear(q, s, z)\nt = Transpose(w)\ny = MatMul(x, t)");
    struct graph *out = specialised(graph, NULL, NULL);

    ck_assert_uint_eq(out->node_count, 3);
    graph_free(graph);
    graph_free(out);
}
END_TEST

START_TEST(wrong_settings_are_errors)
{
    struct graph *graph = read_choice(), *out;
    const char *word;
    struct infer_options options = {.set = {1, &word}};

    word = "speed=3";
    assert_fails(graph_specialise(&context, graph, &options, &out), ERR_USAGE, "no such input");
    word = "x=3";
    assert_fails(graph_specialise(&context, graph, &options, &out), ERR_USAGE, "give --shape");
    word = "rate=fast";
    assert_fails(graph_specialise(&context, graph, &options, &out), ERR_USAGE, "wants a number");
    graph_free(graph);
}
END_TEST

Suite *control_suite(void)
{
    Suite *suite = suite_create("control");
    TCase *tcase = tcase_create("control");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, a_loop_of_known_length_is_folded);
    tcase_add_test(tcase, a_long_loop_is_not_folded_but_its_shape_is_known);
    tcase_add_test(tcase, a_loop_that_does_not_run_gives_its_state_and_nothing_stacked);
    tcase_add_test(tcase, a_loop_that_cannot_end_is_refused);
    tcase_add_test(tcase, an_endless_loop_can_be_interrupted);
    tcase_add_test(tcase, wrong_loops_are_errors);
    tcase_add_test(tcase, branches_that_agree_have_a_known_shape);
    tcase_add_test(tcase, a_branch_that_is_not_taken_may_be_wrong);
    tcase_add_test(tcase, wrong_ifs_are_errors);
    tcase_add_test(tcase, a_scan_knows_its_shapes);
    tcase_add_test(tcase, wrong_scans_are_errors);
    tcase_add_test(tcase, a_clone_has_bodies_of_its_own);
    tcase_add_test(tcase, the_verifier_looks_into_bodies);
    tcase_add_test(tcase, text_shows_bodies_and_does_not_read_them);
    tcase_add_test(tcase, branches_that_follow_are_inlined);
    tcase_add_test(tcase, what_is_not_known_stays);
    tcase_add_test(tcase, nothing_that_depends_on_the_batch_is_folded);
    tcase_add_test(tcase, a_comparison_with_the_batch_is_never_settled);
    tcase_add_test(tcase, quantised_weights_stay_integers);
    tcase_add_test(tcase, wrong_settings_are_errors);
    suite_add_tcase(suite, tcase);
    return suite;
}
