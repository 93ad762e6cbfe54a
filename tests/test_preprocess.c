// Whose word counts on how a model reads pixels: the line, its record, the other model's record.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/preprocess.h"

static struct context context;
static struct arena *arena;
static struct graph *model, *other;
static struct dataset *pixels, *floats;
static struct preprocess_options line;
static struct preprocess_request request;
static struct preprocess got;
static char said[1024];
static int warnings;

static void keep(void *self, enum level level, const char *text)
{
    (void)self;
    warnings += level == LEVEL_WARNING;
    snprintf(said, sizeof said, "%s", text);
}

static struct graph *graph_with_input(struct shape shape)
{
    struct tensor tensor = {.dtype = DT_F32, .shape = shape};
    struct graph *graph = graph_new();
    struct value_id id;

    ck_assert_int_eq(graph_add_value(&context, graph, "x", VALUE_INPUT, tensor, &id), OK);
    graph_set_inputs(graph, &id, 1);
    return graph;
}

static void begin(void)
{
    context_init(&context);
    context.sink.message = keep;
    said[0] = '\0';
    warnings = 0;
    arena = arena_new();
    model = graph_with_input(SHAPE(-1, 1, 8, 8));
    other = graph_with_input(SHAPE(1, 1, 8, 8));
    ck_assert_int_eq(dataset_open(&context, "synthetic:", NULL, &pixels), OK);
    ck_assert_int_eq(dataset_open(&context, "synthetic:type=f32", NULL, &floats), OK);
    memset(&line, 0, sizeof line);
    fields_preset(preprocess_fields, &line, arena);
    request = (struct preprocess_request){.line = &line, .model = model, .data = pixels};
}

static void end(void)
{
    dataset_free(pixels);
    dataset_free(floats);
    graph_free(model);
    graph_free(other);
    arena_free(arena);
}

static void give(const char *option, const char *text)
{
    const struct field *field = field_find(preprocess_fields, option);

    ck_assert_ptr_nonnull(field);
    ck_assert_int_eq(field_parse(&context, field, text, &line, arena), OK);
}

static enum status resolve(void)
{
    return preprocess_resolve(&context, &request, arena, &got);
}

static void assert_fails(enum status status, enum status wanted, const char *text)
{
    ck_assert_int_eq(status, wanted);
    ck_assert_msg(strstr(context.error, text), "'%s' does not hold '%s'", context.error, text);
}

static const char teacher[] = "{\"scale\": 0.00392156862745098, \"mean\": [0.286], "
                              "\"std\": [0.353], \"layout\": \"nchw\", \"channels\": \"gray\"}";

START_TEST(integers_with_nothing_said_are_refused)
{
    assert_fails(resolve(), ERR_USAGE, "give --preprocess none|unit|imagenet|FILE.json");
}
END_TEST

START_TEST(floats_with_nothing_said_are_taken_as_they_are)
{
    request.data = floats;
    ck_assert_int_eq(resolve(), OK);
    ck_assert(preprocess_is_identity(&got));
    ck_assert_str_eq(preprocess_from_name(got.from), "none");
}
END_TEST

START_TEST(none_on_the_line_takes_integers_as_they_are)
{
    give("preprocess", "none");
    ck_assert_int_eq(resolve(), OK);
    ck_assert(preprocess_is_identity(&got));
    ck_assert_str_eq(preprocess_from_name(got.from), "line");
}
END_TEST

START_TEST(the_model_s_record_counts)
{
    graph_set_metadata(model, PREPROCESS_KEY, teacher);
    ck_assert_int_eq(resolve(), OK);
    ck_assert_double_eq(got.scale, 1 / 255.0);
    ck_assert_double_eq(preprocess_mean(&got, 0), .286);
    ck_assert_double_eq(preprocess_std(&got, 0), .353);
    ck_assert_int_eq(got.layout, LAYOUT_NCHW);
    ck_assert_str_eq(preprocess_from_name(got.from), "model");
    ck_assert_int_eq(warnings, 0);
}
END_TEST

