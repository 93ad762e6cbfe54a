// Sweeps: what a spec says and what is refused, the trials it makes, halving, fronts.
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_check.h"
#include "base/random.h"
#include "cli/sweep_host.h"
#include "io/file.h"
#include "sweep/folder.h"
#include "sweep/front.h"
#include "sweep/run.h"

static struct context context;
static struct arena *arena;
static struct json *document;
static struct sweep_host host;
static struct sweep_spec spec;
static struct trial_list trials;

static void set_up(void)
{
    static const struct global_options global = {.conv = "auto"};
    static struct invocation invocation;

    context_init(&context);
    arena = arena_new();
    invocation = (struct invocation){.context = &context, .arena = arena, .global = &global};
    ck_assert_int_eq(sweep_host_init(&invocation, &host), OK);
    document = NULL;
    trials_init(&trials, &context, &spec, &host);
}

static void tear_down(void)
{
    trials_clear(&trials);
    json_free(document);
    arena_free(arena);
}

// With ' for ".
static enum status read_spec(const char *text)
{
    char *copy = arena_copy_text(arena, text);

    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    ck_assert_msg(json_parse(&context, copy, strlen(copy), &document) == OK, "%s: %s", copy,
                  context.error);
    return spec_read(&context, arena, document, &host, &spec);
}

static void expand(const char *text)
{
    ck_assert_msg(read_spec(text) == OK, "%s", context.error);
    ck_assert_msg(trials_expand(&trials) == OK, "%s", context.error);
}

static const char *parameters_of(long index)
{
    struct text text;
    const char *copy;

    text_init(&text);
    json_print(trials.at[index].parameters, false, &text);
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    return copy;
}

#define STEP "{'run':'prune magnitude','options':{'sparsity':[0.5,0.8]}}"
#define SPEC(chain, more) "{'model':'m.onnx','chain':[" chain "],'search_data':'synthetic'" more "}"

START_TEST(a_grid_is_every_combination_and_the_last_axis_turns_fastest)
{
    expand(SPEC(STEP ",{'run':'quantize int8','options':{'data':'synthetic','bits':['8/8','4/8']}}",
                ""));
    ck_assert_int_eq(trials.count, 4);
    ck_assert_str_eq(parameters_of(0), "{\"prune.sparsity\":0.5,\"quantize.bits\":\"8/8\"}");
    ck_assert_str_eq(parameters_of(1), "{\"prune.sparsity\":0.5,\"quantize.bits\":\"4/8\"}");
    ck_assert_str_eq(parameters_of(3), "{\"prune.sparsity\":0.8,\"quantize.bits\":\"4/8\"}");
}
END_TEST

START_TEST(a_trial_can_be_run_again_by_hand)
{
    struct json *commands;

    expand(SPEC(STEP ",{'run':'quantize int8','options':{'data':'npy:a b.npy'}}",
                ",'eval':{'batch':8},'seed':3"));
    commands = trial_commands(&trials, &trials.at[1], "synthetic");
    ck_assert_uint_eq(json_count(commands), 3);
    ck_assert_str_eq(json_text(json_child(commands, 0)),
                     "ecai prune magnitude --sparsity 0.8 m.onnx -o 1.onnx --seed 3");
    ck_assert_str_eq(json_text(json_child(commands, 1)),
                     "ecai quantize int8 --data 'npy:a b.npy' 1.onnx -o 2.onnx --seed 3");
    ck_assert_str_eq(json_text(json_child(commands, 2)),
                     "ecai eval 2.onnx --data synthetic --baseline m.onnx --batch 8 "
                     "--seed 3");
    json_free(commands);
}
END_TEST

START_TEST(a_command_to_run_by_hand_has_the_options_of_the_whole_sweep_and_one_seed)
{
    static const char *const words[] = {"--isa", "scalar", "--deterministic", NULL};
    struct json *commands;

    host.global_words = words;
    expand("{'model':'-m.onnx','chain':[{'run':'prune magnitude','options':{'seed':5}}],"
           "'search_data':'synthetic','seed':3}");
    commands = trial_commands(&trials, &trials.at[0], "synthetic");
    ck_assert_str_eq(json_text(json_child(commands, 0)),
                     "ecai prune magnitude --seed 5 ./-m.onnx -o 1.onnx --isa scalar "
                     "--deterministic");
    ck_assert_str_eq(json_text(json_child(commands, 1)),
                     "ecai eval 1.onnx --data synthetic --baseline ./-m.onnx --seed 3 --isa scalar "
                     "--deterministic");
    json_free(commands);
}
END_TEST

