// An ONNX file as a tree of protobuf messages that can be changed and written again: it knows which
// fields are messages of their own, nothing else of the schema, so that what it writes may be wrong
// in every way but the wire format's.
#ifndef TESTS_MUTATE_WIRE_TREE_H
#define TESTS_MUTATE_WIRE_TREE_H

#include "base/arena.h"
#include "base/text.h"
#include "io/protobuf.h"

enum kind {
    KIND_BYTES, // no message
    KIND_MODEL,
    KIND_GRAPH,
    KIND_NODE,
    KIND_ATTRIBUTE,
    KIND_TENSOR,
    KIND_INFO,
    KIND_TYPE,
    KIND_TENSOR_TYPE,
    KIND_SHAPE,
    KIND_DIM,
    KIND_OPSET,
    KIND_FUNCTION,
    KIND_ENTRY,
};

struct message;

struct part {
    uint32_t number;
    enum wire_type type;
    uint64_t bits;           // a number
    struct span bytes;       // or bytes
    struct message *message; // or a message
};

struct message {
    enum kind kind;
    struct arena *arena;
    struct part *part;
    size_t count, capacity;
};

// Everything lives in the arena; bytes are borrowed. NULL: not the wire format.
struct message *tree_read(struct arena *arena, struct span bytes, enum kind kind);
void tree_write(const struct message *message, struct text *out);

struct message_list {
    struct message **at;
    size_t count, capacity;
};
// All messages of a kind, the root included, however deep; appended to out.
void tree_list(struct message *root, enum kind kind, struct message_list *out);

// Positions of the parts with that number: how many, and the position of the which-th.
size_t parts_count(const struct message *message, uint32_t number);
size_t parts_find(const struct message *message, uint32_t number, size_t which);
void part_insert(struct message *message, size_t at, struct part part);
void part_remove(struct message *message, size_t at);
struct part part_of_text(uint32_t number, const char *text); // borrowed
struct part part_of_int(uint32_t number, int64_t value);

#endif
