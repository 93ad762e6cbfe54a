// Trees of protobuf messages.
#include "tests/mutate/wire_tree.h"

#include <string.h>

static const struct {
    enum kind in;
    uint32_t number;
    enum kind kind;
} children[] = {
    {KIND_MODEL, 7, KIND_GRAPH},       {KIND_MODEL, 8, KIND_OPSET},
    {KIND_MODEL, 14, KIND_ENTRY},      {KIND_MODEL, 25, KIND_FUNCTION},
    {KIND_GRAPH, 1, KIND_NODE},        {KIND_GRAPH, 5, KIND_TENSOR},
    {KIND_GRAPH, 11, KIND_INFO},       {KIND_GRAPH, 12, KIND_INFO},
    {KIND_GRAPH, 13, KIND_INFO},       {KIND_NODE, 5, KIND_ATTRIBUTE},
    {KIND_ATTRIBUTE, 5, KIND_TENSOR},  {KIND_ATTRIBUTE, 6, KIND_GRAPH},
    {KIND_FUNCTION, 7, KIND_NODE},     {KIND_FUNCTION, 9, KIND_OPSET},
    {KIND_INFO, 2, KIND_TYPE},         {KIND_TYPE, 1, KIND_TENSOR_TYPE},
    {KIND_TENSOR_TYPE, 2, KIND_SHAPE}, {KIND_SHAPE, 1, KIND_DIM},
    {KIND_TENSOR, 13, KIND_ENTRY},
};

static enum kind kind_of(enum kind in, uint32_t number)
{
    for (size_t i = 0; i < sizeof children / sizeof *children; i++)
        if (children[i].in == in && children[i].number == number)
            return children[i].kind;
    return KIND_BYTES;
}

static struct message *read_at(struct arena *arena, struct span bytes, enum kind kind, int depth)
{
    struct message *message = arena_alloc(arena, sizeof *message);
    struct wire wire = wire_over(bytes, depth);
    struct wire_field field;

    message->kind = kind;
    message->arena = arena;
    while (wire_next(&wire, &field)) {
        struct part part = {field.number, field.type, field.bits, field.bytes, NULL};
        enum kind inner = kind_of(kind, field.number);
        if (field.type == WIRE_BYTES && inner != KIND_BYTES) {
            part.message = read_at(arena, field.bytes, inner, depth + 1);
            if (!part.message)
                return NULL;
        }
        part_insert(message, message->count, part);
    }
    return wire.problem ? NULL : message;
}

struct message *tree_read(struct arena *arena, struct span bytes, enum kind kind)
{
    return read_at(arena, bytes, kind, 0);
}

static void put_fixed(struct text *out, uint64_t bits, int bytes)
{
    for (int i = 0; i < bytes; i++)
        text_add_bytes(out, &(unsigned char){(unsigned char)(bits >> 8 * i)}, 1);
}

void tree_write(const struct message *message, struct text *out)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct part *part = &message->part[i];
        struct text body;
        if (part->type == WIRE_BYTES && part->message) {
            text_init(&body);
            tree_write(part->message, &body);
            wire_put_message(out, part->number, &body);
        } else if (part->type == WIRE_BYTES) {
            wire_put_bytes(out, part->number, part->bytes.at, part->bytes.length);
        } else {
            wire_put_varint(out, (uint64_t)part->number << 3 | (uint64_t)part->type);
            if (part->type == WIRE_VARINT)
                wire_put_varint(out, part->bits);
            else
                put_fixed(out, part->bits, part->type == WIRE_I64 ? 8 : 4);
        }
    }
}

void tree_list(struct message *root, enum kind kind, struct message_list *out)
{
    if (root->kind == kind) {
        if (out->count == out->capacity) {
            size_t capacity = 2 * out->capacity + 16;
            struct message **grown = arena_array(root->arena, struct message *, capacity);
            if (out->count)
                memcpy(grown, out->at, out->count * sizeof *grown);
            out->at = grown;
            out->capacity = capacity;
        }
        out->at[out->count++] = root;
    }
    for (size_t i = 0; i < root->count; i++)
        if (root->part[i].message)
            tree_list(root->part[i].message, kind, out);
}

size_t parts_count(const struct message *message, uint32_t number)
{
    size_t count = 0;

    for (size_t i = 0; i < message->count; i++)
        count += message->part[i].number == number;
    return count;
}

size_t parts_find(const struct message *message, uint32_t number, size_t which)
{
    for (size_t i = 0; i < message->count; i++)
        if (message->part[i].number == number && which-- == 0)
            return i;
    return message->count;
}

void part_insert(struct message *message, size_t at, struct part part)
{
    if (message->count == message->capacity) {
        size_t capacity = 2 * message->capacity + 4;
        struct part *grown = arena_array(message->arena, struct part, capacity);
        if (message->count)
            memcpy(grown, message->part, message->count * sizeof *grown);
        message->part = grown;
        message->capacity = capacity;
    }
    memmove(message->part + at + 1, message->part + at, (message->count - at) * sizeof part);
    message->part[at] = part;
    message->count++;
}

void part_remove(struct message *message, size_t at)
{
    message->count--;
    memmove(message->part + at, message->part + at + 1,
            (message->count - at) * sizeof *message->part);
}

struct part part_of_text(uint32_t number, const char *text)
{
    return (struct part){number, WIRE_BYTES, 0, {(const unsigned char *)text, strlen(text)}, NULL};
}

struct part part_of_int(uint32_t number, int64_t value)
{
    return (struct part){number, WIRE_VARINT, (uint64_t)value, {NULL, 0}, NULL};
}
