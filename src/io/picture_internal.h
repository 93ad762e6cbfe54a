// The decoders behind picture_read: each has its library's only door.
#ifndef IO_PICTURE_INTERNAL_H
#define IO_PICTURE_INTERNAL_H

#include <stdbool.h>

#include "io/picture.h"

bool png_probe(struct span bytes);
MUST_CHECK enum status png_decode(struct context *context, struct span bytes, struct picture *out);
bool jpeg_probe(struct span bytes);
MUST_CHECK enum status jpeg_decode(struct context *context, struct span bytes, struct picture *out);

#endif
