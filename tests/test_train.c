// The training engine: masks, schedules, optimizers, the loop, checkpoints.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/support/fixture.h"
#include "train/masks.h"
#include "train/prune_hook.h"
#include "train/schedule.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
    context.threads = 2;
}

// ---- masks --------------------------------------------------------------------------------------

enum { SMALL = 101, LARGE = 900 };

// Multiples of 1/8, so that there are many ties.
static void draw(float *weight, size_t count, uint64_t seed)
{
    struct random random = random_stream(seed, 0, 0);

    for (size_t i = 0; i < count; i++)
        weight[i] = (float)rint(random_normal(&random) * 8) / 8;
}

static size_t zeros(const float *mask, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += mask[i] == 0;
    return found;
}

START_TEST(masks_prune_exactly_the_share_asked_for)
{
    static float small[SMALL], large[LARGE], small_mask[SMALL], large_mask[LARGE];
    struct mask_target target[2] = {{small, small_mask, SMALL, 0, NAN, NULL},
                                    {large, large_mask, LARGE, 0, NAN, NULL}};

    draw(small, SMALL, 1);
    draw(large, LARGE, 2);
    for (int percent = 0; percent <= 100; percent++) {
        masks_by_magnitude(target, 2, percent / 100.0, true);
        ck_assert_uint_eq(zeros(small_mask, SMALL) + zeros(large_mask, LARGE),
                          (size_t)floor(percent / 100.0 * (SMALL + LARGE) + 0.5));
        masks_by_magnitude(target, 2, percent / 100.0, false);
        ck_assert_uint_eq(zeros(small_mask, SMALL), (size_t)floor(percent / 100.0 * SMALL + 0.5));
        ck_assert_uint_eq(zeros(large_mask, LARGE), (size_t)floor(percent / 100.0 * LARGE + 0.5));
    }
}
END_TEST

START_TEST(no_weight_that_goes_is_larger_than_one_that_stays)
{
    static float weight[LARGE], mask[LARGE];
    struct mask_target target = {weight, mask, LARGE, 0, NAN, NULL};
    float gone = 0, kept = INFINITY;

    draw(weight, LARGE, 3);
    masks_by_magnitude(&target, 1, 0.6, true);
    for (int i = 0; i < LARGE; i++) {
        gone = mask[i] == 0 ? fmaxf(gone, fabsf(weight[i])) : gone;
        kept = mask[i] == 0 ? kept : fminf(kept, fabsf(weight[i]));
    }
    ck_assert_float_le(gone, kept);
}
END_TEST

START_TEST(a_tensor_keeps_its_least_density_and_others_give_more)
{
    float small[4] = {0.1f, 0.2f, 0.3f, 0.4f}, large[4] = {1, 2, 3, 4};
    float small_mask[4], large_mask[4];
    struct mask_target target[2] = {{small, small_mask, 4, 0.5, NAN, NULL},
                                    {large, large_mask, 4, 0, NAN, NULL}};

    masks_by_magnitude(target, 2, 0.5, true);
    ck_assert_uint_eq(zeros(small_mask, 4), 2);
    ck_assert_uint_eq(zeros(large_mask, 4), 2);
    ck_assert_float_eq(large_mask[2], 1);
}
END_TEST

// The same by sorting: (magnitude, later first) within each tensor, all in one order.
static size_t pruned_by_sorting(const struct mask_target *target, int count, double sparsity,
                                char *gone)
{
    size_t total = 0, wanted, done = 0, left[2];

    for (int t = 0; t < count; t++) {
        total += target[t].count;
        left[t] = (size_t)floor((1 - target[t].least_density) * (double)target[t].count + 1e-9);
    }
    wanted = (size_t)floor(sparsity * (double)total + 0.5);
    memset(gone, 0, 2 * LARGE);
    while (done < wanted) {
        int at = -1;
        size_t index = 0;
        for (int t = count; t-- > 0;)
            for (size_t i = target[t].count; left[t] && i-- > 0;)
                if (!gone[t * LARGE + (int)i] &&
                    (at < 0 || fabsf(target[t].weight[i]) < fabsf(target[at].weight[index]))) {
                    at = t;
                    index = i;
                }
        if (at < 0)
            break;
        gone[at * LARGE + (int)index] = 1;
        left[at]--;
        done++;
    }
    return done;
}

