// Two reports compared: intervals of differences against statsmodels 0.15.0
// (confint_proportions_2indep, method "newcomb", and mcnemar), what is told of them, and the XML.
#include <check.h>
#include <math.h>
#include <string.h>

#include "cli/ci.h"
#include "cli/diff.h"
#include "eval/metrics.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new();
}

static void tear_down(void)
{
    arena_free(arena);
}

// The first two are examples of Newcombe 1998, table II: 0.0524 .. 0.3339 and 0.1705 .. 0.8090.
static const struct {
    int64_t right, of, baseline_right, baseline_of;
    double low, high;
} unpaired[] = {
    {56, 70, 48, 80, 0.052431472402365, 0.333872654036906},
    {9, 10, 3, 10, 0.170522723934503, 0.809017973535488},
    {6, 7, 2, 7, 0.0582279274823121, 0.806249637524228},
    {5, 56, 0, 29, -0.0381371479035369, 0.192560013855112},
    {0, 10, 0, 20, -0.161125158052819, 0.277532799862889},
    {10, 10, 0, 20, 0.679086037141915, 1},
    {9479, 10000, 8946, 10000, 0.0458870638173753, 0.0607566462710423},
};

START_TEST(unpaired_intervals_are_those_of_statsmodels)
{
    double is = (double)unpaired[_i].right / (double)unpaired[_i].of;
    double was = (double)unpaired[_i].baseline_right / (double)unpaired[_i].baseline_of;
    struct interval got = unpaired_interval(
        was, wilson_interval(unpaired[_i].baseline_right, unpaired[_i].baseline_of), is,
        wilson_interval(unpaired[_i].right, unpaired[_i].of));

    ck_assert_double_eq_tol(got.low, unpaired[_i].low, 1e-13); // fifteen printed digits
    ck_assert_double_eq_tol(got.high, unpaired[_i].high, 1e-13);
}
END_TEST

START_TEST(symmetric_intervals_add_as_squares)
{
    struct interval got =
        unpaired_interval(2, (struct interval){1.7, 2.3}, 5, (struct interval){4.6, 5.4});

    ck_assert_double_eq_tol(got.low, 3 - 0.5, 1e-15);
    ck_assert_double_eq_tol(got.high, 3 + 0.5, 1e-15);
}
END_TEST

START_TEST(an_unknown_interval_stays_unknown)
{
    struct interval got =
        unpaired_interval(2, (struct interval){NAN, NAN}, 5, (struct interval){4.6, 5.4});

    ck_assert(isnan(got.low) && isnan(got.high));
}
END_TEST

START_TEST(pairing_tells_smaller_differences_when_answers_are_alike)
{
    // 10000 samples, 15 lost, 25 gained: 94.00 % and 94.10 %.
    struct interval paired = paired_interval(15, 25, 10000);
    struct interval apart =
        unpaired_interval(0.94, wilson_interval(9400, 10000), 0.941, wilson_interval(9410, 10000));

    ck_assert(paired.low > apart.low && paired.high < apart.high);
    ck_assert(is_non_inferior(15, 25, 10000, 0.001));
    ck_assert(!unpaired_is_non_inferior(0.001, apart, 0.001));
    ck_assert(unpaired_is_non_inferior(0.001, apart, 0.01));
}
END_TEST

START_TEST(non_inferiority_is_one_sided_at_95_percent)
{
    // d = -0.01, 1.96 SE = 0.0196: the loss is at most 0.01 + 1.645 * 0.01.
    struct interval ci95 = {-0.01 - 0.0196, -0.01 + 0.0196};

    ck_assert(!unpaired_is_non_inferior(-0.01, ci95, 0.02644));
    ck_assert(unpaired_is_non_inferior(-0.01, ci95, 0.02646));
}
END_TEST

static const struct {
    double energy_ratio, bytes_change;
    const char *accuracy, *line;
} headlines[] = {
    {1 / 0.88, -0.31, "{\"metric\":\"top1\"}",
     "energy -12 %, top-1 +0.10 [-0.20, +0.40], bytes -31 %"},
    {2000, 0, "{\"metric\":\"mse\"}", "energy -99.95 %, mse +0.001 [-0.002, +0.004], bytes 0 %"},
    {1e6, -1, "null", "energy -99.9999 %, accuracy +0.001 [-0.002, +0.004], bytes -100 %"},
    {1 / 13.5, 0.0004, "{\"metric\":\"top5\"}",
     "energy +1250 %, top-5 +0.10 [-0.20, +0.40], bytes +0.04 %"},
    {NAN, NAN, "{\"metric\":\"top1\"}",
     "energy unknown, top-1 +0.10 [-0.20, +0.40], bytes unknown"},
};

START_TEST(one_line_says_what_changed)
{
    static const char difference[] = "{\"difference\":0.001,\"difference_ci95\":[-0.002,0.004]}";
    struct json *document = json_object(), *row, *part;
    struct context context;

    context_init(&context);
    ck_assert_int_eq(
        json_parse(&context, headlines[_i].accuracy, strlen(headlines[_i].accuracy), &part), OK);
    json_add(document, "accuracy", part);
    ck_assert_int_eq(json_parse(&context, difference, strlen(difference), &part), OK);
    json_add(document, "baseline", part);
    json_add_number(json_add_object(document, "ratio"), "energy", headlines[_i].energy_ratio);
    row = json_add_object(json_add_array(document, "changes"), NULL);
    json_add_text(row, "name", "bytes");
    json_add_number(row, "change", headlines[_i].bytes_change);
    ck_assert_str_eq(diff_headline(arena, document), headlines[_i].line);
    json_free(document);
}
END_TEST

