// The fast kernels: pointers and sizes in, nothing allocated, cannot fail. They work on groups of
// 16 samples in the layout N16: a value of P elements a sample is float v[P][16], lane = sample, P
// = C*H*W row-major, dense, unpadded. Every pointer to such a value, to packed weights and to
// scratch is 64-byte aligned; plain arrays need no alignment. Letters: c, h, w input channels and
// size; oc, oh, ow output; kh, kw kernel; n counts floats, pixels counts h*w.
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { N16_LANES = 16 };

enum isa { ISA_AUTO, ISA_GENERIC, ISA_AVX2, ISA_AVX512, ISA_AVX512_VNNI, ISA_AMX, ISA_COUNT };

// Padding at the bottom and right follows from oh and ow. groups divides c and oc.
struct conv2d {
    int c, h, w;
    int oc, kh, kw;
    int stride_h, stride_w;
    int pad_top, pad_left;
    int dilation_h, dilation_w;
    int groups;
    int oh, ow;
};

// What a convolution does to its sum before storing: y = clamp(sum + bias[oc] + add, low, high).
// bias and add may be NULL; add is a value of y's shape (conv2d_f32 and algorithms with
// adds_in_place let it be y itself); -INFINITY and INFINITY
// switch the clamp off.
struct epilogue {
    const float *bias;
    const float *add;
    float low, high;
};

// y[m][16] = W x[k][16] + bias. W is [m][k], or [k][m] where is_transposed (ONNX Gemm with transB =
// 0).
struct fully_connected {
    int m, k;
    int is_transposed;
};

// pad_bottom and pad_right matter only where count_include_pad is set: an element counts if it lies
// inside the padded input, so the overhang that ceil_mode adds does not.
struct pool2d {
    int c, h, w;
    int kh, kw;
    int stride_h, stride_w;
    int pad_top, pad_left, pad_bottom, pad_right;
    int dilation_h, dilation_w;
    int count_include_pad;
    int oh, ow;
};

struct batchnorm {
    int c;
    size_t pixels;
    int lanes;            // samples that count, 1..16: the last group of a data set may be short
    const float *mean;    // [c]; not used by the sums of the forward pass
    const float *inv_std; // [c]; 1 / sqrt(variance + epsilon)
};

enum activation_kind {
    ACTIVATION_RELU,         // max(x, 0)
    ACTIVATION_CLIP,         // min(max(x, a), b); relu6 is a = 0, b = 6
    ACTIVATION_LEAKY_RELU,   // x < 0 ? a x : x
    ACTIVATION_SIGMOID,      // 1 / (1 + exp(-x))
    ACTIVATION_TANH,         // tanh(x)
    ACTIVATION_ELU,          // x < 0 ? a (exp(x) - 1) : x
    ACTIVATION_HARD_SIGMOID, // min(max(a x + b, 0), 1)
    ACTIVATION_HARD_SWISH,   // x min(max(x / 6 + 1/2, 0), 1)
    ACTIVATION_GELU,         // x / 2 (1 + erf(x / sqrt(2)))
    ACTIVATION_COUNT
};

struct activation {
    enum activation_kind kind;
    float a, b;
};

// binary_f32 takes the first four; comparisons give 1 or 0.
enum binary_kind {
    BINARY_ADD,
    BINARY_SUB,
    BINARY_MUL,
    BINARY_DIV,
    BINARY_ARITHMETIC, // how many binary_f32 takes
    BINARY_MAX = BINARY_ARITHMETIC,
    BINARY_MIN,
    BINARY_EQUAL,
    BINARY_LESS,
    BINARY_LESS_OR_EQUAL,
    BINARY_AND,
    BINARY_OR,
    BINARY_COUNT
};

enum unary_kind {
    UNARY_ABS,
    UNARY_ERF,
    UNARY_EXP,
    UNARY_NEG,
    UNARY_RECIPROCAL,
    UNARY_SQUARE,
    UNARY_SQRT,
    UNARY_NOT,        // x != 0 ? 0 : 1
    UNARY_IS_NONZERO, // x != 0 ? 1 : 0
    UNARY_COUNT
};

enum reduce_kind { REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX, REDUCE_MIN };

