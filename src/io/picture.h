// Pictures of 8 bits a channel out of files, known by their content: PNG and JPEG.
#ifndef IO_PICTURE_H
#define IO_PICTURE_H

#include <stdint.h>

#include "base/context.h"
#include "io/span.h"

struct picture {
    int32_t width, height;
    int32_t channels;     // 1: grey, 3: red, green, blue
    unsigned char *pixel; // [height][width][channels], on the heap
};

// What a header may ask for: more is a decompression bomb or nothing that a network takes.
enum { PICTURE_MAX_PIXELS = 1 << 26, PICTURE_MAX_SIDE = 65535 };

// The pixels as stored: gamma, colour profiles and the orientation of EXIF change nothing. 16-bit
// channels keep their upper byte, palettes are looked up, an alpha channel is dropped, CMYK becomes
// RGB; all as Pillow's convert("RGB") has it. ERR_FORMAT: damaged, cut short, or no picture;
// ERR_UNSUPPORTED: more pixels than PICTURE_MAX_PIXELS; ERR_MEMORY. Messages do not name the file.
// The caller clears the picture.
MUST_CHECK enum status picture_read(struct context *context, struct span bytes,
                                    struct picture *out);

// Room for pixels, not cleared; ERR_FORMAT, ERR_UNSUPPORTED or ERR_MEMORY.
MUST_CHECK enum status picture_alloc(struct context *context, struct picture *picture,
                                     int64_t width, int64_t height, int32_t channels);
void picture_clear(struct picture *picture); // zeroed is fine

#endif
