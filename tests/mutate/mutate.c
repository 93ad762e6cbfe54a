// Models that are wrong in structure: changes files of many kinds and looks at what reading,
// inference, running, writing, simplifying and specialising make of them. Each mutant has a process
// of its own with a limit of time and memory. What counts as a failure: a signal, a hang,
// ERR_INTERNAL, a value whose shape or type is not what inference said, an output that is not what
// the file declares, a file written that cannot be read or computes something else.
//     mutate [--seed S] [--first I] [--count N] [--keep FOLDER] FOLDER...
//     mutate --replay FILE
// FOLDERs are searched for *.onnx files. Mutant I of seed S is the same wherever the same files
// are; those that fail are kept as FOLDER/mutant-S-I.onnx and can be replayed.
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/program.h"
#include "exec/reference.h"
#include "exec/specialise.h"
#include "io/model.h"
#include "io/onnx.h"
#include "pass/pass.h"
#include "prune/methods.h"
#include "quantize/methods.h"
#include "tests/mutate/mutations.h"

enum { SECONDS_MAX = 10, FILE_MAX = 1 << 20, INPUT_MAX = 1 << 20, REASON_BYTES = 500 };
static const rlim_t memory_max = (rlim_t)4 << 30;

#if defined __SANITIZE_ADDRESS__
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

enum outcome { RAN, REFUSED, STOPPED, FAILED, OUTCOMES }; // STOPPED: the run or the memory ended it

// One mutant in its process.
struct trial {
    struct context context;
    struct random random;
    struct arena *arena;
    const char *folder; // of the file that was changed: external data, inputs
    struct graph *graph;
    struct tensor *input;
    bool is_random; // an operator draws numbers
    const struct inference *inference;
};

static int report_to = STDERR_FILENO;

// Each step is what one command does: it has the whole time, whatever those before it took.
static void start_clock(void)
{
    struct rlimit to = {0, RLIM_INFINITY};
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    to.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1) +
                  (IS_SANITIZED ? 4 * SECONDS_MAX : SECONDS_MAX);
    setrlimit(RLIMIT_CPU, &to);
}

static void finish(enum outcome outcome, const char *where, const char *what)
{
    char text[REASON_BYTES];

    snprintf(text, sizeof text, "%s: %s", where, what);
    if (write(report_to, text, strlen(text)) < 0)
        _exit(FAILED);
    _exit((int)outcome);
}

// Bad input may be refused, but not by our own bug.
static void must_be_honest(struct trial *trial, enum status status, const char *where)
{
    if (status == ERR_INTERNAL)
        finish(FAILED, where, trial->context.error);
}

static void must(struct trial *trial, enum status status, const char *where)
{
    if (status != OK)
        finish(FAILED, where, trial->context.error);
}

// Whether a tensor has the type and the shape that are known of it.
static bool fits(const struct tensor *said, const struct tensor *got)
{
    bool agrees = said->dtype == DT_NONE || said->dtype == got->dtype;

    agrees &= said->shape.rank < 0 || said->shape.rank == got->shape.rank;
    for (int i = 0; agrees && i < said->shape.rank; i++)
        agrees = said->shape.dim[i] < 0 || said->shape.dim[i] == got->shape.dim[i];
    return agrees;
}

// ---- inputs ------------------------------------------------------------------------------------

// What the test suite has for that input, if it fits.
static bool take_given(struct trial *trial, uint32_t i, const struct tensor *wanted,
                       struct tensor *out)
{
    const char *path =
        arena_format(trial->arena, "%s/test_data_set_0/input_%u.pb", trial->folder, i);
    struct mapped *mapped;
    enum status status;

    if (access(path, R_OK) != 0 || mapped_open(&trial->context, path, &mapped) != OK)
        return false;
    status = tensorproto_read(&trial->context, mapped_bytes(mapped), trial->arena, out, NULL);
    mapped_release(mapped);
    if (status == OK && fits(wanted, out))
        return true;
    if (status == OK)
        tensor_release(out);
    return false;
}

