// Data sets: spelling of sources, slices and draws, every format, and what is wrong with files.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/batch.h"
#include "data/dataset.h"
#include "data/source.h"
#include "io/npy.h"

static struct context context;
static struct dataset *dataset;
static struct arena *arena;
static char folder[] = "/tmp/ecai-data-XXXXXX", path[2][64], spec[512], note[256];

static void keep_note(void *self, enum level level, const char *text)
{
    (void)self;
    (void)level;
    snprintf(note, sizeof note, "%s", text);
}

static void begin(void)
{
    context_init(&context);
    context.sink.message = keep_note;
    note[0] = '\0';
    dataset = NULL;
    arena = arena_new();
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path[0], sizeof path[0], "%s/a", folder);
    snprintf(path[1], sizeof path[1], "%s/b", folder);
}

static void end(void)
{
    dataset_free(dataset);
    arena_free(arena);
    unlink(path[0]);
    unlink(path[1]);
    rmdir(folder);
}

static void write_file(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static enum status open_text(const char *text)
{
    dataset_free(dataset);
    dataset = NULL;
    return dataset_open(&context, text, NULL, &dataset);
}

static enum status open_file(const char *before, const char *after)
{
    snprintf(spec, sizeof spec, "%s%s%s", before, path[0], after);
    return open_text(spec);
}

static void assert_fails(enum status got, enum status wanted, const char *text)
{
    ck_assert_int_eq(got, wanted);
    ck_assert_msg(strstr(context.error, text), "'%s' does not hold '%s'", context.error, text);
}

// ---- spelling, slices, draws -------------------------------------------------------------------

START_TEST(a_slice_takes_the_samples_between_its_bounds)
{
    ck_assert_int_eq(open_text("synthetic:classes=5,samples=20[3:7]"), OK);
    ck_assert_int_eq(dataset->count, 4);
    ck_assert_int_eq(dataset_label(dataset, 0), 3);
    ck_assert_int_eq(dataset_label(dataset, 3), 1);
    ck_assert_str_eq(dataset->name, "synthetic:classes=5,samples=20[3:7]");
}
END_TEST

START_TEST(a_slice_without_brackets_is_the_same)
{
    char first[SHA256_HEX_BYTES], second[SHA256_HEX_BYTES];

    ck_assert_int_eq(open_text("synthetic:samples=20[3:7]"), OK);
    ck_assert_int_eq(dataset_sha256(&context, dataset, first), OK);
    ck_assert_int_eq(open_text("synthetic:samples=20@3:7"), OK);
    ck_assert_int_eq(dataset_sha256(&context, dataset, second), OK);
    ck_assert_str_eq(first, second);
}
END_TEST

START_TEST(a_slice_may_leave_out_either_bound)
{
    ck_assert_int_eq(open_text("synthetic:samples=20@:7"), OK);
    ck_assert_int_eq(dataset->count, 7);
    ck_assert_int_eq(open_text("synthetic:samples=20[15:]"), OK);
    ck_assert_int_eq(dataset->count, 5);
}
END_TEST

static const struct {
    const char *spec, *message;
} wrong_spelling[] = {
    {"synthetic:samples=20[15:21]", "has 20 samples, the slice ends at 21"},
    {"synthetic:samples=20@20:", "is empty"},
    {"synthetic:samples=20@7:3", "is empty"},
    {"synthetic:samples=20[a:3]", "a slice is two counts"},
    {"synthetic:samples=20@3:x", "a slice is two counts"},
    {"synthetic:samples=20[99999999999999999999:]", "a slice is two counts"},
    {"mnist", "is no source of data"},
    {"mnist:train", "is no source of data"},
    {"", "is no source of data"},
    {"idx:", "a name is empty"},
    {"raw:f,shape=2x2,type=i9", "'--type' wants one of"},
    {"cifar:a,b", "'b' does not belong here"},
    {"fashion-mnist:trian", "fashion-mnist:train and fashion-mnist:test"},
};

START_TEST(a_wrong_spelling_says_what_is_wrong)
{
    assert_fails(open_text(wrong_spelling[_i].spec), ERR_USAGE, wrong_spelling[_i].message);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    assert_fails(open_text("cifar:/nowhere/x.bin"), ERR_IO, "/nowhere/x.bin: ");
}
END_TEST

START_TEST(a_missing_fashion_mnist_says_how_to_get_it)
{
    setenv("ECAI_DATA", folder, 1);
    assert_fails(open_text("fashion-mnist:train"), ERR_IO, "folder that ECAI_DATA names");
    unsetenv("ECAI_DATA");
    if (access("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", F_OK) != 0)
        assert_fails(open_text("fashion-mnist:train"), ERR_IO,
                     "apt-get install dataset-fashion-mnist");
}
END_TEST

START_TEST(a_draw_keeps_the_shares_of_the_classes)
{
    struct dataset_options options = {.samples = 10};
    int count[3] = {0};

    // 35 samples of 3 classes: 12, 12, 11. Ten of them: 3.43, 3.43, 3.14 -> 4, 3, 3.
    ck_assert_int_eq(dataset_open(&context, "synthetic:classes=3,samples=35", &options, &dataset),
                     OK);
    ck_assert_int_eq(dataset->count, 10);
    for (int64_t i = 0; i < 10; i++) {
        count[dataset_label(dataset, i)]++;
        if (i)
            ck_assert_int_lt(dataset_record(dataset, i - 1), dataset_record(dataset, i));
    }
    ck_assert_int_eq(count[0], 4);
    ck_assert_int_eq(count[1], 3);
    ck_assert_int_eq(count[2], 3);
}
END_TEST

START_TEST(a_draw_depends_on_the_seed_alone)
{
    struct dataset_options options = {.samples = 10};
    char hex[3][SHA256_HEX_BYTES];

    for (int i = 0; i < 3; i++) {
        context.seed = i == 2;
        dataset_free(dataset);
        ck_assert_int_eq(dataset_open(&context, "synthetic:samples=100@10:90", &options, &dataset),
                         OK);
        ck_assert_int_eq(dataset_sha256(&context, dataset, hex[i]), OK);
    }
    ck_assert_str_eq(hex[0], hex[1]);
    ck_assert_str_ne(hex[0], hex[2]);
}
END_TEST

START_TEST(a_draw_of_more_than_there_is_is_an_error)
{
    struct dataset_options options = {.samples = 21};

    assert_fails(dataset_open(&context, "synthetic:samples=20", &options, &dataset), ERR_USAGE,
                 "has 20 samples, --samples asks for 21");
}
END_TEST

START_TEST(labels_beyond_the_model_are_named)
{
    ck_assert_int_eq(open_text("synthetic:classes=5,samples=20"), OK);
    ck_assert_int_eq(dataset_check_classes(&context, dataset, 5), OK);
    assert_fails(dataset_check_classes(&context, dataset, 4), ERR_SHAPE,
                 "sample 4 has label 4, but the model has 4 outputs");
}
END_TEST

// sha256 of 2 samples {0, 1, 2} and {10, 11, 12}, each followed by its label (7, 9) as 8 bytes:
// python: hashlib.sha256(bytes([0,1,2])+(7).to_bytes(8,'little')+bytes([10,11,12])+(9)...)
START_TEST(the_hash_is_of_samples_and_labels)
{
    const unsigned char bytes[] = {7, 0, 1, 2, 9, 10, 11, 12};
    char hex[SHA256_HEX_BYTES];

    write_file(path[0], bytes, sizeof bytes);
    ck_assert_int_eq(open_file("raw:", ",shape=3,label=first"), OK);
    ck_assert_int_eq(dataset_sha256(&context, dataset, hex), OK);
    ck_assert_str_eq(hex, "c3bb82db95b794f1d2636aadc85f76dc05d9c182cec06cc958dcd281c417eafd");
}
END_TEST

// ---- formats -----------------------------------------------------------------------------------

static const unsigned char idx_images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                           0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const unsigned char idx_labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 5, 1};

