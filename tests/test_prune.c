// Pruning and its record in the file.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pass/sparsity.h"
#include "prune/methods.h"
#include "quantize/methods.h"
#include "tests/support/fixture.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
}

// 0.001 is kept by pruning and rounds to 0 on the grid of [-2, 2]: no mask.
static const char rounding[] = "x:f32[n,2]  w:f32[2,3] init=[2,0.001,-1,0.0005,2,0.0001]  "
                               "fc: y = MatMul(x, w)  output y";

static int64_t pruned(const struct value *value)
{
    int64_t count = 0;

    for (int64_t i = 0; i < tensor_count(&value->tensor); i++)
        count += sparsity_prunes(value, i);
    return count;
}

START_TEST(the_record_survives_the_file)
{
    struct graph *graph = fixture_graph(&context, rounding), *read;
    const char *const words[] = {"sparsity=0.34", NULL};

    ck_ok(fixture_run(&context, prune_method_at(0), words, NULL, &graph));
    ck_ok(sparsity_store(&context, graph));
    ck_assert_ptr_null(strstr(graph_metadata(graph, SPARSITY_KEY), "mask")); // the zeros are it
    read = fixture_reread(&context, graph);
    ck_ok(sparsity_restore(&context, read));
    ck_assert_int_eq(pruned(fixture_weight(read, "w")), 2);
    graph_free(read);
    graph_free(graph);
}
END_TEST

// Both weights of a recurrent layer and that of a transposed convolution; biases stay.
START_TEST(every_weight_matrix_is_pruned_and_quantised)
{
    static const char text[] =
        "x:f32[3,n,2]  w:f32[1,6,2] init=he  r:f32[1,6,2] init=he  b:f32[1,12] init=he  "
        "s = GRU(x, w, r, b) hidden_size=2  t = Transpose(s) perm=2,3,0,1  "
        "c:f32[2,4,2,1] init=he  y = ConvTranspose(t, c)  output y";
    static const struct {
        const char *name;
        int64_t pruned, scales;
    } rows[] = {{"w", 6, 6}, {"r", 6, 6}, {"c", 8, 4}, {"b", 0, 0}};
    struct graph *graph = fixture_graph(&context, text);
    const char *const words[] = {"sparsity=0.5", NULL};

    ck_ok(fixture_run(&context, prune_method_at(0), words, NULL, &graph));
    ck_ok(fixture_run(&context, &quantize_dynamic, NULL, NULL, &graph));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct value *weight = fixture_weight(graph, rows[i].name);
        ck_assert_int_eq(pruned(weight), rows[i].pruned);
        ck_assert_int_eq(weight->quant ? weight->quant->count : 0, rows[i].scales);
    }
    graph_free(graph);
}
END_TEST

START_TEST(a_zero_made_by_rounding_is_no_mask)
{
    struct graph *graph = fixture_graph(&context, rounding), *read;
    struct dataset *data =
        fixture_data(&context, "synthetic:classes=2,samples=32,shape=2,type=f32");
    const char *const words[] = {"sparsity=0.34", NULL};
    const struct value *w;
    int64_t zeros = 0;

    ck_ok(fixture_run(&context, prune_method_at(0), words, NULL, &graph));
    ck_ok(fixture_run(&context, &quantize_int8, NULL, data, &graph));
    ck_ok(fixture_run(&context, &pass_materialise, NULL, NULL, &graph));
    ck_ok(sparsity_store(&context, graph));
    read = fixture_reread(&context, graph);
    ck_ok(sparsity_restore(&context, read));
    ck_assert_int_eq(pruned(fixture_weight(read, "w_quantized")), 2);
    ck_ok(fixture_run(&context, &pass_absorb_quant, NULL, NULL, &read));
    w = fixture_weight(read, "w_dequantized");
    for (int64_t i = 0; i < 6; i++)
        zeros += tensor_get(&w->tensor, i) == 0;
    ck_assert_int_eq(zeros, 3);
    ck_assert_int_eq(pruned(w), 2);
    dataset_free(data);
    graph_free(read);
    graph_free(graph);
}
END_TEST

START_TEST(nothing_pruned_leaves_no_record)
{
    struct graph *graph = fixture_graph(&context, rounding);
    const char *const words[] = {"sparsity=0", NULL};

    ck_ok(fixture_run(&context, prune_method_at(0), words, NULL, &graph));
    ck_ok(sparsity_store(&context, graph));
    ck_assert_ptr_null(graph_metadata(graph, SPARSITY_KEY));
    graph_free(graph);
}
END_TEST

