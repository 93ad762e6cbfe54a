// Models that carry a state from step to step: evaluated over samples, and run over steps. The
// graph is a running sum, whose answers are written out here.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/run_steps.h"
#include "eval/evaluate.h"
#include "io/npy.h"
#include "tests/support/fixture.h"

Suite *streaming_suite(void);

enum { STEPS = 7 };

// y = x + s, and s is the y before.
static const char sum[] = "x:f32[n,2]  s:f32[1,2]  y = Add(x, s)  output y";
static const char *const link_text[] = {"s=y"};

static struct context context;
static struct arena *arena;
static struct graph *graph;
static struct dataset *data;
static char path[] = "/tmp/ecai-steps-XXXXXX";

// Sample i is {i + 1, 10}.
static void begin(void)
{
    struct tensor tensor;
    char spec[64];
    int file;

    context_init(&context);
    arena = arena_new();
    graph = NULL;
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    ck_ok(tensor_alloc(&context, &tensor, DT_F32, &SHAPE(STEPS, 2)));
    for (int i = 0; i < STEPS; i++) {
        tensor_set(&tensor, 2 * i, i + 1);
        tensor_set(&tensor, 2 * i + 1, 10);
    }
    ck_ok(npy_write(&context, path, &(struct output_options){0}, &tensor));
    tensor_release(&tensor);
    snprintf(spec, sizeof spec, "npy:%s", path);
    data = fixture_data(&context, spec);
}

static void end(void)
{
    unlink(path);
    dataset_free(data);
    graph_free(graph);
    arena_free(arena);
}

static void assert_fails(enum status got, enum status wanted, const char *text)
{
    ck_assert_int_eq(got, wanted);
    ck_assert_msg(strstr(context.error, text), "'%s' does not hold '%s'", context.error, text);
}

static enum status run(const char *text, const char *const *links, int64_t reset,
                       struct evaluation *out)
{
    const struct evaluate_options options = {
        .isa = ISA_GENERIC, .state = {1, links}, .state_reset = reset};

    graph_free(graph);
    graph = fixture_graph(&context, text);
    return evaluate(&context, graph, data, NULL, &options, out);
}

// ---- evaluating ---------------------------------------------------------------------------------

START_TEST(each_step_sees_the_state_of_the_one_before)
{
    struct evaluation got;
    float expected = 0;

    ck_ok(run(sum, link_text, 0, &got));
    for (int i = 0; i < STEPS; i++) {
        expected += (float)(i + 1);
        ck_assert_float_eq(got.outputs.value[2 * i], expected);
        ck_assert_float_eq(got.outputs.value[2 * i + 1], 10 * (float)(i + 1));
    }
    outputs_clear(&got.outputs);
}
END_TEST

// Sequences of three: 1 3 6 | 4 9 15 | 7.
START_TEST(a_new_sequence_begins_with_zeros)
{
    static const float expected[STEPS] = {1, 3, 6, 4, 9, 15, 7};
    struct evaluation got;

    for (context.threads = 1; context.threads < 5; context.threads++) {
        ck_ok(run(sum, link_text, 3, &got));
        for (int i = 0; i < STEPS; i++)
            ck_assert_float_eq(got.outputs.value[2 * i], expected[i]);
        outputs_clear(&got.outputs);
    }
}
END_TEST

START_TEST(a_reset_beyond_the_end_changes_nothing)
{
    struct evaluation got;

    ck_ok(run(sum, link_text, 1000, &got));
    ck_assert_float_eq(got.outputs.value[2 * (STEPS - 1)], 28);
    outputs_clear(&got.outputs);
}
END_TEST

// What --set says reaches the reference executor, too.
START_TEST(inputs_that_are_set_hold_their_value)
{
    static const char *const set[] = {"k=3"};
    const struct evaluate_options options = {
        .isa = ISA_GENERIC, .state = {1, link_text}, .state_reset = 1, .infer = {.set = {1, set}}};
    struct evaluation got;

    graph = fixture_graph(&context, "x:f32[n,2]  s:f32[1,2]  k:f32[]  a = Mul(x, k)  "
                                    "y = Add(a, s)  output y");
    ck_ok(evaluate(&context, graph, data, NULL, &options, &got));
    ck_assert_float_eq(got.outputs.value[2], 6);
    outputs_clear(&got.outputs);
}
END_TEST