static enum status open_idx(size_t image_bytes, size_t label_bytes)
{
    write_file(path[0], idx_images, image_bytes);
    write_file(path[1], idx_labels, label_bytes);
    snprintf(spec, sizeof spec, "idx:%s,%s", path[0], path[1]);
    return open_text(spec);
}

START_TEST(idx_gives_images_with_one_channel_and_labels)
{
    ck_assert_int_eq(open_idx(sizeof idx_images, sizeof idx_labels), OK);
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_int_eq(dataset->classes, 6);
    ck_assert_int_eq(dataset_label(dataset, 1), 1);
    ck_assert_int_eq(dataset->input[0].shape.rank, 3);
    ck_assert_int_eq(dataset->input[0].shape.dim[0], 1);
    ck_assert_int_eq(dataset->input[0].shape.dim[2], 3);
    ck_assert_int_eq(dataset_bytes(dataset, &dataset->input[0], 1)[5], 12);
}
END_TEST

START_TEST(an_idx_file_cut_short_anywhere_is_an_error)
{
    for (size_t i = 0; i < sizeof idx_images; i++)
        ck_assert_int_eq(open_idx(i, sizeof idx_labels), ERR_FORMAT);
    for (size_t i = 0; i < sizeof idx_labels; i++)
        ck_assert_int_eq(open_idx(sizeof idx_images, i), ERR_FORMAT);
}
END_TEST

