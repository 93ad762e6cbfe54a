// ONNX models. What was read is verified, printed, written, and must be readable again; so must
// what specialisation makes of it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/infer.h"
#include "exec/specialise.h"
#include "io/onnx.h"
#include "io/text_ir.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void must(enum status status, struct context *context, const char *what)
{
    if (status == OK)
        return;
    fprintf(stderr, "%s: %s\n", what, context->error);
    abort();
}

static void infer(struct context *context, const struct graph *graph)
{
    struct infer_options options = {.is_lenient = true};
    struct inference inference;

    if (graph_infer(context, graph, &options, &inference) == OK)
        inference_clear(&inference);
}

static void write_and_read(struct context *context, const struct graph *graph)
{
    struct onnx_source source = {{NULL, 0}, NULL, NULL, NULL};
    struct graph *again = NULL;
    struct text text;

    text_init(&text);
    graph_to_text(graph, &text);
    text_clear(&text);
    text_init(&text);
    if (onnx_write(context, graph, NULL, &text) == OK) {
        source.bytes = (struct span){(const unsigned char *)text.at, text.length};
        must(onnx_read(context, &source, &again), context, "what was written");
        graph_free(again);
    }
    text_clear(&text);
}

static void specialise(struct context *context, const struct graph *graph)
{
    struct graph *out = NULL;

    if (graph_specialise(context, graph, NULL, &out) != OK)
        return;
    must(graph_verify(context, out), context, "what was specialised");
    write_and_read(context, out);
    graph_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct onnx_source source = {{NULL, count}, NULL, NULL, NULL};
    unsigned char *copy = malloc(count ? count : 1); // so that reading past the end is seen
    struct graph *graph = NULL;
    struct context context;

    if (!copy)
        return 0;
    if (count)
        memcpy(copy, bytes, count);
    source.bytes.at = copy;
    context_init(&context);
    if (onnx_read(&context, &source, &graph) == OK) {
        must(graph_verify(&context, graph), &context, "what was read");
        infer(&context, graph);
        write_and_read(&context, graph);
        specialise(&context, graph);
        graph_free(graph);
    }
    free(copy);
    return 0;
}
