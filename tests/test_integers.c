// Joining channels on exact integers: against the arithmetic of QuantizeLinear and DequantizeLinear
// as ONNX defines it, written out here, and against the reference executor.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "exec/program.h"
#include "exec/reference.h"
#include "tests/support/fixture.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
    context.threads = 2;
}

enum { PIXELS = 6, PARTS = 4 };

// Scales are powers of two: every product is exact, so that halves are met often and exactly.
struct grid {
    int channels; // 0: no such part
    double scale;
    int zero_point;
    const char *type; // u8 or i8
};
static const struct {
    struct grid part[PARTS], whole;
    bool has_relu; // between Concat and the whole's grid
} joins[] = {
    {{{4, 0.0625, 120, "u8"}, {4, 0.03125, 7, "u8"}}, {8, 0.0625, 100, "u8"}, false},
    {{{3, 0.0625, 0, "i8"}, {5, 0.03125, -9, "i8"}}, {8, 0.125, 4, "i8"}, false},
    {{{1, 0.125, 3, "u8"}, {2, 0.0625, -3, "i8"}, {6, 0.25, 0, "u8"}, {3, 0.03125, 90, "u8"}},
     {12, 0.0625, 30, "u8"},
     false},
    {{{5, 0.0625, 100, "u8"}, {4, 0.0625, 100, "u8"}, {2, 0.5, 128, "u8"}},
     {11, 0.0625, 100, "u8"},
     false},
    {{{7, 0.03125, 0, "i8"}, {1, 0.5, 0, "i8"}}, {8, 0.015625, 0, "i8"}, false}, // much is clamped
    {{{6, 0.0625, 120, "u8"}, {3, 0.03125, 7, "u8"}}, {9, 0.03125, 0, "u8"}, true},
};
enum { JOINS = sizeof joins / sizeof *joins };

static void add_grid(struct text *text, const char *name, const struct grid *grid)
{
    text_format(text, "s%s:f32[] init=[%g]  z%s:%s[] init=[%d]  ", name, grid->scale, name,
                grid->type, grid->zero_point);
}

static struct graph *join_graph(int which)
{
    struct text text;
    struct graph *graph;

    text_init(&text);
    for (int i = 0; i < PARTS && joins[which].part[i].channels; i++) {
        char name[2] = {(char)('a' + i), '\0'};

        text_format(&text, "x%s:f32[n,%d,2,3]  ", name, joins[which].part[i].channels);
        add_grid(&text, name, &joins[which].part[i]);
        text_format(&text, "q%s = QuantizeLinear(x%s, s%s, z%s)  ", name, name, name, name);
        text_format(&text, "d%s = DequantizeLinear(q%s, s%s, z%s)  ", name, name, name, name);
    }
    text_add(&text, "c = Concat(da, db");
    for (int i = 2; i < PARTS && joins[which].part[i].channels; i++)
        text_format(&text, ", d%c", 'a' + i);
    text_format(&text, ") axis=1  %s", joins[which].has_relu ? "r = Relu(c)  " : "");
    add_grid(&text, "", &joins[which].whole);
    text_format(&text, "q = QuantizeLinear(%s, s, z)  y = DequantizeLinear(q, s, z)  output y",
                joins[which].has_relu ? "r" : "c");
    graph = fixture_graph(&context, text.at);
    text_clear(&text);
    return graph;
}

static double on_grid(const struct grid *grid, double x)
{
    bool is_signed = grid->type[0] == 'i';
    double q = rint(x / grid->scale) + grid->zero_point;

    q = fmin(fmax(q, is_signed ? -128 : 0), is_signed ? 127 : 255);
    return (q - grid->zero_point) * grid->scale;
}

static void fill(struct program *program, const struct tensor *input, uint32_t i)
{
    size_t size = program_input_size(program, i);

    for (size_t k = 0; k < size * N16_LANES; k++)
        program_input(program, 0, i)[k] = tensor_f32(input)[k % N16_LANES * size + k / N16_LANES];
}

static bool joins_on_integers(const struct program *program)
{
    for (int i = 0; i < program_step_count(program); i++)
        if (node_is(program_step(program, i).node, "Concat"))
            return program_step(program, i).is_integer;
    return false;
}

