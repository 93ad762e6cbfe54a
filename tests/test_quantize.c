// Quantisation: grids, integers, and the integer program against the simulated one.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "exec/program.h"
#include "exec/reference.h"
#include "quantize/methods.h"
#include "tests/support/fixture.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
}

static struct graph *quantised(const char *text, const char *spec, const char *bits)
{
    struct graph *graph = fixture_graph(&context, text);
    struct dataset *data = fixture_data(&context, spec);
    const char *const words[] = {"range=minmax", bits, NULL};

    ck_ok(fixture_run(&context, &quantize_int8, words, data, &graph));
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &graph));
    dataset_free(data);
    return graph;
}

// q = rint(w / (max|w| / 127)), half to even: 63.5 becomes 64, 31.75 becomes 32.
START_TEST(weights_are_symmetric_per_channel)
{
    static const int expected[] = {127, -64, 32, 0, -127, 127};
    struct graph *graph =
        quantised("x:f32[n,3]  w:f32[2,3] init=[1,-0.5,0.25,0,-4,4]  y = Gemm(x, w) transB=1",
                  "synthetic:classes=2,samples=32,shape=3,type=f32", "bits=8/8");
    const struct value *q = fixture_weight(graph, "w_quantized");
    const struct value *scale = fixture_weight(graph, "w_scale");

    ck_assert_int_eq(q->tensor.dtype, DT_I8);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(tensor_get_int(&q->tensor, i), expected[i]);
    ck_assert_float_eq_tol(tensor_f32(&scale->tensor)[0], 1.0f / 127, 1e-9f);
    ck_assert_float_eq_tol(tensor_f32(&scale->tensor)[1], 4.0f / 127, 1e-9f);
    graph_free(graph);
}
END_TEST

START_TEST(bias_has_the_scale_of_the_products)
{
    struct graph *graph = quantised("x:f32[n,2]  w:f32[1,2] init=[1,0.5]  b:f32[1] init=[0.7]  "
                                    "y = Gemm(x, w, b) transB=1",
                                    "synthetic:classes=2,samples=32,shape=2,type=f32", "bits=8/8");
    float x = tensor_f32(&fixture_weight(graph, "x_scale")->tensor)[0];
    float w = tensor_f32(&fixture_weight(graph, "w_scale")->tensor)[0];
    float b = tensor_f32(&fixture_weight(graph, "b_scale")->tensor)[0];

    ck_assert_float_eq(b, x * w);
    ck_assert_int_eq(tensor_get_int(&fixture_weight(graph, "b_quantized")->tensor, 0),
                     (int64_t)rint(0.7f / (x * w)));
    graph_free(graph);
}
END_TEST

START_TEST(fewer_bits_stay_inside_their_grids)
{
    struct graph *graph = quantised(
        "x:f32[n,4]  w:f32[4,4] init=he  v:f32[2,4] init=he  a = MatMul(x, w)  r = Relu(a)  "
        "y = Gemm(r, v) transB=1",
        "synthetic:classes=2,samples=64,shape=4,type=f32", "bits=4/3");
    const struct value *q = fixture_weight(graph, "w_quantized");
    double high = tensor_get(&fixture_weight(graph, "r_max")->tensor, 0);
    double scale = tensor_get(&fixture_weight(graph, "r_scale")->tensor, 0);
    int64_t zero = tensor_get_int(&fixture_weight(graph, "r_zero_point")->tensor, 0);

    for (int64_t i = 0; i < 16; i++)
        ck_assert_int_le(llabs(tensor_get_int(&q->tensor, i)), 7);
    ck_assert_double_eq_tol(high, (double)(7 - zero) * scale, 1e-6 * high); // 2^3 - 1 steps
    graph_free(graph);
}
END_TEST

// ---- integers against floats on the same grids --------------------------------------------------

struct net {
    const char *text, *data;
    uint32_t integers; // steps that must run on integers
};

