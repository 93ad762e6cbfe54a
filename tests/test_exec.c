// The lowered program against the reference executor, forward and backward, and the integer plan
// against plain quantised arithmetic.
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "exec/program.h"
#include "exec/reference.h"
#include "io/text_ir.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
    context.threads = 2;
}

#define ck_ok(call)                                                                                \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        ck_assert_msg(status_ == OK, "%s: %s", #call, context.error);                              \
    } while (0)

static const char unread[] = // a reader without a gradient: the others' are not touched by it
    "x:f32[n,6]  w:f32[6,4] init=he  a = MatMul(x, w)  v:f32[4,3] init=he  y = MatMul(a, v)  "
    "s = Sign(a)  u:f32[4,3] init=he  z = MatMul(s, u)  o = Add(y, z)  output o";
// Graphs that between them use every lowering; n is the open batch.
static const char *const graphs[] = {
    "x:f32[n,3,9,7]  w:f32[5,3,3,3] init=he  b:f32[5] init=uniform(-1,1)  "
    "y = Conv(x, w, b) pads=1,1,1,1  z = Relu(y)  output z",
    "x:f32[n,4,8,8]  w:f32[8,2,3,3] init=he  lo:f32[] init=[-0.5]  hi:f32[] init=[0.75]  "
    "y = Conv(x, w) group=2 strides=2,2 pads=0,0,1,1  z = Clip(y, lo, hi)  output z",
    "x:f32[n,4,6,6]  w:f32[4,1,3,3] init=he  y = Conv(x, w) group=4 pads=1,1,1,1  "
    "z = LeakyRelu(y) alpha=0.2  output z",
    "x:f32[n,3,8,8]  w:f32[6,3,3,3] init=he  c = Conv(x, w) pads=1,1,1,1  "
    "g:f32[6] init=uniform(0.5,1.5)  b:f32[6] init=uniform(-1,1)  m:f32[6] init=uniform(-1,1)  "
    "v:f32[6] init=uniform(0.5,2)  y = BatchNormalization(c, g, b, m, v)  r = Relu(y)  "
    "w2:f32[6,6,1,1] init=he  d = Conv(r, w2)  s = Add(d, r)  t = Relu(s)  output t",
    "x:f32[n,2,8,8]  p = MaxPool(x) kernel_shape=2,2 strides=2,2  "
    "a = AveragePool(p) kernel_shape=3,3 pads=1,1,1,1  q = GlobalAveragePool(a)  f = Flatten(q)  "
    "w:f32[3,2] init=he  b:f32[3] init=uniform(-1,1)  y = Gemm(f, w, b) transB=1  output y",
    "x:f32[n,10]  w:f32[10,4] init=he  y = MatMul(x, w)  s = Sigmoid(y)  t = Tanh(y)  "
    "m = Mul(s, t)  d = Sub(m, s)  e = Elu(d)  h = HardSigmoid(e)  k = HardSwish(h)  output k",
    "x:f32[n,3,4,4]  k:f32[3,1,1] init=uniform(0.5,2)  y = Mul(x, k)  z = Add(y, k)  "
    "i = Div(z, k)  r = ReduceMean(i) axes=2,3 keepdims=0  output r",
    "x:f32[n,6]  y = Softmax(x) axis=1  w:f32[6,3] init=he  z = MatMul(y, w)  e = Erf(z)  output e",
    // fallbacks between lowered steps: joined, cut, turned round
    "x:f32[n,2,4,4]  w:f32[3,2,1,1] init=he  a = Conv(x, w)  u:f32[3,2,1,1] init=he  "
    "b = Conv(x, u)  c = Concat(a, b) axis=1  s:i64[1] init=[1]  e:i64[1] init=[5]  "
    "k:i64[1] init=[1]  d = Slice(c, s, e, k)  t = Transpose(d) perm=0,2,3,1  "
    "v:f32[4,3,1,1] init=he  r = Transpose(t) perm=0,3,1,2  q:f32[2,4,3,3] init=he  "
    "f = Conv(r, q)  g = Add(f, f)  output g",
    // a value with three readers, one of them a view; half of a split that nobody reads
    "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  a = Conv(x, w)  p, z = Split(a) axis=1 num_outputs=2  "
    "f = Flatten(p)  m:f32[32,3] init=he  y = MatMul(f, m)  g = GlobalAveragePool(p)  "
    "h = Flatten(g)  o:f32[2,3] init=he  i = MatMul(h, o)  l = Add(y, i)  j = Relu(p)  "
    "c = Flatten(j)  t = MatMul(c, m)  b = Add(l, t)  output b",
    unread,
    // an encoder's layer: heads by transposing, GELU spelt out, sums, norms
    "x:f32[n,7,12]  g:f32[12] init=uniform(0.5,1.5)  h:f32[12] init=uniform(-1,1)  "
    "a = LayerNormalization(x, g, h) axis=-1  w1:f32[12,12] init=he  b1:f32[12] init=uniform(-1,1) "
    " "
    "w2:f32[12,12] init=he  w3:f32[12,12] init=he  m1 = MatMul(a, w1)  q0 = Add(m1, b1)  "
    "k0 = MatMul(a, w2)  v0 = MatMul(a, w3)  s:i64[4] init=[0,0,3,4]  q1 = Reshape(q0, s)  "
    "k1 = Reshape(k0, s)  v1 = Reshape(v0, s)  q2 = Transpose(q1) perm=0,2,1,3  "
    "k2 = Transpose(k1) perm=0,2,3,1  v2 = Transpose(v1) perm=0,2,1,3  s0 = MatMul(q2, k2)  "
    "d:f32[] init=[2]  s1 = Div(s0, d)  mask:f32[1,1,7,7] init=uniform(-2,0)  s2 = Add(s1, mask)  "
    "p = Softmax(s2) axis=-1  o0 = MatMul(p, v2)  o1 = Transpose(o0) perm=0,2,1,3  "
    "t:i64[3] init=[0,0,-1]  o2 = Reshape(o1, t)  w4:f32[12,12] init=he  o3 = MatMul(o2, w4)  "
    "o4 = Add(a, o3)  n = LayerNormalization(o4, g) axis=2  w5:f32[12,19] init=he  "
    "b5:f32[19] init=uniform(-1,1)  f0 = MatMul(n, w5)  f1 = Add(b5, f0)  r:f32[] init=[1.4142135] "
    " "
    "f2 = Div(f1, r)  f3 = Erf(f2)  one:f32[] init=[1]  f4 = Add(f3, one)  f5 = Mul(f1, f4)  "
    "half:f32[] init=[0.5]  f6 = Mul(f5, half)  w6:f32[19,12] init=he  f7 = MatMul(f6, w6)  "
    "f8 = Add(f7, n)  y = ReduceMean(f8) axes=1 keepdims=0  output y",
    // the other spelling of GELU, on what no product made; a product that no softmax follows
    "x:f32[n,5,6]  half:f32[] init=[0.5]  r:f32[] init=[0.70710678]  one:f32[] init=[1]  "
    "h = Mul(half, x)  a = Mul(x, r)  b = Erf(a)  c = Add(one, b)  g = Mul(h, c)  "
    "t = Transpose(g) perm=0,2,1  p = MatMul(g, t)  k:f32[] init=[0.25]  q = Mul(p, k)  "
    "u = MatMul(q, g)  s = Relu(u)  output s",
    // pieces of RMS norm and rotary positions, every axis broadcast
    "x:f32[n,6,8]  m = Mul(x, x)  r = ReduceMean(m) axes=-1 keepdims=1  e:f32[] init=[0.001]  "
    "a = Add(r, e)  s = Sqrt(a)  d = Div(x, s)  w:f32[8] init=uniform(0.5,2)  y = Mul(d, w)  "
    "z:i64[4] init=[0,6,2,4]  v = Reshape(y, z)  i:i64[] init=[0]  j:i64[] init=[1]  "
    "p = Gather(v, i) axis=2  q = Gather(v, j) axis=2  c:f32[1,6,4] init=uniform(-1,1)  "
    "pc = Mul(p, c)  qc = Mul(c, q)  o = Sub(pc, qc)  n = Neg(o)  t:i64[3] init=[1,1,2]  "
    "l = Tile(n, t)  f = Concat(l, y) axis=1  two:f32[] init=[2]  g = Pow(f, two)  "
    "output g",
    // comparisons and choices
    "x:f32[n,4,5]  z:f32[] init=[0]  k:f32[4,1] init=uniform(-1,1)  g = Greater(x, z)  "
    "l = LessOrEqual(x, k)  b = And(g, l)  o = Not(b)  f = Cast(o) to=1  "
    "w = Where(b, x, k)  e = Exp(w)  m = Max(e, f)  i = Min(m, x)  a = Abs(i)  "
    "c = Reciprocal(e)  s = Add(a, c)  r = ReduceMax(s) axes=1 keepdims=1  d = Sub(s, r)  "
    "output d",
};
enum { GRAPHS = sizeof graphs / sizeof *graphs, SAMPLES = 32 };

