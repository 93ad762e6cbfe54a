// What an operator is: one descriptor with everything the engine asks of it. src/ops/ supplies
// them, src/ops/op_table.def lists them; nothing else knows an operator by name.
#ifndef IR_OP_H
#define IR_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/context.h"
#include "base/field.h"
#include "ir/tensor.h"

struct axis_map;
struct graph;

// All that an operator sees. There is no graph here, so operators can be tested alone.
struct op_call {
    const void *attr; // the operator's own struct, filled from op->attr
    int input_count, output_count;
    const struct tensor *const *input; // NULL entry: optional input left out
    struct tensor *const *output;      // NULL entry: optional output not wanted
    // backward: output_grad[i] NULL when no gradient arrives; input_grad[i] NULL when none is
    // wanted. backward ADDS into input_grad (same dtype and shape as the input).
    const struct tensor *const *output_grad;
    struct tensor *const *input_grad;
    bool training; // BatchNormalization, Dropout
    uint64_t seed; // Dropout
    void *saved;   // saved_bytes(call) bytes that forward fills for backward
    void *scratch; // scratch_bytes(call) bytes, 64-byte aligned, from the caller
    // Runs a body (an attribute of If, Loop, Scan) on tensors with data, one for each of its
    // inputs; the caller releases output[0 .. body's output_count-1], none of which is set on
    // failure. NULL while shapes are inferred, and where operators are run alone.
    enum status (*run_graph)(struct context *, const struct op_call *, const struct graph *body,
                             const struct tensor *input, struct tensor *output);
    // The same for infer: dtype and shape of what the body gives (rank -1: unknown), with data
    // where these are known. NULL: nobody can tell.
    enum status (*infer_graph)(struct context *, const struct op_call *, const struct graph *body,
                               const struct tensor *input, struct tensor *output);
    int64_t *infer_budget; // infer_graph's own: how many nodes of bodies it may still look at
};

// Counts of one call. Only what an operator alone can know; joules are energy/'s.
struct op_cost {
    double macs; // multiply-accumulates of the dense operator; 0 for data movement
    // Input whose elements are each used macs/count times: zeros in it save their MACs. -1: none.
    // If the operator has more such weights (LSTM), count is that of all of them.
    int weight_input;
    // True if the operator can run inside the one before it (element by element, or nothing moves),
    // so that its output needs no memory of its own: activations, batch norm, reshapes.
    bool in_place;
};

enum op_trait {
    OP_ELEMENTWISE = 1, // output i depends on input i alone (broadcasting allowed)
    OP_VIEW = 2,        // data pass unchanged in order: Reshape, Flatten, Identity ...
    OP_RANDOM = 4,      // not to be folded
    // How much comes out depends on the data (NonZero, Loop): outputs that infer left without a
    // static shape are allocated (tensor_alloc) by forward itself.
    OP_ALLOCATES = 8,
};

enum { OPSET_NEWEST = 23 }; // of ONNX, that is read

struct op {
    const char *name; // ONNX name, the key in files, recipes and messages
    int min_inputs, max_inputs, min_outputs, max_outputs; // max -1: any number
    const struct field *attr;                             // NULL: no attributes
    size_t attr_bytes;
    int since_opset, until_opset; // first and last that are read; 0: 1 and OPSET_NEWEST
    unsigned traits;
    // Bit masks over the inputs: which hold weights, which of those have one entry per output
    // channel (bias, scale).
    unsigned weight_inputs, per_channel_inputs;
    // Sets dtype and shape of every wanted output from static input shapes. May read any input that
    // has data, and may give an output its data (Shape). Leaves shape.rank = -1 if it can only
    // be known when the input's data are.
    enum status (*infer)(struct context *, const struct op_call *);
    // Plain code that defines the operator. Outputs are allocated as infer said (but see
    // OP_ALLOCATES). Data can be wrong (indices, steps), so it can fail.
    enum status (*forward)(struct context *, const struct op_call *);
    // Exact int32 sums over int8/uint8 inputs minus their zero points (x_zero, w_zero[channel]):
    // input 0: x, input 1: w, output 0: i32. Conv, Gemm, MatMul.
    enum status (*forward_i8)(struct context *, const struct op_call *, int32_t x_zero,
                              const int32_t *w_zero);
    enum status (*backward)(struct context *, const struct op_call *); // NULL: not differentiable
    size_t (*scratch_bytes)(const struct op_call *), (*saved_bytes)(const struct op_call *);
    void (*cost)(const struct op_call *, struct op_cost *); // NULL: unknown
    // How cutting an index of one axis runs through the operator; see ir/axis_map.h.
    enum status (*map_axes)(struct context *, const struct op_call *, struct axis_map *);
    // Unknown operators only: attributes as the file spelt them, carried through verbatim.
    const char *domain; // "" or NULL: ONNX's own
    bool is_unknown;    // read from a file, in no table; owned by the graph's arena
};

// Whether bodies (graphs) are among its attributes.
bool op_has_bodies(const struct op *op);

// The operator of ONNX's own domain with that name; NULL: none. Implemented in ops/op_table.c.
const struct op *op_find(const char *name);
const struct op *op_at(int index); // row of the table, NULL behind the last

// Operators of ONNX that are left out on purpose (ops/refused.def): the rows, and the error where
// an unknown operator would have to run. ERR_UNSUPPORTED.
struct refused_op {
    const char *name, *why; // "works on text"
};
const struct refused_op *op_refused_at(int index); // NULL behind the last
MUST_CHECK enum status op_fail_unknown(struct context *context, const struct op *op);

#endif