START_TEST(an_empty_file_is_named)
{
    ck_assert_int_eq(open_idx(0, 0), ERR_FORMAT);
    ck_assert_str_eq(context.error + strlen(path[0]), ": the file is empty");
}
END_TEST

START_TEST(images_and_labels_must_be_as_many)
{
    const unsigned char three[] = {0, 0, 8, 1, 0, 0, 0, 3, 5, 1, 2};

    write_file(path[0], idx_images, sizeof idx_images);
    write_file(path[1], three, sizeof three);
    snprintf(spec, sizeof spec, "idx:%s,%s", path[0], path[1]);
    assert_fails(open_text(spec), ERR_FORMAT, "3 labels for 2 images");
    snprintf(spec, sizeof spec, "idx:%s,%s", path[1], path[0]);
    assert_fails(open_text(spec), ERR_FORMAT, "these are labels, not images");
}
END_TEST

START_TEST(an_idx_header_with_huge_sizes_is_refused)
{
    unsigned char huge[sizeof idx_images];

    memcpy(huge, idx_images, sizeof huge);
    memset(huge + 4, 0xff, 12);
    write_file(path[0], huge, sizeof huge);
    ck_assert_int_ne(open_file("idx:", ""), OK);
}
END_TEST

START_TEST(cifar_records_are_label_and_planes)
{
    unsigned char *record = calloc(2, 3073);

    record[3073] = 9;
    record[3073 + 1 + 1024] = 77; // the first green pixel
    write_file(path[0], record, 2 * 3073);
    ck_assert_int_eq(open_file("cifar:", ""), OK);
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_int_eq(dataset->classes, 10);
    ck_assert_int_eq(dataset_label(dataset, 1), 9);
    ck_assert_int_eq(dataset_bytes(dataset, &dataset->input[0], 1)[1024], 77);
    write_file(path[0], record, 2 * 3073 - 1);
    assert_fails(open_file("cifar:", ""), ERR_FORMAT, "6145 bytes are no multiple");
    record[0] = 10;
    write_file(path[0], record, 2 * 3073);
    assert_fails(open_file("cifar:", ""), ERR_FORMAT, "record 0 has label 10");
    free(record);
}
END_TEST

START_TEST(raw_records_take_their_label_from_either_end)
{
    const unsigned char bytes[] = {3, 0xff, 0xff, 4, 1, 0, 2, 0xfe, 0xff, 5, 9, 9};

    write_file(path[0], bytes, sizeof bytes);
    ck_assert_int_eq(open_file("raw:", ",shape=1x1x1,type=i16,label=first"), OK);
    ck_assert_int_eq(dataset->count, 4);
    ck_assert_int_eq(dataset_label(dataset, 1), 4);
    ck_assert_int_eq(open_file("raw:", ",shape=5,type=u8,label=last"), OK);
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_int_eq(dataset_label(dataset, 0), 0);
    ck_assert_int_eq(dataset_bytes(dataset, &dataset->input[0], 1)[0], 2);
    assert_fails(open_file("raw:", ",shape=5x1,type=u8"), ERR_FORMAT,
                 "12 bytes are no multiple of records of 5");
    assert_fails(open_file("raw:", ""), ERR_USAGE, "the shape of a sample is missing");
    assert_fails(open_file("raw:", ",shape=0"), ERR_USAGE, "no sample has a dimension of 0");
    ck_assert_int_ne(open_file("raw:", ",shape=4000000000x4000000000x4000000000"), OK);
}
END_TEST

START_TEST(nan_in_the_data_names_the_sample)
{
    const unsigned char bytes[] = {0, 0, 128, 63, 0, 0, 192, 127}; // 1.0f, NaN

    write_file(path[0], bytes, sizeof bytes);
    assert_fails(open_file("raw:", ",shape=1,type=f32"), ERR_NUMERIC, "sample 1 holds NaN");
    ck_assert_int_eq(open_file("raw:", ",shape=1,type=f32@:1"), OK);
}
END_TEST

START_TEST(tokens_are_followed_by_their_successors)
{
    const unsigned char bytes[] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7};
    struct batch_input target;
    int64_t next[2];

    write_file(path[0], bytes, sizeof bytes);
    ck_assert_int_eq(open_file("tokens:", ",type=u16,length=3"), OK);
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_int_eq(dataset->input[0].shape.dim[0], 2);
    ck_assert_int_eq(batch_bind_target(&context, dataset, &target), OK);
    batch_sample(&target, 1, next);
    ck_assert_int_eq(next[0], 5);
    ck_assert_int_eq(next[1], 6);
    ck_assert_ptr_nonnull(strstr(note, "the last 1 bytes fill no record"));
    assert_fails(open_file("tokens:", ",length=8"), ERR_FORMAT, "less than 8 tokens");
}
END_TEST

