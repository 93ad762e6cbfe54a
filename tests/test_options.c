// The command line's parser: names, values, operands, and what it refuses.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/streams.h"
#include "base/suggest.h"

struct first {
    double learning_rate;
    bool global;
    struct strings only;
    const char *out;
};
static const struct field first_fields[] = {
    FIELD(struct first, learning_rate, "0.5", 0, 1, "a rate"),
    FIELD(struct first, global, "no", 0, 0, "a switch"),
    FIELD(struct first, only, NULL, 0, 0, "GLOB: a list"),
    FIELD(struct first, out, NULL, 0, 0, "FILE: an output"),
    FIELDS_END,
};
struct second {
    bool quiet, verbose, help;
    int64_t seed;
};
static const struct field second_fields[] = {
    FIELD(struct second, quiet, "no", 0, 0, "a switch"),
    FIELD(struct second, verbose, "yes", 0, 0, "a switch"),
    FIELD(struct second, help, "no", 0, 0, "help"),
    FIELD(struct second, seed, "0", 0, 9, "a seed"),
    FIELDS_END,
};

static struct context context;
static struct arena *arena;
static struct first one;
static struct second two;
static struct option_set sets[] = {
    {"", first_fields, &one}, {"", second_fields, &two}, {NULL, NULL, NULL}};
static struct words operands;

static void set_up(void)
{
    context_init(&context);
    arena = arena_new();
    memset(&one, 0, sizeof one);
    memset(&two, 0, sizeof two);
    fields_preset(first_fields, &one, arena);
    fields_preset(second_fields, &two, arena);
}

static void tear_down(void)
{
    arena_free(arena);
}

// Words separated by single blanks, behind the program's name.
static int split(const char *line, char **argv)
{
    char *copy = arena_copy_text(arena, line);
    int argc = 1;

    argv[0] = (char *)(uintptr_t) "ecai";
    for (char *word = copy; word && argc < 15; argc++) {
        char *blank = strchr(word, ' ');
        if (blank)
            *blank = '\0';
        argv[argc] = word;
        word = blank ? blank + 1 : NULL;
    }
    argv[argc] = NULL;
    return argc;
}

static enum status parse(const char *line)
{
    char *argv[16];
    int argc = split(line, argv);

    return options_parse(&context, arena, sets, argc, argv, &operands);
}

static void assert_refused(const char *line, const char *message)
{
    ck_assert_int_eq(parse(line), ERR_USAGE);
    ck_assert_str_eq(context.error, message);
}

START_TEST(values_are_taken_from_the_next_word_or_behind_an_equals_sign)
{
    ck_assert_int_eq(parse("--learning-rate 0.25 --seed=7 model"), OK);
    ck_assert_double_eq(one.learning_rate, 0.25);
    ck_assert_int_eq(two.seed, 7);
    ck_assert_int_eq(operands.count, 1);
    ck_assert_str_eq(operands.at[0], "model");
}
END_TEST

START_TEST(a_negative_number_is_a_value_and_no_option)
{
    assert_refused("--learning-rate -0.5", "'--learning-rate' wants a number from 0 to 1, "
                                           "got '-0.5'");
}
END_TEST

START_TEST(bools_switch_on_and_off)
{
    ck_assert_int_eq(parse("--global --no-verbose"), OK);
    ck_assert(one.global);
    ck_assert(!two.verbose);
    ck_assert_int_eq(parse("--no-global --verbose=yes"), OK);
    ck_assert(!one.global);
    ck_assert(two.verbose);
}
END_TEST

START_TEST(repeated_lists_keep_their_order)
{
    ck_assert_int_eq(parse("--only a --only=b"), OK);
    ck_assert_int_eq(one.only.count, 2);
    ck_assert_str_eq(one.only.at[0], "a");
    ck_assert_str_eq(one.only.at[1], "b");
}
END_TEST

