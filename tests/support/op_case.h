// Cases of testdata/ops/cases.txt and what runs one: an operator with attributes, inputs and the
// expected outputs, without any graph.
#ifndef TESTS_SUPPORT_OP_CASE_H
#define TESTS_SUPPORT_OP_CASE_H

#include "ir/op.h"

enum { CASE_MAX_ARGUMENTS = 10 };

struct op_case {
    const struct op *op;
    const char *label; // "Conv group=2", for messages
    const void *attr;
    bool training;
    unsigned fixed; // bit i: input i is not checked by finite differences
    int input_count, output_count;
    struct tensor input[CASE_MAX_ARGUMENTS], output[CASE_MAX_ARGUMENTS];
    bool has_input[CASE_MAX_ARGUMENTS], has_output[CASE_MAX_ARGUMENTS];
};

// All cases of the file; *count 0 if there is no file. Stops the program at a malformed one.
const struct op_case *op_cases_read(const char *path, int *count);

// One case from texts, for operators that shall refuse: attributes as "a=1 b=2,3", inputs as
// "f32[2,2]{1,2,3,4} - i64[1]" (without braces: zeros; '-': left out). One output, or `outputs`.
struct op_case op_case_of(const char *op, const char *attributes, const char *inputs, int outputs);

void op_case_clear(struct op_case *c);

// What an operator must refuse, in infer or forward: one row and what checks it. message: a part.
struct op_refusal {
    const char *op, *attributes, *inputs;
    int outputs;
    enum status status;
    const char *message;
};
void check_refusal(const struct op_refusal *row);

// A call with tensors of its own. Floating inputs are converted to `dtype` (DT_NONE: as they are).
struct op_run {
    struct context context;
    struct op_call call;
    const struct op *op;
    struct tensor input[CASE_MAX_ARGUMENTS], output[CASE_MAX_ARGUMENTS];
    struct tensor output_grad[CASE_MAX_ARGUMENTS], input_grad[CASE_MAX_ARGUMENTS];
    const struct tensor *input_at[CASE_MAX_ARGUMENTS], *output_grad_at[CASE_MAX_ARGUMENTS];
    struct tensor *output_at[CASE_MAX_ARGUMENTS], *input_grad_at[CASE_MAX_ARGUMENTS];
    bool is_forward_done;
};
void op_run_init(struct op_run *run, const struct op_case *from, enum dtype dtype);
void op_run_clear(struct op_run *run);
enum status op_run_infer(struct op_run *run);
enum status op_run_forward(struct op_run *run); // infers, allocates, runs; may be repeated
// Gradients of sum(weights * outputs) with fixed weights into input_grad of every floating input
// that is not in `fixed`; a second call adds them once more.
enum status op_run_backward(struct op_run *run, unsigned fixed);
void op_run_add_scratch(struct op_run *run);  // what the operator asks for, filled with garbage
double op_run_loss(const struct op_run *run); // that sum
double output_weight(int output, int64_t i);

#endif