static void fill(struct trial *trial, struct tensor *tensor, bool is_fresh)
{
    struct random *random = &trial->random;
    bool is_float = dtype_info[tensor->dtype].is_float;
    int64_t count = tensor_count(tensor);

    for (int64_t i = 0; i < count && is_fresh; i++)
        tensor_set(tensor, i,
                   is_float ? random_normal(random) : (double)random_below(random, 9) - 3);
    for (int i = 0; i < 2 && count && random_below(random, 3) == 0; i++)
        tensor_set(tensor, (int64_t)random_below(random, (uint64_t)count),
                   is_float ? interesting_float(random) : (double)interesting_int(random));
}

static void make_input(struct trial *trial, uint32_t i)
{
    const struct value *value = graph_value(trial->graph, trial->graph->input[i]);
    struct tensor *out = &trial->input[i], wanted = value->tensor;
    int64_t count;

    if (wanted.dtype == DT_NONE)
        finish(REFUSED, "input", "without a type");
    if (random_below(&trial->random, 4) && take_given(trial, i, &wanted, out)) {
        must(trial, tensor_make_private(&trial->context, out), "input");
        fill(trial, out, false);
        return;
    }
    if (wanted.shape.rank < 0)
        wanted.shape = (struct shape){(int32_t)random_below(&trial->random, 4), {-1, -1, -1}};
    for (int k = 0; k < wanted.shape.rank; k++)
        if (wanted.shape.dim[k] < 0)
            wanted.shape.dim[k] = (int64_t)random_below(&trial->random, 4);
    count = 1;
    for (int k = 0; k < wanted.shape.rank; k++)
        if ((count *= wanted.shape.dim[k] > INPUT_MAX ? INPUT_MAX + 1 : wanted.shape.dim[k]) >
            INPUT_MAX)
            finish(REFUSED, "input", "too large to be tried");
    must(trial, tensor_alloc(&trial->context, out, wanted.dtype, &wanted.shape), "input");
    fill(trial, out, true);
}

// ---- what is checked ---------------------------------------------------------------------------

static void shapes_differ(const char *where, const char *name, const struct tensor *said,
                          const struct tensor *got)
{
    struct text text;

    text_init(&text);
    text_add_escaped(&text, name, strlen(name));
    text_format(&text, " is %s ", got->dtype >= 0 ? dtype_info[got->dtype].name : "?");
    shape_print(&got->shape, &text);
    text_format(&text, ", not %s ", said->dtype >= 0 ? dtype_info[said->dtype].name : "?");
    shape_print(&said->shape, &text);
    finish(FAILED, where, text.at);
}

static void must_agree(const char *where, const char *name, const struct tensor *said,
                       const struct tensor *got)
{
    if (!fits(said, got))
        shapes_differ(where, name, said, got);
}

// An output is what the file declares, but for the first dimension: batches are open, and what is
// declared of a graph input or weight that is an output too was checked before.
static void must_keep_promise(const struct trial *trial, struct value_id id,
                              const struct tensor *got)
{
    struct tensor said = graph_value(trial->graph, id)->tensor;

    if (said.shape.rank > 0)
        said.shape.dim[0] = -1;
    must_agree("declared", graph_value(trial->graph, id)->name, &said, got);
}

static enum status see(void *self, struct context *context, struct value_id id,
                       const struct tensor *tensor)
{
    const struct trial *trial = self;

    (void)context;
    must_agree("inference", graph_value(trial->graph, id)->name, &trial->inference->of_value[id.at],
               tensor);
    if (!shape_is_static(&tensor->shape) || !tensor->buffer)
        finish(FAILED, "run", "a value without data");
    return OK;
}

static struct infer_options options_of(struct trial *trial)
{
    const struct graph *graph = trial->graph;
    const char **shape = arena_array(trial->arena, const char *, graph->input_count + 1);

