// What tests of estimates share; see estimated.h.
#include "tests/support/estimated.h"

#include "exec/infer.h"
#include "tests/support/fixture.h"

struct context context;
struct graph *graph;
struct counts counts;
struct device device;
struct energy energy;

void estimated_set_up(void)
{
    context_init(&context);
    graph = NULL;
    counts = (struct counts){.arena = NULL};
    device = (struct device){.arena = NULL};
    energy = (struct energy){.arena = NULL};
}

void estimated_tear_down(void)
{
    energy_clear(&energy);
    device_clear(&device);
    counts_clear(&counts);
    if (graph)
        graph_free(graph);
    graph = NULL;
}

void count_graph(struct counts *out)
{
    struct infer_options options = {.is_lenient = true};
    struct inference inference;

    ck_ok(graph_infer(&context, graph, &options, &inference));
    counts_init(out, graph, inference.of_value);
    inference_clear(&inference);
}

void count_text(const char *text)
{
    counts_clear(&counts);
    if (graph)
        graph_free(graph);
    graph = fixture_graph(&context, text);
    count_graph(&counts);
}