static struct graph *parse(const char *text)
{
    struct graph *graph;

    ck_ok(graph_from_text(&context, text, &graph));
    return graph;
}

// Random input for all samples, plain.
static struct tensor random_input(const struct graph *graph, int64_t samples)
{
    struct shape shape = graph_value(graph, graph->input[0])->tensor.shape;
    struct random random = random_stream(7, 1, 2);
    struct tensor tensor;

    shape.dim[0] = samples;
    ck_ok(tensor_alloc(&context, &tensor, DT_F32, &shape));
    for (int64_t i = 0; i < tensor_count(&tensor); i++)
        tensor_set(&tensor, i, random_normal(&random));
    return tensor;
}

static void fill(struct program *program, int group, const struct tensor *input)
{
    size_t size = program_input_size(program, 0);
    float *lanes = program_input(program, group, 0);

    for (size_t p = 0; p < size; p++)
        for (size_t lane = 0; lane < N16_LANES; lane++)
            lanes[p * N16_LANES + lane] =
                tensor_f32(input)[((size_t)group * N16_LANES + lane) * size + p];
}

static void compare_output(const struct program *program, int group, const struct tensor *expected,
                           float tolerance)
{
    size_t size = program_output_size(program, 0);
    const float *lanes = program_output(program, group, 0);

    for (size_t p = 0; p < size; p++)
        for (size_t lane = 0; lane < N16_LANES; lane++) {
            float want = tensor_f32(expected)[((size_t)group * N16_LANES + lane) * size + p];
            float got = lanes[p * N16_LANES + lane];
            ck_assert_msg(fabsf(got - want) <= tolerance * (1 + fabsf(want)),
                          "element %zu lane %zu: %g instead of %g", p, lane, (double)got,
                          (double)want);
        }
}

