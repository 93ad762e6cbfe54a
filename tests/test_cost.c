// What compressing costs: multiply-accumulates against closed forms, joules and grams against sums
// done by hand, and what a history tells.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cost.h"
#include "distill/recipe.h"
#include "pass/work.h"
#include "quantize/methods.h"
#include "tests/support/fixture.h"

static struct context context;
static struct arena *arena;
static const char spec[] = "synthetic:classes=4,samples=192,shape=1x8x8,type=f32";

// fixture_residual, one sample: convolutions over 8x8 of 1 -> 16 and twice 16 -> 16 channels, 3x3,
// and a matrix of 16 x 4.
enum { FIRST = 64 * 9 * 16, MIDDLE = 2 * 64 * 9 * 16 * 16, LAST = 64 };
static const double forward = FIRST + MIDDLE + LAST;
// Nothing needs the gradient of the input of the first one.
static const double training = 2 * FIRST + 3 * (MIDDLE + LAST);

static void setup(void)
{
    context_init(&context);
    context.threads = 2;
    context.seed = 5;
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(arena);
}

// ---- work ---------------------------------------------------------------------------------------

START_TEST(a_sample_takes_its_macs_forward_and_up_to_twice_more_backward)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct work_rates rates = work_of_sample(graph, NULL);

    ck_assert_double_eq(rates.forward, forward);
    ck_assert_double_eq(rates.training, training);
    graph_free(graph);
}
END_TEST

// Attention's product of two activations has no weights, but a gradient for each factor.
START_TEST(a_product_of_two_activations_has_two_gradients)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,4,8]  w:f32[8,8] init=he  q = MatMul(x, w)  "
                                "t = Transpose(q) perm=0,2,1  y = MatMul(q, t)  output y");
    struct work_rates rates = work_of_sample(graph, NULL);

    ck_assert_double_eq(rates.forward, 4 * 8 * 8 + 4 * 4 * 8);
    ck_assert_double_eq(rates.training, 2 * 4 * 8 * 8 + 3 * 4 * 4 * 8);
    graph_free(graph);
}
END_TEST

START_TEST(a_graph_that_fixes_a_batch_counts_one_sample)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[4,8]  w:f32[8,8] init=he  y = MatMul(x, w)  output y");

    ck_assert_double_eq(work_of_sample(graph, NULL).forward, 64);
    graph_free(graph);
}
END_TEST

START_TEST(sizes_that_nobody_gives_make_the_work_unknown_and_not_nothing)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,1,h,w]  k:f32[4,1,3,3] init=he  c = Conv(x, k)  output c");
    struct infer_options given = {
        .shape = {1, (const char *const[]){"x=1,1,10,10"}},
    };

    ck_assert(isnan(work_of_sample(graph, NULL).forward));
    ck_assert_double_eq(work_of_sample(graph, &given).forward, 64 * 36);
    graph_free(graph);
}
END_TEST

static double distil(const struct pass *pass, const char *const *words, const char *checkpoint,
                     int threads, enum status wanted)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct graph *teacher = graph_clone(graph);
    struct dataset *data = fixture_data(&context, spec);
    struct work work = {0};
    struct pass_run run = {.option = fixture_options(&context, pass, words, arena),
                           .data = data,
                           .teacher = pass->needs & NEEDS_TEACHER ? teacher : NULL,
                           .checkpoint = checkpoint,
                           .work = &work};

    context.threads = threads;
    ck_assert_int_eq(pipeline_run(&context, pass, run, &graph), wanted);
    dataset_free(data);
    graph_free(teacher);
    graph_free(graph);
    return work.macs;
}

// 192 samples are 6 batches of 32; with them batch norm is estimated anew in the end.
START_TEST(training_takes_its_epochs_and_the_statistics_of_batch_norm)
{
    static const char *const words[] = {"epochs=3", "batch=32", NULL};
    double wanted = 3 * 192 * training + 192 * forward;

    ck_assert_double_eq(distil(&distill_none, words, NULL, 1, OK), wanted);
    ck_assert_double_eq(distil(&distill_none, words, NULL, 2, OK), wanted);
}
END_TEST