// Sixteenths between -16 and 16, so that both sides of every grid are met.
static void draw(struct context *at, const struct graph *graph, uint32_t i, struct tensor *out)
{
    struct shape shape = graph_value(graph, graph->input[i])->tensor.shape;
    struct random random = random_stream(3, i, 0);

    shape.dim[0] = N16_LANES;
    ck_assert_int_eq(tensor_alloc(at, out, DT_F32, &shape), OK);
    for (int64_t k = 0; k < tensor_count(out); k++)
        tensor_set(out, k, rint((random_unit(&random) * 2 - 1) * 256) / 16);
}

static void check(const struct program *program, const struct tensor *input, int which)
{
    const float *got = program_output(program, 0, 0);

    for (int i = 0; i < PARTS && joins[which].part[i].channels; i++) {
        const struct grid *part = &joins[which].part[i];

        for (int p = 0; p < part->channels * PIXELS; p++)
            for (int lane = 0; lane < N16_LANES; lane++, got++) {
                int64_t from = (int64_t)lane * part->channels * PIXELS + p;
                double x = on_grid(part, tensor_get(&input[i], from));

                if (joins[which].has_relu)
                    x = fmax(x, 0);
                ck_assert_msg((double)*got == on_grid(&joins[which].whole, x),
                              "part %d, element %d: %g from %g", i, p, (double)*got, x);
            }
    }
}

START_TEST(joined_channels_are_those_of_onnx_to_the_bit)
{
    struct graph *graph = join_graph(_i);
    struct program_options options = {.is_integer = true, .groups = 1};
    struct tensor input[PARTS], output;
    struct program *program;

    ck_ok(program_new(&context, graph, &options, &program));
    ck_assert(joins_on_integers(program));
    for (uint32_t i = 0; i < graph->input_count; i++) {
        draw(&context, graph, i, &input[i]);
        fill(program, &input[i], i);
    }
    ck_ok(program_run_group(&context, program, 0));
    check(program, input, _i);
    ck_ok(reference_run(&context, graph, input, &output, NULL));
    for (size_t k = 0; k < program_output_size(program, 0) * N16_LANES; k++)
        ck_assert_float_eq(
            program_output(program, 0, 0)[k],
            tensor_f32(&output)[k % N16_LANES * program_output_size(program, 0) + k / N16_LANES]);
    for (uint32_t i = 0; i < graph->input_count; i++)
        tensor_release(&input[i]);
    tensor_release(&output);
    program_free(program);
    graph_free(graph);
}
END_TEST

// Where the whole has no grid, or pixels are joined and not channels, floats are.
static const char *const floats[] = {
    "y = Concat(da, db) axis=1  output y",
    "c = Concat(da, db) axis=2  q = QuantizeLinear(c, s, z)  y = DequantizeLinear(q, s, z)  "
    "output y",
    "c = Concat(da, xb) axis=1  q = QuantizeLinear(c, s, z)  y = DequantizeLinear(q, s, z)  "
    "output y",
};

START_TEST(what_has_no_grids_throughout_is_joined_as_floats)
{
    struct program_options options = {.is_integer = true, .groups = 1};
    struct program *program;
    struct graph *graph;
    struct text text;

    text_init(&text);
    text_add(&text, "s:f32[] init=[0.5]  z:u8[] init=[9]  xa:f32[n,4,2,3]  xb:f32[n,4,2,3]  "
                    "qa = QuantizeLinear(xa, s, z)  da = DequantizeLinear(qa, s, z)  "
                    "qb = QuantizeLinear(xb, s, z)  db = DequantizeLinear(qb, s, z)  ");
    text_add(&text, floats[_i]);
    graph = fixture_graph(&context, text.at);
    ck_ok(program_new(&context, graph, &options, &program));
    ck_assert(!joins_on_integers(program));
    program_free(program);
    graph_free(graph);
    text_clear(&text);
}
END_TEST

Suite *integers_suite(void);
Suite *integers_suite(void)
{
    Suite *suite = suite_create("integers");
    TCase *tcase = tcase_create("join");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, joined_channels_are_those_of_onnx_to_the_bit, 0, JOINS);
    tcase_add_loop_test(tcase, what_has_no_grids_throughout_is_joined_as_floats, 0,
                        (int)(sizeof floats / sizeof *floats));
    suite_add_tcase(suite, tcase);
    return suite;
}
