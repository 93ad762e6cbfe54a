// numpy's files, as numpy wrote them (testdata/make_arrays.py); our own, bit by bit; compressed
// streams and base64.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/base64.h"
#include "io/gzip.h"
#include "io/npy.h"

Suite *npy_suite(void);

#define NPY "testdata/npy/"

static struct context context;

static void setup(void)
{
    context_init(&context);
}

static void read_array(const char *name, struct tensor *out)
{
    char path[128];

    snprintf(path, sizeof path, NPY "%s", name);
    ck_assert_msg(npy_read(&context, path, out) == OK, "%s: %s", name, context.error);
}

static void assert_refused(const char *name, enum status status, const char *part)
{
    struct tensor tensor;
    char path[128];

    snprintf(path, sizeof path, NPY "%s", name);
    ck_assert_int_eq(npy_read(&context, path, &tensor), status);
    ck_assert_msg(strstr(context.error, part) != NULL, "%s", context.error);
}

START_TEST(plain_arrays_are_read)
{
    struct tensor tensor;

    read_array("f32.npy", &tensor);
    ck_assert_int_eq(tensor.dtype, DT_F32);
    ck_assert(shape_equal(&tensor.shape, &SHAPE(2, 3)));
    ck_assert_double_eq(tensor_get(&tensor, 5), 5.5);
    tensor_release(&tensor);
}
END_TEST

START_TEST(fortran_order_becomes_c_order)
{
    struct tensor tensor;

    read_array("fortran.npy", &tensor);
    ck_assert(shape_equal(&tensor.shape, &SHAPE(2, 3, 4)));
    for (int i = 0; i < 24; i++)
        ck_assert_int_eq(tensor_get_int(&tensor, i), i);
    tensor_release(&tensor);
}
END_TEST

START_TEST(big_endian_numbers_are_swapped)
{
    struct tensor tensor;

    read_array("big_endian.npy", &tensor);
    ck_assert_double_eq(tensor_get(&tensor, 0), 1.5);
    ck_assert_double_eq(tensor_get(&tensor, 1), -2.25);
    ck_assert_double_eq(tensor_get(&tensor, 2), 1e300);
    tensor_release(&tensor);
}
END_TEST

START_TEST(scalars_empty_arrays_and_version_3_are_read)
{
    struct tensor tensor;

    read_array("scalar.npy", &tensor);
    ck_assert_int_eq(tensor.shape.rank, 0);
    ck_assert_int_eq(tensor_get_int(&tensor, 0), 7);
    tensor_release(&tensor);
    read_array("empty.npy", &tensor);
    ck_assert_int_eq(tensor_count(&tensor), 0);
    tensor_release(&tensor);
    read_array("version3.npy", &tensor);
    ck_assert_int_eq(tensor.dtype, DT_BOOL);
    ck_assert_int_eq(tensor_get_int(&tensor, 2), 1);
    tensor_release(&tensor);
}
END_TEST

START_TEST(types_that_are_no_numbers_are_refused)
{
    assert_refused("complex.npy", ERR_UNSUPPORTED, "'c16'");
    assert_refused("text.npy", ERR_UNSUPPORTED, "'U1'");
    assert_refused("records.npy", ERR_UNSUPPORTED, "records");
    assert_refused("stored.npz", ERR_FORMAT, "no .npy");
    assert_refused("nowhere.npy", ERR_IO, "cannot be opened");
}
END_TEST

START_TEST(an_array_is_written_as_numpy_writes_it)
{
    struct mapped *file;
    struct tensor tensor;
    struct text text;

    read_array("f32.npy", &tensor);
    text_init(&text);
    ck_assert_int_eq(npy_put(&context, &tensor, &text), OK);
    ck_assert_int_eq(mapped_open(&context, NPY "f32.npy", &file), OK);
    ck_assert_uint_eq(mapped_bytes(file).length, text.length);
    ck_assert_mem_eq(mapped_bytes(file).at, text.at, text.length);
    mapped_release(file);
    tensor_release(&tensor);
    text_clear(&text);
}
END_TEST

