// The text IR. What was read is printed, and what was printed prints the same again.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/text_ir.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *text = malloc(count + 1);
    struct graph *graph = NULL, *again = NULL;
    struct text first, second;
    struct context context;

    if (!text)
        return 0;
    if (count)
        memcpy(text, bytes, count);
    text[count] = '\0';
    context_init(&context);
    if (graph_from_text(&context, text, &graph) == OK) {
        text_init(&first);
        text_init(&second);
        graph_to_text(graph, &first);
        if (graph_from_text(&context, first.at, &again) == OK) {
            graph_to_text(again, &second);
            if (strcmp(first.at, second.at) != 0) {
                fprintf(stderr, "%s---\n%s", first.at, second.at);
                abort();
            }
            graph_free(again);
        } else if (!strstr(context.error, "not in the text")) { // larger weights are not printed
            fprintf(stderr, "%s: %s", context.error, first.at);
            abort();
        }
        text_clear(&first);
        text_clear(&second);
        graph_free(graph);
    }
    free(text);
    return 0;
}