START_TEST(samples_that_fill_no_batch_are_not_counted)
{
    static const char *const words[] = {"epochs=2", "batch=128", NULL};

    ck_assert_double_eq(distil(&distill_none, words, NULL, 2, OK),
                        2 * 128 * training + 128 * forward);
}
END_TEST

START_TEST(a_teacher_is_asked_once_for_every_sample)
{
    static const char *const words[] = {"epochs=3", "batch=32", NULL};

    ck_assert_double_eq(distil(&distill_logits, words, NULL, 2, OK),
                        192 * forward + 3 * 192 * training + 192 * forward);
}
END_TEST

// Calibration looks twice at every sample, and batch norm is gone then.
static const char *const quantised[] = {"epochs=4", "batch=32", "bits=8/8", "quantize-from=0.5",
                                        NULL};
static const double quantised_macs = 4 * 192 * training + 192 * forward + 2 * 192 * forward;

START_TEST(fake_quantisation_brings_its_calibration)
{
    ck_assert_double_eq(distil(&distill_none, quantised, NULL, 1, OK), quantised_macs);
    ck_assert_double_eq(distil(&distill_none, quantised, NULL, 2, OK), quantised_macs);
}
END_TEST

static volatile sig_atomic_t cancelled;
static uint64_t cancel_at;

static void stop(void *self, const struct progress *now)
{
    (void)self;
    if (strcmp(now->stage, "training") == 0 && now->done >= cancel_at)
        cancelled = 1;
}

// In the second epoch of floats, and in the second one of fake quantisation; of 6 steps each.
static const uint64_t stops[] = {8, 20};

START_TEST(an_interrupted_course_tells_the_work_of_the_whole)
{
    char checkpoint[] = "/tmp/test_cost_XXXXXX";
    int file = mkstemp(checkpoint);

    ck_assert_int_ge(file, 0);
    close(file);
    unlink(checkpoint);
    cancelled = 0;
    cancel_at = stops[_i];
    context.cancelled = &cancelled;
    context.sink.progress = stop;
    distil(&distill_none, quantised, checkpoint, 2, ERR_CANCELLED);
    ck_assert_int_eq(access(checkpoint, R_OK), 0);
    context_init(&context);
    context.seed = 5;
    ck_assert_double_eq(distil(&distill_none, quantised, checkpoint, 2, OK), quantised_macs);
    unlink(checkpoint);
}
END_TEST

static const struct {
    const char *range;
    int sweeps;
} calibrations[] = {{"range=minmax", 1}, {"range=mse", 2}, {"range=percentile", 2}};

START_TEST(calibration_takes_a_run_over_the_data_for_each_sweep)
{
    const char *const words[] = {calibrations[_i].range, NULL};
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct dataset *data = fixture_data(&context, spec);
    struct work work = {0};
    struct pass_run run = {.option = fixture_options(&context, &quantize_int8, words, arena),
                           .data = data,
                           .work = &work};

    ck_ok(pipeline_run(&context, &quantize_int8, run, &graph));
    ck_assert_double_eq(work.macs, calibrations[_i].sweeps * 192 * forward);
    dataset_free(data);
    graph_free(graph);
}
END_TEST

// ---- joules and grams ---------------------------------------------------------------------------

static struct device host_of(double joules_per_mac)
{
    struct device host = {.name = "host", .kind = DEVICE_KIND_calibrated, .error_percent = 100};

    host.fit[PRECISION_F32].mac = joules_per_mac;
    return host;
}

START_TEST(joules_and_grams_follow_from_the_macs)
{
    const struct device host = host_of(250e-12);
    const struct grid grid = {"X", "x", 360, 2023};
    struct cost cost;

    cost_init(&cost, 4e12, &host, &grid);
    ck_assert_double_eq_tol(cost.joules, 1000, 1e-9);
    ck_assert_double_eq_tol(cost.low, 500, 1e-9);
    ck_assert_double_eq_tol(cost.high, 2000, 1e-9);
    ck_assert_double_eq_tol(cost.grams, 0.1, 1e-12);
    cost_pay_back(&cost, 0.75, 0.25, "d");
    ck_assert_double_eq(cost.inferences, 2000);
    ck_assert_str_eq(cost.reason, "");
}
END_TEST

