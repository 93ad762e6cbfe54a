// Bytes of a file that is being made, with weights between that are not copied into it: they are
// written one after the other, so that a file larger than the memory can be made.
#ifndef IO_PIECES_H
#define IO_PIECES_H

#include "base/arena.h"
#include "base/sha256.h"
#include "base/text.h"
#include "io/file.h"
#include "ir/tensor.h"

// One weight: valid as long as the graph that it was taken from.
struct piece {
    struct tensor tensor; // borrowed
    int64_t at;           // see who holds the list; grows
};

struct piece_list {
    struct piece *at; // in the arena that it was made with
    size_t count;
};

void pieces_add(struct piece_list *list, struct arena *arena, const struct tensor *tensor,
                int64_t at);
// Bytes of all tensors.
uint64_t pieces_bytes(const struct piece_list *list);

// Writes `bytes` with each tensor put in before position `at` of them, and cools the tensors. hash
// may be NULL.
MUST_CHECK enum status pieces_write(struct context *context, struct output *output,
                                    const struct text *bytes, const struct piece_list *list,
                                    struct sha256 *hash);
// Writes the tensors alone, each at position `at` of the file, with zeros between.
MUST_CHECK enum status pieces_write_padded(struct context *context, struct output *output,
                                           const struct piece_list *list);

#endif
