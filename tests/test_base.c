// The ground everything stands on: contexts, arenas, text, field tables, JSON, SHA-256, random
// numbers, the thread pool, the clock.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/field.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/report.h"
#include "base/sha256.h"
#include "base/text.h"

Suite *base_suite(void);

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

#define ck_status(call, wanted)                                                                    \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        ck_assert_msg(status_ == (wanted), "%s: %d '%s'", #call, (int)status_, context.error);     \
    } while (0)

// Context

START_TEST(an_error_names_places_from_the_outside_in)
{
    enum status status = context_fail(&context, ERR_SHAPE, "input has %d channels", 3);

    status = context_fail_in(&context, status, "node '%s'", "conv1");
    status = context_fail_in(&context, status, "model.onnx");
    ck_assert_int_eq(status, ERR_SHAPE);
    ck_assert_str_eq(context.error, "model.onnx: node 'conv1': input has 3 channels");
}
END_TEST

START_TEST(an_error_longer_than_its_room_is_cut)
{
    char *name = arena_alloc(arena, 2 * ERROR_TEXT_BYTES);

    memset(name, 'a', 2 * ERROR_TEXT_BYTES - 1);
    context_fail(&context, ERR_IO, "%s", name);
    ck_assert_uint_eq(strlen(context.error), ERROR_TEXT_BYTES - 1);
    context_fail_in(&context, ERR_IO, "%s", "file");
    ck_assert_int_eq(strncmp(context.error, "file: aaa", 9), 0);
    ck_assert_uint_eq(strlen(context.error), ERROR_TEXT_BYTES - 1);
}
END_TEST

struct recorded {
    char text[64];
    enum level level;
    uint64_t done;
};

static void record_message(void *self, enum level level, const char *text)
{
    struct recorded *recorded = self;

    snprintf(recorded->text, sizeof recorded->text, "%s", text);
    recorded->level = level;
}

static void record_progress(void *self, const struct progress *now)
{
    ((struct recorded *)self)->done = now->done;
}

START_TEST(messages_and_progress_reach_the_sink)
{
    struct recorded recorded = {.done = 0};

    context.sink = (struct sink){record_message, record_progress, &recorded};
    context_warn(&context, "scale of '%s' is stale", "w");
    ck_assert_str_eq(recorded.text, "scale of 'w' is stale");
    ck_assert_int_eq(recorded.level, LEVEL_WARNING);
    ck_status(context_tick(&context, "training", 7, 9), OK);
    ck_assert_uint_eq(recorded.done, 7);
}
END_TEST

START_TEST(an_interrupt_is_seen_at_the_next_tick)
{
    volatile sig_atomic_t cancelled = 0;

    context.cancelled = &cancelled;
    ck_status(context_tick(&context, "training", 1, 2), OK);
    cancelled = 1;
    ck_status(context_tick(&context, "training", 2, 2), ERR_CANCELLED);
}
END_TEST

// Arena, checked sizes, report

static bool all_bytes_are(const unsigned char *at, size_t count, unsigned char wanted)
{
    for (size_t i = 0; i < count; i++)
        if (at[i] != wanted)
            return false;
    return true;
}

