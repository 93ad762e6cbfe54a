// IDX images and labels: two bytes say how many of the others are images.
#include "tests/fuzz/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dataset *dataset = dataset_new("fuzz");
    struct context context;
    size_t images;

    context_init(&context);
    images = count < 2 ? 0 : (size_t)(bytes[0] | bytes[1] << 8);
    if (count >= 2 && images <= count - 2 &&
        parse_copy(&context, dataset, bytes + 2, images, idx_parse_images, NULL) == OK &&
        parse_copy(&context, dataset, bytes + 2 + images, count - 2 - images, idx_parse_labels,
                   NULL) == OK)
        read_all(dataset);
    dataset_free(dataset);
    return 0;
}