START_TEST(options_may_follow_operands_even_with_posixly_correct)
{
    setenv("POSIXLY_CORRECT", "1", 1);
    ck_assert_int_eq(parse("a --seed 3 b -q"), OK);
    unsetenv("POSIXLY_CORRECT");
    ck_assert_int_eq(two.seed, 3);
    ck_assert(two.quiet);
    ck_assert_int_eq(operands.count, 2);
    ck_assert_str_eq(operands.at[1], "b");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
    ck_assert_int_eq(parse("--seed 3 -- --seed -q"), OK);
    ck_assert_int_eq(operands.count, 2);
    ck_assert_str_eq(operands.at[0], "--seed");
    ck_assert(!two.quiet);
}
END_TEST

START_TEST(a_single_dash_is_an_operand)
{
    ck_assert_int_eq(parse("- -o -"), OK);
    ck_assert_int_eq(operands.count, 1);
    ck_assert_str_eq(operands.at[0], "-");
    ck_assert_str_eq(one.out, "-");
}
END_TEST

START_TEST(short_options_join)
{
    ck_assert_int_eq(parse("-qvofile"), OK);
    ck_assert(two.quiet);
    ck_assert_str_eq(one.out, "file");
}
END_TEST

START_TEST(long_options_are_never_abbreviated)
{
    assert_refused("--see 3", "unknown option '--see' (did you mean '--seed'?)");
    assert_refused("--learning 0.1", "unknown option '--learning' (did you mean "
                                     "'--learning-rate'?)");
}
END_TEST

START_TEST(underscores_are_not_accepted_for_dashes)
{
    assert_refused("--learning_rate 0.1", "unknown option '--learning_rate' (did you mean "
                                          "'--learning-rate'?)");
}
END_TEST

START_TEST(unknown_and_incomplete_options_are_named)
{
    assert_refused("--wholly-unlike", "unknown option '--wholly-unlike'");
    assert_refused("-x", "unknown option '-x'");
    assert_refused("--seed", "'--seed' wants a value");
    assert_refused("-o", "'-o' wants a value");
    assert_refused("--no-global=1", "'--no-global' takes no value");
    assert_refused("--seed 10", "'--seed' wants a whole number from 0 to 9, got '10'");
}
END_TEST

START_TEST(control_bytes_of_an_unknown_option_are_made_visible)
{
    assert_refused("--a\033[2J", "unknown option '--a\\x1b[2J'");
}
END_TEST

START_TEST(help_stops_the_parsing)
{
    ck_assert_int_eq(parse("--help --nonsense"), OK);
    ck_assert(two.help);
}
END_TEST

START_TEST(the_first_word_is_found_behind_options_and_their_values)
{
    static const struct {
        const char *line;
        int index;
    } rows[] = {
        {"--seed 3 prune x", 3}, {"--seed=3 prune", 2}, {"-q prune", 2}, {"-o file prune", 3},
        {"-qo file prune", 3},   {"-ofile prune", 2},   {"-- prune", 2}, {"--global prune", 2},
        {"--seed 3", 3},         {"--no-global x", 2},  {"- x", 1}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *argv[16];
        int argc = split(rows[i].line, argv);
        ck_assert_msg(options_first_word(sets, argc, argv) == rows[i].index, "%s", rows[i].line);
    }
}
END_TEST

START_TEST(suggestions_count_swapped_letters_once)
{
    struct suggestion suggestion;

    suggestion_init(&suggestion, "evla");
    suggestion_offer(&suggestion, "export");
    suggestion_offer(&suggestion, "eval");
    ck_assert_str_eq(suggestion.nearest, "eval");
    ck_assert_int_eq(suggestion.distance, 1);
}
END_TEST

START_TEST(two_readers_of_stdin_are_refused)
{
    struct streams streams = {.input_count = 1, .input = {{"MODEL", "-", true}}};

    ck_assert_int_eq(streams_add_input(&context, &streams, "--teacher", "-"), ERR_USAGE);
    ck_assert_str_eq(context.error, "stdin is used twice: by MODEL and by --teacher");
}
END_TEST

