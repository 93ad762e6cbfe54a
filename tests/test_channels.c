// Channels: which go together, which cannot go and why, and that cutting zeroed ones changes no bit
// of what the reference executor answers.
#include <check.h>
#include <string.h>

#include "base/random.h"
#include "exec/reference.h"
#include "pass/channels.h"
#include "support/fixture.h"

static struct context context;

static void setup(void)
{
    context_init(&context);
}

static const struct channel_group *group_of(const struct channels *channels, const char *op,
                                            int64_t count)
{
    for (int g = 0; g < channels->count; g++)
        if (strcmp(channels->group[g].op, op) == 0 && channels->group[g].count == count)
            return &channels->group[g];
    ck_abort_msg("no group of %lld channels made by %s", (long long)count, op);
    return NULL;
}

static struct tensor seeded_input(const struct shape *shape)
{
    struct random random = random_stream(3, 0, 0);
    struct tensor x;

    ck_ok(tensor_alloc(&context, &x, DT_F32, shape));
    for (int64_t i = 0; i < tensor_count(&x); i++)
        tensor_set(&x, i, random_normal(&random));
    return x;
}

// Zeroes and cuts the second channel of every offered group; the answers must be equal.
static void assert_cut_is_exact(const struct graph *graph, struct channels *channels,
                                const struct shape *shape)
{
    struct graph *zeroed = graph_clone(graph), *cut;
    struct tensor x = seeded_input(shape), y, z;

    for (int g = 0; g < channels->count; g++)
        if (channels->group[g].is_offered)
            channels_mark(channels, g, 1);
    ck_ok(channels_zero(&context, channels, zeroed));
    cut = graph_clone(zeroed);
    ck_ok(channels_cut(&context, channels, cut));
    ck_ok(graph_verify(&context, cut));
    ck_ok(reference_run(&context, zeroed, &x, &y, NULL));
    ck_ok(reference_run(&context, cut, &x, &z, NULL));
    ck_assert(shape_equal(&y.shape, &z.shape));
    ck_assert_mem_eq(tensor_data(&y), tensor_data(&z), tensor_bytes(&y));
    tensor_release(&x);
    tensor_release(&y);
    tensor_release(&z);
    graph_free(zeroed);
    graph_free(cut);
}

static const struct {
    const char *claim, *text;
    struct shape input;
    int groups, offered;
} rows[] = {
    {"convolutions in a row",
     "x:f32[n,2,5,5]  w:f32[6,2,3,3] init=he  b:f32[6] init=he  v:f32[3,6,1,1] init=he\n"
     "a = Conv(x, w, b)\nr = Sigmoid(a)\ny = Conv(r, v)",
     {4, {2, 2, 5, 5}},
     2,
     1},
    {"a sum ties its branches",
     "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  v:f32[4,2,1,1] init=he  u:f32[3,4,1,1] init=he\n"
     "a = Conv(x, w)\nb = Conv(x, v)\ns = Add(a, b)\ny = Conv(s, u)",
     {4, {1, 2, 4, 4}},
     2,
     1},
    {"concatenated channels keep their places",
     "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  v:f32[5,2,1,1] init=he  u:f32[3,9,1,1] init=he\n"
     "a = Conv(x, w)\nb = Conv(x, v)\ns = Concat(a, b) axis=1\ny = Conv(s, u)",
     {4, {1, 2, 4, 4}},
     3,
     2},
    {"depthwise groups follow",
     "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  d:f32[4,1,3,3] init=he  u:f32[3,4,1,1] init=he\n"
     "a = Conv(x, w)\nb = Conv(a, d) group=4 pads=1,1,1,1\ny = Conv(b, u)",
     {4, {1, 2, 4, 4}},
     2,
     1},
    {"groups go whole",
     "x:f32[n,2,4,4]  w:f32[6,2,1,1] init=he  d:f32[9,2,3,3] init=he  u:f32[3,9,1,1] init=he\n"
     "a = Conv(x, w)\nb = Conv(a, d) group=3\ny = Conv(b, u)",
     {4, {1, 2, 4, 4}},
     2,
     1},
    {"normalised groups go whole",
     "x:f32[n,2,4,4]  w:f32[6,2,1,1] init=he  s:f32[6] init=[1,2,1,2,1,2]\n"
     "b:f32[6] init=[0,1,2,0,1,2]  u:f32[3,6,1,1] init=he\n"
     "a = Conv(x, w)\ng = GroupNormalization(a, s, b) num_groups=3\ny = Conv(g, u)",
     {4, {2, 2, 4, 4}},
     2,
     1},
    {"channels normalised alone go alone",
     "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  s:f32[4] init=[1,2,1,2]  b:f32[4] init=[0,1,2,0]\n"
     "u:f32[3,4,1,1] init=he\n"
     "a = Conv(x, w)\ng = InstanceNormalization(a, s, b)\ny = Conv(g, u)",
     {4, {2, 2, 4, 4}},
     2,
     1},
    {"flattened pixels go with their channel",
     "x:f32[n,1,4,4]  w:f32[4,1,3,3] init=he  m:f32[16,3] init=he\n"
     "a = Conv(x, w)\nf = Flatten(a)\ny = MatMul(f, m)",
     {4, {2, 1, 4, 4}},
     2,
     1},
    {"sizes of a Resize follow",
     "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  u:f32[3,4,1,1] init=he  t:i64[4] init=[1,4,8,8]\n"
     "a = Conv(x, w)\nr = Resize(a, _, _, t) mode=linear\ny = Conv(r, u)",
     {4, {1, 2, 4, 4}},
     2,
     1},
    {"scales of a Resize stay",
     "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  u:f32[3,4,1,1] init=he  t:f32[4] init=[1,1,2,2]\n"
     "a = Conv(x, w)\nr = Resize(a, _, t)\ny = Conv(r, u)",
     {4, {1, 2, 4, 4}},
     2,
     1},
    {"channels that become pixels go with their block",
     "x:f32[n,2,4,4]  w:f32[12,2,1,1] init=he  u:f32[2,3,1,1] init=he\n"
     "a = Conv(x, w)\nr = DepthToSpace(a) blocksize=2\ny = Conv(r, u)",
     {4, {1, 2, 4, 4}},
     2,
     1},
    {"a constant Reshape follows",
     "x:f32[n,1,4,4]  w:f32[4,1,3,3] init=he  m:f32[16,3] init=he  t:i64[2] init=[-1,16]\n"
     "a = Conv(x, w)\nf = Reshape(a, t)\ny = MatMul(f, m)",
     {4, {2, 1, 4, 4}},
     2,
     1},
};

