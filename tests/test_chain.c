// Chains of subcommands: what a document says, who reads whom, command lines, and what is refused.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "chain/chain.h"
#include "cli/chain_rules.h"

static struct context context;
static struct arena *arena;
static struct json *document;

static void set_up(void)
{
    context_init(&context);
    arena = arena_new();
    document = NULL;
}

static void tear_down(void)
{
    json_free(document);
    arena_free(arena);
}

static enum status read_chain(const char *text, struct chain *chain)
{
    ck_assert_int_eq(json_parse(&context, text, strlen(text), &document), OK);
    TRY(chain_parse(&context, arena, document, "chain", chain));
    return chain_check(&context, chain, &command_rules, "chain");
}

static const char *line_of(const struct chain *chain, int step, const char *input)
{
    struct chain_line line;
    struct text text;
    const char *copy;

    text_init(&text);
    chain_arguments(arena, &chain->step[step], input, "out.onnx", &line);
    ck_assert_ptr_null(line.word[line.count]);
    for (int i = 0; i < line.count; i++)
        text_format(&text, "%s%s", i ? " " : "", line.word[i]);
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    return copy;
}

START_TEST(options_become_words_of_the_line)
{
    struct chain chain;

    ck_assert_int_eq(
        read_chain("[{\"run\":\"prune magnitude\",\"options\":{\"sparsity\":0.8,\"global\":true,"
                   "\"only\":[\"conv*\",\"fc\"],\"macs_ratio\":null,\"seed\":7}}]",
                   &chain),
        OK);
    ck_assert_str_eq(line_of(&chain, 0, "in.onnx"),
                     "ecai prune magnitude --sparsity 0.8 --global --only conv* --only fc --seed 7 "
                     "in.onnx -o out.onnx");
}
END_TEST

START_TEST(false_turns_a_switch_off)
{
    struct chain chain;

    ck_assert_int_eq(
        read_chain("[{\"run\":\"prune magnitude\",\"options\":{\"global\":false}}]", &chain), OK);
    ck_assert_str_eq(line_of(&chain, 0, "in.onnx"),
                     "ecai prune magnitude --no-global in.onnx -o out.onnx");
}
END_TEST

START_TEST(input_of_distill_is_the_teacher_unless_the_options_name_one)
{
    struct chain chain;

    ck_assert_int_eq(read_chain("[{\"run\":\"distill logits\",\"name\":\"c\",\"options\":"
                                "{\"teacher\":\"t.onnx\",\"student\":\"s.onnx\"}},"
                                "{\"run\":\"distill logits\",\"name\":\"a\"},"
                                "{\"run\":\"distill logits\",\"name\":\"b\","
                                "\"options\":{\"teacher\":\"t.onnx\"}}]",
                                &chain),
                     OK);
    ck_assert_str_eq(line_of(&chain, 1, "m"), "ecai distill logits --teacher m -o out.onnx");
    ck_assert_str_eq(line_of(&chain, 2, "m"),
                     "ecai distill logits --teacher t.onnx --student m -o out.onnx");
    ck_assert_str_eq(line_of(&chain, 0, "m"),
                     "ecai distill logits --teacher t.onnx --student s.onnx -o out.onnx");
}
END_TEST

START_TEST(an_input_that_looks_like_an_option_is_none)
{
    struct chain chain;

    ck_assert_int_eq(read_chain("[{\"run\":\"simplify\"}]", &chain), OK);
    ck_assert_str_eq(line_of(&chain, 0, "-m.onnx"), "ecai simplify ./-m.onnx -o out.onnx");
}
END_TEST

START_TEST(a_step_may_read_one_that_stands_later)
{
    struct chain chain;

    ck_assert_int_eq(read_chain("[{\"run\":\"quantize fp16\",\"input\":\"prune\"},"
                                "{\"run\":\"prune magnitude\",\"input\":null},"
                                "{\"run\":\"simplify\",\"input\":\"quantize\"}]",
                                &chain),
                     OK);
    ck_assert_int_eq(chain.order[0], 1);
    ck_assert_int_eq(chain.order[1], 0);
    ck_assert_int_eq(chain.order[2], 2);
    ck_assert_int_eq(chain.step[0].input, 1);
    ck_assert_int_eq(chain.step[1].input, -1);
    ck_assert_str_eq(chain.step[2].name, "simplify");
}
END_TEST