START_TEST(a_list_is_the_value_of_an_option_that_repeats_and_a_list_of_lists_varies_it)
{
    expand(SPEC("{'run':'prune magnitude','options':{'only':['a','b'],'exclude':[['c'],['d','e']]}"
                "}",
                ""));
    ck_assert_int_eq(trials.count, 2);
    ck_assert_str_eq(parameters_of(1), "{\"prune.exclude\":[\"d\",\"e\"]}");
    ck_assert_uint_eq(json_count(chain_find_option(&trials.at[1].chain.step[0], "only")), 2);
}
END_TEST

START_TEST(null_leaves_a_step_out_and_what_read_it_reads_its_input)
{
    expand(SPEC("{'run':['prune magnitude',null],'options':{'sparsity':[0.5,0.8]}},"
                "{'run':'simplify'}",
                ""));
    ck_assert_int_eq(trials.count, 3); // without pruning, its sparsity changes nothing
    ck_assert_str_eq(parameters_of(2), "{\"prune.run\":null}");
    ck_assert_int_eq(trials.at[2].chain.count, 1);
    ck_assert_int_eq(trials.at[2].chain.step[0].input, -1);
    ck_assert_int_eq(trials.at[0].chain.step[1].input, 0);
}
END_TEST

START_TEST(a_step_may_be_one_of_several_commands_that_keep_the_options_they_have)
{
    expand(SPEC("{'run':['quantize int8','quantize fp16'],'options':{'data':'synthetic',"
                "'bits':['8/8','4/8']}}",
                ""));
    ck_assert_int_eq(trials.count, 3); // float16 has no bits to choose
    ck_assert_str_eq(trials.at[2].chain.step[0].method, "fp16");
    ck_assert_str_eq(parameters_of(2), "{\"quantize.run\":\"quantize fp16\"}");
}
END_TEST

#define RANDOM                                                                                     \
    SPEC("{'run':'prune magnitude','options':{'sparsity':{'uniform':[0.1,0.9]},"                   \
         "'keep':{'log_uniform':[0.001,0.1]},'global':{'choice':[true,false]}}}",                  \
         ",'search':{'random':20},'seed':5")

START_TEST(a_random_search_is_the_same_each_time_and_never_repeats)
{
    char id[20][TRIAL_ID_BYTES];

    expand(RANDOM);
    ck_assert_int_eq(trials.count, 20);
    for (int i = 0; i < 20; i++)
        memcpy(id[i], trials.at[i].id, sizeof id[i]);
    tear_down();
    set_up();
    expand(RANDOM);
    for (int i = 0; i < 20; i++) {
        ck_assert_str_eq(id[i], trials.at[i].id);
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(id[i], id[k]);
    }
}
END_TEST

START_TEST(another_seed_draws_others)
{
    char first[TRIAL_ID_BYTES];

    expand(RANDOM);
    memcpy(first, trials.at[0].id, sizeof first);
    trials_clear(&trials);
    trials_init(&trials, &context, &spec, &host);
    spec.seed = 6;
    ck_assert_int_eq(trials_expand(&trials), OK);
    ck_assert_str_ne(first, trials.at[0].id);
}
END_TEST

START_TEST(draws_stay_in_their_range_and_spread_over_it)
{
    int low = 0, small = 0;

    expand(RANDOM);
    for (long i = 0; i < trials.count; i++) {
        double sparsity = json_number(json_member(trials.at[i].parameters, "prune.sparsity"));
        double keep = json_number(json_member(trials.at[i].parameters, "prune.keep"));
        ck_assert(sparsity >= 0.1 && sparsity <= 0.9);
        ck_assert(keep >= 0.001 && keep <= 0.1);
        low += sparsity < 0.5;
        small += keep < 0.01; // half of the range by its logarithm, a tenth by its length
    }
    // 20 fair coins leave 4 .. 16 with probability 0.0026 (binomial).
    ck_assert(low >= 4 && low <= 16);
    ck_assert(small >= 4 && small <= 16);
}
END_TEST

START_TEST(a_random_search_of_more_than_there_is_takes_all_of_the_grid)
{
    expand(SPEC(STEP, ",'search':{'random':50}"));
    ck_assert_int_eq(trials.count, 2);
}
END_TEST