    for (uint32_t i = 0; i < graph->input_count; i++) {
        struct text text;
        text_init(&text);
        text_format(&text, "%s=", graph_value(graph, graph->input[i])->name);
        for (int k = 0; k < trial->input[i].shape.rank; k++)
            text_format(&text, k ? ",%lld" : "%lld", (long long)trial->input[i].shape.dim[k]);
        shape[i] = arena_copy_text(trial->arena, text.at);
        text_clear(&text);
    }
    return (struct infer_options){.shape = {graph->input_count, shape}};
}

// is_exact: the numbers are equal, too. is_folded: nodes may have become weights.
static void compare(struct trial *trial, const char *where, const struct graph *graph,
                    const struct tensor *before, bool is_exact, bool is_folded)
{
    struct tensor *after = arena_array(trial->arena, struct tensor, graph->output_count + 1);
    enum status status = reference_run(&trial->context, graph, trial->input, after, NULL);

    if (status == ERR_MEMORY) // two of these outputs are too much
        finish(STOPPED, where, trial->context.error);
    if (is_folded && status == ERR_NUMERIC) // what was computed once can be an infinite weight
        return;
    must(trial, status, where);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const char *name = graph_value(graph, graph->output[i])->name;
        if (!shape_equal(&before[i].shape, &after[i].shape) || before[i].dtype != after[i].dtype)
            shapes_differ(where, name, &before[i], &after[i]);
        if (is_exact && !trial->is_random &&
            memcmp(tensor_data(&before[i]), tensor_data(&after[i]), tensor_bytes(&after[i])) != 0)
            finish(FAILED, where, "other numbers");
        tensor_release(&after[i]);
    }
}

static void write_and_run(struct trial *trial, const struct tensor *output)
{
    struct graph *again;
    struct text bytes;
    enum status status;

    text_init(&bytes);
    status = onnx_write(&trial->context, trial->graph, NULL, &bytes);
    must_be_honest(trial, status, "write");
    if (status == OK) {
        must(trial,
             model_read_bytes(&trial->context,
                              (struct span){(const unsigned char *)bytes.at, bytes.length}, &again),
             "what was written");
        if (output)
            compare(trial, "what was written", again, output, true, false);
        graph_free(again);
    }
    text_clear(&bytes);
}

static void simplify_and_run(struct trial *trial, const struct tensor *output)
{
    struct graph *clone = graph_clone(trial->graph);
    enum status status = pipeline_run(&trial->context, &pass_simplify,
                                      (struct pass_run){.context = &trial->context}, &clone);

    must(trial, status, "simplify");
    compare(trial, "simplified", clone, output, false, true);
    graph_free(clone);
}

// Whether sizes follow from sizes alone: rounded numbers may decide on others.
static bool has_known_outputs(const struct trial *trial)
{
    for (uint32_t i = 0; i < trial->graph->output_count; i++)
        if (!shape_is_static(&trial->inference->of_value[trial->graph->output[i].at].shape))
            return false;
    return true;
}

// Methods that need no data, and what they leave in a file.
static void compress_and_run(struct trial *trial, const struct tensor *output)
{
    static const struct pass *const methods[] = {&prune_magnitude, &quantize_dynamic,
                                                 &quantize_fp16};

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        void *option = arena_alloc(trial->arena, methods[i]->option_bytes + 1);
        struct pass_run run = {.context = &trial->context, .option = option};
        struct graph *clone = graph_clone(trial->graph);
        enum status status;
        if (methods[i]->option)
            fields_preset(methods[i]->option, option, trial->arena);
        status = pipeline_run(&trial->context, methods[i], run, &clone);
        must_be_honest(trial, status, methods[i]->name);
        if (status == OK)
            must(trial, pipeline_run(&trial->context, &pass_materialise, run, &clone),
                 "materialise");
        if (status == OK && has_known_outputs(trial))
            compare(trial, methods[i]->name, clone, output, false, true);
        graph_free(clone);
    }
}

