// TensorProto in and out. Raw data stay in the mapped file where their alignment allows; numbers
// in typed fields are converted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/spill.h"
#include "io/file.h"
#include "io/onnx_internal.h"

const char *wire_text(struct wire *wire, const struct wire_field *field, struct arena *arena)
{
    struct span bytes = wire_bytes(wire, field);

    if (!bytes.length)
        return "";
    if (memchr(bytes.at, 0, bytes.length)) {
        if (!wire->problem)
            wire->problem = "damaged: a name holds a zero byte";
        return "";
    }
    return arena_copy_bytes(arena, bytes.at, bytes.length);
}

// How the typed fields of TensorProto hold a dtype: the field and the wire type of its numbers.
struct typed_field {
    uint32_t number;
    enum wire_type width;
};

static struct typed_field typed_field(enum dtype dtype)
{
    switch (dtype) {
    case DT_F32:
        return (struct typed_field){TENSOR_FLOATS, WIRE_I32};
    case DT_F64:
        return (struct typed_field){TENSOR_DOUBLES, WIRE_I64};
    case DT_I64:
        return (struct typed_field){TENSOR_INT64S, WIRE_VARINT};
    case DT_U32:
    case DT_U64:
        return (struct typed_field){TENSOR_UINT64S, WIRE_VARINT};
    default:
        return (struct typed_field){TENSOR_INT32S, WIRE_VARINT};
    }
}

static enum status open_fields(struct context *context, struct arena *arena, struct wire *wire,
                               struct tensor_proto *out)
{
    uint64_t dim[SHAPE_MAX_RANK];
    struct wire_field field;
    int64_t rank = 0;

    while (wire_next(wire, &field)) {
        switch (field.number) {
        case TENSOR_DIMS: {
            size_t count = wire_numbers(wire, &field, WIRE_VARINT, NULL);
            if (rank + (int64_t)count > SHAPE_MAX_RANK || count > SHAPE_MAX_RANK)
                return context_fail(context, ERR_UNSUPPORTED, "has more than %d dimensions",
                                    SHAPE_MAX_RANK);
            wire_numbers(wire, &field, WIRE_VARINT, &dim[rank]);
            rank += (int64_t)count;
            break;
        }
        case TENSOR_TYPE:
            out->type = wire_int(wire, &field);
            break;
        case TENSOR_NAME:
            out->name = wire_text(wire, &field, arena);
            break;
        case TENSOR_DOC:
            out->doc = wire_text(wire, &field, arena);
            break;
        case TENSOR_SEGMENT:
            return context_fail(context, ERR_UNSUPPORTED, "is stored in segments");
        default:
            break;
        }
    }
    TRY(wire_status(context, wire));
    for (int64_t i = 0; i < rank; i++)
        if ((int64_t)dim[i] < 0)
            return context_fail(context, ERR_SHAPE, "dimension %lld is negative", (long long)i);
    return shape_set(context, &out->shape, rank, (const int64_t *)dim);
}

enum status tensor_proto_open(struct context *context, struct arena *arena, struct span bytes,
                              int depth, struct tensor_proto *out)
{
    struct wire wire = wire_over(bytes, depth);

    *out = (struct tensor_proto){.bytes = bytes, .name = "", .doc = ""};
    return open_fields(context, arena, &wire, out);
}

// What the data fields of a TensorProto hold.
struct contents {
    struct span raw;
    bool has_raw, is_external;
    size_t number_count;
    struct onnx_place place;
};

static bool parse_int64(const char *text, int64_t *out)
{
    char *end;

    *out = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *out < INT64_MAX;
}

static enum status place_entry(struct context *context, struct arena *arena, struct span bytes,
                               struct onnx_place *place)
{
    struct wire wire = wire_over(bytes, 0);
    const char *key = "", *value = "";
    struct wire_field field;
    bool is_valid = true;

