// Pictures: whatever decodes is resized and cropped, too.
#include <stdint.h>

#include "data/pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const struct picture_plan plan = {.order = count % 2 ? ORDER_GRAY : ORDER_RGB,
                                      .shorter = 1 + (int64_t)(count % 29),
                                      .crop = 1 + (int64_t)(count % 7)};
    struct picture picture;
    struct context context;

    context_init(&context);
    if (picture_read(&context, (struct span){bytes, count}, &picture) != OK)
        return 0;
    // Small ones only: the time goes where a picture comes from.
    if ((int64_t)picture.width * picture.height > 1 << 16 ||
        picture_apply(&context, &plan, &picture) != OK)
        context.error[0] = '\0';
    picture_clear(&picture);
    return 0;
}
