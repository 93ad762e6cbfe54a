// Pictures: every kind of file and every size against Pillow (testdata/make_pictures.py), folders
// as samples, and all that can be wrong with them.
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/pictures.h"
#include "data/resize.h"
#include "io/file.h"
#include "io/npy.h"
#include "tests/support/fixture.h"

Suite *pictures_suite(void);

#define PICTURES "testdata/pictures/"

static struct context context;
static struct arena *arena;
static struct npz expected;
static struct graph *graph;
static char folder[] = "/tmp/ecai-pictures-XXXXXX";

static void begin(void)
{
    context_init(&context);
    arena = arena_new();
    graph = NULL;
    ck_ok(npz_read(&context, PICTURES "expected.npz", &expected));
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

// Removes a folder whose folders hold files only, three deep.
static void remove_all(const char *path, int depth)
{
    struct dirent *entry;
    DIR *open = depth ? opendir(path) : NULL;

    while (open && (entry = readdir(open))) {
        char below[512];
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_all(below, depth - 1);
    }
    if (open)
        closedir(open);
    remove(path);
}

static void end(void)
{
    graph_free(graph);
    npz_clear(&expected);
    arena_free(arena);
    remove_all(folder, 4);
}

static void assert_fails(enum status got, enum status wanted, const char *text)
{
    ck_assert_int_eq(got, wanted);
    ck_assert_msg(strstr(context.error, text), "'%s' does not hold '%s'", context.error, text);
}

static enum status read_file(const char *path, size_t count, struct picture *out)
{
    struct mapped *file;
    struct span bytes;
    enum status status;

    ck_ok(mapped_open(&context, path, &file));
    bytes = mapped_bytes(file);
    if (count < bytes.length)
        bytes.length = count;
    status = picture_read(&context, bytes, out);
    mapped_release(file);
    return status;
}

static void read_kind(const char *name, struct picture *out)
{
    char path[128];

    snprintf(path, sizeof path, PICTURES "kinds/%s", name);
    ck_assert_msg(read_file(path, SIZE_MAX, out) == OK, "%s: %s", name, context.error);
}

static void assert_pixels(const struct picture *picture, const char *key)
{
    const struct tensor *wanted = npz_find(&expected, key);

    ck_assert_msg(wanted != NULL, "%s", key);
    ck_assert_msg(
        shape_equal(&wanted->shape, &SHAPE(picture->height, picture->width, picture->channels)),
        "%s: %dx%dx%d", key, picture->height, picture->width, picture->channels);
    for (int64_t i = 0; i < tensor_count(wanted); i++)
        ck_assert_msg(picture->pixel[i] == tensor_get_int(wanted, i), "%s: byte %lld is %d, not %d",
                      key, (long long)i, picture->pixel[i], (int)tensor_get_int(wanted, i));
}

// ---- files --------------------------------------------------------------------------------------

static const char *const kinds[] = {
    "alpha.png",   "cmyk.jpg",    "colour.jpg",      "colour.png",      "colour_small.png",
    "grey.jpg",    "grey.png",    "grey16.png",      "grey_alpha.png",  "interlaced.png",
    "one_bit.png", "palette.png", "progressive.jpg", "whole_chroma.jpg"};

enum { KINDS = sizeof kinds / sizeof *kinds };

START_TEST(every_kind_of_file_gives_pillows_pixels)
{
    struct picture picture;

    read_kind(kinds[_i], &picture);
    assert_pixels(&picture, kinds[_i]);
    picture_clear(&picture);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_an_error)
{
    struct picture picture;
    char path[128];
    struct stat file;

    snprintf(path, sizeof path, PICTURES "kinds/%s", kinds[_i]);
    ck_assert_int_eq(stat(path, &file), 0);
    // The end-of-image marker of a JPEG file is two bytes, without which no pixel is missing.
    for (size_t count = 0; count + 2 < (size_t)file.st_size; count++)
        ck_assert_msg(read_file(path, count, &picture) == ERR_FORMAT, "%s: %zu bytes are enough",
                      kinds[_i], count);
}
END_TEST

START_TEST(flipped_bits_do_no_harm)
{
    unsigned char bytes[4096];
    struct picture picture;
    struct mapped *file;
    struct span span;
    char path[128];

    snprintf(path, sizeof path, PICTURES "kinds/%s", kinds[_i]);
    ck_ok(mapped_open(&context, path, &file));
    span = mapped_bytes(file);
    ck_assert_uint_lt(span.length, sizeof bytes);
    memcpy(bytes, span.at, span.length);
    for (size_t i = 0; i < span.length; i++) {
        enum status status;
        bytes[i] ^= (unsigned char)(1 << i % 8);
        status = picture_read(&context, (struct span){bytes, span.length}, &picture);
        ck_assert(status == OK || status == ERR_FORMAT || status == ERR_UNSUPPORTED);
        picture_clear(&picture);
        bytes[i] = span.at[i];
    }
    mapped_release(file);
}
END_TEST

START_TEST(other_files_are_refused)
{
    struct picture picture;

    assert_fails(read_file("testdata/MANIFEST.md", SIZE_MAX, &picture), ERR_FORMAT,
                 "neither a PNG nor a JPEG file");
    assert_fails(read_file("testdata/MANIFEST.md", 0, &picture), ERR_FORMAT, "the file is empty");
}
END_TEST

// A PNG header of 65,535 x 65,535 pixels, which a kilobyte could fill: 12 GB if believed.
START_TEST(decompression_bombs_are_refused)
{
    unsigned char bytes[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0"
                            "\x1e\xb8\x63\x12\0\0\0\0IDAT";
    struct picture picture;
    enum status status = picture_read(&context, (struct span){bytes, sizeof bytes - 1}, &picture);

    ck_assert_int_ne(status, OK);
    assert_fails(picture_alloc(&context, &picture, 65535, 65535, 3), ERR_UNSUPPORTED,
                 "65535x65535 pixels, more than");
    assert_fails(picture_alloc(&context, &picture, 0, 1, 3), ERR_FORMAT, "0x1 pixels");
}
END_TEST

// ---- resizing -----------------------------------------------------------------------------------

START_TEST(resizing_equals_pillow_to_the_bit)
{
    static const char *const sizes[] = {"17x10", "34x5", "11x21", "70x45", "1x1", "3x40"};
    struct picture picture, resized;

    read_kind("colour.png", &picture);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        long width, height;
        char key[32], *rest;
        width = strtol(sizes[i], &rest, 10);
        height = strtol(rest + 1, NULL, 10);
        ck_ok(picture_resize(&context, &picture, width, height, &resized));
        snprintf(key, sizeof key, "RESIZE_%s", sizes[i]);
        assert_pixels(&resized, key);
        picture_clear(&resized);
    }
    picture_clear(&picture);
}
END_TEST

START_TEST(the_same_size_changes_nothing)
{
    struct picture picture, resized;

    read_kind("colour.png", &picture);
    ck_ok(picture_resize(&context, &picture, picture.width, picture.height, &resized));
    assert_pixels(&resized, "colour.png");
    picture_clear(&resized);
    picture_clear(&picture);
}
END_TEST

START_TEST(plans_resize_the_shorter_side_and_make_grey)
{
    static const struct {
        struct picture_plan plan;
        const char *key;
    } cases[] = {{{.shorter = 10}, "SHORTER_10"},
                 {{.shorter = 30}, "SHORTER_30"},
                 {{.width = 17, .height = 10}, "RESIZE_17x10"},
                 {{.order = ORDER_GRAY}, "GREY"},
                 {{.shorter = 21}, "colour.png"}};
    struct picture picture;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_kind("colour.png", &picture);
        ck_ok(picture_apply(&context, &cases[i].plan, &picture));
        assert_pixels(&picture, cases[i].key);
        picture_clear(&picture);
    }
}
END_TEST