    while (wire_next(&wire, &field))
        if (field.number == ENTRY_KEY)
            key = wire_text(&wire, &field, arena);
        else if (field.number == ENTRY_VALUE)
            value = wire_text(&wire, &field, arena);
    TRY(wire_status(context, &wire));
    if (strcmp(key, "location") == 0)
        place->location = value;
    else if (strcmp(key, "offset") == 0)
        is_valid = parse_int64(value, &place->offset);
    else if (strcmp(key, "length") == 0)
        is_valid = parse_int64(value, &place->length);
    return is_valid ? OK
                    : context_fail(context, ERR_FORMAT, "external data: '%s' is no valid %s", value,
                                   key);
}

static enum status look_inside(struct context *context, struct arena *arena,
                               const struct tensor_proto *proto, enum dtype dtype,
                               struct contents *out)
{
    struct typed_field typed = typed_field(dtype);
    struct wire wire = wire_over(proto->bytes, 0);
    struct wire_field field;

    *out = (struct contents){.place = {NULL, 0, -1}};
    while (wire_next(&wire, &field)) {
        if (field.number == typed.number)
            out->number_count += wire_numbers(&wire, &field, typed.width, NULL);
        else if (field.number == TENSOR_RAW) {
            out->raw = wire_bytes(&wire, &field);
            out->has_raw = true;
        } else if (field.number == TENSOR_EXTERNAL) {
            TRY(place_entry(context, arena, wire_bytes(&wire, &field), &out->place));
        } else if (field.number == TENSOR_LOCATION) {
            out->is_external = wire_int(&wire, &field) == 1;
        }
    }
    return wire_status(context, &wire);
}

static enum status load_numbers(struct context *context, const struct tensor_proto *proto,
                                const struct contents *contents, struct tensor *out)
{
    struct typed_field typed = typed_field(out->dtype);
    int bits = dtype_info[out->dtype].bits;
    size_t bytes = bits < 8 ? 1 : (size_t)bits / 8, at = 0;
    struct wire wire = wire_over(proto->bytes, 0);
    struct wire_field field;
    unsigned char *data;

    if (contents->number_count != tensor_bytes(out) / bytes)
        return context_fail(context, ERR_FORMAT, "holds %zu numbers, its shape wants %zu",
                            contents->number_count, tensor_bytes(out) / bytes);
    TRY(tensor_alloc(context, out, out->dtype, &out->shape));
    data = tensor_write(out);
    while (wire_next(&wire, &field)) {
        uint64_t *numbers;
        size_t count;
        if (field.number != typed.number)
            continue;
        count = wire_numbers(&wire, &field, typed.width, NULL);
        numbers = must_alloc((count + 1) * sizeof *numbers);
        wire_numbers(&wire, &field, typed.width, numbers);
        for (size_t i = 0; i < count; i++, at++) // low bytes first, on disk as in memory
            memcpy(data + at * bytes, &numbers[i], bytes);
        free(numbers);
    }
    return wire_status(context, &wire);
}

static void release_mapped(void *owner)
{
    mapped_release(owner);
}

static enum status load_bytes(struct context *context, struct span bytes, struct mapped *holder,
                              struct tensor *out)
{
    size_t unit = (size_t)(dtype_info[out->dtype].bits + 7) / 8;

    // Reading floats at odd addresses is undefined in C, so only aligned data stay in place.
    if (holder && bytes.length && (uintptr_t)bytes.at % unit == 0) {
        struct tensor wrapped;
        TRY(tensor_wrap(context, &wrapped, out->dtype, &out->shape, bytes.at, release_mapped,
                        holder));
        mapped_share(holder);
        *out = wrapped;
        if (mapped_is_file(holder))
            tensor_mark_file(out);
        return OK;
    }
    TRY(tensor_alloc(context, out, out->dtype, &out->shape));
    if (bytes.length)
        memcpy(tensor_write(out), bytes.at, bytes.length);
    if (holder && mapped_is_file(holder) && context->spill_from)
        pages_drop(bytes.at, bytes.length);
    tensor_cool(out);
    return OK;
}