static void run_and_compare(const char *text, enum isa isa)
{
    struct graph *graph = parse(text);
    struct program_options options = {.isa = isa, .groups = 2};
    struct tensor input = random_input(graph, SAMPLES), output;
    struct program *program;

    ck_ok(program_new(&context, graph, &options, &program));
    ck_ok(reference_run(&context, graph, &input, &output, NULL));
    for (int group = 0; group < 2; group++) {
        fill(program, group, &input);
        ck_ok(program_run_group(&context, program, group));
        compare_output(program, group, &output, 2e-5f); // sums in another order, folded batch norm
    }
    program_free(program);
    tensor_release(&input);
    tensor_release(&output);
    graph_free(graph);
}

// Tokens in, with a mask made of them; which steps the operators themselves run.
START_TEST(tokens_run_in_lanes)
{
    struct graph *graph = parse(
        "t:i64[n,5]  w:f32[9,4] init=he  e = Gather(w, t)  z:i64[] init=[3]  b = Greater(t, z)  "
        "f = Cast(b) to=1  a:i64[1] init=[1]  u = Unsqueeze(f, a)  l:f32[] init=[-10000]  "
        "m = Mul(u, l)  h = Transpose(e) perm=0,2,1  s = MatMul(e, h)  p = Add(s, m)  "
        "q = Softmax(p)  y = MatMul(q, e)  i = Cast(t) to=6  k:i32[] init=[2]  g = Equal(i, k)  "
        "j = Not(g)  o = Cast(j) to=1  c:i64[1] init=[-1]  r = Unsqueeze(o, c)  x = Mul(y, r)  "
        "output x");
    struct program_options options = {.groups = 1};
    struct tensor input, output;
    struct program *program;

    ck_ok(tensor_alloc(&context, &input, DT_I64, &SHAPE(N16_LANES, 5)));
    for (int64_t i = 0; i < tensor_count(&input); i++)
        tensor_set(&input, i, (double)(i * i % 9));
    ck_ok(program_new(&context, graph, &options, &program));
    for (int i = 0; i < program_step_count(program); i++)
        ck_assert_str_ne(program_step(program, i).algorithm, "reference");
    for (int64_t i = 0; i < tensor_count(&input); i++)
        program_input(program, 0, 0)[i % 5 * N16_LANES + i / 5] = (float)tensor_get(&input, i);
    ck_ok(program_run_group(&context, program, 0));
    ck_ok(reference_run(&context, graph, &input, &output, NULL));
    compare_output(program, 0, &output, 1e-5f);
    program_input(program, 0, 0)[0] = 9; // no row of the table
    ck_assert_int_eq(program_run_group(&context, program, 0), ERR_NUMERIC);
    program_free(program);
    tensor_release(&input);
    tensor_release(&output);
    graph_free(graph);
}
END_TEST