START_TEST(arena_memory_is_zeroed_aligned_and_disjoint)
{
    enum { COUNT = 1000 };
    unsigned char *at[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        at[i] = arena_alloc(arena, i);
        ck_assert_uint_eq((uintptr_t)at[i] % _Alignof(max_align_t), 0);
        ck_assert(all_bytes_are(at[i], i, 0));
        memset(at[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < COUNT; i++)
        ck_assert(all_bytes_are(at[i], i, (unsigned char)(i % 251)));
}
END_TEST

START_TEST(arena_takes_one_thing_larger_than_its_chunks)
{
    size_t bytes = 3 << 20;
    char *large = arena_alloc(arena, bytes), *small = arena_copy_text(arena, "after");

    memset(large, 1, bytes);
    ck_assert_str_eq(small, "after");
}
END_TEST

START_TEST(arena_copies_bytes_with_a_closing_nul)
{
    char *copy = arena_copy_bytes(arena, "a\0b", 3);

    ck_assert_mem_eq(copy, "a\0b", 4);
    ck_assert_str_eq(arena_format(arena, "%s_%d", "conv", 2), "conv_2");
    ck_assert_ptr_null(arena_copy_text(arena, NULL));
}
END_TEST

START_TEST(overflow_of_sizes_is_seen)
{
    int64_t out;
    size_t size;

    ck_assert(checked_mul(INT64_C(3037000499), INT64_C(3037000499), &out));
    ck_assert(!checked_mul(INT64_C(3037000500), INT64_C(3037000500), &out));
    ck_assert(!checked_add(INT64_MAX, 1, &out));
    ck_assert(!checked_mul_size(SIZE_MAX / 2 + 1, 2, &size));
}
END_TEST

START_TEST(a_report_keeps_its_own_copies_in_order)
{
    struct report report;
    char name[] = "conv1";

    report_init(&report);
    for (int i = 0; i < 100; i++)
        report_add(&report, name, "Conv", "sparsity", i, "");
    memset(name, 'x', sizeof name - 1);
    ck_assert_uint_eq(report.count, 100);
    ck_assert_str_eq(report.figure[99].node, "conv1");
    ck_assert(report.figure[99].value == 99);
    report_clear(&report);
    report_add(NULL, "a", "b", "c", 1, ""); // nobody listens: nothing happens
}
END_TEST

// Text

static const struct {
    const char *raw;
    size_t length;
    const char *shown;
} escapes[] = {
    {"conv1/weight:0", 14, "conv1/weight:0"},
    {"\033[2J", 4, "\\x1b[2J"}, // clears a terminal
    {"a\nb", 3, "a\\x0ab"},
    {"caf\xc3\xa9", 5, "caf\xc3\xa9"},               // UTF-8 stays
    {"\xff\xfe", 2, "\\xff\\xfe"},                   // no UTF-8
    {"\xc2\x9b", 2, "\\xc2\\x9b"},                   // U+009B, the one-byte escape sequence of C1
    {"\xe2\x82", 2, "\\xe2\\x82"},                   // cut short
    {"\xc0\x80", 2, "\\xc0\\x80"},                   // overlong NUL
    {"\xe0\x80\x80", 3, "\\xe0\\x80\\x80"},          // overlong in three
    {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},          // half of a surrogate pair
    {"\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"}, // beyond U+10FFFF
    {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
    {"a\0b", 3, "a\\x00b"},
    {"\x7f", 1, "\\x7f"},
};

START_TEST(names_from_files_are_shown_without_control_bytes)
{
    struct text text;

    text_init(&text);
    text_add_escaped(&text, escapes[_i].raw, escapes[_i].length);
    ck_assert_str_eq(text.at, escapes[_i].shown);
    text_clear(&text);
}
END_TEST

START_TEST(a_printed_double_is_read_back_exactly)
{
    struct random random = random_stream(1, 2, 3);

    for (int i = 0; i < 2000; i++) {
        uint64_t bits = random_bits(&random);
        struct text text;
        double number;

        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number))
            continue;
        text_init(&text);
        text_add_double(&text, number);
        ck_assert_msg(strtod(text.at, NULL) == number, "%s", text.at);
        text_clear(&text);
    }
}
END_TEST

START_TEST(a_printed_double_is_as_short_as_can_be)
{
    static const double number[] = {0.1,  100,  -300,   3970, 1.5e14,    1e15,
                                    1e22, 1e-5, 2.5e-5, 9e-6, 1.0 / 255, 0};
    struct text text;

    text_init(&text);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        text_add(&text, i ? " " : "");
        text_add_double(&text, number[i]);
    }
    ck_assert_str_eq(text.at, "0.1 100 -300 3970 150000000000000 1e+15 1e+22 0.00001 0.000025 "
                              "9e-06 0.00392156862745098 0");
    text_clear(&text);
}
END_TEST

// Field tables