static enum status load_external(struct context *context, const struct onnx_source *source,
                                 const struct onnx_place *place, struct tensor *out)
{
    size_t bytes = tensor_bytes(out);
    struct mapped *holder = NULL;
    struct span data;

    if (!place->location || !*place->location)
        return context_fail(context, ERR_FORMAT, "external data without a location");
    if (place->length >= 0 && (uint64_t)place->length != bytes)
        return context_fail(context, ERR_FORMAT, "external data of %lld bytes, its shape wants %zu",
                            (long long)place->length, bytes);
    if (!source || !source->external)
        return context_fail(context, ERR_UNSUPPORTED, "external data '%s' is not at hand",
                            place->location);
    TRY(source->external(context, source->self, place, bytes, &data, &holder));
    return load_bytes(context, data, holder, out);
}

enum status tensor_proto_load(struct context *context, struct arena *arena,
                              const struct onnx_source *source, const struct tensor_proto *proto,
                              struct tensor *out)
{
    enum dtype dtype = dtype_from_onnx(proto->type);
    struct contents contents;
    enum status status;

    *out = (struct tensor){dtype, proto->shape, NULL, 0};
    if (dtype == DT_NONE)
        return context_fail(context, ERR_UNSUPPORTED, "tensors of %s are not supported",
                            onnx_type_name(proto->type));
    TRY(look_inside(context, arena, proto, dtype, &contents));
    if (contents.is_external)
        return load_external(context, source, &contents.place, out);
    if (!contents.has_raw) {
        status = load_numbers(context, proto, &contents, out);
        if (status != OK)
            tensor_release(out);
        return status;
    }
    if (contents.raw.length != tensor_bytes(out))
        return context_fail(context, ERR_FORMAT, "holds %zu bytes, its shape wants %zu",
                            contents.raw.length, tensor_bytes(out));
    return load_bytes(context, contents.raw, source ? source->mapped : NULL, out);
}

static void put_entry(struct text *out, const char *key, const char *value)
{
    struct text entry;

    text_init(&entry);
    wire_put_text(&entry, ENTRY_KEY, key);
    wire_put_text(&entry, ENTRY_VALUE, value);
    wire_put_message(out, TENSOR_EXTERNAL, &entry);
}

static void put_place(struct text *out, const struct onnx_place *place)
{
    char number[24];

    put_entry(out, "location", place->location);
    snprintf(number, sizeof number, "%lld", (long long)place->offset);
    put_entry(out, "offset", number);
    snprintf(number, sizeof number, "%lld", (long long)place->length);
    put_entry(out, "length", number);
    wire_put_int(out, TENSOR_LOCATION, 1);
}

static void put_head(struct text *out, const char *name, const char *doc,
                     const struct tensor *tensor, const struct onnx_place *place)
{
    for (int i = 0; i < tensor->shape.rank; i++)
        wire_put_int(out, TENSOR_DIMS, tensor->shape.dim[i]);
    wire_put_int(out, TENSOR_TYPE, dtype_info[tensor->dtype].onnx);
    wire_put_text(out, TENSOR_NAME, name);
    wire_put_text(out, TENSOR_DOC, doc);
    if (place)
        put_place(out, place);
    else
        wire_put_length(out, TENSOR_RAW, tensor_bytes(tensor));
}

void tensor_proto_put_head(struct text *out, uint32_t number, const char *name, const char *doc,
                           const struct tensor *tensor, const struct onnx_place *place)
{
    struct text head;

    text_init(&head);
    put_head(&head, name, doc, tensor, place);
    wire_put_length(out, number, head.length + (place ? 0 : tensor_bytes(tensor)));
    text_add_bytes(out, head.at, head.length);
    text_clear(&head);
}

enum status tensorproto_read(struct context *context, struct span bytes, struct arena *arena,
                             struct tensor *out, const char **name)
{
    struct arena *scratch = arena_new();
    struct tensor_proto proto;
    enum status status = tensor_proto_open(context, scratch, bytes, 0, &proto);

    if (status == OK)
        status = tensor_proto_load(context, scratch, NULL, &proto, out);
    if (status == OK && name)
        *name = arena_copy_text(arena, proto.name);
    arena_free(scratch);
    return status;
}
