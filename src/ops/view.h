// Operators that give the same elements in the same order another shape.
#ifndef OPS_VIEW_H
#define OPS_VIEW_H

#include "ops/op_table.h"
#include "ops/shared.h"

// Input 0 to output 0, byte for byte.
MUST_CHECK enum status view_forward(struct context *context, const struct op_call *call);
MUST_CHECK enum status view_backward(struct context *context, const struct op_call *call);
// Links what the two shapes share, also where one leading axis becomes several or the reverse.
MUST_CHECK enum status view_axes(struct context *context, const struct op_call *call,
                                 struct axis_map *map);

#define VIEW_DESCRIPTOR(row, onnx_name, inputs_least, inputs_most, fields, bytes)                  \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs_least,                                                                \
        .max_inputs = inputs_most,                                                                 \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = bytes,                                                                       \
        .traits = OP_VIEW,                                                                         \
        .infer = row##_infer,                                                                      \
        .forward = view_forward,                                                                   \
        .backward = view_backward,                                                                 \
        .cost = cost_in_place,                                                                     \
        .map_axes = view_axes,                                                                     \
    };

#endif