struct sample {
    bool global;
    int64_t steps;
    double learning_rate;
    const char *schedule;
    struct ints pads;
    struct floats mean;
    struct strings only;
};

static const struct field sample_fields[] = {
    FIELD(struct sample, global, "no", 0, 0, "rank all layers together"),
    FIELD(struct sample, steps, "10", 1, 100, "steps"),
    FIELD(struct sample, learning_rate, "0.05", 0, 1, "step size"),
    FIELD_CHOICE(struct sample, schedule, "cosine", "cosine|linear", "how it falls"),
    FIELD(struct sample, pads, NULL, 0, 0, "padding"),
    FIELD(struct sample, mean, NULL, 0, 0, "means"),
    FIELD(struct sample, only, NULL, 0, 0, "names"),
    FIELDS_END,
};

static enum status parse_sample(const char *name, const char *text, struct sample *sample)
{
    const struct field *field = field_find(sample_fields, name);

    ck_assert_ptr_nonnull(field);
    return field_parse(&context, field, text, sample, arena);
}

START_TEST(presets_fill_the_struct)
{
    struct sample sample;

    fields_preset(sample_fields, &sample, arena);
    ck_assert(!sample.global);
    ck_assert_int_eq(sample.steps, 10);
    ck_assert(sample.learning_rate == 0.05);
    ck_assert_str_eq(sample.schedule, "cosine");
    ck_assert_int_eq(sample.pads.count, 0);
    ck_assert_int_eq(sample.only.count, 0);
}
END_TEST

START_TEST(values_are_parsed_as_typed)
{
    struct sample sample;

    fields_preset(sample_fields, &sample, arena);
    ck_status(parse_sample("learning-rate", "1e-3", &sample), OK); // '-' for '_'
    ck_status(parse_sample("pads", "1,2,-3", &sample), OK);
    ck_status(parse_sample("mean", ".485,1/255", &sample), OK);
    ck_status(parse_sample("only", "conv*", &sample), OK);
    ck_status(parse_sample("only", "fc", &sample), OK);
    ck_assert(sample.learning_rate == 1e-3);
    ck_assert_int_eq(sample.pads.count, 3);
    ck_assert_int_eq(sample.pads.at[2], -3);
    ck_assert(sample.mean.at[0] == .485 && sample.mean.at[1] == 1.0 / 255);
    ck_assert_int_eq(sample.only.count, 2);
    ck_assert_str_eq(sample.only.at[1], "fc");
}
END_TEST

static const struct {
    const char *name, *text, *part;
} refusals[] = {
    {"steps", "0", "from 1 to 100, got '0'"},
    {"steps", "101", "'--steps' wants"},
    {"steps", "1.5", "a whole number"},
    {"steps", "99999999999999999999", "a whole number"},
    {"steps", "", "a whole number"},
    {"steps", " 5", "a whole number"},
    {"learning_rate", "nan", "'--learning-rate' wants a number"},
    {"learning_rate", "0.5x", "a number"},
    {"learning_rate", "1/0", "a number"},
    {"learning_rate", "2", "from 0 to 1"},
    {"schedule", "cos", "one of cosine|linear, got 'cos'"},
    {"global", "maybe", "yes or no"},
    {"pads", "1,,2", "whole numbers"},
    {"mean", "1,two", "numbers separated by commas"},
};

START_TEST(what_does_not_fit_is_refused_and_changes_nothing)
{
    struct sample sample, before;

    fields_preset(sample_fields, &sample, arena);
    before = sample;
    ck_status(parse_sample(refusals[_i].name, refusals[_i].text, &sample), ERR_USAGE);
    ck_assert_msg(strstr(context.error, refusals[_i].part), "%s", context.error);
    ck_assert(fields_equal(sample_fields, &sample, &before));
}
END_TEST

