// Protocol buffers' wire format (Google, "Encoding"): tags, varints and length-delimited fields.
// Groups, which no schema of ours uses, are refused.
#include "io/protobuf.h"

#include <string.h>

struct wire wire_over(struct span message, int depth)
{
    struct wire wire = {message.at, NULL, depth, NULL};

    wire.end = message.at ? message.at + message.length : NULL;
    if (depth > WIRE_MAX_DEPTH)
        wire.problem = "messages are nested deeper than 64";
    return wire;
}

static bool read_varint(struct wire *wire, uint64_t *out)
{
    uint64_t bits = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char byte;
        if (wire->at == wire->end) {
            wire->problem = "cut short: a number runs past the end";
            return false;
        }
        byte = *wire->at++;
        if (shift == 63 && byte > 1)
            break;
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *out = bits;
            return true;
        }
    }
    wire->problem = "damaged: a number is longer than 64 bits";
    return false;
}

static bool read_fixed(struct wire *wire, size_t bytes, uint64_t *out)
{
    if ((size_t)(wire->end - wire->at) < bytes) {
        wire->problem = "cut short: a number runs past the end";
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out |= (uint64_t)wire->at[i] << (8 * i);
    wire->at += bytes;
    return true;
}

static bool read_bytes(struct wire *wire, struct span *out)
{
    uint64_t length;

    if (!read_varint(wire, &length))
        return false;
    if (length > (uint64_t)(wire->end - wire->at)) {
        wire->problem = "cut short or damaged: a field runs past the end";
        return false;
    }
    *out = (struct span){wire->at, (size_t)length};
    wire->at += length;
    return true;
}

bool wire_next(struct wire *wire, struct wire_field *field)
{
    uint64_t tag;

    if (wire->problem || wire->at == wire->end || !read_varint(wire, &tag))
        return false;
    *field = (struct wire_field){0};
    if (tag >> 3 == 0 || tag >> 32 != 0) {
        wire->problem = "damaged: a field has no valid number";
        return false;
    }
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum wire_type)(tag & 7);
    switch (field->type) {
    case WIRE_VARINT:
        return read_varint(wire, &field->bits);
    case WIRE_I64:
        return read_fixed(wire, 8, &field->bits);
    case WIRE_BYTES:
        return read_bytes(wire, &field->bytes);
    case WIRE_I32:
        return read_fixed(wire, 4, &field->bits);
    }
    wire->problem = "damaged: a field is of no known wire type";
    return false;
}

enum status wire_status(struct context *context, const struct wire *wire)
{
    return wire->problem ? context_fail(context, ERR_FORMAT, "%s", wire->problem) : OK;
}

static bool is_type(struct wire *wire, const struct wire_field *field, enum wire_type type)
{
    if (field->type != type && !wire->problem)
        wire->problem = "damaged: a field has the wrong wire type";
    return field->type == type;
}

struct span wire_bytes(struct wire *wire, const struct wire_field *field)
{
    return is_type(wire, field, WIRE_BYTES) ? field->bytes : (struct span){NULL, 0};
}

int64_t wire_int(struct wire *wire, const struct wire_field *field)
{
    return is_type(wire, field, WIRE_VARINT) ? (int64_t)field->bits : 0;
}

static float float_from_bits(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float number;

    memcpy(&number, &low, sizeof number);
    return number;
}

float wire_float(struct wire *wire, const struct wire_field *field)
{
    return is_type(wire, field, WIRE_I32) ? float_from_bits(field->bits) : 0;
}

size_t wire_numbers(struct wire *wire, const struct wire_field *field, enum wire_type width,
                    uint64_t *out)
{
    struct wire packed;
    uint64_t bits = 0;
    size_t count = 0;

    if (field->type == width) {
        if (out)
            *out = field->bits;
        return 1;
    }
    if (!is_type(wire, field, WIRE_BYTES))
        return 0;
    packed = wire_over(field->bytes, 0);
    while (packed.at != packed.end) {
        if (width == WIRE_VARINT ? !read_varint(&packed, &bits)
                                 : !read_fixed(&packed, width == WIRE_I64 ? 8 : 4, &bits))
            break;
        if (out)
            out[count] = bits;
        count++;
    }
    if (packed.problem && !wire->problem)
        wire->problem = packed.problem;
    return count;
}

void wire_put_varint(struct text *out, uint64_t bits)
{
    unsigned char bytes[10];
    size_t count = 0;

    do {
        bytes[count] = (unsigned char)((bits & 0x7F) | (bits > 0x7F ? 0x80 : 0));
        count++;
        bits >>= 7;
    } while (bits);
    text_add_bytes(out, bytes, count);
}

static void put_tag(struct text *out, uint32_t number, enum wire_type type)
{
    wire_put_varint(out, (uint64_t)number << 3 | (uint64_t)type);
}

void wire_put_int(struct text *out, uint32_t number, int64_t value)
{
    put_tag(out, number, WIRE_VARINT);
    wire_put_varint(out, (uint64_t)value);
}

void wire_put_float(struct text *out, uint32_t number, float value)
{
    uint32_t bits;
    unsigned char bytes[4];

    memcpy(&bits, &value, sizeof bits);
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    put_tag(out, number, WIRE_I32);
    text_add_bytes(out, bytes, sizeof bytes);
}

void wire_put_length(struct text *out, uint32_t number, size_t bytes)
{
    put_tag(out, number, WIRE_BYTES);
    wire_put_varint(out, bytes);
}

void wire_put_bytes(struct text *out, uint32_t number, const void *bytes, size_t count)
{
    wire_put_length(out, number, count);
    text_add_bytes(out, bytes, count);
}

void wire_put_text(struct text *out, uint32_t number, const char *text)
{
    if (text && *text)
        wire_put_bytes(out, number, text, strlen(text));
}

void wire_put_message(struct text *out, uint32_t number, struct text *body)
{
    wire_put_bytes(out, number, body->at, body->length);
    text_clear(body);
}
