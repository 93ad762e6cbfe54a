// Inside of the lowered program: slots (where values live), steps (kernel calls), lowerings (one
// row an operator in lowered.def).
#ifndef EXEC_PROGRAM_INTERNAL_H
#define EXEC_PROGRAM_INTERNAL_H

#include "exec/call.h"
#include "exec/integer.h"
#include "exec/program.h"

enum slot_kind {
    SLOT_NONE,   // left out, or nobody's business
    SLOT_LANES,  // float[size][16] in the group's memory; integers that are only moved as well
    SLOT_U8,     // q of an 8-bit grid there, uint8_t[(channels + 3) / 4][pixels][16][4] (N16C4)
    SLOT_SHARED, // the same for all samples: a tensor known when the program is made
    SLOT_TENSOR, // depends on the batch but has no lanes: a tensor of the group
};

struct slot {
    enum slot_kind kind;
    size_t size;              // elements a sample
    size_t channels;          // U8: size = channels * pixels, set when its maker is prepared
    size_t offset, grad;      // bytes from the start of the group's memory; grad NO_OFFSET: none
    uint32_t alias_of;        // the slot whose memory this one is (views), itself otherwise
    int parameter;            // index, -1: none
    int first_use, last_use;  // steps, for the memory plan
    const struct step *entry; // an input's: quantises it, and nobody else reads it
    bool is_per_sample;       // batch first, whatever its type
    bool wants_grad;
    bool is_half;          // float16 in the file: runs in float32, rounded after every step
    const ptrdiff_t *step; // per axis of the value's shape, floats: a view in another order; NULL:
                           // dense
};
#define NO_OFFSET SIZE_MAX
#define CARRY_MAX 16777216.0 // the largest integer in a lane

struct group {
    uint8_t *memory;
    struct tensor *tensor; // per value, SLOT_TENSOR
    struct tensor *grad;   // the same while training: gradients of those that want one
    int samples;
};

struct step;

// How one operator becomes kernel calls. All functions run on one group, in any thread, and cannot
// fail, but for `forward` of the fallback.
struct lowering {
    const char *op, *algorithm;
    bool (*accepts)(const struct program *, const struct step *);
    enum status (*prepare)(struct context *, struct program *, struct step *); // allocates state
    void (*refresh)(struct program *, struct step *);                          // weights changed
    enum status (*forward)(struct context *, struct program *, struct step *, int group);
    // Batch statistics: forward leaves sums per group, join adds them up, after uses the result.
    void (*join)(struct program *, struct step *);
    void (*after)(struct program *, struct step *, int group);
    void (*backward)(struct program *, struct step *, int group);
    void (*backward_join)(struct program *, struct step *);
    void (*backward_after)(struct program *, struct step *, int group);
};

struct step {
    const struct lowering *row;
    const struct node *node;
    const char *algorithm;              // what runs it, where prepare chose; NULL: the row's
    const struct integer_node *integer; // not NULL: runs on integers
    struct op_call call;                // shapes at a batch of 16; shared inputs have data
    uint32_t *input, *output;           // slots (value ids), UINT32_MAX: left out
    bool *accumulate;                   // per input: a later step has already written its gradient
    // Swallowed nodes, inference only: batch norm behind a Conv, then a sum, then a clamp.
    const struct node *batchnorm;
    uint32_t addend;                // slot, UINT32_MAX: none
    const struct node *addition;    // that adds it
    const struct integer_node *sum; // the sum with it, where integers are added
    float low, high;
    // Behind a MatMul: a vector, then an activation (before the sum), or the rest of an attention.
    uint32_t bias; // slot, UINT32_MAX: none
    const struct activation *activation;
    const struct quant_grid *rounding; // behind the activation, before the sum
    const struct fused_attention *attention;
    const struct node *transpose; // of the result
    void *state;
    double seconds;          // as in program_step_info
    double macs;             // the same; NaN by default
    bool is_integer_product; // the same
    bool uses_tiles;         // the same
};

// What a product Q K^T swallows: scale, mask, Softmax, product with the values.
struct fused_attention {
    float scale;
    bool has_softmax;      // scale alone otherwise
    uint32_t mask, values; // slots, UINT32_MAX: none
    const struct node *product;
};

struct statistics {
    struct value_id value;
    size_t count;
    float *data;
};

struct block; // 64-byte aligned memory of a program

struct program {
    struct arena *arena;
    struct block *blocks;
    struct graph *graph; // a clone, so that the caller's may go
    struct program_options options;
    const struct kernels *kernels;
    struct inference inference; // at a batch of 16
    struct integer_plan *integer;
    struct slot *slot; // per value
    struct step *step;
    int step_count, parameter_count, statistics_count;
    struct parameter *parameter;
    struct statistics *statistics;
    float *partial;         // [groups][partial_count]: gradients of the parameters
    size_t *partial_offset; // per parameter
    size_t partial_count;
    size_t group_bytes, scratch_bytes;
    size_t block_bytes;  // of all blocks
    size_t weight_bytes; // as in program_memory
    size_t spare_bytes;  // what packed weights may still take beyond the weights themselves
    int groups, workers;
    struct group *group;
    void **scratch; // per group memory
    bool is_timed;
    uint64_t seed;
    double statistics_rate;
};

