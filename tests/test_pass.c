// Passes by text: every file in tests/passes is a case. Its lines up to '== after':
//     # what it claims
//     pass NAME [option=value ...]     one line a pass, run in this order
//     layer GLOB=SETTING, only GLOB, exclude GLOB, data SPEC     for all passes
//     == before                        text IR
//     == after                         nodes as 'y = Op(x, w)', in order; none: not compared
//     == check                         'same TOLERANCE' outputs equal those of before;
//                                      'zeros NAME COUNT'; 'fails TEXT' in the error
#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/dataset.h"
#include "distill/methods.h"
#include "exec/reference.h"
#include "io/text_ir.h"
#include "pass/pass.h"
#include "prune/methods.h"
#include "quantize/methods.h"

enum { LINES_MAX = 16, BATCH = 3 };

struct pass_case {
    char *text; // the whole file; the others point into it
    char *pass[LINES_MAX], *check[LINES_MAX];
    char *layer, *only, *exclude, *data, *before, *after;
    int passes, checks;
};

static struct context context;
static glob_t files;

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    size_t length;

    ck_assert_msg(file != NULL, "cannot open %s", path);
    length = fread(text, 1, 65535, file);
    ck_assert(length > 0);
    fclose(file);
    return text;
}

static char *section(char *text, const char *mark)
{
    char *at = strstr(text, mark);

    if (!at)
        return NULL;
    *at = '\0';
    return at + strlen(mark);
}

static void read_head(struct pass_case *c, char *line)
{
    static const char *const words[] = {"layer ", "only ", "exclude ", "data "};
    char **const to[] = {&c->layer, &c->only, &c->exclude, &c->data};

    if (strncmp(line, "pass ", 5) == 0 && c->passes < LINES_MAX)
        c->pass[c->passes++] = line + 5;
    for (int i = 0; i < 4; i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0)
            *to[i] = line + strlen(words[i]);
}

static void read_case(struct pass_case *c, const char *path)
{
    char *checks, *at = NULL;

    memset(c, 0, sizeof *c);
    c->text = read_text(path);
    checks = section(c->text, "== check\n");
    c->after = section(c->text, "== after\n");
    c->before = section(c->text, "== before\n");
    ck_assert_msg(c->before != NULL, "%s has no '== before'", path);
    for (char *line = strtok_r(c->text, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
        read_head(c, line);
    for (char *line = checks ? strtok_r(checks, "\n", &at) : NULL; line && c->checks < LINES_MAX;
         line = strtok_r(NULL, "\n", &at))
        c->check[c->checks++] = line;
    ck_assert_msg(c->passes > 0 && (c->after || c->checks), "%s claims nothing", path);
}

static const struct pass *find_pass(const char *name)
{
    static const struct pass *const plain[] = {
        &pass_fold_batchnorm, &pass_fold_constants, &pass_remove_dead,    &pass_absorb_quant,
        &pass_materialise,    &pass_simplify,       &pass_explicit_clamps};

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(plain[i]->name, name) == 0)
            return plain[i];
    for (int i = 0; prune_method_at(i); i++)
        if (strcmp(prune_method_at(i)->name, name) == 0)
            return prune_method_at(i);
    for (int i = 0; quantize_method_at(i); i++)
        if (strcmp(quantize_method_at(i)->name, name) == 0)
            return quantize_method_at(i);
    ck_abort_msg("no pass '%s'", name);
    return NULL;
}

static enum status run_pass(const struct pass_case *c, char *line, const struct dataset *data,
                            struct graph **graph, struct arena *arena)
{
    char *at = NULL, *name = strtok_r(line, " ", &at);
    const struct pass *pass = find_pass(name);
    const char *const only[] = {c->only}, *const exclude[] = {c->exclude};
    const char *const layer[] = {c->layer};
    struct selection selection = {{c->only != NULL, only}, {c->exclude != NULL, exclude}};
    struct strings layers = {c->layer != NULL, layer};
    void *option = arena_alloc(arena, pass->option_bytes + 1);
    struct pass_run run = {.option = option,
                           .selection = &selection,
                           .layer = &layers,
                           .data = data,
                           .isa = ISA_GENERIC};

    if (pass->option)
        fields_preset(pass->option, option, arena);
    for (char *word = strtok_r(NULL, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
        char *value = strchr(word, '=');
        ck_assert_ptr_nonnull(value);
        *value = '\0';
        ck_assert_int_eq(
            field_parse(&context, field_find(pass->option, word), value + 1, option, arena), OK);
    }
    return pipeline_run(&context, pass, run, graph);
}

// ---- claims -------------------------------------------------------------------------------------

static void print_nodes(const struct graph *graph, struct text *out)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        for (int i = 0; i < node->output_count; i++)
            text_format(out, "%s%s", i ? ", " : "",
                        value_exists(node->output[i]) ? graph_value(graph, node->output[i])->name
                                                      : "_");
        text_format(out, " = %s(", node->op->name);
        for (int i = 0; i < node->input_count; i++)
            text_format(out, "%s%s", i ? ", " : "",
                        value_exists(node->input[i]) ? graph_value(graph, node->input[i])->name
                                                     : "_");
        text_add(out, ")\n");
    }
}

