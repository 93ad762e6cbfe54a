// One graph, three ways to run it: by the reference executor, lowered on floats, lowered on
// integers. Models of testdata, and networks that are quantised here.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "exec/program.h"
#include "exec/reference.h"
#include "io/model.h"
#include "quantize/methods.h"
#include "tests/support/fixture.h"

Suite *three_ways_suite(void);

static struct context context;

static void setup(void)
{
    context_init(&context);
}

// ---- models -------------------------------------------------------------------------------------

struct model {
    const char *path; // or a text to be quantised, with the shape of its input
    const char *text, *shape;
};

static const struct model models[] = {
    {"testdata/fashion_teacher.onnx", NULL, NULL},
    {"testdata/fashion_student.onnx", NULL, NULL},
    {"testdata/models/opset_07.onnx", NULL, NULL},
    {"testdata/models/opset_11.onnx", NULL, NULL},
    {"testdata/models/opset_13.onnx", NULL, NULL},
    {"testdata/models/opset_17.onnx", NULL, NULL},
    {"testdata/models/opset_20.onnx", NULL, NULL},
    {"testdata/models/functions.onnx", NULL, NULL},
    {"testdata/models/external.onnx", NULL, NULL},
    {"testdata/models/qdq.onnx", NULL, NULL},
    {"testdata/models/groups_18.onnx", NULL, NULL},
    {"testdata/models/resized_10.onnx", NULL, NULL},
    // sums that convolutions swallow on either side, a value with two readers, a mean
    {NULL,
     "x:f32[n,3,9,7]  w:f32[8,3,3,3] init=he  b:f32[8] init=uniform(-1,1)  "
     "c = Conv(x, w, b) pads=1,1,1,1 strides=2,2  r = Relu(c)  v:f32[8,8,3,3] init=he  "
     "d = Conv(r, v) pads=1,1,1,1  s = Add(d, r)  t = Relu(s)  u:f32[12,8,1,1] init=he  "
     "e = Conv(t, u)  q:f32[12,8,3,3] init=he  f = Conv(t, q) pads=1,1,1,1  g = Add(e, f)  "
     "m = GlobalAveragePool(g)  k = Flatten(m)  z:f32[5,12] init=he  y = Gemm(k, z) transB=1  "
     "output y",
     "3x9x7"},
    // depthwise and grouped, dilated, uneven channels, a pool, a matrix over many pixels
    {NULL,
     "x:f32[n,6,10,10]  w:f32[6,1,3,3] init=he  c = Conv(x, w) group=6 pads=1,1,1,1 strides=2,2  "
     "lo:f32[] init=[0]  hi:f32[] init=[6]  k = Clip(c, lo, hi)  v:f32[10,3,3,3] init=he  "
     "d = Conv(k, v) group=2 pads=2,2,2,2 dilations=2,2  r = Relu(d)  "
     "p = MaxPool(r) kernel_shape=3,3 strides=2,2 pads=1,1,1,1  f = Flatten(p)  "
     "m:f32[90,7] init=he  y = MatMul(f, m)  output y",
     "6x10x10"},
    // joined channels, aligned and not
    {NULL,
     "x:f32[n,4,6,6]  w:f32[3,4,3,3] init=he  c = Conv(x, w) pads=1,1,1,1  r = Relu(c)  "
     "v:f32[8,4,1,1] init=he  d = Conv(x, v)  j = Concat(d, r, d) axis=1  k = Concat(j, c) axis=1  "
     "u:f32[5,22,3,3] init=he  e = Conv(k, u)  o = Relu(e)  g = GlobalAveragePool(o)  output g",
     "4x6x6"},
    // batch norm that stands apart, behind a pool and behind a value that others read
    {NULL,
     "x:f32[n,3,8,8]  w:f32[6,3,3,3] init=he  c = Conv(x, w) pads=1,1,1,1  "
     "p = MaxPool(c) kernel_shape=2,2 strides=2,2  g:f32[6] init=uniform(-1,2)  "
     "b:f32[6] init=uniform(-1,1)  m:f32[6] init=uniform(-1,1)  v:f32[6] init=uniform(0.5,2)  "
     "h = BatchNormalization(p, g, b, m, v)  r = Relu(h)  q:f32[6,6,3,3] init=he  "
     "d = Conv(r, q) pads=1,1,1,1  e = Relu(d)  s = Add(e, r)  "
     "k = BatchNormalization(s, b, g, m, v)  u:f32[3,6,1,1] init=he  y = Conv(k, u)  output y",
     "3x8x8"},
    // a float operator in the middle, a value that integers and floats read
    {NULL,
     "x:f32[n,4,6,6]  w:f32[8,4,3,3] init=he  c = Conv(x, w)  s = Sigmoid(c)  "
     "v:f32[8,8,1,1] init=he  d = Conv(s, v)  e = Softmax(d) axis=1  u:f32[3,8,1,1] init=he  "
     "y = Conv(d, u)  output y, e",
     "4x6x6"},
};
enum { MODELS = sizeof models / sizeof *models };

