// Records without a header: the first byte picks CIFAR, tokens or raw and their options.
#include "tests/fuzz/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const types[] = {"u8", "i16", "f32", "i64"};
    static const char *const labels[] = {"none", "first", "last"};
    struct dataset *dataset = dataset_new("fuzz");
    struct context context;
    int64_t dim[2] = {count > 1 ? bytes[1] % 8 : 0, 3};
    struct raw_options raw = {.shape = {2, dim}};
    struct tokens_options tokens = {.type = "u16", .length = 2};
    enum status status = ERR_FORMAT;

    context_init(&context);
    if (count > 1) {
        raw.type = types[bytes[0] / 4 % 4];
        raw.label = labels[bytes[0] / 16 % 3];
        status = parse_copy(&context, dataset, bytes + 2, count - 2,
                            bytes[0] % 4 == 0   ? cifar_parse
                            : bytes[0] % 4 == 1 ? tokens_parse
                                                : raw_parse,
                            bytes[0] % 4 == 1 ? (const void *)&tokens : (const void *)&raw);
    }
    if (status == OK)
        read_all(dataset);
    dataset_free(dataset);
    return 0;
}