START_TEST(halving_grows_the_budget_and_keeps_the_best_share)
{
    long survivor[] = {0};

    expand(SPEC("{'run':'distill logits','options':{'data':'synthetic','sparsity':[0.1,0.2,0.3]}}",
                ",'search':{'halving':{'option':'distill.epochs','from':1,'to':8,'eta':3}}"));
    ck_assert_int_eq(spec.halving.rungs, 3);
    ck_assert_double_eq(spec.halving.budget[0], 1);
    ck_assert_double_eq(spec.halving.budget[1], 3);
    ck_assert_double_eq(spec.halving.budget[2], 8);
    ck_assert_int_eq(halving_survivors(&spec.halving, 9), 3);
    ck_assert_int_eq(halving_survivors(&spec.halving, 2), 1);
    ck_assert_int_eq(trials.count, 3);
    ck_assert_str_eq(parameters_of(0), "{\"distill.sparsity\":0.1,\"distill.epochs\":1}");
    ck_assert_int_eq(trials_promote(&trials, survivor, 1, 1), OK);
    ck_assert_int_eq(trials.count, 4);
    ck_assert_int_eq(survivor[0], 3);
    ck_assert_str_eq(parameters_of(3), "{\"distill.sparsity\":0.1,\"distill.epochs\":3}");
    ck_assert_int_eq(trials.at[3].rung, 1);
}
END_TEST

START_TEST(rungs_that_round_to_one_budget_are_one)
{
    ck_assert_int_eq(
        read_spec(SPEC("{'run':'distill logits','options':{'data':'synthetic'}}",
                       ",'search':{'halving':{'option':'distill.epochs','from':1,'to':3,"
                       "'eta':1.2}}")),
        OK);
    ck_assert_int_eq(spec.halving.rungs, 3);
    for (int rung = 0; rung < 3; rung++)
        ck_assert_double_eq(spec.halving.budget[rung], rung + 1);
}
END_TEST

START_TEST(a_trial_without_the_step_that_grows_is_carried_on_through_the_rungs)
{
    long survivor[] = {0, 1};

    expand(SPEC("{'run':['distill logits',null],'options':{'data':'synthetic'}}",
                ",'search':{'halving':{'option':'distill.epochs','from':1,'to':4,'eta':2}}"));
    ck_assert_int_eq(trials.count, 2);
    for (int rung = 1; rung < 3; rung++) {
        ck_assert_int_eq(trials_promote(&trials, survivor, 2, rung), OK);
        ck_assert_int_eq(trials.count, 2 + rung);
        ck_assert_int_eq(survivor[0], 1 + rung);
        ck_assert_int_eq(survivor[1], 1);
        ck_assert_int_eq(trials.at[1 + rung].rung, rung);
    }
}
END_TEST

static void write_program(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
}

// Every step runs a program that notes that it ran, and fails.
START_TEST(a_step_that_fails_is_run_once_for_all_trials_that_share_it)
{
    char folder[] = "/tmp/ecai-test-XXXXXX";
    const char *program, *runs, *at;
    struct contents *contents = contents_new();
    struct sweep sweep;
    struct store *store;
    struct text log;
    bool exists;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    program = arena_format(arena, "%s/program", folder);
    runs = arena_format(arena, "%s/sweep/runs", folder);
    write_program(program, arena_format(arena, "#!/bin/sh\necho >>%s\nexit 1\n", runs));
    host.program = program;
    ck_assert_int_eq(
        read_spec(arena_format(arena,
                               "{'model':'%s','baseline':false,'chain':["
                               "{'run':'simplify'}," STEP "],'search_data':'synthetic'}",
                               program)),
        OK);
    at = arena_format(arena, "%s/sweep", folder);
    ck_assert_msg(store_open(&context, at, NULL, "{}", &store) == OK, "%s", context.error);
    sweep_init(&sweep, &context, &host, &spec, store, contents);
    ck_assert_msg(sweep_run(&sweep) == OK, "%s", context.error);
    ck_assert_int_eq(sweep.failed, 2);
    text_init(&log);
    ck_assert_int_eq(store_read(&context, store, "runs", &log, &exists), OK);
    ck_assert_str_eq(log.at, "\n");
    text_clear(&log);
    sweep_clear(&sweep);
    store_close(store);
    contents_free(contents);
    folder_remove(folder);
}
END_TEST

// Sets the figures of a trial: two keys of which the first is better if higher.
static void give(struct sweep *sweep, long index, double accuracy, double joules)
{
    sweep->result[index].state = isnan(accuracy) ? TRIAL_FAILED : TRIAL_DONE;
    sweep->result[index].figure[0] = accuracy;
    sweep->result[index].figure[1] = joules;
}