static const struct {
    double macs, before, after;
    const char *reason;
} unpaid[] = {{1e9, 1e-3, 1e-3, "saves no energy on d"},
              {1e9, 1e-3, 2e-3, "saves no energy on d"},
              {1e9, NAN, 1e-3, "energy of an inference is not known on d"},
              {1e9, 1e-3, NAN, "energy of an inference is not known on d"}};

START_TEST(what_saves_nothing_is_never_paid_back_and_says_why)
{
    const struct device host = host_of(250e-12);
    struct cost cost;

    cost_init(&cost, unpaid[_i].macs, &host, grid_at(0));
    cost_pay_back(&cost, unpaid[_i].before, unpaid[_i].after, "d");
    ck_assert(isnan(cost.inferences));
    ck_assert_str_eq(cost.reason, unpaid[_i].reason);
}
END_TEST

START_TEST(without_a_profile_only_the_macs_are_known)
{
    struct json *object = json_object();
    struct cost cost;
    struct text text;

    cost_init(&cost, 5, NULL, grid_at(0));
    cost_pay_back(&cost, 2, 1, "d");
    cost_to_json(object, &cost);
    text_init(&text);
    json_print(object, false, &text);
    ck_assert_str_eq(
        text.at,
        "{\"macs\":5,\"joules\":null,\"interval\":null,\"basis\":\"estimated\",\"device\":null,"
        "\"profile\":null,\"grams\":null,\"grams_interval\":null,\"grid\":{\"name\":\"world "
        "average\",\"grams_per_kwh\":475,"
        "\"year\":2019},\"pue\":1,\"inferences_to_pay_back\":null,\"inferences_per_day\":null,"
        "\"days_to_pay_back\":null,"
        "\"reason\":\"no profile of the computer that did it\",\"measured\":null}");
    text_clear(&text);
    json_free(object);
}
END_TEST

START_TEST(the_default_profile_of_the_computer_is_read_and_has_float32)
{
    struct cost_basis basis;
    struct cost cost;

    ck_ok(cost_open(&context, &(struct cost_options){NULL, NULL, NAN, NAN}, &basis));
    cost = cost_of(&basis, 123.3e9);
    ck_assert_str_eq(cost.host->name, "cpu-server-x86");
    // BERT-large in float32 with DeepSparse, MLPerf Inference power v3.1: 30.59 J.
    ck_assert_double_eq_tol(cost.joules, 30.59, 0.02);
    ck_assert_double_ge(cost.high, 51.2); // ONNX Runtime on another machine
    cost_close(&basis);
}
END_TEST

static const char *const apart[] = {"asic-45nm", "asic-45nm-onchip", "asic-7nm", "cpu-phone-a76"};

START_TEST(a_profile_that_tells_memory_apart_gives_no_joules_and_says_why)
{
    struct cost_basis basis;
    struct cost cost;
    struct text text;

    ck_ok(cost_open(&context, &(struct cost_options){apart[_i], NULL, NAN, NAN}, &basis));
    cost = cost_of(&basis, 1e9);
    cost_pay_back(&cost, 2, 1, "d");
    ck_assert_double_eq(cost.macs, 1e9);
    ck_assert(isnan(cost.joules) && isnan(cost.low) && isnan(cost.high) && isnan(cost.grams));
    ck_assert(isnan(cost.inferences));
    ck_assert_msg(strstr(cost.reason, "apart from multiply-accumulates") != NULL, "%s",
                  cost.reason);
    ck_assert_msg(strstr(cost.reason, apart[_i]) != NULL, "%s", cost.reason);
    text_init(&text);
    cost_text(&cost, &text);
    cost_pay_back_text(&cost, "d", &text);
    ck_assert_str_eq(text.at, arena_format(arena, "compressing took 1.00 GMAC, joules unknown: %s",
                                           cost.reason));
    text_clear(&text);
    text_init(&text);
    cost_summary(&cost, &text);
    ck_assert_str_eq(
        text.at,
        arena_format(arena, "; compressing took 1.00 GMAC, joules unknown: %s", cost.reason));
    text_clear(&text);
    cost_close(&basis);
}
END_TEST

