// What the fuzz targets of the data formats share: bytes in, a data set read to its last element.
#ifndef TESTS_FUZZ_PARSE_H
#define TESTS_FUZZ_PARSE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

// A copy of exactly that size, so that reading past the end is seen.
static inline enum status parse_copy(struct context *context, struct dataset *dataset,
                                     const uint8_t *bytes, size_t count, source_parse *parse,
                                     const void *option)
{
    struct shape shape = SHAPE((int64_t)count);
    struct tensor tensor = {0};
    enum status status;
    void *copy;

    if (count == 0)
        return ERR_FORMAT;
    copy = malloc(count);
    if (!copy)
        return ERR_MEMORY;
    memcpy(copy, bytes, count);
    status = tensor_wrap(context, &tensor, DT_U8, &shape, copy, free, copy);
    if (status == OK)
        status = parse(context, dataset, &tensor, option);
    tensor_release(&tensor);
    return status;
}

// Touches every byte and label of what was parsed.
static inline void read_all(struct dataset *dataset)
{
    char hex[SHA256_HEX_BYTES];
    struct context quiet;

    context_init(&quiet);
    dataset->count = dataset->record_count;
    if (dataset_sha256(&quiet, dataset, hex) != OK)
        abort(); // nothing of a parsed set can be missing
}

#endif
