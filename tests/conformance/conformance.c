// ONNX's conformance suite: every model with the inputs and outputs that lie beside it, run by the
// reference executor, then written, read and run again. Each test has a process of its own, so that
// a crash or a hang is one failure.
//     conformance [--known FILE] [--list] FOLDER...
// FOLDER holds tests: NAME/model.onnx, NAME/test_data_set_K/input_I.pb and output_I.pb. FILE names
// the tests that are known not to pass; another one that does not, or one of these that does, makes
// the exit code 1. Without FILE every failure does.
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "exec/reference.h"
#include "io/file.h"
#include "io/model.h"
#include "io/onnx.h"

// Those of ONNX Runtime's own runs of the suite.
static const double RELATIVE = 1e-3, ABSOLUTE = 1e-5;
enum { SECONDS_MAX = 30, REASON_BYTES = 400 };

enum outcome { PASSED, REFUSED, FAILED };

struct reading {
    struct context *context;
    struct graph *graph;
    struct arena *arena;
    const char *folder; // of the test
};

static enum status read_tensor(struct reading *test, const char *path, struct tensor *out)
{
    struct mapped *mapped;
    enum status status;

    TRY(mapped_open(test->context, path, &mapped));
    status = tensorproto_read(test->context, mapped_bytes(mapped), test->arena, out, NULL);
    mapped_release(mapped);
    return status;
}

// numpy has no bfloat16: the suite stores its bits as uint16.
static void take_as(enum dtype declared, struct tensor *tensor)
{
    if (declared == DT_BF16 && tensor->dtype == DT_U16)
        tensor->dtype = DT_BF16;
}

static bool exists(const char *path)
{
    struct stat stat_of;

    return stat(path, &stat_of) == 0;
}

static bool is_near(double got, double want)
{
    if (isnan(want) || isinf(want))
        return isnan(want) ? isnan(got) : got == want;
    return fabs(got - want) <= ABSOLUTE + RELATIVE * fabs(want);
}

static enum status compare(struct context *context, int number, const struct tensor *got,
                           const struct tensor *want)
{
    if (got->dtype != want->dtype)
        return context_fail(context, ERR_NUMERIC, "output %d is %s, wants %s", number,
                            dtype_info[got->dtype].name, dtype_info[want->dtype].name);
    if (!shape_equal(&got->shape, &want->shape)) {
        struct text text;
        text_init(&text);
        shape_print(&got->shape, &text);
        text_add(&text, ", wants ");
        shape_print(&want->shape, &text);
        context_fail(context, ERR_NUMERIC, "output %d has shape %s", number, text.at);
        text_clear(&text);
        return ERR_NUMERIC;
    }
    for (int64_t i = 0; i < tensor_count(got); i++) {
        bool is_whole = !dtype_info[got->dtype].is_float;
        if (is_whole ? tensor_get_int(got, i) != tensor_get_int(want, i)
                     : !is_near(tensor_get(got, i), tensor_get(want, i)))
            return context_fail(context, ERR_NUMERIC, "output %d[%lld] is %.7g, wants %.7g", number,
                                (long long)i, tensor_get(got, i), tensor_get(want, i));
    }
    return OK;
}

static enum status check_outputs(struct reading *test, int set, const struct tensor *output)
{
    for (uint32_t i = 0; i < test->graph->output_count; i++) {
        const char *path =
            arena_format(test->arena, "%s/test_data_set_%d/output_%u.pb", test->folder, set, i);
        struct tensor want;
        if (!exists(path))
            continue;
        TRY(read_tensor(test, path, &want));
        take_as(output[i].dtype, &want);
        TRY(compare(test->context, (int)i, &output[i], &want));
        tensor_release(&want);
    }
    return OK;
}

static enum status run_set(struct reading *test, int set)
{
    const struct graph *graph = test->graph;
    struct tensor *input = arena_array(test->arena, struct tensor, graph->input_count + 1);
    struct tensor *output = arena_array(test->arena, struct tensor, graph->output_count + 1);

    for (uint32_t i = 0; i < graph->input_count; i++) {
        const char *path =
            arena_format(test->arena, "%s/test_data_set_%d/input_%u.pb", test->folder, set, i);
        TRY(read_tensor(test, path, &input[i]));
        take_as(graph_value(graph, graph->input[i])->tensor.dtype, &input[i]);
    }
    TRY(reference_run(test->context, graph, input, output, NULL));
    TRY(check_outputs(test, set, output));
    for (uint32_t i = 0; i < graph->input_count; i++)
        tensor_release(&input[i]);
    for (uint32_t i = 0; i < graph->output_count; i++)
        tensor_release(&output[i]);
    return OK;
}

static enum status run_sets(struct reading *test)
{
    int set = 0;

    while (exists(arena_format(test->arena, "%s/test_data_set_%d", test->folder, set)))
        TRY(run_set(test, set++));
    return set ? OK : context_fail(test->context, ERR_IO, "no test data");
}

// The same model once more as ecai writes it.
static enum status rewrite(struct reading *test)
{
    struct graph *again;
    struct text bytes;
    enum status status;

    text_init(&bytes);
    status = onnx_write(test->context, test->graph, NULL, &bytes);
    if (status == OK)
        status = model_read_bytes(
            test->context, (struct span){(const unsigned char *)bytes.at, bytes.length}, &again);
    text_clear(&bytes);
    if (status != OK)
        return status;
    graph_free(test->graph);
    test->graph = again;
    return OK;
}

// ERR_UNSUPPORTED from the reader, or from an operator that is not ecai's, is a refusal.
static enum outcome run_test(struct reading *test)
{
    enum status status =
        model_read(test->context, arena_format(test->arena, "%s/model.onnx", test->folder), NULL,
                   &test->graph, NULL);