START_TEST(halving_keeps_fronts_first_then_accuracy_and_never_what_failed)
{
    struct sweep sweep;
    long survivor[] = {0, 1, 2, 3, 4, 5};

    ck_assert_int_eq(
        read_spec(SPEC("{'run':'distill logits','options':{'data':'synthetic','sparsity':"
                       "[0.1,0.2,0.3,0.4,0.5,0.6]}}",
                       ",'front':['accuracy.value','energy.joules'],"
                       "'search':{'halving':{'option':'distill.epochs','from':1,'to':2,'eta':2}}")),
        OK);
    sweep_init(&sweep, &context, &host, &spec, NULL, NULL);
    ck_assert_int_eq(trials_expand(&sweep.trials), OK);
    sweep_grow(&sweep);
    give(&sweep, 0, 0.9, 10);        // on the front
    give(&sweep, 1, 0.8, 11);        // behind 0
    give(&sweep, 2, (double)NAN, 1); // failed
    give(&sweep, 3, 0.5, 2);         // on the front
    give(&sweep, 4, 0.4, 3);         // behind 3
    give(&sweep, 5, 0.7, 12);        // behind 1
    ck_assert_int_eq(sweep_survivors(&sweep, survivor, 6), 3);
    ck_assert_int_eq(survivor[0], 0);
    ck_assert_int_eq(survivor[1], 1);
    ck_assert_int_eq(survivor[2], 3);
    ck_assert(sweep.result[5].was_dropped && !sweep.result[0].was_dropped);
    sweep_clear(&sweep);
}
END_TEST

START_TEST(the_least_energy_that_meets_the_requirement_is_chosen)
{
    struct sweep sweep;

    ck_assert_int_eq(
        read_spec(SPEC("{'run':'prune magnitude','options':{'sparsity':[0.1,0.2,0.3]}}",
                       ",'require':['accuracy.value >= 0.8']")),
        OK);
    sweep_init(&sweep, &context, &host, &spec, NULL, NULL);
    ck_assert_int_eq(trials_expand(&sweep.trials), OK);
    sweep_grow(&sweep);
    for (long i = 0; i < 3; i++) {
        sweep.result[i].state = TRIAL_DONE;
        sweep.result[i].minimised = 3 - (double)i;
        sweep.result[i].is_feasible = i < 2;
    }
    sweep_choose(&sweep);
    ck_assert_int_eq(sweep.chosen, 1);
    sweep.result[0].is_feasible = sweep.result[1].is_feasible = false;
    sweep_choose(&sweep);
    ck_assert_int_eq(sweep.chosen, -1);
    sweep_clear(&sweep);
}
END_TEST

static const struct {
    const char *search, *test;
    bool overlaps;
} overlaps[] = {
    {"fashion-mnist:train@0:100", "fashion-mnist:test", false},
    {"fashion-mnist:train@0:100", "fashion-mnist:train@100:200", false},
    {"fashion-mnist:train[0:101]", "fashion-mnist:train@100:200", true},
    {"fashion-mnist:test@0:100", "fashion-mnist:test", true},
    {"fashion-mnist:test", "fashion-mnist:test", true},
    {"csv:testdata/samples/table.csv,label=last", "csv:./testdata/samples/table.csv,label=last",
     true},
    {"csv:testdata/samples/table.csv,label=last", "csv:testdata/../testdata//samples/table.csv",
     true},
    {"csv:testdata/samples/table.csv@0:10", "csv:./testdata/samples/table.csv@10:20", false},
    {"csv:testdata/samples/table.csv@0:11", "csv:./testdata/samples/table.csv@10:20", true},
    {"images:testdata", "images:./testdata/models/..//", true},
    {"images:testdata", "images:testdata/models", true},
    {"images:src", "images:testdata/models", false},
    {"images:no-such-folder", "images:no-other-folder", false},
    {"synthetic:seed=1", "synthetic:seed=2", false},
};

START_TEST(slices_of_one_source_that_meet_are_selected_on_test)
{
    ck_assert(data_may_overlap(overlaps[_i].search, overlaps[_i].test) == overlaps[_i].overlaps);
    ck_assert(data_may_overlap(overlaps[_i].test, overlaps[_i].search) == overlaps[_i].overlaps);
}
END_TEST

// Of a step with one option.
static const char *key_of(const char *option, const char *value)
{
    struct json *values = json_array();
    struct contents *contents = contents_new();
    struct chain_option given = {.name = option};
    struct chain_step step = {.verb = "prune", .name = "p", .option_count = 1, .option = &given};
    char key[SHA256_HEX_BYTES];

    json_add_text(values, NULL, value);
    given.value = json_child(values, 0);
    ck_assert_msg(contents_key(contents, &context, &host, &step, NULL, 1, key) == OK, "%s",
                  context.error);
    contents_free(contents);
    json_free(values);
    return arena_copy_text(arena, key);
}

START_TEST(a_value_that_is_a_files_name_is_still_that_value)
{
    ck_assert_str_eq(key_of("only", "testdata/student.txt"),
                     key_of("only", "testdata/student.txt"));
    ck_assert_str_ne(key_of("only", "testdata/student.txt"),
                     key_of("only", "./testdata/student.txt"));
}
END_TEST