START_TEST(cutting_zeroed_channels_changes_no_bit)
{
    struct graph *graph = fixture_graph(&context, rows[_i].text);
    struct channels channels;

    ck_ok(channels_find(&context, graph, NULL, &channels));
    ck_assert_msg(channels.count == rows[_i].groups && channels.offered == rows[_i].offered,
                  "%s: %d of %d groups are offered", rows[_i].claim, channels.offered,
                  channels.count);
    assert_cut_is_exact(graph, &channels, &rows[_i].input);
    channels_clear(&channels);
    graph_free(graph);
}
END_TEST

static const struct {
    const char *op, *reason, *text;
    int64_t count;
} held[] = {
    {"Conv", "they are the model's output 'y'",
     "x:f32[n,2,4,4]  w:f32[3,2,1,1] init=he\ny = Conv(x, w)", 3},
    {"MatMul", "(Softmax) needs all of them",
     "x:f32[n,2]  w:f32[2,5] init=he  v:f32[5,3] init=he\n"
     "a = MatMul(x, w)\nb = Softmax(a)\ny = MatMul(b, v)",
     5},
    {"Conv", "they are the model's input 'x'",
     "x:f32[n,4,4,4]  w:f32[4,4,1,1] init=he  u:f32[3,4,1,1] init=he\n"
     "a = Conv(x, w)\ns = Add(a, x)\ny = Conv(s, u)",
     4},
};

START_TEST(what_holds_channels_is_named)
{
    struct graph *graph = fixture_graph(&context, held[_i].text);
    struct channels channels;

    ck_ok(channels_find(&context, graph, NULL, &channels));
    const struct channel_group *group = group_of(&channels, held[_i].op, held[_i].count);
    ck_assert(!group->is_offered);
    ck_assert_msg(strstr(group->reason, held[_i].reason) != NULL, "reason: %s", group->reason);
    channels_clear(&channels);
    graph_free(graph);
}
END_TEST

START_TEST(a_residual_network_offers_all_but_its_classes)
{
    struct graph *graph = fixture_graph(&context, fixture_residual);
    struct channels channels;

    ck_ok(channels_find(&context, graph, NULL, &channels));
    ck_assert_int_eq(channels.offered, channels.count - 1);
    assert_cut_is_exact(graph, &channels, &SHAPE(2, 1, 8, 8));
    channels_clear(&channels);
    graph_free(graph);
}
END_TEST

START_TEST(a_shared_bias_ties_nothing_once_untied)
{
    struct graph *graph =
        fixture_graph(&context, "x:f32[n,2,4,4]  w:f32[4,2,1,1] init=he  v:f32[4,4,1,1] init=he\n"
                                "b:f32[4] init=he  u:f32[3,4,1,1] init=he\n"
                                "a = Conv(x, w, b)\nc = Conv(a, v, b)\ny = Conv(c, u)");
    struct channels channels;

    ck_ok(channels_find(&context, graph, NULL, &channels));
    ck_assert_int_eq(channels.offered, 1);
    channels_clear(&channels);
    channels_untie(graph);
    ck_ok(channels_find(&context, graph, NULL, &channels));
    ck_assert_int_eq(channels.offered, 2);
    assert_cut_is_exact(graph, &channels, &SHAPE(1, 2, 4, 4));
    channels_clear(&channels);
    graph_free(graph);
}
END_TEST

Suite *channels_suite(void);
Suite *channels_suite(void)
{
    Suite *suite = suite_create("channels");
    TCase *tests = tcase_create("channels");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, cutting_zeroed_channels_changes_no_bit, 0,
                        sizeof rows / sizeof *rows);
    tcase_add_loop_test(tests, what_holds_channels_is_named, 0, sizeof held / sizeof *held);
    tcase_add_test(tests, a_residual_network_offers_all_but_its_classes);
    tcase_add_test(tests, a_shared_bias_ties_nothing_once_untied);
    suite_add_tcase(suite, tests);
    return suite;
}