START_TEST(lowered_program_equals_the_reference)
{
    for (enum isa isa = ISA_GENERIC; isa < ISA_COUNT; isa++)
        if (kernels_select(isa))
            run_and_compare(graphs[_i], isa);
}
END_TEST

// One group of 16, trained for one step with dy = random: the gradients of all parameters.
static struct program *train_once(const struct graph *graph, bool no_lowering)
{
    struct program_options options = {.is_training = true, .no_lowering = no_lowering, .groups = 1};
    struct tensor input = random_input(graph, N16_LANES);
    struct random random = random_stream(3, 4, 5);
    struct program *program;
    size_t size;

    ck_ok(program_new(&context, graph, &options, &program));
    fill(program, 0, &input);
    ck_ok(program_forward(&context, program));
    size = program_output_size(program, 0) * N16_LANES;
    for (size_t i = 0; i < size; i++)
        program_output_grad(program, 0)[i] = (float)random_normal(&random);
    ck_ok(program_backward(&context, program));
    tensor_release(&input);
    return program;
}

// The operators' own backward is checked by finite differences in tests/test_ops.c.
START_TEST(lowered_gradients_equal_the_operators_own)
{
    struct graph *graph = parse(graphs[_i]);
    struct program *lowered = train_once(graph, false), *plain = train_once(graph, true);

    ck_assert_int_eq(program_parameter_count(lowered), program_parameter_count(plain));
    for (int i = 0; i < program_parameter_count(lowered); i++) {
        const struct parameter *a = program_parameter(lowered, i), *b = program_parameter(plain, i);
        double largest = 0;
        for (size_t k = 0; k < a->count; k++)
            largest = fmax(largest, fabs((double)b->grad[k]));
        for (size_t k = 0; k < a->count; k++) // float32 sums of up to 16 * 63 terms in other orders
            ck_assert_msg(fabs((double)(a->grad[k] - b->grad[k])) <= 1e-4 * largest + 1e-6,
                          "%s[%zu]: %g instead of %g", a->name, k, (double)a->grad[k],
                          (double)b->grad[k]);
    }
    program_free(lowered);
    program_free(plain);
    graph_free(graph);
}
END_TEST