START_TEST(cuts_equal_sorting_with_ties_and_least_densities)
{
    static float small[SMALL], large[LARGE], small_mask[SMALL], large_mask[LARGE];
    static char gone[2 * LARGE];
    struct mask_target target[2] = {{small, small_mask, SMALL, 0.3, NAN, NULL},
                                    {large, large_mask, LARGE, 0.1, NAN, NULL}};

    draw(small, SMALL, 5);
    draw(large, LARGE, 6);
    for (int i = 0; i < LARGE; i++) // many are equal, some of them zeros of both signs
        large[i] = i % 3 ? large[i] : i % 2 ? 0.0f : -0.0f;
    for (int i = 0; i < SMALL; i += 2)
        small[i] = large[1] * (i % 4 ? 1 : -1);
    for (int percent = 0; percent <= 100; percent += 5) {
        size_t count = pruned_by_sorting(target, 2, percent / 100.0, gone);
        masks_by_magnitude(target, 2, percent / 100.0, true);
        ck_assert_uint_eq(zeros(small_mask, SMALL) + zeros(large_mask, LARGE), count);
        for (int i = 0; i < SMALL; i++)
            ck_assert_int_eq(small_mask[i] == 0, gone[i]);
        for (int i = 0; i < LARGE; i++)
            ck_assert_int_eq(large_mask[i] == 0, gone[LARGE + i]);
    }
}
END_TEST

// ---- schedules ----------------------------------------------------------------------------------

START_TEST(schedules_pass_through_their_known_points)
{
    ck_assert_double_eq_tol(schedule_cosine(0.1, 0.1, 0.01), 1, 1e-12);
    ck_assert_double_eq_tol(schedule_cosine(0.55, 0.1, 0.01), 0.505, 1e-12); // half way down
    ck_assert_double_eq_tol(schedule_cosine(1, 0.1, 0.01), 0.01, 1e-12);
    ck_assert_double_lt(schedule_cosine(0, 0.1, 0.01), 0.02);
    ck_assert_double_eq(schedule_sparsity(0.19, 0.2, 0.6, 0.9), 0);
    ck_assert_double_eq_tol(schedule_sparsity(0.4, 0.2, 0.6, 0.9), 0.7875, 1e-12); // 0.9 * 7/8
    ck_assert_double_eq_tol(schedule_sparsity(0.6, 0.2, 0.6, 0.9), 0.9, 1e-12);
    ck_assert_double_eq_tol(schedule_sparsity(1, 0.2, 0.6, 0.9), 0.9, 1e-12);
}
END_TEST

// ---- optimizers ---------------------------------------------------------------------------------

// Three updates with these gradients; expected by PyTorch 1.13: SGD(lr=0.1, momentum=0.9,
// weight_decay=0.01, nesterov=True), AdamW(lr=0.01, weight_decay=0.1).
static const float gradients[3][4] = {
    {0.1f, -0.2f, 0.3f, 0.4f}, {-0.5f, 0.25f, 0.05f, 0.0f}, {0.2f, 0.2f, -0.1f, 1.0f}};
static const struct {
    enum optimizer_kind kind;
    double rate, decay;
    float expected[4];
} updates[] = {
    {OPTIMIZER_SGD, 0.1, 0.01, {0.5590148568f, -1.2770417929f, 1.8865365982f, -0.2031527162f}},
    {OPTIMIZER_ADAMW, 0.01, 0.1, {0.4964710176f, -1.2423522472f, 1.9724462032f, 0.1000974551f}},
};

START_TEST(optimizers_equal_those_of_pytorch)
{
    struct graph *graph = fixture_graph(
        &context, "x:f32[n,2]  w:f32[2,2] init=[0.5,-1.25,2,0.125]  y = MatMul(x, w)");
    struct program_options options = {.is_training = true, .groups = 1};
    struct optimizer_options wanted = {updates[_i].kind, 0.9, updates[_i].decay, 0};
    struct optimizer optimizer;
    struct program *program;
    struct parameter *w;

    ck_ok(program_new(&context, graph, &options, &program));
    ck_ok(optimizer_init(&context, &optimizer, &wanted, program));
    w = program_parameter(program, 0);
    for (int step = 0; step < 3; step++) {
        memcpy(w->grad, gradients[step], sizeof gradients[step]);
        optimizer_step(&context, &optimizer, program, kernels_select(ISA_GENERIC),
                       updates[_i].rate);
    }
    for (int i = 0; i < 4; i++) // a few roundings of float32
        ck_assert_float_eq_tol(w->data[i], updates[_i].expected[i], 1e-6f);
    optimizer_clear(&optimizer);
    program_free(program);
    graph_free(graph);
}
END_TEST