static enum status open_csv(const char *text, const char *options)
{
    write_file(path[0], text, strlen(text));
    return open_file("csv:", options);
}

static float csv_value(int64_t sample, int64_t feature)
{
    float value;

    memcpy(&value, dataset_bytes(dataset, &dataset->input[0], sample) + 4 * feature, 4);
    return value;
}

START_TEST(csv_words_become_classes_in_byte_order)
{
    ck_assert_int_eq(open_csv("b,1,2\na,3,4\r\n\nc,5.5,-6e1\nb,7,8", ",label=first"), OK);
    ck_assert_int_eq(dataset->count, 4);
    ck_assert_int_eq(dataset->classes, 3);
    ck_assert_int_eq(dataset_label(dataset, 0), 1);
    ck_assert_int_eq(dataset_label(dataset, 1), 0);
    ck_assert_str_eq(dataset->class_name[2], "c");
    ck_assert(csv_value(2, 0) == 5.5f && csv_value(2, 1) == -60 && csv_value(3, 1) == 8);
}
END_TEST

START_TEST(csv_numbers_are_classes_as_they_stand)
{
    ck_assert_int_eq(open_csv("1;2;0\n3;4;7\n", ""), OK);
    ck_assert_int_eq(dataset->classes, 8);
    ck_assert_int_eq(dataset_label(dataset, 1), 7);
    ck_assert_int_eq(open_csv("1\t2\t0\n3\t1\t7\n", ",label=1"), OK);
    ck_assert_int_eq(dataset->classes, 3);
    ck_assert_int_eq(open_csv("1,2\n3,4\n", ",label=none"), OK);
    ck_assert(!dataset->is_labelled && dataset->input[0].shape.dim[0] == 2);
}
END_TEST

START_TEST(csv_fractions_are_numbers_to_predict)
{
    ck_assert_int_eq(open_csv("1,0.5\n2,1.5\n", ""), OK);
    ck_assert(!dataset->is_labelled && dataset->target.dtype == DT_F32);
}
END_TEST

START_TEST(csv_targets_are_numbers_to_predict_whole_ones_too)
{
    ck_assert_int_eq(open_csv("1,5\n2,7\n", ",target=last"), OK);
    ck_assert(!dataset->is_labelled);
    ck_assert_int_eq(dataset->target.dtype, DT_F32);
    ck_assert_int_eq(open_csv("1,5,3\n2,7,4\n", ",target=1"), OK);
    ck_assert_int_eq(shape_count(&dataset->input[0].shape), 2);
    assert_fails(open_csv("1,5\n2,none\n", ",target=last"), ERR_FORMAT,
                 "line 2, column 1: 'none' is no number");
    assert_fails(open_csv("1,5\n2,7\n", ",target=2"), ERR_USAGE, "target=2: there are 2 columns");
}
END_TEST

START_TEST(csv_labels_hold_quotes_that_are_doubled)
{
    ck_assert_int_eq(open_csv("1,\"a \"\"b\"\"\"\n2,\"\"\"\"\n3,\"a \"\"b\"\"\"\n", ""), OK);
    ck_assert_int_eq(dataset->count, 3);
    ck_assert_int_eq(dataset->classes, 2);
    ck_assert_str_eq(dataset->class_name[0], "\"");
    ck_assert_str_eq(dataset->class_name[1], "a \"b\"");
}
END_TEST

START_TEST(csv_headers_are_left_out)
{
    ck_assert_int_eq(open_csv("\xEF\xBB\xBFwidth,\"he,ight\",kind\n1,2,0\n3,4,1\n", ""), OK);
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_int_eq(open_csv("2,2,no,yes\n1,2,0\n3,4,1\n", ""), OK); // as scikit-learn's files
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_ptr_nonnull(strstr(note, "line 1 is left out"));
}
END_TEST

static const struct {
    const char *text, *options, *message;
} wrong_csv[] = {
    {"", "", "the file is empty"},
    {"\n\n", "", "the table is empty"},
    {"1,2\n3,4\n5\n", "", "line 3 has 1 fields, those before have 2"},
    {"1,2\n?,4\n", "", "line 2, column 0: '?' is no number"},
    {"1,2\nnan,4\n", "", "'nan' is no number"},
    {"1,2\n,4\n", "", "column 0: '' is no number"},
    {"1,2\n1/2,4\n", "", "'1/2' is no number"},
    {"1,2\n\x01\xff,4\n", "", "'\\x01\\xff' is no number"},
    {"1\n2\n", "", "no column beside the label"},
    {"1,\"2\n3,4\n", "", "a quote is not closed"},
    {"1,2\n3,99999999\n", "", "sample 1 has label 99999999, which is no class"},
};