// Two convolutions, a residual sum, a pool, a mean and a matrix between Q and DQ nodes.
static const char quantised[] =
    "x:f32[n,2,6,6]  sx:f32[] init=[0.03]  zx:u8[] init=[120]  "
    "xq = QuantizeLinear(x, sx, zx)  xd = DequantizeLinear(xq, sx, zx)  "
    "w:i8[4,2,3,3] init=uniform(-127,127)  sw:f32[4] init=[0.01,0.02,0.015,0.005]  "
    "zw:i8[4] init=[0,0,0,0]  wd = DequantizeLinear(w, sw, zw) axis=0  "
    "b:i32[4] init=[100,-2000,300,0]  sb:f32[4] init=[0.0003,0.0006,0.00045,0.00015]  "
    "zb:i32[4] init=[0,0,0,0]  bd = DequantizeLinear(b, sb, zb) axis=0  "
    "c = Conv(xd, wd, bd) pads=1,1,1,1  r = Relu(c)  "
    "sr:f32[] init=[0.05]  zr:u8[] init=[0]  rq = QuantizeLinear(r, sr, zr)  "
    "rd = DequantizeLinear(rq, sr, zr)  "
    "p = MaxPool(rd) kernel_shape=2,2 strides=2,2  pq = QuantizeLinear(p, sr, zr)  "
    "pd = DequantizeLinear(pq, sr, zr)  a = Add(pd, pd)  sa:f32[] init=[0.11]  za:u8[] init=[3]  "
    "aq = QuantizeLinear(a, sa, za)  ad = DequantizeLinear(aq, sa, za)  "
    "g = GlobalAveragePool(ad)  sg:f32[] init=[0.09]  gq = QuantizeLinear(g, sg, za)  "
    "gd = DequantizeLinear(gq, sg, za)  f = Flatten(gd)  "
    "m:i8[3,4] init=uniform(-127,127)  sm:f32[3] init=[0.01,0.02,0.03]  zm:i8[3] init=[0,0,0]  "
    "md = DequantizeLinear(m, sm, zm) axis=0  y = Gemm(f, md) transB=1  output y";

// Rows of tokens: products on int8 with bias, GELU, a rounded sum, one read through a view.
static const char quantised_rows[] =
    "x:f32[n,5,12]  xs:f32[] init=[0.03]  xz:u8[] init=[120]  q = QuantizeLinear(x, xs, xz)  "
    "d = DequantizeLinear(q, xs, xz)  w:i8[12,12] init=uniform(-127,127)  "
    "ws:f32[12] init=uniform(0.002,0.004)  v = DequantizeLinear(w, ws) axis=1  y = MatMul(d, v)  "
    "b:f32[12] init=uniform(-1,1)  z = Add(y, b)  zs:f32[] init=[0.05]  zz:i8[] init=[-3]  "
    "p = QuantizeLinear(z, zs, zz)  o = DequantizeLinear(p, zs, zz)  a = Add(d, o)  "
    "as:f32[] init=[0.06]  az:i8[] init=[4]  c = QuantizeLinear(a, as, az)  "
    "e = DequantizeLinear(c, as, az)  s:i64[3] init=[0,15,4]  r = Reshape(e, s)  "
    "u:i8[4,9] init=uniform(-127,127)  us:f32[] init=[0.004]  t = DequantizeLinear(u, us)  "
    "m = MatMul(r, t)  g = Gelu(m)  output g";

START_TEST(integers_equal_the_simulated_quantisation)
{
    struct graph *graph = parse(_i ? quantised_rows : quantised);
    struct program_options options = {.is_integer = true, .groups = 2};
    struct tensor input = random_input(graph, SAMPLES), output;
    struct program *program;

    ck_ok(program_new(&context, graph, &options, &program));
    ck_assert(program_is_integer(program));
    ck_ok(reference_run(&context, graph, &input, &output, NULL));
    for (int group = 0; group < 2; group++) {
        fill(program, group, &input);
        ck_ok(program_run_group(&context, program, group));
        // One step of a grid may flip where the float sum lies on a half: 0.09 * 1.27 * 4 at most.
        compare_output(program, group, &output, 0.12f);
    }
    program_free(program);
    tensor_release(&input);
    tensor_release(&output);
    graph_free(graph);
}
END_TEST

