// The text IR: what it reads, that printing and reading are inverse, and how it refuses.
#include <check.h>
#include <math.h>
#include <string.h>

#include "io/text_ir.h"

Suite *text_ir_suite(void);

static struct context context;

static void setup(void)
{
    context_init(&context);
}

static struct graph *parse(const char *text)
{
    struct graph *graph;

    ck_assert_msg(graph_from_text(&context, text, &graph) == OK, "%s", context.error);
    return graph;
}

static void assert_refused(const char *text, const char *part)
{
    struct graph *graph;

    ck_assert_int_ne(graph_from_text(&context, text, &graph), OK);
    ck_assert_ptr_null(graph);
    ck_assert_msg(strstr(context.error, part) != NULL, "'%s' is not in '%s'", part, context.error);
}

static const struct tensor *weight(const struct graph *graph, const char *name)
{
    return &graph_value(graph, graph_find_value(graph, name))->tensor;
}

START_TEST(statements_share_a_line)
{
    struct graph *graph = parse("x:f32[1,3,8,8]  w1:f32[4,3,3,3] init=he  a = Conv(x, w1)  "
                                "b = Conv(x, w1) pads=1,1,1,1 strides=2,2; y = Relu(b)");

    ck_assert_uint_eq(graph->node_count, 3);
    ck_assert_uint_eq(graph->input_count, 1);
    ck_assert_str_eq(graph_value(graph, graph->output[0])->name, "y");
    graph_free(graph);
}
END_TEST

START_TEST(attributes_reach_the_operator)
{
    struct graph *graph = parse("x:f32[1,2]\ny = LeakyRelu(x) alpha=0.25\n");
    const struct field *field = field_find(graph->node[0].op->attr, "alpha");
    double alpha;

    memcpy(&alpha, (const char *)graph->node[0].attr + field->offset, sizeof alpha);
    ck_assert_double_eq(alpha, 0.25);
    graph_free(graph);
}
END_TEST

START_TEST(open_dimensions_have_names)
{
    struct graph *graph = parse("x:f32[n,3,?]  y = Relu(x)");
    const struct value *x = graph_value(graph, graph->input[0]);

    ck_assert_int_eq(x->tensor.shape.dim[0], -1);
    ck_assert_str_eq(x->dim_name[0], "n");
    ck_assert_int_eq(x->tensor.shape.dim[2], -1);
    ck_assert_ptr_null(x->dim_name[2]);
    graph_free(graph);
}
END_TEST

START_TEST(weights_hold_what_init_says)
{
    struct graph *graph = parse("a:i64[3] init=[1, -2,9223372036854775807]\n"
                                "b:f32[2] init=ones  c:f16[2] init=0.5  d:f32 init=[-inf]\n"
                                "e:f32[1000] init=uniform(-2,3)\nf:u4[3] init=[15,0,7]\n"
                                "y = Identity(a)");
    double low = 9, high = -9;

    ck_assert_int_eq(tensor_get_int(weight(graph, "a"), 2), INT64_MAX);
    ck_assert_double_eq(tensor_get(weight(graph, "b"), 1), 1);
    ck_assert_double_eq(tensor_get(weight(graph, "c"), 1), 0.5);
    ck_assert(isinf(tensor_get(weight(graph, "d"), 0)));
    ck_assert_int_eq(tensor_get_int(weight(graph, "f"), 2), 7);
    for (int i = 0; i < 1000; i++) {
        low = fmin(low, tensor_get(weight(graph, "e"), i));
        high = fmax(high, tensor_get(weight(graph, "e"), i));
    }
    ck_assert_double_ge(low, -2);
    ck_assert_double_le(low, -1.9);
    ck_assert_double_ge(high, 2.9);
    ck_assert_double_lt(high, 3);
    graph_free(graph);
}
END_TEST

static double deviation(const struct tensor *tensor)
{
    double sum = 0;

    for (int64_t i = 0; i < tensor_count(tensor); i++)
        sum += tensor_get(tensor, i) * tensor_get(tensor, i);
    return sqrt(sum / (double)tensor_count(tensor));
}

// He et al. 2015: deviation sqrt(2 / fan-in). 12,800 draws: 3 % is five times their spread.
START_TEST(he_weights_have_the_deviation_that_their_use_wants)
{
    struct graph *graph = parse("x:f32[n,100]  w:f32[100,128] init=he  v:f32[128,100] init=he\n"
                                "a = MatMul(x, w)  y = Gemm(x, v) transB=1");

    ck_assert_double_eq_tol(deviation(weight(graph, "w")) / sqrt(2.0 / 100), 1, 0.03);
    ck_assert_double_eq_tol(deviation(weight(graph, "v")) / sqrt(2.0 / 100), 1, 0.03);
    graph_free(graph);
}
END_TEST

