// The wire format: examples of protocol buffers' own documentation, round trips, damaged bytes.
#include <check.h>
#include <string.h>

#include "io/protobuf.h"

Suite *protobuf_suite(void);

static struct context context;
static struct text text;

static void setup(void)
{
    context_init(&context);
    text_init(&text);
}

static void teardown(void)
{
    text_clear(&text);
}

static struct wire over(const void *bytes, size_t count)
{
    return wire_over((struct span){bytes, count}, 0);
}

static void assert_damaged(const void *bytes, size_t count, const char *part)
{
    struct wire wire = over(bytes, count);
    struct wire_field field;

    while (wire_next(&wire, &field))
        ;
    ck_assert_int_eq(wire_status(&context, &wire), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, part) != NULL, "%s", context.error);
}

// "Encoding" of developers.google.com/protocol-buffers: Test1 {a = 150}, Test2 {b = "testing"}.
START_TEST(the_documented_examples_are_written_and_read)
{
    struct wire_field field;
    struct wire wire;

    wire_put_int(&text, 1, 150);
    ck_assert_mem_eq(text.at, "\x08\x96\x01", 3);
    wire_put_text(&text, 2, "testing");
    ck_assert_mem_eq(text.at + 3, "\x12\x07testing", 9);
    wire = over(text.at, text.length);
    ck_assert(wire_next(&wire, &field));
    ck_assert_uint_eq(field.number, 1);
    ck_assert_int_eq(wire_int(&wire, &field), 150);
    ck_assert(wire_next(&wire, &field));
    ck_assert_mem_eq(wire_bytes(&wire, &field).at, "testing", 7);
    ck_assert(!wire_next(&wire, &field));
    ck_assert_int_eq(wire_status(&context, &wire), OK);
}
END_TEST

START_TEST(numbers_of_every_size_come_back)
{
    static const int64_t numbers[] = {0,     1,         127,       128,       16383,
                                      16384, INT32_MAX, INT64_MAX, INT64_MIN, INT64_C(-1)};
    struct wire_field field;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct wire wire;
        text_clear(&text);
        text_init(&text);
        wire_put_int(&text, 536870911, numbers[i]); // the largest field number
        wire = over(text.at, text.length);
        ck_assert(wire_next(&wire, &field));
        ck_assert_uint_eq(field.number, 536870911);
        ck_assert_int_eq(wire_int(&wire, &field), numbers[i]);
    }
}
END_TEST

START_TEST(floats_keep_their_bits)
{
    struct wire_field field;
    struct wire wire;

    wire_put_float(&text, 3, -1.5f);
    ck_assert_mem_eq(text.at, "\x1d\x00\x00\xc0\xbf", 5);
    wire = over(text.at, text.length);
    ck_assert(wire_next(&wire, &field));
    ck_assert_float_eq(wire_float(&wire, &field), -1.5f);
}
END_TEST

START_TEST(repeated_numbers_come_packed_or_one_by_one)
{
    static const char both[] = "\x22\x03\x03\x8e\x02\x20\x07"; // 3, 270 packed; then 7
    struct wire wire = over(both, 7);
    struct wire_field field;
    uint64_t numbers[3];
    size_t count = 0;

    while (wire_next(&wire, &field))
        count += wire_numbers(&wire, &field, WIRE_VARINT, numbers + count);
    ck_assert_int_eq(wire_status(&context, &wire), OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(numbers[0], 3);
    ck_assert_uint_eq(numbers[1], 270);
    ck_assert_uint_eq(numbers[2], 7);
}
END_TEST

START_TEST(damaged_messages_are_refused)
{
    assert_damaged("\x08", 1, "runs past the end");
    assert_damaged("\x08\x96", 2, "runs past the end");
    assert_damaged("\x12\x08testing", 9, "runs past the end");
    assert_damaged("\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "runs past the end");
    assert_damaged("\x1d\x00\x00", 3, "runs past the end");
    assert_damaged("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "64 bits");
    assert_damaged("\x00\x01", 2, "no valid number");
    assert_damaged("\x0b", 1, "wire type"); // a group
    assert_damaged("\x0f", 1, "wire type");
}
END_TEST

START_TEST(a_field_of_another_wire_type_is_a_problem)
{
    struct wire wire = over("\x08\x01", 2);
    struct wire_field field;

    ck_assert(wire_next(&wire, &field));
    ck_assert_uint_eq(wire_bytes(&wire, &field).length, 0);
    ck_assert_int_eq(wire_status(&context, &wire), ERR_FORMAT);
}
END_TEST

START_TEST(depth_is_bounded)
{
    struct wire fits = wire_over((struct span){(const unsigned char *)"", 0}, WIRE_MAX_DEPTH);
    struct wire deep = wire_over((struct span){(const unsigned char *)"", 0}, WIRE_MAX_DEPTH + 1);

    ck_assert_int_eq(wire_status(&context, &fits), OK);
    ck_assert_int_eq(wire_status(&context, &deep), ERR_FORMAT);
}
END_TEST

START_TEST(empty_texts_are_left_out)
{
    wire_put_text(&text, 1, "");
    wire_put_text(&text, 1, NULL);
    ck_assert_uint_eq(text.length, 0);
}
END_TEST

Suite *protobuf_suite(void)
{
    Suite *suite = suite_create("protobuf");
    TCase *tcase = tcase_create("wire");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_documented_examples_are_written_and_read);
    tcase_add_test(tcase, numbers_of_every_size_come_back);
    tcase_add_test(tcase, floats_keep_their_bits);
    tcase_add_test(tcase, repeated_numbers_come_packed_or_one_by_one);
    tcase_add_test(tcase, damaged_messages_are_refused);
    tcase_add_test(tcase, a_field_of_another_wire_type_is_a_problem);
    tcase_add_test(tcase, depth_is_bounded);
    tcase_add_test(tcase, empty_texts_are_left_out);
    suite_add_tcase(suite, tcase);
    return suite;
}
