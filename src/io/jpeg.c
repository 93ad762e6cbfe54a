// JPEG files (ITU-T T.81) as 8-bit grey or RGB. The only user of libjpeg.
#include <setjmp.h>
#include <stdio.h> // jpeglib.h needs it

#include <jerror.h>
#include <jpeglib.h>

#include "io/picture_internal.h"

// A progressive file costs its size again with every scan; real ones have a dozen.
enum { MAX_SCANS = 200 };

// Everything that lives across a jump out of libjpeg. The managers come as libjpeg's own structs.
struct reader {
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct context *context;
    struct picture *out;
    enum status status;
    jmp_buf jump;
};

bool jpeg_probe(struct span bytes)
{
    return bytes.length >= 3 && bytes.at[0] == 0xff && bytes.at[1] == 0xd8 && bytes.at[2] == 0xff;
}

static struct reader *reader_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static void give_up(j_common_ptr jpeg)
{
    struct reader *reader = reader_of(jpeg);
    char message[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, message);
    reader->status =
        context_fail(reader->context, ERR_FORMAT, "damaged JPEG file: libjpeg says '%s'", message);
    longjmp(reader->jump, 1);
}

// libjpeg fills the gaps of damaged files with grey and warns: here a warning is an error, but for
// those that change no pixel.
static void judge(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;

    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM &&
        code != JWRN_JFIF_MAJOR && code != JWRN_BOGUS_ICC)
        give_up(jpeg);
}

static void say_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void count_scans(j_common_ptr jpeg)
{
    const struct jpeg_decompress_struct *self = (const void *)jpeg;
    struct reader *reader = reader_of(jpeg);

    if (self->input_scan_number <= MAX_SCANS)
        return;
    reader->status = context_fail(reader->context, ERR_UNSUPPORTED,
                                  "a JPEG file of more than %d scans", MAX_SCANS);
    longjmp(reader->jump, 1);
}

// Files of four inks hold them inverted, as Adobe began it: value 0 is full ink. So a channel is
// ink x black / 255, rounded as Pillow does.
static void rgb_from_cmyk(const unsigned char *from, int32_t count, unsigned char *to)
{
    for (int32_t i = 0; i < count; i++, from += 4, to += 3)
        for (int c = 0; c < 3; c++) {
            int black = from[3], product = (255 - from[c]) * black + 128;
            int value = black - (((product >> 8) + product) >> 8);
            to[c] = (unsigned char)(value < 0 ? 0 : value);
        }
}

static void read_rows(struct jpeg_decompress_struct *jpeg, struct picture *out)
{
    size_t stride = (size_t)out->width * (size_t)out->channels;
    JSAMPARRAY line = NULL;

    if (jpeg->out_color_space == JCS_CMYK)
        line = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 4, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned char *row = out->pixel + (size_t)jpeg->output_scanline * stride;
        jpeg_read_scanlines(jpeg, line ? line : &row, 1);
        if (line)
            rgb_from_cmyk(line[0], out->width, row);
    }
    jpeg_finish_decompress(jpeg);
}

static void decode(struct jpeg_decompress_struct *jpeg, struct reader *reader, struct span bytes)
{
    if (setjmp(reader->jump))
        return;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &reader->progress;
    jpeg_mem_src(jpeg, bytes.at, bytes.length);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->num_components == 4)
        jpeg->out_color_space = JCS_CMYK;
    else if (jpeg->num_components != 1)
        jpeg->out_color_space = JCS_RGB;
    reader->status = picture_alloc(reader->context, reader->out, jpeg->image_width,
                                   jpeg->image_height, jpeg->num_components == 1 ? 1 : 3);
    if (reader->status != OK)
        return;
    jpeg_start_decompress(jpeg);
    read_rows(jpeg, reader->out);
}

enum status jpeg_decode(struct context *context, struct span bytes, struct picture *out)
{
    struct jpeg_decompress_struct jpeg = {0};
    struct reader reader = {.context = context, .out = out, .status = OK};

    jpeg.err = jpeg_std_error(&reader.errors);
    jpeg.client_data = &reader;
    reader.errors.error_exit = give_up;
    reader.errors.emit_message = judge;
    reader.errors.output_message = say_nothing;
    reader.progress.progress_monitor = count_scans;
    decode(&jpeg, &reader, bytes);
    jpeg_destroy_decompress(&jpeg);
    return reader.status;
}
