// The packed container; see packed.h and docs/packed.md.
#include "io/packed.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "base/sha256.h"
#include "io/file.h"
#include "io/gzip.h"
#include "io/model.h"
#include "io/onnx.h"
#include "io/weight_coder.h"

// The file: magic, version, checksum of what follows, then two counts, the head deflated, and the
// range coder's stream. The head: the layouts of the tensors and the ONNX model without them.
enum {
    MAGIC_BYTES = 8,
    VERSION = 1,
    VERSION_AT = MAGIC_BYTES,
    CHECKSUM_AT,
    CHECKSUM_BYTES = 8,
    BODY_AT = CHECKSUM_AT + CHECKSUM_BYTES,
    ALIGNMENT = 64,      // of tensors behind each other, as onnx_write places them
    OUTSIDE_BYTES = 96,  // smaller tensors stay in the model: naming their place costs more
    DEFLATE_MOST = 1040, // deflate never shrinks by more
};

static const unsigned char magic[MAGIC_BYTES] = {0x89, 'e', 'c', 'a', 'i', 'p', 'k', '\n'};
static const char place_name[] = "w";

// The high bit and the newline of the magic show damage by text transfers, as in PNG.
int packed_probe(struct span head)
{
    return head.length >= MAGIC_BYTES && memcmp(head.at, magic, MAGIC_BYTES) == 0 ? 100 : 0;
}

static void checksum(const void *bytes, size_t count, unsigned char sum[CHECKSUM_BYTES])
{
    char hex[SHA256_HEX_BYTES];
    struct sha256 hash;

    sha256_init(&hash);
    sha256_add(&hash, bytes, count);
    sha256_hex(&hash, hex);
    for (int i = 0; i < CHECKSUM_BYTES; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        sum[i] = (unsigned char)strtoul(two, NULL, 16);
    }
}

void packed_seal(void *bytes, size_t count)
{
    if (count >= BODY_AT)
        checksum((unsigned char *)bytes + BODY_AT, count - BODY_AT,
                 (unsigned char *)bytes + CHECKSUM_AT);
}

// ---- numbers in the head -----------------------------------------------------------------------

static void put_number(struct text *out, uint64_t number)
{
    for (; number > 127; number >>= 7)
        text_add_bytes(out, &(unsigned char){(unsigned char)(number | 128)}, 1);
    text_add_bytes(out, &(unsigned char){(unsigned char)number}, 1);
}

static bool take_number(struct span *from, uint64_t most, uint64_t *number)
{
    *number = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (from->length == 0)
            return false;
        unsigned char byte = *from->at++;
        from->length--;
        *number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return *number <= most;
    }
    return false;
}

static void put_layout(struct text *out, const struct weight_layout *layout)
{
    put_number(out, (uint64_t)layout->dtype);
    put_number(out, (uint64_t)layout->count);
    put_number(out, (uint64_t)layout->kernel);
    put_number(out, (uint64_t)layout->row);
    put_number(out, (uint64_t)(layout->centre + 128));
    put_number(out, layout->plain);
}

static bool take_layout(struct span *from, struct weight_layout *layout)
{
    uint64_t dtype, count, kernel, row, centre, plain;

    if (!take_number(from, DT_COUNT - 1, &dtype) || !take_number(from, INT64_MAX / 16, &count) ||
        !take_number(from, INT64_MAX / 16, &kernel) || !take_number(from, INT64_MAX / 16, &row) ||
        !take_number(from, 128 + 255, &centre) || !take_number(from, 255, &plain) || kernel < 1 ||
        row < 1)
        return false;
    *layout = (struct weight_layout){(enum dtype)dtype, (int64_t)count,    (int64_t)kernel,
                                     (int64_t)row,      (int)centre - 128, (unsigned)plain};
    return true;
}

// ---- writing -----------------------------------------------------------------------------------

static void write_weights(const struct onnx_target *target, struct text *head, struct text *stream)
{
    struct weight_models *models = weight_models_new();
    struct range_encoder coder;

    range_encoder_init(&coder, stream);
    put_number(head, target->outside.count);
    for (size_t i = 0; i < target->outside.count; i++) {
        const struct tensor *tensor = &target->outside.at[i].tensor;
        struct weight_layout layout = weight_layout_of(tensor);
        put_layout(head, &layout);
        weight_encode(&coder, models, &layout, tensor_data(tensor));
    }
    range_encoder_finish(&coder);
    weight_models_free(models);
}

enum status packed_write(struct context *context, const struct graph *graph, struct text *out)
{
    struct arena *arena = arena_new();
    struct onnx_target target = {place_name, OUTSIDE_BYTES, .arena = arena};
    const size_t start = out->length;
    struct text model, head, stream, deflated;
    enum status status;

    text_init(&model);
    text_init(&head);
    text_init(&stream);
    text_init(&deflated);
    status = onnx_write(context, graph, &target, &model);
    if (status != OK)
        goto done;
    write_weights(&target, &head, &stream);
    text_add_bytes(&head, model.at, model.length);
    status = zlib_deflate(context, (struct span){(const unsigned char *)head.at, head.length},
                          &deflated);
    if (status != OK)
        goto done;
    text_add_bytes(out, magic, MAGIC_BYTES);
    text_add_bytes(out, &(unsigned char){VERSION}, 1);
    text_add_bytes(out, (unsigned char[CHECKSUM_BYTES]){0}, CHECKSUM_BYTES);
    put_number(out, head.length);
    put_number(out, deflated.length);
    text_add_bytes(out, deflated.at, deflated.length);
    text_add_bytes(out, stream.at, stream.length);
    packed_seal(out->at + start, out->length - start);
done:
    text_clear(&model);
    text_clear(&head);
    text_clear(&stream);
    text_clear(&deflated);
    arena_free(arena);
    return status;
}

