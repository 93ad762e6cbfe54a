// Which candidates `ecai compress` runs and takes, on made-up networks whose energy and loss are
// known in closed form; the table of strategies; recipes as documents.
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "compress/recipe_document.h"
#include "compress/search.h"
#include "tests/support/fixture.h"

static struct context context;
static struct arena *arena;

static void setup(void)
{
    context_init(&context);
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(arena);
}

// ---- choosing -----------------------------------------------------------------------------------

// Four families. Their energy ratio is gain / (1 - sparsity); they keep all accuracy up to an edge
// and lose 10 points a tenth behind it.
static const struct variant fixed = {.weight_bits = 8, .activation_bits = 8};
static const struct variant open = {.weight_bits = 8, .activation_bits = 8, .most = 0.95};
static const struct strategy cheap = {.name = "cheap"};
static const struct strategy trained = {.name = "trained", .is_trained = true};
struct world {
    double gain[4], edge[4], promise; // promise: forecast / measured ratio
    int run_count, run[64];
};

static struct forecast predict(void *self, const struct family *family, double sparsity)
{
    const struct world *world = self;
    int index = (int)family->work;
    double ratio = world->promise * world->gain[index] / (1 - sparsity);

    return (struct forecast){1 / ratio, ratio, 0.01 * index + fmax(0, sparsity - 0.5)};
}

static void world_begin(struct world *world, struct search *search, struct goal goal)
{
    struct attempt first[SEARCH_FAMILIES_MAX];

    *world = (struct world){
        .gain = {4, 4, 4, 40}, .edge = {0, 0.6, 0.8, 0.9}, .promise = 1, .run_count = 0};
    *search = (struct search){.goal = goal,
                              .family_count = 4,
                              .family = {{&cheap, &fixed, 0},
                                         {&cheap, &open, 1},
                                         {&trained, &open, 2},
                                         {&trained, &open, 3}},
                              .forecast = predict,
                              .self = world,
                              .trainings_max = 8};
    for (int i = 0; i < 4; i++)
        search->family[i].work = i;
    search_begin(search, first);
}

static void world_run(struct world *world, struct search *search)
{
    struct attempt attempt;

    while (search_next(search, &attempt)) {
        double over = attempt.sparsity - world->edge[attempt.family];
        ck_assert_int_lt(world->run_count, 64);
        attempt.state = ATTEMPT_DONE;
        attempt.ratio = attempt.forecast.ratio / world->promise;
        attempt.loss = fmax(0, over);
        search_record(search, &attempt);
        world->run[world->run_count++] = attempt.family;
    }
}

static struct goal towards(double energy_ratio, double max_drop)
{
    return (struct goal){energy_ratio, max_drop};
}

START_TEST(an_energy_is_reached_with_the_least_sparsity_of_a_family)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(8, NAN));
    world_run(&world, &search);
    // Family 0 cannot: 4 is its most. The others run once each, at 1 - gain / 8.
    ck_assert_int_eq(search.count, 3);
    for (int i = 0; i < search.count; i++) {
        const struct attempt *attempt = &search.attempt[i];
        double least = fmax(0, 1 - world.gain[attempt->family] / 8);
        bool is_trained = search.family[attempt->family].strategy->is_trained;
        if (is_trained && least > 0) // and 4 % fewer weights, not to be run again for a hair
            least = 1 - 0.96 * (1 - least);
        ck_assert_double_eq_tol(attempt->sparsity, least, 2e-4);
        ck_assert_double_ge(attempt->ratio, 8);
    }
}
END_TEST

START_TEST(of_those_that_reach_an_energy_the_one_that_loses_least_is_taken)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(16, NAN)); // 1: 0.75, loses 0.15; 2: 0.75, loses nothing
    world.edge[3] = -1;                             // 3: is best on energy, and loses much
    world_run(&world, &search);
    ck_assert_int_eq(search.attempt[search_best(&search)].family, 2);
}
END_TEST

START_TEST(the_first_that_keeps_energy_and_accuracy_ends_the_search)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(8, 0.01));
    world_run(&world, &search);
    ck_assert_int_eq(search.count, 1); // family 1, which is not trained, at 0.5
    ck_assert_int_eq(search.attempt[0].family, 1);
    ck_assert(search_meets(&search, &search.attempt[search_best(&search)]));
}
END_TEST

START_TEST(a_forecast_that_promised_too_much_is_aimed_higher)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(8, 0.01));
    world.promise = 1.1;
    world_run(&world, &search);
    ck_assert_int_eq(search.count, 2);
    ck_assert_double_lt(search.attempt[0].ratio, 8);
    ck_assert_double_ge(search.attempt[1].ratio, 8);
    ck_assert_double_lt(search.attempt[1].ratio, 8.2);
}
END_TEST