// torchvision's CenterCrop of 34x21 to 20: top = round(0.5) = 0, left = 7; to 19: 1 and round(7.5)
// = 8; ties go to even.
START_TEST(crops_lie_where_torchvision_has_them)
{
    static const int sides[][3] = {{20, 0, 7}, {19, 1, 8}, {21, 0, 6}, {18, 2, 8}};
    struct picture whole, picture;

    read_kind("colour.png", &whole);
    for (int i = 0; i < 4; i++) {
        struct picture_plan plan = {.crop = sides[i][0]};
        read_kind("colour.png", &picture);
        ck_ok(picture_apply(&context, &plan, &picture));
        ck_assert_int_eq(picture.width, sides[i][0]);
        ck_assert_int_eq(picture.height, sides[i][0]);
        ck_assert_mem_eq(picture.pixel, whole.pixel + (sides[i][1] * 34 + sides[i][2]) * 3, 3);
        picture_clear(&picture);
    }
    assert_fails(picture_apply(&context, &(struct picture_plan){.crop = 22}, &whole), ERR_SHAPE,
                 "34x21 pixels, too few to crop 22x22");
    picture_clear(&whole);
}
END_TEST

// ---- plans --------------------------------------------------------------------------------------

static enum status plan_of(const char *text, const struct preprocess *preprocess,
                           struct picture_plan *plan)
{
    graph_free(graph);
    graph = fixture_graph(&context, text);
    return picture_plan_init(&context, preprocess, graph, arena, plan);
}