static const struct net nets[] = {
    // asymmetric input with padding, stride, a clamp inside
    {"x:f32[n,2,7,7]  w:f32[4,2,3,3] init=he  b:f32[4] init=uniform(-1,1)  lo:f32[] init=[0]  "
     "hi:f32[] init=[0.5]  c = Conv(x, w, b) pads=0,1,1,2 strides=2,2  k = Clip(c, lo, hi)  "
     "v:f32[3,4,2,2] init=he  y = Conv(k, v)  output y",
     "synthetic:classes=2,samples=64,shape=2x7x7,type=f32", 2},
    // depthwise, then a matrix behind views
    {"x:f32[n,3,4,4]  w:f32[3,1,3,3] init=he  c = Conv(x, w) group=3 pads=1,1,1,1  r = Relu(c)  "
     "f = Flatten(r)  v:f32[48,5] init=he  y = MatMul(f, v)  output y",
     "synthetic:classes=2,samples=64,shape=3x4x4,type=f32", 2},
    // one value with several readers, a sum (which its convolution swallows), a mean; the sum of a
    // value with itself
    {"x:f32[n,2,4,4]  w:f32[2,2,3,3] init=he  u:f32[2,2,1,1] init=he  "
     "c = Conv(x, w) pads=1,1,1,1  r = Relu(c)  d = Conv(r, u)  s = Add(d, r)  t = Add(s, s)  "
     "m = ReduceMean(t) axes=2,3 keepdims=0  v:f32[3,2] init=he  y = Gemm(m, v) transB=1  output y",
     "synthetic:classes=2,samples=64,shape=2x4x4,type=f32", 5},
    // two pools in a row share one grid
    {"x:f32[n,2,8,8]  w:f32[4,2,3,3] init=he  c = Conv(x, w) pads=1,1,1,1  "
     "p = MaxPool(c) kernel_shape=2,2 strides=2,2  q = MaxPool(p) kernel_shape=3,3 pads=1,1,1,1  "
     "g = GlobalAveragePool(q)  v:f32[3,4,1,1] init=he  y = Conv(g, v)  output y",
     "synthetic:classes=2,samples=64,shape=2x8x8,type=f32", 5},
    // an output in the middle, which stays float, and one behind a float node
    {"x:f32[n,4]  w:f32[4,4] init=he  v:f32[2,4] init=he  a = MatMul(x, w)  r = Relu(a)  "
     "b = Gemm(r, v) transB=1  y = Sigmoid(b)  output y, a",
     "synthetic:classes=2,samples=64,shape=4,type=f32", 2},
    // joined by an operator that has no integer form
    {"x:f32[n,2,4,4]  w:f32[2,2,1,1] init=he  u:f32[3,2,1,1] init=he  a = Conv(x, w)  "
     "b = Conv(x, u)  c = Concat(a, b) axis=1  v:f32[2,5,1,1] init=he  y = Conv(c, v)  output y",
     "synthetic:classes=2,samples=64,shape=2x4x4,type=f32", 3},
};

static uint32_t integer_steps(const struct program *program)
{
    uint32_t count = 0;

    for (int i = 0; i < program_step_count(program); i++) {
        struct program_step_info step = program_step(program, i);
        count += step.is_integer && !node_is(step.node, "QuantizeLinear") &&
                 !node_is(step.node, "DequantizeLinear");
    }
    return count;
}

static void compare(const struct program *program, uint32_t output, const struct tensor *want)
{
    size_t size = program_output_size(program, output), off = 0;
    double spread = 0;

    for (int64_t i = 0; i < tensor_count(want); i++)
        spread = fmax(spread, fabs(tensor_get(want, i)));
    for (size_t p = 0; p < size; p++)
        for (size_t lane = 0; lane < N16_LANES; lane++) {
            double a = tensor_get(want, (int64_t)(lane * size + p));
            double b = (double)program_output(program, 0, output)[p * N16_LANES + lane];
            // A float sum on a half may round to the other neighbour: a few steps of 1/255 at most.
            ck_assert_msg(fabs(a - b) <= 0.04 * spread, "element %zu: %g instead of %g", p, b, a);
            off += fabs(a - b) > 1e-4 * spread;
        }
    ck_assert_uint_le(off, size * N16_LANES / 4); // and seldom
}

START_TEST(integers_equal_floats_on_the_same_grids)
{
    const struct net *net = &nets[_i];
    struct graph *graph = quantised(net->text, net->data, "bits=8/8");
    struct program_options options = {.is_integer = true, .groups = 1};
    struct shape shape = graph_value(graph, graph->input[0])->tensor.shape;
    struct random random = random_stream(9, 0, 0);
    struct tensor input, output[2];
    struct program *program;

    shape.dim[0] = N16_LANES;
    ck_ok(tensor_alloc(&context, &input, DT_F32, &shape));
    ck_ok(program_new(&context, graph, &options, &program));
    ck_assert_uint_eq(integer_steps(program), net->integers);
    for (int64_t i = 0; i < tensor_count(&input); i++)
        tensor_set(&input, i, random_unit(&random));
    for (size_t p = 0; p < program_input_size(program, 0); p++)
        for (size_t lane = 0; lane < N16_LANES; lane++)
            program_input(program, 0, 0)[p * N16_LANES + lane] =
                tensor_f32(&input)[lane * program_input_size(program, 0) + p];
    ck_ok(program_run_group(&context, program, 0));
    ck_ok(reference_run(&context, graph, &input, output, NULL));
    for (uint32_t i = 0; i < graph->output_count; i++) {
        compare(program, i, &output[i]);
        tensor_release(&output[i]);
    }
    tensor_release(&input);
    program_free(program);
    graph_free(graph);
}
END_TEST

// ---- options ------------------------------------------------------------------------------------