START_TEST(the_line_wins_over_the_record_with_a_warning)
{
    graph_set_metadata(model, PREPROCESS_KEY, teacher);
    give("preprocess", "unit");
    ck_assert_int_eq(resolve(), OK);
    ck_assert_double_eq(preprocess_std(&got, 0), 1);
    ck_assert_str_eq(preprocess_from_name(got.from), "line");
    ck_assert_int_eq(warnings, 1);
    ck_assert_ptr_nonnull(strstr(said, "contradicts the model's record and wins"));
}
END_TEST

START_TEST(a_line_that_says_the_same_as_the_record_is_no_contradiction)
{
    graph_set_metadata(model, PREPROCESS_KEY, teacher);
    give("scale", "1/255");
    give("mean", ".286");
    give("std", ".353");
    ck_assert_int_eq(resolve(), OK);
    ck_assert_int_eq(warnings, 0);
}
END_TEST

START_TEST(a_layout_on_the_line_leaves_the_record_s_values)
{
    graph_set_metadata(model, PREPROCESS_KEY, teacher);
    give("layout", "nhwc");
    ck_assert_int_eq(resolve(), OK);
    ck_assert_double_eq(preprocess_mean(&got, 0), .286);
    ck_assert_int_eq(got.layout, LAYOUT_NHWC);
    ck_assert_str_eq(preprocess_from_name(got.from), "model");
    ck_assert_int_eq(warnings, 1);
}
END_TEST

START_TEST(the_other_model_s_record_serves_where_the_inputs_agree)
{
    graph_set_metadata(other, PREPROCESS_KEY, teacher);
    request.other = other;
    ck_assert_int_eq(resolve(), OK);
    ck_assert_str_eq(preprocess_from_name(got.from), "other");
    ck_assert_ptr_nonnull(strstr(said, "the other model's is used"));
}
END_TEST

START_TEST(the_other_model_s_record_does_not_serve_where_the_inputs_differ)
{
    struct graph *larger = graph_with_input(SHAPE(-1, 1, 9, 9));

    graph_set_metadata(larger, PREPROCESS_KEY, teacher);
    request.other = larger;
    assert_fails(resolve(), ERR_USAGE, "nothing says how the model reads them");
    graph_free(larger);
}
END_TEST

START_TEST(small_means_without_a_scale_are_suspected)
{
    give("mean", ".485,.456,.406");
    give("std", ".229,.224,.225");
    assert_fails(resolve(), ERR_USAGE, "did you mean --scale 1/255?");
    graph_set_metadata(model, PREPROCESS_KEY, "{\"scale\":1,\"mean\":[0.3],\"std\":[0.3]}");
    fields_preset(preprocess_fields, &line, arena);
    request.line = NULL;
    assert_fails(resolve(), ERR_USAGE, "did you mean --scale 1/255?");
}
END_TEST

START_TEST(small_means_of_floats_are_not_suspected)
{
    give("mean", ".485");
    request.data = floats;
    ck_assert_int_eq(resolve(), OK);
}
END_TEST

START_TEST(means_of_pixels_are_not_suspected)
{
    give("mean", "72.9");
    give("std", "90");
    ck_assert_int_eq(resolve(), OK);
}
END_TEST

START_TEST(what_none_writes_is_accepted_again)
{
    give("preprocess", "none");
    ck_assert_int_eq(resolve(), OK);
    preprocess_store(&got, model);
    request.line = NULL;
    ck_assert_int_eq(resolve(), OK);
    ck_assert_str_eq(preprocess_from_name(got.from), "model");
}
END_TEST

START_TEST(a_word_and_numbers_exclude_each_other)
{
    give("preprocess", "unit");
    give("mean", "0.5");
    assert_fails(resolve(), ERR_USAGE, "give one or the other");
}
END_TEST

START_TEST(a_record_in_a_file_is_read)
{
    char path[] = "/tmp/ecai-record-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    fputs(teacher, file);
    fclose(file);
    give("preprocess", path);
    ck_assert_int_eq(resolve(), OK);
    ck_assert_double_eq(preprocess_mean(&got, 0), .286);
    ck_assert_str_eq(preprocess_from_name(got.from), "line");
    remove(path);
    assert_fails(resolve(), ERR_IO, path);
}
END_TEST