START_TEST(printing_then_parsing_is_identity)
{
    struct sample sample, again;

    fields_preset(sample_fields, &sample, arena);
    fields_preset(sample_fields, &again, arena);
    ck_status(parse_sample("global", "yes", &sample), OK);
    ck_status(parse_sample("learning-rate", "1/3", &sample), OK);
    ck_status(parse_sample("pads", "7,8", &sample), OK);
    ck_status(parse_sample("mean", "1/7,2", &sample), OK);
    ck_assert(!fields_equal(sample_fields, &sample, &again));
    for (const struct field *field = sample_fields; field->name; field++) {
        struct text text;

        text_init(&text);
        field_print(field, &sample, &text);
        if (!field_is_preset(field, &sample))
            ck_status(field_parse(&context, field, text.at, &again, arena), OK);
        text_clear(&text);
    }
    ck_assert(fields_equal(sample_fields, &sample, &again));
}
END_TEST

START_TEST(a_copied_struct_shares_nothing_with_the_old)
{
    struct arena *other = arena_new();
    struct sample sample, *copy;

    fields_preset(sample_fields, &sample, other);
    ck_status(field_parse(&context, field_find(sample_fields, "pads"), "4,5", &sample, other), OK);
    ck_status(field_parse(&context, field_find(sample_fields, "only"), "a*", &sample, other), OK);
    copy = fields_copy(sample_fields, &sample, sizeof sample, arena);
    arena_free(other); // the sanitizer sees what still points there
    ck_assert_int_eq(copy->pads.at[1], 5);
    ck_assert_str_eq(copy->only.at[0], "a*");
    ck_assert_str_eq(copy->schedule, "cosine");
}
END_TEST

// JSON

static struct json *parse_json(const char *text)
{
    struct json *json;

    ck_status(json_parse(&context, text, strlen(text), &json), OK);
    return json;
}

START_TEST(json_is_found_by_path)
{
    struct json *json = parse_json("{\"a\":{\"ci95\":[0.5,0.75]},\"b\":null,\"t\":true}");

    ck_assert(json_number(json_at(json, "a.ci95.1")) == 0.75);
    ck_assert(json_is_null(json_at(json, "b")));
    ck_assert(json_number(json_at(json, "t")) == 1);
    ck_assert_ptr_null(json_at(json, "a.ci95.2"));
    ck_assert_ptr_null(json_at(json, "a.ci95.-1"));
    ck_assert_ptr_null(json_at(json, "a.none"));
    ck_assert_ptr_null(json_at(json, "a..ci95"));
    ck_assert_ptr_null(json_at(json, "t.x"));
    json_free(json);
}
END_TEST

START_TEST(json_numbers_are_short_exact_and_never_nan)
{
    struct json *json = json_object();
    struct text text;

    json_add_number(json, "tenth", 0.1);
    json_add_number(json, "nan", NAN);
    json_add_number(json, "inf", -INFINITY);
    json_add_int(json, "big", INT64_MAX);
    json_add_text(json, "none", NULL);
    text_init(&text);
    json_print(json, false, &text);
    ck_assert_str_eq(text.at, "{\"tenth\":0.1,\"nan\":null,\"inf\":null,"
                              "\"big\":9223372036854775807,\"none\":null}");
    text_clear(&text);
    json_free(json);
}
END_TEST

START_TEST(json_numbers_survive_reading_and_printing)
{
    static const char numbers[] = "[0.00014744035630000004,1.05,-3,12345678901,1e-07,0.1]";
    struct json *json = parse_json(numbers);
    struct text text;

    text_init(&text);
    json_print(json, false, &text);
    ck_assert_str_eq(text.at, numbers);
    ck_assert(json_is_number(json_at(json, "2")));
    ck_assert(json_number(json_at(json, "0")) == 0.00014744035630000004);
    text_clear(&text);
    json_free(json);
}
END_TEST

START_TEST(pretty_json_indents_by_two_and_leaves_strings_alone)
{
    struct json *json = json_object();
    struct text text;

    json_add_text(json_add_object(json, "a"), "b", "x:\t\"y\"");
    text_init(&text);
    json_print(json, true, &text);
    ck_assert_str_eq(text.at, "{\n  \"a\": {\n    \"b\": \"x:\\t\\\"y\\\"\"\n  }\n}\n");
    text_clear(&text);
    json_free(json);
}
END_TEST