// Whether open first dimensions can be batches: a list of open length is something else.
static bool has_only_batches(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct shape *shape = &graph_value(graph, graph->input[i])->tensor.shape;
        if (shape->rank < 0 || (shape->rank == 1 && shape->dim[0] < 0))
            return false;
    }
    return true;
}

// For these shapes, and for any batch.
static void specialise_and_run(struct trial *trial, const struct tensor *output)
{
    struct infer_options options = options_of(trial);

    for (int is_open = 0; is_open < 1 + has_only_batches(trial->graph); is_open++) {
        struct graph *special;
        must(trial,
             graph_specialise(&trial->context, trial->graph, is_open ? NULL : &options, &special),
             "specialise");
        must(trial, graph_verify(&trial->context, special), "what was specialised");
        compare(trial, is_open ? "specialised, batch open" : "specialised", special, output, true,
                true);
        graph_free(special);
    }
}

static void lower_and_run(struct trial *trial)
{
    struct program_options options = {.isa = ISA_GENERIC, .groups = 1};
    struct program *program;
    enum status status;

    options.infer = options_of(trial);
    status = program_new(&trial->context, trial->graph, &options, &program);
    must_be_honest(trial, status, "lowering");
    if (status != OK)
        return;
    for (uint32_t i = 0; i < trial->graph->input_count; i++) {
        float *to = program_input(program, 0, i);
        for (size_t k = 0; to && k < program_input_size(program, i) * 16; k++)
            to[k] = (float)random_normal(&trial->random);
    }
    must_be_honest(trial, program_run_group(&trial->context, program, 0), "lowered run");
    program_free(program);
}

static void examine_graph(struct trial *trial)
{
    struct graph *graph = trial->graph;
    struct tensor *output = arena_array(trial->arena, struct tensor, graph->output_count + 1);
    struct observer observer = {see, trial};
    struct inference inference;
    struct infer_options options;
    enum status status;

    trial->input = arena_array(trial->arena, struct tensor, graph->input_count + 1);
    for (uint32_t i = 0; i < graph->input_count; i++)
        make_input(trial, i);
    for (uint32_t n = 0; n < graph->node_count; n++)
        trial->is_random |= (graph->node[n].op->traits & OP_RANDOM) != 0;
    options = options_of(trial);
    status = graph_infer(&trial->context, graph, &options, &inference);
    must_be_honest(trial, status, "inference");
    if (status != OK)
        finish(STOPPED, "inference", trial->context.error);
    trial->inference = &inference;
    status = reference_run(&trial->context, graph, trial->input, output, &observer);
    must_be_honest(trial, status, "run");
    if (status != OK)
        finish(STOPPED, "run", trial->context.error);
    for (uint32_t i = 0; i < graph->output_count; i++)
        must_keep_promise(trial, graph->output[i], &output[i]);
    start_clock();
    write_and_run(trial, output);
    start_clock();
    simplify_and_run(trial, output);
    start_clock();
    specialise_and_run(trial, output);
    start_clock();
    compress_and_run(trial, output);
    start_clock();
    lower_and_run(trial);
    for (uint32_t i = 0; i < graph->output_count; i++)
        tensor_release(&output[i]);
    for (uint32_t i = 0; i < graph->input_count; i++)
        tensor_release(&trial->input[i]);
    inference_clear(&inference);
}

static void examine(struct span bytes, const char *folder, struct random random)
{
    struct trial trial = {.random = random, .arena = arena_new(), .folder = folder};
    struct model_source source = {.bytes = bytes, .folder = folder};
    enum status status;

    context_init(&trial.context);
    status = format_find("onnx")->read(&trial.context, &source, &trial.graph);
    must_be_honest(&trial, status, "read");
    if (status != OK)
        finish(REFUSED, "read", trial.context.error);
    must(&trial, graph_verify(&trial.context, trial.graph), "what was read");
    examine_graph(&trial);
    graph_free(trial.graph);
    arena_free(trial.arena);
}

// ---- processes ---------------------------------------------------------------------------------