START_TEST(a_wrong_table_says_where)
{
    enum status status = open_csv(wrong_csv[_i].text, wrong_csv[_i].options);

    assert_fails(status, status == OK ? ERR_FORMAT : status, wrong_csv[_i].message);
    ck_assert_ptr_nonnull(strstr(context.error, path[0]));
}
END_TEST

START_TEST(csv_label_columns_that_are_not_there_are_refused)
{
    assert_fails(open_csv("1,2\n3,4\n", ",label=2"), ERR_USAGE, "there are 2 columns");
    assert_fails(open_csv("1,2\n3,4\n", ",label=x"), ERR_USAGE, "label= wants");
}
END_TEST

// What numpy 1.24's save writes: a header of 128 bytes, then the elements.
static void write_npy(const char *name, const char *about, const void *data, size_t count)
{
    unsigned char bytes[512];

    memset(bytes, ' ', 128);
    memcpy(bytes, "\x93NUMPY\x01\x00v\x00", 10);
    memcpy(bytes + 10, about, strlen(about));
    bytes[127] = '\n';
    memcpy(bytes + 128, data, count);
    write_file(name, bytes, 128 + count);
}

static const char about_images[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 3), }";
static const char about_labels[] = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }";

static enum status open_npy(const char *about, const void *labels, size_t label_bytes)
{
    const unsigned char images[] = {1, 2, 3, 4, 5, 6};

    write_npy(path[0], about_images, images, sizeof images);
    write_npy(path[1], about, labels, label_bytes);
    snprintf(spec, sizeof spec, "npy:%s,%s", path[0], path[1]);
    return open_text(spec);
}

START_TEST(npy_pairs_samples_with_labels)
{
    const int32_t labels[] = {4, 2};

    ck_assert_int_eq(open_npy(about_labels, labels, sizeof labels), OK);
    ck_assert_int_eq(dataset->count, 2);
    ck_assert_int_eq(dataset->classes, 5);
    ck_assert_int_eq(dataset_label(dataset, 1), 2);
    ck_assert_int_eq(dataset->input[0].shape.rank, 2);
    ck_assert_int_eq(dataset_bytes(dataset, &dataset->input[0], 1)[2], 6);
}
END_TEST

START_TEST(npy_floats_are_targets)
{
    const float targets[] = {0.5f, 1.5f};
    struct batch_input target;
    float got;

    ck_assert_int_eq(open_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", targets,
                              sizeof targets),
                     OK);
    ck_assert(!dataset->is_labelled);
    ck_assert_int_eq(batch_bind_target(&context, dataset, &target), OK);
    batch_sample(&target, 1, &got);
    ck_assert_float_eq(got, 1.5f);
}
END_TEST

START_TEST(npy_labels_must_be_as_many_and_no_less_than_0)
{
    const int32_t labels[] = {0, -1, 0};

    assert_fails(open_npy("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", labels,
                          sizeof labels),
                 ERR_FORMAT, "3 samples, but the others have 2");
    ck_assert_ptr_nonnull(strstr(context.error, path[1]));
    assert_fails(open_npy(about_labels, labels, 8), ERR_FORMAT, "sample 1 has label -1");
}
END_TEST

static void write_arrays(void)
{
    static const float image[2][3][1][2] = {{{{1, 2}}, {{0, 0}}, {{0, 0}}}, {{{3, 4}}}};
    static const float state[2][2] = {{5, 6}, {7, 8}};
    static const int64_t label[2] = {1, 0};
    struct npz_entry entry[3] = {{.name = "state"}, {.name = "image"}, {.name = "y"}};
    const void *const bytes[] = {state, image, label};
    const struct shape shape[] = {SHAPE(2, 2), SHAPE(2, 3, 1, 2), SHAPE(2)};

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(
            tensor_alloc(&context, &entry[i].tensor, i == 2 ? DT_I64 : DT_F32, &shape[i]), OK);
        memcpy(tensor_write(&entry[i].tensor), bytes[i], tensor_bytes(&entry[i].tensor));
    }
    ck_assert_int_eq(npz_write(&context, path[0], NULL, entry, 3), OK);
    for (int i = 0; i < 3; i++)
        tensor_release(&entry[i].tensor);
}