static const char *const bad_json[] = {"", "{", "{\"a\":}", "[1,2", "nul", "{} {}", "\"\\u12\""};

START_TEST(text_that_is_no_json_is_refused)
{
    struct json *json;

    ck_status(json_parse(&context, bad_json[_i], strlen(bad_json[_i]), &json), ERR_FORMAT);
    ck_assert_ptr_null(json);
}
END_TEST

START_TEST(json_members_are_found_replaced_and_removed_by_their_whole_key)
{
    static const char text[] = "{\"a.b\":1,\"a\":{\"b\":2,\"c\":3},\"list\":[4]}";
    struct json *json;
    struct text printed;

    ck_assert_int_eq(json_parse(&context, text, strlen(text), &json), OK);
    ck_assert_double_eq(json_number(json_member(json, "a.b")), 1);
    ck_assert_double_eq(json_number(json_at(json, "a.b")), 2);
    ck_assert_ptr_null(json_member(json, "A"));
    ck_assert_ptr_null(json_member(NULL, "a"));
    ck_assert_ptr_null(json_member(json_member(json, "list"), "a"));
    json_replace(json, "a.b", json_array());
    json_replace(json, "new", json_object());
    json_remove(json, "a", "b");
    json_remove(json, "a", "nothing");
    json_remove(json, "nowhere", "b");
    json_set_number(json, "list", 0.5);
    text_init(&printed);
    json_print(json, false, &printed);
    ck_assert_str_eq(printed.at, "{\"a.b\":[],\"a\":{\"c\":3},\"new\":{},\"list\":0.5}");
    text_clear(&printed);
    json_free(json);
}
END_TEST

static const struct {
    const char *words, *xml, *csv;
} escaped[] = {
    {"plain", "plain", "plain"},
    {"a<b> & \"c\"", "a&lt;b&gt; &amp; &quot;c&quot;", "\"a<b> & \"\"c\"\"\""},
    {"x,y", "x,y", "\"x,y\""},
    {"two\nlines", "two\\x0alines", "\"two\nlines\""},
    {"\xC3\xA9\xFF", "\xC3\xA9\\xff", "\xC3\xA9\xFF"},
    {"\xED\xA0\x80", "\\xed\\xa0\\x80", "\xED\xA0\x80"}, // half of a pair is no character
    {"\xC0\xAF", "\\xc0\\xaf", "\xC0\xAF"},              // spelt longer than need be
    {"\xEF\xBF\xBF", "?", "\xEF\xBF\xBF"},               // XML has none such
    {"", "", ""},
};
enum { ESCAPED_COUNT = sizeof escaped / sizeof *escaped };

START_TEST(words_are_escaped_for_xml_and_for_cells)
{
    struct text text;

    text_init(&text);
    text_add_xml(&text, escaped[_i].words);
    ck_assert_str_eq(text.at, escaped[_i].xml);
    text_clear(&text);
    text_init(&text);
    text_add_csv(&text, escaped[_i].words);
    ck_assert_str_eq(text.at, escaped[_i].csv);
    text_clear(&text);
}
END_TEST

START_TEST(json_deeper_than_64_is_refused)
{
    char text[200];
    struct json *json;

    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    ck_status(json_parse(&context, text, 130, &json), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, "nested deeper"), "%s", context.error);
    ck_status(json_parse(&context, text + 1, 128, &json), OK); // 64 levels
    json_free(json);
}
END_TEST

// SHA-256: FIPS 180-4 examples (one block, two blocks) and NIST's million times 'a'.

static const struct {
    const char *text, *hex;
} hashes[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_gives_the_published_digests)
{
    char hex[SHA256_HEX_BYTES];
    struct sha256 hash;

    sha256_init(&hash);
    sha256_add(&hash, hashes[_i].text, strlen(hashes[_i].text));
    sha256_hex(&hash, hex);
    ck_assert_str_eq(hex, hashes[_i].hex);
}
END_TEST

