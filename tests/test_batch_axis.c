// Fixed batches: what is proven to be independent runs side by side and gives what one at a time
// gives; what cannot be proven is refused by the node that prevents it.
#include <stdlib.h>
#include <string.h>

#include "exec/batch_axis.h"
#include "exec/program.h"
#include "exec/reference.h"
#include "tests/support/fixture.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
}

// Batch 1 in the signature; every way that exporters write it into the graph.
static const char *const fixed[] = {
    "x:f32[1,3,4,4]  w:f32[5,3,3,3] init=he  c = Conv(x, w) pads=1,1,1,1  r = Relu(c)  "
    "p = GlobalAveragePool(r)  s:i64[2] init=[1,5]  f = Reshape(p, s)  "
    "v:f32[5,2] init=he  y = MatMul(f, v)",
    "x:f32[1,6]  s:i64[2] init=[1,-1]  y = Reshape(x, s)",
    "x:f32[1,6]  s:i64[3] init=[0,2,3]  y = Reshape(x, s)",
    "x:f32[1,3,4]  s:i64[2] init=[3,4]  f = Reshape(x, s)  w:f32[4,4] init=he  m = MatMul(f, w)  "
    "t:i64[3] init=[1,3,4]  y = Reshape(m, t)",
    "x:f32[1,4,4]  s:i64[6] init=[1,2,2,2,2,1]  a = Reshape(x, s)  b = Transpose(a) "
    "perm=0,1,3,2,4,5  t:i64[3] init=[4,4,1]  c = Reshape(b, t)  d = Softmax(c) axis=1  "
    "s2:i64[3] init=[1,4,4]  y = Reshape(d, s2)",
    "x:f32[1,3,4]  k:f32[1,1,4] init=he  y = Concat(k, x) axis=1",
    "x:f32[1,3]  u = Shape(x)  c = ConstantOfShape(u)  y = Add(x, c)",
    "x:f32[1,2,3,3]  s:i64[4] init=[1,2,6,6]  y = Resize(x, _, _, s)",
    "x:f32[1,2,3]  y1 = Transpose(x) perm=1,0,2  z = Relu(y1)  y = Transpose(z) perm=1,0,2",
};

enum { FIXED = sizeof fixed / sizeof *fixed };

static void fill(struct tensor *tensor, const struct shape *shape)
{
    ck_ok(tensor_alloc(&context, tensor, DT_F32, shape));
    for (int64_t i = 0; i < tensor_count(tensor); i++)
        tensor_set(tensor, i, (double)((i * 37) % 23) / 7 - 1.5);
}

START_TEST(a_fixed_batch_runs_side_by_side_as_it_does_alone)
{
    struct graph *graph = fixture_graph(&context, fixed[_i]);
    struct program_options options = {.groups = 1};
    struct program *program;
    struct tensor all, one, output;
    struct shape shape = graph_value(graph, graph->input[0])->tensor.shape;

    ck_ok(program_new(&context, graph, &options, &program));
    shape.dim[0] = N16_LANES;
    fill(&all, &shape);
    size_t in = program_input_size(program, 0), out = program_output_size(program, 0);
    for (size_t i = 0; i < in; i++)
        for (size_t s = 0; s < N16_LANES; s++)
            program_input(program, 0, 0)[i * N16_LANES + s] = tensor_f32(&all)[s * in + i];
    ck_ok(program_run_group(&context, program, 0));
    shape.dim[0] = 1;
    for (size_t s = 0; s < N16_LANES; s++) {
        ck_ok(tensor_alloc(&context, &one, DT_F32, &shape));
        memcpy(tensor_write(&one), tensor_f32(&all) + s * in, in * sizeof(float));
        ck_ok(reference_run(&context, graph, &one, &output, NULL));
        ck_assert_uint_eq((size_t)tensor_count(&output), out);
        for (size_t i = 0; i < out; i++)
            ck_assert_float_eq_tol(program_output(program, 0, 0)[i * N16_LANES + s],
                                   tensor_f32(&output)[i], 1e-5f);
        tensor_release(&one);
        tensor_release(&output);
    }
    ck_assert_int_eq(graph_value(graph, graph->input[0])->tensor.shape.dim[0], 1); // not ours
    tensor_release(&all);
    program_free(program);
    graph_free(graph);
}
END_TEST