// A loop over up to STRIDED_RANK axes (at least one, none empty). step[o][axis]: floats from one
// element of operand o to the next, step[3] those of y. An operand that is shared is plain numbers,
// the same for all samples; not both of a binary operation.
enum { STRIDED_RANK = 8 };
struct strided_loop {
    int rank;
    size_t dim[STRIDED_RANK];
    ptrdiff_t step[4][STRIDED_RANK];
    int is_shared[3];
};

// y[t][m][16] from x[t][k][16] and a matrix [k][m] that all samples share, packed MATMUL_PANEL
// columns at a time.
enum { MATMUL_PANEL = 8 };
struct matmul {
    int t, k, m;
};
// y = rounding(activation(sum + bias[m])) + add; each may be NULL; add is a value of y's shape, not
// y itself.
struct matmul_epilogue {
    const float *bias;
    const struct activation *activation;
    const struct quant_grid *rounding; // to that grid and back
    const float *add;
};

// y[row][column] = scale * sum over k of a[row][k] b[k][column], all lanes; the steps say how many
// floats apart these are, so that transposed values need no copy.
struct lane_matmul {
    int rows, columns, k;
    ptrdiff_t a_row, a_k, b_k, b_column, y_row, y_column;
    float scale;
};

// One head: y[query] = sum over keys of softmax(scale q . k + mask) v. Steps are in floats: `row`
// from one query or key to the next, `step` from one of its `size` (value_size) numbers to the
// next. A mask that is shared is plain numbers.
enum { ATTENTION_QUERIES = 24 }; // at a time
struct attention {
    int queries, keys, size, value_size;
    ptrdiff_t q_row, q_step, k_row, k_step, v_row, v_step, y_row, y_step;
    ptrdiff_t mask_row, mask_key;
    int is_mask_shared;
    float scale;
};

// LayerNormalization of rows of n; without the mean where is_centred is not set.
struct row_norm {
    size_t rows, n;
    float epsilon;
    int is_centred;
};

// The integer grid of a quantised value: real = (q - zero_point) * scale, low <= q <= high, |q| <=
// 2^16.
struct quant_grid {
    float scale;
    int zero_point;
    int low, high;
};

// Per channel for weights w[oc][k]; zero_point NULL: all zero.
struct quant_channels {
    int oc;
    size_t k;
    const float *scale;
    const int32_t *zero_point;
    int low, high;
};

// q = clamp(rint(float(int32(acc) + bias[oc]) * scale[oc]) + zero_point, low, high); q - zero_point
// is stored.
struct requant {
    int oc;
    size_t pixels;
    const int32_t *bias; // [oc], or NULL
    const float *scale;  // [oc] = x_scale * w_scale[oc] / y_scale, in float32
    int zero_point;
    int low, high;
};

// ---- integers: the layout N16C4
//
// A value on an 8-bit grid, C channels by P pixels a sample, is uint8_t v[(C + 3) / 4][P][16][4]:
// four channels of a sample side by side, as vpdpbusd and the tiles of AMX read them. It holds
// u = q for unsigned grids and q + 128 for signed ones, so always 0..255; zero points and bounds
// are given as u too. What channels beyond C hold does not matter (their weights are 0) and is
// never read back. n16c4_bytes(C, P) bytes, 64-byte aligned.
static inline size_t n16c4_bytes(int c, size_t pixels)
{
    return ((size_t)c + 3) / 4 * pixels * N16_LANES * 4;
}

// u = clamp(rint(real) + zero, low, high), rounding half to even; 0 <= low <= high
// <= 255, zero anywhere.
struct grid_u8 {
    float scale; // of one step; not used where factors are given apart
    int zero, low, high;
};
// u = clamp(rint((double)(a - zero_a) * factor_a + (double)(b - zero_b) * factor_b) + y.zero,
// y.low, y.high); the products are exact in double.
struct sum_u8 {
    float factor_a, factor_b;
    int zero_a, zero_b;
    struct grid_u8 y; // scale not used
};
// What an integer convolution does to its exact sum acc:
// u = clamp(rint((float)acc * scale[oc]) + y.zero, y.low, y.high), in float32.
struct epilogue_u8 {
    const float *scale;       // [oc]
    struct grid_u8 y;         // its scale is not used; nothing of it where y_f32 is set
    float *y_f32;             // N16 (float)acc * scale[oc] instead; y may be NULL then
    const uint8_t *add;       // NULL, or a value of y's shape: u becomes the sum of u and add
    const struct sum_u8 *sum; // of add: a is u, b is add; add may be y itself
};

