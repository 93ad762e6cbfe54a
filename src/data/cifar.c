// CIFAR-10's binary version (Krizhevsky 2009): records of a label byte and 3x32x32 bytes.
#include "data/source.h"

enum { CIFAR_PIXELS = 3 * 32 * 32, CIFAR_RECORD = 1 + CIFAR_PIXELS, CIFAR_CLASSES = 10 };

enum status cifar_parse(struct context *context, struct dataset *dataset,
                        const struct tensor *bytes, const void *option)
{
    struct data_column column = {
        .dtype = DT_U8, .shape = {3, {3, 32, 32}}, .layout = LAYOUT_NCHW, .stride = CIFAR_RECORD};
    const unsigned char *at = tensor_data(bytes);
    size_t length = tensor_bytes(bytes);
    int64_t *label;

    (void)option;
    if (length == 0 || length % CIFAR_RECORD != 0)
        return context_fail(context, ERR_FORMAT,
                            "%lld bytes are no multiple of CIFAR-10's records of %d",
                            (long long)length, CIFAR_RECORD);
    dataset->record_count = (int64_t)(length / CIFAR_RECORD);
    dataset->classes = CIFAR_CLASSES;
    TRY(source_add_input(context, dataset, &column, bytes, 1));
    TRY(source_add_labels(context, dataset, &label));
    for (int64_t i = 0; i < dataset->record_count; i++) {
        label[i] = at[(size_t)i * CIFAR_RECORD];
        if (label[i] >= CIFAR_CLASSES)
            return context_fail(context, ERR_FORMAT,
                                "record %lld has label %lld, CIFAR-10 ends at 9", (long long)i,
                                (long long)label[i]);
    }
    return source_end_labels(context, dataset);
}

static enum status open_cifar(struct context *context, struct dataset *dataset,
                              const struct source_call *call)
{
    return source_parse_file(context, dataset, call->path[0], cifar_parse, NULL);
}

const struct source source_cifar = {
    .name = "cifar", .form = "cifar:FILE", .min_paths = 1, .max_paths = 1, .open = open_cifar};