// ---- reading -----------------------------------------------------------------------------------

struct weights {
    struct mapped *mapped; // all tensors behind each other; NULL: there are none
};

static enum status damaged(struct context *context, const char *what)
{
    return context_fail(context, ERR_FORMAT, "packed model is damaged: %s", what);
}

// Bytes that all tensors take, and whether the stream can hold so many elements at all: a short
// file must not ask for unbounded memory and time.
static enum status measure(struct context *context, struct span layouts, uint64_t count,
                           size_t stream_bytes, int64_t *total)
{
    double elements = 0;

    *total = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct weight_layout layout;
        int64_t padded;

        if (!take_layout(&layouts, &layout))
            return damaged(context, "the layout of a tensor");
        elements += (double)layout.count;
        padded = (int64_t)((weight_layout_bytes(&layout) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (!checked_add(*total, padded, total))
            return damaged(context, "tensors too large");
    }
    if (elements > range_coder_most_bits((double)stream_bytes))
        return damaged(context, "more numbers than its bytes can hold");
    return OK;
}

static enum status read_weights(struct context *context, struct span *head, struct span stream,
                                struct weights *weights)
{
    struct weight_models *models;
    struct range_decoder coder;
    uint64_t count;
    int64_t total;
    unsigned char *data;

    if (!take_number(head, head->length / 6, &count))
        return damaged(context, "the number of tensors");
    TRY(measure(context, *head, count, stream.length, &total));
    data = calloc(1, (size_t)total + 1);
    if (!data)
        return context_fail(context, ERR_MEMORY, "no memory for %lld bytes of weights",
                            (long long)total);
    weights->mapped = mapped_from_heap(data, (size_t)total);
    models = weight_models_new();
    range_decoder_init(&coder, stream.at, stream.length);
    for (uint64_t i = 0; i < count; i++) {
        struct weight_layout layout;
        size_t bytes;

        if (!take_layout(head, &layout))
            break; // measured before
        bytes = weight_layout_bytes(&layout);
        weight_decode(&coder, models, &layout, data);
        data += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    weight_models_free(models);
    return OK;
}

static enum status find_weight(struct context *context, void *self, const struct onnx_place *place,
                               size_t bytes, struct span *out, struct mapped **holder)
{
    struct weights *weights = self;
    struct span all = mapped_bytes(weights->mapped);

    if (strcmp(place->location, place_name) != 0 || place->offset < 0 ||
        (uint64_t)place->offset > all.length || bytes > all.length - (size_t)place->offset)
        return damaged(context, "a tensor lies outside its data");
    *out = (struct span){all.at + place->offset, bytes};
    *holder = weights->mapped;
    return OK;
}

static enum status read_model(struct context *context, struct span head, struct span stream,
                              struct graph **out)
{
    struct weights weights = {NULL};
    struct onnx_source source = {.external = find_weight, .self = &weights};
    enum status status = read_weights(context, &head, stream, &weights);

    if (status == OK) {
        source.bytes = head;
        status = onnx_read(context, &source, out);
    }
    mapped_release(weights.mapped);
    return status;
}

enum status packed_read(struct context *context, struct span bytes, struct graph **out)
{
    unsigned char sum[CHECKSUM_BYTES];
    struct span body = bytes, head;
    uint64_t head_bytes, stored_bytes;
    enum status status;

    *out = NULL;
    if (!packed_probe(bytes))
        return context_fail(context, ERR_FORMAT, "not a packed model");
    if (bytes.length < BODY_AT)
        return damaged(context, "it is cut short");
    if (bytes.at[VERSION_AT] != VERSION)
        return context_fail(context, ERR_UNSUPPORTED, "packed model of version %d, this reads %d",
                            bytes.at[VERSION_AT], VERSION);
    checksum(bytes.at + BODY_AT, bytes.length - BODY_AT, sum);
    if (memcmp(sum, bytes.at + CHECKSUM_AT, CHECKSUM_BYTES) != 0)
        return damaged(context, "its checksum is wrong");
    body.at += BODY_AT;
    body.length -= BODY_AT;
    if (!take_number(&body, (uint64_t)bytes.length * DEFLATE_MOST, &head_bytes) ||
        !take_number(&body, bytes.length, &stored_bytes) || stored_bytes > body.length)
        return damaged(context, "the size of its head");
    status = zlib_inflate(context, (struct span){body.at, (size_t)stored_bytes}, (size_t)head_bytes,
                          &head);
    if (status != OK)
        return status;
    body.at += stored_bytes;
    body.length -= (size_t)stored_bytes;
    status = head.length == head_bytes ? read_model(context, head, body, out)
                                       : damaged(context, "the size of its head");
    free((void *)(uintptr_t)head.at);
    return status;
}

static enum status read_source(struct context *context, const struct model_source *source,
                               struct graph **out)
{
    return packed_read(context, source->bytes, out);
}

static enum status write_target(struct context *context, const struct graph *graph,
                                struct model_target *target)
{
    return packed_write(context, graph, &target->bytes);
}

const struct format format_packed = {"packed", "entropy-coded, as small as can be", packed_probe,
                                     read_source, write_target};
