// Finds what can run on exact integers in a graph with QuantizeLinear / DequantizeLinear: which
// nodes, with which scales, and which nodes they swallow. One plan for the lowered program and for
// generated C, so that both give the same integers.
//
// A value inside the integer part is kept as q - zero_point. The contract of each kind:
//   CONV, GEMM   acc = sum((xq - xz) (wq - wz)) + bias, exact in int32
//                with an output grid: q = clamp(rint((float)acc * scale[c]) + z, low, high),
//                scale[c] = (x_scale * w_scale[c]) / y_scale in float32
//                without: y = (float)acc * (x_scale * w_scale[c])
//   AFFINE       as CONV with one weight a channel and no neighbours: batch norm, whose factor is
//                127 steps of a scale of its channel's own, and whose offset is a bias in such
//                steps
//   ADD          q = clamp(rint((double)a * ma + (double)b * mb) + z, low, high), ma =
//   a_scale/y_scale
//                in float32 (products exact in double: a fused multiply-add changes nothing)
//   MEAN         acc = sum of pixels; q = clamp(rint((float)acc * scale) + z), scale =
//                (x_scale / pixels) / y_scale
//   MAXPOOL      keeps the grid
//   CONCAT       of channels, each part to the grid of the whole: q = clamp(rint((double)x * m) +
//   z),
//                m = x_scale / y_scale in float32
//   QUANTIZE     q = clamp(rint(x / scale) + z, low, high) from float
//   DEQUANTIZE   (float)(q - z) * scale, where a float node reads the value
// rint rounds half to even.
#ifndef EXEC_INTEGER_H
#define EXEC_INTEGER_H

#include "exec/infer.h"
#include "ir/graph.h"

enum integer_kind {
    INTEGER_NONE, // runs as float, by its own lowering
    INTEGER_CONV,
    INTEGER_GEMM,   // Gemm and MatMul with a weight matrix
    INTEGER_AFFINE, // BatchNormalization, with a MaxPool before it that keeps its grid
    INTEGER_ADD,
    INTEGER_MEAN, // GlobalAveragePool, ReduceMean over the pixels
    INTEGER_MAXPOOL,
    INTEGER_CONCAT,
    INTEGER_QUANTIZE,
    INTEGER_DEQUANTIZE,
    INTEGER_SKIP, // swallowed by another node, or a constant
};

// The grid of a value: real = q_stored * scale with q_stored = q - zero_point.
struct integer_grid {
    bool is_set;
    float scale;
    int32_t zero_point, low, high; // low, high: of q, before zero_point is subtracted
};

// One of those that CONCAT joins.
struct integer_part {
    struct value_id x;
    struct integer_grid grid;
    float scale;
    int channels;
};

struct integer_node {
    enum integer_kind kind;
    // What is read and written: values that hold integers (outputs of QuantizeLinear), but for x of
    // QUANTIZE and y of a node without an output grid and of DEQUANTIZE, which are floats.
    struct value_id x, x2, y;
    struct integer_grid x_grid, x2_grid, y_grid; // y_grid not set: y is float
    // CONV, GEMM, AFFINE: weights as q - zero_point in the layout of the node's input 1 (Gemm: made
    // [out][in] whatever transB says); per output channel bias and x_scale * w_scale.
    int16_t *weight;
    int64_t weight_count;
    bool is_weight_i8; // every weight fits in int8
    int32_t *bias;     // [channels], zero where the node has none
    float *scale;      // [channels]: requantisation factor, or x_scale * w_scale for float y
    int channels;
    float scale_a, scale_b;    // ADD: ma, mb; MEAN: scale_a
    struct integer_part *part; // CONCAT, where x is part[0].x
    int part_count;
};

struct integer_plan {
    struct arena *arena;
    struct integer_node *node;  // per node of the graph
    struct integer_grid *value; // per value: kept as integers on this grid
    uint32_t count;             // nodes that run on integers (not SKIP, not NONE)
};

// graph and inference must outlive the plan's making, not the plan.
MUST_CHECK enum status integer_plan_new(struct context *context, const struct graph *graph,
                                        const struct inference *inference,
                                        struct integer_plan **out);
void integer_plan_free(struct integer_plan *plan);

#endif
