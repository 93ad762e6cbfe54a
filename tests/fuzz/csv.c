// Tables: the first byte says where the label is.
#include "tests/fuzz/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const places[] = {"first", "last", "none", "1"};
    struct dataset *dataset = dataset_new("fuzz");
    struct csv_options options;
    struct context context;

    context_init(&context);
    options.label = places[count ? bytes[0] % 4 : 0];
    options.target = count && bytes[0] & 4 ? options.label : NULL;
    if (count && parse_copy(&context, dataset, bytes + 1, count - 1, csv_parse, &options) == OK)
        read_all(dataset);
    dataset_free(dataset);
    return 0;
}