// The file of a run with one requirement of that text, judged or not.
static void xml_of(const char *expression, const struct gate_result *result, const char *failure,
                   struct text *out)
{
    static const struct ci_options options = {"j.xml", NULL};
    struct requirement requirement = {.expression = expression};
    struct gate_result copy =
        result ? *result : (struct gate_result){.verdict = VERDICT_UNKNOWN, .value = NAN};
    struct gate gate = {.count = 1, .requirement = &requirement, .result = result ? &copy : NULL};

    text_init(out);
    junit_xml(&(struct ci){.options = &options, .subject = "a.onnx"}, "eval", &gate, failure,
              "first\nsecond & last\n", out);
}

START_TEST(xml_holds_no_byte_that_xml_forbids)
{
    struct text xml;

    // Control characters, half a surrogate pair, U+FFFE and U+FFFF, a byte that is no UTF-8.
    xml_of("a<b>&\"'\x01\x1b\r\n\t\xed\xa0\x80\xef\xbf\xbe\xef\xbf\xbf\xff\xc3\xa9",
           &(struct gate_result){.verdict = VERDICT_MISSED, .value = 0.5}, NULL, &xml);
    ck_assert_ptr_nonnull(
        strstr(xml.at, "name=\"a&lt;b&gt;&amp;&quot;'\\x01\\x1b\\x0d\\x0a\\x09\\xed\\xa0\\x80"
                       "??\\xff\xc3\xa9\""));
    for (const char *c = xml.at; *c; c++)
        ck_assert((unsigned char)*c >= 0x20 || *c == '\n');
    text_clear(&xml);
}
END_TEST

static const struct {
    enum verdict verdict;
    const char *counts, *element;
} xml_verdicts[] = {
    {VERDICT_HOLDS, "tests=\"1\" failures=\"0\" errors=\"0\"", "<system-out>"},
    {VERDICT_MISSED, "tests=\"1\" failures=\"1\" errors=\"0\"", "<failure "},
    {VERDICT_UNKNOWN, "tests=\"1\" failures=\"0\" errors=\"1\"", "<error "},
};

START_TEST(a_verdict_is_a_test_case)
{
    struct text xml;

    xml_of("x > 1", &(struct gate_result){.verdict = xml_verdicts[_i].verdict, .value = 2}, NULL,
           &xml);
    ck_assert_ptr_nonnull(strstr(xml.at, xml_verdicts[_i].counts));
    ck_assert_ptr_nonnull(strstr(xml.at, xml_verdicts[_i].element));
    ck_assert_ptr_nonnull(strstr(xml.at, "<system-err>first\nsecond &amp; last\n</system-err>"));
    text_clear(&xml);
}
END_TEST

START_TEST(a_verdict_that_is_not_certain_says_why)
{
    struct text xml;
    const struct gate_result result = {.verdict = xml_verdicts[_i].verdict,
                                       .value = 2,
                                       .certainty = UNCERTAIN,
                                       .doubt = "the error reaches from 1 to 3"};

    xml_of("x > 1", &result, NULL, &xml);
    ck_assert_ptr_nonnull(
        strstr(xml.at, "x &gt; 1: the report has 2; not certain: the error reaches from 1 to 3<"));
    text_clear(&xml);
}
END_TEST

START_TEST(a_run_that_fails_is_an_error_never_a_failure)
{
    struct text xml;

    xml_of("x > 1", NULL, "missing data: none", &xml);
    ck_assert_ptr_nonnull(strstr(xml.at, "tests=\"1\" failures=\"0\" errors=\"1\""));
    ck_assert_ptr_nonnull(strstr(xml.at, "message=\"missing data: none\""));
    text_clear(&xml);
    // Judged, then failed (a full disk, say): the verdict stays, the run is one case more.
    xml_of("x > 1", &(struct gate_result){.verdict = VERDICT_HOLDS, .value = 2},
           "r.json: no space left", &xml);
    ck_assert_ptr_nonnull(strstr(xml.at, "tests=\"2\" failures=\"0\" errors=\"1\""));
    ck_assert_ptr_nonnull(strstr(xml.at, "name=\"run\""));
    text_clear(&xml);
}
END_TEST

Suite *diff_suite(void);
Suite *diff_suite(void)
{
    Suite *suite = suite_create("diff");
    TCase *statistics = tcase_create("statistics"), *told = tcase_create("told");

    tcase_add_loop_test(statistics, unpaired_intervals_are_those_of_statsmodels, 0,
                        sizeof unpaired / sizeof *unpaired);
    tcase_add_test(statistics, symmetric_intervals_add_as_squares);
    tcase_add_test(statistics, an_unknown_interval_stays_unknown);
    tcase_add_test(statistics, pairing_tells_smaller_differences_when_answers_are_alike);
    tcase_add_test(statistics, non_inferiority_is_one_sided_at_95_percent);
    tcase_add_checked_fixture(told, set_up, tear_down);
    tcase_add_loop_test(told, one_line_says_what_changed, 0, sizeof headlines / sizeof *headlines);
    tcase_add_test(told, xml_holds_no_byte_that_xml_forbids);
    tcase_add_loop_test(told, a_verdict_is_a_test_case, 0,
                        sizeof xml_verdicts / sizeof *xml_verdicts);
    tcase_add_loop_test(told, a_verdict_that_is_not_certain_says_why, 0, 2);
    tcase_add_test(told, a_run_that_fails_is_an_error_never_a_failure);
    suite_add_tcase(suite, statistics);
    suite_add_tcase(suite, told);
    return suite;
}