START_TEST(a_masked_weight_stays_zero_and_a_bias_does_not_decay)
{
    struct graph *graph = fixture_graph(
        &context, "x:f32[n,2]  w:f32[2,2] init=[1,2,3,4]  b:f32[2] init=[5,6]  y = Gemm(x, w, b)");
    struct program_options options = {.is_training = true, .groups = 1};
    struct optimizer_options wanted = {OPTIMIZER_SGD, 0.9, 0.5, 0};
    struct optimizer optimizer;
    struct program *program;

    ck_ok(program_new(&context, graph, &options, &program));
    ck_ok(optimizer_init(&context, &optimizer, &wanted, program));
    ck_assert_int_eq(program_parameter_count(program), 2);
    for (int i = 0; i < 2; i++)
        memset(program_parameter(program, i)->grad, 0,
               program_parameter(program, i)->count * sizeof(float));
    optimizer_mask(&optimizer, 0)[1] = 0;
    optimizer_step(&context, &optimizer, program, kernels_select(ISA_GENERIC), 0.1);
    ck_assert_float_eq(program_parameter(program, 0)->data[1], 0);
    ck_assert_float_lt(program_parameter(program, 0)->data[0], 1);
    ck_assert_float_eq(program_parameter(program, 1)->data[0], 5);
    optimizer_clear(&optimizer);
    program_free(program);
    graph_free(graph);
}
END_TEST

// ---- fake quantisation of weights ---------------------------------------------------------------

static const struct {
    int32_t axis;
    size_t channels, inner;
} grids[] = {{0, 5, 7 * 9}, {1, 7, 9}, {3, 3, 1}, {QUANT_WHOLE_TENSOR, 1, 5 * 7 * 9}};

// The scale of each channel by its definition, looked for through all weights.
static void find_scales(const struct parameter *w, int which, float *scale)
{
    for (size_t c = 0; c < grids[which].channels; c++) {
        scale[c] = 0;
        for (size_t i = 0; i < w->count; i++)
            if (i / grids[which].inner % grids[which].channels == c)
                scale[c] = fmaxf(scale[c], fabsf(w->data[i]));
        scale[c] = scale[c] > 0 ? scale[c] / 7 : 1;
    }
}

START_TEST(weights_are_rounded_to_grids_that_their_largest_spans)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,7,8,8]  w:f32[5,7,3,3] init=he  y = Conv(x, w)");
    struct quant quant = {.dtype = DT_I8, .bits = 4, .axis = grids[_i].axis, .low = -7, .high = 7};
    struct program_options options = {.is_training = true, .groups = 1};
    struct program *program;
    struct parameter *w;
    float scale[7];

    graph_value(graph, graph_find_value(graph, "w"))->quant = &quant;
    ck_ok(program_new(&context, graph, &options, &program));
    w = program_parameter(program, 0);
    memset(w->data, 0, 63 * sizeof *w->data); // the first of axis 0 has nothing but zeros
    for (size_t i = 0; i < w->count; i++)
        w->data[i] *= i % 7 == 3 ? -2.5f : 1;
    program_refresh(&context, program);
    find_scales(w, _i, scale);
    for (size_t i = 0; i < w->count; i++) {
        float s = scale[i / grids[_i].inner % grids[_i].channels];

        ck_assert_float_eq(w->scale[i / grids[_i].inner % grids[_i].channels], s);
        ck_assert_float_eq(w->quantized[i], rintf(w->data[i] / s) * s);
    }
    program_free(program);
    graph_free(graph);
}
END_TEST

// ---- the loop -----------------------------------------------------------------------------------

static const struct course course = {
    .epochs = 12,
    .batch = 32,
    .learning_rate = 0.05,
    .warmup = 0.1,
    .final_rate = 0.01,
    .temperature = 1,
    .optimizer = {OPTIMIZER_SGD, 0.9, 1e-4, 0.9},
    .augment = {.shift = 1, .border = "zero", .erase_fill = "zero"},
    .fine_tune_rate = 1,
    .seed = 11};

static void start(struct trainer *trainer, const struct graph *graph, const struct dataset *data,
                  struct prune_hook *hook)
{
    static const struct prune_schedule schedule = {
        .sparsity = 0.5, .begin = 0, .end = 0.5, .interval = 1, .keep = 0.1, .keep_ends = 0.5};

    ck_ok(trainer_init(&context, trainer, graph, &course, data, NULL, NULL, ISA_GENERIC));
    ck_ok(prune_hook_init(hook, trainer, &schedule));
    trainer_add_hook(trainer, prune_hook_train(hook));
}

