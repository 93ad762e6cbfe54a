// PNG files (ISO/IEC 15948) as 8-bit grey or RGB. The only user of libpng.
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "io/picture_internal.h"

// Everything that lives across a jump out of libpng.
struct reader {
    struct context *context;
    struct span left;
    struct picture *out;
    png_structp png;
    png_infop info;
    enum status status;
    jmp_buf jump;
};

bool png_probe(struct span bytes)
{
    return bytes.length >= 8 && png_sig_cmp(bytes.at, 0, 8) == 0;
}

static void give_up(png_structp png, png_const_charp message)
{
    struct reader *reader = png_get_error_ptr(png);

    reader->status =
        context_fail(reader->context, ERR_FORMAT, "damaged PNG file: libpng says '%s'", message);
    longjmp(reader->jump, 1);
}

// Remarks about chunks that no pixel depends on.
static void ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void take_bytes(png_structp png, png_bytep to, size_t count)
{
    struct reader *reader = png_get_io_ptr(png);

    if (count > reader->left.length)
        png_error(png, "the file is cut short");
    memcpy(to, reader->left.at, count);
    reader->left.at += count;
    reader->left.length -= count;
}

// 8 bits a channel, one channel or three, whatever the file has.
static void ask_for_plain_pixels(struct reader *reader)
{
    png_byte type = png_get_color_type(reader->png, reader->info);

    png_set_strip_16(reader->png);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(reader->png);
    else if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_expand_gray_1_2_4_to_8(reader->png);
    png_set_strip_alpha(reader->png);
}

static void read_rows(struct reader *reader)
{
    struct picture *out = reader->out;
    int passes = png_set_interlace_handling(reader->png);
    size_t stride = (size_t)out->width * (size_t)out->channels;

    png_read_update_info(reader->png, reader->info);
    if (png_get_rowbytes(reader->png, reader->info) != stride)
        png_error(reader->png, "rows of an unexpected length");
    for (int pass = 0; pass < passes; pass++)
        for (int32_t y = 0; y < out->height; y++)
            png_read_row(reader->png, out->pixel + (size_t)y * stride, NULL);
    png_read_end(reader->png, NULL);
}

static void decode(struct reader *reader)
{
    if (setjmp(reader->jump))
        return;
    png_set_read_fn(reader->png, reader, take_bytes);
    png_read_info(reader->png, reader->info);
    ask_for_plain_pixels(reader);
    reader->status =
        picture_alloc(reader->context, reader->out, png_get_image_width(reader->png, reader->info),
                      png_get_image_height(reader->png, reader->info),
                      png_get_color_type(reader->png, reader->info) & PNG_COLOR_MASK_COLOR ? 3 : 1);
    if (reader->status == OK)
        read_rows(reader);
}

enum status png_decode(struct context *context, struct span bytes, struct picture *out)
{
    struct reader reader = {.context = context, .left = bytes, .out = out, .status = ERR_MEMORY};

    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, give_up, ignore);
    if (reader.png)
        reader.info = png_create_info_struct(reader.png);
    if (reader.info)
        decode(&reader);
    else
        context_fail(context, ERR_MEMORY, "no memory to read a PNG file");
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return reader.status;
}