// For lowerings -----------------------------------------------------------------------------------
static inline float *lanes(const struct program *program, int group, uint32_t slot)
{
    return (float *)(void *)(program->group[group].memory +
                             program->slot[program->slot[slot].alias_of].offset);
}
static inline uint8_t *lanes_u8(const struct program *program, int group, uint32_t slot)
{
    return program->group[group].memory + program->slot[program->slot[slot].alias_of].offset;
}
static inline float *lanes_grad(const struct program *program, int group, uint32_t slot)
{
    const struct slot *at = &program->slot[program->slot[slot].alias_of];

    return at->grad == NO_OFFSET ? NULL
                                 : (float *)(void *)(program->group[group].memory + at->grad);
}
static inline const struct slot *step_input(const struct program *program, const struct step *step,
                                            int i)
{
    static const struct slot none;

    return i < step->node->input_count && step->input[i] != UINT32_MAX
               ? &program->slot[step->input[i]]
               : &none;
}
static inline bool is_lanes(const struct program *program, const struct step *step, int i)
{
    return step_input(program, step, i)->kind == SLOT_LANES;
}
static inline bool is_shared(const struct program *program, const struct step *step, int i)
{
    return step_input(program, step, i)->kind == SLOT_SHARED;
}
// Shared float data of an input: the parameter's effective data when it is trained. NULL: none.
const float *shared_f32(const struct program *program, const struct step *step, int i);
// Where the group's share of the gradient of input i goes, NULL: not wanted.
float *partial_grad(const struct program *program, const struct step *step, int i, int group);
void need_scratch(struct program *program, size_t bytes);
void need_scratch_backward(struct program *program, size_t bytes); // when training
// Zeroed, 64-byte aligned, freed with the program. NULL without memory.
void *aligned_block(struct program *program, size_t bytes);
enum status no_memory(struct context *context);
// Dense, plain per-channel or scalar layouts of a shared operand against lanes of shape
// [16, C, ...]: 1 for a scalar, C for one per channel, 0 for anything else.
int64_t channel_operand(const struct tensor *operand, const struct shape *with);

// lower_shared.c, for values of any shape. Floats from one element of a value to the next along
// each axis of `with`, 0 where it is stretched; the batch axis, which is with's first, is left out
// (0). Plain numbers where the slot is shared. False: shapes that do not fit, or samples mixed.
bool operand_steps(const struct program *program, uint32_t slot, const struct shape *with,
                   ptrdiff_t step[SHAPE_MAX_RANK]);
// The numbers of a shared value as floats, in the arena or where they are; NULL: some are no floats
// exactly.
const float *shared_numbers(struct program *program, uint32_t slot);
// The axes that a reduction goes over, a bit each; none: not said. False: known only when it runs.
bool reduced_set(const struct program *program, const struct step *step, unsigned *set);
// A lowering without a backward may run the step: every output has lanes and something in it.
bool runs_forward(const struct program *program, const struct step *step);

// kernel_shape.c: from ONNX attributes and shapes (4 dims) to the kernels' structs.
struct conv_attr;
struct pool_attr;
// Whether the kernels can take it: windows of any sane size.
bool conv2d_fits(const struct conv_attr *attr, const struct shape *x, const struct shape *w);
bool pool2d_fits(const struct pool_attr *attr, const struct shape *x);
MUST_CHECK enum status conv2d_from(struct context *context, const struct conv_attr *attr,
                                   const struct shape *x, const struct shape *w,
                                   struct conv2d *out);
MUST_CHECK enum status pool2d_from(struct context *context, const struct pool_attr *attr,
                                   const struct shape *x, struct pool2d *out);

#define LOWERED(name) extern const struct lowering lowering_##name;
#include "exec/lowered.def"
#undef LOWERED
extern const struct lowering lowering_reference;  // the fallback: any operator
extern const struct lowering lowering_fake_quant; // rounding of annotated values in training

void plan_memory(struct program *program); // plan.c
// carry.c: integers and booleans that travel in lanes.
void carry_integers(struct program *program);
// What the step has swallowed, for the kernel.
struct matmul_epilogue matmul_epilogue(const struct program *program, const struct step *step,
                                       int group);
// lower_matmul_u8.c: a QuantizeLinear that only a DequantizeLinear of the same grid reads.
bool match_rounding(const struct program *program, const struct node *quantize,
                    struct quant_grid *grid, uint32_t *dequantize);
// fuse_matmul.c: the same for products of matrices; and whether n is a product of two values of the
// sample that the lowering takes (then it reads views).
void fuse_matmul(struct program *program, struct step *step, uint32_t n, bool *swallowed);
bool is_lane_product(const struct program *program, const struct node *node);
// Where x / 2 (1 + erf(x / sqrt 2)) is spelt out behind `value`: its nodes and its result.
struct erf_gelu {
    uint32_t node[5];
    struct value_id result;
};
bool match_erf_gelu(const struct program *program, struct value_id value, struct erf_gelu *out);
void swallow_erf_gelu(struct step *step, const struct erf_gelu *gelu, bool *swallowed);
extern const struct activation plain_gelu;
// choose.c: what spare_bytes is at first, and the algorithm for a convolution; weight as
// conv2d_algorithm says.
size_t choose_spare_bytes(const struct program *program);
const struct conv2d_algorithm *choose_conv2d(struct context *context, struct program *program,
                                             const struct conv2d *shape, const float *weight);
const struct conv2d_u8_algorithm *choose_conv2d_u8(struct context *context,
                                                   const struct program *program,
                                                   const struct conv2d *shape,
                                                   const struct conv2d_u8_weights *weights);
// fuse.c: lets the step at node n swallow what follows it (batch norm, sum, clamp).
// lower_integer.c: what slot.entry would make of plain samples; it does nothing in the next run.
void integer_give(struct program *program, int group, const struct step *entry,
                  const float *const sample[N16_LANES]);
// Which row runs a node that exec/integer.h planned.
const struct lowering *integer_lowering(const struct integer_node *at);
// lower_integer_conv.c: lets a convolution on integers swallow the sum with a value that is there.
void fuse_integer_sum(struct program *program, struct step *step, bool *swallowed);
void fuse_into(struct program *program, struct step *step, uint32_t n, bool *swallowed);

#endif
