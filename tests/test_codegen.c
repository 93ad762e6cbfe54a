// Generated C: compiled with the system's compiler, its self-test run. Integer networks must give
// the integers of the executor, float networks numbers near its own.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "codegen/codegen.h"
#include "codegen/memory_plan.h"
#include "io/text_ir.h"

static struct context context;

static void begin(void)
{
    context_init(&context);
}

static struct graph *graph_of(const char *text)
{
    struct graph *graph;
    enum status status = graph_from_text(&context, text, &graph);

    ck_assert_msg(status == OK, "%s", context.error);
    return graph;
}

// Numbers from low to high, a fraction of them zero.
static void fill(struct graph *graph, const char *name, int low, int high, double zeros)
{
    struct value *value = graph_value(graph, graph_find_value(graph, name));
    struct random random = random_stream(5, (uint64_t)name[1], 0);

    ck_assert_int_eq(tensor_make_private(&context, &value->tensor), OK);
    for (int64_t i = 0; i < tensor_count(&value->tensor); i++) {
        int number = low + (int)random_below(&random, (uint64_t)(high - low + 1));
        tensor_set(&value->tensor, i, random_unit(&random) < zeros ? 0 : number);
    }
}

// Writes the files, compiles them with warnings as errors, runs the self-test: its line.
static void build_and_run(const struct codegen *code, char *line, int bytes)
{
    char folder[] = "/tmp/ecai_codegen_XXXXXX", command[600];
    FILE *pipe;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < CODEGEN_FILES; i++) {
        snprintf(command, sizeof command, "%s/%s", folder, code->file[i].name);
        FILE *file = fopen(command, "w");
        ck_assert_ptr_nonnull(file);
        fwrite(code->file[i].text.at, 1, code->file[i].text.length, file);
        fclose(file);
    }
    snprintf(command, sizeof command,
             "cd %s && cc -std=c99 -O1 -Wall -Wextra -Wpedantic -Wconversion -Werror "
             "-ffp-contract=off model.c model_weights.c model_test.c -o self -lm 2>&1 && ./self",
             folder);
    pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    line[0] = '\0';
    if (!fgets(line, bytes, pipe))
        line[0] = '\0';
    ck_assert_msg(pclose(pipe) == 0, "%s: %s", folder, line);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void assert_self_test(const struct graph *graph, const char *want)
{
    struct codegen_options options = {.seed = 1, .samples = 16};
    struct codegen code;
    char line[400];
    enum status status = codegen_run(&context, graph, &options, &code);

    ck_assert_msg(status == OK, "%s", context.error);
    build_and_run(&code, line, sizeof line);
    ck_assert_str_eq(line, want);
    codegen_clear(&code);
}

// Every kind of integer node; a depthwise and a strided convolution; int8 and uint8 grids.
static const char integer_text[] =
    "x:f32[n,2,7,7]\n"
    "sx:f32[] init=0.05  zx:u8[] init=120  s1:f32[] init=0.07  z1:u8[] init=0\n"
    "s2:f32[] init=0.11  z2:i8[] init=-9  s3:f32[] init=0.2  z3:i8[] init=3\n"
    "sw:f32[] init=0.02  b:i32[6] init=zeros  sb:f32[] init=0.001\n"
    "w:%s[6,2,3,3] init=zeros  v:i8[6,1,3,3] init=zeros  u:i8[4,6] init=zeros\n"
    "q0 = QuantizeLinear(x, sx, zx)\n  d0 = DequantizeLinear(q0, sx, zx)\n"
    "wd = DequantizeLinear(w, sw)\n  bd = DequantizeLinear(b, sb)\n"
    "conv: c = Conv(d0, wd, bd) pads=1,1,1,1\n  r = Relu(c)\n"
    "q1 = QuantizeLinear(r, s1, z1)\n  d1 = DequantizeLinear(q1, s1, z1)\n"
    "vd = DequantizeLinear(v, sw)\n  e = Conv(d1, vd) pads=1,1,1,1 group=6\n"
    "q2 = QuantizeLinear(e, s2, z2)\n  d2 = DequantizeLinear(q2, s2, z2)\n"
    "a = Add(d1, d2)\n  q3 = QuantizeLinear(a, s3, z3)\n  d3 = DequantizeLinear(q3, s3, z3)\n"
    "m = MaxPool(d3) kernel_shape=2,2 strides=2,2\n"
    "q4 = QuantizeLinear(m, s3, z3)\n  d4 = DequantizeLinear(q4, s3, z3)\n"
    "g = GlobalAveragePool(d4)\n"
    "q5 = QuantizeLinear(g, s1, z2)\n  d5 = DequantizeLinear(q5, s1, z2)\n"
    "f = Flatten(d5)\n  ud = DequantizeLinear(u, sw)\n  y = Gemm(f, ud) transB=1\n"
    "output y\n";

