// The lowered program: what users run. A graph with an open (or free) batch dimension is compiled
// into calls of the kernels, in the layout float[P][16]: 16 samples a group, lane = sample. A group
// runs through the whole program on one thread; groups are independent except where training
// joins them (batch statistics, gradients), and joins go through the groups in order: the same
// bytes at any thread count. A node that nothing lowers runs its op->forward between conversions.
#ifndef EXEC_PROGRAM_H
#define EXEC_PROGRAM_H

#include "exec/infer.h"
#include "ir/graph.h"
#include "kernels/kernels.h"

struct program;

struct program_options {
    enum isa isa;
    bool is_training;  // keeps what backward needs; batch norm by batch statistics
    bool no_lowering;  // every node runs its op's own forward and backward: the golden answer
    bool keeps_values; // every value can be looked at after a run (program_value)
    bool is_small;     // memory goes before speed: packed weights stay near the size of the weights
    bool is_plan;      // to look at, not to run: nothing is packed, groups have no memory
    bool is_integer;   // nodes between Q/DQ run on exact integers (exec/integer.h)
    int groups;        // memories for this many groups of 16: the batch / 16 when training; when
                       // not, one a worker: at least context->threads
    struct infer_options infer; // batch is ignored
};

// ERR_UNSUPPORTED if the samples of a batch cannot be told apart: no open batch dimension.
MUST_CHECK enum status program_new(struct context *context, const struct graph *graph,
                                   const struct program_options *options, struct program **out);
void program_free(struct program *program);

// Elements a sample of the graph's input or output.
size_t program_input_size(const struct program *program, uint32_t input);
size_t program_output_size(const struct program *program, uint32_t output);
struct shape program_output_shape(const struct program *program, uint32_t output); // batch is 16
bool program_is_integer(const struct program *program); // some node runs on integers

// One group. Memory `group` is used; a group's samples are lanes 0 .. samples-1, the others
// repeat or are zero. Call from one thread a group. Errors come with text in *context, which must
// be the caller's own (not shared between threads).
// [P][16], to be filled; NULL for an input that infer.set gives. Integers, up to 2^24, are floats
// here too.
float *program_input(struct program *program, int group, uint32_t input);
// The same from plain samples of program_input_size floats, NULL: zeros; straight to bytes where
// the input is only quantised. For the next run of the group.
void program_give(struct program *program, int group, uint32_t input,
                  const float *const sample[N16_LANES]);
MUST_CHECK enum status program_run_group(struct context *context, struct program *program,
                                         int group);
const float *program_output(const struct program *program, int group, uint32_t output);
// Any graph value that has lanes, after a run of a program that trains or keeps values; NULL
// otherwise. For observers.
const float *program_value(const struct program *program, int group, struct value_id id,
                           size_t *per_sample);

// Elements a sample, 0: does not run in memory of groups.
size_t program_value_size(const struct program *program, struct value_id id);
// The same for values that are kept on 8-bit grids: q[P][16] as in the file. False for others.
bool program_integers(const struct program *program, int group, struct value_id id, int32_t *q);

// ---- training ----------------------------------------------------------------------------------

// A float weight that gradients are wanted for. data is the master copy, changed by the optimizer;
// grad is the sum over the whole batch after program_backward.
struct parameter {
    struct value_id value;
    const char *name;
    size_t count;
    bool is_matrix; // rank 2 or more: weight decay and pruning are for these
    float *data, *grad;
    const struct quant *quant; // fake quantisation in the loop; scales are refitted to data
    float *quantized, *scale;  // what the kernels see if quant is set, and its scales
};
int program_parameter_count(const struct program *program);
struct parameter *program_parameter(struct program *program, int index);
// After data changed: fake quantisation, packing.
void program_refresh(struct context *context, struct program *program);

// Forward over all groups (inputs filled before) on context->threads threads.
MUST_CHECK enum status program_forward(struct context *context, struct program *program);
// Output 0's gradients [P][16] of every group are filled by the caller between the two.
float *program_output_grad(struct program *program, int group);
MUST_CHECK enum status program_backward(struct context *context, struct program *program);
void program_set_seed(struct program *program, uint64_t seed); // Dropout

// Batch norm's running statistics: value ids of mean and variance with their present data.
int program_statistics_count(const struct program *program);
float *program_statistics(struct program *program, int index, struct value_id *value,
                          size_t *count);
// Weight of the newest batch in the running statistics: 0 keeps each node's own momentum.
void program_set_statistics_rate(struct program *program, double rate);

// What runs a step; for bench, show and ops.
struct program_step_info {
    const struct node *node;
    const char *algorithm;   // of the kernels, or "reference"
    double seconds;          // the shortest run of one group while timed; 0: none
    double macs;             // multiply-accumulates it does a sample, where that is not what the
                             // node asks for: zeros left out, Winograd; else NaN
    bool is_integer_product; // they are integer dot products
    bool uses_tiles;         // of AMX
    bool is_integer;         // runs on exact integers
};
int program_step_count(const struct program *program);
struct program_step_info program_step(const struct program *program, int index);
// While on, runs are timed, by one thread at a time; on forgets what was.
void program_time_steps(struct program *program, bool is_on);

// What running takes, in bytes.
struct program_memory {
    size_t weights;          // as the kernels read them, once a program
    size_t group, scratch;   // activations and work space of a group of 16: each once a thread
    size_t alive;            // the most activations that are alive at one time, at most `group`
    const struct node *peak; // the node that runs then; NULL: none does
};
struct program_memory program_memory(const struct program *program);

// Whether a lowering exists for the operator, forward and backward.
bool program_lowers(const char *op_name);

#endif
