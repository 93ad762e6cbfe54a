// Proof of the axis maps on whole models: of every group of channels that pass/channels.h offers in
// the simplified graph, some channels are zeroed (weights, biases, scales and shifts), then cut.
// The reference executor must give the same bits for both.
//     prove-channels [--list] [--shape NAME=1,3,64,64] [--set NAME=VALUE] MODEL...
// --shape and --set belong to the model that follows.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "exec/reference.h"
#include "exec/specialise.h"
#include "io/model.h"
#include "pass/channels.h"
#include "pass/pass.h"

enum { OPEN_DIM = 2, INTEGERS = 8 };

struct proof {
    struct context *context;
    const struct graph *graph;
    struct inference inference;
    struct tensor *input, *zeroed, *cut;
};

static enum status fill_inputs(struct proof *proof)
{
    for (uint32_t i = 0; i < proof->graph->input_count; i++) {
        const struct tensor *like = &proof->inference.of_value[proof->graph->input[i].at];
        struct random random = random_stream(7, i, 0);
        TRY(tensor_alloc(proof->context, &proof->input[i], like->dtype, &like->shape));
        for (int64_t k = 0; k < tensor_count(like); k++)
            tensor_set(&proof->input[i], k,
                       dtype_info[like->dtype].is_float ? random_normal(&random)
                                                        : floor(random_unit(&random) * INTEGERS));
    }
    return OK;
}

// Channels 0 and, of larger groups, the middle one.
static void mark_some(struct channels *channels)
{
    for (int g = 0; g < channels->count; g++) {
        if (!channels->group[g].is_offered)
            continue;
        channels_mark(channels, g, 0);
        if (channels->group[g].count > 3)
            channels_mark(channels, g, channels->group[g].count / 2);
    }
}

static enum status compare(struct proof *proof)
{
    for (uint32_t i = 0; i < proof->graph->output_count; i++) {
        const struct tensor *a = &proof->zeroed[i], *b = &proof->cut[i];
        if (!shape_equal(&a->shape, &b->shape) ||
            memcmp(tensor_data(a), tensor_data(b), tensor_bytes(a)) != 0)
            return context_fail(proof->context, ERR_NUMERIC, "output %u differs after cutting", i);
    }
    return OK;
}

static enum status run_both(struct proof *proof, const struct channels *channels)
{
    struct graph *zeroed = graph_clone(proof->graph), *cut;
    enum status status = channels_zero(proof->context, channels, zeroed);

    if (status == OK)
        status = reference_run(proof->context, zeroed, proof->input, proof->zeroed, NULL);
    cut = graph_clone(zeroed);
    if (status == OK)
        status = channels_cut(proof->context, channels, cut);
    if (status == OK)
        status = reference_run(proof->context, cut, proof->input, proof->cut, NULL);
    if (status == OK)
        status = compare(proof);
    graph_free(zeroed);
    graph_free(cut);
    return status;
}

static void print_groups(const struct channels *channels)
{
    for (int g = 0; g < channels->count; g++) {
        const struct channel_group *group = &channels->group[g];
        printf(
            "    %lld channels of '%s' (%s)%s%s\n", (long long)group->count, group->node, group->op,
            group->is_offered ? "" : ": cannot be cut: ", group->is_offered ? "" : group->reason);
    }
}

static enum status prove(struct context *context, const struct graph *graph,
                         const struct infer_options *options, bool is_listed, const char *name)
{
    struct channels channels = {.arena = NULL};
    struct arena *arena = arena_new();
    struct proof proof = {.context = context, .graph = graph};
    enum status status = graph_infer(context, graph, options, &proof.inference);

    proof.input = arena_array(arena, struct tensor, graph->input_count + 1);
    proof.zeroed = arena_array(arena, struct tensor, graph->output_count + 1);
    proof.cut = arena_array(arena, struct tensor, graph->output_count + 1);
    if (status == OK)
        status = channels_find(context, graph, options, &channels);
    if (status == OK) {
        mark_some(&channels);
        status = fill_inputs(&proof);
    }
    if (status == OK)
        status = run_both(&proof, &channels);
    if (channels.arena)
        printf("%-28s %3d of %3d groups of channels can be cut: %s\n", name, channels.offered,
               channels.count, status == OK ? "same bits" : "FAILED");
    if (channels.arena && is_listed)
        print_groups(&channels);
    inference_clear(&proof.inference);
    channels_clear(&channels);
    arena_free(arena); // the tensors' data go with the process
    return status;
}

// The simplified, specialised graph, as structured pruning would see it.
static enum status prove_file(struct context *context, const char *path,
                              struct infer_options *options, bool is_listed)
{
    const char *slash = strrchr(path, '/');
    struct graph *graph, *special;
    enum status status;

    TRY(model_read(context, path, NULL, &graph, NULL));
    status = graph_specialise(context, graph, options, &special);
    graph_free(graph);
    TRY(status);
    options->set.count = 0; // such inputs are gone
    status = pipeline_run(context, &pass_simplify, (struct pass_run){0}, &special);
    if (status == OK) {
        channels_untie(special);
        status = prove(context, special, options, is_listed, slash ? slash + 1 : path);
    }
    graph_free(special);
    return status;
}

enum { SETTINGS_MAX = 16 };

// Takes the word behind --shape or --set, for the next model.
static bool take_setting(int count, char **argument, int *i, const char *option,
                         struct strings *list, const char **at)
{
    if (strcmp(argument[*i], option) != 0 || *i + 1 >= count || list->count == SETTINGS_MAX)
        return false;
    at[list->count++] = argument[++*i];
    return true;
}

int main(int count, char **argument)
{
    const char *shape[SETTINGS_MAX], *set[SETTINGS_MAX];
    struct infer_options options = {.batch = OPEN_DIM, .shape = {.at = shape}, .set = {.at = set}};
    bool is_listed = false;
    int failures = 0;

    for (int i = 1; i < count; i++) {
        struct context context;
        if (strcmp(argument[i], "--list") == 0) {
            is_listed = true;
            continue;
        }
        if (take_setting(count, argument, &i, "--shape", &options.shape, shape) ||
            take_setting(count, argument, &i, "--set", &options.set, set))
            continue;
        context_init(&context);
        if (prove_file(&context, argument[i], &options, is_listed) != OK) {
            printf("%s: %s\n", argument[i], context.error);
            failures++;
        }
        options.shape.count = options.set.count = 0;
        fflush(stdout);
    }
    return failures ? 1 : 0;
}
