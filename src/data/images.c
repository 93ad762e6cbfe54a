// Folders of pictures: named here so that the message says what to do until they are supported.
#include "data/source.h"

static enum status open_images(struct context *context, struct dataset *dataset,
                               const struct source_call *call)
{
    (void)dataset;
    return context_fail(
        context, ERR_UNSUPPORTED,
        "%s: folders of images are not supported yet; convert them to npy: or idx:", call->path[0]);
}

const struct source source_images = {.name = "images",
                                     .form = "images:FOLDER (not yet)",
                                     .min_paths = 1,
                                     .max_paths = 1,
                                     .open = open_images};