static const struct {
    const char *text, *error;
} refused[] = {
    {"{}", "chain: wants a list, got an object"},
    {"[]", "chain: is empty"},
    {"[3]", "chain.0: wants an object, got a number"},
    {"[{}]", "chain.0.run: wants a text"},
    {"[{\"run\":\"prune  magnitude\"}]",
     "chain.0.run: wants a subcommand and a method such as 'prune magnitude', got "
     "'prune  magnitude'"},
    {"[{\"run\":\"\"}]",
     "chain.0.run: wants a subcommand and a method such as 'prune magnitude', got ''"},
    {"[{\"run\":\"prune magnitude\",\"optoins\":{}}]",
     "chain.0.optoins: unknown key (did you mean 'options'?)"},
    {"[{\"run\":\"prune magnitude\",\"run\":\"simplify\"}]", "chain.0.run: given twice"},
    {"[{\"run\":\"prnue magnitude\"}]",
     "chain.0.run: unknown subcommand 'prnue' (did you mean 'prune'?)"},
    {"[{\"run\":\"prune magnitute\"}]",
     "chain.0.run: unknown method 'magnitute' (did you mean 'magnitude'?)"},
    {"[{\"run\":\"prune\"}]",
     "chain.0.run: 'prune' needs a method ('ecai prune --help' lists them)"},
    {"[{\"run\":\"simplify hard\"}]", "chain.0.run: 'simplify' takes no method, got 'hard'"},
    {"[{\"run\":\"eval\"}]",
     "chain.0.run: 'eval' does not turn a model into another: it cannot be a step"},
    {"[{\"run\":\"simplify\",\"name\":\"a.b\"}]",
     "chain.0.name: wants a word without '.', '=' and blanks, got 'a.b'"},
    {"[{\"run\":\"simplify\"},{\"run\":\"simplify\"}]",
     "chain.1.name: 'simplify' is another step's name too: give one of them a 'name'"},
    {"[{\"run\":\"simplify\",\"options\":[]}]", "chain.0.options: wants an object, got a list"},
    {"[{\"run\":\"simplify\"},{\"run\":\"prune magnitude\",\"options\":{\"sparsty\":0.5}}]",
     "chain.1.options.sparsty: unknown option (did you mean 'sparsity'?)"},
    {"[{\"run\":\"prune magnitude\",\"options\":{\"sparsity\":1.5}}]",
     "chain.0.options.sparsity: '--sparsity' wants a number from 0 to 1, got '1.5'"},
    {"[{\"run\":\"prune magnitude\",\"options\":{\"sparsity\":[0.5]}}]",
     "chain.0.options.sparsity: takes one value, got a list"},
    {"[{\"run\":\"prune magnitude\",\"options\":{\"sparsity\":true}}]",
     "chain.0.options.sparsity: wants a number or a text"},
    {"[{\"run\":\"prune magnitude\",\"options\":{\"global\":1}}]",
     "chain.0.options.global: wants true or false"},
    {"[{\"run\":\"prune magnitude\",\"options\":{\"macs-ratio\":2,\"macs_ratio\":2}}]",
     "chain.0.options.macs_ratio: given twice"},
    {"[{\"run\":\"prune magnitude\",\"options\":{\"out\":\"x\"}}]",
     "chain.0.options.out: is no option of a step"},
    {"[{\"run\":\"simplify\"},{\"run\":\"distill logits\",\"options\":{\"teacher\":\"t\","
     "\"student\":\"s\"}}]",
     "chain.1: has 'teacher' and 'student': nothing reads what 'simplify' writes"},
    {"[{\"run\":\"simplify\",\"input\":\"prune\"}]", "chain.0.input: no step is called 'prune'"},
    {"[{\"run\":\"simplify\",\"input\":\"simplify\"}]",
     "chain: the steps are a cycle: 'simplify' reads 'simplify'"},
    {"[{\"run\":\"simplify\",\"name\":\"a\",\"input\":\"c\"},"
     "{\"run\":\"simplify\",\"name\":\"b\"},{\"run\":\"simplify\",\"name\":\"c\"}]",
     "chain: the steps are a cycle: 'a' reads 'c' reads 'b' reads 'a'"},
    {"[{\"run\":\"simplify\",\"name\":\"a\"},{\"run\":\"simplify\",\"name\":\"b\",\"input\":null}]",
     "chain.0: nothing reads what 'a' writes, and it is not the last step"},
};

START_TEST(what_is_wrong_is_named_with_its_path)
{
    struct chain chain;

    ck_assert_int_eq(read_chain(refused[_i].text, &chain), ERR_USAGE);
    ck_assert_str_eq(context.error, refused[_i].error);
}
END_TEST

Suite *chain_suite(void);
Suite *chain_suite(void)
{
    Suite *suite = suite_create("chain");
    TCase *reading = tcase_create("reading"), *errors = tcase_create("errors");

    tcase_add_checked_fixture(reading, set_up, tear_down);
    tcase_add_test(reading, options_become_words_of_the_line);
    tcase_add_test(reading, false_turns_a_switch_off);
    tcase_add_test(reading, input_of_distill_is_the_teacher_unless_the_options_name_one);
    tcase_add_test(reading, an_input_that_looks_like_an_option_is_none);
    tcase_add_test(reading, a_step_may_read_one_that_stands_later);
    suite_add_tcase(suite, reading);
    tcase_add_checked_fixture(errors, set_up, tear_down);
    tcase_add_loop_test(errors, what_is_wrong_is_named_with_its_path, 0,
                        sizeof refused / sizeof refused[0]);
    suite_add_tcase(suite, errors);
    return suite;
}