START_TEST(the_model_says_size_and_channels)
{
    struct preprocess preprocess = {.scale = 1};
    struct picture_plan plan;

    ck_ok(plan_of("x:f32[n,1,8,9]  y = Relu(x)", &preprocess, &plan));
    ck_assert_int_eq(plan.order, ORDER_GRAY);
    ck_assert_int_eq(plan.wanted_height, 8);
    ck_assert_int_eq(plan.wanted_width, 9);
    ck_ok(plan_of("x:f32[n,8,9,3]  y = Relu(x)", &preprocess, &plan));
    ck_assert_int_eq(plan.order, ORDER_RGB);
    ck_assert_int_eq(plan.wanted_width, 9);
    ck_ok(plan_of("x:f32[n,3,h,w]  y = Relu(x)", &preprocess, &plan));
    ck_assert_int_eq(plan.wanted_height, 0);
}
END_TEST

START_TEST(records_of_preprocessing_are_honoured)
{
    static const char record[] = "{\"scale\":0.5,\"channels\":\"bgr\",\"resize\":\"9x8\","
                                 "\"crop\":7,\"classes\":[\"b\",\"a\"]}";
    struct preprocess preprocess;
    struct picture_plan plan;

    ck_ok(preprocess_parse(&context, record, strlen(record), arena, &preprocess));
    ck_ok(plan_of("x:f32[n,3,8,9]  y = Relu(x)", &preprocess, &plan));
    ck_assert_int_eq(plan.order, ORDER_BGR);
    ck_assert_int_eq(plan.width, 9);
    ck_assert_int_eq(plan.height, 8);
    ck_assert_int_eq(plan.crop, 7);
    ck_assert_int_eq(plan.classes.count, 2);
    ck_assert_str_eq(plan.classes.at[1], "a");
}
END_TEST

START_TEST(records_that_make_no_sense_are_refused)
{
    static const struct {
        struct preprocess preprocess;
        const char *message;
    } cases[] = {
        {{.resize = "\"8x\""}, "'resize' wants"}, {{.resize = "0"}, "'resize' wants"},
        {{.resize = "2.5"}, "'resize' wants"},    {{.resize = "[8]"}, "'resize' wants"},
        {{.resize = "1e9"}, "'resize' wants"},    {{.crop = "\"8x8\""}, "'crop' wants"},
        {{.crop = "-8"}, "'crop' wants"},         {{.channels = "\"cmyk\""}, "'channels' wants"},
        {{.classes = "[]"}, "'classes' wants"},   {{.classes = "[1]"}, "'classes' wants"}};
    struct picture_plan plan;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(plan_of("x:f32[n,3,8,9]  y = Relu(x)", &cases[i].preprocess, &plan),
                     ERR_FORMAT, cases[i].message);
}
END_TEST

// ---- folders ------------------------------------------------------------------------------------

static struct dataset *open_folder(const char *spec)
{
    return fixture_data(&context, spec);
}

// python: sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
START_TEST(samples_are_shuffled_by_the_hash_of_their_names)
{
    static const char *const names[] = {"dog/2.jpg",  "cat/0.jpg", "cat/1.png",
                                        "cat/2.png",  "dog/0.png", "bird/2.png",
                                        "bird/1.jpg", "dog/1.png", "bird/0.png"};
    struct dataset *data = open_folder("images:" PICTURES "folders");

    ck_assert_int_eq(data->count, 9);
    ck_assert_int_eq(data->classes, 3);
    for (int i = 0; i < 9; i++) {
        ck_assert_str_eq(data->files->name[i], names[i]);
        ck_assert_int_eq(dataset_label(data, i), names[i][0] == 'd' ? 2 : names[i][0] == 'c');
    }
    dataset_free(data);
}
END_TEST

static enum status decode(const char *spec, const struct picture_plan *plan, struct dataset **out)
{
    struct dataset *data;
    enum status status;