static void limit(int what, rlim_t amount)
{
    struct rlimit to = {amount, amount};

    setrlimit(what, &to);
}

static enum outcome in_process(struct span bytes, const char *folder, struct random random,
                               char reason[REASON_BYTES])
{
    int ends[2], status;
    ssize_t length;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        snprintf(reason, REASON_BYTES, "no process for it");
        return FAILED;
    }
    if (child == 0) {
        close(ends[0]);
        report_to = ends[1];
        start_clock();
        limit(RLIMIT_CORE, 0);
        if (!IS_SANITIZED)
            limit(RLIMIT_AS, memory_max);
        alarm(12 * SECONDS_MAX); // where it only sleeps
        examine(bytes, folder, random);
        exit(RAN);
    }
    close(ends[1]);
    length = read(ends[0], reason, REASON_BYTES - 1);
    close(ends[0]);
    reason[length > 0 ? length : 0] = '\0';
    if (waitpid(child, &status, 0) != child || WIFSIGNALED(status)) {
        snprintf(reason, REASON_BYTES, "ended by signal %d%s", WTERMSIG(status),
                 WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU ||
                         WTERMSIG(status) == SIGALRM
                     ? " (took too long)"
                     : "");
        return FAILED;
    }
    // The program ends with 1 where memory for bookkeeping is gone, and says so itself.
    if (WEXITSTATUS(status) == 1 && !*reason) {
        snprintf(reason, REASON_BYTES, "out of memory");
        return STOPPED;
    }
    if (WEXITSTATUS(status) >= OUTCOMES) {
        snprintf(reason, REASON_BYTES, "ended with %d", WEXITSTATUS(status));
        return FAILED;
    }
    return (enum outcome)WEXITSTATUS(status);
}

// ---- seeds -------------------------------------------------------------------------------------

struct seeds {
    const char **path;
    size_t count, capacity;
};

// What is refused as it is teaches nothing when it is changed.
static bool is_read(const char *path)
{
    struct context context;
    struct graph *graph;

    context_init(&context);
    if (model_read(&context, path, NULL, &graph, NULL) != OK)
        return false;
    graph_free(graph);
    return true;
}

static void add_seed(struct seeds *seeds, struct arena *arena, const char *path)
{
    if (seeds->count == seeds->capacity) {
        size_t capacity = 2 * seeds->capacity + 64;
        const char **grown = arena_array(arena, const char *, capacity);
        if (seeds->count)
            memcpy(grown, seeds->path, seeds->count * sizeof *grown);
        seeds->path = grown;
        seeds->capacity = capacity;
    }
    seeds->path[seeds->count++] = path;
}

static void find_seeds(struct seeds *seeds, struct arena *arena, const char *folder)
{
    DIR *open = opendir(folder);

    for (struct dirent *entry; open && (entry = readdir(open));) {
        const char *path = arena_format(arena, "%s/%s", folder, entry->d_name);
        size_t length = strlen(path);
        struct stat about;
        if (*entry->d_name == '.' || stat(path, &about) != 0)
            continue;
        if (S_ISDIR(about.st_mode))
            find_seeds(seeds, arena, path);
        else if (length > 5 && strcmp(path + length - 5, ".onnx") == 0 &&
                 about.st_size < FILE_MAX && is_read(path))
            add_seed(seeds, arena, path);
    }
    if (open)
        closedir(open);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? arena_copy_bytes(arena, path, (size_t)(slash - path)) : ".";
}

// ---- the run -----------------------------------------------------------------------------------

struct run {
    uint64_t seed, first, count;
    const char *keep;
    bool is_verbose;
    struct seeds seeds;
    uint64_t of[OUTCOMES];
};

static void keep_mutant(const struct run *run, struct arena *arena, uint64_t i,
                        const struct text *bytes)
{
    const char *path;
    struct context context;

    if (!run->keep)
        return;
    context_init(&context);
    path = arena_format(arena, "%s/mutant-%llu-%llu.onnx", run->keep, (unsigned long long)run->seed,
                        (unsigned long long)i);
    if (output_file(&context, path, NULL, bytes->at, bytes->length) != OK)
        fprintf(stderr, "mutate: %s: %s\n", path, context.error);
}