// L = (1 - alpha) CE(labels) + alpha T^2 KL(p_teacher^T || p_student^T), over the first `lanes`
// samples of a group.
struct loss {
    int classes;
    int lanes;
    float alpha, temperature; // alpha is ignored (0) without a teacher
    float label_smoothing;    // of the CE part: target = (1 - s) one-hot + s / classes
    float gradient_scale;     // dlogits are multiplied by it: 1 / batch for a mean
};

struct sgd {
    float learning_rate, momentum, weight_decay;
    int is_nesterov;
};

struct adamw {
    float learning_rate, beta1, beta2, epsilon, weight_decay;
    int step; // 1 at the first update
};

// The same product in exact integers: sum over k of (u - x.zero) weight[k][m], u on the grid x,
// which is made on the way from float x; then y = (float)sum * scale[m], and the epilogue.
struct matmul_u8 {
    struct matmul shape;
    struct grid_u8 x;
    const float *scale;
};

// clang-format off
#define KERNEL(result, name, arguments) result (*name) arguments;
struct kernels {
    enum isa isa;
#include "kernels/kernels.def"
};
#undef KERNEL
// clang-format on

// The table for one instruction set; ISA_AUTO picks the best this machine has. NULL where the
// machine lacks it.
const struct kernels *kernels_select(enum isa isa);
// What the processor calls itself, in printable characters; "unknown" where it does not say.
enum { PROCESSOR_NAME_BYTES = 49 };
void processor_name(char name[PROCESSOR_NAME_BYTES]);
int processor_has_tiles(void); // AMX, int8, and the system lets us use it
const char *isa_name(enum isa isa);
// -1 where the name is none of auto, generic, avx2, avx512, avx512-vnni, amx.
int isa_from_name(const char *name);

// Weights and their gradients are ONNX's [oc][c/groups][kh][kw]; the kernels read a packed copy of
// the same count.
size_t conv2d_weight_count(const struct conv2d *v);
void conv2d_f32_pack(const struct conv2d *v, const float *weight, float *packed);
void conv2d_f32_pack_backward(const struct conv2d *v, const float *weight, float *packed);
// Enough for every conv2d_f32 kernel below and in the table, forward, backward and im2col.
size_t conv2d_f32_scratch_bytes(const struct conv2d *v);

// One way to compute a convolution forward, a row of conv2d_algorithms.def. `weight` is ONNX's
// [oc][c/groups][kh][kw]; NULL where it will change (training): a way that lives off its zeros
// declines then.
struct conv2d_algorithm {
    const char *name;
    int adds_in_place;  // the addend of the epilogue may be y itself
    int is_approximate; // rounds worse than 1e-5 of the largest output: not for --deterministic
    int (*accepts)(const struct conv2d *v, const float *weight);
    // Time it takes, in dense multiply-accumulates at the speed of the direct kernel, as measured.
    double (*cost)(const struct kernels *kernels, const struct conv2d *v, const float *weight);
    // Multiply-accumulates a sample; NULL: as many as the shape says.
    double (*macs)(const struct conv2d *v, const float *weight);
    size_t (*packed_bytes)(const struct conv2d *v, const float *weight);
    void (*pack)(const struct conv2d *v, const float *weight, void *packed);
    size_t (*scratch_bytes)(const struct conv2d *v);
    void (*run)(const struct kernels *kernels, const struct conv2d *v, const float *x,
                const void *packed, const struct epilogue *e, float *y, void *scratch);
};
extern const struct conv2d_algorithm *const conv2d_algorithms[]; // NULL ends it
// What is asked of a choice beside speed.
struct conv2d_bounds {
    int is_plain;        // none that is approximate
    size_t packed_bytes; // packed weights may take so many
};
// Whether it accepts the shape and keeps to the bounds.
int conv2d_may_run(const struct conv2d_algorithm *algorithm, const struct conv2d *v,
                   const float *weight, const struct conv2d_bounds *bounds);
// The cheapest of those; the direct one if there is none.
const struct conv2d_algorithm *conv2d_choose(const struct kernels *kernels, const struct conv2d *v,
                                             const float *weight,
                                             const struct conv2d_bounds *bounds);