    *out = NULL;
    TRY(dataset_open(&context, spec, NULL, &data));
    status = pictures_decode(&context, data, plan, out);
    dataset_free(data);
    return status;
}

START_TEST(threads_and_slices_decode_the_same_pixels)
{
    const struct picture_plan plan = {.shorter = 8, .crop = 8, .order = ORDER_BGR};
    struct dataset *one, *four, *part;
    char a[SHA256_HEX_BYTES], b[SHA256_HEX_BYTES];

    ck_ok(decode("images:" PICTURES "folders", &plan, &one));
    context.threads = 4;
    ck_ok(decode("images:" PICTURES "folders", &plan, &four));
    ck_ok(decode("images:" PICTURES "folders@3:5", &plan, &part));
    ck_ok(dataset_sha256(&context, one, a));
    ck_ok(dataset_sha256(&context, four, b));
    ck_assert_str_eq(a, b);
    ck_assert_int_eq(part->count, 2);
    ck_assert_mem_eq(dataset_bytes(part, &part->input[0], 1), dataset_bytes(one, &one->input[0], 4),
                     3 * 8 * 8);
    ck_assert_int_eq(dataset_label(part, 1), dataset_label(one, 4));
    dataset_free(one);
    dataset_free(four);
    dataset_free(part);
}
END_TEST

START_TEST(planes_come_channel_by_channel_in_the_wanted_order)
{
    struct picture_plan plan = {.width = 4, .height = 4};
    struct dataset *rgb, *bgr;

    ck_ok(decode("images:" PICTURES "folders", &plan, &rgb));
    plan.order = ORDER_BGR;
    ck_ok(decode("images:" PICTURES "folders", &plan, &bgr));
    ck_assert(shape_equal(&rgb->input[0].shape, &SHAPE(3, 4, 4)));
    for (int c = 0; c < 3; c++)
        ck_assert_mem_eq(rgb->input[0].at + c * 16, bgr->input[0].at + (2 - c) * 16, 16);
    dataset_free(rgb);
    dataset_free(bgr);
}
END_TEST

START_TEST(a_list_of_classes_maps_folders_to_outputs)
{
    static const char *const names[] = {"dog", "fish", "bird", "cat"};
    static const int64_t output[] = {2, 3, 0}; // of bird, cat, dog
    const struct picture_plan plan = {.width = 4, .height = 4, .classes = {4, names}};
    const struct picture_plan without = {.width = 4, .height = 4, .classes = {3, names}};
    struct dataset *plain = open_folder("images:" PICTURES "folders"), *data;

    ck_ok(pictures_decode(&context, plain, &plan, &data));
    ck_assert_int_eq(data->classes, 4);
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(dataset_label(data, i), output[dataset_label(plain, i)]);
    ck_assert_str_eq(data->class_name[1], "fish");
    assert_fails(dataset_check_classes(&context, data, 5), ERR_SHAPE, "4 classes");
    ck_ok(dataset_check_classes(&context, data, 4));
    dataset_free(data);
    assert_fails(pictures_decode(&context, plain, &without, &data), ERR_USAGE,
                 "no line for folder 'cat'");
    dataset_free(plain);
}
END_TEST

START_TEST(a_folder_without_subfolders_has_no_labels)
{
    const struct picture_plan plan = {.width = 4, .height = 4};
    struct dataset *data;

    ck_ok(decode("images:" PICTURES "kinds", &plan, &data));
    ck_assert_int_eq(data->count, KINDS);
    ck_assert(!data->is_labelled);
    dataset_free(data);
}
END_TEST

START_TEST(another_size_is_an_error_that_names_the_file)
{
    const struct picture_plan plan = {.wanted_width = 12, .wanted_height = 12};
    struct dataset *data;

    assert_fails(decode("images:" PICTURES "folders", &plan, &data), ERR_SHAPE,
                 "pixels where 12x12 are wanted: give '--resize N'");
    assert_fails(decode("images:" PICTURES "folders", &(struct picture_plan){0}, &data), ERR_SHAPE,
                 "testdata/pictures/folders/");
}
END_TEST

// ---- what is wrong with folders -------------------------------------------------------------

static void make(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!text) {
        ck_assert_int_eq(mkdir(path, 0777), 0);
        return;
    }
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void assert_refused(enum status wanted, const char *message)
{
    const struct picture_plan plan = {.width = 4, .height = 4};
    struct dataset *data;
    char spec[128];

    snprintf(spec, sizeof spec, "images:%s", folder);
    assert_fails(decode(spec, &plan, &data), wanted, message);
}

