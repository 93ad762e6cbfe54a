// Pictures in another size, antialiased: the same numbers as Pillow's resize(BILINEAR, reducing by
// its true support) to the last bit.
#ifndef DATA_RESIZE_H
#define DATA_RESIZE_H

#include "io/picture.h"

// The whole picture as width x height; both at least 1. The caller clears out. ERR_UNSUPPORTED or
// ERR_MEMORY where there are too many pixels.
MUST_CHECK enum status picture_resize(struct context *context, const struct picture *picture,
                                      int64_t width, int64_t height, struct picture *out);

#endif
