// Protocol buffers' wire format: a walker over bytes that stay where they are, and a writer that
// appends to a text. Knows nothing of any schema; callers switch over field numbers.
//
//     struct wire wire = wire_over(bytes, depth);
//     struct wire_field field;
//     while (wire_next(&wire, &field))
//         if (field.number == 2)
//             name = wire_bytes(&wire, &field);
//     return wire_status(context, &wire);
#ifndef IO_PROTOBUF_H
#define IO_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/context.h"
#include "base/text.h"
#include "io/span.h"

enum wire_type { WIRE_VARINT = 0, WIRE_I64 = 1, WIRE_BYTES = 2, WIRE_I32 = 5 };

enum { WIRE_MAX_DEPTH = 64 };

// One message being walked. Once something is wrong wire_next answers false for good and
// wire_status tells what it was.
struct wire {
    const unsigned char *at, *end;
    int depth;           // of this message: 0 for the outermost
    const char *problem; // NULL: none so far
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t bits;     // the varint, or the bits of a fixed-size number
    struct span bytes; // of a length-delimited field: inside the message, not copied
};

// depth above WIRE_MAX_DEPTH becomes the wire's problem.
struct wire wire_over(struct span message, int depth);
bool wire_next(struct wire *wire, struct wire_field *field); // false: end, or a problem
// OK, or ERR_FORMAT with the problem as text.
MUST_CHECK enum status wire_status(struct context *context, const struct wire *wire);

// The present field as what the schema says it is; another wire type is a problem (and gives 0).
struct span wire_bytes(struct wire *wire, const struct wire_field *field);
int64_t wire_int(struct wire *wire, const struct wire_field *field);
float wire_float(struct wire *wire, const struct wire_field *field);

// Repeated numbers come packed or one a field. Walk all of a message's fields and hand those of
// one number to wire_numbers, which answers how many numbers the field holds, and stores them as
// 64-bit patterns from out[0] on when out is not NULL (a float's 32 bits, a varint as it is).
// width: the wire type of one number.
size_t wire_numbers(struct wire *wire, const struct wire_field *field, enum wire_type width,
                    uint64_t *out);

// Writer. NULL or empty text is left out, as protocol buffers have it.
void wire_put_varint(struct text *out, uint64_t bits);
void wire_put_int(struct text *out, uint32_t number, int64_t value);
void wire_put_float(struct text *out, uint32_t number, float value);
void wire_put_text(struct text *out, uint32_t number, const char *text);
// The tag and length of a field whose `bytes` bytes the caller adds afterwards.
void wire_put_length(struct text *out, uint32_t number, size_t bytes);
void wire_put_bytes(struct text *out, uint32_t number, const void *bytes, size_t count);
// Takes the body's bytes and clears it: compose the inner message in a text of its own.
void wire_put_message(struct text *out, uint32_t number, struct text *body);

#endif
