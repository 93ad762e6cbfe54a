// ONNX files in and out. Reading raises opsets 1 to 23 to the IR's spelling, turns constants into
// weights and inlines model-local functions; writing lowers to the opset that the graph needs, 13
// at least. Operators that are not ours are carried verbatim.
#ifndef IO_ONNX_H
#define IO_ONNX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"
#include "base/text.h"
#include "io/pieces.h"
#include "io/span.h"
#include "ir/graph.h"

struct mapped; // io/file.h

// Where a tensor says its data lie outside the file. length -1: not given.
struct onnx_place {
    const char *location;
    int64_t offset, length;
};

struct onnx_source {
    struct span bytes;
    // Who holds the bytes: weights that are aligned for their type stay where they are and share
    // it, others are copied. NULL: everything is copied.
    struct mapped *mapped;
    // Gives `bytes` bytes of external data, and who holds them (NULL: the callee keeps them until
    // onnx_read returns; they are copied). NULL: external data is an error.
    enum status (*external)(struct context *context, void *self, const struct onnx_place *place,
                            size_t bytes, struct span *out, struct mapped **holder);
    void *self;
};

// The caller frees the graph. Errors say "node 'NAME' (OP): what is wrong"; the caller puts the
// file's name in front. ERR_FORMAT: not ONNX, damaged, undefined or doubled names, cycles.
// ERR_UNSUPPORTED: opset or types that ecai does not know. ERR_SHAPE: sizes that overflow.
MUST_CHECK enum status onnx_read(struct context *context, const struct onnx_source *source,
                                 struct graph **out);

struct onnx_target {
    // In. location NULL: all data in the file itself. Otherwise weights of at least `threshold`
    // bytes (and more than 64) are left to the caller, who stores them under that location.
    const char *location;
    size_t threshold;
    // In. Weights of at least so many bytes (and more than 64) that go into the file are left to
    // the caller too, who puts them between its bytes; 0: none.
    size_t inside_from;
    // Out, from arena; outside: offsets in the external file, multiples of 64; inside: positions
    // in the bytes appended to out (of out as a whole).
    struct arena *arena;
    struct piece_list outside, inside;
    int64_t outside_bytes;
    // Out: the opset that was written.
    int64_t opset;
};

// Appends the model's bytes to out. target NULL: all data inside. Deterministic; the metadata and
// the opsets come before the graph, so that a stream cut short is never a model. Annotations
// (quant, sparsity) are not written: pass/materialise.c turns them into nodes and metadata first.
// ERR_UNSUPPORTED: verbatim operators that forbid the opset which another operator needs.
MUST_CHECK enum status onnx_write(struct context *context, const struct graph *graph,
                                  struct onnx_target *target, struct text *out);

// How sure the first bytes make that this is an ONNX model: 0 (no) to 100.
int onnx_probe(struct span head);

// Calls visit with each file of external data that the model's tensors name, as often as they do;
// relative to the model's folder. Without an error: of what is no model, or damaged, what is found.
void onnx_each_outside(struct span bytes, void (*visit)(void *self, const char *location),
                       void *self);

// A single TensorProto file, as conformance suites ship them. name NULL: not wanted; from arena.
MUST_CHECK enum status tensorproto_read(struct context *context, struct span bytes,
                                        struct arena *arena, struct tensor *out, const char **name);

#endif