START_TEST(excluded_layers_stay_float)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,4]  w:f32[4,4] init=he  v:f32[4,2] init=he  "
                                "first: a = MatMul(x, w)  second: y = MatMul(a, v)");
    struct dataset *data =
        fixture_data(&context, "synthetic:classes=2,samples=32,shape=4,type=f32");
    const char *glob = "second", *layer = "first=4";
    const struct selection selection = {{0, NULL}, {1, &glob}};
    const struct strings layers = {1, &layer};
    struct arena *arena = arena_new();
    struct pass_run run = {.option = fixture_options(&context, &quantize_int8, NULL, arena),
                           .selection = &selection,
                           .layer = &layers,
                           .data = data};

    ck_ok(pipeline_run(&context, &quantize_int8, run, &graph));
    ck_assert_ptr_nonnull(fixture_weight(graph, "w")->quant);
    ck_assert_int_eq(fixture_weight(graph, "w")->quant->high, 7);
    ck_assert_ptr_null(fixture_weight(graph, "v")->quant);
    ck_assert_ptr_null(fixture_weight(graph, "a")->quant);
    arena_free(arena);
    dataset_free(data);
    graph_free(graph);
}
END_TEST

static const char *const bad_bits[] = {"8", "8/", "1/8", "8/9", "8/8x", "16/8", "a/b", ""};

START_TEST(dynamic_stores_weights_as_integers_and_leaves_the_rest_float)
{
    static const int expected[] = {127, -64, 32, 0, -127, 127};
    struct graph *graph = fixture_graph(
        &context, "x:f32[n,3]  w:f32[2,3] init=[1,-0.5,0.25,0,-4,4]  b:f32[2] init=[0.5,1]  "
                  "y = Gemm(x, w, b) transB=1  z = Relu(y)");
    const struct value *q;

    ck_ok(fixture_run(&context, &quantize_dynamic, NULL, NULL, &graph));
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &graph));
    ck_assert_uint_eq(graph->node_count, 3); // DequantizeLinear, Gemm, Relu
    q = fixture_weight(graph, "w_quantized");
    ck_assert_int_eq(q->tensor.dtype, DT_I8);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(tensor_get_int(&q->tensor, i), expected[i]);
    ck_assert_int_eq(fixture_weight(graph, "b")->tensor.dtype, DT_F32);
    graph_free(graph);
}
END_TEST

// Inputs and weights that are handed through, and an output that nobody declares.
START_TEST(half_precision_keeps_every_output_as_it_was)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[2]  w:f32[2] init=[1,2]  y = Add(x, w)  z = Greater(y, x)  "
                                "output x, w, y, z");
    static const enum dtype expected[] = {DT_F32, DT_F32, DT_F32, DT_BOOL};
    struct tensor input, output[4];

    graph_value(graph, graph->output[3])->tensor.dtype = DT_NONE;
    ck_ok(fixture_run(&context, &quantize_fp16, NULL, NULL, &graph));
    ck_ok(tensor_alloc(&context, &input, DT_F32, &SHAPE(2)));
    ck_ok(reference_run(&context, graph, &input, output, NULL));
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(output[i].dtype, expected[i]);
        tensor_release(&output[i]);
    }
    tensor_release(&input);
    graph_free(graph);
}
END_TEST

START_TEST(bits_that_make_no_sense_are_usage_errors)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,2]  w:f32[2,2] init=he  y = MatMul(x, w)");
    char text[32] = "bits=";
    const char *words[] = {text, NULL};

    strncat(text, bad_bits[_i], sizeof text - 6);
    ck_assert_int_eq(fixture_run(&context, &quantize_int8, words, NULL, &graph), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "--bits"));
    graph_free(graph);
}
END_TEST

START_TEST(quantising_twice_gives_equal_integers)
{
    const struct net *net = &nets[0];
    struct graph *once = quantised(net->text, net->data, "bits=8/8"), *again = graph_clone(once);
    const struct value *a = fixture_weight(once, "w_quantized"), *b;

    ck_ok(fixture_run(&context, &pass_absorb_quant, NULL, NULL, &again));
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &again));
    b = fixture_weight(again, "w_quantized");
    ck_assert_mem_eq(tensor_data(&a->tensor), tensor_data(&b->tensor), tensor_bytes(&a->tensor));
    a = fixture_weight(once, "b_quantized");
    b = fixture_weight(again, "b_quantized");
    ck_assert_mem_eq(tensor_data(&a->tensor), tensor_data(&b->tensor), tensor_bytes(&a->tensor));
    graph_free(once);
    graph_free(again);
}
END_TEST

Suite *quantize_suite(void);
Suite *quantize_suite(void)
{
    Suite *suite = suite_create("quantize");
    TCase *tcase = tcase_create("quantize");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, weights_are_symmetric_per_channel);
    tcase_add_test(tcase, bias_has_the_scale_of_the_products);
    tcase_add_test(tcase, fewer_bits_stay_inside_their_grids);
    tcase_add_loop_test(tcase, integers_equal_floats_on_the_same_grids, 0,
                        (int)(sizeof nets / sizeof *nets));
    tcase_add_test(tcase, excluded_layers_stay_float);
    tcase_add_test(tcase, dynamic_stores_weights_as_integers_and_leaves_the_rest_float);
    tcase_add_test(tcase, half_precision_keeps_every_output_as_it_was);
    tcase_add_loop_test(tcase, bits_that_make_no_sense_are_usage_errors, 0,
                        (int)(sizeof bad_bits / sizeof *bad_bits));
    tcase_add_test(tcase, quantising_twice_gives_equal_integers);
    suite_add_tcase(suite, tcase);
    return suite;
}