static void run_graph(const struct graph *graph, struct tensor *output)
{
    struct tensor *input = calloc(graph->input_count, sizeof *input);

    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct tensor *declared = &graph_value(graph, graph->input[i])->tensor;
        struct shape shape = declared->shape;
        struct random random = random_stream(5, i, 0);
        for (int d = 0; d < shape.rank; d++)
            shape.dim[d] = shape.dim[d] < 0 ? BATCH : shape.dim[d];
        ck_assert_int_eq(tensor_alloc(&context, &input[i], declared->dtype, &shape), OK);
        for (int64_t k = 0; k < tensor_count(&input[i]); k++)
            tensor_set(&input[i], k, random_normal(&random));
    }
    ck_assert_msg(reference_run(&context, graph, input, output, NULL) == OK, "%s", context.error);
    for (uint32_t i = 0; i < graph->input_count; i++)
        tensor_release(&input[i]);
    free(input);
}

static void check_same(const struct graph *before, const struct graph *after, double tolerance)
{
    struct tensor want[4], got[4];

    ck_assert_uint_le(before->output_count, 4);
    ck_assert_uint_eq(before->output_count, after->output_count);
    run_graph(before, want);
    run_graph(after, got);
    for (uint32_t i = 0; i < before->output_count; i++) {
        ck_assert(shape_equal(&want[i].shape, &got[i].shape));
        for (int64_t k = 0; k < tensor_count(&want[i]); k++) {
            double a = tensor_get(&want[i], k), b = tensor_get(&got[i], k);
            ck_assert_msg(fabs(a - b) <= tolerance * (1 + fabs(a)), "output %u[%lld]: %g, was %g",
                          i, (long long)k, b, a);
        }
        tensor_release(&want[i]);
        tensor_release(&got[i]);
    }
}

static void check_zeros(const struct graph *graph, const char *name, long long wanted)
{
    struct value_id id = graph_find_value(graph, name);
    long long zeros = 0;

    ck_assert_msg(value_exists(id), "no value '%s'", name);
    for (int64_t i = 0; i < tensor_count(&graph_value(graph, id)->tensor); i++)
        zeros += tensor_get(&graph_value(graph, id)->tensor, i) == 0;
    ck_assert_msg(zeros == wanted, "'%s' has %lld zeros, not %lld", name, zeros, wanted);
}

static void check_line(const char *line, const struct graph *before, const struct graph *after,
                       enum status status)
{
    char name[64];
    long long count;
    double tolerance;

