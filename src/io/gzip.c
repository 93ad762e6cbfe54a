// zlib behind whole-piece functions with limits.
#include "io/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

// Window sizes tell zlib what to expect around the deflated bytes.
enum { WINDOW_RAW = -15, WINDOW_ZLIB = 15, WINDOW_GZIP = 31, STEP_MAX = 1 << 30 };

bool gzip_probe(struct span head)
{
    return head.length >= 3 && head.at[0] == 0x1F && head.at[1] == 0x8B && head.at[2] == 8;
}

// The growing result.
struct heap {
    unsigned char *at;
    size_t length, capacity, limit;
};

// One byte beyond the limit may be filled, so that "too much" is told from "just full".
static bool heap_grow(struct heap *heap)
{
    size_t most = heap->limit < SIZE_MAX ? heap->limit + 1 : SIZE_MAX;
    size_t capacity = heap->capacity ? heap->capacity : 1 << 16;
    unsigned char *grown;

    capacity = capacity > most / 2 ? most : 2 * capacity;
    grown = realloc(heap->at, capacity);
    if (!grown)
        return false;
    heap->at = grown;
    heap->capacity = capacity;
    return true;
}

static unsigned step(size_t left)
{
    return left < STEP_MAX ? (unsigned)left : STEP_MAX;
}

static enum status inflate_member(struct context *context, z_stream *stream, struct span *left,
                                  struct heap *out)
{
    int code = Z_OK;

    while (code != Z_STREAM_END) {
        size_t used, made;
        if (out->length > out->limit)
            return context_fail(context, ERR_UNSUPPORTED, "inflates to more than %zu bytes",
                                out->limit);
        if (out->length == out->capacity && !heap_grow(out))
            return context_fail(context, ERR_MEMORY, "no memory to inflate");
        stream->next_in = (z_const Bytef *)(uintptr_t)left->at;
        stream->avail_in = step(left->length);
        stream->next_out = out->at + out->length;
        stream->avail_out = step(out->capacity - out->length);
        used = stream->avail_in;
        made = stream->avail_out;
        code = inflate(stream, Z_NO_FLUSH);
        used -= stream->avail_in;
        made -= stream->avail_out;
        left->at += used;
        left->length -= used;
        out->length += made;
        if (code == Z_MEM_ERROR)
            return context_fail(context, ERR_MEMORY, "no memory to inflate");
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return context_fail(context, ERR_FORMAT, "compressed data are damaged");
        if (code != Z_STREAM_END && !used && !made && !left->length)
            return context_fail(context, ERR_FORMAT, "compressed data are cut short");
    }
    return out->length > out->limit ? context_fail(context, ERR_UNSUPPORTED,
                                                   "inflates to more than %zu bytes", out->limit)
                                    : OK;
}

static enum status inflate_all(struct context *context, struct span bytes, int window, size_t limit,
                               struct span *out)
{
    struct heap heap = {NULL, 0, 0, limit};
    z_stream stream = {0};
    enum status status;

    *out = (struct span){NULL, 0};
    if (inflateInit2(&stream, window) != Z_OK)
        return context_fail(context, ERR_MEMORY, "no memory to inflate");
    status = inflate_member(context, &stream, &bytes, &heap);
    while (status == OK && window == WINDOW_GZIP && gzip_probe(bytes)) {
        inflateReset(&stream);
        status = inflate_member(context, &stream, &bytes, &heap);
    }
    inflateEnd(&stream);
    if (status == OK && bytes.length && window != WINDOW_GZIP)
        status =
            context_fail(context, ERR_FORMAT, "%zu bytes follow the compressed data", bytes.length);
    if (status != OK)
        free(heap.at);
    else
        *out = (struct span){heap.at, heap.length};
    return status;
}

enum status gzip_inflate(struct context *context, struct span bytes, size_t limit,
                         unsigned char **out, size_t *count)
{
    struct span inflated;

    *out = NULL;
    *count = 0;
    TRY(inflate_all(context, bytes, WINDOW_GZIP, limit, &inflated));
    *out = (unsigned char *)(uintptr_t)inflated.at;
    *count = inflated.length;
    return OK;
}

enum status zlib_inflate(struct context *context, struct span bytes, size_t limit, struct span *out)
{
    return inflate_all(context, bytes, WINDOW_ZLIB, limit, out);
}

enum status deflate_inflate(struct context *context, struct span bytes, size_t limit,
                            struct span *out)
{
    return inflate_all(context, bytes, WINDOW_RAW, limit, out);
}

enum status zlib_deflate(struct context *context, struct span bytes, struct text *out)
{
    z_stream stream = {0};
    unsigned char piece[1 << 14];
    int code = Z_OK;

    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK)
        return context_fail(context, ERR_MEMORY, "no memory to deflate");
    while (code != Z_STREAM_END) {
        size_t taken = step(bytes.length);
        stream.next_in = (z_const Bytef *)(uintptr_t)bytes.at;
        stream.avail_in = (unsigned)taken;
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        code = deflate(&stream, taken == bytes.length ? Z_FINISH : Z_NO_FLUSH);
        taken -= stream.avail_in;
        bytes.at += taken;
        bytes.length -= taken;
        text_add_bytes(out, piece, sizeof piece - stream.avail_out);
    }
    deflateEnd(&stream);
    return OK;
}

unsigned long crc32_of(struct span bytes)
{
    unsigned long sum = crc32(0, NULL, 0);

    while (bytes.length) {
        unsigned count = step(bytes.length);
        sum = crc32(sum, bytes.at, count);
        bytes.at += count;
        bytes.length -= count;
    }
    return sum;
}
