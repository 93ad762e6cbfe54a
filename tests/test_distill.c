// Distillation: deriving a student, the course with pruning and fake quantisation, resuming.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "distill/recipe.h"
#include "exec/infer.h"
#include "exec/program.h"
#include "prune/methods.h"
#include "tests/support/fixture.h"

static struct context context;
static const char spec[] = "synthetic:classes=4,samples=192,shape=1x8x8,type=f32";

static void setup(void)
{
    context_init(&context);
    context.threads = 2;
    context.seed = 5;
}

// ---- students -----------------------------------------------------------------------------------

START_TEST(a_student_is_narrower_and_keeps_inputs_and_outputs)
{
    struct graph *teacher = fixture_graph(&context, fixture_residual), *student;
    struct infer_options options = {.batch = 2};
    struct inference inference;

    ck_ok(student_derive(&context, teacher, 0.5, 1, &student));
    ck_ok(graph_verify(&context, student));
    ck_ok(graph_infer(&context, student, &options, &inference));
    ck_assert_int_eq(fixture_weight(student, "w1")->tensor.shape.dim[0], 8);
    ck_assert_int_eq(fixture_weight(student, "w1")->tensor.shape.dim[1], 8);
    ck_assert_int_eq(inference.of_value[student->output[0].at].shape.dim[1], 4);
    ck_assert_str_eq(graph_value(student, student->output[0])->name, "y");
    inference_clear(&inference);
    graph_free(student);
    graph_free(teacher);
}
END_TEST

static int count_op(const struct graph *graph, const char *op)
{
    int count = 0;

    for (uint32_t n = 0; n < graph->node_count; n++)
        count += node_is(&graph->node[n], op);
    return count;
}

START_TEST(a_student_of_half_the_depth_loses_a_block)
{
    struct graph *teacher = fixture_graph(&context, fixture_residual), *student;

    ck_ok(student_derive(&context, teacher, 1, 0.5, &student));
    ck_ok(graph_verify(&context, student));
    ck_assert_int_eq(count_op(student, "Add"), 1);
    ck_assert_int_eq(count_op(student, "Conv"), 2);
    graph_free(student);
    ck_ok(student_derive(&context, teacher, 1, 0, &student));
    ck_assert_int_eq(count_op(student, "Conv"), 1);
    graph_free(student);
    graph_free(teacher);
}
END_TEST

START_TEST(a_student_starts_from_the_seed)
{
    struct graph *teacher = fixture_graph(&context, fixture_residual), *student[3];
    const struct value *w[3];

    for (int i = 0; i < 3; i++) {
        context.seed = i == 2 ? 6 : 5;
        ck_ok(student_derive(&context, teacher, 0.5, 1, &student[i]));
        w[i] = fixture_weight(student[i], "w1");
    }
    ck_assert_mem_eq(tensor_data(&w[0]->tensor), tensor_data(&w[1]->tensor),
                     tensor_bytes(&w[0]->tensor));
    ck_assert_mem_ne(tensor_data(&w[0]->tensor), tensor_data(&w[2]->tensor),
                     tensor_bytes(&w[0]->tensor));
    for (int i = 0; i < 3; i++)
        graph_free(student[i]);
    graph_free(teacher);
}
END_TEST

// ---- the course ---------------------------------------------------------------------------------

static const char *const course[] = {
    "epochs=5",          "batch=32", "sparsity=0.7", "bits=8/8", "learning-rate=0.05",
    "quantize-from=0.6", "ema=0.9",  "shift=1",      NULL};

// Pruning that ends after fake quantisation began, and at the very end.
static const char *const late[] = {"epochs=4",  "batch=32",          "sparsity=0.6",
                                   "bits=8/8",  "quantize-from=0.5", "prune-end=1",
                                   "keep=0.01", "keep-ends=0.1",     NULL};

static enum status distil(const char *const *words, const char *checkpoint, struct graph **graph)
{
    struct arena *arena = arena_new();
    struct dataset *data = fixture_data(&context, spec);
    struct pass_run run = {.option = fixture_options(&context, &distill_none, words, arena),
                           .data = data,
                           .checkpoint = checkpoint};
    enum status status = pipeline_run(&context, &distill_none, run, graph);

    dataset_free(data);
    arena_free(arena);
    return status;
}

static void assert_sparsity(const struct graph *graph, double wanted)
{
    int64_t count = 0, zeros = 0;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct tensor *tensor = &graph->value[i].tensor;
        if (graph->value[i].role != VALUE_WEIGHT || tensor->shape.rank < 2)
            continue;
        ck_assert_ptr_nonnull(graph->value[i].sparsity);
        ck_assert_ptr_nonnull(graph->value[i].quant);
        count += tensor_count(tensor);
        for (int64_t k = 0; k < tensor_count(tensor); k++)
            zeros += tensor_get(tensor, k) == 0;
    }
    ck_assert_int_eq(zeros, (int64_t)floor(wanted * (double)count + 0.5));
}

START_TEST(the_course_gives_the_sparsity_asked_for_and_runs_on_integers)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct program_options options = {.is_integer = true, .groups = 1};
    struct program *program;

    ck_ok(distil(course, NULL, &graph));
    assert_sparsity(graph, 0.7);
    ck_assert_int_eq(count_op(graph, "BatchNormalization"), 0);
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &graph));
    ck_ok(program_new(&context, graph, &options, &program));
    ck_assert(program_is_integer(program));
    program_free(program);
    graph_free(graph);
}
END_TEST