START_TEST(what_numpy_lacks_is_widened)
{
    struct tensor tensor, again;
    struct text text;

    ck_assert_int_eq(tensor_alloc(&context, &tensor, DT_I4, &SHAPE(3)), OK);
    tensor_set(&tensor, 2, -8);
    text_init(&text);
    ck_assert_int_eq(npy_put(&context, &tensor, &text), OK);
    ck_assert_int_eq(npy_read_bytes(&context,
                                    (struct span){(const unsigned char *)text.at, text.length},
                                    NULL, &again),
                     OK);
    ck_assert_int_eq(again.dtype, DT_I8);
    ck_assert_int_eq(tensor_get_int(&again, 2), -8);
    tensor_release(&tensor);
    tensor_release(&again);
    text_clear(&text);
}
END_TEST

START_TEST(an_array_cut_at_any_byte_is_refused)
{
    struct tensor tensor;
    struct text text;

    read_array("f32.npy", &tensor);
    text_init(&text);
    ck_assert_int_eq(npy_put(&context, &tensor, &text), OK);
    tensor_release(&tensor);
    for (size_t length = 0; length < text.length; length++)
        ck_assert_int_ne(npy_read_bytes(&context,
                                        (struct span){(const unsigned char *)text.at, length}, NULL,
                                        &tensor),
                         OK);
    text_clear(&text);
}
END_TEST

START_TEST(archives_of_numpy_are_read)
{
    static const char *const names[] = {NPY "stored.npz", NPY "deflated.npz"};

    for (int i = 0; i < 2; i++) {
        struct npz npz;
        ck_assert_msg(npz_read(&context, names[i], &npz) == OK, "%s", context.error);
        ck_assert_uint_eq(npz.count, 3);
        ck_assert_str_eq(npz.entry[1].name, "labels");
        ck_assert_int_eq(tensor_get_int(npz_find(&npz, "labels"), 2), 2);
        ck_assert_double_eq(tensor_get(npz_find(&npz, "x"), 4), 4);
        ck_assert_double_eq(tensor_get(npz_find(&npz, "half"), 0), 0.5);
        ck_assert_ptr_null(npz_find(&npz, "y"));
        npz_clear(&npz);
    }
}
END_TEST

static void compose(struct text *out)
{
    struct npz npz;

    ck_assert_int_eq(npz_read(&context, NPY "stored.npz", &npz), OK);
    text_init(out);
    ck_assert_int_eq(npz_put(&context, npz.entry, npz.count, out), OK);
    npz_clear(&npz);
}

START_TEST(an_archive_comes_back_and_is_the_same_each_time)
{
    struct text first, second;
    struct npz npz;

    compose(&first);
    compose(&second);
    ck_assert_uint_eq(first.length, second.length);
    ck_assert_mem_eq(first.at, second.at, first.length);
    ck_assert_int_eq(npz_read_bytes(&context,
                                    (struct span){(const unsigned char *)first.at, first.length},
                                    NULL, &npz),
                     OK);
    ck_assert_int_eq(tensor_get_int(npz_find(&npz, "labels"), 0), 3);
    npz_clear(&npz);
    text_clear(&first);
    text_clear(&second);
}
END_TEST

START_TEST(damaged_archives_are_refused)
{
    struct npz npz;
    struct text text;

    compose(&text);
    for (size_t length = 0; length < text.length; length++)
        ck_assert_int_ne(npz_read_bytes(&context,
                                        (struct span){(const unsigned char *)text.at, length}, NULL,
                                        &npz),
                         OK);
    text.at[150] ^= 1; // in the first member's data: the checksum tells
    ck_assert_int_eq(npz_read_bytes(&context,
                                    (struct span){(const unsigned char *)text.at, text.length},
                                    NULL, &npz),
                     ERR_FORMAT);
    text_clear(&text);
}
END_TEST

// `printf hello | gzip -n | xxd`, twice one after the other.
static const unsigned char hello_gz[] = {
    0x1f, 0x8b, 8,    0,    0,    0,    0,    0,    0,    3,    0xcb, 0x48, 0xcd,
    0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00, 0x1f,
    0x8b, 8,    0,    0,    0,    0,    0,    0,    3,    0xcb, 0x48, 0xcd, 0xc9,
    0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
};