#define DISTILL "{'run':'distill logits'}"
#define HALVING(more) ",'search':{'halving':{'option':'distill.epochs'," more "}}"

static char folder[32];

// In the folder, with so many bytes of another file.
static const char *put(const char *name, const char *from, size_t most)
{
    const char *path = arena_format(arena, "%s/%s", folder, name);
    struct span bytes;
    struct mapped *file;

    ck_assert_int_eq(mapped_open(&context, from, &file), OK);
    bytes = mapped_bytes(file);
    ck_assert_int_eq(
        output_file(&context, path, NULL, bytes.at, bytes.length < most ? bytes.length : most), OK);
    mapped_release(file);
    return path;
}

static const char *content_of(const char *path)
{
    struct contents *contents = contents_new();
    char sha256[SHA256_HEX_BYTES];

    ck_assert_msg(contents_file(contents, &context, path, sha256) == OK, "%s", context.error);
    contents_free(contents);
    return arena_copy_text(arena, sha256);
}

START_TEST(external_data_belong_to_a_model_wherever_it_says_that_they_lie)
{
    const char *model, *whole;

    snprintf(folder, sizeof folder, "/tmp/ecai-sweep-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    model = put("renamed.onnx", "testdata/models/external.onnx", SIZE_MAX);
    put("external.onnx.data", "testdata/models/external.onnx.data", SIZE_MAX);
    whole = content_of(model);
    put("renamed.onnx.data", "testdata/student.txt", 9); // nobody names it
    ck_assert_str_eq(whole, content_of(model));
    put("external.onnx.data", "testdata/models/external.onnx.data", 3000);
    ck_assert_str_ne(whole, content_of(model));
    folder_remove(folder);
}
END_TEST

START_TEST(a_file_that_changes_is_found_out)
{
    struct contents *contents = contents_new();
    char sha256[SHA256_HEX_BYTES];
    const char *path;

    snprintf(folder, sizeof folder, "/tmp/ecai-sweep-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    path = put("model.onnx", "testdata/models/external.onnx", SIZE_MAX);
    ck_assert_int_eq(contents_file(contents, &context, path, sha256), OK);
    ck_assert_int_eq(contents_check(contents, &context), OK);
    put("model.onnx", "testdata/models/external.onnx", SIZE_MAX); // another file of that name
    ck_assert_int_eq(contents_check(contents, &context), ERR_IO);
    ck_assert_str_eq(context.error, arena_format(arena, "'%s' changed while the sweep ran", path));
    contents_free(contents);
    folder_remove(folder);
}
END_TEST

static const struct {
    const char *spec, *error;
} refused[] = {
    {"[]", "wants an object, got a list"},
    {"{'modle':'m'}", "modle: unknown key (did you mean 'model'?)"},
    {"{'model':'','search_data':'x'}", "model: is empty"},
    {"{'model':3}", "model: wants a text or null, got a number"},
    {"{'model':'m','chain':[" STEP "]}",
     "search_data: is missing: what the trials are judged on, such as "
     "\"fashion-mnist:train@50000:60000\""},
    {"{'search_data':'x'}", "chain: wants a list"},
    {SPEC("", ""), "chain: is empty"},
    {SPEC("4", ""), "chain.0: wants an object, got a number"},
    {SPEC("{'run':'prune magnitude','options':{'sparsty':[0.5]}}", ""),
     "chain.0.options.sparsty: unknown option (did you mean 'sparsity'?)"},
    {SPEC("{'run':'prune magnitude','options':{'sparsity':[]}}", ""),
     "chain.0.options.sparsity: is an empty list"},
    {SPEC("{'run':'prune magnitude','options':{'sparsity':[0.5,2]}}", ""),
     "chain.0.options.sparsity.1: '--sparsity' wants a number from 0 to 1, got '2'"},
    {SPEC("{'run':'prune magnitude','options':{'sparsity':[0.5,0.50]}}", ""),
     "chain.0.options.sparsity.1: 0.5 is given twice"},
    {SPEC("{'run':'prune magnitude','options':{'sparsity':{'uniform':[0.5,0.9]}}}", ""),
     "chain.0.options.sparsity: a range has no grid: list its values, or search at random "
     "({\"random\": N})"},
    {SPEC("{'run':'prune magnitude','options':{'sparsity':{'unifrom':[0.5,0.9]}}}", ""),
     "chain.0.options.sparsity.unifrom: unknown key (did you mean 'uniform'?)"},
    {SPEC("{'run':'prune magnitude','options':{'sparsity':{'uniform':[0.9,0.5]}}}", ""),
     "chain.0.options.sparsity.uniform: wants low < high, got 0.9 and 0.5"},
    {SPEC("{'run':'prune magnitude','options':{'only':{'uniform':[0,1]}}}", ""),
     "chain.0.options.only.uniform: the option is no number: {\"choice\": [...]} is for it"},
    {SPEC("{'run':'prune magnitdue'}", ""),
     "chain.0.run: unknown method 'magnitdue' (did you mean 'magnitude'?)"},
    {SPEC("{'run':[null]}", ""), "chain.0.run: wants a text"},
    {SPEC("{'run':'simplify','name':'a','input':'b'},{'run':'simplify','name':'b'}", ""),
     "chain: the steps are a cycle: 'a' reads 'b' reads 'a'"},
    {SPEC(STEP, ",'search':'gird'"),
     "search: wants \"grid\", {\"random\": N} or {\"halving\": {...}}, got 'gird'"},
    {SPEC(STEP, ",'search':{'random':0}"), "search.random: wants a number from 1, got 0"},
    {SPEC(STEP, ",'search':{'halving':{'option':'prune.sparsity','from':1,'to':2}}"),
     "search.halving.option: 'prune.sparsity' is set in the chain as well: leave it to one of "
     "them"},
    {SPEC(STEP, ",'search':{'halving':{'option':'epochs','from':1,'to':2}}"),
     "search.halving.option: wants STEP.OPTION with the name of a step, got 'epochs'"},
    {SPEC(STEP, ",'search':{'halving':{'option':'prune.keep','from':0.1}}"),
     "search.halving.to: is missing"},
    {SPEC(STEP, ",'eval':{'devcie':'x'}"), "eval.devcie: unknown option (did you mean 'device'?)"},
    {SPEC(STEP, ",'eval':{'data':'x'}"),
     "eval.data: is no option here ('search_data', 'test_data', "
     "'baseline' and 'require' are keys of the spec)"},
    {SPEC(STEP, ",'eval':{'json':'x'}"),
     "eval.json: is no option here ('search_data', 'test_data', "
     "'baseline' and 'require' are keys of the spec)"},
    {"{'model':'-','search_data':'x'}", "model: wants a file: a stream is read only once"},
    {SPEC(STEP, ",'require':['accuracy.valeu >= 0.9']"),
     "require.0: requirement 'accuracy.valeu >= 0.9': unknown key 'accuracy.valeu' (did you mean "
     "'accuracy.value'?)"},
    {SPEC(STEP, ",'require':'accuracy.value >= 0.9'"), "require: wants a list, got a text"},
    {SPEC(STEP, ",'front':[]"), "front: is empty"},
    {SPEC(STEP, ",'minimise':'energy >= 1'"),
     "minimise: wants a key of eval's report such as 'energy.joules', got 'energy >= 1'"},
    {SPEC(STEP, ",'seed':-1"), "seed: wants a number from 0, got -1"},
    {SPEC(STEP, ",'seed':1.5"), "seed: wants a whole number, got 1.5"},
    {SPEC(STEP, ",'search':{'random':1.5}"), "search.random: wants a whole number, got 1.5"},
    {SPEC(DISTILL, HALVING("'from':0.5,'to':2")),
     "search.halving.from: '--epochs' wants a whole number from 1 to 100000, got '0.5'"},
    {SPEC(DISTILL, HALVING("'from':1,'to':2.5")),
     "search.halving.to: '--epochs' wants a whole number from 1 to 100000, got '2.5'"},
    {SPEC(DISTILL, HALVING("'from':1,'to':2,'trials':0.5")),
     "search.halving.trials: wants a number from 1, got 0.5"},
    {SPEC(DISTILL, ",'search':{'random':3,'halving':{'option':'distill.epochs','from':1,'to':2,"
                   "'trials':2}}"),
     "search.halving.trials: 'search.random' is given as well: leave it to one of them"},
    {SPEC(DISTILL, ",'search':{'halving':{'option':'distill.epohcs','from':1,'to':2}}"),
     "search.halving.option: unknown option (did you mean 'epochs'?)"},
    {SPEC(STEP ",{'run':'distill logits','options':{'teacher':'t','student':['a','b']}}", ""),
     "chain.1: has 'teacher' and 'student': nothing reads what 'prune' writes"},
};

START_TEST(what_is_wrong_with_a_spec_is_named_with_its_path)
{
    ck_assert_int_eq(read_spec(refused[_i].spec), ERR_USAGE);
    ck_assert_str_eq(context.error, refused[_i].error);
}
END_TEST

START_TEST(a_step_that_reads_a_model_needs_one)
{
    ck_assert_int_eq(read_spec("{'chain':[" STEP "],'search_data':'synthetic'}"), OK);
    ck_assert_int_eq(trials_expand(&trials), ERR_USAGE);
    ck_assert_str_eq(context.error, "model: is missing: step 'prune' reads it");
}
END_TEST

// By the definition, point by point.
static bool is_dominated(const double *value, size_t count, int keys, const bool *is_higher,
                         size_t point)
{
    for (size_t i = 0; i < count; i++) {
        bool as_good = true, better = false;
        for (int k = 0; k < keys; k++) {
            double mine = value[point * (size_t)keys + (size_t)k];
            double other = value[i * (size_t)keys + (size_t)k];
            if (is_higher[k]) {
                mine = -mine;
                other = -other;
            }
            as_good = as_good && other <= mine; // false where one is not known
            better = better || other < mine;
        }
        if (as_good && better)
            return true;
    }
    return false;
}

START_TEST(a_front_is_what_nothing_dominates)
{
    enum { COUNT = 60, KEYS = 3 };
    static const bool is_higher[KEYS] = {true, false, false};
    double value[COUNT * KEYS];
    struct random random = random_stream(7, (uint64_t)_i, 0);
    bool is_on[COUNT];

    for (int i = 0; i < COUNT * KEYS; i++) {
        value[i] = (double)random_below(&random, 8); // few values: many ties
        if (random_below(&random, 20) == 0)
            value[i] = (double)NAN;
    }
    front_find(value, COUNT, KEYS, is_higher, is_on);
    for (size_t i = 0; i < COUNT; i++) {
        bool is_known =
            !isnan(value[i * KEYS]) && !isnan(value[i * KEYS + 1]) && !isnan(value[i * KEYS + 2]);
        ck_assert_int_eq(is_on[i], is_known && !is_dominated(value, COUNT, KEYS, is_higher, i));
    }
}
END_TEST

START_TEST(ranks_peel_front_after_front)
{
    enum { COUNT = 40, KEYS = 2 };
    static const bool is_higher[KEYS] = {true, false};
    double value[COUNT * KEYS];
    struct random random = random_stream(11, (uint64_t)_i, 0);
    bool is_on[COUNT], any = true;
    int rank[COUNT];

    for (int i = 0; i < COUNT * KEYS; i++)
        value[i] = (double)random_below(&random, 10);
    front_rank(value, COUNT, KEYS, is_higher, rank);
    for (int next = 0; any; next++) {
        any = false;
        front_find(value, COUNT, KEYS, is_higher, is_on);
        for (int i = 0; i < COUNT; i++) {
            ck_assert_int_eq(is_on[i], rank[i] == next);
            any = any || is_on[i];
            if (is_on[i])
                value[i * KEYS] = (double)NAN;
        }
    }
}
END_TEST

START_TEST(a_key_that_is_null_everywhere_is_named_and_nothing_chosen)
{
    struct sweep sweep;

    ck_assert_int_eq(read_spec(SPEC(STEP, ",'front':['accuracy.value','ratio.energy'],"
                                          "'require':['model.bytes > 0']")),
                     OK);
    sweep_init(&sweep, &context, &host, &spec, NULL, NULL);
    ck_assert_int_eq(trials_expand(&sweep.trials), OK);
    sweep_grow(&sweep);
    for (long i = 0; i < 2; i++) {
        give(&sweep, i, 0.9, (double)NAN);
        sweep.result[i].is_feasible = true;
    }
    sweep_choose(&sweep);
    ck_assert_str_eq(sweep.unknown, "ratio.energy");
    ck_assert_int_eq(sweep.chosen, -1);
    ck_assert_int_eq(sweep.feasible, 2);
    sweep.result[0].figure[1] = 2;
    sweep_choose(&sweep);
    ck_assert_ptr_null(sweep.unknown);
    sweep_clear(&sweep);
}
END_TEST

START_TEST(of_equals_the_one_on_the_front_is_chosen_and_unknowns_never)
{
    static const double value[] = {(double)NAN, 3, 2, 2, 1};
    static const bool eligible[] = {true, true, true, true, false}, none[5];
    static const bool fourth[] = {false, false, false, true, false};

    ck_assert_int_eq(front_choose(value, 5, false, eligible, none), 2);
    ck_assert_int_eq(front_choose(value, 5, false, eligible, fourth), 3);
    ck_assert_int_eq(front_choose(value, 5, true, eligible, fourth), 1);
    ck_assert_int_eq(front_choose(value, 5, false, none, fourth), -1);
    ck_assert_int_eq(front_choose(value, 1, false, eligible, none), -1);
}
END_TEST

START_TEST(keys_know_their_better_direction)
{
    ck_assert(front_key_is_higher("accuracy.value", true));
    ck_assert(!front_key_is_higher("accuracy.value", false)); // mean squared error
    ck_assert(front_key_is_higher("baseline.difference", true));
    ck_assert(!front_key_is_higher("baseline.difference", false));
    ck_assert(!front_key_is_higher("energy.joules", true));
    ck_assert(!front_key_is_higher("model.bytes", true));
    ck_assert(!front_key_is_higher("timing.seconds", true));
    ck_assert(front_key_is_higher("ratio.energy", true));
    ck_assert(front_key_is_higher("baseline.agreement", true));
}
END_TEST

START_TEST(the_canonical_spec_is_read_as_the_same_spec)
{
    struct json *first, *second;
    struct text one, two;

    ck_assert_int_eq(read_spec(SPEC("{'run':['prune magnitude',null],'name':'p','options':"
                                    "{'sparsity':{'uniform':[0.5,0.9]}}},{'run':'simplify'}",
                                    ",'search':{'random':7},'eval':{'device':['mcu-cortex-m4']},"
                                    "'require':['accuracy.value >= 0.5'],'title':'t'")),
                     OK);
    first = spec_canonical(&spec);
    ck_assert_msg(spec_read(&context, arena, first, &host, &spec) == OK, "%s", context.error);
    second = spec_canonical(&spec);
    text_init(&one);
    text_init(&two);
    json_print(first, true, &one);
    json_print(second, true, &two);
    ck_assert_str_eq(one.at, two.at);
    text_clear(&one);
    text_clear(&two);
    json_free(first);
    json_free(second);
}
END_TEST

Suite *sweep_suite(void);
Suite *sweep_suite(void)
{
    Suite *suite = suite_create("sweep");
    TCase *specs = tcase_create("trials"), *errors = tcase_create("errors"),
          *fronts = tcase_create("fronts");

    tcase_add_checked_fixture(specs, set_up, tear_down);
    tcase_add_test(specs, a_grid_is_every_combination_and_the_last_axis_turns_fastest);
    tcase_add_test(specs, a_trial_can_be_run_again_by_hand);
    tcase_add_test(specs, a_command_to_run_by_hand_has_the_options_of_the_whole_sweep_and_one_seed);
    tcase_add_test(specs,
                   a_list_is_the_value_of_an_option_that_repeats_and_a_list_of_lists_varies_it);
    tcase_add_test(specs, null_leaves_a_step_out_and_what_read_it_reads_its_input);
    tcase_add_test(specs, a_step_may_be_one_of_several_commands_that_keep_the_options_they_have);
    tcase_add_test(specs, a_random_search_is_the_same_each_time_and_never_repeats);
    tcase_add_test(specs, another_seed_draws_others);
    tcase_add_test(specs, draws_stay_in_their_range_and_spread_over_it);
    tcase_add_test(specs, a_random_search_of_more_than_there_is_takes_all_of_the_grid);
    tcase_add_test(specs, halving_grows_the_budget_and_keeps_the_best_share);
    tcase_add_test(specs, rungs_that_round_to_one_budget_are_one);
    tcase_add_test(specs, a_trial_without_the_step_that_grows_is_carried_on_through_the_rungs);
    tcase_add_test(specs, halving_keeps_fronts_first_then_accuracy_and_never_what_failed);
    tcase_add_test(specs, the_least_energy_that_meets_the_requirement_is_chosen);
    tcase_add_test(specs, a_step_that_fails_is_run_once_for_all_trials_that_share_it);
    tcase_add_test(specs, a_key_that_is_null_everywhere_is_named_and_nothing_chosen);
    tcase_add_test(specs, a_step_that_reads_a_model_needs_one);
    tcase_add_test(specs, the_canonical_spec_is_read_as_the_same_spec);
    tcase_add_test(specs, a_value_that_is_a_files_name_is_still_that_value);
    tcase_add_test(specs, external_data_belong_to_a_model_wherever_it_says_that_they_lie);
    tcase_add_test(specs, a_file_that_changes_is_found_out);
    tcase_add_loop_test(specs, slices_of_one_source_that_meet_are_selected_on_test, 0,
                        sizeof overlaps / sizeof overlaps[0]);
    suite_add_tcase(suite, specs);
    tcase_add_checked_fixture(errors, set_up, tear_down);
    tcase_add_loop_test(errors, what_is_wrong_with_a_spec_is_named_with_its_path, 0,
                        sizeof refused / sizeof refused[0]);
    suite_add_tcase(suite, errors);
    tcase_add_loop_test(fronts, a_front_is_what_nothing_dominates, 0, 30);
    tcase_add_loop_test(fronts, ranks_peel_front_after_front, 0, 30);
    tcase_add_test(fronts, of_equals_the_one_on_the_front_is_chosen_and_unknowns_never);
    tcase_add_test(fronts, keys_know_their_better_direction);
    suite_add_tcase(suite, fronts);
    return suite;
}