START_TEST(sha256_does_not_depend_on_how_the_bytes_arrive)
{
    char hex[SHA256_HEX_BYTES], block[999];
    struct sha256 hash;
    size_t left = 1000000;

    memset(block, 'a', sizeof block);
    sha256_init(&hash);
    for (size_t piece = 1; left > 0; piece = piece % sizeof block + 1) {
        size_t bytes = piece < left ? piece : left;

        sha256_add(&hash, block, bytes);
        left -= bytes;
    }
    sha256_hex(&hash, hex);
    ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

// Random numbers

START_TEST(random_bits_are_those_of_splitmix64)
{
    // First outputs for the state 1234567, as published with the algorithm's reference code.
    static const uint64_t wanted[] = {6457827717110365317ull, 3203168211198807973ull,
                                      9817491932198370423ull, 4593380528125082431ull,
                                      16408922859458223821ull};
    struct random random = {1234567};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_uint_eq(random_bits(&random), wanted[i]);
}
END_TEST

START_TEST(random_numbers_have_the_moments_they_should)
{
    enum { COUNT = 100000 };
    struct random random = random_stream(7, 0, 0);
    double unit = 0, normal = 0, square = 0;
    int below[3] = {0};

    for (int i = 0; i < COUNT; i++) {
        double draw = random_normal(&random), share = random_unit(&random);

        ck_assert(share >= 0 && share < 1);
        unit += share;
        normal += draw;
        square += draw * draw;
        below[random_below(&random, 3)]++;
    }
    // Five standard errors: 5 * sqrt(1/12/n), 5 / sqrt(n), 5 * sqrt(2/n), 5 * sqrt(n * 2/9).
    ck_assert(fabs(unit / COUNT - 0.5) < 0.0046);
    ck_assert(fabs(normal / COUNT) < 0.0159);
    ck_assert(fabs(square / COUNT - 1) < 0.0224);
    for (int i = 0; i < 3; i++)
        ck_assert(abs(below[i] - COUNT / 3) < 746);
}
END_TEST

START_TEST(streams_differ_in_every_argument)
{
    struct random stream[4] = {random_stream(1, 2, 3), random_stream(2, 2, 3),
                               random_stream(1, 3, 3), random_stream(1, 2, 4)};

    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            ck_assert_uint_ne(stream[i].state, stream[k].state);
}
END_TEST

START_TEST(a_shuffle_is_a_permutation)
{
    enum { COUNT = 1000 };
    struct random random = random_stream(5, 0, 0);
    bool seen[COUNT] = {false};
    uint32_t index[COUNT];
    int moved = 0;

    for (uint32_t i = 0; i < COUNT; i++)
        index[i] = i;
    random_shuffle(&random, index, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        ck_assert(index[i] < COUNT && !seen[index[i]]);
        seen[index[i]] = true;
        moved += index[i] != i;
    }
    ck_assert_int_gt(moved, COUNT * 9 / 10);
}
END_TEST

// Time

START_TEST(the_clock_counts_what_was_slept)
{
    struct timespec nap = {.tv_nsec = 20000000};
    double start = clock_seconds(), slept;

    ck_assert_int_eq(nanosleep(&nap, NULL), 0);
    slept = clock_seconds() - start;
    ck_assert_msg(slept >= 0.02 && slept < 20, "%g seconds", slept);
}
END_TEST

// Threads

enum { ITEMS = 10000, THREADS = 3 };

struct visits {
    unsigned char seen[ITEMS];
    bool is_worker_wrong;
};

static void visit(void *state, long item, int worker)
{
    struct visits *visits = state;

    visits->seen[item]++;
    if (worker < 0 || worker >= THREADS)
        visits->is_worker_wrong = true;
}

START_TEST(every_item_of_a_loop_runs_once)
{
    struct visits *visits = arena_alloc(arena, sizeof *visits);

    for (unsigned char round = 1; round <= 50; round++) {
        parallel_for(THREADS, ITEMS, visit, visits);
        ck_assert(all_bytes_are(visits->seen, ITEMS, round));
    }
    ck_assert(!visits->is_worker_wrong);
}
END_TEST

START_TEST(an_empty_loop_and_one_thread_are_fine)
{
    struct visits *visits = arena_alloc(arena, sizeof *visits);

    parallel_for(THREADS, 0, visit, visits);
    ck_assert_int_eq(visits->seen[0], 0);
    parallel_for(1, 2, visit, visits);
    ck_assert_int_eq(visits->seen[0] + visits->seen[1] + visits->seen[2], 2);
    ck_assert_int_ge(parallel_processors(), 1);
}
END_TEST

#define COUNT_OF(table) (int)(sizeof(table) / sizeof *(table))

static TCase *new_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_plain(Suite *suite)
{
    TCase *tcase = new_case(suite, "plain");

    tcase_add_test(tcase, an_error_names_places_from_the_outside_in);
    tcase_add_test(tcase, an_error_longer_than_its_room_is_cut);
    tcase_add_test(tcase, messages_and_progress_reach_the_sink);
    tcase_add_test(tcase, an_interrupt_is_seen_at_the_next_tick);
    tcase_add_test(tcase, arena_memory_is_zeroed_aligned_and_disjoint);
    tcase_add_test(tcase, arena_takes_one_thing_larger_than_its_chunks);
    tcase_add_test(tcase, arena_copies_bytes_with_a_closing_nul);
    tcase_add_test(tcase, overflow_of_sizes_is_seen);
    tcase_add_test(tcase, a_report_keeps_its_own_copies_in_order);
    tcase_add_loop_test(tcase, names_from_files_are_shown_without_control_bytes, 0,
                        COUNT_OF(escapes));
    tcase_add_test(tcase, a_printed_double_is_read_back_exactly);
    tcase_add_test(tcase, a_printed_double_is_as_short_as_can_be);
    tcase_add_loop_test(tcase, sha256_gives_the_published_digests, 0, COUNT_OF(hashes));
    tcase_add_test(tcase, sha256_does_not_depend_on_how_the_bytes_arrive);
}

static void add_numbers(Suite *suite)
{
    TCase *tcase = new_case(suite, "random, parallel, clock");

    tcase_add_test(tcase, random_bits_are_those_of_splitmix64);
    tcase_add_test(tcase, random_numbers_have_the_moments_they_should);
    tcase_add_test(tcase, streams_differ_in_every_argument);
    tcase_add_test(tcase, a_shuffle_is_a_permutation);
    tcase_add_test(tcase, every_item_of_a_loop_runs_once);
    tcase_add_test(tcase, an_empty_loop_and_one_thread_are_fine);
    tcase_add_test(tcase, the_clock_counts_what_was_slept);
}

static void add_tables(Suite *suite)
{
    TCase *tcase = new_case(suite, "fields and json");

    tcase_add_test(tcase, presets_fill_the_struct);
    tcase_add_test(tcase, values_are_parsed_as_typed);
    tcase_add_loop_test(tcase, what_does_not_fit_is_refused_and_changes_nothing, 0,
                        COUNT_OF(refusals));
    tcase_add_test(tcase, printing_then_parsing_is_identity);
    tcase_add_test(tcase, a_copied_struct_shares_nothing_with_the_old);
    tcase_add_test(tcase, json_is_found_by_path);
    tcase_add_test(tcase, json_numbers_survive_reading_and_printing);
    tcase_add_test(tcase, json_numbers_are_short_exact_and_never_nan);
    tcase_add_test(tcase, pretty_json_indents_by_two_and_leaves_strings_alone);
    tcase_add_loop_test(tcase, text_that_is_no_json_is_refused, 0, COUNT_OF(bad_json));
    tcase_add_test(tcase, json_deeper_than_64_is_refused);
    tcase_add_test(tcase, json_members_are_found_replaced_and_removed_by_their_whole_key);
    tcase_add_loop_test(tcase, words_are_escaped_for_xml_and_for_cells, 0, ESCAPED_COUNT);
}

Suite *base_suite(void)
{
    Suite *suite = suite_create("base");

    add_plain(suite);
    add_numbers(suite);
    add_tables(suite);
    return suite;
}
