// numpy's arrays and archives of them.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    unsigned char *copy = malloc(count ? count : 1);
    struct mapped *holder;
    struct context context;
    struct tensor tensor;
    struct npz npz;
    struct span span;

    if (!copy)
        return 0;
    if (count)
        memcpy(copy, bytes, count);
    holder = mapped_from_heap(copy, count);
    span = (struct span){copy, count};
    context_init(&context);
    if (npy_read_bytes(&context, span, holder, &tensor) == OK)
        tensor_release(&tensor);
    if (npz_read_bytes(&context, span, holder, &npz) == OK)
        npz_clear(&npz);
    mapped_release(holder);
    return 0;
}
