// Attributes of the operators that passes, executors and exporters look into; members are spelt as
// ONNX spells them. A node's attr points at one of these.
#ifndef OPS_ATTR_H
#define OPS_ATTR_H

#include <stdint.h>

#include "base/field.h"

// Lists that are empty (count 0) were left out: strides and dilations are 1 then, pads 0,
// kernel_shape that of the weight.
struct conv_attr {
    const char *auto_pad; // NOTSET, SAME_UPPER, SAME_LOWER, VALID
    struct ints dilations;
    int64_t group;
    struct ints kernel_shape, pads, strides;
};

// output_shape, if it is given, decides the padding.
struct conv_transpose_attr {
    const char *auto_pad;
    struct ints dilations;
    int64_t group;
    struct ints kernel_shape, output_padding, output_shape, pads, strides;
};

// LSTM (input_forget), GRU (linear_before_reset), RNN. hidden_size 0: that of the weights.
struct recurrent_attr {
    struct floats activation_alpha, activation_beta;
    struct strings activations; // empty: the operator's own
    double clip;                // 0: none
    const char *direction;      // forward, reverse, bidirectional
    int64_t hidden_size, layout, input_forget, linear_before_reset;
};

struct deform_conv_attr {
    struct ints dilations;
    int64_t group;
    struct ints kernel_shape;
    int64_t offset_group;
    struct ints pads, strides;
};

// Heads are given for operands of rank 3 only; scale NaN: 1 / sqrt(channels of a head).
struct attention_attr {
    int64_t is_causal, kv_num_heads, q_num_heads, qk_matmul_output_mode;
    double scale, softcap;
    int64_t softmax_precision;
};

struct rotary_embedding_attr {
    int64_t interleaved, num_heads, rotary_embedding_dim;
};

struct gemm_attr {
    double alpha, beta;
    int64_t transA, transB;
};

struct batch_normalization_attr {
    double epsilon, momentum;
    int64_t training_mode;
};

// The pools; storage_order belongs to MaxPool, count_include_pad to AveragePool, p to LpPool and
// GlobalLpPool.
struct pool_attr {
    const char *auto_pad;
    int64_t ceil_mode, count_include_pad;
    struct ints dilations, kernel_shape, pads;
    int64_t p, storage_order;
    struct ints strides;
};

// The Reduce family. Axes come from input 1 or, in files of older opsets, from here.
struct reduce_attr {
    struct ints axes;
    int64_t keepdims, noop_with_empty_axes;
};

struct softmax_attr { // Softmax, LogSoftmax
    int64_t axis;
};

struct arg_attr { // ArgMax, ArgMin; Hardmax (axis)
    int64_t axis, keepdims, select_last_index;
};

struct cum_sum_attr {
    int64_t exclusive, reverse;
};

struct lp_normalization_attr {
    int64_t axis, p;
};

struct axes_attr { // MeanVarianceNormalization
    struct ints axes;
};

struct lrn_attr {
    double alpha, beta, bias;
    int64_t size;
};

struct loss_attr {         // NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss
    int64_t ignore_index;  // INT64_MIN: none
    const char *reduction; // none, sum, mean
};

struct signal_window_attr { // HannWindow, HammingWindow, BlackmanWindow
    int64_t output_datatype, periodic;
};

struct mel_attr {
    int64_t output_datatype;
};

struct trilu_attr {
    int64_t upper;
};

struct eye_like_attr {
    int64_t dtype, k;
};

struct dropout_attr {
    int64_t seed;
};
struct graph;
struct node;
// A Dropout whose training_mode the file turns on, or leaves to its data.
bool dropout_may_drop(const struct graph *graph, const struct node *node);

struct quantize_attr { // QuantizeLinear, DequantizeLinear
    int64_t axis, saturate, block_size, output_dtype;
};

struct layer_normalization_attr { // and RMSNormalization
    int64_t axis;
    double epsilon;
    int64_t stash_type;
};

struct instance_normalization_attr {
    double epsilon;
};

struct group_normalization_attr {
    double epsilon;
    int64_t num_groups, stash_type;
};

// LeakyRelu, Elu, Celu, ThresholdedRelu (alpha), HardSigmoid (alpha, beta)
struct activation_attr {
    double alpha, beta;
};

struct selu_attr {
    double alpha, gamma;
};

struct shrink_attr {
    double bias, lambd;
};

struct is_inf_attr {
    int64_t detect_negative, detect_positive;
};

struct mod_attr {
    int64_t fmod;
};

struct bit_shift_attr {
    const char *direction; // LEFT, RIGHT
};

struct gelu_attr {
    const char *approximate; // none, tanh
};

struct axis_attr { // Concat, Flatten, Gather, OneHot
    int64_t axis;
};

struct split_attr {
    int64_t axis, num_outputs; // num_outputs 0: as many as the node has
};

struct reshape_attr {
    int64_t allowzero;
};

struct transpose_attr {
    struct ints perm; // empty: axes reversed
};

struct pad_attr {
    const char *mode; // constant, reflect, edge, wrap
};

struct cast_attr {
    int64_t to, saturate; // TensorProto.DataType; saturate concerns 8-bit floats only
};

struct shape_attr {
    int64_t start, end;
};

// The first one that is given counts: value, value_floats, value_ints, value_float (not NaN),
// value_int (not INT64_MIN).
struct constant_attr {
    struct tensor *value;
    double value_float;
    struct floats value_floats;
    int64_t value_int;
    struct ints value_ints;
};

struct constant_of_shape_attr {
    struct tensor *value; // one element; NULL: 0 of f32
};

// Bodies take the node's last inputs as their last, see struct graph.
struct if_attr {
    struct graph *then_branch, *else_branch;
};

struct loop_attr {
    struct graph *body;
};

struct scan_attr {
    struct graph *body;
    int64_t num_scan_inputs;
    // Empty: axis 0, forward (0; 1 is backward).
    struct ints scan_input_axes, scan_input_directions, scan_output_axes, scan_output_directions;
};

#endif