START_TEST(an_accuracy_is_kept_with_nearly_the_least_energy_there_is)
{
    struct world world;
    struct search search;
    const struct attempt *best;

    world_begin(&world, &search, towards(NAN, 0.01));
    world_run(&world, &search);
    best = &search.attempt[search_best(&search)];
    ck_assert_int_eq(best->family, 3);
    ck_assert(search_meets(&search, best));
    // 0.91 is the most that loses no more than a point: a ratio of 444. Three trainings come near.
    ck_assert_double_gt(best->ratio, 300);
}
END_TEST

START_TEST(without_training_the_edge_is_found_to_a_twentieth_of_the_energy)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(NAN, 0));
    search.trainings_max = 0;
    world_run(&world, &search);
    ck_assert_int_eq(search.attempt[search_best(&search)].family, 1);
    ck_assert_double_gt(search.attempt[search_best(&search)].ratio, 10 / 1.06); // 4 / (1 - 0.6)
}
END_TEST

START_TEST(no_more_candidates_are_trained_than_allowed)
{
    struct world world;
    struct search search;
    int count = 0;

    world_begin(&world, &search, towards(NAN, 0.01));
    search.trainings_max = 2;
    world_run(&world, &search);
    for (int i = 0; i < world.run_count; i++)
        count += world.run[i] >= 2;
    ck_assert_int_eq(count, 2);
}
END_TEST

START_TEST(what_is_trained_comes_last_where_an_accuracy_is_asked_for)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(NAN, 0.01));
    world_run(&world, &search);
    for (int i = 1; i < world.run_count; i++)
        ck_assert(world.run[i] >= 2 || world.run[i - 1] < 2);
}
END_TEST

START_TEST(a_family_that_promises_no_more_than_the_best_is_left_out)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(NAN, 0.01));
    world.gain[2] = 0.1; // at most 2, family 0 has 4
    world_run(&world, &search);
    for (int i = 0; i < world.run_count; i++)
        ck_assert_int_ne(world.run[i], 2);
}
END_TEST

START_TEST(nothing_is_begun_once_time_is_over)
{
    struct world world;
    struct search search;
    struct attempt attempt;

    world_begin(&world, &search, towards(8, NAN));
    ck_assert(search_next(&search, &attempt));
    search.is_out_of_time = true;
    ck_assert(!search_next(&search, &attempt));
    ck_assert_int_eq(search_best(&search), -1);
}
END_TEST

START_TEST(a_candidate_that_failed_is_neither_taken_nor_run_again)
{
    struct world world;
    struct search search;
    struct attempt attempt;

    world_begin(&world, &search, towards(8, 0.01));
    ck_assert(search_next(&search, &attempt));
    ck_assert_int_eq(attempt.family, 1);
    attempt.state = ATTEMPT_FAILED;
    search_record(&search, &attempt);
    ck_assert_int_eq(search_best(&search), -1);
    ck_assert(search_next(&search, &attempt));
    ck_assert_int_ne(attempt.family, 1);
}
END_TEST

START_TEST(the_best_of_a_missed_goal_reaches_the_energy_where_one_does)
{
    struct world world;
    struct search search;

    world_begin(&world, &search, towards(50, 0));
    world.edge[1] = world.edge[2] = world.edge[3] = -1; // everything loses
    world_run(&world, &search);
    ck_assert_int_ge(search_best(&search), 0);
    ck_assert(!search_meets(&search, &search.attempt[search_best(&search)]));
    ck_assert_double_ge(search.attempt[search_best(&search)].ratio, 50);
}
END_TEST

// ---- strategies ---------------------------------------------------------------------------------

START_TEST(every_strategy_proposes_chains_of_named_steps)
{
    const struct material material = {"t.onnx", "d@0:90", "d@0:10", 3};

    ck_assert_ptr_nonnull(strategy_at(0));
    for (int i = 0; strategy_at(i); i++) {
        const struct strategy *strategy = strategy_at(i);
        bool has_training = false;

        ck_assert_ptr_eq(strategy_find(strategy->name), strategy);
        ck_assert_int_gt(strategy->variant->weight_bits, 0);
        for (const struct variant *variant = strategy->variant; variant->weight_bits; variant++) {
            struct json *chain = strategy->chain(variant, variant->most, &material);
            for (size_t k = 0; k < json_count(chain); k++) {
                const struct json *step = json_child(chain, k);
                const struct json *data = json_at(step, "options.data");
                ck_assert(json_is_text(json_at(step, "name")));
                has_training |= strncmp(json_text(json_at(step, "run")), "distill", 7) == 0;
                if (data) // never the samples that are held back
                    ck_assert(strcmp(json_text(data), "d@0:90") == 0 ||
                              strcmp(json_text(data), "d@0:10") == 0);
            }
            ck_assert_uint_gt(json_count(chain), 0);
            json_free(chain);
        }
        ck_assert_int_eq(has_training, strategy->is_trained);
    }
    ck_assert_ptr_null(strategy_find("nothing"));
}
END_TEST

