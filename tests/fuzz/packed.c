// Packed models: the checksum is put right first, or nothing would get past it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct graph *graph = NULL;
    struct context context;
    unsigned char *copy = malloc(count ? count : 1);

    if (!copy)
        return 0;
    if (count)
        memcpy(copy, bytes, count);
    packed_seal(copy, count);
    context_init(&context);
    if (packed_read(&context, (struct span){copy, count}, &graph) == OK)
        graph_free(graph);
    free(copy);
    return 0;
}
