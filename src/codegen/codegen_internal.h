// What the parts of the C writer share: one network being written.
#ifndef CODEGEN_CODEGEN_INTERNAL_H
#define CODEGEN_CODEGEN_INTERNAL_H

#include "codegen/c_templates.h"
#include "codegen/codegen.h"
#include "exec/integer.h"

enum c_place { C_NOWHERE, C_INPUT, C_CONSTANT, C_FLOATS, C_INTEGERS };

// Where a value of the graph is while the generated code runs.
struct c_value {
    enum c_place place;
    int index;      // C_INPUT: which; C_CONSTANT: number of its array, -1: not written yet
    uint32_t root;  // C_FLOATS: the value whose memory it shares (views)
    int64_t offset; // C_FLOATS, C_INTEGERS: bytes into the static memory
};

struct c_writer {
    struct context *context;
    const struct graph *graph;
    const struct inference *inference;
    const struct integer_plan *plan;
    struct arena *arena;
    struct c_value *value;   // per value of the graph
    struct tensor *constant; // per value: known before running, data if a node that runs wants it
    bool *is_constant;       // per value
    bool *runs;              // per node
    bool uses[C_TEMPLATE_COUNT];
    bool needs_math;
    struct text body;    // of model_run
    struct text tables;  // constants of model.c
    struct text externs; // declarations of model_weights.c
    struct text arrays;  // its definitions
    int table_count, array_count;
    int64_t weight_bytes, row_count; // row_count: elements of the longest integer filter
};

// ---- pieces of code (c_text.c) -----------------------------------------------------------------

void c_use(struct c_writer *w, enum c_template which); // with what it builds on
void c_float(struct text *text, double number);        // a float literal, exact
void c_comment(struct text *text, const char *name);   // of a file, made harmless
// Definitions of constants; the result is the number of the array, model_w<number>.
int c_bytes(struct c_writer *w, const unsigned char *bytes, int64_t count);
int c_ints(struct c_writer *w, const int32_t *number, int64_t count);
int c_floats(struct c_writer *w, const struct tensor *tensor);
// "(struct model_weights){model_w3, model_w4, 4}", in the smallest encoding; in the arena.
const char *c_weights(struct c_writer *w, const int16_t *weight, int64_t count);
// A table of model.c with these numbers: its name, in the arena.
const char *c_window(struct c_writer *w, const int64_t number[15]);
// An expression for a pointer to the value's first element, in the arena.
const char *c_at(struct c_writer *w, struct value_id id);

const struct tensor *c_tensor(const struct c_writer *w, struct value_id id); // dtype and shape
// The constant's data as f32, NULL if the value is not constant.
const struct tensor *c_constant(const struct c_writer *w, const struct node *node, int input);
enum status c_unsupported(struct c_writer *w, const struct node *node, const char *why);

struct window;
// The numbers of c_window from an operator's window: channels in and out, groups.
void c_window_numbers(const struct window *window, int64_t c, int64_t oc, int64_t groups,
                      int64_t out[15]);

// ---- nodes -------------------------------------------------------------------------------------

bool c_is_view(const struct node *node);
MUST_CHECK enum status c_integer_node(struct c_writer *w, uint32_t node);         // c_integer.c
MUST_CHECK enum status c_float_node(struct c_writer *w, const struct node *node); // c_float.c
// Elementwise operators and rearrangements; *done false: the node is neither. c_loops.c
MUST_CHECK enum status c_loop_node(struct c_writer *w, const struct node *node, bool *done);

bool c_float_has(const char *op_name); // whether c_float_node has a form for it
bool c_loop_has(const char *op_name);

// Fills the file with the self-test. c_test.c
MUST_CHECK enum status c_self_test(struct c_writer *w, const struct codegen_options *options,
                                   bool is_integer, struct text *out);

#endif