static const struct {
    const char *graph, *reason;
} mixing[] = {
    {"x:f32[1,4]  a: y = Softmax(x) axis=0", "node 'a' (Softmax)"},
    {"x:f32[1,4]  a: m = ReduceMean(x) axes=0 keepdims=1  b: y = Sub(x, m)", "node 'a'"},
    {"x:f32[1,4]  a: t = Transpose(x) perm=1,0  b: y = MatMul(t, x)", "node 'b' (MatMul)"},
    {"x:f32[1,4]  s = Shape(x)  f = Cast(s) to=1  z:i64[1] init=[0]  "
     "g = Gather(f, z) axis=0  b: y = Mul(x, g)",
     "node 'b' (Mul)"},
    {"x:f32[2,4]  z:i64[2] init=[1,0]  a: y = Gather(x, z) axis=0", "node 'a' (Gather)"},
    {"x:f32[1,4]  k:f32[1,4] init=he  a: y = Concat(x, k) axis=0", "node 'a' (Concat)"},
    {"x:f32[1,4]  z:f32[2,4]  y = Add(x, z)", "inputs 'x' and 'z' differ"},
    {"x:f32[1,4]  z:f32[]  y = Mul(x, z)", "give --set z=VALUE"},
    {"x:f32[1,4]  a: y = Transpose(x) perm=1,0", "output 'y' is not one result a sample"},
};

START_TEST(what_mixes_samples_is_told_by_its_node)
{
    struct graph *graph = fixture_graph(&context, mixing[_i].graph);
    struct infer_options options = {0};
    struct arena *arena = arena_new();
    struct open_batch open;

    ck_ok(graph_open_batch(&context, graph, &options, N16_LANES, arena, &open));
    ck_assert(!open.is_proven);
    ck_assert_msg(strstr(open.reason, mixing[_i].reason) != NULL, "%s", open.reason);
    arena_free(arena);
    graph_free(graph);
}
END_TEST

START_TEST(a_graph_that_is_wrong_at_its_own_batch_is_an_error)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[1,4]  w:f32[3,2] init=he  m: y = MatMul(x, w)");
    struct infer_options options = {0};
    struct arena *arena = arena_new();
    struct open_batch open;

    ck_assert_int_eq(graph_open_batch(&context, graph, &options, N16_LANES, arena, &open),
                     ERR_SHAPE);
    ck_assert_ptr_nonnull(strstr(context.error, "node 'm' (MatMul)"));
    arena_free(arena);
    graph_free(graph);
}
END_TEST

START_TEST(dimensions_that_are_given_may_hold_the_batch)
{
    static const char *const given[] = {"x=1,3,4"};
    struct graph *graph = fixture_graph(&context, "x:f32[n,c,d]  s = Shape(x)  y = Reshape(x, s)");
    struct infer_options options = {.shape = {1, given}};
    struct arena *arena = arena_new();
    struct open_batch open;

    ck_ok(graph_open_batch(&context, graph, &options, N16_LANES, arena, &open));
    ck_assert_msg(open.is_proven, "%s", open.reason);
    ck_assert_int_eq(open.own, 1);
    ck_assert_int_eq(open.inference.of_value[graph->output[0].at].shape.dim[0], N16_LANES);
    inference_clear(&open.inference);
    arena_free(arena);
    graph_free(graph);
}
END_TEST

Suite *batch_axis_suite(void);
Suite *batch_axis_suite(void)
{
    Suite *suite = suite_create("batch_axis");
    TCase *tcase = tcase_create("proof");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, a_fixed_batch_runs_side_by_side_as_it_does_alone, 0, FIXED);
    tcase_add_loop_test(tcase, what_mixes_samples_is_told_by_its_node, 0,
                        (int)(sizeof mixing / sizeof *mixing));
    tcase_add_test(tcase, a_graph_that_is_wrong_at_its_own_batch_is_an_error);
    tcase_add_test(tcase, dimensions_that_are_given_may_hold_the_batch);
    suite_add_tcase(suite, tcase);
    return suite;
}