static const struct {
    const char *dtype, *encoding; // of w in the source
    int low, high;
    double zeros;
} weights[] = {
    {"i8", ", 1}", -1, 1, 0.8},     // mask and signs
    {"i8", ", 2}", -2, 1, 0.1},     // dense, two bits
    {"i8", ", 4}", -8, 7, 0.1},     // dense, four bits
    {"i8", ", 8}", -128, 127, 0},   // dense
    {"i8", ", 8}", -128, 127, 0.7}, // mask and bytes
    {"u8", ", 16}", 0, 255, 0},     // beyond int8
};

START_TEST(an_integer_network_gives_the_integers_of_the_executor)
{
    char text[4000];
    struct codegen_options options = {.seed = 1, .samples = 1};
    struct codegen code;

    snprintf(text, sizeof text, integer_text, weights[_i].dtype);
    struct graph *graph = graph_of(text);
    fill(graph, "w", weights[_i].low, weights[_i].high, weights[_i].zeros);
    fill(graph, "v", -40, 40, 0);
    fill(graph, "u", -90, 90, 0);
    fill(graph, "b", -500, 500, 0);
    ck_assert_int_eq(codegen_run(&context, graph, &options, &code), OK);
    ck_assert(code.is_integer);
    ck_assert_ptr_nonnull(strstr(code.file[1].text.at, weights[_i].encoding));
    codegen_clear(&code);
    assert_self_test(graph, "self-test: 16 of 16 samples equal\n");
    graph_free(graph);
}
END_TEST

static const char *const float_text[] = {
    "x:f32[n,3,8,8]  w:f32[8,3,3,3] init=he  b:f32[8] init=uniform(-1,1)\n"
    "c = Conv(x, w, b) pads=1,1,1,1 strides=2,2\n  r = LeakyRelu(c) alpha=0.1\n"
    "p = AveragePool(r) kernel_shape=3,3 pads=1,1,1,1 strides=1,1\n  s = Sigmoid(p)\n"
    "m = Mul(r, s)\n  g = GlobalAveragePool(m)\n  f = Flatten(g)\n"
    "v:f32[8,5] init=he  y0 = MatMul(f, v)\n  y = Softmax(y0) axis=1\n output y\n",
    "x:f32[n,4,6,6]  s:f32[4] init=uniform(0.5,2)  b:f32[4] init=uniform(-1,1)\n"
    "m:f32[4] init=uniform(-1,1)  v:f32[4] init=uniform(0.5,2)\n"
    "n = BatchNormalization(x, s, b, m, v)\n  h = HardSwish(n)\n"
    "k = MaxPool(h) kernel_shape=3,3 strides=2,2 ceil_mode=1\n"
    "t = Transpose(k) perm=0,2,3,1\n  c = Concat(t, t) axis=3\n"
    "w:f32[7,8] init=he  wb:f32[7] init=uniform(-1,1)\n"
    "a:i64[2] init=[1,2]  r = ReduceMean(c, a) keepdims=0\n"
    "y = Gemm(r, w, wb) transB=1 alpha=0.5 beta=2\n  z = Elu(y)\n output z, y\n",
};