START_TEST(results_do_not_depend_on_threads)
{
    struct graph *graph = parse(graphs[3]);
    struct program_options options = {.is_training = true, .groups = 4};
    struct tensor input = random_input(graph, 4 * N16_LANES);
    float *first = NULL;

    for (int threads = 1; threads <= 3; threads += 2) {
        struct program *program;
        context.threads = threads;
        ck_ok(program_new(&context, graph, &options, &program));
        for (int group = 0; group < 4; group++)
            fill(program, group, &input);
        ck_ok(program_forward(&context, program));
        for (int group = 0; group < 4; group++)
            memcpy(program_output_grad(program, group), program_output(program, group, 0),
                   program_output_size(program, 0) * N16_LANES * sizeof(float));
        ck_ok(program_backward(&context, program));
        struct parameter *w = program_parameter(program, 0);
        if (!first) {
            first = malloc(w->count * sizeof *first);
            memcpy(first, w->grad, w->count * sizeof *first);
        } else {
            ck_assert_mem_eq(first, w->grad, w->count * sizeof *first);
        }
        program_free(program);
    }
    free(first);
    tensor_release(&input);
    graph_free(graph);
}
END_TEST

// ---- what must not be run side by side ----------------------------------------------------------

static const char *const mixing[] = {
    "x:f32[n,4]  y = Softmax(x) axis=0",
    "x:f32[n,4]  m = ReduceMean(x) axes=0 keepdims=1  y = Sub(x, m)",
    "x:f32[n,4]  t = Transpose(x) perm=1,0  g = MatMul(x, t)  y = MatMul(g, x)",
};

START_TEST(samples_that_see_each_other_are_refused)
{
    struct graph *graph = parse(mixing[_i]);
    struct program_options options = {.groups = 1};
    struct program *program;

    ck_assert_int_eq(program_new(&context, graph, &options, &program), ERR_UNSUPPORTED);
    graph_free(graph);
}
END_TEST

START_TEST(weights_that_are_no_numbers_are_refused_by_name)
{
    struct graph *graph = parse("x:f32[n,2]  w:f32[2,1] init=[1,nan]  fc: y = MatMul(x, w)");
    struct program_options options = {.groups = 1};
    struct tensor input = random_input(graph, N16_LANES), output;
    struct program *program;

    ck_assert_int_eq(program_new(&context, graph, &options, &program), ERR_NUMERIC);
    ck_assert_ptr_nonnull(strstr(context.error, "node 'fc' (MatMul): weight 'w'"));
    ck_assert_int_eq(reference_run(&context, graph, &input, &output, NULL), ERR_NUMERIC);
    tensor_release(&input);
    graph_free(graph);
}
END_TEST

START_TEST(an_output_that_is_not_as_declared_is_an_error)
{
    static const struct shape declared[] = {{2, {3, 3}}, {1, {6}}, {2, {-1, 4}}};

    for (size_t i = 0; i < sizeof declared / sizeof *declared + 1; i++) {
        struct graph *graph = parse("x:f32[n,2]  y = Abs(x)");
        struct tensor *output = &graph_value(graph, graph->output[0])->tensor;
        struct tensor input = random_input(graph, 3), got;
        *output = i ? (struct tensor){DT_F32, declared[i - 1], NULL, 0}
                    : (struct tensor){DT_F64, {2, {3, 2}}, NULL, 0};
        ck_assert_int_eq(reference_run(&context, graph, &input, &got, NULL), ERR_SHAPE);
        ck_assert_ptr_nonnull(strstr(context.error, "output 'y' is declared"));
        tensor_release(&input);
        graph_free(graph);
    }
}
END_TEST