    if (status != OK)
        return status == ERR_UNSUPPORTED ? REFUSED : FAILED;
    status = run_sets(test);
    if (status != OK)
        return status == ERR_UNSUPPORTED ? REFUSED : FAILED;
    status = rewrite(test);
    if (status == OK)
        status = run_sets(test);
    if (status != OK)
        context_fail_in(test->context, status, "after rewriting");
    return status == OK ? PASSED : FAILED;
}

static void run_in_child(const char *folder, int report)
{
    struct context context;
    struct reading test = {.context = &context, .arena = arena_new(), .folder = folder};
    enum outcome outcome;

    alarm(SECONDS_MAX);
    context_init(&context);
    outcome = run_test(&test);
    if (outcome != PASSED && write(report, context.error, strlen(context.error)) < 0)
        _exit(FAILED);
    graph_free(test.graph);
    arena_free(test.arena);
    _exit((int)outcome);
}

static enum outcome test_in_process(const char *folder, char reason[REASON_BYTES])
{
    int ends[2], status;
    ssize_t length;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        snprintf(reason, REASON_BYTES, "no process for it");
        return FAILED;
    }
    if (child == 0)
        run_in_child(folder, ends[1]);
    close(ends[1]);
    length = read(ends[0], reason, REASON_BYTES - 1);
    close(ends[0]);
    reason[length > 0 ? length : 0] = '\0';
    if (waitpid(child, &status, 0) != child || WIFSIGNALED(status)) {
        snprintf(reason, REASON_BYTES, "ended by signal %d%s", WTERMSIG(status),
                 WTERMSIG(status) == SIGALRM ? " (took too long)" : "");
        return FAILED;
    }
    return (enum outcome)WEXITSTATUS(status);
}

// ---- lists of names
// ------------------------------------------------------------------------------

struct names {
    const char **at;
    size_t count, capacity;
};

static void names_add(struct names *names, struct arena *arena, const char *name)
{
    if (names->count == names->capacity) {
        size_t capacity = 2 * names->capacity + 64;
        const char **grown = arena_array(arena, const char *, capacity);
        if (names->count)
            memcpy(grown, names->at, names->count * sizeof *grown);
        names->at = grown;
        names->capacity = capacity;
    }
    names->at[names->count++] = arena_copy_text(arena, name);
}

static bool names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->at[i], name) == 0)
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_tests(const char *folder, struct arena *arena, struct names *out)
{
    DIR *open = opendir(folder);

    for (struct dirent *entry; open && (entry = readdir(open));)
        if (exists(arena_format(arena, "%s/%s/model.onnx", folder, entry->d_name)))
            names_add(out, arena, entry->d_name);
    if (open)
        closedir(open);
    if (out->count)
        qsort(out->at, out->count, sizeof *out->at, by_bytes);
    return open != NULL;
}

// Lines "NAME: why"; '#' begins a comment.
static bool read_known(const char *path, struct arena *arena, struct names *out)
{
    FILE *file = fopen(path, "r");
    char line[1024];

    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, ":# \n")] = '\0';
        if (*line)
            names_add(out, arena, line);
    }
    if (file)
        fclose(file);
    return file != NULL;
}

// ---- the run
// -------------------------------------------------------------------------------------

struct tally {
    int of[3], surprises;
};

static void run_folder(const char *folder, const struct names *known, bool is_listed,
                       struct tally *tally, struct arena *arena)
{
    static const char *const words[] = {"ok", "refused", "FAILED"};
    struct names tests = {NULL, 0, 0};

    if (!list_tests(folder, arena, &tests) || !tests.count) {
        fprintf(stderr, "conformance: no tests in '%s'\n", folder);
        tally->surprises++;
    }
    for (size_t i = 0; i < tests.count; i++) {
        char reason[REASON_BYTES];
        enum outcome outcome =
            test_in_process(arena_format(arena, "%s/%s", folder, tests.at[i]), reason);
        bool is_known = known && names_have(known, tests.at[i]);
        bool is_surprise = known ? (outcome != PASSED) != is_known : outcome == FAILED;
        tally->of[outcome]++;
        tally->surprises += is_surprise;
        if (is_surprise && outcome == PASSED)
            printf("%s: passes, and is listed as one that does not\n", tests.at[i]);
        else if (is_surprise || (is_listed && outcome != PASSED))
            printf("%s: %s: %s\n", tests.at[i], words[outcome], reason);
        fflush(stdout);
    }
}

int main(int count, char **argument)
{
    struct arena *arena = arena_new();
    struct names known = {NULL, 0, 0};
    struct tally total = {{0, 0, 0}, 0};
    const char *known_path = NULL;
    bool is_listed = false;

    for (int i = 1; i < count; i++) {
        struct tally tally = {{0, 0, 0}, 0};
        if (strcmp(argument[i], "--list") == 0) {
            is_listed = true;
        } else if (strcmp(argument[i], "--known") == 0 && i + 1 < count) {
            known_path = argument[++i];
            if (!read_known(known_path, arena, &known)) {
                fprintf(stderr, "conformance: cannot read '%s'\n", known_path);
                return 2;
            }
        } else {
            run_folder(argument[i], known_path ? &known : NULL, is_listed, &tally, arena);
            printf("%s: %d of %d passed, %d refused, %d failed\n", argument[i], tally.of[PASSED],
                   tally.of[PASSED] + tally.of[REFUSED] + tally.of[FAILED], tally.of[REFUSED],
                   tally.of[FAILED]);
            total.surprises += tally.surprises;
        }
    }
    arena_free(arena);
    return total.surprises ? 1 : 0;
}