START_TEST(more_zeros_and_fewer_bits_are_expected_to_lose_more)
{
    const struct outlook outlook = {0.5, 0.5};

    for (int i = 0; strategy_at(i); i++) {
        const struct strategy *strategy = strategy_at(i);
        for (const struct variant *variant = strategy->variant; variant->weight_bits; variant++) {
            struct variant fewer = *variant;
            fewer.weight_bits = 2;
            if (variant->most > variant->least)
                ck_assert_double_gt(strategy->expected_loss(variant, variant->most, &outlook),
                                    strategy->expected_loss(variant, variant->least, &outlook));
            if (variant->weight_bits > 2)
                ck_assert_double_gt(strategy->expected_loss(&fewer, variant->least, &outlook),
                                    strategy->expected_loss(variant, variant->least, &outlook));
        }
    }
}
END_TEST

// ---- recipes ------------------------------------------------------------------------------------

START_TEST(what_is_held_back_is_the_end_of_a_slice)
{
    struct recipe_data data = {.name = "synthetic:classes=2,shape=2@100:300", .samples = 200};

    ck_ok(recipe_split(&context, arena, 50, 1000, &data));
    ck_assert_str_eq(data.train, "synthetic:classes=2,shape=2@100:250");
    ck_assert_str_eq(data.held_out, "synthetic:classes=2,shape=2@250:300");
    ck_assert_str_eq(data.few, data.train); // 150 are no 1000
    ck_assert_int_eq(recipe_split(&context, arena, 200, 10, &data), ERR_USAGE);
    ck_assert_int_eq(recipe_split(&context, arena, 0, 10, &data), ERR_USAGE);
}
END_TEST

static struct json *a_recipe(void)
{
    static const char chain[] =
        "[{\"run\": \"quantize int8\", \"name\": \"quantize\", \"options\": "
        "{\"data\": \"old@0:8\", \"student\": \"old.onnx\", \"percentile\": 99.5}}]";
    struct recipe recipe = {.ecai = "1",
                            .isa = "avx2",
                            .seed = 7,
                            .teacher = "old.onnx",
                            .teacher_sha256 = "aa",
                            .data = {.name = "old",
                                     .sha256 = "bb",
                                     .samples = 100,
                                     .train_samples = 90,
                                     .few_samples = 8,
                                     .train = "old@0:90",
                                     .few = "old@0:8",
                                     .held_out = "old@90:100"},
                            .model_sha256 = "cc"};
    struct json *list, *line = json_object(), *document, *goal;

    ck_ok(json_parse(&context, chain, strlen(chain), &list));
    recipe.chain = list;
    json_add_text(line, "preprocess", "unit");
    recipe.line = line;
    document = recipe_to_json(&recipe);
    json_free(list);
    json_free(line);
    goal = json_add_object(document, "goal");
    json_add_number(goal, "energy_ratio", 5);
    json_add_null(goal, "max_drop");
    json_add_text(goal, "device", "asic-7nm");
    return document;
}

START_TEST(a_recipe_is_read_as_it_was_written)
{
    struct json *document = a_recipe();
    struct recipe recipe;

    ck_ok(recipe_read(&context, arena, document, &recipe));
    ck_assert_int_eq(recipe.seed, 7);
    ck_assert_str_eq(recipe.isa, "avx2");
    ck_assert_str_eq(recipe.teacher_sha256, "aa");
    ck_assert_int_eq(recipe.data.train_samples, 90);
    ck_assert_str_eq(recipe.data.held_out, "old@90:100");
    ck_assert_str_eq(recipe.model_sha256, "cc");
    ck_assert_str_eq(json_text(json_member(recipe.line, "preprocess")), "unit");
    ck_assert_double_eq(json_number(json_member(recipe.goal, "energy_ratio")), 5);
    json_free(document);
}
END_TEST