START_TEST(he_weights_depend_on_seed_and_name_alone)
{
    const char *text = "x:f32[1,64]  w:f32[64,4] init=he  v:f32[64,4] init=he  "
                       "a = MatMul(x, w)  b = MatMul(x, v)";
    struct graph *first = parse(text), *again = parse(text), *other;

    context.seed = 7;
    other = parse(text);
    ck_assert_mem_eq(tensor_data(weight(first, "w")), tensor_data(weight(again, "w")), 1024);
    ck_assert_mem_ne(tensor_data(weight(first, "w")), tensor_data(weight(first, "v")), 1024);
    ck_assert_mem_ne(tensor_data(weight(first, "w")), tensor_data(weight(other, "w")), 1024);
    graph_free(first);
    graph_free(again);
    graph_free(other);
}
END_TEST

static const char everything[] = "graph \"a graph\"\n"
                                 "opset com.acme=3\n"
                                 "meta key=\"text with \\\"quotes\\\" and \\\\\"\n"
                                 "x:f32[n,2,4,4]\n"
                                 "\"input:0\":i64\n"
                                 "w:f32[1,2,1,1] init=[0.1,-2.5e+10]\n"
                                 "low:f32 init=[-1]\n"
                                 "conv: a = Conv(x, w) kernel_shape=1,1\n"
                                 "b = Clip(a, low)\n"
                                 "c = Clip(b, _, low)\n"
                                 "d, _ = com.acme::Blur(c, _ | \"input:0\") raw=2a03616263\n"
                                 "e = ConstantOfShape(\"input:0\") value=i32[1]=[7]\n"
                                 "output d, e\n";

START_TEST(printing_and_reading_are_inverse)
{
    struct graph *graph = parse(everything);
    struct text text;

    text_init(&text);
    graph_to_text(graph, &text);
    ck_assert_str_eq(text.at, everything);
    text_clear(&text);
    graph_free(graph);
}
END_TEST

START_TEST(a_clone_prints_the_same_and_outlives_its_origin)
{
    struct graph *graph = parse(everything), *clone = graph_clone(graph);
    struct text text;

    graph_free(graph);
    text_init(&text);
    graph_to_text(clone, &text);
    ck_assert_str_eq(text.at, everything);
    text_clear(&text);
    graph_free(clone);
}
END_TEST

START_TEST(captured_values_follow_the_explicit_ones)
{
    struct graph *graph = parse(everything);
    const struct node *blur = graph_node(graph, graph_value(graph, graph->output[0])->producer);

    ck_assert_int_eq(blur->input_count, 3);
    ck_assert_int_eq(blur->op->min_inputs, 2);
    ck_assert_uint_eq(blur->raw_attr_bytes, 5);
    graph_free(graph);
}
END_TEST

START_TEST(mistakes_are_named_with_their_line)
{
    assert_refused("x:f32[1]\ny = Relu(z)", "line 2: 'z' is not defined");
    assert_refused("x:f32[1]\n\n# note\ny = Relux(x)", "line 4: 'Relux' is no operator");
    assert_refused("x:f32[1]  y = LeakyRelu(x) slope=1", "'slope' is no attribute");
    assert_refused("x:f32[1]  y = LeakyRelu(x) alpha=steep", "'steep' is no value");
    assert_refused("x:f32[1]  x:f32[2]  y = Relu(x)", "'x' is defined twice");
    assert_refused("x:f32[1,  y = Relu(x)", "line 1");
    assert_refused("x:f32[-4]  y = Relu(x)", "'-4' is no dimension");
    assert_refused("w:f32[n] init=he  y = Relu(w)", "open dimension");
    assert_refused("w:f32[2] init=[1]  y = Relu(w)", "init has 1 numbers, its shape wants 2");
    assert_refused("w:f32[1] init=[1,2]  y = Relu(w)", "more than 1");
    assert_refused("w:f32[1000000,1000000] init=he  y = Relu(w)", "too large");
    assert_refused("x:f32[1]  y = Conv(x)", "has 1 inputs");
    assert_refused("x:f32[1]", "no nodes");
    assert_refused("", "no nodes");
    assert_refused("x:f32[1]  y = Relu(x", "')' is missing");
    assert_refused("x:f32[1]  n: = Relu(x)", "no outputs");
    assert_refused("\"\":f32[1]", "a name is missing");
    assert_refused("hello world", "'hello' wants a type");
    assert_refused("x:f32[1]  y = Relu(x)\nmeta k=\"no end", "damaged text");
}
END_TEST

Suite *text_ir_suite(void)
{
    Suite *suite = suite_create("text_ir");
    TCase *tcase = tcase_create("text");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, statements_share_a_line);
    tcase_add_test(tcase, attributes_reach_the_operator);
    tcase_add_test(tcase, open_dimensions_have_names);
    tcase_add_test(tcase, weights_hold_what_init_says);
    tcase_add_test(tcase, he_weights_have_the_deviation_that_their_use_wants);
    tcase_add_test(tcase, he_weights_depend_on_seed_and_name_alone);
    tcase_add_test(tcase, printing_and_reading_are_inverse);
    tcase_add_test(tcase, a_clone_prints_the_same_and_outlives_its_origin);
    tcase_add_test(tcase, captured_values_follow_the_explicit_ones);
    tcase_add_test(tcase, mistakes_are_named_with_their_line);
    suite_add_tcase(suite, tcase);
    return suite;
}
