// Pictures: which decoder, and room for the pixels.
#include "io/picture.h"

#include <stdlib.h>

#include "io/picture_internal.h"

enum status picture_alloc(struct context *context, struct picture *picture, int64_t width,
                          int64_t height, int32_t channels)
{
    *picture = (struct picture){0};
    if (width < 1 || height < 1)
        return context_fail(context, ERR_FORMAT, "a picture of %lldx%lld pixels", (long long)width,
                            (long long)height);
    if (width > PICTURE_MAX_SIDE || height > PICTURE_MAX_SIDE ||
        width * height > PICTURE_MAX_PIXELS)
        return context_fail(context, ERR_UNSUPPORTED,
                            "%lldx%lld pixels, more than the %d that are read", (long long)width,
                            (long long)height, PICTURE_MAX_PIXELS);
    picture->pixel = malloc((size_t)width * (size_t)height * (size_t)channels);
    if (!picture->pixel)
        return context_fail(context, ERR_MEMORY, "no memory for %lldx%lld pixels", (long long)width,
                            (long long)height);
    picture->width = (int32_t)width;
    picture->height = (int32_t)height;
    picture->channels = channels;
    return OK;
}

void picture_clear(struct picture *picture)
{
    free(picture->pixel);
    *picture = (struct picture){0};
}

enum status picture_read(struct context *context, struct span bytes, struct picture *out)
{
    enum status status;

    *out = (struct picture){0};
    if (png_probe(bytes))
        status = png_decode(context, bytes, out);
    else if (jpeg_probe(bytes))
        status = jpeg_decode(context, bytes, out);
    else
        return context_fail(context, ERR_FORMAT, "%s",
                            bytes.length ? "neither a PNG nor a JPEG file" : "the file is empty");
    if (status != OK)
        picture_clear(out);
    return status;
}