START_TEST(windows_that_no_kernel_takes_run_on_the_operator)
{
    struct graph *graph =
        parse("x:f32[n,1,4,4]  y = AveragePool(x) kernel_shape=2,2147483647 auto_pad=SAME_LOWER");
    struct program_options options = {.groups = 1};
    struct program *program;

    ck_ok(program_new(&context, graph, &options, &program));
    for (size_t i = 0; i < program_input_size(program, 0) * N16_LANES; i++)
        program_input(program, 0, 0)[i] = 1;
    ck_ok(program_run_group(&context, program, 0));
    ck_assert_float_eq(program_output(program, 0, 0)[0], 1);
    program_free(program);
    graph_free(graph);
}
END_TEST

// Gradients start anew at every step, also those that a step without a backward reaches.
START_TEST(gradients_do_not_pile_up)
{
    struct graph *graph = parse(unread);
    struct program *program = train_once(graph, false);
    struct parameter *w = program_parameter(program, 0);
    float *first = malloc(w->count * sizeof *first);

    memcpy(first, w->grad, w->count * sizeof *first);
    for (int i = 0; i < 3; i++)
        ck_ok(program_backward(&context, program));
    ck_assert_mem_eq(first, w->grad, w->count * sizeof *first);
    free(first);
    program_free(program);
    graph_free(graph);
}
END_TEST

// The same layer with samples on axis 1 and on axis 0.
static const char *const samples_second =
    "x:f32[n,5,4]  v:f32[4,3] init=he  w:f32[1,6,3] init=he  r:f32[1,6,2] init=he  "
    "a = MatMul(x, v)  t = Transpose(a) perm=1,0,2  s = GRU(t, w, r) hidden_size=2 "
    "linear_before_reset=1  "
    "y = Transpose(s) perm=2,0,1,3  output y";
static const char *const samples_first =
    "x:f32[n,5,4]  v:f32[4,3] init=he  w:f32[1,6,3] init=he  r:f32[1,6,2] init=he  "
    "a = MatMul(x, v)  y = GRU(a, w, r) hidden_size=2 layout=1 linear_before_reset=1  output y";

START_TEST(gradients_pass_where_samples_are_not_on_axis_0)
{
    struct graph *second = parse(samples_second), *first = parse(samples_first);
    struct program *a = train_once(second, false), *b = train_once(first, false);

    ck_assert_int_eq(program_parameter_count(a), 3);
    for (int i = 0; i < 3; i++) {
        const struct parameter *p = program_parameter(a, i), *q = program_parameter(b, i);
        double sum = 0;
        for (size_t k = 0; k < p->count; k++) {
            sum += fabs((double)q->grad[k]);
            ck_assert_msg(fabsf(p->grad[k] - q->grad[k]) <= 1e-5f, "%s[%zu]: %g instead of %g",
                          p->name, k, (double)p->grad[k], (double)q->grad[k]);
        }
        ck_assert_msg(sum > 0.1, "%s has no gradient", p->name);
    }
    program_free(a);
    program_free(b);
    graph_free(second);
    graph_free(first);
}
END_TEST

Suite *exec_suite(void);
Suite *exec_suite(void)
{
    Suite *suite = suite_create("exec");
    TCase *tcase = tcase_create("program");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, tokens_run_in_lanes);
    tcase_add_loop_test(tcase, lowered_program_equals_the_reference, 0, GRAPHS);
    tcase_add_loop_test(tcase, lowered_gradients_equal_the_operators_own, 0, GRAPHS);
    tcase_add_loop_test(tcase, integers_equal_the_simulated_quantisation, 0, 2);
    tcase_add_loop_test(tcase, samples_that_see_each_other_are_refused, 0,
                        (int)(sizeof mixing / sizeof *mixing));
    tcase_add_test(tcase, an_output_that_is_not_as_declared_is_an_error);
    tcase_add_test(tcase, windows_that_no_kernel_takes_run_on_the_operator);
    tcase_add_test(tcase, weights_that_are_no_numbers_are_refused_by_name);
    tcase_add_test(tcase, gradients_do_not_pile_up);
    tcase_add_test(tcase, gradients_pass_where_samples_are_not_on_axis_0);
    tcase_add_test(tcase, results_do_not_depend_on_threads);
    suite_add_tcase(suite, tcase);
    return suite;
}