static void try_mutant(struct run *run, uint64_t i)
{
    static const char *const words[OUTCOMES] = {"ran", "refused", "stopped", "FAILED"};
    struct random random = random_stream(run->seed, i, 0);
    struct arena *arena = arena_new();
    const char *path = run->seeds.path[random_below(&random, run->seeds.count)];
    char reason[REASON_BYTES];
    struct context context;
    struct message *model;
    struct mapped *mapped;
    struct text bytes, told;
    enum outcome outcome;

    context_init(&context);
    text_init(&bytes);
    text_init(&told);
    if (mapped_open(&context, path, &mapped) != OK) {
        fprintf(stderr, "mutate: %s: %s\n", path, context.error);
        exit(1);
    }
    model = tree_read(arena, mapped_bytes(mapped), KIND_MODEL);
    if (model) {
        mutate(model, &random, &told);
        tree_write(model, &bytes);
        outcome = in_process((struct span){(const unsigned char *)bytes.at, bytes.length},
                             folder_of(arena, path), random, reason);
        run->of[outcome]++;
        if (outcome == FAILED)
            keep_mutant(run, arena, i, &bytes);
        if (outcome == FAILED || run->is_verbose) {
            printf("%llu %s: %s (%s; %s)\n", (unsigned long long)i, words[outcome], reason, path,
                   told.at);
            fflush(stdout);
        }
    }
    mapped_release(mapped);
    text_clear(&bytes);
    text_clear(&told);
    arena_free(arena);
}

// A kept mutant in this process, to be looked at with a debugger. Its inputs are drawn anew.
static int replay(const char *path)
{
    struct arena *arena = arena_new();
    struct context context;
    struct mapped *mapped;

    context_init(&context);
    if (mapped_open(&context, path, &mapped) != OK) {
        fprintf(stderr, "mutate: %s: %s\n", path, context.error);
        return 1;
    }
    examine(mapped_bytes(mapped), folder_of(arena, path), random_stream(0, 0, 0));
    mapped_release(mapped);
    arena_free(arena);
    return 0;
}

int main(int count, char **argument)
{
    struct run run = {.count = 1000};
    struct arena *arena = arena_new();

    for (int i = 1; i < count; i++) {
        const char *word = argument[i], *next = i + 1 < count ? argument[i + 1] : NULL;
        if (strcmp(word, "-v") == 0)
            run.is_verbose = true;
        else if (*word != '-' || !next)
            find_seeds(&run.seeds, arena, word);
        else if (i++, strcmp(word, "--seed") == 0)
            run.seed = strtoull(next, NULL, 10);
        else if (strcmp(word, "--first") == 0)
            run.first = strtoull(next, NULL, 10);
        else if (strcmp(word, "--count") == 0)
            run.count = strtoull(next, NULL, 10);
        else if (strcmp(word, "--keep") == 0)
            run.keep = next;
        else if (strcmp(word, "--replay") == 0)
            return replay(next);
    }
    if (!run.seeds.count) {
        fprintf(stderr, "mutate [--seed S] [--first I] [--count N] [--keep FOLDER] FOLDER...\n");
        return 2;
    }
    qsort(run.seeds.path, run.seeds.count, sizeof *run.seeds.path, by_bytes);
    for (uint64_t i = run.first; i < run.first + run.count; i++)
        try_mutant(&run, i);
    printf("mutate: %llu mutants of %zu models: %llu ran, %llu stopped with an error, %llu refused "
           "when read, %llu failed\n",
           (unsigned long long)run.count, run.seeds.count, (unsigned long long)run.of[RAN],
           (unsigned long long)run.of[STOPPED], (unsigned long long)run.of[REFUSED],
           (unsigned long long)run.of[FAILED]);
    arena_free(arena);
    return run.of[FAILED] != 0;
}