START_TEST(storing_and_reading_a_record_is_the_identity)
{
    const char record[] = "{\"scale\":0.5,\"mean\":[1,2.5,3],\"std\":[4,5,6],\"layout\":\"nhwc\","
                          "\"channels\":\"bgr\",\"resize\":256,\"crop\":[224,224],"
                          "\"classes\":[\"a\",\"b\"]}";

    graph_set_metadata(model, PREPROCESS_KEY, record);
    ck_assert_int_eq(resolve(), OK);
    preprocess_store(&got, other);
    ck_assert_str_eq(graph_metadata(other, PREPROCESS_KEY), record);
}
END_TEST

static const struct {
    const char *record, *message;
} damaged[] = {
    {"", "metadata 'ecai.preprocess'"},
    {"[1]", "no JSON object"},
    {"{\"scale\":\"x\"}", "'scale' is no number but 0"},
    {"{\"scale\":0}", "'scale' is no number but 0"},
    {"{\"mean\":[1,\"x\"]}", "'mean' is no list of numbers"},
    {"{\"std\":[0]}", "'std' holds 0, it divides"},
    {"{\"layout\":\"hwc\"}", "'layout' is neither"},
};

START_TEST(a_damaged_record_says_which_key)
{
    graph_set_metadata(model, PREPROCESS_KEY, damaged[_i].record);
    request.model_name = "m.onnx";
    assert_fails(resolve(), ERR_FORMAT, damaged[_i].message);
    ck_assert_ptr_nonnull(strstr(context.error, "m.onnx: "));
}
END_TEST

START_TEST(a_report_has_every_key)
{
    struct text text;
    struct json *json;

    give("preprocess", "unit");
    ck_assert_int_eq(resolve(), OK);
    json = preprocess_json(&got, true);
    text_init(&text);
    json_print(json, false, &text);
    ck_assert_str_eq(text.at, "{\"scale\":0.00392156862745098,\"mean\":[0],\"std\":[1],"
                              "\"layout\":null,\"channels\":null,\"resize\":null,\"crop\":null,"
                              "\"classes\":null,\"from\":\"line\"}");
    text_clear(&text);
    json_free(json);
}
END_TEST

Suite *preprocess_suite(void);
Suite *preprocess_suite(void)
{
    Suite *suite = suite_create("preprocess");
    TCase *tests = tcase_create("preprocess");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, integers_with_nothing_said_are_refused);
    tcase_add_test(tests, floats_with_nothing_said_are_taken_as_they_are);
    tcase_add_test(tests, none_on_the_line_takes_integers_as_they_are);
    tcase_add_test(tests, the_model_s_record_counts);
    tcase_add_test(tests, the_line_wins_over_the_record_with_a_warning);
    tcase_add_test(tests, a_line_that_says_the_same_as_the_record_is_no_contradiction);
    tcase_add_test(tests, a_layout_on_the_line_leaves_the_record_s_values);
    tcase_add_test(tests, the_other_model_s_record_serves_where_the_inputs_agree);
    tcase_add_test(tests, the_other_model_s_record_does_not_serve_where_the_inputs_differ);
    tcase_add_test(tests, small_means_without_a_scale_are_suspected);
    tcase_add_test(tests, small_means_of_floats_are_not_suspected);
    tcase_add_test(tests, means_of_pixels_are_not_suspected);
    tcase_add_test(tests, what_none_writes_is_accepted_again);
    tcase_add_test(tests, a_word_and_numbers_exclude_each_other);
    tcase_add_test(tests, a_record_in_a_file_is_read);
    tcase_add_test(tests, storing_and_reading_a_record_is_the_identity);
    tcase_add_loop_test(tests, a_damaged_record_says_which_key, 0,
                        (int)(sizeof damaged / sizeof *damaged));
    tcase_add_test(tests, a_report_has_every_key);
    suite_add_tcase(suite, tests);
    return suite;
}