static struct graph *read_model(const struct model *model)
{
    static const char *const words[] = {"range=minmax", "bits=8/8", NULL};
    struct dataset *data;
    struct graph *graph;
    char spec[96];

    if (model->path) {
        ck_ok(model_read(&context, model->path, NULL, &graph, NULL));
        return graph;
    }
    graph = fixture_graph(&context, model->text);
    snprintf(spec, sizeof spec, "synthetic:classes=2,samples=64,shape=%s,type=f32", model->shape);
    data = fixture_data(&context, spec);
    ck_ok(fixture_run(&context, &quantize_int8, words, data, &graph));
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &graph));
    dataset_free(data);
    return graph;
}

// ---- running ------------------------------------------------------------------------------------

struct run {
    struct graph *graph;
    struct tensor *input, *output; // of the reference executor, a batch of 16
    struct tensor *seen;           // every value
};

static enum status see(void *self, struct context *at, struct value_id id,
                       const struct tensor *value)
{
    struct run *run = self;

    (void)at;
    tensor_share(&run->seen[id.at], value);
    return OK;
}

static void run_reference(struct run *run)
{
    const struct graph *graph = run->graph;
    struct observer observer = {see, run};
    struct random random = random_stream(11, 0, 0);

    run->input = must_alloc((graph->input_count + 1) * sizeof *run->input);
    run->output = must_alloc((graph->output_count + 1) * sizeof *run->output);
    run->seen = must_alloc((graph->value_count + 1) * sizeof *run->seen);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        struct shape *declared = &run->graph->value[graph->input[i].at].tensor.shape, shape;
        declared->dim[0] = -1; // files that fix the batch mean one of any size
        shape = *declared;
        shape.dim[0] = N16_LANES;
        ck_ok(tensor_alloc(&context, &run->input[i], DT_F32, &shape));
        for (int64_t k = 0; k < tensor_count(&run->input[i]); k++)
            tensor_set(&run->input[i], k, random_unit(&random) * 2 - 1);
    }
    ck_ok(reference_run(&context, graph, run->input, run->output, &observer));
}

static void run_free(struct run *run)
{
    for (uint32_t i = 0; i < run->graph->input_count; i++)
        tensor_release(&run->input[i]);
    for (uint32_t i = 0; i < run->graph->output_count; i++)
        tensor_release(&run->output[i]);
    for (uint32_t i = 0; i < run->graph->value_count; i++)
        tensor_release(&run->seen[i]);
    free(run->input);
    free(run->output);
    free(run->seen);
    graph_free(run->graph);
}

// Makes and runs a program on the same input.
static struct program *run_lowered(const struct run *run, bool is_integer, bool keeps_values)
{
    struct program_options options = {
        .is_integer = is_integer, .keeps_values = keeps_values, .groups = 1};
    struct program *program;

    ck_ok(program_new(&context, run->graph, &options, &program));
    for (uint32_t i = 0; i < run->graph->input_count; i++) {
        size_t size = program_input_size(program, i);
        const float *sample[N16_LANES];
        float *to = program_input(program, 0, i);
        for (size_t lane = 0; lane < N16_LANES; lane++)
            sample[lane] = tensor_f32(&run->input[i]) + lane * size;
        if (keeps_values) // either way in
            for (size_t k = 0; k < size * N16_LANES; k++)
                to[k] = sample[k % N16_LANES][k / N16_LANES];
        else
            program_give(program, 0, i, sample);
    }
    ck_ok(program_run_group(&context, program, 0));
    return program;
}