START_TEST(npz_keys_are_names_of_inputs)
{
    write_arrays();
    ck_assert_int_eq(open_file("npz:", ",target=y"), OK);
    ck_assert_int_eq(dataset->input_count, 2);
    ck_assert_int_eq(dataset_label(dataset, 0), 1);
    ck_assert_int_eq(dataset_find_input(dataset, "image")->shape.rank, 3);
    ck_assert_ptr_null(dataset_find_input(dataset, "y"));
    assert_fails(open_file("npz:", ",target=z"), ERR_USAGE,
                 "no key 'z', there are 'state', 'image', 'y'");
}
END_TEST

START_TEST(of_several_inputs_the_images_are_scaled)
{
    const struct preprocess preprocess = {.scale = 2};
    const struct shape shape[] = {SHAPE(-1, 3, 1, 2), SHAPE(1), SHAPE(-1, 2)};
    const char *const name[] = {"image", "rate", "state"};
    const bool is_given[] = {false, true, false};
    struct graph *graph = graph_new();
    struct batch_input input[3];
    struct value_id id[3];
    float got[6];

    write_arrays();
    ck_assert_int_eq(open_file("npz:", ",target=y"), OK);
    for (int i = 0; i < 3; i++) {
        struct tensor tensor = {.dtype = DT_F32, .shape = shape[i]};
        ck_assert_int_eq(graph_add_value(&context, graph, name[i], VALUE_INPUT, tensor, &id[i]),
                         OK);
    }
    graph_set_inputs(graph, id, 3);
    ck_assert_int_eq(
        batch_bind_graph(&context, dataset, graph, is_given, &preprocess, arena, input), OK);
    ck_assert_ptr_null(input[1].data);
    batch_sample(&input[0], 1, got);
    ck_assert_float_eq(got[1], 8);
    batch_sample(&input[2], 1, got);
    ck_assert_float_eq(got[1], 8);
    assert_fails(batch_bind_graph(&context, dataset, graph, NULL, &preprocess, arena, input),
                 ERR_SHAPE, "has no input 'rate'");
    graph_free(graph);
}
END_TEST

// ---- filling models' inputs --------------------------------------------------------------------

static struct tensor takes(enum dtype dtype, struct shape shape)
{
    return (struct tensor){.dtype = dtype, .shape = shape};
}

static const double means[] = {0.5, 1, 2}, stds[] = {0.5, 1, 4};

// Two samples of 3x1x2: 0..5 and 6..11.
static void open_planes(const char *options)
{
    unsigned char bytes[12];

    for (int i = 0; i < 12; i++)
        bytes[i] = (unsigned char)i;
    write_file(path[0], bytes, sizeof bytes);
    ck_assert_int_eq(open_file("raw:", options), OK);
}

START_TEST(pixels_are_scaled_by_channel)
{
    const struct preprocess preprocess = {.scale = 0.5, .mean = {3, means}, .std = {3, stds}};
    const float wanted[] = {2.5f / 0.5f * 1.0f, 3 / 0.5f,        4 / 1.0f - 1,
                            4.5f - 1,           5 / 4.0f - 0.5f, 5.5f / 4 - 0.5f};
    struct tensor model = takes(DT_F32, SHAPE(-1, 3, 1, 2));
    const int64_t second = 1;
    struct batch_input input;
    float got[6];

    open_planes(",shape=3x1x2");
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &model, &preprocess, arena, &input), OK);
    batch_plain(&input, &second, 1, got);
    ck_assert_float_eq(got[0], 5); // (6 * 0.5 - 0.5) / 0.5
    ck_assert_float_eq(got[1], 6);
    for (int i = 2; i < 6; i++)
        ck_assert_float_eq(got[i], wanted[i]);
}
END_TEST

START_TEST(channels_first_and_last_are_turned_as_the_model_wants)
{
    struct preprocess preprocess = {.scale = 1, .mean = {3, means}, .layout = LAYOUT_NHWC};
    struct tensor nhwc = takes(DT_F32, SHAPE(1, 1, 2, 3)), nchw = takes(DT_F32, SHAPE(1, 3, 1, 2));
    const float turned[] = {-0.5f, 1, 2, 0.5f, 2, 3};
    const float planes[] = {-0.5f, 2.5f, 0, 3, 0, 3};
    struct batch_input input;
    float got[6];

    open_planes(",shape=3x1x2"); // a model of nhwc, pixels stored as planes
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &nhwc, &preprocess, arena, &input), OK);
    batch_sample(&input, 0, got);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(got[i], turned[i]);
    open_planes(",shape=1x2x3"); // pixels stored one behind the other, a model of planes
    preprocess.layout = LAYOUT_NCHW;
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &nchw, &preprocess, arena, &input), OK);
    batch_sample(&input, 0, got);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(got[i], planes[i]);
}
END_TEST