START_TEST(other_names_of_the_same_inputs_take_their_place)
{
    const struct recipe_data data = {.train = "new@5:95", .few = "new@5:13"};
    struct json *document = a_recipe(), *chain;
    struct recipe recipe;

    ck_ok(recipe_read(&context, arena, document, &recipe));
    chain = recipe_rebind(&recipe, "new.onnx", &data);
    ck_assert_str_eq(json_text(json_at(chain, "0.options.data")), "new@5:13");
    ck_assert_str_eq(json_text(json_at(chain, "0.options.student")), "new.onnx");
    ck_assert_double_eq(json_number(json_at(chain, "0.options.percentile")), 99.5);
    ck_assert_str_eq(json_text(json_at(chain, "0.run")), "quantize int8");
    json_free(chain);
    json_free(document);
}
END_TEST

// One spoilt place each, and what has to be said of it.
static const struct {
    const char *from, *to, *message;
} spoilt[] = {
    {"ecai/recipe/1", "ecai/sweep/1", "schema: wants 'ecai/recipe/1', got 'ecai/sweep/1'"},
    {"\"seed\": 7", "\"sead\": 7", "sead: unknown key (did you mean 'seed'?)"},
    {"\"seed\": 7", "\"seed\": \"7\"", "seed: wants a number"},
    {"\"seed\": 7", "\"seed\": -7", "seed: wants a count"},
    {"\"energy_ratio\": 5", "\"energy_ratio\": \"5\"",
     "goal.energy_ratio: wants a number or null, got a text"},
    {"\"device\": \"asic-7nm\"", "\"device\": 7", "goal.device: wants a text"},
    {"{\n    \"preprocess\": \"unit\"\n  }", "\"unit\"", "line: wants an object"},
    {"\"samples\": 100", "\"samples\": 1.5", "data.samples: wants a count"},
    {"\"train_samples\": 90", "\"train_samples\": 100", "data: the counts of samples contradict"},
    {"\"sha256\": \"aa\"", "\"sha\": \"aa\"", "teacher.sha256: missing"},
    {"\"deterministic\": false", "\"deterministic\": 0", "deterministic: wants true or false"},
};

START_TEST(a_recipe_that_is_wrong_is_named_by_its_key)
{
    struct json *document = a_recipe(), *wrong;
    struct text text;
    struct recipe recipe;
    const char *at;
    char *copy;

    text_init(&text);
    json_print(document, true, &text);
    at = strstr(text.at, spoilt[_i].from);
    ck_assert_ptr_nonnull(at);
    copy = arena_format(arena, "%.*s%s%s", (int)(at - text.at), text.at, spoilt[_i].to,
                        at + strlen(spoilt[_i].from));
    ck_ok(json_parse(&context, copy, strlen(copy), &wrong));
    ck_assert_int_eq(recipe_read(&context, arena, wrong, &recipe), ERR_USAGE);
    ck_assert_msg(strstr(context.error, spoilt[_i].message) != NULL, "%s", context.error);
    json_free(wrong);
    json_free(document);
    text_clear(&text);
}
END_TEST

Suite *compress_suite(void);

Suite *compress_suite(void)
{
    Suite *suite = suite_create("compress");
    TCase *tests = tcase_create("compress");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_energy_is_reached_with_the_least_sparsity_of_a_family);
    tcase_add_test(tests, of_those_that_reach_an_energy_the_one_that_loses_least_is_taken);
    tcase_add_test(tests, the_first_that_keeps_energy_and_accuracy_ends_the_search);
    tcase_add_test(tests, a_forecast_that_promised_too_much_is_aimed_higher);
    tcase_add_test(tests, an_accuracy_is_kept_with_nearly_the_least_energy_there_is);
    tcase_add_test(tests, without_training_the_edge_is_found_to_a_twentieth_of_the_energy);
    tcase_add_test(tests, no_more_candidates_are_trained_than_allowed);
    tcase_add_test(tests, what_is_trained_comes_last_where_an_accuracy_is_asked_for);
    tcase_add_test(tests, a_family_that_promises_no_more_than_the_best_is_left_out);
    tcase_add_test(tests, nothing_is_begun_once_time_is_over);
    tcase_add_test(tests, a_candidate_that_failed_is_neither_taken_nor_run_again);
    tcase_add_test(tests, the_best_of_a_missed_goal_reaches_the_energy_where_one_does);
    tcase_add_test(tests, every_strategy_proposes_chains_of_named_steps);
    tcase_add_test(tests, more_zeros_and_fewer_bits_are_expected_to_lose_more);
    tcase_add_test(tests, what_is_held_back_is_the_end_of_a_slice);
    tcase_add_test(tests, a_recipe_is_read_as_it_was_written);
    tcase_add_test(tests, other_names_of_the_same_inputs_take_their_place);
    tcase_add_loop_test(tests, a_recipe_that_is_wrong_is_named_by_its_key, 0,
                        (int)(sizeof spoilt / sizeof *spoilt));
    suite_add_tcase(suite, tests);
    return suite;
}