// All weights after training for `epochs`, stopping after `pause` to save, free and load.
static struct text train(int epochs, int pause, double *loss)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct dataset *data =
        fixture_data(&context, "synthetic:classes=4,samples=160,shape=1x8x8,type=f32");
    struct prune_hook hook;
    struct trainer trainer;
    struct text state;

    text_init(&state);
    start(&trainer, graph, data, &hook);
    while (trainer.epoch < epochs) {
        ck_ok(trainer_run_epoch(&trainer));
        if (loss)
            *loss = trainer.loss;
        if (trainer.epoch == pause) {
            double reached = hook.reached;
            const char *at;
            text_clear(&state);
            text_init(&state);
            trainer_save(&trainer, &state);
            trainer_clear(&trainer);
            start(&trainer, graph, data, &hook);
            hook.reached = reached;
            at = state.at;
            ck_ok(trainer_load(&trainer, &at, state.at + state.length));
            ck_assert_ptr_eq(at, state.at + state.length);
        }
    }
    text_clear(&state);
    text_init(&state);
    trainer_save(&trainer, &state);
    trainer_clear(&trainer);
    dataset_free(data);
    graph_free(graph);
    return state;
}

START_TEST(the_trainer_learns_what_can_be_learnt)
{
    double first = 0, last = 0;
    struct text once = train(1, 0, &first), all = train(12, 0, &last);

    ck_assert_double_lt(last, 0.5 * first); // ln 4 = 1.39 is chance
    ck_assert_double_lt(last, 0.9);
    text_clear(&once);
    text_clear(&all);
}
END_TEST

static void assert_same(struct text a, struct text b)
{
    ck_assert_uint_eq(a.length, b.length);
    ck_assert_mem_eq(a.at, b.at, a.length);
    text_clear(&a);
    text_clear(&b);
}

START_TEST(resuming_gives_the_same_bytes)
{
    assert_same(train(4, 0, NULL), train(4, 2, NULL));
}
END_TEST

START_TEST(training_gives_the_same_bytes_on_any_number_of_threads)
{
    struct text one, three;

    context.threads = 1;
    one = train(2, 0, NULL);
    context.threads = 3;
    three = train(2, 0, NULL);
    assert_same(one, three);
}
END_TEST

START_TEST(a_checkpoint_that_was_cut_short_is_refused)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct dataset *data =
        fixture_data(&context, "synthetic:classes=4,samples=160,shape=1x8x8,type=f32");
    struct prune_hook hook;
    struct trainer trainer;
    struct text state;

    text_init(&state);
    start(&trainer, graph, data, &hook);
    trainer_save(&trainer, &state);
    for (size_t length = 0; length < state.length; length += 1 + state.length / 97) {
        const char *at = state.at;
        ck_assert_int_eq(trainer_load(&trainer, &at, state.at + length), ERR_FORMAT);
    }
    text_clear(&state);
    trainer_clear(&trainer);
    dataset_free(data);
    graph_free(graph);
}
END_TEST

START_TEST(labels_beyond_the_outputs_are_refused)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct dataset *data =
        fixture_data(&context, "synthetic:classes=9,samples=160,shape=1x8x8,type=f32");
    struct trainer trainer;

    ck_assert_int_eq(
        trainer_init(&context, &trainer, graph, &course, data, NULL, NULL, ISA_GENERIC), ERR_SHAPE);
    trainer_clear(&trainer);
    dataset_free(data);
    graph_free(graph);
}
END_TEST

Suite *train_suite(void);
Suite *train_suite(void)
{
    Suite *suite = suite_create("train");
    TCase *tcase = tcase_create("train");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, masks_prune_exactly_the_share_asked_for);
    tcase_add_test(tcase, no_weight_that_goes_is_larger_than_one_that_stays);
    tcase_add_test(tcase, a_tensor_keeps_its_least_density_and_others_give_more);
    tcase_add_test(tcase, cuts_equal_sorting_with_ties_and_least_densities);
    tcase_add_test(tcase, schedules_pass_through_their_known_points);
    tcase_add_loop_test(tcase, optimizers_equal_those_of_pytorch, 0, 2);
    tcase_add_test(tcase, a_masked_weight_stays_zero_and_a_bias_does_not_decay);
    tcase_add_loop_test(tcase, weights_are_rounded_to_grids_that_their_largest_spans, 0,
                        (int)(sizeof grids / sizeof *grids));
    tcase_add_test(tcase, the_trainer_learns_what_can_be_learnt);
    tcase_add_test(tcase, resuming_gives_the_same_bytes);
    tcase_add_test(tcase, training_gives_the_same_bytes_on_any_number_of_threads);
    tcase_add_test(tcase, a_checkpoint_that_was_cut_short_is_refused);
    tcase_add_test(tcase, labels_beyond_the_outputs_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