START_TEST(a_turn_that_nobody_asked_for_is_an_error_with_a_hint)
{
    struct tensor nhwc = takes(DT_F32, SHAPE(1, 1, 2, 3));
    struct batch_input input;

    open_planes(",shape=3x1x2");
    assert_fails(batch_bind(&context, dataset, "x", &nhwc, NULL, arena, &input), ERR_SHAPE,
                 "samples are 3x1x2, input 'x' takes 1x2x3: say --layout");
}
END_TEST

START_TEST(images_of_known_layout_fit_a_model_of_the_other)
{
    struct tensor nhwc = takes(DT_F32, SHAPE(-1, 4, 4, 3));
    struct batch_input input;

    ck_assert_int_eq(open_text("synthetic:shape=3x4x4"), OK);
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &nhwc, NULL, arena, &input), OK);
    ck_assert(input.to_nhwc && !input.from_nhwc);
}
END_TEST

START_TEST(samples_fit_flat_inputs_and_open_ones)
{
    struct tensor flat = takes(DT_F32, SHAPE(-1, 64)), open = takes(DT_F32, SHAPE(-1, 1, -1, -1));
    struct tensor small = takes(DT_F32, SHAPE(-1, 63));
    struct batch_input input;

    ck_assert_int_eq(open_text("synthetic:"), OK);
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &flat, NULL, arena, &input), OK);
    ck_assert_int_eq(input.shape.rank, 1);
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &open, NULL, arena, &input), OK);
    ck_assert_int_eq(input.shape.dim[2], 8);
    assert_fails(batch_bind(&context, dataset, "x", &small, NULL, arena, &input), ERR_SHAPE,
                 "samples are 1x8x8, input 'x' takes 63");
}
END_TEST

START_TEST(means_must_be_one_a_channel)
{
    const struct preprocess preprocess = {.scale = 1, .mean = {3, means}};
    struct tensor model = takes(DT_F32, SHAPE(-1, 1, 8, 8));
    struct batch_input input;

    ck_assert_int_eq(open_text("synthetic:"), OK);
    assert_fails(batch_bind(&context, dataset, "x", &model, &preprocess, arena, &input), ERR_USAGE,
                 "3 means for 1 channel");
}
END_TEST

START_TEST(integer_models_get_integers_if_they_fit)
{
    const unsigned char bytes[] = {200, 0, 44, 1}; // 200, 300
    struct tensor ids = takes(DT_I64, SHAPE(1, 1)), small = takes(DT_U8, SHAPE(1, 1));
    struct batch_input input;
    int64_t id;

    write_file(path[0], bytes, sizeof bytes);
    ck_assert_int_eq(open_file("raw:", ",shape=1,type=u16"), OK);
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &ids, NULL, arena, &input), OK);
    batch_sample(&input, 1, &id);
    ck_assert_int_eq(id, 300);
    assert_fails(batch_bind(&context, dataset, "x", &small, NULL, arena, &input), ERR_NUMERIC,
                 "sample 1 holds 300");
}
END_TEST

START_TEST(groups_of_16_hold_the_same_numbers_as_plain_samples)
{
    const char *const specs[] = {"synthetic:shape=3x4x5,samples=20", // by the kernel for pixels
                                 "synthetic:shape=3x4x5,samples=20,type=f32"};
    const struct preprocess preprocess = {.scale = 1 / 255.0, .mean = {3, means}, .std = {3, stds}};
    struct tensor model = takes(DT_F32, SHAPE(-1, 3, 4, 5));
    const int64_t sample[] = {19, 3, 3, 0, 7};
    static float group[60 * 16] __attribute__((aligned(64)));
    static float scratch[60 * 16] __attribute__((aligned(64)));
    struct batch_input input;
    float plain[5 * 60];

    ck_assert_int_eq(open_text(specs[_i]), OK);
    ck_assert_int_eq(batch_bind(&context, dataset, "x", &model, &preprocess, arena, &input), OK);
    ck_assert_uint_le(batch_n16_scratch_bytes(&input), sizeof scratch);
    batch_plain(&input, sample, 5, plain);
    batch_n16(&input, kernels_select(ISA_GENERIC), sample, 5, group, scratch);
    for (int lane = 0; lane < 16; lane++)
        for (int k = 0; k < 60; k++) // two roundings or one (fused): an ulp of the product apart
            ck_assert_float_eq_tol(group[k * 16 + lane], lane < 5 ? plain[lane * 60 + k] : 0,
                                   1e-6f);
}
END_TEST