static bool has_step(const struct program *program, const char *algorithm)
{
    for (int i = 0; i < program_step_count(program); i++)
        if (strstr(program_step(program, i).algorithm, algorithm))
            return true;
    return false;
}

// Compares output i with the reference executor's: the largest distance over the largest number.
static double distance(const struct run *run, const struct program *program, uint32_t i)
{
    size_t size = program_output_size(program, i);
    const float *got = program_output(program, 0, i);
    double most = 1e-9, off = 0;

    for (size_t k = 0; k < size * N16_LANES; k++) {
        double want = tensor_get(&run->output[i], (int64_t)(k % N16_LANES * size + k / N16_LANES));
        most = fmax(most, fabs(want));
        off = fmax(off, fabs(want - (double)got[k]));
    }
    return off / most;
}

static bool has_quantised_values(const struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (node_is(&graph->node[n], "QuantizeLinear"))
            return true;
    return false;
}

// Steps of the grid between a kept value and the reference executor's; *count: how many differ.
static int64_t steps_off(const struct run *run, const struct program *program, uint32_t id,
                         size_t *count)
{
    size_t size = program_value_size(program, (struct value_id){id});
    int32_t *q = must_alloc((size * N16_LANES + 1) * sizeof *q);
    int64_t most = 0;

    if (program_integers(program, 0, (struct value_id){id}, q))
        for (size_t k = 0; k < size * N16_LANES; k++) {
            int64_t want =
                tensor_get_int(&run->seen[id], (int64_t)(k % N16_LANES * size + k / N16_LANES));
            int64_t off = llabs(want - q[k]);
            most = off > most ? off : most;
            *count += off > 0;
        }
    free(q);
    return most;
}

START_TEST(lowered_floats_are_the_reference_executors)
{
    struct run run = {.graph = read_model(&models[_i])};
    struct program *program;
    double bound;

    run_reference(&run);
    program = run_lowered(&run, false, false);
    bound = has_step(program, "winograd") ? 1e-4 : 1e-5;
    if (has_quantised_values(run.graph)) // a sum on a half may round to the other side
        bound = 0.04;
    for (uint32_t i = 0; i < run.graph->output_count; i++)
        ck_assert_double_le(distance(&run, program, i), bound);
    program_free(program);
    run_free(&run);
}
END_TEST

START_TEST(lowered_integers_are_within_a_step)
{
    struct run run = {.graph = read_model(&models[_i])};
    struct program *program, *fused;

    run_reference(&run);
    program = run_lowered(&run, true, true);
    for (uint32_t i = 0; i < run.graph->value_count && program_is_integer(program); i++) {
        size_t count = 0, size = program_value_size(program, (struct value_id){i}) * N16_LANES;
        int64_t off = 0;
        if (run.seen[i].dtype == DT_I8 || run.seen[i].dtype == DT_U8)
            off = steps_off(&run, program, i, &count);
        // One step where the reference executor's float sum lies on a half; sums behind it move.
        ck_assert_msg(off <= 2, "value %s: %lld steps", run.graph->value[i].name, (long long)off);
        ck_assert_msg(count <= size / 50, "value %s: %zu of %zu differ", run.graph->value[i].name,
                      count, size);
    }
    fused = run_lowered(&run, true, false);
    for (uint32_t i = 0; i < run.graph->output_count && program_is_integer(program); i++)
        ck_assert_mem_eq(program_output(program, 0, i), program_output(fused, 0, i),
                         program_output_size(program, i) * N16_LANES * sizeof(float));
    program_free(program);
    program_free(fused);
    run_free(&run);
}
END_TEST

Suite *three_ways_suite(void)
{
    Suite *suite = suite_create("three_ways");
    TCase *tcase = tcase_create("three_ways");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, lowered_floats_are_the_reference_executors, 0, MODELS);
    tcase_add_loop_test(tcase, lowered_integers_are_within_a_step, 0, MODELS);
    suite_add_tcase(suite, tcase);
    return suite;
}