START_TEST(what_was_pruned_before_stays_pruned)
{
    struct graph *graph = fixture_graph(&context, rounding);
    const char *const half[] = {"sparsity=0.5", NULL}, *const less[] = {"sparsity=0.2", NULL};

    ck_ok(fixture_run(&context, prune_method_at(0), half, NULL, &graph));
    ck_ok(fixture_run(&context, prune_method_at(0), less, NULL, &graph));
    ck_assert_int_eq(pruned(fixture_weight(graph, "w")), 3);
    graph_free(graph);
}
END_TEST

static const char *const damaged[] = {
    "{",
    "[]",
    "3",
    "{\"w\":{\"pattern\":\"unstructured\",\"mask\":\"!!\"}}",
    "{\"w\":{\"pattern\":\"unstructured\",\"mask\":\"AAAA\"}}",
    "{\"w\":{\"pattern\":\"unstructured\",\"mask\":\"eJwDAAAAAAE=\"}}", // no bytes at all
};

START_TEST(a_damaged_record_is_refused)
{
    struct graph *graph = fixture_graph(&context, rounding);

    graph_set_metadata(graph, SPARSITY_KEY, damaged[_i]);
    ck_assert_int_eq(sparsity_restore(&context, graph), ERR_FORMAT);
    ck_assert_ptr_nonnull(strstr(context.error, SPARSITY_KEY));
    graph_free(graph);
}
END_TEST

START_TEST(names_that_are_gone_are_passed_over)
{
    struct graph *graph = fixture_graph(&context, rounding);

    graph_set_metadata(graph, SPARSITY_KEY,
                       "{\"gone\":{\"pattern\":\"unstructured\"},\"x\":{},\"y\":7}");
    ck_ok(sparsity_restore(&context, graph));
    ck_assert_ptr_null(fixture_weight(graph, "w")->sparsity);
    graph_free(graph);
}
END_TEST

START_TEST(every_layer_is_reported)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct arena *arena = arena_new();
    const char *const words[] = {"sparsity=0.5", NULL};
    struct report report;
    struct pass_run run = {.option = fixture_options(&context, prune_method_at(0), words, arena),
                           .report = &report};

    report_init(&report);
    ck_ok(pipeline_run(&context, prune_method_at(0), run, &graph));
    ck_assert_uint_eq(report.count, 4);
    for (size_t i = 0; i < report.count; i++) {
        ck_assert_str_eq(report.figure[i].name, "sparsity");
        ck_assert_double_eq_tol(report.figure[i].value, 0.5, 1e-9);
    }
    ck_assert_str_eq(report.figure[3].node, "fc");
    report_clear(&report);
    arena_free(arena);
    graph_free(graph);
}
END_TEST

static enum status check(const char *only, const char *layer)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    const struct selection selection = {{only != NULL, &only}, {0, NULL}};
    const struct strings layers = {layer != NULL, &layer};
    enum status status = selection_check(&context, &selection, &layers, graph);

    graph_free(graph);
    return status;
}

START_TEST(globs_that_match_nothing_are_errors)
{
    ck_ok(check("st?m", "o*=0.5"));
    ck_assert_int_eq(check("nothing*", NULL), ERR_USAGE);
    ck_assert_int_eq(check(NULL, "nothing=0.5"), ERR_USAGE);
    ck_assert_int_eq(check(NULL, "stem"), ERR_USAGE);
}
END_TEST

Suite *prune_suite(void);
Suite *prune_suite(void)
{
    Suite *suite = suite_create("prune");
    TCase *tcase = tcase_create("prune");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, the_record_survives_the_file);
    tcase_add_test(tcase, every_weight_matrix_is_pruned_and_quantised);
    tcase_add_test(tcase, a_zero_made_by_rounding_is_no_mask);
    tcase_add_test(tcase, nothing_pruned_leaves_no_record);
    tcase_add_test(tcase, what_was_pruned_before_stays_pruned);
    tcase_add_loop_test(tcase, a_damaged_record_is_refused, 0,
                        (int)(sizeof damaged / sizeof *damaged));
    tcase_add_test(tcase, names_that_are_gone_are_passed_over);
    tcase_add_test(tcase, every_layer_is_reported);
    tcase_add_test(tcase, globs_that_match_nothing_are_errors);
    suite_add_tcase(suite, tcase);
    return suite;
}