START_TEST(empty_folders_and_strangers_are_refused)
{
    struct dataset *data;

    assert_refused(ERR_FORMAT, "there are no pictures in it");
    make("a", NULL);
    assert_refused(ERR_FORMAT, "the folder of class 'a' is empty");
    make("a/.x.png", "skipped");
    assert_refused(ERR_FORMAT, "the folder of class 'a' is empty");
    make("a/x.png", "no picture");
    assert_refused(ERR_FORMAT, "/a/x.png: neither a PNG nor a JPEG file");
    make("readme.txt", "hello");
    assert_refused(ERR_FORMAT, "'readme.txt' lies beside the folders of classes");
    assert_fails(dataset_open(&context, "images:" PICTURES "none", NULL, &data), ERR_IO,
                 "cannot be opened");
    assert_fails(dataset_open(&context, "images:" PICTURES "classes.txt", NULL, &data), ERR_IO,
                 "cannot be opened");
}
END_TEST

START_TEST(links_in_circles_and_pipes_are_refused)
{
    char path[256];

    make("a", NULL);
    snprintf(path, sizeof path, "%s/a/loop", folder);
    ck_assert_int_eq(symlink(folder, path), 0);
    assert_refused(ERR_FORMAT, "folders inside each other");
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    assert_refused(ERR_IO, "neither a file nor a folder");
    unlink(path);
    ck_assert_int_eq(symlink("nowhere", path), 0);
    assert_refused(ERR_IO, "No such file");
}
END_TEST

// The message does not depend on who came first.
START_TEST(the_first_bad_file_is_named_at_any_number_of_threads)
{
    char first[ERROR_TEXT_BYTES], name[16];

    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%d.png", i);
        make(name, "bad");
    }
    assert_refused(ERR_FORMAT, "neither");
    memcpy(first, context.error, sizeof first);
    context.threads = 8;
    assert_refused(ERR_FORMAT, "neither");
    ck_assert_str_eq(first, context.error);
}
END_TEST

Suite *pictures_suite(void)
{
    Suite *suite = suite_create("pictures");
    TCase *files = tcase_create("files"), *sizes = tcase_create("sizes");
    TCase *folders = tcase_create("folders");

    tcase_add_checked_fixture(files, begin, end);
    tcase_add_loop_test(files, every_kind_of_file_gives_pillows_pixels, 0, KINDS);
    tcase_add_loop_test(files, a_file_cut_anywhere_is_an_error, 0, KINDS);
    tcase_add_loop_test(files, flipped_bits_do_no_harm, 0, KINDS);
    tcase_add_test(files, other_files_are_refused);
    tcase_add_test(files, decompression_bombs_are_refused);
    suite_add_tcase(suite, files);
    tcase_add_checked_fixture(sizes, begin, end);
    tcase_add_test(sizes, resizing_equals_pillow_to_the_bit);
    tcase_add_test(sizes, the_same_size_changes_nothing);
    tcase_add_test(sizes, plans_resize_the_shorter_side_and_make_grey);
    tcase_add_test(sizes, crops_lie_where_torchvision_has_them);
    tcase_add_test(sizes, the_model_says_size_and_channels);
    tcase_add_test(sizes, records_of_preprocessing_are_honoured);
    tcase_add_test(sizes, records_that_make_no_sense_are_refused);
    suite_add_tcase(suite, sizes);
    tcase_add_checked_fixture(folders, begin, end);
    tcase_add_test(folders, samples_are_shuffled_by_the_hash_of_their_names);
    tcase_add_test(folders, threads_and_slices_decode_the_same_pixels);
    tcase_add_test(folders, planes_come_channel_by_channel_in_the_wanted_order);
    tcase_add_test(folders, a_list_of_classes_maps_folders_to_outputs);
    tcase_add_test(folders, a_folder_without_subfolders_has_no_labels);
    tcase_add_test(folders, another_size_is_an_error_that_names_the_file);
    tcase_add_test(folders, empty_folders_and_strangers_are_refused);
    tcase_add_test(folders, links_in_circles_and_pipes_are_refused);
    tcase_add_test(folders, the_first_bad_file_is_named_at_any_number_of_threads);
    suite_add_tcase(suite, folders);
    return suite;
}