// With stride 1 the gradient by the input is a convolution too: of dy, of the shape *gradient, by
// rotated weights [c][oc/groups][kh][kw], as many as there were. 0 where the stride forbids it.
int conv2d_gradient_shape(const struct conv2d *v, struct conv2d *gradient);
void conv2d_gradient_weights(const struct conv2d *v, const float *weight, float *rotated);
// Share of the weights that are not 0.
double conv2d_nonzero_share(const struct conv2d *v, const float *weight);

// Weights are int8 [k][m].
size_t matmul_u8_packed_bytes(const struct matmul *v);
void matmul_u8_pack(const struct matmul_u8 *v, const int8_t *weight, void *packed);
size_t matmul_u8_scratch_bytes(const struct matmul *v);
size_t attention_f32_scratch_bytes(const struct attention *v);
// weight is [k][m], as ONNX MatMul has it.
size_t matmul_f32_packed_count(const struct matmul *v);
void matmul_f32_pack(const struct matmul *v, const float *weight, float *packed);

// Integer convolutions in float: with integer-valued x, |x| <= x_abs_max, and integer-valued
// weights, every partial sum is exact in any order while sum|w| x_abs_max < 2^24. Returns into how
// many blocks of input channels the convolution must be cut so that this holds in each; 1:
// conv2d_f32 is exact as it is; 0: no cut is enough.
int conv2d_exact_blocks(const struct conv2d *v, const float *weight, int x_abs_max);
// conv2d_i32 (in the table) runs such a cut convolution; its packed weights are as many floats as
// the weights, and its scratch conv2d_i32_scratch_bytes.
void conv2d_i32_pack(const struct conv2d *v, int blocks, const float *weight, float *packed);
size_t conv2d_i32_scratch_bytes(const struct conv2d *v, int blocks);

// One way to compute an integer convolution, a row of conv2d_u8_algorithms.def. Weights are int8
// in ONNX's layout; acc = sum (u - x_zero) w + bias[oc], exact in int32; borders hold x_zero.
// x and y are N16C4. Weights, bias and the struct may go once packed.
struct conv2d_u8_weights {
    const int8_t *weight; // [oc][c/groups][kh][kw]
    const int32_t *bias;  // [oc]
    int x_zero;           // as u
};
struct conv2d_u8_algorithm {
    const char *name;
    int uses_tiles; // AMX: has a peak of its own
    int (*accepts)(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w);
    // Time it takes, in multiply-accumulates at the speed of the direct kernel.
    double (*cost)(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w);
    size_t (*packed_bytes)(const struct conv2d *v, const struct conv2d_u8_weights *w);
    void (*pack)(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed);
    size_t (*scratch_bytes)(const struct conv2d *v);
    // packed and scratch 64-byte aligned; y NULL where e->y_f32 is set.
    void (*run)(const struct kernels *kernels, const struct conv2d *v, const uint8_t *x,
                const void *packed, const struct epilogue_u8 *e, uint8_t *y, void *scratch);
};
extern const struct conv2d_u8_algorithm *const conv2d_u8_algorithms[]; // NULL ends it
// The cheapest that accepts; never NULL.
const struct conv2d_u8_algorithm *conv2d_u8_choose(const struct kernels *kernels,
                                                   const struct conv2d *v,
                                                   const struct conv2d_u8_weights *w);

// Row-major C[m][n] = alpha op(A) op(B) + beta C, with op(A) (m, k) and op(B) (k, n), through
// OpenBLAS.
struct gemm {
    int m, n, k;
    int transpose_a, transpose_b;
    int lda, ldb, ldc; // floats between rows as stored
    float alpha, beta;
};
void gemm_f32(const struct gemm *v, const float *a, const float *b, float *c);
// OpenBLAS never starts threads of its own after this; call once at start.
void blas_single_thread(void);

// a[c], b[c], k[c] of channel_combine_f32 for batchnorm's dx, from the sums over all groups; count
// = samples * pixels.
struct batchnorm_sums {
    double count;
    const double *sum_dy, *sum_dy_xhat; // [c] each
};
void batchnorm_f32_backward_coefficients(const struct batchnorm *v,
                                         const struct batchnorm_sums *sums, const float *gamma,
                                         float *a, float *b, float *k);

// Adds the losses of the counted samples; writes dlogits[classes][16] unless NULL (lanes that do
// not count get 0). teacher[classes][16] may be NULL; labels[16] of -1 have no CE part.
double loss_f32(const struct loss *v, const float *logits, const float *teacher,
                const int32_t *labels, float *dlogits);

#endif