START_TEST(a_student_that_was_pruned_before_stays_pruned)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct dataset *data = fixture_data(&context, spec);
    const char *const half[] = {"sparsity=0.5", NULL};
    const char *const plain[] = {"epochs=1", "batch=32", NULL};
    struct tensor before;
    const struct value *w;

    ck_ok(fixture_run(&context, &prune_magnitude, half, NULL, &graph));
    ck_ok(tensor_convert(&context, &before, &fixture_weight(graph, "w1")->tensor, DT_F32));
    ck_ok(fixture_run(&context, &distill_none, plain, data, &graph));
    w = fixture_weight(graph, "w1");
    ck_assert_ptr_nonnull(w->sparsity);
    for (int64_t i = 0; i < tensor_count(&before); i++)
        ck_assert_int_eq(tensor_get(&before, i) == 0, tensor_get(&w->tensor, i) == 0);
    tensor_release(&before);
    dataset_free(data);
    graph_free(graph);
}
END_TEST

START_TEST(pruning_may_end_with_the_course)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);

    ck_ok(distil(late, NULL, &graph));
    assert_sparsity(graph, 0.6);
    graph_free(graph);
}
END_TEST

// ---- interrupts ---------------------------------------------------------------------------------

static volatile sig_atomic_t cancelled;
static uint64_t cancel_at;

static void stop(void *self, const struct progress *now)
{
    (void)self;
    if (strcmp(now->stage, "training") == 0 && now->done >= cancel_at)
        cancelled = 1;
}

static void assert_same_weights(const struct graph *a, const struct graph *b)
{
    ck_assert_uint_eq(a->value_count, b->value_count);
    for (uint32_t i = 0; i < a->value_count; i++) {
        if (!a->value[i].tensor.buffer)
            continue;
        ck_assert_mem_eq(tensor_data(&a->value[i].tensor), tensor_data(&b->value[i].tensor),
                         tensor_bytes(&a->value[i].tensor));
    }
}

// Stops in the third (floats) or the fifth (fake quantisation) of five epochs of 6 steps.
static const uint64_t stops[] = {14, 27};

START_TEST(an_interrupted_course_goes_on_with_the_same_bytes)
{
    struct graph *whole = fixture_graph(&context, fixture_residual), *parts = graph_clone(whole);
    char checkpoint[] = "/tmp/test_distill_XXXXXX";
    int file = mkstemp(checkpoint);

    ck_assert_int_ge(file, 0);
    close(file);
    unlink(checkpoint);
    ck_ok(distil(course, NULL, &whole));
    cancelled = 0;
    cancel_at = stops[_i];
    context.cancelled = &cancelled;
    context.sink.progress = stop;
    ck_assert_int_eq(distil(course, checkpoint, &parts), ERR_CANCELLED);
    ck_assert_int_eq(access(checkpoint, R_OK), 0);
    setup();
    ck_ok(distil(course, checkpoint, &parts));
    assert_same_weights(whole, parts);
    unlink(checkpoint);
    graph_free(whole);
    graph_free(parts);
}
END_TEST

// ---- teachers -----------------------------------------------------------------------------------

START_TEST(a_teacher_of_other_classes_is_refused)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct dataset *data = fixture_data(&context, spec);
    struct arena *arena = arena_new();
    const char *const words[] = {"epochs=1", "batch=32", NULL};
    float *logits = calloc(192 * 3, sizeof *logits);
    struct pass_run run = {.option = fixture_options(&context, &distill_logits, words, arena),
                           .data = data,
                           .teacher_logits = logits,
                           .teacher_classes = 3};

    ck_assert_int_eq(pipeline_run(&context, &distill_logits, run, &graph), ERR_SHAPE);
    ck_assert_ptr_nonnull(strstr(context.error, "teacher 3"));
    free(logits);
    arena_free(arena);
    dataset_free(data);
    graph_free(graph);
}
END_TEST

START_TEST(a_student_comes_close_to_its_teachers_answers)
{
    struct graph *graph = NULL;
    struct graph *teacher = fixture_graph(&context, fixture_residual);
    struct dataset *data = fixture_data(&context, spec);
    struct arena *arena = arena_new();
    const char *const words[] = {"epochs=6",      "batch=32",           "alpha=1",
                                 "temperature=2", "learning-rate=0.02", NULL};
    struct report report;
    struct pass_run run = {.option = fixture_options(&context, &distill_logits, words, arena),
                           .data = data,
                           .teacher = teacher,
                           .report = &report};

    report_init(&report);
    ck_ok(student_derive(&context, teacher, 0.5, 1, &graph));
    ck_ok(pipeline_run(&context, &distill_logits, run, &graph));
    ck_assert_uint_ge(report.count, 6);
    ck_assert_double_lt(report.figure[5].value, 0.7 * report.figure[0].value);
    report_clear(&report);
    arena_free(arena);
    dataset_free(data);
    graph_free(teacher);
    graph_free(graph);
}
END_TEST

Suite *distill_suite(void);
Suite *distill_suite(void)
{
    Suite *suite = suite_create("distill");
    TCase *tcase = tcase_create("distill");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_student_is_narrower_and_keeps_inputs_and_outputs);
    tcase_add_test(tcase, a_student_of_half_the_depth_loses_a_block);
    tcase_add_test(tcase, a_student_starts_from_the_seed);
    tcase_add_test(tcase, the_course_gives_the_sparsity_asked_for_and_runs_on_integers);
    tcase_add_test(tcase, a_student_that_was_pruned_before_stays_pruned);
    tcase_add_test(tcase, pruning_may_end_with_the_course);
    tcase_add_loop_test(tcase, an_interrupted_course_goes_on_with_the_same_bytes, 0, 2);
    tcase_add_test(tcase, a_teacher_of_other_classes_is_refused);
    tcase_add_test(tcase, a_student_comes_close_to_its_teachers_answers);
    suite_add_tcase(suite, tcase);
    return suite;
}