START_TEST(two_writers_of_stdout_are_refused)
{
    struct streams streams = {.output_count = 1, .output = {{"-o", "-", true}}};

    ck_assert_int_eq(streams_add_output(&context, &streams, "--json", "-", false), ERR_USAGE);
    ck_assert_str_eq(context.error, "stdout is used twice: by -o and by --json");
    ck_assert(streams_carry_model(&streams));
}
END_TEST

START_TEST(an_output_that_is_an_input_is_refused_by_any_name)
{
    struct streams streams = {.input_count = 1, .input = {{"MODEL", "/etc/passwd", true}}};

    ck_assert_int_eq(streams_add_output(&context, &streams, "-o", "/etc/../etc/passwd", true),
                     ERR_USAGE);
    ck_assert_str_eq(context.error, "-o: '/etc/../etc/passwd' is also an input (MODEL)");
}
END_TEST

START_TEST(one_output_for_two_things_is_refused_and_dev_null_is_not)
{
    struct streams streams = {.input_count = 1, .input = {{"MODEL", "/dev/null", true}}};

    ck_assert_int_eq(streams_add_output(&context, &streams, "-o", "/dev/null", true), OK);
    ck_assert_int_eq(streams_add_output(&context, &streams, "--json", "no/such", false), OK);
    ck_assert_int_eq(streams_add_output(&context, &streams, "--save", "no/such", false), ERR_USAGE);
    ck_assert_int_eq(streams_add_output(&context, &streams, "--save", "", false), ERR_USAGE);
}
END_TEST

START_TEST(progress_tells_share_and_time_left)
{
    struct text text;

    text_init(&text);
    progress_text(&(struct progress){"training", 1, 4}, 10, &text);
    ck_assert_str_eq(text.at, "training 25 %, 30 s left");
    text_clear(&text);
    text_init(&text);
    progress_text(&(struct progress){"training", 1, 1000}, 10, &text);
    ck_assert_str_eq(text.at, "training 0 %, 2 h 46 min left");
    text_clear(&text);
    text_init(&text);
    progress_text(&(struct progress){"reading", 5, 0}, 10, &text);
    ck_assert_str_eq(text.at, "reading");
    text_clear(&text);
}
END_TEST

Suite *options_suite(void);

Suite *options_suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, values_are_taken_from_the_next_word_or_behind_an_equals_sign);
    tcase_add_test(tests, a_negative_number_is_a_value_and_no_option);
    tcase_add_test(tests, bools_switch_on_and_off);
    tcase_add_test(tests, repeated_lists_keep_their_order);
    tcase_add_test(tests, options_may_follow_operands_even_with_posixly_correct);
    tcase_add_test(tests, two_dashes_end_the_options);
    tcase_add_test(tests, a_single_dash_is_an_operand);
    tcase_add_test(tests, short_options_join);
    tcase_add_test(tests, long_options_are_never_abbreviated);
    tcase_add_test(tests, underscores_are_not_accepted_for_dashes);
    tcase_add_test(tests, unknown_and_incomplete_options_are_named);
    tcase_add_test(tests, control_bytes_of_an_unknown_option_are_made_visible);
    tcase_add_test(tests, help_stops_the_parsing);
    tcase_add_test(tests, the_first_word_is_found_behind_options_and_their_values);
    tcase_add_test(tests, suggestions_count_swapped_letters_once);
    tcase_add_test(tests, two_readers_of_stdin_are_refused);
    tcase_add_test(tests, two_writers_of_stdout_are_refused);
    tcase_add_test(tests, an_output_that_is_an_input_is_refused_by_any_name);
    tcase_add_test(tests, one_output_for_two_things_is_refused_and_dev_null_is_not);
    tcase_add_test(tests, progress_tells_share_and_time_left);
    suite_add_tcase(suite, tests);
    return suite;
}