START_TEST(links_that_make_no_sense_are_refused)
{
    static const struct {
        const char *graph, *link;
        const char *message;
    } cases[] = {
        {sum, "s", "wants INPUT=OUTPUT"},
        {sum, "q=y", "model has no such input"},
        {sum, "s=q", "model has no output 'q'"},
        {"x:f32[n,2]  s:i64[1,2]  y = Relu(x)  output y", "s=y", "state 's' is i64 1x2"},
        {"x:f32[n,2]  s:f32[k,2]  y = Concat(s, x) axis=0  output y", "s=y",
         "state 's' is f32 1x2, but output 'y' made f32 2x2"},
        {"x:f32[4,2]  s:f32[4,2]  y = Add(x, s)  output y", "s=y",
         "one step at a time, but the model's batch is 4"},
    };
    struct evaluation got;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const links[] = {cases[i].link};
        enum status status = run(cases[i].graph, links, 0, &got);
        ck_assert_int_ne(status, OK);
        ck_assert_msg(strstr(context.error, cases[i].message) != NULL, "%s", context.error);
    }
}
END_TEST

// ---- running ------------------------------------------------------------------------------------

static enum status run_steps(int64_t reset, struct tensor *input, struct tensor *output)
{
    const struct strings text = {1, link_text};
    const bool is_stepped[] = {true, false};
    struct state_link *links;
    struct steps steps;

    graph_free(graph);
    graph = fixture_graph(&context, "x:f32[2]  s:f32[2]  y = Add(x, s)  output y");
    ck_ok(state_links(&context, graph, &text, arena, &links));
    steps = (struct steps){graph, links, 1, reset, {0}, is_stepped};
    return steps_run(&context, &steps, input, output);
}

START_TEST(outputs_have_the_steps_in_front)
{
    static const float expected[STEPS] = {1, 3, 3, 7, 5, 11, 7};
    struct tensor input[2] = {{0}, {0}}, output = {0};

    ck_ok(npy_read(&context, path, &input[0]));
    ck_ok(run_steps(2, input, &output));
    ck_assert(shape_equal(&output.shape, &SHAPE(STEPS, 2)));
    for (int i = 0; i < STEPS; i++)
        ck_assert_float_eq(tensor_f32(&output)[2 * i], expected[i]);
    tensor_release(&input[0]);
    tensor_release(&output);
}
END_TEST

START_TEST(a_first_state_can_be_given)
{
    struct tensor input[2] = {{0}, {0}}, output = {0};

    ck_ok(npy_read(&context, path, &input[0]));
    ck_ok(tensor_alloc(&context, &input[1], DT_F32, &SHAPE(2)));
    tensor_set(&input[1], 0, 100);
    ck_ok(run_steps(0, input, &output));
    ck_assert_float_eq(tensor_f32(&output)[2 * (STEPS - 1)], 128);
    tensor_release(&input[0]);
    tensor_release(&input[1]);
    tensor_release(&output);
}
END_TEST

START_TEST(a_run_without_steps_is_refused)
{
    struct tensor input[2] = {{0}, {0}}, output = {0};

    assert_fails(run_steps(0, input, &output), ERR_USAGE, "no input has any steps");
}
END_TEST

Suite *streaming_suite(void)
{
    Suite *suite = suite_create("streaming");
    TCase *evaluating = tcase_create("evaluating"), *running = tcase_create("running");

    tcase_add_checked_fixture(evaluating, begin, end);
    tcase_add_test(evaluating, each_step_sees_the_state_of_the_one_before);
    tcase_add_test(evaluating, a_new_sequence_begins_with_zeros);
    tcase_add_test(evaluating, a_reset_beyond_the_end_changes_nothing);
    tcase_add_test(evaluating, inputs_that_are_set_hold_their_value);
    tcase_add_test(evaluating, links_that_make_no_sense_are_refused);
    suite_add_tcase(suite, evaluating);
    tcase_add_checked_fixture(running, begin, end);
    tcase_add_test(running, outputs_have_the_steps_in_front);
    tcase_add_test(running, a_first_state_can_be_given);
    tcase_add_test(running, a_run_without_steps_is_refused);
    suite_add_tcase(suite, running);
    return suite;
}