// Each alone, beside a figure for multiply-accumulates.
START_TEST(fixed_and_byte_terms_alone_keep_a_profile_from_serving)
{
    for (int i = 0; i < 3; i++) {
        struct device host = host_of(250e-12);
        struct device_fit *fit = &host.fit[PRECISION_F32];
        double *const term[] = {&fit->fixed, &fit->weight_byte, &fit->byte};
        struct cost cost;

        *term[i] = 1e-12;
        cost_init(&cost, 1e9, &host, grid_at(0));
        ck_assert_msg(isnan(cost.joules), "term %d", i);
    }
}
END_TEST

START_TEST(figures_that_nothing_has_checked_are_marked_as_such)
{
    static const char *const shown[] = {
        "sha256",     "scope",    "error_percent",      "validated_by", "runtime",
        "unverified", "boundary", "mean_error_percent", "error_basis",  "changed"};
    struct json *object = json_object();
    const struct json *profile;
    struct cost_basis basis;
    struct cost cost;
    struct text text;

    ck_ok(cost_open(&context, &(struct cost_options){NULL, NULL, NAN, NAN}, &basis));
    cost = cost_of(&basis, 1e9);
    cost_to_json(object, &cost);
    profile = json_member(object, "profile");
    ck_assert_uint_eq(json_count(profile), sizeof shown / sizeof *shown);
    for (size_t i = 0; i < json_count(profile); i++)
        ck_assert_str_eq(json_key(json_child(profile, i)), shown[i]);
    ck_assert_str_eq(json_text(json_member(profile, "sha256")), basis.host.sha256);
    ck_assert_double_eq(json_number(json_member(profile, "error_percent")), 181);
    ck_assert_str_eq(json_text(json_member(profile, "unverified")), basis.host.unverified);
    text_init(&text);
    cost_text(&cost, &text);
    ck_assert_msg(strstr(text.at, "cpu-server-x86 (in part unverified)") != NULL, "%s", text.at);
    basis.host.unverified = NULL;
    text_clear(&text);
    text_init(&text);
    cost_text(&cost, &text);
    ck_assert_msg(strstr(text.at, "unverified") == NULL, "%s", text.at);
    text_clear(&text);
    json_free(object);
    cost_close(&basis);
}
END_TEST

static const struct {
    const char *host, *grid, *message;
} bad[] = {{NULL, "Germny", "'--grid': no figure for 'Germny' (did you mean 'Germany'?)"},
           {NULL, "Atlantis", "or grams of CO2 for a kilowatt-hour such as 381"},
           {NULL, "0.4", "not kilograms"},
           {"vax", NULL, "no device 'vax'; 'ecai devices list'"}};

// 1000 J on 360 g/kWh are 0.1 g; cooling adds to the grams and not to the joules of the computer.
START_TEST(a_data_centre_adds_to_the_grams_and_a_day_has_its_inferences)
{
    const struct cost_options line = {NULL, "360", 1.5, 500};
    struct device host = host_of(250e-12);
    struct cost_basis basis;
    struct cost cost;
    struct text text;

    ck_ok(cost_open(&context, &line, &basis));
    ck_assert(basis.asks_for_grams);
    device_clear(&basis.host);
    basis.host = host;
    cost = cost_of(&basis, 4e12);
    cost_pay_back(&cost, 0.75, 0.25, "d");
    ck_assert_double_eq_tol(cost.joules, 1000, 1e-9);
    ck_assert_double_eq_tol(cost.grams, 0.15, 1e-12);
    text_init(&text);
    cost_text(&cost, &text);
    cost_pay_back_text(&cost, "d", &text);
    ck_assert_msg(strstr(text.at, "150 mg CO2e (360 g/kWh, PUE 1.5)") != NULL, "%s", text.at);
    ck_assert_msg(strstr(text.at, "2.00 k inferences on d, 4 days") != NULL, "%s", text.at);
    text_clear(&text);
}
END_TEST