START_TEST(gzip_files_are_seen_through)
{
    struct span bytes = {hello_gz, sizeof hello_gz};
    unsigned char *out;
    size_t count;

    ck_assert(gzip_probe(bytes));
    ck_assert_msg(gzip_inflate(&context, bytes, 10, &out, &count) == OK, "%s", context.error);
    ck_assert_uint_eq(count, 10);
    ck_assert_mem_eq(out, "hellohello", 10);
    free(out);
    ck_assert_int_eq(gzip_inflate(&context, bytes, 9, &out, &count), ERR_UNSUPPORTED);
    bytes.length = 20;
    ck_assert_int_eq(gzip_inflate(&context, bytes, 100, &out, &count), ERR_FORMAT);
}
END_TEST

START_TEST(zlib_streams_come_back_and_damage_is_seen)
{
    static unsigned char zeros[100000];
    struct span out, bytes;
    struct text text;

    text_init(&text);
    ck_assert_int_eq(zlib_deflate(&context, (struct span){zeros, sizeof zeros}, &text), OK);
    ck_assert_uint_lt(text.length, 200);
    bytes = (struct span){(const unsigned char *)text.at, text.length};
    ck_assert_int_eq(zlib_inflate(&context, bytes, sizeof zeros, &out), OK);
    ck_assert_uint_eq(out.length, sizeof zeros);
    ck_assert_mem_eq(out.at, zeros, sizeof zeros);
    free((void *)(uintptr_t)out.at);
    ck_assert_int_eq(zlib_inflate(&context, bytes, sizeof zeros - 1, &out), ERR_UNSUPPORTED);
    text.at[text.length - 1] ^= 1;
    ck_assert_int_eq(zlib_inflate(&context, bytes, sizeof zeros, &out), ERR_FORMAT);
    text_clear(&text);
}
END_TEST

// RFC 4648, part 10.
START_TEST(base64_is_that_of_the_rfc)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text coded, plain;
        text_init(&coded);
        text_init(&plain);
        base64_add(&coded, (struct span){(const unsigned char *)rows[i][0], strlen(rows[i][0])});
        ck_assert_str_eq(coded.at, rows[i][1]);
        ck_assert_int_eq(base64_read(&context, coded.at, &plain), OK);
        ck_assert_str_eq(plain.at, rows[i][0]);
        text_clear(&coded);
        text_clear(&plain);
    }
}
END_TEST

START_TEST(base64_of_other_letters_is_refused)
{
    static const char *const rows[] = {"Zg=", "Z===", "Zm9v!AAA", "=Zm9", "Zg==Zg=="};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text plain;
        text_init(&plain);
        ck_assert_int_eq(base64_read(&context, rows[i], &plain), ERR_FORMAT);
        text_clear(&plain);
    }
}
END_TEST

Suite *npy_suite(void)
{
    Suite *suite = suite_create("npy");
    TCase *tcase = tcase_create("arrays");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, plain_arrays_are_read);
    tcase_add_test(tcase, fortran_order_becomes_c_order);
    tcase_add_test(tcase, big_endian_numbers_are_swapped);
    tcase_add_test(tcase, scalars_empty_arrays_and_version_3_are_read);
    tcase_add_test(tcase, types_that_are_no_numbers_are_refused);
    tcase_add_test(tcase, an_array_is_written_as_numpy_writes_it);
    tcase_add_test(tcase, what_numpy_lacks_is_widened);
    tcase_add_test(tcase, an_array_cut_at_any_byte_is_refused);
    tcase_add_test(tcase, archives_of_numpy_are_read);
    tcase_add_test(tcase, an_archive_comes_back_and_is_the_same_each_time);
    tcase_add_test(tcase, damaged_archives_are_refused);
    tcase_add_test(tcase, gzip_files_are_seen_through);
    tcase_add_test(tcase, zlib_streams_come_back_and_damage_is_seen);
    tcase_add_test(tcase, base64_is_that_of_the_rfc);
    tcase_add_test(tcase, base64_of_other_letters_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
