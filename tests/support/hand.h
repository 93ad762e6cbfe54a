// ONNX models of one node, put together field by field: what the reader's tests spoil.
#ifndef TESTS_SUPPORT_HAND_H
#define TESTS_SUPPORT_HAND_H

#include "base/context.h"
#include "base/text.h"

struct hand {
    struct text graph, node, bytes;
    int64_t opset;
};

// A node of one input and one output, at opset 13; hand_end_node puts it into the graph.
void hand_begin(struct hand *hand, const char *op, const char *input, const char *output);
void hand_attribute(struct hand *hand, const char *name, int64_t value);
void hand_end_node(struct hand *hand);
// An input (number 11) or output (12) of f32 without a shape.
void hand_info(struct hand *hand, uint32_t number, const char *name);
// A weight of a x b floats for which `bytes` bytes are stored.
void hand_weight(struct hand *hand, const char *name, int64_t a, int64_t b, size_t bytes);
// Reads it and takes everything away again. The text of the error stays in the context.
enum status hand_read(struct context *context, struct hand *hand);

#endif