START_TEST(a_float_network_gives_the_numbers_of_the_executor)
{
    struct graph *graph = graph_of(float_text[_i]);

    assert_self_test(graph, "self-test: 16 of 16 samples near\n");
    graph_free(graph);
}
END_TEST

START_TEST(an_operator_without_a_c_form_is_refused_by_name)
{
    struct graph *graph = graph_of("x:f32[1,6]  odd: y = com.acme::Blur(x)\n output y\n");
    struct codegen_options options = {.samples = 1, .infer = {.is_lenient = true}};
    struct codegen code;

    ck_assert_int_eq(codegen_run(&context, graph, &options, &code), ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(context.error, "'odd' (Blur)"));
    codegen_clear(&code);
    graph_free(graph);
}
END_TEST

START_TEST(the_operators_with_a_c_form_are_known_by_name)
{
    ck_assert(codegen_emits("Conv"));
    ck_assert(codegen_emits("Relu"));
    ck_assert(codegen_emits("Add"));
    ck_assert(codegen_emits("Transpose"));
    ck_assert(codegen_emits("Reshape"));
    ck_assert(codegen_emits("QuantizeLinear"));
    ck_assert(!codegen_emits("Gather"));
    ck_assert(!codegen_emits("Blur"));
}
END_TEST

START_TEST(names_from_a_file_cannot_leave_their_comment)
{
    struct graph *graph = graph_of("x:f32[n,6]\n"
                                   "\"a\\nint evil(void);\\\\\": y = Relu(x)\n output y\n");

    assert_self_test(graph, "self-test: 16 of 16 samples near\n");
    graph_free(graph);
}
END_TEST

START_TEST(buffers_alive_together_never_overlap)
{
    struct random random = random_stream(9, (uint64_t)_i, 0);
    struct memory_item item[40];
    int64_t total, sum = 0;

    for (int i = 0; i < 40; i++) {
        uint32_t first = (uint32_t)random_below(&random, 30);
        item[i] = (struct memory_item){(int64_t)random_below(&random, 1000), first,
                                       first + (uint32_t)random_below(&random, 8), -1};
        sum += (item[i].bytes + 7) / 8 * 8;
    }
    total = memory_plan(item, 40, 8);
    ck_assert_int_lt(total, sum);
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(item[i].offset % 8, 0);
        ck_assert_int_le(item[i].offset + item[i].bytes, total);
        for (int k = 0; k < i; k++)
            ck_assert(item[i].first > item[k].last || item[k].first > item[i].last ||
                      item[i].offset + item[i].bytes <= item[k].offset ||
                      item[k].offset + item[k].bytes <= item[i].offset);
    }
}
END_TEST

Suite *codegen_suite(void);
Suite *codegen_suite(void)
{
    Suite *suite = suite_create("codegen");
    TCase *tcase = tcase_create("codegen");

    tcase_set_timeout(tcase, 60); // compilers
    tcase_add_checked_fixture(tcase, begin, NULL);
    tcase_add_loop_test(tcase, an_integer_network_gives_the_integers_of_the_executor, 0,
                        (int)(sizeof weights / sizeof *weights));
    tcase_add_loop_test(tcase, a_float_network_gives_the_numbers_of_the_executor, 0,
                        (int)(sizeof float_text / sizeof *float_text));
    tcase_add_test(tcase, an_operator_without_a_c_form_is_refused_by_name);
    tcase_add_test(tcase, the_operators_with_a_c_form_are_known_by_name);
    tcase_add_test(tcase, names_from_a_file_cannot_leave_their_comment);
    tcase_add_loop_test(tcase, buffers_alive_together_never_overlap, 0, 20);
    suite_add_tcase(suite, tcase);
    return suite;
}