    if (strncmp(line, "fails ", 6) == 0) {
        ck_assert_int_ne(status, OK);
        ck_assert_msg(strstr(context.error, line + 6) != NULL, "error is: %s", context.error);
        return;
    }
    ck_assert_msg(status == OK, "%s", context.error);
    if (sscanf(line, "same %lf", &tolerance) == 1)
        check_same(before, after, tolerance);
    else if (sscanf(line, "zeros %63s %lld", name, &count) == 2)
        check_zeros(after, name, count);
    else
        ck_abort_msg("unknown check '%s'", line);
}

START_TEST(the_text_comes_out_as_claimed)
{
    struct pass_case c;
    struct graph *before, *graph;
    struct dataset *data = NULL;
    struct arena *arena = arena_new();
    enum status status = OK;
    struct text text;

    read_case(&c, files.gl_pathv[_i]);
    ck_assert_msg(graph_from_text(&context, c.before, &before) == OK, "%s: %s", files.gl_pathv[_i],
                  context.error);
    if (c.data)
        ck_assert_msg(dataset_open(&context, c.data, NULL, &data) == OK, "%s", context.error);
    graph = graph_clone(before);
    for (int i = 0; i < c.passes && status == OK; i++)
        status = run_pass(&c, c.pass[i], data, &graph, arena);
    for (int i = 0; i < c.checks; i++)
        check_line(c.check[i], before, graph, status);
    if (c.after) {
        ck_assert_msg(status == OK, "%s: %s", files.gl_pathv[_i], context.error);
        text_init(&text);
        print_nodes(graph, &text);
        ck_assert_msg(strcmp(text.at, c.after) == 0, "%s gives\n%s", files.gl_pathv[_i], text.at);
        text_clear(&text);
    }
    dataset_free(data);
    graph_free(before);
    graph_free(graph);
    arena_free(arena);
    free(c.text);
}
END_TEST

// A failure leaves the caller's graph as it was.
static enum status spoil(struct pass_run *run)
{
    graph_set_outputs(run->graph, NULL, 0);
    return context_fail(run->context, ERR_NUMERIC, "spoilt");
}

START_TEST(a_failing_pass_leaves_the_graph_alone)
{
    const struct pass pass = {.name = "spoil", .run = spoil};
    struct graph *graph, *same;

    ck_assert_int_eq(graph_from_text(&context, "x:f32[n,2]  y = Relu(x)", &graph), OK);
    same = graph;
    ck_assert_int_eq(pipeline_run(&context, &pass, (struct pass_run){0}, &graph), ERR_NUMERIC);
    ck_assert_ptr_eq(graph, same);
    ck_assert_uint_eq(graph->output_count, 1);
    graph_free(graph);
}
END_TEST

// A pass that breaks the structure is named.
static enum status break_graph(struct pass_run *run)
{
    run->graph->node[0].input_count = 0;
    return OK;
}

START_TEST(a_pass_that_breaks_the_graph_is_named)
{
    const struct pass pass = {.name = "breaker", .run = break_graph};
    struct graph *graph;

    ck_assert_int_eq(graph_from_text(&context, "x:f32[n,2]  y = Relu(x)", &graph), OK);
    ck_assert_int_eq(pipeline_run(&context, &pass, (struct pass_run){0}, &graph), ERR_INTERNAL);
    ck_assert_ptr_nonnull(strstr(context.error, "breaker"));
    graph_free(graph);
}
END_TEST

static void setup(void)
{
    context_init(&context);
}

Suite *pass_suite(void);
Suite *pass_suite(void)
{
    Suite *suite = suite_create("pass");
    TCase *tcase = tcase_create("text");

    tcase_add_checked_fixture(tcase, setup, NULL);
    if (glob("tests/passes/*.txt", 0, NULL, &files) == 0)
        tcase_add_loop_test(tcase, the_text_comes_out_as_claimed, 0, (int)files.gl_pathc);
    tcase_add_test(tcase, a_failing_pass_leaves_the_graph_alone);
    tcase_add_test(tcase, a_pass_that_breaks_the_graph_is_named);
    suite_add_tcase(suite, tcase);
    return suite;
}
