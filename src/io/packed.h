// The packed format: a network as small as ecai can store it, read back bit for bit. Inside: the
// ONNX model without the data of its larger tensors, deflated, and these data entropy-coded
// (io/weight_coder.h). docs/packed.md has the bytes.
#ifndef IO_PACKED_H
#define IO_PACKED_H

#include "base/context.h"
#include "base/text.h"
#include "io/span.h"
#include "ir/graph.h"

// How sure the first bytes make that this is a packed model: 0 (no) to 100.
int packed_probe(struct span head);

// Appends the file's bytes to out. Deterministic. Annotations are not written, as in onnx_write.
MUST_CHECK enum status packed_write(struct context *context, const struct graph *graph,
                                    struct text *out);

// The caller frees the graph; it shares nothing with bytes. ERR_FORMAT: not packed, cut short,
// damaged (checksum), or by a later version; and whatever onnx_read says of the model inside.
MUST_CHECK enum status packed_read(struct context *context, struct span bytes, struct graph **out);

// Puts the checksum of what follows into a packed file that was changed by hand (tests, fuzzing).
void packed_seal(void *bytes, size_t count);

#endif