START_TEST(an_unknown_grid_or_computer_is_named)
{
    struct cost_basis basis;

    ck_assert_int_eq(
        cost_open(&context, &(struct cost_options){bad[_i].host, bad[_i].grid, NAN, NAN}, &basis),
        ERR_USAGE);
    ck_assert_msg(strstr(context.error, bad[_i].message) != NULL, "%s", context.error);
    cost_close(&basis);
}
END_TEST

// ---- history ------------------------------------------------------------------------------------

#define TRAINED "{\"pass\":\"distill.none\",\"macs\":1000}"
#define PRUNED "{\"pass\":\"prune.magnitude\",\"macs\":20}"
#define ROUNDED "{\"pass\":\"quantize.int8\",\"macs\":3}"
#define OLD "{\"pass\":\"prune.magnitude\"}"

static const struct {
    const char *history, *baseline;
    bool is_known;
    double macs;
    const char *unknown;
} histories[] = {
    {"[" TRAINED "," PRUNED "," ROUNDED "]", NULL, true, 1023, NULL},
    // What was spent on both is not the cost of the one.
    {"[" TRAINED "," PRUNED "," ROUNDED "]", "[" TRAINED "]", true, 23, NULL},
    {"[" TRAINED "," PRUNED "," ROUNDED "]", "[" TRAINED "," ROUNDED "]", true, 23, NULL},
    {"[" TRAINED "]", "[" TRAINED "]", true, 0, NULL},
    {"[" PRUNED "]", "[" TRAINED "," PRUNED "]", true, 20, NULL},
    {"[" TRAINED "," OLD "]", NULL, true, NAN, "prune.magnitude"},
    {"[" OLD "," PRUNED "]", "[" OLD "]", true, 20, NULL},
    {"[1]", NULL, true, NAN, "unnamed"},
    {"[]", NULL, true, 0, NULL},
    {NULL, NULL, false, 0, NULL},
    {"{\"pass\":1}", NULL, false, 0, NULL},
    {"[", "[", false, 0, NULL},
    {"[{\"pass\":\"x\",\"macs\":-5}]", NULL, true, NAN, "x"},
};

START_TEST(a_history_tells_the_work_beyond_the_baselines)
{
    const char *unknown;
    double macs;

    ck_assert_int_eq(
        cost_of_history(arena, histories[_i].history, histories[_i].baseline, &macs, &unknown),
        histories[_i].is_known);
    if (isnan(histories[_i].macs))
        ck_assert(isnan(macs));
    else
        ck_assert_double_eq(macs, histories[_i].macs);
    if (histories[_i].unknown)
        ck_assert_str_eq(unknown, histories[_i].unknown);
    else
        ck_assert_ptr_null(unknown);
}
END_TEST

// ---- several processes --------------------------------------------------------------------------

static struct json *parsed(const char *text)
{
    struct json *json;

    ck_ok(json_parse(&context, text, strlen(text), &json));
    return json;
}

START_TEST(steps_from_a_cache_ran_nothing_and_those_that_failed_are_told)
{
    struct json *steps = parsed("[{\"cached\":true,\"report\":{\"cost\":{\"macs\":1000}}},"
                                "{\"cached\":false,\"report\":{\"cost\":{\"macs\":20}}},"
                                "{\"cached\":false,\"seconds\":0.1,\"report\":null},"
                                "{\"report\":{\"cost\":{\"macs\":3}}},"
                                "{\"cached\":false,\"seconds\":null,\"report\":null}]");
    struct json *eval = parsed("{\"timing\":{\"macs\":100}}");
    const struct device host = host_of(1);
    struct cost_tally tally = {0, 0};
    struct cost cost;

    cost_tally_steps(&tally, steps);
    cost_tally_steps(&tally, NULL);
    cost_tally_eval(&tally, eval);
    cost_tally_eval(&tally, NULL);
    ck_assert_double_eq(tally.macs, 123);
    ck_assert_int_eq(tally.silent, 1);
    cost_init(&cost, tally.macs, &host, grid_at(0));
    cost_tell_silent(&cost, &tally);
    ck_assert_double_eq(cost.joules, 123);
    ck_assert_str_eq(cost.reason, "without what a failed step ran");
    cost_tally_failure(&tally);
    cost_init(&cost, tally.macs, &host, grid_at(0));
    cost_tell_silent(&cost, &tally);
    ck_assert_str_eq(cost.reason, "without what 2 failed steps ran");
    json_free(eval);
    json_free(steps);
}
END_TEST

