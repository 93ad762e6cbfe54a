// Files in and out: an output appears whole or not at all, and nothing else is touched.
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "io/model.h"
#include "io/text_ir.h"

Suite *file_suite(void);

static struct context context;
static char folder[64];
static char path[4][160];

static const char *in_folder(int slot, const char *name)
{
    snprintf(path[slot], sizeof path[slot], "%s/%s", folder, name);
    return path[slot];
}

static void setup(void)
{
    context_init(&context);
    snprintf(folder, sizeof folder, "/tmp/ecai-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

// Two levels are all that these tests make.
static void empty_folder(const char *at, bool nested)
{
    DIR *entries = opendir(at);
    struct dirent *entry;

    while (entries && (entry = readdir(entries)) != NULL) {
        char name[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", at, entry->d_name);
        if (unlink(name) != 0 && nested)
            empty_folder(name, false);
        rmdir(name);
    }
    if (entries)
        closedir(entries);
    rmdir(at);
}

static void teardown(void)
{
    empty_folder(folder, true);
}

static int count_entries(const char *at)
{
    DIR *entries = opendir(at);
    int count = -2; // "." and ".."

    while (readdir(entries))
        count++;
    closedir(entries);
    return count;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void assert_holds(const char *name, const char *text)
{
    struct mapped *file;

    ck_assert_msg(mapped_open(&context, name, &file) == OK, "%s: %s", name, context.error);
    ck_assert_uint_eq(mapped_bytes(file).length, strlen(text));
    ck_assert_mem_eq(mapped_bytes(file).at, text, strlen(text));
    mapped_release(file);
}

static void assert_fails(enum status status, const char *part)
{
    ck_assert_int_ne(status, OK);
    ck_assert_msg(strstr(context.error, part) != NULL, "'%s' is not in '%s'", part, context.error);
}

START_TEST(a_new_file_appears_whole_and_alone)
{
    struct output *output;

    ck_assert_int_eq(output_open(&context, in_folder(0, "a"), NULL, &output), OK);
    ck_assert_int_eq(output_write(&context, output, "one ", 4), OK);
    ck_assert_int_ne(access(path[0], F_OK), 0); // not before the end
    ck_assert_int_eq(output_write(&context, output, "two", 3), OK);
    ck_assert_int_eq(output_close(&context, output), OK);
    assert_holds(path[0], "one two");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(an_output_that_is_given_up_leaves_the_old_file)
{
    struct output *output;

    put(in_folder(0, "a"), "old");
    ck_assert_int_eq(output_open(&context, path[0], NULL, &output), OK);
    ck_assert_int_eq(output_write(&context, output, "new", 3), OK);
    output_discard(output);
    assert_holds(path[0], "old");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode)
{
    struct stat about;

    put(in_folder(0, "a"), "old");
    ck_assert_int_eq(chmod(path[0], 0640), 0);
    ck_assert_int_eq(output_file(&context, path[0], NULL, "new", 3), OK);
    assert_holds(path[0], "new");
    ck_assert_int_eq(stat(path[0], &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0640);
}
END_TEST

START_TEST(links_are_followed_even_where_they_lead_nowhere_yet)
{
    struct stat about;

    put(in_folder(0, "a"), "old");
    ck_assert_int_eq(symlink("a", in_folder(1, "link")), 0);
    ck_assert_int_eq(symlink("link", in_folder(2, "again")), 0);
    ck_assert_int_eq(output_file(&context, path[2], NULL, "new", 3), OK);
    assert_holds(path[0], "new");
    ck_assert_int_eq(lstat(path[1], &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    ck_assert_int_eq(symlink("b", in_folder(3, "hanging")), 0);
    ck_assert_int_eq(output_file(&context, path[3], NULL, "more", 4), OK);
    assert_holds(in_folder(0, "b"), "more");
}
END_TEST

START_TEST(a_ring_of_links_is_refused)
{
    ck_assert_int_eq(symlink("b", in_folder(0, "a")), 0);
    ck_assert_int_eq(symlink("a", in_folder(1, "b")), 0);
    assert_fails(output_file(&context, path[0], NULL, "x", 1), "links lead nowhere");
}
END_TEST

START_TEST(no_clobber_protects_what_is_there)
{
    struct output_options options = {.no_clobber = true};

    put(in_folder(0, "a"), "old");
    assert_fails(output_check(&context, path[0], &options), "exists already");
    assert_fails(output_file(&context, path[0], &options, "new", 3), "exists already");
    assert_holds(path[0], "old");
    ck_assert_int_eq(output_file(&context, in_folder(1, "b"), &options, "new", 3), OK);
    assert_holds(path[1], "new");
}
END_TEST

START_TEST(no_clobber_holds_for_what_appears_meanwhile)
{
    struct output_options options = {.no_clobber = true};
    struct output *output;

    ck_assert_int_eq(output_open(&context, in_folder(0, "a"), &options, &output), OK);
    put(path[0], "theirs");
    assert_fails(output_close(&context, output), "cannot be put in place");
    assert_holds(path[0], "theirs");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(what_cannot_be_written_is_found_out_before)
{
    assert_fails(output_check(&context, in_folder(0, "no/file"), NULL), "folder does not exist");
    assert_fails(output_check(&context, folder, NULL), "is a folder");
    assert_fails(output_check(&context, "", NULL), "name");
    put(in_folder(0, "file"), "");
    assert_fails(output_check(&context, in_folder(1, "file/inside"), NULL), "folder");
    ck_assert_int_eq(output_check(&context, "-", NULL), OK);
    ck_assert_int_eq(output_check(&context, in_folder(0, "new"), NULL), OK);
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(a_full_device_is_reported)
{
    assert_fails(output_file(&context, "/dev/full", NULL, "x", 1), "No space left");
}
END_TEST

START_TEST(a_fifo_is_written_straight)
{
    char got[16] = {0};
    pid_t child;
    int fd, ended;

    ck_assert_int_eq(mkfifo(in_folder(0, "fifo"), 0600), 0);
    child = fork();
    if (child == 0)
        _exit(output_file(&context, path[0], NULL, "through", 7) == OK ? 0 : 1);
    fd = open(path[0], O_RDONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, got, sizeof got), 7);
    close(fd);
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    ck_assert_int_eq(ended, 0);
    ck_assert_str_eq(got, "through");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(abandoning_removes_temporaries)
{
    struct output *output;
    struct output_folder *other;

    ck_assert_int_eq(output_open(&context, in_folder(0, "a"), NULL, &output), OK);
    ck_assert_int_eq(output_folder_open(&context, in_folder(1, "d"), NULL, &other), OK);
    ck_assert_int_eq(output_folder_add(&context, other, "x", "1", 1), OK);
    ck_assert_int_eq(count_entries(folder), 2);
    outputs_abandon();
    ck_assert_int_eq(count_entries(folder), 0);
    output_discard(output);
    output_folder_discard(other);
}
END_TEST

static enum status make_folder(const char *at, const char *name, const char *text)
{
    struct output_folder *made;

    TRY(output_folder_open(&context, at, NULL, &made));
    ck_assert_int_eq(output_folder_add(&context, made, name, text, strlen(text)), OK);
    return output_folder_close(&context, made);
}

START_TEST(a_folder_appears_whole_and_is_replaced_whole)
{
    char inside[200];

    ck_assert_int_eq(make_folder(in_folder(0, "d"), "model.c", "one"), OK);
    snprintf(inside, sizeof inside, "%s/model.c", path[0]);
    assert_holds(inside, "one");
    ck_assert_int_eq(make_folder(in_folder(0, "d/"), "model.h", "two"), OK);
    ck_assert_int_ne(access(inside, F_OK), 0); // of the first run, and not of the second
    snprintf(inside, sizeof inside, "%s/d/model.h", folder);
    assert_holds(inside, "two");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(files_of_others_in_our_folder_are_kept)
{
    char inside[200];

    ck_assert_int_eq(make_folder(in_folder(0, "d"), "model.c", "one"), OK);
    snprintf(inside, sizeof inside, "%s/notes", path[0]);
    put(inside, "mine");
    ck_assert_int_eq(make_folder(path[0], "model.c", "two"), OK);
    assert_holds(inside, "mine");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(a_folder_of_others_is_refused)
{
    char inside[200];

    ck_assert_int_eq(mkdir(in_folder(0, "d"), 0777), 0);
    ck_assert_int_eq(output_folder_check(&context, path[0], NULL), OK); // empty
    snprintf(inside, sizeof inside, "%s/notes", path[0]);
    put(inside, "mine");
    assert_fails(output_folder_check(&context, path[0], NULL), "ecai did not make");
    assert_fails(make_folder(path[0], "model.c", "one"), "ecai did not make");
    assert_holds(inside, "mine");
    put(in_folder(1, "file"), "");
    assert_fails(output_folder_check(&context, path[1], NULL), "no folder");
}
END_TEST

START_TEST(an_empty_folder_may_be_filled)
{
    ck_assert_int_eq(mkdir(in_folder(0, "d"), 0777), 0);
    ck_assert_int_eq(make_folder(path[0], "model.c", "one"), OK);
    ck_assert_int_eq(count_entries(path[0]), 2); // and the marker
}
END_TEST

START_TEST(names_in_a_folder_stay_in_it)
{
    struct output_folder *made;

    ck_assert_int_eq(output_folder_open(&context, in_folder(0, "d"), NULL, &made), OK);
    assert_fails(output_folder_add(&context, made, "../x", "", 0), "no name");
    assert_fails(output_folder_add(&context, made, ".hidden", "", 0), "no name");
    assert_fails(output_folder_add(&context, made, "", "", 0), "no name");
    output_folder_discard(made);
    ck_assert_int_eq(count_entries(folder), 0);
}
END_TEST

START_TEST(a_mapped_file_stays_as_long_as_somebody_holds_it)
{
    char hex[SHA256_HEX_BYTES];
    struct mapped *file;

    put(in_folder(0, "a"), "abc");
    ck_assert_int_eq(mapped_open(&context, path[0], &file), OK);
    mapped_share(file);
    mapped_release(file);
    ck_assert_mem_eq(mapped_bytes(file).at, "abc", 3);
    mapped_sha256(file, hex); // FIPS 180-4's example
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mapped_release(file);
    assert_fails(mapped_open(&context, folder, &file), "is a folder");
    assert_fails(mapped_open(&context, in_folder(1, "none"), &file), "No such file");
}
END_TEST

START_TEST(models_are_known_by_content)
{
    struct model_file about;
    struct graph *graph, *again;

    put(in_folder(0, "model.onnx"), "x:f32[1,2]  y = Relu(x)\n");
    ck_assert_int_eq(model_read(&context, path[0], NULL, &graph, &about), OK);
    ck_assert_str_eq(about.format->name, "text_ir");
    ck_assert_int_eq(
        model_write(&context, format_find("onnx"), graph, in_folder(1, "model.txt"), NULL, &about),
        OK);
    ck_assert_int_eq(model_read(&context, path[1], NULL, &again, &about), OK);
    ck_assert_str_eq(about.format->name, "onnx");
    ck_assert_uint_gt(about.bytes, 20);
    graph_free(graph);
    graph_free(again);
}
END_TEST

START_TEST(what_is_no_model_is_refused)
{
    struct graph *graph;

    put(in_folder(0, "a"), "");
    assert_fails(model_read(&context, path[0], NULL, &graph, NULL), "is empty");
    put(in_folder(0, "a"), "\x89PNG\r\n\x1a\n");
    assert_fails(model_read(&context, path[0], NULL, &graph, NULL), "no model of a known format");
}
END_TEST

// A model whose weight says to lie at `location`.
static void put_external(const char *name, const char *location)
{
    struct mapped *file;
    struct context silent;
    FILE *out = fopen(name, "w");
    const unsigned char *at;
    size_t length, i;

    context_init(&silent);
    ck_assert_int_eq(mapped_open(&silent, "testdata/models/external.onnx", &file), OK);
    at = mapped_bytes(file).at;
    length = mapped_bytes(file).length;
    for (i = 0; memcmp(at + i, "external.onnx.data", 18) != 0; i++)
        ck_assert_uint_lt(i + 18, length);
    fwrite(at, 1, i, out);
    fwrite(location, 1, 18, out); // of the same length, so that nothing else moves
    fwrite(at + i + 18, 1, length - i - 18, out);
    fclose(out);
    mapped_release(file);
}

START_TEST(external_data_stay_in_the_folder)
{
    static const char *const outside[] = {"../../../etc/pass/", "/etc/passwd_______",
                                          "a/../../b_________", "..////////////////"};
    struct graph *graph;

    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        put_external(in_folder(0, "m.onnx"), outside[i]);
        assert_fails(model_read(&context, path[0], NULL, &graph, NULL),
                     "lies outside the model's folder");
    }
    put_external(in_folder(0, "m.onnx"), "not-there-at-all-x");
    assert_fails(model_read(&context, path[0], NULL, &graph, NULL),
                 "external data 'not-there-at-all-x': cannot be opened");
    put_external(in_folder(0, "m.onnx"), "short-external-dat");
    put(in_folder(1, "short-external-dat"), "only this");
    assert_fails(model_read(&context, path[0], NULL, &graph, NULL), "is too short: 9 bytes");
}
END_TEST

START_TEST(external_data_may_lie_in_another_folder)
{
    struct model_options options = {.external_data = "testdata/models"};
    struct model_file about;
    struct graph *graph;

    put_external(in_folder(0, "m.onnx"), "external.onnx.data");
    assert_fails(model_read(&context, path[0], NULL, &graph, NULL), "cannot be opened");
    ck_assert_msg(model_read(&context, path[0], &options, &graph, &about) == OK, "%s",
                  context.error);
    ck_assert_uint_gt(about.bytes, 3280);
    graph_free(graph);
}
END_TEST

// As for models over 2 GB, with a smaller bound.
START_TEST(large_weights_go_to_a_file_beside_the_model)
{
    struct model_target target;
    struct output *output;
    struct graph *graph, *again;
    const struct tensor *before, *after;

    ck_assert_int_eq(model_read(&context, "testdata/models/external.onnx", NULL, &graph, NULL), OK);
    model_target_init(&target);
    target.outside_name = "m.onnx.data";
    target.outside_from = 1;
    ck_assert_int_eq(format_find("onnx")->write(&context, graph, &target), OK);
    ck_assert_uint_eq(pieces_bytes(&target.outside), 3200); // 40 x 20 floats; the bias is small
    ck_assert_uint_lt(target.bytes.length, 1000);
    ck_assert_int_eq(output_open(&context, in_folder(0, "m.onnx.data"), NULL, &output), OK);
    ck_assert_int_eq(pieces_write_padded(&context, output, &target.outside), OK);
    ck_assert_int_eq(output_close(&context, output), OK);
    ck_assert_int_eq(
        output_file(&context, in_folder(1, "m.onnx"), NULL, target.bytes.at, target.bytes.length),
        OK);
    ck_assert_msg(model_read(&context, path[1], NULL, &again, NULL) == OK, "%s", context.error);
    before = &graph_value(graph, graph_find_value(graph, "w"))->tensor;
    after = &graph_value(again, graph_find_value(again, "w"))->tensor;
    ck_assert_mem_eq(tensor_data(before), tensor_data(after), 3200);
    target.outside_name = NULL; // standard output
    assert_fails(format_find("onnx")->write(&context, graph, &target), "2 GB");
    model_target_clear(&target);
    graph_free(graph);
    graph_free(again);
}
END_TEST

Suite *file_suite(void)
{
    Suite *suite = suite_create("file");
    TCase *tcase = tcase_create("files");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_new_file_appears_whole_and_alone);
    tcase_add_test(tcase, an_output_that_is_given_up_leaves_the_old_file);
    tcase_add_test(tcase, a_replaced_file_keeps_its_mode);
    tcase_add_test(tcase, links_are_followed_even_where_they_lead_nowhere_yet);
    tcase_add_test(tcase, a_ring_of_links_is_refused);
    tcase_add_test(tcase, no_clobber_protects_what_is_there);
    tcase_add_test(tcase, no_clobber_holds_for_what_appears_meanwhile);
    tcase_add_test(tcase, what_cannot_be_written_is_found_out_before);
    tcase_add_test(tcase, a_full_device_is_reported);
    tcase_add_test(tcase, a_fifo_is_written_straight);
    tcase_add_test(tcase, abandoning_removes_temporaries);
    tcase_add_test(tcase, a_folder_appears_whole_and_is_replaced_whole);
    tcase_add_test(tcase, files_of_others_in_our_folder_are_kept);
    tcase_add_test(tcase, a_folder_of_others_is_refused);
    tcase_add_test(tcase, an_empty_folder_may_be_filled);
    tcase_add_test(tcase, names_in_a_folder_stay_in_it);
    tcase_add_test(tcase, a_mapped_file_stays_as_long_as_somebody_holds_it);
    tcase_add_test(tcase, models_are_known_by_content);
    tcase_add_test(tcase, what_is_no_model_is_refused);
    tcase_add_test(tcase, external_data_stay_in_the_folder);
    tcase_add_test(tcase, external_data_may_lie_in_another_folder);
    tcase_add_test(tcase, large_weights_go_to_a_file_beside_the_model);
    suite_add_tcase(suite, tcase);
    return suite;
}