START_TEST(elements_of_every_type_become_floats)
{
    const struct {
        enum dtype dtype;
        unsigned char bytes[8];
        float wanted;
    } rows[] = {
        {DT_F32, {0, 0, 0xc0, 0xbf}, -1.5f},
        {DT_F64, {0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5f},
        {DT_F16, {0x00, 0xbe}, -1.5f},
        {DT_BF16, {0xc0, 0xbf}, -1.5f},
        {DT_I8, {0xff}, -1},
        {DT_U8, {0xff}, 255},
        {DT_I16, {0xfe, 0xff}, -2},
        {DT_U16, {0xfe, 0xff}, 65534},
        {DT_I32, {0xfd, 0xff, 0xff, 0xff}, -3},
        {DT_U32, {0, 0, 0, 0x80}, 2147483648.0f},
        {DT_I64, {0xfc, 255, 255, 255, 255, 255, 255, 255}, -4},
        {DT_U64, {5}, 5},
        {DT_BOOL, {1}, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float got = 0;
        elements_to_f32(rows[i].dtype, rows[i].bytes, 1, &got);
        ck_assert_float_eq(got, rows[i].wanted);
    }
}
END_TEST

Suite *data_suite(void);
Suite *data_suite(void)
{
    Suite *suite = suite_create("data");
    TCase *tests = tcase_create("data");

#define COUNT(rows) (int)(sizeof(rows) / sizeof *(rows))
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_slice_takes_the_samples_between_its_bounds);
    tcase_add_test(tests, a_slice_without_brackets_is_the_same);
    tcase_add_test(tests, a_slice_may_leave_out_either_bound);
    tcase_add_loop_test(tests, a_wrong_spelling_says_what_is_wrong, 0, COUNT(wrong_spelling));
    tcase_add_test(tests, a_file_that_is_not_there_is_named);
    tcase_add_test(tests, a_missing_fashion_mnist_says_how_to_get_it);
    tcase_add_test(tests, a_draw_keeps_the_shares_of_the_classes);
    tcase_add_test(tests, a_draw_depends_on_the_seed_alone);
    tcase_add_test(tests, a_draw_of_more_than_there_is_is_an_error);
    tcase_add_test(tests, labels_beyond_the_model_are_named);
    tcase_add_test(tests, the_hash_is_of_samples_and_labels);
    tcase_add_test(tests, idx_gives_images_with_one_channel_and_labels);
    tcase_add_test(tests, an_idx_file_cut_short_anywhere_is_an_error);
    tcase_add_test(tests, an_empty_file_is_named);
    tcase_add_test(tests, images_and_labels_must_be_as_many);
    tcase_add_test(tests, an_idx_header_with_huge_sizes_is_refused);
    tcase_add_test(tests, cifar_records_are_label_and_planes);
    tcase_add_test(tests, raw_records_take_their_label_from_either_end);
    tcase_add_test(tests, nan_in_the_data_names_the_sample);
    tcase_add_test(tests, tokens_are_followed_by_their_successors);
    tcase_add_test(tests, csv_words_become_classes_in_byte_order);
    tcase_add_test(tests, csv_numbers_are_classes_as_they_stand);
    tcase_add_test(tests, csv_fractions_are_numbers_to_predict);
    tcase_add_test(tests, csv_targets_are_numbers_to_predict_whole_ones_too);
    tcase_add_test(tests, csv_labels_hold_quotes_that_are_doubled);
    tcase_add_test(tests, csv_headers_are_left_out);
    tcase_add_loop_test(tests, a_wrong_table_says_where, 0, COUNT(wrong_csv));
    tcase_add_test(tests, csv_label_columns_that_are_not_there_are_refused);
    tcase_add_test(tests, npy_pairs_samples_with_labels);
    tcase_add_test(tests, npy_floats_are_targets);
    tcase_add_test(tests, npy_labels_must_be_as_many_and_no_less_than_0);
    tcase_add_test(tests, npz_keys_are_names_of_inputs);
    tcase_add_test(tests, of_several_inputs_the_images_are_scaled);
    tcase_add_test(tests, pixels_are_scaled_by_channel);
    tcase_add_test(tests, channels_first_and_last_are_turned_as_the_model_wants);
    tcase_add_test(tests, a_turn_that_nobody_asked_for_is_an_error_with_a_hint);
    tcase_add_test(tests, images_of_known_layout_fit_a_model_of_the_other);
    tcase_add_test(tests, samples_fit_flat_inputs_and_open_ones);
    tcase_add_test(tests, means_must_be_one_a_channel);
    tcase_add_test(tests, integer_models_get_integers_if_they_fit);
    tcase_add_loop_test(tests, groups_of_16_hold_the_same_numbers_as_plain_samples, 0, 2);
    tcase_add_test(tests, elements_of_every_type_become_floats);
    suite_add_tcase(suite, tests);
    return suite;
}