static const char *const silent[] = {"[{\"report\":{\"cost\":{\"macs\":null}}}]",
                                     "[{\"report\":{\"cost\":null}}]", "[{\"report\":{}}]"};

START_TEST(a_step_that_does_not_tell_its_work_makes_the_sum_unknown)
{
    struct json *steps = parsed(silent[_i]);
    struct cost_tally tally = {0, 0};

    cost_tally_steps(&tally, steps);
    ck_assert(isnan(tally.macs));
    json_free(steps);
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *cost_suite(void);
Suite *cost_suite(void)
{
    Suite *suite = suite_create("cost");
    TCase *work = tcase_create("work"), *joules = tcase_create("joules");

    tcase_add_checked_fixture(work, setup, teardown);
    tcase_set_timeout(work, 120);
    tcase_add_test(work, a_sample_takes_its_macs_forward_and_up_to_twice_more_backward);
    tcase_add_test(work, a_product_of_two_activations_has_two_gradients);
    tcase_add_test(work, a_graph_that_fixes_a_batch_counts_one_sample);
    tcase_add_test(work, sizes_that_nobody_gives_make_the_work_unknown_and_not_nothing);
    tcase_add_test(work, training_takes_its_epochs_and_the_statistics_of_batch_norm);
    tcase_add_test(work, samples_that_fill_no_batch_are_not_counted);
    tcase_add_test(work, a_teacher_is_asked_once_for_every_sample);
    tcase_add_test(work, fake_quantisation_brings_its_calibration);
    tcase_add_loop_test(work, an_interrupted_course_tells_the_work_of_the_whole, 0, ROWS(stops));
    tcase_add_loop_test(work, calibration_takes_a_run_over_the_data_for_each_sweep, 0,
                        ROWS(calibrations));
    suite_add_tcase(suite, work);
    tcase_add_checked_fixture(joules, setup, teardown);
    tcase_add_test(joules, joules_and_grams_follow_from_the_macs);
    tcase_add_loop_test(joules, what_saves_nothing_is_never_paid_back_and_says_why, 0,
                        ROWS(unpaid));
    tcase_add_test(joules, without_a_profile_only_the_macs_are_known);
    tcase_add_test(joules, the_default_profile_of_the_computer_is_read_and_has_float32);
    tcase_add_loop_test(joules, a_profile_that_tells_memory_apart_gives_no_joules_and_says_why, 0,
                        ROWS(apart));
    tcase_add_test(joules, fixed_and_byte_terms_alone_keep_a_profile_from_serving);
    tcase_add_test(joules, figures_that_nothing_has_checked_are_marked_as_such);
    tcase_add_test(joules, a_data_centre_adds_to_the_grams_and_a_day_has_its_inferences);
    tcase_add_loop_test(joules, an_unknown_grid_or_computer_is_named, 0, ROWS(bad));
    tcase_add_loop_test(joules, a_history_tells_the_work_beyond_the_baselines, 0, ROWS(histories));
    tcase_add_test(joules, steps_from_a_cache_ran_nothing_and_those_that_failed_are_told);
    tcase_add_loop_test(joules, a_step_that_does_not_tell_its_work_makes_the_sum_unknown, 0,
                        ROWS(silent));
    suite_add_tcase(suite, joules);
    return suite;
}
